//! Who owns which field: `managedFields`, and server-side apply.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::object;
use crate::registry::Resource;
use crate::server::decode::{self, FieldValidation};
use crate::shape::{List, ListKind, Shape};
use crate::status::Refusal;

/// A write, as `managedFields` remembers it.
pub(crate) struct Write {
    pub(crate) manager: String,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    pub(crate) time: String,
}

/// What somebody applies.
pub(crate) struct Configuration {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
    set: Set,
}

/// What an apply makes of an object.
pub(crate) struct Applied {
    pub(crate) object: Value,
    pub(crate) managed: Value,
}

/// A set of fields. The names are those of `FieldsV1`: `f:NAME` for a field,
/// `k:{…}` for an item by its keys, `v:…` for a value of a set.
#[derive(Clone, Debug, Default, PartialEq)]
struct Set {
    /// The thing itself is in the set.
    member: bool,
    /// What of its parts is.
    parts: BTreeMap<String, Set>,
}

impl Set {
    fn leaf() -> Set {
        Set { member: true, parts: BTreeMap::new() }
    }

    fn is_empty(&self) -> bool {
        !self.member && self.parts.values().all(Set::is_empty)
    }

    fn parse(fields: &Value) -> Set {
        let Some(fields) = fields.as_object() else { return Set::default() };
        Set {
            member: fields.is_empty() || fields.contains_key("."),
            parts: fields
                .iter()
                .filter(|(name, _)| *name != ".")
                .map(|(name, parts)| (name.clone(), Set::parse(parts)))
                .collect(),
        }
    }

    fn to_fields(&self) -> Value {
        let mut fields = Map::new();
        if self.member && !self.parts.is_empty() {
            fields.insert(".".to_owned(), json!({}));
        }
        for (name, part) in self.parts.iter().filter(|(_, part)| !part.is_empty()) {
            fields.insert(name.clone(), part.to_fields());
        }
        Value::Object(fields)
    }

    fn add(&mut self, other: &Set) {
        self.member |= other.member;
        for (name, part) in &other.parts {
            self.parts.entry(name.clone()).or_default().add(part);
        }
    }

    fn subtract(&mut self, other: &Set) {
        self.member &= !other.member;
        for (name, part) in &other.parts {
            if let Some(own) = self.parts.get_mut(name) {
                own.subtract(part);
                if own.is_empty() {
                    self.parts.remove(name);
                }
            }
        }
    }

    fn both(&self, other: &Set) -> Set {
        Set {
            member: self.member && other.member,
            parts: self
                .parts
                .iter()
                .filter_map(|(name, part)| {
                    let both = part.both(other.parts.get(name)?);
                    (!both.is_empty()).then(|| (name.clone(), both))
                })
                .collect(),
        }
    }

    /// The members as paths, such as `.spec.ports[port=80].name`.
    fn paths(&self, prefix: &str, paths: &mut Vec<String>) {
        if self.member {
            paths.push(prefix.to_owned());
        }
        for (name, part) in &self.parts {
            part.paths(&format!("{prefix}{}", path_element(name)), paths);
        }
    }
}

