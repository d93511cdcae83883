//! From the bytes of a body to an object that can be stored.

use std::sync::Arc;

use serde_json::Value;

use super::protobuf;
use crate::kinds::{self, types};
use crate::object;
use crate::registry::{Nature, Resource};
use crate::status::Refusal;

/// The media types of bodies.
const ACCEPTED: &str = "application/json, application/yaml";

/// What becomes of fields that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

impl FieldValidation {
    pub(crate) fn parse(text: &str) -> Result<FieldValidation, Refusal> {
        match text {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(Refusal::bad_request(format!(
                "fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \
                 \"Warn\", \"Strict\""
            ))),
        }
    }
}

/// Reads a body in whichever form it is written.
pub(crate) fn document(body: &[u8], media_type: &str, kind: &str) -> Result<Value, Refusal> {
    let read = match media_type {
        "" | "application/json" => {
            serde_json::from_slice(body).map_err(|error| format!("json parse error: {error}"))
        }
        "application/yaml" => yaml(body).map_err(|error| format!("yaml parse error: {error}")),
        "application/vnd.kubernetes.protobuf" => {
            return protobuf::read(body).map_err(|why| {
                let mut refusal = Refusal::unsupported_media_type(ACCEPTED);
                refusal.message = format!("{}: {why}", refusal.message);
                refusal
            });
        }
        _ => return Err(Refusal::unsupported_media_type(ACCEPTED)),
    };
    read.map_err(|error| {
        let start: String = String::from_utf8_lossy(body).chars().take(30).collect();
        Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get \
             version/kind; {error} ({start} ...)"
        ))
    })
}

/// Reads YAML, of which JSON is a part.
pub(super) fn yaml(body: &[u8]) -> Result<Value, String> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// Turns what a client wrote into what is stored, with a warning for each field
/// that was dropped.
pub(crate) fn object(
    resource: &Resource,
    mut value: Value,
    validation: FieldValidation,
) -> Result<(Value, Vec<String>), Refusal> {
    type_of(resource, &mut value)?;
    let unusable = |why: &str| {
        Refusal::bad_request(format!(
            "{kind} in version \"{}\" cannot be handled as a {kind}: {why}",
            resource.version,
            kind = resource.kind
        ))
    };
    if !matches!(value["metadata"], Value::Object(_) | Value::Null) {
        return Err(unusable("metadata must be an object"));
    }
    object::metadata(&mut value);
    let (mut value, unknown) = match &resource.nature {
        Nature::BuiltIn(kind) => {
            types::read(kind.type_name, &value).map_err(|why| unusable(&why))?
        }
        Nature::Custom(custom) => {
            let (metadata, unknown) =
                types::read("ObjectMeta", &value["metadata"]).map_err(|why| unusable(&why))?;
            let mut unknown: Vec<String> =
                unknown.into_iter().map(|path| format!("metadata.{path}")).collect();
            let fields = object::into_fields(&mut value);
            fields.insert("metadata".to_owned(), metadata);
            unknown.extend(custom.crd.default_and_prune(&mut value));
            let stored = object::api_version(&resource.group, &custom.storage);
            object::into_fields(&mut value).insert("apiVersion".to_owned(), stored.into());
            (value, unknown)
        }
    };
    let unknown: Vec<String> =
        unknown.into_iter().map(|path| format!("unknown field \"{path}\"")).collect();
    if !unknown.is_empty() && validation == FieldValidation::Strict {
        return Err(unusable(&format!("strict decoding error: {}", unknown.join(", "))));
    }
    if let Nature::BuiltIn(kind) = &resource.nature {
        if kind.group == "events.k8s.io" {
            kinds::event_to_stored(&mut value);
        }
        kind.default(&mut value);
    }
    let warnings = if validation == FieldValidation::Warn { unknown } else { Vec::new() };
    Ok((value, warnings))
}

/// An object as a client of the resource is to see it.
pub(crate) fn present(resource: &Resource, stored: &Arc<Value>) -> Value {
    let mut value = Value::clone(stored);
    match &resource.nature {
        Nature::BuiltIn(kind) if kind.group == "events.k8s.io" => {
            kinds::event_from_stored(&mut value);
        }
        Nature::Custom(custom) if custom.storage != resource.version => {
            object::into_fields(&mut value)
                .insert("apiVersion".to_owned(), resource.api_version().into());
        }
        _ => {}
    }
    value
}

/// Checks `apiVersion` and `kind`. A built-in object may leave them out.
fn type_of(resource: &Resource, value: &mut Value) -> Result<(), Refusal> {
    let unrecognized = |value: &Value, why: &str| {
        let text = value.to_string();
        let start: String = text.chars().take(30).collect();
        Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {why} ({start} ...)",
            resource.kind
        ))
    };
    if !value.is_object() {
        return Err(unrecognized(value, "not an object"));
    }
    let custom = resource.custom().is_some();
    for (key, expected) in [("kind", resource.kind.clone()), ("apiVersion", resource.api_version())]
    {
        let found = value[key].as_str().unwrap_or_default().to_owned();
        if found.is_empty() {
            if custom {
                let field = if key == "kind" { "Kind" } else { "apiVersion" };
                let why = format!("Object '{field}' is missing in '{value}'");
                return Err(unrecognized(value, &why));
            }
            object::into_fields(value).insert(key.to_owned(), expected.into());
        } else if found != expected {
            let version = value["apiVersion"].as_str().unwrap_or_default();
            return Err(Refusal::bad_request(if key == "kind" {
                format!(
                    "{found} in version \"{}\" cannot be handled as a {expected}: unknown \
                     conversion",
                    object::version_of(version)
                )
            } else {
                format!(
                    "the API version in the data ({found}) does not match the expected API version \
                     ({expected})"
                )
            }));
        }
    }
    Ok(())
}
