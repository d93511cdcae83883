//! Where a service leads (`core/v1` Service and `discovery/v1` EndpointSlice).

use fallgate_model::{
    Backend, Cluster, EndpointSlice, Pod, Protocol, Selector, Service, ServicePort, TargetPort,
};

use crate::select::selects;

/// The pods behind a port of a service, by index, each with the port it is
/// reached on; ordered, each once.
///
/// A pod that its selector may select is behind it, too: one pod of a stand-in
/// is, when the selector asks for a value that nobody has written. A target by
/// name is each pod's first port of that name and protocol; a pod without one is
/// not behind the port. Without a selector the endpoint slices say who is, by
/// name or by address.
pub fn service_targets(
    cluster: &Cluster,
    service: &Service,
    port: u16,
    protocol: Protocol,
) -> Vec<(usize, u16)> {
    let mut targets = Vec::new();
    for service_port in &service.ports {
        if service_port.port == port && service_port.protocol == protocol {
            match &service.selector {
                Some(selector) => {
                    targets.extend(selected(cluster, service, selector, service_port));
                }
                None => targets.extend(sliced(cluster, service, service_port)),
            }
        }
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// `spec.selector`: the pods of the service's namespace, hostNetwork pods too.
fn selected(
    cluster: &Cluster,
    service: &Service,
    selector: &Selector,
    port: &ServicePort,
) -> Vec<(usize, u16)> {
    let mut targets = Vec::new();
    for (index, pod) in cluster.pods.iter().enumerate() {
        if pod.namespace == service.namespace
            && selects(selector, &pod.labels).possible()
            && let Some(number) = resolve(&port.target, port.protocol, pod)
        {
            targets.push((index, number));
        }
    }
    targets
}

/// `spec.ports[].targetPort`: a number, or the pod's first container port of
/// that name and protocol.
fn resolve(target: &TargetPort, protocol: Protocol, pod: &Pod) -> Option<u16> {
    match target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => pod
            .ports
            .iter()
            .find(|p| p.name.as_ref() == Some(name) && p.protocol == protocol)
            .map(|p| p.port),
    }
}

/// A slice's port belongs to the service's port of the same name and protocol.
fn sliced(cluster: &Cluster, service: &Service, port: &ServicePort) -> Vec<(usize, u16)> {
    let mut targets = Vec::new();
    for slice in &cluster.endpoint_slices {
        if slice.namespace != service.namespace || slice.service != service.name {
            continue;
        }
        for slice_port in &slice.ports {
            if slice_port.name == port.name && slice_port.protocol == port.protocol {
                for (index, pod) in cluster.pods.iter().enumerate() {
                    if slice.backends.iter().any(|b| is_backend(slice, b, pod)) {
                        targets.push((index, slice_port.port));
                    }
                }
            }
        }
    }
    targets
}

/// `targetRef` names a pod of the slice's namespace; without one the address
/// says whose it is.
fn is_backend(slice: &EndpointSlice, backend: &Backend, pod: &Pod) -> bool {
    match &backend.pod {
        Some(name) => !pod.stand_in && pod.namespace == slice.namespace && pod.name == *name,
        None => !pod.host_network && pod.addresses.iter().any(|a| backend.addresses.contains(a)),
    }
}
