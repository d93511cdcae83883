//! A small shop on a simulated cluster, with a controller that is driven turn by
//! turn.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fallgate_cluster::Writer;
use fallgate_controller::elector::Timing;
use fallgate_controller::{Clock, Controller, Record, Settings, Turn};
use fallgate_ledger::{Entries, Entry, Kind, Storage};
use fallgate_sim::{Options, Sim, UserInfo, people};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::{Value, json};

const GROUP: &str = "/apis/access.fallgate.dev/v1alpha1";

/// A disk, which outlives the process that writes to it.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Vec<u8>>>);

impl Disk {
    /// What stands on it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Storage for Disk {
    fn size(&mut self) -> std::io::Result<u64> {
        self.0.lock().unwrap().size()
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().read_at(at, into)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.lock().unwrap().write_at(at, bytes)
    }

    fn truncate(&mut self, size: u64) -> std::io::Result<()> {
        Storage::truncate(&mut *self.0.lock().unwrap(), size)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The cluster's time.
struct SimClock {
    sim: Sim,
    start: tokio::time::Instant,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) struct Shop {
    pub(crate) sim: Sim,
    pub(crate) disk: Disk,
    processes: u32,
}

impl Shop {
    /// The shop, with pods that run and a policy to ask under.
    pub(crate) async fn new() -> Shop {
        Shop::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Shop {
        let sim = Sim::with_fallgate(options).unwrap();
        let shop = Shop { sim, disk: Disk::default(), processes: 0 };
        let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let pod = |namespace: &str, name: &str, labels: Value| {
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                "spec": {"nodeName": "node", "containers": [{"name": "c", "image": "i"}]},
            })
        };
        for object in [
            namespace("shop"),
            namespace("oncall-tools"),
            pod("shop", "db-0", json!({"app": "db"})),
            pod("shop", "web-0", json!({"app": "web"})),
            pod("oncall-tools", "debug-0", json!({"role": "debug"})),
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "baseline", "namespace": "shop",
                    "labels": {"access.fallgate.dev/baseline": "true"}},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
            }),
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessConfig",
                "metadata": {"name": "default"}, "spec": {},
            }),
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessPolicy",
                "metadata": {"name": "oncall-db", "namespace": "shop"},
                "spec": {
                    "owner": {"team": "shop", "contact": "#shop-oncall"},
                    "from": [{"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}}],
                    "to": {"podSelector": {"matchLabels": {"app": "db"}}},
                    "ports": [{"protocol": "TCP", "port": 5432}],
                    "maxDurationSeconds": 3600,
                },
            }),
        ] {
            shop.create(&people::admin(), object);
        }
        tokio::spawn(shop.sim.clone().follow());
        tokio::time::sleep(Duration::from_secs(5)).await;
        shop
    }

    pub(crate) fn create(&self, user: &UserInfo, object: Value) -> Value {
        self.sim.create(user, &object).unwrap()
    }

    pub(crate) fn controller_user(&self) -> UserInfo {
        self.sim.service_account("fallgate-system", "fallgate-controller").unwrap()
    }

    /// A new process, with nothing but the disk of those before it.
    pub(crate) fn controller(&mut self) -> Controller {
        let service = self.sim.client_service(self.controller_user());
        let client = Client::new(service, "fallgate-system");
        let disk = self.disk.clone();
        let record = Record::new(move || Ok(Box::new(disk.clone())));
        self.processes += 1;
        let identity = format!("process-{}", self.processes);
        let settings = Settings {
            lease: Timing::new(10, Duration::from_secs(1)).unwrap(),
            ..Settings::new(identity)
        };
        Controller::new(client, record, Arc::new(self.clock()), settings)
    }

    /// A writer of somebody's.
    pub(crate) fn writer(&self, user: &UserInfo) -> Writer {
        let client = Client::new(self.sim.client_service(user.clone()), "default");
        Writer::new(client, "fallgate", Duration::from_secs(5))
    }

    pub(crate) fn clock(&self) -> impl Clock + use<> {
        SimClock { sim: self.sim.clone(), start: tokio::time::Instant::now() }
    }

    /// Alice asks for the path of the policy.
    pub(crate) fn ask(&self, seconds: i64) -> Value {
        self.ask_with(seconds, json!({}))
    }

    /// The same with more in its spec.
    pub(crate) fn ask_with(&self, seconds: i64, more: Value) -> Value {
        let alice = people::alice();
        let mut request = json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessRequest",
            "metadata": {"name": "oncall-db-1", "namespace": "shop"},
            "spec": {
                "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
                "requestedBy": identity(&alice),
                "from": {"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}},
                "to": {"podSelector": {"matchLabels": {"app": "db"}}},
                "ports": [{"protocol": "TCP", "port": 5432}],
                "durationSeconds": seconds,
                "reason": "slow queries since 02:40",
            },
        });
        for (key, value) in more.as_object().unwrap() {
            request["spec"][key] = value.clone();
        }
        self.create(&alice, request)
    }

    /// Somebody decides on what was asked.
    pub(crate) fn decide(&self, by: &UserInfo, verdict: &str) -> Value {
        let request = self.request();
        let requested = &request["spec"]["requestedBy"];
        let mut spec = json!({
            "requestRef": {
                "namespace": "shop",
                "name": request["metadata"]["name"],
                "uid": request["metadata"]["uid"],
            },
            "policyRef": request["spec"]["policyRef"],
            "requestedBy": {"username": requested["username"], "uid": requested["uid"]},
            "decidedBy": identity(by),
            "verdict": verdict,
        });
        if verdict == "Approved" {
            spec["planHash"] = request["status"]["planHash"].clone();
        }
        self.create(
            by,
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessDecision",
                "metadata": {"generateName": "oncall-db-", "namespace": "shop"},
                "spec": spec,
            }),
        )
    }

    fn get(&self, resource: &str) -> Value {
        let path = format!("{GROUP}/namespaces/shop/{resource}/oncall-db-1");
        self.sim.request(&people::admin(), "GET", &path, None).unwrap_or_default()
    }

    pub(crate) fn request(&self) -> Value {
        self.get("accessrequests")
    }

    pub(crate) fn grant(&self) -> Value {
        self.get("accessgrants")
    }

    pub(crate) fn phase(&self) -> String {
        self.request()["status"]["phase"].as_str().unwrap_or("Pending").to_owned()
    }

    pub(crate) fn grant_time(&self, field: &str) -> Timestamp {
        self.grant()["status"][field].as_str().unwrap().parse().unwrap()
    }

    /// What belongs to grants and is there, canaries aside: switches, policies.
    pub(crate) fn objects(&self) -> (usize, usize) {
        self.sim.view(|view| {
            let count = |group, resource| {
                let all = view.list(group, resource, None);
                let label = |object: &&&Value| {
                    let labels = &object["metadata"]["labels"];
                    labels["access.fallgate.dev/grant"].is_string()
                        && labels["access.fallgate.dev/canary"].is_null()
                };
                all.iter().filter(label).count()
            };
            (count("batch", "jobs"), count("networking.k8s.io", "networkpolicies"))
        })
    }

    /// Writes an object with a merge patch.
    pub(crate) fn patch(&self, user: &UserInfo, path: &str, patch: Value) -> Value {
        self.sim.request(user, "PATCH", path, Some(&patch)).unwrap()
    }

    /// Takes turns until something is so, at most for so many seconds.
    pub(crate) async fn until(
        &self,
        controller: &mut Controller,
        seconds: i64,
        is_so: impl Fn(&Shop) -> bool,
    ) -> Vec<Turn> {
        let end = self.sim.now() + SignedDuration::from_secs(seconds);
        let mut turns = Vec::new();
        while !is_so(self) {
            assert!(
                self.sim.now() < end,
                "it did not come to be: {} {:#}\n{:#?}",
                self.phase(),
                self.request()["status"]["message"],
                turns.iter().rev().take(4).collect::<Vec<&Turn>>()
            );
            let turn = controller.turn().await;
            let next = self.sim.now() + turn.wait;
            turns.push(turn);
            assert!(turns.len() < 5000, "turns without end: {:#?}", turns.last());
            // What comes to be meanwhile is seen when it does.
            while !is_so(self) && self.sim.now() < next {
                let left = next.duration_since(self.sim.now()).unsigned_abs();
                tokio::time::sleep(left.min(Duration::from_millis(250))).await;
            }
        }
        turns
    }

    /// Takes turns for so many seconds.
    pub(crate) async fn pass(&self, controller: &mut Controller, seconds: i64) -> Vec<Turn> {
        let end = self.sim.now() + SignedDuration::from_secs(seconds);
        self.until(controller, seconds + 60, |shop| shop.sim.now() >= end).await
    }

    /// Asks, has it approved, and waits until it is open.
    pub(crate) async fn open(&self, controller: &mut Controller, seconds: i64) {
        self.ask(seconds);
        self.until(controller, 60, |shop| shop.phase() == "PendingApproval").await;
        self.decide(&people::bob(), "Approved");
        self.until(controller, 60, |shop| shop.phase() == "Active").await;
    }

    /// What stands in the record, which must be whole.
    pub(crate) fn record(&self) -> Vec<Entry> {
        let bytes = self.disk.bytes();
        let mut rest = bytes.as_slice();
        let entries = Entries::new(move |into: &mut [u8]| std::io::Read::read(&mut rest, into));
        entries.map(|entry| entry.unwrap()).collect()
    }

    /// Kind and actor of each entry of the record that is about a request.
    pub(crate) fn entries(&self) -> Vec<(String, String)> {
        let told = |entry: Entry| (entry.event.kind.name().to_owned(), entry.event.actor.username);
        let all = self.record().into_iter();
        all.filter(|entry| entry.event.kind != Kind::PolicyChange).map(told).collect()
    }

    /// What must hold at every moment, whatever has happened before.
    pub(crate) fn hold(&self) {
        let opening = |entry: &Entry| entry.event.kind.name() == "opening";
        let recorded: Vec<String> =
            self.record().into_iter().filter(opening).map(|entry| entry.event.subject).collect();
        let now = self.sim.now();
        self.sim.view(|view| {
            let switches = view.list("batch", "jobs", None);
            for policy in view.list("networking.k8s.io", "networkpolicies", None) {
                let metadata = &policy["metadata"];
                let Some(grant) = metadata["labels"]["access.fallgate.dev/grant"].as_str() else {
                    continue;
                };
                if !metadata["labels"]["access.fallgate.dev/canary"].is_null() {
                    continue;
                }
                // No entry, no opening.
                assert!(recorded.iter().any(|subject| subject == grant), "{policy:#}");
                let owners = metadata["ownerReferences"].as_array().unwrap();
                assert_eq!(owners.len(), 1, "{policy:#}");
                let own = |job: &&&Value| job["metadata"]["uid"] == owners[0]["uid"];
                let Some(switch) = switches.iter().find(own) else {
                    // It is about to be collected.
                    continue;
                };
                let start = switch["status"]["startTime"].as_str();
                let start: Timestamp =
                    start.expect("a policy without an armed switch").parse().unwrap();
                let seconds = switch["spec"]["activeDeadlineSeconds"].as_i64().unwrap();
                let deadline = start + SignedDuration::from_secs(seconds);
                assert!(now.duration_since(deadline).as_secs() <= 60, "{policy:#}");
            }
        });
        // Of each event there is one entry.
        let mut keys: Vec<_> = self
            .record()
            .into_iter()
            .map(|entry| (entry.event.kind, entry.event.subject, entry.event.step))
            .collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}

pub(crate) fn identity(user: &UserInfo) -> Value {
    json!({"username": user.username, "uid": user.uid, "groups": user.groups})
}