fn path_element(name: &str) -> String {
    match name.split_once(':') {
        Some(("f", field)) => format!(".{field}"),
        Some(("v", value)) => format!("[={value}]"),
        Some(("k", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let keys: Vec<String> =
                keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
        _ => name.to_owned(),
    }
}

/// The name of an item of a keyed list.
fn key_of(keys: &[(String, Option<Value>)], item: &Value) -> String {
    let own: BTreeMap<&str, &Value> = keys
        .iter()
        .filter_map(|(key, default)| {
            let value = item.get(key).filter(|value| !value.is_null()).or(default.as_ref())?;
            Some((key.as_str(), value))
        })
        .collect();
    format!("k:{}", json!(own))
}

/// How a value falls into parts, if it does.
enum Parts<'a> {
    Whole,
    Fields(&'a Map<String, Value>),
    Set(&'a [Value]),
    Items(&'a [Value], &'a [(String, Option<Value>)], &'a Shape),
}

fn parts<'a>(shape: &'a Shape, value: &'a Value) -> Parts<'a> {
    match (shape, value) {
        (Shape::Atomic, _) => Parts::Whole,
        (Shape::List(List { kind: ListKind::Set, .. }), Value::Array(items)) => Parts::Set(items),
        (Shape::List(List { kind: ListKind::Map(keys), item, .. }), Value::Array(items)) => {
            Parts::Items(items, keys, item)
        }
        (_, Value::Object(fields)) => Parts::Fields(fields),
        _ => Parts::Whole,
    }
}

/// The named parts of a value with their shapes; none where it is whole.
fn named<'a>(
    shape: &'a Shape,
    value: &'a Value,
) -> Option<BTreeMap<String, (&'a Shape, &'a Value)>> {
    static DEDUCED: Shape = Shape::Deduced;
    match parts(shape, value) {
        Parts::Whole => None,
        Parts::Fields(fields) => Some(
            fields
                .iter()
                .map(|(name, value)| (format!("f:{name}"), (shape.field(name), value)))
                .collect(),
        ),
        Parts::Set(items) => {
            Some(items.iter().map(|item| (format!("v:{item}"), (&DEDUCED, item))).collect())
        }
        Parts::Items(items, keys, shape) => {
            Some(items.iter().map(|item| (key_of(keys, item), (shape, item))).collect())
        }
    }
}

/// What an applied value names. Objects are named by their fields, unless they
/// have none; items of a list are named themselves, too.
fn applied_set(shape: &Shape, value: &Value) -> Set {
    let Some(parts) = named(shape, value).filter(|parts| !parts.is_empty()) else {
        return Set::leaf();
    };
    let mut set = Set::default();
    for (name, (shape, value)) in parts {
        let mut part = applied_set(shape, value);
        part.member |= !name.starts_with("f:");
        set.parts.insert(name, part);
    }
    set
}

/// A value and everything in it.
fn everything(shape: &Shape, value: &Value) -> Set {
    let parts = named(shape, value).unwrap_or_default();
    Set {
        member: true,
        parts: parts
            .into_iter()
            .map(|(name, (shape, value))| (name, everything(shape, value)))
            .collect(),
    }
}

/// What differs between two versions of a value: what was set and what was
/// removed.
fn difference(shape: &Shape, old: &Value, new: &Value) -> (Set, Set) {
    if old == new {
        return Default::default();
    }
    let (Some(before), Some(after)) = (named(shape, old), named(shape, new)) else {
        let removed = if new.is_null() { everything(shape, old) } else { Set::default() };
        let set = if new.is_null() { Set::default() } else { everything(shape, new) };
        return (set, removed);
    };
    let (mut set, mut removed) = (Set::default(), Set::default());
    for (name, (shape, value)) in &after {
        match before.get(name) {
            Some((_, old)) => {
                let (changed, gone) = difference(shape, old, value);
                if !changed.is_empty() {
                    set.parts.insert(name.clone(), changed);
                }
                if !gone.is_empty() {
                    removed.parts.insert(name.clone(), gone);
                }
            }
            None => {
                set.parts.insert(name.clone(), everything(shape, value));
            }
        }
    }
    for (name, (shape, value)) in &before {
        if !after.contains_key(name) {
            removed.parts.insert(name.clone(), everything(shape, value));
        }
    }
    (set, removed)
}

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    manager: String,
    operation: String,
    api_version: String,
    subresource: String,
    time: String,
    set: Set,
}

impl Entry {
    fn parse(entry: &Value) -> Entry {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        Entry {
            manager: text("manager"),
            operation: text("operation"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            set: Set::parse(&entry["fieldsV1"]),
        }
    }

    fn is(&self, write: &Write, operation: &str) -> bool {
        self.manager == write.manager
            && self.operation == operation
            && self.api_version == write.api_version
            && self.subresource == write.subresource
    }

    fn new(write: &Write, operation: &str) -> Entry {
        Entry {
            manager: write.manager.clone(),
            operation: operation.to_owned(),
            api_version: write.api_version.clone(),
            subresource: write.subresource.clone(),
            time: write.time.clone(),
            set: Set::default(),
        }
    }

    fn to_value(&self) -> Value {
        let mut entry = json!({
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.set.to_fields(),
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = self.subresource.clone().into();
        }
        entry
    }
}

fn entries(managed: &Value) -> Vec<Entry> {
    managed.as_array().into_iter().flatten().map(Entry::parse).collect()
}

/// Applies first, then updates in the order of their time.
fn managed(mut entries: Vec<Entry>) -> Value {
    entries.retain(|entry| !entry.set.is_empty());
    entries.sort_by(|a, b| {
        let key = |e: &Entry| (e.operation.clone(), e.time.clone(), e.manager.clone());
        key(a).cmp(&key(b)).then_with(|| a.subresource.cmp(&b.subresource))
    });
    Value::Array(entries.iter().map(Entry::to_value).collect())
}

/// Takes the entry of a write from the others; a new one where there is none.
fn take(entries: &mut Vec<Entry>, write: &Write, operation: &str) -> Entry {
    match entries.iter().position(|entry| entry.is(write, operation)) {
        Some(at) => entries.remove(at),
        None => Entry::new(write, operation),
    }
}

/// An object without what nobody owns: what the server sets, and what says
/// which object it is.
fn ownable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in [
                "creationTimestamp",
                "deletionGracePeriodSeconds",
                "deletionTimestamp",
                "generation",
                "managedFields",
                "name",
                "namespace",
                "resourceVersion",
                "selfLink",
                "uid",
            ] {
                metadata.remove(field);
            }
            if metadata.is_empty() {
                fields.remove("metadata");
            }
        }
    }
    object
}

/// The `managedFields` after a write that is no apply: the writer owns what it
/// changed, and nobody what is gone.
pub(crate) fn updated(
    resource: &Resource,
    write: &Write,
    old: &Value,
    new: &Value,
    managed_before: &Value,
) -> Value {
    let before = if old.is_null() { json!({}) } else { ownable(old) };
    let (set, removed) = difference(resource.shape(), &before, &ownable(new));
    let mut entries = entries(managed_before);
    if set.is_empty() && removed.is_empty() {
        return managed(entries);
    }
    let mut own = take(&mut entries, write, "Update");
    for entry in &mut entries {
        entry.set.subtract(&set);
        entry.set.subtract(&removed);
    }
    let unchanged = own.set.clone();
    own.set.subtract(&removed);
    own.set.add(&set);
    if own.set != unchanged || !set.is_empty() {
        own.time.clone_from(&write.time);
    }
    entries.push(own);
    managed(entries)
}

/// Whether a write changes nothing but the time at which it was made.
pub(crate) fn same(old: &Value, new: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let entries = entries(&object["metadata"]["managedFields"]);
        let entries = entries.into_iter().map(|entry| Entry { time: String::new(), ..entry });
        let entries = managed(entries.collect());
        object::metadata(&mut object).insert("managedFields".to_owned(), entries);
        object
    };
    if old["metadata"]["managedFields"] == new["metadata"]["managedFields"] {
        return old == new;
    }
    timeless(old) == timeless(new)
}

