//! The state that a snapshot is: namespaces in shards behind shared pointers,
//! so that a snapshot is a cheap clone and a change copies only the shard that
//! it touches (docs/adr/0002).

use std::collections::BTreeMap;
use std::sync::Arc;

use fallgate_model::{
    Dialect, Direction, EndpointSlice, EntryPoint, Node, Opacity, Pod, Service, Str, Tier,
};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::compiled::{CompiledClusterPolicy, CompiledOpaque, CompiledPolicy, PortNames};
use crate::intern::{CompiledLabels, CompiledSelector};
use crate::lazy::Lazy;
use crate::reach::{Reach, Summaries};
use crate::tri::Tri;

/// A namespace of one engine. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NsId(pub(crate) u32);

impl NsId {
    /// No namespace: what is cluster-wide.
    pub(crate) const NONE: NsId = NsId(u32::MAX);
}

/// A pod, or a workload's stand-in, of one snapshot. The same pod keeps its id
/// from one snapshot of an engine to the next, as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId {
    pub(crate) ns: NsId,
    pub(crate) slot: u32,
}

/// Everything that answers are computed from. Cloning copies pointers.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) shards: Shards,
    pub(crate) by_name: Arc<FxHashMap<Str, NsId>>,
    /// In the order in which they are asked: tier, priority, then kind and name.
    pub(crate) cluster_policies: Arc<Vec<Arc<CompiledClusterPolicy>>>,
    pub(crate) opaque: Arc<Vec<Arc<CompiledOpaque>>>,
    pub(crate) nodes: Arc<BTreeMap<Str, Arc<CompiledNode>>>,
    /// Which namespaces' policies can concern which others.
    pub(crate) reach: Reach,
    /// Whether IPv4 and IPv6 are in use, in this order.
    pub(crate) families: [bool; 2],
    /// What is computed from all of the above when it is first asked for.
    pub(crate) lazy: Arc<Lazy>,
}

#[derive(Debug)]
pub(crate) struct CompiledNode {
    pub(crate) source: Node,
    pub(crate) labels: Arc<CompiledLabels>,
}

/// One namespace: its pods, its policies, and which policies select which pods.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub(crate) name: Str,
    pub(crate) labels: Arc<CompiledLabels>,
    /// True when the namespace itself is in the input.
    pub(crate) declared: Option<Arc<fallgate_model::Namespace>>,
    /// Slots: a pod keeps its place, a free place is `None`.
    pub(crate) endpoints: Vec<Option<Arc<Endpoint>>>,
    pub(crate) rows: Vec<Arc<Row>>,
    row_index: FxHashMap<Signature, u32>,
    groups: Vec<Group>,
    pub(crate) policies: BTreeMap<Str, Arc<CompiledPolicy>>,
    pub(crate) services: BTreeMap<Str, Arc<Service>>,
    pub(crate) slices: BTreeMap<Str, Arc<EndpointSlice>>,
    pub(crate) entry_points: BTreeMap<(Str, Str), Arc<EntryPoint>>,
    /// The cluster-wide policies and unevaluated objects whose namespace part
    /// matches this namespace.
    pub(crate) cluster: Vec<(Arc<CompiledClusterPolicy>, Tri)>,
    opaque: Vec<Arc<CompiledOpaque>>,
    /// What the namespace contributes to [`Reach`].
    pub(crate) summaries: Summaries,
}

/// The policies of a namespace with the same pod selector.
#[derive(Clone, Debug)]
struct Group {
    selector: Arc<CompiledSelector>,
    policies: Vec<Arc<CompiledPolicy>>,
}

/// What selects a pod: groups, cluster-wide policies and unevaluated objects,
/// by their places in the shard. Pods with the same signature share a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Signature {
    host: bool,
    groups: SmallVec<[(u32, Tri); 6]>,
    cluster: SmallVec<[(u32, Tri); 2]>,
    opaque: SmallVec<[u32; 1]>,
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) pod: Arc<Pod>,
    pub(crate) labels: Arc<CompiledLabels>,
    pub(crate) ports: Arc<PortNames>,
    /// The place of its row in the shard.
    pub(crate) row: u32,
}

