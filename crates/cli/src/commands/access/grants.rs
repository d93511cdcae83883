use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use fallgate_api::{AccessGrant, Phase};

use super::{Output, called, grant_phase, place, print, shown, standing};
use crate::access::{Cluster, about as line, duration, path_text, phase_text};
use crate::args::Live;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Table, Text};

/// List what is open, or show one grant; with --ended, also what was
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate grants -A
  fallgate grants -n shop --ended
  fallgate grants -A -w
  fallgate grants -n shop oncall-db-x7k2p -o json")]
pub(crate) struct GrantsArgs {
    /// Show this one
    #[arg(value_name = "NAME", conflicts_with_all = ["all_namespaces", "ended"])]
    name: Option<String>,
    /// List those of every namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// List those that have ended, too
    #[arg(long)]
    ended: bool,
    /// Go on, and show each that changes, until interrupted
    #[arg(short, long, conflicts_with = "output")]
    watch: bool,
    /// The output format; the schema of json is fallgate/grants/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

const SCHEMA: &str = "fallgate/grants/v1";

pub(crate) fn run(live: &Live, args: &GrantsArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    if args.watch {
        return watch(&cluster, args, printer);
    }
    let grants: Vec<AccessGrant> = match &args.name {
        Some(name) => vec![cluster.get(name)?],
        None => {
            let mut grants: Vec<AccessGrant> = cluster.list(args.all_namespaces)?;
            grants.retain(|grant| args.ended || !grant_phase(grant).is_terminal());
            grants
        }
    };
    let effect = match &*grants {
        [one] => Some(&one.spec.effect),
        _ => None,
    };
    print((SCHEMA, args.output), &grants, effect, printer, |printer| match &*grants {
        [one] if args.name.is_some() => lines(one).iter().try_for_each(|line| printer.line(line)),
        _ => {
            printer.table(&table(&grants, args.all_namespaces))?;
            if grants.is_empty() {
                let place = place(&cluster, args.all_namespaces);
                printer.note(&Text::from(format!("nothing is open {place}")));
            }
            Ok(())
        }
    })?;
    Ok(Exit::Yes)
}

/// Between two looks at what there is.
const LOOK: Duration = Duration::from_secs(1);

/// Shows what there is, and then each grant that changes, also as it ends.
fn watch(cluster: &Cluster, args: &GrantsArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut first = true;
    let mut stop = cluster.stop()?;
    loop {
        let mut grants: Vec<AccessGrant> = match &args.name {
            Some(name) => vec![cluster.get(name)?],
            None => cluster.list(args.all_namespaces)?,
        };
        grants.retain(|grant| {
            let uid = grant.metadata.uid.clone().unwrap_or_default();
            let version = grant.metadata.resource_version.clone();
            let shown = args.ended || args.name.is_some() || !grant_phase(grant).is_terminal();
            let before = known.insert(uid, version.clone());
            before.as_ref() != Some(&version) && (shown || before.is_some())
        });
        let everywhere = args.all_namespaces && args.name.is_none();
        let table = table(&grants, everywhere);
        match first {
            true => printer.table(&table)?,
            false => printer.rows(&table)?,
        }
        if first && grants.is_empty() {
            let place = place(cluster, args.all_namespaces);
            printer.note(&Text::from(format!("nothing is open {place}")));
        }
        first &= grants.is_empty();
        printer.finish()?;
        if cluster.run(async { tokio::time::timeout(LOOK, stop.told()).await }).is_ok() {
            return Ok(Exit::Yes);
        }
    }
}

fn path(grant: &AccessGrant) -> String {
    let approved = &grant.spec.approved;
    let home = grant.metadata.namespace.as_deref().unwrap_or_default();
    path_text(&approved.from, &approved.to, &approved.ports, home)
}

fn table(grants: &[AccessGrant], everywhere: bool) -> Table {
    let columns = ["NAME", "PHASE", "REQUESTER", "POLICY", "PATH", "EXPIRES", "ENDED", "TICKET"];
    let mut table = Table::new(everywhere.then_some("NAMESPACE").into_iter().chain(columns));
    for grant in grants {
        let status = grant.status.as_ref();
        let expires = status.and_then(|status| status.expires_at.as_ref());
        let ended = status.and_then(|status| status.end_reason);
        let home = grant.metadata.namespace.as_deref().unwrap_or_default();
        let cells = [
            Text::from(grant.metadata.name.as_deref().unwrap_or_default()),
            phase_text(grant_phase(grant)),
            Text::from(grant.spec.requested_by.username.as_str()),
            Text::from(grant.spec.policy.name.as_str()),
            Text::from(path(grant)),
            Text::from(expires.map_or("-".to_owned(), |time| shown(time.0))),
            Text::from(ended.map_or("-".to_owned(), |reason| format!("{reason:?}"))),
            Text::from(grant.spec.ticket.as_deref().unwrap_or("-")),
        ];
        table.row(everywhere.then(|| Text::from(home)).into_iter().chain(cells));
    }
    table
}

/// One grant: what it opened, until when, and how it ended.
fn lines(grant: &AccessGrant) -> Vec<Text> {
    let spec = &grant.spec;
    let status = grant.status.clone().unwrap_or_default();
    let mut lines =
        vec![standing(&called(&grant.metadata), status.phase, status.message.as_deref())];
    let mut about = |label: &str, text: String| {
        lines.push(line(label, text));
    };
    about("requester", spec.requested_by.username.clone());
    about("policy", spec.policy.name.clone());
    about("path", format!("{}, for {}", path(grant), duration(spec.approved.duration_seconds)));
    if let Some(ticket) = &spec.ticket {
        about("ticket", ticket.clone());
    }
    if spec.break_glass {
        about("mode", "break-glass".to_owned());
    }
    let times = [
        ("opened", &status.activated_at),
        ("expires", &status.expires_at),
        ("ended", &status.ended_at),
        ("review due", &status.review_due_at),
    ];
    for (label, time) in times {
        if let Some(time) = time {
            about(label, shown(time.0));
        }
    }
    if let Some(reason) = status.end_reason {
        let by = status.closed_by.map_or(String::new(), |by| format!(", closed by {by:?}"));
        about("because", format!("{reason:?}{by}"));
    }
    for object in &status.objects {
        about("object", format!("{} {}/{}", object.kind, object.namespace, object.name));
    }
    for switch in &status.switches {
        let end = switch.deadline.as_ref().map_or("not armed yet".to_owned(), |t| shown(t.0));
        about("switch", format!("{}/{}, fires at {end}", switch.namespace, switch.name));
    }
    if status.phase == Phase::Active {
        for condition in &status.conditions {
            if condition.status != "True" {
                let text =
                    format!("{} is {}: {}", condition.type_, condition.status, condition.message);
                about("note", text);
            }
        }
    }
    lines
}
