//! The state machine: from what was observed to the next step.

mod closing;
mod deciding;
mod opening;
mod sweep;
mod switch;

use std::collections::BTreeSet;

use fallgate_api::names::verb;
use fallgate_api::{
    AccessGrant, AccessGrantStatus, AccessRequest, AccessRequestSpec, AccessRequestStatus, Phase,
    Plan,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::decide::{Ballot, Consent, Tally};
use crate::observed::Observed;
use crate::record::{Entry, Key};
use crate::resolve::Case;
use crate::rights::Question;
use crate::status;
use crate::step::{Call, Step, Wait};
use crate::terms::Terms;

pub use closing::Ending;
pub use sweep::{Owner, sweep};

/// How long the arming of a grant may take, from its creation to its policies.
pub const ARMING: SignedDuration = SignedDuration::from_secs(60);
/// How old an answer may be when something opens.
pub const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// How old an answer may be that only says where a request stands.
const PATIENT: SignedDuration = SignedDuration::from_hours(1);
/// How far the clocks may be apart when something opens.
pub const SKEW: SignedDuration = SignedDuration::from_secs(10);
/// How long before its end a lease is no longer relied on.
const LEASE: SignedDuration = SignedDuration::from_secs(2);
/// When to look again at what should have changed.
const LOOK: SignedDuration = SignedDuration::from_secs(1);

/// The next step of a request and its grant.
///
/// What closes is looked at first and waits for nothing; then come the steps
/// that open, each of which needs everything there is to need.
pub fn next(observed: &Observed<'_>, now: Timestamp) -> Step {
    let cycle = Cycle { o: observed, now };
    let own = |grant: &&AccessGrant| cycle.is_own(grant);
    if let Some(grant) = observed.grant.filter(own) {
        return match cycle.ending(grant) {
            Some(ending) => cycle.close(grant, &ending),
            None if cycle.leads() => cycle.grant(grant),
            None => cycle.wait("another process leads", cycle.due(grant)),
        };
    }
    let status = cycle.status();
    if status.phase.is_terminal() {
        return cycle.aftermath(None);
    }
    if let Some(gone) = &status.grant_ref {
        return cycle.vanished(gone);
    }
    if cycle.leads() { cycle.request() } else { cycle.wait("another process leads", None) }
}

/// One call of [`next`].
struct Cycle<'a> {
    o: &'a Observed<'a>,
    now: Timestamp,
}

impl<'a> Cycle<'a> {
    /// Whether a grant is the one of this request, and no other of its name. A
    /// request has one grant, ever: what a replayed create brings after the first
    /// one is gone is none.
    fn is_own(&self, grant: &AccessGrant) -> bool {
        let uid = &grant.metadata.uid;
        let first = self.o.request.status.as_ref().and_then(|status| status.grant_ref.as_ref());
        uid.is_some()
            && self.is_quoted_by(grant)
            && first.is_none_or(|first| uid.as_ref() == Some(&first.uid))
    }

    fn is_quoted_by(&self, grant: &AccessGrant) -> bool {
        let request = &self.o.request.metadata;
        request.uid.as_ref() == Some(&grant.spec.request_ref.uid)
            && request.namespace == grant.metadata.namespace
    }

