//! Admission by the stored ValidatingAdmissionPolicies.

mod matching;
mod policy;

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::label_selector::LabelSelector;
use crate::rbac::Authorizer;
use crate::schema::FieldError;
use crate::{Attributes, View};
use matching::Criteria;
use policy::{Decision, Policy};

const GROUP: &str = "admissionregistration.k8s.io";

/// What is done to the object, as `request.operation` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A new object.
    Create,
    /// A change, by whichever verb.
    Update,
    /// A deletion. One that finalizers delay is still one.
    Delete,
}

impl Operation {
    /// The name in `matchConstraints` and `request.operation`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }
}

/// One write, defaulted and not yet stored.
#[derive(Clone, Copy, Debug)]
pub struct Review<'a> {
    /// Who asks for what.
    pub attributes: &'a Attributes,
    /// What is done.
    pub operation: Operation,
    /// The kind that the request names, which for a subresource may differ from
    /// the object's.
    pub kind: &'a str,
    /// The object as it is to be; none for a deletion.
    pub object: Option<&'a Value>,
    /// The object as it is; none for a creation.
    pub old: Option<&'a Value>,
}

/// Why a write is refused: by the first policy that does so, in order of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The name of the ValidatingAdmissionPolicy.
    pub policy: String,
    /// The name of its binding; empty where the policy failed before any
    /// binding was looked at.
    pub binding: String,
    /// The policy's own message, without the frame that the server puts around
    /// it.
    pub message: String,
    /// The `reason` of the `Status`, such as `Invalid` or `Forbidden`.
    pub reason: String,
    /// The HTTP status code that goes with it.
    pub code: u16,
}

impl Denial {
    fn new(policy: &str, binding: &str, reason: &str, message: String) -> Denial {
        let (reason, code) = match reason {
            "Unauthorized" => ("Unauthorized", 401),
            "Forbidden" => ("Forbidden", 403),
            "RequestEntityTooLarge" => ("RequestEntityTooLarge", 413),
            _ => ("Invalid", 422),
        };
        Denial {
            policy: policy.to_owned(),
            binding: binding.to_owned(),
            message,
            reason: reason.to_owned(),
            code,
        }
    }
}

/// The stored policies, compiled, and who may do what.
#[derive(Debug, Default)]
pub struct Admission {
    /// Of which revisions of policies and bindings the hooks are.
    revision: Option<[u64; 2]>,
    hooks: Vec<Hook>,
    authorizer: Option<([u64; 4], Arc<Authorizer>)>,
}

/// A policy with its bindings, both in order of name.
#[derive(Debug)]
struct Hook {
    policy: Arc<Policy>,
    bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Binding {
    name: String,
    /// None where the binding is about whatever the policy is about.
    matches: Option<Criteria>,
    params: Option<ParamRef>,
    denies: bool,
    warns: bool,
}

/// Which objects are the parameters of a policy.
#[derive(Debug)]
struct ParamRef {
    name: String,
    namespace: String,
    selector: Option<Result<LabelSelector, String>>,
    denies_without: bool,
}

impl Admission {
    /// Says why the server would not take a policy: which of its expressions do
    /// not compile. To be asked when a policy is created or changed.
    pub fn check(policy: &Value) -> Vec<FieldError> {
        Policy::compile(policy).errors.clone()
    }

