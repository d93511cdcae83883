//! Rows and columns, as `kubectl get` shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::object;
use crate::registry::{Nature, Resource};
use crate::time;

/// The metadata of an object alone.
pub(crate) fn metadata_of(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

/// A table of objects; without `heads` it does not say what its columns are.
pub(crate) fn table(resource: &Resource, objects: &[Value], now: Timestamp, heads: bool) -> Value {
    let columns = columns(resource);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> =
                columns.iter().map(|column| (column.cell)(column, object, now)).collect();
            json!({"cells": cells, "object": metadata_of(object)})
        })
        .collect();
    let definitions: Vec<Value> = columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": column.kind,
                "format": column.format,
                "description": column.description,
                "priority": column.priority,
            })
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": if heads { json!(definitions) } else { Value::Null },
        "rows": rows,
    })
}

struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    path: String,
    cell: fn(&Column, &Value, Timestamp) -> Value,
}

fn column(
    name: &str,
    kind: &str,
    path: &str,
    cell: fn(&Column, &Value, Timestamp) -> Value,
) -> Column {
    Column {
        name: name.to_owned(),
        kind: kind.to_owned(),
        format: String::new(),
        description: String::new(),
        priority: 0,
        path: path.to_owned(),
        cell,
    }
}

fn columns(resource: &Resource) -> Vec<Column> {
    let mut columns = vec![Column {
        format: "name".to_owned(),
        ..column("Name", "string", "", |_, object, _| json!(object::name(object)))
    }];
    let age = || column("Age", "string", ".metadata.creationTimestamp", age_cell);
    let text = |name, path| column(name, "string", path, text_cell);
    match &resource.nature {
        Nature::Custom(custom) => match custom.version["additionalPrinterColumns"].as_array() {
            Some(written) => columns.extend(written.iter().map(custom_column)),
            None => columns.push(Column { kind: "date".to_owned(), ..age() }),
        },
        Nature::BuiltIn(kind) => {
            match kind.kind {
                "Namespace" => columns.push(text("Status", ".status.phase")),
                "Pod" => columns.extend([
                    column("Ready", "string", "", ready_cell),
                    column("Status", "string", "", phase_cell),
                    column("Restarts", "string", "", restarts_cell),
                ]),
                "Service" => columns.extend([
                    text("Type", ".spec.type"),
                    text("Cluster-IP", ".spec.clusterIP"),
                    text("External-IP", ".status.loadBalancer.ingress[0].ip"),
                    column("Port(s)", "string", "", ports_cell),
                ]),
                "ConfigMap" => columns.push(column("Data", "string", "", data_cell)),
                "Secret" => {
                    columns.extend([text("Type", ".type"), column("Data", "string", "", data_cell)])
                }
                "NetworkPolicy" => columns.push(column(
                    "Pod-Selector",
                    "string",
                    ".spec.podSelector",
                    selector_cell,
                )),
                "Job" => columns.extend([
                    column("Status", "string", "", job_cell),
                    column("Completions", "string", "", completions_cell),
                    column("Duration", "string", "", duration_cell),
                ]),
                "CronJob" => columns.extend([
                    text("Schedule", ".spec.schedule"),
                    column("Suspend", "boolean", ".spec.suspend", plain_cell),
                ]),
                "Deployment" | "StatefulSet" => {
                    columns.push(column("Ready", "string", "", replicas_cell));
                }
                "ReplicaSet" => columns.extend([
                    column("Desired", "integer", ".spec.replicas", plain_cell),
                    column("Ready", "integer", ".status.readyReplicas", number_cell),
                ]),
                "DaemonSet" => columns.extend([
                    column("Desired", "integer", ".status.desiredNumberScheduled", number_cell),
                    column("Ready", "integer", ".status.numberReady", number_cell),
                ]),
                "Lease" => columns.push(column(
                    "Holder",
                    "string",
                    ".spec.holderIdentity",
                    plain_text_cell,
                )),
                "EndpointSlice" => columns.push(text("AddressType", ".addressType")),
                "RoleBinding" | "ClusterRoleBinding" => {
                    columns.push(column("Role", "string", "", role_cell));
                }
                "Role" | "ClusterRole" | "CustomResourceDefinition" => {
                    let created =
                        column("Created At", "date", ".metadata.creationTimestamp", plain_cell);
                    columns.push(created);
                    return columns;
                }
                "ValidatingAdmissionPolicy" => {
                    columns.push(column("Validations", "integer", "", |_, object, _| {
                        json!(object["spec"]["validations"].as_array().map_or(0, Vec::len))
                    }));
                    columns.push(column("ParamKind", "string", "", param_cell));
                }
                "ValidatingAdmissionPolicyBinding" => {
                    columns.push(text("PolicyName", ".spec.policyName"));
                }
                "Event" => {
                    let last = column("Last Seen", "string", "", last_seen_cell);
                    let object = column("Object", "string", "", involved_cell);
                    return vec![
                        last,
                        text("Type", ".type"),
                        text("Reason", ".reason"),
                        object,
                        column("Message", "string", "", message_cell),
                    ];
                }
                _ => {}
            }
            columns.push(age());
        }
    }
    columns
}

