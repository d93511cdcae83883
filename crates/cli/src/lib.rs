//! The command line: arguments → settings → command → printer.
//!
//! Everything that reads or writes the outside world is here and at the edges
//! of this crate: `input` reads, `output::Printer` writes, and a command in
//! between turns a `context::Context` into an answer.

mod access;
mod answer;
mod args;
mod assertions;
mod commands;
mod context;
mod describe;
mod endpoint;
mod exit;
mod failure;
mod findings;
#[cfg(fuzzing)]
pub mod fuzz;
mod graph;
mod input;
mod labels;
mod leading;
mod notes;
mod output;
mod overlay;
mod port;
mod record;
mod render;
mod stop;
mod time;
mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

pub use exit::Exit;

/// Runs the program with these arguments, the first of which is its own name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match args::parse(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a usage error. Clap prints the
            // former to standard output and the latter to standard error; a closed pipe is fine.
            let _ = error.print();
            return if error.use_stderr() { Exit::Failed } else { Exit::Yes }.into();
        }
    };
    let mut printer = output::Printer::new(cli.color);
    let outcome = commands::run(&cli, &mut printer).and_then(|code| {
        printer.finish()?;
        Ok(code)
    });
    match outcome {
        Ok(code) => code,
        Err(failure) => printer.failure(&failure).into(),
    }
}
