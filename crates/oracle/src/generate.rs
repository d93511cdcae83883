//! Small random clusters that are dense in traps, and random changes to them.
//!
//! A cluster is a function of its [`Knobs`] and a seed. Names, labels, ports and
//! addresses come from tiny vocabularies, so that selectors, ranges and blocks
//! meet what they are about; each knob turns one kind of trouble off.

mod change;
mod policy;
mod vocabulary;

use std::net::IpAddr;

use fallgate_model::{
    Backend, Cluster, ContainerPort, Dialect, Direction, EndpointSlice, EntryPoint, EntryTarget,
    Labels, METADATA_NAME, Namespace, NamespaceMatch, Node, Opacity, Opaque, Origin, Pod, Protocol,
    Scope, Selector, Service, ServicePort, Str, TargetPort, Workload,
};
use fastrand::Rng;
use ipnet::IpNet;

pub use change::change;

/// What generated clusters may contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// At most so many namespaces, of at most 4.
    pub namespaces: usize,
    /// At most so many pods, of at most 200; stand-ins count.
    pub pods: usize,
    /// At most so many nodes.
    pub nodes: usize,
    /// At most so many NetworkPolicies.
    pub network_policies: usize,
    /// At most so many cluster-wide policies of both tiers.
    pub cluster_policies: usize,
    /// At most so many services, endpoint slices and entry points each.
    pub services: usize,
    /// At most so many objects that are not evaluated.
    pub opaque: usize,
    /// IPv6 addresses and blocks; clusters of one family and of both.
    pub ipv6: bool,
    /// Namespaces that pods and policies are in but the input is not.
    pub missing_namespaces: bool,
    /// Pods and nodes without addresses.
    pub unknown_addresses: bool,
    /// Nodes with several addresses of one family.
    pub several_node_addresses: bool,
    /// Labels of unknown value.
    pub unvalued_labels: bool,
    /// Stand-ins for workloads without pods.
    pub stand_ins: bool,
    /// Pods on no known node, and nodes without a Node object.
    pub unknown_nodes: bool,
    /// hostNetwork pods.
    pub host_network: bool,
    /// Container ports by name in rules.
    pub named_ports: bool,
    /// SCTP in container ports and rules.
    pub sctp: bool,
    /// `ipBlock` peers of NetworkPolicies.
    pub ip_blocks: bool,
    /// Cluster-wide policies of equal priority in one tier.
    pub ties: bool,
    /// Pass rules.
    pub pass: bool,
    /// `networks` peers.
    pub networks: bool,
    /// `nodes` peers.
    pub node_peers: bool,
    /// `domainNames` peers.
    pub domain_names: bool,
    /// Peers with no known field.
    pub unknown_peers: bool,
}

impl Knobs {
    /// Everything there is.
    pub fn everything() -> Knobs {
        Knobs {
            namespaces: 4,
            pods: 9,
            nodes: 3,
            network_policies: 6,
            cluster_policies: 5,
            services: 3,
            opaque: 1,
            ipv6: true,
            missing_namespaces: true,
            unknown_addresses: true,
            several_node_addresses: true,
            unvalued_labels: true,
            stand_ins: true,
            unknown_nodes: true,
            host_network: true,
            named_ports: true,
            sctp: true,
            ip_blocks: true,
            ties: true,
            pass: true,
            networks: true,
            node_peers: true,
            domain_names: true,
            unknown_peers: true,
        }
    }

    /// Everything but what leaves an answer open: no packet's answer is unknown.
    pub fn known() -> Knobs {
        Knobs {
            opaque: 0,
            missing_namespaces: false,
            unknown_addresses: false,
            several_node_addresses: false,
            unvalued_labels: false,
            stand_ins: false,
            unknown_nodes: false,
            ties: false,
            domain_names: false,
            ..Knobs::everything()
        }
    }

    /// NetworkPolicies and nothing that leaves an answer open.
    pub fn network_policies_only() -> Knobs {
        Knobs { cluster_policies: 0, ..Knobs::known() }
    }
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs::everything()
    }
}

