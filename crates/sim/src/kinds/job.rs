//! Jobs: what the API sets on them and what it lets nobody change.

use serde_json::{Value, json};

use super::validate::{Errors, immutable, invalid, required};
use crate::object;
use crate::schema::FieldError;

/// The labels by which a Job finds its pods, unless it brings its own selector.
pub(super) fn prepare_create(job: &mut Value) {
    let (name, uid) = (object::name(job).to_owned(), object::uid(job).to_owned());
    let whole = object::into_fields(job);
    let labels = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    let spec = object::fields(whole, "spec");
    if spec.get("manualSelector") != Some(&json!(true)) {
        let metadata = object::fields(object::fields(spec, "template"), "metadata");
        for (key, value) in labels {
            object::fields(metadata, "labels").insert(key.to_owned(), value.as_str().into());
        }
        let selector = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        spec.entry("selector").or_insert(selector);
        for (key, value) in labels {
            let own = object::fields(object::fields(whole, "metadata"), "labels");
            own.insert(key.to_owned(), value.as_str().into());
        }
    }
}

pub(super) fn validate(new: &Value, old: Option<&Value>, subresource: &str) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let spec = &new["spec"];
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ] {
        if let Some(value) = spec[field].as_i64().filter(|value| *value < 0) {
            let message = "must be greater than or equal to 0";
            errors.push(invalid(&format!("spec.{field}"), &json!(value), message));
        }
    }
    let template = &spec["template"]["spec"];
    if template["containers"].as_array().is_none_or(Vec::is_empty) {
        errors.push(required("spec.template.spec.containers", ""));
    }
    let restart = &template["restartPolicy"];
    if !matches!(restart.as_str(), Some("Never" | "OnFailure")) {
        let field = "spec.template.spec.restartPolicy";
        match restart.as_str() {
            None => errors.push(required(field, "valid values: \"OnFailure\", \"Never\"")),
            Some(other) => errors.push(FieldError {
                field: field.to_owned(),
                reason: "FieldValueNotSupported".to_owned(),
                message: format!(
                    "Unsupported value: \"{other}\": supported values: \"OnFailure\", \"Never\""
                ),
            }),
        }
    }
    if let Some(managed_by) = spec["managedBy"].as_str()
        && !managed_by.contains('/')
    {
        let message = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        errors.push(invalid("spec.managedBy", &json!(managed_by), message));
    }
    let Some(old) = old else { return errors.0 };
    // An indexed Job may change its completions together with its parallelism.
    let elastic = spec["completionMode"] == "Indexed"
        && !spec["completions"].is_null()
        && spec["completions"] == spec["parallelism"];
    let mut fixed = vec!["selector", "template", "completionMode", "managedBy", "podFailurePolicy"];
    if !elastic {
        fixed.insert(0, "completions");
    }
    // Where the pods of a Job go can be changed while it is suspended.
    if old["spec"]["suspend"] == true
        && old["status"]["startTime"].is_null()
        && unplaced(&old["spec"]["template"]) == unplaced(&spec["template"])
    {
        fixed.retain(|field| *field != "template");
    }
    for field in fixed {
        errors.extend(immutable(&format!("spec.{field}"), &old["spec"][field], &spec[field]));
    }
    if subresource == "status" {
        validate_status(new, old, &mut errors);
    }
    errors.0
}

/// A template without what says where its pods go.
fn unplaced(template: &Value) -> Value {
    let mut template = template.clone();
    for (part, fields) in [
        ("metadata", &["annotations", "labels"][..]),
        ("spec", &["affinity", "nodeSelector", "schedulingGates", "tolerations"][..]),
    ] {
        if let Some(part) = template.get_mut(part).and_then(Value::as_object_mut) {
            for field in fields {
                part.remove(*field);
            }
        }
    }
    template
}

fn condition<'a>(job: &'a Value, kind: &str) -> Option<&'a Value> {
    job["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// What keeps anybody from forging a start or an end.
fn validate_status(new: &Value, old: &Value, errors: &mut Errors) {
    let (before, after) = (&old["status"], &new["status"]);
    let suspended = new["spec"]["suspend"] == true;
    if !before["startTime"].is_null() && before["startTime"] != after["startTime"] {
        let field = "status.startTime";
        if after["startTime"].is_null() && !suspended {
            errors.push(required(field, "startTime cannot be removed for unsuspended job"));
        } else if !suspended && old["spec"]["suspend"] != true && !resumed(old) {
            let message = "field is immutable for unsuspended job once set";
            errors.push(invalid(field, &after["startTime"], message));
        }
    }
    let (complete, failed) = (condition(new, "Complete"), condition(new, "Failed"));
    if complete.is_some() && after["completionTime"].is_null() {
        let message = "completionTime is required for Complete jobs";
        errors.push(required("status.completionTime", message));
    }
    if complete.is_none() && !after["completionTime"].is_null() {
        let message = "completionTime can only be set for Complete jobs";
        errors.push(invalid("status.completionTime", &after["completionTime"], message));
    }
    let mut refuse = |message: &str| {
        errors.push(FieldError {
            field: "status.conditions".to_owned(),
            reason: "FieldValueInvalid".to_owned(),
            message: format!("Invalid value: {message}"),
        });
    };
    if complete.is_some() && condition(new, "SuccessCriteriaMet").is_none() {
        refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
    }
    if failed.is_some() && condition(new, "FailureTarget").is_none() {
        refuse("cannot set Failed=True condition without the FailureTarget=true condition");
    }
    if complete.is_some() && failed.is_some() {
        refuse("cannot set Complete=True and Failed=True conditions");
    }
    for (kind, missing) in [
        ("Complete", "cannot disable the terminal Complete=True condition"),
        ("Failed", "cannot disable the terminal Failed=True condition"),
        ("FailureTarget", "cannot disable the terminal FailureTarget=True condition"),
    ] {
        if condition(old, kind).is_some() && condition(new, kind).is_none() {
            refuse(missing);
        }
    }
}

/// Whether the Job was suspended until now: its clock may start again.
fn resumed(old: &Value) -> bool {
    condition(old, "Suspended").is_some()
}
