//! What becomes of an object before it is looked at: unknown fields go, defaults
//! come.

use serde_json::Value;

use super::node::{Additional, Node};

/// The fields of an object that every schema has, named or not.
const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Drops unknown fields and says which, by path, in order.
pub(super) fn prune(schema: &Node, object: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(Some(schema), object, true, &mut String::new(), &mut unknown);
    unknown.sort();
    unknown
}

fn walk(
    schema: Option<&Node>,
    value: &mut Value,
    whole: bool,
    path: &mut String,
    unknown: &mut Vec<String>,
) {
    let keeps = schema.is_some_and(|schema| schema.preserves);
    let whole = whole || schema.is_some_and(|schema| schema.embedded);
    let at = path.len();
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            if whole && OF_EVERY_OBJECT.contains(&name.as_str()) {
                return true;
            }
            if at > 0 {
                path.push('.');
            }
            path.push_str(name);
            let property = schema.and_then(|schema| schema.properties.get(name));
            let additional = schema.and_then(|schema| schema.additional.as_ref());
            let known = match (property, additional) {
                (Some(property), _) => {
                    walk(Some(&property.node), value, false, path, unknown);
                    true
                }
                (None, Some(Additional::Of(node))) => {
                    walk(Some(node), value, false, path, unknown);
                    true
                }
                // What is kept because everything is, is kept as it is.
                (None, _) if keeps => true,
                // The values of such a map are of no schema: scalars stay, and
                // of objects and lists only the frame.
                (None, Some(Additional::Any)) => {
                    walk(None, value, false, path, unknown);
                    true
                }
                (None, None) => {
                    unknown.push(path.clone());
                    false
                }
            };
            path.truncate(at);
            known
        }),
        Value::Array(elements) => {
            let items = schema.and_then(|schema| schema.items.as_deref());
            if keeps && items.is_none() {
                return;
            }
            for (index, element) in elements.iter_mut().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(items, element, false, path, unknown);
                path.truncate(at);
            }
        }
        _ => {}
    }
}

/// Fills in defaults. A null where none may be is as good as nothing: it takes
/// the default, or goes.
pub(super) fn fill_in(schema: &Node, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let node = schema.field(name);
                !(value.is_null()
                    && node.is_some_and(|node| !node.nullable && node.default.is_none()))
            });
            for (name, property) in &schema.properties {
                let Some(default) = &property.node.default else { continue };
                let absent =
                    fields.get(name).is_none_or(|value| value.is_null() && !property.node.nullable);
                if absent {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields.iter_mut() {
                let Some(node) = schema.field(name) else { continue };
                if let (Value::Null, false, Some(default)) = (&*value, node.nullable, &node.default)
                {
                    *value = default.clone();
                }
                fill_in(node, value);
            }
        }
        Value::Array(elements) => {
            let Some(items) = &schema.items else { return };
            for element in elements {
                if let (Value::Null, false, Some(default)) =
                    (&*element, items.nullable, &items.default)
                {
                    *element = default.clone();
                }
                fill_in(items, element);
            }
        }
        _ => {}
    }
}
