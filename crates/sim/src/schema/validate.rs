//! Whether a value is one of its schema, in the words of the server's validator.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Number, Value, json};

use super::error::FieldError;
use super::format;
use super::node::{Additional, Kind, ListType, Node};

/// What is wrong with a value, apart from rules and list types.
pub(super) fn validate(schema: &Node, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(schema, value, old, &mut String::new(), &mut errors);
    errors
}

fn check(
    schema: &Node,
    value: &Value,
    old: Option<&Value>,
    path: &mut String,
    errors: &mut Vec<FieldError>,
) {
    // What an update leaves as it was is not looked at again.
    if old == Some(value) {
        return;
    }
    let checks = &schema.checks;
    let right = check_type(schema, value, path, errors);
    junctions(schema, value, path, errors);
    match value {
        Value::String(text) => check_text(schema, value, text, path, errors),
        Value::Number(number) => check_number(schema, value, number, path, errors),
        _ => {}
    }
    if let Some(values) = &checks.one_of_values
        && !values.contains(value)
    {
        errors.push(FieldError::not_supported(path, value, values));
    }
    if !right {
        return;
    }
    let at = path.len();
    match value {
        Value::Array(elements) => {
            if let Some(items) = &schema.items {
                for (index, element) in elements.iter().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    let before = counterpart(&schema.list_type, element, old);
                    check(items, element, before, path, errors);
                    path.truncate(at);
                }
            }
            check_count(elements.len(), checks.min_items, checks.max_items, "items", path, errors);
        }
        Value::Object(fields) => {
            let (least, most) = (checks.min_properties, checks.max_properties);
            check_count(fields.len(), least, most, "properties", path, errors);
            for (name, value) in fields {
                let Some(node) = schema.field(name) else { continue };
                step(path, name);
                check(node, value, old.and_then(|old| old.get(name)), path, errors);
                path.truncate(at);
            }
            for name in &checks.required {
                if !fields.contains_key(name) {
                    step(path, name);
                    errors.push(FieldError::required(path, ""));
                    path.truncate(at);
                }
            }
        }
        _ => {}
    }
}

fn step(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// The element of the old list that is the same one.
pub(super) fn counterpart<'v>(
    list_type: &ListType,
    element: &Value,
    old: Option<&'v Value>,
) -> Option<&'v Value> {
    let ListType::Map(keys) = list_type else { return None };
    old?.as_array()?.iter().find(|other| keys.iter().all(|key| other.get(key) == element.get(key)))
}

fn check_type(schema: &Node, value: &Value, path: &str, errors: &mut Vec<FieldError>) -> bool {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if value.is_null() && schema.nullable {
        return true;
    }
    let wanted = match schema.kind {
        _ if schema.int_or_string => "integer,string",
        None => return true,
        Some(kind) => kind.name(),
    };
    let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let fits = match wanted {
        "integer" => found == "integer" || (found == "number" && whole),
        "number" => found == "integer" || found == "number",
        "integer,string" => found == "integer" || found == "string",
        wanted => found == wanted,
    };
    if fits {
        return true;
    }
    // A format stands for the type, where the value is none that may have one.
    let (wanted, found) = match (&schema.checks.format, value) {
        (Some(format), Value::Number(number)) => {
            (format.as_str(), if number.is_f64() { "float64" } else { "int64" })
        }
        (Some(format), Value::Bool(_) | Value::Object(_)) => (format.as_str(), ""),
        _ => (wanted, found),
    };
    let detail = match found {
        "" => format!("{path} in body must be of type {wanted}"),
        found => format!("{path} in body must be of type {wanted}: \"{found}\""),
    };
    errors.push(FieldError::type_invalid(path, &found.into(), &detail));
    false
}

fn check_text(schema: &Node, value: &Value, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let checks = &schema.checks;
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    // Of these, the first one that fails is told.
    if let Some(most) = checks.max_length.filter(|most| length > *most) {
        errors.push(FieldError::too_long(path, most));
    } else if let Some(least) = checks.min_length.filter(|least| length < *least) {
        let detail = format!("{path} in body should be at least {least} chars long");
        errors.push(FieldError::invalid(path, value, &detail));
    } else if checks.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        let detail = format!("{path} in body should match '{}'", checks.pattern_source);
        errors.push(FieldError::invalid(path, value, &detail));
    }
    if schema.kind == Some(Kind::String)
        && let Some(format) = checks.format.as_ref().filter(|format| !format::holds(format, text))
    {
        let detail = format!("{path} in body must be of type {format}: {value}");
        errors.push(FieldError::type_invalid(path, value, &detail));
    }
}

