use std::collections::BTreeSet;
use std::sync::Arc;

use fallgate_model::{
    ClusterPolicy, ClusterRule, Direction, NetworkPolicy, ObjectRef, Opaque, Rule, Str,
};

use crate::connections::Interval;
use crate::snapshot::Snapshot;
use crate::state::PodId;

/// The objects that differ between two clusters, and what they bear on.
#[derive(Clone, Debug)]
pub struct Causes<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    policies: BTreeSet<(Str, Str)>,
    cluster_policies: BTreeSet<(&'static str, Str)>,
    /// What is not evaluated.
    opaque: BTreeSet<ObjectRef>,
}

impl<'a> Causes<'a> {
    /// Every object that differs.
    pub fn between(before: &'a Snapshot, after: &'a Snapshot) -> Causes<'a> {
        let mut causes = Causes::of_policies(before, after, BTreeSet::new());
        causes.compare(before, after);
        causes.compare(after, before);
        causes
    }

    /// The same where it is known that only NetworkPolicies may differ, and which.
    pub(crate) fn of_policies(
        before: &'a Snapshot,
        after: &'a Snapshot,
        policies: BTreeSet<(Str, Str)>,
    ) -> Causes<'a> {
        let (cluster_policies, opaque) = (BTreeSet::new(), BTreeSet::new());
        Causes { before, after, policies, cluster_policies, opaque }
    }

    /// The changed objects that bear on traffic from some pods to others, and
    /// where there are none, the pods and namespaces whose own properties
    /// changed. Pods are those of the later cluster; an end that is no pod is
    /// empty. What is not evaluated makes nothing certain, so it is named for a
    /// difference that has something unknown in it only.
    pub fn of(&self, (from, to): (&[PodId], &[PodId]), changed: &Interval) -> Vec<ObjectRef> {
        let unsure = changed.certain != changed.possible;
        let mut causes = BTreeSet::new();
        for (pods, direction) in [(from, Direction::Egress), (to, Direction::Ingress)] {
            for pod in pods {
                for snapshot in [self.before, self.after] {
                    self.bearing(*pod, direction, snapshot, unsure, &mut causes);
                }
            }
        }
        if causes.is_empty() {
            for pod in from.iter().chain(to) {
                self.altered(*pod, &mut causes);
            }
        }
        causes.into_iter().collect()
    }

    /// The changed objects that bear on one direction of a pod in one of the
    /// clusters.
    fn bearing(
        &self,
        pod: PodId,
        direction: Direction,
        snapshot: &Snapshot,
        unsure: bool,
        causes: &mut BTreeSet<ObjectRef>,
    ) {
        let Some(pod) = same_pod(self.after, pod, snapshot) else { return };
        let Some((shard, endpoint)) = snapshot.state.endpoint(pod) else { return };
        let row = shard.row(endpoint);
        for (policy, _) in row.policies(direction) {
            let (namespace, name) = (&policy.source.namespace, &policy.source.name);
            if self.policies.contains(&(namespace.clone(), name.clone())) {
                causes.insert(ObjectRef {
                    kind: "NetworkPolicy".into(),
                    namespace: namespace.clone(),
                    name: name.clone(),
                });
            }
        }
        for (policy, _) in row.admin.iter().chain(&row.baseline) {
            let kind = policy.source.kind.name();
            let name = &policy.source.name;
            if self.cluster_policies.contains(&(kind, name.clone())) {
                let (kind, namespace) = (kind.into(), "".into());
                causes.insert(ObjectRef { kind, namespace, name: name.clone() });
            }
        }
        for opaque in &row.opaque {
            let object = object_of(&opaque.source);
            if unsure
                && opaque.source.directions.contains(&direction)
                && self.opaque.contains(&object)
            {
                causes.insert(object);
            }
        }
    }

    /// A pod and its namespace, where what policies go by changed.
    fn altered(&self, pod: PodId, causes: &mut BTreeSet<ObjectRef>) {
        let Some(then) = same_pod(self.after, pod, self.before) else { return };
        let (Some(x), Some(y)) = (self.before.pod(then), self.after.pod(pod)) else { return };
        let placed = (&x.node, x.host_network) == (&y.node, y.host_network);
        if !placed || x.labels != y.labels || x.ports != y.ports || x.addresses != y.addresses {
            causes.insert(ObjectRef {
                kind: y.workload.kind.clone(),
                namespace: y.namespace.clone(),
                name: y.workload.name.clone(),
            });
        }
        let labels =
            |snapshot: &Snapshot| snapshot.namespace(&y.namespace).map(|n| n.labels.clone());
        if labels(self.before) != labels(self.after) {
            let kind = "Namespace".into();
            causes.insert(ObjectRef { kind, namespace: "".into(), name: y.namespace.clone() });
        }
    }

    /// Notes what one cluster has and the other has not, or has differently.
    fn compare(&mut self, one: &Snapshot, other: &Snapshot) {
        for (_, shard) in one.state.shards.iter() {
            let twin = other.state.by_name.get(&shard.name);
            let twin = twin.and_then(|ns| other.state.shards.get(*ns));
            if twin.is_some_and(|twin| Arc::ptr_eq(twin, shard)) {
                continue;
            }
            for (name, policy) in &shard.policies {
                let theirs = twin.and_then(|twin| twin.policies.get(name));
                if theirs.is_none_or(|theirs| !same_policy(&theirs.source, &policy.source)) {
                    self.policies.insert((shard.name.clone(), name.clone()));
                }
            }
        }
        for policy in one.cluster_policies() {
            let theirs =
                other.cluster_policies().find(|p| p.kind == policy.kind && p.name == policy.name);
            if theirs.is_none_or(|theirs| !same_cluster_policy(theirs, policy)) {
                self.cluster_policies.insert((policy.kind.name(), policy.name.clone()));
            }
        }
        for opaque in one.opaque() {
            if !other.opaque().any(|theirs| same_opaque(theirs, opaque)) {
                self.opaque.insert(object_of(opaque));
            }
        }
    }
}

