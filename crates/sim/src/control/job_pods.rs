//! The pods of a Job: which there are, which there should be.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Handle;
use crate::object;
use crate::store::{Key, Table};
use crate::time;

/// How long a Job waits after its first failure; twice as long after each other.
const BACKOFF: Duration = Duration::from_secs(10);
const LONGEST_BACKOFF: Duration = Duration::from_secs(600);

/// The name of the Job that a pod belongs to.
pub(super) fn owner(pod: &Value) -> Option<&str> {
    let owner = controller(pod)?;
    (owner["kind"] == "Job").then(|| owner["name"].as_str())?
}

fn controller(pod: &Value) -> Option<&Value> {
    let owners = pod["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["controller"] == true)
}

/// The pods of one Job, as the controller sees them.
pub(super) struct Pods {
    namespace: String,
    all: Vec<Arc<Value>>,
}

impl Pods {
    pub(super) fn of(handle: &Handle, key: &Key, job: &Value) -> Pods {
        let namespace = key.namespace().unwrap_or_default();
        let all = handle.with(|state| {
            let table = Table::new("", "pods");
            let pods = state.server.store.list(&table, Some(namespace));
            pods.map(|(_, pod)| Arc::clone(pod))
                .filter(|pod| controller(pod).is_some_and(|owner| owner["uid"] == object::uid(job)))
                .collect()
        });
        Pods { namespace: namespace.to_owned(), all }
    }

    fn phase(&self, phase: &str) -> usize {
        self.all.iter().filter(|pod| pod["status"]["phase"] == phase).count()
    }

    fn active(&self) -> impl Iterator<Item = &Value> {
        let runs = |pod: &&Value| {
            !object::is_deleting(pod)
                && !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
        };
        self.all.iter().map(AsRef::as_ref).filter(runs)
    }

    fn ending(&self) -> usize {
        self.all.iter().filter(|pod| object::is_deleting(pod)).count()
    }

    /// Whether none is left that could still do something.
    pub(super) fn are_over(&self) -> bool {
        self.ending() == 0 && self.active().next().is_none()
    }

    /// Writes the counts into the status of the Job. What was counted once stays
    /// counted when its pod has gone.
    pub(super) fn count(&self, status: &mut Value) {
        let fields = object::into_fields(status);
        let ready = self.active().filter(|pod| pod["status"]["phase"] == "Running").count();
        fields.insert("ready".to_owned(), json!(ready));
        fields.insert("terminating".to_owned(), json!(self.ending()));
        fields.entry("uncountedTerminatedPods").or_insert_with(|| json!({}));
        for (field, count) in [
            ("active", self.active().count()),
            ("succeeded", self.phase("Succeeded").max(counted(fields.get("succeeded")))),
            ("failed", self.phase("Failed").max(counted(fields.get("failed")))),
        ] {
            object::set(fields, field, (count > 0).then(|| json!(count)));
        }
    }

    /// Makes the pods that are missing and deletes those too many. True where
    /// all of that went well.
    pub(super) async fn bring_to(&self, handle: &Handle, job: &Value, wanted: usize) -> bool {
        let active = self.active().count();
        let mut well = self.delete(handle, active.saturating_sub(wanted)).await;
        for _ in active..wanted {
            let path = format!("/api/v1/namespaces/{}/pods", self.namespace);
            well &= handle.post(&path, pod(job)).await.is_ok();
        }
        well
    }

    /// Deletes so many of those that run.
    pub(super) async fn delete(&self, handle: &Handle, count: usize) -> bool {
        let mut well = true;
        for pod in self.active().take(count) {
            let path = format!("/api/v1/namespaces/{}/pods/{}", self.namespace, object::name(pod));
            let options = json!({
                "kind": "DeleteOptions",
                "apiVersion": "v1",
                "preconditions": {"uid": object::uid(pod)},
            });
            well &= matches!(handle.delete(&path, options).await, Ok(_) | Err(404 | 409));
        }
        well
    }

    /// Until when no pod is made in the place of one that failed.
    pub(super) fn backoff(&self) -> Option<Timestamp> {
        let failed = self.phase("Failed");
        let ended = |pod: &Arc<Value>| {
            let state = &pod["status"]["containerStatuses"][0]["state"];
            time::parse(state["terminated"]["finishedAt"].as_str()?)
        };
        let last = self.all.iter().filter(|pod| pod["status"]["phase"] == "Failed").map(ended);
        let times = 1 << u32::try_from(failed.saturating_sub(1)).unwrap_or(6).min(6);
        Some(time::after(last.max()??, (BACKOFF * times).min(LONGEST_BACKOFF)))
    }
}

/// How many pods of a Job should run.
pub(super) fn wanted(spec: &Value, status: &Value) -> usize {
    let parallelism = spec["parallelism"].as_u64().unwrap_or(1);
    let parallelism = usize::try_from(parallelism).unwrap_or(usize::MAX);
    let succeeded = counted(status.get("succeeded"));
    match spec["completions"].as_u64().map(usize::try_from) {
        Some(completions) => {
            parallelism.min(completions.unwrap_or(usize::MAX).saturating_sub(succeeded))
        }
        // Pods that share their work: when one has found nothing left to do, no
        // other is started.
        None if succeeded > 0 => counted(status.get("active")).min(parallelism),
        None => parallelism,
    }
}

fn counted(count: Option<&Value>) -> usize {
    count.and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

/// A pod as the Job's template has it.
fn pod(job: &Value) -> Value {
    let template = &job["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    let fields = object::into_fields(&mut metadata);
    fields.insert("generateName".to_owned(), format!("{}-", object::name(job)).into());
    let owner = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": object::name(job),
        "uid": object::uid(job),
        "controller": true,
        "blockOwnerDeletion": true,
    });
    fields.insert("ownerReferences".to_owned(), json!([owner]));
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}