fn check_number(
    schema: &Node,
    value: &Value,
    number: &Number,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let checks = &schema.checks;
    if schema.kind == Some(Kind::Integer) {
        let fits = match checks.format.as_deref() {
            Some("int32") => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            _ => number.as_i64().is_some() || number.is_f64(),
        };
        if !fits {
            let format = match checks.format.as_deref() {
                Some(format) => format!("with format {format}"),
                None => "(default format)".to_owned(),
            };
            let detail = format!("Checked value must be of type integer {format} in {path}");
            errors.push(FieldError::invalid("", &Value::from(""), &detail));
        }
    }
    let mut wrong = |detail: String| errors.push(FieldError::invalid(path, value, &detail));
    if let Some(bound) = &checks.minimum {
        match (compare(number, &bound.number), bound.exclusive) {
            (Ordering::Less, false) => {
                wrong(format!(
                    "{path} in body should be greater than or equal to {}",
                    bound.number
                ));
            }
            (Ordering::Less | Ordering::Equal, true) => {
                wrong(format!("{path} in body should be greater than {}", bound.number));
            }
            _ => {}
        }
    }
    if let Some(bound) = &checks.maximum {
        match (compare(number, &bound.number), bound.exclusive) {
            (Ordering::Greater, false) => {
                wrong(format!("{path} in body should be less than or equal to {}", bound.number));
            }
            (Ordering::Greater | Ordering::Equal, true) => {
                wrong(format!("{path} in body should be less than {}", bound.number));
            }
            _ => {}
        }
    }
    if let Some(factor) = &checks.multiple_of {
        let whole = match (number.as_i64(), factor.as_i64()) {
            (Some(number), Some(factor)) => number.checked_rem(factor) == Some(0),
            _ => match (number.as_f64(), factor.as_f64()) {
                (Some(number), Some(factor)) => (number / factor).fract() == 0.0,
                _ => false,
            },
        };
        if !whole {
            wrong(format!("{path} in body should be a multiple of {factor}"));
        }
    }
}

/// Numbers by their values; whole ones exactly.
fn compare(a: &Number, b: &Number) -> Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            a.total_cmp(&b)
        }
    }
}

fn check_count(
    count: usize,
    least: Option<u64>,
    most: Option<u64>,
    what: &str,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let size = u64::try_from(count).unwrap_or(u64::MAX);
    if let Some(least) = least.filter(|least| size < *least) {
        let detail = format!("{path} in body should have at least {least} {what}");
        errors.push(FieldError::invalid(path, &json!(count), &detail));
    }
    if let Some(most) = most.filter(|most| size > *most) {
        errors.push(FieldError::too_many(path, count, most));
    }
}

/// `allOf`, `anyOf`, `oneOf` and `not`. Where one fails, the object as a whole is
/// blamed, and what its parts said.
fn junctions(schema: &Node, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
    let checks = &schema.checks;
    let mut run = |node: &Node| {
        let mut found = Vec::new();
        check(node, value, None, path, &mut found);
        found
    };
    let any: Vec<Vec<FieldError>> = checks.any_of.iter().map(&mut run).collect();
    let one: Vec<Vec<FieldError>> = checks.one_of.iter().map(&mut run).collect();
    let all: Vec<Vec<FieldError>> = checks.all_of.iter().map(&mut run).collect();
    let not = checks.not.as_deref().map(&mut run);
    let mut blame = |what: &str| {
        let detail = format!("\"{path}\" must {what}");
        errors.push(FieldError::invalid("", &Value::from(""), &detail));
    };
    if !any.is_empty() && !any.iter().any(Vec::is_empty) {
        blame("validate at least one schema (anyOf)");
        errors.extend(fewest(any));
    }
    let valid = one.iter().filter(|found| found.is_empty()).count();
    let mut blame = |what: &str| {
        let detail = format!("\"{path}\" must {what}");
        errors.push(FieldError::invalid("", &Value::from(""), &detail));
    };
    if !one.is_empty() && valid == 0 {
        blame("validate one and only one schema (oneOf). Found none valid");
        errors.extend(fewest(one));
    } else if valid > 1 {
        blame(&format!(
            "validate one and only one schema (oneOf). Found {valid} valid alternatives"
        ));
    }
    let failed = all.iter().filter(|found| !found.is_empty()).count();
    if failed > 0 {
        let none = if failed == all.len() { ". None validated" } else { "" };
        let detail = format!("\"{path}\" must validate all the schemas (allOf){none}");
        errors.extend(all.into_iter().flatten());
        errors.push(FieldError::invalid("", &Value::from(""), &detail));
    }
    if not.is_some_and(|found| found.is_empty()) {
        let detail = format!("\"{path}\" must not validate the schema (not)");
        errors.push(FieldError::invalid("", &Value::from(""), &detail));
    }
}

/// What the best alternative lacks; the first of several such.
fn fewest(alternatives: Vec<Vec<FieldError>>) -> Vec<FieldError> {
    alternatives.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

/// Elements of sets, and keys of maps in lists, must not repeat.
pub(super) fn list_types(schema: &Node, value: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    repeated(schema, value, &mut String::new(), &mut errors);
    errors
}

fn repeated(schema: &Node, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
    let at = path.len();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let Some(node) = schema.field(name) else { continue };
                match &schema.additional {
                    Some(Additional::Of(_)) => path.push_str(&format!("[{name}]")),
                    _ => step(path, name),
                }
                repeated(node, value, path, errors);
                path.truncate(at);
            }
        }
        Value::Array(elements) => {
            let identity = |element: &Value| match &schema.list_type {
                ListType::Atomic => None,
                ListType::Set => Some(element.clone()),
                ListType::Map(keys) => {
                    let keys = keys.iter().filter_map(|key| Some((key, element.get(key)?)));
                    Some(Value::Object(keys.map(|(k, v)| (k.clone(), v.clone())).collect()))
                }
            };
            let (mut seen, mut again) = (BTreeSet::new(), BTreeSet::new());
            for (index, element) in elements.iter().enumerate() {
                let Some(identity) = identity(element) else { break };
                let text = identity.to_string();
                if !seen.insert(text.clone()) && again.insert(text) {
                    errors.push(FieldError::duplicate(&format!("{path}[{index}]"), &identity));
                }
            }
            let Some(items) = &schema.items else { return };
            for (index, element) in elements.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                repeated(items, element, path, errors);
                path.truncate(at);
            }
        }
        _ => {}
    }
}
