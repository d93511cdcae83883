//! How the parts of an object are merged: which lists are keyed, which objects
//! are replaced whole. Server-side apply and strategic merge patches go by it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kinds::types;
use crate::registry::{Nature, Resource};

/// How one value is merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Shape {
    /// By what it is: objects field by field, everything else whole.
    #[default]
    Deduced,
    /// Whole, whatever it is.
    Atomic,
    /// Field by field, each by its shape; others are [`Shape::Deduced`].
    Fields(BTreeMap<String, Shape>),
    /// An object of values that all have one shape.
    Values(Box<Shape>),
    /// A list.
    List(List),
}

/// How a list is merged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List {
    /// Who owns what of it.
    pub(crate) kind: ListKind,
    /// By which key a strategic merge patch finds an item; empty where the
    /// items are values themselves, none where the list is replaced.
    pub(crate) merge_key: Option<String>,
    /// How its items are merged.
    pub(crate) item: Box<Shape>,
}

/// The `x-kubernetes-list-type`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ListKind {
    /// Owned whole.
    Atomic,
    /// Each value has its owners.
    Set,
    /// Each item has its owners and is known by these fields, which may have
    /// defaults.
    Map(Vec<(String, Option<Value>)>),
}

impl Shape {
    /// The shape of a field.
    pub(crate) fn field(&self, name: &str) -> &Shape {
        match self {
            Shape::Fields(fields) => fields.get(name).unwrap_or(&Shape::Deduced),
            Shape::Values(shape) => shape,
            Shape::Atomic => &Shape::Atomic,
            Shape::Deduced | Shape::List(_) => &Shape::Deduced,
        }
    }

    /// The shape of objects of a resource.
    pub(crate) fn of(resource: &Resource) -> Shape {
        let mut shape = match &resource.nature {
            Nature::BuiltIn(kind) => types::shape(kind.type_name),
            Nature::Custom(custom) => from_schema(&custom.version["schema"]["openAPIV3Schema"]),
        };
        if !matches!(shape, Shape::Fields(_)) {
            shape = Shape::Fields(BTreeMap::new());
        }
        if let Shape::Fields(fields) = &mut shape {
            fields.insert("metadata".to_owned(), types::shape("ObjectMeta"));
        }
        shape
    }
}

/// The shape that a structural schema gives.
fn from_schema(schema: &Value) -> Shape {
    if schema["x-kubernetes-map-type"] == "atomic" {
        return Shape::Atomic;
    }
    match schema["type"].as_str() {
        Some("object") => match (&schema["properties"], &schema["additionalProperties"]) {
            (Value::Object(properties), _) => Shape::Fields(
                properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), from_schema(schema)))
                    .collect(),
            ),
            (_, values @ Value::Object(_)) => Shape::Values(Box::new(from_schema(values))),
            _ => Shape::Deduced,
        },
        Some("array") => {
            let item = from_schema(&schema["items"]);
            let kind = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => ListKind::Map(
                    crate::object::texts(&schema["x-kubernetes-list-map-keys"])
                        .into_iter()
                        .map(|key| {
                            let default = schema["items"]["properties"][key].get("default");
                            (key.to_owned(), default.cloned())
                        })
                        .collect(),
                ),
                _ => ListKind::Atomic,
            };
            Shape::List(List { kind, merge_key: None, item: Box::new(item) })
        }
        _ => Shape::Deduced,
    }
}
