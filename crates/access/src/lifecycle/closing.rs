//! Why a grant ends, and how it is closed.

use fallgate_api::names::{condition, reason};
use fallgate_api::{
    AccessGrant, AccessGrantStatus, ClosedBy, EndReason, GrantRef, ManagedObject, Phase, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::switch::{self, Switch};
use super::{ARMING, Cycle, PATIENT, grant_phase};
use crate::decide::Standing;
use crate::identity::People;
use crate::observed::{Live, Lock, Probe, belongs};
use crate::record::{self, Key, Kind, Object};
use crate::refusal::Refusal;
use crate::status::{self, Truth};
use crate::step::{Call, Step};

/// A switch that fires so much before the deadline that was written fired at its
/// deadline: the control plane's times are whole seconds.
const EARLY: SignedDuration = SignedDuration::from_secs(2);
const A_DAY: i64 = 86_400;

/// Why a grant must not be open. Whoever drives a life cycle hands it back as it
/// came, in [`Observed::closing`](crate::Observed::closing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    why: Why,
    /// Who deleted what it had opened, where that was seen.
    by: Option<ClosedBy>,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It was open, or nearly, and ends.
    Reason(EndReason),
    /// Somebody refused before it was open.
    Denied,
    /// It cannot be opened, for this reason of a condition.
    Failed(&'static str),
}

fn ends(reason: EndReason, message: impl Into<String>) -> Option<Ending> {
    Some(Ending { why: Why::Reason(reason), by: None, message: message.into() })
}

impl Ending {
    /// It cannot be opened, or not to the end.
    pub(super) fn failed(refusal: &Refusal) -> Ending {
        let why = Why::Failed(refusal.reason());
        Ending { why, by: None, message: refusal.to_string() }
    }

    fn by(self, by: ClosedBy) -> Ending {
        Ending { by: Some(by), ..self }
    }
}

impl Cycle<'_> {
    /// Why a grant must not be open; nothing where it may. None of this needs a
    /// lease, the record, a rota, or anything that is not there.
    pub(super) fn ending(&self, grant: &AccessGrant) -> Option<Ending> {
        self.told(grant)
            .or_else(|| self.o.closing.cloned())
            .or_else(|| self.ended_before(grant))
            .or_else(|| self.stopped())
            .or_else(|| self.locked(grant))
            .or_else(|| self.over(grant))
            .or_else(|| self.changed(grant))
            .or_else(|| self.resolved())
            .or_else(|| self.overdue(grant))
            .or_else(|| self.broken(grant))
            .or_else(|| self.not_armed(grant))
            .or_else(|| self.grown(grant))
    }

    /// It has ended, or is ending: that never reverts. Nor does it outlive its
    /// request.
    fn told(&self, grant: &AccessGrant) -> Option<Ending> {
        let status = grant.status.clone().unwrap_or_default();
        let why = match (status.phase, status.end_reason) {
            (Phase::Revoking | Phase::Ended, Some(reason)) => Why::Reason(reason),
            (Phase::Ended, None) => Why::Reason(EndReason::Revoked),
            (Phase::Withdrawn, _) => Why::Reason(EndReason::Withdrawn),
            (Phase::Denied, _) => Why::Denied,
            (Phase::Revoking, None) if status::holds(&status.conditions, condition::DENIED) => {
                Why::Denied
            }
            (phase, _) if phase == Phase::Revoking || phase.is_terminal() => {
                Why::Failed(reason::CHANGED)
            }
            _ if self.status().phase.is_terminal() => {
                let over = Refusal::Changed("the request, which is over,");
                return Some(Ending::failed(&over));
            }
            _ if self.o.request.metadata.deletion_timestamp.is_some() => {
                let ending = ends(EndReason::Revoked, "its request was deleted");
                return ending.map(|ending| ending.by(ClosedBy::Other));
            }
            _ => return None,
        };
        let message = status.message.unwrap_or_default();
        Some(Ending { why, by: status.closed_by, message })
    }

    /// The record says that it has ended. A cluster that was restored from a backup
    /// knows nothing of that.
    fn ended_before(&self, grant: &AccessGrant) -> Option<Ending> {
        let ended = self.recorded(&self.key(grant, Kind::End, "Ended"));
        ended.then(|| ends(EndReason::Revoked, "the record says that it had ended")).flatten()
    }

    /// Somebody gave it back, ended it, or refused it. Admission has asked for
    /// the right when the decision was made, and closing is not held up by
    /// asking again; a right that is known to be lacking is another matter.
    fn stopped(&self) -> Option<Ending> {
        let tally = self.tally(PATIENT, &Default::default());
        let stop = tally.judged.iter().find(|judged| {
            let verdict = judged.decision.spec.verdict;
            matches!(verdict, Verdict::Withdrawn | Verdict::Revoked | Verdict::Denied)
                && !matches!(judged.standing, Standing::Discarded(_))
        })?;
        let spec = &stop.decision.spec;
        let by = format!("`{}`", spec.decided_by.username);
        let why = spec.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        match spec.verdict {
            Verdict::Withdrawn => ends(EndReason::Withdrawn, format!("{by} withdrew it{why}")),
            Verdict::Denied => {
                let message = format!("{by} denied it{why}");
                Some(Ending { why: Why::Denied, by: None, message })
            }
            _ => ends(EndReason::Revoked, format!("{by} revoked it{why}")),
        }
    }

    fn locked(&self, grant: &AccessGrant) -> Option<Ending> {
        let lock = self.lock(&grant.spec.namespaces)?;
        ends(EndReason::Locked, Refusal::Locked(lock.name.to_owned()).to_string())
    }

    /// A lock that is in force on the request, or on one of some namespaces.
    pub(super) fn lock(&self, namespaces: &[String]) -> Option<&Lock<'_>> {
        let default = Default::default();
        let people = People::new(self.o.config.unwrap_or(&default));
        let spec = self.spec();
        let home = self.o.request.metadata.namespace.as_deref();
        self.o.locks.iter().find(|lock| {
            let here = lock.namespace.is_none_or(|namespace| {
                Some(namespace) == home || namespaces.iter().any(|other| other == namespace)
            });
            let held = lock.spec.all
                || lock
                    .spec
                    .user
                    .as_ref()
                    .is_some_and(|name| people.goes_by(&spec.requested_by, name))
                || lock.spec.policy_ref.as_ref() == Some(&spec.policy_ref);
            let until = lock.spec.expires_at.as_ref();
            here && held && until.is_none_or(|until| self.now < until.0)
        })
    }

    /// Its time is over, by either clock.
    fn over(&self, grant: &AccessGrant) -> Option<Ending> {
        let Some(due) = self.due(grant) else {
            // What is open and knows no end has none but now.
            let open = grant_phase(grant) == Phase::Active;
            return open.then(|| ends(EndReason::DriftDetected, "its end was not known")).flatten();
        };
        if self.later() < due {
            return None;
        }
        let ending = ends(EndReason::Expired, "its time was over")?;
        // Whoever finds nothing left did not close it.
        Some(if self.is_gone(grant) { ending.by(ClosedBy::Switch) } else { ending })
    }

    fn is_gone(&self, grant: &AccessGrant) -> bool {
        let uid = grant.metadata.uid.as_deref().unwrap_or_default();
        self.o.live.is_some_and(|live| Remains::of(live, uid, grant.status.as_ref()).is_none())
    }

    /// Its policy is not the one that it was approved under.
    fn changed(&self, grant: &AccessGrant) -> Option<Ending> {
        let approved = &grant.spec.policy;
        match &self.o.policy {
            None if !self.o.complete => None,
            None => ends(EndReason::PolicyChanged, "its policy was deleted"),
            Some(policy) if policy.planned() == *approved => None,
            Some(_) => ends(EndReason::PolicyChanged, "its policy was changed"),
        }
    }

    /// Its ticket is closed, or its incident is over. What cannot be read is
    /// neither.
    fn resolved(&self) -> Option<Ending> {
        let terms = self.terms()?;
        if terms.ticket_state(self.now) == Some(false) {
            let ticket = self.spec().ticket.as_deref().unwrap_or_default();
            return ends(EndReason::TicketClosed, format!("ticket `{ticket}` was closed"));
        }
        match terms.incident(self.now) {
            Err(refusal) if self.o.complete => {
                ends(EndReason::IncidentResolved, refusal.to_string())
            }
            _ => None,
        }
    }

    fn overdue(&self, grant: &AccessGrant) -> Option<Ending> {
        let status = grant.status.as_ref()?;
        let due = status.review_due_at.as_ref()?.0;
        let tally = self.tally(PATIENT, &Default::default());
        let reviewed = tally.judged.iter().any(|judged| {
            judged.decision.spec.verdict == Verdict::Reviewed
                && !matches!(judged.standing, Standing::Discarded(_))
        });
        if self.now < due || reviewed || status::holds(&status.conditions, condition::REVIEWED) {
            return None;
        }
        ends(EndReason::ReviewOverdue, "its review was due and was not made")
    }

    /// Something of what it created is gone, or is not as it was created.
    fn broken(&self, grant: &AccessGrant) -> Option<Ending> {
        let (live, status) = (self.o.live?, grant.status.as_ref());
        let uid = grant.metadata.uid.as_deref()?;
        let limit = grant.spec.approved.duration_seconds;
        let armed = status.map(|status| status.switches.as_slice()).unwrap_or_default();
        for namespace in &grant.spec.namespaces {
            let written = armed.iter().find(|switch| switch.namespace == *namespace);
            let found = switch::find(live.switches, uid, namespace);
            match (found, written) {
                (None, Some(_)) => return self.gone("its switch"),
                (Some(job), _) => {
                    let same =
                        written.is_none_or(|w| job.metadata.uid.as_deref() == Some(w.uid.as_str()));
                    match switch::look(job, uid, limit) {
                        Switch::Broken(what) if same && written.is_some() => {
                            return altered("switch", what);
                        }
                        Switch::Broken(_) if !belongs(&job.metadata, uid) => {
                            return Some(
                                self.taken(format!("Job `{namespace}/{}`", named(&job.metadata))),
                            );
                        }
                        Switch::Broken(what) => return altered("switch", what),
                        Switch::Firing => return self.gone("its switch"),
                        Switch::Idle if written.is_some() => {
                            return altered("switch", "its clock was stopped");
                        }
                        Switch::Armed(start, deadline)
                            if written.is_some_and(|w| {
                                w.start_time != Some(Time(start))
                                    || w.deadline != Some(Time(deadline))
                            }) =>
                        {
                            return altered("switch", "its clock was set anew");
                        }
                        Switch::Armed(..) | Switch::Idle if same => {}
                        Switch::Armed(..) | Switch::Idle => {
                            return altered("switch", "it is another one of its name");
                        }
                    }
                }
                (None, None) => {}
            }
        }
        let active = grant_phase(grant) == Phase::Active;
        for (at, _) in grant.spec.policies.iter().enumerate() {
            let Some(namespace) = switch::policy_namespace(grant, at) else {
                return altered("plan", "a policy of it names no namespace");
            };
            let Some(policy) = switch::find_policy(live.policies, grant, uid, at) else {
                if active {
                    return self.gone("its policy");
                }
                continue;
            };
            let owner = armed.iter().find(|switch| switch.namespace == namespace);
            let owner = owner.map(|switch| switch.uid.as_str()).unwrap_or_default();
            let known = |object: &ManagedObject| Some(&object.uid) == policy.metadata.uid.as_ref();
            let known = status.is_some_and(|status| status.objects.iter().any(known));
            if !known && !belongs(&policy.metadata, uid) {
                let name = format!("NetworkPolicy `{namespace}/{}`", named(&policy.metadata));
                return Some(self.taken(name));
            }
            if policy.metadata.deletion_timestamp.is_some() {
                return self.gone("its policy");
            }
            if let Some(what) = switch::altered(policy, grant, uid, at, owner) {
                return altered("policy", what);
            }
        }
        None
    }

    /// Something was deleted: by the control plane at the deadline, else by
    /// somebody, which is as good as revoking.
    fn gone(&self, what: &str) -> Option<Ending> {
        let due = self.o.grant.and_then(|grant| self.due(grant));
        let deadline = due.and_then(|due| due.checked_sub(EARLY).ok());
        let (reason, by) = match deadline {
            Some(deadline) if self.later() >= deadline => (EndReason::Expired, ClosedBy::Switch),
            _ => (EndReason::Revoked, ClosedBy::Other),
        };
        let ending = ends(reason, format!("{what} was deleted"))?;
        Some(ending.by(by))
    }

    fn taken(&self, name: String) -> Ending {
        Ending::failed(&Refusal::NameTaken(name))
    }

    /// What must come within a minute did not, or something turned out that
    /// nothing is opened with.
    fn not_armed(&self, grant: &AccessGrant) -> Option<Ending> {
        if grant_phase(grant) == Phase::Active {
            return None;
        }
        let canaries = &self.o.canaries;
        for (probe, what) in
            [(canaries.owner, "a policy without a switch"), (canaries.identity, "a false name")]
        {
            if probe == Probe::Failed {
                return Some(Ending::failed(&Refusal::AdmissionCanary(what)));
            }
        }
        let made = grant.metadata.creation_timestamp.as_ref().map_or(Timestamp::MIN, |t| t.0);
        (self.later().duration_since(made) > ARMING)
            .then(|| Ending::failed(&Refusal::ArmingTimedOut(ARMING.as_secs())))
    }

    /// What it opens has become more than was approved. Whoever leads looks,
    /// since looking is dear.
    fn grown(&self, grant: &AccessGrant) -> Option<Ending> {
        if grant_phase(grant) != Phase::Active || !self.leads() {
            return None;
        }
        let growth = self.o.world.growth(grant)?;
        ends(EndReason::DriftDetected, format!("it opened more than was approved: {growth}"))
    }

    /// The next step of closing: the switches first, so that a policy which is
    /// still on its way finds its owner gone, then the policies. What is not open
    /// yet is first written off, since it could else be taken up again.
    pub(super) fn close(&self, grant: &AccessGrant, ending: &Ending) -> Step {
        let Some(live) = self.o.live else {
            return self.wait("the grant's objects could not be read", self.soon());
        };
        let uid = grant.metadata.uid.as_deref().unwrap_or_default();
        let remains = Remains::of(live, uid, grant.status.as_ref());
        let phase = grant_phase(grant);
        let told = phase == Phase::Revoking || phase.is_terminal();
        let tell = || (!told && self.leads()).then(|| self.revoking(grant, ending));
        if remains.switches_only()
            && let Some(step) = tell().flatten()
        {
            return step;
        }
        if let Some(object) = remains.next(uid) {
            return Step::Send(Call::Close(object, ending.clone()));
        }
        if !remains.is_none() {
            let waiting = || self.wait("what the grant opened is being deleted", self.soon());
            return tell().flatten().unwrap_or_else(waiting);
        }
        if !self.leads() {
            return self.wait("another process leads", None);
        }
        let last = if phase.is_terminal() { None } else { self.last(grant, ending) };
        last.unwrap_or_else(|| self.aftermath(Some(grant)))
    }

    /// A grant that was there is gone, whoever deleted it. What it opened is
    /// closed, and it is not made again.
    pub(super) fn vanished(&self, gone: &GrantRef) -> Step {
        if !self.o.complete {
            return self.wait("not everything could be read", self.soon());
        }
        let Some(live) = self.o.live else {
            return self.wait("what the grant opened could not be read", self.soon());
        };
        let remains = Remains::of(live, &gone.uid, None);
        match remains.next(&gone.uid) {
            Some(object) => Step::Send(Call::Delete(object)),
            None if !remains.is_none() => {
                self.wait("what the grant opened is being deleted", self.soon())
            }
            None if !self.leads() => self.wait("another process leads", None),
            None => self.end(Phase::Ended, reason::CHANGED, "its grant was deleted"),
        }
    }

    fn revoking(&self, grant: &AccessGrant, ending: &Ending) -> Option<Step> {
        let mut status = grant.status.clone().unwrap_or_default();
        status.phase = Phase::Revoking;
        self.explain(&mut status, ending);
        self.write_grant(grant, status)
    }

    /// The last word on a grant of which nothing is left.
    fn last(&self, grant: &AccessGrant, ending: &Ending) -> Option<Step> {
        let mut status = grant.status.clone().unwrap_or_default();
        let opening = self.key(grant, Kind::Opening, "Opening");
        let opened = status.activated_at.is_some() || self.recorded(&opening);
        if status.phase != Phase::Revoking {
            self.explain(&mut status, ending);
        }
        status.phase = match ending.why {
            Why::Reason(_) if opened => Phase::Ended,
            Why::Reason(EndReason::Withdrawn) => Phase::Withdrawn,
            Why::Denied if opened => Phase::Ended,
            Why::Denied => Phase::Denied,
            Why::Reason(_) | Why::Failed(_) => Phase::Failed,
        };
        if status.phase == Phase::Ended && status.end_reason.is_none() {
            status.end_reason = Some(EndReason::Revoked);
        }
        status.ended_at = status.ended_at.or(Some(Time(self.now)));
        let conditions = &mut status.conditions;
        let (done, text) = (reason::SUCCEEDED, "everything that it had opened is gone");
        status::set(conditions, condition::REVOKED, Truth::True, done, text, self.now);
        let text = "nothing is installed that could end connections which were open";
        status::set(
            conditions,
            condition::SEVERED,
            Truth::Unknown,
            reason::NO_AGENT,
            text,
            self.now,
        );
        self.write_grant(grant, status)
    }

    fn explain(&self, status: &mut AccessGrantStatus, ending: &Ending) {
        status.message = status::message(&ending.message);
        status.closed_by = status.closed_by.or(ending.by).or(Some(ClosedBy::Controller));
        let conditions = &mut status.conditions;
        let text = &ending.message;
        match ending.why {
            Why::Reason(reason) => {
                status.end_reason = Some(reason);
                if reason == EndReason::DriftDetected {
                    let why = reason::CHANGED;
                    status::set(conditions, condition::DRIFTED, Truth::True, why, text, self.now);
                }
            }
            Why::Denied => {
                let why = reason::NOT_ALLOWED;
                status::set(conditions, condition::DENIED, Truth::True, why, text, self.now);
            }
            Why::Failed(why) => {
                status::set(conditions, condition::APPLIED, Truth::False, why, text, self.now);
            }
        }
    }

    fn key(&self, grant: &AccessGrant, kind: Kind, step: &str) -> Key {
        let subject = grant.metadata.uid.clone().unwrap_or_default();
        Key { kind, subject, step: step.to_owned() }
    }

    /// What is left to do once nothing follows: the request says the same as its
    /// grant, the record has it all, and after the time of retention everything
    /// is forgotten but the record.
    pub(super) fn aftermath(&self, grant: Option<&AccessGrant>) -> Step {
        if !self.leads() {
            return self.wait("another process leads", None);
        }
        if let Some(step) = grant.and_then(|grant| self.mirror(grant)) {
            return step;
        }
        if let Some(step) = grant.and_then(|grant| self.review(grant)) {
            return step;
        }
        let missing = self.missing_entry(self.told_entries().chain([self.last_entry(grant)]));
        if let Some(entry) = missing {
            if self.o.record.writable {
                return Step::Append(Box::new(entry));
            }
            return self.wait("the record cannot be written", self.soon());
        }
        if let Some(step) = self.logged(grant) {
            return step;
        }
        self.forget(grant)
    }

    /// Says that every step stands in the record.
    fn logged(&self, grant: Option<&AccessGrant>) -> Option<Step> {
        let (type_, done) = (condition::LOGGED, reason::SUCCEEDED);
        if self.status().grant_ref.is_some() && grant.is_none() {
            return None;
        }
        if let Some(grant) = grant {
            let mut status = grant.status.clone()?;
            status::set(&mut status.conditions, type_, Truth::True, done, "", self.now);
            return self.write_grant(grant, status);
        }
        let mut status = self.status();
        status::set(&mut status.conditions, type_, Truth::True, done, "", self.now);
        self.write(status)
    }

    /// The request's status says where its grant stands. A request that was over
    /// before a grant came late stays as it was.
    pub(super) fn mirror(&self, grant: &AccessGrant) -> Option<Step> {
        let mut status = self.status();
        if !status.phase.is_terminal() {
            let phase = grant_phase(grant);
            status.phase = if phase == Phase::Pending { Phase::Arming } else { phase };
            status.message = grant.status.as_ref().and_then(|status| status.message.clone());
        }
        status.grant_ref = Some(GrantRef {
            name: grant.metadata.name.clone().unwrap_or_default(),
            uid: grant.metadata.uid.clone().unwrap_or_default(),
        });
        self.write(status)
    }

    /// Takes a review in. It may come at any time, also after the end.
    pub(super) fn review(&self, grant: &AccessGrant) -> Option<Step> {
        let mut status = grant.status.clone()?;
        if !grant.spec.break_glass || status::holds(&status.conditions, condition::REVIEWED) {
            return None;
        }
        let tally = self.tally(PATIENT, &Default::default());
        let Some(review) = tally.first(Verdict::Reviewed) else {
            let asks = |judged: &&crate::decide::Judged<'_>| {
                judged.decision.spec.verdict == Verdict::Reviewed
            };
            return tally.judged.iter().filter(asks).find_map(|judged| match &judged.standing {
                Standing::Asks(question) => Some(Step::Send(Call::Ask(question.clone()))),
                Standing::Counts | Standing::Discarded(_) => None,
            });
        };
        let by = format!("`{}` reviewed it", review.spec.decided_by.username);
        let (type_, why) = (condition::REVIEWED, reason::SUCCEEDED);
        status::set(&mut status.conditions, type_, Truth::True, why, &by, self.now);
        self.write_grant(grant, status)
    }

    fn last_entry(&self, grant: Option<&AccessGrant>) -> record::Entry {
        let status = self.status();
        let moved = || status::last_transition(&status.conditions).unwrap_or(self.now);
        let message = status.message.clone().unwrap_or_default();
        match (grant.and_then(|grant| Some((grant, grant.status.as_ref()?))), &status.grant_ref) {
            (None, None) => record::not_opened(self.o.request, status.phase, &message, moved()),
            (None, Some(lost)) => record::lost(self.o.request, lost, &message, moved()),
            (Some((grant, of_grant)), _) => {
                let at = of_grant.ended_at.as_ref().map_or_else(moved, |time| time.0);
                record::ended(grant, of_grant.end_reason, of_grant.closed_by, &message, at)
            }
        }
    }

    /// Deletes what has been kept for long enough: decisions, then the grant,
    /// then the request.
    fn forget(&self, grant: Option<&AccessGrant>) -> Step {
        let Some(config) = self.o.config else {
            return self.wait("there is no AccessConfig that says how long it is kept", None);
        };
        let of_grant = grant.and_then(|grant| grant.status.as_ref());
        let ended = of_grant.and_then(|status| status.ended_at.as_ref()).map(|time| time.0);
        let ended = ended.or_else(|| status::last_transition(&self.status().conditions));
        let kept = SignedDuration::from_secs(i64::from(config.retention_days) * A_DAY);
        let until = ended.unwrap_or_else(|| self.created()).checked_add(kept).ok();
        if until.is_none_or(|until| self.now < until) {
            return self.wait("it is kept as a record", until);
        }
        let grant = self.o.grant.filter(|grant| self.is_quoted_by(grant));
        let decisions = self.o.decisions.iter();
        let mut all = decisions
            .map(|decision| ("AccessDecision", &decision.metadata))
            .chain(grant.map(|grant| ("AccessGrant", &grant.metadata)))
            .chain([("AccessRequest", &self.o.request.metadata)]);
        match all.find(|(_, metadata)| metadata.deletion_timestamp.is_none()) {
            Some((kind, metadata)) => Step::Send(Call::Delete(Object::of(kind, metadata))),
            None => self.wait("it is being deleted", self.soon()),
        }
    }
}

