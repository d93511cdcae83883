use std::net::IpAddr;

use ipnet::IpNet;

use crate::{
    ClusterPolicy, Direction, Labels, NamespaceMatch, NetworkPolicy, Origin, Protocol, Selector,
    Str,
};

/// Everything that was read, each object once. Order carries no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Namespaces that are in the input. One that is only mentioned by other
    /// objects is missing here: of it, only the name label is certain.
    pub namespaces: Vec<Namespace>,
    /// Pods, and one stand-in for each workload that has none.
    pub pods: Vec<Pod>,
    /// Services.
    pub services: Vec<Service>,
    /// Endpoint slices of services.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// NetworkPolicies.
    pub network_policies: Vec<NetworkPolicy>,
    /// Cluster-wide policies of both tiers and all their APIs.
    pub cluster_policies: Vec<ClusterPolicy>,
    /// Ingresses and Gateway routes.
    pub entry_points: Vec<EntryPoint>,
    /// What is in the input and could change answers, but is not evaluated.
    pub opaque: Vec<Opaque>,
}

/// A namespace that is in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Str,
    /// Its labels, `kubernetes.io/metadata.name` among them.
    pub labels: Labels,
    /// Where the object starts.
    pub origin: Origin,
}

/// A pod that runs or could run, or the stand-in for the pods of a workload.
///
/// Completed pods (phase `Succeeded` or `Failed`) are never here: their
/// addresses are given to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: Str,
    /// Its name; a stand-in has its workload's name.
    pub name: Str,
    /// The outermost owner that stands for its replicas; of a bare pod, kind
    /// `Pod` and its own name.
    pub workload: Workload,
    /// Its labels.
    pub labels: Labels,
    /// Its addresses, at most one a family; empty when they are not known.
    pub addresses: Vec<IpAddr>,
    /// The node it runs on, where known.
    pub node: Option<Str>,
    /// The addresses of that node as the pod's status tells them.
    pub host_addresses: Vec<IpAddr>,
    /// True when it shares its node's network: no policy selects it, and others
    /// see it under the node's addresses.
    pub host_network: bool,
    /// Ports of its containers, and of init containers that stay (sidecars).
    pub ports: Vec<ContainerPort>,
    /// True for the stand-in of a workload whose pods are not in the input: any
    /// number of pods, on any nodes.
    pub stand_in: bool,
    /// Where the object starts.
    pub origin: Origin,
}

/// The object that stands for its replicas.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Its API kind, such as `Deployment`; `Pod` for a bare pod.
    pub kind: Str,
    /// Its name.
    pub name: Str,
}

/// A port that a container declares. Only names matter to policies; what is
/// not declared can still listen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPort {
    /// Its name, where it has one.
    pub name: Option<Str>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number, at least 1.
    pub port: u16,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: Str,
    /// Its labels.
    pub labels: Labels,
    /// `status.addresses` of the types InternalIP and ExternalIP.
    pub addresses: Vec<IpAddr>,
    /// `spec.podCIDRs`: where its pods get their addresses.
    pub pod_cidrs: Vec<IpNet>,
    /// Where the object starts.
    pub origin: Origin,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Its cluster addresses; empty for headless services and while unknown.
    pub cluster_ips: Vec<IpAddr>,
    /// Which pods stand behind it; `None` when its endpoint slices say so.
    pub selector: Option<Selector>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// The name that an ExternalName service points to.
    pub external_name: Option<Str>,
    /// Where the object starts.
    pub origin: Origin,
}

/// A port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name, where it has one.
    pub name: Option<Str>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port that clients ask for.
    pub port: u16,
    /// The port on the pods behind.
    pub target: TargetPort,
}

/// A port by number or by name: where a service's port leads (a name is
/// resolved on each pod behind it), or which of a service's ports an entry
/// point means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetPort {
    /// This port.
    Number(u16),
    /// The port of this name.
    Name(Str),
}

/// An endpoint slice of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSlice {
    /// Its namespace.
    pub namespace: Str,
    /// Its own name.
    pub name: Str,
    /// The service (`kubernetes.io/service-name`).
    pub service: Str,
    /// Ports: name, protocol and number on the backends.
    pub ports: Vec<ContainerPort>,
    /// The backends that are ready or whose readiness is not known.
    pub backends: Vec<Backend>,
    /// Where the object starts.
    pub origin: Origin,
}

/// One backend of an endpoint slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The pod it is, by name in the slice's namespace, where it is one.
    pub pod: Option<Str>,
}

/// An object that lets traffic from outside in: an Ingress, or a route of a
/// Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// Its API kind, such as `Ingress` or `HTTPRoute`.
    pub kind: Str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Who serves it, as written: an ingress class or a gateway (`ns/name`);
    /// empty when the object does not say.
    pub controller: Str,
    /// The services it leads to.
    pub targets: Vec<EntryTarget>,
    /// Where the object starts.
    pub origin: Origin,
}

/// A service that an entry point leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryTarget {
    /// The service's namespace.
    pub namespace: Str,
    /// The service's name.
    pub service: Str,
    /// The service's port, by number or by name; `None` when the object names
    /// none and every port of the service is meant.
    pub port: Option<TargetPort>,
}

/// Something in the input that could change answers and is not evaluated: a
/// policy kind that is not modelled, a policy that the API server would
/// reject, a list that could not be read. What it could change is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// The API kind, such as `CiliumNetworkPolicy`, as far as it is known.
    pub kind: Str,
    /// Its namespace; empty when it has none or none is known.
    pub namespace: Str,
    /// Its name; empty when it is not known.
    pub name: Str,
    /// Whose traffic it could change.
    pub scope: Scope,
    /// In which directions, seen from those pods.
    pub directions: Vec<Direction>,
    /// What it could do.
    pub opacity: Opacity,
    /// Why it is not evaluated: a clause without a period, such as
    /// `CiliumNetworkPolicy is not modelled`.
    pub reason: Str,
    /// Where the object starts.
    pub origin: Origin,
}

/// Whose traffic an unevaluated object could change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every pod's.
    Cluster,
    /// Every pod's in a namespace.
    Namespace(Str),
    /// That of pods by labels; `Own` is the object's namespace.
    Pods(NamespaceMatch, Selector),
}

/// What an unevaluated object could do to the traffic in its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opacity {
    /// It could allow as well as deny.
    Anything,
    /// It could only deny: what is denied without it stays denied.
    Denies,
}
