//! What a request would do, written once and quoted by whoever approves it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds;
use crate::endpoint::{Endpoint, Hop, Port, Protocol};
use crate::identity::PolicyKind;
use crate::rules;

/// What a request would do. It names no pod, no address of a pod and no count
/// of replicas, so that it stays true while a workload is rolled out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The request, with everything resolved that it leaves to the policy.
    pub request: NarrowedRequest,
    /// The policy, at one generation.
    pub policy: PlannedPolicy,
    /// The NetworkPolicies as they would be created, without what the server
    /// sets, and without what is only known once there is a grant.
    #[schemars(schema_with = "bounds::objects::<16>")]
    pub policies: Vec<Value>,
    /// What that changes.
    pub effect: Effect,
    /// The namespaces in which somebody must decide: the policy's own first.
    #[schemars(schema_with = "bounds::namespaces::<4>")]
    pub decision_namespaces: Vec<String>,
    /// Keys of the selectors that admission does not protect: whoever may label
    /// a pod can put it into, or take it out of, the path.
    #[serde(default)]
    #[schemars(schema_with = "bounds::label_keys::<32>")]
    pub unprotected_selector_keys: Vec<String>,
    /// What isolates the pods that the policies select, one entry for each
    /// namespace and direction.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub isolation: Vec<Isolation>,
}

/// A request with everything resolved that it leaves to its policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::NARROWED))]
pub struct NarrowedRequest {
    /// Where the path starts.
    pub from: Endpoint,
    /// What it passes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Hop>,
    /// Where it ends.
    pub to: Endpoint,
    /// On which ports.
    #[schemars(length(min = 1, max = 16))]
    pub ports: Vec<Port>,
    /// For how long.
    #[schemars(schema_with = "bounds::int64::<1, 604800>")]
    pub duration_seconds: i64,
}

/// The policy of a plan, at one generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPolicy {
    /// AccessPolicy or ClusterAccessPolicy.
    pub kind: PolicyKind,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
    /// Its uid.
    #[schemars(schema_with = "bounds::uid")]
    pub uid: String,
    /// Its generation.
    #[schemars(schema_with = "bounds::int64::<0, 9007199254740991>")]
    pub generation: i64,
}

/// What changes, from workload to workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Effect {
    /// What becomes allowed.
    #[schemars(length(max = 128))]
    pub opened: Vec<Connection>,
    /// What would no longer be allowed; a request with any is refused.
    #[schemars(length(max = 128))]
    pub closed: Vec<Connection>,
    /// What may be allowed afterwards and cannot be told.
    #[schemars(length(max = 128))]
    pub unknown: Vec<Connection>,
}

/// Ports from one place to another, as `fallgate map -o json` prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Where it starts.
    pub from: Place,
    /// Where it ends.
    pub to: Place,
    /// On which ports, for certain.
    #[schemars(schema_with = "ports")]
    pub ports: Ports,
    /// On which ports besides, perhaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "ports")]
    pub unknown: Option<Ports>,
    /// Whether protocols without ports are among them; present where that does
    /// not follow from `ports`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_protocols: Option<bool>,
}

/// One end of a connection: a workload, a node, or addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// A workload or, with kind `Pod`, a pod.
    Workload {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its kind.
        kind: String,
    },
    /// A node by name.
    Node {
        /// Its name.
        node: String,
    },
    /// Addresses outside the cluster.
    Outside {
        /// The shortest list that holds exactly them.
        cidrs: Vec<String>,
    },
}

impl JsonSchema for Place {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Place".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "namespace": bounds::namespace(generator),
                "name": bounds::name(generator),
                "kind": bounds::word(generator),
                "node": bounds::name(generator),
                "cidrs": bounds::cidrs::<64>(generator),
            },
            "oneOf": [
                {"required": ["namespace", "name", "kind"]},
                {"required": ["node"]},
                {"required": ["cidrs"]},
            ],
        })
    }
}

/// A set of ports: `"all"` exactly when every port of TCP, UDP and SCTP is in
/// it, else sorted and merged ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ports {
    /// Every port.
    All(AllPorts),
    /// These.
    Ranges(Vec<PortRange>),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllPorts {
    /// Every port.
    All,
}

/// Ports of one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortRange {
    /// The protocol.
    pub protocol: Protocol,
    /// The port, or the first one. From 0: a set of ports is not a request.
    pub port: u16,
    /// The last port, where it is another one than `port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_port: Option<u16>,
}

/// A word or a list, which a structural schema can only bound, not describe.
fn ports(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "x-kubernetes-preserve-unknown-fields": true,
        "maxLength": 3,
        "maxItems": 64,
        "maxProperties": 0,
    })
}

/// What isolates the pods that a rendered policy selects. They are isolated
/// only where a policy labelled as baseline selects each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Isolation {
    /// Whose pods.
    #[schemars(schema_with = "bounds::namespace")]
    pub namespace: String,
    /// In which direction.
    pub direction: Direction,
    /// The baseline policies that do it, by name.
    #[schemars(schema_with = "bounds::object_names::<16>")]
    pub baseline: Vec<String>,
}

/// A direction of traffic, seen from the pod.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}
