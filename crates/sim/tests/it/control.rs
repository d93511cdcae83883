//! The control plane over time.

use std::time::Duration;

use fallgate_sim::{ControlOptions, Controller, Options};
use serde_json::{Value, json};

use crate::cluster::{CONFIG_MAPS, Cluster, JOBS, POLICIES, job, owner, text};

fn requests(cluster: &Cluster, of: &str) -> Vec<String> {
    cluster
        .sim
        .trace()
        .into_iter()
        .filter(|exchange| exchange.username.ends_with(of))
        .map(|exchange| format!("{} {} {}", exchange.verb, exchange.uri, exchange.code))
        .collect()
}

#[test]
fn the_clock_of_a_switch_starts_when_its_controller_has_seen_it() {
    let cluster = Cluster::new();
    cluster.sim.stop(Controller::Jobs);
    cluster.job("j", 600);
    cluster.pass(60_000);
    let own = format!("{JOBS}/j");
    assert_eq!(cluster.get(&own).unwrap()["status"]["startTime"], Value::Null);
    cluster.sim.start(Controller::Jobs);
    cluster.pass(3_000);
    let started = cluster.get(&own).unwrap()["status"]["startTime"].clone();
    let expected = ["2026-01-01T00:01:01Z", "2026-01-01T00:01:02Z"];
    assert!(expected.contains(&text(&started)), "{started}");
}

/// The audit log of a real control plane shows these requests.
#[test]
fn a_switch_fires_at_its_deadline_and_takes_its_policy_along() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 3);
    cluster.policy("p", &[owner(&switch)]);
    let mut watch = cluster.watch(&format!("{JOBS}?watch=true"));
    cluster.pass(2_900);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    cluster.pass(600);
    assert!(!cluster.exists(&format!("{POLICIES}/p")));
    assert!(!cluster.exists(&format!("{JOBS}/j")));
    let mut seen = Vec::new();
    while let Some((kind, object)) = watch.next() {
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let conditions: Vec<&str> = conditions.iter().map(|c| text(&c["type"])).collect();
        let finalizers = &object["metadata"]["finalizers"];
        seen.push(format!("{kind} {} {finalizers}", conditions.join("+")));
    }
    assert_eq!(
        seen,
        [
            "ADDED  null",
            "MODIFIED  null",
            "MODIFIED FailureTarget null",
            "MODIFIED FailureTarget+Failed null",
            "MODIFIED FailureTarget+Failed [\"foregroundDeletion\"]",
            "DELETED FailureTarget+Failed [\"foregroundDeletion\"]",
        ]
    );
    let own = format!("{JOBS}/j");
    assert_eq!(
        requests(&cluster, "ttl-after-finished-controller"),
        [format!("get {own} 200"), format!("delete {own} 200")]
    );
    let job_requests = requests(&cluster, "job-controller");
    assert_eq!(job_requests, vec![format!("update {own}/status 200"); 3]);
    let collected = requests(&cluster, "generic-garbage-collector");
    assert!(collected.contains(&format!("delete {POLICIES}/p 200")));
    assert!(collected.contains(&format!("patch {own} 200")));
}

#[test]
fn fifty_switches_at_once_take_seconds_at_the_default_rate() {
    let lateness = |control: ControlOptions| {
        let cluster = Cluster::with(Options { control, ..Options::default() });
        for index in 0..50 {
            let switch = cluster.job(&format!("j{index}"), 60);
            cluster.policy(&format!("p{index}"), &[owner(&switch)]);
        }
        cluster.pass(30_000);
        let starts: Vec<String> = cluster.get(JOBS).unwrap()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| text(&job["status"]["startTime"]).to_owned())
            .collect();
        let last: jiff::Timestamp = starts.iter().max().unwrap().parse().unwrap();
        let deadline = last + Duration::from_secs(60);
        while cluster.sim.now() < deadline {
            cluster.pass(10);
        }
        let mut late = 0;
        while !cluster.get(POLICIES).unwrap()["items"].as_array().unwrap().is_empty() {
            cluster.pass(100);
            late += 100;
            assert!(late < 60_000);
        }
        late
    };
    let slow = lateness(ControlOptions::default());
    assert!((3_000..=8_000).contains(&slow), "measured: up to 7.9 s, here {slow} ms");
    let fast = lateness(ControlOptions { qps: 300, burst: 600, ..ControlOptions::default() });
    assert!(fast <= 1_100, "measured: up to 1.05 s, here {fast} ms");
}

