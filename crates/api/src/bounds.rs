//! Schemas of what recurs: every string, list and map has a bound, so that no
//! object can be large enough to slow a rule, a reader or the store.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::rules;
use crate::status::{Condition, MAX_MESSAGE};

/// Text for people, on one line, of at most `MAX` characters: control
/// characters would forge lines in logs and terminals.
pub(crate) fn text<const MAX: u32>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": MAX, "pattern": TEXT})
}

/// No control characters, no line or paragraph separators, and nothing that
/// turns the direction of writing or hides characters.
const TEXT: &str =
    r"^[^\x00-\x1f\x7f-\x9f\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}]*$";

/// What the controller has to say. It may quote anybody, so that only its length
/// is bounded: a status that is refused would help nobody.
pub(crate) fn message(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": MAX_MESSAGE})
}

/// The name of an object: a DNS subdomain.
pub(crate) fn name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 253, "pattern": SUBDOMAIN})
}

/// A namespace: a DNS label.
pub(crate) fn namespace(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 63, "pattern": LABEL})
}

/// Namespaces, each once.
pub(crate) fn namespaces<const MAX: u32>(generator: &mut SchemaGenerator) -> Schema {
    set(namespace(generator), MAX)
}

/// A word: a kind, a key of a ConfigMap.
pub(crate) fn word(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"})
}

/// Names, each once.
pub(crate) fn object_names<const MAX: u32>(generator: &mut SchemaGenerator) -> Schema {
    set(name(generator), MAX)
}

/// The uid of an object.
pub(crate) fn uid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9-]+$"})
}

/// A user name, a group, or a user's uid, as the authenticator gives it.
pub(crate) fn principal(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 256, "pattern": TEXT})
}

/// User names or groups. An authenticator may name a group twice.
pub(crate) fn principals<const MAX: u32>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "maxItems": MAX, "items": principal(generator)})
}

/// User names or groups, at least one.
pub(crate) fn some_principals<const MAX: u32>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = principals::<MAX>(generator);
    schema.insert("minItems".to_owned(), 1.into());
    schema
}

/// The id of a ticket.
pub(crate) fn ticket(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9._/#-]*$"})
}

/// A regular expression that the whole of a ticket's id must match.
pub(crate) fn regex(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 128, "pattern": TEXT})
}

/// A point in time, RFC 3339.
pub(crate) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": 40})
}

/// `sha256:` and 64 hexadecimal digits.
pub(crate) fn digest(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 71, "pattern": "^sha256:[0-9a-f]{64}$"})
}

/// Address ranges, each once, and at least one.
pub(crate) fn some_cidrs<const MAX: u32>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = cidrs::<MAX>(generator);
    schema.insert("minItems".to_owned(), 1.into());
    schema
}

/// Address ranges, each once.
pub(crate) fn cidrs<const MAX: u32>(_: &mut SchemaGenerator) -> Schema {
    let cidr = json_schema!({
        "type": "string",
        "minLength": 4,
        "maxLength": 43,
        "pattern": "^[0-9A-Fa-f:.]{2,39}/[0-9]{1,3}$",
    });
    set(cidr, MAX)
}

/// A number from `MIN` to `MAX`.
pub(crate) fn int64<const MIN: i64, const MAX: i64>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "format": "int64", "minimum": MIN, "maximum": MAX})
}

/// A small number from `MIN` to `MAX`.
pub(crate) fn int32<const MIN: i32, const MAX: i32>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "format": "int32", "minimum": MIN, "maximum": MAX})
}

/// The key of a label.
pub(crate) fn label_key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 317, "pattern": LABEL_KEY})
}

/// Keys of labels, each once.
pub(crate) fn label_keys<const MAX: u32>(generator: &mut SchemaGenerator) -> Schema {
    set(label_key(generator), MAX)
}

/// A selector of pods that names at least one thing they must have.
pub(crate) fn selector(generator: &mut SchemaGenerator) -> Schema {
    let value = json_schema!({"type": "string", "maxLength": 63, "pattern": LABEL_VALUE});
    let key = label_key(generator);
    let values = set(value.clone(), 16);
    json_schema!({
        "type": "object",
        "x-kubernetes-validations": rules::SELECTOR,
        "properties": {
            "matchLabels": {
                "type": "object",
                "maxProperties": 16,
                "additionalProperties": value,
            },
            "matchExpressions": {
                "type": "array",
                "maxItems": 16,
                "items": {
                    "type": "object",
                    "x-kubernetes-validations": rules::REQUIREMENT,
                    "required": ["key", "operator"],
                    "properties": {
                        "key": key,
                        "operator": {
                            "type": "string",
                            "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
                        },
                        "values": values,
                    },
                },
            },
        },
    })
}

/// Objects as they are sent to the API server: their shape is another API's.
pub(crate) fn objects<const MAX: u32>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": MAX,
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    })
}

/// Conditions, one of a type.
pub(crate) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "items": Condition::json_schema(generator),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}

/// A list of `items` without repetition. The API server compares a set's
/// entries when it is written, so that nothing is listed twice.
fn set(items: Schema, max: u32) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": max,
        "items": items,
        "x-kubernetes-list-type": "set",
    })
}

const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const LABEL_KEY: &str =
    "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
const LABEL_VALUE: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";
