//! A path as it was resolved: which pods and addresses, on which ports.

use std::net::IpAddr;

use fallgate_api::{Endpoint, Hop, NarrowedRequest, Port, Protocol, WorkloadRef, Workstation};
use fallgate_engine::{Addresses, Connections};
use fallgate_model::{Family, Str};
use ipnet::IpNet;

use crate::refusal::{End, Refusal};
use crate::selector::{self, Constraints};

/// A path and how long it stays.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scope {
    pub(crate) from: Side,
    /// What it passes through, and the ports of the first leg.
    pub(crate) via: Option<(Side, Connections)>,
    pub(crate) to: Side,
    /// The ports of the last leg.
    pub(crate) ports: Connections,
    pub(crate) seconds: i64,
}

/// Pods or addresses at one end of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Side {
    /// Pods of one namespace.
    Pods(Pods),
    /// Addresses.
    Networks(Networks),
}

/// Pods of one namespace by label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pods {
    pub(crate) namespace: Str,
    pub(crate) labels: Constraints,
    /// The only workload whose pods are meant, where one is.
    pub(crate) workload: Option<Workload>,
}

/// A workload, and the labels by which it finds its pods. Pods of others may
/// have them, too; where they do, more would open than was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Workload {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) labels: Constraints,
}

/// Address ranges, and whose they are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Networks {
    pub(crate) addresses: Addresses,
    /// The user whose workstation has these addresses.
    pub(crate) user: Option<String>,
}

/// One leg of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg<'a> {
    pub(crate) from: (End, &'a Side),
    pub(crate) to: (End, &'a Side),
    pub(crate) ports: &'a Connections,
}

impl Scope {
    /// The legs in order: one, or two with something to pass through.
    pub(crate) fn legs(&self) -> Vec<Leg<'_>> {
        let (from, to) = ((End::From, &self.from), (End::To, &self.to));
        match &self.via {
            None => vec![Leg { from, to, ports: &self.ports }],
            Some((hop, ports)) => {
                let via = (End::Via, hop);
                vec![Leg { from, to: via, ports }, Leg { from: via, to, ports: &self.ports }]
            }
        }
    }

    /// The ends in order.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (End, &Side)> {
        let via = self.via.iter().map(|(hop, _)| (End::Via, hop));
        std::iter::once((End::From, &self.from)).chain(via).chain([(End::To, &self.to)])
    }

    /// The path as a plan shows it.
    pub(crate) fn write(&self) -> NarrowedRequest {
        NarrowedRequest {
            from: self.from.write(),
            via: self
                .via
                .as_ref()
                .map(|(hop, ports)| Hop { endpoint: hop.write(), ports: write_ports(ports) }),
            to: self.to.write(),
            ports: write_ports(&self.ports),
            duration_seconds: self.seconds,
        }
    }
}

impl Side {
    /// This, where all that its labels match or its ranges hold is the other
    /// one's, too; of one workload only, where the other one is.
    pub(crate) fn inside(&self, other: &Side) -> Option<Side> {
        let both = self.and(other)?;
        let whole = match (self, &both) {
            (Side::Pods(own), Side::Pods(both)) => own.labels == both.labels,
            (Side::Networks(own), Side::Networks(both)) => own.addresses == both.addresses,
            _ => false,
        };
        whole.then_some(both)
    }

    /// What is in both; nothing where they have nothing in common, or cannot be
    /// compared.
    pub(crate) fn and(&self, other: &Side) -> Option<Side> {
        match (self, other) {
            (Side::Pods(a), Side::Pods(b)) => a.and(b).map(Side::Pods),
            (Side::Networks(a), Side::Networks(b)) => a.and(b).map(Side::Networks),
            (Side::Pods(_), Side::Networks(_)) | (Side::Networks(_), Side::Pods(_)) => None,
        }
    }

    fn write(&self) -> Endpoint {
        match self {
            Side::Pods(pods) => pods.write(),
            Side::Networks(networks) => networks.write(),
        }
    }
}

