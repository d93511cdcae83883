use std::fmt;

use crate::{Origin, Str};

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; no answer depends on it.
    Note,
    /// The input means something other than it seems to say.
    Warning,
    /// Something was not evaluated: answers it could change are unknown.
    Error,
}

impl Severity {
    /// Lower-case name, as printed and as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Which object something is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The API kind, such as `NetworkPolicy`.
    pub kind: Str,
    /// Empty for what is cluster-scoped.
    pub namespace: Str,
    /// The object's name.
    pub name: Str,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind.is_empty() { "an object" } else { &*self.kind };
        match (self.namespace.is_empty(), self.name.is_empty()) {
            (_, true) => f.write_str(kind),
            (true, false) => write!(f, "{kind} {}", self.name),
            (false, false) => write!(f, "{kind} {}/{}", self.namespace, self.name),
        }
    }
}

/// What is wrong with, or worth knowing about, a piece of input.
///
/// Messages are lower-case sentences without a period, with literals in
/// backticks; `help` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Stable kebab-case id, such as `port-out-of-range`.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// In which object, where one was recognised.
    pub object: Option<ObjectRef>,
    /// The field's path, such as `spec.ingress[0].ports[1].port`; empty when
    /// the whole object or file is meant.
    pub field: String,
    /// What to do about it; empty where the message says it all.
    pub help: String,
}
