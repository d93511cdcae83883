//! Create and update: what is set, what is refused, what is stored.

use std::sync::Arc;

use serde_json::{Value, json};

use super::route::Request;
use super::{Reply, Server, decode, metadata};
use crate::admission::{Admission, Operation};
use crate::registry::{Nature, Resource};
use crate::schema::FieldError;
use crate::status::Refusal;
use crate::store::Key;
use crate::{fields, object, time};

/// How the ownership of fields comes about.
pub(super) enum Ownership {
    /// By what changes.
    ByChange,
    /// As an apply has worked it out: the new `managedFields`.
    Applied(Value),
}

impl Server {
    pub(super) fn create(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let (object, warnings) = self.read(request, resource, body)?;
        let mut reply = self.create_object(request, resource, object, Ownership::ByChange)?;
        reply.warnings.splice(0..0, warnings);
        Ok(reply)
    }

    /// Reads the object in a body.
    pub(super) fn read(
        &self,
        request: &Request,
        resource: &Resource,
        body: &[u8],
    ) -> Result<(Value, Vec<String>), Refusal> {
        let value = decode::document(body, &request.media_type, &resource.kind)?;
        let validation = decode::FieldValidation::parse(request.query.get("fieldValidation"))?;
        decode::object(resource, value, validation)
    }