#[test]
fn a_suspended_switch_never_fires_and_starts_over_when_it_is_resumed() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 10);
    cluster.policy("p", &[owner(&switch)]);
    cluster.pass(5_000);
    let own = format!("{JOBS}/j");
    let suspend = |suspend: bool| cluster.patch(&own, json!({"spec": {"suspend": suspend}}));
    suspend(true).unwrap();
    cluster.pass(100_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    suspend(false).unwrap();
    cluster.pass(9_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")), "in full");
    cluster.pass(2_000);
    assert!(!cluster.exists(&format!("{POLICIES}/p")));
}

#[test]
fn a_switch_that_somebody_else_manages_has_no_clock() {
    let cluster = Cluster::new();
    let mut foreign = job("j", 1);
    foreign["spec"]["managedBy"] = json!("example.com/queue");
    cluster.post(JOBS, foreign).unwrap();
    cluster.pass(10_000);
    assert_eq!(cluster.get(&format!("{JOBS}/j")).unwrap()["status"], json!({}));
}

#[test]
fn a_changed_deadline_holds_from_then_on() {
    let cluster = Cluster::new();
    cluster.job("sooner", 600);
    cluster.job("later", 5);
    cluster.job("never", 5);
    cluster.pass(1_000);
    let deadline = |name: &str, seconds: Value| {
        let patch = json!({"spec": {"activeDeadlineSeconds": seconds}});
        cluster.patch(&format!("{JOBS}/{name}"), patch).unwrap();
    };
    deadline("sooner", json!(3));
    deadline("later", json!(60));
    deadline("never", Value::Null);
    cluster.pass(4_000);
    assert!(!cluster.exists(&format!("{JOBS}/sooner")));
    cluster.pass(30_000);
    assert!(cluster.exists(&format!("{JOBS}/later")));
    cluster.pass(30_000);
    assert!(!cluster.exists(&format!("{JOBS}/later")));
    assert!(cluster.exists(&format!("{JOBS}/never")));
}

#[test]
fn a_finished_switch_without_a_time_to_live_keeps_its_policy() {
    let cluster = Cluster::new();
    let mut forgetful = job("j", 1);
    forgetful["spec"]["ttlSecondsAfterFinished"] = Value::Null;
    let switch = cluster.post(JOBS, forgetful).unwrap();
    cluster.policy("p", &[owner(&switch)]);
    cluster.pass(60_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
}

#[test]
fn a_switch_fires_late_by_as_much_as_its_controller_was_down() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 10);
    cluster.policy("p", &[owner(&switch)]);
    cluster.pass(5_000);
    for controller in Controller::MANAGER {
        cluster.sim.stop(controller);
    }
    cluster.pass(60_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    for controller in Controller::MANAGER {
        cluster.sim.start(controller);
    }
    cluster.pass(2_300);
    assert!(!cluster.exists(&format!("{POLICIES}/p")), "measured: 1.4 to 2.3 s after the start");
}

#[test]
fn a_time_to_live_waits_for_a_clock_that_is_behind() {
    let cluster = Cluster::new();
    cluster.sim.skew(Controller::TtlAfterFinished, -30);
    cluster.job("j", 5);
    cluster.pass(30_000);
    assert!(cluster.exists(&format!("{JOBS}/j")));
    cluster.pass(6_000);
    assert!(!cluster.exists(&format!("{JOBS}/j")));
}

#[test]
fn a_bare_deletion_of_a_switch_orphans_its_policy() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 600);
    cluster.policy("p", &[owner(&switch)]);
    let answer = cluster.send("DELETE", &format!("{JOBS}/j"), &[], "");
    assert!(answer.warnings[0].contains("child pods are preserved by default"));
    assert_eq!(answer.body["metadata"]["finalizers"], json!(["orphan"]));
    cluster.pass(1_500);
    assert!(!cluster.exists(&format!("{JOBS}/j")));
    let left = cluster.get(&format!("{POLICIES}/p")).unwrap();
    assert_eq!(left["metadata"].get("ownerReferences"), None);
    let collected = requests(&cluster, "generic-garbage-collector");
    assert!(collected.contains(&format!("patch {POLICIES}/p 200")));
}

#[test]
fn any_other_deletion_of_a_switch_takes_its_policy_along() {
    for policy in ["Foreground", "Background"] {
        let cluster = Cluster::new();
        let switch = cluster.job("j", 600);
        let mut blocking = owner(&switch);
        blocking["blockOwnerDeletion"] = json!(true);
        cluster.policy("p", &[owner(&switch)]);
        cluster.policy("q", &[blocking]);
        cluster.delete(&format!("{JOBS}/j"), json!({"propagationPolicy": policy})).unwrap();
        assert_eq!(cluster.exists(&format!("{JOBS}/j")), policy == "Foreground");
        cluster.pass(1_500);
        assert!(!cluster.exists(&format!("{JOBS}/j")), "{policy}");
        for name in ["p", "q"] {
            assert!(!cluster.exists(&format!("{POLICIES}/{name}")), "{policy} {name}");
        }
    }
}

