//! Random policies.

use std::net::IpAddr;

use fallgate_model::{
    Action, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, Direction, IpBlock,
    METADATA_NAME, NamespaceMatch, NetworkPolicy, Operator, Peer, PortMatch, Requirement, Rule,
    Selector, Str, Subject, Tier,
};
use ipnet::IpNet;

use super::{Generator, vocabulary};

impl Generator<'_> {
    /// A selector with every operator; often empty.
    pub(super) fn selector(&mut self) -> Selector {
        let mut requirements = Vec::new();
        for _ in 0..self.pick(&[0, 0, 1, 1, 1, 2]) {
            requirements.push(self.requirement());
        }
        Selector::new(requirements)
    }

    /// The same for namespaces, which may also be selected by name.
    fn namespace_selector(&mut self) -> Selector {
        if self.chance(15) {
            let name = self.pick(&self.names.clone());
            return Selector::match_labels([(METADATA_NAME, name)]);
        }
        self.selector()
    }

    fn requirement(&mut self) -> Requirement {
        if self.chance(8) {
            return Requirement {
                key: "pod-template-hash".into(),
                operator: self.pick(&[Operator::Exists, Operator::DoesNotExist]),
                values: Vec::new(),
            };
        }
        let (key, values) = self.pick(vocabulary::LABELS);
        let operator = self.pick(&[
            Operator::In,
            Operator::In,
            Operator::In,
            Operator::NotIn,
            Operator::Exists,
            Operator::DoesNotExist,
        ]);
        let values = match operator {
            Operator::In | Operator::NotIn => {
                let count = self.rng.usize(1..=2);
                (0..count).map(|_| Str::from(self.pick(values))).collect()
            }
            Operator::Exists | Operator::DoesNotExist => Vec::new(),
        };
        Requirement { key: key.into(), operator, values }
    }

    pub(super) fn network_policy(&mut self, number: usize) -> NetworkPolicy {
        let (ingress, egress) = self.pick(&[(true, false), (false, true), (true, true)]);
        NetworkPolicy {
            namespace: self.pick(&self.names.clone()),
            name: format!("policy-{number}").into(),
            pod_selector: self.selector(),
            ingress: ingress.then(|| self.rules()),
            egress: egress.then(|| self.rules()),
            origin: self.origin(),
        }
    }

    fn rules(&mut self) -> Vec<Rule> {
        let count = self.pick(&[0, 1, 1, 2, 3]);
        (0..count).map(|_| self.rule()).collect()
    }

    pub(super) fn rule(&mut self) -> Rule {
        let peers = (!self.chance(12)).then(|| {
            let count = self.rng.usize(1..=3);
            (0..count).map(|_| self.peer()).collect()
        });
        Rule { peers, ports: self.rule_ports(false), origin: self.origin() }
    }

    pub(super) fn peer(&mut self) -> Peer {
        if self.knobs.ip_blocks && self.chance(40) {
            return Peer::IpBlock(self.ip_block());
        }
        let namespaces = if self.chance(40) {
            NamespaceMatch::Own
        } else {
            NamespaceMatch::Selector(self.namespace_selector())
        };
        Peer::Pods { namespaces, pods: self.selector() }
    }

    /// Ports of a rule; `None` for every protocol.
    pub(super) fn rule_ports(&mut self, cluster_policy: bool) -> Option<Vec<PortMatch>> {
        if self.chance(30) {
            return None;
        }
        let count = self.rng.usize(1..=3);
        Some((0..count).map(|_| self.port_match(cluster_policy)).collect())
    }

    fn port_match(&mut self, cluster_policy: bool) -> PortMatch {
        let protocol = self.protocol();
        if self.knobs.named_ports && self.chance(30) {
            let protocol = (!cluster_policy || self.chance(30)).then_some(protocol);
            return PortMatch::Named { protocol, name: self.pick(vocabulary::PORT_NAMES).into() };
        }
        let (a, b) = (self.pick(vocabulary::PORTS), self.pick(vocabulary::PORTS));
        let (start, end) = match self.rng.u8(..5) {
            0 => (1, u16::MAX),
            1 | 2 => (a.min(b), a.max(b)),
            _ => (a, a),
        };
        PortMatch::Range { protocol, start, end }
    }

    /// A block around an address of a pod, a node or the outside, with exceptions
    /// that overlap, lie side by side or touch its edges.
    fn ip_block(&mut self) -> IpBlock {
        let cidr = self.network();
        let mut except = Vec::new();
        if self.chance(8)
            && let Ok(halves) = cidr.subnets(cidr.prefix_len() + 1)
        {
            // They leave nothing of the block, but only together.
            except.extend(halves);
        } else if cidr.prefix_len() < cidr.max_prefix_len() && self.chance(45) {
            for _ in 0..self.rng.usize(1..=3) {
                let deepest = cidr.max_prefix_len();
                let length = match self.rng.u8(..3) {
                    0 => cidr.prefix_len() + 1,
                    1 => deepest,
                    _ => self.rng.u8(cidr.prefix_len() + 1..=deepest),
                };
                let inside = self.addresses_in(&cidr);
                except.extend(network(self.pick(&inside), length));
            }
            except.sort();
            except.dedup();
        }
        IpBlock { cidr, except }
    }

    pub(super) fn network(&mut self) -> IpNet {
        let whole = self.chance(20);
        let known = self.known_addresses();
        let address = self.pick(&known);
        let lengths: &[u8] = if address.is_ipv4() {
            &[8, 16, 23, 24, 25, 28, 31, 32]
        } else {
            &[32, 64, 119, 120, 121, 127, 128]
        };
        let length = if whole { 0 } else { self.pick(lengths) };
        network(address, length).unwrap_or_else(|| IpNet::from(address))
    }

    /// Addresses worth a block: those in use, and some outside. A family is left
    /// out when the cluster does not have it, but for one block in a while.
    fn known_addresses(&mut self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> =
            self.cluster.pods.iter().flat_map(|p| p.addresses.clone()).collect();
        addresses.extend(self.cluster.nodes.iter().flat_map(|n| n.addresses.clone()));
        let any_family = self.knobs.ipv6 && self.chance(5);
        for networks in [vocabulary::OUTSIDE_NETWORKS, vocabulary::POD_NETWORKS] {
            let offset = self.rng.u8(..=255);
            if self.families.0 || any_family {
                addresses.push(vocabulary::address(networks[0], offset));
            }
            if self.families.1 || any_family {
                addresses.push(vocabulary::address(networks[1], offset));
            }
        }
        addresses
    }

    /// Addresses in a network: known ones, and its first and last.
    fn addresses_in(&mut self, cidr: &IpNet) -> Vec<IpAddr> {
        let mut addresses = self.known_addresses();
        addresses.retain(|a| cidr.contains(a));
        addresses.extend([cidr.network(), cidr.broadcast()]);
        addresses
    }

    pub(super) fn cluster_policy(&mut self, number: usize) -> ClusterPolicy {
        let (kind, tier) = self.pick(&[
            (ClusterPolicyKind::ClusterNetworkPolicy, Tier::Admin),
            (ClusterPolicyKind::ClusterNetworkPolicy, Tier::Admin),
            (ClusterPolicyKind::ClusterNetworkPolicy, Tier::Baseline),
            (ClusterPolicyKind::AdminNetworkPolicy, Tier::Admin),
            (ClusterPolicyKind::BaselineAdminNetworkPolicy, Tier::Baseline),
        ]);
        let singleton = kind == ClusterPolicyKind::BaselineAdminNetworkPolicy;
        let name: Str = if singleton { "default".into() } else { format!("wide-{number}").into() };
        ClusterPolicy {
            kind,
            priority: self.priority(kind, &name, tier),
            name,
            tier,
            subject: Subject {
                namespaces: self.namespace_selector(),
                pods: if self.chance(50) { Selector::default() } else { self.selector() },
            },
            ingress: self.cluster_rules(kind, Direction::Ingress),
            egress: self.cluster_rules(kind, Direction::Egress),
            origin: self.origin(),
        }
    }

    /// A priority of few, so that policies tie, or one that no other has.
    pub(super) fn priority(&mut self, kind: ClusterPolicyKind, name: &str, tier: Tier) -> i32 {
        if kind == ClusterPolicyKind::BaselineAdminNetworkPolicy {
            return 1001;
        }
        loop {
            let priority =
                if self.knobs.ties { self.rng.i32(0..3) } else { self.rng.i32(0..=1000) };
            let taken = self.cluster.cluster_policies.iter().any(|p| {
                p.tier == tier && p.priority == priority && (p.kind != kind || *p.name != *name)
            });
            if self.knobs.ties || !taken {
                return priority;
            }
        }
    }

    fn cluster_rules(&mut self, kind: ClusterPolicyKind, direction: Direction) -> Vec<ClusterRule> {
        let count = self.pick(&[0, 1, 2, 3]);
        (0..count).map(|_| self.cluster_rule(kind, direction)).collect()
    }

    pub(super) fn cluster_rule(
        &mut self,
        kind: ClusterPolicyKind,
        direction: Direction,
    ) -> ClusterRule {
        let pass = self.knobs.pass && kind != ClusterPolicyKind::BaselineAdminNetworkPolicy;
        let action = match self.rng.u8(..5) {
            0 | 1 => Action::Accept,
            2 if pass => Action::Pass,
            _ => Action::Deny,
        };
        let count = self.rng.usize(1..=3);
        ClusterRule {
            name: self.chance(50).then(|| "rule".into()),
            action,
            peers: (0..count).map(|_| self.cluster_peer(action, direction)).collect(),
            ports: self.rule_ports(true),
            origin: self.origin(),
        }
    }

    fn cluster_peer(&mut self, action: Action, direction: Direction) -> ClusterPeer {
        let egress = direction == Direction::Egress;
        match self.rng.u8(..20) {
            0..5 if egress && self.knobs.networks => {
                let count = self.rng.usize(1..=2);
                ClusterPeer::Networks((0..count).map(|_| self.network()).collect())
            }
            5..8 if egress && self.knobs.node_peers => ClusterPeer::Nodes(self.selector()),
            8 | 9 if egress && self.knobs.domain_names && action == Action::Accept => {
                ClusterPeer::DomainNames(vec!["example.com".into()])
            }
            10 if self.knobs.unknown_peers => ClusterPeer::Unknown,
            _ => ClusterPeer::Pods {
                namespaces: self.namespace_selector(),
                pods: if self.chance(40) { Selector::default() } else { self.selector() },
            },
        }
    }
}

fn network(address: IpAddr, length: u8) -> Option<IpNet> {
    IpNet::new(address, length).ok().map(|net| net.trunc())
}
