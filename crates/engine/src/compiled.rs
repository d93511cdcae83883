//! Policies over numbers: the form that rows are evaluated from.

use std::net::IpAddr;
use std::sync::Arc;

use fallgate_model::{
    Action, ClusterPeer, ClusterPolicy, Direction, IpBlock, NamespaceMatch, NetworkPolicy, Opaque,
    Peer, PortMatch, Protocol, Scope, Selector,
};
use rustc_hash::FxHashMap;

use crate::address::Addresses;
use crate::connections::{Connections, Port};
use crate::intern::{CompiledSelector, Sym, Symbols};
use crate::state::NsId;

/// The tables that make equal things one object. Only the writer holds them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    pub(crate) symbols: Symbols,
    pod_peers: FxHashMap<(Option<NsId>, u32, u32), Arc<PodPeer>>,
    blocks: FxHashMap<IpBlock, Arc<Block>>,
    /// The next number of a pod peer or block, counted apart from the tables,
    /// which are swept.
    next: u32,
}

/// A `Pods` peer: which pods of which namespaces. Equal peers of one engine are
/// one object.
#[derive(Debug)]
pub(crate) struct PodPeer {
    pub(crate) id: u32,
    pub(crate) namespaces: Namespaces,
    pub(crate) pods: Arc<CompiledSelector>,
}

#[derive(Debug)]
pub(crate) enum Namespaces {
    Own(NsId),
    Selector(Arc<CompiledSelector>),
}

/// A block of addresses less its exceptions. Equal blocks of one engine are one
/// object.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) id: u32,
    pub(crate) source: IpBlock,
}

impl Block {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.source.cidr.contains(&address)
            && !self.source.except.iter().any(|except| except.contains(&address))
    }

    /// True when every address of its family is in it.
    pub(crate) fn is_whole_family(&self) -> bool {
        self.source.cidr.prefix_len() == 0 && self.source.except.is_empty()
    }

    /// What is in it, as a set.
    pub(crate) fn addresses(&self) -> Addresses {
        let cidr = Addresses::of(&self.source.cidr);
        self.source.except.iter().fold(cidr, |all, e| all.difference(&Addresses::of(e)))
    }
}

#[derive(Debug)]
pub(crate) enum CompiledPeer {
    Pods(Arc<PodPeer>),
    /// An ipBlock; what it matches besides outside addresses is the dialect's.
    Block(Arc<Block>),
    /// A `networks` entry: matches any address.
    Network(Arc<Block>),
    Nodes(Arc<CompiledSelector>),
    DomainNames,
}

/// One rule of any policy. Rules of NetworkPolicies accept.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    /// Its place among the source's rules of its direction.
    pub(crate) index: usize,
    pub(crate) action: Action,
    /// `None` matches every peer.
    pub(crate) peers: Option<Box<[CompiledPeer]>>,
    pub(crate) ports: PortSpec,
}

/// The ports of a rule. What is named is resolved on each destination.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PortSpec {
    pub(crate) fixed: Connections,
    pub(crate) named: Box<[(Option<Protocol>, Sym)]>,
}

/// The named container ports of a pod. Equal ones of one engine are one object.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PortNames(pub(crate) Box<[(Sym, Protocol, u16)]>);

impl PortSpec {
    /// The connections of the rule at a destination with these named ports.
    pub(crate) fn resolve(&self, names: Option<&PortNames>) -> Connections {
        let mut set = self.fixed.clone();
        self.each_named(names, |protocol, port| {
            set = set.union(&Connections::ports(protocol, port, port));
        });
        set
    }

    pub(crate) fn contains(&self, port: Port, names: Option<&PortNames>) -> bool {
        let mut found = self.fixed.contains(port);
        if !found && port.is_some() && !self.named.is_empty() {
            self.each_named(names, |protocol, number| found |= port == Some((protocol, number)));
        }
        found
    }

