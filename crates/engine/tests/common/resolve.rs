//! What a cluster could turn out to be once everything about it is known.

use std::net::IpAddr;

use fallgate_model::{
    Action, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, Dialect,
    Direction, Family, Labels, METADATA_NAME, Namespace, NamespaceMatch, Node, Opacity, Opaque,
    Origin, Pod, Scope, Selector, Str, Subject, Tier,
};
use fallgate_oracle as oracle;
use fastrand::Rng;
use ipnet::IpNet;

/// One reading of a cluster.
pub(crate) struct Resolved {
    pub(crate) cluster: Cluster,
    /// For each pod of the cluster before, those that it turned out to be: one,
    /// or for a stand-in any number.
    pub(crate) pods: Vec<Vec<usize>>,
}

/// Answers some or all of what a cluster leaves open, at random; `None` where
/// the answers would bring another address family into use.
pub(crate) fn resolve(
    cluster: &Cluster,
    dialect: &Dialect,
    rng: &mut Rng,
    donor: &Cluster,
) -> Option<Resolved> {
    let mut r = Resolver {
        families: oracle::families_in_use(cluster, dialect),
        edges: oracle::interesting_addresses(cluster, dialect),
        now: cluster.clone(),
        dialect,
        all: rng.bool(),
        rng,
    };
    r.namespaces();
    r.nodes();
    let pods = r.pods();
    r.addresses();
    r.ties();
    r.opaque(donor);
    r.domain_names();
    let now = r.now;
    (oracle::families_in_use(&now, dialect) == oracle::families_in_use(cluster, dialect))
        .then_some(Resolved { cluster: now, pods })
}

struct Resolver<'a> {
    now: Cluster,
    dialect: &'a Dialect,
    families: Vec<Family>,
    /// Addresses at the edges of blocks: where an answer makes a difference.
    edges: Vec<IpAddr>,
    /// Whether nothing is left open that can be answered.
    all: bool,
    rng: &'a mut Rng,
}

