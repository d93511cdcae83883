//! What a real control plane was seen to answer to the policies in `fixtures`.

use crate::support::{Cluster, Write, user};
use fallgate_sim::UserInfo;
use fallgate_sim::schema::Crd;
use serde_json::{Value, json};

const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";
const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
const JOBS: &str = "system:serviceaccount:kube-system:job-controller";

fn managed() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(include_str!("fixtures/managed.yaml"));
    cluster
}

fn admin() -> UserInfo {
    user("admin", &["system:masters"])
}

fn policy() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": "grant-1", "namespace": "shop", "labels": {"access.fallgate.dev/grant": "1"},
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "switch-1", "uid": "j"}],
        },
        "spec": {"podSelector": {}},
    })
}

fn switch() -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "switch-1", "namespace": "shop", "labels": {"access.fallgate.dev/grant": "1"},
        },
        "spec": {
            "parallelism": 0, "completions": 1, "activeDeadlineSeconds": 600,
            "ttlSecondsAfterFinished": 0, "suspend": false, "template": {},
        },
    })
}

/// An object with one field changed; null removes it.
fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    object
}

#[test]
fn a_managed_policy_is_created_by_the_controller_and_changed_by_nobody() {
    let cluster = managed();
    let controller = user(CONTROLLER, &[]);
    let verdict = |write: Write| write.verdict(&cluster);
    assert_eq!(verdict(Write::create(&controller, policy())), "admitted");
    assert_eq!(
        verdict(Write::create(&admin(), policy())),
        "fallgate-managed-policies: a NetworkPolicy that belongs to a grant may not be created by \
         admin; it may be deleted"
    );
    let shape = "fallgate-managed-policies: a NetworkPolicy that belongs to a grant must have \
                 exactly one owner, its switch Job, and no finalizers";
    for (pointer, value) in [
        ("/metadata/ownerReferences", Value::Null),
        ("/metadata/ownerReferences", json!([])),
        ("/metadata/ownerReferences/0/kind", json!("ConfigMap")),
        ("/metadata/finalizers", json!(["example.com/hold"])),
    ] {
        assert_eq!(verdict(Write::create(&controller, with(policy(), pointer, value))), shape);
    }
    for who in [&controller, &admin(), &user(COLLECTOR, &[])] {
        let changed = with(policy(), "/spec/podSelector", json!({"matchLabels": {"a": "b"}}));
        assert_eq!(
            verdict(Write::update(who, policy(), changed)),
            format!(
                "fallgate-managed-policies: a NetworkPolicy that belongs to a grant may not be \
                 changed by {}; it may be deleted",
                who.username
            )
        );
    }
    // Taking the label off, and putting it on, are changes, too.
    for (old, new) in [(policy(), unlabelled()), (unlabelled(), policy())] {
        assert!(
            verdict(Write::update(&admin(), old, new)).starts_with("fallgate-managed-policies")
        );
    }
    // What is not managed is nobody's business, and closing is never refused.
    assert_eq!(verdict(Write::create(&admin(), unlabelled())), "admitted");
    assert_eq!(verdict(Write::delete(&admin(), policy(), None)), "admitted");
}

fn unlabelled() -> Value {
    with(policy(), "/metadata/labels", Value::Null)
}