impl Pods {
    fn and(&self, other: &Pods) -> Option<Pods> {
        let workload = match (&self.workload, &other.workload) {
            (Some(a), Some(b)) if (&a.kind, &a.name) != (&b.kind, &b.name) => return None,
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        (self.namespace == other.namespace).then_some(())?;
        let labels = self.labels.and(&other.labels)?;
        Some(Pods { namespace: self.namespace.clone(), labels, workload })
    }

    /// By its workload, where that is all that is said.
    fn write(&self) -> Endpoint {
        let workload = self.workload.as_ref().filter(|workload| workload.labels == self.labels);
        let workload = workload.map(|Workload { kind, name, .. }| WorkloadRef {
            kind: kind.clone(),
            name: name.clone(),
        });
        let labels = || selector::write(&self.labels.selector());
        Endpoint {
            namespace: Some(self.namespace.to_string()),
            pod_selector: workload.is_none().then(labels),
            workload,
            ..Endpoint::default()
        }
    }
}

impl Networks {
    fn and(&self, other: &Networks) -> Option<Networks> {
        let addresses = self.addresses.intersection(&other.addresses);
        let both = Networks { addresses, user: self.user.clone() };
        (self.user == other.user && !both.addresses.is_empty()).then_some(both)
    }

    /// The shortest list of ranges that holds exactly these addresses.
    pub(crate) fn cidrs(&self) -> Vec<String> {
        self.addresses.cidrs().iter().map(IpNet::to_string).collect()
    }

    fn write(&self) -> Endpoint {
        match &self.user {
            None => Endpoint { cidrs: self.cidrs(), ..Endpoint::default() },
            Some(user) => Endpoint {
                workstations: vec![Workstation { user: user.clone(), cidrs: self.cidrs() }],
                ..Endpoint::default()
            },
        }
    }
}

/// Address ranges as they are written.
pub(crate) fn read_cidrs(end: End, cidrs: &[String]) -> Result<Addresses, Refusal> {
    let mut all = Addresses::none();
    for text in cidrs {
        let cidr = read_cidr(text).ok_or_else(|| Refusal::Cidr(end, text.clone()))?;
        all = all.union(&Addresses::of(&cidr));
    }
    Ok(all)
}

/// An address range without host bits. IPv4 addresses in IPv6 are refused: what
/// they mean differs from one implementation to the next.
pub(crate) fn read_cidr(text: &str) -> Option<IpNet> {
    let cidr: IpNet = text.parse().ok()?;
    let mapped = match cidr.addr() {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.to_ipv4_mapped().is_some(),
    };
    (cidr.addr() == cidr.network() && !mapped).then_some(cidr)
}

/// The prefix length that limits a family.
pub(crate) fn prefix_limit(limits: &fallgate_api::Limits, cidr: &IpNet) -> i32 {
    match Family::of(cidr.addr()) {
        Family::V4 => limits.min_prefix_length,
        Family::V6 => limits.min_prefix_length_ipv6,
    }
}

/// Ports as they are written.
pub(crate) fn read_ports(ports: &[Port]) -> Result<Connections, Refusal> {
    let mut all = Connections::none();
    for port in ports {
        let last = port.end_port.unwrap_or(port.port);
        let range = match (u16::try_from(port.port), u16::try_from(last)) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => {
                Connections::ports(protocol(port.protocol), first, last)
            }
            _ => return Err(Refusal::Ports(port.port, last)),
        };
        all = all.union(&range);
    }
    if all.is_empty() { Err(Refusal::NoPorts) } else { Ok(all) }
}

/// Ports in one spelling: sorted and merged.
pub(crate) fn write_ports(ports: &Connections) -> Vec<Port> {
    let write = |(protocol, first, last): (fallgate_model::Protocol, u16, u16)| Port {
        protocol: write_protocol(protocol),
        port: first.into(),
        end_port: (last != first).then_some(last.into()),
    };
    ports.ranges().map(write).collect()
}

pub(crate) fn protocol(protocol: Protocol) -> fallgate_model::Protocol {
    match protocol {
        Protocol::Tcp => fallgate_model::Protocol::Tcp,
        Protocol::Udp => fallgate_model::Protocol::Udp,
        Protocol::Sctp => fallgate_model::Protocol::Sctp,
    }
}

pub(crate) fn write_protocol(protocol: fallgate_model::Protocol) -> Protocol {
    match protocol {
        fallgate_model::Protocol::Tcp => Protocol::Tcp,
        fallgate_model::Protocol::Udp => Protocol::Udp,
        fallgate_model::Protocol::Sctp => Protocol::Sctp,
    }
}
