use clap::Args;
use fallgate_api::{AccessGrant, AccessRequest, AccessRequestSpec, Extends};
use jiff::SignedDuration;

use super::request::{Waiting, finish, told};
use super::{Output, called};
use crate::access::{Cluster, Ground, Own, request_metadata};
use crate::args::{Global, Live};
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::Printer;
use crate::time;

/// Ask for a grant to go on
///
/// An extension is a request of its own for the same path, and needs the same approvals. Once it is open, the two
/// overlap; the first one ends at its own time.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate extend -n shop oncall-db-x7k2p --for 15m --reason 'still looking' --wait")]
pub(crate) struct ExtendArgs {
    /// The grant
    #[arg(value_name = "GRANT")]
    name: String,
    /// For how long, from when it opens
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration)]
    duration: SignedDuration,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    waiting: Waiting,
    /// The output format; the schema of json is fallgate/extend/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

const SCHEMA: &str = "fallgate/extend/v1";

pub(crate) fn run(live: &Live, args: &ExtendArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let grant: AccessGrant = cluster.get(&args.name)?;
    let before: AccessRequest = cluster.get(&grant.spec.request_ref.name)?;
    let me = cluster.me()?;
    if me.username != grant.spec.requested_by.username {
        let whose = &grant.spec.requested_by.username;
        let name = called(&grant.metadata);
        return Err(Problem::new(format!(
            "grant `{name}` is that of `{whose}`, who alone extends it"
        ))
        .help("request a path of your own")
        .into());
    }
    let approved = &grant.spec.approved;
    let spec = AccessRequestSpec {
        requested_by: me,
        // What was approved, and not what was asked for: that would be wider.
        from: approved.from.clone(),
        via: approved.via.clone(),
        to: approved.to.clone(),
        ports: approved.ports.clone(),
        duration_seconds: Some(args.duration.as_secs()),
        not_before: None,
        reason: args.reason.clone(),
        break_glass: false,
        extends: Some(Extends {
            grant: args.name.clone(),
            uid: grant.metadata.uid.clone().unwrap_or_default(),
        }),
        ..before.spec.clone()
    };
    let policy = &spec.policy_ref;
    let policy = format!("{:?}/{}", policy.kind, policy.name);
    let mut own = Own::live(&cluster, &policy, spec.incident_ref.is_some())?;
    let request =
        AccessRequest { metadata: request_metadata(&spec, &own.home), spec, status: None };
    own.followed = Some((before, grant));
    let global = Global { live: live.clone(), ..Global::default() };
    let ground = Ground::new(&global, cluster.texts()?)?;
    if !told(&ground, &own, &request, printer) {
        return Ok(Exit::No);
    }
    let request = cluster.create(&request)?;
    finish(&cluster, SCHEMA, request, &args.waiting, args.output, printer)
}
