//! The record of access, as the controller writes it.

mod show;
mod verify;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;

pub(crate) use show::Shown;
pub(crate) use verify::Checked;

/// Show and verify the record of access
#[derive(Args, Debug)]
#[command(after_help = "\
The record is a file of JSON lines, which the controller appends to before it opens anything: each line has its
number, the hash of the line before and its own. FILE is the record; without it, it is
$XDG_STATE_HOME/fallgate/record.jsonl, or ~/.local/state/fallgate/record.jsonl.

Examples:
  fallgate ledger show --ticket INC-7
  fallgate ledger verify FILE")]
pub(crate) struct LedgerArgs {
    #[command(subcommand)]
    what: Ledger,
}

#[derive(Debug, Subcommand)]
enum Ledger {
    Show(show::ShowArgs),
    Verify(verify::VerifyArgs),
}

pub(crate) fn run(args: &LedgerArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    match &args.what {
        Ledger::Show(args) => show::run(args, printer),
        Ledger::Verify(args) => verify::run(args, printer),
    }
}

/// How far a record goes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Head {
    /// How many entries there are that are as they were written.
    seq: u64,
    /// The hash of the last of them; zero without any.
    hash: String,
}

impl From<fallgate_ledger::Head> for Head {
    fn from(head: fallgate_ledger::Head) -> Head {
        Head { seq: head.seq, hash: head.hash.to_string() }
    }
}