/// The policies that bear on a pod: all that a side's verdict depends on
/// besides the peer and the pod's own named ports.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// True for hostNetwork pods: no policy selects them.
    pub(crate) host: bool,
    /// NetworkPolicies that isolate in a direction, certainly or possibly.
    pub(crate) ingress: Vec<(Arc<CompiledPolicy>, Tri)>,
    pub(crate) egress: Vec<(Arc<CompiledPolicy>, Tri)>,
    /// In the order in which they are asked.
    pub(crate) admin: Vec<(Arc<CompiledClusterPolicy>, Tri)>,
    pub(crate) baseline: Vec<(Arc<CompiledClusterPolicy>, Tri)>,
    pub(crate) opaque: Vec<Arc<CompiledOpaque>>,
}

impl Row {
    pub(crate) fn policies(&self, direction: Direction) -> &[(Arc<CompiledPolicy>, Tri)] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    pub(crate) fn tier(&self, tier: Tier) -> &[(Arc<CompiledClusterPolicy>, Tri)] {
        match tier {
            Tier::Admin => &self.admin,
            Tier::Baseline => &self.baseline,
        }
    }

    /// The strongest thing that unevaluated objects could do in a direction.
    pub(crate) fn opacity(&self, direction: Direction) -> Option<Opacity> {
        self.opaque
            .iter()
            .filter(|o| o.source.directions.contains(&direction))
            .map(|o| o.source.opacity)
            .min()
    }

    /// Whether NetworkPolicies isolate in a direction.
    pub(crate) fn isolated(&self, direction: Direction) -> Tri {
        self.policies(direction).iter().fold(Tri::No, |all, (_, selected)| all.or(*selected))
    }
}

impl Shard {
    pub(crate) fn new(name: Str, labels: Arc<CompiledLabels>) -> Shard {
        Shard {
            name,
            labels,
            declared: None,
            endpoints: Vec::new(),
            rows: Vec::new(),
            row_index: FxHashMap::default(),
            groups: Vec::new(),
            policies: BTreeMap::new(),
            services: BTreeMap::new(),
            slices: BTreeMap::new(),
            entry_points: BTreeMap::new(),
            cluster: Vec::new(),
            opaque: Vec::new(),
            summaries: Summaries::default(),
        }
    }

    pub(crate) fn endpoint(&self, slot: u32) -> Option<&Arc<Endpoint>> {
        self.endpoints.get(slot as usize)?.as_ref()
    }

