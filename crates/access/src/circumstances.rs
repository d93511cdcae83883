//! What requests depend on and is none: locks, incidents, policies and the
//! configuration. What the record says of them, and what their statuses say.
//!
//! No life cycle waits for any of it.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::names::{CONTROLLER, annotation, condition, reason};
use fallgate_api::{
    AccessConfig, AccessConfigSpec, AccessIncident, AccessIncidentStatus, AccessLock,
    AccessLockSpec, AccessPolicy, AccessPolicySpec, AccessPolicyStatus, AccessRequest,
    ClusterAccessLock, ClusterAccessPolicy, Enabled, Identity, PolicyKind,
};
use fallgate_canonical::Digest;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use crate::record::{Entry, Key, Kind, Object};
use crate::status::{self, Truth};

/// Who did what the API server does not tell of. Nobody can have a name of this
/// form: prefixes with `system:` are the control plane's own.
const SOMEBODY: &str = "system:unknown";
/// What the record says of an object that is gone.
const GONE: [&str; 2] = ["Unlocked", "Deleted"];

/// Everything that requests depend on, as it was listed: all of it, or nothing
/// can be told from what is not there.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Configurations; only one of them counts, and a change of any is recorded.
    pub configs: &'a [AccessConfig],
    /// Policies.
    pub policies: &'a [AccessPolicy],
    /// Policies for every namespace.
    pub cluster_policies: &'a [ClusterAccessPolicy],
    /// Incidents.
    pub incidents: &'a [AccessIncident],
    /// Locks.
    pub locks: &'a [AccessLock],
    /// Locks on every namespace.
    pub cluster_locks: &'a [ClusterAccessLock],
}

impl Circumstances<'_> {
    /// What the record lacks, where `recorded` stands in it, and `known` is what it
    /// names by uid of what was set, declared or changed.
    pub fn entries(
        &self,
        recorded: &BTreeSet<Key>,
        known: &BTreeMap<String, Object>,
        now: Timestamp,
    ) -> Vec<Entry> {
        let locks = self.locks.iter().map(|l| locked("AccessLock", &l.metadata, &l.spec, now));
        let cluster_locks = self.cluster_locks.iter();
        let cluster_locks =
            cluster_locks.map(|l| locked("ClusterAccessLock", &l.metadata, &l.spec.0, now));
        let incidents = self.incidents.iter().flat_map(|incident| {
            let ended = ended(incident, now);
            [Some(declared(incident, now)), ended].into_iter().flatten()
        });
        let changed = |kind, metadata, spec: &dyn Fn() -> Option<Digest>| {
            changed(kind, metadata, recorded, spec, now)
        };
        let configs = self.configs.iter();
        let configs = configs.filter_map(|c| {
            changed("AccessConfig", &c.metadata, &|| Digest::of_json(&c.spec).ok())
        });
        let policies = self.policies.iter();
        let policies = policies.filter_map(|p| {
            changed("AccessPolicy", &p.metadata, &|| Digest::of_json(&p.spec).ok())
        });
        let cluster = self.cluster_policies.iter();
        let cluster = cluster.filter_map(|p| {
            changed("ClusterAccessPolicy", &p.metadata, &|| Digest::of_json(&p.spec).ok())
        });
        let all = locks.chain(cluster_locks).chain(incidents);
        let all = all.chain(configs).chain(policies).chain(cluster).chain(self.gone(known, now));
        all.filter(|entry| !entry.key.subject.is_empty() && !recorded.contains(&entry.key))
            .collect()
    }

    /// What stood there and does not any more.
    fn gone(&self, known: &BTreeMap<String, Object>, now: Timestamp) -> Vec<Entry> {
        let metadata = self.locks.iter().map(|o| &o.metadata);
        let metadata = metadata.chain(self.cluster_locks.iter().map(|o| &o.metadata));
        let metadata = metadata.chain(self.incidents.iter().map(|o| &o.metadata));
        let metadata = metadata.chain(self.configs.iter().map(|o| &o.metadata));
        let metadata = metadata.chain(self.policies.iter().map(|o| &o.metadata));
        let metadata = metadata.chain(self.cluster_policies.iter().map(|o| &o.metadata));
        let there: BTreeSet<&str> = metadata.filter_map(|m| m.uid.as_deref()).collect();
        let gone = known.iter().filter(|(uid, _)| !there.contains(uid.as_str()));
        let entry = |(uid, object): (&String, &Object)| {
            let (kind, step) = match object.kind {
                "AccessLock" | "ClusterAccessLock" => (Kind::Lock, "Unlocked"),
                // What was resolved and tidied away has ended before.
                "AccessIncident" => (Kind::Incident, "Deleted"),
                _ => (Kind::PolicyChange, "Deleted"),
            };
            let why = "it was deleted; the API server's audit log knows by whom";
            Entry {
                key: Key { kind, subject: uid.clone(), step: step.to_owned() },
                time: now,
                actor: named(SOMEBODY),
                ticket: None,
                objects: vec![object.clone()],
                details: BTreeMap::from([("why", why.to_owned())]),
            }
        };
        gone.map(entry).collect()
    }
}

