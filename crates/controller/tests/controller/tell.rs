//! What is told beside the turns: Events, webhooks, and how it all is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fallgate_announce::{Keys, verify};
use fallgate_controller::Receivers;
use fallgate_controller::health::{Canary, LeaseState};
use fallgate_controller::webhook::{FileCursors, Outcome, Transport};
use fallgate_sim::people;
use futures::future::BoxFuture;
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::shop::Shop;

const KEY: &[u8] = b"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A receiver, which checks what it takes.
#[derive(Clone, Default)]
struct Mailbox {
    took: Arc<Mutex<Vec<Value>>>,
    down: Arc<Mutex<bool>>,
}

impl Transport for Mailbox {
    fn send(&self, request: Request<Vec<u8>>) -> BoxFuture<'_, Outcome> {
        let outcome = if *self.down.lock().unwrap() {
            Outcome::Status { status: 503, wait: None }
        } else {
            assert_eq!(request.uri(), "https://hooks.example.com/fallgate");
            let seconds = &request.headers()["webhook-timestamp"];
            let now = Timestamp::from_second(seconds.to_str().unwrap().parse().unwrap()).unwrap();
            verify(&Keys::read(KEY).unwrap(), request.headers(), request.body(), now).unwrap();
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            self.took.lock().unwrap().push(body);
            Outcome::Taken
        };
        Box::pin(async { outcome })
    }
}

impl Mailbox {
    fn types(&self) -> Vec<String> {
        let took = self.took.lock().unwrap();
        let types = took.iter().map(|body| body["type"].as_str().unwrap().to_owned());
        types.filter(|told| told != "access.policy_change").collect()
    }
}

/// An empty directory, which is another one for each test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("fallgate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn subscribe(shop: &Shop) {
    let key = String::from_utf8(KEY.to_vec()).unwrap();
    shop.create(
        &people::admin(),
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "hooks", "namespace": "fallgate-system"},
            "stringData": {"key": key},
        }),
    );
    let config = "/apis/access.fallgate.dev/v1alpha1/accessconfigs/default";
    let webhook = json!({
        "name": "chat",
        "url": "https://hooks.example.com/fallgate",
        "signingKey": {"secret": "hooks", "key": "key"},
    });
    shop.patch(&people::admin(), config, json!({"spec": {"webhooks": [webhook]}}));
}

/// Each entry of the record reaches the receiver once and in its order, over an
/// outage of the receiver and a crash of the controller.
#[tokio::test(start_paused = true)]
async fn receivers_are_told_of_every_step() {
    let directory = Directory::new("told");
    let mailbox = Mailbox::default();
    let receivers = || Receivers {
        transport: Arc::new(mailbox.clone()),
        cursors: FileCursors::new(&directory.0),
    };
    let mut shop = Shop::new().await;
    subscribe(&shop);
    let mut controller = shop.controller().telling(receivers());
    let mut teller = controller.teller();
    shop.ask(60);
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    teller.round().await;
    assert_eq!(mailbox.types(), ["access.request"]);
    *mailbox.down.lock().unwrap() = true;
    shop.decide(&people::bob(), "Approved");
    shop.until(&mut controller, 60, |shop| shop.phase() == "Active").await;
    teller.round().await;
    assert_eq!(mailbox.types(), ["access.request"]);
    let report = &controller.health().report().receivers;
    assert_eq!((report.len(), report[0].waiting, report[0].attempts), (1, 3, 1));
    // Another process goes on where this one stopped.
    drop((controller, teller));
    *mailbox.down.lock().unwrap() = false;
    let mut controller = shop.controller().telling(receivers());
    let mut teller = controller.teller();
    shop.until(&mut controller, 120, |shop| shop.phase() == "Ended").await;
    shop.pass(&mut controller, 10).await;
    teller.round().await;
    let all = ["request", "decision", "arming", "opening", "end"];
    assert_eq!(mailbox.types(), all.map(|kind| format!("access.{kind}")));
    let took = mailbox.took.lock().unwrap();
    let told: Vec<&Value> = took.iter().map(|body| &body["data"]["hash"]).collect();
    let record: Vec<Value> =
        shop.record().iter().map(|entry| json!(entry.hash.to_string())).collect();
    assert_eq!(told, record.iter().collect::<Vec<_>>());
}

