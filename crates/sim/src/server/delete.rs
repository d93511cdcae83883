//! Delete: at once, after a grace period, or when the last finalizer is gone.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::read::Filter;
use super::route::Request;
use super::{Reply, Server, decode};
use crate::admission::Operation;
use crate::registry::Resource;
use crate::schema::FieldError;
use crate::status::Refusal;
use crate::store::Key;
use crate::{object, time};

/// How a deletion treats what the object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Propagation {
    Orphan,
    Background,
    Foreground,
}

impl Server {
    pub(super) fn delete(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let request = with_options(request, body)?;
        let key = Key::new(&resource.table, request.namespace(), request.name());
        let mut reply = self.delete_object(&request, resource, &key)?;
        let options = &request.attributes.options;
        if resource.built_in().is_some_and(|kind| kind.traits.orphans_by_default)
            && options["propagationPolicy"].is_null()
            && options["orphanDependents"].is_null()
        {
            reply.warnings.push(
                "child pods are preserved by default when jobs are deleted; set \
                 propagationPolicy=Background to remove them or set propagationPolicy=Orphan to \
                 suppress this warning"
                    .to_owned(),
            );
        }
        Ok(reply)
    }

    pub(super) fn delete_collection(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let request = with_options(request, body)?;
        let filter = Filter::parse(&request, resource)?;
        let chosen: Vec<(Key, Arc<Value>)> = self
            .store
            .list(&resource.table, filter.namespace())
            .filter(|(_, object)| filter.matches(resource, object))
            .map(|(path, object)| {
                (Key { table: resource.table.clone(), path: path.to_owned() }, Arc::clone(object))
            })
            .collect();
        let mut warnings = Vec::new();
        // Each is authorised as part of the collection, so none by its name.
        let mut each = request.clone();
        each.attributes.name = None;
        for (key, _) in &chosen {
            match self.delete_object(&each, resource, key) {
                Ok(reply) => warnings.extend(reply.warnings),
                Err(refusal) if refusal.code == 404 => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let items = chosen.iter().map(|(_, object)| decode::present(resource, object)).collect();
        let metadata = json!({"resourceVersion": self.store.revision().to_string()});
        let object = self.list_of(request.format, resource, items, metadata);
        Ok(Reply { code: 200, object, warnings })
    }

    /// Deletes one object as far as it can be deleted now.
    fn delete_object(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        key: &Key,
    ) -> Result<Reply, Refusal> {
        let (group, plural, name) = (&resource.group, &resource.plural, key.name());
        let Some(old) = self.store.get(key).cloned() else {
            return Err(Refusal::not_found(group, plural, name));
        };
        let options = &request.attributes.options;
        preconditions(resource, name, &old, &options["preconditions"])?;
        let protected = matches!(name, "default" | "kube-system" | "kube-public");
        if resource.kind == "Namespace" && protected {
            let why = "this namespace may not be deleted";
            return Err(Refusal::forbidden(group, plural, name, why));
        }
        let warnings = self.admit(request, resource, Operation::Delete, None, Some(&old))?;
        let mut new = Value::clone(&old);
        let grace = resource
            .built_in()
            .and_then(|kind| kind.grace(&old, options["gracePeriodSeconds"].as_i64()));
        if let Some(seconds) = grace
            && !begin_grace(&mut new, &old, seconds, self.now)
        {
            return Ok(Reply { warnings, ..Reply::ok(self.formatted(request, resource, &old)) });
        }
        let finalizers = finalizers(resource, &old, options);
        let mut last = finalizers.is_empty() && grace.is_none_or(|seconds| seconds == 0);
        let metadata = object::metadata(&mut new);
        if finalizers.is_empty() {
            metadata.remove("finalizers");
        } else {
            metadata.insert("finalizers".to_owned(), json!(finalizers));
        }
        match resource.kind.as_str() {
            // Both stay until what they contain has gone.
            "Namespace" => {
                last &= object::texts(&new["spec"]["finalizers"]).is_empty();
                begin(&mut new, &old, None, self.now);
                object::fields(object::into_fields(&mut new), "status")
                    .insert("phase".to_owned(), "Terminating".into());
            }
            "CustomResourceDefinition" if !object::is_deleting(&old) => {
                begin(&mut new, &old, None, self.now);
                terminating(&mut new, self.now);
                last = false;
            }
            _ if grace.is_none() && !last => begin(&mut new, &old, Some(0), self.now),
            _ => {}
        }
        let dry_run = request.attributes.dry_run;
        let stored = if last && grace.is_none() || dry_run || new == *old {
            Arc::new(new)
        } else {
            self.store.put(key, new, self.now)
        };
        if last && !dry_run {
            self.store.remove(key, self.now);
        }
        let returns = resource.built_in().is_some_and(|kind| kind.traits.returns_deleted);
        let object = if last && !returns {
            let mut details = Map::new();
            for (key, value) in
                [("name", name), ("group", group), ("kind", plural), ("uid", object::uid(&old))]
            {
                if !value.is_empty() {
                    details.insert(key.to_owned(), value.into());
                }
            }
            json!({
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": details,
            })
        } else {
            self.formatted(request, resource, &stored)
        };
        Ok(Reply { code: 200, object, warnings })
    }
}

/// The options of a deletion stand in the body or in the parameters.
fn with_options(request: &Request, body: &[u8]) -> Result<Request, Refusal> {
    let mut request = request.clone();
    if !body.is_empty() {
        let written = decode::document(body, &request.media_type, "DeleteOptions")?;
        let Value::Object(mut written) = written else {
            return Err(Refusal::bad_request("DeleteOptions must be an object"));
        };
        let kind = object::of(&written, "kind");
        if !matches!(kind, "" | "DeleteOptions") {
            let message = format!("expected DeleteOptions in the body, found {kind}");
            return Err(Refusal::bad_request(message));
        }
        written.insert("kind".to_owned(), "DeleteOptions".into());
        written.insert("apiVersion".to_owned(), "meta.k8s.io/v1".into());
        written.retain(|_, value| !value.is_null());
        match written.get("dryRun").and_then(Value::as_array).map(Vec::as_slice) {
            None | Some([]) => {}
            Some([all]) if all == "All" => request.attributes.dry_run = true,
            Some(_) => {
                let error = unsupported("dryRun", "dryRun", "\"All\"");
                return Err(Refusal::invalid("meta.k8s.io", "DeleteOptions", "", &[error]));
            }
        }
        // Whoever says it in both places means it.
        if request.attributes.dry_run {
            written.insert("dryRun".to_owned(), json!(["All"]));
        }
        request.attributes.options = Value::Object(written);
    }
    let options = &request.attributes.options;
    let invalid = |error| Err(Refusal::invalid("meta.k8s.io", "DeleteOptions", "", &[error]));
    match options["propagationPolicy"].as_str() {
        None | Some("Orphan" | "Background" | "Foreground") => {}
        Some(other) => {
            let supported = "\"Foreground\", \"Background\", \"Orphan\", \"nil\"";
            return invalid(unsupported("propagationPolicy", other, supported));
        }
    }
    if let (Some(policy), Some(_)) =
        (options["propagationPolicy"].as_str(), options["orphanDependents"].as_bool())
    {
        return invalid(FieldError {
            field: "propagationPolicy".to_owned(),
            reason: "FieldValueInvalid".to_owned(),
            message: format!(
                "Invalid value: \"{policy}\": orphanDependents and deletionPropagation cannot be \
                 both set"
            ),
        });
    }
    Ok(request)
}

fn unsupported(field: &str, value: &str, supported: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        reason: "FieldValueNotSupported".to_owned(),
        message: format!("Unsupported value: \"{value}\": supported values: {supported}"),
    }
}

fn preconditions(
    resource: &Resource,
    name: &str,
    object: &Value,
    preconditions: &Value,
) -> Result<(), Refusal> {
    let refuse = |why: String| Refusal::conflict(&resource.group, &resource.kind, name, &why);
    if let Some(uid) = preconditions["uid"].as_str()
        && uid != object::uid(object)
    {
        return Err(refuse(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object \
             might have been deleted and then recreated",
            object::uid(object)
        )));
    }
    let found = object::meta(object, "resourceVersion");
    if let Some(revision) = preconditions["resourceVersion"].as_str()
        && revision != found
    {
        return Err(refuse(format!(
            "the ResourceVersion in the precondition ({revision}) does not match the \
             ResourceVersion in record ({found}). The object might have been modified"
        )));
    }
    Ok(())
}

