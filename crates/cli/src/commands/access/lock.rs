use clap::Args;
use fallgate_api::{
    AccessLock, AccessLockSpec, ClusterAccessLock, ClusterAccessLockSpec, PolicyKind, PolicyRef,
};
use fallgate_cluster::Kind;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Output, done, ending, print, shown};
use crate::access::{Cluster, generated, policy_name};
use crate::args::Live;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::Printer;
use crate::time;

/// Stop a user, a policy, a namespace or everything
///
/// What is open ends, and nothing opens until the lock is over. With -n, in that namespace only; without it, everywhere. -n alone stops everything in that namespace.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate lock --user alice --for 1h --reason 'laptop stolen'
  fallgate lock -n shop --for 1h --reason 'the database moves'
  fallgate lock -n shop --policy oncall-db --reason 'under review'
  fallgate lock --all --for 30m --reason 'who is in here?'")]
pub(crate) struct LockArgs {
    /// The requester whose grants are stopped
    #[arg(long, value_name = "USER", conflicts_with_all = ["policy", "all"])]
    user: Option<String>,
    /// The policy whose grants are stopped, one of the namespace; or ClusterAccessPolicy/NAME
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    policy: Option<String>,
    /// Stop every grant
    #[arg(long)]
    all: bool,
    /// For how long; without it, until it is unlocked
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration)]
    duration: Option<SignedDuration>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The output format; the schema of json is fallgate/lock/v1
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// Take a lock away before its time
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate unlock -n shop lock-7x2kp")]
pub(crate) struct UnlockArgs {
    /// The lock: with -n one of that namespace, without it one of the whole cluster
    #[arg(value_name = "NAME")]
    name: String,
}

const SCHEMA: &str = "fallgate/lock/v1";

pub(crate) fn lock(live: &Live, args: &LockArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let namespace = live.namespace.clone();
    let policy_ref = match &args.policy {
        None => None,
        Some(text) => {
            let (kind, name) = policy_name(text)?;
            let kind = kind.unwrap_or(PolicyKind::AccessPolicy);
            if kind == PolicyKind::AccessPolicy && namespace.is_none() {
                return Err(Problem::new(format!(
                    "which namespace policy `{name}` is in is not said"
                ))
                .at("--policy")
                .help("name it with -n")
                .into());
            }
            Some(PolicyRef { kind, name: name.to_owned() })
        }
    };
    let whose = args.user.is_some() || policy_ref.is_some();
    if !whose && !args.all && namespace.is_none() {
        return Err(Problem::new("what is to be stopped is not said")
            .help("name --user, --policy, a namespace with -n, or --all")
            .into());
    }
    let cluster = Cluster::open(live)?;
    let expires_at = args.duration.map(ending).transpose()?.map(Time);
    let until = match &expires_at {
        Some(time) => format!("until {}", shown(time.0)),
        None => "until it is unlocked".to_owned(),
    };
    let spec = AccessLockSpec {
        locked_by: cluster.me()?,
        user: args.user.clone(),
        policy_ref,
        all: !whose,
        expires_at,
        reason: args.reason.clone(),
    };
    let metadata = generated("lock", namespace.clone());
    if namespace.is_some() {
        locked(args.output, &cluster.create(&AccessLock { metadata, spec })?, &until, printer)
    } else {
        let spec = ClusterAccessLockSpec(spec);
        let lock = cluster.create(&ClusterAccessLock { metadata, spec })?;
        locked(args.output, &lock, &until, printer)
    }
}

fn locked<K: Kind>(
    output: Output,
    lock: &K,
    until: &str,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    print((SCHEMA, output), std::slice::from_ref(lock), None, printer, |printer| {
        printer.line(&done("locked", lock.meta()).text(format!(", {until}")))
    })?;
    Ok(Exit::Yes)
}

pub(crate) fn unlock(
    live: &Live,
    args: &UnlockArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let cluster = Cluster::open(live)?;
    let metadata = match &live.namespace {
        Some(_) => {
            let lock: AccessLock = cluster.get(&args.name)?;
            cluster.delete::<AccessLock>(&lock.metadata)?;
            lock.metadata
        }
        None => {
            let read = cluster.writer().read::<ClusterAccessLock>(None, &args.name);
            let lock =
                cluster.ask(|| format!("reading ClusterAccessLock `{}`", args.name), read)?;
            let lock = lock.ok_or_else(|| {
                Problem::new(format!("there is no ClusterAccessLock `{}`", args.name))
                    .help("name the namespace of an AccessLock with -n")
            })?;
            cluster.delete::<ClusterAccessLock>(&lock.metadata)?;
            lock.metadata
        }
    };
    printer.line(&done("unlocked", &metadata))?;
    Ok(Exit::Yes)
}
