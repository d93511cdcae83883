//! The objects of a grant: NetworkPolicies and the switches that end them.

use std::collections::BTreeMap;

use fallgate_api::names::{NAMESPACE_NAME_LABEL, annotation, label};
use fallgate_api::{AccessGrant, Port};
use fallgate_model::Direction;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, PodSecurityContext, PodSpec, PodTemplateSpec, SeccompProfile,
    SecurityContext,
};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::scope::{Leg, Pods, Side, write_ports};
use crate::selector;

/// The policy that one end of a leg needs: in the direction and for the pods
/// given, towards the other end on the leg's ports. It has a namespace and a
/// spec; the rest is only known once there is a grant.
pub(crate) fn policy(direction: Direction, pods: &Pods, leg: &Leg<'_>) -> NetworkPolicy {
    let ports = Some(write_ports(leg.ports).iter().map(port).collect());
    let mut spec = NetworkPolicySpec {
        pod_selector: Some(selector::write(&pods.labels.selector())),
        ..NetworkPolicySpec::default()
    };
    match direction {
        Direction::Ingress => {
            spec.policy_types = Some(vec!["Ingress".to_owned()]);
            let from = Some(peers(leg.from.1));
            spec.ingress = Some(vec![NetworkPolicyIngressRule { from, ports }]);
        }
        Direction::Egress => {
            spec.policy_types = Some(vec!["Egress".to_owned()]);
            let to = Some(peers(leg.to.1));
            spec.egress = Some(vec![NetworkPolicyEgressRule { ports, to }]);
        }
    }
    let namespace = Some(pods.namespace.to_string());
    let metadata = ObjectMeta { namespace, ..ObjectMeta::default() };
    NetworkPolicy { metadata, spec: Some(spec) }
}

/// Pods by their labels and their namespace's name, which nobody can edit;
/// addresses as the shortest list of blocks.
fn peers(side: &Side) -> Vec<NetworkPolicyPeer> {
    match side {
        Side::Pods(pods) => {
            let name = (NAMESPACE_NAME_LABEL.to_owned(), pods.namespace.to_string());
            vec![NetworkPolicyPeer {
                namespace_selector: Some(LabelSelector {
                    match_labels: Some(BTreeMap::from([name])),
                    match_expressions: None,
                }),
                pod_selector: Some(selector::write(&pods.labels.selector())),
                ip_block: None,
            }]
        }
        Side::Networks(networks) => networks
            .cidrs()
            .into_iter()
            .map(|cidr| NetworkPolicyPeer {
                ip_block: Some(IPBlock { cidr, except: None }),
                ..NetworkPolicyPeer::default()
            })
            .collect(),
    }
}

fn port(port: &Port) -> NetworkPolicyPort {
    NetworkPolicyPort {
        end_port: port.end_port,
        port: Some(IntOrString::Int(port.port)),
        protocol: Some(crate::scope::protocol(port.protocol).name().to_owned()),
    }
}

/// The name of a grant's switch, in each of its namespaces.
pub fn switch_name(grant_uid: &str) -> String {
    format!("fallgate-{grant_uid}")
}

/// The name of a grant's policy, by its place among the grant's policies.
pub fn policy_name(grant_uid: &str, at: usize) -> String {
    format!("fallgate-{grant_uid}-{at}")
}

/// The switch of a grant in one namespace. Nothing owns it, and nothing ever
/// updates it.
pub fn switch(grant: &AccessGrant, namespace: &str, seconds: i64) -> Option<Job> {
    let uid = grant.metadata.uid.as_deref()?;
    let metadata = metadata(grant, uid, namespace, switch_name(uid));
    Some(Job { metadata, spec: Some(switch_spec(seconds)), status: None })
}

/// A Job that never starts a pod, and that the control plane deletes with
/// everything it owns once `seconds` have passed since it took it up.
pub fn switch_spec(seconds: i64) -> JobSpec {
    let restricted = SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        ..SecurityContext::default()
    };
    // Admission of pods never sees it, but checks of templates do.
    let never_runs = Container {
        name: "never-runs".to_owned(),
        image: Some("fallgate.invalid/never-runs".to_owned()),
        security_context: Some(restricted),
        ..Container::default()
    };
    let pod = PodSpec {
        automount_service_account_token: Some(false),
        containers: vec![never_runs],
        restart_policy: Some("Never".to_owned()),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..PodSecurityContext::default()
        }),
        ..PodSpec::default()
    };
    JobSpec {
        active_deadline_seconds: Some(seconds),
        backoff_limit: Some(0),
        completions: Some(1),
        parallelism: Some(0),
        suspend: Some(false),
        template: PodTemplateSpec { metadata: None, spec: Some(pod) },
        ttl_seconds_after_finished: Some(0),
        ..JobSpec::default()
    }
}

/// A grant's policy as it is created: what was planned, with the grant's name
/// and label, and the switch of its namespace as its only owner.
pub fn managed(
    grant: &AccessGrant,
    at: usize,
    switch_uid: &str,
    expires_at: Timestamp,
) -> Option<NetworkPolicy> {
    let uid = grant.metadata.uid.as_deref()?;
    let planned: NetworkPolicy =
        serde_json::from_value(grant.spec.policies.get(at)?.clone()).ok()?;
    let namespace = planned.metadata.namespace?;
    let mut metadata = metadata(grant, uid, &namespace, policy_name(uid, at));
    metadata.owner_references = Some(vec![OwnerReference {
        api_version: "batch/v1".to_owned(),
        block_owner_deletion: Some(true),
        controller: None,
        kind: "Job".to_owned(),
        name: switch_name(uid),
        uid: switch_uid.to_owned(),
    }]);
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(annotation::EXPIRES_AT.to_owned(), expires_at.to_string());
    Some(NetworkPolicy { metadata, spec: planned.spec })
}

fn metadata(grant: &AccessGrant, uid: &str, namespace: &str, name: String) -> ObjectMeta {
    let own = |part: &Option<String>| part.clone().unwrap_or_default();
    let grant_name = format!("{}/{}", own(&grant.metadata.namespace), own(&grant.metadata.name));
    let mut annotations = BTreeMap::from([
        (annotation::GRANT.to_owned(), grant_name),
        (annotation::REQUESTER.to_owned(), grant.spec.requested_by.username.clone()),
    ]);
    if let Some(ticket) = &grant.spec.ticket {
        annotations.insert(annotation::TICKET.to_owned(), ticket.clone());
    }
    let labels = BTreeMap::from([
        (label::GRANT.to_owned(), uid.to_owned()),
        (label::MANAGED_BY.to_owned(), label::MANAGED_BY_VALUE.to_owned()),
    ]);
    ObjectMeta {
        name: Some(name),
        namespace: Some(namespace.to_owned()),
        labels: Some(labels),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    }
}
