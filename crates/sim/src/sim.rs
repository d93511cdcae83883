use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::control::{Control, Controller};
use crate::fault::{Fault, Hook};
use crate::request::{Attributes, UserInfo};
use crate::schedule::{Sleep, Tasks, Timers};
use crate::server::{Server, Snapshot};
use crate::status::Refusal;
use crate::store::{Change, Compacted};
use crate::time;
use crate::trace::{Exchange, RequestIndex, Trace, Write};
use crate::view::View;
use crate::{bootstrap, client, control};

/// How a simulation behaves; [`Options::default`] is a cluster that answers at
/// once and whose control plane works as a real one does at its default rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What everything random is derived from.
    pub seed: u64,
    /// The time at which it starts.
    pub start: Timestamp,
    /// How long the server takes for a request of a client, at least and at
    /// most; half of it passes before the request takes effect.
    pub latency: (Duration, Duration),
    /// How the controllers behave.
    pub control: ControlOptions,
    /// For how long the server can tell what has changed; a watch or a list
    /// from before is expired. None: for ever.
    pub history: Option<Duration>,
}

/// How the controllers of the control plane behave. The rates are those of the
/// real controller manager, and so is the order of its requests; with them it
/// was measured to take 3.7 s (median) for 50 Jobs that expire at once.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlOptions {
    /// Requests a second of each controller (`--kube-api-qps`); the garbage
    /// collector may make twice as many.
    pub qps: u32,
    /// How many requests may be made at once (`--kube-api-burst`).
    pub burst: u32,
    /// How long the server takes for a request of a controller.
    pub latency: (Duration, Duration),
    /// How long a change takes to reach a controller.
    pub lag: (Duration, Duration),
    /// How long a controller takes to start.
    pub startup: (Duration, Duration),
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 0,
            start: Timestamp::from_second(1_767_225_600).unwrap_or_default(),
            latency: (Duration::ZERO, Duration::ZERO),
            control: ControlOptions::default(),
            history: Some(Duration::from_secs(300)),
        }
    }
}

impl Default for ControlOptions {
    fn default() -> ControlOptions {
        let millis = |from, to| (Duration::from_millis(from), Duration::from_millis(to));
        ControlOptions {
            qps: 20,
            burst: 30,
            latency: millis(2, 8),
            lag: millis(1, 5),
            startup: millis(1000, 2000),
        }
    }
}

/// A simulated cluster. Clones are the same cluster.
#[derive(Clone)]
pub struct Sim(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Held while time passes, so that it does so once.
    passing: Mutex<()>,
    /// Told when something is to happen earlier than before.
    changed: Notify,
    /// Told when somebody crashes.
    crashed: Notify,
}

pub(crate) struct State {
    pub(crate) server: Server,
    pub(crate) timers: Timers,
    pub(crate) tasks: Tasks,
    pub(crate) control: Control,
    pub(crate) trace: Trace,
    pub(crate) options: Options,
    /// Chance in everything but the server, which has its own.
    pub(crate) random: fastrand::Rng,
    /// The revision up to which controllers and watches were told.
    told: u64,
    /// Watches that wait for a change.
    watchers: Vec<Waker>,
    /// The cluster itself, for what is to happen later.
    pub(crate) me: Weak<Shared>,
    requests: BTreeMap<String, u64>,
    /// How often each user's process has crashed.
    crashes: BTreeMap<String, u64>,
    request_count: u64,
    hook: Option<Hook>,
    /// Where time follows another clock: what it showed, and what it was here.
    follows: Option<(Instant, Timestamp)>,
}

/// A user's process between two crashes.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    username: String,
    crashes: u64,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while it was held is the panic that will be reported.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changed(&self) {
        self.changed.notify_one();
    }
}

impl Sim {
    /// A cluster with the namespaces, roles and controllers that every cluster
    /// has, and nothing else.
    pub fn new(options: Options) -> Sim {
        let mut random = fastrand::Rng::with_seed(options.seed);
        let mut server = Server::new(random.u64(..), options.start);
        bootstrap::bootstrap(&mut server);
        let told = server.store.revision();
        let state = |me: &Weak<Shared>| State {
            server,
            timers: Timers::default(),
            tasks: Tasks::default(),
            control: Control::new(&options.control),
            trace: Trace::default(),
            random,
            told,
            me: Weak::clone(me),
            watchers: Vec::new(),
            requests: BTreeMap::new(),
            crashes: BTreeMap::new(),
            request_count: 0,
            hook: None,
            follows: None,
            options,
        };
        let sim = Sim(Arc::new_cyclic(|me| Shared {
            state: Mutex::new(state(me)),
            passing: Mutex::new(()),
            changed: Notify::new(),
            crashed: Notify::new(),
        }));
        for controller in Controller::ALL {
            control::start(&sim.0, controller, Duration::ZERO);
        }
        sim.keep_history();
        sim
    }

