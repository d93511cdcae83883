//! What people decide about a request: each is an object in their own name.

use clap::Args;
use fallgate_api::names::verb;
use fallgate_api::{
    AccessDecision, AccessDecisionSpec, AccessGrant, AccessGrantSpec, AccessRequest, Effect,
    Endpoint, Identity, Phase, PolicyRef, Port, RequestRef, Verdict,
};
use fallgate_cluster::Followed;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::requests::{decision_namespaces, lines, own};
use super::{Output, PATIENCE, called, done, grant_phase, phase, plan_of, print, standing};
use crate::access::{Cluster, Ground, Objects, endpoint, generated, object, port, refused};
use crate::args::{Global, Live};
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Style, Text};
use crate::time;

/// Agree to somebody else's request, as it is planned or narrower
///
/// What it would open is shown first; the approval is bound to that by its hash. Where a path has ends in several
/// namespaces, you decide in each in which you may.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate approve -n shop oncall-db-x7k2p --reason 'seen with alice'
  fallgate approve -n shop oncall-db-x7k2p --reason 'a look is enough' --for 15m --narrow port=5432")]
pub(crate) struct ApproveArgs {
    /// The request
    #[arg(value_name = "NAME")]
    name: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// For this long at most
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration)]
    duration: Option<SignedDuration>,
    /// Less than was asked for: from=ENDPOINT, to=ENDPOINT or port=PORT; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    narrow: Vec<String>,
    /// The output format; the schema of json is fallgate/approve/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// Refuse somebody's request; one refusal outweighs every approval
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate deny -n shop oncall-db-x7k2p --reason 'the replica will do'")]
pub(crate) struct DenyArgs {
    /// The request
    #[arg(value_name = "NAME")]
    name: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The output format; the schema of json is fallgate/deny/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// Take your own request back, or give back what it opened
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate withdraw -n shop oncall-db-x7k2p")]
pub(crate) struct WithdrawArgs {
    /// The request
    #[arg(value_name = "NAME")]
    name: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The output format; the schema of json is fallgate/withdraw/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// End a grant now
///
/// With --wait, ends with 0 when everything that it had opened is gone, and with 3 when it is not after --timeout.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate revoke -n shop oncall-db-x7k2p --reason 'the incident is over' --wait")]
pub(crate) struct RevokeArgs {
    /// The grant, which has the name of its request
    #[arg(value_name = "GRANT")]
    name: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Wait until it is closed
    #[arg(long)]
    wait: bool,
    /// The longest to wait, such as 2m
    #[arg(long, value_name = "DURATION", value_parser = time::duration, default_value = PATIENCE, requires = "wait")]
    timeout: SignedDuration,
    /// The output format; the schema of json is fallgate/revoke/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// Say of a break-glass that you have looked at it
///
/// Opening before anybody agreed leaves a review due; without it, nothing more is opened in this way. Whoever may revoke
/// reviews, and nobody reviews their own.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate review -n shop oncall-db-x7k2p --reason 'the database was down; justified'")]
pub(crate) struct ReviewArgs {
    /// The request
    #[arg(value_name = "NAME")]
    name: String,
    /// What you found
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The output format; the schema of json is fallgate/review/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// What a decision quotes of its request, which admission judges it by.
struct Quoted<'a> {
    request: RequestRef,
    policy: PolicyRef,
    requester: &'a Identity,
}

impl<'a> Quoted<'a> {
    fn of(request: &'a AccessRequest) -> Quoted<'a> {
        let metadata = &request.metadata;
        Quoted {
            request: RequestRef {
                namespace: metadata.namespace.clone().unwrap_or_default(),
                name: metadata.name.clone().unwrap_or_default(),
                uid: metadata.uid.clone().unwrap_or_default(),
            },
            policy: request.spec.policy_ref.clone(),
            requester: &request.spec.requested_by,
        }
    }

    /// The same by a grant, whose request may be gone.
    fn by_grant(grant: &'a AccessGrant) -> Quoted<'a> {
        let AccessGrantSpec { request_ref, policy, requested_by, .. } = &grant.spec;
        Quoted {
            request: request_ref.clone(),
            policy: PolicyRef { kind: policy.kind, name: policy.name.clone() },
            requester: requested_by,
        }
    }
}

/// What an approval leaves of a request.
#[derive(Default)]
struct Narrowed {
    from: Option<Endpoint>,
    to: Option<Endpoint>,
    ports: Vec<Port>,
}

pub(crate) fn approve(
    live: &Live,
    args: &ApproveArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let me = cluster.me()?;
    let request: AccessRequest = cluster.get(&args.name)?;
    let name = called(&request.metadata);
    if own(&request, &me) {
        return Err(Problem::new(format!("`{name}` is your own request, which nobody approves"))
            .help("somebody else who may approve must decide")
            .into());
    }
    let hash = match (phase(&request), request.status.as_ref().and_then(|s| s.plan_hash.clone())) {
        (Phase::PendingApproval, Some(hash)) => hash,
        (Phase::Pending, _) | (Phase::PendingApproval, None) => {
            return Err(Problem::new(format!("`{name}` is not planned yet"))
                .help("look again in a moment; if it stays so, see whether the controller runs")
                .into());
        }
        (other, _) => {
            return Err(Problem::new(format!("`{name}` waits for no approval: it is {other:?}"))
                .help(format!("see `fallgate requests -n {} {}`", cluster.namespace, args.name))
                .into());
        }
    };
    let policy = &request.spec.policy_ref;
    let mut may = Vec::new();
    let mut others = Vec::new();
    for namespace in decision_namespaces(&request) {
        match cluster.may(verb::APPROVE, policy, &namespace)? {
            true => may.push(namespace),
            false => others.push(namespace),
        }
    }
    if may.is_empty() {
        let problem = Problem::new(format!(
            "you lack the verb `approve` on policy `{}` in {}",
            policy.name,
            others.join(" and in ")
        ));
        return Err(problem.help("ask for the role `fallgate-approver` there").into());
    }
    let narrowed = narrowed(&cluster, live, &args.narrow)?;
    if args.output == Output::Table {
        lines(&request).iter().for_each(|line| printer.note(line));
    }
    let mut made = Vec::new();
    for namespace in may {
        let mut spec = spec(Quoted::of(&request), &me, Verdict::Approved, Some(&args.reason));
        spec.plan_hash = Some(hash.clone());
        spec.duration_seconds = args.duration.map(|duration| duration.as_secs());
        spec.from.clone_from(&narrowed.from);
        spec.to.clone_from(&narrowed.to);
        spec.ports.clone_from(&narrowed.ports);
        made.push(cluster.create(&decision(spec, namespace))?);
    }
    for namespace in &others {
        let text = format!("somebody must approve in `{namespace}`, too, where you may not");
        printer.note(&Text::new().styled(Style::Help, "note").text(format!(": {text}")));
    }
    told("fallgate/approve/v1", "approved", About::of(&request), &made, args.output, printer)?;
    Ok(Exit::Yes)
}

pub(crate) fn deny(live: &Live, args: &DenyArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let request = unfinished(&cluster, &args.name)?;
    if matches!(phase(&request), Phase::Active | Phase::Revoking) {
        let problem = Problem::new(format!("`{}` is open already", called(&request.metadata)));
        return Err(problem.help("end it with `fallgate revoke`").into());
    }
    let made = one(&cluster, Quoted::of(&request), Verdict::Denied, Some(&args.reason))?;
    told("fallgate/deny/v1", "denied", About::of(&request), &[made], args.output, printer)?;
    Ok(Exit::Yes)
}

pub(crate) fn withdraw(
    live: &Live,
    args: &WithdrawArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let request = unfinished(&cluster, &args.name)?;
    let made = withdrawn(&cluster, &request, args.reason.as_deref())?;
    told("fallgate/withdraw/v1", "withdrawn", About::of(&request), &[made], args.output, printer)?;
    Ok(Exit::Yes)
}

/// Takes the user's own request back.
pub(crate) fn withdrawn(
    cluster: &Cluster,
    request: &AccessRequest,
    reason: Option<&str>,
) -> Result<AccessDecision, Failure> {
    let requester = &request.spec.requested_by.username;
    let me = cluster.me()?;
    if me.username != *requester {
        let name = called(&request.metadata);
        let problem = Problem::new(format!(
            "`{name}` is the request of `{requester}`, who alone withdraws it"
        ));
        return Err(problem.help("deny it, or revoke what it opened").into());
    }
    one(cluster, Quoted::of(request), Verdict::Withdrawn, reason)
}

pub(crate) fn review(
    live: &Live,
    args: &ReviewArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let request: AccessRequest = cluster.get(&args.name)?;
    let name = called(&request.metadata);
    if !request.spec.break_glass {
        let problem = Problem::new(format!("`{name}` is no break-glass: it was agreed to before"));
        return Err(problem.help("there is nothing to review").into());
    }
    let made = one(&cluster, Quoted::of(&request), Verdict::Reviewed, Some(&args.reason))?;
    told("fallgate/review/v1", "reviewed", About::of(&request), &[made], args.output, printer)?;
    Ok(Exit::Yes)
}

pub(crate) fn revoke(
    live: &Live,
    args: &RevokeArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let reason = Some(args.reason.as_str());
    let (request, grant): (AccessRequest, AccessGrant);
    let (made, about) = match cluster.find::<AccessRequest>(&args.name)? {
        Some(found) => {
            request = not_over(found)?;
            (one(&cluster, Quoted::of(&request), Verdict::Revoked, reason)?, About::of(&request))
        }
        // A grant says who asked for what, too.
        None => {
            grant = cluster.get(&args.name)?;
            let (name, phase) = (called(&grant.metadata), grant_phase(&grant));
            if phase.is_terminal() {
                let problem = Problem::new(format!("`{name}` is {phase:?} already"));
                return Err(problem.help("nothing is open by it, and nothing will be").into());
            }
            let gone = format!(": the request of `{name}` is gone, which ends the grant by itself");
            printer.note(&Text::new().styled(Style::Help, "note").text(gone));
            let about = About { metadata: &grant.metadata, effect: Some(&grant.spec.effect) };
            (one(&cluster, Quoted::by_grant(&grant), Verdict::Revoked, reason)?, about)
        }
    };
    if !args.wait {
        told("fallgate/revoke/v1", "revoked", about, &[made], args.output, printer)?;
        return Ok(Exit::Yes);
    }
    let name = called(about.metadata);
    let patience = std::time::Duration::try_from(args.timeout).unwrap_or_default();
    let closed = |seen: &AccessGrant| grant_phase(seen).is_terminal();
    let namespace = about.metadata.namespace.as_deref();
    let followed = cluster
        .try_ask(cluster.writer().follow(namespace, &args.name, patience, closed))
        .map_err(|refusal| refused(format!("waiting for {name}"), &refusal))?;
    let (grant, exit) = match followed {
        // One that never was, or is gone with all its objects, holds nothing open.
        Followed::Gone => {
            told("fallgate/revoke/v1", "revoked", about, &[made], args.output, printer)?;
            return Ok(Exit::Yes);
        }
        Followed::Done(grant) => (grant, Exit::Yes),
        Followed::TimeOver(grant) => (grant, Exit::Incomplete),
    };
    match args.output {
        Output::Json => {
            let items = vec![object(&made)?, object(&grant)?];
            printer.json(&Objects::new("fallgate/revoke/v1", items, None))?;
        }
        Output::Name => printer.line(&Text::from(args.name.as_str()))?,
        Output::Table => {
            let message = grant.status.as_ref().and_then(|status| status.message.as_deref());
            printer.line(&standing(&name, grant_phase(&grant), message))?;
        }
    }
    Ok(exit)
}

/// A request from which something may still follow.
fn unfinished(cluster: &Cluster, name: &str) -> Result<AccessRequest, Failure> {
    not_over(cluster.get(name)?)
}

fn not_over(request: AccessRequest) -> Result<AccessRequest, Failure> {
    if phase(&request).is_terminal() {
        let name = called(&request.metadata);
        let problem = Problem::new(format!("`{name}` is {:?} already", phase(&request)));
        return Err(problem.help("nothing is open by it, and nothing will be").into());
    }
    Ok(request)
}

/// Decides once, beside the request.
fn one(
    cluster: &Cluster,
    quoted: Quoted<'_>,
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<AccessDecision, Failure> {
    let me = cluster.me()?;
    let home = quoted.request.namespace.clone();
    cluster.create(&decision(spec(quoted, &me, verdict, reason), home))
}

fn decision(spec: AccessDecisionSpec, namespace: String) -> AccessDecision {
    AccessDecision { metadata: generated(&spec.request_ref.name, Some(namespace)), spec }
}

fn spec(
    quoted: Quoted<'_>,
    me: &Identity,
    verdict: Verdict,
    reason: Option<&str>,
) -> AccessDecisionSpec {
    AccessDecisionSpec {
        request_ref: quoted.request,
        policy_ref: quoted.policy,
        requested_by: Identity { groups: Vec::new(), ..quoted.requester.clone() },
        decided_by: me.clone(),
        verdict,
        plan_hash: None,
        reason: reason.map(str::to_owned),
        duration_seconds: None,
        from: None,
        to: None,
        ports: Vec::new(),
    }
}

/// Reads what an approval leaves. The cluster is listed only for names that do
/// not say what they are.
fn narrowed(cluster: &Cluster, live: &Live, texts: &[String]) -> Result<Narrowed, Failure> {
    let mut narrowed = Narrowed::default();
    let ground = std::cell::OnceCell::new();
    let find = |spec: &crate::endpoint::EndpointSpec| {
        let listed = ground.get_or_init(|| {
            let global = Global { live: live.clone(), ..Global::default() };
            cluster.texts().and_then(|texts| Ground::new(&global, texts))
        });
        match listed {
            Ok(ground) => ground.kind_of(spec),
            Err(_) => Err(Problem::new(format!("what `{spec}` is could not be looked up"))
                .help("write NAMESPACE/KIND/NAME")),
        }
    };
    for text in texts {
        let wrong = || {
            Problem::new(format!("`{text}` narrows nothing"))
                .at("--narrow")
                .help("write from=ENDPOINT, to=ENDPOINT or port=PORT")
        };
        let end = |value| {
            endpoint(value, &cluster.namespace, &find).map_err(|problem| problem.at("--narrow"))
        };
        match text.split_once('=').ok_or_else(wrong)? {
            ("from", value) => narrowed.from = Some(end(value)?),
            ("to", value) => narrowed.to = Some(end(value)?),
            ("port", value) => {
                narrowed.ports.push(port(value).map_err(|problem| problem.at("--narrow"))?);
            }
            _ => return Err(wrong().into()),
        }
    }
    Ok(narrowed)
}

/// What was decided on.
#[derive(Clone, Copy)]
struct About<'a> {
    metadata: &'a ObjectMeta,
    effect: Option<&'a Effect>,
}

impl<'a> About<'a> {
    fn of(request: &'a AccessRequest) -> About<'a> {
        let effect = plan_of(request).map(|plan| &plan.effect);
        About { metadata: &request.metadata, effect }
    }
}

/// Prints what was decided.
fn told(
    schema: &'static str,
    what: &str,
    about: About<'_>,
    made: &[AccessDecision],
    output: Output,
    printer: &mut Printer,
) -> Result<(), Failure> {
    print((schema, output), made, about.effect, printer, |printer| {
        let mut line = done(what, about.metadata);
        let namespaces: Vec<&str> =
            made.iter().filter_map(|d| d.metadata.namespace.as_deref()).collect();
        if namespaces.len() > 1 {
            line = line.text(format!(", in {}", namespaces.join(" and in ")));
        }
        printer.line(&line)
    })
}
