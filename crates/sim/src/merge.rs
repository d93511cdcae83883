//! Strategic merge patches: merge patches that know which lists are keyed.

use serde_json::{Map, Value};

use crate::shape::{List, Shape};
use crate::status::Refusal;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE_VALUES: &str = "$deleteFromPrimitiveList/";

/// Changes an object as a patch says.
pub(crate) fn strategic(shape: &Shape, target: &mut Value, patch: &Value) -> Result<(), Refusal> {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => merge_fields(shape, target, patch),
        (target, patch) => {
            *target = plain(patch);
            Ok(())
        }
    }
}

fn merge_fields(
    shape: &Shape,
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<(), Refusal> {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some("replace") => {
            if let Value::Object(fields) = plain(&Value::Object(patch.clone())) {
                *target = fields;
            }
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => {
            return Err(Refusal::bad_request(format!("unrecognized type: {other} of `$patch`")));
        }
    }
    if let Some(Value::Array(kept)) = patch.get(RETAIN_KEYS) {
        target.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    for (key, value) in patch {
        if key == DIRECTIVE || key == RETAIN_KEYS || key.starts_with(ORDER) {
            continue;
        }
        if let Some(key) = key.strip_prefix(DELETE_VALUES) {
            if let (Some(Value::Array(list)), Value::Array(values)) = (target.get_mut(key), value) {
                list.retain(|item| !values.contains(item));
            }
            continue;
        }
        let field = shape.field(key);
        match (value, target.get_mut(key)) {
            (Value::Null, _) => {
                target.remove(key);
            }
            (Value::Object(_), Some(old @ Value::Object(_))) => strategic(field, old, value)?,
            (Value::Array(items), old) => {
                let mut list = match old {
                    Some(Value::Array(list)) => std::mem::take(list),
                    _ => Vec::new(),
                };
                merge_list(field, &mut list, items)?;
                target.insert(key.clone(), Value::Array(list));
            }
            (value, _) => {
                target.insert(key.clone(), plain(value));
            }
        }
    }
    for (key, order) in patch {
        let (Some(key), Value::Array(order)) = (key.strip_prefix(ORDER), order) else { continue };
        if let (Shape::List(list), Some(Value::Array(items))) =
            (shape.field(key), target.get_mut(key))
        {
            reorder(list, items, order);
        }
    }
    Ok(())
}

fn merge_list(shape: &Shape, target: &mut Vec<Value>, patch: &[Value]) -> Result<(), Refusal> {
    let Shape::List(List { merge_key: Some(key), item: shape, .. }) = shape else {
        *target = patch.iter().map(plain).collect();
        return Ok(());
    };
    if patch.iter().any(|item| item[DIRECTIVE] == "replace") {
        let kept = patch.iter().filter(|item| item[DIRECTIVE] != "replace");
        *target = kept.map(plain).collect();
        return Ok(());
    }
    for item in patch {
        if key.is_empty() {
            if !target.contains(item) {
                target.push(item.clone());
            }
            continue;
        }
        let wanted = &item[key];
        if wanted.is_null() {
            return Err(Refusal::bad_request(format!(
                "map: {item} does not contain declared merge key: {key}"
            )));
        }
        if item[DIRECTIVE] == "delete" {
            target.retain(|old| old[key] != *wanted);
            continue;
        }
        match target.iter_mut().find(|old| old[key] == *wanted) {
            Some(old) => strategic(shape, old, item)?,
            None => target.push(plain(item)),
        }
    }
    Ok(())
}

/// Puts items in the given order; those that it does not name stay behind the
/// item they followed, which is what it comes to at the end of a list.
fn reorder(list: &List, items: &mut [Value], order: &[Value]) {
    let Some(key) = &list.merge_key else { return };
    let place = |item: &Value| {
        let of = |item: &Value| if key.is_empty() { item.clone() } else { item[key].clone() };
        let own = of(item);
        order.iter().position(|ordered| of(ordered) == own).unwrap_or(order.len())
    };
    items.sort_by_key(place);
}

/// A value without directives and without what is null.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(key, value)| !key.starts_with('$') && !value.is_null())
                .map(|(key, value)| (key.clone(), plain(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items.iter().filter(|item| item[DIRECTIVE] != "delete").map(plain).collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::Registry;
    use crate::store::Store;

    fn patched(kind: &str, mut object: Value, patch: Value) -> Result<Value, Refusal> {
        let mut registry = Registry::default();
        registry.refresh(&Store::default());
        let resource = registry.resources().find(|resource| resource.kind == kind).unwrap();
        strategic(resource.shape(), &mut object, &patch)?;
        Ok(object)
    }

    /// What the garbage collector sends.
    #[test]
    fn an_owner_is_taken_from_an_object_by_its_uid() {
        let object = json!({"metadata": {"ownerReferences": [{"uid": "1"}, {"uid": "2"}]}});
        let delete = json!([{"$patch": "delete", "uid": "1"}]);
        let patch = json!({"metadata": {"ownerReferences": delete}});
        let left = patched("NetworkPolicy", object, patch).unwrap();
        assert_eq!(left, json!({"metadata": {"ownerReferences": [{"uid": "2"}]}}));
    }

    #[test]
    fn keyed_lists_are_merged_by_key_and_others_replaced() {
        let containers = json!([{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}]);
        let object = json!({"spec": {"containers": containers, "tolerations": [{"key": "k"}]}});
        let patch = json!({"spec": {
            "containers": [{"name": "a", "args": ["y"]}, {"name": "c", "image": null}],
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}, {"name": "b"}],
            "tolerations": [{"key": "l"}],
        }});
        let containers =
            json!([{"name": "c"}, {"name": "a", "image": "1", "args": ["y"]}, {"name": "b"}]);
        assert_eq!(
            patched("Pod", object, patch).unwrap(),
            json!({"spec": {"containers": containers, "tolerations": [{"key": "l"}]}})
        );
        let keyless = json!({"spec": {"containers": [{"image": "x"}]}});
        assert_eq!(patched("Pod", json!({"spec": {}}), keyless).unwrap_err().code, 400);
    }

    #[test]
    fn directives_replace_delete_and_retain() {
        let object = || json!({"spec": {"strategy": {"type": "A", "rollingUpdate": {"x": 1}}}});
        let retain = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "B"}}});
        assert_eq!(
            patched("Deployment", object(), retain).unwrap(),
            json!({"spec": {"strategy": {"type": "B"}}})
        );
        let replace = json!({"spec": {"strategy": {"$patch": "replace", "type": "C"}}});
        assert_eq!(
            patched("Deployment", object(), replace).unwrap(),
            json!({"spec": {"strategy": {"type": "C"}}})
        );
        let finalizers = json!({"metadata": {"finalizers": ["a/b", "c/d"]}});
        let patch = json!({"metadata": {
            "finalizers": ["e/f"],
            "$deleteFromPrimitiveList/finalizers": ["a/b"],
        }});
        assert_eq!(
            patched("ConfigMap", finalizers, patch).unwrap(),
            json!({"metadata": {"finalizers": ["c/d", "e/f"]}})
        );
    }
}
