use std::collections::BTreeSet;
use std::sync::Arc;

use fallgate_model::{ClusterPolicy, NetworkPolicy};
use rustc_hash::FxHashSet;

use crate::snapshot::Snapshot;
use crate::state::{Endpoint, NsId, PodId, Row, Shard};
use crate::tri::Tri;

/// A policy that bears on no pod of a snapshot, not even possibly: without it,
/// every answer about pods that exist is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle<P> {
    /// The policy.
    pub policy: Arc<P>,
    /// The hostNetwork pods that its selector selects, certainly or possibly,
    /// by namespace and name: no policy has an effect on them (SEMANTICS §3).
    pub host_pods: Vec<PodId>,
}

impl Snapshot {
    /// The NetworkPolicies that bear on no pod, by namespace and name.
    pub fn idle_network_policies(&self) -> Vec<Idle<NetworkPolicy>> {
        let mut idle = Vec::new();
        for (ns, shard) in self.state.shards.iter() {
            let busy: FxHashSet<_> = rows(shard)
                .flat_map(|row| row.ingress.iter().chain(&row.egress))
                .map(|(policy, _)| Arc::as_ptr(policy))
                .collect();
            for policy in shard.policies.values().filter(|p| !busy.contains(&Arc::as_ptr(p))) {
                let selected = host_pods(ns, shard, |e| policy.subject.matches(&e.labels));
                let host_pods = self.by_name(selected);
                idle.push(Idle { policy: policy.source.clone(), host_pods });
            }
        }
        idle.sort_by(|a, b| {
            (&a.policy.namespace, &a.policy.name).cmp(&(&b.policy.namespace, &b.policy.name))
        });
        idle
    }

    /// The cluster-wide policies that bear on no pod, in the order in which
    /// they are asked.
    pub fn idle_cluster_policies(&self) -> Vec<Idle<ClusterPolicy>> {
        let shards = || self.state.shards.iter();
        let busy: FxHashSet<_> = shards()
            .flat_map(|(_, shard)| rows(shard))
            .flat_map(|row| row.admin.iter().chain(&row.baseline))
            .map(|(policy, _)| Arc::as_ptr(policy))
            .collect();
        let policies = self.state.cluster_policies.iter();
        policies
            .filter(|policy| !busy.contains(&Arc::as_ptr(policy)))
            .map(|policy| {
                let selected = shards().flat_map(|(ns, shard)| {
                    let mut here = shard.cluster.iter().filter(|(p, _)| Arc::ptr_eq(p, policy));
                    let here = here.next().map_or(Tri::No, |(_, in_namespace)| *in_namespace);
                    host_pods(ns, shard, |e| here.and(policy.pods.matches(&e.labels)))
                });
                let host_pods = self.by_name(selected.collect());
                Idle { policy: policy.source.clone(), host_pods }
            })
            .collect()
    }

    fn by_name(&self, mut pods: Vec<PodId>) -> Vec<PodId> {
        pods.sort_by_cached_key(|id| self.pod(*id).map(|p| (p.namespace.clone(), p.name.clone())));
        pods
    }
}

/// The rows of the pods that are there, each once.
fn rows(shard: &Shard) -> impl Iterator<Item = &Arc<Row>> {
    let live: BTreeSet<u32> = shard.live().map(|(_, endpoint)| endpoint.row).collect();
    live.into_iter().filter_map(|row| shard.rows.get(row as usize))
}

fn host_pods(ns: NsId, shard: &Shard, selected: impl Fn(&Endpoint) -> Tri) -> Vec<PodId> {
    shard
        .live()
        .filter(|(_, e)| e.pod.host_network && selected(e) != Tri::No)
        .map(|(slot, _)| PodId { ns, slot })
        .collect()
}
