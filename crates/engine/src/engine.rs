use std::net::IpAddr;
use std::sync::Arc;

use fallgate_model::{
    Change, Cluster, Dialect, Direction, Family, Key, Labels, METADATA_NAME, NetworkPolicy, Object,
    Peer, Pod, Str,
};
use rustc_hash::FxHashMap;

use crate::compiled::{CompiledOpaque, Interner, Namespaces, PortNames};
use crate::effect::Applied;
use crate::reach::Reach;
use crate::snapshot::Snapshot;
use crate::state::{CompiledNode, NsId, PodId, Shard, Shards, State};
use crate::tri::Tri;

/// The engine that writes: takes a cluster and then its changes, one at a time,
/// and hands out snapshots.
///
/// A full build is the same code as a change, with everything changed. A clone
/// is a cluster of its own, to try changes on.
#[derive(Clone, Debug)]
pub struct Engine {
    interner: Interner,
    port_names: FxHashMap<Arc<PortNames>, ()>,
    state: State,
    /// How many addresses and blocks of each family are in the input.
    families: [u64; 2],
    /// How many objects say that a node has an address. One object more or less
    /// can change how every hostNetwork pod of the node is seen.
    node_addresses: FxHashMap<(Str, IpAddr), u32>,
    /// Whether the last change made a node gain or lose an address.
    nodes_changed: bool,
    /// Changes since the tables were last swept.
    since_sweep: u32,
}

const SWEEP_EVERY: u32 = 10_000;

impl Engine {
    /// Builds the engine for a cluster. Objects come once each; where they do
    /// not, the last one holds.
    pub fn new(cluster: Cluster, dialect: Dialect) -> Engine {
        let mut families = [0; 2];
        for cidr in &dialect.pod_cidrs {
            families[Family::of(cidr.addr()) as usize] += 1;
        }
        let mut engine = Engine {
            interner: Interner::default(),
            port_names: FxHashMap::default(),
            state: State {
                dialect: Arc::new(dialect),
                shards: Shards::default(),
                by_name: Arc::default(),
                cluster_policies: Arc::default(),
                opaque: Arc::default(),
                nodes: Arc::default(),
                reach: Reach::default(),
                families: [true, false],
                lazy: Arc::default(),
            },
            families,
            node_addresses: FxHashMap::default(),
            nodes_changed: false,
            since_sweep: 0,
        };
        engine.load(cluster);
        engine
    }

