use fallgate_model::{
    Cluster, ClusterPeer, ClusterRule, METADATA_NAME, NamespaceMatch, Peer, Rule, Selector,
};

/// The smallest cluster found for which a predicate holds, from one for which it
/// does: objects, rules, peers, ports, requirements, labels and addresses go one
/// by one as long as it holds, until none of them can.
///
/// A minimal cluster to print under a failed comparison of engine and oracle:
///
/// ```
/// use fallgate_oracle::{generate, generate::Knobs, shrink};
/// let failing = generate::cluster(&Knobs::everything(), 7);
/// let wrong = |c: &fallgate_model::Cluster| !c.pods.is_empty();
/// assert_eq!(shrink(&failing, wrong).pods.len(), 1);
/// ```
pub fn shrink(cluster: &Cluster, holds: impl FnMut(&Cluster) -> bool) -> Cluster {
    let mut shrinker = Shrinker { best: cluster.clone(), holds, progress: true };
    while shrinker.progress {
        shrinker.progress = false;
        shrinker.objects();
        shrinker.network_policies();
        shrinker.cluster_policies();
        shrinker.endpoints();
    }
    shrinker.best
}

struct Shrinker<F> {
    best: Cluster,
    holds: F,
    progress: bool,
}

impl<F: FnMut(&Cluster) -> bool> Shrinker<F> {
    /// Keeps an edit if it changes the cluster and the predicate still holds.
    fn attempt(&mut self, edit: impl FnOnce(&mut Cluster)) {
        let mut smaller = self.best.clone();
        edit(&mut smaller);
        if smaller != self.best && (self.holds)(&smaller) {
            self.best = smaller;
            self.progress = true;
        }
    }

    /// Drops each item of a list that can go, and leaves at least so many.
    fn drop_each<T>(&mut self, least: usize, list: impl Fn(&mut Cluster) -> Option<&mut Vec<T>>) {
        let mut at = list(&mut self.best).map_or(0, |l| l.len());
        while at > 0 {
            at -= 1;
            self.attempt(|c| {
                if let Some(items) = list(c)
                    && items.len() > least
                {
                    items.remove(at);
                }
            });
        }
    }

    fn objects(&mut self) {
        self.drop_each(0, |c| Some(&mut c.opaque));
        self.drop_each(0, |c| Some(&mut c.entry_points));
        self.drop_each(0, |c| Some(&mut c.endpoint_slices));
        self.drop_each(0, |c| Some(&mut c.services));
        self.drop_each(0, |c| Some(&mut c.cluster_policies));
        self.drop_each(0, |c| Some(&mut c.network_policies));
        self.drop_each(0, |c| Some(&mut c.pods));
        self.drop_each(0, |c| Some(&mut c.nodes));
        self.drop_each(0, |c| Some(&mut c.namespaces));
    }

    fn selector(&mut self, selector: impl Fn(&mut Cluster) -> Option<&mut Selector>) {
        self.drop_each(0, |c| selector(c).map(|s| &mut s.requirements));
        let count = selector(&mut self.best).map_or(0, |s| s.requirements.len());
        for r in 0..count {
            self.drop_each(1, |c| Some(&mut selector(c)?.requirements.get_mut(r)?.values));
        }
    }

    fn network_policies(&mut self) {
        for p in 0..self.best.network_policies.len() {
            self.selector(|c| Some(&mut c.network_policies.get_mut(p)?.pod_selector));
            self.attempt(|c| c.network_policies[p].ingress = None);
            self.attempt(|c| c.network_policies[p].egress = None);
            for egress in [false, true] {
                self.drop_each(0, |c| network_rules(c, p, egress));
                let count = network_rules(&mut self.best, p, egress).map_or(0, |r| r.len());
                for r in 0..count {
                    self.network_rule(p, egress, r);
                }
            }
        }
    }

    fn network_rule(&mut self, p: usize, egress: bool, r: usize) {
        self.attempt(|c| {
            if let Some(rules) = network_rules(c, p, egress) {
                rules[r].peers = None;
            }
        });
        self.attempt(|c| {
            if let Some(rules) = network_rules(c, p, egress) {
                rules[r].ports = None;
            }
        });
        self.drop_each(1, |c| network_rules(c, p, egress)?.get_mut(r)?.peers.as_mut());
        self.drop_each(1, |c| network_rules(c, p, egress)?.get_mut(r)?.ports.as_mut());
        let peers = |c: &mut Cluster| -> usize {
            network_rules(c, p, egress)
                .and_then(|rules| rules.get_mut(r)?.peers.as_ref().map(Vec::len))
                .unwrap_or(0)
        };
        for i in 0..peers(&mut self.best) {
            self.selector(|c| match network_peer(c, p, egress, r, i)? {
                Peer::Pods { pods, .. } => Some(pods),
                Peer::IpBlock(_) => None,
            });
            self.selector(|c| match network_peer(c, p, egress, r, i)? {
                Peer::Pods { namespaces: NamespaceMatch::Selector(selector), .. } => Some(selector),
                _ => None,
            });
            self.drop_each(0, |c| match network_peer(c, p, egress, r, i)? {
                Peer::IpBlock(block) => Some(&mut block.except),
                Peer::Pods { .. } => None,
            });
        }
    }

