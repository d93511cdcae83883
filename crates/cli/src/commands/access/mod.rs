//! The commands of temporary access.

pub(crate) mod decide;
pub(crate) mod extend;
pub(crate) mod grants;
pub(crate) mod incident;
pub(crate) mod lock;
pub(crate) mod panic;
pub(crate) mod plan;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod with;

use std::io::IsTerminal as _;

use clap::ValueEnum;
use fallgate_api::{AccessGrant, AccessRequest, Effect, Phase, Plan};
use fallgate_cluster::{Followed, Kind};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::access::{Cluster, Objects, object, phase_text, refused};
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Style, Text};
use crate::time;

/// How objects are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Table,
    /// A document
    Json,
    /// Names alone
    Name,
}

/// How long `--wait` waits when nobody says.
const PATIENCE: &str = "1h";

/// `namespace/name` of an object.
fn called(metadata: &ObjectMeta) -> String {
    let name = metadata.name.as_deref().unwrap_or_default();
    match &metadata.namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// Seconds, without what is smaller.
fn shown(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

fn phase(request: &AccessRequest) -> Phase {
    request.status.as_ref().map(|status| status.phase).unwrap_or_default()
}

fn plan_of(request: &AccessRequest) -> Option<&Plan> {
    request.status.as_ref()?.plan.as_ref()
}

fn grant_phase(grant: &AccessGrant) -> Phase {
    grant.status.as_ref().map(|status| status.phase).unwrap_or_default()
}

/// `PendingApproval: waits for 1 more approval`.
fn standing(name: &str, phase: Phase, message: Option<&str>) -> Text {
    let text = phase_text(phase).text(": ").styled(Style::Strong, name);
    match message {
        Some(message) if !message.is_empty() => text.text(format!(": {message}")),
        _ => text,
    }
}

/// Prints objects: as they are with what the only one changes, their names, or
/// what `people` prints.
fn print<K: Kind>(
    (schema, output): (&'static str, Output),
    objects: &[K],
    effect: Option<&Effect>,
    printer: &mut Printer,
    people: impl FnOnce(&mut Printer) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match output {
        Output::Json => {
            let items = objects.iter().map(object).collect::<Result<_, _>>()?;
            printer.json(&Objects::new(schema, items, effect))
        }
        Output::Name => objects.iter().try_for_each(|object| {
            printer.line(&Text::from(object.meta().name.as_deref().unwrap_or_default()))
        }),
        Output::Table => people(printer),
    }
}

/// `requested: shop/oncall-db-x7k2p`, of an object that something was done to.
fn done(what: &str, metadata: &ObjectMeta) -> Text {
    let name = format!(": {}", called(metadata));
    Text::new().styled(Style::Good, what).styled(Style::Strong, name)
}

/// When what begins now ends. The API keeps whole seconds.
fn ending(duration: SignedDuration) -> Result<Timestamp, Problem> {
    let end = time::now().checked_add(duration);
    let end = end.map_err(|_| Problem::new("that is longer than time goes").at("--for"))?;
    Ok(Timestamp::from_second(end.as_second()).unwrap_or(end))
}

/// Where nothing was found.
fn place(cluster: &Cluster, everywhere: bool) -> String {
    match everywhere {
        true => "in any namespace".to_owned(),
        false => format!("in namespace `{}`", cluster.namespace),
    }
}

/// Follows a request until it is open or never will be.
fn wait_for(
    cluster: &Cluster,
    request: &AccessRequest,
    patience: SignedDuration,
    printer: &mut Printer,
) -> Result<(AccessRequest, Exit), Failure> {
    let name = called(&request.metadata);
    let mut last = None;
    let progress = std::io::stderr().is_terminal();
    let done = |seen: &AccessRequest| {
        let phase = phase(seen);
        let message = seen.status.as_ref().and_then(|status| status.message.clone());
        let now = Some((phase, message));
        if progress && now != last {
            if let Some((phase, message)) = &now {
                printer.note(&standing(&name, *phase, message.as_deref()));
            }
            last = now;
        }
        phase == Phase::Active || phase == Phase::Revoking || phase.is_terminal()
    };
    let patience = std::time::Duration::try_from(patience).unwrap_or_default();
    let own = request.metadata.name.as_deref().unwrap_or_default();
    let namespace = request.metadata.namespace.as_deref();
    let followed = cluster
        .try_ask(cluster.writer().follow(namespace, own, patience, done))
        .map_err(|refusal| refused(format!("waiting for {name}"), &refusal))?;
    match followed {
        Followed::Done(seen) => {
            let exit = match phase(&seen) {
                Phase::Active | Phase::AlreadyOpen => Exit::Yes,
                _ => Exit::No,
            };
            Ok((seen, exit))
        }
        Followed::TimeOver(seen) => Ok((seen, Exit::Incomplete)),
        Followed::Gone => Err(Problem::new(format!("AccessRequest `{name}` was deleted"))
            .help("ask who deletes requests: the controller keeps them for `retentionDays`")
            .into()),
    }
}

/// The grant of a request, where it has one and the user may read it.
fn grant_of(cluster: &Cluster, request: &AccessRequest) -> Option<AccessGrant> {
    let named = request.status.as_ref()?.grant_ref.as_ref()?;
    let namespace = request.metadata.namespace.as_deref();
    let read = cluster.writer().read::<AccessGrant>(namespace, &named.name);
    let grant = cluster.try_ask(read).ok().flatten()?;
    (grant.metadata.uid.as_ref() == Some(&named.uid)).then_some(grant)
}

/// What became of a request, as its last line.
fn outcome(cluster: &Cluster, request: &AccessRequest) -> Text {
    let status = request.status.as_ref();
    let message = status.and_then(|status| status.message.as_deref());
    let mut text = standing(&called(&request.metadata), phase(request), message);
    if phase(request) == Phase::Active
        && let Some(end) = grant_of(cluster, request).and_then(|g| g.status?.expires_at)
    {
        text = text.text(format!(", until {}", shown(end.0)));
    }
    text
}
