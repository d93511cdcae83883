//! Connection sets and the intervals that verdicts are read from.

use fallgate_model::Protocol;

use crate::ranges::Ranges;

/// A set of (protocol, port), and beside it whether the protocols that have no
/// ports here (ICMP for one) are in it.
///
/// All ports of all protocols lie on one line, a stretch for each protocol, so
/// that one kind of range does for all; the last stretch is one number long and
/// stands for every other protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connections(Ranges<u32>);

const STRETCH: u32 = 0x1_0000;
const OTHER: u32 = 3 * STRETCH + 1;

fn base(protocol: Protocol) -> u32 {
    match protocol {
        Protocol::Sctp => 0,
        Protocol::Tcp => STRETCH,
        Protocol::Udp => 2 * STRETCH,
    }
}

/// One kind of packet: a protocol with a destination port, or `None` for the
/// protocols that policies cannot name.
pub type Port = Option<(Protocol, u16)>;

pub(crate) fn line(port: Port) -> u32 {
    match port {
        Some((protocol, port)) => base(protocol) + u32::from(port),
        None => OTHER,
    }
}

impl Connections {
    /// Nothing.
    pub fn none() -> Connections {
        Connections(Ranges::empty())
    }

    /// Every port of every protocol, and the protocols without ports.
    pub fn all() -> Connections {
        Connections::all_ports().union(&Connections(Ranges::of(OTHER, OTHER)))
    }

    /// Every port of TCP, UDP and SCTP, without the other protocols.
    pub fn all_ports() -> Connections {
        Protocol::ALL
            .into_iter()
            .fold(Connections::none(), |set, p| set.union(&Connections::ports(p, 1, u16::MAX)))
    }

    /// The ports `start..=end` of a protocol; nothing when `start > end`. Port
    /// 0 is no port.
    pub fn ports(protocol: Protocol, start: u16, end: u16) -> Connections {
        let base = base(protocol);
        Connections(Ranges::of(base + u32::from(start.max(1)), base + u32::from(end)))
    }

    /// One port, or the other protocols.
    pub fn one(port: Port) -> Connections {
        Connections(Ranges::of(line(port), line(port)))
    }

    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when every port of the three protocols is in it, whatever holds for
    /// the protocols without ports.
    pub fn covers_all_ports(&self) -> bool {
        Connections::all_ports().is_subset(self)
    }

    /// True when the protocols without ports are in it.
    pub fn other_protocols(&self) -> bool {
        self.0.contains(OTHER)
    }

    /// True when this kind of packet is in it.
    pub fn contains(&self, port: Port) -> bool {
        self.0.contains(line(port))
    }

    /// True when all of this is in `other`.
    pub fn is_subset(&self, other: &Connections) -> bool {
        self.0.difference(&other.0).is_empty()
    }

    /// What is in either.
    pub fn union(&self, other: &Connections) -> Connections {
        Connections(self.0.union(&other.0))
    }

    /// What is in both.
    pub fn intersection(&self, other: &Connections) -> Connections {
        Connections(self.0.intersection(&other.0))
    }

    /// What is in this and not in `other`.
    pub fn difference(&self, other: &Connections) -> Connections {
        Connections(self.0.difference(&other.0))
    }

    /// The port ranges, sorted by protocol name and port, merged; the protocols
    /// without ports are not among them.
    pub fn ranges(&self) -> impl Iterator<Item = (Protocol, u16, u16)> + '_ {
        self.0.iter().filter(|&(start, _)| start < OTHER).filter_map(|(start, end)| {
            let protocol = *Protocol::ALL.get((start / STRETCH) as usize)?;
            let port = |n: u32| u16::try_from(n % STRETCH).ok();
            Some((protocol, port(start)?, port(end)?))
        })
    }

    /// Some packet of this set: the lowest port, else the other protocols.
    pub fn example(&self) -> Option<Port> {
        match self.ranges().next() {
            Some((protocol, port, _)) => Some(Some((protocol, port))),
            None => self.other_protocols().then_some(None),
        }
    }
}

/// What is certainly allowed and what is possibly allowed; the first is part of
/// the second.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// Allowed whatever the input leaves open.
    pub certain: Connections,
    /// Allowed in at least one reading of what the input leaves open.
    pub possible: Connections,
}

/// The answer about one kind of packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Certainly allowed.
    Allowed,
    /// Certainly not allowed.
    Denied,
    /// The input does not tell; never to be taken for denied.
    Unknown,
}

impl Verdict {
    /// Lower-case name, as printed and as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::Unknown => "unknown",
        }
    }
}

impl Interval {
    /// Exactly this.
    pub fn exactly(set: Connections) -> Interval {
        Interval { certain: set.clone(), possible: set }
    }

    /// Nothing is possible.
    pub fn none() -> Interval {
        Interval::exactly(Connections::none())
    }

    /// Everything is certain.
    pub fn all() -> Interval {
        Interval::exactly(Connections::all())
    }

    /// True when nothing is possible.
    pub fn is_empty(&self) -> bool {
        self.possible.is_empty()
    }

    /// What is possible and not certain.
    pub fn unknown(&self) -> Connections {
        self.possible.difference(&self.certain)
    }

    /// The verdict on one kind of packet.
    pub fn verdict(&self, port: Port) -> Verdict {
        if self.certain.contains(port) {
            Verdict::Allowed
        } else if self.possible.contains(port) {
            Verdict::Unknown
        } else {
            Verdict::Denied
        }
    }

    /// Either is enough: several replicas, several families.
    pub fn union(&self, other: &Interval) -> Interval {
        Interval {
            certain: self.certain.union(&other.certain),
            possible: self.possible.union(&other.possible),
        }
    }

    /// Both must allow: egress and ingress.
    pub fn intersection(&self, other: &Interval) -> Interval {
        Interval {
            certain: self.certain.intersection(&other.certain),
            possible: self.possible.intersection(&other.possible),
        }
    }
}
