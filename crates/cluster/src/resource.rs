//! What is listed, and what is lost where it cannot be.

use fallgate_model::{Direction, Opacity};

/// A resource that a server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Its API group; empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    /// Its name in paths, such as `networkpolicies`.
    pub(crate) plural: String,
    /// Its kind, such as `NetworkPolicy`.
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    pub(crate) role: Role,
}

/// What a resource is to the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Namespaces,
    Pods,
    Nodes,
    Services,
    /// What owns pods.
    Workloads,
    /// Ways in from outside.
    EntryPoints,
    /// A policy, modelled or not.
    Policy(Reach, Opacity, &'static [Direction]),
    /// A policy of secondary networks, which change no answer.
    Secondary,
}

/// Whose traffic objects of a namespaced policy kind could change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Pods of their own namespace only.
    Namespace,
    /// Pods anywhere: from a namespace, too, that a mesh takes for its root.
    Cluster,
}

impl Resource {
    /// The name that pages carry, such as `networking.k8s.io/v1/networkpolicies`.
    pub(crate) fn name(&self) -> String {
        match self.group.as_str() {
            "" => format!("{}/{}", self.version, self.plural),
            group => format!("{group}/{}/{}", self.version, self.plural),
        }
    }

    /// The name that kubectl and roles know, such as `networkpolicies.networking.k8s.io`.
    pub(crate) fn qualified(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// Its kind, with the group where several groups have it, as the reader of
    /// manifests calls it.
    pub(crate) fn kind_name(&self) -> String {
        match (self.group.as_str(), self.kind.as_str()) {
            ("networking.k8s.io", _) | (POLICY, _) => self.kind.clone(),
            (group, "NetworkPolicy" | "ClusterNetworkPolicy") => format!("{}.{group}", self.kind),
            _ => self.kind.clone(),
        }
    }

    /// Where it is listed, in a namespace or everywhere.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let base = if self.group.is_empty() { "/api" } else { "/apis/" };
        let (group, version, plural) = (&self.group, &self.version, &self.plural);
        match namespace {
            Some(name) => format!("{base}{group}/{version}/namespaces/{}/{plural}", encoded(name)),
            None => format!("{base}{group}/{version}/{plural}"),
        }
    }
}

/// Text as a part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub(crate) const BOTH: &[Direction] = &Direction::ALL;
const INGRESS: &[Direction] = &[Direction::Ingress];
const EGRESS: &[Direction] = &[Direction::Egress];

/// What every cluster has: group, resource, kind, namespaced, role. All are of
/// version v1.
const NATIVE: &[(&str, &str, &str, bool, Role)] = &[
    ("", "nodes", "Node", false, Role::Nodes),
    ("", "services", "Service", true, Role::Services),
    ("discovery.k8s.io", "endpointslices", "EndpointSlice", true, Role::Services),
    ("", "replicationcontrollers", "ReplicationController", true, Role::Workloads),
    ("apps", "daemonsets", "DaemonSet", true, Role::Workloads),
    ("apps", "deployments", "Deployment", true, Role::Workloads),
    ("apps", "replicasets", "ReplicaSet", true, Role::Workloads),
    ("apps", "statefulsets", "StatefulSet", true, Role::Workloads),
    ("batch", "cronjobs", "CronJob", true, Role::Workloads),
    ("batch", "jobs", "Job", true, Role::Workloads),
    ("networking.k8s.io", "ingresses", "Ingress", true, Role::EntryPoints),
    (
        "networking.k8s.io",
        "networkpolicies",
        "NetworkPolicy",
        true,
        Role::Policy(Reach::Namespace, Opacity::Anything, BOTH),
    ),
    ("", "pods", "Pod", true, Role::Pods),
];

/// Namespaces are listed before everything else.
pub(crate) fn namespaces() -> Resource {
    native(&("", "namespaces", "Namespace", false, Role::Namespaces))
}

/// The resources that every cluster has, but for namespaces.
pub(crate) fn natives() -> impl Iterator<Item = Resource> {
    NATIVE.iter().map(native)
}

fn native(row: &(&str, &str, &str, bool, Role)) -> Resource {
    let (group, plural, kind, namespaced, role) = *row;
    Resource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        plural: plural.to_owned(),
        kind: kind.to_owned(),
        namespaced,
        role,
    }
}