/// A cluster for a seed. Each object once, every policy as the API server would
/// admit it, except that named ports meet peers that are no pods. Origins count
/// up, so that no two objects or rules share one.
pub fn cluster(knobs: &Knobs, seed: u64) -> Cluster {
    let mut g = Generator::new(knobs, Cluster::default(), seed);
    g.families = g.some_families();
    let namespaces = g.count(1, knobs.namespaces.min(vocabulary::NAMESPACES.len()));
    for name in &vocabulary::NAMESPACES[..namespaces] {
        g.names.push(Str::from(*name));
        if !(knobs.missing_namespaces && g.chance(20)) {
            let namespace = g.namespace(name);
            g.cluster.namespaces.push(namespace);
        }
    }
    for i in 0..g.count(0, knobs.nodes) {
        let node = g.new_node(&format!("node-{i}"));
        g.node_names.push(node.name.clone());
        if !(knobs.unknown_nodes && g.chance(20)) {
            g.cluster.nodes.push(node);
        }
    }
    for i in 0..g.count(1, knobs.pods) {
        let pod = g.new_pod(i);
        g.cluster.pods.push(pod);
    }
    for i in 0..g.count(0, knobs.network_policies) {
        let policy = g.network_policy(i);
        g.cluster.network_policies.push(policy);
    }
    for i in 0..g.count(0, knobs.cluster_policies) {
        let policy = g.cluster_policy(i);
        if !g
            .cluster
            .cluster_policies
            .iter()
            .any(|p| p.kind == policy.kind && p.name == policy.name)
        {
            g.cluster.cluster_policies.push(policy);
        }
    }
    for i in 0..g.count(0, knobs.services) {
        let service = g.service(i);
        g.cluster.services.push(service);
    }
    for i in 0..g.count(0, knobs.services) {
        let slice = g.endpoint_slice(i);
        g.cluster.endpoint_slices.push(slice);
    }
    for i in 0..g.count(0, knobs.services) {
        let entry = g.entry_point(i);
        g.cluster.entry_points.push(entry);
    }
    for i in 0..g.count(0, knobs.opaque) {
        let opaque = g.opaque(i);
        g.cluster.opaque.push(opaque);
    }
    g.cluster
}

/// A dialect for a seed: a preset, now and then with an option turned round and
/// with pod networks around the vocabulary's addresses.
pub fn dialect(seed: u64) -> Dialect {
    let mut rng = Rng::with_seed(seed ^ 0x6469_616c_6563_7400);
    let presets: Vec<Dialect> = Dialect::presets().map(|(dialect, _)| dialect).collect();
    let mut dialect = presets[rng.usize(..presets.len())].clone();
    dialect.ipblock_matches_pods ^= rng.u8(..5) == 0;
    dialect.ipblock_matches_nodes ^= rng.u8(..5) == 0;
    if rng.u8(..3) > 0 {
        let cidrs = vocabulary::POD_CIDRS[rng.usize(..vocabulary::POD_CIDRS.len())];
        dialect.pod_cidrs = cidrs.iter().flat_map(|text| text.parse::<IpNet>()).collect();
    }
    dialect
}

/// The state of a generator: what it has made so far, and its dice.
struct Generator<'a> {
    knobs: &'a Knobs,
    cluster: Cluster,
    rng: Rng,
    /// The namespaces that objects are in.
    names: Vec<Str>,
    /// The nodes that pods are on.
    node_names: Vec<Str>,
    /// Whether addresses may be IPv4, and IPv6.
    families: (bool, bool),
    line: u32,
}

impl<'a> Generator<'a> {
    fn new(knobs: &'a Knobs, cluster: Cluster, seed: u64) -> Generator<'a> {
        Generator {
            knobs,
            cluster,
            rng: Rng::with_seed(seed),
            names: Vec::new(),
            node_names: Vec::new(),
            families: (true, false),
            line: 0,
        }
    }

    // Dice.

    /// True in so many of a hundred cases.
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// A count up to a limit, and the limit often enough.
    fn count(&mut self, least: usize, most: usize) -> usize {
        if most <= least {
            most
        } else {
            self.rng.usize(least..=most).max(self.rng.usize(least..=most))
        }
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.rng.usize(..items.len())].clone()
    }

    fn origin(&mut self) -> Origin {
        self.line += 1;
        Origin { line: self.line, column: 1, ..Origin::default() }
    }

