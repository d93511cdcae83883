//! Roles of people, and what the controller may do.
//!
//! No role includes another's rights, and none is aggregated into `admin`,
//! `edit` or `view`: who may edit a namespace may not thereby open it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::GROUP;
use crate::names::{self, CONTROLLER_SERVICE_ACCOUNT, SYSTEM_NAMESPACE, verb};

const RBAC: &str = "rbac.authorization.k8s.io";
const READ: &[&str] = &["get", "list", "watch"];
const POLICIES: &[&str] = &["accesspolicies", "clusteraccesspolicies"];

/// Every kind of ours.
const KINDS: &[&str] = &[
    "accessconfigs",
    "accessdecisions",
    "accessgrants",
    "accessincidents",
    "accesslocks",
    "accesspolicies",
    "accessrequests",
    "clusteraccesslocks",
    "clusteraccesspolicies",
];

/// The roles of people, to be bound in a namespace or in the whole cluster.
#[must_use]
pub fn roles() -> Vec<ClusterRole> {
    vec![
        role(
            "fallgate-requester",
            "Requests paths, withdraws, and gives back.",
            &[
                ours(POLICIES, &[verb::USE]),
                ours(&["accessrequests", "accessdecisions"], &["create"]),
                ours(KINDS, READ),
            ],
        ),
        role(
            "fallgate-approver",
            "Approves and denies requests of others.",
            &[
                ours(POLICIES, &[verb::APPROVE]),
                ours(&["accessdecisions"], &["create"]),
                ours(KINDS, READ),
            ],
        ),
        role(
            "fallgate-declarer",
            "Declares incidents, and resolves them.",
            &[
                ours(POLICIES, &[verb::DECLARE]),
                ours(&["accessincidents"], &["create", "update", "patch"]),
                ours(KINDS, READ),
            ],
        ),
        role(
            "fallgate-breakglass",
            "Opens paths before anybody agreed, where the policy allows it. For who requests.",
            &[ours(POLICIES, &[verb::BREAK_GLASS])],
        ),
        role(
            "fallgate-security",
            "Ends grants, locks and unlocks, reviews break-glass, and deletes what belongs to \
             grants.",
            &[
                ours(POLICIES, &[verb::REVOKE]),
                ours(&["accessdecisions"], &["create"]),
                ours(&["accesslocks", "clusteraccesslocks"], &["create", "delete"]),
                ours(&["accessgrants"], &["delete"]),
                ours(KINDS, READ),
                rule(
                    "networking.k8s.io",
                    &["networkpolicies"],
                    &["get", "list", "watch", "delete"],
                ),
                rule("batch", &["jobs"], &["get", "list", "watch", "delete"]),
            ],
        ),
        role(
            "fallgate-policy-admin",
            "Writes policies, baselines and protected labels. Opens nothing.",
            &[
                ours(POLICIES, &[verb::MANAGE, "create", "update", "patch", "delete"]),
                ours(KINDS, READ),
            ],
        ),
        role(
            "fallgate-auditor",
            "Reads everything that Fallgate writes, and what guards it.",
            &[
                ours(KINDS, READ),
                rule("networking.k8s.io", &["networkpolicies"], READ),
                rule("batch", &["jobs"], READ),
                rule(
                    "admissionregistration.k8s.io",
                    &["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
                    READ,
                ),
            ],
        ),
    ]
}

/// Who the controller is, and what it may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    /// Where it lives.
    pub namespace: Namespace,
    /// Who it is.
    pub service_account: ServiceAccount,
    /// What it may do everywhere.
    pub cluster_role: ClusterRole,
    /// That it may.
    pub cluster_role_binding: ClusterRoleBinding,
    /// What it may do at home.
    pub role: Role,
    /// That it may.
    pub role_binding: RoleBinding,
}

/// The controller's rights, without any of the verbs that people hold.
#[must_use]
pub fn controller() -> Controller {
    let name = CONTROLLER_SERVICE_ACCOUNT;
    let subject = Subject {
        kind: "ServiceAccount".to_owned(),
        name: name.to_owned(),
        namespace: Some(SYSTEM_NAMESPACE.to_owned()),
        api_group: None,
    };
    let refer = |kind: &str| RoleRef {
        api_group: Some(RBAC.to_owned()),
        kind: kind.to_owned(),
        name: name.to_owned(),
    };
    let home = || ObjectMeta { namespace: Some(SYSTEM_NAMESPACE.to_owned()), ..metadata(name, "") };
    let about = "Opens what was approved and closes what ends. Neither requests nor approves.";
    Controller {
        namespace: Namespace { metadata: restricted(), ..Namespace::default() },
        service_account: ServiceAccount { metadata: home(), ..ServiceAccount::default() },
        cluster_role: ClusterRole { rules: Some(everywhere()), ..role(name, about, &[]) },
        cluster_role_binding: ClusterRoleBinding {
            metadata: metadata(name, ""),
            role_ref: refer("ClusterRole"),
            subjects: Some(vec![subject.clone()]),
        },
        role: Role { metadata: home(), rules: Some(at_home()) },
        role_binding: RoleBinding {
            metadata: home(),
            role_ref: refer("Role"),
            subjects: Some(vec![subject]),
        },
    }
}

