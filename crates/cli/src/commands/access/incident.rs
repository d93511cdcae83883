use clap::{Args, Subcommand, ValueEnum};
use fallgate_api::{AccessIncident, AccessIncidentSpec, Severity};
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::{Output, called, done, ending, print, shown};
use crate::access::{Cluster, generated};
use crate::args::Live;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Table, Text};
use crate::time;

/// Declare incidents, which enable what is disabled by default, and resolve them
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate incident open -n shop --ticket INC-7 --for 4h --reason 'checkout is down'
  fallgate incident close -n shop --ticket INC-7
  fallgate incident list -A")]
pub(crate) struct IncidentArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Open(OpenArgs),
    Close(CloseArgs),
    List(ListArgs),
}

/// Declare an incident in a namespace
///
/// While it lasts, policies that say `DuringIncident` can be requested there, though not by you.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate incident open -n shop --ticket INC-7 --for 4h --reason 'checkout is down'")]
struct OpenArgs {
    /// Its ticket
    #[arg(long, value_name = "ID")]
    ticket: String,
    /// When it ends at the latest, from now
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration)]
    duration: SignedDuration,
    /// How bad it is
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    severity: Bad,
    /// What happened
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The output format; the schema of json is fallgate/incident/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// Resolve an incident, which ends its grants
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate incident close -n shop --ticket INC-7
  fallgate incident close -n shop inc-7-x7k2p")]
struct CloseArgs {
    /// The incident
    #[arg(value_name = "NAME", required_unless_present = "ticket", conflicts_with = "ticket")]
    name: Option<String>,
    /// Every open incident of this ticket
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,
    /// The output format; the schema of json is fallgate/incident/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// List the incidents that are open
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate incident list -n shop
  fallgate incident list -A --ended")]
struct ListArgs {
    /// List those of every namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// List those that are over, too
    #[arg(long)]
    ended: bool,
    /// The output format; the schema of json is fallgate/incident/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// How bad an incident is.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Bad {
    Low,
    Medium,
    #[default]
    High,
    Critical,
}

const SCHEMA: &str = "fallgate/incident/v1";

pub(crate) fn run(
    live: &Live,
    args: &IncidentArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    match &args.what {
        What::Open(args) => open(&cluster, args, printer)?,
        What::Close(args) => close(&cluster, args, printer)?,
        What::List(args) => list(&cluster, args, printer)?,
    }
    Ok(Exit::Yes)
}

fn open(cluster: &Cluster, args: &OpenArgs, printer: &mut Printer) -> Result<(), Failure> {
    let end = ending(args.duration)?;
    let spec = AccessIncidentSpec {
        declared_by: cluster.me()?,
        ticket: args.ticket.clone(),
        severity: match args.severity {
            Bad::Low => Severity::Low,
            Bad::Medium => Severity::Medium,
            Bad::High => Severity::High,
            Bad::Critical => Severity::Critical,
        },
        ends_at: Time(end),
        reason: args.reason.clone(),
        resolved: false,
    };
    let metadata = generated("incident", Some(cluster.namespace.clone()));
    let incident = cluster.create(&AccessIncident { metadata, spec, status: None })?;
    print((SCHEMA, args.output), std::slice::from_ref(&incident), None, printer, |printer| {
        let until = format!(", until {}", shown(end));
        printer.line(&done("declared", &incident.metadata).text(until))
    })
}

fn close(cluster: &Cluster, args: &CloseArgs, printer: &mut Printer) -> Result<(), Failure> {
    let incidents: Vec<AccessIncident> = match (&args.name, &args.ticket) {
        (Some(name), _) => vec![cluster.get(name)?],
        (None, ticket) => {
            let mut all: Vec<AccessIncident> = cluster.list(false)?;
            all.retain(|i| !i.spec.resolved && Some(&i.spec.ticket) == ticket.as_ref());
            all
        }
    };
    if incidents.is_empty() {
        let ticket = args.ticket.as_deref().unwrap_or_default();
        return Err(Problem::new(format!(
            "no incident of ticket `{ticket}` is open in namespace `{}`",
            cluster.namespace
        ))
        .help("see `fallgate incident list -A`")
        .into());
    }
    let mut closed = Vec::new();
    for incident in &incidents {
        let doing = || format!("resolving incident `{}`", called(&incident.metadata));
        closed
            .push(cluster.ask(doing, cluster.writer().amend(incident, json!({"resolved": true})))?);
    }
    print((SCHEMA, args.output), &closed, None, printer, |printer| {
        closed.iter().try_for_each(|incident| printer.line(&done("resolved", &incident.metadata)))
    })
}

fn list(cluster: &Cluster, args: &ListArgs, printer: &mut Printer) -> Result<(), Failure> {
    let now = time::now();
    let mut incidents: Vec<AccessIncident> = cluster.list(args.all_namespaces)?;
    let over = |i: &AccessIncident| i.spec.resolved || i.spec.ends_at.0 <= now;
    incidents.retain(|incident| args.ended || !over(incident));
    print((SCHEMA, args.output), &incidents, None, printer, |printer| {
        let columns = ["NAME", "TICKET", "SEVERITY", "DECLARER", "ENDS", "OPEN", "REASON"];
        let first = args.all_namespaces.then_some("NAMESPACE");
        let mut table = Table::new(first.into_iter().chain(columns));
        for incident in &incidents {
            let spec = &incident.spec;
            let home = incident.metadata.namespace.as_deref().unwrap_or_default();
            let cells = [
                Text::from(incident.metadata.name.as_deref().unwrap_or_default()),
                Text::from(spec.ticket.as_str()),
                Text::from(format!("{:?}", spec.severity)),
                Text::from(spec.declared_by.username.as_str()),
                Text::from(shown(spec.ends_at.0)),
                Text::from(if over(incident) { "no" } else { "yes" }),
                Text::from(spec.reason.as_deref().unwrap_or("-")),
            ];
            table.row(args.all_namespaces.then(|| Text::from(home)).into_iter().chain(cells));
        }
        printer.table(&table)?;
        if incidents.is_empty() {
            printer.note(&Text::from("no incident is open there"));
        }
        Ok(())
    })
}
