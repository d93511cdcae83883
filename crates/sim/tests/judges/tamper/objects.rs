//! Objects as people and the controller make them, and what may be done to them.

use fallgate_sim::UserInfo;
use serde_json::{Value, json};

use crate::support::{Write, user};

pub(super) const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";
pub(super) const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
pub(super) const NAMESPACES: &str = "system:serviceaccount:kube-system:namespace-controller";
pub(super) const JOBS: &str = "system:serviceaccount:kube-system:job-controller";
pub(super) const REPLICAS: &str = "system:serviceaccount:kube-system:replicaset-controller";
pub(super) const ROBOT: &str = "system:serviceaccount:ci:robot";

/// Known users, with the groups that the table needs.
pub(super) fn who(name: &str) -> UserInfo {
    match name {
        "root" => user(name, &["system:masters"]),
        _ => user(name, &[]),
    }
}

pub(super) fn identity(name: &str) -> Value {
    let user = who(name);
    json!({"username": user.username, "uid": user.uid, "groups": user.groups})
}

pub(super) fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1", "kind": kind,
        "metadata": {
            "name": name, "namespace": "shop", "uid": "u", "generation": 1,
            "creationTimestamp": "2026-11-21T12:00:00Z",
        },
        "spec": spec,
    })
}

pub(super) const HASH: &str =
    "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

pub(super) fn policy() -> Value {
    object(
        "AccessPolicy",
        "oncall-db",
        json!({
            "description": "on call", "owner": {"team": "shop", "contact": "#shop"},
            "from": [{"namespace": "tools", "podSelector": {"matchLabels": {"role": "debug"}}}],
            "to": {"podSelector": {"matchLabels": {"app": "db"}}},
            "ports": [{"protocol": "TCP", "port": 5432}],
            "maxDurationSeconds": 3600,
            "approval": {"mode": "Required", "approvals": 1},
        }),
    )
}

pub(super) fn cluster_policy() -> Value {
    let mut policy = with(policy(), "/metadata/namespace", Value::Null);
    policy["kind"] = json!("ClusterAccessPolicy");
    policy
}

pub(super) fn request(by: &str) -> Value {
    object(
        "AccessRequest",
        "r",
        json!({
            "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
            "requestedBy": identity(by),
            "from": {"namespace": "tools", "podSelector": {"matchLabels": {"role": "debug"}}},
            "to": {"podSelector": {"matchLabels": {"app": "db"}}},
            "ports": [{"port": 5432}],
            "durationSeconds": 1800,
            "reason": "slow queries",
        }),
    )
}

pub(super) fn decision(by: &str, of: &str, verdict: &str) -> Value {
    let mut decision = object(
        "AccessDecision",
        "d",
        json!({
            "requestRef": {"namespace": "shop", "name": "r", "uid": "u"},
            "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
            "requestedBy": {"username": of, "uid": who(of).uid},
            "decidedBy": identity(by),
            "verdict": verdict,
        }),
    );
    if verdict == "Approved" {
        decision["spec"]["planHash"] = json!(HASH);
    }
    decision
}

pub(super) fn grant() -> Value {
    object(
        "AccessGrant",
        "g",
        json!({
            "requestRef": {"namespace": "shop", "name": "r", "uid": "u"},
            "requestedBy": {"username": "alice"},
            "policy": {"kind": "AccessPolicy", "name": "oncall-db", "uid": "p", "generation": 1},
            "planHash": HASH,
            "approved": {
                "from": {"podSelector": {"matchLabels": {"role": "debug"}}},
                "to": {"podSelector": {"matchLabels": {"app": "db"}}},
                "ports": [{"port": 5432}], "durationSeconds": 600,
            },
            "policies": [{"kind": "NetworkPolicy"}],
            "effect": {"opened": [], "closed": [], "unknown": []},
            "namespaces": ["shop"],
        }),
    )
}

pub(super) fn incident(by: &str) -> Value {
    object(
        "AccessIncident",
        "i",
        json!({
            "declaredBy": identity(by), "ticket": "INC-7", "severity": "High",
            "endsAt": "2026-11-22T12:00:00Z",
        }),
    )
}

pub(super) fn lock(by: &str) -> Value {
    object("AccessLock", "l", json!({"lockedBy": identity(by), "all": true, "reason": "stop"}))
}

/// A NetworkPolicy as the controller makes it.
pub(super) fn opening() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {
            "name": "grant-g", "namespace": "shop", "labels": {"access.fallgate.dev/grant": "g"},
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": "switch-g", "uid": "s"},
            ],
        },
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "policyTypes": ["Ingress"],
            "ingress": [{
                "ports": [{"protocol": "TCP", "port": 5432}],
                "from": [{
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tools"}},
                    "podSelector": {"matchLabels": {"role": "debug"}},
                }],
            }],
        },
    })
}

/// The same for the other end.
pub(super) fn way_out() -> Value {
    let mut policy = opening();
    let mut rule = policy["spec"]["ingress"][0].clone();
    rule["to"] = rule.as_object_mut().unwrap().remove("from").unwrap();
    policy["spec"] = json!({
        "podSelector": {"matchLabels": {"role": "debug"}}, "policyTypes": ["Egress"],
        "egress": [rule],
    });
    policy
}

/// A Job as the controller makes it.
pub(super) fn switch() -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "switch-g", "namespace": "shop", "labels": {"access.fallgate.dev/grant": "g"},
        },
        "spec": {
            "parallelism": 0, "completions": 1, "activeDeadlineSeconds": 660,
            "ttlSecondsAfterFinished": 0, "suspend": false, "template": {"metadata": {}},
        },
    })
}

pub(super) fn baseline() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {
            "name": "deny-all", "namespace": "shop",
            "labels": {"access.fallgate.dev/baseline": "true"},
        },
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    })
}

/// An ordinary object of somebody else.
pub(super) fn ordinary(version: &str, kind: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"},
    });
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

pub(super) fn pod() -> Value {
    ordinary("v1", "Pod", json!({"spec": {}}))
}

pub(super) fn workload(version: &str, kind: &str) -> Value {
    let template = json!({"metadata": {"labels": {"app": "web"}}});
    let rest = match kind {
        "CronJob" => json!({"spec": {"jobTemplate": {"spec": {"template": template}}}}),
        "PodTemplate" => json!({"template": template}),
        _ => json!({"spec": {"template": template}}),
    };
    ordinary(version, kind, rest)
}

/// An object with one field changed; null removes it. What is above the field is
/// made where it is not there.
pub(super) fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let mut at = &mut object;
    for step in parent.split('/').skip(1) {
        at = match step.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[step],
        };
    }
    let field = field.replace("~1", "/");
    match (at, value) {
        (Value::Object(fields), Value::Null) => drop(fields.remove(&field)),
        (Value::Array(items), value) => items[field.parse::<usize>().unwrap()] = value,
        (at, value) => at[field] = value,
    }
    object
}

pub(super) fn create(name: &str, object: Value) -> Write {
    Write::create(&who(name), object)
}

pub(super) fn update(name: &str, old: Value, pointer: &str, value: Value) -> Write {
    let new = with(old.clone(), pointer, value);
    Write::update(&who(name), old, new)
}

pub(super) fn delete(name: &str, object: Value) -> Write {
    Write::delete(&who(name), object, Some("Foreground"))
}