const CALICO: &str = "projectcalico.org";
const CALICO_STORE: &str = "crd.projectcalico.org";
const POLICY: &str = "policy.networking.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// Kinds that are worth listing where they are served, with what they could
/// change. The reader of manifests has the same list; see there for reasons.
pub(crate) const FOUND: &[(&str, &str, Role)] = &[
    (POLICY, "AdminNetworkPolicy", ANYWHERE),
    (POLICY, "BaselineAdminNetworkPolicy", ANYWHERE),
    (POLICY, "ClusterNetworkPolicy", ANYWHERE),
    (GATEWAY, "GRPCRoute", Role::EntryPoints),
    (GATEWAY, "HTTPRoute", Role::EntryPoints),
    (GATEWAY, "TCPRoute", Role::EntryPoints),
    (GATEWAY, "TLSRoute", Role::EntryPoints),
    (GATEWAY, "UDPRoute", Role::EntryPoints),
    ("cilium.io", "CiliumClusterwideNetworkPolicy", ANYWHERE),
    ("cilium.io", "CiliumNetworkPolicy", OWN),
    ("crd.antrea.io", "ClusterNetworkPolicy", ANYWHERE),
    ("crd.antrea.io", "NetworkPolicy", OWN),
    (CALICO_STORE, "GlobalNetworkPolicy", ANYWHERE),
    (CALICO_STORE, "NetworkPolicy", OWN),
    (CALICO, "GlobalNetworkPolicy", ANYWHERE),
    (CALICO, "NetworkPolicy", OWN),
    ("k8s.cni.cncf.io", "MultiNetworkPolicy", Role::Secondary),
    ("k8s.ovn.org", "ClusterUserDefinedNetwork", ANYWHERE),
    ("k8s.ovn.org", "EgressFirewall", Role::Policy(Reach::Namespace, Opacity::Denies, EGRESS)),
    ("k8s.ovn.org", "UserDefinedNetwork", OWN),
    (
        "network.openshift.io",
        "EgressNetworkPolicy",
        Role::Policy(Reach::Namespace, Opacity::Denies, EGRESS),
    ),
    ("policy.linkerd.io", "Server", Role::Policy(Reach::Namespace, Opacity::Denies, INGRESS)),
    ("security.istio.io", "AuthorizationPolicy", MESH),
    ("security.istio.io", "PeerAuthentication", MESH),
];

const ANYWHERE: Role = Role::Policy(Reach::Cluster, Opacity::Anything, BOTH);
const OWN: Role = Role::Policy(Reach::Namespace, Opacity::Anything, BOTH);
const MESH: Role = Role::Policy(Reach::Cluster, Opacity::Denies, INGRESS);

/// The role of a kind that is worth listing.
pub(crate) fn role(group: &str, kind: &str, namespaced: bool) -> Option<Role> {
    if let Some((_, _, role)) = FOUND.iter().find(|(g, k, _)| *g == group && *k == kind) {
        return Some(*role);
    }
    // Implementations name their own after what they are.
    let looks_like_policy = kind.ends_with("NetworkPolicy")
        && !kind.starts_with("Staged")
        && !matches!(group, "networking.k8s.io" | "extensions" | POLICY | GATEWAY);
    looks_like_policy.then_some(if namespaced { OWN } else { ANYWHERE })
}

/// Whether a group could serve policies, so that it matters when it is down.
pub(crate) fn has_policies(group: &str) -> bool {
    FOUND.iter().any(|(g, _, role)| *g == group && matches!(role, Role::Policy(..)))
}

/// The group that stores what a group only shows. Calico's API server shows
/// the objects of the other group again, and NetworkPolicies among them.
pub(crate) fn store_of(group: &str) -> Option<&'static str> {
    (group == CALICO).then_some(CALICO_STORE)
}

/// The version that our reader knows, where it knows only one.
pub(crate) fn known_version(group: &str, kind: &str) -> Option<&'static str> {
    match (group, kind) {
        (POLICY, "ClusterNetworkPolicy") => Some("v1alpha2"),
        (POLICY, _) => Some("v1alpha1"),
        _ => None,
    }
}
