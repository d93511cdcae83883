//! A cluster as far as one grant can tell: an API server, the controllers of the
//! control plane, a record, and time.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use fallgate_access::{
    Answer, Assess, Call, Canaries, Case, Ending, Key, Live, Lock, Observed, Other, Planned,
    Policy, Probe, Record, Refusal, Rehearsal, Rights, Step, Ticket, next,
};
use fallgate_api::names::label::GRANT;
use fallgate_api::{
    AccessConfigSpec, AccessDecision, AccessGrant, AccessIncident, AccessLockSpec,
    AccessPolicySpec, AccessRequest, Phase, PolicyKind,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};

use crate::shop::{at, config, policy, request};
use crate::world::{Ground, deny, shop};

/// The shop, and what the request comes to there.
pub(crate) struct Shop {
    ground: Ground,
    /// The request's plan, worked out once.
    planned: Option<Planned>,
    /// What it is narrowed to, by the narrowings as they print.
    narrowed: RefCell<BTreeMap<String, Result<Planned, Refusal>>>,
}

/// A value that copies of a cluster share until one of them changes it, and the
/// digest of what it is.
pub(crate) struct Shared<T> {
    value: Rc<T>,
    digest: Cell<Option<u64>>,
}

impl<T> Shared<T> {
    fn new(value: T) -> Self {
        Shared { value: Rc::new(value), digest: Cell::new(None) }
    }
}

impl<T: fmt::Debug> Shared<T> {
    pub(crate) fn digest(&self) -> u64 {
        let digest = self.digest.get().unwrap_or_else(|| printed(&self.value));
        self.digest.set(Some(digest));
        digest
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared { value: Rc::clone(&self.value), digest: self.digest.clone() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.digest.set(None);
        Rc::make_mut(&mut self.value)
    }
}

/// The digest of a value as it prints.
pub(crate) fn printed(value: &impl fmt::Debug) -> u64 {
    struct Print(DefaultHasher);
    impl fmt::Write for Print {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut print = Print(DefaultHasher::new());
    fmt::Write::write_fmt(&mut print, format_args!("{value:?}")).unwrap();
    print.0.finish()
}

#[derive(Clone)]
pub(crate) struct Cluster {
    shop: Rc<Shop>,
    /// Seconds since the start.
    pub(crate) now: i64,
    pub(crate) config: Shared<Option<AccessConfigSpec>>,
    pub(crate) policy: Shared<Option<AccessPolicySpec>>,
    pub(crate) generation: i64,
    pub(crate) author: Option<&'static str>,
    pub(crate) request: Shared<AccessRequest>,
    pub(crate) decisions: Shared<Vec<AccessDecision>>,
    pub(crate) grant: Shared<Option<AccessGrant>>,
    pub(crate) jobs: Shared<Vec<Job>>,
    pub(crate) policies: Shared<Vec<NetworkPolicy>>,
    pub(crate) locks: Vec<AccessLockSpec>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) incidents: Vec<AccessIncident>,
    pub(crate) others: Vec<(AccessRequest, Option<AccessGrant>)>,
    pub(crate) complete: bool,
    /// Whether the grant's objects can be read.
    pub(crate) readable: bool,
    pub(crate) record: Shared<BTreeSet<Key>>,
    pub(crate) writable: bool,
    pub(crate) lease: bool,
    pub(crate) skew: Option<i64>,
    /// Whether the Job and TTL controllers and the garbage collector run.
    pub(crate) control_plane: bool,
    /// Whether admission refuses what it must.
    pub(crate) admission: bool,
    /// Who lacks every right, by user name.
    pub(crate) without_rights: BTreeSet<String>,
    /// What the grant opens has grown.
    pub(crate) drift: bool,
    /// What the request would do is no longer what it was.
    pub(crate) changed: bool,
    uids: u32,
    versions: u32,
    // What the controller remembers while it runs.
    pub(crate) rights: Shared<Rights>,
    pub(crate) canaries: Canaries,
    closing: Shared<Option<Ending>>,
}

impl Cluster {
    /// Alice asks for the path of the shop's policy; the target alone is isolated.
    pub(crate) fn new() -> Cluster {
        Cluster::on(&shop(), policy(), request())
    }

    /// The same where both ends are isolated, in two namespaces.
    pub(crate) fn in_two_namespaces() -> Cluster {
        let manifests = shop() + &deny("oncall-tools", "baseline", "{}", "[Egress]");
        Cluster::on(&manifests, policy(), request())
    }

