//! The types of the built-in kinds: which fields there are, and how each is
//! read, owned and merged.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::shape::{List, ListKind, Shape};
use crate::time;

/// Fields by name.
type Type = BTreeMap<&'static str, Field>;

/// One field.
struct Field {
    of: Of,
    required: bool,
    atomic: bool,
    list: ListKind,
    merge_key: Option<&'static str>,
}

/// The type of a value.
enum Of {
    Text,
    Int,
    Float,
    Bool,
    /// Whatever JSON there is.
    Any,
    Time,
    MicroTime,
    Quantity,
    IntOrText,
    /// Base64.
    Bytes,
    Object(&'static str),
    List(Box<Of>),
    Map(Box<Of>),
}

fn types() -> &'static BTreeMap<&'static str, Type> {
    static TYPES: OnceLock<BTreeMap<&'static str, Type>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let mut types: BTreeMap<&'static str, Type> = BTreeMap::new();
        let mut name = "";
        for line in include_str!("types.txt").lines().filter(|line| !line.starts_with('#')) {
            match line.strip_prefix("  ") {
                None => {
                    name = line;
                    types.entry(name).or_default();
                }
                Some(field) => {
                    let mut words = field.split(' ');
                    let (Some(field), Some(of)) = (words.next(), words.next()) else { continue };
                    types.entry(name).or_default().insert(field, Field::parse(of, words));
                }
            }
        }
        types
    })
}

impl Field {
    fn parse(of: &'static str, words: impl Iterator<Item = &'static str>) -> Field {
        let mut field = Field {
            of: Of::parse(of),
            required: false,
            atomic: false,
            list: ListKind::Atomic,
            merge_key: None,
        };
        for word in words {
            let inside = |name: &str| word.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
            match word {
                "required" => field.required = true,
                "atomic" => field.atomic = true,
                "set" => field.list = ListKind::Set,
                _ => {
                    if let Some(keys) = inside("keys") {
                        let key = |key: &str| {
                            let default = (key == "protocol").then(|| Value::from("TCP"));
                            (key.to_owned(), default)
                        };
                        field.list = ListKind::Map(keys.split(',').map(key).collect());
                    }
                    field.merge_key = field.merge_key.or(inside("merge"));
                }
            }
        }
        field
    }
}

impl Of {
    fn parse(text: &'static str) -> Of {
        let within = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
        if let Some(item) = within('[', ']') {
            return Of::List(Box::new(Of::parse(item)));
        }
        if let Some(value) = within('{', '}') {
            return Of::Map(Box::new(Of::parse(value)));
        }
        match text {
            "string" => Of::Text,
            "int" => Of::Int,
            "float" => Of::Float,
            "bool" => Of::Bool,
            "any" => Of::Any,
            "time" => Of::Time,
            "microtime" => Of::MicroTime,
            "quantity" => Of::Quantity,
            "int-or-string" => Of::IntOrText,
            "bytes" => Of::Bytes,
            name => Of::Object(name),
        }
    }

    /// The type as an error names it.
    fn name(&self) -> String {
        match self {
            Of::Text | Of::Bytes => "string".to_owned(),
            Of::Int => "int64".to_owned(),
            Of::Float => "float64".to_owned(),
            Of::Bool => "bool".to_owned(),
            Of::Any => "JSON".to_owned(),
            Of::Time => "Time".to_owned(),
            Of::MicroTime => "MicroTime".to_owned(),
            Of::Quantity => "Quantity".to_owned(),
            Of::IntOrText => "IntOrString".to_owned(),
            Of::Object(name) => (*name).to_owned(),
            Of::List(item) => format!("[]{}", item.name()),
            Of::Map(value) => format!("map[string]{}", value.name()),
        }
    }
}

/// An object read as a type: what is known of it, and the paths of what is not.
pub(crate) fn read(name: &str, object: &Value) -> Result<(Value, Vec<String>), String> {
    let mut unknown = Vec::new();
    let read = read_object(name, object, "", &mut unknown)?;
    Ok((read, unknown))
}

