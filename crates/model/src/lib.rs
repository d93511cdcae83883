//! What a cluster is: namespaces, endpoints and policies as written.
//!
//! Nothing here is computed: a selector is kept as its requirements, a block of
//! addresses as the CIDR that was written. What the API server would default is
//! defaulted and what it would reject is not here, because the reader of the
//! objects has seen to both; what these objects mean together is the engine's
//! business, and the oracle's, written twice from the same model.

mod change;
mod cluster;
mod dialect;
mod finding;
mod label;
mod net;
mod policy;
mod source;

pub use change::{Change, Key, Object};
pub use cluster::{
    Backend, Cluster, ContainerPort, EndpointSlice, EntryPoint, EntryTarget, Namespace, Node,
    Opacity, Opaque, Pod, Scope, Service, ServicePort, TargetPort, Workload,
};
pub use dialect::{Dialect, DialectError, OptionInfo};
pub use finding::{Diagnostic, ObjectRef, Severity};
pub use label::{Labels, METADATA_NAME, Operator, Requirement, Selector};
pub use net::{Family, PortMatch, Protocol};
pub use policy::{
    Action, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, Direction, IpBlock,
    NamespaceMatch, NetworkPolicy, Peer, Rule, Subject, Tier,
};
pub use source::{Origin, SourceId, Sources};

/// A string shared between the objects that carry it: names and labels repeat
/// thousands of times in one cluster.
pub type Str = std::sync::Arc<str>;
