//! Jobs: their clock, their pods and their end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::job_pods::{self, Pods};
use super::{Handle, Outcome, Work};
use crate::object;
use crate::server::Server;
use crate::store::{Change, Key, Table};
use crate::time;

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let table = &change.key.table;
    if *table == jobs() {
        work.extend(change.new.as_ref().map(|_| (Work::on(&change.key), server.now)));
    } else if *table == Table::new("", "pods") {
        let pod = change.new.as_ref().or(change.old.as_ref());
        let job = pod.and_then(|pod| job_pods::owner(pod));
        let key = job.map(|job| Key::new(&jobs(), change.key.namespace(), job));
        work.extend(key.map(|key| (Work::on(&key), server.now)));
    }
}

fn jobs() -> Table {
    Table::new("batch", "jobs")
}

pub(super) async fn sync(handle: &Handle, work: &Work) -> Outcome {
    let Some(job) = handle.cached(&work.key) else { return Outcome::Done };
    let spec = &job["spec"];
    if spec["managedBy"].as_str().is_some_and(|by| by != "kubernetes.io/job-controller") {
        return Outcome::Done;
    }
    if is_finished(&job) {
        return Outcome::Done;
    }
    let now = handle.now();
    let pods = Pods::of(handle, &work.key, &job);
    let mut status = job["status"].clone();
    run_clock(spec, &mut status, now);
    pods.count(&mut status);
    if let Some(end) = End::of(spec, &status, now) {
        return end.bring_about(handle, work, &job, status, &pods).await;
    }
    let suspended = spec["suspend"] == true;
    let wanted = match suspended || object::is_deleting(&job) {
        true => 0,
        false => job_pods::wanted(spec, &status),
    };
    if status != job["status"] && write(handle, work, &job, status.clone()).await.is_none() {
        return Outcome::Retry;
    }
    let backoff = pods.backoff().filter(|until| *until > now && wanted > 0);
    if backoff.is_none() && !pods.bring_to(handle, &job, wanted).await {
        return Outcome::Retry;
    }
    let deadline = if suspended { None } else { deadline(spec, &status) };
    match [deadline, backoff].into_iter().flatten().min() {
        Some(next) => Outcome::At(to_cluster_time(handle, next, now)),
        None => Outcome::Done,
    }
}

/// Stamps the start: when the Job is first looked at, and again, in full, when
/// it was suspended and goes on.
fn run_clock(spec: &Value, status: &mut Value, now: Timestamp) {
    let stamp = |status: &mut Value| {
        object::into_fields(status).insert("startTime".to_owned(), time::seconds(now).into());
    };
    let was_suspended = holds(status, "Suspended");
    if spec["suspend"] == true {
        if !was_suspended {
            set_condition(status, "Suspended", "True", "JobSuspended", "Job suspended", now);
        }
    } else if was_suspended {
        set_condition(status, "Suspended", "False", "JobResumed", "Job resumed", now);
        stamp(status);
    } else if status["startTime"].as_str().unwrap_or_default().is_empty() {
        stamp(status);
    }
}

/// How a Job ends: first by a condition that says so, and when no pod of it is
/// left, by another.
struct End {
    first: &'static str,
    last: &'static str,
    reason: String,
    message: String,
}

impl End {
    /// None while it goes on.
    fn of(spec: &Value, status: &Value, now: Timestamp) -> Option<End> {
        let failed = |reason: &str, message: &str| End {
            first: "FailureTarget",
            last: "Failed",
            reason: reason.to_owned(),
            message: message.to_owned(),
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(begun) = condition(status, "FailureTarget").filter(|c| c["status"] == "True") {
            return Some(failed(&text(&begun["reason"]), &text(&begun["message"])));
        }
        if spec["suspend"] == true {
            return None;
        }
        if deadline(spec, status).is_some_and(|deadline| deadline <= now) {
            let message = "Job was active longer than specified deadline";
            return Some(failed("DeadlineExceeded", message));
        }
        let count = |field: &str| status[field].as_u64().unwrap_or(0);
        if count("failed") > spec["backoffLimit"].as_u64().unwrap_or(6) {
            let message = "Job has reached the specified backoff limit";
            return Some(failed("BackoffLimitExceeded", message));
        }
        let succeeded = count("succeeded");
        let complete = match spec["completions"].as_u64() {
            Some(completions) => succeeded >= completions,
            None => succeeded > 0 && count("active") == 0,
        };
        complete.then(|| End {
            first: "SuccessCriteriaMet",
            last: "Complete",
            reason: "CompletionsReached".to_owned(),
            message: "Reached expected number of succeeded pods".to_owned(),
        })
    }

    async fn bring_about(
        &self,
        handle: &Handle,
        work: &Work,
        job: &Value,
        mut status: Value,
        pods: &Pods,
    ) -> Outcome {
        let (reason, message) = (self.reason.as_str(), self.message.as_str());
        let mut job = job.clone();
        let begins = !holds(&status, self.first);
        if begins {
            set_condition(&mut status, self.first, "True", reason, message, handle.now());
        }
        let over = pods.are_over();
        // A success with nothing left to end is told at once.
        if status != job["status"] && (!over || begins && self.last == "Failed") {
            match write(handle, work, &job, status).await {
                Some(written) => job = written,
                None => return Outcome::Retry,
            }
            status = job["status"].clone();
        }
        if !over {
            // Their end is a change, which leads here again.
            return match pods.delete(handle, usize::MAX).await {
                true => Outcome::Done,
                false => Outcome::Retry,
            };
        }
        let now = handle.now();
        set_condition(&mut status, self.last, "True", reason, message, now);
        if self.last == "Complete" {
            object::into_fields(&mut status)
                .insert("completionTime".to_owned(), time::seconds(now).into());
        }
        match write(handle, work, &job, status).await {
            Some(_) => Outcome::Done,
            None => Outcome::Retry,
        }
    }
}

/// A point in time by this controller's clock as the cluster counts it.
pub(super) fn to_cluster_time(handle: &Handle, at: Timestamp, now: Timestamp) -> Timestamp {
    let here = handle.with(|state| state.server.now);
    time::after(here, time::between(now, at))
}

fn deadline(spec: &Value, status: &Value) -> Option<Timestamp> {
    let seconds = spec["activeDeadlineSeconds"].as_u64()?;
    let start = time::parse(status["startTime"].as_str()?)?;
    Some(time::after(start, Duration::from_secs(seconds)))
}

/// Writes the status, based on the object as it was seen.
async fn write(handle: &Handle, work: &Work, job: &Value, status: Value) -> Option<Value> {
    let (path, _) = handle.path(&work.key)?;
    let mut job = job.clone();
    object::into_fields(&mut job).insert("status".to_owned(), status);
    handle.put(&format!("{path}/status"), job).await.ok()
}

pub(super) fn holds(status: &Value, kind: &str) -> bool {
    condition(status, kind).is_some_and(|condition| condition["status"] == "True")
}

pub(super) fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

pub(super) fn is_finished(job: &Value) -> bool {
    holds(&job["status"], "Complete") || holds(&job["status"], "Failed")
}

fn set_condition(
    status: &mut Value,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) {
    let now = time::seconds(now);
    let condition = json!({
        "type": kind,
        "status": value,
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    });
    let conditions =
        object::into_fields(status).entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(conditions) = conditions {
        conditions.retain(|condition| condition["type"] != kind);
        conditions.push(condition);
    }
}
