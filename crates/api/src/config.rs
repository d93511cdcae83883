//! What holds for the whole cluster.

use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::names::SYSTEM_NAMESPACE;
use crate::rules;

/// Ceilings over every policy, and where people and tickets are looked up. There
/// is one, named `default`; without it nothing opens.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessConfig",
    plural = "accessconfigs",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "Ceilings over every policy, and where people and tickets are looked up. There is one, named `default`.",
    category = "access",
    shortname = "accesscfg",
    printcolumn(name = "Max", type_ = "integer", json_path = ".spec.maxDurationSeconds"),
    printcolumn(name = "Retention", type_ = "integer", json_path = ".spec.retentionDays"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessConfigSpec {
    /// The longest that any grant may last.
    #[schemars(schema_with = "bounds::int64::<30, 604800>")]
    pub max_duration_seconds: i64,
    /// The longest that any incident may last.
    #[schemars(schema_with = "bounds::int64::<60, 2592000>")]
    pub max_incident_seconds: i64,
    /// The most grants that may be open in a namespace at the same time.
    #[schemars(schema_with = "bounds::int32::<1, 1000>")]
    pub max_grants_per_namespace: i32,
    /// The most requests of one requester that may be undecided or open at the
    /// same time.
    #[schemars(schema_with = "bounds::int32::<1, 1000>")]
    pub max_requests_per_requester: i32,
    /// Namespaces that no path may start or end in.
    #[schemars(schema_with = "bounds::namespaces::<256>")]
    pub denied_namespaces: Vec<String>,
    /// Address ranges that no path may start or end in: those of nodes, pods and
    /// services, behind which many hide.
    #[schemars(schema_with = "bounds::cidrs::<64>")]
    pub denied_cidrs: Vec<String>,
    /// Labels that only holders of the verb `manage` may put on pods or take
    /// off, directly or by a workload's template.
    #[schemars(schema_with = "bounds::label_keys::<64>")]
    pub protected_label_keys: Vec<String>,
    /// User names that are the same person.
    #[schemars(length(max = 256))]
    pub identity_aliases: Vec<Alias>,
    /// User names that are machines besides ServiceAccounts and nodes: they
    /// never approve.
    #[schemars(schema_with = "bounds::principals::<256>")]
    pub machine_users: Vec<String>,
    /// Groups whose members are machines.
    #[schemars(schema_with = "bounds::principals::<64>")]
    pub machine_groups: Vec<String>,
    /// Who is on call.
    #[schemars(
        length(max = 32),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub rotas: Vec<Rota>,
    /// Where tickets are looked up. Where it is absent, a ticket is a name that
    /// nobody vouches for, and nothing that requires one opens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tickets: Option<TicketSource>,
    /// Who is told of every step.
    #[schemars(
        length(max = 8),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub webhooks: Vec<Webhook>,
    /// For how long requests and decisions are kept once nothing follows.
    #[schemars(schema_with = "bounds::int32::<1, 3650>")]
    pub retention_days: i32,
}

impl Default for AccessConfigSpec {
    /// A working day at most, nothing of the control plane's own, and no source
    /// of people or tickets.
    fn default() -> AccessConfigSpec {
        AccessConfigSpec {
            max_duration_seconds: 28_800,
            max_incident_seconds: 86_400,
            max_grants_per_namespace: 20,
            max_requests_per_requester: 10,
            denied_namespaces: ["kube-system", "kube-public", "kube-node-lease", SYSTEM_NAMESPACE]
                .map(str::to_owned)
                .to_vec(),
            denied_cidrs: Vec::new(),
            protected_label_keys: Vec::new(),
            identity_aliases: Vec::new(),
            machine_users: Vec::new(),
            machine_groups: Vec::new(),
            rotas: Vec::new(),
            tickets: None,
            webhooks: Vec::new(),
            retention_days: 90,
        }
    }
}

/// User names of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// The person, for people to read.
    #[schemars(schema_with = "bounds::text::<64>")]
    pub person: String,
    /// Their user names.
    #[schemars(schema_with = "bounds::some_principals::<16>")]
    pub usernames: Vec<String>,
}

/// Who is on call, and how long that stays true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rota {
    /// What policies call it.
    #[schemars(schema_with = "bounds::namespace")]
    pub name: String,
    /// Where it is read.
    pub source: FileOrConfigMap,
    /// How it is written.
    pub format: RotaFormat,
    /// How old it may be; older, nobody is on call.
    #[serde(default = "a_day")]
    #[schemars(schema_with = "bounds::int64::<60, 2592000>")]
    pub max_staleness_seconds: i64,
}

/// How a rota is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RotaFormat {
    /// An iCalendar file, a person's user name in the summary of each event.
    ICalendar,
    /// A list of shifts in YAML or JSON.
    Shifts,
}

/// Where tickets are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketSource {
    /// Where they are read.
    pub source: FileOrConfigMap,
    /// How old it may be; older, no ticket is open.
    #[serde(default = "a_day")]
    #[schemars(schema_with = "bounds::int64::<60, 2592000>")]
    pub max_staleness_seconds: i64,
}

/// Exactly one of a file that the controller can read, and a key of a ConfigMap
/// in its own namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::SOURCE))]
pub struct FileOrConfigMap {
    /// The file's absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::text::<1024>")]
    pub file: Option<String>,
    /// The ConfigMap's name, in `fallgate-system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::name")]
    pub config_map: Option<String>,
    /// The key in the ConfigMap.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::word")]
    pub key: Option<String>,
}

/// Who is told of every step. Nothing waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// What logs and metrics call it.
    #[schemars(schema_with = "bounds::namespace")]
    pub name: String,
    /// Where it is sent, over HTTPS.
    #[schemars(length(max = 1024), regex(pattern = r"^https://[^\s@\x00-\x1f]+$"))]
    pub url: String,
    /// The key that each message is signed with, of a Secret in
    /// `fallgate-system`.
    pub signing_key: SecretKey,
}

/// A key of a Secret in `fallgate-system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// The Secret.
    #[schemars(schema_with = "bounds::name")]
    pub secret: String,
    /// The key in it.
    #[schemars(schema_with = "bounds::word")]
    pub key: String,
}

fn a_day() -> i64 {
    86_400
}