/// A receiver whose key is not there is told nothing until it is.
#[tokio::test(start_paused = true)]
async fn a_receiver_without_a_key_waits_for_it() {
    let directory = Directory::new("waits");
    let mailbox = Mailbox::default();
    let mut shop = Shop::new().await;
    subscribe(&shop);
    let hooks = "/api/v1/namespaces/fallgate-system/secrets/hooks";
    shop.patch(&people::admin(), hooks, json!({"data": {"key": "bm8="}}));
    let cursors = FileCursors::new(&directory.0);
    let receivers = Receivers { transport: Arc::new(mailbox.clone()), cursors };
    let mut controller = shop.controller().telling(receivers);
    let mut teller = controller.teller();
    shop.ask(60);
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    teller.round().await;
    assert_eq!(mailbox.types(), [] as [&str; 0]);
    let key = String::from_utf8(KEY.to_vec()).unwrap();
    shop.patch(&people::admin(), hooks, json!({"stringData": {"key": key}}));
    tokio::time::sleep(Duration::from_secs(60)).await;
    teller.round().await;
    assert_eq!(mailbox.types(), ["access.request"]);
}

/// Where `kubectl describe` looks for them.
#[tokio::test(start_paused = true)]
async fn each_entry_is_an_event_of_its_request() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let mut teller = controller.teller();
    shop.open(&mut controller, 60).await;
    shop.until(&mut controller, 120, |shop| shop.phase() == "Ended").await;
    shop.pass(&mut controller, 10).await;
    teller.round().await;
    let told: Vec<(String, String, String)> = shop.sim.view(|view| {
        let events = view.list("", "events", Some("shop"));
        let own = |event: &&&Value| event["involvedObject"]["name"] == "oncall-db-1";
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = |event: &&Value| {
            (text(&event["type"]), text(&event["reason"]), text(&event["message"]))
        };
        events.iter().filter(own).map(told).collect()
    });
    let mut reasons: Vec<&str> = told.iter().map(|(_, reason, _)| reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["Approved", "Arming", "Expired", "Opening", "Requested"]);
    assert!(told.iter().all(|(kind, _, _)| kind == "Normal"), "{told:?}");
    assert!(told.iter().any(|(_, _, note)| note == "slow queries since 02:40 (by alice)"));
    // What was told once is not told again.
    teller.round().await;
}

#[tokio::test(start_paused = true)]
async fn a_controller_says_how_it_is() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let health = controller.health();
    assert_eq!(health.report().lease, LeaseState::Unknown);
    assert_eq!(health.report().since_list, None);
    shop.open(&mut controller, 60).await;
    let report = health.report();
    assert_eq!(report.lease, LeaseState::Held);
    assert!(report.record_writable);
    assert_eq!((report.switch_canary, report.admission_canary), (Canary::Alive, Canary::Alive));
    assert_eq!(report.grants.get("Active"), Some(&1));
    assert!(report.since_list.unwrap() < Duration::from_secs(20));
    let late = report.lateness;
    shop.until(&mut controller, 120, |shop| shop.phase() == "Ended").await;
    shop.pass(&mut controller, 10).await;
    assert_ne!(health.report().lateness, late);
    assert_eq!(health.report().grants.get("Ended"), Some(&1));
    // One that waits says so.
    let mut second = shop.controller();
    second.turn().await;
    assert_eq!(second.health().report().lease, LeaseState::Other);
    // One that stands still is seen to.
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert!(health.report().since_turn >= Duration::from_secs(200));
    assert_eq!(health.report().lease, LeaseState::Unknown);
}
