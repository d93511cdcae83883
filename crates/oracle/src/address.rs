//! Addresses of endpoints, and which blocks they lie in (§2, §4).

use std::net::IpAddr;

use fallgate_model::{Cluster, Dialect, Family, IpBlock, Pod};
use ipnet::IpNet;

use crate::evaluate::{End, known_node};
use crate::tri::Tri;
use crate::{World, probe};

impl World<'_> {
    /// §2: a node has the addresses of its Node object and the `hostIP`s of its
    /// pods.
    pub(crate) fn node_addresses(self, name: &str) -> Vec<IpAddr> {
        let mut addresses = self.node(name).map_or_else(Vec::new, |n| n.addresses.clone());
        for pod in &self.cluster.pods {
            if pod.node.as_deref() == Some(name) {
                addresses.extend(&pod.host_addresses);
            }
        }
        addresses
    }

    /// A pod's own addresses; a hostNetwork pod is seen under its node's (§4).
    fn pod_addresses(self, pod: &Pod) -> Vec<IpAddr> {
        let mut addresses = pod.addresses.clone();
        if pod.host_network {
            addresses.extend(&pod.host_addresses);
            if let Some(node) = known_node(pod) {
                addresses.extend(self.node_addresses(node));
            }
        }
        addresses
    }

    /// Every known address of an end.
    pub(crate) fn addresses(self, end: &End) -> Vec<IpAddr> {
        match end {
            End::Pod(index) => self.pod_addresses(&self.cluster.pods[*index]),
            End::Node(name) => self.node_addresses(name),
            End::Outside(address) => vec![*address],
        }
    }

    /// §4: an `IpBlock` peer of a NetworkPolicy. The dialect says whether it
    /// matches pods and nodes at all.
    pub(crate) fn ip_block_matches(self, block: &IpBlock, peer: &End, family: Family) -> Tri {
        let applies = match peer {
            End::Outside(_) => true,
            End::Node(_) => self.dialect.ipblock_matches_nodes,
            End::Pod(index) if self.cluster.pods[*index].host_network => {
                self.dialect.ipblock_matches_nodes
            }
            End::Pod(_) => self.dialect.ipblock_matches_pods,
        };
        if applies { self.block_matches(block, peer, family) } else { Tri::No }
    }

    /// Whether the end's address in the packet's family lies in the block and in
    /// none of its exceptions (§4; §5 for `Networks`, whatever the dialect).
    ///
    /// An end with several addresses of the family (a node) is matched when all
    /// of them are, not when none is, and else it depends on the one it uses.
    pub(crate) fn block_matches(self, block: &IpBlock, peer: &End, family: Family) -> Tri {
        if family_of(&block.cidr) != family {
            return Tri::No;
        }
        let addresses: Vec<IpAddr> =
            self.addresses(peer).into_iter().filter(|a| Family::of(*a) == family).collect();
        if !addresses.is_empty() {
            let inside = addresses.iter().filter(|a| contains(block, **a)).count();
            return match inside {
                0 => Tri::No,
                n if n == addresses.len() => Tri::Yes,
                _ => Tri::Unknown,
            };
        }
        if block.cidr.prefix_len() == 0 && block.except.is_empty() {
            return Tri::Yes;
        }
        match peer {
            End::Pod(index) if !self.cluster.pods[*index].host_network => {
                unknown_address_matches(block, &self.pod_cidrs(family))
            }
            _ => Tri::Unknown,
        }
    }

    /// The `--pod-cidr`s of a family.
    fn pod_cidrs(self, family: Family) -> Vec<IpNet> {
        self.dialect.pod_cidrs.iter().copied().filter(|c| family_of(c) == family).collect()
    }
}

/// §4: the address lies somewhere in these networks, if any are given.
fn unknown_address_matches(block: &IpBlock, pod_cidrs: &[IpNet]) -> Tri {
    if pod_cidrs.is_empty() {
        Tri::Unknown
    } else if pod_cidrs.iter().all(|cidr| contains_all(block, *cidr)) {
        Tri::Yes
    } else if pod_cidrs.iter().all(|cidr| contains_none(block, *cidr)) {
        Tri::No
    } else {
        Tri::Unknown
    }
}

/// The block's network has the address and no exception has.
fn contains(block: &IpBlock, address: IpAddr) -> bool {
    block.cidr.contains(&address) && !block.except.iter().any(|e| e.contains(&address))
}

/// Every address of the network is in the block less its exceptions.
fn contains_all(block: &IpBlock, cidr: IpNet) -> bool {
    block.cidr.contains(&cidr) && !block.except.iter().any(|e| overlap(e, &cidr))
}

/// No address of the network is in the block less its exceptions.
fn contains_none(block: &IpBlock, cidr: IpNet) -> bool {
    if !overlap(&block.cidr, &cidr) {
        return true;
    }
    let common = if block.cidr.contains(&cidr) { cidr } else { block.cidr };
    covered(common, &block.except)
}

/// Whether the networks together hold every address of `cidr`: one of them holds
/// all of it, or each of its halves is covered.
fn covered(cidr: IpNet, networks: &[IpNet]) -> bool {
    if networks.iter().any(|n| n.contains(&cidr)) {
        return true;
    }
    if !networks.iter().any(|n| overlap(n, &cidr)) {
        return false;
    }
    cidr.subnets(cidr.prefix_len() + 1)
        .is_ok_and(|mut halves| halves.all(|half| covered(half, networks)))
}

/// Two networks share addresses exactly when one holds the other.
fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

pub(crate) fn family_of(cidr: &IpNet) -> Family {
    Family::of(cidr.addr())
}

/// The endpoint that has this address, else outside (§2): a pod, a node by name,
/// a hostNetwork pod on an unknown node.
pub fn end_of_address(cluster: &Cluster, address: IpAddr) -> End {
    let dialect = Dialect::default();
    let world = World { cluster, dialect: &dialect };
    let has = |end: &End| world.addresses(end).contains(&address);
    let rank = |end: &End| match end {
        End::Pod(index) if cluster.pods[*index].host_network => 2,
        End::Node(_) => 1,
        _ => 0,
    };
    let mut ends = probe::endpoints(cluster);
    ends.sort_by_key(rank);
    ends.into_iter().find(has).unwrap_or(End::Outside(address))
}
