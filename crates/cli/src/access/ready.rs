//! The request that would open what is denied, where a policy covers it.

use fallgate_api::names::CONFIG_NAME;
use fallgate_api::{
    AccessConfig, AccessIncident, AccessPolicy, ClusterAccessPolicy, Enabled, Identity,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::cluster::Cluster;
use super::ground::{Chosen, Ground, Kinds, Own};
use super::show::port_text;
use super::wanted::Wanted;
use super::{object, path};
use crate::args::Global;
use crate::context::Context;
use crate::endpoint::EndpointSpec;
use crate::failure::Failure;
use crate::input::Text;
use crate::output::{Printer, Style};
use crate::port::PortSpec;
use crate::{output, time};

/// A request that is ready to be made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    /// What to type; words in capitals are to be replaced.
    pub(crate) command: String,
    /// The AccessRequest that this creates, with the same words in it.
    pub(crate) request: Value,
    /// Whether only a declared incident is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) incident_missing: bool,
}

/// The requests that would open a path, one for each policy that covers it.
/// Whatever cannot be read offers nothing: a denial stays one.
pub(crate) fn ready(
    global: &Global,
    context: &Context,
    (from, to): (&EndpointSpec, &EndpointSpec),
    port: &PortSpec,
) -> Vec<Ready> {
    let Ok(port) = path::port(&port.to_string()) else { return Vec::new() };
    let Some(kinds) = kinds(global, context.texts()) else { return Vec::new() };
    if kinds.policies.is_empty() && kinds.cluster_policies.is_empty() {
        return Vec::new();
    }
    let Ok(ground) = Ground::new(global, context.texts().to_vec()) else { return Vec::new() };
    let now = time::now();
    let mut found = Vec::new();
    for (home, policy) in kinds.chosen(to, from) {
        let own = Own {
            config: kinds.config.clone(),
            policy,
            incidents: incidents_of(&kinds.incidents, &home),
            home,
            followed: None,
            unread: Vec::new(),
        };
        let wanted = Wanted::path(
            own.policy.name_text(),
            (from.to_string(), to.to_string(), port_text(&port)),
            own.policy.spec().ticket.as_ref().is_some_and(|rule| rule.required),
        );
        let find = |spec: &EndpointSpec| ground.kind_of(spec);
        let Ok(request) = wanted.request(&own, kinds.me.clone(), &find, now) else { continue };
        let (Ok(request_value), true) = (object(&request), ground.covers(&own, &request)) else {
            continue;
        };
        found.push(Ready {
            command: wanted.command(&own.home),
            request: request_value,
            incident_missing: own.policy.spec().enabled == Enabled::DuringIncident
                && !enabled(&own.incidents, &kinds.me, now),
        });
    }
    found
}

/// Says which requests would open it, under an answer.
pub(crate) fn show(ready: &[Ready], printer: &mut Printer) -> Result<(), Failure> {
    for one in ready {
        let label = match one.incident_missing {
            true => "once an incident is declared, to open it for a while",
            false => "to open it for a while",
        };
        let line = output::Text::new().text("  ").styled(Style::Help, label).text(": ");
        printer.line(&line.text(&one.command))?;
    }
    Ok(())
}

/// Our own kinds: those of the files, or of the cluster where it was read.
fn kinds(global: &Global, texts: &[Text]) -> Option<Kinds> {
    if !global.filename.is_empty() {
        const GROUP: &[u8] = b"access.fallgate.dev/";
        // Most input has none, and is not read a second time.
        let ours = |text: &&Text| text.bytes.windows(GROUP.len()).any(|bytes| bytes == GROUP);
        let texts: Vec<Text> = texts.iter().filter(ours).cloned().collect();
        let username = global.live.as_user.clone().unwrap_or_else(|| "USER".to_owned());
        let me = Identity { username, ..Identity::default() };
        return (!texts.is_empty()).then(|| Kinds { me, ..Kinds::of(&texts) });
    }
    let cluster = Cluster::open(&global.live).ok()?;
    let writer = cluster.writer();
    let policies = cluster.try_ask(writer.list::<AccessPolicy>(None)).ok()?;
    let of_cluster = cluster.try_ask(writer.list::<ClusterAccessPolicy>(None));
    let config = cluster.try_ask(writer.read::<AccessConfig>(None, CONFIG_NAME)).ok()?;
    let incidents = cluster.try_ask(writer.list::<AccessIncident>(None));
    Some(Kinds {
        config: config.map(|config| config.spec),
        policies,
        cluster_policies: of_cluster.unwrap_or_default(),
        incidents: incidents.unwrap_or_default(),
        me: cluster.me().ok()?,
    })
}

impl Kinds {
    /// Each policy with the namespace of a request under it: its own; of one of
    /// the whole cluster, that of the target or else of the source.
    fn chosen(&self, to: &EndpointSpec, from: &EndpointSpec) -> Vec<(String, Chosen)> {
        let mut all: Vec<(String, Chosen)> = self
            .policies
            .iter()
            .map(|policy| {
                let home = policy.metadata.namespace.clone().unwrap_or_default();
                (home, Chosen::Namespaced(Box::new(policy.clone())))
            })
            .collect();
        let namespace = |spec: &EndpointSpec| match spec {
            EndpointSpec::Named { namespace, .. } => Some(namespace.clone()),
            _ => None,
        };
        if let Some(home) = namespace(to).or_else(|| namespace(from)) {
            let of_cluster = self.cluster_policies.iter();
            all.extend(of_cluster.map(|p| (home.clone(), Chosen::Cluster(Box::new(p.clone())))));
        }
        all
    }
}

fn incidents_of(incidents: &[AccessIncident], home: &str) -> Vec<AccessIncident> {
    let here = |i: &&AccessIncident| i.metadata.namespace.as_deref() == Some(home);
    incidents.iter().filter(here).cloned().collect()
}

/// Whether somebody else has declared an incident that lasts.
fn enabled(incidents: &[AccessIncident], me: &Identity, now: Timestamp) -> bool {
    incidents.iter().any(|incident| {
        !incident.spec.resolved
            && now < incident.spec.ends_at.0
            && incident.spec.declared_by.username != me.username
    })
}
