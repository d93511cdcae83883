use std::collections::BTreeMap;
use std::sync::Arc;

use fallgate_model::{Direction, EntryPoint, Pod, Protocol, Service, ServicePort, TargetPort};

use crate::connections::{Connections, Interval, Port};
use crate::side::{AllPorts, Asked, PeerView, Who};
use crate::snapshot::{Snapshot, Union, WorkloadRef, interval, workload_of};
use crate::state::PodId;

/// Where a service's port leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceTargets {
    /// The backends that are pods, with the port that traffic has after it was
    /// redirected to them.
    pub pods: Vec<(PodId, Port)>,
    /// The backends that are not pods, with their ports.
    pub addresses: Vec<(std::net::IpAddr, Port)>,
    /// Why the list may not be whole or may hold too much; `None` when it is exact.
    pub unknown: Option<String>,
}

impl Snapshot {
    /// A service by namespace and name.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Arc<Service>> {
        let ns = self.state.by_name.get(namespace)?;
        self.state.shards.get(*ns)?.services.get(name)
    }

    /// The service that has a cluster address.
    pub fn service_at(&self, address: std::net::IpAddr) -> Option<Arc<Service>> {
        self.services().into_iter().find(|service| service.cluster_ips.contains(&address))
    }

    /// Where a service's port leads, after redirection; `None` when the service
    /// has no such port. Without a selector the endpoint slices say it.
    pub fn service_targets(&self, service: &Service, port: Port) -> Option<ServiceTargets> {
        let (protocol, number) = port?;
        let mut ports =
            service.ports.iter().filter(|p| p.port == number && p.protocol == protocol).peekable();
        ports.peek()?;
        let mut targets = ServiceTargets::default();
        for port in ports {
            match &service.selector {
                Some(selector) => self.selected(service, selector, port, &mut targets),
                None => self.sliced(service, port, &mut targets),
            }
        }
        targets.pods.sort();
        targets.pods.dedup();
        targets.addresses.sort();
        targets.addresses.dedup();
        if let Some(name) = &service.external_name {
            targets.unknown =
                Some(format!("an ExternalName service leads to whatever {name} resolves to"));
        } else if targets.pods.is_empty() && targets.addresses.is_empty() {
            targets.unknown = Some("the input has no backend of this service".to_owned());
        }
        Some(targets)
    }

    fn selected(
        &self,
        service: &Service,
        selector: &fallgate_model::Selector,
        port: &ServicePort,
        targets: &mut ServiceTargets,
    ) {
        for (id, certain) in self.select(&service.namespace, selector) {
            let Some(pod) = self.pod(id) else { continue };
            let Some(number) = resolve(&port.target, port.protocol, pod) else { continue };
            targets.pods.push((id, Some((port.protocol, number))));
            if !certain {
                targets.unknown = Some(format!(
                    "labels of {}/{} are not all in the input",
                    pod.namespace, pod.name
                ));
            }
        }
    }

    fn sliced(&self, service: &Service, port: &ServicePort, targets: &mut ServiceTargets) {
        let Some(&ns) = self.state.by_name.get(&service.namespace) else { return };
        let shard = self.state.shard(ns);
        for slice in shard.slices.values().filter(|slice| slice.service == service.name) {
            let mut ports = slice.ports.iter();
            let Some(slice_port) =
                ports.find(|p| p.name == port.name && p.protocol == port.protocol)
            else {
                continue;
            };
            let target = Some((slice_port.protocol, slice_port.port));
            for backend in &slice.backends {
                if let Some(slot) = backend.pod.as_ref().and_then(|name| shard.find(None, name)) {
                    targets.pods.push((PodId { ns, slot }, target));
                    continue;
                }
                for address in &backend.addresses {
                    match self.state.pods_at(*address) {
                        [] => targets.addresses.push((*address, target)),
                        pods => targets.pods.extend(pods.iter().map(|pod| (*pod, target))),
                    }
                }
            }
        }
    }

    /// What an Ingress or a route lets in to each workload behind it. Whoever
    /// serves it is not named by the object, so what only some peers may do is
    /// unknown: certain is what the workload admits from anyone.
    pub fn entry_connections(&self, entry: &EntryPoint) -> Vec<(WorkloadRef, Union)> {
        let mut found: BTreeMap<WorkloadRef, Option<Union>> = BTreeMap::new();
        for target in &entry.targets {
            let Some(service) = self.service(&target.namespace, &target.service) else { continue };
            let ports = service.ports.iter().filter(|port| match &target.port {
                None => true,
                Some(TargetPort::Number(number)) => port.port == *number,
                Some(TargetPort::Name(name)) => port.name.as_ref() == Some(name),
            });
            let mut by_pod: BTreeMap<PodId, Connections> = BTreeMap::new();
            for port in ports {
                let asked = Some((port.protocol, port.port));
                for (pod, port) in self.service_targets(service, asked).unwrap_or_default().pods {
                    let all = by_pod.entry(pod).or_default();
                    *all = all.union(&Connections::one(port));
                }
            }
            for (id, ports) in by_pod {
                let Some((shard, endpoint)) = self.state.endpoint(id) else { continue };
                let row = shard.row(endpoint);
                let asked = Asked {
                    row,
                    direction: Direction::Ingress,
                    own_ports: &endpoint.ports,
                    dialect: &self.state.dialect,
                };
                for family in self.state.families() {
                    let view = PeerView { who: Who::Anyone, family, addresses: &[] };
                    let admitted = if row.host {
                        Interval::all()
                    } else {
                        interval(asked.evaluate(&AllPorts, &view))
                    };
                    let admitted = admitted.intersection(&Interval::exactly(ports.clone()));
                    Union::add(found.entry(workload_of(&endpoint.pod)).or_default(), admitted);
                }
            }
        }
        found.into_iter().filter_map(|(workload, union)| Some((workload, union?))).collect()
    }
}

/// `spec.ports[].targetPort` on one pod.
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
