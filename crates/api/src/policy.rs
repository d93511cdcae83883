//! What may be requested, by rule.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::endpoint::{Endpoint, Hop, Port};
use crate::rules;

/// A path that may be requested, and under which conditions. It lives in the
/// namespace of its target; where the target is an address range, in that of
/// the source.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessPolicy",
    plural = "accesspolicies",
    namespaced,
    status = "AccessPolicyStatus",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "A path that may be requested, and under which conditions.",
    category = "access",
    shortname = "accesspol",
    printcolumn(name = "Owner", type_ = "string", json_path = ".spec.owner.team"),
    printcolumn(name = "Max", type_ = "integer", json_path = ".spec.maxDurationSeconds"),
    printcolumn(name = "Approval", type_ = "string", json_path = ".spec.approval.mode"),
    printcolumn(name = "Enabled", type_ = "string", json_path = ".spec.enabled"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::POLICY))]
pub struct AccessPolicySpec {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::text::<512>")]
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Owner,
    /// Where a path may start. A request picks one entry and may narrow it.
    #[schemars(length(min = 1, max = 16))]
    pub from: Vec<Endpoint>,
    /// What a path passes through, where it has two legs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Hop>,
    /// Where a path ends.
    pub to: Endpoint,
    /// On which ports.
    #[schemars(length(min = 1, max = 16))]
    pub ports: Vec<Port>,
    /// The longest that a grant may last.
    #[schemars(schema_with = "bounds::int64::<30, 604800>")]
    pub max_duration_seconds: i64,
    /// How long a grant lasts when the request does not say; the longest where
    /// this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::int64::<30, 604800>")]
    pub default_duration_seconds: Option<i64>,
    /// How long a request waits for a decision before it expires.
    #[serde(default = "an_hour")]
    #[schemars(schema_with = "bounds::int64::<60, 604800>")]
    pub pending_seconds: i64,
    /// How wide, and for how long in all.
    #[serde(default)]
    pub limits: Limits,
    /// Who must agree.
    #[serde(default)]
    pub approval: Approval,
    /// Whether a request needs a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketRule>,
    /// When it may be requested.
    #[serde(default)]
    pub enabled: Enabled,
    /// What becomes of a request whose effect is not wholly known.
    #[serde(default)]
    pub unknown_effect: UnknownEffect,
    /// Opening before anybody agreed; not possible where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
}

/// An AccessPolicy for every namespace in which somebody holds a verb on it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "ClusterAccessPolicy",
    plural = "clusteraccesspolicies",
    status = "AccessPolicyStatus",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "An AccessPolicy for every namespace in which somebody holds a verb on it.",
    category = "access",
    shortname = "caccesspol",
    printcolumn(name = "Owner", type_ = "string", json_path = ".spec.owner.team"),
    printcolumn(name = "Max", type_ = "integer", json_path = ".spec.maxDurationSeconds"),
    printcolumn(name = "Approval", type_ = "string", json_path = ".spec.approval.mode"),
    printcolumn(name = "Enabled", type_ = "string", json_path = ".spec.enabled"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(transparent)]
pub struct ClusterAccessPolicySpec(pub AccessPolicySpec);

/// Who answers for a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The team.
    #[schemars(schema_with = "bounds::text::<64>")]
    pub team: String,
    /// Where it is reached: a channel, an address.
    #[schemars(schema_with = "bounds::text::<256>")]
    pub contact: String,
}

/// How wide a grant may be, and for how long one may be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// The most pods that may be opened towards.
    #[schemars(schema_with = "bounds::int32::<1, 1000>")]
    pub max_targets: i32,
    /// The most pods that may be opened from.
    #[schemars(schema_with = "bounds::int32::<1, 1000>")]
    pub max_sources: i32,
    /// The widest IPv4 range, as its prefix length.
    #[schemars(schema_with = "bounds::int32::<8, 32>")]
    pub min_prefix_length: i32,
    /// The widest IPv6 range, as its prefix length.
    #[serde(rename = "minPrefixLengthIPv6")]
    #[schemars(schema_with = "bounds::int32::<32, 128>")]
    pub min_prefix_length_ipv6: i32,
    /// The longest that a grant may last with all its extensions.
    #[schemars(schema_with = "bounds::int64::<30, 2592000>")]
    pub max_total_seconds: i64,
    /// How often a grant may be extended.
    #[schemars(schema_with = "bounds::int32::<0, 100>")]
    pub max_renewals: i32,
}

