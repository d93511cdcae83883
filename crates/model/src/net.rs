use std::fmt;
use std::net::IpAddr;

use crate::Str;

/// A transport protocol that a policy can name.
///
/// The API admits exactly these three (`core/v1` `Protocol`); everything else,
/// ICMP for one, is matched only by rules that name no port at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Stream Control Transmission Protocol.
    Sctp,
    /// Transmission Control Protocol, the default where the API leaves it out.
    Tcp,
    /// User Datagram Protocol.
    Udp,
}

impl Protocol {
    /// Every protocol, in the order in which output lists them.
    pub const ALL: [Protocol; 3] = [Protocol::Sctp, Protocol::Tcp, Protocol::Udp];

    /// The API's spelling: `TCP`, `UDP` or `SCTP`.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Sctp => "SCTP",
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }

    /// Reads the API's spelling, in any case.
    pub fn parse(text: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|p| p.name().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An address family. Blocks of one family never match addresses of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both families, IPv4 first.
    pub const ALL: [Family; 2] = [Family::V4, Family::V6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

/// One entry of a rule's ports. A rule without such entries admits every
/// protocol, also those that cannot be named here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortMatch {
    /// Ports `start..=end` of one protocol, `1 <= start <= end`. A protocol
    /// without a port is `1..=65535`.
    Range {
        /// The protocol; where the API leaves it out, TCP.
        protocol: Protocol,
        /// First port, at least 1.
        start: u16,
        /// Last port, not below `start`.
        end: u16,
    },
    /// A container port by name, resolved on each destination pod by itself; a
    /// pod without that name, and every destination that is no pod, is not
    /// matched.
    Named {
        /// The protocol the container port must have; `None` (cluster policies
        /// only) takes every protocol that the name has on the pod.
        protocol: Option<Protocol>,
        /// The port's name.
        name: Str,
    },
}
