//! The shapes of the JSON output: stable, additions only. Nothing of the engine
//! is serialised; what stands here is what a user sees.

use std::collections::BTreeMap;
use std::fmt;

use fallgate_engine::{Addresses, Connections, Interval, Place, Verdict, WorkloadRef};
use fallgate_model::{ObjectRef, Origin, Sources};
use schemars::JsonSchema;
use serde::Serialize;

/// What every document starts and ends with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Document<T> {
    /// `fallgate/<command>/v1`.
    pub(crate) schema: &'static str,
    /// How what the API leaves open was read.
    pub(crate) dialect: String,
    /// What was read.
    pub(crate) input: Input,
    #[serde(flatten)]
    pub(crate) body: T,
    /// What is wrong with, or worth knowing about, the input.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Input {
    /// Files, `stdin`, revisions or the live cluster, in order.
    pub(crate) sources: Vec<String>,
    /// How many objects of each kind that is evaluated.
    pub(crate) objects: BTreeMap<String, usize>,
    /// How many objects of other kinds, by `apiVersion/kind`.
    pub(crate) ignored: BTreeMap<String, usize>,
}

/// What is wrong with, or worth knowing about, a piece of input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Diagnostic {
    /// Stable kebab-case id.
    pub(crate) id: String,
    /// `note`, `warning` or `error`.
    pub(crate) severity: String,
    pub(crate) message: String,
    /// Where.
    #[serde(flatten)]
    pub(crate) source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<Object>,
    /// The field's path; empty when the whole object or file is meant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) field: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) help: String,
}

/// A position. Without a line where the source has none (the live cluster).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Source {
    pub(crate) file: String,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<u32>,
}

/// An object of the API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Object {
    pub(crate) kind: String,
    /// Absent for what is cluster-scoped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Endpoint {
    /// A workload or, with kind `Pod`, a pod.
    Workload { namespace: String, name: String, kind: String },
    /// A node by name.
    Node { node: String },
    /// Addresses outside the cluster: the shortest list that holds exactly them.
    Outside { cidrs: Vec<String> },
}

/// A set of connections: `"all"` exactly when every port of TCP, UDP and SCTP is
/// in it, else sorted and merged ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Ports {
    All(AllPorts),
    Ranges(Vec<PortRange>),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AllPorts {
    All,
}

/// Ports of one protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortRange {
    /// `TCP`, `UDP` or `SCTP`.
    pub(crate) protocol: String,
    pub(crate) port: u16,
    /// The last port, where it is another one than `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_port: Option<u16>,
}

/// What is allowed between two places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Allowed {
    /// What is certainly allowed.
    pub(crate) ports: Ports,
    /// What may be allowed besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unknown: Option<Ports>,
    /// Whether protocols without ports (ICMP for one) are certainly allowed;
    /// present where it is not the same as `ports` being `"all"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) other_protocols: Option<bool>,
}

/// `allowed`, `denied` or `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WireVerdict {
    Allowed,
    Denied,
    Unknown,
}

impl From<Verdict> for WireVerdict {
    fn from(verdict: Verdict) -> WireVerdict {
        match verdict {
            Verdict::Allowed => WireVerdict::Allowed,
            Verdict::Denied => WireVerdict::Denied,
            Verdict::Unknown => WireVerdict::Unknown,
        }
    }
}

impl Source {
    pub(crate) fn new(sources: &Sources, origin: Origin) -> Source {
        let lined = |n: u32| (origin.line > 0).then_some(n);
        Source {
            file: sources.name(origin.source).to_owned(),
            line: lined(origin.line),
            column: lined(origin.column),
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(sources: &Sources, d: &fallgate_model::Diagnostic) -> Diagnostic {
        Diagnostic {
            id: d.id.to_owned(),
            severity: d.severity.name().to_owned(),
            message: d.message.clone(),
            source: Source::new(sources, d.origin),
            object: d.object.as_ref().map(Object::from),
            field: d.field.clone(),
            help: d.help.clone(),
        }
    }
}

/// `file:line`, or the bare name where there are no lines.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// As [`ObjectRef`] is shown.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |part: &str| part.into();
        let object = ObjectRef {
            kind: text(&self.kind),
            namespace: text(&self.namespace),
            name: text(&self.name),
        };
        object.fmt(f)
    }
}

impl From<&ObjectRef> for Object {
    fn from(o: &ObjectRef) -> Object {
        Object {
            kind: o.kind.to_string(),
            namespace: o.namespace.to_string(),
            name: o.name.to_string(),
        }
    }
}

impl From<&WorkloadRef> for Endpoint {
    fn from(w: &WorkloadRef) -> Endpoint {
        Endpoint::Workload {
            namespace: w.namespace.to_string(),
            name: w.name.to_string(),
            kind: w.kind.to_string(),
        }
    }
}

impl From<&Addresses> for Endpoint {
    fn from(addresses: &Addresses) -> Endpoint {
        Endpoint::Outside { cidrs: addresses.cidrs().iter().map(ToString::to_string).collect() }
    }
}

impl From<&Place> for Endpoint {
    fn from(place: &Place) -> Endpoint {
        match place {
            Place::Workload(workload) => workload.into(),
            Place::Node(node) => Endpoint::Node { node: node.to_string() },
            Place::Outside(addresses) => addresses.into(),
        }
    }
}

impl From<&Connections> for Ports {
    fn from(set: &Connections) -> Ports {
        if set.covers_all_ports() {
            return Ports::All(AllPorts::All);
        }
        Ports::Ranges(
            set.ranges()
                .map(|(protocol, port, end)| PortRange {
                    protocol: protocol.name().to_owned(),
                    port,
                    end_port: (end != port).then_some(end),
                })
                .collect(),
        )
    }
}

impl From<&Interval> for Allowed {
    fn from(interval: &Interval) -> Allowed {
        let unknown = interval.unknown();
        let other = interval.certain.other_protocols();
        Allowed {
            ports: (&interval.certain).into(),
            unknown: (!unknown.is_empty()).then(|| (&unknown).into()),
            other_protocols: (other != interval.certain.covers_all_ports()).then_some(other),
        }
    }
}
