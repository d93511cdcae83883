//! What was opened, and until when.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds;
use crate::decision::RequestRef;
use crate::identity::Identity;
use crate::plan::{Effect, NarrowedRequest, PlannedPolicy};
use crate::rules;
use crate::status::{ClosedBy, EndReason, Phase};

/// A path that is open, was, or is about to be. The controller alone writes it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessGrant",
    plural = "accessgrants",
    namespaced,
    status = "AccessGrantStatus",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "A path that is open, was, or is about to be. The controller alone writes it.",
    category = "access",
    shortname = "accessgr",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Requester", type_ = "string", json_path = ".spec.requestedBy.username"),
    printcolumn(name = "Policy", type_ = "string", json_path = ".spec.policy.name"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expiresAt"),
    printcolumn(name = "Ended", type_ = "string", json_path = ".status.endReason"),
    printcolumn(name = "Ticket", type_ = "string", json_path = ".spec.ticket", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::GRANT))]
pub struct AccessGrantSpec {
    /// The request.
    pub request_ref: RequestRef,
    /// The requester, quoted.
    pub requested_by: Identity,
    /// The policy, at the generation that was approved.
    pub policy: PlannedPolicy,
    /// The plan that was approved.
    #[schemars(schema_with = "bounds::digest")]
    pub plan_hash: String,
    /// What was approved: the plan's request, narrowed by every decision.
    pub approved: NarrowedRequest,
    /// What was approved to change; opening anything beyond it ends the grant.
    pub effect: Effect,
    /// The NetworkPolicies to create, once their switches are armed.
    #[schemars(schema_with = "bounds::objects::<16>")]
    pub policies: Vec<Value>,
    /// The namespaces of those policies, each with a switch of its own.
    #[schemars(schema_with = "bounds::namespaces::<4>")]
    pub namespaces: Vec<String>,
    /// The request's ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::ticket")]
    pub ticket: Option<String>,
    /// Whether it opened before anybody agreed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
}

/// How a grant goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessGrantStatus {
    /// Where it stands.
    #[serde(default)]
    pub phase: Phase,
    /// Why it stands there, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::message")]
    pub message: Option<String>,
    /// What it opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub objects: Vec<ManagedObject>,
    /// What closes it when nobody else does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub switches: Vec<Switch>,
    /// When it ends at the latest: the earliest deadline of its switches.
    /// Written once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub expires_at: Option<Time>,
    /// When it was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub activated_at: Option<Time>,
    /// When everything that it had opened was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub ended_at: Option<Time>,
    /// Why it ended, or is ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<EndReason>,
    /// Who deleted what it had opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<ClosedBy>,
    /// When a review of break-glass is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub review_due_at: Option<Time>,
    /// What holds: see `names::condition`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Vec<Condition>,
}

/// An object that belongs to a grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedObject {
    /// Its namespace.
    #[schemars(schema_with = "bounds::namespace")]
    pub namespace: String,
    /// Its kind.
    #[schemars(schema_with = "bounds::word")]
    pub kind: String,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
}

/// A Job that ends a grant at its deadline whatever else becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Switch {
    /// Its namespace.
    #[schemars(schema_with = "bounds::namespace")]
    pub namespace: String,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
    /// When its clock started, by the control plane; absent until it is armed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub start_time: Option<Time>,
    /// When it fires; absent until it is armed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub deadline: Option<Time>,
}
