use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use fallgate_model::{
    ClusterPolicy, Dialect, Direction, EntryPoint, Family, Namespace, NetworkPolicy, Node, Opaque,
    Pod, Selector, Service, Str,
};

use crate::connections::{Interval, Port, Verdict};
use crate::intern;
use crate::side::{self, AllPorts, Asked, Bounds, OnePort, PeerView, Space, Who};
use crate::state::{CompiledNode, PodId, Row, State};
use crate::tri::Tri;

/// A cluster at one instant: immutable, and cheap to clone and to share between
/// threads.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) state: State,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A pod, or a workload's stand-in.
    Pod(PodId),
    /// A node by name.
    Node(Str),
    /// An address that is no endpoint's.
    Outside(IpAddr),
}

/// A workload of a snapshot: what stands for its pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadRef {
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Its API kind; `Pod` for a bare pod.
    pub kind: Str,
}

/// An answer that unites several pods or families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Union {
    /// The union.
    pub interval: Interval,
    /// True when what was united was not all the same.
    pub partial: bool,
}

impl Snapshot {
    pub(crate) fn new(state: State) -> Snapshot {
        Snapshot { state }
    }

    /// The dialect that answers are given in.
    pub fn dialect(&self) -> &Dialect {
        &self.state.dialect
    }

    /// The address families in use, IPv4 first (SEMANTICS §2).
    pub fn families(&self) -> Vec<Family> {
        self.state.families().collect()
    }

    /// The same cluster as if these families were in use.
    pub(crate) fn with_families(&self, families: [bool; 2]) -> Snapshot {
        let mut wide = self.clone();
        if wide.state.families != families {
            wide.state.families = families;
            wide.state.lazy = Arc::default();
        }
        wide
    }

    /// Every pod and stand-in, by namespace, name and workload kind.
    pub fn pods(&self) -> Vec<PodId> {
        let mut pods: Vec<(&Pod, PodId)> = Vec::new();
        for (ns, shard) in self.state.shards.iter() {
            pods.extend(shard.live().map(|(slot, e)| (&*e.pod, PodId { ns, slot })));
        }
        pods.sort_by(|(a, _), (b, _)| {
            (&a.namespace, &a.name, &a.workload.kind).cmp(&(
                &b.namespace,
                &b.name,
                &b.workload.kind,
            ))
        });
        pods.into_iter().map(|(_, id)| id).collect()
    }

    /// A pod by its id; `None` when it is not in this snapshot.
    pub fn pod(&self, id: PodId) -> Option<&Arc<Pod>> {
        self.state.endpoint(id).map(|(_, endpoint)| &endpoint.pod)
    }

    /// The workloads, by namespace, name and kind, each with its pods.
    pub fn workloads(&self) -> BTreeMap<WorkloadRef, Vec<PodId>> {
        let mut workloads: BTreeMap<WorkloadRef, Vec<PodId>> = BTreeMap::new();
        for id in self.pods() {
            if let Some(pod) = self.pod(id) {
                workloads.entry(workload_of(pod)).or_default().push(id);
            }
        }
        workloads
    }

    /// The pods of one namespace, in no particular order.
    pub fn pods_in(&self, namespace: &str) -> Vec<PodId> {
        let Some(&ns) = self.state.by_name.get(namespace) else { return Vec::new() };
        self.state.shard(ns).live().map(|(slot, _)| PodId { ns, slot }).collect()
    }

    /// The pods of a namespace whose labels a selector matches, certainly or
    /// possibly, by name; true where it is certain. HostNetwork pods are among
    /// them, though no policy selects those.
    pub fn select(&self, namespace: &str, selector: &Selector) -> Vec<(PodId, bool)> {
        let mut found: Vec<(&Str, PodId, bool)> = Vec::new();
        for id in self.pods_in(namespace) {
            let Some(pod) = self.pod(id) else { continue };
            match intern::matches(selector, &pod.labels) {
                Tri::No => {}
                matched => found.push((&pod.name, id, matched == Tri::Yes)),
            }
        }
        found.sort();
        found.into_iter().map(|(_, id, certain)| (id, certain)).collect()
    }

