//! Ports as users write them.

use std::fmt;

use fallgate_engine::{Connections, Port};
use fallgate_model::{Pod, Protocol, Str};

use crate::failure::Problem;

/// A port as written: `5432`, `53/udp`, `8000-8100/tcp`, `http`, `any`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PortSpec {
    /// Every port of every protocol.
    Any,
    /// Ports of one protocol.
    Range {
        /// The protocol.
        protocol: Protocol,
        /// The first port.
        start: u16,
        /// The last port.
        end: u16,
    },
    /// The container port of this name on the destination, of any protocol when
    /// none is given.
    Named {
        /// The name.
        name: Str,
        /// The protocol it must have.
        protocol: Option<Protocol>,
    },
    /// Exactly these; nothing that a user writes.
    Set(Connections),
}

impl PortSpec {
    /// Reads a port. Everything that is not exactly one of the forms is refused.
    pub(crate) fn parse(text: &str) -> Result<PortSpec, Problem> {
        let fail = |message: String| {
            Problem::new(message).help(
                "a port is written 5432, 5432/tcp, 53/udp, 8000-8100/tcp, http, http/tcp or any",
            )
        };
        if text == "any" {
            return Ok(PortSpec::Any);
        }
        let (port, protocol) = match text.split_once('/') {
            Some((port, protocol)) => {
                let protocol = Protocol::parse(protocol).ok_or_else(|| {
                    fail(format!(
                        "`{text}`: the protocol must be `tcp`, `udp` or `sctp`, not `{protocol}`"
                    ))
                })?;
                (port, Some(protocol))
            }
            None => (text, None),
        };
        let number = |digits: &str| -> Result<u16, Problem> {
            let out = || fail(format!("`{text}`: a port must be a number from 1 to 65535"));
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(out());
            }
            digits.parse().ok().filter(|n| *n > 0).ok_or_else(out)
        };
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if digits(port) {
            let start = number(port)?;
            let protocol = protocol.unwrap_or(Protocol::Tcp);
            return Ok(PortSpec::Range { protocol, start, end: start });
        }
        if let Some((start, end)) = port.split_once('-')
            && (digits(start) || start.is_empty())
            && (digits(end) || end.is_empty())
        {
            let (start, end) = (number(start)?, number(end)?);
            if start > end {
                return Err(fail(format!("`{text}`: the first port must not be above the last")));
            }
            let protocol = protocol.unwrap_or(Protocol::Tcp);
            return Ok(PortSpec::Range { protocol, start, end });
        }
        if port == "any" {
            let protocol = protocol.unwrap_or(Protocol::Tcp);
            return Ok(PortSpec::Range { protocol, start: 1, end: u16::MAX });
        }
        // What the API takes for the name of a port (IANA_SVC_NAME).
        let name = !port.is_empty()
            && port.len() <= 15
            && port.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && port.bytes().any(|b| b.is_ascii_lowercase())
            && !port.starts_with('-')
            && !port.ends_with('-')
            && !port.contains("--");
        if !name {
            return Err(fail(format!("`{text}` is neither a port nor the name of one")));
        }
        Ok(PortSpec::Named { name: port.into(), protocol })
    }

    /// The one kind of packet that is meant, where it is one.
    pub(crate) fn single(&self) -> Option<Port> {
        match self {
            PortSpec::Range { protocol, start, end } if start == end => {
                Some(Some((*protocol, *start)))
            }
            _ => None,
        }
    }

    /// The packets that are meant, with a name resolved on this destination;
    /// `None` when the destination has no port of the name.
    pub(crate) fn on(&self, destination: Option<&Pod>) -> Option<Connections> {
        match self {
            PortSpec::Any => Some(Connections::all_ports()),
            PortSpec::Range { protocol, start, end } => {
                Some(Connections::ports(*protocol, *start, *end))
            }
            PortSpec::Set(set) => Some(set.clone()),
            PortSpec::Named { name, protocol } => (destination?.ports.iter())
                .filter(|p| p.name.as_ref() == Some(name))
                .filter(|p| protocol.is_none_or(|wanted| wanted == p.protocol))
                .map(|p| Connections::one(Some((p.protocol, p.port))))
                .reduce(|a, b| a.union(&b)),
        }
    }
}

impl fmt::Display for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortSpec::Any => f.write_str("any"),
            PortSpec::Set(set) => f.write_str(&show_ports(set)),
            PortSpec::Range { protocol, start, end } => {
                write!(f, "{start}")?;
                if start != end {
                    write!(f, "-{end}")?;
                }
                write!(f, "/{}", protocol.name().to_ascii_lowercase())
            }
            PortSpec::Named { name, protocol } => {
                f.write_str(name)?;
                match protocol {
                    Some(protocol) => write!(f, "/{}", protocol.name().to_ascii_lowercase()),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A kind of packet as printed: `5432/tcp`.
pub(crate) fn show_port(port: Port) -> String {
    match port {
        Some((protocol, port)) => format!("{port}/{}", protocol.name().to_ascii_lowercase()),
        None => "protocols without ports".to_owned(),
    }
}

/// A connection set as printed: `all`, `80/tcp, 8000-8100/tcp`, `none`.
pub(crate) fn show_ports(set: &Connections) -> String {
    let ports = if set.covers_all_ports() {
        "all".to_owned()
    } else {
        let ranges: Vec<String> = set
            .ranges()
            .map(|(protocol, start, end)| PortSpec::Range { protocol, start, end }.to_string())
            .collect();
        ranges.join(", ")
    };
    match (set.other_protocols(), set.covers_all_ports()) {
        (true, false) if ports.is_empty() => "protocols without ports".to_owned(),
        (true, false) => format!("{ports}, protocols without ports"),
        (false, true) => "all ports".to_owned(),
        _ if ports.is_empty() => "none".to_owned(),
        _ => ports,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_totally() {
        for (text, shown) in [
            ("5432", "5432/tcp"),
            ("5432/tcp", "5432/tcp"),
            ("53/UDP", "53/udp"),
            ("8000-8100/sctp", "8000-8100/sctp"),
            ("any", "any"),
            ("any/udp", "1-65535/udp"),
            ("http", "http"),
            ("http/tcp", "http/tcp"),
            ("web-2", "web-2"),
        ] {
            assert_eq!(PortSpec::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            "0",
            "65536",
            "-1",
            "80-",
            "-80",
            "90-80",
            "80/icmp",
            "80/",
            "/tcp",
            "80 ",
            "HTTP",
            "http_1",
            "+80",
            "8080-8090-1",
            "a--b",
            "80tcp/",
        ] {
            assert!(PortSpec::parse(text).is_err(), "{text}");
        }
    }
}
