//! What people do: objects in their own names, as the command line makes them.

use fallgate_sim::{Refusal, Sim, UserInfo};
use serde_json::{Value, json};

const GROUP: &str = "access.fallgate.dev/v1alpha1";

/// The path of objects of access in a namespace.
pub(crate) fn path(namespace: &str, resource: &str, name: &str) -> String {
    let path = format!("/apis/{GROUP}/namespaces/{namespace}/{resource}");
    if name.is_empty() { path } else { format!("{path}/{name}") }
}

/// Somebody, as objects name them.
pub(crate) fn identity(user: &UserInfo) -> Value {
    json!({"username": user.username, "uid": user.uid, "groups": user.groups})
}

/// An end of a path that is pods with a label.
pub(crate) fn pods(namespace: &str, key: &str, value: &str) -> Value {
    json!({"namespace": namespace, "podSelector": {"matchLabels": {key: value}}})
}

/// Somebody asks. `spec` is the request but for who asks.
pub(crate) fn ask(
    sim: &Sim,
    user: &UserInfo,
    namespace: &str,
    mut spec: Value,
) -> Result<Value, Refusal> {
    let prefix = spec.pointer("/policyRef/name").and_then(Value::as_str).unwrap_or("request");
    let prefix = format!("{prefix}-");
    if let Value::Object(spec) = &mut spec {
        spec.insert("requestedBy".to_owned(), identity(user));
    }
    let request = json!({
        "apiVersion": GROUP, "kind": "AccessRequest",
        "metadata": {"namespace": namespace, "generateName": prefix},
        "spec": spec,
    });
    sim.create(user, &request)
}

/// Somebody decides about a request, in a namespace. `named` is whom the
/// decision names, who should be the same.
pub(crate) fn decide(
    sim: &Sim,
    (by, named): (&UserInfo, &UserInfo),
    request: &Value,
    verdict: &str,
    namespace: &str,
) -> Result<Value, Refusal> {
    let asked = &request["spec"]["requestedBy"];
    let metadata = &request["metadata"];
    let mut spec = json!({
        "requestRef": {
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "policyRef": request["spec"]["policyRef"],
        "requestedBy": {"username": asked["username"], "uid": asked["uid"]},
        "decidedBy": identity(named),
        "verdict": verdict,
        "reason": "as agreed",
    });
    if let (Value::Object(spec), "Approved") = (&mut spec, verdict) {
        spec.insert("planHash".to_owned(), request["status"]["planHash"].clone());
    }
    let name = request["spec"]["policyRef"]["name"].as_str().unwrap_or("decision");
    let decision = json!({
        "apiVersion": GROUP, "kind": "AccessDecision",
        "metadata": {"namespace": namespace, "generateName": format!("{name}-")},
        "spec": spec,
    });
    sim.create(by, &decision)
}

/// Somebody declares an incident.
pub(crate) fn declare(
    sim: &Sim,
    user: &UserInfo,
    namespace: &str,
    ticket: &str,
    until: jiff::Timestamp,
) -> Result<Value, Refusal> {
    let until = jiff::Timestamp::from_second(until.as_second()).unwrap_or(until);
    let incident = json!({
        "apiVersion": GROUP, "kind": "AccessIncident",
        "metadata": {"namespace": namespace, "generateName": "incident-"},
        "spec": {
            "declaredBy": identity(user),
            "ticket": ticket,
            "severity": "High",
            "endsAt": until.to_string(),
            "reason": "checkout is down",
        },
    });
    sim.create(user, &incident)
}

/// Somebody resolves an incident.
pub(crate) fn resolve(sim: &Sim, user: &UserInfo, incident: &Value) -> Result<Value, Refusal> {
    let text = |pointer| incident.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let path = path(text("/metadata/namespace"), "accessincidents", text("/metadata/name"));
    sim.request(user, "PATCH", &path, Some(&json!({"spec": {"resolved": true}})))
}
