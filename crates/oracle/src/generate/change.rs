//! Random changes.

use std::collections::BTreeSet;

use fallgate_model::{
    Change, Cluster, ClusterPolicyKind, Direction, Key, NetworkPolicy, Object, Pod, Rule, Str,
};

use super::{Generator, Knobs};

/// A change to a cluster that [`super::cluster`] made with the same knobs, or
/// that came of it by such changes: some object added, deleted, or altered in one
/// respect, and the result again within the knobs.
pub fn change(cluster: &Cluster, knobs: &Knobs, seed: u64) -> Change {
    let mut g = Generator::new(knobs, cluster.clone(), seed ^ 0x6368_616e_6765_0000);
    g.learn();
    for _ in 0..100 {
        let change = match g.rng.u8(..20) {
            0..6 => g.change_network_policy(),
            6..9 => g.change_cluster_policy(),
            9..14 => g.change_pod(),
            14..16 => g.change_namespace(),
            16 => g.change_some_node(),
            17 => g.change_service(),
            18 => g.change_opaque(),
            _ => g.delete_any(),
        };
        if let Some(change) = change {
            return change;
        }
    }
    // A cluster always has namespaces, so that one can be labelled anew.
    let name = g.pick(&g.names.clone());
    Change::Upsert(Object::Namespace(g.namespace(&name)))
}

