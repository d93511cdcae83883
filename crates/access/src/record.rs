//! What is written into the record, before or beside what it tells of.

use std::collections::BTreeMap;

use fallgate_api::names::CONTROLLER;
use fallgate_api::{
    AccessDecision, AccessGrant, AccessRequest, ClosedBy, EndReason, GrantRef, Identity, Phase,
    Verdict,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// What an entry is about. The record holds one entry for it, however often it
/// is appended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What kind of thing happened.
    pub kind: Kind,
    /// The uid of what it happened to: the grant from its arming on, before that
    /// the request, otherwise the lock, the incident, the policy.
    pub subject: String,
    /// Which of the subject's events of this kind it is.
    pub step: String,
}

/// What kind of thing happened; [`Kind::name`] is the record's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Somebody asked.
    Request,
    /// Somebody decided, or nobody did in time.
    Decision,
    /// The switches of a grant are about to be created.
    Arming,
    /// The policies of a grant are about to be created.
    Opening,
    /// A grant ended.
    End,
    /// Something was asked for, or approved, and did not open.
    Failure,
    /// A grant opens before anybody agreed.
    BreakGlass,
    /// It was looked at afterwards.
    BreakGlassReview,
    /// A lock was set or removed.
    Lock,
    /// An incident was declared, or is over.
    Incident,
    /// A policy for access, or the configuration, was created, changed or deleted.
    PolicyChange,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 11] = [
        Kind::Request,
        Kind::Decision,
        Kind::Arming,
        Kind::Opening,
        Kind::End,
        Kind::Failure,
        Kind::BreakGlass,
        Kind::BreakGlassReview,
        Kind::Lock,
        Kind::Incident,
        Kind::PolicyChange,
    ];

    /// The record's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Decision => "decision",
            Kind::Arming => "arming",
            Kind::Opening => "opening",
            Kind::End => "end",
            Kind::Failure => "failure",
            Kind::BreakGlass => "break-glass",
            Kind::BreakGlassReview => "break-glass-review",
            Kind::Lock => "lock",
            Kind::Incident => "incident",
            Kind::PolicyChange => "policy-change",
        }
    }
}

/// One entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub key: Key,
    /// When it happened, which may be before it is written.
    pub time: Timestamp,
    /// Who did it: user name and uid.
    pub actor: Identity,
    /// The ticket that it was done for.
    pub ticket: Option<String>,
    /// The objects that it was done to and by.
    pub objects: Vec<Object>,
    /// What else is worth keeping, in words; digests for what is large.
    pub details: BTreeMap<&'static str, String>,
}

/// An object of the API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl Object {
    /// An object by its metadata; what the API server did not set is empty.
    pub fn of(kind: &'static str, metadata: &ObjectMeta) -> Object {
        let own = |part: &Option<String>| part.clone().unwrap_or_default();
        Object {
            kind,
            namespace: own(&metadata.namespace),
            name: own(&metadata.name),
            uid: own(&metadata.uid),
        }
    }
}

fn made_at(metadata: &ObjectMeta, otherwise: Timestamp) -> Timestamp {
    metadata.creation_timestamp.as_ref().map_or(otherwise, |time| time.0)
}

/// The controller, as an actor.
fn controller() -> Identity {
    Identity { username: CONTROLLER.to_owned(), ..Identity::default() }
}

/// A user without the groups, which are no part of who somebody is.
fn person(user: &Identity) -> Identity {
    Identity { username: user.username.clone(), uid: user.uid.clone(), groups: Vec::new() }
}

fn uid(metadata: &ObjectMeta) -> String {
    metadata.uid.clone().unwrap_or_default()
}

/// Somebody asked.
pub(crate) fn requested(request: &AccessRequest, now: Timestamp) -> Entry {
    let spec = &request.spec;
    let details =
        BTreeMap::from([("policy", spec.policy_ref.name.clone()), ("reason", spec.reason.clone())]);
    let kind = if spec.break_glass { Kind::BreakGlass } else { Kind::Request };
    Entry {
        key: Key { kind, subject: uid(&request.metadata), step: "Requested".to_owned() },
        time: made_at(&request.metadata, now),
        actor: person(&spec.requested_by),
        ticket: spec.ticket.clone(),
        objects: vec![Object::of("AccessRequest", &request.metadata)],
        details,
    }
}