#[test]
fn an_owner_in_the_foreground_stays_until_what_blocks_it_is_gone() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 600);
    let mut blocking = owner(&switch);
    blocking["blockOwnerDeletion"] = json!(true);
    let policy = json!({
        "metadata": {"name": "p", "ownerReferences": [blocking], "finalizers": ["a.b/c"]},
        "spec": {"podSelector": {}},
    });
    cluster.post(POLICIES, policy).unwrap();
    let foreground = json!({"propagationPolicy": "Foreground"});
    cluster.delete(&format!("{JOBS}/j"), foreground).unwrap();
    cluster.pass(10_000);
    assert!(cluster.exists(&format!("{JOBS}/j")));
    let held = cluster.get(&format!("{POLICIES}/p")).unwrap();
    assert_ne!(held["metadata"]["deletionTimestamp"], Value::Null, "and is enforced all the same");
    let patch = json!({"metadata": {"finalizers": null}});
    cluster.patch(&format!("{POLICIES}/p"), patch).unwrap();
    cluster.pass(1_500);
    assert!(!cluster.exists(&format!("{JOBS}/j")));
}

#[test]
fn a_second_live_owner_defeats_the_switch() {
    let cluster = Cluster::new();
    let (first, second) = (cluster.job("a", 600), cluster.job("b", 600));
    cluster.policy("p", &[owner(&first), owner(&second)]);
    let foreground = json!({"propagationPolicy": "Foreground"});
    cluster.delete(&format!("{JOBS}/a"), foreground).unwrap();
    cluster.pass(2_000);
    assert!(!cluster.exists(&format!("{JOBS}/a")));
    let left = cluster.get(&format!("{POLICIES}/p")).unwrap();
    let owners = left["metadata"]["ownerReferences"].as_array().unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!(owners[0]["name"], "b");
}