    /// The names of all namespaces, also of those that are only mentioned,
    /// sorted.
    pub fn namespaces(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.state.by_name.keys().cloned().collect();
        names.sort();
        names
    }

    /// A namespace, where it is in the input.
    pub fn namespace(&self, name: &str) -> Option<&Arc<Namespace>> {
        let ns = self.state.by_name.get(name)?;
        self.state.shards.get(*ns)?.declared.as_ref()
    }

    /// The nodes by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.state.nodes.values().map(|node| &node.source)
    }

    /// Every NetworkPolicy, by namespace and name.
    pub fn network_policies(&self) -> Vec<Arc<NetworkPolicy>> {
        let mut all: Vec<_> = (self.state.shards.iter())
            .flat_map(|(_, shard)| shard.policies.values().map(|p| p.source.clone()))
            .collect();
        all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        all
    }

    /// Every cluster-wide policy, in the order in which they are asked.
    pub fn cluster_policies(&self) -> impl Iterator<Item = &Arc<ClusterPolicy>> {
        self.state.cluster_policies.iter().map(|p| &p.source)
    }

    /// What is in the input and not evaluated.
    pub fn opaque(&self) -> impl Iterator<Item = &Arc<Opaque>> {
        self.state.opaque.iter().map(|o| &o.source)
    }

    /// Every service, by namespace and name.
    pub fn services(&self) -> Vec<Arc<Service>> {
        let mut all: Vec<_> =
            self.state.shards.iter().flat_map(|(_, s)| s.services.values().cloned()).collect();
        all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        all
    }

    /// Every Ingress and Gateway route, by namespace, kind and name.
    pub fn entry_points(&self) -> Vec<Arc<EntryPoint>> {
        let mut all: Vec<_> =
            self.state.shards.iter().flat_map(|(_, s)| s.entry_points.values().cloned()).collect();
        all.sort_by(|a, b| (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name)));
        all
    }

    /// Who has an address: the pods with it, else the node, else nobody.
    pub fn ends_at(&self, address: IpAddr) -> Vec<End> {
        let pods = self.state.pods_at(address);
        if !pods.is_empty() {
            let mut pods = pods.to_vec();
            pods.sort();
            return pods.into_iter().map(End::Pod).collect();
        }
        match self.state.hosts().by_address.get(&address) {
            Some(node) => vec![End::Node(node.clone())],
            None => vec![End::Outside(address)],
        }
    }

    /// The address of every pod and node that is known.
    pub fn endpoint_addresses(&self) -> Vec<IpAddr> {
        let mut all: Vec<IpAddr> = self.state.hosts().by_address.keys().copied().collect();
        for (_, shard) in self.state.shards.iter() {
            all.extend(shard.live().flat_map(|(_, e)| e.pod.addresses.iter().copied()));
        }
        all.sort();
        all.dedup();
        all
    }

    /// Whether one kind of packet gets from one end to the other, over any
    /// address family that both have.
    pub fn verdict(&self, from: &End, to: &End, port: Port) -> Verdict {
        let space = OnePort(port);
        let mut certain = false;
        let mut possible = false;
        for family in self.common_families(from, to) {
            let found = self.pair(&space, from, to, family);
            certain |= found.certain;
            possible |= found.possible;
        }
        match (certain, possible) {
            (true, _) => Verdict::Allowed,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Denied,
        }
    }

    /// Every connection from one end to the other.
    pub fn connections(&self, from: &End, to: &End) -> Union {
        let mut union: Option<Union> = None;
        for family in self.common_families(from, to) {
            let found = interval(self.pair(&AllPorts, from, to, family));
            Union::add(&mut union, found);
        }
        union.unwrap_or(Union { interval: Interval::none(), partial: false })
    }

    /// The families that a packet between two ends may have (SEMANTICS §2).
    pub fn common_families(&self, from: &End, to: &End) -> Vec<Family> {
        if let End::Outside(address) = from {
            return vec![Family::of(*address)];
        }
        if let End::Outside(address) = to {
            return vec![Family::of(*address)];
        }
        let (a, b) = (self.families_of(from), self.families_of(to));
        a.into_iter().filter(|family| b.contains(family)).collect()
    }

    fn families_of(&self, end: &End) -> Vec<Family> {
        let addresses = match end {
            End::Pod(id) => match self.state.endpoint(*id) {
                Some((_, endpoint)) => self.state.addresses_of(*id, &endpoint.pod).to_vec(),
                None => return Vec::new(),
            },
            End::Node(name) => self.state.hosts().addresses.get(name).cloned().unwrap_or_default(),
            End::Outside(address) => vec![*address],
        };
        if addresses.is_empty() {
            return self.families();
        }
        Family::ALL.into_iter().filter(|f| addresses.iter().any(|a| Family::of(*a) == *f)).collect()
    }

    /// What is allowed from one end to the other over one family: SEMANTICS §1
    /// and §6.
    pub(crate) fn pair<S: Space>(
        &self,
        s: &S,
        from: &End,
        to: &End,
        family: Family,
    ) -> Bounds<S::Set> {
        let all = Bounds::exactly(s.all());
        if from == to && !matches!(from, End::Outside(_)) {
            return all;
        }
        self.distinct_pair(s, from, to, family)
    }

    /// The same, with equal ends taken for two pods that are just alike.
    pub(crate) fn distinct_pair<S: Space>(
        &self,
        s: &S,
        from: &End,
        to: &End,
        family: Family,
    ) -> Bounds<S::Set> {
        let state = &self.state;
        let none = || Bounds::exactly(s.none());
        let (Some(a), Some(b)) = (state.view(from, family), state.view(to, family)) else {
            return none();
        };
        let local = state.same_node(from, to);
        let egress = state.side(s, Direction::Egress, from, &b, local);
        let ingress = state.side(s, Direction::Ingress, to, &a, local);
        side::intersection(s, &egress, &ingress)
    }

    /// The traffic of a workload to another one, or to itself: the union over
    /// their pods (SEMANTICS §2).
    pub fn workload_connections(&self, from: &[PodId], to: &[PodId]) -> Union {
        let mut union: Option<Union> = None;
        for (from, to, twin) in self.workload_pairs(from, to) {
            let (from, to) = (End::Pod(from), End::Pod(to));
            for family in self.common_families(&from, &to) {
                let found = if twin {
                    self.distinct_pair(&AllPorts, &from, &to, family)
                } else {
                    self.pair(&AllPorts, &from, &to, family)
                };
                Union::add(&mut union, interval(found));
            }
        }
        union.unwrap_or(Union { interval: Interval::none(), partial: false })
    }

    /// The pairs of pods that a question about two workloads is about, and
    /// whether equal ids stand for two pods that are just alike.
    pub fn workload_pairs(&self, from: &[PodId], to: &[PodId]) -> Vec<(PodId, PodId, bool)> {
        let same = !from.is_empty() && from == to;
        let bare =
            |id: &PodId| self.pod(*id).is_some_and(|p| !p.stand_in && *p.workload.kind == *"Pod");
        if let ([only], true) = (from, same) {
            return vec![(*only, *only, !bare(only))];
        }
        let mut pairs = Vec::new();
        for a in from {
            for b in to {
                if !same || a != b {
                    pairs.push((*a, *b, false));
                }
            }
        }
        pairs
    }
}

