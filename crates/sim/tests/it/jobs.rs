//! Jobs that run pods, as others have them, and as a tampered switch does.

use fallgate_sim::Controller;
use serde_json::{Value, json};

use crate::cluster::{Cluster, JOBS, job, text};

const PODS: &str = "/api/v1/namespaces/default/pods";

/// A Job whose pods take so long.
fn work(parallelism: u64, completions: u64, seconds: u64) -> Value {
    let mut job = job("w", 600);
    let command = json!(["sleep", seconds.to_string()]);
    job["spec"]["parallelism"] = json!(parallelism);
    job["spec"]["completions"] = json!(completions);
    job["spec"]["ttlSecondsAfterFinished"] = Value::Null;
    job["spec"]["template"]["spec"]["containers"][0]["command"] = command;
    job
}

fn phases(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.get(PODS).unwrap();
    let pods = pods["items"].as_array().unwrap();
    pods.iter().map(|pod| text(&pod["status"]["phase"]).to_owned()).collect()
}

fn status(cluster: &Cluster) -> Value {
    cluster.get(&format!("{JOBS}/w")).unwrap()["status"].clone()
}

fn conditions(cluster: &Cluster) -> Vec<String> {
    let status = status(cluster);
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.map(|c| format!("{} {}", text(&c["type"]), text(&c["reason"]))).collect()
}

#[test]
fn a_job_runs_as_many_pods_as_it_says_until_enough_have_succeeded() {
    let cluster = Cluster::new();
    cluster.post(JOBS, work(2, 3, 10)).unwrap();
    cluster.pass(3_000);
    assert_eq!(phases(&cluster), ["Running", "Running"]);
    assert_eq!((&status(&cluster)["active"], &status(&cluster)["ready"]), (&json!(2), &json!(2)));
    cluster.pass(11_000);
    assert_eq!(status(&cluster)["succeeded"], 2);
    assert_eq!(status(&cluster)["active"], 1);
    cluster.pass(15_000);
    assert_eq!(phases(&cluster), ["Succeeded", "Succeeded", "Succeeded"]);
    assert_eq!(
        conditions(&cluster),
        ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]
    );
    let pods = cluster.get(PODS).unwrap();
    assert_ne!(pods["items"][0]["status"]["podIP"], pods["items"][1]["status"]["podIP"]);
    cluster.delete(&format!("{JOBS}/w"), json!({"propagationPolicy": "Background"})).unwrap();
    cluster.pass(3_000);
    assert_eq!(phases(&cluster), [""; 0]);
}

#[test]
fn the_deadline_of_a_job_ends_its_pods() {
    let cluster = Cluster::new();
    let mut job = work(1, 1, 100_000);
    job["spec"]["activeDeadlineSeconds"] = json!(20);
    cluster.post(JOBS, job).unwrap();
    cluster.pass(19_000);
    assert_eq!(phases(&cluster), ["Running"]);
    cluster.pass(5_000);
    assert_eq!(phases(&cluster), [""; 0]);
    assert_eq!(conditions(&cluster), ["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"]);
}

/// What a pod on a node that died does to a Job: it never ends, and neither does
/// what it owns. A switch has no pods for that reason.
#[test]
fn a_pod_on_a_dead_node_keeps_its_job_from_failing() {
    let cluster = Cluster::new();
    let mut job = work(1, 1, 100_000);
    job["spec"]["activeDeadlineSeconds"] = json!(20);
    cluster.post(JOBS, job).unwrap();
    cluster.pass(10_000);
    cluster.sim.stop(Controller::Kubelet);
    cluster.pass(600_000);
    assert_eq!(conditions(&cluster), ["FailureTarget DeadlineExceeded"]);
    assert_eq!(status(&cluster)["terminating"], 1);
    cluster.sim.start(Controller::Kubelet);
    cluster.pass(10_000);
    assert_eq!(conditions(&cluster), ["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"]);
}

#[test]
fn a_job_gives_up_after_so_many_failures_that_come_slower_each_time() {
    let cluster = Cluster::new();
    let mut job = work(1, 1, 0);
    job["spec"]["backoffLimit"] = json!(2);
    job["spec"]["template"]["spec"]["containers"][0]["command"] = json!(["false"]);
    cluster.post(JOBS, job).unwrap();
    cluster.pass(9_000);
    assert_eq!(phases(&cluster).len(), 1);
    cluster.pass(9_000);
    assert_eq!(phases(&cluster).len(), 2);
    cluster.pass(60_000);
    assert_eq!(phases(&cluster), ["Failed", "Failed", "Failed"]);
    assert_eq!(
        conditions(&cluster),
        ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]
    );
}

#[test]
fn a_suspended_job_has_no_pods() {
    let cluster = Cluster::new();
    cluster.post(JOBS, work(2, 2, 1_000)).unwrap();
    cluster.pass(5_000);
    cluster.patch(&format!("{JOBS}/w"), json!({"spec": {"suspend": true}})).unwrap();
    cluster.pass(5_000);
    assert_eq!(phases(&cluster), [""; 0]);
    cluster.patch(&format!("{JOBS}/w"), json!({"spec": {"suspend": false}})).unwrap();
    cluster.pass(5_000);
    assert_eq!(phases(&cluster), ["Running", "Running"]);
}

/// Measured: the API takes the change, and a pod is made.
#[test]
fn a_switch_with_parallelism_makes_a_pod() {
    let cluster = Cluster::new();
    cluster.job("j", 600);
    cluster.pass(1_000);
    assert_eq!(phases(&cluster), [""; 0]);
    cluster.patch(&format!("{JOBS}/j"), json!({"spec": {"parallelism": 1}})).unwrap();
    cluster.pass(500);
    assert_eq!(phases(&cluster), ["Pending"]);
}
