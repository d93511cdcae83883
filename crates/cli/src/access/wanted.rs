use clap::{Args, ValueEnum};
use fallgate_api::{
    AccessIncident, AccessRequest, AccessRequestSpec, Endpoint, Identity, IncidentRef, Shape, Until,
};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::cluster::generated;
use super::ground::Own;
use super::path::{self, Find};
use super::show::endpoint_text;
use crate::failure::Problem;
use crate::time::{self, When};

// What is asked for; no doc comment, as clap would take it for that of the command.
#[derive(Args, Clone, Debug)]
pub(crate) struct Wanted {
    /// The policy to request under, one of the namespace; or ClusterAccessPolicy/NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: String,
    /// Where the path starts: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR
    ///
    /// Without it, where the policy says, if it names one thing only.
    #[arg(long, value_name = "ENDPOINT", help_heading = PATH)]
    from: Option<String>,
    /// Where it ends: the same, or a service as NAMESPACE/svc/NAME
    ///
    /// Without it, where the policy says.
    #[arg(long, value_name = "ENDPOINT", help_heading = PATH)]
    to: Option<String>,
    /// A port there: 5432, 53/udp or 8000-8100/tcp; repeatable
    ///
    /// Without it, those of the policy.
    #[arg(long, value_name = "PORT", help_heading = PATH)]
    port: Vec<String>,
    /// For how long, such as 30m or 1h30m
    ///
    /// Without it, as long as the policy says; with --until, the longest that it allows.
    #[arg(long = "for", value_name = "DURATION", value_parser = time::duration, help_heading = TIME)]
    duration: Option<SignedDuration>,
    /// What ends it before its time
    #[arg(long, value_enum, value_name = "EVENT", help_heading = TIME)]
    until: Option<Event>,
    /// When it opens at the earliest, such as 2026-11-21T14:00:00Z
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = TIME)]
    at: Option<Timestamp>,
    /// Why it is needed
    #[arg(long, value_name = "TEXT", help_heading = WHY)]
    reason: Option<String>,
    /// The ticket that it is for
    #[arg(long, value_name = "ID", help_heading = WHY)]
    ticket: Option<String>,
    /// The incident that it is in; its end ends the path
    #[arg(long, value_name = "NAME", help_heading = WHY)]
    incident: Option<String>,
    /// Open before anybody agreed, where the policy allows that; it is told and reviewed
    #[arg(long, help_heading = WHY)]
    break_glass: bool,
}

const PATH: &str = "Path";
const TIME: &str = "Time";
const WHY: &str = "Reason";

/// What ends a grant before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Event {
    /// The ticket is closed
    #[value(name = "ticketClosed")]
    TicketClosed,
    /// The incident is resolved
    #[value(name = "incidentResolved")]
    IncidentResolved,
}

/// A time that somebody wrote, and not a span of it.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    match time::when(text) {
        Ok(When::At(time)) => Ok(time),
        _ => Err("must be a time with its offset, such as 2026-11-21T14:00:00Z".to_owned()),
    }
}

impl Wanted {
    /// A path under a policy, with words in capitals for what only the user knows.
    pub(crate) fn path(policy: String, path: (String, String, String), ticket: bool) -> Wanted {
        let (from, to, port) = path;
        Wanted {
            policy,
            from: Some(from),
            to: Some(to),
            port: vec![port],
            duration: None,
            until: None,
            at: None,
            reason: Some("REASON".to_owned()),
            ticket: ticket.then(|| "TICKET".to_owned()),
            incident: None,
            break_glass: false,
        }
    }