    /// Whether a write may proceed by all policies, and which warnings go with
    /// it.
    pub fn admit(&mut self, view: &dyn View, review: &Review) -> Result<Vec<String>, Denial> {
        self.refresh(view);
        if is_exempt(review.attributes) {
            return Ok(Vec::new());
        }
        let mut warnings = Vec::new();
        // Most requests concern no policy.
        let request = LazyCell::new(|| Request::new(view, review));
        for hook in &self.hooks {
            let policy = &*hook.policy;
            let refuse = |binding: Option<&str>, why: String| {
                let what = if binding.is_none() { "policy" } else { "binding" };
                let message = format!("failed to configure {what}: {why}");
                Denial::new(&policy.name, binding.unwrap_or_default(), "", message)
            };
            match policy.matches.matches(view, review) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) if policy.ignores_failures => continue,
                Err(why) => return Err(refuse(None, why)),
            }
            for binding in &hook.bindings {
                let params = binding.matches(view, review).and_then(|matches| {
                    if matches { params(view, policy, binding, review).map(Some) } else { Ok(None) }
                });
                let params = match params {
                    Ok(Some(params)) => params,
                    Ok(None) => continue,
                    Err(_) if policy.ignores_failures => continue,
                    Err(Unusable::Policy(why)) => return Err(refuse(None, why)),
                    Err(Unusable::Binding(why)) => return Err(refuse(Some(&binding.name), why)),
                };
                let authorizer = authorizer(&mut self.authorizer, view);
                for params in params {
                    policy.judge(&request, params, &authorizer, |decision| {
                        let Decision { message, reason } = decision;
                        if binding.warns {
                            warnings.push(format!(
                                "Validation failed for ValidatingAdmissionPolicy '{}' with binding \
                                 '{}': {message}",
                                policy.name, binding.name
                            ));
                        }
                        if !binding.denies {
                            return Ok(());
                        }
                        Err(Denial::new(&policy.name, &binding.name, &reason, message))
                    })?;
                }
            }
        }
        Ok(warnings)
    }

    /// Reads the policies and bindings again where there were changes.
    fn refresh(&mut self, view: &dyn View) {
        const RESOURCES: [&str; 2] =
            ["validatingadmissionpolicies", "validatingadmissionpolicybindings"];
        let revision = RESOURCES.map(|resource| view.revision(GROUP, resource));
        if self.revision == Some(revision) {
            return;
        }
        let [policies, bindings] = RESOURCES.map(|resource| view.list(GROUP, resource, None));
        let mut of: BTreeMap<&str, Vec<Binding>> = BTreeMap::new();
        for binding in bindings {
            let policy = binding["spec"]["policyName"].as_str().unwrap_or_default();
            of.entry(policy).or_default().push(Binding::read(binding));
        }
        self.hooks = policies
            .into_iter()
            .filter_map(|policy| {
                let bindings = of.remove(policy["metadata"]["name"].as_str()?)?;
                Some(Hook { policy: Policy::compile(policy), bindings })
            })
            .collect();
        self.revision = Some(revision);
    }
}

fn authorizer(kept: &mut Option<([u64; 4], Arc<Authorizer>)>, view: &dyn View) -> Arc<Authorizer> {
    let revision = Authorizer::revision(view);
    match kept {
        Some((of, authorizer)) if *of == revision => authorizer.clone(),
        _ => {
            let authorizer = Arc::new(Authorizer::new(view));
            *kept = Some((revision, authorizer.clone()));
            authorizer
        }
    }
}

/// What no policy is asked about: policies themselves, lest one locks everybody
/// out, and reviews, which change nothing.
fn is_exempt(attributes: &Attributes) -> bool {
    let resource = attributes.resource.as_str();
    match attributes.group.as_str() {
        GROUP => matches!(
            resource,
            "validatingadmissionpolicies"
                | "validatingadmissionpolicybindings"
                | "mutatingadmissionpolicies"
                | "mutatingadmissionpolicybindings"
                | "validatingwebhookconfigurations"
                | "mutatingwebhookconfigurations"
        ),
        "authentication.k8s.io" => matches!(resource, "selfsubjectreviews" | "tokenreviews"),
        "authorization.k8s.io" => matches!(
            resource,
            "localsubjectaccessreviews"
                | "selfsubjectaccessreviews"
                | "selfsubjectrulesreviews"
                | "subjectaccessreviews"
        ),
        _ => false,
    }
}

/// What expressions see of a request.
#[derive(Debug)]
struct Request<'a> {
    attributes: &'a Attributes,
    object: &'a Value,
    old: &'a Value,
    request: Value,
    namespace: Value,
}

static NULL: Value = Value::Null;

