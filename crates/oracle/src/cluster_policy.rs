//! Cluster-wide policies (§5).

use std::collections::{BTreeMap, BTreeSet};

use fallgate_model::{
    Action, ClusterPeer, ClusterPolicy, ClusterRule, Direction, IpBlock, Pod, Tier,
};

use crate::World;
use crate::evaluate::{End, Packet, known_node};
use crate::select::selects;
use crate::tri::{Interval, Tri};

/// What may become of a packet in a policy or a tier: the actions that may
/// decide it, and `None` when it may be that nothing does.
type Outcomes = BTreeSet<Option<Action>>;

impl World<'_> {
    /// §5: what the Admin tier decides; on Pass, or where nothing decides, what
    /// `next` says. Where the outcome is open, the answers of all are weighed.
    pub(crate) fn admin_tier(
        self,
        direction: Direction,
        pod: &Pod,
        packet: &Packet,
        next: impl Fn() -> Interval,
    ) -> Interval {
        weigh(&self.tier(Tier::Admin, direction, pod, packet), next)
    }

    /// §5: the same for the Baseline tier, after which everything is allowed.
    pub(crate) fn baseline_tier(
        self,
        direction: Direction,
        pod: &Pod,
        packet: &Packet,
    ) -> Interval {
        weigh(&self.tier(Tier::Baseline, direction, pod, packet), || Interval::ALLOWED)
    }

    /// §5: policies by priority, lower first; equal ones in any order.
    fn tier(self, tier: Tier, direction: Direction, pod: &Pod, packet: &Packet) -> Outcomes {
        let mut by_priority: BTreeMap<i32, Vec<Outcomes>> = BTreeMap::new();
        for policy in self.cluster.cluster_policies.iter().filter(|p| p.tier == tier) {
            let outcomes = self.policy_outcomes(policy, direction, pod, packet);
            by_priority.entry(policy.priority).or_default().push(outcomes);
        }
        let groups: Vec<Outcomes> =
            by_priority.into_values().map(|tied| in_any_order(&tied)).collect();
        in_order(&groups.iter().collect::<Vec<_>>())
    }

    /// §5: a policy whose subject is the pod goes through its rules in order;
    /// the first that matches decides.
    fn policy_outcomes(
        self,
        policy: &ClusterPolicy,
        direction: Direction,
        pod: &Pod,
        packet: &Packet,
    ) -> Outcomes {
        let rules = || {
            let rules: Vec<Outcomes> = policy
                .rules(direction)
                .iter()
                .map(|rule| self.rule_outcomes(rule, direction, packet))
                .collect();
            in_order(&rules.iter().collect::<Vec<_>>())
        };
        match self.selects_pod(&policy.subject.namespaces, &policy.subject.pods, pod) {
            Tri::No => Outcomes::from([None]),
            Tri::Yes => rules(),
            Tri::Unknown => &rules() | &Outcomes::from([None]),
        }
    }

    /// §5: a rule whose peer and port match decides by its action. An unknown
    /// peer closes it: Accept matches nothing, Deny and Pass deny everything.
    fn rule_outcomes(self, rule: &ClusterRule, direction: Direction, packet: &Packet) -> Outcomes {
        if rule.peers.contains(&ClusterPeer::Unknown) {
            return match rule.action {
                Action::Accept => Outcomes::from([None]),
                Action::Deny | Action::Pass => Outcomes::from([Some(Action::Deny)]),
            };
        }
        let peer = packet.peer(direction);
        let peers = Tri::any(rule.peers.iter().map(|p| self.cluster_peer_matches(p, peer, packet)));
        let ports = Tri::from(self.ports_match(rule.ports.as_deref(), packet));
        match peers.and(ports) {
            Tri::No => Outcomes::from([None]),
            Tri::Unknown => Outcomes::from([None, Some(rule.action)]),
            Tri::Yes => Outcomes::from([Some(rule.action)]),
        }
    }

    /// §5: the kinds of peers.
    fn cluster_peer_matches(self, peer: &ClusterPeer, end: &End, packet: &Packet) -> Tri {
        match peer {
            ClusterPeer::Pods { namespaces, pods } => match end {
                End::Pod(index) => self.selects_pod(namespaces, pods, &self.cluster.pods[*index]),
                End::Node(_) | End::Outside(_) => Tri::No,
            },
            ClusterPeer::Networks(networks) => Tri::any(networks.iter().map(|cidr| {
                let block = IpBlock { cidr: *cidr, except: Vec::new() };
                self.block_matches(&block, end, packet.family)
            })),
            ClusterPeer::Nodes(selector) => {
                let node = match end {
                    End::Outside(_) => return Tri::No,
                    End::Node(name) => self.node(name),
                    End::Pod(index) => {
                        let pod = &self.cluster.pods[*index];
                        if !pod.host_network {
                            return Tri::No;
                        }
                        known_node(pod).and_then(|name| self.node(name))
                    }
                };
                node.map_or(Tri::Unknown, |node| selects(selector, &node.labels))
            }
            ClusterPeer::DomainNames(_) => match end {
                End::Outside(_) => Tri::Unknown,
                End::Pod(_) | End::Node(_) => Tri::No,
            },
            // The rule has been closed before it comes to its peers.
            ClusterPeer::Unknown => Tri::No,
        }
    }
}

