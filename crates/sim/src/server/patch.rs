//! Patches of every kind, and what is created by an apply.

use std::sync::Arc;

use serde_json::Value;

use super::route::Request;
use super::write::Ownership;
use super::{Reply, Server, decode};
use crate::registry::Resource;
use crate::schema::FieldError;
use crate::status::Refusal;
use crate::{fields, merge, object};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

impl Server {
    pub(super) fn patch(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        if request.media_type == APPLY {
            return self.apply(request, resource, body);
        }
        if request.query.is_true("force") {
            return Err(Refusal::bad_request(
                "force: Forbidden: may not be specified for non-apply patch",
            ));
        }
        let custom = resource.custom().is_some();
        if !matches!(request.media_type.as_str(), JSON | MERGE | STRATEGIC)
            || custom && request.media_type == STRATEGIC
        {
            let strategic = if custom { "" } else { ", application/strategic-merge-patch+json" };
            return Err(Refusal::unsupported_media_type(&format!(
                "{JSON}, {MERGE}, {APPLY}{strategic}"
            )));
        }
        let old = self.find(request, resource)?;
        let before = decode::present(resource, &old);
        let after = patched(resource, request, &before, body)?;
        let (new, warnings) = self.decode_patched(request, resource, &after)?;
        let mut reply = self.update_object(request, resource, &old, new, Ownership::ByChange)?;
        reply.warnings.splice(0..0, warnings);
        Ok(reply)
    }

    /// Reads what a patch made of an object.
    fn decode_patched(
        &self,
        request: &Request,
        resource: &Resource,
        object: &Value,
    ) -> Result<(Value, Vec<String>), Refusal> {
        let validation = decode::FieldValidation::parse(request.query.get("fieldValidation"))?;
        decode::object(resource, object.clone(), validation).map_err(|refusal| {
            if validation == decode::FieldValidation::Strict {
                return refusal;
            }
            // The patch may have been fine; what it makes of the object is not.
            let error = FieldError {
                field: "patch".to_owned(),
                reason: "FieldValueInvalid".to_owned(),
                message: format!(
                    "Invalid value: {}: {}",
                    Value::from(object.to_string()),
                    refusal.message
                ),
            };
            Refusal::invalid("", "", "", &[error])
        })
    }

    /// Server-side apply.
    fn apply(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        if request.query.get("fieldManager").is_empty() {
            let error = FieldError {
                field: "fieldManager".to_owned(),
                reason: "FieldValueRequired".to_owned(),
                message: "Required value: is required for apply patch".to_owned(),
            };
            return Err(Refusal::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
        }
        let config = decode::yaml(body)
            .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
        let validation = decode::FieldValidation::parse(request.query.get("fieldValidation"))?;
        let force = request.query.is_true("force");
        let write = self.write_of(request, resource);
        let subresource = &request.attributes.subresource;
        let config = fields::configuration(resource, config, subresource, validation)?;
        let Ok(old) = self.find(request, resource) else {
            if !request.attributes.subresource.is_empty() {
                return self.find(request, resource).map(|_| Reply::ok(Value::Null));
            }
            if !object::uid(&config.object).is_empty() {
                let why = format!(
                    "uid mismatch: the provided object specified uid {}, and no existing object was \
                     found",
                    object::uid(&config.object)
                );
                let (group, plural) = (&resource.group, &resource.plural);
                return Err(Refusal::conflict(group, plural, request.name(), &why));
            }
            let mut create = request.clone();
            create.attributes.verb = "create".to_owned();
            self.authorize(&create.attributes)?;
            let applied = fields::applied(resource, &write, &Value::Null, &config, force)?;
            let (object, warnings) = self.decode_patched(request, resource, &applied.object)?;
            let ownership = Ownership::Applied(applied.managed);
            let mut reply = self.create_object(&create, resource, object, ownership)?;
            reply.warnings.splice(0..0, config.warnings.into_iter().chain(warnings));
            return Ok(reply);
        };
        let before = decode::present(resource, &old);
        let applied = fields::applied(resource, &write, &before, &config, force)?;
        let (new, warnings) = self.decode_patched(request, resource, &applied.object)?;
        let ownership = Ownership::Applied(applied.managed);
        let mut reply = self.update_object(request, resource, &old, new, ownership)?;
        reply.warnings.splice(0..0, config.warnings.into_iter().chain(warnings));
        Ok(reply)
    }
}

/// The object after a patch that is no apply.
fn patched(
    resource: &Resource,
    request: &Request,
    before: &Value,
    body: &[u8],
) -> Result<Value, Refusal> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Refusal::bad_request(format!("error decoding patch: {error}"))
    };
    let mut after = before.clone();
    if request.media_type == JSON {
        let patch: json_patch::Patch =
            serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
        json_patch::patch(&mut after, &patch).map_err(|error| {
            Refusal::new(
                422,
                "Invalid",
                format!("the server rejected our request due to an error in our request: {error}"),
            )
        })?;
        return Ok(after);
    }
    let patch: Value = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    if !patch.is_object() {
        return Err(unreadable(&"a merge patch is an object"));
    }
    if request.media_type == MERGE {
        json_patch::merge(&mut after, &patch);
    } else {
        merge::strategic(resource.shape(), &mut after, &patch)?;
    }
    Ok(after)
}
