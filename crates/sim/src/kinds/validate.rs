//! What the API checks of the kinds that Fallgate's objects are made of, and of
//! those that a user of the demo writes by hand.

use serde_json::{Value, json};

use super::Kind;
use crate::schema::FieldError;

/// The errors of one object.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    pub(super) fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    pub(super) fn extend(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.0.extend(errors);
    }
}

pub(super) fn invalid(field: &str, value: &Value, message: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        reason: "FieldValueInvalid".to_owned(),
        message: format!("Invalid value: {value}: {message}"),
    }
}

pub(super) fn required(field: &str, message: &str) -> FieldError {
    let separator = if message.is_empty() { "" } else { ": " };
    FieldError {
        field: field.to_owned(),
        reason: "FieldValueRequired".to_owned(),
        message: format!("Required value{separator}{message}"),
    }
}

pub(super) fn forbidden(field: &str, message: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        reason: "FieldValueForbidden".to_owned(),
        message: format!("Forbidden: {message}"),
    }
}

pub(super) fn unsupported(field: &str, value: &str, supported: &[&str]) -> FieldError {
    let supported: Vec<String> = supported.iter().map(|text| format!("\"{text}\"")).collect();
    FieldError {
        field: field.to_owned(),
        reason: "FieldValueNotSupported".to_owned(),
        message: format!(
            "Unsupported value: \"{value}\": supported values: {}",
            supported.join(", ")
        ),
    }
}

/// Refuses a change of a field.
pub(super) fn immutable(field: &str, old: &Value, new: &Value) -> Option<FieldError> {
    (old != new).then(|| invalid(field, new, "field is immutable"))
}

pub(super) fn validate(kind: &Kind, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Errors::default();
    match kind.kind {
        "ConfigMap" => config_map(new, old, &mut errors),
        "Secret" => {
            config_map(new, old, &mut errors);
            if let Some(old) = old {
                errors.extend(immutable("type", &old["type"], &new["type"]));
            }
        }
        "Pod" => pod(new, old, &mut errors),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            workload(new, old, &mut errors);
        }
        "Service" => {
            if let Some(old) = old.filter(|old| old["spec"]["type"] == new["spec"]["type"]) {
                let field = "clusterIP";
                let (before, after) = (&old["spec"][field], &new["spec"][field]);
                if !before.is_null() {
                    errors.extend(immutable("spec.clusterIP", before, after));
                }
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => binding(kind, new, old, &mut errors),
        "Role" | "ClusterRole" => rules(new, &mut errors),
        "CustomResourceDefinition" => definition(new, old, &mut errors),
        "Lease" => {
            for field in ["leaseDurationSeconds", "leaseTransitions"] {
                let least = i64::from(field == "leaseDurationSeconds");
                if let Some(value) = new["spec"][field].as_i64().filter(|value| *value < least) {
                    let message = if least == 1 {
                        "must be greater than 0"
                    } else {
                        "must be greater than or equal to 0"
                    };
                    errors.push(invalid(&format!("spec.{field}"), &json!(value), message));
                }
            }
        }
        _ => {}
    }
    errors.0
}

fn config_map(new: &Value, old: Option<&Value>, errors: &mut Errors) {
    let Some(old) = old.filter(|old| old["immutable"] == true) else { return };
    for field in ["data", "binaryData"] {
        if old[field] != new[field] {
            errors.push(forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
    if new["immutable"] != true {
        errors.push(forbidden("immutable", "field is immutable when `immutable` is set"));
    }
}

fn pod(new: &Value, old: Option<&Value>, errors: &mut Errors) {
    let Some(containers) = new["spec"]["containers"].as_array().filter(|list| !list.is_empty())
    else {
        errors.push(required("spec.containers", ""));
        return;
    };
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().unwrap_or_default().is_empty() {
                errors.push(required(&format!("spec.containers[{index}].{field}"), ""));
            }
        }
    }
    let Some(old) = old else { return };
    // Only images, tolerations, deadlines and a first binding to a node change.
    let mutable = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.remove("tolerations");
            fields.remove("activeDeadlineSeconds");
            fields.remove("terminationGracePeriodSeconds");
            for list in ["containers", "initContainers"] {
                let containers = fields.get_mut(list).and_then(Value::as_array_mut);
                for container in containers.into_iter().flatten() {
                    if let Some(container) = container.as_object_mut() {
                        container.remove("image");
                    }
                }
            }
        }
        spec
    };
    if mutable(&old["spec"]) != mutable(&new["spec"]) {
        let message = "pod updates may not change fields other than \
                       `spec.containers[*].image`,`spec.initContainers[*].image`,\
                       `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                       tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 \
                       if it was previously negative)";
        errors.push(forbidden("spec", message));
    }
}

