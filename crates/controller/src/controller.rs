//! One turn after the other: read, ask what comes next, do it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fallgate_access::{
    Answer as Right, Assess, Call, Canaries, Case, Circumstances, Ending, Entry, Live, Lock,
    Observed, Other, Owner, Planned, Policy, Probe, Record as InRecord, Refusal as NotPlanned,
    Rehearsal, Rights, Step, due, next, sweep,
};
use fallgate_api::names::{CONFIG_NAME, FIELD_MANAGER, SYSTEM_NAMESPACE, annotation, label};
use fallgate_api::{
    AccessConfigSpec, AccessGrant, AccessRequest, AccessRequestSpec, AccessRequestStatus,
    EndReason, Endpoint, Phase, PolicyKind, PolicyRef,
};
use fallgate_cluster::{Gap, Refusal, Writer};
use fallgate_model::Severity;
use futures::StreamExt as _;
use futures::future::join;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Client;

use crate::Clock;
use crate::act::{Act, Answer};
use crate::backoff::Backoff;
use crate::canary::{self, Canary};
use crate::clock::{signed, until};
use crate::elector::Timing;
use crate::events::Pending;
use crate::ground::Ground;
use crate::health::{self, Health};
use crate::lease::Election;
use crate::record::Record;
use crate::seen::{Seen, grant_label};
use crate::sources::Sources;
use crate::statuses::statuses;
use crate::tell::{Receivers, Teller, Wanted};

/// How a controller behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the lease calls this process. No other process, not even the one that
    /// runs in its place after a crash, may have the same.
    pub identity: String,
    /// For how long a lease holds, and how long a request may take.
    pub lease: Timing,
    /// How long it may be until everything is listed anew, whatever watches say.
    pub relist: Duration,
    /// How old the rest of the cluster may be: its pods and policies, its rotas
    /// and tickets.
    pub survey: Duration,
    /// How many requests may be under way at once.
    pub at_once: usize,
    /// How many entries are appended to the record in a turn.
    pub appends: usize,
}

impl Settings {
    /// What suits most clusters.
    pub fn new(identity: impl Into<String>) -> Settings {
        Settings {
            identity: identity.into(),
            lease: Timing::DEFAULT,
            relist: Duration::from_secs(10),
            survey: Duration::from_secs(5),
            at_once: 32,
            appends: 64,
        }
    }
}

/// What a turn did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// How long until the next one is due, if nothing changes before; nothing
    /// where something was done, and more may follow.
    pub wait: Duration,
    /// Whether this process leads.
    pub leads: bool,
    /// Whether everything could be read.
    pub complete: bool,
    /// What was sent, in words, in its order.
    pub sent: Vec<String>,
    /// The entries that were appended to the record.
    pub appended: Vec<fallgate_ledger::Entry>,
    /// What could not be read or done, and why.
    pub problems: Vec<String>,
    /// Whether something was done after which more may follow.
    progress: bool,
}

/// The controller of one process.
pub struct Controller {
    client: Client,
    writer: Writer,
    clock: Arc<dyn Clock>,
    settings: Settings,
    record: Record,
    election: Election,
    seen: Seen,
    ground: Option<Ground>,
    sources: Sources,
    /// When the cluster and the sources were last read.
    surveyed: Option<Duration>,
    /// How far the API server's clock is ahead, and when that was asked.
    skew: Option<(SignedDuration, Duration)>,
    /// What the record calls the cluster.
    cluster: Option<String>,
    canary: Canary,
    owner: Probe,
    identity: Probe,
    rights: Rights,
    /// Why grants are being closed, by their uid.
    closing: BTreeMap<String, Ending>,
    /// Requests that are gone, of grants that are not, by the uid of the grant.
    ghosts: BTreeMap<String, AccessRequest>,
    backoff: Backoff,
    /// When something is due that the last turn saw.
    due: Option<Timestamp>,
    health: Health,
    pending: Pending,
    wanted: Wanted,
    receivers: Option<Receivers>,
}

/// A step of a request, with what carries it out.
struct Todo {
    /// The uid of the request, or of what else the step is about.
    subject: String,
    /// The uid of the grant.
    grant: Option<String>,
    act: Act,
    ending: Option<Ending>,
    /// Who asked, and where: of several who open at once, each must be seen by
    /// the next.
    place: (String, String),
}

/// What the life cycles want.
#[derive(Default)]
struct Wishes {
    acts: Vec<Todo>,
    entries: Vec<Entry>,
    /// Statuses of requests that are gone.
    ghosts: Vec<(String, AccessRequestStatus)>,
    until: Option<Timestamp>,
}

