use fallgate_model::{Change, Cluster, Key, Object};

/// Makes a change to a cluster: an upsert replaces the object of the same key in
/// its place or adds one at the end, a delete removes it.
pub fn apply(cluster: &mut Cluster, change: &Change) {
    match change {
        Change::Upsert(object) => upsert(cluster, object.clone()),
        Change::Delete(key) => delete(cluster, key),
    }
}

fn upsert(cluster: &mut Cluster, object: Object) {
    match object {
        Object::Namespace(o) => put(&mut cluster.namespaces, o, Object::Namespace),
        Object::Pod(o) => put(&mut cluster.pods, o, Object::Pod),
        Object::Service(o) => put(&mut cluster.services, o, Object::Service),
        Object::EndpointSlice(o) => put(&mut cluster.endpoint_slices, o, Object::EndpointSlice),
        Object::Node(o) => put(&mut cluster.nodes, o, Object::Node),
        Object::NetworkPolicy(o) => put(&mut cluster.network_policies, o, Object::NetworkPolicy),
        Object::ClusterPolicy(o) => put(&mut cluster.cluster_policies, o, Object::ClusterPolicy),
        Object::EntryPoint(o) => put(&mut cluster.entry_points, o, Object::EntryPoint),
        Object::Opaque(o) => put(&mut cluster.opaque, o, Object::Opaque),
    }
}

fn delete(cluster: &mut Cluster, key: &Key) {
    take(&mut cluster.namespaces, key, Object::Namespace);
    take(&mut cluster.pods, key, Object::Pod);
    take(&mut cluster.services, key, Object::Service);
    take(&mut cluster.endpoint_slices, key, Object::EndpointSlice);
    take(&mut cluster.nodes, key, Object::Node);
    take(&mut cluster.network_policies, key, Object::NetworkPolicy);
    take(&mut cluster.cluster_policies, key, Object::ClusterPolicy);
    take(&mut cluster.entry_points, key, Object::EntryPoint);
    take(&mut cluster.opaque, key, Object::Opaque);
}

fn put<T: Clone>(list: &mut Vec<T>, item: T, object: fn(T) -> Object) {
    let key = object(item.clone()).key();
    match list.iter_mut().find(|o| object((*o).clone()).key() == key) {
        Some(slot) => *slot = item,
        None => list.push(item),
    }
}

fn take<T: Clone>(list: &mut Vec<T>, key: &Key, object: fn(T) -> Object) {
    list.retain(|o| object(o.clone()).key() != *key);
}
