//! What is worth knowing beside an answer: why a question may not be the one
//! that was meant.

use fallgate_engine::{PodId, Port};
use fallgate_model::{Protocol, Service};

use crate::answer::Asker;
use crate::endpoint::Member;
use crate::port::show_port;

/// The notes on a question that was asked about one kind of packet.
pub(crate) fn on(asker: &Asker<'_>, to: &Member, packet: Port) -> Vec<String> {
    packet.and_then(|asked| service_port(asker, to, asked)).into_iter().collect()
}

/// The port of a service, asked for at a pod behind it that gets the service's
/// traffic on another one: policies see the latter.
fn service_port(asker: &Asker<'_>, to: &Member, asked: (Protocol, u16)) -> Option<String> {
    let snapshot = &asker.context.snapshot;
    let pods = asker.index().pods(to);
    let namespace = &snapshot.pod(*pods.first()?)?.namespace;
    let listens = |id: &PodId| {
        let ports = snapshot.pod(*id).map(|pod| &*pod.ports).unwrap_or_default();
        ports.iter().any(|port| (port.protocol, port.port) == asked)
    };
    if pods.iter().any(listens) {
        return None;
    }
    let (mut services, mut meant): (Vec<&Service>, Vec<Port>) = (Vec::new(), Vec::new());
    let all = snapshot.services();
    for service in all.iter().filter(|service| service.namespace == *namespace) {
        let Some(targets) = snapshot.service_targets(service, Some(asked)) else { continue };
        let here = targets.pods.iter().filter(|(id, _)| pods.contains(id)).map(|(_, port)| *port);
        let before = meant.len();
        meant.extend(here);
        if meant.len() > before {
            services.push(service);
        }
    }
    meant.sort();
    meant.dedup();
    let service = services.first()?;
    if meant.contains(&Some(asked)) {
        return None;
    }
    let ports = meant.iter().map(|port| show_port(*port)).collect::<Vec<_>>().join(" or ");
    Some(format!(
        "service {ns}/{name} maps {asked} to {ports}, which is what policies see; ask for {ports}, or for {ns}/svc/{name}",
        ns = service.namespace,
        name = service.name,
        asked = show_port(Some(asked)),
    ))
}