/// The first that decides, decides.
fn in_order(steps: &[&Outcomes]) -> Outcomes {
    let mut result = Outcomes::new();
    for step in steps {
        result.extend(step.iter().filter(|outcome| outcome.is_some()));
        if !step.contains(&None) {
            return result;
        }
    }
    result.insert(None);
    result
}

/// §5: the order among policies of equal priority is open, so every order is
/// tried; above four, where that gets long, each is put first once, which is
/// the same because the first that decides, decides.
fn in_any_order(tied: &[Outcomes]) -> Outcomes {
    let tied: Vec<&Outcomes> = tied.iter().collect();
    let orders = if tied.len() <= 4 { permutations(&tied) } else { rotations(&tied) };
    orders.iter().flat_map(|order| in_order(order)).collect()
}

fn permutations<'a>(items: &[&'a Outcomes]) -> Vec<Vec<&'a Outcomes>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (i, first) in items.iter().enumerate() {
        let rest = [&items[..i], &items[i + 1..]].concat();
        for mut order in permutations(&rest) {
            order.insert(0, first);
            orders.push(order);
        }
    }
    orders
}

fn rotations<'a>(items: &[&'a Outcomes]) -> Vec<Vec<&'a Outcomes>> {
    (0..items.len()).map(|i| [&items[i..], &items[..i]].concat()).collect()
}

/// The answers of all possible outcomes, of which one is the case.
fn weigh(outcomes: &Outcomes, next: impl Fn() -> Interval) -> Interval {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            Some(Action::Accept) => Interval::ALLOWED,
            Some(Action::Deny) => Interval::DENIED,
            Some(Action::Pass) | None => next(),
        })
        .reduce(Interval::either)
        .unwrap_or(Interval::UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which orders are tried must not matter: all of them give what each policy
    /// put first gives.
    #[test]
    fn rotations_suffice() {
        let all = [None, Some(Action::Accept), Some(Action::Deny), Some(Action::Pass)];
        let sets: Vec<Outcomes> = (1_u32..16)
            .map(|bits| {
                (0..4).filter(|i| bits & (1 << i) != 0).map(|i| all[i]).collect::<Outcomes>()
            })
            .collect();
        for a in &sets {
            for b in &sets {
                for c in &sets {
                    let tied = [a, b, c];
                    let join = |orders: Vec<Vec<&Outcomes>>| -> Outcomes {
                        orders.iter().flat_map(|order| in_order(order)).collect()
                    };
                    assert_eq!(join(permutations(&tied)), join(rotations(&tied)));
                }
            }
        }
    }
}
