//! What a command prints: data on standard output, everything else on standard
//! error.

mod diagnostics;
mod table;
mod text;

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

pub(crate) use table::Table;
pub(crate) use text::{Style, Text, clean};

use crate::exit::Exit;
use crate::failure::{Failure, Problem};

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set, or wherever `CLICOLOR_FORCE` is.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// The flag wins, then `NO_COLOR`, then `CLICOLOR_FORCE`, then the terminal.
    fn resolve(self, terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) => false,
            Color::Auto if set("CLICOLOR_FORCE") => true,
            Color::Auto => terminal && std::env::var_os("TERM").is_none_or(|t| t != "dumb"),
        }
    }
}

/// The one place where anything is printed.
pub(crate) struct Printer {
    out: BufWriter<Box<dyn Write>>,
    err: Box<dyn Write>,
    color_out: bool,
    color_err: bool,
}

impl Printer {
    pub(crate) fn new(color: Color) -> Printer {
        Printer {
            out: BufWriter::with_capacity(1 << 16, Box::new(io::stdout())),
            err: Box::new(io::stderr()),
            color_out: color.resolve(io::stdout().is_terminal()),
            color_err: color.resolve(io::stderr().is_terminal()),
        }
    }

    /// A line of human output; its text is already clean (see [`Text`]).
    pub(crate) fn line(&mut self, text: &Text) -> Result<(), Failure> {
        Ok(text.write(&mut self.out, self.color_out)?)
    }

    /// A blank line of human output.
    pub(crate) fn blank(&mut self) -> Result<(), Failure> {
        Ok(writeln!(self.out)?)
    }

    /// A table of human output.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), Failure> {
        Ok(table.write(&mut self.out, self.color_out)?)
    }

    /// Its rows alone, where its titles were printed before.
    pub(crate) fn rows(&mut self, table: &Table) -> Result<(), Failure> {
        Ok(table.write_rows(&mut self.out, self.color_out)?)
    }

    /// A JSON document.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, document)?;
        Ok(writeln!(self.out)?)
    }

    /// Bytes of a machine-readable format, as they are.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        Ok(self.out.write_all(bytes.as_ref())?)
    }

    /// Where a command streams a machine-readable format to.
    pub(crate) fn writer(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// A line for the person at the terminal, on standard error.
    pub(crate) fn note(&mut self, text: &Text) {
        // When standard error is closed there is nobody to tell.
        let _ = text.write(&mut self.err, self.color_err);
    }

    /// Hands everything to the reader.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Says why a command could not run.
    pub(crate) fn failure(&mut self, failure: &Failure) -> Exit {
        let problems = match failure {
            Failure::BrokenPipe => {
                // What is still buffered has no reader; dropping it must not fail again.
                self.out = BufWriter::new(Box::new(io::sink()));
                return Exit::Yes;
            }
            Failure::Problems(problems) => problems,
        };
        let _ = self.out.flush();
        for problem in problems {
            self.problem(problem);
        }
        Exit::Failed
    }

    /// Says what is wrong, on standard error.
    pub(crate) fn problem(&mut self, problem: &Problem) {
        let mut line = Text::new().styled(Style::Error, "error").text(": ");
        if !problem.place.is_empty() {
            line = line.styled(Style::Strong, &problem.place).text(": ");
        }
        let mut parts = problem.message.split('\n');
        self.note(&line.text(parts.next().unwrap_or_default()));
        for part in parts {
            self.note(&Text::new().text(part));
        }
        for (i, part) in problem.help.split('\n').enumerate() {
            if i == 0 && part.is_empty() {
                break;
            }
            let label = if i == 0 { "help" } else { "    " };
            let colon = if i == 0 { ": " } else { "  " };
            self.note(&Text::new().styled(Style::Help, label).text(colon).text(part));
        }
    }
}
