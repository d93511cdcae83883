//! Who, and by which policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;

/// A user as the API server sees the caller of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The user name.
    #[schemars(schema_with = "bounds::principal")]
    pub username: String,
    /// The user's uid; empty where the authenticator gives none. An empty uid
    /// neither matches nor distinguishes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(schema_with = "bounds::principal")]
    pub uid: String,
    /// The groups at that time. Not part of who somebody is, and left out where
    /// an identity is quoted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "bounds::principals::<256>")]
    pub groups: Vec<String>,
}

/// The policy that a request is made under. An AccessPolicy is one of the
/// request's own namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// AccessPolicy or ClusterAccessPolicy.
    pub kind: PolicyKind,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
}

/// Where a policy applies.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicyKind {
    /// In its own namespace.
    AccessPolicy,
    /// In every namespace in which somebody holds a verb on it.
    ClusterAccessPolicy,
}

impl PolicyKind {
    /// The resource that rights are asked on.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            PolicyKind::AccessPolicy => "accesspolicies",
            PolicyKind::ClusterAccessPolicy => "clusteraccesspolicies",
        }
    }
}
