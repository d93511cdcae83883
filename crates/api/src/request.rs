//! What somebody asks for, and what the controller answers.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::decision::Verdict;
use crate::endpoint::{Endpoint, Hop, Port};
use crate::identity::{Identity, PolicyRef};
use crate::plan::Plan;
use crate::rules;
use crate::status::Phase;

/// A request for a path under a policy. It never changes.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessRequest",
    plural = "accessrequests",
    namespaced,
    status = "AccessRequestStatus",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "A request for a path under a policy. It never changes.",
    category = "access",
    shortname = "accessreq",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Policy", type_ = "string", json_path = ".spec.policyRef.name"),
    printcolumn(name = "Requester", type_ = "string", json_path = ".spec.requestedBy.username"),
    printcolumn(name = "Ticket", type_ = "string", json_path = ".spec.ticket"),
    printcolumn(name = "Grant", type_ = "string", json_path = ".status.grantRef.name"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::REQUEST))]
pub struct AccessRequestSpec {
    /// The policy that allows it.
    pub policy_ref: PolicyRef,
    /// Who asks: exactly the caller.
    pub requested_by: Identity,
    /// Where the path starts: one of the policy's, or narrower.
    pub from: Endpoint,
    /// What it passes through, where the policy has a hop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Hop>,
    /// Where it ends: the policy's, or narrower.
    pub to: Endpoint,
    /// On which ports: some of the policy's.
    #[schemars(length(min = 1, max = 16))]
    pub ports: Vec<Port>,
    /// For how long. Where it is absent: the policy's default; with `until`, the
    /// policy's longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::int64::<30, 604800>")]
    pub duration_seconds: Option<i64>,
    /// What ends it before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// When it opens at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub not_before: Option<Time>,
    /// Why.
    #[schemars(schema_with = "bounds::text::<512>")]
    pub reason: String,
    /// For which ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::ticket")]
    pub ticket: Option<String>,
    /// In which incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_ref: Option<IncidentRef>,
    /// Open now, and be reviewed afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
    /// The grant that this one follows, with objects of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<Extends>,
}

/// What ends a grant before its time; the longest duration is armed all the
/// same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Until {
    /// The request's ticket is closed.
    TicketClosed,
    /// The request's incident is resolved.
    IncidentResolved,
}

/// An AccessIncident of the request's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentRef {
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid, so that another one of that name does not count.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
}

/// The grant that an extension follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Extends {
    /// The name of the AccessGrant.
    #[schemars(schema_with = "bounds::name")]
    pub grant: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
}

/// What became of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessRequestStatus {
    /// Where it stands.
    #[serde(default)]
    pub phase: Phase,
    /// Why it stands there, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::message")]
    pub message: Option<String>,
    /// What would be done, and what that changes. Written once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// SHA-256 of the plan's RFC 8785 JSON. Written once; approvals quote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::digest")]
    pub plan_hash: Option<String>,
    /// When it expires undecided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub approval_expires_at: Option<Time>,
    /// The decisions that were seen, in the order in which they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub decisions: Vec<CountedDecision>,
    /// What was asked of rota and ticket source, when it was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub evidence: Vec<Evidence>,
    /// The grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_ref: Option<GrantRef>,
    /// How far it is: see `names::condition`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Vec<Condition>,
}

/// A decision, and whether it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedDecision {
    /// The namespace of the AccessDecision.
    #[schemars(schema_with = "bounds::namespace")]
    pub namespace: String,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
    /// What was decided.
    pub verdict: Verdict,
    /// The user name of who decided.
    #[schemars(schema_with = "bounds::principal")]
    pub decided_by: String,
    /// When.
    #[schemars(schema_with = "bounds::time")]
    pub decided_at: Time,
    /// Whether it counts.
    pub counted: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::message")]
    pub why_not: Option<String>,
}

/// What a source said when it was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What was asked.
    pub kind: EvidenceKind,
    /// Of whom: the rota's name, the ticket's id.
    #[schemars(schema_with = "bounds::text::<256>")]
    pub source: String,
    /// When.
    #[schemars(schema_with = "bounds::time")]
    pub taken_at: Time,
    /// SHA-256 of the answer as it was read.
    #[schemars(schema_with = "bounds::digest")]
    pub digest: String,
    /// The answer in a few words.
    #[schemars(schema_with = "bounds::message")]
    pub summary: String,
}

/// What was asked for evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EvidenceKind {
    /// Who is on call.
    OnCall,
    /// Whether a ticket is open.
    Ticket,
}

/// An AccessGrant beside the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantRef {
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
}
