//! The garbage collector.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Handle, Outcome, Work, delete_options};
use crate::object;
use crate::server::Server;
use crate::store::{Change, Key};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

type Owner = Map<String, Value>;

pub(super) fn observe(server: &Server, change: &Change, work: &mut Vec<(Work, Timestamp)>) {
    let store = &server.store;
    let mut look_at = |key: &Key, object: &Value, orphan: bool| {
        let uid = object::uid(object).to_owned();
        work.push((Work { key: key.clone(), uid, orphan }, server.now));
    };
    let Some(new) = &change.new else {
        let Some(old) = &change.old else { return };
        // What it owned has lost an owner; what waited for it may go.
        for key in store.dependents(object::uid(old)) {
            if let Some(dependent) = store.get(key) {
                look_at(key, dependent, false);
            }
        }
        for owner in object::owners(old) {
            if let Some((key, owner)) = store.by_uid(object::of(owner, "uid"))
                && waits_for_dependents(owner)
            {
                look_at(key, owner, false);
            }
        }
        return;
    };
    let before = |is: fn(&Value) -> bool| change.old.as_ref().is_some_and(|old| is(old));
    if is_orphaning(new) && !before(is_orphaning) {
        look_at(&change.key, new, true);
    }
    if waits_for_dependents(new) && !before(waits_for_dependents) {
        for key in store.dependents(object::uid(new)) {
            if let Some(dependent) = store.get(key) {
                look_at(key, dependent, false);
            }
        }
        look_at(&change.key, new, false);
    }
    let owners = &new["metadata"]["ownerReferences"];
    if change.old.as_ref().is_none_or(|old| old["metadata"]["ownerReferences"] != *owners) {
        let unsure = object::owners(new).any(|owner| {
            let found = store.by_uid(object::of(owner, "uid"));
            found.is_none_or(|(key, found)| {
                waits_for_dependents(found) || !is_meant(owner, &change.key, key, found)
            })
        });
        if unsure {
            look_at(&change.key, new, false);
        }
        // An owner that this one kept from going may go now.
        for owner in change.old.iter().flat_map(|old| object::owners(old)) {
            if let Some((key, owner)) = store.by_uid(object::of(owner, "uid"))
                && waits_for_dependents(owner)
            {
                look_at(key, owner, false);
            }
        }
    }
}

/// Whether a reference means the object that has its uid: kind, name and
/// namespace are right, too.
fn is_meant(owner: &Owner, dependent: &Key, key: &Key, found: &Value) -> bool {
    key.name() == object::of(owner, "name")
        && found["kind"] == *object::of(owner, "kind")
        && key.namespace().is_none_or(|namespace| dependent.namespace() == Some(namespace))
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    object::finalizers(object).contains(&finalizer)
}

fn waits_for_dependents(object: &Value) -> bool {
    object::is_deleting(object) && has_finalizer(object, FOREGROUND)
}

fn is_orphaning(object: &Value) -> bool {
    object::is_deleting(object) && has_finalizer(object, ORPHAN)
}

pub(super) async fn sync(handle: &Handle, work: &Work) -> Outcome {
    let done = if work.orphan { orphan(handle, work).await } else { collect(handle, work).await };
    match done {
        Ok(()) => Outcome::Done,
        Err(_) => Outcome::Retry,
    }
}

/// How an object refers to its owners.
#[derive(Default)]
struct Owners {
    /// Owners that are there.
    solid: Vec<Owner>,
    /// Owners that are gone, or were never there.
    dangling: Vec<Owner>,
    /// Owners that wait for this object to go.
    waiting: Vec<Owner>,
}

