//! Runs a case: a cluster, processes of the controller, and people, in virtual
//! time and on one thread, so that the same case gives the same run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use fallgate_cluster::Writer;
use fallgate_controller::elector::Timing;
use fallgate_controller::{Clock, Controller, Record, Settings, close_everything};
use fallgate_sim::fault::Fault;
use fallgate_sim::{Options, Sim, UserInfo, people};
use futures::future::{BoxFuture, select};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::case::{Act, Case, Item, Person};
use crate::judge::{CONTROLLER, Judge, PRIMARY, Violation, is_terminal, text};
use crate::mutants::{Lossy, Mutant};
use crate::shop::{Shop, identity};
use crate::wire::{Crash, Process, Shared, Wire};

const GROUP: &str = "/apis/access.fallgate.dev/v1alpha1";

/// How often people look.
const TICK: Duration = Duration::from_millis(250);
/// How long people wait for something.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long it may take until what was approved is open, when nothing is in the
/// way any more: the longest pause after a failure, the proof of the switch with
/// its pause, and the ten seconds of the promise.
const OPENING: SignedDuration = SignedDuration::from_secs(30 + 25 + 10);
/// How long a turn may take.
const TURN: SignedDuration = SignedDuration::from_secs(30);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<Violation>,
    /// How each request ended.
    pub(crate) ends: Vec<String>,
    /// How many requests were sent.
    pub(crate) requests: u64,
    /// Those of them that could change something, by their number.
    pub(crate) writes: Vec<u64>,
    pub(crate) hash: u64,
    /// For how long it ran, in virtual seconds.
    pub(crate) seconds: i64,
    /// How often the mutant acted on a request or an answer.
    pub(crate) deeds: u32,
    /// How many of the faults befell a request.
    pub(crate) faults: usize,
}

/// Runs a case to its end.
pub(crate) fn run(case: &Case) -> Outcome {
    run_with(case, None)
}

/// The same with a controller that is not quite right.
pub(crate) fn run_with(case: &Case, mutant: Option<&'static Mutant>) -> Outcome {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let world = Rc::new(World::new(case, mutant).await);
        for slot in 0..case.processes {
            tokio::task::spawn_local(world.clone().process(slot));
        }
        for act in case.acts() {
            world.act(act).await;
        }
        world.end().await
    })
}

/// Time as a process sees it.
struct ProcessClock {
    sim: Sim,
    start: tokio::time::Instant,
    offset: Arc<AtomicI64>,
}

impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset.load(Ordering::Relaxed));
        self.sim.now() + offset
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

struct World {
    shop: Shop,
    case: Case,
    shared: Arc<Mutex<Shared>>,
    /// The places where processes run, one after the other in each.
    slots: Vec<Slot>,
    /// How many processes there were.
    started: Cell<u32>,
    start: Timestamp,
    /// How many requests people made.
    asked: RefCell<Vec<u8>>,
    /// Parts of the control plane that stand still.
    stopped: RefCell<BTreeSet<fallgate_sim::Controller>>,
}

#[derive(Default)]
struct Slot {
    offset: Arc<AtomicI64>,
    /// Until when its process stands still.
    paused: Rc<Cell<Option<tokio::time::Instant>>>,
}

