use std::collections::BTreeMap;

use clap::Args;
use fallgate_api::names::verb;
use fallgate_api::{AccessRequest, Identity, Phase, PolicyRef};

use super::{Output, called, grant_of, phase, place, plan_of, print, shown, standing};
use crate::access::{Cluster, about, duration, path_text, phase_text, plan_lines};
use crate::args::Live;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Table, Text};

/// List requests, or show one with its plan and its decisions
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate requests -n shop
  fallgate requests --can-approve -A
  fallgate requests -n shop oncall-db-x7k2p -o json")]
pub(crate) struct RequestsArgs {
    /// Show this one
    #[arg(value_name = "NAME", conflicts_with_all = ["all_namespaces", "can_approve"])]
    name: Option<String>,
    /// List those of every namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// List only those that wait for a decision that you may make
    #[arg(long)]
    can_approve: bool,
    /// The output format; the schema of json is fallgate/requests/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

const SCHEMA: &str = "fallgate/requests/v1";

pub(crate) fn run(
    live: &Live,
    args: &RequestsArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let mut requests: Vec<AccessRequest> = match &args.name {
        Some(name) => vec![cluster.get(name)?],
        None => cluster.list(args.all_namespaces)?,
    };
    if args.can_approve {
        requests = inbox(&cluster, requests)?;
    }
    let effect = match &*requests {
        [one] => plan_of(one).map(|plan| &plan.effect),
        _ => None,
    };
    print((SCHEMA, args.output), &requests, effect, printer, |printer| match &*requests {
        [one] if args.name.is_some() => {
            lines(one).iter().try_for_each(|line| printer.line(line))?;
            match grant_of(&cluster, one).and_then(|grant| grant.status?.expires_at) {
                Some(end) => printer.line(&about("ends", shown(end.0))),
                None => Ok(()),
            }
        }
        _ => {
            printer.table(&table(&requests, args.all_namespaces))?;
            if requests.is_empty() {
                let place = place(&cluster, args.all_namespaces);
                let what = match args.can_approve {
                    true => "no request waits for you",
                    false => "there is no request",
                };
                printer.note(&Text::from(format!("{what} {place}")));
            }
            Ok(())
        }
    })?;
    Ok(Exit::Yes)
}

/// Those that wait for a decision that the user may make: somebody else's, and
/// not decided by them already.
fn inbox(cluster: &Cluster, requests: Vec<AccessRequest>) -> Result<Vec<AccessRequest>, Failure> {
    let me = cluster.me()?;
    let mut rights: BTreeMap<(PolicyRef, String), bool> = BTreeMap::new();
    let mut found = Vec::new();
    for request in requests {
        if phase(&request) != Phase::PendingApproval || own(&request, &me) || decided(&request, &me)
        {
            continue;
        }
        let policy = &request.spec.policy_ref;
        for namespace in decision_namespaces(&request) {
            let key = (policy.clone(), namespace);
            let may = match rights.get(&key) {
                Some(known) => *known,
                None => {
                    let may = cluster.may(verb::APPROVE, policy, &key.1)?;
                    rights.insert(key, may);
                    may
                }
            };
            if may {
                found.push(request);
                break;
            }
        }
    }
    Ok(found)
}

/// Where somebody must decide: what the plan says, or else the request's own
/// namespace.
pub(crate) fn decision_namespaces(request: &AccessRequest) -> Vec<String> {
    match plan_of(request) {
        Some(plan) => plan.decision_namespaces.clone(),
        None => request.metadata.namespace.iter().cloned().collect(),
    }
}

/// Whether a request is the user's own, by name or uid, as admission tells it.
pub(crate) fn own(request: &AccessRequest, me: &Identity) -> bool {
    let requester = &request.spec.requested_by;
    requester.username == me.username || (!me.uid.is_empty() && requester.uid == me.uid)
}

fn decided(request: &AccessRequest, me: &Identity) -> bool {
    let status = request.status.as_ref();
    status.is_some_and(|s| s.decisions.iter().any(|d| d.counted && d.decided_by == me.username))
}

fn table(requests: &[AccessRequest], everywhere: bool) -> Table {
    let columns = ["NAME", "PHASE", "REQUESTER", "POLICY", "PATH", "FOR", "TICKET", "REASON"];
    let mut table = Table::new(everywhere.then_some("NAMESPACE").into_iter().chain(columns));
    for request in requests {
        let spec = &request.spec;
        let home = request.metadata.namespace.as_deref().unwrap_or_default();
        let path = path_text(&spec.from, &spec.to, &spec.ports, home);
        let seconds = plan_of(request).map(|plan| plan.request.duration_seconds);
        let cells = [
            Text::from(request.metadata.name.as_deref().unwrap_or_default()),
            phase_text(phase(request)),
            Text::from(spec.requested_by.username.as_str()),
            Text::from(spec.policy_ref.name.as_str()),
            Text::from(path),
            Text::from(seconds.or(spec.duration_seconds).map_or("-".to_owned(), duration)),
            Text::from(spec.ticket.as_deref().unwrap_or("-")),
            Text::from(spec.reason.as_str()),
        ];
        table.row(everywhere.then(|| Text::from(home)).into_iter().chain(cells));
    }
    table
}

/// A request with everything that is to be weighed before deciding about it.
pub(crate) fn lines(request: &AccessRequest) -> Vec<Text> {
    let spec = &request.spec;
    let status = request.status.as_ref();
    let home = request.metadata.namespace.as_deref().unwrap_or_default();
    let message = status.and_then(|status| status.message.as_deref());
    let mut lines = vec![standing(&called(&request.metadata), phase(request), message)];
    lines.push(about("requester", &spec.requested_by.username));
    lines.push(about("policy", &spec.policy_ref.name));
    lines.push(about("reason", &spec.reason));
    if let Some(ticket) = &spec.ticket {
        lines.push(about("ticket", ticket));
    }
    if let Some(incident) = &spec.incident_ref {
        lines.push(about("incident", &incident.name));
    }
    if let Some(start) = &spec.not_before {
        lines.push(about("not before", shown(start.0)));
    }
    if spec.break_glass {
        lines.push(about("mode", "break-glass: opens before anybody agreed, and is reviewed"));
    }
    if let Some(extends) = &spec.extends {
        lines.push(about("extends", &extends.grant));
    }
    match plan_of(request) {
        Some(plan) => lines.extend(plan_lines(plan)),
        None => lines.push(about("asks for", path_text(&spec.from, &spec.to, &spec.ports, home))),
    }
    for decision in status.map(|status| &*status.decisions).unwrap_or_default() {
        let mut text = format!(
            "{:?} by {} in {} at {}",
            decision.verdict,
            decision.decided_by,
            decision.namespace,
            shown(decision.decided_at.0)
        );
        if !decision.counted {
            let why = decision.why_not.as_deref().unwrap_or("it does not say why");
            text.push_str(&format!(", which does not count: {why}"));
        }
        lines.push(about("decision", text));
    }
    lines
}
