use std::fmt;

use serde_json::{Map, Value, json};

use crate::schema::FieldError;

/// An answer that is not what was asked for: the `Status` object of a failure.
///
/// The texts are those of a real server, because clients and their users read
/// them.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason, such as `NotFound`; empty where a real
    /// server gives none.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// The `details`: which object, which causes.
    pub details: Map<String, Value>,
    /// The `metadata` of the Status; only an expired list token has any.
    pub metadata: Map<String, Value>,
}

/// The name of a resource with its group, as messages write it.
pub(crate) fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &str, message: impl Into<String>) -> Refusal {
        Refusal {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            details: Map::new(),
            metadata: Map::new(),
        }
    }

    /// Says which object is meant; `kind` is a kind or a resource, as the
    /// server mixes them.
    pub(crate) fn about(mut self, group: &str, kind: &str, name: &str) -> Refusal {
        for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
            if !value.is_empty() {
                self.details.insert(key.to_owned(), value.into());
            }
        }
        self
    }

    pub(crate) fn cause(mut self, cause: Value) -> Refusal {
        if let Value::Array(causes) =
            self.details.entry("causes").or_insert_with(|| Value::Array(Vec::new()))
        {
            causes.push(cause);
        }
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Refusal {
        self.details.insert("retryAfterSeconds".to_owned(), seconds.into());
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Refusal {
        Refusal::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" not found", qualified(resource, group));
        Refusal::new(404, "NotFound", message).about(group, resource, name)
    }

    /// No such path, or no such resource on it.
    pub(crate) fn no_resource() -> Refusal {
        Refusal::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(crate) fn method_not_allowed() -> Refusal {
        let message = "the server does not allow this method on the requested resource";
        Refusal::new(405, "MethodNotAllowed", message)
    }

    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" already exists", qualified(resource, group));
        Refusal::new(409, "AlreadyExists", message).about(group, resource, name)
    }

    pub(crate) fn conflict(group: &str, kind: &str, name: &str, why: &str) -> Refusal {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            qualified(kind, group)
        );
        Refusal::new(409, "Conflict", message).about(group, kind, name)
    }

    /// The object has another resourceVersion than the writer thinks.
    pub(crate) fn modified(group: &str, resource: &str, name: &str) -> Refusal {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Refusal::conflict(group, resource, name, why)
    }

    pub(crate) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Refusal {
        let mut texts = Vec::new();
        for error in errors {
            let text = format!("{}: {}", error.field, error.message);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let what = match texts.as_slice() {
            [only] => only.clone(),
            _ => format!("[{}]", texts.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {what}", qualified(kind, group));
        let mut refusal = Refusal::new(422, "Invalid", message).about(group, kind, name);
        for error in errors {
            refusal = refusal.cause(
                json!({"reason": error.reason, "message": error.message, "field": error.field}),
            );
        }
        refusal
    }

    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Refusal {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", qualified(resource, group))
        } else {
            format!("{} \"{name}\" is forbidden: {why}", qualified(resource, group))
        };
        Refusal::new(403, "Forbidden", message).about(group, resource, name)
    }

    /// A resourceVersion or list token from before the last compaction.
    pub(crate) fn expired(message: impl Into<String>) -> Refusal {
        Refusal::new(410, "Expired", message)
    }

    pub(crate) fn not_acceptable() -> Refusal {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, \
                       application/json;stream=watch";
        Refusal::new(406, "NotAcceptable", message)
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Refusal {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             {accepted}"
        );
        Refusal::new(415, "UnsupportedMediaType", message)
    }

    /// What a real server could do and this one does not.
    pub(crate) fn not_implemented(what: &str) -> Refusal {
        Refusal::new(501, "NotImplemented", format!("not simulated: {what}"))
    }

    /// The `Status` object.
    pub fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if let Value::Object(fields) = &mut status {
            if !self.reason.is_empty() {
                fields.insert("reason".to_owned(), self.reason.clone().into());
            }
            if !self.details.is_empty() {
                fields.insert("details".to_owned(), Value::Object(self.details.clone()));
            }
        }
        status
    }
}
