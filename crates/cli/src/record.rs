//! The record of access: where it is, and what is said about it.

use std::env;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fallgate_ledger::{Entries, Entry, Head, ReadError};
use fallgate_model::{Diagnostic, Origin, Severity, SourceId, Sources};

use crate::failure::Problem;
use crate::input;
use crate::output::Printer;
use crate::wire;

/// The id of what says that a record is not what was written.
pub(crate) const ALTERED: &str = "record-altered";

/// A record that is read once, from its beginning.
pub(crate) struct Record {
    sources: Sources,
    source: SourceId,
    bytes: Box<dyn Read>,
}

/// What was found in a record.
pub(crate) struct Found {
    /// How far it is as it was written.
    pub(crate) head: Head,
    /// What is wrong after that: one thing at most, since nothing after it can be told.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Record {
    /// Opens this file, `-` for standard input, or the record where it is when
    /// nobody says where.
    pub(crate) fn open(file: Option<&Path>) -> Result<Record, Problem> {
        let path = file.map_or_else(default_path, |file| Ok(file.to_owned()))?;
        let mut sources = Sources::default();
        let standard_input = file.is_some_and(|file| file == Path::new("-"));
        let (name, bytes): (_, Box<dyn Read>) = if standard_input {
            ("stdin".to_owned(), Box::new(io::stdin()))
        } else {
            let opened = input::open(&path).map_err(|problem| match file {
                None => problem.help(format!(
                    "name the record: what `fallgate controller --record FILE` writes, {DEFAULT} by default"
                )),
                Some(_) => problem,
            });
            (path.display().to_string(), Box::new(opened?))
        };
        let source = sources.add(name);
        Ok(Record { sources, source, bytes })
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        self.sources.name(self.source)
    }

    /// Reads all of it, entry by entry, up to what is not as it was written.
    pub(crate) fn read(&mut self, mut each: impl FnMut(Entry)) -> Result<Found, Problem> {
        let at = |line: u64| Origin {
            source: self.source,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 1,
        };
        let bytes = &mut self.bytes;
        let mut entries = Entries::new(|into: &mut [u8]| {
            loop {
                match bytes.read(into) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            }
        });
        let mut diagnostics = Vec::new();
        for entry in entries.by_ref() {
            match entry {
                Ok(entry) => each(entry),
                Err(ReadError::Fault(fault)) => {
                    let message = match fault.field.as_str() {
                        "" => format!("the line {}", fault.message),
                        field => format!("`{field}` {}", fault.message),
                    };
                    diagnostics.push(Diagnostic {
                        id: ALTERED,
                        severity: Severity::Error,
                        message,
                        origin: at(fault.line),
                        object: None,
                        field: fault.field,
                        help: "the lines before it are as they were written; compare with a copy, \
                               and find out who can write to the file"
                            .to_owned(),
                    });
                }
                Err(ReadError::Unfinished { line, bytes }) => diagnostics.push(Diagnostic {
                    id: "record-unfinished",
                    severity: Severity::Warning,
                    message: format!("the last {bytes} bytes are an entry that is not finished"),
                    origin: at(line),
                    object: None,
                    field: String::new(),
                    help: "nobody was told that it was recorded: an append was under way, or a crash cut \
                           it short, which the controller mends when it starts"
                        .to_owned(),
                }),
                Err(ReadError::Storage(error)) => {
                    return Err(input::cannot_read(&error).at(self.sources.name(self.source)));
                }
            }
        }
        Ok(Found { head: entries.head(), diagnostics })
    }

    /// What is wrong, as JSON has it.
    pub(crate) fn wire_diagnostics(&self, found: &Found) -> Vec<wire::Diagnostic> {
        found.diagnostics.iter().map(|d| wire::Diagnostic::new(&self.sources, d)).collect()
    }

    /// Shows what is wrong on standard error.
    pub(crate) fn show_diagnostics(&self, found: &Found, printer: &mut Printer) {
        printer.diagnostics(&found.diagnostics, &self.sources, |_| None);
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Record").field(&self.name()).finish()
    }
}

/// Where the record is, as help says it.
const DEFAULT: &str = "$XDG_STATE_HOME/fallgate/record.jsonl";

/// Where the record is when nobody says where: in the user's state directory
/// (XDG Base Directory Specification; a path there that is not absolute does
/// not count).
pub(crate) fn default_path() -> Result<PathBuf, Problem> {
    let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = directory("XDG_STATE_HOME")
        .or_else(|| directory("HOME").map(|home| home.join(".local/state")))
        .ok_or_else(|| {
            Problem::new("no record is named, and neither XDG_STATE_HOME nor HOME says where it is")
                .help("name its file")
        })?;
    Ok(state.join("fallgate/record.jsonl"))
}