    pub(crate) fn on(manifests: &str, policy: AccessPolicySpec, request: AccessRequest) -> Cluster {
        let mut cluster = Cluster {
            shop: Rc::new(Shop {
                ground: Ground::read(manifests),
                planned: None,
                narrowed: RefCell::default(),
            }),
            now: 0,
            config: Shared::new(Some(config())),
            policy: Shared::new(Some(policy)),
            generation: 1,
            author: Some("carol"),
            request: Shared::new(request),
            decisions: Shared::new(Vec::new()),
            grant: Shared::new(None),
            jobs: Shared::new(Vec::new()),
            policies: Shared::new(Vec::new()),
            locks: Vec::new(),
            ticket: None,
            incidents: Vec::new(),
            others: Vec::new(),
            complete: true,
            readable: true,
            record: Shared::new(BTreeSet::new()),
            writable: true,
            lease: true,
            skew: Some(0),
            control_plane: true,
            admission: true,
            without_rights: BTreeSet::new(),
            drift: false,
            changed: false,
            uids: 0,
            versions: 0,
            rights: Shared::new(Rights::default()),
            canaries: Canaries::default(),
            closing: Shared::new(None),
        };
        let planned = cluster.plan_now().ok();
        if let Some(shop) = Rc::get_mut(&mut cluster.shop) {
            shop.planned = planned;
        }
        cluster
    }

    /// The digest that approvals quote.
    pub(crate) fn plan_hash(&self) -> String {
        self.shop.planned.as_ref().unwrap().hash.clone()
    }

    fn plan_now(&self) -> Result<Planned, Refusal> {
        let case = Case {
            config: self.config.as_ref().unwrap(),
            policy: self.policy_view().unwrap(),
            request: &self.request,
            narrowings: Vec::new(),
        };
        self.shop.ground.world().plan(&case)
    }

    fn policy_view(&self) -> Option<Policy<'_>> {
        let spec = self.policy.as_ref()?;
        Some(Policy {
            kind: PolicyKind::AccessPolicy,
            name: "oncall-db",
            uid: "policy-1",
            generation: self.generation,
            author: self.author,
            spec,
        })
    }

    pub(crate) fn time(&self) -> Timestamp {
        at(self.now)
    }

    /// The controller's next step.
    pub(crate) fn step(&self) -> Step {
        let now = self.time();
        let locks: Vec<Lock<'_>> = self
            .locks
            .iter()
            .map(|spec| Lock { name: "lock", namespace: Some("shop"), spec })
            .collect();
        let others: Vec<Other<'_>> = self
            .others
            .iter()
            .map(|(request, grant)| Other { request, grant: grant.as_ref() })
            .collect();
        let live = Live { switches: &self.jobs, policies: &self.policies };
        let observed = Observed {
            config: self.config.as_ref(),
            policy: self.policy_view(),
            request: &self.request,
            decisions: &self.decisions,
            grant: self.grant.as_ref(),
            live: self.readable.then_some(live),
            locks: &locks,
            incidents: &self.incidents,
            ticket: self.ticket.as_ref(),
            on_call: None,
            others: &others,
            complete: self.complete,
            rights: &self.rights,
            record: Record { writable: self.writable, entries: &self.record },
            canaries: Canaries { switch: Probe::Passed(now), ..self.canaries },
            lease: self.lease.then(|| at(self.now + 15)),
            skew: self.skew.map(SignedDuration::from_secs),
            closing: self.closing.as_ref(),
            world: self,
        };
        next(&observed, now)
    }

    fn uid(&mut self) -> String {
        self.uids += 1;
        format!("uid-{}", self.uids)
    }

    fn stamp(&mut self, metadata: &mut ObjectMeta) {
        metadata.uid = Some(self.uid());
        metadata.creation_timestamp = Some(Time(self.time()));
    }

    /// The controller sends a request, and remembers what it must.
    pub(crate) fn send(&mut self, call: &Call) {
        if let Call::Close(_, ending) = call {
            *self.closing = Some(ending.clone());
        }
    }

    /// The version of the objects that a status is written on.
    pub(crate) fn version(&self) -> u32 {
        self.versions
    }

    /// Everything that tells this cluster from another one of the same shop, but
    /// the time and the counters of uids and versions.
    pub(crate) fn hash(&self, hasher: &mut impl Hasher) {
        let flags = [
            self.complete,
            self.readable,
            self.writable,
            self.lease,
            self.control_plane,
            self.admission,
            self.drift,
            self.changed,
        ];
        let objects = [
            self.request.digest(),
            self.decisions.digest(),
            self.grant.digest(),
            self.jobs.digest(),
            self.policies.digest(),
            self.record.digest(),
            self.rights.digest(),
            self.closing.digest(),
        ];
        (flags, objects, self.generation, self.skew, &self.without_rights).hash(hasher);
        (self.locks.len(), printed(&(&self.canaries, &self.ticket))).hash(hasher);
    }