/// What is there of a grant's objects, the switches first, in an order that is
/// always the same.
struct Remains<'a>(Vec<(&'static str, &'a ObjectMeta)>);

impl<'a> Remains<'a> {
    /// The objects with a grant's label, and those without it that its status
    /// names, or that one of its switches owns: somebody took the label away.
    fn of(live: Live<'a>, uid: &str, status: Option<&AccessGrantStatus>) -> Remains<'a> {
        let switch = |uid: &String| {
            status.is_some_and(|status| status.switches.iter().any(|switch| switch.uid == *uid))
        };
        let object = |uid: &String| {
            status.is_some_and(|status| status.objects.iter().any(|object| object.uid == *uid))
        };
        let owned = |metadata: &ObjectMeta| {
            metadata.owner_references.iter().flatten().any(|owner| switch(&owner.uid))
        };
        let own = |(_, metadata): &(&str, &ObjectMeta)| {
            belongs(metadata, uid)
                || metadata.uid.as_ref().is_some_and(|uid| switch(uid) || object(uid))
                || owned(metadata)
        };
        let switches = live.switches.iter().map(|job| ("Job", &job.metadata));
        let policies = live.policies.iter().map(|policy| ("NetworkPolicy", &policy.metadata));
        let mut all: Vec<_> = switches.chain(policies).filter(own).collect();
        all.sort_by_key(|(kind, metadata)| (*kind, &metadata.namespace, &metadata.name));
        Remains(all)
    }

    fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something would open if it were taken up again, and nothing is.
    fn switches_only(&self) -> bool {
        !self.is_none() && self.0.iter().all(|(kind, _)| *kind == "Job")
    }

    /// The next object to delete. What lacks the label is not ours to touch; it
    /// goes with the switch that owns it.
    fn next(&self, uid: &str) -> Option<Object> {
        let doomed = self.0.iter().find(|(_, metadata)| {
            metadata.deletion_timestamp.is_none()
                && metadata.uid.is_some()
                && belongs(metadata, uid)
        });
        doomed.map(|(kind, metadata)| Object::of(kind, metadata))
    }
}

fn altered(what: &str, how: &str) -> Option<Ending> {
    ends(EndReason::DriftDetected, format!("its {what} was changed: {how}"))
}

fn named(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}