impl Generator<'_> {
    /// Takes over the names, families and lines of the cluster.
    fn learn(&mut self) {
        let cluster = &self.cluster;
        let mut names: BTreeSet<Str> = cluster.namespaces.iter().map(|n| n.name.clone()).collect();
        names.extend(cluster.pods.iter().map(|p| p.namespace.clone()));
        names.extend(cluster.network_policies.iter().map(|p| p.namespace.clone()));
        if names.is_empty() {
            names.insert("default".into());
        }
        let mut nodes: BTreeSet<Str> = cluster.nodes.iter().map(|n| n.name.clone()).collect();
        if self.knobs.unknown_nodes {
            nodes.extend(cluster.pods.iter().filter_map(|p| p.node.clone()));
        }
        let addresses = || {
            let pods = cluster.pods.iter().flat_map(|p| &p.addresses);
            pods.chain(cluster.nodes.iter().flat_map(|n| &n.addresses))
        };
        let families = (addresses().any(|a| a.is_ipv4()), addresses().any(|a| a.is_ipv6()));
        // Past every line there is, so that no two origins are the same.
        self.line = 100_000 + self.rng.u32(..1_000_000);
        self.names = names.into_iter().collect();
        self.node_names = nodes.into_iter().collect();
        self.families = if families == (false, false) { (true, false) } else { families };
    }

    fn some<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| self.pick(items))
    }

    /// A number that no object has in its name.
    fn fresh_number(&mut self) -> usize {
        self.rng.usize(1_000..1_000_000)
    }

    fn change_network_policy(&mut self) -> Option<Change> {
        let number = self.fresh_number();
        if self.chance(25) && self.cluster.network_policies.len() < self.knobs.network_policies {
            return Some(Change::Upsert(Object::NetworkPolicy(self.network_policy(number))));
        }
        let mut policy = self.some(&self.cluster.network_policies.clone())?;
        if self.chance(20) {
            return Some(Change::Delete(Key::NetworkPolicy(policy.namespace, policy.name)));
        }
        self.edit_network_policy(&mut policy);
        Some(Change::Upsert(Object::NetworkPolicy(policy)))
    }

    fn edit_network_policy(&mut self, policy: &mut NetworkPolicy) {
        match self.rng.u8(..10) {
            0 => policy.pod_selector = self.selector(),
            1 => policy.ingress = if policy.ingress.is_some() { None } else { Some(Vec::new()) },
            2 => policy.egress = if policy.egress.is_some() { None } else { Some(Vec::new()) },
            3 => {
                let other = self.network_policy(0);
                policy.ingress = other.ingress;
                policy.egress = other.egress;
            }
            _ => {
                let egress = self.rng.bool();
                let rules = if egress { &mut policy.egress } else { &mut policy.ingress };
                let Some(rules) = rules else { return };
                if rules.is_empty() || self.chance(30) {
                    rules.push(self.rule());
                } else {
                    let at = self.rng.usize(..rules.len());
                    if self.chance(25) {
                        rules.remove(at);
                    } else {
                        self.edit_rule(&mut rules[at]);
                    }
                }
            }
        }
    }

    fn edit_rule(&mut self, rule: &mut Rule) {
        let peer = self.peer();
        match (&mut rule.peers, self.rng.u8(..4)) {
            (Some(peers), 0) => peers.push(peer),
            (Some(peers), 1) if peers.len() > 1 => {
                peers.pop();
            }
            (peers, 2) => *peers = Some(vec![peer]),
            _ => rule.ports = self.rule_ports(false),
        }
    }

    fn change_cluster_policy(&mut self) -> Option<Change> {
        let policies = self.cluster.cluster_policies.clone();
        if self.chance(30) && policies.len() < self.knobs.cluster_policies {
            let number = self.fresh_number();
            let policy = self.cluster_policy(number);
            return Some(Change::Upsert(Object::ClusterPolicy(policy)));
        }
        let mut policy = self.some(&policies)?;
        match self.rng.u8(..6) {
            0 => return Some(Change::Delete(Key::ClusterPolicy(policy.kind, policy.name))),
            1 if policy.kind != ClusterPolicyKind::BaselineAdminNetworkPolicy => {
                policy.priority = self.priority(policy.kind, &policy.name, policy.tier);
            }
            2 => policy.subject.pods = self.selector(),
            3 => policy.subject.namespaces = self.selector(),
            _ => {
                let direction = self.pick(&Direction::ALL);
                let rule = self.cluster_rule(policy.kind, direction);
                let rules = match direction {
                    Direction::Ingress => &mut policy.ingress,
                    Direction::Egress => &mut policy.egress,
                };
                if rules.is_empty() || self.rng.bool() {
                    rules.insert(self.rng.usize(..=rules.len()), rule);
                } else {
                    let at = self.rng.usize(..rules.len());
                    if self.rng.bool() { rules[at] = rule } else { drop(rules.remove(at)) }
                }
            }
        }
        Some(Change::Upsert(Object::ClusterPolicy(policy)))
    }

    fn change_pod(&mut self) -> Option<Change> {
        if self.chance(25) && self.cluster.pods.len() < self.knobs.pods {
            let number = self.fresh_number();
            return Some(Change::Upsert(Object::Pod(self.new_pod(number))));
        }
        let mut pod = self.some(&self.cluster.pods.clone())?;
        match self.rng.u8(..6) {
            0 => return Some(Change::Delete(key_of(pod))),
            1 | 2 => self.relabel(&mut pod),
            3 => self.place(&mut pod),
            4 => self.container_ports(&mut pod),
            _ => {
                pod.labels.known.pop();
            }
        }
        Some(Change::Upsert(Object::Pod(pod)))
    }

    fn change_namespace(&mut self) -> Option<Change> {
        let name = self.pick(&self.names.clone());
        if self.knobs.missing_namespaces && self.chance(20) {
            return Some(Change::Delete(Key::Namespace(name)));
        }
        Some(Change::Upsert(Object::Namespace(self.namespace(&name))))
    }

    fn change_some_node(&mut self) -> Option<Change> {
        let mut node = match self.some(&self.cluster.nodes.clone()) {
            Some(node) => node,
            None if self.knobs.nodes > 0 => self.new_node("node-0"),
            None => return None,
        };
        if self.knobs.unknown_nodes && self.chance(25) {
            return Some(Change::Delete(Key::Node(node.name)));
        }
        let addresses = node.addresses.clone();
        self.change_node(&mut node);
        // Its pods tell its addresses, too, and the two have to agree.
        if self.cluster.pods.iter().any(|p| p.node.as_ref() == Some(&node.name)) {
            node.addresses = addresses;
        }
        Some(Change::Upsert(Object::Node(node)))
    }

    fn change_service(&mut self) -> Option<Change> {
        if self.knobs.services == 0 {
            return None;
        }
        let number = self.rng.usize(..self.knobs.services);
        Some(Change::Upsert(match self.rng.u8(..4) {
            0 | 1 => Object::Service(self.service(number)),
            2 => Object::EndpointSlice(self.endpoint_slice(number)),
            _ => Object::EntryPoint(self.entry_point(number)),
        }))
    }

    fn change_opaque(&mut self) -> Option<Change> {
        if self.knobs.opaque == 0 {
            return None;
        }
        match self.some(&self.cluster.opaque.clone()) {
            Some(old) if self.rng.bool() => {
                Some(Change::Delete(Key::Opaque(old.kind, old.namespace, old.name)))
            }
            _ => Some(Change::Upsert(Object::Opaque(self.opaque(0)))),
        }
    }

    /// Deletes what nothing else deletes, or what is not there.
    fn delete_any(&mut self) -> Option<Change> {
        let missing: Str = "nothing-of-this-name".into();
        let key = match self.rng.u8(..5) {
            0 => self.some(&self.cluster.services.clone()).map(|o| Object::Service(o).key())?,
            1 => self
                .some(&self.cluster.endpoint_slices.clone())
                .map(|o| Object::EndpointSlice(o).key())?,
            2 => self
                .some(&self.cluster.entry_points.clone())
                .map(|o| Object::EntryPoint(o).key())?,
            3 => Key::NetworkPolicy("default".into(), missing),
            _ => Key::Pod { namespace: "default".into(), stand_in: None, name: missing },
        };
        Some(Change::Delete(key))
    }
}

fn key_of(pod: Pod) -> Key {
    Object::Pod(pod).key()
}