    fn spec(&self) -> &'a AccessRequestSpec {
        &self.o.request.spec
    }

    fn status(&self) -> AccessRequestStatus {
        self.o.request.status.clone().unwrap_or_default()
    }

    fn leads(&self) -> bool {
        self.o.lease.is_some_and(|until| self.now.duration_since(until) < -LEASE)
    }

    /// The later of our clock and the API server's: what ends by one of them has
    /// ended.
    fn later(&self) -> Timestamp {
        let ahead = self.o.skew.unwrap_or_default().max(SignedDuration::ZERO);
        self.now.checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    fn created(&self) -> Timestamp {
        // What has no time of its creation has been there for ever.
        let made = &self.o.request.metadata.creation_timestamp;
        made.as_ref().map_or(Timestamp::MIN, |time| time.0)
    }

    fn plan(&self) -> Option<&'a Plan> {
        self.o.request.status.as_ref()?.plan.as_ref()
    }

    fn wait(&self, why: &str, until: Option<Timestamp>) -> Step {
        Step::Wait(Wait { until, why: why.to_owned() })
    }

    fn soon(&self) -> Option<Timestamp> {
        self.now.checked_add(LOOK).ok()
    }

    /// Writes the request's status, where that changes anything.
    fn write(&self, status: AccessRequestStatus) -> Option<Step> {
        let changes = self.o.request.status.as_ref() != Some(&status);
        changes.then(|| Step::Send(Call::WriteRequest(Box::new(status))))
    }

    fn write_grant(&self, grant: &AccessGrant, status: AccessGrantStatus) -> Option<Step> {
        let changes = grant.status.as_ref() != Some(&status);
        changes.then(|| Step::Send(Call::WriteGrant(Box::new(status))))
    }

    /// Waits, after the request's status says what for.
    fn hold(&self, why: &str, until: Option<Timestamp>) -> Step {
        let mut status = self.status();
        status.message = status::message(why);
        self.write(status).unwrap_or_else(|| self.wait(why, until))
    }

    fn recorded(&self, key: &Key) -> bool {
        self.o.record.entries.contains(key)
    }

    /// The first of some entries that is not in the record.
    fn missing_entry(&self, entries: impl IntoIterator<Item = Entry>) -> Option<Entry> {
        entries.into_iter().find(|entry| !self.recorded(&entry.key))
    }

    fn terms(&self) -> Option<Terms<'a>> {
        Some(Terms {
            config: self.o.config?,
            policy: self.o.policy?,
            request: self.o.request,
            ticket: self.o.ticket,
            on_call: self.o.on_call,
            incidents: self.o.incidents,
            others: self.o.others,
        })
    }

    fn case(&self) -> Option<Case<'a>> {
        Some(Case {
            config: self.o.config?,
            policy: self.o.policy?,
            request: self.o.request,
            narrowings: Vec::new(),
        })
    }

    /// What the decisions come to.
    fn tally(&self, fresh: SignedDuration, no_narrowing: &BTreeSet<String>) -> Tally<'a> {
        let default = Default::default();
        let namespaces = self.plan().map(|plan| plan.decision_namespaces.as_slice());
        let ballot = Ballot {
            config: self.o.config.unwrap_or(&default),
            policy: self.o.policy.map(|policy| policy.spec),
            request: self.o.request,
            decisions: self.o.decisions,
            plan_hash: self.o.request.status.as_ref().and_then(|s| s.plan_hash.as_deref()),
            namespaces: namespaces.unwrap_or_default(),
            deadline: self.deadline(),
            no_narrowing,
            rights: self.o.rights,
            fresh,
            consent: self.consent(),
        };
        ballot.tally(self.now)
    }

    /// Until when approvals must have been given: as it was written when the
    /// request was planned.
    fn deadline(&self) -> Option<Timestamp> {
        let written = self.o.request.status.as_ref()?.approval_expires_at.as_ref();
        written.map(|time| time.0).or_else(|| self.expiry())
    }

    /// When the request expires by its policy.
    fn expiry(&self) -> Option<Timestamp> {
        let pending = SignedDuration::from_secs(self.o.policy?.spec.pending_seconds);
        self.created().checked_add(pending).ok()
    }

    fn consent(&self) -> Consent {
        if self.spec().break_glass {
            return Consent::Nobody;
        }
        let automatic = self
            .terms()
            .zip(self.plan())
            .is_some_and(|(terms, plan)| terms.not_automatic(&plan.effect, self.now).is_none());
        if automatic { Consent::Policy } else { Consent::People }
    }

    /// The rights that the requester needs: where the request is and, with
    /// break-glass, wherever an object will lie.
    fn own_rights(&self) -> Vec<Question> {
        let spec = self.spec();
        let home = self.o.request.metadata.namespace.as_deref().unwrap_or_default();
        let ask = |verb, namespace: &str| {
            Question::new(&spec.requested_by, verb, &spec.policy_ref, namespace)
        };
        let mut questions = vec![ask(verb::USE, home)];
        if spec.break_glass {
            questions.push(ask(verb::BREAK_GLASS, home));
            let others = self.plan().map(|plan| plan.decision_namespaces.as_slice());
            let others = others.unwrap_or_default().iter().filter(|namespace| *namespace != home);
            questions.extend(others.map(|namespace| ask(verb::BREAK_GLASS, namespace)));
        }
        questions
    }

    fn due(&self, grant: &AccessGrant) -> Option<Timestamp> {
        due(self.o.request, grant)
    }

    fn window_end(&self, grant: &AccessGrant) -> Option<Timestamp> {
        window_end(self.o.request, grant)
    }
}

/// When a grant ends by its time at the latest, by the API server's clock: what
/// was written when it was armed, and of a start that was set ahead never later
/// than its own end.
pub fn due(request: &AccessRequest, grant: &AccessGrant) -> Option<Timestamp> {
    let written = grant.status.as_ref().and_then(|status| status.expires_at.as_ref());
    earlier(written.map(|time| time.0), window_end(request, grant))
}

/// The end of a window that was asked for with its start.
fn window_end(request: &AccessRequest, grant: &AccessGrant) -> Option<Timestamp> {
    let start = request.spec.not_before.as_ref()?.0;
    let seconds = SignedDuration::from_secs(grant.spec.approved.duration_seconds);
    start.checked_add(seconds).ok()
}

/// The earlier of two times, of which there may be only one.
fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

/// The time after a moment, as statuses have it.
fn after(moment: Timestamp, seconds: i64) -> Option<Time> {
    moment.checked_add(SignedDuration::from_secs(seconds)).ok().map(Time)
}

/// Where a grant stands.
fn grant_phase(grant: &AccessGrant) -> Phase {
    grant.status.as_ref().map(|status| status.phase).unwrap_or_default()
}