impl Wishes {
    fn wake(&mut self, at: Timestamp) {
        self.until = Some(self.until.map_or(at, |until| until.min(at)));
    }
}

/// Stands for a cluster that was not read: nothing is planned on it.
struct Nowhere;

impl Assess for Nowhere {
    fn plan(&self, _: &Case<'_>) -> Result<Planned, NotPlanned> {
        Err(NotPlanned::Unread("the cluster, which was not listed yet".to_owned()))
    }

    fn growth(&self, _: &AccessGrant) -> Option<String> {
        None
    }
}

/// How long an answer of the authorizer is remembered.
const RIGHTS: SignedDuration = SignedDuration::from_hours(2);
/// How long it may be known by how much the clocks differ.
const SKEW: Duration = Duration::from_secs(30);
/// How often that is asked.
const ASK_SKEW: Duration = Duration::from_secs(5);
/// The longest that what closes is left alone after a failure, and what opens.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

impl Controller {
    /// A controller that has done nothing yet.
    ///
    /// The client must not retry by itself (`Config::default_retry = false`): a
    /// creation that is repeated may come after the path's end.
    pub fn new(
        client: Client,
        record: Record,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Controller {
        let health = Health::new(clock.clone());
        let election = Election::new(&settings.identity, settings.lease);
        Controller {
            writer: Writer::new(client.clone(), FIELD_MANAGER, settings.lease.timeout()),
            client,
            clock,
            settings,
            record,
            election,
            seen: Seen::new(),
            ground: None,
            sources: Sources::default(),
            surveyed: None,
            skew: None,
            cluster: None,
            canary: Canary::default(),
            owner: Probe::Unknown,
            identity: Probe::Unknown,
            rights: Rights::default(),
            closing: BTreeMap::new(),
            ghosts: BTreeMap::new(),
            backoff: Backoff::default(),
            due: None,
            health,
            pending: Pending::default(),
            wanted: Wanted::default(),
            receivers: None,
        }
    }

    /// Tells the receivers of webhooks too, in this way. Without it they are told
    /// nothing.
    #[must_use]
    pub fn telling(mut self, receivers: Receivers) -> Controller {
        self.receivers = Some(receivers);
        self
    }

    /// How it is, for whoever asks while it runs.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// What tells of what this controller records; [`Controller::run`] has it
    /// going. There is one for each controller.
    pub fn teller(&mut self) -> Teller {
        Teller {
            writer: self.writer.clone(),
            clock: self.clock.clone(),
            identity: self.settings.identity.clone(),
            pages: self.record.pages(),
            pending: self.pending.clone(),
            wanted: self.wanted.clone(),
            health: self.health.clone(),
            receivers: self.receivers.take(),
            couriers: BTreeMap::new(),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Lets the lease and the record go.
    pub(crate) async fn let_go(&mut self) {
        self.election.release(&self.writer).await;
        self.record.close();
    }

    /// Reads what there is, and does the next step of everything.
    pub async fn turn(&mut self) -> Turn {
        let mut turn = Turn::default();
        self.health.turn();
        if self.due.take().is_some_and(|due| due <= self.clock.now()) {
            // What is known is enough to close by, whether or not anything answers.
            let wishes = self.wishes(false);
            self.act(closings(wishes.acts), &mut turn).await;
        }
        let (writer, clock) = (self.writer.clone(), self.clock.clone());
        let (problems, ()) =
            join(self.seen.refresh(&writer), self.election.keep(&writer, &*clock)).await;
        turn.problems.extend(problems);
        if !self.seen.usable() {
            turn.wait = Duration::from_secs(1);
            return self.told(turn);
        }
        if self.seen.complete() {
            self.health.listed();
        }
        self.haunt();
        self.tidy();
        turn.leads = self.election.left(&*self.clock).is_some();
        let wishes = self.wishes(false);
        let closed: BTreeSet<String> = wishes
            .acts
            .iter()
            .filter(|todo| todo.act.closes())
            .map(|t| t.subject.clone())
            .collect();
        self.act(closings(wishes.acts), &mut turn).await;
        self.sweep(&mut turn).await;
        if turn.leads {
            self.prepare(&mut turn).await;
        } else {
            self.record.close();
        }
        let webhooks = self.config().filter(|_| turn.leads).map(|config| &*config.webhooks);
        self.wanted.set(webhooks.unwrap_or_default());
        let complete = self.complete();
        turn.complete = complete;
        let mut wishes = self.wishes(complete);
        wishes.acts.retain(|todo| !closed.contains(&todo.subject));
        self.act(one_opening_each(wishes.acts), &mut turn).await;
        if turn.leads {
            self.append(wishes.entries, &mut turn);
            self.note(&mut turn).await;
            self.prove(&mut turn, &mut wishes.until).await;
        }
        for (grant, status) in wishes.ghosts {
            if let Some(ghost) = self.ghosts.get_mut(&grant) {
                ghost.status = Some(status);
                turn.progress = true;
                turn.sent.push(format!("note {grant}"));
            }
        }
        self.due = wishes.until;
        turn.wait = self.wait(&turn, wishes.until);
        self.told(turn)
    }

    /// How long until the next turn.
    fn wait(&self, turn: &Turn, until_time: Option<Timestamp>) -> Duration {
        if turn.progress || !turn.appended.is_empty() {
            return Duration::ZERO;
        }
        let due = until_time.map(|at| until(self.clock.now(), at));
        let lease = self.election.wait(&*self.clock);
        let wait = self.settings.relist.min(lease).min(due.unwrap_or(Duration::MAX));
        // Never at once: what did not change anything will not do so now.
        wait.max(Duration::from_millis(10))
    }

    fn told(&self, turn: Turn) -> Turn {
        self.report();
        for problem in &turn.problems {
            tracing::warn!(%problem, "something could not be done");
        }
        turn
    }

    /// Says how it is.
    fn report(&self) {
        let canary = |probes: &[Probe]| {
            if probes.contains(&Probe::Failed) {
                health::Canary::Dead
            } else if probes.iter().all(|probe| matches!(probe, Probe::Passed(_))) {
                health::Canary::Alive
            } else {
                health::Canary::Untried
            }
        };
        let mut grants = BTreeMap::new();
        for grant in self.seen.grants.all() {
            let phase = grant.status.as_ref().map(|status| status.phase).unwrap_or_default();
            *grants.entry(format!("{phase:?}")).or_default() += 1;
        }
        let left = self.election.left(&*self.clock).unwrap_or_default();
        self.health.lease(self.election.state(), left);
        self.health.note(|report| {
            report.record_writable = self.record.writable();
            report.switch_canary = canary(&[self.canary.probe()]);
            report.admission_canary = canary(&[self.owner, self.identity]);
            report.grants = grants;
        });
    }

    /// A grant ended, by a status that was written.
    fn ended(&self, grant: &AccessGrant) {
        let Some(status) = &grant.status else { return };
        if status.phase != Phase::Ended || status.end_reason != Some(EndReason::Expired) {
            return;
        }
        if let (Some(expired), Some(ended)) = (&status.expires_at, &status.ended_at) {
            let late = until(expired.0, ended.0);
            self.health.note(|report| report.lateness.observe(late));
        }
    }

    fn config(&self) -> Option<&AccessConfigSpec> {
        let mut all = self.seen.configs.all().iter();
        let config = all.find(|config| config.metadata.name.as_deref() == Some(CONFIG_NAME));
        config.map(|config| &config.spec)
    }

    /// Whether everything was read that is needed to open something.
    fn complete(&self) -> bool {
        let since = self.surveyed.map(|at| self.clock.elapsed().saturating_sub(at));
        let recent = since.is_some_and(|since| since <= self.settings.survey * 2);
        self.seen.complete() && self.ground.is_some() && recent
    }

    /// How far the API server's clock is ahead, where that is known.
    fn skew(&self) -> Option<SignedDuration> {
        let (skew, at) = self.skew?;
        (self.clock.elapsed().saturating_sub(at) <= SKEW).then_some(skew)
    }

    /// Reads what only opening needs: the cluster, rotas and tickets, the
    /// server's clock, the record.
    async fn prepare(&mut self, turn: &mut Turn) {
        self.record.ready();
        turn.problems.extend(self.record.problem().map(|problem| format!("record: {problem}")));
        if self.cluster.is_none() {
            match self.writer.read::<Namespace>(None, "kube-system").await {
                Ok(namespace) => self.cluster = namespace.and_then(|found| found.metadata.uid),
                Err(refusal) => turn.problems.push(format!("namespace kube-system: {refusal}")),
            }
        }
        let open = self.seen.requests.all().iter().any(|request| {
            !request.status.as_ref().is_some_and(|status| status.phase.is_terminal())
        });
        if !open {
            return;
        }
        let elapsed = self.clock.elapsed();
        let older =
            |at: Option<Duration>, limit| at.is_none_or(|at| elapsed.saturating_sub(at) >= limit);
        if older(self.skew.map(|(_, at)| at), ASK_SKEW) {
            self.ask_skew(turn).await;
        }
        if older(self.surveyed, self.settings.survey) {
            let timeout = self.settings.lease.timeout();
            let live = fallgate_cluster::read_by(self.client.clone(), "the cluster", timeout).await;
            match live {
                Ok(live) if !live.gaps.iter().any(blinds) => {
                    let before = self.ground.take();
                    self.ground = Some(Ground::after(live, before));
                    self.surveyed = Some(elapsed);
                }
                // What there was is looked at until it is too old.
                Ok(live) => {
                    let gaps = live.gaps.into_iter().filter(blinds);
                    turn.problems.extend(gaps.map(|gap| gap.diagnostic.message));
                }
                Err(error) => turn.problems.push(error.to_string()),
            }
            if let Some(config) = self.config().cloned() {
                self.sources = Sources::read(&config, &self.writer, &*self.clock).await;
            }
        }
        turn.problems.extend(self.sources.problems.iter().cloned());
    }

    async fn ask_skew(&mut self, turn: &mut Turn) {
        let before = self.clock.now();
        match self.writer.time(SYSTEM_NAMESPACE).await {
            Ok(stamp) => {
                let after = self.clock.now();
                // The stamp is in whole seconds and from between the two: where the
                // clocks may agree, they do.
                let least = stamp.duration_since(after);
                let most = stamp.duration_since(before) + SignedDuration::from_secs(1);
                let skew = if least.is_positive() { least } else { most.min(SignedDuration::ZERO) };
                self.skew = Some((skew, self.clock.elapsed()));
            }
            Err(refusal) => turn.problems.push(format!("the API server's time: {refusal}")),
        }
    }

    /// Stands in for requests that are gone while their grants are not: such a
    /// grant ends as if its request were being deleted.
    fn haunt(&mut self) {
        if !self.seen.requests.fresh() || !self.seen.grants.fresh() {
            return;
        }
        let known: BTreeSet<&str> =
            self.seen.requests.all().iter().filter_map(|r| r.metadata.uid.as_deref()).collect();
        let mut ghosts = BTreeMap::new();
        for grant in self.seen.grants.all() {
            let Some(uid) = &grant.metadata.uid else { continue };
            if known.contains(grant.spec.request_ref.uid.as_str()) {
                continue;
            }
            let ghost = self.ghosts.remove(uid).unwrap_or_else(|| ghost(grant));
            ghosts.insert(uid.clone(), ghost);
        }
        self.ghosts = ghosts;
    }

    /// Forgets what is about nothing any more.
    fn tidy(&mut self) {
        if let Ok(old) = self.clock.now().checked_sub(RIGHTS) {
            self.rights.forget_before(old);
        }
        if let Some(ground) = &self.ground {
            ground.tidy();
        }
        if self.seen.grants.fresh() && self.seen.requests.fresh() {
            let grants = self.seen.grants.all().iter();
            let grants: BTreeSet<&str> = grants.filter_map(|g| g.metadata.uid.as_deref()).collect();
            self.closing.retain(|uid, _| grants.contains(uid.as_str()));
            let requests = self.seen.requests.all().iter();
            let mut known: BTreeSet<&str> =
                requests.filter_map(|r| r.metadata.uid.as_deref()).collect();
            known.extend(self.ghosts.values().filter_map(|r| r.metadata.uid.as_deref()));
            let incidents = self.seen.incidents.all().iter().map(|o| &o.metadata);
            let policies = self.seen.policies.all().iter().map(|o| &o.metadata);
            let of_cluster = self.seen.cluster_policies.all().iter().map(|o| &o.metadata);
            let others = incidents.chain(policies).chain(of_cluster);
            known.extend(others.filter_map(|metadata| metadata.uid.as_deref()));
            self.backoff.retain(|what| known.contains(what.trim_end_matches('!')));
        }
    }

    /// What comes next for every request, by what was read last.
    fn wishes(&self, complete: bool) -> Wishes {
        let now = self.clock.now();
        let mut wishes = Wishes::default();
        let seen = &self.seen;
        let place = |metadata: &ObjectMeta| {
            (
                metadata.namespace.clone().unwrap_or_default(),
                metadata.name.clone().unwrap_or_default(),
            )
        };
        let grants: BTreeMap<_, &AccessGrant> =
            seen.grants.all().iter().map(|grant| (place(&grant.metadata), grant)).collect();
        let mut others: Vec<Other<'_>> = seen
            .requests
            .all()
            .iter()
            .map(|request| Other { request, grant: grants.get(&place(&request.metadata)).copied() })
            .collect();
        let own = |metadata: &ObjectMeta| metadata.name.clone().unwrap_or_default();
        let names: Vec<(String, Option<&str>)> = seen
            .locks
            .all()
            .iter()
            .map(|lock| (own(&lock.metadata), lock.metadata.namespace.as_deref()))
            .chain(seen.cluster_locks.all().iter().map(|lock| (own(&lock.metadata), None)))
            .collect();
        let specs = seen.locks.all().iter().map(|lock| &lock.spec);
        let specs = specs.chain(seen.cluster_locks.all().iter().map(|lock| &lock.spec.0));
        let locks: Vec<Lock<'_>> = names
            .iter()
            .zip(specs)
            .map(|((name, namespace), spec)| Lock { name, namespace: *namespace, spec })
            .collect();
        let context = Context { complete, now, locks: &locks };
        let last = others.len().saturating_sub(1);
        for at in 0..others.len() {
            // Everybody else: the one in question stands at the end meanwhile.
            others.swap(at, last);
            if let Some((this, others)) = others.split_last() {
                self.wish(this.request, this.grant, others, &context, &mut wishes);
            }
            others.swap(at, last);
        }
        for (uid, ghost) in &self.ghosts {
            let mut all = seen.grants.all().iter();
            let grant = all.find(|grant| grant.metadata.uid.as_ref() == Some(uid));
            self.wish(ghost, grant, &others, &context, &mut wishes);
        }
        wishes
    }

    /// What comes next for one request.
    fn wish(
        &self,
        request: &AccessRequest,
        grant: Option<&AccessGrant>,
        others: &[Other<'_>],
        context: &Context<'_>,
        wishes: &mut Wishes,
    ) {
        let Context { complete, now, locks } = *context;
        let Some(uid) = request.metadata.uid.clone() else { return };
        let home = request.metadata.namespace.as_deref().unwrap_or_default();
        let grant_uid = grant.and_then(|grant| grant.metadata.uid.clone());
        // Of a grant that is gone, what it opened is still looked at.
        let live = fallgate_access::grant_uid(request, grant).and_then(|uid| self.seen.live(uid));
        let policy = self.policy(home, &request.spec.policy_ref);
        let rota = policy.as_ref().and_then(|policy| policy.spec.approval.on_call.as_ref());
        let ticket = self.sources.ticket(request, now);
        let left = self.election.left(&*self.clock);
        let nowhere = Nowhere;
        let observed = Observed {
            config: self.config(),
            policy,
            request,
            decisions: self.seen.decisions.of(&uid),
            grant,
            live: live.map(|(switches, policies)| Live { switches, policies }),
            locks,
            incidents: self.seen.incidents.of(home),
            ticket: ticket.as_ref(),
            on_call: rota.and_then(|rota| self.sources.on_call(&rota.rota)),
            others,
            complete,
            rights: &self.rights,
            record: InRecord {
                writable: self.record.writable() && self.cluster.is_some(),
                entries: self.record.keys(),
            },
            canaries: Canaries {
                owner: self.owner,
                identity: self.identity,
                switch: self.canary.probe(),
            },
            lease: left.and_then(|left| now.checked_add(signed(left)).ok()),
            skew: self.skew(),
            closing: grant_uid.as_ref().and_then(|uid| self.closing.get(uid)),
            world: self.ground.as_ref().map_or(&nowhere, |ground| ground as &dyn Assess),
        };
        let ghost = grant_uid.as_ref().filter(|uid| self.ghosts.contains_key(*uid));
        let ghost = ghost.filter(|_| request.metadata.deletion_timestamp.is_some());
        // Times are the server's where its clock is ahead.
        let ahead = self.skew().unwrap_or_default().max(SignedDuration::ZERO);
        let ours = |at: Timestamp| at.checked_sub(ahead).unwrap_or(at);
        // Whatever else comes first, and whether or not that can be done.
        let ends = grant.and_then(|grant| due(request, grant)).map(ours);
        if let Some(ends) = ends.filter(|ends| *ends > now) {
            wishes.wake(ends);
        }
        match next(&observed, now) {
            Step::Wait(wait) => {
                if let Some(at) = wait.until {
                    wishes.wake(ours(at));
                }
            }
            Step::Append(entry) => wishes.entries.push(*entry),
            Step::Send(call) => {
                if let Some(ghost) = ghost {
                    match call {
                        Call::WriteRequest(status) => {
                            wishes.ghosts.push((ghost.clone(), *status));
                            return;
                        }
                        Call::Delete(object) if object.kind == "AccessRequest" => return,
                        _ => {}
                    }
                }
                let ending = match &call {
                    Call::Close(_, ending) => Some(ending.clone()),
                    _ => None,
                };
                let Some(act) = Act::of(call, request, grant) else { return };
                let key = backoff_key(&uid, act.closes());
                if let Some(again) = self.backoff.until(&key, self.clock.elapsed()) {
                    let wait = signed(again.saturating_sub(self.clock.elapsed()));
                    wishes.wake(now.checked_add(wait).unwrap_or(now));
                    return;
                }
                let place = (home.to_owned(), request.spec.requested_by.username.clone());
                wishes.acts.push(Todo { subject: uid, grant: grant_uid, act, ending, place });
            }
        }
    }

    fn policy(&self, home: &str, named: &PolicyRef) -> Option<Policy<'_>> {
        let name = Some(named.name.as_str());
        match named.kind {
            PolicyKind::AccessPolicy => {
                let mut all = self.seen.policies.all().iter();
                let here = all.find(|policy| {
                    policy.metadata.namespace.as_deref() == Some(home)
                        && policy.metadata.name.as_deref() == name
                });
                here.and_then(Policy::of)
            }
            PolicyKind::ClusterAccessPolicy => {
                let mut all = self.seen.cluster_policies.all().iter();
                let named = all.find(|policy| policy.metadata.name.as_deref() == name);
                named.and_then(Policy::of_cluster)
            }
        }
    }

    /// Sends what is to be sent, several at once, and takes the answers in.
    async fn act(&mut self, todos: Vec<Todo>, turn: &mut Turn) {
        for todo in &todos {
            if let (Some(grant), Some(ending)) = (&todo.grant, &todo.ending) {
                self.closing.insert(grant.clone(), ending.clone());
            }
        }
        let send = |todo: Todo| {
            let (writer, election, clock) = (&self.writer, &self.election, &self.clock);
            async move {
                if !todo.act.closes() && election.left(&**clock).is_none() {
                    return (todo, None);
                }
                let answer = todo.act.send(writer).await;
                (todo, Some(answer))
            }
        };
        let sent: Vec<_> = futures::stream::iter(todos)
            .map(send)
            .buffered(self.settings.at_once.max(1))
            .collect()
            .await;
        for (todo, answer) in sent {
            if let Some(answer) = answer {
                self.answered(todo, answer, turn);
            }
        }
    }

    fn answered(&mut self, todo: Todo, answer: Result<Answer, Refusal>, turn: &mut Turn) {
        let now = self.clock.now();
        let (verb, what) = todo.act.words();
        turn.sent.push(format!("{verb} {what}"));
        turn.progress |= answer.is_ok() || matches!(todo.act, Act::Rehearse(_));
        let key = backoff_key(&todo.subject, todo.act.closes());
        let refusal = match (&todo.act, answer) {
            (Act::Rehearse(rehearsal), answer) => match rehearsed(rehearsal, answer.map(drop), now)
            {
                Ok(probe) => {
                    if probe == Probe::Failed {
                        tracing::error!(policy = what, "admission let through what it must refuse");
                    }
                    match rehearsal {
                        Rehearsal::Owner(_) => self.owner = probe,
                        Rehearsal::Identity(_) => self.identity = probe,
                    }
                    return self.backoff.done(&key);
                }
                Err(refusal) => refusal,
            },
            (Act::Ask(question), Ok(Answer::Allowed(allowed))) => {
                self.rights.insert(question.clone(), Right { allowed, at: now });
                return self.backoff.done(&key);
            }
            (act, Ok(_)) => {
                match act {
                    Act::Delete(object) => self.seen.deleting(&object.uid, now),
                    Act::WriteGrant(grant) => self.ended(grant),
                    _ => {}
                }
                tracing::info!(subject = todo.subject, "{verb} {what}");
                return self.backoff.done(&key);
            }
            (_, Err(refusal)) => refusal,
        };
        let wanted = match &refusal {
            Refusal::Busy { after, .. } => *after,
            _ => None,
        };
        let longest = if todo.act.closes() { PATIENCE.0 } else { PATIENCE.1 };
        self.backoff.failed(key, self.clock.elapsed(), longest, wanted);
        turn.problems.push(format!("{verb} {what}: {refusal}"));
    }

    /// Appends entries; what is left over comes in the next turn.
    fn append(&mut self, entries: Vec<Entry>, turn: &mut Turn) {
        let Some(cluster) = self.cluster.clone() else { return };
        for entry in entries.into_iter().take(self.settings.appends) {
            match self.record.append(&cluster, &entry) {
                Ok(appended) => {
                    self.pending.push(appended.entry());
                    turn.appended.push(appended.entry().clone());
                }
                Err(error) => {
                    turn.problems.push(format!("record: {error}"));
                    return;
                }
            }
        }
    }

    /// Records what became of locks, incidents and policies, and says in their
    /// statuses what they are good for.
    async fn note(&mut self, turn: &mut Turn) {
        if !self.seen.complete() {
            return;
        }
        let now = self.clock.now();
        let circumstances = Circumstances {
            configs: self.seen.configs.all(),
            policies: self.seen.policies.all(),
            cluster_policies: self.seen.cluster_policies.all(),
            incidents: self.seen.incidents.all(),
            locks: self.seen.locks.all(),
            cluster_locks: self.seen.cluster_locks.all(),
        };
        if self.record.writable() {
            let (keys, objects) = (self.record.keys(), self.record.objects());
            let entries = circumstances.entries(keys, objects, now);
            self.append(entries, turn);
        }
        let elapsed = self.clock.elapsed();
        let statuses = statuses(&self.seen, self.config(), now).into_iter();
        let due = statuses.filter(|(uid, _)| self.backoff.until(uid, elapsed).is_none());
        let todos = due
            .map(|(subject, act)| Todo {
                subject,
                grant: None,
                act,
                ending: None,
                place: Default::default(),
            })
            .collect();
        self.act(todos, turn).await;
    }

    /// Deletes what has a grant's label and no grant. That there is none is read
    /// again, by its name: it may have been made since the list.
    async fn sweep(&mut self, turn: &mut Turn) {
        if !self.seen.grants.fresh() {
            return;
        }
        let known: BTreeSet<&str> =
            self.seen.grants.all().iter().filter_map(|g| g.metadata.uid.as_deref()).collect();
        let jobs = self.seen.switches.all().iter().map(|job| ("Job", &job.metadata));
        let policies = self.seen.opened.all().iter().map(|p| ("NetworkPolicy", &p.metadata));
        let lost: Vec<(&'static str, ObjectMeta)> = jobs
            .chain(policies)
            .filter(|(_, metadata)| {
                !known.contains(grant_label(metadata))
                    && metadata.deletion_timestamp.is_none()
                    && metadata.labels.as_ref().is_none_or(|all| !all.contains_key(label::CANARY))
            })
            .map(|(kind, metadata)| (kind, metadata.clone()))
            .collect();
        for (kind, metadata) in lost {
            let named = metadata.annotations.as_ref().and_then(|all| all.get(annotation::GRANT));
            let named = named.and_then(|name| name.split_once('/'));
            let grant = match named {
                Some((namespace, name)) => {
                    self.writer.read::<AccessGrant>(Some(namespace), name).await
                }
                // It names none, so that there is none.
                None => Ok(None),
            };
            let owner = match &grant {
                Ok(Some(grant)) => Owner::There(grant),
                Ok(None) => Owner::Absent,
                Err(_) => Owner::Unknown,
            };
            let Some(Step::Send(Call::Delete(object))) = sweep(kind, &metadata, owner) else {
                continue;
            };
            let act = Act::Delete(object);
            let (verb, what) = act.words();
            turn.sent.push(format!("{verb} {what}"));
            match act.send(&self.writer).await {
                Ok(_) => {
                    self.seen
                        .deleting(metadata.uid.as_deref().unwrap_or_default(), self.clock.now());
                    tracing::warn!("deleted {what}, whose grant is gone");
                }
                Err(refusal) => turn.problems.push(format!("{verb} {what}: {refusal}")),
            }
        }
    }

    /// Takes the proof that switches work one step further.
    async fn prove(&mut self, turn: &mut Turn, until: &mut Option<Timestamp>) {
        if self.config().is_none() || !self.seen.switches.fresh() || !self.seen.opened.fresh() {
            return;
        }
        let Some(skew) = self.skew() else { return };
        let (clock, writer) = (self.clock.clone(), self.writer.clone());
        if self.election.left(&*clock).is_none() {
            return;
        }
        let now = clock.now();
        let server = now.checked_add(skew).unwrap_or(now);
        let objects = (self.seen.switches.of(canary::UID), self.seen.opened.of(canary::UID));
        let result = match self.canary.next(objects, server, clock.elapsed()) {
            canary::Next::Wait(wait) => {
                if let Some(at) = wait.and_then(|wait| now.checked_add(wait).ok()) {
                    *until = Some(until.map_or(at, |until| until.min(at)));
                }
                return;
            }
            canary::Next::Create(job) => {
                turn.sent.push("create the canary's switch".to_owned());
                writer.create(&*job).await.map(drop)
            }
            canary::Next::Open(policy, deadline) => {
                turn.sent.push("create the canary's policy".to_owned());
                let created = writer.create(&*policy).await.map(drop);
                if created.is_ok() {
                    self.canary.opened(deadline);
                }
                created
            }
            canary::Next::Remove(objects) => {
                let mut result = Ok(());
                for object in objects.into_iter().map(Act::Delete) {
                    turn.sent.push("delete what is left of the canary".to_owned());
                    result = result.and(object.send(&writer).await.map(drop));
                }
                result
            }
        };
        turn.progress |= result.is_ok();
        if let Err(refusal) = result {
            self.canary.failed(clock.elapsed());
            turn.problems.push(format!("the canary: {refusal}"));
        }
    }
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether nothing can be judged without what is missing. What may be there in a
/// moment must not be taken for a change, and without pods, nodes, namespaces and
/// Services nobody can tell what is not told. Policies that the controller has no
/// right to list make their effects unknown, and plans say so.
fn blinds(gap: &Gap) -> bool {
    match gap.diagnostic.severity {
        Severity::Note => false,
        Severity::Warning => gap.passing,
        Severity::Error => gap.passing || gap.opaque.is_none(),
    }
}

/// What is the same for every request of a turn.
struct Context<'a> {
    complete: bool,
    now: Timestamp,
    locks: &'a [Lock<'a>],
}

/// What closes is not held up by what opens.
fn backoff_key(request: &str, closes: bool) -> String {
    if closes { format!("{request}!") } else { request.to_owned() }
}

fn closings(todos: Vec<Todo>) -> Vec<Todo> {
    todos.into_iter().filter(|todo| todo.act.closes()).collect()
}

/// Of several grants in one namespace or for one person only the first is made,
/// since each must be seen where the next one is judged.
fn one_opening_each(todos: Vec<Todo>) -> Vec<Todo> {
    let mut taken = BTreeSet::new();
    let free = |todo: &Todo| {
        let opens = matches!(todo.act, Act::CreateGrant(_));
        let (namespace, person) = &todo.place;
        !opens || (taken.insert((true, namespace.clone())) & taken.insert((false, person.clone())))
    };
    let mut free = free;
    todos.into_iter().filter(|todo| free(todo)).collect()
}

/// How a rehearsal went; the refusal, where that says nothing.
fn rehearsed(
    rehearsal: &Rehearsal,
    answer: Result<(), Refusal>,
    now: Timestamp,
) -> Result<Probe, Refusal> {
    match answer {
        Ok(()) => Ok(Probe::Failed),
        Err(Refusal::Admission { policy, .. }) if policy == rehearsal.refused_by() => {
            Ok(Probe::Passed(now))
        }
        Err(Refusal::Admission { .. }) => Ok(Probe::Failed),
        Err(refusal) => Err(refusal),
    }
}

/// A request that is gone, as far as its grant tells.
fn ghost(grant: &AccessGrant) -> AccessRequest {
    let of = &grant.spec.request_ref;
    let made = grant.metadata.creation_timestamp.clone();
    let spec = AccessRequestSpec {
        policy_ref: PolicyRef {
            kind: grant.spec.policy.kind,
            name: grant.spec.policy.name.clone(),
        },
        requested_by: grant.spec.requested_by.clone(),
        from: Endpoint::default(),
        via: None,
        to: Endpoint::default(),
        ports: Vec::new(),
        duration_seconds: None,
        until: None,
        not_before: None,
        reason: "the request was deleted".to_owned(),
        ticket: grant.spec.ticket.clone(),
        incident_ref: None,
        break_glass: grant.spec.break_glass,
        extends: None,
    };
    let metadata = ObjectMeta {
        namespace: Some(of.namespace.clone()),
        name: Some(of.name.clone()),
        uid: Some(of.uid.clone()),
        deletion_timestamp: made.clone().or(Some(Time(Timestamp::MIN))),
        creation_timestamp: made,
        ..ObjectMeta::default()
    };
    AccessRequest { metadata, spec, status: None }
}
