use serde_json::Value;

/// One thing wrong with one field, as in the causes of a 422.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldError {
    /// The field's path, such as `spec.ports[0].port`.
    pub field: String,
    /// The cause's reason, such as `FieldValueRequired` or `FieldValueInvalid`.
    pub reason: String,
    /// What is wrong, without the path, such as `Required value`.
    pub message: String,
}

impl FieldError {
    /// Whether the rules of the schema are not even tried for this.
    pub(super) fn blocks_rules(&self) -> bool {
        matches!(
            self.reason.as_str(),
            "FieldValueNotSupported"
                | "FieldValueRequired"
                | "FieldValueTooLong"
                | "FieldValueTooMany"
                | "FieldValueTypeInvalid"
        )
    }

    pub(crate) fn invalid(path: &str, value: &Value, detail: &str) -> FieldError {
        new(path, "FieldValueInvalid", with_value("Invalid value", value), detail)
    }

    /// As a rule says it, which shows no value that is an object or a list.
    pub(super) fn rule_invalid(path: &str, value: &Value, detail: &str) -> FieldError {
        new(path, "FieldValueInvalid", with_scalar("Invalid value", value), detail)
    }

    pub(super) fn rule_duplicate(path: &str, value: &Value) -> FieldError {
        new(path, "FieldValueDuplicate", with_scalar("Duplicate value", value), "")
    }

    pub(super) fn type_invalid(path: &str, value: &Value, detail: &str) -> FieldError {
        new(path, "FieldValueTypeInvalid", with_value("Invalid value", value), detail)
    }

    pub(super) fn required(path: &str, detail: &str) -> FieldError {
        new(path, "FieldValueRequired", "Required value".to_owned(), detail)
    }

    pub(super) fn forbidden(path: &str, detail: &str) -> FieldError {
        new(path, "FieldValueForbidden", "Forbidden".to_owned(), detail)
    }

    pub(super) fn duplicate(path: &str, value: &Value) -> FieldError {
        new(path, "FieldValueDuplicate", with_value("Duplicate value", value), "")
    }

    pub(super) fn too_long(path: &str, longest: u64) -> FieldError {
        let unit = if longest == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {longest} {unit}");
        new(path, "FieldValueTooLong", "Too long".to_owned(), &detail)
    }

    pub(super) fn too_many(path: &str, count: usize, most: u64) -> FieldError {
        let unit = if most == 1 { "item" } else { "items" };
        let detail = format!("must have at most {most} {unit}");
        new(path, "FieldValueTooMany", format!("Too many: {count}"), &detail)
    }

    pub(super) fn not_supported(path: &str, value: &Value, supported: &[Value]) -> FieldError {
        let supported: Vec<String> = supported
            .iter()
            .map(|value| match value {
                Value::String(_) => value.to_string(),
                other => Value::from(other.to_string()).to_string(),
            })
            .collect();
        let detail = format!("supported values: {}", supported.join(", "));
        new(path, "FieldValueNotSupported", with_value("Unsupported value", value), &detail)
    }
}

/// The object itself has no path.
fn new(path: &str, reason: &str, what: String, detail: &str) -> FieldError {
    FieldError {
        field: if path.is_empty() { "<nil>".to_owned() } else { path.to_owned() },
        reason: reason.to_owned(),
        message: if detail.is_empty() { what } else { format!("{what}: {detail}") },
    }
}

fn with_value(what: &str, value: &Value) -> String {
    format!("{what}: {value}")
}

fn with_scalar(what: &str, value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => what.to_owned(),
        scalar => with_value(what, scalar),
    }
}
