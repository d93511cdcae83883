//! What is there: a shop that nobody may look into, tools of engineers who are on
//! call, who is on call, and a ticket.
//!
//! The cluster is that of `examples/shop`, with the policies of
//! `examples/shop-access`, so that every answer about the files holds here, too.

use std::time::Duration;

use fallgate_sim::{Sim, people};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::Wrong;

/// The manifests, in the order in which they are applied.
const MANIFESTS: [&str; 5] = [
    include_str!("../../../examples/shop/namespaces.yaml"),
    include_str!("../../../examples/shop/platform.yaml"),
    include_str!("../../../examples/shop/policies.yaml"),
    include_str!("../../../examples/shop/shop.yaml"),
    include_str!("../../../examples/shop-access/access.yaml"),
];

/// What the demo adds.
const OWN: &str = include_str!("world.yaml");

/// The ticket that everything is about.
pub const TICKET: &str = "INC-7";

/// How long pods take to run, and then some.
pub(crate) const SETTLED: Duration = Duration::from_secs(10);

/// Builds the shop in a cluster in which Fallgate is installed.
///
/// # Errors
///
/// When the server refuses an object, which a test says it does not.
pub(crate) fn build(sim: &Sim) -> Result<(), Wrong> {
    let now = sim.now();
    for object in [rota(now), tickets(now, true)] {
        sim.create(&people::admin(), &object)?;
    }
    let mut objects = Vec::new();
    for text in MANIFESTS.into_iter().chain([OWN]) {
        objects.extend(read(text)?);
    }
    for object in &mut objects {
        if object["kind"] == "AccessConfig" {
            sources(object);
        }
    }
    install(sim, &objects).map(drop)
}

/// The objects of a text.
pub(crate) fn read(text: &str) -> Result<Vec<Value>, Wrong> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|error| Wrong::new(format!("a manifest cannot be read: {error}")))?;
    Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
}

/// Creates objects as the cluster's administrator, and the pods of their
/// workloads. What is there already stays; kinds that the cluster does not have
/// are returned.
pub(crate) fn install(sim: &Sim, objects: &[Value]) -> Result<Vec<String>, Wrong> {
    // Each in what it needs to be there.
    let rank = |object: &&Value| match object["kind"].as_str() {
        Some("Namespace") => 0,
        Some("AccessConfig") => 1,
        Some("AccessPolicy" | "ClusterAccessPolicy") => 3,
        _ => 2,
    };
    let mut objects: Vec<&Value> = objects.iter().collect();
    objects.sort_by_key(rank);
    let admin = people::admin();
    let mut left_out = Vec::new();
    for object in objects {
        match sim.create(&admin, object) {
            Ok(made) => pods(sim, &made)?,
            Err(refusal) if refusal.reason == "AlreadyExists" => {}
            Err(refusal) if refusal.message.starts_with("no matches for kind") => {
                left_out.push(object["kind"].as_str().unwrap_or_default().to_owned());
            }
            Err(refusal) => {
                let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
                let (kind, name) = (text("/kind"), text("/metadata/name"));
                return Err(Wrong::new(format!(
                    "{} `{}`: {refusal}",
                    kind.unwrap_or("an object without a kind"),
                    name.unwrap_or_default()
                )));
            }
        }
    }
    sim.advance(SETTLED);
    left_out.sort();
    left_out.dedup();
    Ok(left_out)
}

/// Makes the pods that the controllers of a real cluster would make of a
/// workload: the embedded one has none that do.
fn pods(sim: &Sim, workload: &Value) -> Result<(), Wrong> {
    let kind = workload["kind"].as_str().unwrap_or_default();
    if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet") {
        return Ok(());
    }
    let replicas = match kind {
        "DaemonSet" => 1,
        _ => workload["spec"]["replicas"].as_u64().unwrap_or(1),
    };
    let (namespace, name) = (&workload["metadata"]["namespace"], &workload["metadata"]["name"]);
    let name = name.as_str().unwrap_or_default();
    let admin = people::admin();
    let mut owner = workload.clone();
    let mut labels = workload["spec"]["template"]["metadata"]["labels"].clone();
    let mut prefix = name.to_owned();
    if kind == "Deployment" {
        // As they are named in a real cluster: by a hash of the template.
        const HASH: &str = "6d5f7c9b88";
        prefix = format!("{name}-{HASH}");
        if let Value::Object(labels) = &mut labels {
            labels.insert("pod-template-hash".to_owned(), HASH.into());
        }
        let mut template = workload["spec"]["template"].clone();
        template["metadata"]["labels"] = labels.clone();
        let set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "namespace": namespace, "name": prefix, "labels": labels,
                "ownerReferences": [owned_by(workload)],
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": template,
            },
        });
        owner = sim.create(&admin, &set)?;
    }
    for at in 0..replicas {
        let pod = match kind {
            "StatefulSet" => format!("{prefix}-{at}"),
            _ => format!("{prefix}-{}", letters(at)),
        };
        sim.create(
            &admin,
            &json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {
                    "namespace": namespace, "name": pod, "labels": labels,
                    "ownerReferences": [owned_by(&owner)],
                },
                "spec": workload["spec"]["template"]["spec"],
            }),
        )?;
    }
    Ok(())
}

/// A suffix as generated names have it.
fn letters(at: u64) -> String {
    const ALPHABET: [char; 8] = ['k', 'x', '7', 'q', 'm', '2', 'v', 't'];
    let mut rest = at;
    let mut suffix = String::from("x4k");
    for _ in 0..2 {
        let digit = usize::try_from(rest % 8).unwrap_or_default();
        suffix.push(ALPHABET.get(digit).copied().unwrap_or('z'));
        rest /= 8;
    }
    suffix
}

fn owned_by(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Has an AccessConfig ask the shop's rota and its tickets.
fn sources(config: &mut Value) {
    let source = |name: &str, key: &str| json!({"configMap": name, "key": key});
    if let Value::Object(spec) = &mut config["spec"] {
        let rota =
            json!({"name": "shop", "source": source("rota", "rota.yaml"), "format": "Shifts"});
        spec.insert("rotas".to_owned(), json!([rota]));
        spec.insert("tickets".to_owned(), json!({"source": source("tickets", "tickets.yaml")}));
    }
}

/// Who is on call: alice, for a week.
fn rota(now: Timestamp) -> Value {
    let (start, end) = (ago(now, 1), ago(now, -7 * 24));
    let text = format!("shifts:\n  - {{user: alice, start: {start}, end: {end}}}\n");
    source("rota", [("rota.yaml", text)])
}

/// The tickets: one, which is open or closed.
pub(crate) fn tickets(now: Timestamp, open: bool) -> Value {
    let state = if open { "open" } else { "closed" };
    let opened = ago(now, 1);
    let text = format!(
        "tickets:\n  - id: {TICKET}\n    state: {state}\n    namespaces: [shop]\n    \
         severity: sev2\n    opened: {opened}\n    owners: [alice]\n"
    );
    source("tickets", [("tickets.yaml", text)])
}

fn source<const N: usize>(name: &str, data: [(&str, String); N]) -> Value {
    let data: Map<String, Value> =
        data.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": "fallgate-system", "name": name},
        "data": data,
    })
}

/// So many hours ago, in whole seconds.
fn ago(now: Timestamp, hours: i64) -> Timestamp {
    let then = now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
    Timestamp::from_second(then.as_second()).unwrap_or(then)
}