/// Whether an entry says that its object is gone: nothing follows it.
pub fn is_gone(key: &Key) -> bool {
    GONE.contains(&key.step.as_str())
}

/// The status that an incident must have, where it has another.
pub fn incident_status(incident: &AccessIncident, now: Timestamp) -> Option<AccessIncidentStatus> {
    let before = incident.status.clone().unwrap_or_default();
    let mut status = before.clone();
    let (truth, why, text) = if incident.spec.resolved {
        (Truth::False, reason::NOT_ENABLED, "it is resolved")
    } else if incident.spec.ends_at.0 <= now {
        (Truth::False, reason::NOT_ENABLED, "its time is over")
    } else {
        (Truth::True, reason::SUCCEEDED, "policies that say DuringIncident can be requested")
    };
    if truth == Truth::False {
        let ended = now.min(incident.spec.ends_at.0);
        status.ended_at = status.ended_at.or(Some(Time(ended)));
    }
    status::set(&mut status.conditions, condition::READY, truth, why, text, now);
    (status != before).then_some(status)
}

/// The status that a policy must have, where it has another. For a
/// ClusterAccessPolicy, which has no namespace, every incident counts.
pub fn policy_status(
    (metadata, spec, before): (&ObjectMeta, &AccessPolicySpec, Option<&AccessPolicyStatus>),
    config: Option<&AccessConfigSpec>,
    incidents: &[AccessIncident],
    requests: &[AccessRequest],
    now: Timestamp,
) -> Option<AccessPolicyStatus> {
    let before = before.cloned().unwrap_or_default();
    let mut status = before.clone();
    status.observed_generation = metadata.generation;
    let kind = match metadata.namespace {
        Some(_) => PolicyKind::AccessPolicy,
        None => PolicyKind::ClusterAccessPolicy,
    };
    let ours = requests.iter().filter(|request| {
        let named = &request.spec.policy_ref;
        let here = metadata.namespace.is_none() || metadata.namespace == request.metadata.namespace;
        here && named.kind == kind && metadata.name.as_ref() == Some(&named.name)
    });
    let last = ours.filter_map(|request| request.metadata.creation_timestamp.clone()).max();
    // Requests are deleted some day; when the last one came stays known.
    status.last_requested_at = status.last_requested_at.max(last);
    let (truth, why, text) = match unready(metadata, spec, config, incidents, now) {
        Some((why, text)) => (Truth::False, why, text),
        None => (Truth::True, reason::SUCCEEDED, "it can be requested".to_owned()),
    };
    status::set(&mut status.conditions, condition::READY, truth, why, &text, now);
    (status != before).then_some(status)
}

/// Why nothing can be requested under a policy, whoever asks.
fn unready(
    metadata: &ObjectMeta,
    spec: &AccessPolicySpec,
    config: Option<&AccessConfigSpec>,
    incidents: &[AccessIncident],
    now: Timestamp,
) -> Option<(&'static str, String)> {
    let Some(config) = config else {
        return Some((reason::NO_CONFIG, "there is no AccessConfig `default`".to_owned()));
    };
    let home = metadata.namespace.as_ref();
    if let Some(denied) = home.filter(|home| config.denied_namespaces.contains(home)) {
        let text = format!("the AccessConfig denies every path in namespace `{denied}`");
        return Some((reason::OUTSIDE_POLICY, text));
    }
    if let Some(on_call) = &spec.approval.on_call
        && !config.rotas.iter().any(|rota| rota.name == on_call.rota)
    {
        let text = format!("the AccessConfig has no rota `{}`", on_call.rota);
        return Some((reason::NOT_FOUND, text));
    }
    let lasts = |incident: &&AccessIncident| {
        let here = home.is_none() || incident.metadata.namespace.as_ref() == home;
        here && !incident.spec.resolved && now < incident.spec.ends_at.0
    };
    if spec.enabled == Enabled::DuringIncident && !incidents.iter().any(|one| lasts(&one)) {
        return Some((reason::NOT_ENABLED, "there is no incident".to_owned()));
    }
    None
}

