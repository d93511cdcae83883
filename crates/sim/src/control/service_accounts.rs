//! The `default` service account of each namespace.

use jiff::Timestamp;
use serde_json::json;

use super::{Handle, Outcome, Work};
use crate::object;
use crate::server::Server;
use crate::store::{Change, Key, Table};

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let namespaces = Table::new("", "namespaces");
    let key = &change.key;
    if key.table == namespaces && change.new.is_some() {
        work.push((Work::on(key), server.now));
    }
    if key.table == Table::new("", "serviceaccounts")
        && change.new.is_none()
        && key.name() == "default"
        && let Some(namespace) = key.namespace()
    {
        work.push((Work::on(&Key::new(&namespaces, None, namespace)), server.now));
    }
}

pub(super) async fn sync(handle: &Handle, work: &Work) -> Outcome {
    let name = work.key.name();
    let account = Key::new(&Table::new("", "serviceaccounts"), Some(name), "default");
    let active = handle.cached(&work.key).is_some_and(|namespace| !object::is_deleting(&namespace));
    if !active || handle.cached(&account).is_some() {
        return Outcome::Done;
    }
    let path = format!("/api/v1/namespaces/{name}/serviceaccounts");
    match handle.post(&path, json!({"metadata": {"name": "default"}})).await {
        Ok(_) | Err(403 | 404 | 409) => Outcome::Done,
        Err(_) => Outcome::Retry,
    }
}