/// The finalizers that an object has from now on: those of the garbage
/// collector follow the propagation policy, all others stay.
fn finalizers(resource: &Resource, object: &Value, options: &Value) -> Vec<String> {
    let present = object::finalizers(object);
    let policy = match (options["orphanDependents"].as_bool(), &options["propagationPolicy"]) {
        (Some(true), _) => Propagation::Orphan,
        (Some(false), _) => Propagation::Background,
        (None, Value::String(policy)) => match policy.as_str() {
            "Orphan" => Propagation::Orphan,
            "Foreground" => Propagation::Foreground,
            _ => Propagation::Background,
        },
        // An earlier deletion has said it already.
        (None, _) if present.contains(&"orphan") => Propagation::Orphan,
        (None, _) if present.contains(&"foregroundDeletion") => Propagation::Foreground,
        (None, _) => match resource.built_in() {
            Some(kind) if kind.traits.orphans_by_default => Propagation::Orphan,
            _ => Propagation::Background,
        },
    };
    let mut finalizers: Vec<String> = present
        .into_iter()
        .filter(|finalizer| !matches!(*finalizer, "orphan" | "foregroundDeletion"))
        .map(str::to_owned)
        .collect();
    match policy {
        Propagation::Orphan => finalizers.push("orphan".to_owned()),
        Propagation::Foreground => finalizers.push("foregroundDeletion".to_owned()),
        Propagation::Background => {}
    }
    finalizers
}

