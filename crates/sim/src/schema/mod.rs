//! Custom resources by the schemas of their CustomResourceDefinitions.

mod defaults;
mod error;
mod format;
mod node;
mod rules;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use error::FieldError;

use crate::memo::Memo;
use node::Node;

/// The schemas of a CustomResourceDefinition, by version.
#[derive(Clone, Debug)]
pub struct Crd(Arc<Versions>);

#[derive(Debug)]
struct Versions {
    schemas: BTreeMap<String, Node>,
    /// The version in which objects are stored.
    storage: String,
}

impl Crd {
    /// Reads a CustomResourceDefinition, or says why the server would not take
    /// it. A keyword or format that is not supported here is among the reasons,
    /// and so is a rule that does not compile.
    pub fn parse(crd: &Value) -> Result<Crd, Vec<FieldError>> {
        static PARSED: Memo<Result<Arc<Versions>, Vec<FieldError>>> = Memo::new();
        let versions = &crd["spec"]["versions"];
        let parsed = PARSED.get(versions.to_string(), || read(versions).map(Arc::new));
        (*parsed).clone().map(Crd)
    }

    /// Drops what the schema does not know, and fills in its defaults. What was
    /// dropped is returned by its path, in order, for requests that want to know.
    pub fn default_and_prune(&self, object: &mut Value) -> Vec<String> {
        let Some(schema) = self.schema(object) else { return Vec::new() };
        let unknown = defaults::prune(schema, object);
        defaults::fill_in(schema, object);
        unknown
    }

    /// What is wrong with an object that was [defaulted and
    /// pruned](Crd::default_and_prune); `old` is what it replaces. What an update
    /// leaves alone is not wrong, even where the schema would not take it any
    /// more.
    pub fn validate(&self, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let Some(schema) = self.schema(new) else { return Vec::new() };
        let mut errors = validate::validate(schema, new, old);
        // Repetitions that were there before are not held against an update.
        if old.is_none_or(|old| validate::list_types(schema, old).is_empty()) {
            errors.extend(validate::list_types(schema, new));
        }
        if errors.iter().any(FieldError::blocks_rules) {
            errors.push(FieldError::invalid(
                "",
                &Value::Null,
                "some validation rules were not checked because the object was invalid; correct \
                 the existing errors to complete validation",
            ));
            return errors;
        }
        rules::validate(schema, new, old, &mut errors);
        errors
    }

    /// The schema of the version that an object names.
    fn schema(&self, object: &Value) -> Option<&Node> {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let version = version.rsplit_once('/').map_or(version, |(_, version)| version);
        let schemas = &self.0.schemas;
        schemas.get(version).or_else(|| schemas.get(&self.0.storage))
    }
}

fn read(versions: &Value) -> Result<Versions, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut schemas = BTreeMap::new();
    let mut storage = None;
    for (at, version) in versions.as_array().into_iter().flatten().enumerate() {
        let path = format!("spec.versions[{at}]");
        let Some(name) = version["name"].as_str() else {
            errors.push(FieldError::required(&format!("{path}.name"), ""));
            continue;
        };
        if version["storage"] == true && storage.replace(name.to_owned()).is_some() {
            errors.push(FieldError::invalid(
                "spec.versions",
                versions,
                "must have exactly one version marked as storage version",
            ));
        }
        let path = format!("{path}.schema.openAPIV3Schema");
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_null() {
            errors.push(FieldError::required(&path, "schemas are required"));
            continue;
        }
        schemas.insert(name.to_owned(), node::read(schema, &path, &mut errors));
    }
    let Some(storage) = storage else {
        errors.push(FieldError::invalid(
            "spec.versions",
            versions,
            "must have exactly one version marked as storage version",
        ));
        return Err(errors);
    };
    if errors.is_empty() { Ok(Versions { schemas, storage }) } else { Err(errors) }
}
