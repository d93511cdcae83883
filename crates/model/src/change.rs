use crate::{
    ClusterPolicy, ClusterPolicyKind, EndpointSlice, EntryPoint, Namespace, NetworkPolicy, Node,
    Opaque, Pod, Service, Str,
};

/// One event in the life of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The object is now this, whether or not it was there before.
    Upsert(Object),
    /// The object is gone; a key that is not there changes nothing.
    Delete(Key),
}

/// An object that can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A namespace.
    Namespace(Namespace),
    /// A pod, or a workload's stand-in.
    Pod(Pod),
    /// A service.
    Service(Service),
    /// An endpoint slice.
    EndpointSlice(EndpointSlice),
    /// A node.
    Node(Node),
    /// A NetworkPolicy.
    NetworkPolicy(NetworkPolicy),
    /// A cluster-wide policy.
    ClusterPolicy(ClusterPolicy),
    /// An entry point.
    EntryPoint(EntryPoint),
    /// Something that is not evaluated.
    Opaque(Opaque),
}

/// What identifies an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A namespace by name.
    Namespace(Str),
    /// A pod by namespace, workload kind (`Pod` for a bare pod) and name; the
    /// kind tells a stand-in from a pod of the same name.
    Pod {
        /// Namespace.
        namespace: Str,
        /// Whether it is a workload's stand-in, and then the workload's kind.
        stand_in: Option<Str>,
        /// Name.
        name: Str,
    },
    /// A service by namespace and name.
    Service(Str, Str),
    /// An endpoint slice by namespace and name.
    EndpointSlice(Str, Str),
    /// A node by name.
    Node(Str),
    /// A NetworkPolicy by namespace and name.
    NetworkPolicy(Str, Str),
    /// A cluster-wide policy by kind and name.
    ClusterPolicy(ClusterPolicyKind, Str),
    /// An entry point by kind, namespace and name.
    EntryPoint(Str, Str, Str),
    /// Something unevaluated, by kind, namespace and name.
    Opaque(Str, Str, Str),
}

impl Object {
    /// The key that identifies the object.
    pub fn key(&self) -> Key {
        match self {
            Object::Namespace(o) => Key::Namespace(o.name.clone()),
            Object::Pod(o) => Key::Pod {
                namespace: o.namespace.clone(),
                stand_in: o.stand_in.then(|| o.workload.kind.clone()),
                name: o.name.clone(),
            },
            Object::Service(o) => Key::Service(o.namespace.clone(), o.name.clone()),
            Object::EndpointSlice(o) => Key::EndpointSlice(o.namespace.clone(), o.name.clone()),
            Object::Node(o) => Key::Node(o.name.clone()),
            Object::NetworkPolicy(o) => Key::NetworkPolicy(o.namespace.clone(), o.name.clone()),
            Object::ClusterPolicy(o) => Key::ClusterPolicy(o.kind, o.name.clone()),
            Object::EntryPoint(o) => {
                Key::EntryPoint(o.kind.clone(), o.namespace.clone(), o.name.clone())
            }
            Object::Opaque(o) => Key::Opaque(o.kind.clone(), o.namespace.clone(), o.name.clone()),
        }
    }
}
