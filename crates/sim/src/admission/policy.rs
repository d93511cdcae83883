//! One ValidatingAdmissionPolicy, compiled.

use std::sync::Arc;

use serde_json::Value;

use super::matching::Criteria;
use super::{NULL, Request};
use crate::expression::{Bindings, Compiler, Expression, Outcome, Patterns, Type};
use crate::memo::Memo;
use crate::rbac::Authorizer;
use crate::schema::FieldError;

/// How long a message that a policy computes may be, in bytes.
const LONGEST_MESSAGE: usize = 5 << 10;

#[derive(Debug)]
pub(super) struct Policy {
    pub(super) name: String,
    /// What the policy is about.
    pub(super) matches: Criteria,
    pub(super) param_kind: Option<ParamKind>,
    /// Whether a request passes where the policy fails.
    pub(super) ignores_failures: bool,
    /// Why the server would not take the policy.
    pub(super) errors: Vec<FieldError>,
    conditions: Vec<Compiled>,
    validations: Vec<Validation>,
    annotations: Vec<Compiled>,
    patterns: Patterns,
}

#[derive(Debug)]
pub(super) struct ParamKind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

/// An expression, or why it is none. A stored policy with such an expression
/// fails for every request that it is about.
type Compiled = Result<Expression, String>;

#[derive(Debug)]
struct Validation {
    expression: Compiled,
    source: String,
    message: String,
    message_expression: Option<Compiled>,
    reason: String,
}

/// What a policy has against a request.
pub(super) struct Decision {
    pub(super) message: String,
    /// The reason that the policy gives; empty where it failed.
    pub(super) reason: String,
}

impl Policy {
    /// Compiles a policy, or finds the same one compiled before.
    pub(super) fn compile(policy: &Value) -> Arc<Policy> {
        static COMPILED: Memo<Policy> = Memo::new();
        let name = policy["metadata"]["name"].as_str().unwrap_or_default();
        let spec = &policy["spec"];
        COMPILED.get(format!("{name} {spec}"), || read(name, spec))
    }

    /// Applies the policy to a request, with one object of parameters. What it
    /// has against the request goes to `decide`, which may have enough.
    pub(super) fn judge<E>(
        &self,
        request: &Request,
        params: Option<&Value>,
        authorizer: &Arc<Authorizer>,
        mut decide: impl FnMut(Decision) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut fail = |message: String| {
            if self.ignores_failures {
                return Ok(());
            }
            decide(Decision { message, reason: String::new() })
        };
        let mut bindings = self.bindings(request, params);
        bindings.bind_authorizer(authorizer, request.attributes);
        // Conditions do not see the namespace.
        bindings.bind("namespaceObject", &NULL);
        let mut failed = Vec::new();
        for condition in &self.conditions {
            match evaluate(&bindings, condition) {
                Ok(Outcome::Bool(false)) => return Ok(()),
                Ok(_) => {}
                Err(why) => failed.push(why),
            }
        }
        match failed.as_slice() {
            [] => {}
            [why] => return fail(why.clone()),
            several => return fail(format!("[{}]", several.join(", "))),
        }
        bindings.bind("namespaceObject", &request.namespace);
        for validation in &self.validations {
            match evaluate(&bindings, &validation.expression) {
                Ok(Outcome::Bool(true)) => {}
                Ok(_) => {
                    let message = validation.message(|| self.bindings(request, params));
                    decide(Decision { message, reason: validation.reason.clone() })?;
                }
                Err(why) if !self.ignores_failures => {
                    decide(Decision { message: why, reason: String::new() })?;
                }
                Err(_) => {}
            }
        }
        for annotation in &self.annotations {
            let why = match evaluate(&bindings, annotation) {
                Ok(Outcome::String(_)) => continue,
                Ok(Outcome::Other(of)) if of == "null_type" => continue,
                Ok(_) => "an audit annotation is no text".to_owned(),
                Err(why) => why,
            };
            if !self.ignores_failures {
                decide(Decision { message: why, reason: String::new() })?;
            }
        }
        Ok(())
    }

    /// What messages see; all else sees the authorizer, too.
    fn bindings<'v>(&self, request: &'v Request, params: Option<&'v Value>) -> Bindings<'v> {
        let mut bindings = Bindings::new(&self.patterns);
        bindings.bind("object", request.object);
        bindings.bind("oldObject", request.old);
        bindings.bind("request", &request.request);
        bindings.bind("namespaceObject", &request.namespace);
        if self.param_kind.is_some() {
            bindings.bind("params", params.unwrap_or(&NULL));
        }
        bindings
    }
}

fn evaluate(bindings: &Bindings<'_>, expression: &Compiled) -> Result<Outcome, String> {
    match expression {
        Ok(expression) => bindings.evaluate(expression).map_err(|why| {
            format!("expression '{}' resulted in error: {why}", expression.source())
        }),
        Err(why) => Err(format!("compilation error: {why}")),
    }
}

impl Validation {
    /// The computed message where there is one and it can be; else the fixed one;
    /// else the expression.
    fn message<'v>(&self, bindings: impl FnOnce() -> Bindings<'v>) -> String {
        if let Some(Ok(expression)) = &self.message_expression
            && let Ok(Outcome::String(text)) = bindings().evaluate(expression)
        {
            let text = text.trim();
            if !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n') {
                return text.to_owned();
            }
        }
        match self.message.as_str() {
            "" => format!("failed expression: {}", self.source),
            message => message.to_owned(),
        }
    }
}

