//! The definitions of our kinds.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
    ValidationRule,
};
use kube_core::CustomResourceExt as _;

use crate::rules::{self, Rule};
use crate::{
    AccessConfig, AccessDecision, AccessGrant, AccessIncident, AccessLock, AccessPolicy,
    AccessRequest, ClusterAccessLock, ClusterAccessPolicy,
};

/// The definition of every kind.
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![
        finish(AccessConfig::crd(), rules::CONFIG_ROOT),
        finish(AccessDecision::crd(), &[]),
        finish(AccessGrant::crd(), rules::GRANT_ROOT),
        finish(AccessIncident::crd(), &[]),
        finish(AccessLock::crd(), &[]),
        finish(AccessPolicy::crd(), &[]),
        finish(AccessRequest::crd(), rules::REQUEST_ROOT),
        finish(ClusterAccessLock::crd(), &[]),
        finish(ClusterAccessPolicy::crd(), &[]),
    ]
}

/// Adds the rules of whole objects, which the types of their parts cannot carry.
fn finish(mut definition: CustomResourceDefinition, root: &[Rule]) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut());
        if let Some(schema) = schema {
            not_null(schema);
            if !root.is_empty() {
                schema.x_kubernetes_validations = Some(root.iter().map(rule).collect());
            }
        }
    }
    definition
}

fn rule(rule: &Rule) -> ValidationRule {
    ValidationRule {
        rule: rule.rule.to_owned(),
        message: Some(rule.message.to_owned()),
        ..ValidationRule::default()
    }
}

/// An optional field is absent, not null: the API server drops a null where the
/// schema does not allow it, so that rules need not think of it.
fn not_null(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    for property in schema.properties.iter_mut().flat_map(|properties| properties.values_mut()) {
        not_null(property);
    }
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => not_null(items),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(not_null),
        None => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        not_null(values);
    }
}