impl World {
    async fn new(case: &Case, mutant: Option<&'static Mutant>) -> World {
        let options = Options {
            seed: case.seed,
            history: None,
            latency: (case.latency / 4, case.latency),
            ..Options::default()
        };
        let shop = Shop::with(options).await;
        // Somebody whom nothing isolates, and who is not to be let in.
        shop.create(
            &people::admin(),
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "bystander", "namespace": "oncall-tools",
                    "labels": {"role": "none"}},
                "spec": {"nodeName": "node", "containers": [{"name": "c", "image": "i"}]},
            }),
        );
        tokio::time::sleep(Duration::from_secs(3)).await;
        if case.two_ends {
            shop.create(
                &people::admin(),
                json!({
                    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                    "metadata": {"name": "baseline", "namespace": "oncall-tools",
                        "labels": {"access.fallgate.dev/baseline": "true"}},
                    "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
                }),
            );
        }
        let approvers = ["bob", "dan", "erin"].map(str::to_owned);
        let mut judge = Judge::default();
        judge.approvers = approvers.into();
        judge.clocks = case.sets_clocks();
        let crashes = case.items.iter().filter_map(|item| match *item {
            Item::Crash { index, after, .. } => Some(Crash { index, after }),
            _ => None,
        });
        let met = Arc::new(AtomicUsize::new(0));
        let shared = Shared {
            judge,
            met: met.clone(),
            disk: shop.disk.clone(),
            crashes: crashes.collect(),
            mutant,
            requests: 0,
            told: 0,
            deeds: 0,
        };
        let shared = Arc::new(Mutex::new(shared));
        let mut faults: Vec<_> = case
            .items
            .iter()
            .filter_map(|item| match *item {
                Item::Fault(index, kind, salt) => Some((index, kind, salt)),
                _ => None,
            })
            .collect();
        faults.sort_by_key(|(index, ..)| *index);
        if !faults.is_empty() {
            shop.sim.set_faults(move |index, attributes| {
                if attributes.user.username != CONTROLLER {
                    return Fault::default();
                }
                let due = faults.iter().position(|(first, kind, _)| {
                    *first <= index.user && kind.applies(&attributes.verb)
                });
                let Some((_, kind, salt)) = due.map(|due| faults.remove(due)) else {
                    return Fault::default();
                };
                met.fetch_add(1, Ordering::Relaxed);
                kind.fault(attributes, &mut fastrand::Rng::with_seed(salt))
            });
        }
        World {
            start: shop.sim.now(),
            shop,
            case: case.clone(),
            shared,
            slots: (0..case.processes).map(|_| Slot::default()).collect(),
            started: Cell::new(0),
            asked: RefCell::default(),
            stopped: RefCell::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.shop.sim.now()
    }

    fn judge<T>(&self, tell: impl FnOnce(&mut Judge) -> T) -> T {
        let mut shared = self.shared.lock().unwrap();
        shared.look(&self.shop.sim);
        tell(&mut shared.judge)
    }

    fn broken(&self) -> bool {
        !self.shared.lock().unwrap().judge.violations.is_empty()
    }

    fn disturb(&self, seconds: u64) {
        let until = self.now() + Duration::from_secs(seconds);
        self.judge(|judge| judge.trouble(until));
    }

    /// One process after the other, each after the crash of the one before.
    async fn process(self: Rc<World>, slot: usize) {
        let mut downs = self.case.items.iter().filter_map(|item| match item {
            Item::Crash { down, .. } => Some(Duration::from_millis(*down)),
            _ => None,
        });
        loop {
            let Slot { offset, paused } = &self.slots[slot];
            self.started.set(self.started.get() + 1);
            let identity = format!("process-{}", self.started.get());
            let process = Arc::new(Process { identity, crashed: Notify::new() });
            let sim = self.shop.sim.clone();
            let wire = Wire {
                inner: sim.client_service(self.shop.controller_user()),
                sim: sim.clone(),
                process: process.clone(),
                shared: self.shared.clone(),
            };
            let disk = self.shop.disk.clone();
            let loses = self.shared.lock().unwrap().mutant.and_then(|mutant| mutant.loses);
            let record = Record::new(move || {
                Ok(match loses {
                    None => Box::new(disk.clone()),
                    Some(loses) => Box::new(Lossy { disk: disk.clone(), loses }),
                })
            });
            let settings = Settings {
                lease: Timing::new(10, Duration::from_secs(1)).unwrap(),
                ..Settings::new(process.identity.clone())
            };
            let start = tokio::time::Instant::now();
            let clock = ProcessClock { sim, start, offset: offset.clone() };
            let client = Client::new(wire, "fallgate-system");
            let controller = Controller::new(client, record, Arc::new(clock), settings);
            let life = Pausable {
                inner: Box::pin(self.live(controller)),
                paused: paused.clone(),
                sleep: None,
            };
            let crashed = std::pin::pin!(process.crashed.notified());
            drop(select(crashed, life).await);
            let down = downs.next().unwrap_or_default();
            self.disturb(down.as_secs() + 1);
            tokio::time::sleep(down).await;
        }
    }

    async fn live(&self, mut controller: Controller) {
        if self.case.watches {
            controller.run(Arc::new(Notify::new())).await;
            return;
        }
        loop {
            let start = self.now();
            let turn = controller.turn().await;
            let took = self.now().duration_since(start);
            let paused = self.case.acts().any(|act| matches!(act, Act::Pause { .. }));
            if took > TURN && !paused {
                self.judge(|judge| judge.broken("R1", "a turn took longer than 30 s"));
            }
            tokio::time::sleep(turn.wait.max(Duration::from_millis(50))).await;
        }
    }

    /// Lets time pass until something is so. Tells whether it came to be.
    async fn until(&self, limit: Duration, is_so: impl Fn(&World) -> bool) -> bool {
        let end = self.now() + limit;
        loop {
            self.look();
            if is_so(self) {
                return true;
            }
            // What comes after a broken promise says nothing.
            if self.now() >= end || self.broken() {
                return false;
            }
            tokio::time::sleep(TICK).await;
        }
    }

    fn look(&self) {
        let now = self.now();
        let stopped = !self.stopped.borrow().is_empty();
        self.judge(|judge| {
            if stopped {
                judge.manager_trouble(now);
            }
        });
    }

    fn get(&self, resource: &str, request: u8) -> Value {
        let name = format!("r{request}");
        self.shop.sim.view(|view| {
            let found = view.get("access.fallgate.dev", resource, Some("shop"), &name);
            found.cloned().unwrap_or_default()
        })
    }

    fn phase(&self, request: u8) -> String {
        text(&self.get("accessrequests", request), "/status/phase").to_owned()
    }

    /// Who asks.
    fn requester(request: u8) -> UserInfo {
        if request < 3 { people::alice() } else { Person::Erin.user() }
    }

    async fn act(&self, act: &Act) {
        let (sim, admin) = (&self.shop.sim, people::admin());
        match *act {
            Act::Ask { request, seconds, extends } => self.ask(request, seconds, extends),
            Act::Decide { request, by, verdict, seconds } => {
                self.decide(request, &by.user(), verdict, seconds);
            }
            Act::Lock => {
                let lock = json!({
                    "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "ClusterAccessLock",
                    "metadata": {"name": "freeze"},
                    "spec": {"lockedBy": identity(&admin), "all": true, "reason": "an audit"},
                });
                let _ = sim.create(&admin, &lock);
            }
            Act::Unlock => {
                let path = format!("{GROUP}/clusteraccesslocks/freeze");
                let _ = sim.request(&admin, "DELETE", &path, None);
            }
            Act::ChangePolicy => {
                let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
                let text = format!("changed at {}", self.now());
                let patch = json!({"spec": {"description": text}});
                let _ = sim.request(&admin, "PATCH", &path, Some(&patch));
            }
            Act::Intruder => {
                let pod = json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": "intruder", "namespace": "oncall-tools",
                        "labels": {"role": "debug"}},
                    "spec": {"nodeName": "node", "containers": [{"name": "c", "image": "i"}]},
                });
                let _ = sim.create(&admin, &pod);
            }
            Act::DeletePolicies => self.delete_all("networking.k8s.io", "networkpolicies"),
            Act::DeleteSwitches => self.delete_all("batch", "jobs"),
            Act::DeleteGrant(request) => {
                let path = format!("{GROUP}/namespaces/shop/accessgrants/r{request}");
                let _ = sim.request(&admin, "DELETE", &path, None);
            }
            Act::CloseEverything => {
                let client = Client::new(sim.client_service(admin), "default");
                let writer = Writer::new(client, "fallgate", Duration::from_secs(5));
                let start = tokio::time::Instant::now();
                let offset = Arc::new(AtomicI64::new(0));
                let clock = ProcessClock { sim: sim.clone(), start, offset };
                let closed = close_everything(&writer, &clock, Duration::from_secs(30)).await;
                self.judge(|judge| match closed {
                    Ok(closed) if closed.left.is_empty() => {}
                    other => judge.broken("L5", format!("everything was closed but {other:?}")),
                });
            }
            Act::Disempower => {
                let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
                let path = format!("{bindings}/leads-fallgate-approver");
                let _ = sim.request(&admin, "DELETE", &path, None);
                let now = self.now();
                self.judge(|judge| judge.disempowered = judge.disempowered.or(Some(now)));
            }
            Act::Stop(part) => {
                sim.stop(part);
                self.stopped.borrow_mut().insert(part);
            }
            Act::Start(part) => self.start(part),
            Act::SetClock { process, seconds } => {
                if let Some(slot) = self.slots.get(process) {
                    slot.offset.fetch_add(seconds * 1000, Ordering::Relaxed);
                    // It takes until the server is asked for its time again.
                    self.disturb(15);
                }
            }
            Act::Pause { process, seconds } => {
                if let Some(slot) = self.slots.get(process) {
                    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
                    slot.paused.set(Some(until));
                    self.disturb(seconds + 1);
                }
            }
            Act::StealLease => {
                let path = "/apis/coordination.k8s.io/v1/namespaces/fallgate-system/leases/fallgate-controller";
                let patch = json!({"spec": {"holderIdentity": "somebody"}});
                let _ = sim.request(&admin, "PATCH", path, Some(&patch));
            }
            Act::ApproveAtHome(request) => {
                self.decide_in(&["shop"], request, &people::bob(), "Approved", None);
            }
            Act::Quiet => {
                let before = sim.trace().len();
                self.until(Duration::from_secs(600), |_| false).await;
                let after = sim.trace_after(before);
                // Leases and canaries are there to be written.
                let writes = after.iter().filter(|exchange| {
                    exchange.wrote
                        && exchange.username == CONTROLLER
                        && !exchange.uri.contains("/namespaces/fallgate-system/")
                });
                let uris: BTreeSet<&str> = writes.map(|exchange| exchange.uri.as_str()).collect();
                if !uris.is_empty() {
                    let what = format!("nothing happened, and {uris:?} was written");
                    self.judge(|judge| judge.broken("L3", what));
                }
            }
            Act::Wait { seconds } => {
                self.until(Duration::from_secs(seconds), |_| false).await;
            }
            Act::Until { request, phase } => {
                self.until(PATIENCE, |world| {
                    let is = world.phase(request);
                    is == phase || is_terminal(&is)
                })
                .await;
            }
        }
        self.look();
    }

    /// Starts a part of the control plane that was stopped.
    fn start(&self, part: fallgate_sim::Controller) {
        if self.stopped.borrow_mut().remove(&part) {
            let now = self.now();
            self.judge(|judge| judge.manager_trouble(now));
            self.shop.sim.start(part);
        }
    }

    fn ask(&self, request: u8, seconds: i64, extends: Option<u8>) {
        let by = World::requester(request);
        let mut object = json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessRequest",
            "metadata": {"name": format!("r{request}"), "namespace": "shop"},
            "spec": {
                "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
                "requestedBy": identity(&by),
                "from": {"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}},
                "to": {"podSelector": {"matchLabels": {"app": "db"}}},
                "ports": [{"protocol": "TCP", "port": 5432}],
                "durationSeconds": seconds,
                "reason": "slow queries since 02:40",
            },
        });
        if let Some(extends) = extends {
            let grant = self.get("accessgrants", extends);
            let uid = text(&grant, "/metadata/uid");
            if uid.is_empty() {
                return;
            }
            object["spec"]["extends"] = json!({"grant": format!("r{extends}"), "uid": uid});
        }
        if self.shop.sim.create(&by, &object).is_ok() {
            self.asked.borrow_mut().push(request);
        }
    }

    /// Somebody decides, wherever a decision is needed; what admission refuses
    /// is not done.
    fn decide(&self, request: u8, by: &UserInfo, verdict: &str, seconds: Option<i64>) {
        let both = verdict == "Approved" && self.case.two_ends;
        let namespaces: &[&str] = if both { &["shop", "oncall-tools"] } else { &["shop"] };
        self.decide_in(namespaces, request, by, verdict, seconds);
    }

    fn decide_in(
        &self,
        namespaces: &[&str],
        request: u8,
        by: &UserInfo,
        verdict: &str,
        seconds: Option<i64>,
    ) {
        let asked = self.get("accessrequests", request);
        let requested = &asked["spec"]["requestedBy"];
        let mut spec = json!({
            "requestRef": {"namespace": "shop", "name": asked["metadata"]["name"],
                "uid": asked["metadata"]["uid"]},
            "policyRef": asked["spec"]["policyRef"],
            "requestedBy": {"username": requested["username"], "uid": requested["uid"]},
            "decidedBy": identity(by),
            "verdict": verdict,
        });
        if verdict == "Approved" {
            spec["planHash"] = asked["status"]["planHash"].clone();
            if let Some(seconds) = seconds {
                spec["durationSeconds"] = seconds.into();
            }
        }
        for namespace in namespaces {
            let decision = json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessDecision",
                "metadata": {"generateName": "d-", "namespace": namespace},
                "spec": spec,
            });
            let _ = self.shop.sim.create(by, &decision);
        }
    }

    /// An administrator deletes what belongs to grants.
    fn delete_all(&self, group: &str, resource: &str) {
        let all: Vec<(String, String)> = self.shop.sim.view(|view| {
            let own = |object: &&&Value| {
                let labels = &object["metadata"]["labels"];
                labels["access.fallgate.dev/grant"].is_string()
                    && labels["access.fallgate.dev/canary"].is_null()
            };
            let place = |object: &&Value| {
                let part = |pointer| text(object, pointer).to_owned();
                (part("/metadata/namespace"), part("/metadata/name"))
            };
            view.list(group, resource, None).iter().filter(own).map(place).collect()
        });
        for (namespace, name) in all {
            let path = format!("/apis/{group}/v1/namespaces/{namespace}/{resource}/{name}");
            let options = json!({"propagationPolicy": "Background"});
            let _ = self.shop.sim.request(&people::admin(), "DELETE", &path, Some(&options));
        }
    }

    /// Whether nothing more will come of a request by itself.
    fn settled(&self, request: u8) -> bool {
        let asked = self.get("accessrequests", request);
        let approved = || {
            self.shop.sim.view(|view| {
                let namespaces = if self.case.two_ends { 2 } else { 1 };
                let mut all = BTreeSet::new();
                for decision in view.list("access.fallgate.dev", "accessdecisions", None) {
                    let counts = text(decision, "/spec/verdict") == "Approved"
                        && text(decision, "/spec/requestRef/uid") == text(&asked, "/metadata/uid")
                        && text(decision, "/spec/planHash") == text(&asked, "/status/planHash")
                        && text(decision, "/spec/decidedBy/uid")
                            != text(&asked, "/spec/requestedBy/uid");
                    if counts {
                        all.insert(text(decision, "/metadata/namespace").to_owned());
                    }
                }
                all.len() >= namespaces
            })
        };
        match text(&asked, "/status/phase") {
            "Active" => true,
            // Who has lost the right since has not approved.
            "PendingApproval" => self.judge(|judge| judge.disempowered.is_some()) || !approved(),
            phase => is_terminal(phase),
        }
    }

    /// Nothing is in the way any more: everything comes to its end, and that is
    /// told.
    async fn end(&self) -> Outcome {
        self.look();
        self.shop.sim.clear_faults();
        self.shared.lock().unwrap().crashes.clear();
        for slot in &self.slots {
            slot.offset.store(0, Ordering::Relaxed);
        }
        for part in fallgate_sim::Controller::ALL {
            self.start(part);
        }
        self.disturb(0);
        let locked = |world: &World| {
            let all = world
                .shop
                .sim
                .view(|view| view.list("access.fallgate.dev", "clusteraccesslocks", None).len());
            all > 0
        };
        if locked(self) {
            self.act(&Act::Unlock).await;
        }
        let asked = self.asked.borrow().clone();
        let opening = OPENING.unsigned_abs();
        let settled = |world: &World| asked.iter().all(|request| world.settled(*request));
        if !self.until(opening, settled).await && !self.broken() {
            let stuck = asked.iter().filter(|request| !self.settled(**request));
            let stuck: Vec<String> = stuck.map(|request| self.told(*request)).collect();
            self.judge(|judge| judge.broken("L1", format!("nothing comes of it: {stuck:?}")));
        }
        for request in &asked {
            if !is_terminal(&self.phase(*request)) {
                self.decide(*request, &World::requester(*request), "Withdrawn", None);
            }
        }
        let over = |world: &World| {
            asked.iter().all(|request| is_terminal(&world.phase(*request)))
                && world.judge(|judge| judge.closed())
        };
        let limit = PRIMARY.unsigned_abs() + Duration::from_secs(10);
        if !self.until(limit, over).await && !self.broken() {
            let told: Vec<String> = asked.iter().map(|request| self.told(*request)).collect();
            self.judge(|judge| judge.broken("L2", format!("it is not over: {told:?}")));
        }
        let logged = |world: &World| {
            asked.iter().all(|request| {
                let says = |object: Value| {
                    let conditions = object["status"]["conditions"].as_array().cloned();
                    conditions.into_iter().flatten().any(|c| c["type"] == "Logged")
                };
                says(world.get("accessgrants", *request))
                    || says(world.get("accessrequests", *request))
                    || !text(&world.get("accessrequests", *request), "/status/grantRef/uid")
                        .is_empty()
                        && world.get("accessgrants", *request).is_null()
            })
        };
        if !self.until(OPENING.unsigned_abs(), logged).await && !self.broken() {
            let told: Vec<String> = asked.iter().map(|request| self.told(*request)).collect();
            self.judge(|judge| judge.broken("S15", format!("not all was recorded: {told:?}")));
        }
        if !self.broken() {
            self.judge(Judge::finish);
        }
        let shared = self.shared.lock().unwrap();
        let index = |exchange: &fallgate_sim::Exchange| {
            let reads = matches!(exchange.verb.as_str(), "get" | "list" | "watch");
            (exchange.username == CONTROLLER && !reads).then_some(exchange.index.user)
        };
        Outcome {
            violations: shared.judge.violations.clone(),
            ends: asked.iter().map(|request| self.told(*request)).collect(),
            requests: shared.requests,
            writes: self.shop.sim.trace().iter().filter_map(index).collect(),
            hash: self.shop.sim.trace_hash(),
            seconds: self.now().duration_since(self.start).as_secs(),
            deeds: shared.deeds,
            faults: shared.met.load(Ordering::Relaxed),
        }
    }

    /// Where a request stands, in words.
    fn told(&self, request: u8) -> String {
        let (asked, grant) =
            (self.get("accessrequests", request), self.get("accessgrants", request));
        let parts = [
            text(&asked, "/status/phase"),
            text(&grant, "/status/endReason"),
            text(&asked, "/status/message"),
        ];
        format!("r{request} {}", parts.join(" "))
    }
}

/// A process that can stand still, as one does that is stopped, or whose machine
/// is: its timers go on, and it does not.
struct Pausable<F> {
    inner: F,
    paused: Rc<Cell<Option<tokio::time::Instant>>>,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<F: Future<Output = ()> + Unpin> Future for Pausable<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<()> {
        if let Some(until) = self.paused.get() {
            if tokio::time::Instant::now() < until {
                let mut sleep = Box::pin(tokio::time::sleep_until(until));
                let _ = sleep.as_mut().poll(context);
                self.sleep = Some(sleep);
                return Poll::Pending;
            }
            self.paused.set(None);
            self.sleep = None;
        }
        Pin::new(&mut self.inner).poll(context)
    }
}