    pub(super) fn create_object(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        mut object: Value,
        ownership: Ownership,
    ) -> Result<Reply, Refusal> {
        let mut request = request.clone();
        let namespace = request.namespace().map(str::to_owned);
        in_namespace(&object, namespace.as_deref())?;
        if !object::meta(&object, "resourceVersion").is_empty() {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Refusal::new(500, "", message));
        }
        object::metadata(&mut object).remove("resourceVersion");
        self.namespace_is_open(&request, resource, object::name(&object))?;
        if let Some(mutation) = &request.tweaks.mutation {
            json_patch::merge(&mut object, mutation);
        }
        self.delegate(&request.attributes, &object, None)?;
        let managed = match ownership {
            Ownership::ByChange => {
                let mut written = object.clone();
                if resource.has_status() {
                    object::into_fields(&mut written).remove("status");
                }
                let write = self.write_of(&request, resource);
                fields::updated(resource, &write, &Value::Null, &written, &Value::Null)
            }
            Ownership::Applied(managed) => managed,
        };
        metadata::create(resource, &mut object, namespace.as_deref(), self.now, &mut self.random);
        match &resource.nature {
            Nature::BuiltIn(kind) => kind.prepare_create(&mut object, &mut self.random),
            Nature::Custom(custom) if custom.status => {
                object::into_fields(&mut object).remove("status");
            }
            Nature::Custom(_) => {}
        }
        object::metadata(&mut object).insert("managedFields".to_owned(), managed);
        check(resource, &object, metadata::validate(resource, &object), None, "")?;
        let name = object::name(&object).to_owned();
        request.attributes.name = Some(name.clone());
        let warnings = self.admit(&request, resource, Operation::Create, Some(&object), None)?;
        let key = Key::new(&resource.table, namespace.as_deref(), &name);
        if let Some(old) = self.store.get(&key) {
            let mut refusal = Refusal::already_exists(&resource.group, &resource.plural, &name);
            if object::is_deleting(old) {
                refusal.message = format!("object is being deleted: {}", refusal.message);
            }
            return Err(refusal);
        }
        let stored = if request.attributes.dry_run {
            Arc::new(object)
        } else {
            self.store.put(&key, object, self.now)
        };
        let object = self.formatted(&request, resource, &stored);
        Ok(Reply { code: 201, object, warnings })
    }

    /// Nothing is created in a namespace that is not there or on its way out.
    fn namespace_is_open(
        &self,
        request: &Request,
        resource: &Resource,
        name: &str,
    ) -> Result<(), Refusal> {
        let Some(namespace) = request.namespace() else { return Ok(()) };
        let key = Key::new(&namespaces(), None, namespace);
        let Some(found) = self.store.get(&key) else {
            return Err(Refusal::not_found("", "namespaces", namespace));
        };
        if !object::is_deleting(found) {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        Err(Refusal::forbidden(&resource.group, &resource.plural, name, &why).cause(json!({
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        })))
    }

    pub(super) fn update(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let (mut object, warnings) = self.read(request, resource, body)?;
        in_namespace(&object, request.namespace())?;
        let name = request.name();
        if object::name(&object).is_empty() {
            return Err(Refusal::bad_request("the object's name must be set"));
        }
        named(&object, name)?;
        let old = match self.find(request, resource) {
            Ok(old) => old,
            Err(refusal) => {
                let creates = resource.built_in().is_some_and(|kind| kind.traits.create_on_update);
                if !creates || !request.attributes.subresource.is_empty() {
                    return Err(refusal);
                }
                // Whoever has the uid or the revision of an object that is gone
                // does not mean a new one.
                if !object::uid(&object).is_empty()
                    || !object::meta(&object, "resourceVersion").is_empty()
                {
                    return Err(refusal);
                }
                object::metadata(&mut object).remove("resourceVersion");
                let mut create = request.clone();
                create.attributes.verb = "create".to_owned();
                self.authorize(&create.attributes)?;
                return self.create_object(&create, resource, object, Ownership::ByChange);
            }
        };
        let mut reply = self.update_object(request, resource, &old, object, Ownership::ByChange)?;
        reply.warnings.splice(0..0, warnings);
        Ok(reply)
    }

    /// Replaces an object, by whichever verb the new one came about.
    pub(super) fn update_object(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        old: &Arc<Value>,
        mut new: Value,
        ownership: Ownership,
    ) -> Result<Reply, Refusal> {
        let name = request.name();
        let subresource = request.attributes.subresource.as_str();
        in_namespace(&new, request.namespace())?;
        named(&new, name)?;
        self.is_current(resource, &new, old, name)?;
        if let Some(mutation) = &request.tweaks.mutation {
            json_patch::merge(&mut new, mutation);
        }
        self.delegate(&request.attributes, &new, Some(old))?;
        object::metadata(&mut new)
            .insert("resourceVersion".to_owned(), old["metadata"]["resourceVersion"].clone());
        let mut errors = metadata::update(&mut new, old);
        prepare_update(resource, &mut new, old, subresource);
        let managed = match ownership {
            Ownership::ByChange => {
                let managed = match new["metadata"].get("managedFields") {
                    // A client may forget about ownership, and start over.
                    Some(Value::Array(entries)) if entries.is_empty() => Value::Null,
                    _ => old["metadata"]["managedFields"].clone(),
                };
                let write = self.write_of(request, resource);
                fields::updated(resource, &write, old, &new, &managed)
            }
            Ownership::Applied(managed) => managed,
        };
        object::metadata(&mut new).insert("managedFields".to_owned(), managed);
        errors.extend(metadata::validate(resource, &new));
        check(resource, &new, errors, Some(old), subresource)?;
        let warnings = self.admit(request, resource, Operation::Update, Some(&new), Some(old))?;
        let key = Key::new(&resource.table, request.namespace(), name);
        let finished = object::is_deleting(&new)
            && object::finalizers(&new).is_empty()
            && new["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
            && (resource.kind != "Namespace"
                || object::texts(&new["spec"]["finalizers"]).is_empty());
        let stored = if request.attributes.dry_run {
            Arc::new(new)
        } else if finished {
            // The last finalizer is gone: watches see the object as it was.
            self.store.remove(&key, self.now);
            Arc::new(new)
        } else if fields::same(old, &new) {
            Arc::clone(old)
        } else {
            self.store.put(&key, new, self.now)
        };
        let object = self.formatted(request, resource, &stored);
        Ok(Reply { code: 200, object, warnings })
    }

    /// Refuses an update that is based on another version of the object, or on
    /// another object of the same name.
    fn is_current(
        &self,
        resource: &Resource,
        new: &Value,
        old: &Value,
        name: &str,
    ) -> Result<(), Refusal> {
        let (group, plural) = (&resource.group, &resource.plural);
        let (asked, uid) = (object::uid(new), object::uid(old));
        if !asked.is_empty() && asked != uid {
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{plural}/{name}, \
                 ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \
                 {asked}, UID in object meta: {uid}"
            );
            return Err(Refusal::conflict(group, plural, name, &why));
        }
        match object::meta(new, "resourceVersion") {
            "" | "0" => {
                let conditional =
                    resource.built_in().is_none_or(|kind| kind.traits.conditional_update);
                if conditional {
                    let error = FieldError {
                        field: "metadata.resourceVersion".to_owned(),
                        reason: "FieldValueInvalid".to_owned(),
                        message: "Invalid value: 0: must be specified for an update".to_owned(),
                    };
                    return Err(Refusal::invalid(group, plural, name, &[error]));
                }
                Ok(())
            }
            revision if revision == object::meta(old, "resourceVersion") => Ok(()),
            _ => Err(Refusal::modified(group, plural, name)),
        }
    }

    /// What a write of this request is called in `managedFields`.
    pub(super) fn write_of(&self, request: &Request, resource: &Resource) -> fields::Write {
        fields::Write {
            manager: request.manager.clone(),
            api_version: resource.api_version(),
            subresource: request.attributes.subresource.clone(),
            time: time::seconds(self.now),
        }
    }
}