impl<'a> Request<'a> {
    fn new(view: &dyn View, review: &Review<'a>) -> Request<'a> {
        let attributes = review.attributes;
        let namespace = namespace(attributes)
            .filter(|_| !is_namespace(attributes))
            .and_then(|name| view.get("", "namespaces", None, name))
            .map(visible_namespace);
        Request {
            attributes,
            object: review.object.unwrap_or(&NULL),
            old: review.old.unwrap_or(&NULL),
            request: request(review),
            namespace: namespace.unwrap_or_default(),
        }
    }
}

/// Whether a request is about a namespace itself.
fn is_namespace(attributes: &Attributes) -> bool {
    attributes.group.is_empty() && attributes.resource == "namespaces"
}

/// The namespace of a request: a namespace is in itself.
fn namespace(attributes: &Attributes) -> Option<&str> {
    let of = if is_namespace(attributes) { &attributes.name } else { &attributes.namespace };
    of.as_deref()
}

/// The variable `request`. As on the real server, what is empty is missing.
fn request(review: &Review) -> Value {
    let attributes = review.attributes;
    let user = &attributes.user;
    let kind = json!({
        "group": attributes.group, "version": attributes.version, "kind": review.kind,
    });
    let resource = json!({
        "group": attributes.group, "version": attributes.version, "resource": attributes.resource,
    });
    let mut user_info = Map::new();
    for (key, value) in [("username", &user.username), ("uid", &user.uid)] {
        if !value.is_empty() {
            user_info.insert(key.to_owned(), json!(value));
        }
    }
    if !user.groups.is_empty() {
        user_info.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        let extra = user.extra.iter().map(|(key, values)| (key.clone(), json!(values)));
        user_info.insert("extra".to_owned(), Value::Object(extra.collect()));
    }
    let mut request = json!({
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "operation": review.operation.name(),
        "userInfo": user_info,
        "dryRun": attributes.dry_run,
        "options": attributes.options,
    });
    for (key, value) in [
        ("subResource", attributes.subresource.as_str()),
        ("requestSubResource", attributes.subresource.as_str()),
        ("name", attributes.name.as_deref().unwrap_or_default()),
        ("namespace", namespace(attributes).unwrap_or_default()),
    ] {
        if !value.is_empty() {
            request[key] = json!(value);
        }
    }
    request
}

/// The variable `namespaceObject`: not everything of a namespace is shown.
fn visible_namespace(namespace: &Value) -> Value {
    const SHOWN: [&str; 12] = [
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    ];
    let metadata: Map<String, Value> = namespace["metadata"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| SHOWN.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut shown = json!({"metadata": metadata});
    for part in ["spec", "status"] {
        shown[part] = namespace.get(part).cloned().unwrap_or_else(|| json!({}));
    }
    shown
}

/// Why a policy cannot be applied: by itself, or as it is bound.
enum Unusable {
    Policy(String),
    Binding(String),
}

impl Binding {
    fn read(binding: &Value) -> Binding {
        let spec = &binding["spec"];
        let acts = |action: &str| {
            spec["validationActions"].as_array().is_some_and(|all| all.iter().any(|a| a == action))
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let matches = spec.get("matchResources").filter(|matches| !matches.is_null());
        let params = spec.get("paramRef").filter(|params| !params.is_null());
        Binding {
            name: text(&binding["metadata"]["name"]),
            matches: matches.map(Criteria::read),
            params: params.map(|params| ParamRef {
                name: text(&params["name"]),
                namespace: text(&params["namespace"]),
                selector: params.get("selector").map(LabelSelector::read),
                denies_without: params["parameterNotFoundAction"] == "Deny",
            }),
            denies: acts("Deny"),
            warns: acts("Warn"),
        }
    }

    fn matches(&self, view: &dyn View, review: &Review) -> Result<bool, Unusable> {
        let Some(matches) = &self.matches else { return Ok(true) };
        matches.matches(view, review).map_err(Unusable::Binding)
    }
}

/// The objects that a policy is to be applied with; none in the list stands for
/// a policy without parameters, or a binding that gives none.
fn params<'v>(
    view: &'v dyn View,
    policy: &Policy,
    binding: &Binding,
    review: &Review,
) -> Result<Vec<Option<&'v Value>>, Unusable> {
    let Some(kind) = &policy.param_kind else { return Ok(vec![None]) };
    let Some((resource, namespaced)) = view.resource_of(&kind.group, &kind.version, &kind.kind)
    else {
        return Err(Unusable::Policy(format!(
            "failed to find resource referenced by paramKind: '{}/{}, Kind={}'",
            kind.group, kind.version, kind.kind
        )));
    };
    let Some(reference) = &binding.params else { return Ok(vec![None]) };
    let unusable = |why: &str| Err(Unusable::Binding(why.to_owned()));
    let within = match (namespaced, reference.namespace.as_str()) {
        (false, "") => None,
        (false, _) => {
            return unusable(
                "paramRef.namespace must not be provided for a cluster-scoped `paramKind`",
            );
        }
        (true, "") => match namespace(review.attributes) {
            Some(namespace) => Some(namespace),
            None => {
                return unusable(
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped \
                     resources",
                );
            }
        },
        (true, namespace) => Some(namespace),
    };
    let found: Vec<Option<&Value>> = match (reference.name.as_str(), &reference.selector) {
        ("", None) => return unusable("one of name or selector must be provided"),
        ("", Some(Err(why))) => return unusable(why),
        ("", Some(Ok(selector))) => view
            .list(&kind.group, resource, within)
            .into_iter()
            .filter(|object| selector.matches(&object["metadata"]["labels"]))
            .map(Some)
            .collect(),
        (_, Some(_)) => {
            return unusable("paramRef.name and paramRef.selector are mutually exclusive");
        }
        (name, None) => {
            view.get(&kind.group, resource, within, name).into_iter().map(Some).collect()
        }
    };
    if found.is_empty() && reference.denies_without {
        return unusable("no params found for policy binding with `Deny` parameterNotFoundAction");
    }
    Ok(found)
}