    fn each_named(&self, names: Option<&PortNames>, mut found: impl FnMut(Protocol, u16)) {
        let Some(names) = names else { return };
        for (protocol, name) in &self.named {
            for (n, p, number) in &names.0 {
                if n == name && protocol.is_none_or(|protocol| protocol == *p) {
                    found(*p, *number);
                }
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct CompiledPolicy {
    pub(crate) source: Arc<NetworkPolicy>,
    pub(crate) subject: Arc<CompiledSelector>,
    pub(crate) ingress: Option<Box<[CompiledRule]>>,
    pub(crate) egress: Option<Box<[CompiledRule]>>,
}

impl CompiledPolicy {
    pub(crate) fn rules(&self, direction: Direction) -> Option<&[CompiledRule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct CompiledClusterPolicy {
    pub(crate) source: Arc<ClusterPolicy>,
    pub(crate) namespaces: Arc<CompiledSelector>,
    pub(crate) pods: Arc<CompiledSelector>,
    pub(crate) ingress: Box<[CompiledRule]>,
    pub(crate) egress: Box<[CompiledRule]>,
}

impl CompiledClusterPolicy {
    pub(crate) fn rules(&self, direction: Direction) -> &[CompiledRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

#[derive(Debug)]
pub(crate) struct CompiledOpaque {
    pub(crate) source: Arc<Opaque>,
    /// `None`: every namespace.
    pub(crate) namespaces: Option<Namespaces>,
    pub(crate) pods: Arc<CompiledSelector>,
}

impl Interner {
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// Forgets what nothing outside the tables holds any more.
    pub(crate) fn sweep(&mut self) {
        self.symbols.sweep();
        self.pod_peers.retain(|_, peer| Arc::strong_count(peer) > 1);
        self.blocks.retain(|_, block| Arc::strong_count(block) > 1);
    }

    fn pod_peer(
        &mut self,
        own: NsId,
        namespaces: Option<&Selector>,
        pods: &Selector,
    ) -> Arc<PodPeer> {
        let pods = self.symbols.selector(pods);
        let namespaces = match namespaces {
            Some(selector) => Namespaces::Selector(self.symbols.selector(selector)),
            None => Namespaces::Own(own),
        };
        let key = match &namespaces {
            Namespaces::Own(ns) => (Some(*ns), 0, pods.id),
            Namespaces::Selector(selector) => (None, selector.id, pods.id),
        };
        if let Some(peer) = self.pod_peers.get(&key) {
            return peer.clone();
        }
        let peer = Arc::new(PodPeer { id: self.number(), namespaces, pods });
        self.pod_peers.insert(key, peer.clone());
        peer
    }

    fn block(&mut self, block: &IpBlock) -> Arc<Block> {
        if let Some(block) = self.blocks.get(block) {
            return block.clone();
        }
        let compiled = Arc::new(Block { id: self.number(), source: block.clone() });
        self.blocks.insert(block.clone(), compiled.clone());
        compiled
    }

    fn ports(&mut self, ports: Option<&[PortMatch]>) -> PortSpec {
        let Some(ports) = ports else {
            return PortSpec { fixed: Connections::all(), named: Box::default() };
        };
        let mut fixed = Connections::none();
        let mut named = Vec::new();
        for port in ports {
            match port {
                PortMatch::Range { protocol, start, end } => {
                    fixed = fixed.union(&Connections::ports(*protocol, *start, *end));
                }
                PortMatch::Named { protocol, name } => {
                    named.push((*protocol, self.symbols.symbol(name)));
                }
            }
        }
        named.sort();
        named.dedup();
        PortSpec { fixed, named: named.into() }
    }

    pub(crate) fn policy(&mut self, own: NsId, policy: NetworkPolicy) -> CompiledPolicy {
        let subject = self.symbols.selector(&policy.pod_selector);
        let mut compile = |rules: &Option<Vec<fallgate_model::Rule>>| {
            rules.as_ref().map(|rules| {
                rules
                    .iter()
                    .enumerate()
                    .map(|(index, rule)| CompiledRule {
                        index,
                        action: Action::Accept,
                        peers: rule
                            .peers
                            .as_ref()
                            .map(|peers| peers.iter().map(|peer| self.peer(own, peer)).collect()),
                        ports: self.ports(rule.ports.as_deref()),
                    })
                    .collect()
            })
        };
        let (ingress, egress) = (compile(&policy.ingress), compile(&policy.egress));
        CompiledPolicy { source: Arc::new(policy), subject, ingress, egress }
    }

    fn peer(&mut self, own: NsId, peer: &Peer) -> CompiledPeer {
        match peer {
            Peer::Pods { namespaces, pods } => {
                let namespaces = match namespaces {
                    NamespaceMatch::Own => None,
                    NamespaceMatch::Selector(selector) => Some(selector),
                };
                CompiledPeer::Pods(self.pod_peer(own, namespaces, pods))
            }
            Peer::IpBlock(block) => CompiledPeer::Block(self.block(block)),
        }
    }

    pub(crate) fn cluster_policy(&mut self, policy: ClusterPolicy) -> CompiledClusterPolicy {
        let namespaces = self.symbols.selector(&policy.subject.namespaces);
        let pods = self.symbols.selector(&policy.subject.pods);
        let mut compile = |rules: &[fallgate_model::ClusterRule]| {
            rules.iter().enumerate().filter_map(|(at, rule)| self.cluster_rule(at, rule)).collect()
        };
        let (ingress, egress) = (compile(&policy.ingress), compile(&policy.egress));
        CompiledClusterPolicy { source: Arc::new(policy), namespaces, pods, ingress, egress }
    }

    /// `None` for a rule that matches nothing.
    fn cluster_rule(
        &mut self,
        index: usize,
        rule: &fallgate_model::ClusterRule,
    ) -> Option<CompiledRule> {
        if rule.peers.contains(&ClusterPeer::Unknown) {
            // SEMANTICS §5: fail closed.
            return (rule.action != Action::Accept).then(|| CompiledRule {
                index,
                action: Action::Deny,
                peers: None,
                ports: self.ports(None),
            });
        }
        let mut peers = Vec::new();
        for peer in &rule.peers {
            match peer {
                ClusterPeer::Pods { namespaces, pods } => {
                    let peer = self.pod_peer(NsId::NONE, Some(namespaces), pods);
                    peers.push(CompiledPeer::Pods(peer));
                }
                ClusterPeer::Networks(networks) => {
                    peers.extend(networks.iter().map(|cidr| {
                        let block = IpBlock { cidr: *cidr, except: Vec::new() };
                        CompiledPeer::Network(self.block(&block))
                    }));
                }
                ClusterPeer::Nodes(selector) => {
                    peers.push(CompiledPeer::Nodes(self.symbols.selector(selector)));
                }
                ClusterPeer::DomainNames(_) => peers.push(CompiledPeer::DomainNames),
                ClusterPeer::Unknown => {}
            }
        }
        Some(CompiledRule {
            index,
            action: rule.action,
            peers: Some(peers.into()),
            ports: self.ports(rule.ports.as_deref()),
        })
    }

    /// `own` finds the number of a namespace by name.
    pub(crate) fn opaque(&mut self, opaque: Opaque, own: impl Fn(&str) -> NsId) -> CompiledOpaque {
        let (namespaces, pods) = match &opaque.scope {
            Scope::Cluster => (None, Selector::default()),
            Scope::Namespace(name) => (Some(Namespaces::Own(own(name))), Selector::default()),
            Scope::Pods(NamespaceMatch::Own, pods) => {
                (Some(Namespaces::Own(own(&opaque.namespace))), pods.clone())
            }
            Scope::Pods(NamespaceMatch::Selector(selector), pods) => {
                (Some(Namespaces::Selector(self.symbols.selector(selector))), pods.clone())
            }
        };
        let pods = self.symbols.selector(&pods);
        CompiledOpaque { source: Arc::new(opaque), namespaces, pods }
    }
}
