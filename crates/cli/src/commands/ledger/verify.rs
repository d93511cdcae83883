use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fallgate_ledger::Digest;
use fallgate_model::{Diagnostic, Origin, Severity};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Head;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Style, Text};
use crate::record::{ALTERED, Record};
use crate::wire;

/// Verify that the record is as it was written
///
/// Ends with 1 when a line was altered, moved, put in or taken out, and says which. Ends with 3 when the last line is
/// not finished: an append was under way, or a crash cut it short. What a chain of hashes cannot show by itself is
/// that its last entries are missing, or that all of it was written anew: for that, keep the head that is printed
/// somewhere else, and name its hash with --head.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate ledger verify
  fallgate ledger verify FILE --head sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
pub(crate) struct VerifyArgs {
    /// The record; - for standard input
    ///
    /// Without it, $XDG_STATE_HOME/fallgate/record.jsonl, or ~/.local/state/fallgate/record.jsonl.
    file: Option<PathBuf>,
    /// The hash of an entry that must be in the record
    #[arg(long, value_name = "HASH")]
    head: Option<Digest>,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// A document; its schema is fallgate/ledger-verify/v1
    Json,
}

/// `fallgate ledger verify -o json`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    schema: &'static str,
    /// The record's file.
    record: String,
    verdict: Verdict,
    /// How far the record is as it was written.
    head: Head,
    /// When the first of those entries happened, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// When the last of them happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// What is wrong with the record.
    diagnostics: Vec<wire::Diagnostic>,
}

/// What the record is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Verdict {
    /// All of it is as it was written.
    Whole,
    /// It is, but for a last line that is not finished.
    Unfinished,
    /// It is not, or lacks the entry that it must have.
    Altered,
}

const SCHEMA: &str = "fallgate/ledger-verify/v1";

pub(crate) fn run(args: &VerifyArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut record = Record::open(args.file.as_deref())?;
    let mut found = false;
    let mut times: Option<(Timestamp, Timestamp)> = None;
    let mut read = record.read(|entry| {
        found |= Some(entry.hash) == args.head;
        let time = entry.event.time;
        times = Some((times.map_or(time, |(first, _)| first), time));
    })?;
    if let Some(head) = args.head.filter(|_| !found) {
        read.diagnostics.push(Diagnostic {
            id: ALTERED,
            severity: Severity::Error,
            message: format!("no entry has the hash {head}"),
            origin: Origin::default(),
            object: None,
            field: String::new(),
            help: "entries were cut off after it was kept, or the record was written anew; \
                   or it is the head of another record"
                .to_owned(),
        });
    }
    let verdict = if read.diagnostics.iter().any(|d| d.id == ALTERED) {
        Verdict::Altered
    } else if read.diagnostics.is_empty() {
        Verdict::Whole
    } else {
        Verdict::Unfinished
    };
    match args.output {
        Format::Json => printer.json(&Checked {
            schema: SCHEMA,
            record: record.name().to_owned(),
            verdict,
            head: read.head.into(),
            from: times.map(|(first, _)| first.to_string()),
            to: times.map(|(_, last)| last.to_string()),
            diagnostics: record.wire_diagnostics(&read),
        })?,
        Format::Text => {
            let (style, word) = match verdict {
                Verdict::Whole => (Style::Good, "whole"),
                Verdict::Unfinished => (Style::Unsure, "unfinished"),
                Verdict::Altered => (Style::Bad, "altered"),
            };
            let said = match (read.head.seq, times) {
                (1, Some((first, _))) => format!("1 entry, {first}"),
                (count, Some((first, last))) => format!("{count} entries, {first} to {last}"),
                _ => "no entries".to_owned(),
            };
            let as_written =
                if verdict == Verdict::Whole { "" } else { " are as they were written" };
            let line = Text::new().styled(style, word).text(": ").text(record.name()).text(": ");
            printer.line(&line.text(said).text(as_written))?;
            if read.head.seq > 0 {
                printer.line(&Text::from(format!("  head {}", read.head.hash)))?;
            }
            printer.finish()?;
            record.show_diagnostics(&read, printer);
        }
    }
    Ok(match verdict {
        Verdict::Whole => Exit::Yes,
        Verdict::Unfinished => Exit::Incomplete,
        Verdict::Altered => Exit::No,
    })
}
