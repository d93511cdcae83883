//! One module a command: its arguments, what it computes, and how it prints it.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod blast;
pub(crate) mod can;
pub(crate) mod completion;
pub(crate) mod controller;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod exposure;
pub(crate) mod fix;
pub(crate) mod generate;
pub(crate) mod ledger;
pub(crate) mod map;
pub(crate) mod rehearse;
pub(crate) mod test;
pub(crate) mod version;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::output::Printer;

/// Runs a command, and says how the program ends.
pub(crate) fn run(cli: &Cli, printer: &mut Printer) -> Result<ExitCode, Failure> {
    let exit = match &cli.command {
        // It ends as the command that it runs.
        Command::With(c) => return access::with::run(&c.live, &c.args, printer),
        Command::Map(c) => map::run(&c.global, &c.args, printer),
        Command::Can(c) => can::run(&c.global, &c.args, printer),
        Command::Explain(c) => explain::run(&c.global, &c.args, printer),
        Command::Exposure(c) => exposure::run(&c.global, &c.args, printer),
        Command::Blast(c) => blast::run(&c.global, &c.args, printer),
        Command::Diff(c) => diff::run(&c.global, &c.args, printer),
        Command::Test(c) => test::run(&c.global, &c.args, printer),
        Command::Fix(args) => fix::run(args, printer),
        Command::Audit(c) => audit::run(&c.global, &c.args, printer),
        Command::Plan(c) => access::plan::run(&c.global, &c.args, printer),
        Command::Request(c) => access::request::run(&c.live, &c.args, printer),
        Command::Requests(c) => access::requests::run(&c.live, &c.args, printer),
        Command::Approve(c) => access::decide::approve(&c.live, &c.args, printer),
        Command::Deny(c) => access::decide::deny(&c.live, &c.args, printer),
        Command::Withdraw(c) => access::decide::withdraw(&c.live, &c.args, printer),
        Command::Review(c) => access::decide::review(&c.live, &c.args, printer),
        Command::Grants(c) => access::grants::run(&c.live, &c.args, printer),
        Command::Extend(c) => access::extend::run(&c.live, &c.args, printer),
        Command::Revoke(c) => access::decide::revoke(&c.live, &c.args, printer),
        Command::Lock(c) => access::lock::lock(&c.live, &c.args, printer),
        Command::Unlock(c) => access::lock::unlock(&c.live, &c.args, printer),
        Command::Panic(c) => access::panic::run(&c.live, &c.args, printer),
        Command::Incident(c) => access::incident::run(&c.live, &c.args, printer),
        Command::Ledger(args) => ledger::run(args, printer),
        Command::Rehearse(args) => rehearse::run(args, printer),
        Command::Demo(args) => demo::run(args, printer),
        Command::Controller(c) => controller::run(&c.live, &c.args, printer),
        Command::Completion(args) => completion::run(args, printer),
        Command::Version(args) => version::run(args, printer),
        Command::Generate(args) => generate::run(args, printer),
    };
    exit.map(ExitCode::from)
}
