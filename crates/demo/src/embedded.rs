//! A cluster in this process, in virtual time: nothing is waited for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fallgate_api::names::{CONTROLLER_SERVICE_ACCOUNT, SYSTEM_NAMESPACE, label};
use fallgate_cluster::Writer;
use fallgate_controller::{Clock, Controller, Record, Settings};
use fallgate_engine::{Engine, Snapshot};
use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::Dialect;
use fallgate_sim::{Options, Refusal, Sim, UserInfo, people};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;

use crate::memory::Memory;
use crate::people::path;

/// Why something is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(String);

impl Wrong {
    pub(crate) fn new(what: impl Into<String>) -> Wrong {
        Wrong(what.into())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Wrong {
        Wrong(format!("the API server refuses it: {refusal}"))
    }
}

/// The cluster's time, which passes when somebody waits.
#[derive(Clone)]
struct VirtualClock {
    sim: Sim,
    start: Timestamp,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn elapsed(&self) -> Duration {
        self.sim.now().duration_since(self.start).try_into().unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.sim.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

/// How long a client waits for an answer. Answers are there at once.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(250);
/// The most turns that are taken for one thing.
const TURNS: usize = 5_000;

/// A cluster with Fallgate installed, and a controller that runs or does not.
pub struct Embedded {
    pub(crate) sim: Sim,
    record: Memory,
    start: Timestamp,
    controller: Option<Controller>,
    processes: u32,
}

impl Embedded {
    /// A cluster whose time starts here. Nobody has written an AccessConfig yet,
    /// and no controller runs.
    ///
    /// # Errors
    ///
    /// When the server refuses a file of `deploy/`, which a test says it does not.
    pub fn new(start: Timestamp) -> Result<Embedded, Wrong> {
        let sim = Sim::with_fallgate(Options { start, ..Options::default() })?;
        let start = sim.now();
        Ok(Embedded { sim, record: Memory::default(), start, controller: None, processes: 0 })
    }

    /// The time in the cluster.
    pub fn now(&self) -> Timestamp {
        self.sim.now()
    }

    /// Starts a controller; another process than those before it.
    pub(crate) fn start(&mut self) -> Result<(), Wrong> {
        let me = self.sim.service_account(SYSTEM_NAMESPACE, CONTROLLER_SERVICE_ACCOUNT);
        let me = me.ok_or_else(|| Wrong::new("the controller has no ServiceAccount"))?;
        let client = Client::new(self.sim.client_service(me), SYSTEM_NAMESPACE);
        let disk = self.record.clone();
        let record = Record::new(move || Ok(Box::new(disk.clone())));
        self.processes += 1;
        let settings = Settings::new(format!("controller-{}", self.processes));
        self.controller = Some(Controller::new(client, record, Arc::new(self.clock()), settings));
        Ok(())
    }

    /// Kills the controller: it lets nothing go, and finishes nothing.
    pub(crate) fn kill(&mut self) {
        self.controller = None;
    }

    fn clock(&self) -> VirtualClock {
        VirtualClock { sim: self.sim.clone(), start: self.start }
    }

    /// A writer of somebody's, and the time it is driven by.
    pub(crate) fn writer(&self, user: &UserInfo) -> (Writer, impl Clock + use<>) {
        let client = Client::new(self.sim.client_service(user.clone()), "default");
        (Writer::new(client, "fallgate", TIMEOUT), self.clock())
    }

    /// Lets time pass until something is so, and says how long that took.
    ///
    /// # Errors
    ///
    /// When it is not so after `limit`.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        is_so: impl Fn(&Embedded) -> bool,
    ) -> Result<Duration, Wrong> {
        let start = self.now();
        let end = start.checked_add(limit).unwrap_or(Timestamp::MAX);
        let passed = |now: Timestamp| now.duration_since(start).try_into().unwrap_or_default();
        let mut problems = Vec::new();
        for _ in 0..TURNS {
            if is_so(self) {
                return Ok(passed(self.now()));
            }
            let wait = match &mut self.controller {
                Some(controller) => {
                    let turn = controller.turn().await;
                    problems = turn.problems;
                    turn.wait
                }
                None => LOOK,
            };
            let next = self.now().checked_add(wait).unwrap_or(Timestamp::MAX);
            while !is_so(self) && self.now() < next.min(end) {
                let left = next.min(end).duration_since(self.now());
                self.sim.advance(Duration::try_from(left).unwrap_or_default().min(LOOK));
            }
            if self.now() >= end && !is_so(self) {
                break;
            }
        }
        let problems = match &*problems {
            [] => String::new(),
            problems => format!("; the controller says: {}", problems.join("; ")),
        };
        Err(Wrong(format!("{what} did not come to be within {} s{problems}", limit.as_secs())))
    }

    /// Lets time pass.
    pub(crate) async fn pass(&mut self, duration: Duration) -> Result<(), Wrong> {
        let signed = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let end = self.now().checked_add(signed).unwrap_or(Timestamp::MAX);
        let limit = duration + Duration::from_secs(60);
        self.until("time", limit, |cluster| cluster.now() >= end).await.map(drop)
    }

    /// An object of access as it is, without anybody's rights; nothing where
    /// there is none.
    pub(crate) fn get(&self, namespace: &str, resource: &str, name: &str) -> Value {
        let path = path(namespace, resource, name);
        self.sim.request(&people::admin(), "GET", &path, None).unwrap_or_default()
    }

    /// What belongs to grants and is there, canaries aside: switches, policies.
    pub(crate) fn opened(&self) -> (Vec<Value>, Vec<Value>) {
        let of = |group, resource| {
            self.sim.view(|view| {
                let all = view.list(group, resource, None).into_iter();
                all.filter(|object| {
                    let labels = &object["metadata"]["labels"];
                    labels[label::GRANT].is_string() && labels[label::CANARY].is_null()
                })
                .cloned()
                .collect()
            })
        };
        (of("batch", "jobs"), of("networking.k8s.io", "networkpolicies"))
    }

    /// The cluster as the engine sees it now, with everything that is open.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Wrong> {
        let client = Client::new(self.sim.client_service(people::admin()), "default");
        let live = fallgate_cluster::read_by(client, "the embedded cluster", TIMEOUT).await;
        let live = live.map_err(|error| Wrong::new(error.to_string()))?;
        if let Some(gap) = live.gaps.first() {
            return Err(Wrong(format!("{}: {}", gap.resource, gap.reason)));
        }
        let inputs: Vec<Input<'_>> = live
            .pages
            .iter()
            .map(|page| Input {
                name: page.resource.as_str().into(),
                text: &page.text,
                kind: InputKind::Live,
            })
            .collect();
        let reading = fallgate_manifest::read(&inputs, &ReadOptions::default());
        Ok(Engine::new(reading.cluster, Dialect::default()).snapshot())
    }

    /// The record so far.
    pub(crate) fn record(&self) -> Vec<u8> {
        self.record.bytes()
    }
}