    fn some_families(&mut self) -> (bool, bool) {
        if !self.knobs.ipv6 {
            return (true, false);
        }
        self.pick(&[(true, false), (false, true), (true, true), (true, true)])
    }

    fn protocol(&mut self) -> Protocol {
        if self.knobs.sctp && self.chance(25) {
            Protocol::Sctp
        } else {
            self.pick(&[Protocol::Tcp, Protocol::Tcp, Protocol::Udp])
        }
    }

    fn labels(&mut self) -> Labels {
        let mut labels = Labels::default();
        for (key, values) in vocabulary::LABELS {
            match self.rng.u8(..10) {
                0..6 => labels.set(*key, self.pick(values)),
                6 if self.knobs.unvalued_labels => labels.set_unvalued(*key),
                _ => {}
            }
        }
        labels
    }

    // Namespaces, nodes and pods.

    fn namespace(&mut self, name: &str) -> Namespace {
        let mut labels = self.labels();
        // Of a namespace that is in the input every label is known.
        labels.unvalued.clear();
        labels.set(METADATA_NAME, name);
        Namespace { name: name.into(), labels, origin: self.origin() }
    }

    fn new_node(&mut self, name: &str) -> Node {
        let mut node = Node {
            name: name.into(),
            labels: Labels::default(),
            addresses: Vec::new(),
            pod_cidrs: Vec::new(),
            origin: self.origin(),
        };
        self.change_node(&mut node);
        node
    }

    /// Gives a node other labels and addresses.
    fn change_node(&mut self, node: &mut Node) {
        node.labels = self.labels();
        node.labels.unvalued.clear();
        node.labels.set("kubernetes.io/hostname", node.name.clone());
        node.addresses.clear();
        if self.knobs.unknown_addresses && self.chance(15) {
            return;
        }
        let several = self.knobs.several_node_addresses && self.chance(45);
        for _ in 0..if several { 2 } else { 1 } {
            let addresses = self.fresh_addresses(&vocabulary::NODE_NETWORKS);
            node.addresses.extend(addresses);
        }
    }

    /// A bare pod, a pod of a workload that may have others, or a stand-in.
    fn new_pod(&mut self, number: usize) -> Pod {
        let namespace = self.pick(&self.names.clone());
        let workload = |kind: &str, name: String| Workload { kind: kind.into(), name: name.into() };
        let (name, workload, stand_in) = match self.rng.u8(..10) {
            0..2 if self.knobs.stand_ins => {
                let kind = self.pick(&["Deployment", "StatefulSet", "DaemonSet"]);
                (format!("stand-in-{number}"), workload(kind, format!("stand-in-{number}")), true)
            }
            2..6 => {
                let name = format!("work-{}", self.rng.u8(..2));
                (format!("{name}-{number}"), workload("Deployment", name), false)
            }
            _ => (format!("pod-{number}"), workload("Pod", format!("pod-{number}")), false),
        };
        let mut pod = Pod {
            namespace,
            name: name.into(),
            workload,
            labels: Labels::default(),
            addresses: Vec::new(),
            node: None,
            host_addresses: Vec::new(),
            host_network: false,
            ports: Vec::new(),
            stand_in,
            origin: self.origin(),
        };
        self.relabel(&mut pod);
        self.place(&mut pod);
        self.container_ports(&mut pod);
        pod
    }

    /// Gives a pod other labels; the pods of a workload share some of theirs.
    fn relabel(&mut self, pod: &mut Pod) {
        let sibling = self
            .cluster
            .pods
            .iter()
            .find(|p| {
                p.namespace == pod.namespace && p.workload == pod.workload && p.name != pod.name
            })
            .map(|p| p.labels.clone());
        pod.labels = match sibling {
            Some(labels) if self.chance(60) => labels,
            _ => self.labels(),
        };
        if self.knobs.unvalued_labels && (pod.stand_in || self.chance(10)) {
            pod.labels.set_unvalued("pod-template-hash");
        }
    }