/// Somebody decided, and it counts.
pub(crate) fn decided(request: &AccessRequest, decision: &AccessDecision, now: Timestamp) -> Entry {
    let spec = &decision.spec;
    let mut details = BTreeMap::from([("verdict", verdict(spec.verdict).to_owned())]);
    if let Some(reason) = &spec.reason {
        details.insert("reason", reason.clone());
    }
    if let Some(hash) = &spec.plan_hash {
        details.insert("planHash", hash.clone());
    }
    let kind = match spec.verdict {
        Verdict::Reviewed => Kind::BreakGlassReview,
        _ => Kind::Decision,
    };
    Entry {
        key: Key { kind, subject: uid(&request.metadata), step: uid(&decision.metadata) },
        time: made_at(&decision.metadata, now),
        actor: person(&spec.decided_by),
        ticket: request.spec.ticket.clone(),
        objects: vec![
            Object::of("AccessRequest", &request.metadata),
            Object::of("AccessDecision", &decision.metadata),
        ],
        details,
    }
}

/// What was asked for does not open: nobody decided in time, somebody refused,
/// or it could not be done.
pub(crate) fn not_opened(
    request: &AccessRequest,
    phase: Phase,
    message: &str,
    at: Timestamp,
) -> Entry {
    Entry {
        key: Key {
            kind: Kind::Failure,
            subject: uid(&request.metadata),
            step: format!("{phase:?}"),
        },
        time: at,
        actor: controller(),
        ticket: request.spec.ticket.clone(),
        objects: vec![Object::of("AccessRequest", &request.metadata)],
        details: BTreeMap::from([("why", message.to_owned())]),
    }
}

/// The switches are about to be created.
pub(crate) fn arming(grant: &AccessGrant, now: Timestamp) -> Entry {
    of_grant(grant, Kind::Arming, "Arming", now)
}

/// The policies are about to be created.
pub(crate) fn opening(grant: &AccessGrant, expires_at: Timestamp, now: Timestamp) -> Entry {
    let mut entry = of_grant(grant, Kind::Opening, "Opening", now);
    entry.details.insert("expiresAt", expires_at.to_string());
    entry
}

/// A grant ended, at that time.
pub(crate) fn ended(
    grant: &AccessGrant,
    reason: Option<EndReason>,
    closed_by: Option<ClosedBy>,
    message: &str,
    at: Timestamp,
) -> Entry {
    let mut entry = of_grant(grant, Kind::End, "Ended", at);
    if let Some(reason) = reason {
        entry.details.insert("endReason", format!("{reason:?}"));
    }
    if let Some(by) = closed_by {
        entry.details.insert("closedBy", format!("{by:?}"));
    }
    entry.details.insert("why", message.to_owned());
    entry
}

/// A grant was deleted while it was open, and what it had opened with it.
pub(crate) fn lost(
    request: &AccessRequest,
    grant: &GrantRef,
    message: &str,
    at: Timestamp,
) -> Entry {
    let mut entry = not_opened(request, Phase::Ended, message, at);
    entry.key = Key { kind: Kind::End, subject: grant.uid.clone(), step: "Ended".to_owned() };
    entry
}

fn of_grant(grant: &AccessGrant, kind: Kind, step: &str, at: Timestamp) -> Entry {
    let request = &grant.spec.request_ref;
    let request = Object {
        kind: "AccessRequest",
        namespace: request.namespace.clone(),
        name: request.name.clone(),
        uid: request.uid.clone(),
    };
    let details = BTreeMap::from([
        ("planHash", grant.spec.plan_hash.clone()),
        ("requester", grant.spec.requested_by.username.clone()),
    ]);
    Entry {
        key: Key { kind, subject: uid(&grant.metadata), step: step.to_owned() },
        time: at,
        actor: controller(),
        ticket: grant.spec.ticket.clone(),
        objects: vec![request, Object::of("AccessGrant", &grant.metadata)],
        details,
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approved => "Approved",
        Verdict::Denied => "Denied",
        Verdict::Withdrawn => "Withdrawn",
        Verdict::Revoked => "Revoked",
        Verdict::Reviewed => "Reviewed",
    }
}
