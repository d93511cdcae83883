use std::time::Duration;

use clap::Args;
use fallgate_api::{AccessLockSpec, ClusterAccessLock, ClusterAccessLockSpec};
use fallgate_controller::{Closed, SystemClock, close_everything};
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ending, shown};
use crate::access::{Cluster, generated};
use crate::args::Live;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Style, Text};
use crate::time;
use crate::wire;

/// Close everything that is open, now, without a controller
///
/// Deletes every switch and every policy of every grant, in the whole cluster, and looks until they are gone; then a
/// lock keeps anything from opening again for an hour, or as long as --for says. Needed is the right to list and delete
/// Jobs and NetworkPolicies, which `fallgate-security` has, and nothing that Fallgate runs. It asks for no
/// confirmation: closing never waits. Ends with 0 when everything is closed and locked, and with 1 when something could
/// not be done, and says what.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate panic --reason 'who is in there?'
  fallgate panic --reason 'credentials leaked' --for 8h -o json")]
pub(crate) struct PanicArgs {
    /// Why; the lock says so to everybody
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// How long nothing opens
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration, default_value = "1h")]
    duration: SignedDuration,
    /// The longest to look whether it is gone, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = time::duration, default_value = "1m")]
    timeout: SignedDuration,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// A document; its schema is fallgate/panic/v1
    Json,
}

/// `fallgate panic -o json`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Panicked {
    schema: &'static str,
    /// Whether nothing that a grant opened is left.
    closed: bool,
    /// How many switches were deleted.
    switches: usize,
    /// How many policies were deleted.
    policies: usize,
    /// What could not be closed, and why.
    left: Vec<String>,
    /// The ClusterAccessLock that keeps everything closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<String>,
    /// Until when, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Why there is no lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    unlocked: Option<String>,
    /// What is worth knowing besides.
    diagnostics: Vec<wire::Diagnostic>,
}

const SCHEMA: &str = "fallgate/panic/v1";

pub(crate) fn run(live: &Live, args: &PanicArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    if live.namespace.is_some() {
        return Err(Problem::new("everything is closed, in every namespace")
            .at("--namespace")
            .help("leave it out; or stop one namespace with `fallgate lock -n`")
            .into());
    }
    let cluster = Cluster::open(live)?;
    let end = ending(args.duration)?;
    let patience = Duration::try_from(args.timeout).unwrap_or_default();
    let clock = SystemClock::new();
    let closing = close_everything(cluster.writer(), &clock, patience);
    let closed = cluster.ask(|| "closing everything".to_owned(), closing)?;
    // Afterwards: that there is no lock must not keep anything open.
    let lock = cluster.me().and_then(|me| {
        let spec = ClusterAccessLockSpec(AccessLockSpec {
            locked_by: me,
            user: None,
            policy_ref: None,
            all: true,
            expires_at: Some(Time(end)),
            reason: args.reason.clone(),
        });
        cluster.create(&ClusterAccessLock { metadata: generated("panic", None), spec })
    });
    let (lock, unlocked) = match lock {
        Ok(lock) => (lock.metadata.name, None),
        Err(failure) => (None, Some(failure.to_string())),
    };
    let done = closed.left.is_empty() && unlocked.is_none();
    let Closed { switches, policies, left } = closed;
    let panicked = Panicked {
        schema: SCHEMA,
        closed: left.is_empty(),
        switches,
        policies,
        left,
        until: lock.is_some().then(|| shown(end)),
        lock,
        unlocked,
        diagnostics: Vec::new(),
    };
    match args.output {
        Format::Json => printer.json(&panicked)?,
        Format::Text => tell(&panicked, printer)?,
    }
    Ok(if done { Exit::Yes } else { Exit::No })
}

fn tell(panicked: &Panicked, printer: &mut Printer) -> Result<(), Failure> {
    let (style, word) = match panicked.closed {
        true => (Style::Good, "closed"),
        false => (Style::Bad, "not closed"),
    };
    let counted = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {more}"),
    };
    let switches = counted(panicked.switches, "switch", "switches");
    let policies = counted(panicked.policies, "policy", "policies");
    let line = Text::new().styled(style, word);
    printer.line(&line.text(format!(": {switches} and {policies} were deleted")))?;
    for left in &panicked.left {
        printer.line(&Text::new().text("  ").styled(Style::Bad, "left  ").text(left))?;
    }
    let line = Text::new().text("  ");
    match (&panicked.lock, &panicked.until, &panicked.unlocked) {
        (Some(lock), Some(until), _) => printer.line(
            &line.text(format!("nothing opens until {until}: `fallgate unlock {lock}` ends that")),
        ),
        (_, _, Some(why)) => {
            printer.line(&line.styled(Style::Bad, "not locked").text(format!(": {why}")))
        }
        _ => Ok(()),
    }
}
