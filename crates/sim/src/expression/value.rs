//! Objects as values of expressions.

use std::collections::HashMap;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
};
use cel::common::value::{CowVal, Val};
use serde_json::{Number, Value};

use super::library;

/// What a schema says of a value, as far as expressions see it differently.
pub(crate) trait Shape {
    /// The schema of a property, with the name that expressions have for it;
    /// none where the schema does not name the property.
    fn property(&self, name: &str) -> Option<(&str, &dyn Shape)>;

    /// The schema of the elements of a list or of the values of a map.
    fn element(&self) -> Option<&dyn Shape>;

    /// What a number or a text stands for.
    fn scalar(&self) -> Scalar;

    /// Sorts the elements of a list whose order means nothing, so that equal
    /// lists are equal.
    fn sort(&self, elements: &mut Vec<&Value>);
}

/// What a number or a text stands for, by its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// What it looks like.
    Plain,
    /// A floating number, be it whole.
    Double,
    /// A point in time, as RFC 3339 writes it.
    Timestamp,
    /// The start of a day, in UTC.
    Date,
}

/// A value of which no schema is known.
pub(super) fn untyped<'v>(value: &'v Value) -> Box<dyn Val + 'v> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(value) => Box::new(CelBool::from(*value)),
        Value::Number(number) => self::number(number),
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(elements) => {
            let elements: Vec<Box<dyn Val + 'v>> = elements.iter().map(untyped).collect();
            Box::new(CelList::from(elements))
        }
        Value::Object(fields) => {
            map(fields.iter().map(|(name, value)| (name.as_str().into(), untyped(value))))
        }
    }
}

/// A value of a schema. What the schema does not name keeps its own name, so
/// that it counts when objects are compared; no expression can name it.
pub(super) fn shaped<'v>(value: &'v Value, shape: &dyn Shape) -> Box<dyn Val + 'v> {
    match value {
        Value::Number(number) if shape.scalar() == Scalar::Double => {
            Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN)))
        }
        Value::String(text) => match shape.scalar() {
            Scalar::Timestamp => timestamp(text.clone()),
            Scalar::Date => timestamp(format!("{text}T00:00:00Z")),
            Scalar::Plain | Scalar::Double => untyped(value),
        },
        Value::Array(elements) => {
            let mut elements: Vec<&Value> = elements.iter().collect();
            shape.sort(&mut elements);
            let elements: Vec<Box<dyn Val + 'v>> = elements
                .into_iter()
                .map(|value| match shape.element() {
                    Some(shape) => shaped(value, shape),
                    None => untyped(value),
                })
                .collect();
            Box::new(CelList::from(elements))
        }
        Value::Object(fields) => {
            map(fields.iter().map(|(name, value)| match (shape.property(name), shape.element()) {
                (Some((name, shape)), _) => {
                    (CelString::from(name.to_owned()), shaped(value, shape))
                }
                (None, Some(shape)) => (name.as_str().into(), shaped(value, shape)),
                (None, None) => (name.as_str().into(), untyped(value)),
            }))
        }
        other => untyped(other),
    }
}

/// The library's own value for a time. What is no time stays a text; its format
/// is checked before any rule is.
fn timestamp<'v>(text: String) -> Box<dyn Val + 'v> {
    let text = CowVal::owned(CelString::from(text));
    let parse = library::environment().find_overload("timestamp", std::slice::from_ref(&text));
    match parse.map(|parse| parse(vec![text.clone()])) {
        Some(Ok(time)) => time.into_owned(),
        _ => text.into_owned(),
    }
}

fn map<'v>(entries: impl Iterator<Item = (CelString<'v>, Box<dyn Val + 'v>)>) -> Box<dyn Val + 'v> {
    let entries: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> =
        entries.map(|(key, value)| (CelMapKey::String(key), value)).collect();
    Box::new(CelMap::from(entries))
}

/// Whole numbers are `int`; those too large for it are floating, as the server
/// reads them.
fn number<'v>(number: &Number) -> Box<dyn Val + 'v> {
    match number.as_i64() {
        Some(number) => Box::new(CelInt::from(number)),
        None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
    }
}
