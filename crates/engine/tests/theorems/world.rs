//! What the theorems are stated with.

use std::sync::atomic::{AtomicUsize, Ordering};

use fallgate_engine::{Detail, End, Engine, Interval, PodId, Port, Snapshot, Verdict};
use fallgate_model::{
    Change, Cluster, ClusterPolicy, ClusterRule, Dialect, Direction, Key, Labels, NetworkPolicy,
    Operator, Origin, Pod, Rule, Selector, Str,
};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};
use fastrand::Rng;

use crate::cases::{Case, Outcome, ensure};
use crate::ends::{engine_end, pod_ids};
use crate::maps::{self, entries};

/// How often a theorem had something to say. One that never has proves nothing.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) {
        assert!(self.0.load(Ordering::Relaxed) > 0, "no case had anything to check");
    }
}

/// A cluster with its engine, asked with the oracle's names for ends.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) dialect: Dialect,
    pub(crate) engine: Engine,
    pub(crate) snapshot: Snapshot,
    pub(crate) pods: Vec<PodId>,
    pub(crate) ports: Vec<Port>,
}

impl World {
    pub(crate) fn new(cluster: &Cluster, dialect: &Dialect) -> World {
        let engine = Engine::new(cluster.clone(), dialect.clone());
        let snapshot = engine.snapshot();
        World {
            pods: pod_ids(cluster, &snapshot),
            ports: oracle::interesting_ports(cluster),
            cluster: cluster.clone(),
            dialect: dialect.clone(),
            engine,
            snapshot,
        }
    }

    /// Every pod and node, and some outside addresses.
    pub(crate) fn ends(&self, case: &Case<'_>) -> Vec<oracle::End> {
        let outside = oracle::interesting_addresses(&self.cluster, &self.dialect);
        let count = if case.thorough { outside.len() } else { 5 };
        let some = case.rng().choose_multiple(outside, count);
        let mut ends = oracle::endpoints(&self.cluster);
        ends.extend(some.into_iter().map(oracle::End::Outside));
        ends
    }

    pub(crate) fn end(&self, end: &oracle::End) -> End {
        engine_end(&self.pods, end)
    }

    pub(crate) fn between(&self, from: &oracle::End, to: &oracle::End) -> Interval {
        self.snapshot.connections(&self.end(from), &self.end(to)).interval
    }

    pub(crate) fn verdict(&self, from: &oracle::End, to: &oracle::End, port: Port) -> Verdict {
        self.snapshot.verdict(&self.end(from), &self.end(to), port)
    }

    /// Every pair of ends on some ports each.
    pub(crate) fn each_question(
        &self,
        case: &Case<'_>,
        rng: &mut Rng,
        mut ask: impl FnMut(&oracle::End, &oracle::End, Port) -> Outcome,
    ) -> Outcome {
        let ends = self.ends(case);
        let count = if case.thorough { self.ports.len() } else { 4 };
        for from in &ends {
            for to in &ends {
                if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                    continue;
                }
                for port in rng.choose_multiple(&self.ports, count) {
                    ask(from, to, *port)?;
                }
            }
        }
        Ok(())
    }
}

/// A cluster to take rules from: of the same words, and otherwise unrelated.
pub(crate) fn donor(case: &Case<'_>) -> Cluster {
    generate::cluster(&Knobs::everything(), case.seed + 1_000_003)
}

pub(crate) fn same_maps(a: &Snapshot, b: &Snapshot) -> Outcome {
    for detail in [Detail::Workloads, Detail::Pods] {
        let (a, b) = (entries(a, detail), entries(b, detail));
        let only = |a: &maps::Entries, b: &maps::Entries| -> maps::Entries {
            a.iter().filter(|e| !b.contains(e)).cloned().collect()
        };
        ensure!(a == b, "{detail:?}: {:#?} became {:#?}", only(&a, &b), only(&b, &a));
    }
    Ok(())
}

pub(crate) fn within(inner: &Interval, outer: &Interval) -> bool {
    inner.certain.is_subset(&outer.certain) && inner.possible.is_subset(&outer.possible)
}

pub(crate) fn certainly(selector: &Selector, labels: &Labels) -> bool {
    holds(selector, labels, false)
}

pub(crate) fn possibly(selector: &Selector, labels: &Labels) -> bool {
    holds(selector, labels, true)
}

fn holds(selector: &Selector, labels: &Labels, vague: bool) -> bool {
    selector.requirements.iter().all(|r| {
        let value = labels.get(&r.key);
        if value.is_none() && labels.unvalued.contains(&r.key) {
            return match r.operator {
                Operator::In | Operator::NotIn => vague,
                Operator::Exists => true,
                Operator::DoesNotExist => false,
            };
        }
        if value.is_none() && labels.open {
            return vague;
        }
        match r.operator {
            Operator::In => value.is_some_and(|v| r.values.contains(v)),
            Operator::NotIn => value.is_none_or(|v| !r.values.contains(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}

pub(crate) fn rules_mut(
    policy: &mut NetworkPolicy,
    direction: Direction,
) -> &mut Option<Vec<Rule>> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}

pub(crate) fn cluster_rules_mut(
    policy: &mut ClusterPolicy,
    direction: Direction,
) -> &mut Vec<ClusterRule> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}

pub(crate) fn new_policy(namespace: &Str, pod_selector: Selector) -> NetworkPolicy {
    NetworkPolicy {
        namespace: namespace.clone(),
        name: "of-the-theorem".into(),
        pod_selector,
        ingress: None,
        egress: None,
        origin: Origin::default(),
    }
}

pub(crate) fn deleted(policy: NetworkPolicy) -> Change {
    Change::Delete(Key::NetworkPolicy(policy.namespace, policy.name))
}

/// Whether an end is the node of a pod or a hostNetwork pod there, or may be.
pub(crate) fn may_be_own_node(cluster: &Cluster, pod: &Pod, end: &oracle::End) -> bool {
    fn node_of(pod: &Pod) -> Option<&Str> {
        if pod.stand_in { None } else { pod.node.as_ref() }
    }
    let other = match end {
        oracle::End::Outside(_) => return false,
        oracle::End::Node(name) => Some(name),
        oracle::End::Pod(at) => {
            let other = &cluster.pods[*at];
            if !other.host_network {
                return false;
            }
            node_of(other)
        }
    };
    match (node_of(pod), other) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}
