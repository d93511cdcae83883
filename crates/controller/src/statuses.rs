//! The statuses of what requests depend on: incidents and policies.

use fallgate_access::{incident_status, policy_status};
use fallgate_api::{AccessConfigSpec, AccessIncident, AccessPolicy, ClusterAccessPolicy};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::act::Act;
use crate::seen::Seen;

/// Writes the statuses that are not as they must be, each with the uid of its
/// object.
pub(crate) fn statuses(
    seen: &Seen,
    config: Option<&AccessConfigSpec>,
    now: Timestamp,
) -> Vec<(String, Act)> {
    let uid = |metadata: &ObjectMeta| metadata.uid.clone().unwrap_or_default();
    let (all, requests) = (seen.incidents.all(), seen.requests.all());
    let incidents = all.iter().filter_map(|incident| {
        let status = Some(incident_status(incident, now)?);
        let written = AccessIncident { status, ..incident.clone() };
        Some((uid(&incident.metadata), Act::WriteIncident(Box::new(written))))
    });
    let policies = seen.policies.all().iter().filter_map(|policy| {
        let of = (&policy.metadata, &policy.spec, policy.status.as_ref());
        let status = Some(policy_status(of, config, all, requests, now)?);
        let written = AccessPolicy { status, ..policy.clone() };
        Some((uid(&policy.metadata), Act::WritePolicy(Box::new(written))))
    });
    let cluster_policies = seen.cluster_policies.all().iter().filter_map(|policy| {
        let of = (&policy.metadata, &policy.spec.0, policy.status.as_ref());
        let status = Some(policy_status(of, config, all, requests, now)?);
        let written = ClusterAccessPolicy { status, ..policy.clone() };
        Some((uid(&policy.metadata), Act::WriteClusterPolicy(Box::new(written))))
    });
    incidents.chain(policies).chain(cluster_policies).collect()
}
