//! The controllers of the control plane, in virtual time.
//!
//! Each is a queue of what to look at and some workers that take from it, as
//! the real ones are. What they do they do by requests, with their real
//! identities and at their real rate, so that roles and admission policies see
//! them and a burst of work takes as long as it does in a real cluster.

mod custom_resources;
mod garbage;
mod job_pods;
mod jobs;
mod kubelet;
mod namespaces;
mod service_accounts;
mod ttl;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client;
use crate::object;
use crate::registry::Resource;
use crate::request::UserInfo;
use crate::schedule::{AlarmId, Sleep, Task, TaskId};
use crate::server::Server;
use crate::sim::{ControlOptions, Shared, State};
use crate::store::{Change, Key};
use crate::time;

/// A controller, which can be stopped and started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Controller {
    /// Stamps the start of Jobs, makes their pods, and ends those whose deadline
    /// has passed or whose work is done.
    Jobs,
    /// Deletes finished Jobs when their time to live is over.
    TtlAfterFinished,
    /// Deletes what has no owner left, and lets owners go whose dependents are
    /// gone.
    GarbageCollector,
    /// Empties and ends namespaces.
    Namespaces,
    /// Gives each namespace its `default` service account.
    ServiceAccounts,
    /// Establishes CustomResourceDefinitions and empties those that are
    /// deleted. A part of the API server.
    CustomResources,
    /// Runs pods and ends them, as the kubelets of their nodes do.
    Kubelet,
}

impl Controller {
    /// All of them.
    pub const ALL: [Controller; 7] = [
        Controller::Jobs,
        Controller::TtlAfterFinished,
        Controller::GarbageCollector,
        Controller::Namespaces,
        Controller::ServiceAccounts,
        Controller::CustomResources,
        Controller::Kubelet,
    ];

    /// Those that run in the controller manager and end with it.
    pub const MANAGER: [Controller; 5] = [
        Controller::Jobs,
        Controller::TtlAfterFinished,
        Controller::GarbageCollector,
        Controller::Namespaces,
        Controller::ServiceAccounts,
    ];

    /// The name of its service account in `kube-system`.
    fn account(self) -> &'static str {
        match self {
            Controller::Jobs => "job-controller",
            Controller::TtlAfterFinished => "ttl-after-finished-controller",
            Controller::GarbageCollector => "generic-garbage-collector",
            Controller::Namespaces => "namespace-controller",
            Controller::ServiceAccounts => "service-account-controller",
            Controller::CustomResources | Controller::Kubelet => "",
        }
    }

    /// How many things it does at once, as the real one is set up.
    fn workers(self) -> usize {
        match self {
            Controller::Jobs | Controller::TtlAfterFinished => 5,
            Controller::GarbageCollector => 20,
            Controller::Namespaces => 10,
            _ => 1,
        }
    }

    /// What a change, or an object that is there when it starts, gives it to
    /// do, and when.
    fn observe(self, server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
        match self {
            Controller::Jobs => jobs::observe(server, change, work),
            Controller::TtlAfterFinished => ttl::observe(server, change, work),
            Controller::GarbageCollector => garbage::observe(server, change, work),
            Controller::Namespaces => namespaces::observe(server, change, work),
            Controller::ServiceAccounts => service_accounts::observe(server, change, work),
            Controller::CustomResources => custom_resources::observe(server, change, work),
            Controller::Kubelet => kubelet::observe(server, change, work),
        }
    }

    async fn sync(self, handle: &Handle, work: &Work) -> Outcome {
        match self {
            Controller::Jobs => jobs::sync(handle, work).await,
            Controller::TtlAfterFinished => ttl::sync(handle, work).await,
            Controller::GarbageCollector => garbage::sync(handle, work).await,
            Controller::Namespaces => namespaces::sync(handle, work).await,
            Controller::ServiceAccounts => service_accounts::sync(handle, work).await,
            Controller::CustomResources => custom_resources::sync(handle, work),
            Controller::Kubelet => kubelet::sync(handle, work).await,
        }
    }
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Work {
    key: Key,
    /// Which object of that name; empty where it does not matter.
    uid: String,
    /// What to do about it, where a controller does several things.
    orphan: bool,
}

impl Work {
    fn on(key: &Key) -> Work {
        Work { key: key.clone(), uid: String::new(), orphan: false }
    }
}