#[test]
fn a_switch_is_made_right_and_left_alone() {
    let cluster = managed();
    let controller = user(CONTROLLER, &[]);
    let verdict = |write: Write| write.verdict(&cluster);
    assert_eq!(verdict(Write::create(&controller, switch())), "admitted");
    assert_eq!(
        verdict(Write::create(&admin(), switch())),
        "fallgate-switches: a switch may not be created by admin"
    );
    for (pointer, value) in [
        ("/spec/activeDeadlineSeconds", Value::Null),
        ("/spec/activeDeadlineSeconds", json!(86_401)),
        ("/spec/ttlSecondsAfterFinished", Value::Null),
        ("/spec/ttlSecondsAfterFinished", json!(1)),
        ("/spec/suspend", json!(true)),
        ("/spec/parallelism", json!(1)),
        ("/spec/managedBy", json!("example.com/other")),
        ("/metadata/ownerReferences", json!([])),
    ] {
        assert_eq!(
            verdict(Write::create(&controller, with(switch(), pointer, value))),
            "fallgate-switches: a switch must have a deadline within the ceiling, \
             ttlSecondsAfterFinished 0, parallelism 0, and no suspend, managedBy or owner",
            "{pointer}"
        );
    }
    // A field that is not there at all cannot be compared: the policy fails, and
    // that refuses, too.
    let write = Write::create(&controller, with(switch(), "/spec/parallelism", Value::Null));
    let failed = write.admit(&cluster).unwrap_err();
    assert!(failed.message.ends_with("resulted in error: no such key: parallelism"), "{failed:?}");
    assert_eq!((failed.reason.as_str(), failed.code), ("Invalid", 422));
    for (pointer, value) in [
        ("/spec/activeDeadlineSeconds", json!(900)),
        ("/spec/activeDeadlineSeconds", json!(1)),
        ("/spec/suspend", json!(true)),
        ("/spec/ttlSecondsAfterFinished", json!(100)),
        ("/metadata/finalizers", json!(["example.com/hold"])),
    ] {
        for who in [&controller, &admin()] {
            assert_eq!(
                verdict(Write::update(who, switch(), with(switch(), pointer, value.clone()))),
                format!("fallgate-switches: a switch may not be changed by {}", who.username)
            );
        }
    }
}

#[test]
fn the_control_plane_does_its_work_on_a_switch() {
    let cluster = managed();
    let verdict = |write: Write| write.verdict(&cluster);
    // The job controller writes status, the garbage collector finalizers; the
    // spec is out of reach for both.
    let started = with(switch(), "/status", json!({"startTime": "2026-11-21T15:00:00Z"}));
    let jobs = user(JOBS, &[]);
    assert_eq!(verdict(Write::update(&jobs, switch(), started.clone()).of("status")), "admitted");
    let refused = verdict(Write::update(&admin(), switch(), started).of("status"));
    assert_eq!(refused, "fallgate-switches: a switch may not be changed by admin");
    let freed = with(switch(), "/metadata/finalizers", json!([]));
    let held = with(switch(), "/metadata/finalizers", json!(["foregroundDeletion"]));
    assert_eq!(verdict(Write::update(&user(COLLECTOR, &[]), held, freed)), "admitted");
    // Here the policy fails: what is empty in a request is not there at all.
    let longer = with(switch(), "/spec/activeDeadlineSeconds", json!(9999));
    let refused = verdict(Write::update(&jobs, switch(), longer));
    assert!(refused.ends_with("resulted in error: no such key: subResource"), "{refused}");
}

#[test]
fn a_switch_is_deleted_with_its_policy_or_not_at_all() {
    let cluster = managed();
    let verdict =
        |who: &UserInfo, propagation| Write::delete(who, switch(), propagation).verdict(&cluster);
    let orphans = "fallgate-switches: delete a switch with propagationPolicy Background or \
                   Foreground: a bare delete of a Job leaves its policy behind";
    for who in [&admin(), &user(CONTROLLER, &[]), &user("alice", &[])] {
        assert_eq!(verdict(who, Some("Foreground")), "admitted");
        assert_eq!(verdict(who, Some("Background")), "admitted");
        assert_eq!(verdict(who, Some("Orphan")), orphans);
        assert_eq!(verdict(who, None), orphans);
    }
    // The control plane's own deletions come without options.
    assert_eq!(verdict(&user(COLLECTOR, &[]), None), "admitted");
}

fn decisions() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(include_str!("fixtures/decisions.yaml"));
    cluster.add(
        r#"
apiVersion: access.fallgate.dev/v1alpha1
kind: AccessConfig
metadata: {name: default}
spec: {maxDurationSeconds: 3600}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: approver, namespace: shop}
rules:
- {apiGroups: [access.fallgate.dev], resources: [accesspolicies], resourceNames: [oncall-db], verbs: [approve]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: leads-approve, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: approver}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: leads}]
"#,
    );
    cluster
}

