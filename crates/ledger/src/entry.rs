use std::fmt;

use fallgate_canonical::{self as canonical, Digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::chain::Head;

/// What each entry says it is. Whoever reads refuses another.
pub const SCHEMA: &str = "fallgate/record/v1";

/// The longest line in bytes, with its line feed; an entry of a transparency
/// log's bundle may be as long (C2SP tlog-tiles: a 16-bit length).
pub const MAX_LINE: usize = 65_535;

/// One line of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1, which is also its line.
    pub seq: u64,
    /// What happened.
    pub event: Event,
    /// The hash of the entry before; [`Digest::ZERO`] in the first.
    pub prev: Digest,
    /// SHA-256 of the entry's canonical JSON without this member.
    pub hash: Digest,
}

/// What happened: an entry without its place in the chain.
///
/// `subject`, `kind` and `step` together are the event's identity: the record
/// holds one entry for it, however often it is appended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// When it happened.
    pub time: Timestamp,
    /// The cluster's identity: the UID of its namespace `kube-system`.
    pub cluster: String,
    /// What kind of thing happened.
    pub kind: Kind,
    /// The UID of what it happened to: the grant from its arming on, before
    /// that the request, otherwise the lock, the incident, the policy.
    pub subject: String,
    /// Which of the subject's events of this kind it is: `Approved` or a
    /// decision's UID, say.
    pub step: String,
    /// Who did it.
    pub actor: Actor,
    /// The ticket that it was done for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The objects that it was done to, and those that it was done by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<ObjectRef>,
    /// What else is worth keeping. Numbers are whole (see [`canonical::to_vec`]), and
    /// what is large or private is here by its hash.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Somebody asked for access.
    Request,
    /// The effect of a request was worked out and fixed by its hash.
    Plan,
    /// Somebody approved, denied, withdrew or revoked, or a request expired.
    Decision,
    /// The switches of a grant are about to be created, or are.
    Arming,
    /// The policies of a grant are about to be created, or are.
    Opening,
    /// A grant ended.
    End,
    /// Something was tried and did not happen.
    Failure,
    /// A lock was set or removed.
    Lock,
    /// An incident was declared, resolved, or ran out.
    Incident,
    /// A policy for access, or the configuration, changed.
    PolicyChange,
    /// The backstop or admission was tried out.
    Canary,
    /// Access before approval.
    BreakGlass,
    /// Access before approval was looked at afterwards, or should have been.
    BreakGlassReview,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 13] = [
        Kind::Request,
        Kind::Plan,
        Kind::Decision,
        Kind::Arming,
        Kind::Opening,
        Kind::End,
        Kind::Failure,
        Kind::Lock,
        Kind::Incident,
        Kind::PolicyChange,
        Kind::Canary,
        Kind::BreakGlass,
        Kind::BreakGlassReview,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Plan => "plan",
            Kind::Decision => "decision",
            Kind::Arming => "arming",
            Kind::Opening => "opening",
            Kind::End => "end",
            Kind::Failure => "failure",
            Kind::Lock => "lock",
            Kind::Incident => "incident",
            Kind::PolicyChange => "policy-change",
            Kind::Canary => "canary",
            Kind::BreakGlass => "break-glass",
            Kind::BreakGlassReview => "break-glass-review",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who did something, as the API server knew them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Actor {
    /// The user's name; a program's is that of its ServiceAccount.
    pub username: String,
    /// The user's UID, where the authenticator gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// An object of the API: which one, and not only what it was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectRef {
    /// Such as `AccessGrant`.
    pub kind: String,
    /// Absent for what is cluster-scoped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

/// An event that the record does not take: `field` is the path of what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {message}")]
pub struct EventError {
    /// Such as `event.actor.username`.
    pub field: String,
    /// What is wrong with it, and what is accepted.
    pub message: String,
}

/// Bounds in bytes. Names are as long as the API server lets them be; the rest
/// is generous. All of it fits a line but the details, which get what is left.
const MAX_NAME: usize = 253;
const MAX_USERNAME: usize = 1024;
const MAX_OBJECTS: usize = 64;

impl Event {
    /// Whether the record takes it.
    pub(crate) fn check(&self) -> Result<(), EventError> {
        text("event.cluster", &self.cluster, MAX_NAME)?;
        text("event.subject", &self.subject, MAX_NAME)?;
        text("event.step", &self.step, MAX_NAME)?;
        text("event.actor.username", &self.actor.username, MAX_USERNAME)?;
        optional("event.actor.uid", self.actor.uid.as_deref(), MAX_USERNAME)?;
        optional("event.ticket", self.ticket.as_deref(), MAX_NAME)?;
        if self.objects.len() > MAX_OBJECTS {
            let count = self.objects.len();
            return Err(wrong(
                "event.objects",
                format!("has {count} elements, {MAX_OBJECTS} at most"),
            ));
        }
        for (at, object) in self.objects.iter().enumerate() {
            let field = |name: &str| format!("event.objects[{at}].{name}");
            text(&field("kind"), &object.kind, MAX_NAME)?;
            optional(&field("namespace"), object.namespace.as_deref(), MAX_NAME)?;
            text(&field("name"), &object.name, MAX_NAME)?;
            text(&field("uid"), &object.uid, MAX_NAME)?;
        }
        Ok(())
    }

    /// What tells this event from every other: see [`Event`].
    pub(crate) fn key(&self) -> u128 {
        // Length first, so that no two keys run together.
        let parts = [self.subject.as_str(), self.kind.name(), self.step.as_str()];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        Digest::of(&bytes).prefix()
    }
}

fn text(field: &str, text: &str, longest: usize) -> Result<(), EventError> {
    let length = text.len();
    if length == 0 {
        Err(wrong(field, "must not be empty".to_owned()))
    } else if length > longest {
        Err(wrong(field, format!("is {length} bytes long, {longest} at most")))
    } else {
        Ok(())
    }
}

fn optional(field: &str, value: Option<&str>, longest: usize) -> Result<(), EventError> {
    value.map_or(Ok(()), |value| text(field, value, longest))
}

fn wrong(field: &str, message: String) -> EventError {
    EventError { field: field.to_owned(), message }
}

/// An entry as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    event: Event,
    /// Absent while it is worked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<Digest>,
    prev: Digest,
    schema: String,
    seq: u64,
}

/// What every version of an entry says.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    schema: Value,
}