fn mismatch(value: &Value, path: &str, of: &Of) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {kind} into field {path} of type {}", of.name())
}

fn read_object(
    name: &str,
    object: &Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<Value, String> {
    let Some(fields) = types().get(name) else { return Ok(object.clone()) };
    let Value::Object(written) = object else {
        return Err(mismatch(object, if path.is_empty() { "." } else { path }, &Of::Any)
            .replace("JSON", name));
    };
    let mut read = Map::new();
    for (key, value) in written {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(field) = fields.get(key.as_str()) else {
            unknown.push(path);
            continue;
        };
        if value.is_null() {
            continue;
        }
        let value = read_value(&field.of, value, &path, unknown)?;
        // What is optional and empty is written as if it were not there.
        let empty = match (&value, &field.of) {
            (Value::Array(items), _) => items.is_empty(),
            (Value::Object(values), Of::Map(_)) => values.is_empty(),
            (Value::String(text), _) => text.is_empty() && name == "ObjectMeta",
            _ => false,
        };
        if !empty || field.required {
            read.insert(key.clone(), value);
        }
    }
    Ok(Value::Object(read))
}

fn read_value(
    of: &Of,
    value: &Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<Value, String> {
    let wrong = || mismatch(value, path, of);
    let parsed = |text: &str| {
        time::parse(text).ok_or_else(|| format!("parsing time \"{text}\" in {path}: not RFC 3339"))
    };
    match (of, value) {
        (Of::Bytes, Value::String(text)) => match STANDARD.decode(text) {
            Ok(_) => Ok(value.clone()),
            Err(_) => Err(format!("illegal base64 data in {path}")),
        },
        (Of::Any, _)
        | (Of::Text, Value::String(_))
        | (Of::Bool, Value::Bool(_))
        | (Of::Quantity | Of::IntOrText, Value::String(_)) => Ok(value.clone()),
        (Of::Quantity, Value::Number(number)) => Ok(number.to_string().into()),
        (Of::Float, Value::Number(_)) => Ok(whole_number(value)),
        (Of::Int | Of::IntOrText, Value::Number(_)) => {
            let whole = whole_number(value);
            if whole.is_i64() { Ok(whole) } else { Err(wrong()) }
        }
        (Of::Time, Value::String(text)) => Ok(time::seconds(parsed(text)?).into()),
        (Of::MicroTime, Value::String(text)) => Ok(time::micros(parsed(text)?).into()),
        (Of::Object(name), _) => read_object(name, value, path, unknown),
        (Of::List(of), Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| read_value(of, item, &format!("{path}[{index}]"), unknown))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array),
        (Of::Map(of), Value::Object(values)) => values
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| {
                Ok((key.clone(), read_value(of, value, &format!("{path}.{key}"), unknown)?))
            })
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        _ => Err(wrong()),
    }
}

/// A number that is written with a fraction and has none, as it is without.
fn whole_number(value: &Value) -> Value {
    // Beyond this not every whole number is one of these.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        Some(float) if value.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            format!("{float:.0}").parse::<i64>().map_or_else(|_| value.clone(), Value::from)
        }
        _ => value.clone(),
    }
}

/// How objects of a type are merged.
pub(crate) fn shape(name: &'static str) -> Shape {
    shape_of(name, &mut Vec::new())
}

fn shape_of(name: &'static str, above: &mut Vec<&'static str>) -> Shape {
    let Some(fields) = types().get(name) else { return Shape::Deduced };
    // A type within itself: a schema in a schema.
    if above.contains(&name) {
        return Shape::Deduced;
    }
    above.push(name);
    let shapes = fields.iter().map(|(name, field)| {
        let shape = if field.atomic { Shape::Atomic } else { value_shape(field, &field.of, above) };
        ((*name).to_owned(), shape)
    });
    let shape = Shape::Fields(shapes.collect());
    above.pop();
    shape
}