fn custom_column(written: &Value) -> Column {
    let text = |key: &str| written[key].as_str().unwrap_or_default();
    let path = text("jsonPath");
    let description = match text("description") {
        "" => format!("Custom resource definition column (in JSONPath format): {path}"),
        description => description.to_owned(),
    };
    Column {
        format: text("format").to_owned(),
        description,
        priority: written["priority"].as_i64().unwrap_or(0),
        ..column(
            text("name"),
            text("type"),
            path,
            if text("type") == "date" { age_cell } else { typed_cell },
        )
    }
}

fn plain_cell(column: &Column, object: &Value, _: Timestamp) -> Value {
    find(object, &column.path).first().map_or(Value::Null, |value| (*value).clone())
}

/// A cell of a custom column: the first value found, if it has the column's
/// type.
fn typed_cell(column: &Column, object: &Value, _: Timestamp) -> Value {
    let found = find(object, &column.path);
    let Some(first) = found.first() else { return Value::Null };
    match (column.kind.as_str(), first) {
        ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => json!(number),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => (*first).clone(),
        ("string", Value::String(_)) => {
            // Several values of a path with a wildcard stand side by side.
            let texts: Vec<&str> = found.iter().filter_map(|value| value.as_str()).collect();
            json!(texts.join(","))
        }
        ("string", Value::Null) => Value::Null,
        ("string", other) => json!(other.to_string()),
        _ => Value::Null,
    }
}

fn text_cell(column: &Column, object: &Value, _: Timestamp) -> Value {
    match find(object, &column.path).first().and_then(|value| value.as_str()) {
        Some(text) if !text.is_empty() => json!(text),
        _ => json!("<none>"),
    }
}

fn plain_text_cell(column: &Column, object: &Value, _: Timestamp) -> Value {
    let found = find(object, &column.path);
    json!(found.first().and_then(|value| value.as_str()).unwrap_or_default())
}

fn number_cell(column: &Column, object: &Value, _: Timestamp) -> Value {
    json!(find(object, &column.path).first().and_then(|value| value.as_i64()).unwrap_or(0))
}

fn age_cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let found = find(object, &column.path);
    let written = found.first().and_then(|value| value.as_str());
    match written.map(time::parse) {
        None if column.kind == "date" => Value::Null,
        None => json!("<unknown>"),
        Some(None) => json!("<invalid>"),
        Some(Some(then)) => json!(time::age(time::between(then, now))),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn ready_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let all = items(&object["spec"]["containers"]).count();
    let ready = items(&object["status"]["containerStatuses"])
        .filter(|container| container["ready"] == true)
        .count();
    json!(format!("{ready}/{all}"))
}

fn phase_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    if object::is_deleting(object) {
        return json!("Terminating");
    }
    let status = &object["status"];
    json!(status["reason"].as_str().or(status["phase"].as_str()).unwrap_or("Unknown"))
}

fn restarts_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let restarts: i64 = items(&object["status"]["containerStatuses"])
        .filter_map(|container| container["restartCount"].as_i64())
        .sum();
    json!(restarts.to_string())
}

fn ports_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let ports: Vec<String> = items(&object["spec"]["ports"])
        .map(|port| format!("{}/{}", port["port"], port["protocol"].as_str().unwrap_or("TCP")))
        .collect();
    if ports.is_empty() { json!("<none>") } else { json!(ports.join(",")) }
}

fn data_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let entries = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    json!(entries("data") + entries("binaryData"))
}

fn selector_cell(column: &Column, object: &Value, _: Timestamp) -> Value {
    let found = find(object, &column.path);
    let Some(selector) = found.first() else { return json!("<none>") };
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in items(&selector["matchExpressions"]) {
        let key = expression["key"].as_str().unwrap_or_default();
        let values = object::texts(&expression["values"]).join(",");
        parts.push(match expression["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    if parts.is_empty() { json!("<none>") } else { json!(parts.join(",")) }
}

fn job_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let has = |kind: &str| {
        items(&object["status"]["conditions"])
            .any(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    json!(match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if object::is_deleting(object) => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    })
}

fn completions_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let succeeded = object["status"]["succeeded"].as_i64().unwrap_or(0);
    match (object["spec"]["completions"].as_i64(), object["spec"]["parallelism"].as_i64()) {
        (Some(completions), _) => json!(format!("{succeeded}/{completions}")),
        (None, Some(parallelism)) if parallelism > 1 => {
            json!(format!("{succeeded}/1 of {parallelism}"))
        }
        _ => json!(format!("{succeeded}/1")),
    }
}

fn duration_cell(_: &Column, object: &Value, now: Timestamp) -> Value {
    let time = |field: &str| object["status"][field].as_str().and_then(time::parse);
    match (time("startTime"), time("completionTime")) {
        (None, _) => json!(""),
        (Some(start), end) => json!(time::age(time::between(start, end.unwrap_or(now)))),
    }
}

fn replicas_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let ready = object["status"]["readyReplicas"].as_i64().unwrap_or(0);
    json!(format!("{ready}/{}", object["spec"]["replicas"].as_i64().unwrap_or(0)))
}

fn role_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let text = |field: &str| object["roleRef"][field].as_str().unwrap_or_default();
    json!(format!("{}/{}", text("kind"), text("name")))
}