    pub(crate) fn row(&self, endpoint: &Endpoint) -> &Arc<Row> {
        &self.rows[endpoint.row as usize]
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = (u32, &Arc<Endpoint>)> {
        (0..).zip(&self.endpoints).filter_map(|(slot, e)| Some((slot, e.as_ref()?)))
    }

    /// The slot of a pod by its identity.
    pub(crate) fn find(&self, stand_in: Option<&str>, name: &str) -> Option<u32> {
        self.live()
            .find(|(_, e)| {
                *e.pod.name == *name
                    && match stand_in {
                        Some(kind) => e.pod.stand_in && *e.pod.workload.kind == *kind,
                        None => !e.pod.stand_in,
                    }
            })
            .map(|(slot, _)| slot)
    }

    fn signature(&self, labels: &CompiledLabels, host: bool) -> Signature {
        let mut signature = Signature { host, ..Signature::default() };
        if host {
            return signature;
        }
        for (at, group) in (0..).zip(&self.groups) {
            if group.policies.is_empty() {
                continue;
            }
            let selected = group.selector.matches(labels);
            if selected != Tri::No {
                signature.groups.push((at, selected));
            }
        }
        for (at, (policy, in_namespace)) in (0..).zip(&self.cluster) {
            let selected = in_namespace.and(policy.pods.matches(labels));
            if selected != Tri::No {
                signature.cluster.push((at, selected));
            }
        }
        for (at, opaque) in (0..).zip(&self.opaque) {
            if opaque.pods.matches(labels) != Tri::No {
                signature.opaque.push(at);
            }
        }
        signature
    }

    /// The place of the row for a signature, made when it is new.
    fn row_of(&mut self, signature: Signature) -> u32 {
        if let Some(&row) = self.row_index.get(&signature) {
            return row;
        }
        let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(Arc::new(self.make_row(&signature)));
        self.row_index.insert(signature, row);
        row
    }

    fn make_row(&self, signature: &Signature) -> Row {
        let mut row = Row { host: signature.host, ..Row::default() };
        for &(group, selected) in &signature.groups {
            for policy in &self.groups[group as usize].policies {
                if policy.ingress.is_some() {
                    row.ingress.push((policy.clone(), selected));
                }
                if policy.egress.is_some() {
                    row.egress.push((policy.clone(), selected));
                }
            }
        }
        for &(at, selected) in &signature.cluster {
            let policy = &self.cluster[at as usize].0;
            match policy.source.tier {
                Tier::Admin => row.admin.push((policy.clone(), selected)),
                Tier::Baseline => row.baseline.push((policy.clone(), selected)),
            }
        }
        row.opaque = signature.opaque.iter().map(|&at| self.opaque[at as usize].clone()).collect();
        row
    }

    /// Puts a pod into its slot, or the first free one.
    pub(crate) fn put_endpoint(
        &mut self,
        pod: Arc<Pod>,
        labels: Arc<CompiledLabels>,
        ports: Arc<PortNames>,
        slot: Option<u32>,
    ) -> u32 {
        let signature = self.signature(&labels, pod.host_network);
        let row = self.row_of(signature);
        let endpoint = Some(Arc::new(Endpoint { pod, labels, ports, row }));
        let slot = slot.map(|s| s as usize).unwrap_or_else(|| {
            self.endpoints.iter().position(Option::is_none).unwrap_or(self.endpoints.len())
        });
        if slot == self.endpoints.len() {
            self.endpoints.push(endpoint);
        } else {
            self.endpoints[slot] = endpoint;
        }
        u32::try_from(slot).unwrap_or(u32::MAX)
    }

    pub(crate) fn remove_endpoint(&mut self, slot: u32) {
        self.endpoints[slot as usize] = None;
    }

    /// Sets or removes a policy. Rows that its selector takes part in are made
    /// anew; when the selector is new here, every pod's signature is.
    pub(crate) fn set_policy(&mut self, name: &str, policy: Option<Arc<CompiledPolicy>>) {
        if let Some(old) = self.policies.remove(name)
            && let Some(at) = self.groups.iter().position(|g| g.selector.id == old.subject.id)
        {
            self.groups[at].policies.retain(|p| !Arc::ptr_eq(p, &old));
            if policy.as_ref().is_none_or(|new| new.subject.id != old.subject.id) {
                self.regroup(at);
            }
        }
        if let Some(policy) = policy {
            self.policies.insert(policy.source.name.clone(), policy.clone());
            let at = match self.groups.iter().position(|g| g.selector.id == policy.subject.id) {
                Some(at) => at,
                None => {
                    let selector = policy.subject.clone();
                    self.groups.push(Group { selector, policies: Vec::new() });
                    self.groups.len() - 1
                }
            };
            // Policies stay in the order of their names, so that rows do not
            // depend on the order of events.
            let policies = &mut self.groups[at].policies;
            let place = policies.partition_point(|p| p.source.name < policy.source.name);
            policies.insert(place, policy);
            self.regroup(at);
        }
    }

    /// Brings signatures and rows up to date after a group's policies changed.
    fn regroup(&mut self, at: usize) {
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        let in_rows = self.row_index.keys().any(|s| s.groups.iter().any(|(g, _)| *g == index));
        if in_rows && !self.groups[at].policies.is_empty() {
            let rows: Vec<(u32, Row)> = self
                .row_index
                .iter()
                .filter(|(s, _)| s.groups.iter().any(|(g, _)| *g == index))
                .map(|(s, &row)| (row, self.make_row(s)))
                .collect();
            for (row, made) in rows {
                self.rows[row as usize] = Arc::new(made);
            }
        } else {
            self.reassign();
        }
    }

    /// Computes every pod's signature and row anew.
    fn reassign(&mut self) {
        let old_rows = std::mem::take(&mut self.rows);
        let old_index = std::mem::take(&mut self.row_index);
        for slot in 0..self.endpoints.len() {
            let Some(endpoint) = self.endpoints[slot].clone() else { continue };
            let signature = self.signature(&endpoint.labels, endpoint.pod.host_network);
            let row = self.row_of(signature);
            if row != endpoint.row {
                self.endpoints[slot] = Some(Arc::new(Endpoint {
                    pod: endpoint.pod.clone(),
                    labels: endpoint.labels.clone(),
                    ports: endpoint.ports.clone(),
                    row,
                }));
            }
        }
        drop((old_rows, old_index));
    }

    /// Replaces what is cluster-wide and applies to this namespace.
    pub(crate) fn set_cluster(
        &mut self,
        cluster: Vec<(Arc<CompiledClusterPolicy>, Tri)>,
        opaque: Vec<Arc<CompiledOpaque>>,
    ) {
        let same = cluster.len() == self.cluster.len()
            && opaque.len() == self.opaque.len()
            && cluster
                .iter()
                .zip(&self.cluster)
                .all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
            && opaque.iter().zip(&self.opaque).all(|(a, b)| Arc::ptr_eq(a, b));
        if !same {
            self.cluster = cluster;
            self.opaque = opaque;
            self.reassign();
        }
    }

    /// Loads pods and policies at once: the same as one after the other, with
    /// each signature computed once.
    pub(crate) fn load(
        &mut self,
        policies: Vec<Arc<CompiledPolicy>>,
        endpoints: Vec<(Arc<Pod>, Arc<CompiledLabels>, Arc<PortNames>)>,
    ) {
        let mut by_selector: FxHashMap<u32, usize> = FxHashMap::default();
        for policy in policies {
            let at = *by_selector.entry(policy.subject.id).or_insert_with(|| {
                let selector = policy.subject.clone();
                self.groups.push(Group { selector, policies: Vec::new() });
                self.groups.len() - 1
            });
            self.groups[at].policies.push(policy.clone());
            self.policies.insert(policy.source.name.clone(), policy);
        }
        for group in &mut self.groups {
            group.policies.sort_by(|a, b| a.source.name.cmp(&b.source.name));
        }
        for (pod, labels, ports) in endpoints {
            let slot = u32::try_from(self.endpoints.len()).unwrap_or(u32::MAX);
            self.put_endpoint(pod, labels, ports, Some(slot));
        }
    }
}

/// The shards of all namespaces, in chunks behind shared pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shards {
    chunks: Vec<Arc<Vec<Arc<Shard>>>>,
}

