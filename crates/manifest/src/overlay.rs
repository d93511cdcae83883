//! Hypothetical changes laid over a cluster: what if this were applied, or that
//! were gone?

use fallgate_model::{Cluster, Key, Object, Str};
use rustc_hash::FxHashSet;

/// Applies everything in `other` to `base`: an object that is there already is
/// replaced, any other is added.
///
/// A workload's stand-in replaces the pods that the workload has in `base`,
/// because its new template would; pods replace the stand-in of their workload.
/// What is opaque about an object goes with the object.
pub fn add(base: &mut Cluster, other: Cluster) {
    let mut replaced: FxHashSet<Identity> = FxHashSet::default();
    let mut workloads: FxHashSet<(Str, Str, Str)> = FxHashSet::default();
    let mut resigned: FxHashSet<(Str, Str, Str)> = FxHashSet::default();
    for pod in &other.pods {
        let workload =
            (pod.namespace.clone(), pod.workload.kind.clone(), pod.workload.name.clone());
        if pod.stand_in {
            workloads.insert(workload)
        } else {
            resigned.insert(workload)
        };
    }
    each(&other, |object| {
        replaced.insert(Identity::of(&object));
    });
    retain(base, |object| {
        if let Object::Pod(pod) = object {
            let workload =
                (pod.namespace.clone(), pod.workload.kind.clone(), pod.workload.name.clone());
            if workloads.contains(&workload) || (pod.stand_in && resigned.contains(&workload)) {
                return false;
            }
        }
        // What has no name is nothing that could be replaced by name.
        let identity = Identity::of(object);
        identity.name.is_empty() || !replaced.contains(&identity)
    });
    base.namespaces.extend(other.namespaces);
    base.pods.extend(other.pods);
    base.services.extend(other.services);
    base.endpoint_slices.extend(other.endpoint_slices);
    base.nodes.extend(other.nodes);
    base.network_policies.extend(other.network_policies);
    base.cluster_policies.extend(other.cluster_policies);
    base.entry_points.extend(other.entry_points);
    base.opaque.extend(other.opaque);
}

/// Applies what in `other` is in `base` already, and says what is not: an
/// object that was meant to be replaced and is not there is likely a misspelt
/// name.
pub fn replace(base: &mut Cluster, other: Cluster) -> Vec<Key> {
    let mut there: FxHashSet<Identity> = FxHashSet::default();
    each(base, |object| {
        there.insert(Identity::of(&object));
        if let Object::Pod(pod) = &object {
            let workload = &pod.workload;
            there.insert(Identity {
                kind: workload.kind.clone(),
                namespace: pod.namespace.clone(),
                name: workload.name.clone(),
            });
        }
    });
    let mut missing = Vec::new();
    each(&other, |object| {
        if !there.contains(&Identity::of(&object)) {
            missing.push(object.key());
        }
    });
    missing.sort();
    add(base, other);
    missing
}

/// Removes an object by its API kind, namespace (empty for cluster-scoped kinds)
/// and name; a workload goes with its pods, a namespace with all that is in it.
/// Says whether there was anything to remove.
pub fn remove(base: &mut Cluster, kind: &str, namespace: &str, name: &str) -> bool {
    let mut found = false;
    retain(base, |object| {
        let identity = Identity::of(object);
        let itself =
            &*identity.kind == kind && &*identity.namespace == namespace && &*identity.name == name;
        let of_workload = matches!(object, Object::Pod(pod)
            if &*pod.workload.kind == kind
                && &*pod.namespace == namespace
                && &*pod.workload.name == name);
        let within = kind == "Namespace" && &*identity.namespace == name;
        let gone = itself || of_workload || within;
        found |= gone;
        !gone
    });
    found
}

/// What two objects share that are the same one, whether or not both could be
/// evaluated.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    kind: Str,
    namespace: Str,
    name: Str,
}

impl Identity {
    fn of(object: &Object) -> Identity {
        let (kind, namespace, name): (Str, Str, Str) = match object.key() {
            Key::Namespace(name) => ("Namespace".into(), "".into(), name),
            Key::Pod { namespace, stand_in, name } => {
                (stand_in.unwrap_or_else(|| "Pod".into()), namespace, name)
            }
            Key::Service(namespace, name) => ("Service".into(), namespace, name),
            Key::EndpointSlice(namespace, name) => ("EndpointSlice".into(), namespace, name),
            Key::Node(name) => ("Node".into(), "".into(), name),
            Key::NetworkPolicy(namespace, name) => ("NetworkPolicy".into(), namespace, name),
            Key::ClusterPolicy(kind, name) => (kind.name().into(), "".into(), name),
            Key::EntryPoint(kind, namespace, name) | Key::Opaque(kind, namespace, name) => {
                (kind, namespace, name)
            }
        };
        Identity { kind, namespace, name }
    }
}

fn each(cluster: &Cluster, mut see: impl FnMut(Object)) {
    cluster.namespaces.iter().for_each(|o| see(Object::Namespace(o.clone())));
    cluster.pods.iter().for_each(|o| see(Object::Pod(o.clone())));
    cluster.services.iter().for_each(|o| see(Object::Service(o.clone())));
    cluster.endpoint_slices.iter().for_each(|o| see(Object::EndpointSlice(o.clone())));
    cluster.nodes.iter().for_each(|o| see(Object::Node(o.clone())));
    cluster.network_policies.iter().for_each(|o| see(Object::NetworkPolicy(o.clone())));
    cluster.cluster_policies.iter().for_each(|o| see(Object::ClusterPolicy(o.clone())));
    cluster.entry_points.iter().for_each(|o| see(Object::EntryPoint(o.clone())));
    cluster.opaque.iter().for_each(|o| see(Object::Opaque(o.clone())));
}

fn retain(cluster: &mut Cluster, mut keep: impl FnMut(&Object) -> bool) {
    cluster.namespaces.retain(|o| keep(&Object::Namespace(o.clone())));
    cluster.pods.retain(|o| keep(&Object::Pod(o.clone())));
    cluster.services.retain(|o| keep(&Object::Service(o.clone())));
    cluster.endpoint_slices.retain(|o| keep(&Object::EndpointSlice(o.clone())));
    cluster.nodes.retain(|o| keep(&Object::Node(o.clone())));
    cluster.network_policies.retain(|o| keep(&Object::NetworkPolicy(o.clone())));
    cluster.cluster_policies.retain(|o| keep(&Object::ClusterPolicy(o.clone())));
    cluster.entry_points.retain(|o| keep(&Object::EntryPoint(o.clone())));
    cluster.opaque.retain(|o| keep(&Object::Opaque(o.clone())));
}
