//! The `authorizer` of admission expressions: what may this user do?

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use cel::common::types::{CelBool, CelString, DYN_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::library::no_such_overload;
use crate::rbac::{Authorizer, Decision};
use crate::{Attributes, UserInfo};

/// A question to the authoriser, as far as it is put together. One Rust type
/// for what are five types to the checker, which lets none be in the place of
/// another; a `dyn(…)` around one is caught when it is evaluated.
#[derive(Clone)]
pub(super) struct Authority {
    stage: Stage,
    authorizer: Arc<Authorizer>,
    question: Attributes,
}

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    Authorizer,
    Path,
    Group,
    Resource,
    Decided(Decision),
}

/// `authorizer` and `authorizer.requestResource` for a request.
pub(super) fn bind(authorizer: &Arc<Authorizer>, request: &Attributes) -> (Authority, Authority) {
    let question = Attributes { user: request.user.clone(), ..Attributes::default() };
    let of_request = Attributes {
        group: request.group.clone(),
        resource: request.resource.clone(),
        subresource: request.subresource.clone(),
        namespace: request.namespace.clone(),
        name: request.name.clone(),
        ..question.clone()
    };
    let authorizer =
        Authority { stage: Stage::Authorizer, authorizer: authorizer.clone(), question };
    let of_request =
        Authority { stage: Stage::Resource, question: of_request, ..authorizer.clone() };
    (authorizer, of_request)
}

/// Declares the methods. Their receivers are checked by the stage.
pub(super) fn declare(environment: &mut Env) -> Result<(), DeclarationError> {
    type Method = cel::common::functions::Function;
    let methods: [(&str, usize, Method); 12] = [
        ("path", 1, path),
        ("group", 1, group),
        ("serviceAccount", 2, service_account),
        ("resource", 1, resource),
        ("subresource", 1, subresource),
        ("namespace", 1, namespace),
        ("name", 1, name),
        ("check", 1, check),
        ("allowed", 0, allowed),
        ("reason", 0, reason),
        ("errored", 0, errored),
        ("error", 0, error),
    ];
    for (name, arguments, method) in methods {
        let arguments = (0..arguments).map(|_| DYN_TYPE).collect();
        environment.add_member_overload(name, &format!("@{name}"), DYN_TYPE, arguments, method)?;
    }
    Ok(())
}

type Arguments<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn path<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, path) = one("path", &arguments, &Stage::Authorizer)?;
    not_empty("path", path)?;
    next(from, Stage::Path, |question| path.clone_into(&mut question.path))
}

fn group<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, group) = one("group", &arguments, &Stage::Authorizer)?;
    next(from, Stage::Group, |question| group.clone_into(&mut question.group))
}

/// The same question for another user: a service account, with the groups that
/// it has for being one.
fn service_account<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let [from, namespace, name] = arguments.as_slice() else {
        return Err(no_such_overload("serviceAccount"));
    };
    let from = receiver("serviceAccount", from, &Stage::Authorizer)?;
    let (namespace, name) = (text("serviceAccount", namespace)?, text("serviceAccount", name)?);
    let is_name = |text: &str, longest: usize| {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        (1..=longest).contains(&text.len())
            && text.split('.').all(|part| {
                let part = part.as_bytes();
                part.iter().all(|b| letter(*b) || *b == b'-')
                    && part.first().is_some_and(|b| letter(*b))
                    && part.last().is_some_and(|b| letter(*b))
            })
    };
    if !is_name(name, 253) {
        let why = format!("Invalid service account name: {name}");
        return Err(ExecutionError::function_error("serviceAccount", why));
    }
    if !is_name(namespace, 63) || namespace.contains('.') {
        let why = format!("Invalid service account namespace: {namespace}");
        return Err(ExecutionError::function_error("serviceAccount", why));
    }
    next(from, Stage::Authorizer, |question| {
        question.user = UserInfo {
            username: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ],
            ..UserInfo::default()
        };
    })
}

