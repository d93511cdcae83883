use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use fallgate_controller::webhook::{FileCursors, Https};
use fallgate_controller::{Controller, Receivers, Record, Settings, SystemClock, health};
use futures::future::{Either, join, select};
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::access::Cluster;
use crate::args::Live;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::Printer;
use crate::record;

/// Run what opens and closes grants
///
/// In a pod, with the identity of its ServiceAccount; or outside of the cluster, with one that may do the same
/// (fallgate-system/fallgate-controller), by --kubeconfig and --context. It keeps the record, opens what was approved,
/// and closes it in time, until it is told to stop by SIGTERM or Ctrl-C. What is open then stays open until its time is
/// over: the switches close it. Of several controllers, one leads, by the lease fallgate-system/fallgate-controller.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate controller
  fallgate controller --kubeconfig controller.kubeconfig --record /var/lib/fallgate/record.jsonl --log json")]
pub(crate) struct ControllerArgs {
    /// Where the record is kept; without it, where `fallgate ledger` looks for it
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What the lease calls this process; without it, HOSTNAME and the process's number
    #[arg(long, value_name = "NAME")]
    identity: Option<String>,
    /// Where it answers /livez, /readyz and /metrics, such as 0.0.0.0:8080; without it, nowhere
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A network of receivers of webhooks that have no public address, such as 10.96.0.0/12; repeatable
    #[arg(long, value_name = "CIDR")]
    webhook_network: Vec<IpNet>,
    /// How its log is written, on standard error
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    log: Log,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Log {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

pub(crate) fn run(live: &Live, args: &ControllerArgs, _: &mut Printer) -> Result<Exit, Failure> {
    let path = match &args.record {
        Some(path) => path.clone(),
        None => record::default_path()?,
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(directory) = directory {
        std::fs::create_dir_all(directory).map_err(|error| {
            Problem::new(format!("cannot be made: {error}"))
                .at(directory.display().to_string())
                .help("name the record's file with --record")
        })?;
    }
    log(args.log)?;
    let cluster = Cluster::open(live)?;
    // Asked once, so that wrong credentials are told at once and not for ever.
    let me = cluster.me()?;
    let identity = args.identity.clone().unwrap_or_else(identity);
    tracing::info!(user = me.username, identity, record = %path.display(), "the controller starts");
    let settings = Settings::new(identity);
    let clock = Arc::new(SystemClock::new());
    let cursors = FileCursors::new(directory.unwrap_or(Path::new(".")));
    let timeout = Duration::from_secs(10);
    let transport = Https::of_this_machine(args.webhook_network.clone(), timeout);
    let record = Record::in_file(path.clone());
    let mut controller = Controller::new(cluster.client(), record, clock, settings);
    match transport {
        Ok(https) => {
            controller = controller.telling(Receivers { transport: Arc::new(https), cursors });
        }
        Err(why) => tracing::warn!(%why, "receivers of webhooks are told nothing"),
    }
    let mut told = cluster.stop()?;
    let stop = Arc::new(Notify::new());
    let until = async {
        told.told().await;
        stop.notify_one();
    };
    let listener = match args.listen {
        None => None,
        Some(address) => Some(cluster.run(TcpListener::bind(address)).map_err(|error| {
            Problem::new(format!("cannot listen on {address}: {error}")).at("--listen")
        })?),
    };
    let health = controller.health();
    let answering = async {
        match listener {
            Some(listener) => health::serve(listener, move || health.report()).await,
            None => std::future::pending().await,
        }
    };
    cluster.run(async {
        let work = std::pin::pin!(join(until, controller.run(stop.clone())));
        if let Either::Right(((), work)) = select(work, std::pin::pin!(answering)).await {
            work.await;
        }
    });
    tracing::info!("the controller was told to stop, and has let its lease go");
    Ok(Exit::Yes)
}

/// Another name for every process there is.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|host| !host.is_empty());
    let started = crate::time::now().as_second();
    format!("{}-{}-{started}", host.as_deref().unwrap_or("fallgate"), std::process::id())
}

/// Writes what happens to standard error: ours from `info` on, of libraries what
/// is wrong.
fn log(format: Log) -> Result<(), Problem> {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::prelude::*;
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("fallgate", LevelFilter::INFO)
        .with_target("fallgate_controller", LevelFilter::INFO)
        .with_target("fallgate_cli", LevelFilter::INFO);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let registry = tracing_subscriber::registry();
    let set = match format {
        Log::Text => registry.with(layer.with_target(false).with_filter(filter)).try_init(),
        Log::Json => registry.with(layer.json().with_filter(filter)).try_init(),
    };
    set.map_err(|error| Problem::new(format!("the log cannot be written: {error}")))
}