impl Resolver<'_> {
    fn answers(&mut self) -> bool {
        self.all || self.rng.u8(..3) > 0
    }

    fn value(&mut self) -> Str {
        let values = ["a", "b", "c", "x", "y", "p", "q", "something-else"];
        values[self.rng.usize(..values.len())].into()
    }

    fn some_labels(&mut self) -> Labels {
        let mut labels = Labels::default();
        for key in ["app", "tier", "env", "pod-template-hash"] {
            if self.rng.bool() {
                labels.set(key, self.value());
            }
        }
        labels
    }

    fn namespaces(&mut self) {
        let mut names: Vec<Str> = self.now.pods.iter().map(|p| p.namespace.clone()).collect();
        names.sort();
        names.dedup();
        for name in names {
            if self.now.namespaces.iter().all(|n| n.name != name) && self.answers() {
                let mut labels = self.some_labels();
                labels.set(METADATA_NAME, name.clone());
                let origin = Origin::default();
                self.now.namespaces.push(Namespace { name, labels, origin });
            }
        }
    }

    /// Node objects for those that pods name, and one address of a family.
    fn nodes(&mut self) {
        let placed = self.now.pods.iter().filter(|p| !p.stand_in);
        let mut names: Vec<Str> = placed.filter_map(|p| p.node.clone()).collect();
        names.extend(self.now.nodes.iter().map(|n| n.name.clone()));
        names.sort();
        names.dedup();
        for name in names {
            if self.now.nodes.iter().all(|n| n.name != name) && self.answers() {
                let node = self.new_node(name.clone());
                self.now.nodes.push(node);
            }
            if self.answers() {
                self.one_address(&name);
            }
        }
    }

    fn new_node(&mut self, name: Str) -> Node {
        Node {
            name,
            labels: self.some_labels(),
            addresses: Vec::new(),
            pod_cidrs: Vec::new(),
            origin: Origin::default(),
        }
    }

    fn addresses_of_node(&self, name: &str) -> Vec<IpAddr> {
        let own = self.now.nodes.iter().filter(|n| *n.name == *name).flat_map(|n| &n.addresses);
        let told = self.now.pods.iter().filter(|p| p.node.as_deref() == Some(name));
        let mut all: Vec<IpAddr> =
            own.chain(told.flat_map(|p| &p.host_addresses)).copied().collect();
        all.sort();
        all.dedup();
        all
    }

    /// Which of its addresses a node uses.
    fn one_address(&mut self, name: &str) {
        let all = self.addresses_of_node(name);
        for family in Family::ALL {
            let of_family: Vec<IpAddr> =
                all.iter().copied().filter(|a| Family::of(*a) == family).collect();
            let Some(used) = self.rng.choice(&of_family).copied() else { continue };
            let keep = |a: &IpAddr| Family::of(*a) != family || *a == used;
            let replace = |addresses: &mut Vec<IpAddr>| {
                let had = addresses.len();
                addresses.retain(keep);
                if addresses.len() < had && !addresses.contains(&used) {
                    addresses.push(used);
                }
            };
            self.now
                .nodes
                .iter_mut()
                .filter(|n| *n.name == *name)
                .for_each(|n| replace(&mut n.addresses));
            for pod in self.now.pods.iter_mut().filter(|p| p.node.as_deref() == Some(name)) {
                replace(&mut pod.host_addresses);
                if pod.host_network {
                    replace(&mut pod.addresses);
                }
            }
        }
    }

    /// Labels, nodes, and pods for stand-ins.
    fn pods(&mut self) -> Vec<Vec<usize>> {
        let before = std::mem::take(&mut self.now.pods);
        // Where nodes are known from their pods, the others still say so.
        self.now.pods = before.clone();
        let mut after: Vec<Pod> = Vec::new();
        let mut became = Vec::new();
        for pod in before {
            let count = if pod.stand_in && self.answers() { self.rng.usize(1..=2) } else { 1 };
            let real = pod.stand_in && (count > 1 || self.answers());
            let mut indices = Vec::new();
            for number in 0..count {
                let mut pod = pod.clone();
                if real {
                    pod.stand_in = false;
                    pod.node = None;
                    pod.name = format!("{}-{number}", pod.name).into();
                }
                for key in std::mem::take(&mut pod.labels.unvalued) {
                    if self.answers() {
                        pod.labels.set(key, self.value());
                    } else {
                        pod.labels.set_unvalued(key);
                    }
                }
                if !pod.stand_in && pod.node.is_none() && self.answers() {
                    pod.node = Some(self.some_node(&pod));
                }
                indices.push(after.len());
                after.push(pod);
            }
            became.push(indices);
        }
        self.now.pods = after;
        became
    }

    /// A node that a pod could be on. A hostNetwork pod has its addresses, of
    /// which all families in use may be.
    fn some_node(&mut self, pod: &Pod) -> Str {
        let names: Vec<Str> = self.now.nodes.iter().map(|n| n.name.clone()).collect();
        if (!pod.host_network || pod.addresses.is_empty())
            && let Some(name) = self.rng.choice(&names).cloned()
        {
            let known = self.addresses_of_node(&name);
            let has = |f: &Family| known.iter().any(|a| Family::of(*a) == *f);
            if !pod.host_network || known.is_empty() || self.families.iter().all(has) {
                return name;
            }
        }
        let name: Str = format!("new-node-{}", self.now.nodes.len()).into();
        let mut node = self.new_node(name.clone());
        if pod.host_network {
            node.addresses = pod.addresses.clone();
        }
        self.now.nodes.push(node);
        name
    }

    /// An address of every family in use for what has none: any of them may be
    /// the one a packet has.
    fn addresses(&mut self) {
        let names: Vec<Str> = self.now.nodes.iter().map(|n| n.name.clone()).collect();
        for (at, name) in names.iter().enumerate() {
            if self.addresses_of_node(name).is_empty() && self.answers() {
                for family in self.families.clone() {
                    let address = self.free_address(family, false);
                    self.now.nodes[at].addresses.push(address);
                }
            }
        }
        for at in 0..self.now.pods.len() {
            let pod = &self.now.pods[at];
            if !pod.stand_in && !pod.host_network && pod.addresses.is_empty() && self.answers() {
                for family in self.families.clone() {
                    let address = self.free_address(family, true);
                    self.now.pods[at].addresses.push(address);
                }
            }
        }
    }

    /// An address that nobody has: at the edge of a block, or anywhere; a pod's
    /// lies where pods have theirs.
    fn free_address(&mut self, family: Family, pod: bool) -> IpAddr {
        let anywhere: &[&str] = match family {
            Family::V4 => &["10.0.0.0/23", "192.168.0.0/24", "203.0.113.0/24"],
            Family::V6 => &["fd00::/119", "fd01::/120", "2001:db8::/120"],
        };
        let anywhere: Vec<IpNet> = anywhere.iter().filter_map(|n| n.parse().ok()).collect();
        let of_family = |n: &&IpNet| Family::of(n.addr()) == family;
        let told: Vec<IpNet> = self.dialect.pod_cidrs.iter().filter(of_family).copied().collect();
        let networks = if pod && !told.is_empty() { told } else { anywhere };
        let edges: Vec<IpAddr> =
            self.edges.iter().copied().filter(|a| networks.iter().any(|n| n.contains(a))).collect();
        loop {
            let network = networks[self.rng.usize(..networks.len())];
            let address = match self.rng.choice(&edges) {
                Some(edge) if self.rng.bool() => *edge,
                _ => nth(network, self.rng.u8(..)),
            };
            let free = oracle::end_of_address(&self.now, address) == oracle::End::Outside(address);
            if free && network.contains(&address) {
                return address;
            }
        }
    }

    /// Some order among policies of one priority.
    fn ties(&mut self) {
        if self.answers() {
            let mut order: Vec<i32> = (0..).take(self.now.cluster_policies.len()).collect();
            self.rng.shuffle(&mut order);
            for (policy, order) in self.now.cluster_policies.iter_mut().zip(order) {
                policy.priority = policy.priority * 100 + order;
            }
        }
    }

    /// What is not evaluated does nothing, or what a policy ahead of all others
    /// could do in its scope and within its opacity.
    fn opaque(&mut self, donor: &Cluster) {
        for (at, opaque) in (0..).zip(std::mem::take(&mut self.now.opaque)) {
            if !self.answers() {
                self.now.opaque.push(opaque);
            } else if self.rng.u8(..3) > 0 {
                let policy = self.instead(&opaque, at, donor);
                self.now.cluster_policies.push(policy);
            }
        }
    }

    fn instead(&mut self, opaque: &Opaque, at: i32, donor: &Cluster) -> ClusterPolicy {
        let named = |name: &Str| Selector::match_labels([(METADATA_NAME, name.clone())]);
        let (namespaces, pods) = match &opaque.scope {
            Scope::Cluster => (Selector::default(), Selector::default()),
            Scope::Namespace(name) => (named(name), Selector::default()),
            Scope::Pods(NamespaceMatch::Own, pods) => (named(&opaque.namespace), pods.clone()),
            Scope::Pods(NamespaceMatch::Selector(namespaces), pods) => {
                (namespaces.clone(), pods.clone())
            }
        };
        let mut rules = |direction| -> Vec<ClusterRule> {
            if !opaque.directions.contains(&direction) {
                return Vec::new();
            }
            let mut rules: Vec<ClusterRule> =
                donor.cluster_policies.iter().flat_map(|p| p.rules(direction)).cloned().collect();
            rules.retain(|rule| {
                !rule.peers.iter().any(|p| matches!(p, ClusterPeer::DomainNames(_)))
            });
            for rule in &mut rules {
                if opaque.opacity == Opacity::Denies {
                    rule.action = Action::Deny;
                } else if self.rng.bool() {
                    rule.action = Action::Accept;
                }
            }
            self.rng.shuffle(&mut rules);
            rules.truncate(3);
            rules
        };
        ClusterPolicy {
            kind: ClusterPolicyKind::ClusterNetworkPolicy,
            name: format!("instead-of-opaque-{at}").into(),
            tier: Tier::Admin,
            priority: -1 - at,
            subject: Subject { namespaces, pods },
            ingress: rules(Direction::Ingress),
            egress: rules(Direction::Egress),
            origin: Origin::default(),
        }
    }

    /// Some outside addresses for a domain name. A block could also match ends
    /// of which no address is known, so only once every address is.
    fn domain_names(&mut self) {
        let ends = oracle::endpoints(&self.now);
        let known = ends.iter().all(|end| match end {
            oracle::End::Pod(at) => {
                let pod = &self.now.pods[*at];
                !pod.stand_in
                    && match &pod.node {
                        Some(node) if pod.host_network => !self.addresses_of_node(node).is_empty(),
                        _ => !pod.addresses.is_empty(),
                    }
            }
            oracle::End::Node(name) => !self.addresses_of_node(name).is_empty(),
            oracle::End::Outside(_) => true,
        });
        if !known {
            return;
        }
        let now = self.now.clone();
        let mut outside = self.edges.clone();
        outside.retain(|a| oracle::end_of_address(&now, *a) == oracle::End::Outside(*a));
        for policy in &mut self.now.cluster_policies {
            for peer in policy.egress.iter_mut().flat_map(|rule| &mut rule.peers) {
                if let ClusterPeer::DomainNames(_) = peer {
                    let mut networks: Vec<IpNet> =
                        outside.iter().copied().map(IpNet::from).collect();
                    networks.retain(|_| self.rng.bool());
                    *peer = ClusterPeer::Networks(networks);
                }
            }
        }
    }
}

/// The nth address of a network, or of its first 256.
fn nth(network: IpNet, n: u8) -> IpAddr {
    match network.network() {
        IpAddr::V4(a) => IpAddr::V4((a.to_bits() + u32::from(n)).into()),
        IpAddr::V6(a) => IpAddr::V6((a.to_bits() + u128::from(n)).into()),
    }
}
