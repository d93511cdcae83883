//! One side of a connection: what a pod's policies say about one peer.
//!
//! The tiers are folded from the last rule to the first: each rule says what it
//! does with what it matches and leaves the rest as it was. The same fold runs
//! over single packets (a `bool`) and over connection sets.

use std::net::IpAddr;

use fallgate_model::{Action, Dialect, Direction, Family, Opacity, Tier};

use crate::address::Addresses;
use crate::compiled::{Block, CompiledPeer, CompiledRule, Namespaces, PortNames, PortSpec};
use crate::connections::{Connections, Port};
use crate::state::{CompiledNode, Endpoint, NsId, Row, Shard};
use crate::tri::Tri;

/// What packets a fold is about: one kind, or sets of them.
pub(crate) trait Space {
    type Set: Clone + PartialEq;
    fn all(&self) -> Self::Set;
    fn none(&self) -> Self::Set;
    fn ports(&self, spec: &PortSpec, names: Option<&PortNames>) -> Self::Set;
    fn union(&self, a: &Self::Set, b: &Self::Set) -> Self::Set;
    fn intersection(&self, a: &Self::Set, b: &Self::Set) -> Self::Set;
    fn difference(&self, a: &Self::Set, b: &Self::Set) -> Self::Set;
}

/// One kind of packet.
pub(crate) struct OnePort(pub(crate) Port);

impl Space for OnePort {
    type Set = bool;
    fn all(&self) -> bool {
        true
    }
    fn none(&self) -> bool {
        false
    }
    fn ports(&self, spec: &PortSpec, names: Option<&PortNames>) -> bool {
        spec.contains(self.0, names)
    }
    fn union(&self, a: &bool, b: &bool) -> bool {
        *a || *b
    }
    fn intersection(&self, a: &bool, b: &bool) -> bool {
        *a && *b
    }
    fn difference(&self, a: &bool, b: &bool) -> bool {
        *a && !*b
    }
}

/// All packets at once.
pub(crate) struct AllPorts;

impl Space for AllPorts {
    type Set = Connections;
    fn all(&self) -> Connections {
        Connections::all()
    }
    fn none(&self) -> Connections {
        Connections::none()
    }
    fn ports(&self, spec: &PortSpec, names: Option<&PortNames>) -> Connections {
        spec.resolve(names)
    }
    fn union(&self, a: &Connections, b: &Connections) -> Connections {
        a.union(b)
    }
    fn intersection(&self, a: &Connections, b: &Connections) -> Connections {
        a.intersection(b)
    }
    fn difference(&self, a: &Connections, b: &Connections) -> Connections {
        a.difference(b)
    }
}

/// What is certain and what is possible, of any space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bounds<T> {
    pub(crate) certain: T,
    pub(crate) possible: T,
}

impl<T: Clone> Bounds<T> {
    pub(crate) fn exactly(set: T) -> Bounds<T> {
        Bounds { certain: set.clone(), possible: set }
    }
}

pub(crate) fn union<S: Space>(s: &S, a: &Bounds<S::Set>, b: &Bounds<S::Set>) -> Bounds<S::Set> {
    Bounds { certain: s.union(&a.certain, &b.certain), possible: s.union(&a.possible, &b.possible) }
}

pub(crate) fn intersection<S: Space>(
    s: &S,
    a: &Bounds<S::Set>,
    b: &Bounds<S::Set>,
) -> Bounds<S::Set> {
    let possible = s.intersection(&a.possible, &b.possible);
    if a.certain == a.possible && b.certain == b.possible {
        return Bounds::exactly(possible);
    }
    Bounds { certain: s.intersection(&a.certain, &b.certain), possible }
}

/// Either may be the case: certain in both, possible in one.
pub(crate) fn either<S: Space>(s: &S, a: &Bounds<S::Set>, b: &Bounds<S::Set>) -> Bounds<S::Set> {
    Bounds {
        certain: s.intersection(&a.certain, &b.certain),
        possible: s.union(&a.possible, &b.possible),
    }
}