    /// The cluster as it is now: cheap to make, to share and to keep.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.state.clone())
    }

    /// Takes a change in. What it opened and closed is computed when the result
    /// is asked for it.
    pub fn apply(&mut self, change: Change) -> Applied {
        let before = self.snapshot();
        self.nodes_changed = false;
        let mut touched = self.take_in(change);
        self.state.lazy = Arc::default();
        self.settle_families();
        if self.nodes_changed || before.state.families != self.state.families {
            touched = Touched::Everything;
        }
        self.since_sweep += 1;
        if self.since_sweep >= SWEEP_EVERY {
            self.interner.sweep();
            self.port_names.retain(|names, ()| Arc::strong_count(names) > 1);
            self.since_sweep = 0;
        }
        Applied::new(before, self.snapshot(), touched)
    }

    /// Takes several changes in, as one.
    pub fn apply_all(&mut self, changes: impl IntoIterator<Item = Change>) -> Applied {
        let before = self.snapshot();
        let mut policies = Vec::new();
        let mut everything = false;
        for change in changes {
            match self.apply(change).touched {
                Touched::Nothing => {}
                Touched::Policy(ns, name) => policies.push((ns, name)),
                Touched::Policies(more) => policies.extend(more),
                Touched::Pod(_) | Touched::Everything => everything = true,
            }
        }
        let touched = if everything { Touched::Everything } else { Touched::Policies(policies) };
        Applied::new(before, self.snapshot(), touched)
    }

    fn load(&mut self, cluster: Cluster) {
        for namespace in cluster.namespaces {
            self.set_namespace(namespace);
        }
        let mut nodes = std::collections::BTreeMap::new();
        for node in cluster.nodes {
            self.count(node_families(&node), 1);
            let labels = self.interner.symbols.labels(&node.labels);
            nodes.insert(node.name.clone(), Arc::new(CompiledNode { source: node, labels }));
        }
        self.state.nodes = Arc::new(nodes);

        let mut policies: Vec<Vec<_>> = Vec::new();
        let mut pods: Vec<Vec<_>> = Vec::new();
        let slot = |v: &mut Vec<Vec<_>>, ns: NsId| {
            let at = ns.0 as usize;
            if v.len() <= at {
                v.resize_with(at + 1, Vec::new);
            }
            at
        };
        let mut last: Option<(Str, NsId)> = None;
        let mut ns_of = |engine: &mut Engine, name: &Str| match &last {
            Some((known, ns)) if known == name => *ns,
            _ => {
                let ns = engine.namespace(name);
                last = Some((name.clone(), ns));
                ns
            }
        };
        for policy in cluster.network_policies {
            let ns = ns_of(self, &policy.namespace);
            self.count(policy_families(&policy), 1);
            let at = slot(&mut policies, ns);
            let compiled = Arc::new(self.interner.policy(ns, policy));
            policies[at].push(compiled);
        }
        let pod_slot = |v: &mut Vec<Vec<_>>, ns: NsId| {
            let at = ns.0 as usize;
            if v.len() <= at {
                v.resize_with(at + 1, Vec::new);
            }
            at
        };
        for pod in cluster.pods {
            let ns = ns_of(self, &pod.namespace);
            self.count_pod(&pod, 1);
            let at = pod_slot(&mut pods, ns);
            let labels = self.interner.symbols.labels(&pod.labels);
            let ports = self.ports(&pod);
            pods[at].push((Arc::new(pod), labels, ports));
        }
        for service in cluster.services {
            let ns = self.namespace(&service.namespace);
            if let Some(shard) = self.state.shards.get_mut(ns) {
                shard.services.insert(service.name.clone(), Arc::new(service));
            }
        }
        for slice in cluster.endpoint_slices {
            let ns = self.namespace(&slice.namespace);
            if let Some(shard) = self.state.shards.get_mut(ns) {
                shard.slices.insert(slice.name.clone(), Arc::new(slice));
            }
        }
        for entry in cluster.entry_points {
            let ns = self.namespace(&entry.namespace);
            if let Some(shard) = self.state.shards.get_mut(ns) {
                let key = (entry.kind.clone(), entry.name.clone());
                shard.entry_points.insert(key, Arc::new(entry));
            }
        }
        let mut compiled = Vec::new();
        for policy in cluster.cluster_policies {
            self.count(cluster_policy_families(&policy), 1);
            compiled.push(Arc::new(self.interner.cluster_policy(policy)));
        }
        sort_cluster_policies(&mut compiled);
        self.state.cluster_policies = Arc::new(compiled);
        let opaque = cluster.opaque.into_iter().map(|o| Arc::new(self.opaque(o))).collect();
        self.state.opaque = Arc::new(opaque);

        let (mut policies, mut pods) = (policies.into_iter(), pods.into_iter());
        for at in 0..self.state.shards.len() {
            let ns = NsId(u32::try_from(at).unwrap_or(u32::MAX));
            self.settle_cluster(ns);
            let (policies, pods) =
                (policies.next().unwrap_or_default(), pods.next().unwrap_or_default());
            if let Some(shard) = self.state.shards.get_mut(ns) {
                shard.load(policies, pods);
            }
            self.refresh_reach(ns);
        }
        self.settle_families();
    }

    fn take_in(&mut self, change: Change) -> Touched {
        match change {
            Change::Upsert(object) => self.upsert(object),
            Change::Delete(key) => self.delete(&key),
        }
    }

    fn upsert(&mut self, object: Object) -> Touched {
        match object {
            Object::Namespace(namespace) => {
                let ns = self.set_namespace(namespace);
                self.settle_cluster(ns);
                Touched::Everything
            }
            Object::Pod(pod) => {
                let ns = self.namespace(&pod.namespace);
                let stand_in = pod.stand_in.then(|| pod.workload.kind.clone());
                let slot = self.state.shard(ns).find(stand_in.as_deref(), &pod.name);
                if let Some(slot) = slot {
                    self.forget_pod(ns, slot);
                }
                self.count_pod(&pod, 1);
                let labels = self.interner.symbols.labels(&pod.labels);
                let ports = self.ports(&pod);
                let pod = Arc::new(pod);
                let slot = match self.state.shards.get_mut(ns) {
                    Some(shard) => shard.put_endpoint(pod, labels, ports, slot),
                    None => return Touched::Nothing,
                };
                self.refresh_reach(ns);
                Touched::Pod(PodId { ns, slot })
            }
            Object::NetworkPolicy(policy) => {
                let ns = self.namespace(&policy.namespace);
                self.forget_policy(ns, &policy.name);
                self.count(policy_families(&policy), 1);
                let name = policy.name.clone();
                let compiled = Arc::new(self.interner.policy(ns, policy));
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    shard.set_policy(&name, Some(compiled));
                }
                self.refresh_reach(ns);
                Touched::Policy(ns, name)
            }
            Object::ClusterPolicy(policy) => {
                self.count(cluster_policy_families(&policy), 1);
                let mut all = self.without_cluster_policy(policy.kind, &policy.name);
                all.push(Arc::new(self.interner.cluster_policy(policy)));
                sort_cluster_policies(&mut all);
                self.state.cluster_policies = Arc::new(all);
                self.settle_all();
                Touched::Everything
            }
            Object::Opaque(opaque) => {
                let mut all = self.without_opaque(&Object::Opaque(opaque.clone()).key());
                all.push(Arc::new(self.opaque(opaque)));
                self.state.opaque = Arc::new(all);
                self.settle_all();
                Touched::Everything
            }
            Object::Node(node) => {
                self.forget_node(&node.name);
                self.count(node_families(&node), 1);
                let labels = self.interner.symbols.labels(&node.labels);
                let compiled = Arc::new(CompiledNode { source: node, labels });
                Arc::make_mut(&mut self.state.nodes).insert(compiled.source.name.clone(), compiled);
                Touched::Everything
            }
            Object::Service(service) => {
                let ns = self.namespace(&service.namespace);
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    shard.services.insert(service.name.clone(), Arc::new(service));
                }
                Touched::Nothing
            }
            Object::EndpointSlice(slice) => {
                let ns = self.namespace(&slice.namespace);
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    shard.slices.insert(slice.name.clone(), Arc::new(slice));
                }
                Touched::Nothing
            }
            Object::EntryPoint(entry) => {
                let ns = self.namespace(&entry.namespace);
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    let key = (entry.kind.clone(), entry.name.clone());
                    shard.entry_points.insert(key, Arc::new(entry));
                }
                Touched::Nothing
            }
        }
    }

    fn delete(&mut self, key: &Key) -> Touched {
        match key {
            Key::Namespace(name) => {
                // Pods or policies may still name it: it stays, of unknown labels.
                let Some(&ns) = self.state.by_name.get(name) else { return Touched::Nothing };
                let labels = self.interner.symbols.labels(&undeclared(name));
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    shard.declared = None;
                    shard.labels = labels;
                }
                self.settle_cluster(ns);
                Touched::Everything
            }
            Key::Pod { namespace, stand_in, name } => {
                let Some(&ns) = self.state.by_name.get(namespace) else { return Touched::Nothing };
                let Some(slot) = self.state.shard(ns).find(stand_in.as_deref(), name) else {
                    return Touched::Nothing;
                };
                self.forget_pod(ns, slot);
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    shard.remove_endpoint(slot);
                }
                self.refresh_reach(ns);
                Touched::Pod(PodId { ns, slot })
            }
            Key::NetworkPolicy(namespace, name) => {
                let Some(&ns) = self.state.by_name.get(namespace) else { return Touched::Nothing };
                if !self.forget_policy(ns, name) {
                    return Touched::Nothing;
                }
                if let Some(shard) = self.state.shards.get_mut(ns) {
                    shard.set_policy(name, None);
                }
                self.refresh_reach(ns);
                Touched::Policy(ns, name.clone())
            }
            Key::ClusterPolicy(kind, name) => {
                let all = self.without_cluster_policy(*kind, name);
                self.state.cluster_policies = Arc::new(all);
                self.settle_all();
                Touched::Everything
            }
            Key::Opaque(..) => {
                let all = self.without_opaque(key);
                self.state.opaque = Arc::new(all);
                self.settle_all();
                Touched::Everything
            }
            Key::Node(name) => {
                self.forget_node(name);
                Arc::make_mut(&mut self.state.nodes).remove(name);
                Touched::Everything
            }
            Key::Service(namespace, name) => {
                if let Some(shard) = self.shard_by_name(namespace) {
                    shard.services.remove(name);
                }
                Touched::Nothing
            }
            Key::EndpointSlice(namespace, name) => {
                if let Some(shard) = self.shard_by_name(namespace) {
                    shard.slices.remove(name);
                }
                Touched::Nothing
            }
            Key::EntryPoint(kind, namespace, name) => {
                if let Some(shard) = self.shard_by_name(namespace) {
                    shard.entry_points.remove(&(kind.clone(), name.clone()));
                }
                Touched::Nothing
            }
        }
    }

    fn shard_by_name(&mut self, name: &str) -> Option<&mut Shard> {
        let ns = *self.state.by_name.get(name)?;
        self.state.shards.get_mut(ns)
    }

    fn set_namespace(&mut self, namespace: fallgate_model::Namespace) -> NsId {
        let ns = self.namespace(&namespace.name);
        let labels = self.interner.symbols.labels(&namespace.labels);
        if let Some(shard) = self.state.shards.get_mut(ns) {
            shard.labels = labels;
            shard.declared = Some(Arc::new(namespace));
        }
        ns
    }

    /// The number of a namespace; one that was never named before begins with
    /// unknown labels.
    fn namespace(&mut self, name: &Str) -> NsId {
        if let Some(&ns) = self.state.by_name.get(name) {
            return ns;
        }
        let labels = self.interner.symbols.labels(&undeclared(name));
        let ns = self.state.shards.push(Shard::new(name.clone(), labels));
        Arc::make_mut(&mut self.state.by_name).insert(name.clone(), ns);
        self.settle_cluster(ns);
        ns
    }

    fn ports(&mut self, pod: &Pod) -> Arc<PortNames> {
        let mut names: Vec<_> = pod
            .ports
            .iter()
            .filter_map(|p| {
                Some((self.interner.symbols.symbol(p.name.as_ref()?), p.protocol, p.port))
            })
            .collect();
        names.sort();
        names.dedup();
        let names = PortNames(names.into());
        if let Some((known, ())) = self.port_names.get_key_value(&names) {
            return known.clone();
        }
        let names = Arc::new(names);
        self.port_names.insert(names.clone(), ());
        names
    }

    fn opaque(&mut self, opaque: fallgate_model::Opaque) -> CompiledOpaque {
        // A namespace that nothing else names still gets its number.
        if let fallgate_model::Scope::Namespace(name) = &opaque.scope {
            self.namespace(&name.clone());
        }
        if !opaque.namespace.is_empty() {
            self.namespace(&opaque.namespace.clone());
        }
        let by_name = self.state.by_name.clone();
        self.interner.opaque(opaque, |name| by_name.get(name).copied().unwrap_or(NsId::NONE))
    }

    fn without_cluster_policy(
        &mut self,
        kind: fallgate_model::ClusterPolicyKind,
        name: &str,
    ) -> Vec<Arc<crate::compiled::CompiledClusterPolicy>> {
        let is_it = |p: &fallgate_model::ClusterPolicy| p.kind == kind && *p.name == *name;
        let all = self.state.cluster_policies.clone();
        let (gone, kept): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|p| is_it(&p.source));
        for policy in gone {
            self.count(cluster_policy_families(&policy.source), -1);
        }
        kept
    }

    fn without_opaque(&self, key: &Key) -> Vec<Arc<CompiledOpaque>> {
        let is_it = |o: &CompiledOpaque| Object::Opaque((*o.source).clone()).key() == *key;
        self.state.opaque.iter().filter(|o| !is_it(o)).cloned().collect()
    }

    fn forget_pod(&mut self, ns: NsId, slot: u32) {
        let pod = self.state.shard(ns).endpoint(slot).map(|e| e.pod.clone());
        if let Some(pod) = pod {
            self.count_pod(&pod, -1);
        }
    }

    fn forget_policy(&mut self, ns: NsId, name: &str) -> bool {
        let policy = self.state.shard(ns).policies.get(name).cloned();
        if let Some(policy) = &policy {
            self.count(policy_families(&policy.source), -1);
        }
        policy.is_some()
    }

    fn forget_node(&mut self, name: &str) {
        if let Some(node) = self.state.nodes.get(name).cloned() {
            self.count(node_families(&node.source), -1);
        }
    }

    /// Brings what is cluster-wide up to date in one namespace.
    fn settle_cluster(&mut self, ns: NsId) {
        let Some(shard) = self.state.shards.get(ns) else { return };
        let cluster: Vec<_> = self
            .state
            .cluster_policies
            .iter()
            .map(|policy| (policy.clone(), policy.namespaces.matches(&shard.labels)))
            .filter(|(_, matches)| *matches != Tri::No)
            .collect();
        let opaque: Vec<_> = self
            .state
            .opaque
            .iter()
            .filter(|opaque| match &opaque.namespaces {
                None => true,
                Some(Namespaces::Own(own)) => *own == ns,
                Some(Namespaces::Selector(selector)) => selector.matches(&shard.labels) != Tri::No,
            })
            .cloned()
            .collect();
        if let Some(shard) = self.state.shards.get_mut(ns) {
            shard.set_cluster(cluster, opaque);
        }
        self.refresh_reach(ns);
    }

    fn settle_all(&mut self) {
        for at in 0..self.state.shards.len() {
            self.settle_cluster(NsId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
    }

    fn refresh_reach(&mut self, ns: NsId) {
        let Some(shard) = self.state.shards.get(ns) else { return };
        if let Some(summaries) = self.state.reach.update(ns, shard)
            && let Some(shard) = self.state.shards.get_mut(ns)
        {
            shard.summaries = summaries;
        }
    }

    fn count_pod(&mut self, pod: &Pod, sign: i64) {
        self.count(pod_families(pod), sign);
        let Some(node) = &pod.node else { return };
        for address in &pod.host_addresses {
            let count = self.node_addresses.entry((node.clone(), *address)).or_default();
            *count = if sign < 0 { count.saturating_sub(1) } else { *count + 1 };
            self.nodes_changed |= *count == u32::from(sign > 0);
        }
    }

    fn count(&mut self, families: [u64; 2], sign: i64) {
        for (total, more) in self.families.iter_mut().zip(families) {
            *total = if sign < 0 { total.saturating_sub(more) } else { *total + more };
        }
    }

    /// SEMANTICS §2: which families are in use.
    fn settle_families(&mut self) {
        let [v4, v6] = self.families;
        self.state.families = [v4 > 0 || v6 == 0, v6 > 0];
    }
}

/// What a change touched: where its effect can be.
#[derive(Clone, Debug)]
pub(crate) enum Touched {
    Nothing,
    Pod(PodId),
    Policy(NsId, Str),
    /// Several policies.
    Policies(Vec<(NsId, Str)>),
    Everything,
}

fn undeclared(name: &Str) -> Labels {
    let mut labels = Labels::new([(METADATA_NAME, name.clone())]);
    labels.open = true;
    labels
}

fn sort_cluster_policies(policies: &mut [Arc<crate::compiled::CompiledClusterPolicy>]) {
    policies.sort_by(|a, b| {
        let key = |p: &fallgate_model::ClusterPolicy| (p.tier, p.priority, p.kind, p.name.clone());
        key(&a.source).cmp(&key(&b.source))
    });
}

fn families<'a>(addresses: impl IntoIterator<Item = std::net::IpAddr> + 'a) -> [u64; 2] {
    let mut count = [0; 2];
    for address in addresses {
        count[Family::of(address) as usize] += 1;
    }
    count
}