fn value_shape(field: &Field, of: &Of, above: &mut Vec<&'static str>) -> Shape {
    match of {
        Of::Object(name) => shape_of(name, above),
        Of::Map(of) => Shape::Values(Box::new(value_shape(field, of, above))),
        Of::List(of) => Shape::List(List {
            kind: field.list.clone(),
            merge_key: field.merge_key.map(str::to_owned),
            item: Box::new(match &**of {
                Of::Object(name) => shape_of(name, above),
                _ => Shape::Deduced,
            }),
        }),
        _ => Shape::Deduced,
    }
}

/// The OpenAPI schemas of a type and of every type in it, by name.
pub(crate) fn schemas(name: &'static str, into: &mut Map<String, Value>) {
    let Some(fields) = types().get(name) else { return };
    if into.contains_key(name) {
        return;
    }
    // Before its fields, one of which may be of this type.
    into.insert(name.to_owned(), Value::Null);
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, field)| ((*name).to_owned(), schema_of(&field.of, into)))
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    let required: Vec<&str> =
        fields.iter().filter(|(_, field)| field.required).map(|(name, _)| *name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    into.insert(name.to_owned(), schema);
}

fn schema_of(of: &Of, into: &mut Map<String, Value>) -> Value {
    match of {
        Of::Text => json!({"type": "string"}),
        Of::Quantity => json!({"type": "string"}),
        Of::Bytes => json!({"type": "string", "format": "byte"}),
        Of::Time | Of::MicroTime => json!({"type": "string", "format": "date-time"}),
        Of::IntOrText => json!({"format": "int-or-string", "x-kubernetes-int-or-string": true}),
        Of::Int => json!({"type": "integer", "format": "int64"}),
        Of::Float => json!({"type": "number", "format": "double"}),
        Of::Bool => json!({"type": "boolean"}),
        Of::Any => json!({}),
        Of::List(of) => json!({"type": "array", "items": schema_of(of, into)}),
        Of::Map(of) => json!({"type": "object", "additionalProperties": schema_of(of, into)}),
        Of::Object(name) => {
            schemas(name, into);
            json!({"$ref": format!("#/components/schemas/{name}")})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_a_field_names_is_there() {
        fn named(of: &Of) -> Option<&'static str> {
            match of {
                Of::Object(name) => Some(name),
                Of::List(of) | Of::Map(of) => named(of),
                _ => None,
            }
        }
        assert!(types().len() > 250);
        for (name, fields) in types() {
            for (field, of) in fields {
                let Some(of) = named(&of.of) else { continue };
                assert!(types().contains_key(of), "{name}.{field} is of {of}");
            }
        }
        for kind in crate::kinds::KINDS {
            assert!(types().contains_key(kind.type_name), "{}", kind.kind);
        }
    }

    #[test]
    fn objects_are_read_as_the_api_reads_them() {
        let read = |object: Value| read("NetworkPolicy", &object);
        let (object, unknown) = read(json!({
            "metadata": {"name": "a", "labels": {}, "namespace": "", "creationTimestamp": null},
            "spec": {
                "podSelector": {},
                "ingress": [],
                "egress": [{"ports": [{"port": 80.0, "other": 1}]}],
                "extra": true,
            },
        }))
        .unwrap();
        assert_eq!(
            object,
            json!({
                "metadata": {"name": "a"},
                "spec": {"podSelector": {}, "egress": [{"ports": [{"port": 80}]}]},
            })
        );
        assert_eq!(unknown, ["spec.egress[0].ports[0].other", "spec.extra"]);
        let error = read(json!({"spec": {"ingress": "x"}})).unwrap_err();
        assert_eq!(
            error,
            "json: cannot unmarshal string into field spec.ingress of type \
             []NetworkPolicyIngressRule"
        );
        assert!(read(json!({"metadata": {"creationTimestamp": "yesterday"}})).is_err());
        assert!(read(json!({"metadata": {"generation": 1.5}})).is_err());
    }

    #[test]
    fn a_schema_within_a_schema_has_a_shape() {
        assert!(matches!(shape("CustomResourceDefinition"), Shape::Fields(_)));
    }
}
