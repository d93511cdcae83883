//! A request without a grant: planned, decided, scheduled.

use std::collections::BTreeSet;

use fallgate_api::names::{condition, reason};
use fallgate_api::{
    AccessGrant, AccessGrantSpec, AccessRequestStatus, CountedDecision, Evidence, EvidenceKind,
    Identity, Phase, Plan, RequestRef, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::opening::Hindrance;
use super::{Cycle, PATIENT, after, earlier};
use crate::decide::{Consent, Discard, Judged, Standing, Tally, made_at};
use crate::effect;
use crate::observed::{Probe, grant_name};
use crate::plan::Planned;
use crate::record::{self, Entry, Key, Kind};
use crate::refusal::Refusal;
use crate::resolve::Narrowing;
use crate::status::{self, Truth};
use crate::step::{Call, Step};

/// The most decisions that a status lists.
const LISTED: usize = 64;

impl<'a> Cycle<'a> {
    /// The next step of a request that has no grant.
    pub(super) fn request(&self) -> Step {
        if self.o.request.metadata.deletion_timestamp.is_some() {
            return self.wait("the request is being deleted", None);
        }
        if self.o.grant.is_some() {
            let name = format!("AccessGrant `{}`", grant_name(self.o.request));
            return self.refuse(Phase::Failed, &Refusal::NameTaken(name));
        }
        if let Some(phase) = self.over_before() {
            let text = "the record says that it was over; request again";
            return self.end(phase, reason::CHANGED, text);
        }
        if self.o.record.writable
            && let Some(entry) = self.missing_entry([record::requested(self.o.request, self.now)])
        {
            return Step::Append(Box::new(entry));
        }
        let tally = self.tally(PATIENT, &BTreeSet::new());
        if let Some(step) = self.stop(&tally) {
            return step;
        }
        match self.plan() {
            None => self.planned(),
            Some(plan) => self.decided(plan),
        }
    }

    /// How the request was over by what the record says. A cluster that was restored
    /// from a backup knows nothing of that, nor of who refused.
    fn over_before(&self) -> Option<Phase> {
        let subject = self.o.request.metadata.uid.as_ref()?;
        Phase::TERMINAL.into_iter().find(|phase| {
            let step = format!("{phase:?}");
            self.recorded(&Key { kind: Kind::Failure, subject: subject.clone(), step })
        })
    }

    /// Ends the request where somebody has stopped it, or asks whether they may.
    fn stop(&self, tally: &Tally<'_>) -> Option<Step> {
        let stops = [Verdict::Withdrawn, Verdict::Denied, Verdict::Revoked];
        let judged = tally.judged.iter().filter(|j| stops.contains(&j.decision.spec.verdict));
        judged.clone().find(|j| j.standing == Standing::Counts).map(|j| self.stopped_by(j)).or_else(
            || {
                judged.clone().find_map(|j| match &j.standing {
                    Standing::Asks(question) => Some(Step::Send(Call::Ask(question.clone()))),
                    Standing::Counts | Standing::Discarded(_) => None,
                })
            },
        )
    }

    fn stopped_by(&self, judged: &Judged<'_>) -> Step {
        let spec = &judged.decision.spec;
        let by = format!("`{}`", spec.decided_by.username);
        let why = spec.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        match spec.verdict {
            Verdict::Withdrawn => {
                self.end(Phase::Withdrawn, reason::SUCCEEDED, &format!("{by} withdrew it{why}"))
            }
            _ => self.end(Phase::Denied, reason::NOT_ALLOWED, &format!("{by} denied it{why}")),
        }
    }

    /// Resolves and plans, once.
    fn planned(&self) -> Step {
        if self.o.config.is_none() {
            return self.hold(&Refusal::NoConfig.to_string(), None);
        }
        if !self.o.complete {
            return self.wait("not everything could be read", self.soon());
        }
        let (Some(policy), Some(case), Some(terms)) = (self.o.policy, self.case(), self.terms())
        else {
            let policy = &self.spec().policy_ref;
            let (kind, name) = (format!("{:?}", policy.kind), policy.name.clone());
            return self.refuse(Phase::Denied, &Refusal::NoPolicy { kind, name });
        };
        if self.expiry().is_none_or(|expiry| self.now >= expiry) {
            return self.expired();
        }
        if let Some(step) = self.asked_rights(PATIENT).err() {
            return self.hindered(step, None);
        }
        if let Err(refusal) = terms.within_quota().and_then(|()| terms.to_request(self.now)) {
            return self.refuse(Phase::Denied, &refusal);
        }
        let planned = self.o.world.plan(&case).and_then(|planned| {
            let seconds = planned.plan.request.duration_seconds;
            terms.renewed(&planned.plan.effect, seconds, self.now)?;
            if self.spec().break_glass {
                // Nobody will have looked at what cannot be told.
                effect::certain(&planned.plan.effect)?;
            }
            Ok(planned)
        });
        match planned {
            Err(refusal @ Refusal::AlreadyOpen) => self.refuse(Phase::AlreadyOpen, &refusal),
            Err(refusal) => self.refuse(Phase::Denied, &refusal),
            Ok(Planned { plan, hash }) => {
                let mut status = self.status();
                status.phase = Phase::PendingApproval;
                status.message = None;
                status.plan = Some(plan);
                status.plan_hash = Some(hash);
                status.approval_expires_at = after(self.created(), policy.spec.pending_seconds);
                let (done, text) = (reason::SUCCEEDED, "");
                for type_ in [condition::RESOLVED, condition::SIMULATED] {
                    status::set(&mut status.conditions, type_, Truth::True, done, text, self.now);
                }
                let (type_, why) = (condition::APPROVED, reason::AWAITING_DECISION);
                status::set(&mut status.conditions, type_, Truth::False, why, text, self.now);
                self.write(status).unwrap_or_else(|| self.wait("its plan was written", None))
            }
        }
    }

    /// Waits for people, then for its start, and then opens.
    fn decided(&self, plan: &Plan) -> Step {
        if !self.o.complete {
            return self.wait("not everything could be read", self.soon());
        }
        let policy = self.o.policy.filter(|policy| policy.planned() == plan.policy);
        let Some(policy) = policy else {
            return self.refuse(Phase::Denied, &Refusal::Changed("the policy"));
        };
        for (probe, what) in [
            (self.o.canaries.owner, "a policy without a switch"),
            (self.o.canaries.identity, "a false name"),
        ] {
            if probe == Probe::Failed {
                return self.refuse(Phase::Denied, &Refusal::AdmissionCanary(what));
            }
        }
        let (tally, _) = self.agreement(PATIENT);
        if let Some(question) = tally.question() {
            return Step::Send(Call::Ask(question.clone()));
        }
        let agreed = tally.agreed();
        if !agreed && self.status().phase == Phase::Scheduled {
            return self.refuse(Phase::Failed, &Refusal::Changed("who agreed"));
        }
        let told = self.told_status(&tally, agreed);
        if let Some(step) = self.write(told) {
            return step;
        }
        if self.o.record.writable
            && let Some(entry) = self.missing_entry(self.told_entries())
        {
            return Step::Append(Box::new(entry));
        }
        if !agreed {
            if self.deadline().is_none_or(|deadline| self.now >= deadline) {
                return self.expired();
            }
            return self.wait("it waits for people", self.deadline());
        }
        let agreed_at = match self.consent() {
            Consent::People => tally.agreed_at().unwrap_or(Timestamp::MIN),
            Consent::Policy | Consent::Nobody => {
                tally.agreed_at().unwrap_or(Timestamp::MIN).max(self.created())
            }
        };
        let start = self.spec().not_before.as_ref().map(|time| time.0);
        let pending = SignedDuration::from_secs(policy.spec.pending_seconds);
        let latest = start.map_or(agreed_at, |start| start.max(agreed_at)).checked_add(pending);
        let seconds = SignedDuration::from_secs(plan.request.duration_seconds);
        let over = start
            .is_some_and(|start| start.checked_add(seconds).is_ok_and(|end| self.later() >= end));
        if over || latest.as_ref().is_ok_and(|latest| self.now > *latest) {
            let text = "it was approved, and did not open in time; request again";
            return self.end(Phase::ApprovalExpired, reason::AWAITING_START, text);
        }
        if let Some(start) = start.filter(|start| self.now < *start) {
            let mut status = self.status();
            status.phase = Phase::Scheduled;
            status.message = status::message("it is approved, and waits for its start");
            let wait = || self.wait("it waits for its start", Some(start));
            return self.write(status).unwrap_or_else(wait);
        }
        match self.ready() {
            Ok(planned) => Step::Send(Call::CreateGrant(Box::new(self.new_grant(planned)))),
            Err(hindrance) => self.hindered(hindrance, latest.ok()),
        }
    }

    /// What stands in the way of something that is approved.
    fn hindered(&self, hindrance: Hindrance, latest: Option<Timestamp>) -> Step {
        let approved = self.plan().is_some();
        match hindrance {
            Hindrance::First(step) => *step,
            Hindrance::Wait(why) => self.hold(&why, earlier(self.soon(), latest)),
            Hindrance::Never(refusal @ Refusal::AlreadyOpen) => {
                self.refuse(Phase::AlreadyOpen, &refusal)
            }
            Hindrance::Never(refusal) if approved => self.refuse(Phase::Failed, &refusal),
            Hindrance::Never(refusal) => self.refuse(Phase::Denied, &refusal),
        }
    }

    /// What the decisions come to, with what they narrow the request to where
    /// they do. A decision that narrows to something else does not count.
    pub(super) fn agreement(
        &self,
        fresh: SignedDuration,
    ) -> (Tally<'a>, Option<Result<Planned, Refusal>>) {
        let mut no_narrowing = BTreeSet::new();
        loop {
            let tally = self.tally(fresh, &no_narrowing);
            let narrowings: Vec<_> =
                tally.counting(Verdict::Approved).filter_map(narrowing).collect();
            let case = self.case().filter(|_| tally.agreed() && !narrowings.is_empty());
            let Some(mut case) = case else { return (tally, None) };
            case.narrowings = narrowings;
            match self.o.world.plan(&case) {
                Err(Refusal::NotNarrower(decision, _)) if no_narrowing.insert(decision.clone()) => {
                }
                outcome => return (tally, Some(outcome)),
            }
        }
    }

    /// The status with the decisions that were seen, what they come to, and what
    /// was asked of ticket source and rota for it.
    fn told_status(&self, tally: &Tally<'_>, agreed: bool) -> AccessRequestStatus {
        let mut status = self.status();
        status.decisions = counted(tally);
        let (truth, why, text) = if agreed {
            (Truth::True, reason::SUCCEEDED, String::new())
        } else {
            let missing: Vec<String> = tally.missing.iter().map(ToString::to_string).collect();
            (Truth::False, reason::AWAITING_DECISION, format!("it has {}", missing.join(", ")))
        };
        let conditions = &mut status.conditions;
        status::set(conditions, condition::APPROVED, truth, why, &text, self.now);
        if agreed {
            if status.evidence.is_empty() {
                status.evidence = self.evidence();
            }
        } else {
            status.phase = Phase::PendingApproval;
            status.message = status::message(&text);
        }
        status
    }

    fn evidence(&self) -> Vec<Evidence> {
        let ticket = self.o.ticket.map(|ticket| Evidence {
            kind: EvidenceKind::Ticket,
            source: ticket.id.clone(),
            taken_at: Time(ticket.as_of),
            digest: ticket.digest.clone(),
            summary: if ticket.open { "open" } else { "not open" }.to_owned(),
        });
        let on_call = self.o.on_call.map(|answer| Evidence {
            kind: EvidenceKind::OnCall,
            source: answer.rota.clone(),
            taken_at: Time(answer.as_of),
            digest: answer.digest.clone(),
            summary: if self.terms().is_some_and(|terms| terms.is_on_call(self.now)) {
                "the requester is on call"
            } else {
                "the requester is not on call"
            }
            .to_owned(),
        });
        ticket.into_iter().chain(on_call).collect()
    }

    /// The request, and every decision that is one on it, for the record.
    pub(super) fn told_entries(&self) -> impl Iterator<Item = Entry> {
        let tally = self.tally(PATIENT, &BTreeSet::new());
        let decisions = tally.judged.into_iter().filter(|judged| {
            let discard = match &judged.standing {
                Standing::Discarded(discard) => Some(discard),
                Standing::Counts | Standing::Asks(_) => None,
            };
            !matches!(discard, Some(Discard::Quotes(_) | Discard::Incomplete(_)))
        });
        let (request, now) = (self.o.request, self.now);
        let decided = decisions.map(move |j| record::decided(request, j.decision, now));
        std::iter::once(record::requested(request, now)).chain(decided)
    }

    fn new_grant(&self, planned: Planned) -> AccessGrant {
        let (request, spec) = (self.o.request, self.spec());
        let own = |part: &Option<String>| part.clone().unwrap_or_default();
        let Plan { request: approved, policy, policies, effect, .. } = planned.plan;
        let namespaces: BTreeSet<String> = policies
            .iter()
            .filter_map(|policy| policy.pointer("/metadata/namespace")?.as_str())
            .map(str::to_owned)
            .collect();
        let metadata = ObjectMeta {
            name: Some(grant_name(request).to_owned()),
            namespace: request.metadata.namespace.clone(),
            ..ObjectMeta::default()
        };
        let requested_by = Identity { groups: Vec::new(), ..spec.requested_by.clone() };
        let spec = AccessGrantSpec {
            request_ref: RequestRef {
                namespace: own(&request.metadata.namespace),
                name: own(&request.metadata.name),
                uid: own(&request.metadata.uid),
            },
            requested_by,
            policy,
            plan_hash: self.status().plan_hash.unwrap_or_default(),
            approved,
            effect,
            policies,
            namespaces: namespaces.into_iter().collect(),
            ticket: spec.ticket.clone(),
            break_glass: spec.break_glass,
        };
        AccessGrant { metadata, spec, status: None }
    }

    fn expired(&self) -> Step {
        let text = "nobody decided in time; request again";
        self.end(Phase::ApprovalExpired, reason::AWAITING_DECISION, text)
    }

    pub(super) fn refuse(&self, phase: Phase, refusal: &Refusal) -> Step {
        self.end(phase, refusal.reason(), &refusal.to_string())
    }

    /// The last word on a request.
    pub(super) fn end(&self, phase: Phase, why: &str, text: &str) -> Step {
        let mut status = self.status();
        status.phase = phase;
        status.message = status::message(text);
        status.decisions = counted(&self.tally(PATIENT, &BTreeSet::new()));
        let (type_, truth) = match phase {
            Phase::Denied => (condition::DENIED, Truth::True),
            Phase::Ended => (condition::REVOKED, Truth::True),
            _ => (condition::APPROVED, Truth::False),
        };
        status::set(&mut status.conditions, type_, truth, why, text, self.now);
        self.write(status).unwrap_or_else(|| self.wait(text, None))
    }
}

/// What a decision narrows a request to, where it does.
fn narrowing(decision: &fallgate_api::AccessDecision) -> Option<Narrowing<'_>> {
    let spec = &decision.spec;
    let narrowing = Narrowing {
        decision: decision.metadata.uid.as_deref()?,
        seconds: spec.duration_seconds,
        from: spec.from.as_ref(),
        to: spec.to.as_ref(),
        ports: &spec.ports,
    };
    let nothing = Narrowing { decision: narrowing.decision, ..Narrowing::default() };
    (narrowing != nothing).then_some(narrowing)
}

/// The decisions as a status lists them: those that count first, should there be
/// too many.
fn counted(tally: &Tally<'_>) -> Vec<CountedDecision> {
    let write = |judged: &Judged<'_>| {
        let decision = judged.decision;
        let own = |part: &Option<String>| part.clone().unwrap_or_default();
        Some(CountedDecision {
            namespace: own(&decision.metadata.namespace),
            name: own(&decision.metadata.name),
            uid: own(&decision.metadata.uid),
            verdict: decision.spec.verdict,
            decided_by: decision.spec.decided_by.username.clone(),
            decided_at: Time(made_at(decision)?),
            counted: judged.standing == Standing::Counts,
            why_not: match &judged.standing {
                Standing::Counts => None,
                Standing::Discarded(discard) => Some(discard.to_string()),
                Standing::Asks(_) => Some("whether its maker may is not known yet".to_owned()),
            },
        })
    };
    let mut all: Vec<CountedDecision> = tally.judged.iter().filter_map(write).collect();
    if all.len() > LISTED {
        all.sort_by_key(|decision| !decision.counted);
        all.truncate(LISTED);
    }
    all
}