impl Default for Limits {
    /// Narrow: a handful of pods, a /24, a working day.
    fn default() -> Limits {
        Limits {
            max_targets: 5,
            max_sources: 5,
            min_prefix_length: 24,
            min_prefix_length_ipv6: 64,
            max_total_seconds: 28_800,
            max_renewals: 3,
        }
    }
}

/// Who must agree to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Approval {
    /// Whether people must.
    pub mode: ApprovalMode,
    /// How many different people must approve, where there are no stages.
    #[schemars(schema_with = "bounds::int32::<1, 10>")]
    pub approvals: i32,
    /// Groups of people that must each agree. Where there are any, they replace
    /// `approvals`; nobody counts in two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 8),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub stages: Vec<Stage>,
    /// What being on call changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_call: Option<OnCall>,
}

impl Default for Approval {
    /// One person must agree.
    fn default() -> Approval {
        Approval { mode: ApprovalMode::Required, approvals: 1, stages: Vec::new(), on_call: None }
    }
}

/// Whether people must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApprovalMode {
    /// They must.
    #[default]
    Required,
    /// The policy itself approves. Only of a policy that names who changed it
    /// last, and only for a requester who is somebody else.
    Automatic,
}

/// People of whom some must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// What it is called.
    #[schemars(schema_with = "bounds::namespace")]
    pub name: String,
    /// The groups whose members decide here; they need the verb `approve`
    /// besides.
    #[schemars(schema_with = "bounds::some_principals::<16>")]
    pub groups: Vec<String>,
    /// How many of them.
    #[serde(default = "one")]
    #[schemars(schema_with = "bounds::int32::<1, 10>")]
    pub approvals: i32,
}

/// What being on call changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnCall {
    /// The rota, one of those in AccessConfig.
    #[schemars(schema_with = "bounds::namespace")]
    pub rota: String,
    /// What it changes.
    pub effect: OnCallEffect,
}

/// What being on call changes. Where the rota cannot be read or is too old,
/// nobody is on call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnCallEffect {
    /// Only who is on call may request.
    Eligible,
    /// A request by who is on call needs no person's approval; under the same
    /// conditions as `Automatic`.
    AutoApprove,
}

/// Whether a request needs a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketRule {
    /// Whether it must name one, which must then be open.
    pub required: bool,
    /// What the ticket's id must match as a whole; RE2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::regex")]
    pub pattern: Option<String>,
}

/// When a policy may be requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Enabled {
    /// At any time.
    #[default]
    Always,
    /// While an incident is declared in the request's namespace.
    DuringIncident,
}

/// What becomes of a request whose effect is not wholly known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnknownEffect {
    /// It is refused.
    #[default]
    Refuse,
    /// The plan lists what is unknown, and approving accepts it.
    ApproverConfirms,
}

/// Opening before anybody agreed. Loud, and reviewed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakGlass {
    /// The longest that it may last.
    #[schemars(schema_with = "bounds::int64::<30, 86400>")]
    pub max_duration_seconds: i64,
    /// When a review is due, after the opening.
    #[schemars(schema_with = "bounds::int64::<60, 604800>")]
    pub review_within_seconds: i64,
}

/// What the controller says of a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessPolicyStatus {
    /// The generation that this was judged on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::int64::<0, 9007199254740991>")]
    pub observed_generation: Option<i64>,
    /// When it was last requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub last_requested_at: Option<Time>,
    /// `Ready`: whether it can be requested, and if not, why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Vec<Condition>,
}

fn an_hour() -> i64 {
    3600
}

fn one() -> i32 {
    1
}
