//! Answers about ends and workloads: families, pods and the outside united (§2).

use std::net::IpAddr;

use fallgate_model::{Cluster, ClusterPeer, Dialect, Family, Peer, Pod, Str, Workload};

use crate::World;
use crate::address::family_of;
use crate::evaluate::{End, Packet, Port, canonical, packet};
use crate::tri::{Interval, Verdict};

/// An answer that unites several packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// What is allowed of them.
    pub interval: Interval,
    /// True when it is not the same for all of them.
    pub partial: bool,
}

impl Answer {
    /// The interval in words.
    pub fn verdict(self) -> Verdict {
        self.interval.verdict()
    }

    /// §2: the union, partial where the answers differ.
    fn unite(answers: impl IntoIterator<Item = Answer>) -> Option<Answer> {
        answers.into_iter().reduce(|a, b| Answer {
            interval: a.interval.union(b.interval),
            partial: a.partial || b.partial || a.interval != b.interval,
        })
    }
}

impl From<Interval> for Answer {
    fn from(interval: Interval) -> Answer {
        Answer { interval, partial: false }
    }
}

/// The name of a workload; of a bare pod, kind `Pod` and its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadRef {
    /// Its namespace.
    pub namespace: Str,
    /// Its kind and name.
    pub workload: Workload,
}

impl WorkloadRef {
    /// The workload that a pod belongs to.
    pub fn of(pod: &Pod) -> WorkloadRef {
        WorkloadRef { namespace: pod.namespace.clone(), workload: pod.workload.clone() }
    }

    /// The indices of its pods.
    pub fn pods(&self, cluster: &Cluster) -> Vec<usize> {
        let is_its = |pod: &Pod| pod.namespace == self.namespace && pod.workload == self.workload;
        (0..cluster.pods.len()).filter(|i| is_its(&cluster.pods[*i])).collect()
    }
}

/// §2: IPv6 when any address or block of the input is IPv6; IPv4 unless there
/// are some and all are IPv6.
pub fn families_in_use(cluster: &Cluster, dialect: &Dialect) -> Vec<Family> {
    let mentioned = mentioned_families(cluster, dialect);
    if mentioned.is_empty() {
        return vec![Family::V4];
    }
    Family::ALL.into_iter().filter(|f| mentioned.contains(f)).collect()
}

/// The families of the addresses and blocks of pods, nodes, policies and the
/// dialect.
fn mentioned_families(cluster: &Cluster, dialect: &Dialect) -> Vec<Family> {
    let mut families: Vec<Family> = dialect.pod_cidrs.iter().map(family_of).collect();
    for pod in &cluster.pods {
        families.extend(pod.addresses.iter().map(|a| Family::of(*a)));
        families.extend(pod.host_addresses.iter().map(|a| Family::of(*a)));
    }
    for node in &cluster.nodes {
        families.extend(node.addresses.iter().map(|a| Family::of(*a)));
        families.extend(node.pod_cidrs.iter().map(family_of));
    }
    for policy in &cluster.network_policies {
        for rule in policy.ingress.iter().chain(&policy.egress).flatten() {
            for peer in rule.peers.iter().flatten() {
                if let Peer::IpBlock(block) = peer {
                    families.push(family_of(&block.cidr));
                }
            }
        }
    }
    for policy in &cluster.cluster_policies {
        for rule in policy.ingress.iter().chain(&policy.egress) {
            for peer in &rule.peers {
                if let ClusterPeer::Networks(networks) = peer {
                    families.extend(networks.iter().map(family_of));
                }
            }
        }
    }
    families
}

/// §2: the families that a packet between two ends may have. An end with known
/// addresses has theirs, another those in use. To and from the outside it is
/// the address that has a family, whatever the pod has, because the policies
/// answer for it.
pub fn families(cluster: &Cluster, dialect: &Dialect, from: &End, to: &End) -> Vec<Family> {
    let (from, to) = (canonical(cluster, from), canonical(cluster, to));
    let of_end = |end: &End| -> Vec<Family> {
        let addresses = World { cluster, dialect }.addresses(end);
        if addresses.is_empty() {
            return families_in_use(cluster, dialect);
        }
        addresses.into_iter().map(Family::of).collect()
    };
    match (&from, &to) {
        (End::Outside(address), _) | (_, End::Outside(address)) => vec![Family::of(*address)],
        _ => {
            let (from, to) = (of_end(&from), of_end(&to));
            Family::ALL.into_iter().filter(|f| from.contains(f) && to.contains(f)).collect()
        }
    }
}

/// The answer about two ends and a port, over every family they share; denied
/// when they share none. From a pod to itself it is the pod's loopback.
///
/// # Panics
///
/// When an [`End::Pod`] is no index of the cluster's pods.
pub fn verdict(cluster: &Cluster, dialect: &Dialect, from: &End, to: &End, port: Port) -> Answer {
    over_families(cluster, dialect, from, to, |family| {
        let asked = Packet { from: from.clone(), to: to.clone(), family, port };
        packet(cluster, dialect, &asked)
    })
}

fn over_families(
    cluster: &Cluster,
    dialect: &Dialect,
    from: &End,
    to: &End,
    ask: impl Fn(Family) -> Interval,
) -> Answer {
    let families = families(cluster, dialect, from, to);
    Answer::unite(families.into_iter().map(|f| Answer::from(ask(f))))
        .unwrap_or(Answer::from(Interval::DENIED))
}

/// §2: from a pod to another pod just like it.
fn twin_verdict(cluster: &Cluster, dialect: &Dialect, pod: usize, port: Port) -> Answer {
    let (from, to) = (End::Pod(pod), End::Pod(pod));
    over_families(cluster, dialect, &from, &to, |family| {
        let asked = Packet { from: from.clone(), to: to.clone(), family, port };
        World { cluster, dialect }.both_sides(&asked)
    })
}

/// §2: the answer about two workloads, the union over their pods; `None` when
/// either has no pods.
///
/// To itself, a bare pod's is its loopback. Another workload's is the union over
/// its ordered pairs of different pods, and with one pod or a stand-in that of
/// the pod and another just like it.
pub fn workload_verdict(
    cluster: &Cluster,
    dialect: &Dialect,
    from: &WorkloadRef,
    to: &WorkloadRef,
    port: Port,
) -> Option<Answer> {
    let (sources, destinations) = (from.pods(cluster), to.pods(cluster));
    let between = |source: usize, destination: usize| {
        verdict(cluster, dialect, &End::Pod(source), &End::Pod(destination), port)
    };
    if from != to || &*from.workload.kind == "Pod" {
        return Answer::unite(
            sources.iter().flat_map(|s| destinations.iter().map(|d| between(*s, *d))),
        );
    }
    if let [only] = sources[..] {
        return Some(twin_verdict(cluster, dialect, only, port));
    }
    Answer::unite(
        sources
            .iter()
            .flat_map(|s| destinations.iter().filter(move |d| s != *d).map(|d| between(*s, *d))),
    )
}

/// §2: the answer about a workload and an address, over its pods.
pub fn workload_outside_verdict(
    cluster: &Cluster,
    dialect: &Dialect,
    workload: &WorkloadRef,
    address: IpAddr,
    outgoing: bool,
    port: Port,
) -> Option<Answer> {
    let outside = End::Outside(address);
    Answer::unite(workload.pods(cluster).into_iter().map(|pod| {
        let pod = End::Pod(pod);
        let (from, to) = if outgoing { (&pod, &outside) } else { (&outside, &pod) };
        verdict(cluster, dialect, from, to, port)
    }))
}