    fn cluster_policies(&mut self) {
        for p in 0..self.best.cluster_policies.len() {
            self.selector(|c| Some(&mut c.cluster_policies.get_mut(p)?.subject.namespaces));
            self.selector(|c| Some(&mut c.cluster_policies.get_mut(p)?.subject.pods));
            for egress in [false, true] {
                self.drop_each(0, |c| cluster_rules(c, p, egress));
                let count = cluster_rules(&mut self.best, p, egress).map_or(0, |r| r.len());
                for r in 0..count {
                    self.attempt(|c| {
                        if let Some(rules) = cluster_rules(c, p, egress) {
                            rules[r].ports = None;
                        }
                    });
                    self.drop_each(1, |c| cluster_rules(c, p, egress)?.get_mut(r)?.ports.as_mut());
                    self.drop_each(1, |c| {
                        Some(&mut cluster_rules(c, p, egress)?.get_mut(r)?.peers)
                    });
                    let peers = cluster_rules(&mut self.best, p, egress)
                        .and_then(|rules| rules.get(r).map(|rule| rule.peers.len()))
                        .unwrap_or(0);
                    for i in 0..peers {
                        self.cluster_peer(p, egress, r, i);
                    }
                }
            }
        }
    }

    fn cluster_peer(&mut self, p: usize, egress: bool, r: usize, i: usize) {
        self.selector(|c| match cluster_peer(c, p, egress, r, i)? {
            ClusterPeer::Pods { namespaces, .. } => Some(namespaces),
            ClusterPeer::Nodes(selector) => Some(selector),
            _ => None,
        });
        self.selector(|c| match cluster_peer(c, p, egress, r, i)? {
            ClusterPeer::Pods { pods, .. } => Some(pods),
            _ => None,
        });
        self.drop_each(1, |c| match cluster_peer(c, p, egress, r, i)? {
            ClusterPeer::Networks(networks) => Some(networks),
            _ => None,
        });
    }

    fn endpoints(&mut self) {
        for p in 0..self.best.pods.len() {
            self.drop_each(0, |c| Some(&mut c.pods.get_mut(p)?.labels.known));
            self.drop_each(0, |c| Some(&mut c.pods.get_mut(p)?.labels.unvalued));
            self.drop_each(0, |c| Some(&mut c.pods.get_mut(p)?.ports));
            self.drop_each(0, |c| Some(&mut c.pods.get_mut(p)?.addresses));
            self.drop_each(0, |c| Some(&mut c.pods.get_mut(p)?.host_addresses));
            self.attempt(|c| c.pods[p].node = None);
            self.attempt(|c| c.pods[p].host_network = false);
        }
        for n in 0..self.best.nodes.len() {
            self.drop_each(0, |c| Some(&mut c.nodes.get_mut(n)?.labels.known));
            self.drop_each(0, |c| Some(&mut c.nodes.get_mut(n)?.addresses));
        }
        for n in 0..self.best.namespaces.len() {
            let keys: Vec<_> =
                self.best.namespaces[n].labels.known.iter().map(|(key, _)| key.clone()).collect();
            // The API server keeps a namespace's name among its labels.
            for key in keys.iter().filter(|key| ***key != *METADATA_NAME) {
                self.attempt(|c| c.namespaces[n].labels.known.retain(|(k, _)| k != key));
            }
        }
        for o in 0..self.best.opaque.len() {
            self.drop_each(1, |c| Some(&mut c.opaque.get_mut(o)?.directions));
        }
    }
}

fn network_rules(c: &mut Cluster, policy: usize, egress: bool) -> Option<&mut Vec<Rule>> {
    let policy = c.network_policies.get_mut(policy)?;
    if egress { policy.egress.as_mut() } else { policy.ingress.as_mut() }
}

fn network_peer(
    c: &mut Cluster,
    policy: usize,
    egress: bool,
    rule: usize,
    peer: usize,
) -> Option<&mut Peer> {
    network_rules(c, policy, egress)?.get_mut(rule)?.peers.as_mut()?.get_mut(peer)
}

fn cluster_rules(c: &mut Cluster, policy: usize, egress: bool) -> Option<&mut Vec<ClusterRule>> {
    let policy = c.cluster_policies.get_mut(policy)?;
    Some(if egress { &mut policy.egress } else { &mut policy.ingress })
}

fn cluster_peer(
    c: &mut Cluster,
    policy: usize,
    egress: bool,
    rule: usize,
    peer: usize,
) -> Option<&mut ClusterPeer> {
    cluster_rules(c, policy, egress)?.get_mut(rule)?.peers.get_mut(peer)
}