    /// Puts a pod on a node, or on none that is known, and gives it addresses.
    fn place(&mut self, pod: &mut Pod) {
        pod.host_network =
            self.knobs.host_network && !self.node_names.is_empty() && self.chance(20);
        pod.node = None;
        pod.addresses.clear();
        pod.host_addresses.clear();
        if pod.stand_in {
            // Its template may name a node, and still its pods are anywhere.
            if !self.node_names.is_empty() && self.chance(25) {
                pod.node = Some(self.pick(&self.node_names.clone()));
            }
            return;
        }
        let unknown_node = self.knobs.unknown_nodes && self.chance(25);
        if !unknown_node && !self.node_names.is_empty() {
            pod.node = Some(self.pick(&self.node_names.clone()));
        }
        if let Some(name) = &pod.node {
            let node = self.cluster.nodes.iter().find(|n| n.name == *name);
            let told = self
                .cluster
                .pods
                .iter()
                .find(|p| p.node.as_ref() == Some(name) && !p.host_addresses.is_empty())
                .map(|p| p.host_addresses.clone());
            pod.host_addresses = match (node, told) {
                (Some(node), _) if !node.addresses.is_empty() => {
                    one_of_each_family(&node.addresses)
                }
                (_, Some(told)) => told,
                _ => self.fresh_addresses(&vocabulary::NODE_NETWORKS),
            };
            if self.knobs.unknown_addresses && self.chance(30) {
                pod.host_addresses.clear();
            }
        }
        if self.knobs.unknown_addresses && self.chance(20) {
            return;
        }
        pod.addresses = if !pod.host_network {
            self.fresh_addresses(&vocabulary::POD_NETWORKS)
        } else if pod.node.is_none() && self.chance(50) {
            self.fresh_addresses(&vocabulary::NODE_NETWORKS)
        } else {
            pod.host_addresses.clone()
        };
    }

    /// The same name on several protocols, and on several numbers over the pods.
    fn container_ports(&mut self, pod: &mut Pod) {
        pod.ports.clear();
        for _ in 0..self.rng.usize(..4) {
            let name = self.chance(85).then(|| Str::from(self.pick(vocabulary::PORT_NAMES)));
            let port = ContainerPort {
                name,
                protocol: self.protocol(),
                port: self.pick(vocabulary::PORTS),
            };
            // A name is one number for each protocol, as in one container.
            let taken = |p: &ContainerPort| p.name == port.name && p.protocol == port.protocol;
            if port.name.is_none() || !pod.ports.iter().any(taken) {
                pod.ports.push(port);
            }
        }
        pod.ports.sort();
        pod.ports.dedup();
    }

    /// Addresses that nobody has yet: one of each family, or of one of them.
    fn fresh_addresses(&mut self, networks: &[&str; 2]) -> Vec<IpAddr> {
        let (mut v4, mut v6) = self.families;
        if v4 && v6 {
            match self.rng.u8(..4) {
                0 => v4 = false,
                1 => v6 = false,
                _ => {}
            }
        }
        let mut addresses = Vec::new();
        for (wanted, network) in [(v4, networks[0]), (v6, networks[1])] {
            if wanted {
                addresses.push(self.fresh_address(network));
            }
        }
        addresses
    }

    fn fresh_address(&mut self, network: &str) -> IpAddr {
        loop {
            let address = vocabulary::address(network, self.rng.u8(1..=250));
            if !self.taken(address) {
                return address;
            }
        }
    }

    fn taken(&self, address: IpAddr) -> bool {
        self.cluster.nodes.iter().any(|n| n.addresses.contains(&address))
            || self
                .cluster
                .pods
                .iter()
                .any(|p| p.addresses.contains(&address) || p.host_addresses.contains(&address))
    }

    // Services and entry points.

    fn service(&mut self, number: usize) -> Service {
        let external = self.chance(10);
        let selector = (!external && self.chance(75)).then(|| {
            let (key, values) = self.pick(vocabulary::LABELS);
            Selector::match_labels([(key, self.pick(values))])
        });
        let mut ports: Vec<ServicePort> = Vec::new();
        for name in ["web", "more"].into_iter().take(self.rng.usize(1..=2)) {
            let port = self.pick(vocabulary::PORTS);
            let protocol = self.protocol();
            let target = match self.rng.u8(..3) {
                0 => TargetPort::Name(self.pick(vocabulary::PORT_NAMES).into()),
                1 => TargetPort::Number(self.pick(vocabulary::PORTS)),
                _ => TargetPort::Number(port),
            };
            if !ports.iter().any(|p| p.port == port && p.protocol == protocol) {
                ports.push(ServicePort { name: Some(name.into()), protocol, port, target });
            }
        }
        Service {
            namespace: self.pick(&self.names.clone()),
            name: format!("service-{number}").into(),
            cluster_ips: Vec::new(),
            selector,
            ports,
            external_name: external.then(|| "example.com".into()),
            origin: self.origin(),
        }
    }

