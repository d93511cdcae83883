//! Developer tasks of the Fallgate workspace, run as `cargo xtask COMMAND`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner talks to the terminal and has nothing else to say it with"
)]

mod bench;
mod checkout;
mod fuzz;
mod generate;
mod process;
mod tiers;
mod tools;
mod transcripts;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use crate::checkout::Checkout;
use crate::process::{cargo, run};
use crate::tiers::Selection;

const USAGE: &str = "\
Developer tasks of the Fallgate workspace.

Usage: cargo xtask COMMAND

Commands:
  test [--tier NAME]... [--require-all] [--list]
                      run the test tiers: all of them, or those named;
                      --require-all makes a tier that cannot run a failure
                      (CI=true in the environment means the same)
  bench               run the benchmarks, then print figures beside targets
  fuzz [--seconds N] [TARGET]...
                      fuzz every target, or those named, for N seconds (60)
  generate [--check]  write the generated files, or say which are stale
  fmt                 format every crate
  lint                what the tier `lint` runs
";

/// A command with its arguments, fully parsed.
enum Task {
    Help,
    ListTiers,
    Test(Selection),
    Bench,
    Fuzz { time: Duration, targets: Vec<String> },
    Generate { check: bool },
    Fmt,
}

fn main() -> ExitCode {
    match parse().and_then(perform) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Reads the command line; everything that is not understood is refused.
fn parse() -> Result<Task> {
    let mut parser = lexopt::Parser::from_env();
    let command = match parser.next()? {
        None | Some(Long("help") | Short('h')) => return Ok(Task::Help),
        Some(Value(command)) => command.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    let mut selection = Selection {
        names: Vec::new(),
        require_all: std::env::var_os("CI").is_some_and(|ci| ci == "true"),
    };
    let mut list = false;
    let mut check = false;
    let mut seconds = 60;
    let mut targets = Vec::new();
    while let Some(argument) = parser.next()? {
        match (command.as_str(), argument) {
            (_, Long("help") | Short('h')) => return Ok(Task::Help),
            ("test", Long("tier")) => selection.names.push(parser.value()?.string()?),
            ("test", Long("require-all")) => selection.require_all = true,
            ("test", Long("list")) => list = true,
            ("fuzz", Long("seconds")) => seconds = parser.value()?.parse()?,
            ("fuzz", Value(target)) => targets.push(target.string()?),
            ("generate", Long("check")) => check = true,
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    Ok(match command.as_str() {
        "test" if list => Task::ListTiers,
        "test" => Task::Test(selection),
        "bench" => Task::Bench,
        "fuzz" => Task::Fuzz { time: Duration::from_secs(seconds), targets },
        "generate" => Task::Generate { check },
        "fmt" => Task::Fmt,
        "lint" => Task::Test(Selection { names: vec!["lint".to_owned()], ..selection }),
        other => bail!("unknown command `{other}`; `cargo xtask --help` lists them"),
    })
}

fn perform(task: Task) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    match task {
        Task::Help => print!("{USAGE}"),
        Task::ListTiers => tiers::list(),
        Task::Test(selection) => return tiers::test(&checkout, &selection),
        Task::Bench => bench::bench(&checkout)?,
        Task::Fuzz { time, targets } => fuzz::fuzz(&checkout, fuzz::Extent::Time(time), &targets)?,
        Task::Generate { check: true } => generate::check(&checkout)?,
        Task::Generate { check: false } => generate::write(&checkout)?,
        Task::Fmt => {
            run(cargo(&checkout).args(["fmt", "--all"]))?;
            run(cargo(&checkout).args(["fmt", "--manifest-path", fuzz::MANIFEST]))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