#[test]
fn a_policy_of_an_absent_or_wrong_owner_is_collected() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 600);
    let reference = |name: &str, uid: &str| json!({"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid});
    cluster.policy("absent", &[reference("nope", "123")]);
    cluster.policy("wrong-uid", &[reference("j", "1234")]);
    cluster.policy("right", &[owner(&switch)]);
    cluster.post("/api/v1/namespaces", json!({"metadata": {"name": "x"}})).unwrap();
    let elsewhere = POLICIES.replace("default", "x");
    let mut policy = json!({"metadata": {"name": "p"}, "spec": {"podSelector": {}}});
    policy["metadata"]["ownerReferences"] = json!([owner(&switch)]);
    cluster.post(&elsewhere, policy).unwrap();
    cluster.pass(1_500);
    assert!(!cluster.exists(&format!("{POLICIES}/absent")));
    assert!(!cluster.exists(&format!("{POLICIES}/wrong-uid")));
    assert!(!cluster.exists(&format!("{elsewhere}/p")), "an owner is in the same namespace");
    assert!(cluster.exists(&format!("{POLICIES}/right")));
}

#[test]
fn a_policy_of_an_unknown_kind_of_owner_stays() {
    let cluster = Cluster::new();
    let unknown = json!({"apiVersion": "foo/v1", "kind": "Bar", "name": "b", "uid": "9"});
    cluster.policy("p", &[unknown]);
    let switch = cluster.job("j", 600);
    let role = json!({"metadata": {"name": "r", "ownerReferences": [owner(&switch)]}, "rules": []});
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    cluster.post(roles, role).unwrap();
    cluster.pass(60_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    assert!(cluster.exists(&format!("{roles}/r")), "nor does what is in no namespace go");
}

#[test]
fn nothing_is_collected_while_the_garbage_collector_is_down() {
    let cluster = Cluster::new();
    cluster.sim.stop(Controller::GarbageCollector);
    let switch = cluster.job("j", 1);
    cluster.policy("p", &[owner(&switch)]);
    cluster.pass(60_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    assert!(cluster.exists(&format!("{JOBS}/j")), "which waits for its finalizer");
    cluster.sim.start(Controller::GarbageCollector);
    cluster.pass(3_000);
    assert!(!cluster.exists(&format!("{POLICIES}/p")));
    assert!(!cluster.exists(&format!("{JOBS}/j")));
}

#[test]
fn a_deleted_namespace_is_emptied_and_ends() {
    let cluster = Cluster::new();
    cluster.post("/api/v1/namespaces", json!({"metadata": {"name": "x"}})).unwrap();
    let created = cluster.get("/api/v1/namespaces/x").unwrap();
    assert_eq!(created["metadata"]["labels"]["kubernetes.io/metadata.name"], "x");
    assert_eq!(created["spec"]["finalizers"], json!(["kubernetes"]));
    let maps = CONFIG_MAPS.replace("default", "x");
    cluster.post(&maps, json!({"metadata": {"name": "a"}})).unwrap();
    cluster.post(&maps, json!({"metadata": {"name": "b", "finalizers": ["a.b/c"]}})).unwrap();
    let switch = cluster.post(&JOBS.replace("default", "x"), job("j", 600)).unwrap();
    let policies = POLICIES.replace("default", "x");
    let mut policy = json!({"metadata": {"name": "p"}, "spec": {"podSelector": {}}});
    policy["metadata"]["ownerReferences"] = json!([owner(&switch)]);
    cluster.post(&policies, policy).unwrap();
    cluster.pass(1_000);
    let deleted = cluster.delete("/api/v1/namespaces/x", json!({})).unwrap();
    assert_eq!(deleted["status"]["phase"], "Terminating");
    let refused = cluster.post(&maps, json!({"metadata": {"name": "c"}})).unwrap_err();
    assert_eq!(
        refused.message,
        "configmaps \"c\" is forbidden: unable to create new content in namespace x because it is \
         being terminated"
    );
    cluster.pass(4_900);
    assert!(cluster.exists(&format!("{maps}/a")), "measured: nothing happens for five seconds");
    cluster.pass(5_000);
    assert!(!cluster.exists(&format!("{maps}/a")) && !cluster.exists(&format!("{policies}/p")));
    assert!(cluster.exists(&format!("{maps}/b")));
    cluster.patch(&format!("{maps}/b"), json!({"metadata": {"finalizers": null}})).unwrap();
    cluster.pass(20_000);
    assert!(!cluster.exists("/api/v1/namespaces/x"));
    let kept = cluster.delete("/api/v1/namespaces/kube-system", json!({})).unwrap_err();
    assert_eq!(kept.code, 403);
}

#[test]
fn admission_sees_the_control_plane_by_its_real_names() {
    let cluster = Cluster::new();
    let rules = json!([{
        "apiGroups": ["networking.k8s.io"],
        "apiVersions": ["*"],
        "resources": ["networkpolicies"],
        "operations": ["DELETE"],
    }]);
    let expression = "request.userInfo.username != \
                      'system:serviceaccount:kube-system:generic-garbage-collector'";
    let group = "/apis/admissionregistration.k8s.io/v1";
    let policy = json!({"metadata": {"name": "v"}, "spec": {
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": expression}],
    }});
    cluster.post(&format!("{group}/validatingadmissionpolicies"), policy).unwrap();
    let spec = json!({"policyName": "v", "validationActions": ["Deny"]});
    let binding = json!({"metadata": {"name": "v"}, "spec": spec});
    cluster.post(&format!("{group}/validatingadmissionpolicybindings"), binding).unwrap();
    let switch = cluster.job("j", 600);
    cluster.policy("p", &[owner(&switch)]);
    let background = json!({"propagationPolicy": "Background"});
    cluster.delete(&format!("{JOBS}/j"), background).unwrap();
    cluster.pass(5_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    let collected = requests(&cluster, "generic-garbage-collector");
    assert!(collected.contains(&format!("delete {POLICIES}/p 422")), "{collected:?}");
}

#[test]
fn a_restored_backup_brings_back_what_was_revoked_and_fires_what_is_overdue() {
    let cluster = Cluster::new();
    let switch = cluster.job("j", 30);
    cluster.policy("p", &[owner(&switch)]);
    cluster.pass(1_000);
    let backup = cluster.sim.revision();
    let foreground = json!({"propagationPolicy": "Foreground"});
    cluster.delete(&format!("{JOBS}/j"), foreground).unwrap();
    cluster.pass(10_000);
    assert!(!cluster.exists(&format!("{POLICIES}/p")));
    cluster.sim.restore(backup, None).unwrap();
    assert!(cluster.exists(&format!("{POLICIES}/p")));
    assert_eq!(cluster.sim.revision(), backup);
    cluster.pass(10_000);
    assert!(cluster.exists(&format!("{POLICIES}/p")), "until its deadline");
    cluster.pass(15_000);
    assert!(!cluster.exists(&format!("{POLICIES}/p")));
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_one_another() {
    let trace = |seed: u64| {
        let cluster = Cluster::with(Options { seed, ..Options::default() });
        for index in 0..5 {
            let switch = cluster.job(&format!("j{index}"), 5 + index);
            cluster.policy(&format!("p{index}"), &[owner(&switch)]);
        }
        cluster.pass(30_000);
        cluster.sim.trace_hash()
    };
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