/// One step of the fold: what `matched` matches has `value`, what it may match
/// may have it, everything else is as in `rest`.
pub(crate) fn overlay<S: Space>(
    s: &S,
    matched: &Bounds<S::Set>,
    value: &Bounds<S::Set>,
    rest: Bounds<S::Set>,
) -> Bounds<S::Set> {
    if matched.possible == s.none() {
        return rest;
    }
    // The usual cases, with fewer steps: a rule that certainly matches, and
    // that accepts or denies.
    if matched.certain == matched.possible {
        let set = &matched.certain;
        let each = |f: &dyn Fn(&S::Set) -> S::Set| {
            if rest.certain == rest.possible {
                return Bounds::exactly(f(&rest.certain));
            }
            Bounds { certain: f(&rest.certain), possible: f(&rest.possible) }
        };
        if value.certain == s.all() {
            return each(&|rest| s.union(rest, set));
        }
        if value.possible == s.none() {
            return each(&|rest| s.difference(rest, set));
        }
    }
    let kept = Bounds {
        certain: s.difference(&rest.certain, &matched.possible),
        possible: s.difference(&rest.possible, &matched.possible),
    };
    let inside = Bounds {
        certain: s.intersection(&value.certain, &matched.certain),
        possible: s.intersection(&value.possible, &matched.certain),
    };
    let sure = union(s, &kept, &inside);
    if matched.certain == matched.possible {
        return sure;
    }
    let open = s.difference(&matched.possible, &matched.certain);
    let mixed = either(s, value, &rest);
    union(
        s,
        &sure,
        &Bounds {
            certain: s.intersection(&mixed.certain, &open),
            possible: s.intersection(&mixed.possible, &open),
        },
    )
}

/// The other end of a side, of one family.
#[derive(Clone, Copy)]
pub(crate) struct PeerView<'a> {
    pub(crate) who: Who<'a>,
    pub(crate) family: Family,
    /// Its known addresses, also those of the other family. Only a node has
    /// several of one family, and which of them it uses is not known.
    pub(crate) addresses: &'a [IpAddr],
}

#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// A pod with a network of its own.
    Pod { ns: NsId, shard: &'a Shard, endpoint: &'a Endpoint },
    /// A node, or a hostNetwork pod on it. The node is `None` when it is not in
    /// the input.
    Host { node: Option<&'a CompiledNode> },
    /// An outside address.
    Outside,
    /// A pod that does not exist: of it is known that these selectors select
    /// it, and what follows from its labels.
    Imagined(&'a Imagined),
    /// Someone of whom nothing is known: a pod, a node, or outside.
    Anyone,
}

/// A pod that does not exist yet, as `exposure` asks about it.
pub(crate) struct Imagined {
    pub(crate) ns: Option<NsId>,
    /// Selectors that are taken to match, by id: of namespaces and of pods.
    pub(crate) namespace_selector: Option<u32>,
    pub(crate) pod_selector: Option<u32>,
    pub(crate) namespace_labels: std::sync::Arc<crate::intern::CompiledLabels>,
    pub(crate) labels: std::sync::Arc<crate::intern::CompiledLabels>,
}

impl PeerView<'_> {
    /// The named ports of the peer, where it is a pod.
    pub(crate) fn port_names(&self) -> Option<&PortNames> {
        match self.who {
            Who::Pod { endpoint, .. } => Some(&endpoint.ports),
            _ => None,
        }
    }

    pub(crate) fn matches(&self, peer: &CompiledPeer, dialect: &Dialect) -> Tri {
        if let Who::Anyone = self.who {
            return match peer {
                CompiledPeer::Block(b) | CompiledPeer::Network(b) => {
                    let other = Family::of(b.source.cidr.addr()) != self.family;
                    if other { Tri::No } else { Tri::Unknown }
                }
                _ => Tri::Unknown,
            };
        }
        match peer {
            CompiledPeer::Pods(peer) => match self.who {
                Who::Pod { ns, shard, endpoint } => {
                    let in_namespace = match &peer.namespaces {
                        Namespaces::Own(own) => Tri::from(*own == ns),
                        Namespaces::Selector(selector) => selector.matches(&shard.labels),
                    };
                    match in_namespace {
                        Tri::No => Tri::No,
                        other => other.and(peer.pods.matches(&endpoint.labels)),
                    }
                }
                Who::Imagined(imagined) => imagined.matches(peer),
                _ => Tri::No,
            },
            CompiledPeer::Block(block) => match self.who {
                Who::Pod { .. } | Who::Imagined(_) if !dialect.ipblock_matches_pods => Tri::No,
                Who::Host { .. } if !dialect.ipblock_matches_nodes => Tri::No,
                _ => self.in_block(block, dialect),
            },
            CompiledPeer::Network(block) => self.in_block(block, dialect),
            CompiledPeer::Nodes(selector) => match self.who {
                Who::Host { node: Some(node) } => selector.matches(&node.labels),
                Who::Host { node: None } => Tri::Unknown,
                _ => Tri::No,
            },
            CompiledPeer::DomainNames => match self.who {
                Who::Outside => Tri::Unknown,
                _ => Tri::No,
            },
        }
    }

    /// SEMANTICS §4, `IpBlock`.
    pub(crate) fn in_block(&self, block: &Block, dialect: &Dialect) -> Tri {
        if Family::of(block.source.cidr.addr()) != self.family {
            return Tri::No;
        }
        let mut known = self.addresses.iter().filter(|a| Family::of(**a) == self.family);
        if let Some(first) = known.next() {
            let inside = block.contains(*first);
            let all = known.all(|address| block.contains(*address) == inside);
            return if all { inside.into() } else { Tri::Unknown };
        }
        let is_pod = matches!(self.who, Who::Pod { .. } | Who::Imagined(_));
        unaddressed_in_block(block, is_pod, dialect)
    }
}