fn pod_families(pod: &Pod) -> [u64; 2] {
    families(pod.addresses.iter().chain(&pod.host_addresses).copied())
}

fn node_families(node: &fallgate_model::Node) -> [u64; 2] {
    let cidrs = node.pod_cidrs.iter().map(ipnet::IpNet::addr);
    families(node.addresses.iter().copied().chain(cidrs))
}

fn policy_families(policy: &NetworkPolicy) -> [u64; 2] {
    let rules = Direction::ALL.into_iter().filter_map(|d| policy.rules(d)).flatten();
    let peers = rules.filter_map(|rule| rule.peers.as_ref()).flatten();
    families(peers.filter_map(|peer| match peer {
        Peer::IpBlock(block) => Some(block.cidr.addr()),
        Peer::Pods { .. } => None,
    }))
}

fn cluster_policy_families(policy: &fallgate_model::ClusterPolicy) -> [u64; 2] {
    let rules = Direction::ALL.into_iter().flat_map(|d| policy.rules(d));
    let peers = rules.flat_map(|rule| &rule.peers);
    families(
        peers
            .flat_map(|peer| match peer {
                fallgate_model::ClusterPeer::Networks(networks) => networks.as_slice(),
                _ => &[],
            })
            .map(ipnet::IpNet::addr),
    )
}
