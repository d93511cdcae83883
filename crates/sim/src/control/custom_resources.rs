//! CustomResourceDefinitions come into force, and go when their objects have
//! gone. The API server does this itself, past roles and admission.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Handle, Outcome, Work};
use crate::object;
use crate::registry::{Registry, is_established};
use crate::server::Server;
use crate::sim::State;
use crate::store::{Change, Key, Table};
use crate::time;

const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
/// How long it takes for the names of a new definition to be served.
const ESTABLISHING: Duration = Duration::from_millis(20);

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let Some(definition) = &change.new else { return };
    if change.key.table != Registry::definitions() {
        return;
    }
    if object::is_deleting(definition) {
        work.push((Work::on(&change.key), server.now));
    } else if !is_established(definition) {
        work.push((Work::on(&change.key), time::after(server.now, ESTABLISHING)));
    }
}

pub(super) fn sync(handle: &Handle, work: &Work) -> Outcome {
    handle.with(|state| {
        let Some(definition) = state.server.store.get(&work.key).cloned() else {
            return Outcome::Done;
        };
        let outcome = if object::is_deleting(&definition) {
            clean_up(state, &work.key, &definition)
        } else {
            establish(state, &work.key, &definition);
            Outcome::Done
        };
        state.refresh();
        state.tell();
        outcome
    })
}

fn establish(state: &mut State, key: &Key, definition: &Value) {
    if is_established(definition) {
        return;
    }
    let now = time::seconds(state.server.now);
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": "True",
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        })
    };
    let mut new = definition.clone();
    let spec = &definition["spec"];
    let stored: Vec<&Value> = spec["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["storage"] == true)
        .map(|version| &version["name"])
        .collect();
    let status = json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition(
                "Established",
                "InitialNamesAccepted",
                "the initial names have been accepted",
            ),
        ],
        "acceptedNames": spec["names"],
        "storedVersions": stored,
    });
    object::into_fields(&mut new).insert("status".to_owned(), status);
    let now = state.server.now;
    state.server.store.put(key, new, now);
}

/// Deletes the objects of a definition, and then the definition.
fn clean_up(state: &mut State, key: &Key, definition: &Value) -> Outcome {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spec = &definition["spec"];
    let table = Table::new(&text(&spec["group"]), &text(&spec["names"]["plural"]));
    let now = state.server.now;
    let store = &mut state.server.store;
    let objects: Vec<(String, Value)> = store
        .list(&table, None)
        .map(|(path, object)| (path.to_owned(), Value::clone(object)))
        .collect();
    let mut held = false;
    for (path, mut object) in objects {
        let key = Key { table: table.clone(), path };
        if object::finalizers(&object).is_empty() {
            store.remove(&key, now);
            continue;
        }
        held = true;
        if !object::is_deleting(&object) {
            let metadata = object::metadata(&mut object);
            metadata.insert("deletionTimestamp".to_owned(), time::seconds(now).into());
            metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(0));
            store.put(&key, object, now);
        }
    }
    if held {
        return Outcome::At(time::after(now, Duration::from_secs(5)));
    }
    let mut new = definition.clone();
    let left: Vec<String> = object::finalizers(definition)
        .into_iter()
        .filter(|finalizer| *finalizer != CLEANUP)
        .map(str::to_owned)
        .collect();
    if left.is_empty() {
        store.remove(key, now);
    } else if left.len() != object::finalizers(definition).len() {
        object::metadata(&mut new).insert("finalizers".to_owned(), json!(left));
        store.put(key, new, now);
    }
    Outcome::Done
}
