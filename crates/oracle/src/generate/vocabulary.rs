//! The few words that generated clusters are made of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const NAMESPACES: [&str; 4] = ["default", "n1", "n2", "n3"];

/// Keys with their values; no value occurs under two keys.
pub(super) const LABELS: &[(&str, &[&str])] =
    &[("app", &["a", "b", "c"]), ("tier", &["x", "y"]), ("env", &["p", "q"])];

pub(super) const PORT_NAMES: &[&str] = &["http", "dns", "metrics"];

/// Neighbours and both ends of the range among them.
pub(super) const PORTS: &[u16] = &[1, 53, 80, 81, 8080, 8081, 9090, 65535];

/// Where pods have addresses: the first 250 of each.
pub(super) const POD_NETWORKS: [&str; 2] = ["10.0.0.0", "fd00::"];
/// Where nodes have addresses.
pub(super) const NODE_NETWORKS: [&str; 2] = ["192.168.0.0", "fd01::"];
/// Where nobody has any.
pub(super) const OUTSIDE_NETWORKS: [&str; 2] = ["203.0.113.0", "2001:db8::"];

/// Networks that may be given together as those of pods: what holds every pod's
/// address, halves of it, and some beside it.
pub(super) const POD_CIDRS: &[&[&str]] = &[
    &["10.0.0.0/24"],
    &["10.0.0.0/24", "fd00::/120"],
    &["10.0.0.0/25", "10.0.0.128/25"],
    &["10.0.0.0/25", "10.0.1.0/24", "fd00::/121", "fd00::1:0/120"],
    &["10.0.1.0/24"],
    &["10.0.0.0/16", "fd00::/64"],
    &["fd00::/120"],
];

/// The address so far into a network of the lists above.
pub(super) fn address(network: &str, offset: u8) -> IpAddr {
    match network.parse::<IpAddr>() {
        Ok(IpAddr::V4(a)) => IpAddr::V4(Ipv4Addr::from_bits(a.to_bits() + u32::from(offset))),
        Ok(IpAddr::V6(a)) => IpAddr::V6(Ipv6Addr::from_bits(a.to_bits() + u128::from(offset))),
        Err(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}