const CHUNK: usize = 128;

impl Shards {
    pub(crate) fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * CHUNK + last.len(),
            None => 0,
        }
    }

    pub(crate) fn get(&self, id: NsId) -> Option<&Arc<Shard>> {
        self.chunks.get(id.0 as usize / CHUNK)?.get(id.0 as usize % CHUNK)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (NsId, &Arc<Shard>)> {
        (0..).map(NsId).zip(self.chunks.iter().flat_map(|chunk| chunk.iter()))
    }

    pub(crate) fn push(&mut self, shard: Shard) -> NsId {
        let id = NsId(u32::try_from(self.len()).unwrap_or(u32::MAX));
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push(Arc::new(shard)),
            _ => self.chunks.push(Arc::new(vec![Arc::new(shard)])),
        }
        id
    }

    /// The shard to write to; copied when a snapshot holds it too.
    pub(crate) fn get_mut(&mut self, id: NsId) -> Option<&mut Shard> {
        let chunk = self.chunks.get_mut(id.0 as usize / CHUNK)?;
        Arc::make_mut(chunk).get_mut(id.0 as usize % CHUNK).map(Arc::make_mut)
    }
}

impl State {
    pub(crate) fn shard(&self, id: NsId) -> &Arc<Shard> {
        // An NsId is made by this engine's `Shards::push` and never removed.
        &self.shards.chunks[id.0 as usize / CHUNK][id.0 as usize % CHUNK]
    }

    pub(crate) fn endpoint(&self, id: PodId) -> Option<(&Arc<Shard>, &Arc<Endpoint>)> {
        let shard = self.shards.get(id.ns)?;
        Some((shard, shard.endpoint(id.slot)?))
    }
}