/// Whether a block matches a pod or node whose address in the block's family is
/// not known.
pub(crate) fn unaddressed_in_block(block: &Block, is_pod: bool, dialect: &Dialect) -> Tri {
    if block.is_whole_family() {
        return Tri::Yes;
    }
    if !is_pod {
        return Tri::Unknown;
    }
    let family = Family::of(block.source.cidr.addr());
    let mut pod_cidrs =
        dialect.pod_cidrs.iter().filter(|c| Family::of(c.addr()) == family).peekable();
    if pod_cidrs.peek().is_none() {
        return Tri::Unknown;
    }
    let inside = block.addresses();
    let (mut covers, mut misses) = (true, true);
    for cidr in pod_cidrs {
        let cidr = Addresses::of(cidr);
        covers &= cidr.difference(&inside).is_empty();
        misses &= cidr.intersection(&inside).is_empty();
    }
    match (covers, misses) {
        (true, _) => Tri::Yes,
        (false, true) => Tri::No,
        (false, false) => Tri::Unknown,
    }
}

impl Imagined {
    fn matches(&self, peer: &crate::compiled::PodPeer) -> Tri {
        let in_namespace = match &peer.namespaces {
            Namespaces::Own(own) => match self.ns {
                Some(ns) => Tri::from(ns == *own),
                None => Tri::Unknown,
            },
            Namespaces::Selector(selector) if self.namespace_selector == Some(selector.id) => {
                Tri::Yes
            }
            Namespaces::Selector(selector) => selector.matches(&self.namespace_labels),
        };
        let selected = if self.pod_selector == Some(peer.pods.id) {
            Tri::Yes
        } else {
            peer.pods.matches(&self.labels)
        };
        in_namespace.and(selected)
    }
}

/// A side to be asked about a peer: the rows of one pod, in one direction.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) row: &'a Row,
    pub(crate) direction: Direction,
    /// The named ports of the pod whose side this is.
    pub(crate) own_ports: &'a PortNames,
    pub(crate) dialect: &'a Dialect,
}

