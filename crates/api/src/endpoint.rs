//! The ends of a path.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{bounds, rules};

/// One end of a path: exactly one of `podSelector`, `workload`, `service`,
/// `cidrs` and `workstations`. See [`Endpoint::shape`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::ENDPOINT))]
pub struct Endpoint {
    /// The namespace of the pods, the workload or the service; that of the
    /// object (for a ClusterAccessPolicy: of the request) where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::namespace")]
    pub namespace: Option<String>,
    /// Pods by label. It must name at least one label that the pods have: a
    /// selector of every pod is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::selector")]
    pub pod_selector: Option<LabelSelector>,
    /// The pods of one workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadRef>,
    /// The pods and target ports of one Service; only as the end that is
    /// connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceRef>,
    /// Address ranges, such as a jump host's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "bounds::some_cidrs::<16>")]
    pub cidrs: Vec<String>,
    /// Whose workstations have which addresses; only as the end that connects. A
    /// requester opens only from addresses listed for that user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 32))]
    pub workstations: Vec<Workstation>,
    /// Always refused: a NetworkPolicy does not know ServiceAccounts. Name the
    /// pods that run under it by a label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::name")]
    pub service_account: Option<String>,
}

/// What an [`Endpoint`] is, once it is known to be exactly one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape<'a> {
    /// Pods by label, of this namespace or the object's own.
    Pods(Option<&'a str>, &'a LabelSelector),
    /// The pods of a workload, of this namespace or the object's own.
    Workload(Option<&'a str>, &'a WorkloadRef),
    /// The pods behind a Service, of this namespace or the object's own.
    Service(Option<&'a str>, &'a ServiceRef),
    /// Address ranges; at least one.
    Cidrs(&'a [String]),
    /// Workstations of users; at least one.
    Workstations(&'a [Workstation]),
}

impl Endpoint {
    /// What this end is; nothing where it is not exactly one thing, which the
    /// schema refuses and a reader must, too.
    #[must_use]
    pub fn shape(&self) -> Option<Shape<'_>> {
        let Endpoint {
            namespace,
            pod_selector,
            workload,
            service,
            cidrs,
            workstations,
            service_account,
        } = self;
        let namespace = namespace.as_deref();
        let cidrs = (!cidrs.is_empty()).then_some(cidrs.as_slice());
        let workstations = (!workstations.is_empty()).then_some(workstations.as_slice());
        if service_account.is_some() {
            return None;
        }
        match (pod_selector, workload, service, cidrs, workstations) {
            (Some(selector), None, None, None, None) => Some(Shape::Pods(namespace, selector)),
            (None, Some(workload), None, None, None) => Some(Shape::Workload(namespace, workload)),
            (None, None, Some(service), None, None) => Some(Shape::Service(namespace, service)),
            (None, None, None, Some(cidrs), None) if namespace.is_none() => {
                Some(Shape::Cidrs(cidrs))
            }
            (None, None, None, None, Some(workstations)) if namespace.is_none() => {
                Some(Shape::Workstations(workstations))
            }
            _ => None,
        }
    }
}

/// A workload: Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or
/// Pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRef {
    /// Its kind.
    #[schemars(schema_with = "bounds::word")]
    pub kind: String,
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRef {
    /// Its name.
    #[schemars(schema_with = "bounds::name")]
    pub name: String,
}

/// The addresses of a user's workstation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workstation {
    /// The user name that the API server knows them by.
    #[schemars(schema_with = "bounds::principal")]
    pub user: String,
    /// The addresses they connect from.
    #[schemars(schema_with = "bounds::some_cidrs::<8>")]
    pub cidrs: Vec<String>,
}

/// A port, or a range of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::PORT))]
pub struct Port {
    /// TCP where it is absent.
    #[serde(default)]
    pub protocol: Protocol,
    /// The port, or the first one.
    #[schemars(schema_with = "bounds::int32::<1, 65535>")]
    pub port: i32,
    /// The last port, where there is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::int32::<1, 65535>")]
    pub end_port: Option<i32>,
}

/// A protocol with ports.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A station on the way, such as a tool pod behind a jump host: the path then
/// has two legs, from `from` to the hop on the hop's ports, and from the hop to
/// `to`. Both are legs of one grant; peers of one rule would be alternatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::HOP))]
pub struct Hop {
    /// What is passed through: pods or a workload.
    pub endpoint: Endpoint,
    /// The ports of the first leg.
    #[schemars(length(min = 1, max = 16))]
    pub ports: Vec<Port>,
}