/// How a look at something ended.
#[derive(Default)]
enum Outcome {
    #[default]
    Done,
    /// Look again, later each time.
    Retry,
    /// Look again at this time.
    At(Timestamp),
}

/// The state of all controllers.
pub(crate) struct Control {
    controllers: BTreeMap<Controller, Running>,
    qps: u32,
    burst: u32,
    /// How many addresses pods were given.
    addresses: u32,
}

#[derive(Default)]
struct Running {
    on: bool,
    tasks: Vec<TaskId>,
    queue: Queue,
    limiter: Limiter,
    /// By how many seconds its clock is off.
    skew: i64,
}

/// What is to be looked at, and when. A thing is never looked at by two at
/// once; what comes up meanwhile is looked at afterwards.
#[derive(Default)]
struct Queue {
    due: BTreeMap<(Timestamp, u64), Work>,
    at: BTreeMap<Work, (Timestamp, u64)>,
    busy: BTreeSet<Work>,
    failures: BTreeMap<Work, u32>,
    /// Workers with nothing to do.
    waiting: Vec<Waker>,
    /// When they are woken.
    alarm: Option<AlarmId>,
    count: u64,
}

impl Queue {
    fn add(&mut self, work: Work, at: Timestamp) {
        if let Some(known) = self.at.get(&work).copied() {
            if known.0 <= at {
                return;
            }
            self.due.remove(&known);
        }
        self.count += 1;
        let id = (at, self.count);
        self.at.insert(work.clone(), id);
        self.due.insert(id, work);
    }

    fn take(&mut self, now: Timestamp) -> Option<Work> {
        let mut due = self.due.iter().take_while(|((at, _), _)| *at <= now);
        let (id, work) = due.find(|(_, work)| !self.busy.contains(*work))?;
        let (id, work) = (*id, work.clone());
        self.due.remove(&id);
        self.at.remove(&work);
        self.busy.insert(work.clone());
        Some(work)
    }
}

/// A client's own limit on its requests: so many a second, and so many more
/// after a rest.
#[derive(Default)]
struct Limiter {
    /// When the next request would be due if there were no rest.
    next: Timestamp,
}

impl Limiter {
    /// When a request may be made that comes up now.
    fn reserve(&mut self, now: Timestamp, qps: u32, burst: u32) -> Timestamp {
        if qps == 0 {
            return now;
        }
        let interval = Duration::from_secs(1) / qps;
        let saved = interval * burst.saturating_sub(1);
        let at = self.next.checked_sub(saved).unwrap_or(now).max(now);
        self.next = time::after(self.next.max(now), interval);
        at
    }
}

impl Control {
    pub(crate) fn new(options: &ControlOptions) -> Control {
        Control {
            controllers: BTreeMap::new(),
            qps: options.qps,
            burst: options.burst,
            addresses: 0,
        }
    }

    pub(crate) fn is_running(&self, controller: Controller) -> bool {
        self.controllers.get(&controller).is_some_and(|running| running.on)
    }

    pub(crate) fn skew(&mut self, controller: Controller, seconds: i64) {
        self.of(controller).skew = seconds;
    }

    fn of(&mut self, controller: Controller) -> &mut Running {
        self.controllers.entry(controller).or_default()
    }
}

impl State {
    /// Stops a controller; its tasks are handed out, to be dropped when nothing
    /// is locked.
    pub(crate) fn stop(&mut self, controller: Controller) -> Vec<Task> {
        let running = self.control.of(controller);
        running.on = false;
        let queue = std::mem::take(&mut running.queue);
        let tasks = std::mem::take(&mut running.tasks);
        if let Some(alarm) = queue.alarm {
            self.timers.cancel(alarm);
        }
        tasks.into_iter().filter_map(|task| self.tasks.end(task)).collect()
    }
}

/// Starts a controller, which lists everything when it is up.
pub(crate) fn start(shared: &Arc<Shared>, controller: Controller, startup: Duration) {
    let handle = Handle { shared: Arc::downgrade(shared), controller };
    let mut state = shared.lock();
    let now = state.server.now;
    let State { control, tasks, .. } = &mut *state;
    let running = control.of(controller);
    if running.on {
        return;
    }
    running.on = true;
    running.limiter = Limiter { next: now };
    running.queue = Queue::default();
    let up = time::after(now, startup);
    running.tasks = (0..controller.workers())
        .map(|worker| tasks.start(Box::pin(run(handle.clone(), up, worker == 0))))
        .collect();
}