/// Reads what somebody applies.
pub(crate) fn configuration(
    resource: &Resource,
    mut object: Value,
    subresource: &str,
    validation: FieldValidation,
) -> Result<Configuration, Refusal> {
    if object["metadata"].get("managedFields").is_some_and(|managed| !managed.is_null()) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let (_, warnings) = decode::object(resource, object.clone(), validation)?;
    without_null(&mut object);
    let whole = object::into_fields(&mut object);
    match subresource {
        "status" => whole
            .retain(|key, _| matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status")),
        _ if resource.has_status() => {
            whole.remove("status");
        }
        _ => {}
    }
    let mut owned = ownable(&object);
    if subresource == "status" {
        object::into_fields(&mut owned).remove("metadata");
    }
    let set = match owned.as_object().is_some_and(Map::is_empty) {
        true => Set::default(),
        false => applied_set(resource.shape(), &owned),
    };
    Ok(Configuration { object, warnings, set })
}

fn without_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Server-side apply: the configuration over what is there, without what the
/// same manager applied before and does no more.
pub(crate) fn applied(
    resource: &Resource,
    write: &Write,
    live: &Value,
    config: &Configuration,
    force: bool,
) -> Result<Applied, Refusal> {
    let shape = resource.shape();
    let mut entries = entries(&live["metadata"]["managedFields"]);
    let mut own = take(&mut entries, write, "Apply");
    let mut object = if live.is_null() { json!({}) } else { live.clone() };
    overlay(shape, &mut object, &config.object);
    let mut dropped = std::mem::replace(&mut own.set, config.set.clone());
    let changed = dropped != own.set;
    let mut kept = own.set.clone();
    entries.iter().for_each(|entry| kept.add(&entry.set));
    dropped.subtract(&kept);
    prune(shape, &mut object, &dropped, &kept);

    let before = if live.is_null() { json!({}) } else { ownable(live) };
    let (set, removed) = difference(shape, &before, &ownable(&object));
    let conflicts: Vec<(String, Vec<String>)> = entries
        .iter()
        .filter_map(|entry| {
            let mut paths = Vec::new();
            entry.set.both(&set).paths("", &mut paths);
            let subresource = match entry.subresource.as_str() {
                "" => String::new(),
                subresource => format!(" with subresource \"{subresource}\""),
            };
            let who = format!("\"{}\"{subresource} using {}", entry.manager, entry.api_version);
            (!paths.is_empty()).then_some((who, paths))
        })
        .collect();
    if !conflicts.is_empty() && !force {
        return Err(conflict(&conflicts));
    }
    for entry in &mut entries {
        entry.set.subtract(&set);
        entry.set.subtract(&removed);
    }
    if changed || !set.is_empty() || !removed.is_empty() {
        own.time.clone_from(&write.time);
    }
    entries.push(own);
    Ok(Applied { object, managed: managed(entries) })
}

fn conflict(conflicts: &[(String, Vec<String>)]) -> Refusal {
    let count: usize = conflicts.iter().map(|(_, paths)| paths.len()).sum();
    let all: Vec<String> = conflicts
        .iter()
        .map(|(who, paths)| match paths.as_slice() {
            [path] => format!("conflict with {who}: {path}"),
            paths => {
                let paths: Vec<String> = paths.iter().map(|path| format!("\n- {path}")).collect();
                format!("conflicts with {who}:{}", paths.concat())
            }
        })
        .collect();
    let noun = if count == 1 { "conflict" } else { "conflicts" };
    let message = format!("Apply failed with {count} {noun}: {}", all.join("\n"));
    let mut refusal = Refusal::new(409, "Conflict", message);
    for (who, path) in
        conflicts.iter().flat_map(|(who, paths)| paths.iter().map(move |path| (who, path)))
    {
        refusal = refusal.cause(json!({
            "reason": "FieldManagerConflict",
            "message": format!("conflict with {who}"),
            "field": path,
        }));
    }
    refusal
}

/// Lays one value over another.
fn overlay(shape: &Shape, target: &mut Value, over: &Value) {
    match (parts(shape, over), target) {
        (Parts::Fields(over), Value::Object(target)) => {
            for (name, value) in over {
                match target.get_mut(name) {
                    Some(old) => overlay(shape.field(name), old, value),
                    None => {
                        target.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Parts::Set(over), Value::Array(target)) => {
            for value in over {
                if !target.contains(value) {
                    target.push(value.clone());
                }
            }
        }
        (Parts::Items(over, keys, shape), Value::Array(target)) => {
            for item in over {
                let key = key_of(keys, item);
                match target.iter_mut().find(|old| key_of(keys, old) == key) {
                    Some(old) => overlay(shape, old, item),
                    None => target.push(item.clone()),
                }
            }
        }
        (_, target) => target.clone_from(over),
    }
}

/// Removes what is dropped, but nothing that somebody keeps.
fn prune(shape: &Shape, value: &mut Value, dropped: &Set, kept: &Set) {
    static NOBODY: Set = Set { member: false, parts: BTreeMap::new() };
    let goes = |name: &str| {
        let kept = kept.parts.get(name).unwrap_or(&NOBODY);
        dropped.parts.get(name).is_some_and(|part| part.member) && kept.is_empty()
    };
    let below = |name: &str| (dropped.parts.get(name), kept.parts.get(name).unwrap_or(&NOBODY));
    match (shape, value) {
        (Shape::Atomic, _) => {}
        (Shape::List(List { kind: ListKind::Set, .. }), Value::Array(items)) => {
            items.retain(|item| !goes(&format!("v:{item}")));
        }
        (Shape::List(List { kind: ListKind::Map(keys), item, .. }), Value::Array(items)) => {
            items.retain(|item| !goes(&key_of(keys, item)));
            for value in items {
                if let (Some(dropped), kept) = below(&key_of(keys, value)) {
                    prune(item, value, dropped, kept);
                }
            }
        }
        (shape, Value::Object(fields)) => {
            fields.retain(|name, value| {
                let element = format!("f:{name}");
                if goes(&element) {
                    return false;
                }
                let (Some(dropped), kept) = below(&element) else { return true };
                let had_parts = !is_hollow(value);
                prune(shape.field(name), value, dropped, kept);
                // What was only there to hold what went, goes with it.
                !(had_parts && is_hollow(value) && kept.is_empty())
            });
        }
        _ => {}
    }
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