/// Somebody locked.
fn locked(kind: &'static str, of: &ObjectMeta, spec: &AccessLockSpec, now: Timestamp) -> Entry {
    let mut details = BTreeMap::from([("reason", spec.reason.clone())]);
    if let Some(user) = &spec.user {
        details.insert("user", user.clone());
    }
    if let Some(policy) = &spec.policy_ref {
        details.insert("policy", policy.name.clone());
    }
    if let Some(until) = &spec.expires_at {
        details.insert("expiresAt", until.0.to_string());
    }
    entry((Kind::Lock, "Locked"), kind, of, now, &spec.locked_by, details)
}

/// Somebody declared an incident.
fn declared(incident: &AccessIncident, now: Timestamp) -> Entry {
    let spec = &incident.spec;
    let mut details = BTreeMap::from([
        ("severity", format!("{:?}", spec.severity)),
        ("endsAt", spec.ends_at.0.to_string()),
    ]);
    if let Some(why) = &spec.reason {
        details.insert("reason", why.clone());
    }
    let of = &incident.metadata;
    let step = (Kind::Incident, "Declared");
    let mut entry = entry(step, "AccessIncident", of, now, &spec.declared_by, details);
    entry.ticket = Some(spec.ticket.clone());
    entry
}

/// An incident is over.
fn ended(incident: &AccessIncident, now: Timestamp) -> Option<Entry> {
    let spec = &incident.spec;
    let (who, why) = match spec.resolved {
        true => (SOMEBODY, "it was resolved; the API server's audit log knows by whom"),
        false if spec.ends_at.0 <= now => (CONTROLLER, "its time is over"),
        false => return None,
    };
    let details = BTreeMap::from([("why", why.to_owned())]);
    let step = (Kind::Incident, "Ended");
    let of = &incident.metadata;
    let mut entry = entry(step, "AccessIncident", of, now, &named(who), details);
    entry.time = now.min(spec.ends_at.0);
    entry.ticket = Some(spec.ticket.clone());
    Some(entry)
}

/// Somebody created or changed a policy or the configuration. Nearly always that
/// stands in the record, and then nothing is hashed.
fn changed(
    kind: &'static str,
    metadata: &ObjectMeta,
    recorded: &BTreeSet<Key>,
    spec: &dyn Fn() -> Option<Digest>,
    now: Timestamp,
) -> Option<Entry> {
    let generation = metadata.generation?;
    let key = Key {
        kind: Kind::PolicyChange,
        subject: metadata.uid.clone()?,
        step: format!("Generation {generation}"),
    };
    if recorded.contains(&key) {
        return None;
    }
    let author = metadata.annotations.as_ref().and_then(|all| all.get(annotation::AUTHOR));
    let author = named(author.map_or(SOMEBODY, String::as_str));
    let details = BTreeMap::from([("spec", spec()?.to_string())]);
    let mut entry = entry((key.kind, &key.step), kind, metadata, now, &author, details);
    if generation > 1 {
        entry.time = now;
    }
    Some(entry)
}

fn named(username: &str) -> Identity {
    Identity { username: username.to_owned(), ..Identity::default() }
}

/// An entry about an object, of when it was made.
fn entry(
    (kind, step): (Kind, &str),
    of: &'static str,
    metadata: &ObjectMeta,
    now: Timestamp,
    actor: &Identity,
    details: BTreeMap<&'static str, String>,
) -> Entry {
    let subject = metadata.uid.clone().unwrap_or_default();
    Entry {
        key: Key { kind, subject, step: step.to_owned() },
        time: metadata.creation_timestamp.as_ref().map_or(now, |time| time.0),
        actor: Identity { groups: Vec::new(), ..actor.clone() },
        ticket: None,
        objects: vec![Object::of(of, metadata)],
        details,
    }
}