/// One worker. The first one lists.
async fn run(handle: Handle, up: Timestamp, lists: bool) {
    handle.sleep_until(up).await;
    if lists {
        handle.with(|state| observe_all(state, handle.controller));
    }
    loop {
        let work = Take { handle: &handle }.await;
        let outcome = handle.controller.sync(&handle, &work).await;
        handle.with(|state| state.finish(handle.controller, &work, outcome));
    }
}

/// Tells the controllers what has changed since a revision.
pub(crate) fn observe(state: &mut State, since: u64) {
    let changes: Vec<Change> = match state.server.store.since(since) {
        Ok(changes) => changes.cloned().collect(),
        Err(_) => Vec::new(),
    };
    for change in &changes {
        for controller in Controller::ALL {
            if state.control.is_running(controller) {
                tell(state, controller, change);
            }
        }
    }
}

fn observe_all(state: &mut State, controller: Controller) {
    let now = state.server.now;
    let all: Vec<Change> = state
        .server
        .store
        .all()
        .map(|(key, object)| Change {
            revision: object::revision(object),
            time: now,
            key,
            old: None,
            new: Some(Arc::clone(object)),
        })
        .collect();
    for change in &all {
        tell(state, controller, change);
    }
}

fn tell(state: &mut State, controller: Controller, change: &Change) {
    let mut work = Vec::new();
    controller.observe(&state.server, change, &mut work);
    if work.is_empty() {
        return;
    }
    let (from, to) = state.options.control.lag;
    let lag = state.between(from, to);
    let heard = time::after(state.server.now, lag);
    for (work, at) in work {
        state.enqueue(controller, work, at.max(heard));
    }
}

impl State {
    fn enqueue(&mut self, controller: Controller, work: Work, at: Timestamp) {
        self.control.of(controller).queue.add(work, at);
        self.rouse(controller);
    }

    /// Wakes the workers of a controller if there is something due, and sets
    /// their alarm for what is next.
    fn rouse(&mut self, controller: Controller) {
        let now = self.server.now;
        let queue = &mut self.control.of(controller).queue;
        let Some((first, _)) = queue.due.first_key_value() else { return };
        if first.0 <= now {
            queue.waiting.drain(..).for_each(Waker::wake);
        }
        let Some((at, _)) = queue.due.keys().find(|(at, _)| *at > now).copied() else { return };
        if queue.alarm.is_some_and(|(set, _)| set > now && set <= at) {
            return;
        }
        if let Some(alarm) = queue.alarm.take() {
            self.timers.cancel(alarm);
        }
        let me = Weak::clone(&self.me);
        let alarm = self.timers.set(at, move || {
            if let Some(shared) = me.upgrade() {
                shared.lock().rouse(controller);
            }
        });
        self.control.of(controller).queue.alarm = Some(alarm);
    }

    fn finish(&mut self, controller: Controller, work: &Work, outcome: Outcome) {
        let now = self.server.now;
        let queue = &mut self.control.of(controller).queue;
        queue.busy.remove(work);
        let again = match outcome {
            Outcome::Done => {
                queue.failures.remove(work);
                None
            }
            Outcome::At(at) => {
                queue.failures.remove(work);
                Some(at)
            }
            Outcome::Retry => {
                let failures = queue.failures.entry(work.clone()).or_default();
                let millis = 5_u64.saturating_mul(1 << (*failures).min(20));
                *failures += 1;
                Some(time::after(now, Duration::from_millis(millis.min(1_000_000))))
            }
        };
        if let Some(at) = again {
            queue.add(work.clone(), at);
        }
        // It may have come up again while it was looked at.
        self.rouse(controller);
    }
}

/// The next thing to look at.
struct Take<'a> {
    handle: &'a Handle,
}

impl Future for Take<'_> {
    type Output = Work;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Work> {
        let Some(shared) = self.handle.shared.upgrade() else { return Poll::Pending };
        let mut state = shared.lock();
        let now = state.server.now;
        let queue = &mut state.control.of(self.handle.controller).queue;
        let Some(work) = queue.take(now) else {
            queue.waiting.push(context.waker().clone());
            return Poll::Pending;
        };
        state.rouse(self.handle.controller);
        Poll::Ready(work)
    }
}

