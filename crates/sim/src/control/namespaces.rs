//! The end of namespaces.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{Handle, Outcome, Work};
use crate::object;
use crate::registry::Resource;
use crate::server::Server;
use crate::store::{Change, Table};
use crate::time;

/// How long the controller leaves a deleted namespace alone, so that all
/// servers know of the deletion.
const GRACE: Duration = Duration::from_secs(5);
/// How long it leaves content alone that some finalizer holds.
const HELD: Duration = Duration::from_secs(8);

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let Some(namespace) = &change.new else { return };
    if change.key.table == Table::new("", "namespaces") && object::is_deleting(namespace) {
        let deleted = time::parse(object::meta(namespace, "deletionTimestamp"));
        work.push((Work::on(&change.key), time::after(deleted.unwrap_or(server.now), GRACE)));
    }
}

pub(super) async fn sync(handle: &Handle, work: &Work) -> Outcome {
    let name = work.key.name();
    let own = format!("/api/v1/namespaces/{name}");
    let namespace = match handle.get(&own).await {
        Ok(namespace) if object::is_deleting(&namespace) => namespace,
        Ok(_) | Err(404) => return Outcome::Done,
        Err(_) => return Outcome::Retry,
    };
    if !object::texts(&namespace["spec"]["finalizers"]).contains(&"kubernetes") {
        return Outcome::Done;
    }
    let resources: Vec<Arc<Resource>> = handle.with(|state| {
        let registry = &state.server.registry;
        registry
            .resources()
            .filter(|resource| resource.namespaced)
            .filter(|resource| {
                registry.of_table(&resource.table).is_some_and(|of| Arc::ptr_eq(of, resource))
            })
            .cloned()
            .collect()
    });
    let mut held = false;
    for resource in resources {
        let all = resource.path(Some(name), "");
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Background",
        });
        match handle.delete(&all, options).await {
            Ok(_) | Err(404) => {}
            Err(_) => return Outcome::Retry,
        }
        match handle.get(&all).await {
            Ok(left) => held |= left["items"].as_array().is_some_and(|items| !items.is_empty()),
            Err(404) => {}
            Err(_) => return Outcome::Retry,
        }
    }
    if held {
        return Outcome::At(time::after(handle.with(|state| state.server.now), HELD));
    }
    let mut namespace = namespace;
    let finalizers: Vec<String> = object::texts(&namespace["spec"]["finalizers"])
        .into_iter()
        .filter(|finalizer| *finalizer != "kubernetes")
        .map(str::to_owned)
        .collect();
    object::fields(object::into_fields(&mut namespace), "spec")
        .insert("finalizers".to_owned(), json!(finalizers));
    match handle.put(&format!("{own}/finalize"), namespace).await {
        Ok(_) | Err(404) => Outcome::Done,
        Err(_) => Outcome::Retry,
    }
}