fn decision(by: &UserInfo, of: &str) -> Value {
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1",
        "kind": "AccessDecision",
        "metadata": {"name": "d", "namespace": "shop"},
        "spec": {
            "policyRef": {"name": "oncall-db"},
            "requestedBy": {"username": of},
            "decidedBy": {"username": by.username, "uid": by.uid, "groups": by.groups},
            "verdict": "Approved",
            "durationSeconds": 600,
        },
    })
}

#[test]
fn a_decision_is_its_deciders_own() {
    let cluster = decisions();
    let bob = user("bob", &["leads"]);
    let good = decision(&bob, "alice");
    let verdict = |by: &UserInfo, object: Value| Write::create(by, object).verdict(&cluster);
    assert_eq!(verdict(&bob, good.clone()), "admitted");
    let not_the_caller =
        "fallgate-decisions: decidedBy must be exactly the caller: username, uid and groups";
    for (pointer, value) in [
        ("/spec/decidedBy/username", json!("carol")),
        ("/spec/decidedBy/uid", json!("another")),
        ("/spec/decidedBy/uid", Value::Null),
        ("/spec/decidedBy/groups", json!(["leads", "system:authenticated", "system:masters"])),
        ("/spec/decidedBy/groups", json!(["system:authenticated"])),
    ] {
        assert_eq!(verdict(&bob, with(good.clone(), pointer, value)), not_the_caller, "{pointer}");
    }
    assert_eq!(
        verdict(&bob, decision(&bob, "bob")),
        "fallgate-decisions: nobody approves their own request"
    );
    let withdrawal = with(good.clone(), "/spec/verdict", json!("Withdrawn"));
    assert_eq!(verdict(&bob, withdrawal), "fallgate-decisions: only the requester withdraws");
    let dave = user("dave", &[]);
    assert_eq!(
        verdict(&dave, decision(&dave, "alice")),
        "fallgate-decisions: dave lacks the verb approve on accesspolicies/oncall-db"
    );
    let other = with(good.clone(), "/spec/policyRef/name", json!("other"));
    assert_eq!(
        verdict(&bob, other),
        "fallgate-decisions: bob lacks the verb approve on accesspolicies/other"
    );
    let robot = user("system:serviceaccount:ci:robot", &["leads"]);
    assert_eq!(
        verdict(&robot, decision(&robot, "alice")),
        "fallgate-decisions: a machine identity never approves"
    );
    let long = with(good, "/spec/durationSeconds", json!(3601));
    assert_eq!(verdict(&bob, long), "fallgate-decisions: durationSeconds must be at most 3600");
}

#[test]
fn without_its_parameters_a_policy_lets_nothing_pass() {
    let mut cluster = decisions();
    cluster.remove("access.fallgate.dev", "accessconfigs", "", "default");
    let bob = user("bob", &["leads"]);
    let denial = Write::create(&bob, decision(&bob, "alice")).admit(&cluster).unwrap_err();
    assert_eq!(
        denial.message,
        "failed to configure binding: no params found for policy binding with `Deny` \
         parameterNotFoundAction"
    );
    assert_eq!((denial.binding.as_str(), denial.code), ("fallgate-decisions", 422));
}

#[test]
fn a_decision_never_changes() {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(include_str!("fixtures/decisions.yaml")).unwrap();
    let crd = documents
        .iter()
        .find(|object| object["metadata"]["name"] == "accessdecisions.access.fallgate.dev");
    let crd = Crd::parse(crd.unwrap()).unwrap();
    let old = decision(&user("bob", &["leads"]), "alice");
    assert_eq!(crd.validate(&old, None), []);
    assert_eq!(crd.validate(&old, Some(&old)), []);
    let new = with(old.clone(), "/spec/verdict", json!("Denied"));
    let errors = crd.validate(&new, Some(&old));
    let texts: Vec<String> =
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    assert_eq!(texts, ["spec: Invalid value: a decision never changes"]);
}