fn workload(new: &Value, old: Option<&Value>, errors: &mut Errors) {
    let selector = &new["spec"]["selector"];
    if selector.is_null() {
        errors.push(required("spec.selector", ""));
    } else if let Some(wanted) = selector["matchLabels"].as_object() {
        let template = &new["spec"]["template"]["metadata"]["labels"];
        if wanted.iter().any(|(key, value)| template[key] != *value) {
            let message = "`selector` does not match template `labels`";
            errors.push(invalid("spec.template.metadata.labels", template, message));
        }
    }
    if new["spec"]["template"]["spec"]["containers"].as_array().is_none_or(Vec::is_empty) {
        errors.push(required("spec.template.spec.containers", ""));
    }
    if let Some(old) = old {
        errors.extend(immutable("spec.selector", &old["spec"]["selector"], selector));
    }
}

fn binding(kind: &Kind, new: &Value, old: Option<&Value>, errors: &mut Errors) {
    let role = &new["roleRef"];
    let name = role["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        errors.push(required("roleRef.name", ""));
    }
    let kinds: &[&str] = match kind.kind {
        "RoleBinding" => &["Role", "ClusterRole"],
        _ => &["ClusterRole"],
    };
    let of = role["kind"].as_str().unwrap_or_default();
    if !kinds.contains(&of) {
        errors.push(unsupported("roleRef.kind", of, kinds));
    }
    for (index, subject) in new["subjects"].as_array().into_iter().flatten().enumerate() {
        let field = |field: &str| format!("subjects[{index}].{field}");
        if subject["name"].as_str().unwrap_or_default().is_empty() {
            errors.push(required(&field("name"), ""));
        }
        match subject["kind"].as_str().unwrap_or_default() {
            "ServiceAccount" => {
                let namespace = subject["namespace"].as_str().unwrap_or_default();
                if namespace.is_empty() && kind.kind == "ClusterRoleBinding" {
                    errors.push(required(&field("namespace"), ""));
                }
            }
            "User" | "Group" => {}
            other => errors.push(unsupported(
                &field("kind"),
                other,
                &["ServiceAccount", "User", "Group"],
            )),
        }
    }
    if old.is_some_and(|old| old["roleRef"] != *role) {
        errors.push(invalid("roleRef", role, "cannot change roleRef"));
    }
}

fn rules(new: &Value, errors: &mut Errors) {
    for (index, rule) in new["rules"].as_array().into_iter().flatten().enumerate() {
        let missing = |field: &str| rule[field].as_array().is_none_or(Vec::is_empty);
        let field = |field: &str| format!("rules[{index}].{field}");
        if missing("verbs") {
            errors.push(required(&field("verbs"), "verbs must contain at least one value"));
        }
        if missing("nonResourceURLs") {
            for (list, what) in [("apiGroups", "api group"), ("resources", "resource")] {
                if missing(list) {
                    let message = format!("resource rules must supply at least one {what}");
                    errors.push(required(&field(list), &message));
                }
            }
        }
    }
}

fn definition(new: &Value, old: Option<&Value>, errors: &mut Errors) {
    let spec = &new["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let expected = format!("{}.{}", text(&spec["names"]["plural"]), text(&spec["group"]));
    if new["metadata"]["name"] != expected {
        let message = "must be spec.names.plural+\".\"+spec.group";
        errors.push(invalid("metadata.name", &new["metadata"]["name"], message));
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let message = "must have exactly one version marked as storage version";
        errors.push(invalid("spec.versions", &json!(versions.len()), message));
    }
    if let Some(old) = old {
        for field in ["group", "scope"] {
            errors.extend(immutable(&format!("spec.{field}"), &old["spec"][field], &spec[field]));
        }
        for field in ["plural", "kind"] {
            let (before, after) = (&old["spec"]["names"][field], &spec["names"][field]);
            errors.extend(immutable(&format!("spec.names.{field}"), before, after));
        }
    }
}
