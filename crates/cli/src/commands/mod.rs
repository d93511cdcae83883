//! One module a command: its arguments, what it computes, and how it prints it.

pub(crate) mod audit;
pub(crate) mod blast;
pub(crate) mod can;
pub(crate) mod completion;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod exposure;
pub(crate) mod fix;
pub(crate) mod generate;
pub(crate) mod map;
pub(crate) mod test;
pub(crate) mod version;

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;

/// Runs a command.
pub(crate) fn run(cli: &Cli, printer: &mut Printer) -> Result<Exit, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Map(args) => map::run(global, args, printer),
        Command::Can(args) => can::run(global, args, printer),
        Command::Explain(args) => explain::run(global, args, printer),
        Command::Exposure(args) => exposure::run(global, args, printer),
        Command::Blast(args) => blast::run(global, args, printer),
        Command::Diff(args) => diff::run(global, args, printer),
        Command::Test(args) => test::run(global, args, printer),
        Command::Fix(args) => fix::run(global, args, printer),
        Command::Audit(args) => audit::run(global, args, printer),
        Command::Completion(args) => completion::run(args, printer),
        Command::Version(args) => version::run(args, printer),
        Command::Generate(args) => generate::run(args, printer),
    }
}
