//! What somebody decided about a request.

use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::endpoint::{Endpoint, Port};
use crate::identity::{Identity, PolicyRef};
use crate::rules;

/// One person's decision about a request. It never changes, and it has no
/// status: whether it counts stands with the request.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessDecision",
    plural = "accessdecisions",
    namespaced,
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "One person's decision about a request. It never changes.",
    category = "access",
    shortname = "accessdec",
    printcolumn(name = "Request", type_ = "string", json_path = ".spec.requestRef.name"),
    printcolumn(name = "Verdict", type_ = "string", json_path = ".spec.verdict"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.decidedBy.username"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::DECISION))]
pub struct AccessDecisionSpec {
    /// The request. In its own namespace or, where a path has ends in two, in
    /// the other one.
    pub request_ref: RequestRef,
    /// The request's policy, quoted: rights are asked on it.
    pub policy_ref: PolicyRef,
    /// The requester, quoted: nobody approves their own request.
    pub requested_by: Identity,
    /// Who decides: exactly the caller.
    pub decided_by: Identity,
    /// What is decided.
    pub verdict: Verdict,
    /// The plan that is approved; with `Approved` always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::digest")]
    pub plan_hash: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::text::<512>")]
    pub reason: Option<String>,
    /// Approved for this long at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::int64::<30, 604800>")]
    pub duration_seconds: Option<i64>,
    /// Approved from there only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Endpoint>,
    /// Approved to there only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Endpoint>,
    /// Approved on these ports only; on all that were asked for where it is
    /// empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub ports: Vec<Port>,
}

/// An AccessRequest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestRef {
    /// Its namespace.
    #[schemars(schema_with = "bounds::namespace")]
    pub namespace: String,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
}

/// What somebody decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Verdict {
    /// Agreed to, as planned or narrower. Needs the verb `approve`, and somebody
    /// other than the requester.
    Approved,
    /// Refused; wins over every approval. Needs the verb `approve`.
    Denied,
    /// Taken back or given back by the requester.
    Withdrawn,
    /// Ended. Needs the verb `revoke`, or to be the requester.
    Revoked,
    /// Break-glass, looked at afterwards. Needs the verb `revoke`, and somebody
    /// other than the requester.
    Reviewed,
}