    /// What to type to request it. Nothing in it needs quotes.
    pub(crate) fn command(&self, home: &str) -> String {
        let mut text = format!("fallgate request -n {home} --policy {}", self.policy);
        let options = [
            ("from", &self.from),
            ("to", &self.to),
            ("port", &self.port.first().cloned()),
            ("reason", &self.reason),
            ("ticket", &self.ticket),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                text.push_str(&format!(" --{name} {value}"));
            }
        }
        text
    }

    /// Whether an incident is named, or meant.
    pub(crate) fn needs_incident(&self) -> bool {
        self.incident.is_some() || self.until == Some(Event::IncidentResolved)
    }

    /// The request that asks for it, as this user.
    pub(crate) fn request(
        &self,
        own: &Own,
        requested_by: Identity,
        find: Find<'_>,
        now: Timestamp,
    ) -> Result<AccessRequest, Problem> {
        let policy = own.policy.spec();
        let home = &own.home;
        let end = |text: &str, place: &str| {
            path::endpoint(text, home, find).map_err(|problem| problem.at(place))
        };
        let from = match (&self.from, &*policy.from) {
            (Some(text), entries) => {
                let from = end(text, "--from")?;
                own_workstation(&from, entries, &requested_by.username).unwrap_or(from)
            }
            (None, [only]) => only_own(only, &requested_by.username),
            (None, several) => {
                let names: Vec<String> = several.iter().map(|e| endpoint_text(e, home)).collect();
                let problem = Problem::new("the policy has several starts, and none is chosen");
                return Err(problem
                    .at("--from")
                    .help(format!("choose one of {}", names.join(", "))));
            }
        };
        let to = match &self.to {
            Some(text) => end(text, "--to")?,
            None => policy.to.clone(),
        };
        let ports = match &*self.port {
            [] => policy.ports.clone(),
            texts => texts
                .iter()
                .map(|text| path::port(text).map_err(|problem| problem.at("--port")))
                .collect::<Result<_, _>>()?,
        };
        let spec = AccessRequestSpec {
            policy_ref: own.policy.reference(),
            requested_by,
            from,
            via: policy.via.clone(),
            to,
            ports,
            duration_seconds: self.duration.map(|duration| duration.as_secs()),
            until: self.until.map(|event| match event {
                Event::TicketClosed => Until::TicketClosed,
                Event::IncidentResolved => Until::IncidentResolved,
            }),
            not_before: self.at.map(Time),
            reason: self.reason.clone().unwrap_or_default(),
            ticket: self.ticket.clone(),
            incident_ref: self.incident(&own.incidents, now)?,
            break_glass: self.break_glass,
            extends: None,
        };
        Ok(AccessRequest { metadata: metadata(&spec, home), spec, status: None })
    }

    /// The incident that is named; where one must be and none is, the only one
    /// that is open.
    fn incident(
        &self,
        incidents: &[AccessIncident],
        now: Timestamp,
    ) -> Result<Option<IncidentRef>, Problem> {
        if !self.needs_incident() {
            return Ok(None);
        }
        let open = |i: &&AccessIncident| !i.spec.resolved && now < i.spec.ends_at.0;
        let name = |i: &AccessIncident| i.metadata.name.clone().unwrap_or_default();
        let open: Vec<&AccessIncident> = incidents.iter().filter(open).collect();
        let found = match &self.incident {
            Some(named) => incidents.iter().find(|i| i.metadata.name.as_ref() == Some(named)),
            None => match &*open {
                [only] => Some(*only),
                _ => None,
            },
        };
        if let Some(incident) = found {
            let uid = incident.metadata.uid.clone().unwrap_or_default();
            return Ok(Some(IncidentRef { name: name(incident), uid }));
        }
        let message = match &self.incident {
            Some(named) => format!("there is no incident `{named}` in this namespace"),
            None => "which incident is meant is not said".to_owned(),
        };
        let names: Vec<String> = open.iter().map(|i| name(i)).collect();
        let help = match &*names {
            [] => "none is open; have one declared: fallgate incident open".to_owned(),
            names => format!("those that are open: {}", names.join(", ")),
        };
        Err(Problem::new(message).at("--incident").help(help))
    }
}

/// A name that says under which policy it was made.
pub(crate) fn metadata(spec: &AccessRequestSpec, home: &str) -> ObjectMeta {
    generated(&spec.policy_ref.name, Some(home.to_owned()))
}

/// A policy's entry as one user may use it: of workstations, only their own.
fn only_own(entry: &Endpoint, username: &str) -> Endpoint {
    let mut entry = entry.clone();
    entry.workstations.retain(|workstation| workstation.user == username);
    entry
}

/// Addresses that a policy lists as this user's workstation.
fn own_workstation(from: &Endpoint, entries: &[Endpoint], username: &str) -> Option<Endpoint> {
    let Some(Shape::Cidrs(asked)) = from.shape() else { return None };
    let read = |cidr: &String| cidr.parse::<IpNet>().ok();
    let asked: Vec<IpNet> = asked.iter().filter_map(read).collect();
    let within = |listed: &[String]| {
        let listed: Vec<IpNet> = listed.iter().filter_map(read).collect();
        asked.iter().all(|one| listed.iter().any(|all| all.contains(one)))
    };
    let plain = entries.iter().any(|entry| within(&entry.cidrs));
    let mut all = entries.iter().flat_map(|entry| &entry.workstations);
    let own = all.find(|w| w.user == username && within(&w.cidrs)).filter(|_| !plain)?;
    let workstation =
        fallgate_api::Workstation { user: own.user.clone(), cidrs: from.cidrs.clone() };
    Some(Endpoint { workstations: vec![workstation], ..Endpoint::default() })
}