/// What a controller sees of the cluster, and how it acts on it.
#[derive(Clone)]
struct Handle {
    shared: Weak<Shared>,
    controller: Controller,
}

/// The answer to a request: the object, or the code of the refusal.
type Answered = Result<Value, u16>;

impl Handle {
    /// Looks at the state, as a controller looks at its caches. Where there is
    /// no cluster any more it does nothing.
    fn with<T: Default>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        self.shared.upgrade().map(|shared| look(&mut shared.lock())).unwrap_or_default()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        Sleep::new(&self.shared, until)
    }

    /// The time by the controller's own clock.
    fn now(&self) -> Timestamp {
        self.with(|state| {
            let skew = state.control.of(self.controller).skew;
            state.server.now.checked_add(jiff::SignedDuration::from_secs(skew)).unwrap_or_default()
        })
    }

    /// What is stored under a key.
    fn cached(&self, key: &Key) -> Option<Arc<Value>> {
        self.with(|state| state.server.store.get(key).cloned())
    }

    /// An address for a pod: that of the node, or the next of 10.244.0.0/16.
    fn address(&self, pod: &Value) -> String {
        if pod["spec"]["hostNetwork"] == true {
            return "172.18.0.2".to_owned();
        }
        self.with(|state| {
            state.control.addresses += 1;
            let [_, _, third, fourth] = state.control.addresses.to_be_bytes();
            format!("10.244.{third}.{fourth}")
        })
    }

    /// The path of an object, and the resource it is of.
    fn path(&self, key: &Key) -> Option<(String, Arc<Resource>)> {
        let resource = self.with(|state| state.server.registry.of_table(&key.table).cloned())?;
        Some((resource.path(key.namespace(), key.name()), resource))
    }

    async fn get(&self, path: &str) -> Answered {
        self.request("GET", path, None, "").await
    }

    async fn delete(&self, path: &str, options: Value) -> Answered {
        self.request("DELETE", path, Some(options), "application/json").await
    }

    async fn put(&self, path: &str, object: Value) -> Answered {
        self.request("PUT", path, Some(object), "application/json").await
    }

    async fn post(&self, path: &str, object: Value) -> Answered {
        self.request("POST", path, Some(object), "application/json").await
    }

    async fn patch(&self, path: &str, patch: Value, media_type: &'static str) -> Answered {
        self.request("PATCH", path, Some(patch), media_type).await
    }

    /// One request, when the limit allows it.
    async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        media_type: &'static str,
    ) -> Answered {
        let at = self.with(|state| {
            let Control { qps, burst, .. } = state.control;
            let factor = if self.controller == Controller::GarbageCollector { 2 } else { 1 };
            let now = state.server.now;
            let limiter = &mut state.control.of(self.controller).limiter;
            limiter.reserve(now, qps * factor, burst * factor)
        });
        self.sleep_until(at).await;
        let (user, latency) = self.with(|state| (self.user(state), state.options.control.latency));
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, media_type)
            .header(header::USER_AGENT, "kube-controller-manager/v1.36");
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let Ok(request) = request.body(body) else { return Err(0) };
        let (parts, body) = request.into_parts();
        let response =
            client::respond(&self.shared, user, parts, body, latency).await.map_err(|_| 0_u16)?;
        let code = response.status().as_u16();
        let value = response.body().text().and_then(|text| serde_json::from_slice(text).ok());
        match value {
            Some(value) if code < 300 => Ok(value),
            _ => Err(code),
        }
    }

    fn user(&self, state: &State) -> UserInfo {
        if self.controller == Controller::Kubelet {
            return UserInfo::new("system:node:node", "", &["system:nodes"]);
        }
        let name = self.controller.account();
        let key =
            Key::new(&crate::store::Table::new("", "serviceaccounts"), Some("kube-system"), name);
        let uid = state.server.store.get(&key).map(|account| object::uid(account).to_owned());
        UserInfo::service_account("kube-system", name, &uid.unwrap_or_default())
    }
}

/// The options of a deletion.
fn delete_options(uid: &str, revision: Option<&str>, propagation: &str) -> Value {
    let mut preconditions = json!({"uid": uid});
    if let Some(revision) = revision {
        preconditions["resourceVersion"] = revision.into();
    }
    json!({
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "preconditions": preconditions,
        "propagationPolicy": propagation,
    })
}
