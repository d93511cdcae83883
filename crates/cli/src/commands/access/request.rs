use clap::Args;
use fallgate_api::AccessRequest;
use jiff::SignedDuration;

use super::{Output, PATIENCE, done, outcome, plan, plan_of, print, wait_for};
use crate::access::{Cluster, Ground, Own, Wanted, plan_lines};
use crate::args::{Global, Live};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Style, Text};
use crate::time;

/// Ask for a path under a policy
///
/// What it would open is shown first, as far as you may read what that depends on; the request is then created in your
/// name, and the controller plans it anew for whoever decides. With --wait, ends with 0 when the path is open, with 1
/// when it is denied, expired, withdrawn or failed, and with 3 when it is still pending after --timeout.
#[derive(Args, Debug)]
#[command(
    mut_arg("reason", |arg| arg.required(true)),
    after_help = "\
Examples:
  fallgate request -n shop --policy oncall-db --reason 'slow queries' --ticket INC-7 --wait
  fallgate request -n shop --policy oncall-db --to shop/db --for 30m --reason 'a look' -o name"
)]
pub(crate) struct RequestArgs {
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    waiting: Waiting,
    /// The output format; the schema of json is fallgate/request/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

// Whether to wait, and how long.
#[derive(Args, Debug)]
pub(crate) struct Waiting {
    /// Wait until the path is open, or never will be
    #[arg(long)]
    wait: bool,
    /// The longest to wait, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = time::duration, default_value = PATIENCE, requires = "wait")]
    timeout: SignedDuration,
}

pub(crate) const SCHEMA: &str = "fallgate/request/v1";

pub(crate) fn run(live: &Live, args: &RequestArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let request = match prepared(&cluster, live, &args.wanted, printer)? {
        Ok(request) => request,
        Err(exit) => return Ok(exit),
    };
    let request = cluster.create(&request)?;
    finish(&cluster, SCHEMA, request, &args.waiting, args.output, printer)
}

/// The request, with what it would do told; or how the command ends where it
/// would certainly be refused.
pub(crate) fn prepared(
    cluster: &Cluster,
    live: &Live,
    wanted: &Wanted,
    printer: &mut Printer,
) -> Result<Result<AccessRequest, Exit>, Failure> {
    let now = time::now();
    let me = cluster.me()?;
    let own = Own::live(cluster, &wanted.policy, wanted.needs_incident())?;
    let global = Global { live: live.clone(), ..Global::default() };
    let ground = Ground::new(&global, cluster.texts()?)?;
    let request = wanted.request(&own, me, &|spec| ground.kind_of(spec), now)?;
    Ok(if told(&ground, &own, &request, printer) { Ok(request) } else { Err(Exit::No) })
}

/// Tells what a request would do; false where it would certainly be refused.
pub(crate) fn told(
    ground: &Ground,
    own: &Own,
    request: &AccessRequest,
    printer: &mut Printer,
) -> bool {
    let preview = ground.preview(own, request, time::now());
    if let Some(problem) = plan::refusal(&preview) {
        printer.problem(&problem);
        return false;
    }
    match &preview.outcome {
        Ok(planned) => plan_lines(&planned.plan).iter().for_each(|line| printer.note(line)),
        Err(refusal) => printer.note(&Text::new().text(format!("  {refusal}"))),
    }
    for remark in preview.remarks() {
        let note = Text::new().text("  ").styled(Style::Help, "note");
        printer.note(&note.text(format!(": {remark}; the controller's plan is what counts")));
    }
    true
}

/// Prints a request that was created, after waiting for it where that is asked.
pub(crate) fn finish(
    cluster: &Cluster,
    schema: &'static str,
    request: AccessRequest,
    waiting: &Waiting,
    output: Output,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let (request, exit) = if waiting.wait {
        wait_for(cluster, &request, waiting.timeout, printer)?
    } else {
        (request, Exit::Yes)
    };
    let effect = plan_of(&request).map(|plan| &plan.effect);
    print((schema, output), std::slice::from_ref(&request), effect, printer, |printer| {
        printer.line(&match waiting.wait {
            true => outcome(cluster, &request),
            false => done("requested", &request.metadata),
        })
    })?;
    Ok(exit)
}