    /// Forgets when conditions moved, which no step depends on before anything is
    /// forgotten, so that clusters which differ in nothing else are one.
    pub(crate) fn forget_transitions(&mut self) {
        let moved = |conditions: &[Condition]| {
            conditions.iter().any(|condition| condition.last_transition_time.0 != at(0))
        };
        let request = self.request.status.as_ref();
        if request.is_some_and(|status| moved(&status.conditions)) {
            for condition in self.request.status.iter_mut().flat_map(|s| &mut s.conditions) {
                condition.last_transition_time = Time(at(0));
            }
        }
        let grant = self.grant.as_ref().and_then(|grant| grant.status.as_ref());
        if grant.is_some_and(|status| moved(&status.conditions)) {
            let status = self.grant.as_mut().and_then(|grant| grant.status.as_mut());
            for condition in status.into_iter().flat_map(|status| &mut status.conditions) {
                condition.last_transition_time = Time(at(0));
            }
        }
    }

    /// Takes a request in, as the API server would; a status that was written on
    /// an older version is a conflict.
    pub(crate) fn commit(&mut self, call: &Call, version: u32) {
        match call {
            Call::Ask(question) => {
                let allowed = !self.without_rights.contains(&question.username);
                let answer = Answer { allowed, at: self.time() };
                self.rights.insert(question.clone(), answer);
            }
            Call::Rehearse(rehearsal) => {
                let probe = if self.admission { Probe::Passed(self.time()) } else { Probe::Failed };
                match rehearsal {
                    Rehearsal::Owner(policy) => {
                        assert!(policy.metadata.owner_references.is_none());
                        self.canaries.owner = probe;
                    }
                    Rehearsal::Identity(decision) => {
                        assert_ne!(decision.spec.decided_by.username, "alice");
                        self.canaries.identity = probe;
                    }
                }
            }
            Call::CreateGrant(grant) => {
                if self.grant.is_none() {
                    let mut grant = (**grant).clone();
                    self.stamp(&mut grant.metadata);
                    *self.grant = Some(grant);
                }
            }
            Call::CreateSwitch(job) => {
                let taken = |other: &Job| same_name(&other.metadata, &job.metadata);
                if !self.jobs.iter().any(taken) {
                    let mut job = (**job).clone();
                    self.stamp(&mut job.metadata);
                    self.jobs.push(job);
                }
            }
            Call::CreatePolicy(policy) => {
                let taken = |other: &NetworkPolicy| same_name(&other.metadata, &policy.metadata);
                if !self.policies.iter().any(taken) {
                    let mut policy = (**policy).clone();
                    self.stamp(&mut policy.metadata);
                    self.policies.push(policy);
                }
            }
            Call::Close(object, _) | Call::Delete(object) => {
                // Admission lets the controller delete nothing else.
                let managed = |metadata: &ObjectMeta| {
                    let kept = matches!(object.kind, "Job" | "NetworkPolicy");
                    !kept || metadata.labels.as_ref().is_some_and(|all| all.contains_key(GRANT))
                };
                let doomed = |metadata: &ObjectMeta| {
                    managed(metadata)
                        && metadata.uid.as_deref() == Some(&object.uid)
                        && metadata.name.as_deref() == Some(&object.name)
                };
                let now = Time(self.time());
                match object.kind {
                    "Job" => {
                        for job in self.jobs.iter_mut().filter(|job| doomed(&job.metadata)) {
                            job.metadata.deletion_timestamp.get_or_insert(now.clone());
                        }
                    }
                    "NetworkPolicy" => self.remove_policies(|policy| doomed(&policy.metadata)),
                    "AccessDecision" => self.decisions.retain(|d| !doomed(&d.metadata)),
                    "AccessGrant" => *self.grant = None,
                    _ => self.request.metadata.deletion_timestamp = Some(now),
                }
            }
            Call::WriteRequest(status) if version == self.versions => {
                self.versions += 1;
                self.request.status = Some((**status).clone());
            }
            Call::WriteGrant(status) if version == self.versions => {
                self.versions += 1;
                if let Some(grant) = self.grant.as_mut() {
                    grant.status = Some((**status).clone());
                }
            }
            Call::WriteRequest(_) | Call::WriteGrant(_) => {}
        }
    }

    /// A policy with a finalizer stays, and stays in force.
    fn remove_policies(&mut self, doomed: impl Fn(&NetworkPolicy) -> bool) {
        let now = Time(self.time());
        if !self.policies.iter().any(&doomed) {
            return;
        }
        self.policies.retain_mut(|policy| {
            if !doomed(policy) {
                return true;
            }
            policy.metadata.deletion_timestamp.get_or_insert(now.clone());
            policy.metadata.finalizers.is_some()
        });
    }

