use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fallgate_ledger::{Entry, Filter};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Head;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Table, Text};
use crate::record::Record;
use crate::time::{self, When};
use crate::wire;

/// Show what was asked, decided, opened and ended
///
/// Entries are shown as far as the record is as it was written; when it is not, that is said, and the command ends
/// with 3.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate ledger show --ticket INC-7
  fallgate ledger show --grant shop/oncall-db-x7k2p -o json
  fallgate ledger show --since 24h --actor alice FILE")]
pub(crate) struct ShowArgs {
    /// The record; - for standard input
    ///
    /// Without it, $XDG_STATE_HOME/fallgate/record.jsonl, or ~/.local/state/fallgate/record.jsonl.
    file: Option<PathBuf>,
    /// Only what was done for this ticket
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,
    /// Only what is about this grant, or the request that it came from: a UID, a name or NAMESPACE/NAME
    #[arg(long, value_name = "GRANT")]
    grant: Option<String>,
    /// Only what this user did
    #[arg(long, value_name = "USER")]
    actor: Option<String>,
    /// Only what happened then or later: a time, such as 2026-11-21T14:00:00Z, or how long ago, such as 90m or 2d
    #[arg(long, value_name = "WHEN", value_parser = time::when)]
    since: Option<When>,
    /// Only what happened before, written as for --since
    #[arg(long, value_name = "WHEN", value_parser = time::when)]
    until: Option<When>,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/ledger-show/v1
    Json,
}

/// `fallgate ledger show -o json`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Shown {
    schema: &'static str,
    /// The record's file.
    record: String,
    /// Those asked for, in order.
    entries: Vec<WireEntry>,
    /// How far the record is as it was written.
    head: Head,
    /// What is wrong with the record after that.
    diagnostics: Vec<wire::Diagnostic>,
}

/// One entry.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    /// Its number, from 1, which is also its line.
    seq: u64,
    /// When it happened, in RFC 3339.
    time: String,
    /// What kind of thing happened, such as `request`, `opening` or `end`.
    kind: &'static str,
    /// Which of the subject's events of this kind it is.
    step: String,
    /// The UID of what it happened to.
    subject: String,
    /// The cluster's identity.
    cluster: String,
    actor: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    objects: Vec<Object>,
    details: Map<String, Value>,
    /// The hash of the entry before.
    prev: String,
    /// Its own.
    hash: String,
}

/// Who did something.
#[derive(Serialize, JsonSchema)]
struct Actor {
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
}

/// An object of the API.
#[derive(Serialize, JsonSchema)]
struct Object {
    kind: String,
    /// Absent for what is cluster-scoped.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    uid: String,
}

const SCHEMA: &str = "fallgate/ledger-show/v1";

pub(crate) fn run(args: &ShowArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let now = time::now();
    let filter = Filter {
        ticket: args.ticket.clone(),
        grant: args.grant.clone(),
        actor: args.actor.clone(),
        since: args.since.map(|when| when.at(now)),
        until: args.until.map(|when| when.at(now)),
    };
    let mut record = Record::open(args.file.as_deref())?;
    let mut entries = Vec::new();
    let read = record.read(|entry| {
        if filter.matches(&entry) {
            entries.push(entry);
        }
    })?;
    match args.output {
        Format::Json => printer.json(&Shown {
            schema: SCHEMA,
            record: record.name().to_owned(),
            entries: entries.into_iter().map(WireEntry::from).collect(),
            head: read.head.into(),
            diagnostics: record.wire_diagnostics(&read),
        })?,
        Format::Table => {
            printer.table(&table(&entries))?;
            printer.finish()?;
            if entries.is_empty() && read.diagnostics.is_empty() {
                let all = read.head.seq;
                printer.note(&Text::from(format!(
                    "{}: none of the {all} entries is asked for",
                    record.name()
                )));
            }
            record.show_diagnostics(&read, printer);
        }
    }
    Ok(if read.diagnostics.is_empty() { Exit::Yes } else { Exit::Incomplete })
}

fn table(entries: &[Entry]) -> Table {
    let mut table = Table::new(["SEQ", "TIME", "KIND", "STEP", "ACTOR", "TICKET", "OBJECT"]);
    for entry in entries {
        let event = &entry.event;
        let seconds = Timestamp::from_second(event.time.as_second()).unwrap_or(event.time);
        // What it happened to; objects that were only part of it come after that.
        let object = event
            .objects
            .iter()
            .find(|object| object.uid == event.subject)
            .or(event.objects.first())
            .map_or_else(|| event.subject.clone(), named);
        table.row([
            Text::from(entry.seq.to_string()),
            Text::from(seconds.to_string()),
            Text::from(event.kind.name()),
            Text::from(event.step.as_str()),
            Text::from(event.actor.username.as_str()),
            Text::from(event.ticket.as_deref().unwrap_or("-")),
            Text::from(object),
        ]);
    }
    table
}

fn named(object: &fallgate_ledger::ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

impl From<Entry> for WireEntry {
    fn from(entry: Entry) -> WireEntry {
        let event = entry.event;
        let objects = event.objects.into_iter().map(|object| Object {
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
            uid: object.uid,
        });
        WireEntry {
            seq: entry.seq,
            time: event.time.to_string(),
            kind: event.kind.name(),
            step: event.step,
            subject: event.subject,
            cluster: event.cluster,
            actor: Actor { username: event.actor.username, uid: event.actor.uid },
            ticket: event.ticket,
            objects: objects.collect(),
            details: event.details,
            prev: entry.prev.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}