    /// The time in the cluster.
    pub fn now(&self) -> Timestamp {
        self.catch_up();
        self.0.lock().server.now
    }

    /// Lets time pass: everything that is due happens in its order. A clock that
    /// time [follows](Sim::follow) goes on from there.
    pub fn advance(&self, duration: Duration) {
        self.skip(time::after(self.now(), duration));
    }

    /// Lets time pass until nothing is going on, or at most for `limit`: the
    /// controllers have nothing to do that is due within it.
    pub fn settle(&self, limit: Duration) {
        let now = self.now();
        let end = time::after(now, limit);
        self.skip(now);
        while let Some(next) = self.next_due().filter(|next| *next <= end) {
            self.skip(next);
        }
    }

    /// Goes to a point in time without waiting for it.
    fn skip(&self, until: Timestamp) {
        let mut state = self.0.lock();
        let skipped = time::between(state.server.now, until);
        if let Some((_, then)) = &mut state.follows {
            *then = time::after(*then, skipped);
        }
        drop(state);
        self.pass(until);
        self.0.changed();
    }

    /// When something is to happen next; none where nothing is going on.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.0.lock().timers.next()
    }

    /// Waits until a point in the cluster's time.
    pub fn sleep_until(&self, until: Timestamp) -> impl Future<Output = ()> + Send + use<> {
        Sleep::new(&Arc::downgrade(&self.0), until)
    }

    /// Waits for a duration of the cluster's time.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        self.sleep_until(time::after(self.now(), duration))
    }

    /// Lets time follow the clock of the tokio runtime for as long as the
    /// future is polled. With a paused clock this is a discrete simulation in
    /// which nothing is waited for; otherwise the cluster runs in real time.
    pub async fn follow(self) {
        let now = self.0.lock().server.now;
        self.0.lock().follows = Some((Instant::now(), now));
        loop {
            let changed = self.0.changed.notified();
            self.catch_up();
            let wait = self.next_due().map(|next| time::between(self.0.lock().server.now, next));
            match wait {
                Some(wait) => {
                    // Whichever comes first: both lead to looking again.
                    let _ = tokio::time::timeout(wait, changed).await;
                }
                None => changed.await,
            }
        }
    }

    /// Brings the time up to that of the clock it follows.
    pub(crate) fn catch_up(&self) {
        let follows = self.0.lock().follows;
        if let Some((start, then)) = follows {
            self.pass(time::after(then, start.elapsed()));
        }
    }

    fn pass(&self, until: Timestamp) {
        let _passing = self.0.passing.lock().unwrap_or_else(PoisonError::into_inner);
        self.run();
        loop {
            let mut state = self.0.lock();
            match state.timers.take_due(until) {
                Some((at, alarm)) => {
                    state.server.now = state.server.now.max(at);
                    drop(state);
                    alarm();
                    self.run();
                }
                None => {
                    state.server.now = state.server.now.max(until);
                    return;
                }
            }
        }
    }

    /// Polls what has something to do until nothing has.
    fn run(&self) {
        loop {
            let next = self.0.lock().tasks.take_ready();
            let Some((id, mut task, waker)) = next else { return };
            if task.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
                let ended = self.0.lock().tasks.put_back(id, task);
                drop(ended);
            }
        }
    }

    /// Forgets changes as they age.
    fn keep_history(&self) {
        fn again(shared: &Arc<Shared>, history: Duration) {
            let weak = Arc::downgrade(shared);
            let mut state = shared.lock();
            let at = time::after(state.server.now, history);
            state.timers.set(at, move || {
                if let Some(shared) = Weak::upgrade(&weak) {
                    let mut state = shared.lock();
                    let before = state.server.now.checked_sub(history).unwrap_or(Timestamp::MIN);
                    state.server.store.compact_before(before);
                    drop(state);
                    again(&shared, history);
                }
            });
        }
        let history = self.0.lock().options.history;
        if let Some(history) = history {
            again(&self.0, history);
        }
    }

    /// A service that answers the requests of one user: what
    /// `kube::Client::new` takes.
    pub fn client_service(&self, user: UserInfo) -> client::ClientService {
        client::ClientService::new(self.clone(), user)
    }

    /// One request without a client or a fault: what tests and the demo set
    /// the scene with. It is authorised and admitted as any other.
    pub fn request(
        &self,
        user: &UserInfo,
        method: &str,
        uri: &str,
        body: Option<&Value>,
    ) -> Result<Value, Refusal> {
        self.catch_up();
        let mut request = http::Request::builder().method(method).uri(uri);
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        request = request.header(http::header::CONTENT_TYPE, kind);
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request =
            request.body(body).map_err(|error| Refusal::bad_request(error.to_string()))?;
        let (parts, body) = request.into_parts();
        client::at_once(&self.0, user.clone(), parts, body)
    }

    /// Which faults requests meet from now on: asked once for each, by its
    /// index and what it asks for.
    pub fn set_faults(
        &self,
        hook: impl FnMut(&RequestIndex, &Attributes) -> Fault + Send + 'static,
    ) {
        self.0.lock().hook = Some(Box::new(hook));
    }

    /// No faults from now on.
    pub fn clear_faults(&self) {
        self.0.lock().hook = None;
    }

    /// Has the process of a user crash: requests of theirs that have not arrived
    /// never will, and nothing answers any more, neither requests nor watches.
    /// What waits for that waits for ever, so that whoever runs the process is to
    /// drop it: [`Sim::crashed`] tells them when. Requests from then on are those
    /// of the next process.
    pub fn crash(&self, username: &str) {
        *self.0.lock().crashes.entry(username.to_owned()).or_default() += 1;
        self.0.crashed.notify_waiters();
    }

    /// Waits for the next crash of a user's process.
    pub fn crashed(&self, username: &str) -> impl Future<Output = ()> + Send + use<> {
        let life = self.0.lock().life(username);
        let shared = Arc::clone(&self.0);
        async move {
            loop {
                let crashed = shared.crashed.notified();
                if !shared.lock().lives(&life) {
                    return;
                }
                crashed.await;
            }
        }
    }

    /// How many requests a user has made: the index that the next one has.
    pub fn requests_of(&self, username: &str) -> u64 {
        self.0.lock().requests.get(username).copied().unwrap_or(0)
    }

    /// Stops a controller, as a crash does: what it was about to do is lost.
    pub fn stop(&self, controller: Controller) {
        let ended = self.0.lock().stop(controller);
        drop(ended);
    }

    /// Starts a controller that was stopped. It sees the cluster as it is now.
    pub fn start(&self, controller: Controller) {
        let startup = {
            let mut state = self.0.lock();
            let (from, to) = state.options.control.startup;
            state.between(from, to)
        };
        control::start(&self.0, controller, startup);
        self.0.changed();
    }

    /// Sets the clock of a controller off the server's by seconds.
    pub fn skew(&self, controller: Controller, seconds: i64) {
        self.0.lock().control.skew(controller, seconds);
    }

    /// Forgets all changes so far: watches and lists from before are expired.
    pub fn compact(&self) {
        let mut state = self.0.lock();
        let revision = state.server.store.revision();
        state.server.store.compact(revision);
        state.wake_watchers();
    }

    /// The resourceVersion of the last write.
    pub fn revision(&self) -> u64 {
        self.0.lock().server.store.revision()
    }

    /// Restores a backup: everything is as it was at a revision. With a `bump`
    /// writes go on that much later and everything before is expired; without,
    /// revisions are used again, as an unwary restore of etcd does. The
    /// controllers start anew, as they do with the server.
    ///
    /// # Errors
    ///
    /// When the revision was compacted.
    pub fn restore(&self, revision: u64, bump: Option<u64>) -> Result<(), Refusal> {
        let running: Vec<Controller> = {
            let mut state = self.0.lock();
            state.server.store.restore(revision, bump).map_err(|Compacted { oldest }| {
                Refusal::expired(format!("the oldest revision is {oldest}"))
            })?;
            state.told = state.server.store.revision();
            state.refresh();
            state.wake_watchers();
            Controller::ALL.into_iter().filter(|of| state.control.is_running(*of)).collect()
        };
        for controller in running {
            self.stop(controller);
            self.start(controller);
        }
        Ok(())
    }

    /// Looks at the objects as they are, past every right and fault.
    pub fn view<T>(&self, look: impl FnOnce(&dyn View) -> T) -> T {
        let state = self.0.lock();
        let Server { store, registry, .. } = &state.server;
        look(&Snapshot { store, registry })
    }

    /// Every request so far, in the order in which they took effect.
    pub fn trace(&self) -> Vec<Exchange> {
        self.0.lock().trace.exchanges().to_vec()
    }

    /// The requests after the first so many, in the order in which they took
    /// effect.
    pub fn trace_after(&self, count: usize) -> Vec<Exchange> {
        let state = self.0.lock();
        state.trace.exchanges().get(count..).map(<[Exchange]>::to_vec).unwrap_or_default()
    }

    /// Everything that was written after a revision, in order.
    ///
    /// # Errors
    ///
    /// When the revision was compacted; with [`Options::history`] of none it
    /// never is by itself.
    pub fn writes_after(&self, revision: u64) -> Result<Vec<Write>, Refusal> {
        let state = self.0.lock();
        let changes = state.server.store.since(revision).map_err(|Compacted { oldest }| {
            Refusal::expired(format!("the oldest revision is {oldest}"))
        })?;
        let write = |change: &Change| Write {
            revision: change.revision,
            time: change.time,
            group: change.key.table.group.clone(),
            resource: change.key.table.resource.clone(),
            namespace: change.key.namespace().map(str::to_owned),
            name: change.key.name().to_owned(),
            before: change.old.clone(),
            after: change.new.clone(),
        };
        Ok(changes.map(write).collect())
    }

    /// A hash of every request and answer so far: the same for the same seed.
    pub fn trace_hash(&self) -> u64 {
        self.0.lock().trace.hash()
    }

    /// A token by which a user is known over HTTPS.
    pub fn token(&self, user: UserInfo) -> String {
        let mut state = self.0.lock();
        state.server.issue_token(user, None)
    }

    /// Ends every token of a user, as an expiry does.
    pub fn expire_tokens(&self, username: &str) {
        self.0.lock().server.identities.expire(username);
    }

    /// The identity of a service account that exists.
    pub fn service_account(&self, namespace: &str, name: &str) -> Option<UserInfo> {
        self.view(|view| {
            let account = view.get("", "serviceaccounts", Some(namespace), name)?;
            Some(UserInfo::service_account(namespace, name, crate::object::uid(account)))
        })
    }
}

