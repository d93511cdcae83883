//! Faults: what goes wrong, and that it goes wrong in just that way.

use std::time::Duration;

use bytes::Bytes;
use fallgate_sim::fault::{self, Fault, Instead, Kind, Plan, Reply, Stream};
use fallgate_sim::{Attributes, Disconnected, Options, Refusal, RequestIndex, Sim, UserInfo};
use futures::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::Service as _;

use crate::cluster::{CONFIG_MAPS, Cluster, JOBS, job, text};

/// The next request meets a fault, and none after it.
fn once(cluster: &Cluster, fault: Fault) {
    let mut fault = Some(fault);
    cluster.sim.set_faults(move |_, _| fault.take().unwrap_or_default());
}

fn map(name: &str) -> String {
    json!({"metadata": {"name": name}}).to_string()
}

/// A request that may end without an answer.
fn attempt(cluster: &Cluster, method: &str, uri: &str, body: String) -> Result<u16, Disconnected> {
    let request = http::Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let mut service = cluster.sim.client_service(cluster.user.clone());
    let response = service.call(request).now_or_never().unwrap()?;
    Ok(response.status().as_u16())
}

#[test]
fn a_dropped_request_never_happened() {
    let cluster = Cluster::new();
    once(&cluster, Fault { instead: Some(Instead::Drop), ..Fault::default() });
    assert_eq!(attempt(&cluster, "POST", CONFIG_MAPS, map("a")), Err(Disconnected));
    assert!(!cluster.exists(&format!("{CONFIG_MAPS}/a")));
}

#[test]
fn a_dropped_answer_hides_what_happened() {
    let cluster = Cluster::new();
    once(&cluster, Fault { reply: Reply::Drop, ..Fault::default() });
    assert_eq!(attempt(&cluster, "POST", CONFIG_MAPS, map("a")), Err(Disconnected));
    assert!(cluster.exists(&format!("{CONFIG_MAPS}/a")));
    assert_eq!(attempt(&cluster, "POST", CONFIG_MAPS, map("a")), Ok(409));
}

#[test]
fn a_gateway_gives_up_on_what_happens_all_the_same() {
    let cluster = Cluster::new();
    let fault = Kind::CommitThenGatewayTimeout
        .fault(&Attributes::default(), &mut fastrand::Rng::with_seed(1));
    once(&cluster, fault);
    assert_eq!(attempt(&cluster, "POST", CONFIG_MAPS, map("a")), Ok(504));
    assert!(cluster.exists(&format!("{CONFIG_MAPS}/a")));
}

#[test]
fn a_request_may_arrive_twice() {
    let cluster = Cluster::new();
    once(&cluster, Fault { again: Some(Duration::from_secs(5)), ..Fault::default() });
    assert_eq!(attempt(&cluster, "POST", CONFIG_MAPS, map("a")), Ok(201));
    cluster.delete(&format!("{CONFIG_MAPS}/a"), json!({})).unwrap();
    cluster.pass(4_900);
    assert!(!cluster.exists(&format!("{CONFIG_MAPS}/a")));
    cluster.pass(200);
    assert!(cluster.exists(&format!("{CONFIG_MAPS}/a")), "created again by nobody");
}

#[test]
fn requests_with_different_delays_pass_each_other() {
    let cluster = Cluster::new();
    cluster.sim.set_faults(|index, _| Fault {
        delay: Duration::from_secs(if index.user == 0 { 10 } else { 1 }),
        ..Fault::default()
    });
    let send = |value: &str| {
        let object = json!({"metadata": {"name": "a"}, "data": {"k": value}});
        let request = http::Request::builder()
            .method("POST")
            .uri(CONFIG_MAPS)
            .body(Full::new(Bytes::from(object.to_string())))
            .unwrap();
        cluster.sim.client_service(UserInfo::admin()).call(request)
    };
    let (mut first, mut second) = (send("first"), send("second"));
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    cluster.pass(1_000);
    assert_eq!(second.now_or_never().unwrap().unwrap().status(), 201);
    cluster.pass(9_000);
    assert_eq!(first.now_or_never().unwrap().unwrap().status(), 409);
}

#[test]
fn a_server_asks_to_be_left_alone_for_a_while() {
    let cluster = Cluster::new();
    let refusal = Refusal {
        code: 429,
        reason: "TooManyRequests".to_owned(),
        message: "later".to_owned(),
        details: json!({"retryAfterSeconds": 60}).as_object().unwrap().clone(),
        metadata: serde_json::Map::new(),
    };
    once(&cluster, Fault { instead: Some(Instead::Refuse(refusal)), ..Fault::default() });
    let response = cluster.respond("GET", CONFIG_MAPS, &[], "");
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "60");
}

