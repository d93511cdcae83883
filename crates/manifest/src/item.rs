//! What one document gives: objects in the model's types with what only the
//! whole input can settle, such as whose pods they are.

use std::collections::BTreeMap;

use fallgate_model::{
    ClusterPolicy, Diagnostic, EndpointSlice, EntryPoint, Namespace, NetworkPolicy, Node,
    ObjectRef, Opaque, Origin, Pod, Service, Severity, SourceId, Str,
};

/// What a run of documents gives, in their order.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) items: Vec<Item>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Diagnostics that were too many to keep: how many and the worst.
    pub(crate) unsaid: BTreeMap<SourceId, (usize, Severity)>,
    pub(crate) objects: BTreeMap<Str, usize>,
    pub(crate) ignored: BTreeMap<Str, usize>,
    /// NetworkPolicies that name no namespace.
    pub(crate) homeless: Vec<(ObjectRef, Origin)>,
    /// A list was cut where no item starts.
    pub(crate) misfit: bool,
}

impl Part {
    pub(crate) fn unsaid(&mut self, source: SourceId, severity: Severity) {
        let (count, worst) = self.unsaid.entry(source).or_insert((0, severity));
        *count += 1;
        *worst = severity.max(*worst);
    }
}

/// An object by what identifies it.
#[derive(Debug)]
pub(crate) struct Item {
    /// The API kind, with its group where several groups have it.
    pub(crate) kind: Str,
    /// Empty for what is cluster-scoped.
    pub(crate) namespace: Str,
    pub(crate) name: Str,
    pub(crate) origin: Origin,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Namespace(Namespace),
    Pod(Box<RawPod>),
    Workload(Box<RawWorkload>),
    Service(Service),
    EndpointSlice(EndpointSlice),
    Node(Node),
    NetworkPolicy(NetworkPolicy),
    ClusterPolicy(ClusterPolicy),
    EntryPoint(EntryPoint),
    Opaque(Opaque),
    /// It is there and gives nothing, such as an endpoint slice of no service.
    Nothing,
}

/// A pod before its owners are looked up.
#[derive(Debug)]
pub(crate) struct RawPod {
    pub(crate) pod: Pod,
    pub(crate) owner: Option<Owner>,
    pub(crate) completed: bool,
    /// It has a mesh sidecar.
    pub(crate) sidecar: bool,
}

/// A workload before it is known whether it has pods.
#[derive(Debug)]
pub(crate) struct RawWorkload {
    pub(crate) owner: Option<Owner>,
    /// The pods that it would have; `None` when it will have none any more.
    pub(crate) stand_in: Option<Pod>,
    /// It asks for no replica.
    pub(crate) empty: bool,
    /// Its pods would have a mesh sidecar.
    pub(crate) sidecar: bool,
}

/// The object that controls another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    pub(crate) kind: Str,
    pub(crate) name: Str,
}