impl State {
    /// A duration between two others.
    pub(crate) fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let (from, to) = (nanos(from), nanos(to));
        Duration::from_nanos(if from < to { self.random.u64(from..=to) } else { from })
    }

    /// The place of a request that arrives.
    pub(crate) fn count(&mut self, user: &UserInfo) -> RequestIndex {
        let own = self.requests.entry(user.username.clone()).or_default();
        let index = RequestIndex { all: self.request_count, user: *own };
        *own += 1;
        self.request_count += 1;
        index
    }

    /// The process of a user as it runs now.
    pub(crate) fn life(&self, username: &str) -> Life {
        let crashes = self.crashes.get(username).copied().unwrap_or(0);
        Life { username: username.to_owned(), crashes }
    }

    /// Whether a process has not crashed since.
    pub(crate) fn lives(&self, life: &Life) -> bool {
        self.crashes.get(&life.username).copied().unwrap_or(0) == life.crashes
    }

    pub(crate) fn fault(&mut self, index: &RequestIndex, attributes: &Attributes) -> Fault {
        self.hook.as_mut().map(|hook| hook(index, attributes)).unwrap_or_default()
    }

    /// Wakes a watch at the next change.
    pub(crate) fn wake_on_change(&mut self, waker: &Waker) {
        if !self.watchers.iter().any(|known| known.will_wake(waker)) {
            self.watchers.push(waker.clone());
        }
    }

    pub(crate) fn wake_watchers(&mut self) {
        self.watchers.drain(..).for_each(Waker::wake);
    }

    /// Tells controllers and watches what was written since they were told.
    pub(crate) fn tell(&mut self) {
        let revision = self.server.store.revision();
        if self.told == revision {
            return;
        }
        control::observe(self, self.told);
        self.told = revision;
        self.wake_watchers();
    }

    /// Follows the stored definitions after a write that was no request.
    pub(crate) fn refresh(&mut self) {
        let Server { store, registry, .. } = &mut self.server;
        registry.refresh(store);
    }
}
