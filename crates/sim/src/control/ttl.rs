//! The time to live of finished Jobs.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::jobs::{condition, is_finished, to_cluster_time};
use super::{Handle, Outcome, Work, delete_options};
use crate::object;
use crate::server::Server;
use crate::store::Change;
use crate::time;

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let table = &change.key.table;
    let Some(job) = &change.new else { return };
    if &*table.group == "batch" && &*table.resource == "jobs" && expires(job).is_some() {
        work.push((Work::on(&change.key), server.now));
    }
}

/// When a Job is to be deleted: so long after it finished.
fn expires(job: &Value) -> Option<Timestamp> {
    if object::is_deleting(job) || !is_finished(job) {
        return None;
    }
    let seconds = job["spec"]["ttlSecondsAfterFinished"].as_u64()?;
    let ended = ["Complete", "Failed"].into_iter().find_map(|kind| {
        let condition = condition(&job["status"], kind)?;
        time::parse(condition["lastTransitionTime"].as_str()?)
    })?;
    Some(time::after(ended, Duration::from_secs(seconds)))
}

pub(super) async fn sync(handle: &Handle, work: &Work) -> Outcome {
    let Some(job) = handle.cached(&work.key) else { return Outcome::Done };
    let Some(at) = expires(&job) else { return Outcome::Done };
    let now = handle.now();
    // What finished in the future by this clock waits until it has not.
    if at > now {
        return Outcome::At(to_cluster_time(handle, at, now));
    }
    let Some((path, _)) = handle.path(&work.key) else { return Outcome::Done };
    // Looked at once more, because what is remembered may be old.
    let job = match handle.get(&path).await {
        Ok(job) => job,
        Err(404) => return Outcome::Done,
        Err(_) => return Outcome::Retry,
    };
    match expires(&job) {
        None => return Outcome::Done,
        Some(at) if at > handle.now() => {
            return Outcome::At(to_cluster_time(handle, at, handle.now()));
        }
        Some(_) => {}
    }
    let options = delete_options(object::uid(&job), None, "Foreground");
    match handle.delete(&path, options).await {
        Ok(_) | Err(404) => Outcome::Done,
        Err(_) => Outcome::Retry,
    }
}