fn param_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let kind = &object["spec"]["paramKind"];
    match (kind["apiVersion"].as_str(), kind["kind"].as_str()) {
        (Some(version), Some(kind)) => json!(format!("{version}/{kind}")),
        _ => json!("<unset>"),
    }
}

/// An event in either group, by the core group's name of a field.
fn event_text<'a>(event: &'a Value, core: &str, other: &str) -> &'a str {
    event[core].as_str().or(event[other].as_str()).unwrap_or_default()
}

fn last_seen_cell(_: &Column, object: &Value, now: Timestamp) -> Value {
    let seen = [
        object["series"]["lastObservedTime"].as_str().unwrap_or_default(),
        event_text(object, "lastTimestamp", "deprecatedLastTimestamp"),
        object["eventTime"].as_str().unwrap_or_default(),
        object::meta(object, "creationTimestamp"),
    ];
    match seen.into_iter().find_map(time::parse) {
        Some(then) => json!(time::age(time::between(then, now))),
        None => json!("<unknown>"),
    }
}

fn involved_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    let involved = match &object["involvedObject"] {
        Value::Null => &object["regarding"],
        involved => involved,
    };
    let text = |field: &str| involved[field].as_str().unwrap_or_default();
    json!(format!("{}/{}", text("kind").to_lowercase(), text("name")))
}

fn message_cell(_: &Column, object: &Value, _: Timestamp) -> Value {
    json!(event_text(object, "message", "note").trim())
}

/// The values that a path of a printer column finds: fields, indices, `[*]`,
/// and `[?(@.field=="value")]`. A path beyond these finds nothing.
pub(crate) fn find<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![object];
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = field_end(after);
            let (field, after) = after.split_at(end);
            let field = field.replace("\\.", ".");
            if !field.is_empty() {
                found = found.into_iter().filter_map(|value| value.get(&field)).collect();
            }
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some((inside, after)) = bracket(after) else { return Vec::new() };
            found = select(found, inside);
            rest = after;
        } else {
            return Vec::new();
        }
    }
    found
}

/// Where a field's name ends; a dot after a backslash belongs to it.
fn field_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '.' | '[' => return at,
            _ => {}
        }
    }
    text.len()
}

/// What stands in brackets, and what follows them.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, ']') => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn select<'a>(found: Vec<&'a Value>, inside: &str) -> Vec<&'a Value> {
    let unquoted = |text: &str| {
        let text = text.trim();
        ['"', '\'']
            .into_iter()
            .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(text)
            .to_owned()
    };
    let filter = inside.strip_prefix("?(@.").and_then(|filter| filter.strip_suffix(')'));
    if let Some((field, wanted)) = filter.and_then(|filter| filter.split_once("==")) {
        let (field, wanted) = (field.trim(), unquoted(wanted));
        let matches = |item: &&Value| match &item[field] {
            Value::String(text) => *text == wanted,
            Value::Null => false,
            other => {
                let text = other.to_string();
                text == wanted
            }
        };
        return found.into_iter().flat_map(items).filter(matches).collect();
    }
    if inside == "*" {
        return found.into_iter().flat_map(items).collect();
    }
    if let Ok(index) = inside.parse::<usize>() {
        return found.into_iter().filter_map(|value| value.get(index)).collect();
    }
    let key = unquoted(inside);
    if key == inside { Vec::new() } else { found.into_iter().filter_map(|v| v.get(&key)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printer_columns_find_fields_conditions_and_items() {
        let object = json!({
            "spec": {"ports": [{"port": 1}, {"port": 2}], "a.b": "dotted"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        let text = |path| Value::from(find(&object, path).into_iter().cloned().collect::<Vec<_>>());
        assert_eq!(text(".spec.ports[*].port"), json!([1, 2]));
        assert_eq!(text(".spec.ports[1].port"), json!([2]));
        assert_eq!(text(r#".status.conditions[?(@.type=="Ready")].status"#), json!(["True"]));
        assert_eq!(text(".status.conditions[?(@.type=='Other')].status"), json!([]));
        assert_eq!(text(r".spec.a\.b"), json!(["dotted"]));
        assert_eq!(text(".spec['a.b']"), json!(["dotted"]));
        assert_eq!(text(".spec.missing.deeper"), json!([]));
        assert_eq!(text("spec"), json!([]));
    }
}
