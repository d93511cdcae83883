//! To which addresses requests may go: whoever configures a receiver must not be
//! able to reach what only this process can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An address that no request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no public address; allow a CIDR that it is in, or name another receiver")]
pub struct NotAllowed(pub IpAddr);

/// Of IPv4, what is not public: IANA's registry of special purposes, multicast,
/// and where a cloud serves metadata on an address that looks public.
const SPECIAL_V4: [([u8; 4], u8); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast, what is reserved, and broadcast.
    ([224, 0, 0, 0], 3),
];

/// Of IPv6, only what is given out as global is public at all; of that, not what
/// is for protocols (Teredo among them), for documents, or carries IPv4 in it.
const GLOBAL_V6: ([u16; 2], u8) = ([0x2000, 0], 3);
const SPECIAL_V6: [([u16; 2], u8); 4] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// Whether requests may go to an address: to a public one, or one that the
/// operator allows.
///
/// # Errors
///
/// When they may not.
pub(crate) fn check(address: IpAddr, allowed: &[IpNet]) -> Result<(), NotAllowed> {
    // One address has two forms, of which a socket takes either.
    let address = address.to_canonical();
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    let named = || allowed.iter().any(|net| net.contains(&address));
    if public || named() { Ok(()) } else { Err(NotAllowed(address)) }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(net, prefix): &([u8; 4], u8)| {
        Ipv4Net::new((*net).into(), *prefix).is_ok_and(|net| net.contains(&address))
    };
    !SPECIAL_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |([first, second], prefix): &([u16; 2], u8)| {
        let net = Ipv6Addr::new(*first, *second, 0, 0, 0, 0, 0, 0);
        Ipv6Net::new(net, *prefix).is_ok_and(|net| net.contains(&address))
    };
    within(&GLOBAL_V6) && !SPECIAL_V6.iter().any(within)
}
