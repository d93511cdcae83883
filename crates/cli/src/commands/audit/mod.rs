mod coverage;

use clap::{Args, Subcommand};

pub(crate) use self::coverage::Coverage;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;

/// Report findings
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate audit coverage -f examples/shop")]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    what: Audit,
}

#[derive(Debug, Subcommand)]
enum Audit {
    Coverage(coverage::CoverageArgs),
}

pub(crate) fn run(
    global: &Global,
    args: &AuditArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let Audit::Coverage(args) = &args.what;
    coverage::run(global, args, printer)
}