fn everywhere() -> Vec<PolicyRule> {
    vec![
        ours(KINDS, READ),
        // The second one only for what admission must refuse, which it checks
        // before each opening.
        ours(&["accessgrants", "accessdecisions"], &["create"]),
        ours(&["accessgrants", "accessdecisions", "accessrequests"], &["delete"]),
        ours(
            &[
                "accessgrants/status",
                "accessincidents/status",
                "accesspolicies/status",
                "accessrequests/status",
                "clusteraccesspolicies/status",
            ],
            &["get", "patch", "update"],
        ),
        rule(
            "networking.k8s.io",
            &["networkpolicies"],
            &["get", "list", "watch", "create", "delete"],
        ),
        rule("batch", &["jobs"], &["get", "list", "watch", "create", "delete"]),
        // To be named as an owner that blocks its deletion, where the cluster
        // asks for that right.
        rule("batch", &["jobs/finalizers"], &["update"]),
        // What answers depend on.
        rule("", &["namespaces", "nodes", "pods", "replicationcontrollers", "services"], READ),
        rule("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"], READ),
        rule("batch", &["cronjobs"], READ),
        rule("discovery.k8s.io", &["endpointslices"], READ),
        rule("networking.k8s.io", &["ingresses"], READ),
        rule(
            "policy.networking.k8s.io",
            &["adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"],
            READ,
        ),
        rule(
            "gateway.networking.k8s.io",
            &["grpcroutes", "httproutes", "tcproutes", "tlsroutes", "udproutes"],
            READ,
        ),
        rule("cilium.io", &["ciliumclusterwidenetworkpolicies", "ciliumnetworkpolicies"], READ),
        rule("crd.antrea.io", &["clusternetworkpolicies", "networkpolicies"], READ),
        rule("crd.projectcalico.org", &["globalnetworkpolicies", "networkpolicies"], READ),
        rule("projectcalico.org", &["globalnetworkpolicies", "networkpolicies"], READ),
        rule("k8s.cni.cncf.io", &["multi-networkpolicies"], READ),
        rule(
            "k8s.ovn.org",
            &["clusteruserdefinednetworks", "egressfirewalls", "userdefinednetworks"],
            READ,
        ),
        rule("network.openshift.io", &["egressnetworkpolicies"], READ),
        rule("policy.linkerd.io", &["servers"], READ),
        rule("security.istio.io", &["authorizationpolicies", "peerauthentications"], READ),
        // Whether people may do what they ask for and decide.
        rule("authorization.k8s.io", &["subjectaccessreviews"], &["create"]),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
    ]
}

/// Leases, rotas and tickets, and the keys that messages are signed with.
fn at_home() -> Vec<PolicyRule> {
    vec![
        rule("coordination.k8s.io", &["leases"], &["get", "list", "watch", "create", "update"]),
        rule("", &["configmaps"], READ),
        rule("", &["secrets"], &["get"]),
    ]
}

fn ours(resources: &[&str], verbs: &[&str]) -> PolicyRule {
    rule(GROUP, resources, verbs)
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |words: &[&str]| words.iter().copied().map(str::to_owned).collect();
    PolicyRule {
        api_groups: Some(owned(&[group])),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn role(name: &str, about: &str, rules: &[PolicyRule]) -> ClusterRole {
    ClusterRole {
        metadata: metadata(name, about),
        rules: Some(rules.to_vec()),
        aggregation_rule: None,
    }
}

fn metadata(name: &str, about: &str) -> ObjectMeta {
    let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some(one(names::label::MANAGED_BY, names::label::MANAGED_BY_VALUE)),
        annotations: (!about.is_empty()).then(|| one("kubernetes.io/description", about)),
        ..ObjectMeta::default()
    }
}

/// The controller's namespace, in which only restricted pods run.
fn restricted() -> ObjectMeta {
    let mut metadata = metadata(SYSTEM_NAMESPACE, "");
    let mode = "pod-security.kubernetes.io/enforce".to_owned();
    metadata.labels.get_or_insert_default().insert(mode, "restricted".to_owned());
    metadata
}