/// Deletes an object whose owners are all gone, or lets it forget those that
/// are.
async fn collect(handle: &Handle, work: &Work) -> Result<(), u16> {
    let cached = handle.cached(&work.key).filter(|object| object::uid(object) == work.uid);
    if cached.is_some_and(|object| object::is_deleting(&object) && !waits_for_dependents(&object)) {
        return Ok(());
    }
    let Some((own_path, _)) = handle.path(&work.key) else { return Ok(()) };
    let latest = match handle.get(&own_path).await {
        Ok(latest) if object::uid(&latest) == work.uid => latest,
        Ok(_) | Err(404) => return Ok(()),
        Err(code) => return Err(code),
    };
    if waits_for_dependents(&latest) {
        return release(handle, work, &own_path, &latest).await;
    }
    if object::owners(&latest).next().is_none() {
        return Ok(());
    }
    let owners = classify(handle, work, &latest).await?;
    if !owners.solid.is_empty() {
        if owners.dangling.is_empty() && owners.waiting.is_empty() {
            return Ok(());
        }
        // One owner is enough to stay, and to be forgotten by the others.
        let gone: Vec<Owner> = owners.dangling.into_iter().chain(owners.waiting).collect();
        return forget_owners(handle, work, &own_path, &latest, &gone).await;
    }
    let dependents = handle.with(|state| {
        let store = &state.server.store;
        store.dependents(&work.uid).filter_map(|key| store.get(key).cloned()).collect::<Vec<_>>()
    });
    let policy = if !owners.waiting.is_empty() && !dependents.is_empty() {
        if dependents.iter().any(|dependent| waits_for_dependents(dependent)) {
            // A circle of owners that wait for each other.
            unblock(handle, work, &own_path, &latest).await?;
        }
        "Foreground"
    } else if has_finalizer(&latest, ORPHAN) {
        "Orphan"
    } else if has_finalizer(&latest, FOREGROUND) {
        "Foreground"
    } else {
        "Background"
    };
    let revision = object::meta(&latest, "resourceVersion");
    let options = delete_options(&work.uid, Some(revision), policy);
    match handle.delete(&own_path, options).await {
        Ok(_) | Err(404) => Ok(()),
        Err(code) => Err(code),
    }
}

/// Asks for each owner whether it is there.
async fn classify(handle: &Handle, work: &Work, object: &Value) -> Result<Owners, u16> {
    let mut owners = Owners::default();
    for owner in object::owners(object) {
        let (api_version, kind) = (object::of(owner, "apiVersion"), object::of(owner, "kind"));
        let (group, version) = (object::group_of(api_version), object::version_of(api_version));
        let resource =
            handle.with(|state| state.server.registry.of_kind(group, version, kind).cloned());
        // A kind that nobody serves may be served again; until then nobody
        // knows. A namespaced owner of what is in no namespace is a mistake.
        let Some(resource) = resource else { return Err(0) };
        let namespace = if resource.namespaced { work.key.namespace() } else { None };
        if resource.namespaced && namespace.is_none() {
            return Err(0);
        }
        let list = match handle.get(&resource.path(namespace, object::of(owner, "name"))).await {
            Ok(found) if object::uid(&found) != object::of(owner, "uid") => &mut owners.dangling,
            Ok(found) if waits_for_dependents(&found) => &mut owners.waiting,
            Ok(_) => &mut owners.solid,
            Err(404) => &mut owners.dangling,
            Err(code) => return Err(code),
        };
        list.push(owner.clone());
    }
    Ok(owners)
}

/// Lets an owner go when nothing that blocks it is left; otherwise sees to it
/// that it goes.
async fn release(handle: &Handle, work: &Work, path: &str, owner: &Value) -> Result<(), u16> {
    let controller = handle.controller;
    let blocked = handle.with(|state| {
        let store = &state.server.store;
        let blocking: Vec<(Key, Arc<Value>)> = store
            .dependents(&work.uid)
            .filter_map(|key| Some((key.clone(), Arc::clone(store.get(key)?))))
            .filter(|(_, dependent)| blocks(dependent, &work.uid))
            .collect();
        for (key, dependent) in &blocking {
            if !waits_for_dependents(dependent) {
                let uid = object::uid(dependent).to_owned();
                let at = state.server.now;
                state.enqueue(controller, Work { key: key.clone(), uid, orphan: false }, at);
            }
        }
        !blocking.is_empty()
    });
    if blocked {
        // It is looked at again when one of them has gone.
        return Ok(());
    }
    remove_finalizer(handle, path, owner, FOREGROUND).await
}