#[test]
fn a_webhook_of_somebody_else_changes_what_is_written() {
    let cluster = Cluster::new();
    let mutation = json!({"spec": {"suspend": true}, "metadata": {"finalizers": ["a.b/c"]}});
    once(&cluster, Fault { mutation: Some(mutation), ..Fault::default() });
    let json = [("content-type", "application/json")];
    let created = cluster.send("POST", JOBS, &json, &job("j", 5).to_string());
    assert_eq!(created.code, 201);
    assert_eq!(created.body["spec"]["suspend"], true);
    cluster.pass(60_000);
    let stored = cluster.get(&format!("{JOBS}/j")).unwrap();
    assert_eq!(stored["status"]["startTime"], Value::Null, "and disarms a switch");
}

#[test]
fn answers_are_cut_garbled_or_replaced_by_pages_for_people() {
    let cluster = Cluster::new();
    let bodies = |reply: Reply| {
        once(&cluster, Fault { reply, ..Fault::default() });
        let response = cluster.respond("GET", "/api/v1/namespaces/default", &[], "");
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let bytes = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        (kind, bytes)
    };
    let (_, whole) = bodies(Reply::Deliver);
    let object: Value = serde_json::from_slice(&whole).unwrap();
    let (_, cut) = bodies(Reply::Truncate);
    assert!(whole.starts_with(&cut) && cut.len() * 2 <= whole.len());
    assert!(serde_json::from_slice::<Value>(&bodies(Reply::Garbage).1).is_err());
    assert!(bodies(Reply::Html(200)).0.starts_with("text/html"));
    let reshaped = |reply| serde_json::from_slice::<Value>(&bodies(reply).1).unwrap();
    let unknown = reshaped(Reply::UnknownFields);
    assert_eq!(unknown["spec"]["fromTheFuture"], true);
    assert_eq!(unknown["metadata"]["name"], object["metadata"]["name"]);
    let missing = reshaped(Reply::MissingFields);
    assert_eq!((missing.get("spec"), missing.get("status")), (None, None));
    assert!(object["spec"]["finalizers"].is_array());
    assert_eq!(reshaped(Reply::NullLists)["spec"], json!({"finalizers": null}));
}

#[test]
fn a_read_may_show_an_earlier_version() {
    let cluster = Cluster::new();
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "a"}})).unwrap();
    cluster.delete(&format!("{CONFIG_MAPS}/a"), json!({})).unwrap();
    let stale = || Fault { stale: 1, ..Fault::default() };
    once(&cluster, stale());
    assert_eq!(cluster.send("GET", &format!("{CONFIG_MAPS}/a"), &[], "").code, 200);
    once(&cluster, stale());
    let list = cluster.send("GET", CONFIG_MAPS, &[], "").body;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let then = (cluster.sim.revision() - 1).to_string();
    assert_eq!(list["metadata"]["resourceVersion"], then);
    once(&cluster, stale());
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true"));
    assert_eq!(watch.all(), ["ADDED a", "DELETED a"], "time travel");
}

#[test]
fn a_list_may_come_in_smaller_pages_than_asked_for() {
    let cluster = Cluster::new();
    for name in ["a", "b", "c"] {
        cluster.post(CONFIG_MAPS, json!({"metadata": {"name": name}})).unwrap();
    }
    once(&cluster, Fault { page: Some(2), ..Fault::default() });
    let list = cluster.send("GET", &format!("{CONFIG_MAPS}?limit=500"), &[], "").body;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert!(!text(&list["metadata"]["continue"]).is_empty());
}

/// What a watch with a fault tells of three objects that come and of one that
/// goes again, before and after some time.
fn streamed(faults: Vec<Stream>) -> (Vec<String>, Vec<String>, bool) {
    let cluster = Cluster::new();
    once(&cluster, Fault { stream: faults, ..Fault::default() });
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true"));
    for name in ["a", "b", "c"] {
        cluster.post(CONFIG_MAPS, json!({"metadata": {"name": name}})).unwrap();
    }
    cluster.delete(&format!("{CONFIG_MAPS}/a"), json!({})).unwrap();
    let now = watch.all();
    cluster.pass(60_000);
    let later = watch.all();
    (now, later, watch.has_ended())
}

#[test]
fn streams_end_stall_and_fail() {
    let all = ["ADDED a", "ADDED b", "ADDED c", "DELETED a"].map(str::to_owned);
    assert_eq!(streamed(vec![]), (all.to_vec(), vec![], false));
    let (now, later, ended) = streamed(vec![Stream::CloseAfter(2)]);
    assert_eq!((now, later, ended), (all[..2].to_vec(), vec![], true));
    let stall = Stream::Stall(1, Duration::from_secs(50));
    assert_eq!(streamed(vec![stall]), (all[..1].to_vec(), all[1..].to_vec(), false));
    let stall = Stream::Stall(1, Duration::from_secs(70));
    assert_eq!(streamed(vec![stall]), (all[..1].to_vec(), vec![], false));
    let expired = Refusal { code: 410, ..refusal("Expired") };
    let (now, _, ended) = streamed(vec![Stream::Error(1, expired)]);
    assert_eq!((now, ended), (vec!["ADDED a".to_owned(), "ERROR ".to_owned()], true));
}