pub(super) fn namespaces() -> crate::store::Table {
    crate::store::Table::new("", "namespaces")
}

fn in_namespace(object: &Value, namespace: Option<&str>) -> Result<(), Refusal> {
    let own = object::namespace(object);
    if own.is_empty() || Some(own) == namespace {
        return Ok(());
    }
    Err(Refusal::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

fn named(object: &Value, name: &str) -> Result<(), Refusal> {
    let own = object::name(object);
    if own == name {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "the name of the object ({own}) does not match the name on the URL ({name})"
    )))
}

/// Undoes what an update may not touch, and counts the generation.
fn prepare_update(resource: &Resource, new: &mut Value, old: &Value, subresource: &str) {
    let changed = match &resource.nature {
        Nature::BuiltIn(kind) => {
            kind.prepare_update(new, old, subresource);
            match resource.kind.as_str() {
                "EndpointSlice" => !same_but(new, old, &["metadata"]) || labels(new) != labels(old),
                "Deployment" => {
                    new["spec"] != old["spec"]
                        || new["metadata"]["annotations"] != old["metadata"]["annotations"]
                }
                _ => new["spec"] != old["spec"],
            }
        }
        Nature::Custom(_) if subresource == "status" => {
            let status = new.get("status").cloned();
            let mut object = old.clone();
            object::set(object::into_fields(&mut object), "status", status);
            *new = object;
            false
        }
        Nature::Custom(custom) if custom.status => {
            object::set(object::into_fields(new), "status", old.get("status").cloned());
            !same_but(new, old, &["metadata", "status"])
        }
        Nature::Custom(_) => !same_but(new, old, &["metadata"]),
    };
    if changed && metadata::counts_generations(resource) {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
        object::metadata(new).insert("generation".to_owned(), generation.into());
    }
}

fn labels(object: &Value) -> &Value {
    &object["metadata"]["labels"]
}

/// Whether two objects are the same but for some of their fields.
fn same_but(new: &Value, old: &Value, except: &[&str]) -> bool {
    let rest = |object: &Value| {
        let mut fields = object.as_object().cloned().unwrap_or_default();
        for key in except {
            fields.remove(*key);
        }
        fields
    };
    rest(new) == rest(old)
}

/// Refuses an object that something is wrong with.
fn check(
    resource: &Resource,
    new: &Value,
    mut errors: Vec<FieldError>,
    old: Option<&Value>,
    subresource: &str,
) -> Result<(), Refusal> {
    match &resource.nature {
        Nature::BuiltIn(kind) => errors.extend(kind.validate(new, old, subresource)),
        Nature::Custom(custom) => errors.extend(custom.crd.validate(new, old)),
    }
    if resource.kind == "ValidatingAdmissionPolicy" && subresource.is_empty() {
        errors.extend(Admission::check(new));
    }
    if resource.kind == "CustomResourceDefinition" && errors.is_empty() {
        if new["spec"]["conversion"]["strategy"] == "Webhook" {
            return Err(Refusal::not_implemented("conversion of custom resources by a webhook"));
        }
        if let Err(found) = crate::schema::Crd::parse(new) {
            errors.extend(found);
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid(&resource.group, &resource.kind, object::name(new), &errors))
}