impl Union {
    pub(crate) fn add(union: &mut Option<Union>, found: Interval) {
        Union::unite(union, Union { interval: found, partial: false });
    }

    /// The same with what is a union already.
    pub(crate) fn unite(union: &mut Option<Union>, found: Union) {
        match union {
            None => *union = Some(found),
            Some(union) => {
                union.partial |= found.partial || union.interval != found.interval;
                union.interval = union.interval.union(&found.interval);
            }
        }
    }
}

pub(crate) fn interval(bounds: Bounds<crate::Connections>) -> Interval {
    Interval { certain: bounds.certain, possible: bounds.possible }
}

/// The workload that stands for a pod.
pub(crate) fn workload_of(pod: &Pod) -> WorkloadRef {
    WorkloadRef {
        namespace: pod.namespace.clone(),
        name: pod.workload.name.clone(),
        kind: pod.workload.kind.clone(),
    }
}

/// The node that a pod is known to run on; a stand-in's pods run anywhere.
pub(crate) fn node_of(pod: &Pod) -> Option<&Str> {
    if pod.stand_in { None } else { pod.node.as_ref() }
}

impl State {
    pub(crate) fn families(&self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().zip(self.families).filter(|(_, used)| *used).map(|(f, _)| f)
    }

    /// The addresses under which others see a pod.
    pub(crate) fn addresses_of<'a>(&'a self, id: PodId, pod: &'a Pod) -> &'a [IpAddr] {
        if pod.host_network {
            self.hosts().of_pod.get(&id).map_or(&[], Vec::as_slice)
        } else {
            &pod.addresses
        }
    }

