//! The statuses of what requests depend on: incidents and policies.

use fallgate_access::{incident_status, policy_status};
use fallgate_api::{AccessConfigSpec, AccessIncident, AccessPolicy, ClusterAccessPolicy};
use fallgate_cluster::{Refusal, Writer};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::seen::Seen;

/// An object with the status that it must have.
pub(crate) enum Status {
    Incident(Box<AccessIncident>),
    Policy(Box<AccessPolicy>),
    ClusterPolicy(Box<ClusterAccessPolicy>),
}

/// What does not have the status that it must have.
pub(crate) fn statuses(
    seen: &Seen,
    config: Option<&AccessConfigSpec>,
    now: Timestamp,
) -> Vec<Status> {
    let (all, requests) = (seen.incidents.all(), seen.requests.all());
    let incidents = all.iter().filter_map(|incident| {
        let status = Some(incident_status(incident, now)?);
        Some(Status::Incident(Box::new(AccessIncident { status, ..incident.clone() })))
    });
    let policies = seen.policies.all().iter().filter_map(|policy| {
        let of = (&policy.metadata, &policy.spec, policy.status.as_ref());
        let status = Some(policy_status(of, config, all, requests, now)?);
        Some(Status::Policy(Box::new(AccessPolicy { status, ..policy.clone() })))
    });
    let cluster_policies = seen.cluster_policies.all().iter().filter_map(|policy| {
        let of = (&policy.metadata, &policy.spec.0, policy.status.as_ref());
        let status = Some(policy_status(of, config, all, requests, now)?);
        Some(Status::ClusterPolicy(Box::new(ClusterAccessPolicy { status, ..policy.clone() })))
    });
    incidents.chain(policies).chain(cluster_policies).collect()
}

impl Status {
    fn metadata(&self) -> &ObjectMeta {
        match self {
            Status::Incident(incident) => &incident.metadata,
            Status::Policy(policy) => &policy.metadata,
            Status::ClusterPolicy(policy) => &policy.metadata,
        }
    }

    pub(crate) fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or_default()
    }

    /// Whose it is.
    pub(crate) fn words(&self) -> String {
        let what = match self {
            Status::Incident(_) => "incident",
            Status::Policy(_) => "policy",
            Status::ClusterPolicy(_) => "cluster policy",
        };
        let name = self.metadata().name.as_deref().unwrap_or_default();
        match &self.metadata().namespace {
            Some(namespace) => format!("{what} {namespace}/{name}"),
            None => format!("{what} {name}"),
        }
    }

    /// Writes it, once.
    pub(crate) async fn send(&self, writer: &Writer) -> Result<(), Refusal> {
        match self {
            Status::Incident(incident) => writer.write_status(&**incident).await.map(drop),
            Status::Policy(policy) => writer.write_status(&**policy).await.map(drop),
            Status::ClusterPolicy(policy) => writer.write_status(&**policy).await.map(drop),
        }
    }
}
