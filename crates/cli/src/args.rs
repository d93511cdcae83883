use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use fallgate_model::{Dialect, Selector};
use ipnet::IpNet;

use crate::commands::access::{
    decide, extend, grants, incident, lock, panic, plan, request, requests, with,
};
use crate::commands::{
    audit, blast, can, completion, controller, demo, diff, explain, exposure, fix, generate,
    ledger, map, rehearse, test, version,
};
use crate::leading;
use crate::output::Color;

/// The command line as a whole.
#[derive(Debug, Parser)]
#[command(
    name = "fallgate",
    version,
    about = "Who can reach whom in a Kubernetes cluster, why, and what a change would open",
    long_about = "Fallgate reads the network policies of a Kubernetes cluster, from manifests or from the \
                  cluster itself, and answers who can reach whom, why, and what a change would open or close.\n\n\
                  An answer is allowed, denied or unknown. What the input does not tell is unknown, with the \
                  reason, and never rounded to either side.",
    after_help = EXAMPLES,
    after_long_help = LONG_HELP,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 120
)]
pub(crate) struct Cli {
    /// When to colour
    ///
    /// `auto` colours on a terminal; NO_COLOR and CLICOLOR_FORCE are honoured.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  fallgate map -f examples/shop
  fallgate can shop/web shop/api 9090 -f examples/shop
  kubectl get ns,po,netpol,svc,no -A -o yaml | fallgate exposure -f -";

const LONG_HELP: &str = "\
Endpoints:
  NAMESPACE/NAME        a workload or a pod; with -n also NAME alone
  NAMESPACE/KIND/NAME   the same with its kind, such as shop/deploy/web, or shop/svc/api for a service;
                        as a source also an Ingress or a route, such as shop/ing/web
  NAMESPACE/*           every workload of a namespace
  192.0.2.7             an address: whoever has it, or the outside
  192.0.2.0/24          a block of addresses
  node/NAME             a node
  internet              every address that is no endpoint's
  *                     every workload and the outside (in assertions)

Options that say which cluster to answer about, such as -f and -n, may also stand before the command.

Ports:
  5432  5432/tcp  53/udp  8000-8100/tcp  http  http/tcp  any
  TCP where no protocol is given. A name is a container port's name on the destination.

Exit codes:
  0  yes: allowed, clean, no difference
  1  it ran, and the answer is no: denied, findings, differences
  2  it could not run: a usage error, or input that cannot be read
  3  incomplete: the answer is unknown, or something was not evaluated

Examples:
  fallgate map -f examples/shop
  fallgate can shop/web shop/api 9090 -f examples/shop
  kubectl get ns,po,netpol,svc,no -A -o yaml | fallgate exposure -f -";

// Which cluster is meant, as whom, and in which namespace. No doc comment, as below.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Live {
    /// The namespace of names that have none, and of what is listed
    #[arg(short, long, value_name = "NAMESPACE", global = true, help_heading = INPUT)]
    pub(crate) namespace: Option<String>,
    /// The kubeconfig context to use
    #[arg(long, value_name = "NAME", global = true, help_heading = INPUT)]
    pub(crate) context: Option<String>,
    /// The kubeconfig file to use
    #[arg(long, value_name = "FILE", global = true, help_heading = INPUT)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The user to impersonate
    #[arg(long = "as", value_name = "USER", global = true, help_heading = INPUT)]
    pub(crate) as_user: Option<String>,
    /// A group to impersonate; repeatable
    #[arg(long, value_name = "GROUP", global = true, help_heading = INPUT)]
    pub(crate) as_group: Vec<String>,
}

// What every command that reads a cluster takes. This is no doc comment: clap would take one for the
// description of the command that these options are part of.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Global {
    /// Read this file, directory, `-` for standard input, or `git:REV[:PATH]`; repeatable
    ///
    /// YAML, JSON, lists and what `kubectl get -o yaml` prints. Of a directory, the files that end in .yaml, .yml or
    /// .json are read. Without -f, the current kubeconfig context is read.
    #[arg(short, long = "filename", value_name = "PATH", global = true, help_heading = INPUT)]
    pub(crate) filename: Vec<String>,
    /// Read directories with everything below them
    #[arg(short = 'R', long, global = true, help_heading = INPUT)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) live: Live,
    /// How the network implementation reads what the API leaves open
    ///
    /// One of upstream (the default), antrea, calico, cilium, kube-network-policies, ovn-kubernetes; options may
    /// follow, as in `upstream,ipblock-matches-pods=false`.
    #[arg(long, value_name = "NAME[,OPTION=VALUE…]", value_parser = Dialect::parse, global = true, help_heading = MEANING)]
    pub(crate) dialect: Option<Dialect>,
    /// Where pods get their addresses, for pods whose address is not in the input; repeatable
    #[arg(long, value_name = "CIDR", value_parser = cidr, global = true, help_heading = MEANING)]
    pub(crate) pod_cidr: Vec<IpNet>,
    /// Answer as if the objects of this file were applied; what has the same kind and name is replaced; repeatable
    #[arg(long, value_name = "PATH", global = true, help_heading = WHAT_IF)]
    pub(crate) add_file: Vec<String>,
    /// Answer as if this object were not there, such as `netpol/shop/db`; repeatable
    #[arg(long, value_name = "KIND/[NAMESPACE/]NAME", global = true, help_heading = WHAT_IF)]
    pub(crate) remove: Vec<String>,
    /// Answer as if the objects of this file stood in place of those of the same name; repeatable
    #[arg(long, value_name = "PATH", global = true, help_heading = WHAT_IF)]
    pub(crate) replace: Vec<String>,
}

// A command that reads a cluster: its own arguments, and those that say which cluster. Commands that
// read none are without it, so that they refuse options that would do nothing.
#[derive(Args, Debug)]
pub(crate) struct Reads<A: Args> {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(flatten)]
    pub(crate) args: A,
}

// A command that talks to a live cluster and reads no files.
#[derive(Args, Debug)]
pub(crate) struct Asks<A: Args> {
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) args: A,
}

const INPUT: &str = "Input";
const MEANING: &str = "Meaning";
const WHAT_IF: &str = "What if";

// What to list, as kubectl has it; commands that list flatten this.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Listing {
    /// List all namespaces, which is what happens without -n
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// List only workloads whose pods have these labels, such as `app=web,tier!=cache`
    #[arg(short = 'l', long, value_name = "SELECTOR", value_parser = crate::labels::parse)]
    pub(crate) selector: Option<Selector>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Map(Reads<map::MapArgs>),
    Can(Reads<can::CanArgs>),
    Explain(Reads<explain::ExplainArgs>),
    Exposure(Reads<exposure::ExposureArgs>),
    Blast(Reads<blast::BlastArgs>),
    Diff(Reads<diff::DiffArgs>),
    Test(Reads<test::TestArgs>),
    Fix(fix::FixArgs),
    Audit(Reads<audit::AuditArgs>),
    Plan(Reads<plan::PlanArgs>),
    Request(Asks<request::RequestArgs>),
    Requests(Asks<requests::RequestsArgs>),
    Approve(Asks<decide::ApproveArgs>),
    Deny(Asks<decide::DenyArgs>),
    Withdraw(Asks<decide::WithdrawArgs>),
    Review(Asks<decide::ReviewArgs>),
    Grants(Asks<grants::GrantsArgs>),
    Extend(Asks<extend::ExtendArgs>),
    Revoke(Asks<decide::RevokeArgs>),
    Lock(Asks<lock::LockArgs>),
    Unlock(Asks<lock::UnlockArgs>),
    With(Asks<with::WithArgs>),
    Panic(Asks<panic::PanicArgs>),
    Incident(Asks<incident::IncidentArgs>),
    Ledger(ledger::LedgerArgs),
    Rehearse(rehearse::RehearseArgs),
    Demo(demo::DemoArgs),
    Controller(Asks<controller::ControllerArgs>),
    Completion(completion::CompletionArgs),
    Version(version::VersionArgs),
    #[command(name = "__generate", hide = true)]
    Generate(generate::GenerateArgs),
}

/// Reads the command line. The first argument is the program's own name: as a
/// kubectl plugin it is called `kubectl-fallgate`, and help says so.
pub(crate) fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let name = args.first().and_then(|a| Path::new(a).file_stem()).and_then(|n| n.to_str());
    if let Some(plugin) = name.and_then(|n| n.strip_prefix("kubectl-")) {
        command = command.bin_name(format!("kubectl {}", plugin.replace('_', "-")));
    } else {
        command = command.bin_name("fallgate");
    }
    let reading = Global::augment_args(clap::Command::new("reading"));
    let movable = reading.clone().args(command.get_arguments());
    let args = leading::moved(args, &command, &movable);
    let matches =
        command.try_get_matches_from_mut(args).map_err(|error| explained(error, &reading))?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Says why a command refuses an option that others take.
fn explained(mut error: clap::Error, reading: &clap::Command) -> clap::Error {
    let refused = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(option))) => option.clone(),
        _ => return error,
    };
    let is_it = |arg: &clap::Arg| {
        arg.get_long().is_some_and(|long| refused == format!("--{long}"))
            || arg.get_short().is_some_and(|short| refused == format!("-{short}"))
    };
    if reading.get_arguments().any(is_it) {
        let tip = format!("`{refused}` is about the cluster to read, and this command reads none");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn cidr(text: &str) -> Result<IpNet, String> {
    let net: IpNet = text
        .parse()
        .map_err(|_| format!("`{text}` must be a block of addresses, such as 10.244.0.0/16"))?;
    Ok(net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