impl Line {
    /// Its canonical form.
    fn form(&self) -> Result<Vec<u8>, EventError> {
        canonical::to_vec(self).map_err(|error| wrong("event", error.to_string()))
    }

    /// What its hash must be.
    fn sealed(&mut self) -> Result<Digest, EventError> {
        self.hash = None;
        Ok(Digest::of(&self.form()?))
    }
}

/// As its line has it.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = Line {
            event: self.event.clone(),
            hash: Some(self.hash),
            prev: self.prev,
            schema: SCHEMA.to_owned(),
            seq: self.seq,
        };
        line.serialize(serializer)
    }
}

impl Entry {
    /// The entry of an event after those up to `head`, and its line.
    pub(crate) fn seal(event: &Event, head: Head) -> Result<(Entry, Vec<u8>), EventError> {
        event.check()?;
        let (seq, prev) = (head.seq.saturating_add(1), head.hash);
        let mut line =
            Line { event: event.clone(), hash: None, prev, schema: SCHEMA.to_owned(), seq };
        let hash = line.sealed()?;
        line.hash = Some(hash);
        let mut text = line.form()?;
        text.push(b'\n');
        if text.len() > MAX_LINE {
            let message = format!(
                "makes the entry {} bytes long, {MAX_LINE} at most; keep what is large elsewhere, and its hash here",
                text.len()
            );
            return Err(wrong("event.details", message));
        }
        Ok((Entry { seq, event: line.event, prev, hash }, text))
    }

    /// Reads a line, without its line feed. What is checked is everything that
    /// does not take the line before: its form, its hash and its bounds.
    pub(crate) fn parse(text: &[u8]) -> Result<Entry, EventError> {
        let no_entry = |error: serde_json::Error| {
            let said = error.to_string().replace(" at line 1 column ", " at column ");
            wrong("", format!("is no entry: {said}"))
        };
        let Version { schema } = serde_json::from_slice(text).map_err(no_entry)?;
        if schema != SCHEMA {
            let message = format!(
                "is {schema}, and must be \"{SCHEMA}\": this is no entry, or one of a newer version of Fallgate"
            );
            return Err(wrong("schema", message));
        }
        let mut line: Line = serde_json::from_slice(text).map_err(no_entry)?;
        let hash = line.hash.ok_or_else(|| wrong("hash", "is missing".to_owned()))?;
        let sealed = line.sealed()?;
        if sealed != hash {
            return Err(wrong("hash", format!("is {hash}, but that of the entry is {sealed}")));
        }
        // Only the bytes tell whether a member stands twice, in another order or in another
        // spelling: what was read must be written as it was.
        line.hash = Some(hash);
        if line.form()? != text {
            return Err(wrong("", "is not in canonical form (RFC 8785)".to_owned()));
        }
        line.event.check()?;
        Ok(Entry { seq: line.seq, event: line.event, prev: line.prev, hash })
    }
}
