//! NetworkPolicies (§4).

use fallgate_model::{Direction, NetworkPolicy, Peer, Pod, Rule};

use crate::World;
use crate::evaluate::{End, Packet};
use crate::select::selects;
use crate::tri::{Interval, Tri};

impl World<'_> {
    /// §4, for a pod that is not a hostNetwork pod: what the policies that
    /// isolate it in this direction allow, else what the Baseline tier does.
    pub(crate) fn network_policies(
        self,
        direction: Direction,
        pod: &Pod,
        packet: &Packet,
    ) -> Interval {
        let mut certain_selection: Vec<Tri> = Vec::new();
        let mut unknown_selection: Vec<Tri> = Vec::new();
        for policy in &self.cluster.network_policies {
            let Some(rules) = policy.rules(direction) else { continue };
            let matched =
                || Tri::any(rules.iter().map(|r| self.rule_matches(policy, r, direction, packet)));
            match selects_subject(policy, pod) {
                Tri::Yes => certain_selection.push(matched()),
                Tri::Unknown => unknown_selection.push(matched()),
                Tri::No => {}
            }
        }
        let is_certain = |m: &Tri| *m == Tri::Yes;
        let is_possible = |m: &Tri| m.possible();
        if !certain_selection.is_empty() {
            return Interval {
                certain: certain_selection.iter().any(is_certain),
                possible: certain_selection.iter().chain(&unknown_selection).any(is_possible),
            };
        }
        let baseline = self.baseline_tier(direction, pod, packet);
        Interval {
            certain: baseline.certain && unknown_selection.iter().all(is_certain),
            possible: baseline.possible || unknown_selection.iter().any(is_possible),
        }
    }

    /// §4: a peer matches (no peers: any) and a port matches (no ports: all).
    fn rule_matches(
        self,
        policy: &NetworkPolicy,
        rule: &Rule,
        direction: Direction,
        packet: &Packet,
    ) -> Tri {
        let peers = match &rule.peers {
            None => Tri::Yes,
            Some(peers) => Tri::any(
                peers.iter().map(|p| self.peer_matches(policy, p, packet.peer(direction), packet)),
            ),
        };
        peers.and(Tri::from(self.ports_match(rule.ports.as_deref(), packet)))
    }

    /// §4: `Pods` match pods only, never hostNetwork pods; `IpBlock` addresses.
    fn peer_matches(self, policy: &NetworkPolicy, peer: &Peer, end: &End, packet: &Packet) -> Tri {
        match (peer, end) {
            (Peer::Pods { namespaces, pods }, End::Pod(index)) => self.selects_pod_from(
                &policy.namespace,
                namespaces,
                pods,
                &self.cluster.pods[*index],
            ),
            (Peer::Pods { .. }, End::Node(_) | End::Outside(_)) => Tri::No,
            (Peer::IpBlock(block), end) => self.ip_block_matches(block, end, packet.family),
        }
    }
}

/// §4: the pods of its own namespace that match `podSelector`.
fn selects_subject(policy: &NetworkPolicy, pod: &Pod) -> Tri {
    if pod.host_network || pod.namespace != policy.namespace {
        return Tri::No;
    }
    selects(&policy.pod_selector, &pod.labels)
}