fn blocks(dependent: &Value, uid: &str) -> bool {
    object::owners(dependent).any(|owner| {
        object::of(owner, "uid") == uid
            && owner.get("blockOwnerDeletion") == Some(&Value::Bool(true))
    })
}

/// Lets the dependents of an object that is deleted forget it, and then lets it
/// go.
async fn orphan(handle: &Handle, work: &Work) -> Result<(), u16> {
    let dependents = handle.with(|state| {
        let store = &state.server.store;
        store
            .dependents(&work.uid)
            .filter_map(|key| Some((key.clone(), Arc::clone(store.get(key)?))))
            .collect::<Vec<_>>()
    });
    for (key, dependent) in dependents {
        let Some((path, _)) = handle.path(&key) else { continue };
        let owner = object::owners(&dependent).find(|owner| object::of(owner, "uid") == work.uid);
        let gone: Vec<Owner> = owner.cloned().into_iter().collect();
        let work = Work { key, uid: object::uid(&dependent).to_owned(), orphan: false };
        forget_owners(handle, &work, &path, &dependent, &gone).await?;
    }
    let Some((path, _)) = handle.path(&work.key) else { return Ok(()) };
    let latest = match handle.get(&path).await {
        Ok(latest) if object::uid(&latest) == work.uid => latest,
        Ok(_) | Err(404) => return Ok(()),
        Err(code) => return Err(code),
    };
    remove_finalizer(handle, &path, &latest, ORPHAN).await
}

async fn remove_finalizer(
    handle: &Handle,
    path: &str,
    object: &Value,
    finalizer: &str,
) -> Result<(), u16> {
    if !has_finalizer(object, finalizer) {
        return Ok(());
    }
    let left: Vec<&str> =
        object::finalizers(object).into_iter().filter(|other| *other != finalizer).collect();
    let left = if left.is_empty() { Value::Null } else { json!(left) };
    let revision = object::meta(object, "resourceVersion");
    let patch = json!({"metadata": {"resourceVersion": revision, "finalizers": left}});
    match handle.patch(path, patch, MERGE).await {
        Ok(_) | Err(404) => Ok(()),
        Err(code) => Err(code),
    }
}

/// Takes owners from an object, by a strategic merge patch where the kind takes
/// one.
async fn forget_owners(
    handle: &Handle,
    work: &Work,
    path: &str,
    object: &Value,
    gone: &[Owner],
) -> Result<(), u16> {
    let is_gone =
        |owner: &Owner| gone.iter().any(|gone| object::of(gone, "uid") == object::of(owner, "uid"));
    let delete: Vec<Value> = gone
        .iter()
        .map(|owner| json!({"$patch": "delete", "uid": object::of(owner, "uid")}))
        .collect();
    let patch = json!({"metadata": {"uid": work.uid, "ownerReferences": delete}});
    match handle.patch(path, patch, STRATEGIC).await {
        Ok(_) | Err(404) => return Ok(()),
        Err(415) => {}
        Err(code) => return Err(code),
    }
    let left: Vec<&Owner> = object::owners(object).filter(|owner| !is_gone(owner)).collect();
    let revision = object::meta(object, "resourceVersion");
    let patch = json!({"metadata": {
        "uid": work.uid,
        "resourceVersion": revision,
        "ownerReferences": left,
    }});
    match handle.patch(path, patch, MERGE).await {
        Ok(_) | Err(404) => Ok(()),
        Err(code) => Err(code),
    }
}

/// Has an object keep none of its owners from going.
async fn unblock(handle: &Handle, work: &Work, path: &str, object: &Value) -> Result<(), u16> {
    let owners: Vec<Owner> = object::owners(object)
        .map(|owner| {
            let mut owner = owner.clone();
            if owner.contains_key("blockOwnerDeletion") {
                owner.insert("blockOwnerDeletion".to_owned(), false.into());
            }
            owner
        })
        .collect();
    let patch = json!({"metadata": {"uid": work.uid, "ownerReferences": owners}});
    handle.patch(path, patch, MERGE).await.map(|_| ())
}