impl Asked<'_> {
    /// What this side allows to or from the peer; SEMANTICS §4, §5 and §7,
    /// without the exemptions of §6.
    pub(crate) fn evaluate<S: Space>(&self, s: &S, peer: &PeerView<'_>) -> Bounds<S::Set> {
        let baseline =
            || self.tier(s, Tier::Baseline, peer, &self.everything(s), self.everything(s));
        let network = self.network(s, peer, baseline);
        let result = self.tier(s, Tier::Admin, peer, &network, network.clone());
        opaque(s, self.row.opacity(self.direction), result)
    }

    /// The same when NetworkPolicies and the Baseline tier do not apply: the
    /// traffic of a pod to its own node.
    pub(crate) fn evaluate_exempt<S: Space>(&self, s: &S, peer: &PeerView<'_>) -> Bounds<S::Set> {
        let result = self.tier(s, Tier::Admin, peer, &self.everything(s), self.everything(s));
        opaque(s, self.row.opacity(self.direction), result)
    }

    fn everything<S: Space>(&self, s: &S) -> Bounds<S::Set> {
        Bounds::exactly(s.all())
    }

    /// What a rule matches.
    pub(crate) fn matched<S: Space>(
        &self,
        s: &S,
        rule: &CompiledRule,
        peer: &PeerView<'_>,
    ) -> Bounds<S::Set> {
        let by_peer = match &rule.peers {
            None => Tri::Yes,
            Some(peers) => peers.iter().fold(Tri::No, |all, p| {
                if all == Tri::Yes { all } else { all.or(peer.matches(p, self.dialect)) }
            }),
        };
        let names = match self.direction {
            Direction::Ingress => Some(self.own_ports),
            Direction::Egress => peer.port_names(),
        };
        let ports = || s.ports(&rule.ports, names);
        match by_peer {
            Tri::No => Bounds::exactly(s.none()),
            Tri::Unknown => {
                let mut possible = ports();
                // Nobody knows the ports of a pod that does not exist.
                if matches!(peer.who, Who::Imagined(_) | Who::Anyone)
                    && self.direction == Direction::Egress
                    && !rule.ports.named.is_empty()
                {
                    possible = s.all();
                }
                Bounds { certain: s.none(), possible }
            }
            Tri::Yes => match peer.who {
                Who::Imagined(_)
                    if self.direction == Direction::Egress && !rule.ports.named.is_empty() =>
                {
                    Bounds { certain: ports(), possible: s.all() }
                }
                _ => Bounds::exactly(ports()),
            },
        }
    }

    fn network<S: Space>(
        &self,
        s: &S,
        peer: &PeerView<'_>,
        baseline: impl Fn() -> Bounds<S::Set>,
    ) -> Bounds<S::Set> {
        let policies = self.row.policies(self.direction);
        let isolated = self.row.isolated(self.direction);
        if isolated == Tri::No {
            return baseline();
        }
        let none = Bounds::exactly(s.none());
        let of_policy = |policy: &crate::compiled::CompiledPolicy| {
            let rules = policy.rules(self.direction).unwrap_or_default();
            rules
                .iter()
                .fold(none.clone(), |all, rule| union(s, &all, &self.matched(s, rule, peer)))
        };
        if isolated == Tri::Yes {
            return policies.iter().fold(none.clone(), |all, (policy, selected)| {
                let matched = of_policy(policy);
                match selected {
                    Tri::Yes => union(s, &all, &matched),
                    _ => Bounds { possible: s.union(&all.possible, &matched.possible), ..all },
                }
            });
        }
        policies.iter().fold(baseline(), |all, (policy, _)| either(s, &all, &of_policy(policy)))
    }

    /// A tier of cluster-wide policies over what comes after it: `pass` is what
    /// Pass leads to, `rest` what holds when no rule decides.
    fn tier<S: Space>(
        &self,
        s: &S,
        tier: Tier,
        peer: &PeerView<'_>,
        pass: &Bounds<S::Set>,
        rest: Bounds<S::Set>,
    ) -> Bounds<S::Set> {
        let policies = self.row.tier(tier);
        let fold = |policy: &crate::compiled::CompiledClusterPolicy,
                    selected: Tri,
                    rest: Bounds<S::Set>| {
            let rules = policy.rules(self.direction).iter().rev();
            let applied = rules.fold(rest.clone(), |rest, rule| {
                let matched = self.matched(s, rule, peer);
                let value = match rule.action {
                    Action::Accept => self.everything(s),
                    Action::Deny => Bounds::exactly(s.none()),
                    Action::Pass => pass.clone(),
                };
                overlay(s, &matched, &value, rest)
            });
            match selected {
                Tri::Yes => applied,
                // One unknown for the whole policy: all of its rules or none.
                _ => either(s, &applied, &rest),
            }
        };
        let mut result = rest;
        let mut end = policies.len();
        while end > 0 {
            let priority = policies[end - 1].0.source.priority;
            let start = policies[..end].partition_point(|(p, _)| p.source.priority < priority);
            let tied = &policies[start..end];
            result = match tied {
                [(policy, selected)] => fold(policy, *selected, result),
                _ => {
                    // Any order among them is right: certain is what no order
                    // denies, possible what some order allows.
                    let mut matched = Bounds::exactly(s.none());
                    let mut undenied = s.all();
                    let mut allowed = s.none();
                    for (policy, selected) in tied {
                        for rule in policy.rules(self.direction) {
                            let m = self.matched(s, rule, peer);
                            matched.possible = s.union(&matched.possible, &m.possible);
                            if *selected == Tri::Yes {
                                matched.certain = s.union(&matched.certain, &m.certain);
                            }
                        }
                        let open = fold(policy, *selected, self.everything(s));
                        let shut = fold(policy, *selected, Bounds::exactly(s.none()));
                        undenied = s.intersection(&undenied, &open.certain);
                        allowed = s.union(&allowed, &shut.possible);
                    }
                    Bounds {
                        certain: s
                            .intersection(&undenied, &s.union(&matched.certain, &result.certain)),
                        possible: s
                            .union(&allowed, &s.difference(&result.possible, &matched.certain)),
                    }
                }
            };
            end = start;
        }
        result
    }
}

/// SEMANTICS §7: what is not evaluated takes certainty away.
pub(crate) fn opaque<S: Space>(
    s: &S,
    opacity: Option<Opacity>,
    result: Bounds<S::Set>,
) -> Bounds<S::Set> {
    match opacity {
        None => result,
        Some(Opacity::Anything) => Bounds { certain: s.none(), possible: s.all() },
        Some(Opacity::Denies) => Bounds { certain: s.none(), possible: result.possible },
    }
}