fn resource<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, resource) = one("resource", &arguments, &Stage::Group)?;
    not_empty("resource", resource)?;
    next(from, Stage::Resource, |question| resource.clone_into(&mut question.resource))
}

fn subresource<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, subresource) = one("subresource", &arguments, &Stage::Resource)?;
    next(from, Stage::Resource, |question| subresource.clone_into(&mut question.subresource))
}

fn namespace<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, namespace) = one("namespace", &arguments, &Stage::Resource)?;
    next(from, Stage::Resource, |question| question.namespace = given(namespace))
}

fn name<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, name) = one("name", &arguments, &Stage::Resource)?;
    next(from, Stage::Resource, |question| question.name = given(name))
}

fn check<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    let (from, verb) = match one("check", &arguments, &Stage::Resource) {
        Ok(found) => found,
        Err(_) => one("check", &arguments, &Stage::Path)?,
    };
    let mut question = from.question.clone();
    verb.clone_into(&mut question.verb);
    let decision = from.authorizer.allowed(&question);
    next(from, Stage::Decided(decision), |_| {})
}

fn allowed<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(decision("allowed", &arguments)?.allowed)))
}

fn reason<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelString::from(decision("reason", &arguments)?.reason.clone())))
}

/// Asking never fails here: the rules are all at hand.
fn errored<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    decision("errored", &arguments)?;
    Ok(CowVal::owned(CelBool::from(false)))
}

fn error<'b, 'v>(arguments: Arguments<'b, 'v>) -> Answer<'b, 'v> {
    decision("error", &arguments)?;
    Ok(CowVal::owned(CelString::from(String::new())))
}

/// An empty text in a question stands for none.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn not_empty(what: &str, text: &str) -> Result<(), ExecutionError> {
    match text.trim() {
        "" => Err(ExecutionError::function_error(what, format!("{what} must not be empty"))),
        _ => Ok(()),
    }
}

fn next<'b, 'v>(
    from: &Authority,
    stage: Stage,
    change: impl FnOnce(&mut Attributes),
) -> Answer<'b, 'v> {
    let mut next = Authority { stage, ..from.clone() };
    change(&mut next.question);
    Ok(CowVal::owned(next))
}

fn receiver<'a>(
    method: &str,
    value: &'a CowVal<'_, '_>,
    stage: &Stage,
) -> Result<&'a Authority, ExecutionError> {
    value
        .downcast_ref::<Authority>()
        .filter(|authority| authority.stage == *stage)
        .ok_or_else(|| no_such_overload(method))
}

fn text<'a>(method: &str, value: &'a CowVal<'_, '_>) -> Result<&'a str, ExecutionError> {
    let text = value.downcast_ref::<CelString>().map(CelString::inner);
    text.ok_or_else(|| no_such_overload(method))
}

/// The receiver and the argument of a method that has one.
fn one<'a>(
    method: &str,
    arguments: &'a [CowVal<'_, '_>],
    stage: &Stage,
) -> Result<(&'a Authority, &'a str), ExecutionError> {
    let [from, argument] = arguments else { return Err(no_such_overload(method)) };
    Ok((receiver(method, from, stage)?, text(method, argument)?))
}

fn decision<'a>(
    method: &str,
    arguments: &'a [CowVal<'_, '_>],
) -> Result<&'a Decision, ExecutionError> {
    let authority = arguments.first().and_then(|value| value.downcast_ref::<Authority>());
    match authority.map(|authority| &authority.stage) {
        Some(Stage::Decided(decision)) => Ok(decision),
        _ => Err(no_such_overload(method)),
    }
}

static TYPE: Type = Type::new_unspecified_type("kubernetes.authorization");

impl Val for Authority {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Authority {}

/// Without the rules, which are many.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("stage", &self.stage)
            .field("question", &self.question)
            .finish_non_exhaustive()
    }
}
