//! The JSON of access: objects of the API as they are, and effects in the shape
//! of `diff`.

use fallgate_api::{Connection, Effect as ApiEffect, Place, Ports, Protocol};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::wire;

/// What a command about objects prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Objects {
    /// `fallgate/<command>/v1`.
    pub(crate) schema: &'static str,
    /// Objects of `access.fallgate.dev/v1alpha1`, as the API server has them.
    pub(crate) items: Vec<Value>,
    /// What the only one of them changes, where it is about one that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<Effect>,
    /// What is worth knowing besides.
    pub(crate) diagnostics: Vec<wire::Diagnostic>,
}

/// What opens and closes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Effect {
    /// What becomes allowed.
    pub(crate) opened: Vec<Opening>,
    /// What ceases to be.
    pub(crate) closed: Vec<Opening>,
    /// What may be allowed afterwards and cannot be told.
    pub(crate) unknown: Vec<Opening>,
}

/// What changes from one place to another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Opening {
    pub(crate) from: wire::Endpoint,
    pub(crate) to: wire::Endpoint,
    #[serde(flatten)]
    pub(crate) allowed: wire::Allowed,
}

impl Objects {
    pub(crate) fn new(
        schema: &'static str,
        items: Vec<Value>,
        effect: Option<&ApiEffect>,
    ) -> Objects {
        Objects { schema, items, effect: effect.map(Effect::from), diagnostics: Vec::new() }
    }
}

/// An object as JSON has it.
pub(crate) fn object(object: &impl Serialize) -> Result<Value, Failure> {
    Ok(serde_json::to_value(object)?)
}

impl From<&ApiEffect> for Effect {
    fn from(effect: &ApiEffect) -> Effect {
        let all = |connections: &[Connection]| connections.iter().map(Opening::from).collect();
        Effect {
            opened: all(&effect.opened),
            closed: all(&effect.closed),
            unknown: all(&effect.unknown),
        }
    }
}

impl From<&Connection> for Opening {
    fn from(connection: &Connection) -> Opening {
        Opening {
            from: end(&connection.from),
            to: end(&connection.to),
            allowed: wire::Allowed {
                ports: ports(&connection.ports),
                unknown: connection.unknown.as_ref().map(ports),
                other_protocols: connection.other_protocols,
            },
        }
    }
}

fn end(place: &Place) -> wire::Endpoint {
    match place.clone() {
        Place::Workload { namespace, name, kind } => {
            wire::Endpoint::Workload { namespace, name, kind }
        }
        Place::Node { node } => wire::Endpoint::Node { node },
        Place::Outside { cidrs } => wire::Endpoint::Outside { cidrs },
    }
}

fn ports(ports: &Ports) -> wire::Ports {
    match ports {
        Ports::All(_) => wire::Ports::All(wire::AllPorts::All),
        Ports::Ranges(ranges) => {
            let range = |range: &fallgate_api::PortRange| wire::PortRange {
                protocol: match range.protocol {
                    Protocol::Tcp => "TCP",
                    Protocol::Udp => "UDP",
                    Protocol::Sctp => "SCTP",
                }
                .to_owned(),
                port: range.port,
                end_port: range.end_port,
            };
            wire::Ports::Ranges(ranges.iter().map(range).collect())
        }
    }
}