    fn endpoint_slice(&mut self, number: usize) -> EndpointSlice {
        let service = self.cluster.services.get(self.rng.usize(..4)).cloned();
        let (namespace, service_name) = match &service {
            Some(service) => (service.namespace.clone(), service.name.clone()),
            None => (self.pick(&self.names.clone()), "service-0".into()),
        };
        let ports = service.map_or_else(Vec::new, |s| s.ports);
        let ports = ports
            .into_iter()
            .map(|p| ContainerPort {
                name: p.name,
                protocol: p.protocol,
                port: self.pick(vocabulary::PORTS),
            })
            .collect();
        let mut backends = Vec::new();
        for pod in &self.cluster.pods {
            if !pod.stand_in && pod.namespace == namespace && self.rng.bool() {
                let named = self.rng.u8(..4) > 0 || pod.addresses.is_empty();
                backends.push(Backend {
                    addresses: pod.addresses.clone(),
                    pod: named.then(|| pod.name.clone()),
                });
            }
        }
        if self.chance(30) {
            let network = if self.families.0 { "203.0.113.0" } else { "2001:db8::" };
            let address = vocabulary::address(network, self.rng.u8(1..9));
            backends.push(Backend { addresses: vec![address], pod: None });
        }
        EndpointSlice {
            namespace,
            name: format!("slice-{number}").into(),
            service: service_name,
            ports,
            backends,
            origin: self.origin(),
        }
    }

    fn entry_point(&mut self, number: usize) -> EntryPoint {
        let service = self.cluster.services.get(self.rng.usize(..4)).cloned();
        let targets = service
            .into_iter()
            .map(|s| {
                let port = s.ports.first().map(|p| match &p.name {
                    Some(name) if self.rng.bool() => TargetPort::Name(name.clone()),
                    _ => TargetPort::Number(p.port),
                });
                EntryTarget {
                    namespace: s.namespace,
                    service: s.name,
                    port: port.filter(|_| self.chance(75)),
                }
            })
            .collect();
        EntryPoint {
            kind: self.pick(&["Ingress", "HTTPRoute"]).into(),
            namespace: self.pick(&self.names.clone()),
            name: format!("entry-{number}").into(),
            controller: self.pick(&["", "nginx", "default/gateway"]).into(),
            targets,
            origin: self.origin(),
        }
    }

    // What is not evaluated.

    fn opaque(&mut self, number: usize) -> Opaque {
        let namespace = self.pick(&self.names.clone());
        let scope = match self.rng.u8(..5) {
            0 => Scope::Cluster,
            1 => Scope::Namespace(namespace.clone()),
            2 => Scope::Pods(NamespaceMatch::Own, self.selector()),
            _ => Scope::Pods(NamespaceMatch::Selector(self.selector()), self.selector()),
        };
        let directions = self.pick(&[
            vec![Direction::Ingress],
            vec![Direction::Egress],
            vec![Direction::Ingress, Direction::Egress],
        ]);
        Opaque {
            kind: "CiliumNetworkPolicy".into(),
            namespace,
            name: format!("opaque-{number}").into(),
            scope,
            directions,
            opacity: self.pick(&[Opacity::Anything, Opacity::Denies]),
            reason: "CiliumNetworkPolicy is not modelled".into(),
            origin: self.origin(),
        }
    }
}

/// The first address of each family: what a pod's status tells of its node.
fn one_of_each_family(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let v4 = addresses.iter().find(|a| a.is_ipv4());
    let v6 = addresses.iter().find(|a| a.is_ipv6());
    v4.into_iter().chain(v6).copied().collect()
}
