use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use serde_saphyr::Spanned;

use crate::answer::{Evidence, Problem, Source, Unavailable, Wrong, name};
use crate::shifts::{optional_time, time};
use crate::yaml;

/// Whoever knows about tickets.
pub trait Tickets {
    /// Whether a ticket is open now and is about this, as far as what is known is
    /// at most `max_age` old.
    ///
    /// # Errors
    ///
    /// When that cannot be told. It is no "closed": a person decides.
    fn ticket(
        &self,
        id: &str,
        scope: &Scope<'_>,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Evidence<TicketAnswer>, Unavailable>;
}

/// What a ticket must be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'q> {
    /// The namespace.
    pub namespace: &'q str,
    /// The service, where one is known.
    pub service: Option<&'q str>,
}

/// Whether a ticket is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketAnswer {
    /// It is, and it is about what was asked.
    Open(Ticket),
    /// It is not, for this reason.
    NotOpen(NotOpen),
}

/// Why a ticket is not an open one about what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpen {
    /// There is none of this id.
    #[error("there is no such ticket")]
    Missing,
    /// It was opened after the time that is asked about.
    #[error("it is opened at {0}")]
    NotYet(Timestamp),
    /// It is closed, since this time where that is said.
    #[error("it is closed{}", .0.map(|at| format!(" since {at}")).unwrap_or_default())]
    Closed(Option<Timestamp>),
    /// It is about something else, or does not say what.
    #[error("it is not about this namespace or service")]
    Elsewhere,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// The service that it is about.
    pub service: Option<String>,
    /// The namespaces that it is about.
    pub namespaces: Vec<String>,
    /// How bad it is, in its own words.
    pub severity: Option<String>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed, or is going to be.
    pub closed: Option<Timestamp>,
    /// Who works on it.
    pub owners: Vec<String>,
    is_closed: bool,
}

/// Tickets that were read from a text.
#[derive(Debug)]
pub struct TextTickets {
    source: Source,
    tickets: BTreeMap<String, Ticket>,
}

impl TextTickets {
    /// Reads tickets in YAML or JSON from the text of a file, or of a key of a
    /// ConfigMap, that was read at that time.
    ///
    /// # Errors
    ///
    /// At the first thing in it that is not understood.
    pub fn read(name: &str, bytes: &[u8], read_at: Timestamp) -> Result<TextTickets, Problem> {
        let (source, text) = Source::of(name, bytes, read_at)?;
        match read(text) {
            Ok((as_of, tickets)) => Ok(TextTickets { source: source.written(as_of), tickets }),
            Err(wrong) => Err(wrong.within(&source)),
        }
    }
}

impl Tickets for TextTickets {
    fn ticket(
        &self,
        id: &str,
        scope: &Scope<'_>,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Evidence<TicketAnswer>, Unavailable> {
        self.source.fresh(now, max_age)?;
        let answer = match self.tickets.get(id) {
            None => TicketAnswer::NotOpen(NotOpen::Missing),
            Some(ticket) => match ticket.why_not(scope, now) {
                Some(why) => TicketAnswer::NotOpen(why),
                None => TicketAnswer::Open(ticket.clone()),
            },
        };
        let question = json!({
            "kind": "ticket",
            "id": id,
            "namespace": scope.namespace,
            "service": scope.service,
            "at": now.to_string(),
        });
        let (facts, summary) = match &answer {
            TicketAnswer::Open(ticket) => {
                (json!({"open": true, "ticket": ticket.facts()}), format!("{id} is open"))
            }
            TicketAnswer::NotOpen(why) => (
                json!({"open": false, "why": why.to_string(), "ticket": self.tickets.get(id).map(Ticket::facts)}),
                format!("{id}: {why}"),
            ),
        };
        self.source.evidence(question, answer, facts, summary)
    }
}

impl Ticket {
    /// Why it is not an open ticket about this.
    fn why_not(&self, scope: &Scope<'_>, now: Timestamp) -> Option<NotOpen> {
        if now < self.opened {
            Some(NotOpen::NotYet(self.opened))
        } else if self.is_closed || self.closed.is_some_and(|closed| closed <= now) {
            Some(NotOpen::Closed(self.closed))
        } else if !self.is_about(scope) {
            Some(NotOpen::Elsewhere)
        } else {
            None
        }
    }

    /// Whatever it says it is about must fit, and it must say something that can be
    /// compared.
    fn is_about(&self, scope: &Scope<'_>) -> bool {
        let here = self.namespaces.iter().any(|namespace| namespace == scope.namespace);
        let service = match (&self.service, scope.service) {
            (Some(ours), Some(asked)) => Some(ours == asked),
            _ => None,
        };
        match (self.namespaces.is_empty(), service) {
            (true, service) => service == Some(true),
            (false, service) => here && service != Some(false),
        }
    }

    fn facts(&self) -> Value {
        json!({
            "id": self.id,
            "state": if self.is_closed { "closed" } else { "open" },
            "service": self.service,
            "namespaces": self.namespaces,
            "severity": self.severity,
            "opened": self.opened.to_string(),
            "closed": self.closed.map(|at| at.to_string()),
            "owners": self.owners,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
struct RawFile {
    #[serde(default)]
    as_of: Option<Spanned<String>>,
    tickets: Vec<RawTicket>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTicket {
    id: Spanned<String>,
    state: State,
    #[serde(default)]
    service: Option<Spanned<String>>,
    #[serde(default)]
    namespaces: Vec<Spanned<String>>,
    #[serde(default)]
    severity: Option<Spanned<String>>,
    opened: Spanned<String>,
    #[serde(default)]
    closed: Option<Spanned<String>>,
    #[serde(default)]
    owners: Vec<Spanned<String>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Closed,
}

/// The tickets by their ids, and as of when they are so.
fn read(text: &str) -> Result<(Option<Timestamp>, BTreeMap<String, Ticket>), Wrong> {
    let file: RawFile = yaml::read(text)?;
    let as_of = optional_time("asOf", file.as_of.as_ref())?;
    let mut tickets = BTreeMap::new();
    for raw in file.tickets {
        let id = text_of("id", &raw.id)?;
        let opened = time("opened", &raw.opened)?;
        let closed = optional_time("closed", raw.closed.as_ref())?;
        if let (Some(at), Some(closed)) = (&raw.closed, closed)
            && closed < opened
        {
            return Err(yaml::wrong(at, "`closed` must not be before `opened`"));
        }
        let optional = |field: &str, value: &Option<Spanned<String>>| {
            value.as_ref().map(|value| text_of(field, value)).transpose()
        };
        let list = |field: &str, values: &[Spanned<String>]| {
            values.iter().map(|value| text_of(field, value)).collect::<Result<Vec<_>, _>>()
        };
        let ticket = Ticket {
            id: id.clone(),
            service: optional("service", &raw.service)?,
            namespaces: list("namespaces", &raw.namespaces)?,
            severity: optional("severity", &raw.severity)?,
            opened,
            closed,
            owners: list("owners", &raw.owners)?,
            is_closed: raw.state == State::Closed,
        };
        if tickets.insert(id, ticket).is_some() {
            let message = format!("the ticket `{}` is there twice", raw.id.value);
            return Err(yaml::wrong(&raw.id, message));
        }
    }
    Ok((as_of, tickets))
}

fn text_of(field: &str, text: &Spanned<String>) -> Result<String, Wrong> {
    name(&text.value).map_err(|message| yaml::wrong(text, format!("`{field}` {message}")))
}
