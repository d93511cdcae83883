//! Answers as the blocks write them, and the small things that they are read from.

use fallgate_engine::{Connections, Interval, Place, Port, PotentialPeer, Verdict, WorkloadRef};
use fallgate_model::{Operator, Protocol, Selector};

/// `5432`, `5432/tcp` or, for the protocols that policies cannot name, `icmp`.
pub(crate) fn parse_port(text: &str) -> Result<Port, String> {
    if text == "icmp" {
        return Ok(None);
    }
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => return Err(format!("`{text}` is not a port")),
    };
    match number.parse() {
        Ok(number) if number > 0 => Ok(Some((protocol, number))),
        _ => Err(format!("`{text}` is not a port")),
    }
}

pub(crate) fn port(port: Port) -> String {
    match port {
        None => "icmp".to_owned(),
        Some((protocol, number)) => format!("{number}/{}", protocol_name(protocol)),
    }
}

fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

/// `all` for everything, `all ports` where only ICMP and its like are missing.
fn connections(set: &Connections) -> String {
    match (set.covers_all_ports(), set.other_protocols()) {
        (true, true) => return "all".to_owned(),
        (true, false) => return "all ports".to_owned(),
        _ if set.is_empty() => return "nothing".to_owned(),
        _ => {}
    }
    let mut parts: Vec<String> = set
        .ranges()
        .map(|(protocol, start, end)| {
            let protocol = protocol_name(protocol);
            match (start, end) {
                (1, u16::MAX) => protocol.to_owned(),
                _ if start == end => format!("{start}/{protocol}"),
                _ => format!("{start}-{end}/{protocol}"),
            }
        })
        .collect();
    if set.other_protocols() {
        parts.push("icmp".to_owned());
    }
    parts.join(", ")
}

/// What is certain, then what is only possible, then whether it differs.
pub(crate) fn interval(interval: &Interval, partial: bool) -> String {
    let unknown = interval.unknown();
    let mut text = match (interval.certain.is_empty(), unknown.is_empty()) {
        (_, true) => connections(&interval.certain),
        (true, false) => format!("unknown {}", connections(&unknown)),
        (false, false) => {
            format!("{}; unknown {}", connections(&interval.certain), connections(&unknown))
        }
    };
    if partial {
        text.push_str(" (partial)");
    }
    text
}

pub(crate) fn verdict(verdict: Verdict, partial: bool) -> String {
    format!("{}{}", verdict.name(), if partial { " (partial)" } else { "" })
}

pub(crate) fn place(place: &Place) -> String {
    match place {
        Place::Workload(WorkloadRef { namespace, name, kind }) if **kind == *"Pod" => {
            format!("{namespace}/{name}")
        }
        Place::Workload(WorkloadRef { namespace, name, kind }) => {
            format!("{namespace}/{kind}/{name}")
        }
        Place::Node(name) => format!("node {name}"),
        Place::Outside(addresses) => cidrs(addresses),
    }
}

fn cidrs(addresses: &fallgate_engine::Addresses) -> String {
    let cidrs: Vec<String> = addresses.cidrs().iter().map(ToString::to_string).collect();
    cidrs.join(", ")
}

pub(crate) fn peer(peer: &PotentialPeer) -> String {
    match peer {
        PotentialPeer::Pods { namespaces, pods } => {
            format!("pods {{{}}} in {{{}}}", selector(pods), selector(namespaces))
        }
        PotentialPeer::Outside(addresses) => cidrs(addresses),
    }
}

fn selector(selector: &Selector) -> String {
    let parts: Vec<String> = selector
        .requirements
        .iter()
        .map(|r| {
            let values = r.values.join("|");
            match r.operator {
                Operator::In => format!("{}={values}", r.key),
                Operator::NotIn => format!("{}!={values}", r.key),
                Operator::Exists => r.key.to_string(),
                Operator::DoesNotExist => format!("!{}", r.key),
            }
        })
        .collect();
    parts.join(",")
}
