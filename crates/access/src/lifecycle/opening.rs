//! From an approval to an open path: everything is looked at once more, the
//! switches are armed and seen armed, and only then the policies are created.

use fallgate_api::names::{CONTROLLER, condition, label, reason};
use fallgate_api::{
    AccessDecision, AccessDecisionSpec, AccessGrant, AccessGrantStatus, Identity, ManagedObject,
    Phase, RequestRef, Switch, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::closing::Ending;
use super::switch::{self, Switch as Seen};
use super::{ARMING, Cycle, FRESH, SKEW, after, earlier, grant_phase};
use crate::effect;
use crate::observed::{Live, Probe};
use crate::plan::Planned;
use crate::record;
use crate::refusal::Refusal;
use crate::render::{managed, switch as new_switch};
use crate::status::{self, Truth};
use crate::step::{Call, Rehearsal, Step};

/// How old the proof may be that switches fire.
const PROOF: SignedDuration = SignedDuration::from_mins(15);
/// What is left of a grant when its policies are created at the latest.
const LEFT: SignedDuration = SignedDuration::from_secs(2);

/// What stands in the way of opening.
pub(super) enum Hindrance {
    /// This must be done first.
    First(Box<Step>),
    /// This may pass.
    Wait(String),
    /// This does not.
    Never(Refusal),
}

impl Hindrance {
    fn first(call: Call) -> Hindrance {
        Hindrance::First(Box::new(Step::Send(call)))
    }
}

impl Cycle<'_> {
    /// Everything that must hold whenever something is created, and the plan as
    /// it is now, narrowed by every approver.
    pub(super) fn ready(&self) -> Result<Planned, Hindrance> {
        let wait = |why: &str| Err(Hindrance::Wait(why.to_owned()));
        if !self.o.complete {
            return wait("not everything could be read");
        }
        let (Some(case), Some(terms), Some(plan)) = (self.case(), self.terms(), self.plan()) else {
            return wait("there is no AccessConfig, or no policy");
        };
        match self.o.skew {
            Some(skew) if (-SKEW..=SKEW).contains(&skew) => {}
            Some(_) => return wait("the controller's clock is not that of the API server"),
            None => return wait("the API server's clock could not be read"),
        }
        if let Some(lock) = self.lock(&plan.decision_namespaces) {
            return Err(Hindrance::Wait(Refusal::Locked(lock.name.to_owned()).to_string()));
        }
        terms.to_open(self.now).map_err(|refusal| Hindrance::Wait(refusal.to_string()))?;
        self.asked_rights(FRESH)?;
        let (tally, narrowed) = self.agreement(FRESH);
        if let Some(question) = tally.question() {
            return Err(Hindrance::first(Call::Ask(question.clone())));
        }
        if !tally.agreed() {
            return Err(Hindrance::Never(Refusal::Changed("who agreed")));
        }
        let whole = self.o.world.plan(&case).map_err(|refusal| match refusal {
            // Pods come and go with a rollout; all else is a change.
            Refusal::NoPods(..) => Hindrance::Wait(refusal.to_string()),
            refusal => Hindrance::Never(refusal),
        })?;
        if Some(&whole.hash) != self.status().plan_hash.as_ref() {
            return Err(Hindrance::Never(Refusal::Changed("the target, or what it changes,")));
        }
        let planned = match narrowed {
            None => whole,
            Some(narrowed) => {
                let narrowed = narrowed.map_err(Hindrance::Never)?;
                let opened = effect::within(&narrowed.plan.effect, &plan.effect);
                opened.map_err(|_| Hindrance::Never(Refusal::Changed("what it changes")))?;
                narrowed
            }
        };
        let seconds = planned.plan.request.duration_seconds;
        let renewed = terms.renewed(&planned.plan.effect, seconds, self.now);
        renewed.map_err(Hindrance::Never)?;
        self.proved(&planned)?;
        if !self.o.record.writable {
            return wait("the record cannot be written");
        }
        match self.missing_entry(self.told_entries()) {
            Some(entry) => Err(Hindrance::First(Box::new(Step::Append(Box::new(entry))))),
            None => Ok(planned),
        }
    }

    /// The requester's own rights.
    pub(super) fn asked_rights(&self, fresh: SignedDuration) -> Result<(), Hindrance> {
        for question in self.own_rights() {
            match self.o.rights.get(&question, fresh, self.now) {
                Some(true) => {}
                Some(false) => {
                    return Err(Hindrance::Never(Refusal::Right {
                        user: question.username,
                        verb: question.verb,
                        namespace: question.namespace,
                    }));
                }
                None => return Err(Hindrance::first(Call::Ask(question))),
            }
        }
        Ok(())
    }

    /// The control plane does what grants rely on: switches fire, and admission
    /// refuses what it must.
    fn proved(&self, planned: &Planned) -> Result<(), Hindrance> {
        let within = |probe: Probe, age: SignedDuration| match probe {
            Probe::Passed(at) => self.now.duration_since(at).abs() <= age,
            Probe::Unknown | Probe::Failed => false,
        };
        let canaries = &self.o.canaries;
        if !within(canaries.switch, PROOF) {
            let why = "it is not proved that the control plane closes what nobody else does: the canary's switch did not fire, or not lately";
            return Err(Hindrance::Wait(why.to_owned()));
        }
        for (probe, what) in
            [(canaries.owner, "a policy without a switch"), (canaries.identity, "a false name")]
        {
            if probe == Probe::Failed {
                return Err(Hindrance::Never(Refusal::AdmissionCanary(what)));
            }
        }
        if !within(canaries.owner, FRESH) {
            let policy = planned.plan.policies.first().and_then(|planned| {
                let mut policy: NetworkPolicy = serde_json::from_value(planned.clone()).ok()?;
                let labels = [(label::GRANT.to_owned(), "canary".to_owned())];
                policy.metadata.name = Some("fallgate-canary".to_owned());
                policy.metadata.labels = Some(labels.into());
                Some(policy)
            });
            return Err(match policy {
                Some(policy) => {
                    Hindrance::first(Call::Rehearse(Rehearsal::Owner(Box::new(policy))))
                }
                None => Hindrance::Never(Refusal::Unread("the plan has no policy".to_owned())),
            });
        }
        if !within(canaries.identity, FRESH) {
            let decision = Box::new(self.false_name());
            return Err(Hindrance::first(Call::Rehearse(Rehearsal::Identity(decision))));
        }
        Ok(())
    }

    /// An approval of the request in the name of somebody who never made it.
    fn false_name(&self) -> AccessDecision {
        let (metadata, spec) = (&self.o.request.metadata, self.spec());
        let own = |part: &Option<String>| part.clone().unwrap_or_default();
        let somebody = Identity { username: "somebody-else".to_owned(), ..Identity::default() };
        AccessDecision {
            metadata: ObjectMeta {
                name: Some("fallgate-canary".to_owned()),
                namespace: metadata.namespace.clone(),
                ..ObjectMeta::default()
            },
            spec: AccessDecisionSpec {
                request_ref: RequestRef {
                    namespace: own(&metadata.namespace),
                    name: own(&metadata.name),
                    uid: own(&metadata.uid),
                },
                policy_ref: spec.policy_ref.clone(),
                requested_by: Identity { groups: Vec::new(), ..spec.requested_by.clone() },
                decided_by: somebody,
                verdict: Verdict::Approved,
                plan_hash: self.status().plan_hash,
                reason: Some(format!("a rehearsal by {CONTROLLER} that must be refused")),
                duration_seconds: None,
                from: None,
                to: None,
                ports: Vec::new(),
            },
        }
    }

    /// The next step of a grant that may be open.
    pub(super) fn grant(&self, grant: &AccessGrant) -> Step {
        if let Some(step) = self.mirror(grant) {
            return step;
        }
        if grant_phase(grant) == Phase::Active {
            return self.active(grant);
        }
        let made = grant.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let until = made.and_then(|made| made.checked_add(ARMING).ok());
        let planned = match self.ready() {
            Ok(planned) => planned,
            Err(Hindrance::First(step)) => return *step,
            Err(Hindrance::Wait(why)) => return self.wait(&why, earlier(self.soon(), until)),
            Err(Hindrance::Never(refusal)) => return self.close(grant, &Ending::failed(&refusal)),
        };
        if planned.plan.policies != grant.spec.policies
            || planned.plan.request != grant.spec.approved
            || planned.plan.effect != grant.spec.effect
        {
            let changed = Refusal::Changed("what was approved");
            return self.close(grant, &Ending::failed(&changed));
        }
        if let Some(entry) = self.missing_entry([record::arming(grant, self.now)]) {
            return Step::Append(Box::new(entry));
        }
        match self.o.live {
            Some(live) => self.arm(grant, live).unwrap_or_else(|| self.open(grant, live)),
            None => self.wait("the grant's objects could not be read", self.soon()),
        }
    }

    /// Creates what switches are missing, and writes once when all are armed.
    /// Nothing where that is written.
    fn arm(&self, grant: &AccessGrant, live: Live<'_>) -> Option<Step> {
        let uid = grant.metadata.uid.as_deref().unwrap_or_default();
        let limit = grant.spec.approved.duration_seconds;
        let mut armed = Vec::new();
        for namespace in &grant.spec.namespaces {
            let Some(job) = switch::find(live.switches, uid, namespace) else {
                let job = new_switch(grant, namespace, self.seconds(grant));
                let nowhere = || self.wait("the grant has no uid", None);
                return Some(
                    job.map_or_else(nowhere, |job| Step::Send(Call::CreateSwitch(Box::new(job)))),
                );
            };
            let Seen::Armed(start, deadline) = switch::look(job, uid, limit) else { continue };
            armed.push(Switch {
                namespace: namespace.clone(),
                name: job.metadata.name.clone().unwrap_or_default(),
                uid: job.metadata.uid.clone().unwrap_or_default(),
                start_time: Some(Time(start)),
                deadline: Some(Time(deadline)),
            });
        }
        if armed.len() < grant.spec.namespaces.len() || armed.is_empty() {
            return Some(self.wait("the control plane takes up the switches", self.soon()));
        }
        let mut status = grant.status.clone().unwrap_or_default();
        if status.expires_at.is_some() {
            return None;
        }
        let deadlines = armed.iter().filter_map(|switch| switch.deadline.clone());
        status.phase = Phase::Arming;
        status.expires_at = deadlines.min_by_key(|time| time.0);
        status.switches = armed;
        let (type_, done) = (condition::ARMED, reason::SUCCEEDED);
        status::set(&mut status.conditions, type_, Truth::True, done, "", self.now);
        self.write_grant(grant, status)
    }

    /// How long a switch waits from now: as long as was approved, and no longer
    /// than to the end of a window that was asked for with its start.
    fn seconds(&self, grant: &AccessGrant) -> i64 {
        let approved = grant.spec.approved.duration_seconds;
        let left = self.window_end(grant).map(|end| end.duration_since(self.now).as_secs());
        left.map_or(approved, |left| left.min(approved))
    }

    /// Creates what policies are missing, each owned by the switch of its
    /// namespace, and writes once when all are there.
    fn open(&self, grant: &AccessGrant, live: Live<'_>) -> Step {
        let status = grant.status.clone().unwrap_or_default();
        let Some(expires_at) = self.due(grant) else {
            return self.wait("its end is not known", None);
        };
        if expires_at.duration_since(self.later()) < LEFT {
            return self.wait("hardly anything is left of its time", Some(expires_at));
        }
        if let Some(entry) = self.missing_entry([record::opening(grant, expires_at, self.now)]) {
            return Step::Append(Box::new(entry));
        }
        let uid = grant.metadata.uid.as_deref().unwrap_or_default();
        let mut objects = Vec::new();
        let mut opened: Option<Timestamp> = None;
        for (at, _) in grant.spec.policies.iter().enumerate() {
            let Some(policy) = switch::find_policy(live.policies, grant, uid, at) else {
                return self.create_policy(grant, at, &status, expires_at);
            };
            let made = policy.metadata.creation_timestamp.as_ref().map(|time| time.0);
            opened = opened.max(made);
            objects.push(ManagedObject {
                namespace: policy.metadata.namespace.clone().unwrap_or_default(),
                kind: "NetworkPolicy".to_owned(),
                name: policy.metadata.name.clone().unwrap_or_default(),
                uid: policy.metadata.uid.clone().unwrap_or_default(),
            });
        }
        let active = self.opened(grant, status, objects, opened.unwrap_or(self.now));
        self.write_grant(grant, active).unwrap_or_else(|| self.wait("it is open", Some(expires_at)))
    }

    fn create_policy(
        &self,
        grant: &AccessGrant,
        at: usize,
        status: &AccessGrantStatus,
        expires_at: Timestamp,
    ) -> Step {
        let namespace = switch::policy_namespace(grant, at);
        let owner = status.switches.iter().find(|switch| Some(&*switch.namespace) == namespace);
        let policy = owner.and_then(|owner| managed(grant, at, &owner.uid, expires_at));
        match policy {
            Some(policy) => Step::Send(Call::CreatePolicy(Box::new(policy))),
            None => {
                let refusal = Refusal::Unread("the grant's policies".to_owned());
                self.close(grant, &Ending::failed(&refusal))
            }
        }
    }

    fn opened(
        &self,
        grant: &AccessGrant,
        mut status: AccessGrantStatus,
        objects: Vec<ManagedObject>,
        opened: Timestamp,
    ) -> AccessGrantStatus {
        status.phase = Phase::Active;
        status.objects = objects;
        status.activated_at = status.activated_at.or(Some(Time(opened)));
        if grant.spec.break_glass && status.review_due_at.is_none() {
            let rule = self.o.policy.and_then(|policy| policy.spec.break_glass.as_ref());
            let within = rule.map_or(0, |rule| rule.review_within_seconds);
            status.review_due_at = after(opened, within);
        }
        let conditions = &mut status.conditions;
        let (done, prober, agent) = (reason::SUCCEEDED, reason::NO_PROBER, reason::NO_AGENT);
        status::set(conditions, condition::APPLIED, Truth::True, done, "", self.now);
        let text = "nothing is installed that could probe the path";
        status::set(conditions, condition::VERIFIED, Truth::Unknown, prober, text, self.now);
        let text = "nothing is installed that could end connections when it closes";
        status::set(conditions, condition::SEVERED, Truth::Unknown, agent, text, self.now);
        status
    }

    /// It is open: what is left to do is to close it in time.
    fn active(&self, grant: &AccessGrant) -> Step {
        if let Some(step) = self.review(grant) {
            return step;
        }
        if self.o.record.writable
            && let Some(entry) = self.missing_entry(self.told_entries())
        {
            return Step::Append(Box::new(entry));
        }
        let review = grant
            .status
            .as_ref()
            .filter(|status| !status::holds(&status.conditions, condition::REVIEWED));
        let review = review.and_then(|status| status.review_due_at.as_ref()).map(|time| time.0);
        self.wait("it is open", earlier(self.due(grant), review))
    }
}
