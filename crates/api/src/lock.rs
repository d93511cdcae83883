//! Locks, which stop what is open and what would be.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::identity::{Identity, PolicyRef};
use crate::rules;

/// Stops grants of its namespace: open ones end, and none opens until it
/// expires or is deleted. It never changes. Exactly one of `user`, `policyRef`
/// and `all` says whose.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessLock",
    plural = "accesslocks",
    namespaced,
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "Stops grants of its namespace: open ones end, and none opens.",
    category = "access",
    shortname = "accesslk",
    printcolumn(name = "User", type_ = "string", json_path = ".spec.user"),
    printcolumn(name = "Policy", type_ = "string", json_path = ".spec.policyRef.name"),
    printcolumn(name = "All", type_ = "boolean", json_path = ".spec.all"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".spec.expiresAt"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.lockedBy.username"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::LOCK))]
pub struct AccessLockSpec {
    /// Who locks: exactly the caller.
    pub locked_by: Identity,
    /// Grants of this requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::principal")]
    pub user: Option<String>,
    /// Grants under this policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_ref: Option<PolicyRef>,
    /// Every grant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Until when; until it is deleted where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub expires_at: Option<Time>,
    /// Why.
    #[schemars(schema_with = "bounds::text::<512>")]
    pub reason: String,
}

/// An AccessLock on every namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "ClusterAccessLock",
    plural = "clusteraccesslocks",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "Stops grants of every namespace: open ones end, and none opens.",
    category = "access",
    shortname = "caccesslk",
    printcolumn(name = "User", type_ = "string", json_path = ".spec.user"),
    printcolumn(name = "Policy", type_ = "string", json_path = ".spec.policyRef.name"),
    printcolumn(name = "All", type_ = "boolean", json_path = ".spec.all"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".spec.expiresAt"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.lockedBy.username"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(transparent)]
pub struct ClusterAccessLockSpec(pub AccessLockSpec);
