//! Get and list.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::route::{Format, Request};
use super::{Reply, Server, decode};
use crate::field_selector::FieldSelector;
use crate::label_selector::LabelSelector;
use crate::object;
use crate::registry::Resource;
use crate::status::Refusal;
use crate::store::{Compacted, Key, within};
use crate::table;

/// Which objects of a resource are meant.
#[derive(Clone)]
pub(crate) struct Filter {
    namespace: Option<String>,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Filter {
    pub(crate) fn parse(request: &Request, resource: &Resource) -> Result<Filter, Refusal> {
        let query = &request.query;
        Ok(Filter {
            namespace: request.namespace().map(str::to_owned),
            labels: LabelSelector::parse(query.get("labelSelector"))?,
            fields: FieldSelector::parse(query.get("fieldSelector"), |field| {
                resource.selectable(field)
            })?,
        })
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether an object is meant, given that its resource is; `object` is as
    /// it is stored.
    pub(crate) fn matches(&self, resource: &Resource, object: &Value) -> bool {
        if self.namespace.as_ref().is_some_and(|namespace| object::namespace(object) != namespace) {
            return false;
        }
        self.labels.matches(&object["metadata"]["labels"])
            && self.fields.matches(|field| field_text(resource, object, field))
    }

    /// Whether everything of the namespace is meant.
    fn is_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

/// A field of an object as a selector compares it.
fn field_text(resource: &Resource, object: &Value, field: &str) -> String {
    // Events are stored in the words of the core group.
    let path = match field.strip_prefix("regarding.") {
        Some(rest) => Cow::Owned(format!("involvedObject.{rest}")),
        None if field == "reportingController" => Cow::Borrowed("reportingComponent"),
        None if field == "source" && resource.kind == "Event" => Cow::Borrowed("source.component"),
        None => Cow::Borrowed(field),
    };
    match path.split('.').fold(object, |value, key| &value[key]) {
        Value::String(text) => text.clone(),
        Value::Null if matches!(field, "spec.unschedulable" | "spec.hostNetwork") => {
            "false".to_owned()
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Where a list goes on: the revision that it shows and the last path shown.
#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    /// -1: whatever is there now.
    rv: i64,
    start: String,
}

impl Token {
    fn encode(revision: i64, last: &str) -> String {
        let token =
            Token { v: "meta.k8s.io/v1".to_owned(), rv: revision, start: format!("{last}\0") };
        URL_SAFE_NO_PAD.encode(serde_json::to_string(&token).unwrap_or_default())
    }

    fn decode(text: &str) -> Result<Token, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        bytes
            .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok())
            .filter(|token| token.v == "meta.k8s.io/v1" && token.start.ends_with('\0'))
            .ok_or_else(|| {
                Refusal::bad_request("invalid continue token: continue key is not valid")
            })
    }
}

impl Server {
    pub(super) fn get(
        &self,
        request: &Request,
        resource: &Arc<Resource>,
    ) -> Result<Reply, Refusal> {
        let object = self.find(request, resource)?;
        Ok(Reply::ok(self.formatted(request, resource, &object)))
    }

    /// The object that a request names.
    pub(super) fn find(
        &self,
        request: &Request,
        resource: &Resource,
    ) -> Result<Arc<Value>, Refusal> {
        let name = request.name();
        let key = Key::new(&resource.table, request.namespace(), name);
        let found = match request.attributes.verb.as_str() {
            "get" if request.tweaks.stale > 0 => {
                let shown = self.lagging(request.tweaks.stale);
                let then = self.store.at(&resource.table, shown);
                then.ok().and_then(|objects| objects.get(&key.path).cloned())
            }
            _ => self.store.get(&key).cloned(),
        };
        found.ok_or_else(|| Refusal::not_found(&resource.group, &resource.plural, name))
    }

    /// The revision that a server has seen that lags behind.
    pub(super) fn lagging(&self, by: u64) -> u64 {
        self.store.revision().saturating_sub(by).max(self.store.compacted())
    }

    /// An object in the form that the client asked for.
    pub(crate) fn formatted(
        &self,
        request: &Request,
        resource: &Resource,
        object: &Arc<Value>,
    ) -> Value {
        let plain = decode::present(resource, object);
        match request.format {
            Format::Plain | Format::Discovery => plain,
            Format::Metadata => table::metadata_of(&plain),
            Format::Table => {
                let revision = object::meta(object, "resourceVersion").to_owned();
                let mut rows = table::table(resource, &[plain], self.now, true);
                rows["metadata"] = json!({"resourceVersion": revision});
                rows
            }
        }
    }

    pub(super) fn list(
        &self,
        request: &Request,
        resource: &Arc<Resource>,
    ) -> Result<Reply, Refusal> {
        let filter = Filter::parse(request, resource)?;
        let query = &request.query;
        let asked_limit = query.number("limit")?.filter(|limit| *limit > 0);
        let limit = match (asked_limit, request.tweaks.page) {
            (Some(asked), Some(page)) => Some(asked.min(page)),
            (asked, page) => asked.or(page),
        };
        let asked = revision(query.get("resourceVersion"))?;
        let exact = match query.get("resourceVersionMatch") {
            "" => asked_limit.is_some() && asked.is_some_and(|revision| revision > 0),
            "Exact" => true,
            "NotOlderThan" => false,
            other => {
                return Err(Refusal::bad_request(format!(
                    "resourceVersionMatch: Unsupported value: \"{other}\": supported values: \
                     \"Exact\", \"NotOlderThan\""
                )));
            }
        };
        if asked.is_none() && !query.get("resourceVersionMatch").is_empty() {
            return Err(Refusal::bad_request(
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless \
                 resourceVersion is provided",
            ));
        }
        if let Some(asked) = asked.filter(|asked| *asked > self.store.revision()) {
            return Err(too_large(asked, self.store.revision()));
        }
        let token = match query.get("continue") {
            "" => None,
            _ if asked.is_some_and(|revision| revision > 0) => {
                return Err(Refusal::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            text => Some(Token::decode(text)?),
        };
        let at = match (&token, asked) {
            (Some(token), _) => u64::try_from(token.rv).ok(),
            (None, Some(asked)) if exact => Some(asked),
            _ => None,
        };
        let shown = at.unwrap_or_else(|| self.lagging(request.tweaks.stale));
        let snapshot;
        let current;
        let objects: &BTreeMap<String, Arc<Value>> = if shown == self.store.revision() {
            current = self.store.table(&resource.table);
            current
        } else {
            snapshot = self
                .store
                .at(&resource.table, shown)
                .map_err(|Compacted { oldest }| expired(token.as_ref(), oldest))?;
            &snapshot
        };
        let after = token.as_ref().map(|token| token.start.trim_end_matches('\0').to_owned());
        let mut items = Vec::new();
        let mut last = String::new();
        let mut remaining: u64 = 0;
        for (path, object) in within(objects, filter.namespace()) {
            if after.as_deref().is_some_and(|after| path <= after)
                || !filter.matches(resource, object)
            {
                continue;
            }
            if limit.is_some_and(|limit| items.len() as u64 >= limit) {
                remaining += 1;
                continue;
            }
            items.push(decode::present(resource, object));
            path.clone_into(&mut last);
        }
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".to_owned(), shown.to_string().into());
        if remaining > 0 {
            let of = if token.as_ref().is_some_and(|token| token.rv < 0) {
                -1
            } else {
                i64::try_from(shown).unwrap_or(i64::MAX)
            };
            metadata.insert("continue".to_owned(), Token::encode(of, &last).into());
            if filter.is_all() {
                metadata.insert("remainingItemCount".to_owned(), remaining.into());
            }
        }
        Ok(Reply::ok(self.list_of(request.format, resource, items, Value::Object(metadata))))
    }

    /// A list object around items.
    pub(super) fn list_of(
        &self,
        format: Format,
        resource: &Resource,
        mut items: Vec<Value>,
        metadata: Value,
    ) -> Value {
        match format {
            Format::Table => {
                let mut rows = table::table(resource, &items, self.now, true);
                rows["metadata"] = metadata;
                rows
            }
            Format::Metadata => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                "items": items.iter().map(table::metadata_of).collect::<Vec<_>>(),
            }),
            Format::Plain | Format::Discovery => {
                if resource.built_in().is_some() {
                    // The list says it once for all of them.
                    for item in items.iter_mut().filter_map(Value::as_object_mut) {
                        item.remove("kind");
                        item.remove("apiVersion");
                    }
                }
                json!({
                    "kind": resource.list_kind,
                    "apiVersion": resource.api_version(),
                    "metadata": metadata,
                    "items": items,
                })
            }
        }
    }
}

/// A resourceVersion as a parameter; none where it is empty.
pub(super) fn revision(text: &str) -> Result<Option<u64>, Refusal> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            Refusal::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: \"{text}\": \
                 strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        }),
    }
}

/// A revision that this server has not reached: the client saw another one, or
/// this one came back from a backup.
fn too_large(asked: u64, current: u64) -> Refusal {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    Refusal::new(504, "Timeout", message)
        .cause(json!({
            "reason": "ResourceVersionTooLarge",
            "message": "Too large resource version",
        }))
        .retry_after(1)
}

/// A list that cannot go on as it began. It can go on with what is there now.
fn expired(token: Option<&Token>, oldest: u64) -> Refusal {
    let Some(token) = token else {
        return Refusal::expired(format!(
            "The resourceVersion for the provided list is too old. (oldest: {oldest})"
        ));
    };
    let mut refusal = Refusal::expired(
        "The provided continue parameter is too old to display a consistent list result. You can \
         start a new list without the continue parameter, or use the continue token in this \
         response to retrieve the remainder of the results. Continuing with the provided token \
         results in an inconsistent list - objects that were created, modified, or deleted between \
         the time the first chunk was returned and now may show up in the list.",
    );
    let next = Token::encode(-1, token.start.trim_end_matches('\0'));
    refusal.metadata.insert("continue".to_owned(), next.into());
    refusal
}
