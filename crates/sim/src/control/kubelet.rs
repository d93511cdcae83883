//! Pods, as nodes would run them.
//!
//! There are no nodes and no containers. A pod runs a second after it was made,
//! with an address of its own, and one that is to end ends: after N seconds where
//! its command is `sleep N`, with a failure where it is `false`, else at once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Handle, Outcome, Work};
use crate::object;
use crate::server::Server;
use crate::store::{Change, Table};
use crate::time;

/// How long the containers of a pod take to start.
const STARTING: Duration = Duration::from_secs(1);
/// How long they take to end when they are told to.
const STOPPING: Duration = Duration::from_secs(1);

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let Some(pod) = &change.new else { return };
    if change.key.table != Table::new("", "pods") {
        return;
    }
    let at = match phase(pod) {
        _ if object::is_deleting(pod) => {
            let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
            (grace > 0).then(|| time::after(server.now, STOPPING))
        }
        "Pending" => Some(time::after(server.now, STARTING)),
        "Running" => end(pod).map(|(at, _)| at),
        _ => None,
    };
    work.extend(at.map(|at| (Work::on(&change.key), at)));
}

pub(super) async fn sync(handle: &Handle, work: &Work) -> Outcome {
    let Some(pod) = handle.cached(&work.key) else { return Outcome::Done };
    let Some((path, _)) = handle.path(&work.key) else { return Outcome::Done };
    let uid = object::uid(&pod);
    if object::is_deleting(&pod) {
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": uid},
        });
        return done(handle.delete(&path, options).await);
    }
    let now = handle.now();
    let status = match phase(&pod) {
        "Pending" => running(&pod, &handle.address(&pod), now),
        "Running" => match end(&pod) {
            Some((at, _)) if at > now => return Outcome::At(at),
            Some((_, succeeded)) => ended(&pod, succeeded, now),
            None => return Outcome::Done,
        },
        _ => return Outcome::Done,
    };
    let patch = json!({"metadata": {"uid": uid}, "status": status});
    let path = format!("{path}/status");
    done(handle.patch(&path, patch, "application/merge-patch+json").await)
}

fn done(answered: super::Answered) -> Outcome {
    match answered {
        Ok(_) | Err(404 | 409) => Outcome::Done,
        Err(_) => Outcome::Retry,
    }
}

fn phase(pod: &Value) -> &str {
    pod["status"]["phase"].as_str().unwrap_or_default()
}

/// When a running pod ends by itself, and whether it succeeds.
fn end(pod: &Value) -> Option<(Timestamp, bool)> {
    let spec = &pod["spec"];
    let start = time::parse(pod["status"]["startTime"].as_str()?)?;
    let container = spec["containers"].get(0)?;
    let words: Vec<&str> =
        [&container["command"], &container["args"]].into_iter().flat_map(object::texts).collect();
    let (seconds, succeeds) = match words.as_slice() {
        ["sleep", seconds] => (seconds.parse().unwrap_or(0), true),
        ["false"] => (0, false),
        _ => (0, true),
    };
    match spec["restartPolicy"].as_str().unwrap_or("Always") {
        "Never" => {}
        "OnFailure" if succeeds => {}
        // Whatever ends is started again.
        _ => return None,
    }
    Some((time::after(start, Duration::from_secs(seconds)), succeeds))
}

fn running(pod: &Value, address: &str, now: Timestamp) -> Value {
    let now = time::seconds(now);
    json!({
        "phase": "Running",
        "startTime": now,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
        "containerStatuses": containers(pod, true, json!({"running": {"startedAt": now}})),
    })
}

fn ended(pod: &Value, succeeded: bool, now: Timestamp) -> Value {
    let now = time::seconds(now);
    let state = json!({"terminated": {
        "exitCode": i32::from(!succeeded),
        "reason": if succeeded { "Completed" } else { "Error" },
        "startedAt": pod["status"]["startTime"],
        "finishedAt": now,
    }});
    json!({
        "phase": if succeeded { "Succeeded" } else { "Failed" },
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": now}],
        "containerStatuses": containers(pod, false, state),
    })
}

fn containers(pod: &Value, ready: bool, state: Value) -> Vec<Value> {
    let all = pod["spec"]["containers"].as_array().into_iter().flatten();
    all.map(|container| {
        json!({
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            "state": state,
        })
    })
    .collect()
}