fn refusal(reason: &str) -> Refusal {
    Refusal {
        code: 500,
        reason: reason.to_owned(),
        message: String::new(),
        details: serde_json::Map::new(),
        metadata: serde_json::Map::new(),
    }
}

#[test]
fn events_are_lost_repeated_and_compressed() {
    assert_eq!(streamed(vec![Stream::Lose(1)]).0, ["ADDED a", "ADDED c", "DELETED a"]);
    assert_eq!(streamed(vec![Stream::LoseDelete(0)]).0, ["ADDED a", "ADDED b", "ADDED c"]);
    let repeated = streamed(vec![Stream::Repeat(0), Stream::LoseDelete(0)]).0;
    assert_eq!(repeated, ["ADDED a", "ADDED a", "ADDED b", "ADDED c"], "faults combine");
    let (now, later, _) = streamed(vec![Stream::Compress(Duration::from_secs(1))]);
    assert_eq!(
        (now.len(), later),
        (0, ["ADDED b", "ADDED c", "DELETED a"].map(str::to_owned).to_vec())
    );
    assert_eq!(streamed(vec![Stream::OnlyBookmarks]).0, ["BOOKMARK "; 4]);
}

#[test]
fn a_bookmark_may_tell_an_older_version() {
    let cluster = Cluster::new();
    once(&cluster, Fault { stream: vec![Stream::OldBookmark(1, 5)], ..Fault::default() });
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true"));
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "a"}})).unwrap();
    let revision =
        |object: &Value| text(&object["metadata"]["resourceVersion"]).parse::<u64>().unwrap();
    let (_, added) = watch.next().unwrap();
    let (kind, bookmark) = watch.next().unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(revision(&bookmark) + 5, revision(&added));
}

#[test]
fn every_kind_of_fault_makes_a_difference_to_some_request() {
    for kind in Kind::ALL {
        let verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
        let applying: Vec<&str> = verbs.into_iter().filter(|verb| kind.applies(verb)).collect();
        assert!(!applying.is_empty(), "{kind:?}");
        for verb in applying {
            let attributes = Attributes {
                verb: verb.to_owned(),
                group: "batch".to_owned(),
                resource: "jobs".to_owned(),
                name: Some("j".to_owned()),
                ..Attributes::default()
            };
            let fault = kind.fault(&attributes, &mut fastrand::Rng::with_seed(5));
            assert_ne!(fault, Fault::default(), "{kind:?}");
        }
    }
}

#[test]
fn a_plan_names_requests_by_their_index_and_user() {
    let drop = || Fault { instead: Some(Instead::Drop), ..Fault::default() };
    let slow = Fault { delay: Duration::from_secs(1), ..Fault::default() };
    let plan = Plan::new().of("alice").at(2, drop()).between(5..7, slow.clone());
    let fault = |user: &str, index: u64| {
        let user = UserInfo::new(user, "", &[]);
        let attributes = Attributes { user, ..Attributes::default() };
        plan.fault(&RequestIndex { all: 100, user: index }, &attributes)
    };
    assert_eq!(fault("alice", 2), drop());
    assert_eq!(fault("bob", 2), Fault::default());
    assert_eq!([4, 5, 6, 7].map(|index| fault("alice", index) == slow), [false, true, true, false]);
}

#[test]
fn a_swarm_follows_from_its_seed() {
    let faults = |seed: u64| {
        let mut hook = fault::swarm(seed, "alice", 4, &Kind::ALL);
        let user = UserInfo::new("alice", "", &[]);
        let attributes = Attributes { user, verb: "get".to_owned(), ..Attributes::default() };
        let all = (0..200).map(|user| hook(&RequestIndex { all: user, user }, &attributes));
        all.collect::<Vec<_>>()
    };
    let some = faults(1);
    let met = some.iter().filter(|fault| **fault != Fault::default()).count();
    assert!((20..80).contains(&met), "{met} of 200");
    assert_eq!(some, faults(1));
    assert_ne!(some, faults(2));
}

/// A controller that works through faults, twice with the same seed.
#[test]
fn a_run_with_faults_is_repeated_by_its_seed() {
    let run = |seed: u64| {
        let millis = Duration::from_millis;
        let options = Options { seed, latency: (millis(1), millis(9)), ..Options::default() };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let sim = Sim::new(options);
            sim.set_faults(fault::swarm(seed, "admin", 3, &Kind::ALL));
            tokio::spawn(sim.clone().follow());
            for index in 0..30 {
                let mut service = sim.client_service(UserInfo::admin());
                let object = json!({"metadata": {"name": format!("m{index}")}});
                let request = http::Request::builder()
                    .method("POST")
                    .uri(CONFIG_MAPS)
                    .body(Full::new(Bytes::from(object.to_string())))
                    .unwrap();
                let _ = service.call(request).await;
            }
            (sim.trace_hash(), sim.now())
        })
    };
    assert_eq!(run(11), run(11));
    assert_ne!(run(11), run(12));
}
