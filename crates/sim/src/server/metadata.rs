//! What the server sets in `metadata`, and what it lets a client set.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::object;
use crate::registry::Resource;
use crate::schema::FieldError;
use crate::{name, time};

/// The metadata of a new object: what only the server may say replaces what the
/// client said.
pub(crate) fn create(
    resource: &Resource,
    object: &mut Value,
    namespace: Option<&str>,
    now: Timestamp,
    random: &mut fastrand::Rng,
) {
    let metadata = object::metadata(object);
    for field in [
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "selfLink",
    ] {
        metadata.remove(field);
    }
    object::set(metadata, "namespace", namespace.map(Value::from));
    if object::of(metadata, "name").is_empty() {
        let prefix: String = object::of(metadata, "generateName").chars().take(58).collect();
        if !prefix.is_empty() {
            metadata.insert("name".to_owned(), format!("{prefix}{}", suffix(random)).into());
        }
    }
    metadata.insert("uid".to_owned(), uid(random).into());
    metadata.insert("creationTimestamp".to_owned(), time::seconds(now).into());
    if counts_generations(resource) {
        metadata.insert("generation".to_owned(), json!(1));
    }
}

pub(crate) fn counts_generations(resource: &Resource) -> bool {
    resource.built_in().is_none_or(|kind| kind.traits.generation)
}

/// What follows `generateName`: letters that spell nothing.
fn suffix(random: &mut fastrand::Rng) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut letter = || random.choice(LETTERS).map_or('b', |letter| char::from(*letter));
    (0..5).map(|_| letter()).collect()
}

/// A random UUID, version 4.
pub(crate) fn uid(random: &mut fastrand::Rng) -> String {
    let bits = random.u128(..);
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let text = format!("{bits:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The metadata of an object that replaces another: what was left out is taken
/// over, and what may not change is told.
pub(crate) fn update(new: &mut Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let before = &old["metadata"];
    let deleting = !before["deletionTimestamp"].is_null();
    let metadata = object::metadata(new);
    // Whoever leaves one out does not mean to remove it.
    for field in ["uid", "namespace"] {
        if object::of(metadata, field).is_empty() {
            object::set(metadata, field, before.get(field).cloned());
        }
    }
    metadata.remove("selfLink");
    // Neither can be written at all.
    for field in ["creationTimestamp", "generation"] {
        object::set(metadata, field, before.get(field).cloned());
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let written = metadata.get(field).cloned().unwrap_or(Value::Null);
        if written.is_null() {
            object::set(metadata, field, before.get(field).cloned());
        } else if written != before[field] {
            errors.push(immutable(&format!("metadata.{field}"), &written));
        }
    }
    if object::of(metadata, "uid") != before["uid"] {
        let uid = metadata.get("uid").cloned().unwrap_or(Value::Null);
        errors.push(immutable("metadata.uid", &uid));
    }
    if deleting {
        let had = object::texts(&before["finalizers"]);
        let has = metadata.get("finalizers").map(object::texts).unwrap_or_default();
        let added: Vec<String> = has
            .iter()
            .filter(|finalizer| !had.contains(*finalizer))
            .map(|finalizer| format!("\"{finalizer}\""))
            .collect();
        if !added.is_empty() {
            errors.push(FieldError {
                field: "metadata.finalizers".to_owned(),
                reason: "FieldValueForbidden".to_owned(),
                message: format!(
                    "Forbidden: no new finalizers can be added if the object is being deleted, \
                     found new finalizers []string{{{}}}",
                    added.join(", ")
                ),
            });
        }
    }
    errors
}

fn immutable(field: &str, value: &Value) -> FieldError {
    invalid(field, value, "field is immutable")
}

fn invalid(field: &str, value: &Value, message: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        reason: "FieldValueInvalid".to_owned(),
        message: format!("Invalid value: {value}: {message}"),
    }
}

/// What is wrong with the metadata of any object.
pub(crate) fn validate(resource: &Resource, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = &object["metadata"];
    let check_name = resource.built_in().map_or(name::subdomain as fn(&str) -> _, |kind| kind.name);
    match object::name(object) {
        "" => errors.push(FieldError {
            field: "metadata.name".to_owned(),
            reason: "FieldValueRequired".to_owned(),
            message: "Required value: name or generateName is required".to_owned(),
        }),
        name => {
            if let Some(why) = check_name(name) {
                errors.push(invalid("metadata.name", &json!(name), &why));
            }
        }
    }
    let none = Map::new();
    let map = |field: &str| metadata[field].as_object().unwrap_or(&none).iter();
    for (key, value) in map("labels") {
        let value = value.as_str().unwrap_or_default();
        for (text, why) in
            [(key.as_str(), name::qualified_name(key)), (value, name::label_value(value))]
        {
            if let Some(why) = why {
                errors.push(invalid("metadata.labels", &json!(text), &why));
            }
        }
    }
    let mut size = 0;
    for (key, value) in map("annotations") {
        size += key.len() + value.as_str().unwrap_or_default().len();
        if let Some(why) = name::qualified_name(&key.to_lowercase()) {
            errors.push(invalid("metadata.annotations", &json!(key), &why));
        }
    }
    const MOST: usize = 256 * 1024;
    if size > MOST {
        errors.push(FieldError {
            field: "metadata.annotations".to_owned(),
            reason: "FieldValueTooLong".to_owned(),
            message: format!("Too long: may not be more than {MOST} bytes"),
        });
    }
    let mut controllers = 0;
    for owner in object::owners(object) {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if object::of(owner, field).is_empty() {
                let path = format!("metadata.ownerReferences.{field}");
                errors.push(invalid(&path, &json!(""), "must not be empty"));
            }
        }
        controllers += usize::from(owner.get("controller") == Some(&Value::Bool(true)));
    }
    if controllers > 1 {
        let message = "Only one reference can have Controller set to true";
        errors.push(invalid("metadata.ownerReferences", &json!(controllers), message));
    }
    let finalizers = object::finalizers(object);
    for (index, finalizer) in finalizers.iter().enumerate() {
        let field = format!("metadata.finalizers[{index}]");
        let standard = matches!(*finalizer, "orphan" | "foregroundDeletion" | "kubernetes");
        if let Some(why) = name::qualified_name(finalizer) {
            errors.push(invalid(&field, &json!(finalizer), &why));
        } else if !standard && !finalizer.contains('/') {
            let message = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(invalid(&field, &json!(finalizer), message));
        }
    }
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let message = "finalizers orphan and foregroundDeletion cannot be both set";
        errors.push(invalid("metadata.finalizers", &metadata["finalizers"], message));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_random_uuids_and_the_same_for_the_same_seed() {
        let mut random = fastrand::Rng::with_seed(7);
        let (first, second) = (uid(&mut random), uid(&mut random));
        assert_eq!(first.len(), 36);
        assert_eq!(&first[14..15], "4");
        assert!("89ab".contains(&first[19..20]));
        assert_ne!(first, second);
        assert_eq!(uid(&mut fastrand::Rng::with_seed(7)), first);
    }

    #[test]
    fn a_deletion_timestamp_is_neither_set_nor_removed_by_an_update() {
        let old = json!({"metadata": {"name": "a", "uid": "1", "deletionTimestamp": "x"}});
        let mut new = json!({"metadata": {"name": "a"}});
        assert!(update(&mut new, &old).is_empty());
        assert_eq!(new, old);
        let mut new = json!({"metadata": {"name": "a", "deletionTimestamp": "y"}});
        assert_eq!(update(&mut new, &old)[0].message, "Invalid value: \"y\": field is immutable");
    }
}