    /// Time passes, and the control plane does its work.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        if !self.control_plane {
            return;
        }
        let now = self.time();
        for at in 0..self.jobs.len() {
            let job = &self.jobs[at];
            let spec = job.spec.as_ref().unwrap();
            if spec.suspend == Some(true) || job.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let started = job.status.as_ref().and_then(|status| status.start_time.as_ref());
            let start = started.map_or(now, |time| time.0);
            let deadline = spec.active_deadline_seconds.map(SignedDuration::from_secs);
            let fires = spec.ttl_seconds_after_finished == Some(0)
                && deadline.is_some_and(|deadline| start.checked_add(deadline).unwrap() <= now);
            if started.is_none() || fires {
                let job = &mut self.jobs[at];
                job.status.get_or_insert_default().start_time = Some(Time(start));
                job.metadata.deletion_timestamp = fires.then_some(Time(now));
            }
        }
        let solid: BTreeSet<String> = self
            .jobs
            .iter()
            .filter(|job| job.metadata.deletion_timestamp.is_none())
            .filter_map(|job| job.metadata.uid.clone())
            .collect();
        self.remove_policies(|policy| {
            let owners = policy.metadata.owner_references.as_deref().unwrap_or_default();
            !owners.is_empty() && !owners.iter().any(|owner| solid.contains(&owner.uid))
        });
        let owned: BTreeSet<String> = self
            .policies
            .iter()
            .flat_map(|policy| policy.metadata.owner_references.iter().flatten())
            .map(|owner| owner.uid.clone())
            .collect();
        let stays = |job: &Job| {
            job.metadata.deletion_timestamp.is_none()
                || job.metadata.uid.as_ref().is_some_and(|uid| owned.contains(uid))
        };
        if !self.jobs.iter().all(stays) {
            self.jobs.retain(stays);
        }
    }

    /// The controller starts anew, and remembers nothing.
    pub(crate) fn restart(&mut self) {
        *self.rights = Rights::default();
        self.canaries = Canaries::default();
        *self.closing = None;
    }

    /// Does what a step that is no waiting says.
    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Send(call) => {
                self.send(call);
                self.commit(call, self.versions);
            }
            Step::Append(entry) => {
                assert!(self.writable, "an entry for a record that cannot be written");
                self.record.insert(entry.key.clone());
            }
            Step::Wait(_) => {}
        }
    }

    /// Does what the controller wants, once; time passes while it waits.
    pub(crate) fn turn(&mut self) -> Step {
        let step = self.step();
        self.take(&step);
        if let Step::Wait(wait) = &step {
            let until = wait.until.map_or(30, |until| until.duration_since(self.time()).as_secs());
            self.pass(until.clamp(1, 30));
        }
        step
    }

    /// Takes turns until the controller waits for nothing that is near.
    pub(crate) fn settle(&mut self) -> Step {
        for _ in 0..200 {
            let step = self.step();
            if let Step::Wait(wait) = &step {
                let near = |until: Timestamp| until.duration_since(self.time()).as_secs() <= 5;
                if !wait.until.is_some_and(near) {
                    return step;
                }
            }
            self.turn();
        }
        panic!("it does not settle: {:?}, {:?}", self.step(), self.phases());
    }

    pub(crate) fn phase(&self) -> Phase {
        self.request.status.as_ref().map(|status| status.phase).unwrap_or_default()
    }

    pub(crate) fn phases(&self) -> (Phase, Option<Phase>) {
        let grant = self.grant.as_ref();
        let phase = grant.map(|g| g.status.as_ref().map(|s| s.phase).unwrap_or_default());
        (self.phase(), phase)
    }

    pub(crate) fn message(&self) -> String {
        self.request.status.as_ref().and_then(|status| status.message.clone()).unwrap_or_default()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.jobs.is_empty() && self.policies.is_empty()
    }
}

fn same_name(a: &ObjectMeta, b: &ObjectMeta) -> bool {
    (&a.namespace, &a.name) == (&b.namespace, &b.name)
}

impl Assess for Cluster {
    fn plan(&self, case: &Case<'_>) -> Result<Planned, Refusal> {
        if self.changed {
            return Err(Refusal::OpensMore("something".into()));
        }
        match &self.shop.planned {
            Some(planned) if case.narrowings.is_empty() => Ok(planned.clone()),
            _ => {
                let mut narrowed = self.shop.narrowed.borrow_mut();
                let known = narrowed.entry(format!("{:?}", case.narrowings));
                known.or_insert_with(|| self.shop.ground.world().plan(case)).clone()
            }
        }
    }

    fn growth(&self, _: &AccessGrant) -> Option<String> {
        self.drift.then(|| "something".to_owned())
    }
}