fn object_of(opaque: &Opaque) -> ObjectRef {
    ObjectRef {
        kind: opaque.kind.clone(),
        namespace: opaque.namespace.clone(),
        name: opaque.name.clone(),
    }
}

/// Equal but for where they are written.
fn same_policy(a: &NetworkPolicy, b: &NetworkPolicy) -> bool {
    let rules = |rules: &Option<Vec<Rule>>| {
        let rules = rules.as_ref()?;
        Some(rules.iter().map(|r| (r.peers.clone(), r.ports.clone())).collect::<Vec<_>>())
    };
    a.pod_selector == b.pod_selector
        && rules(&a.ingress) == rules(&b.ingress)
        && rules(&a.egress) == rules(&b.egress)
}

/// Equal but for where they are written.
fn same_cluster_policy(a: &ClusterPolicy, b: &ClusterPolicy) -> bool {
    let rules = |rules: &[ClusterRule]| {
        let rules = rules.iter().map(|r| (r.action, r.peers.clone(), r.ports.clone()));
        rules.collect::<Vec<_>>()
    };
    (a.tier, a.priority, &a.subject) == (b.tier, b.priority, &b.subject)
        && rules(&a.ingress) == rules(&b.ingress)
        && rules(&a.egress) == rules(&b.egress)
}

/// Equal in all that answers depend on.
fn same_opaque(a: &Opaque, b: &Opaque) -> bool {
    (&a.kind, &a.namespace, &a.name) == (&b.kind, &b.namespace, &b.name)
        && (&a.scope, &a.directions, a.opacity) == (&b.scope, &b.directions, b.opacity)
}

/// The pod of another snapshot that is the same as one of this, by its names.
fn same_pod(this: &Snapshot, id: PodId, other: &Snapshot) -> Option<PodId> {
    if std::ptr::eq(this, other) {
        return Some(id);
    }
    let Some(pod) = this.pod(id) else { return other.pod(id).map(|_| id) };
    let stand_in = pod.stand_in.then(|| pod.workload.kind.clone());
    let ns = *other.state.by_name.get(&pod.namespace)?;
    let slot = other.state.shard(ns).find(stand_in.as_deref(), &pod.name)?;
    Some(PodId { ns, slot })
}
