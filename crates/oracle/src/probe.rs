//! Which packets to ask about: enough to tell any two connection sets apart.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fallgate_model::{Cluster, ClusterPeer, Dialect, Family, Peer, PortMatch, Protocol, Str};
use ipnet::IpNet;

use crate::end_of_address;
use crate::evaluate::{End, Port};
use crate::verdict::{WorkloadRef, families_in_use};

/// Every endpoint of a cluster: its pods in their order, then its nodes by name
/// (§2: those with a Node object, and those whose address a pod tells).
pub fn endpoints(cluster: &Cluster) -> Vec<End> {
    let mut nodes: BTreeSet<Str> = cluster.nodes.iter().map(|n| n.name.clone()).collect();
    nodes.extend(
        cluster.pods.iter().filter(|p| !p.host_addresses.is_empty()).filter_map(|p| p.node.clone()),
    );
    (0..cluster.pods.len()).map(End::Pod).chain(nodes.into_iter().map(End::Node)).collect()
}

/// Every workload of a cluster, in order.
pub fn workloads(cluster: &Cluster) -> Vec<WorkloadRef> {
    cluster.pods.iter().map(WorkloadRef::of).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Ports on which any two connection sets of this cluster's policies differ if
/// they differ at all: the first and last of every range and every container
/// port with their neighbours, 1 and 65535, and another IP protocol.
pub fn interesting_ports(cluster: &Cluster) -> Vec<Port> {
    let mut ports: BTreeSet<Port> = BTreeSet::from([None]);
    for protocol in Protocol::ALL {
        ports.extend([Some((protocol, 1)), Some((protocol, u16::MAX))]);
    }
    let mut around = |protocol: Protocol, port: u16| {
        let numbers = [port.saturating_sub(1), port, port.saturating_add(1)];
        ports.extend(numbers.into_iter().filter(|n| *n > 0).map(|n| Some((protocol, n))));
    };
    for container_port in cluster.pods.iter().flat_map(|p| &p.ports) {
        around(container_port.protocol, container_port.port);
    }
    for port in rule_ports(cluster) {
        if let PortMatch::Range { protocol, start, end } = port {
            around(*protocol, *start);
            around(*protocol, *end);
        }
    }
    ports.into_iter().collect()
}

/// Every entry of every rule's ports.
fn rule_ports(cluster: &Cluster) -> Vec<&PortMatch> {
    let network = cluster
        .network_policies
        .iter()
        .flat_map(|p| p.ingress.iter().chain(&p.egress).flatten())
        .flat_map(|rule| rule.ports.iter().flatten());
    let wide = cluster
        .cluster_policies
        .iter()
        .flat_map(|p| p.ingress.iter().chain(&p.egress))
        .flat_map(|rule| rule.ports.iter().flatten());
    network.chain(wide).collect()
}

/// Outside addresses among which every combination of this cluster's blocks
/// occurs that occurs at all: the first and last of every block and exception
/// with their neighbours, and one far from everything in each family in use.
/// Addresses of endpoints are not among them.
pub fn interesting_addresses(cluster: &Cluster, dialect: &Dialect) -> Vec<IpAddr> {
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    for family in families_in_use(cluster, dialect) {
        addresses.insert(match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::new(198, 51, 100, 77)),
            Family::V6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xfa11, 0, 0, 0, 0, 0x77)),
        });
    }
    for block in blocks(cluster) {
        let (first, last) = (block.network(), block.broadcast());
        addresses.extend([first, last]);
        addresses.extend(before(first));
        addresses.extend(after(last));
    }
    addresses
        .into_iter()
        .filter(|a| matches!(end_of_address(cluster, *a), End::Outside(_)))
        .collect()
}

/// Every network that a policy names.
fn blocks(cluster: &Cluster) -> Vec<IpNet> {
    let mut blocks = Vec::new();
    for policy in &cluster.network_policies {
        for rule in policy.ingress.iter().chain(&policy.egress).flatten() {
            for peer in rule.peers.iter().flatten() {
                if let Peer::IpBlock(block) = peer {
                    blocks.push(block.cidr);
                    blocks.extend(&block.except);
                }
            }
        }
    }
    for policy in &cluster.cluster_policies {
        for rule in policy.ingress.iter().chain(&policy.egress) {
            for peer in &rule.peers {
                if let ClusterPeer::Networks(networks) = peer {
                    blocks.extend(networks);
                }
            }
        }
    }
    blocks
}

fn before(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(a) => IpAddr::V4(Ipv4Addr::from_bits(a.to_bits().checked_sub(1)?)),
        IpAddr::V6(a) => IpAddr::V6(Ipv6Addr::from_bits(a.to_bits().checked_sub(1)?)),
    })
}

fn after(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(a) => IpAddr::V4(Ipv4Addr::from_bits(a.to_bits().checked_add(1)?)),
        IpAddr::V6(a) => IpAddr::V6(Ipv6Addr::from_bits(a.to_bits().checked_add(1)?)),
    })
}