/// Marks an object as being deleted, unless it is already.
fn begin(new: &mut Value, old: &Value, grace: Option<i64>, now: jiff::Timestamp) {
    if object::is_deleting(old) {
        return;
    }
    let generation = old["metadata"]["generation"].as_i64();
    let metadata = object::metadata(new);
    metadata.insert("deletionTimestamp".to_owned(), time::seconds(now).into());
    if let Some(grace) = grace {
        metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
    }
    if let Some(generation) = generation {
        metadata.insert("generation".to_owned(), (generation + 1).into());
    }
}

/// Starts a grace period or shortens one that runs. False where neither
/// happens: it runs already and is not longer than what is asked for.
fn begin_grace(new: &mut Value, old: &Value, seconds: i64, now: jiff::Timestamp) -> bool {
    let after = |from: jiff::Timestamp, seconds: i64| {
        let duration = std::time::Duration::from_secs(seconds.unsigned_abs());
        time::seconds(time::after(from, duration))
    };
    if !object::is_deleting(old) {
        begin(new, old, Some(seconds), now);
        let metadata = object::metadata(new);
        metadata.insert("deletionTimestamp".to_owned(), after(now, seconds).into());
        return true;
    }
    let running = old["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
    if seconds >= running {
        return false;
    }
    let end = time::parse(object::meta(old, "deletionTimestamp")).unwrap_or(now);
    let begun =
        end.checked_sub(std::time::Duration::from_secs(running.unsigned_abs())).unwrap_or(end);
    let metadata = object::metadata(new);
    metadata.insert("deletionTimestamp".to_owned(), after(begun, seconds).into());
    metadata.insert("deletionGracePeriodSeconds".to_owned(), seconds.into());
    true
}

/// A definition goes when its objects have gone, which this finalizer waits for.
fn terminating(definition: &mut Value, now: jiff::Timestamp) {
    const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
    let mut finalizers: Vec<Value> =
        object::finalizers(definition).into_iter().map(Value::from).collect();
    if !finalizers.iter().any(|finalizer| finalizer == CLEANUP) {
        finalizers.push(CLEANUP.into());
    }
    object::metadata(definition).insert("finalizers".to_owned(), Value::Array(finalizers));
    let status = object::fields(object::into_fields(definition), "status");
    let condition = json!({
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": time::seconds(now),
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    });
    if let Value::Array(conditions) =
        status.entry("conditions").or_insert_with(|| Value::Array(Vec::new()))
    {
        conditions.push(condition);
    }
}