fn read(name: &str, spec: &Value) -> Policy {
    let items = |key: &str| spec[key].as_array().into_iter().flatten().enumerate();
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let param_kind = spec.get("paramKind").filter(|kind| !kind.is_null()).map(|kind| {
        let version = text(&kind["apiVersion"]);
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        ParamKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(&kind["kind"]),
        }
    });
    let mut compiler = Compiler::new(names());
    if param_kind.is_some() {
        compiler.declare("params", Type::Dyn);
    }
    let mut errors = Vec::new();
    let mut note = |path: String, source: &Value, compiled: Compiled| {
        if let Err(why) = &compiled {
            errors.push(FieldError::invalid(&path, source, why));
        }
        compiled
    };
    // Conditions come before variables, and cannot use them.
    let mut conditions = Vec::new();
    for (at, condition) in items("matchConditions") {
        let source = &condition["expression"];
        let compiled = compiler.compile(&text(source), &[Type::BOOL]);
        conditions.push(note(format!("spec.matchConditions[{at}].expression"), source, compiled));
    }
    for (at, variable) in items("variables") {
        let source = &variable["expression"];
        if let Err(why) = compiler.define(&text(&variable["name"]), &text(source)) {
            // What uses the variable does not compile either.
            let path = format!("spec.variables[{at}].expression");
            let _reported = note(path, source, Err(why));
        }
    }
    let mut validations = Vec::new();
    for (at, validation) in items("validations") {
        let source = &validation["expression"];
        let compiled = compiler.compile(&text(source), &[Type::BOOL]);
        validations.push(Validation {
            expression: note(format!("spec.validations[{at}].expression"), source, compiled),
            source: text(source),
            message: text(&validation["message"]),
            message_expression: None,
            reason: match text(&validation["reason"]).as_str() {
                "" => "Invalid".to_owned(),
                reason => reason.to_owned(),
            },
        });
    }
    let mut annotations = Vec::new();
    for (at, annotation) in items("auditAnnotations") {
        let source = &annotation["valueExpression"];
        let compiled = compiler.compile(&text(source), &[Type::STRING, Type::NULL]);
        let path = format!("spec.auditAnnotations[{at}].valueExpression");
        annotations.push(note(path, source, compiled));
    }
    for name in ["authorizer", "authorizer.requestResource"] {
        compiler.forget(name);
    }
    for ((at, validation), compiled) in items("validations").zip(&mut validations) {
        let Some(source) = validation.get("messageExpression").filter(|source| !source.is_null())
        else {
            continue;
        };
        let expression = compiler.compile(&text(source), &[Type::STRING]);
        let path = format!("spec.validations[{at}].messageExpression");
        compiled.message_expression = Some(note(path, source, expression));
    }
    Policy {
        name: name.to_owned(),
        matches: Criteria::read(&spec["matchConstraints"]),
        param_kind,
        ignores_failures: spec["failurePolicy"] == "Ignore",
        errors,
        conditions,
        validations,
        annotations,
        patterns: compiler.patterns(),
    }
}

/// The names of every policy, as the server declares them.
fn names() -> Vec<(&'static str, Type)> {
    let text = || Type::STRING;
    let texts = || Type::list(Type::STRING);
    let kind = Type::object(
        "kubernetes.GroupVersionKind",
        [("group", text()), ("version", text()), ("kind", text())],
    );
    let resource = Type::object(
        "kubernetes.GroupVersionResource",
        [("group", text()), ("version", text()), ("resource", text())],
    );
    let user = Type::object(
        "kubernetes.UserInfo",
        [("username", text()), ("uid", text()), ("groups", texts()), ("extra", Type::map(texts()))],
    );
    let request = Type::object(
        "kubernetes.AdmissionRequest",
        [
            ("kind", kind.clone()),
            ("resource", resource.clone()),
            ("subResource", text()),
            ("requestKind", kind),
            ("requestResource", resource),
            ("requestSubResource", text()),
            ("name", text()),
            ("namespace", text()),
            ("operation", text()),
            ("userInfo", user),
            ("dryRun", Type::BOOL),
            ("options", Type::Dyn),
        ],
    );
    let metadata = Type::object(
        "kubernetes.NamespaceMetadata",
        [
            ("name", text()),
            ("generateName", text()),
            ("namespace", text()),
            ("labels", Type::map(text())),
            ("annotations", Type::map(text())),
            ("deletionGracePeriodSeconds", Type::INT),
            ("generation", Type::INT),
            ("resourceVersion", text()),
            ("finalizers", texts()),
        ],
    );
    let namespace = Type::object(
        "kubernetes.Namespace",
        [
            ("metadata", metadata),
            ("spec", Type::object("kubernetes.NamespaceSpec", [("finalizers", texts())])),
            ("status", Type::object("kubernetes.NamespaceStatus", [("phase", text())])),
        ],
    );
    vec![
        ("object", Type::Dyn),
        ("oldObject", Type::Dyn),
        ("request", request),
        ("namespaceObject", namespace),
        ("authorizer", Type::Simple("authorizer")),
        ("authorizer.requestResource", Type::Simple("resource_check")),
    ]
}