    /// How others see an end over one family; `None` when it is not there.
    pub(crate) fn view<'a>(&'a self, end: &'a End, family: Family) -> Option<PeerView<'a>> {
        let (who, addresses) = match end {
            End::Pod(id) => {
                let (shard, endpoint) = self.endpoint(*id)?;
                let pod = &endpoint.pod;
                let who = if pod.host_network {
                    Who::Host { node: self.node(node_of(pod)) }
                } else {
                    Who::Pod { ns: id.ns, shard, endpoint }
                };
                (who, self.addresses_of(*id, pod))
            }
            End::Node(name) => {
                let addresses = self.hosts().addresses.get(name).map_or(&[][..], Vec::as_slice);
                (Who::Host { node: self.node(Some(name)) }, addresses)
            }
            End::Outside(address) => (Who::Outside, std::slice::from_ref(address)),
        };
        Some(PeerView { who, family, addresses })
    }

    fn node(&self, name: Option<&Str>) -> Option<&CompiledNode> {
        self.nodes.get(name?).map(|node| &**node)
    }

    /// Whether a pod with its own network and a node, or a hostNetwork pod, are
    /// on one node. `No` for every other pair: they have no exemption.
    pub(crate) fn same_node(&self, a: &End, b: &End) -> Tri {
        match (self.host_of(a), self.host_of(b)) {
            (Some((true, x)), Some((false, y))) | (Some((false, x)), Some((true, y))) => {
                match (x, y) {
                    (Some(x), Some(y)) => (x == y).into(),
                    _ => Tri::Unknown,
                }
            }
            _ => Tri::No,
        }
    }

    /// Whether an end is a host, and on which node it is; `None` for outside.
    fn host_of(&self, end: &End) -> Option<(bool, Option<Str>)> {
        match end {
            End::Pod(id) => {
                let pod = &self.endpoint(*id)?.1.pod;
                Some((pod.host_network, node_of(pod).cloned()))
            }
            End::Node(name) => Some((true, Some(name.clone()))),
            End::Outside(_) => None,
        }
    }

    /// What one end's own policies allow, with the exemptions for its node.
    pub(crate) fn side<S: Space>(
        &self,
        s: &S,
        direction: Direction,
        end: &End,
        peer: &PeerView<'_>,
        local: Tri,
    ) -> Bounds<S::Set> {
        let all = || Bounds::exactly(s.all());
        let End::Pod(id) = end else { return all() };
        let Some((shard, endpoint)) = self.endpoint(*id) else { return Bounds::exactly(s.none()) };
        let row: &Row = shard.row(endpoint);
        if row.host {
            return all();
        }
        let asked = Asked { row, direction, own_ports: &endpoint.ports, dialect: &self.dialect };
        let exempt = || match direction {
            Direction::Ingress => all(),
            Direction::Egress => asked.evaluate_exempt(s, peer),
        };
        match local {
            Tri::No => asked.evaluate(s, peer),
            Tri::Yes => exempt(),
            Tri::Unknown => side::either(s, &asked.evaluate(s, peer), &exempt()),
        }
    }
}
