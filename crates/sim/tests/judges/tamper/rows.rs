//! The table: what is tried, and what stands in the way.

use serde_json::{Value, json};

use super::objects::*;
use crate::support::Write;

/// One row: what is tried, and what becomes of it.
pub(super) type Row = (Write, &'static str);

pub(super) fn creators() -> Vec<Row> {
    let phase = |object: Value, phase: &str| with(object, "/status", json!({"phase": phase}));
    let own = |verdict| decision("alice", "alice", verdict);
    vec![
        // The creator of a request is who asks, whole.
        (create("alice", request("alice")), "admitted"),
        (create("alice", request("bob")), "requests: `requestedBy` must be exactly the caller"),
        (create("root", request("alice")), "requests: `requestedBy` must be exactly"),
        (
            create("alice", with(request("alice"), "/spec/requestedBy/uid", json!("another"))),
            "requests: `requestedBy` must be exactly",
        ),
        (
            create("alice", with(request("alice"), "/spec/requestedBy/uid", Value::Null)),
            "requests: `requestedBy` must be exactly",
        ),
        (
            create("alice", with(request("alice"), "/spec/requestedBy/groups", json!([]))),
            "requests: `requestedBy` must be exactly",
        ),
        (
            create(
                "alice",
                with(
                    request("alice"),
                    "/spec/requestedBy/groups",
                    json!(["system:authenticated", "oncall"]),
                ),
            ),
            "requests: `requestedBy` must be exactly",
        ),
        // They hold `use` on that very policy, in that namespace.
        (
            create("ned", request("ned")),
            "requests: ned lacks the verb `use` on accesspolicies/oncall-db in shop",
        ),
        (create("carol", request("carol")), "rbac"),
        (
            create(
                "alice",
                with(request("alice"), "/spec/policyRef/kind", json!("ClusterAccessPolicy")),
            ),
            "admitted",
        ),
        (
            create(
                "ned",
                with(request("ned"), "/spec/policyRef/kind", json!("ClusterAccessPolicy")),
            ),
            "requests: ned lacks the verb `use` on clusteraccesspolicies/oncall-db in shop",
        ),
        (create("alice", with(request("alice"), "/metadata/namespace", json!("other"))), "rbac"),
        (create("rob", with(request("rob"), "/spec/breakGlass", json!(true))), "admitted"),
        (
            create("alice", with(request("alice"), "/spec/breakGlass", json!(true))),
            "requests: alice lacks the verb `breakglass` on accesspolicies/oncall-db",
        ),
        // A machine may ask: a person decides.
        (create(ROBOT, request(ROBOT)), "admitted"),
        // Within the ceilings, from one's own workstation, in the right namespace.
        (
            create(
                "alice",
                with(
                    request("alice"),
                    "/spec/from",
                    json!({"workstations": [{"user": "alice", "cidrs": ["198.51.100.7/32"]}]}),
                ),
            ),
            "admitted",
        ),
        (
            create(
                "alice",
                with(
                    request("alice"),
                    "/spec/from",
                    json!({"workstations": [{"user": "bob", "cidrs": ["198.51.100.7/32"]}]}),
                ),
            ),
            "requests: `from.workstations` must be the caller's own",
        ),
        (
            create("alice", with(request("alice"), "/spec/to/namespace", json!("other"))),
            "requests: a request must be in the namespace of its target",
        ),
        (
            create("alice", with(request("alice"), "/spec/to", json!({"cidrs": ["192.0.2.1/32"]}))),
            "requests: a request must be in the namespace of its target",
        ),
        (
            create("alice", with(request("alice"), "/spec/from/namespace", json!("kube-system"))),
            "requests: no path may start or end in one of the `deniedNamespaces`",
        ),
        (
            create("alice", with(request("alice"), "/spec/durationSeconds", json!(7201))),
            "requests: `durationSeconds` must not be more than 7200",
        ),
        // The decider is who decides, whole.
        (create("bob", decision("bob", "alice", "Approved")), "admitted"),
        (
            create("bob", decision("carol", "alice", "Approved")),
            "decisions: `decidedBy` must be exactly the caller",
        ),
        (
            create("root", decision("bob", "alice", "Approved")),
            "decisions: `decidedBy` must be exactly",
        ),
        (
            create(
                "bob",
                with(
                    decision("bob", "alice", "Approved"),
                    "/spec/decidedBy/groups",
                    json!(["system:authenticated", "system:masters"]),
                ),
            ),
            "decisions: `decidedBy` must be exactly",
        ),
        (
            create(
                "bob",
                with(decision("bob", "alice", "Approved"), "/spec/decidedBy/uid", json!("another")),
            ),
            "decisions: `decidedBy` must be exactly",
        ),
        // Nobody decides about themselves, whatever name they go by.
        (
            create("bob", decision("bob", "bob", "Approved")),
            "decisions: nobody approves or reviews their own request",
        ),
        (
            create("root", decision("root", "root", "Approved")),
            "decisions: nobody approves or reviews their own request",
        ),
        (
            create("sam", decision("sam", "sam", "Reviewed")),
            "decisions: nobody approves or reviews their own request",
        ),
        (
            create(
                "bob",
                with(
                    decision("bob", "bobby", "Approved"),
                    "/spec/requestedBy/uid",
                    json!(who("bob").uid),
                ),
            ),
            "decisions: nobody approves or reviews their own request",
        ),
        (
            create(ROBOT, decision(ROBOT, "alice", "Approved")),
            "decisions: a machine never approves or reviews",
        ),
        // Each verdict needs its verb, or being the requester.
        (
            create("alice", decision("alice", "bob", "Approved")),
            "decisions: alice lacks the verb `approve` on accesspolicies/oncall-db in shop",
        ),
        (
            create("alice", decision("alice", "bob", "Denied")),
            "decisions: alice lacks the verb `approve`",
        ),
        (create("bob", decision("bob", "alice", "Denied")), "admitted"),
        (create(ROBOT, decision(ROBOT, "alice", "Denied")), "admitted"),
        (create("alice", own("Withdrawn")), "admitted"),
        (
            create("bob", decision("bob", "alice", "Withdrawn")),
            "decisions: only the requester withdraws",
        ),
        (create("alice", own("Revoked")), "admitted"),
        (create("sam", decision("sam", "alice", "Revoked")), "admitted"),
        (
            create("bob", decision("bob", "alice", "Revoked")),
            "decisions: bob lacks the verb `revoke`",
        ),
        (create("sam", decision("sam", "alice", "Reviewed")), "admitted"),
        (
            create("bob", decision("bob", "alice", "Reviewed")),
            "decisions: bob lacks the verb `revoke`",
        ),
        // The controller holds none of these verbs, and asks for nobody.
        (
            create(CONTROLLER, decision(CONTROLLER, "alice", "Approved")),
            "decisions: a machine never approves or reviews",
        ),
        (
            create(CONTROLLER, request(CONTROLLER)),
            "requests: system:serviceaccount:fallgate-system:fallgate-controller lacks the verb `use`",
        ),
        // Incidents and locks are made in one's own name, too.
        (create("dana", incident("dana")), "admitted"),
        (create("dana", incident("alice")), "incidents: `declaredBy` must be exactly the caller"),
        (
            create("ned", incident("ned")),
            "incidents: ned lacks the verb `declare` on accesspolicies in shop",
        ),
        (
            create("dana", with(incident("dana"), "/spec/endsAt", json!("2026-11-22T12:00:01Z"))),
            "incidents: `endsAt` must not be later than 86400 seconds from now",
        ),
        (update("dana", incident("dana"), "/spec/resolved", json!(true)), "admitted"),
        (
            update("dana", incident("dana"), "/spec/endsAt", json!("2026-11-22T11:00:00Z")),
            "schema: spec: Invalid value: an incident never changes, but for `resolved`",
        ),
        (
            update(
                "dana",
                with(incident("dana"), "/spec/resolved", json!(true)),
                "/spec/resolved",
                json!(false),
            ),
            "schema: spec: Invalid value: an incident that is resolved stays so",
        ),
        (create("sam", lock("sam")), "admitted"),
        (create("sam", lock("pat")), "locks: `lockedBy` must be exactly the caller"),
        (create("dana", lock("dana")), "rbac"),
        (
            update("ned", lock("sam"), "/spec/reason", json!("go")),
            "schema: spec: Invalid value: a lock never changes",
        ),
        (delete("sam", lock("sam")), "admitted"),
        (delete("bob", lock("sam")), "rbac"),
        // Specs never change.
        (
            update("ned", request("alice"), "/spec/durationSeconds", json!(60)),
            "schema: spec: Invalid value: a request never changes",
        ),
        (
            update("root", request("alice"), "/spec/reason", json!("x")),
            "schema: spec: Invalid value: a request never changes",
        ),
        (
            update("root", decision("bob", "alice", "Denied"), "/spec/verdict", json!("Revoked")),
            "schema: spec: Invalid value: a decision never changes",
        ),
        (
            update(CONTROLLER, grant(), "/spec/policies/0/kind", json!("Other")),
            "schema: spec: Invalid value: what was granted never changes",
        ),
        (update("ned", request("alice"), "/metadata/labels", json!({"a": "b"})), "admitted"),
        // Grants and states are the controller's.
        (create(CONTROLLER, grant()), "admitted"),
        (create("root", grant()), "grants: grants are written by the controller alone"),
        (create("ned", grant()), "grants: grants are written by the controller alone"),
        (
            update("ned", grant(), "/metadata/labels", json!({"a": "b"})),
            "grants: grants are written by the controller alone",
        ),
        (
            update(
                COLLECTOR,
                with(grant(), "/metadata/finalizers", json!(["foregroundDeletion"])),
                "/metadata/finalizers",
                Value::Null,
            ),
            "admitted",
        ),
        (
            update(
                CONTROLLER,
                phase(request("alice"), "PendingApproval"),
                "/status/phase",
                json!("Active"),
            )
            .of("status"),
            "admitted",
        ),
        (
            update(
                "ned",
                phase(request("alice"), "PendingApproval"),
                "/status/phase",
                json!("Active"),
            )
            .of("status"),
            "status: `status` is written by the controller alone",
        ),
        (
            update("root", phase(grant(), "Active"), "/status/phase", json!("Ended")).of("status"),
            "status: `status` is written by the controller alone",
        ),
        (
            update("root", policy(), "/status", json!({})).of("status"),
            "status: `status` is written by the controller alone",
        ),
        (
            update(CONTROLLER, phase(request("alice"), "Ended"), "/status/phase", json!("Active"))
                .of("status"),
            "schema: <nil>: Invalid value: a phase from which nothing follows stays",
        ),
        (delete("sam", grant()), "admitted"),
        (delete("bob", grant()), "rbac"),
    ]
}

pub(super) fn policies() -> Vec<Row> {
    const AUTHOR: &str = "access.fallgate.dev/author";
    let by = |author: &str, object: Value| {
        with(object, "/metadata/annotations", json!({AUTHOR: author}))
    };
    let automatic = |object: Value| with(object, "/spec/approval", json!({"mode": "Automatic"}));
    vec![
        (create("pat", policy()), "admitted"),
        (
            create("ned", policy()),
            "policies: ned lacks the verb `manage` on accesspolicies/oncall-db",
        ),
        (
            update("ned", policy(), "/spec/maxDurationSeconds", json!(60)),
            "policies: ned lacks the verb `manage`",
        ),
        (create("pat", by("pat", policy())), "admitted"),
        (
            create("pat", by("alice", policy())),
            "policies: the annotation `access.fallgate.dev/author` must be",
        ),
        (
            update("pat", by("ann", policy()), "/spec/maxDurationSeconds", json!(60)),
            "policies: the annotation `access.fallgate.dev/author` must be",
        ),
        (
            update(
                "pat",
                by("ann", policy()),
                "/metadata/annotations/access.fallgate.dev~1author",
                json!("pat"),
            ),
            "policies: the annotation `access.fallgate.dev/author` must be",
        ),
        (update("pat", by("ann", policy()), "/metadata/labels", json!({"a": "b"})), "admitted"),
        (
            create("pat", automatic(policy())),
            "policies: a policy that approves by itself must name who changed it last",
        ),
        (create("pat", by("pat", automatic(policy()))), "admitted"),
        (
            create("pat", with(policy(), "/spec/from/0/namespace", json!("kube-system"))),
            "policies: no path may start or end in one of the `deniedNamespaces`",
        ),
        (
            create("pat", with(policy(), "/spec/maxDurationSeconds", json!(7201))),
            "policies: `maxDurationSeconds` must not be more than 7200",
        ),
        (
            create("pat", with(policy(), "/spec/to/namespace", json!("other"))),
            "policies: an AccessPolicy must be in the namespace of its target",
        ),
        (
            create("pat", with(policy(), "/spec/to", json!({"podSelector": {}}))),
            "schema: spec.to.podSelector: Invalid value: must name at least one label",
        ),
        // Of the cluster, by who manages everywhere.
        (create("pat", cluster_policy()), "admitted"),
        (
            create("root", with(cluster_policy(), "/spec/maxDurationSeconds", json!(7201))),
            "cluster-policies: `maxDurationSeconds` must not be more than 7200",
        ),
        (
            create("root", with(cluster_policy(), "/spec/from/0/namespace", json!("kube-system"))),
            "cluster-policies: no path may start or end in one of the `deniedNamespaces`",
        ),
        (
            create("root", by("alice", cluster_policy())),
            "cluster-policies: the annotation `access.fallgate.dev/author` must be",
        ),
        (
            create("root", automatic(cluster_policy())),
            "cluster-policies: a policy that approves by itself must name who changed it last",
        ),
        (
            create(NAMESPACES, cluster_policy()),
            "cluster-policies: system:serviceaccount:kube-system:namespace-controller lacks the verb `manage` on clusteraccesspolicies/oncall-db",
        ),
        (create("ned", cluster_policy()), "rbac"),
    ]
}

pub(super) fn managed() -> Vec<Row> {
    let collected = with(opening(), "/metadata/deletionTimestamp", json!("2026-11-21T12:00:00Z"));
    let held = |object: Value| {
        let object = with(object, "/metadata/deletionTimestamp", json!("2026-11-21T12:00:00Z"));
        with(object, "/metadata/finalizers", json!(["foregroundDeletion"]))
    };
    let shaped = |pointer, value| create(CONTROLLER, with(opening(), pointer, value));
    let switched = |pointer, value| create(CONTROLLER, with(switch(), pointer, value));
    let everywhere = json!([{"podSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {}}]);
    vec![
        // The controller alone makes what opens.
        (create(CONTROLLER, opening()), "admitted"),
        (create(CONTROLLER, way_out()), "admitted"),
        (create(CONTROLLER, switch()), "admitted"),
        (
            create("ned", opening()),
            "managed-policies: a NetworkPolicy that belongs to a grant is made by the controller alone",
        ),
        (
            create("root", opening()),
            "managed-policies: a NetworkPolicy that belongs to a grant is made by the controller alone",
        ),
        (create("root", switch()), "switches: a switch is made by the controller alone"),
        (create(JOBS, switch()), "switches: a switch is made by the controller alone"),
        // Nobody changes it, not even the controller.
        (
            update("root", opening(), "/spec/podSelector", json!({})),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        (
            update(
                CONTROLLER,
                opening(),
                "/spec/podSelector",
                json!({"matchLabels": {"app": "web"}}),
            ),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        (
            update("ned", opening(), "/metadata/ownerReferences", Value::Null),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        (
            update("ned", opening(), "/metadata/finalizers", json!(["example.com/hold"])),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        (
            update("ned", opening(), "/metadata/labels", Value::Null),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        (
            update(
                "ned",
                with(opening(), "/metadata/labels", Value::Null),
                "/metadata/labels",
                json!({"access.fallgate.dev/grant": "g"}),
            ),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        (
            update("ned", switch(), "/spec/activeDeadlineSeconds", json!(86_400)),
            "switches: a switch never changes",
        ),
        (
            update("ned", switch(), "/spec/activeDeadlineSeconds", Value::Null),
            "switches: a switch never changes",
        ),
        (
            update("root", switch(), "/spec/suspend", json!(true)),
            "switches: a switch never changes",
        ),
        (
            update("root", switch(), "/spec/ttlSecondsAfterFinished", json!(3600)),
            "switches: a switch never changes",
        ),
        (
            update("root", switch(), "/spec/parallelism", json!(1)),
            "switches: a switch never changes",
        ),
        (
            update(CONTROLLER, switch(), "/spec/activeDeadlineSeconds", json!(60)),
            "switches: a switch never changes",
        ),
        (update(JOBS, switch(), "/spec/suspend", json!(true)), "switches: a switch never changes"),
        (
            update("ned", switch(), "/metadata/finalizers", json!(["example.com/hold"])),
            "switches: a switch never changes",
        ),
        (
            update("ned", switch(), "/metadata/labels", Value::Null),
            "switches: a switch never changes",
        ),
        // The control plane does its work, and no more.
        (
            update(JOBS, switch(), "/status", json!({"startTime": "2026-11-21T12:00:00Z"}))
                .of("status"),
            "admitted",
        ),
        (
            update("root", switch(), "/status", json!({"startTime": "2026-11-21T12:00:00Z"}))
                .of("status"),
            "switches: the status of a switch is written by the control plane alone",
        ),
        (
            update(CONTROLLER, switch(), "/status", json!({"startTime": "2026-11-21T12:00:00Z"}))
                .of("status"),
            "switches: the status of a switch is written by the control plane alone",
        ),
        (update(COLLECTOR, held(switch()), "/metadata/finalizers", Value::Null), "admitted"),
        (update(COLLECTOR, held(opening()), "/metadata/finalizers", Value::Null), "admitted"),
        (
            update(COLLECTOR, switch(), "/metadata/finalizers", json!([])),
            "switches: a switch never changes",
        ),
        (
            update(COLLECTOR, held(switch()), "/spec/activeDeadlineSeconds", json!(9)),
            "switches: a switch never changes",
        ),
        (
            update(COLLECTOR, collected, "/metadata/finalizers", json!(["example.com/hold"])),
            "managed-policies: a NetworkPolicy that belongs to a grant never changes",
        ),
        // Closing is never refused to whom RBAC allows it.
        (delete("sam", opening()), "admitted"),
        (delete("ned", opening()), "admitted"),
        (Write::delete(&who("ned"), opening(), None), "admitted"),
        (delete(CONTROLLER, opening()), "admitted"),
        (delete("sam", switch()), "admitted"),
        (Write::delete(&who("sam"), switch(), Some("Background")), "admitted"),
        (
            Write::delete(&who("sam"), switch(), Some("Orphan")),
            "switches: delete a switch with `propagationPolicy` Background or Foreground",
        ),
        (
            Write::delete(&who("root"), switch(), None),
            "switches: delete a switch with `propagationPolicy` Background or Foreground",
        ),
        (delete("bob", switch()), "rbac"),
        // Whoever has the controller's token makes paths that end, and nothing else.
        (
            create(CONTROLLER, with(opening(), "/metadata/labels", Value::Null)),
            "controller-policies: the controller makes and deletes only what has the label",
        ),
        (
            delete(CONTROLLER, baseline()),
            "baseline: system:serviceaccount:fallgate-system:fallgate-controller lacks the verb `manage`",
        ),
        (
            delete(CONTROLLER, with(baseline(), "/metadata/labels", Value::Null)),
            "controller-policies: the controller makes and deletes only what has the label",
        ),
        (
            shaped("/metadata/ownerReferences", Value::Null),
            "controller-policies: a NetworkPolicy that belongs to a grant must have exactly one owner",
        ),
        (
            shaped("/metadata/ownerReferences", json!([])),
            "controller-policies: a NetworkPolicy that belongs to a grant must have exactly one owner",
        ),
        (
            shaped("/metadata/ownerReferences/0/kind", json!("ConfigMap")),
            "controller-policies: a NetworkPolicy that belongs to a grant must have exactly one owner",
        ),
        (
            shaped("/metadata/finalizers", json!(["a.b/c"])),
            "controller-policies: what belongs to a grant must not have finalizers",
        ),
        (
            shaped("/spec/podSelector", json!({})),
            "controller-policies: a NetworkPolicy that belongs to a grant must select pods by their labels",
        ),
        (
            shaped(
                "/spec/podSelector",
                json!({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}),
            ),
            "controller-policies: a NetworkPolicy that belongs to a grant must select pods by their labels",
        ),
        (
            shaped("/spec/ingress/0/from", json!([])),
            "controller-policies: each ingress rule must have ports and peers",
        ),
        (
            shaped("/spec/ingress/0/ports", Value::Null),
            "controller-policies: each ingress rule must have ports and peers",
        ),
        (
            shaped("/spec/ingress", json!([{}])),
            "controller-policies: each ingress rule must have ports and peers",
        ),
        (
            shaped("/spec/ingress/0/from", everywhere.clone()),
            "controller-policies: each ingress rule must have ports and peers",
        ),
        (
            create(CONTROLLER, with(way_out(), "/spec/egress/0/to", everywhere)),
            "controller-policies: each egress rule must have ports and peers",
        ),
        (
            shaped("/spec/ingress/0/from", json!([{"ipBlock": {"cidr": "192.0.2.1/32"}}])),
            "admitted",
        ),
        (
            switched("/spec/activeDeadlineSeconds", json!(7201)),
            "ceilings: the deadline of a switch must not be later than",
        ),
        (
            create(CONTROLLER, with(opening(), "/metadata/namespace", json!("kube-system"))),
            "ceilings: nothing opens in one of the `deniedNamespaces`",
        ),
        (
            create(CONTROLLER, with(switch(), "/metadata/labels", Value::Null)),
            "controller-switches: the controller makes and deletes only what has the label",
        ),
        (
            switched("/spec/activeDeadlineSeconds", json!(0)),
            "controller-switches: a switch must have `activeDeadlineSeconds`",
        ),
        (
            switched("/spec/ttlSecondsAfterFinished", json!(1)),
            "controller-switches: a switch must have `ttlSecondsAfterFinished: 0`",
        ),
        (
            switched("/spec/ttlSecondsAfterFinished", Value::Null),
            "controller-switches: a switch must have `ttlSecondsAfterFinished: 0`",
        ),
        (
            switched("/spec/parallelism", json!(1)),
            "controller-switches: a switch must have `parallelism: 0`",
        ),
        (
            switched("/spec/completions", Value::Null),
            "controller-switches: a switch must have `parallelism: 0`",
        ),
        (
            switched("/spec/suspend", json!(true)),
            "controller-switches: a switch must have neither `suspend` nor `managedBy`",
        ),
        (
            switched("/spec/managedBy", json!("a.b/c")),
            "controller-switches: a switch must have neither `suspend` nor `managedBy`",
        ),
        (
            switched("/metadata/ownerReferences", json!([{"kind": "Pod"}])),
            "controller-switches: a switch must not have owners",
        ),
        (
            switched("/metadata/finalizers", json!(["a.b/c"])),
            "controller-switches: what belongs to a grant must not have finalizers",
        ),
        // What is no grant's is nobody's business.
        (create("ned", with(opening(), "/metadata/labels", Value::Null)), "admitted"),
        (create("ned", with(switch(), "/metadata/labels", Value::Null)), "admitted"),
    ]
}

pub(super) fn protected() -> Vec<Row> {
    let role = json!({"role": "debug", "app": "web"});
    let mut rows = vec![
        // Baselines are of who manages policies.
        (create("pat", baseline()), "admitted"),
        (
            create("ned", baseline()),
            "baseline: ned lacks the verb `manage` on accesspolicies in shop, which baseline policies need",
        ),
        (
            update("ned", baseline(), "/spec/podSelector", json!({"matchLabels": {"a": "b"}})),
            "baseline: ned lacks the verb `manage`",
        ),
        (
            update("ned", baseline(), "/metadata/labels", Value::Null),
            "baseline: ned lacks the verb `manage`",
        ),
        (delete("ned", baseline()), "baseline: ned lacks the verb `manage`"),
        (delete("sam", baseline()), "baseline: sam lacks the verb `manage`"),
        (delete("pat", baseline()), "admitted"),
        (delete(NAMESPACES, baseline()), "admitted"),
        // Protected labels, too, on pods and wherever pods come from.
        (create("ned", pod()), "admitted"),
        (create("ned", with(pod(), "/metadata/labels", json!({"app": "web"}))), "admitted"),
        (
            create("ned", with(pod(), "/metadata/labels", role.clone())),
            "labels-of-pods: ned lacks the verb `manage` on accesspolicies in shop, which the protected label role needs",
        ),
        (create("pat", with(pod(), "/metadata/labels", role.clone())), "admitted"),
        (create(REPLICAS, with(pod(), "/metadata/labels", role.clone())), "admitted"),
        (
            update(
                "ned",
                with(pod(), "/metadata/labels", role.clone()),
                "/metadata/labels",
                json!({"app": "web"}),
            ),
            "labels-of-pods: ned lacks the verb `manage`",
        ),
        (
            update(
                "ned",
                with(pod(), "/metadata/labels", role.clone()),
                "/metadata/labels/role",
                json!("other"),
            ),
            "labels-of-pods: ned lacks the verb `manage`",
        ),
        (
            update(
                "ned",
                with(pod(), "/metadata/labels", role.clone()),
                "/metadata/labels/app",
                json!("other"),
            ),
            "admitted",
        ),
        (
            update("ned", pod(), "/metadata/labels", role.clone()).of("status"),
            "labels-of-pods: ned lacks the verb `manage`",
        ),
    ];
    for (version, kind, pointer, expected) in [
        (
            "apps/v1",
            "Deployment",
            "/spec/template/metadata/labels",
            "labels-of-workloads: ned lacks the verb `manage`",
        ),
        (
            "apps/v1",
            "StatefulSet",
            "/spec/template/metadata/labels",
            "labels-of-workloads: ned lacks the verb `manage`",
        ),
        (
            "apps/v1",
            "DaemonSet",
            "/spec/template/metadata/labels",
            "labels-of-workloads: ned lacks the verb `manage`",
        ),
        (
            "apps/v1",
            "ReplicaSet",
            "/spec/template/metadata/labels",
            "labels-of-workloads: ned lacks the verb `manage`",
        ),
        (
            "v1",
            "ReplicationController",
            "/spec/template/metadata/labels",
            "labels-of-workloads: ned lacks the verb `manage`",
        ),
        (
            "batch/v1",
            "Job",
            "/spec/template/metadata/labels",
            "labels-of-workloads: ned lacks the verb `manage`",
        ),
        (
            "batch/v1",
            "CronJob",
            "/spec/jobTemplate/spec/template/metadata/labels",
            "labels-of-cron-jobs: ned lacks the verb `manage`",
        ),
        (
            "v1",
            "PodTemplate",
            "/template/metadata/labels",
            "labels-of-pod-templates: ned lacks the verb `manage`",
        ),
    ] {
        let plain = workload(version, kind);
        let protected = with(plain.clone(), pointer, role.clone());
        rows.push((create("ned", plain.clone()), "admitted"));
        rows.push((create("ned", protected.clone()), expected));
        rows.push((create("pat", protected.clone()), "admitted"));
        rows.push((Write::update(&who("ned"), plain.clone(), protected.clone()), expected));
        rows.push((Write::update(&who("ned"), protected, plain), expected));
    }
    rows
}

pub(super) fn records() -> Vec<Row> {
    let ended = |object: Value| with(object, "/status", json!({"phase": "Ended"}));
    let owned = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "c"}]);
    vec![
        (delete(CONTROLLER, ended(request("alice"))), "admitted"),
        (
            delete(CONTROLLER, request("alice")),
            "retention: a request is kept for as long as something may follow",
        ),
        (
            delete(CONTROLLER, with(request("alice"), "/status", json!({"phase": "Active"}))),
            "retention: a request is kept for as long as something may follow",
        ),
        (delete(CONTROLLER, decision("bob", "alice", "Denied")), "admitted"),
        (
            delete("ned", ended(request("alice"))),
            "retention: requests and decisions are kept for `retentionDays`",
        ),
        (
            delete("root", decision("bob", "alice", "Denied")),
            "retention: requests and decisions are kept for `retentionDays`",
        ),
        (delete(NAMESPACES, request("alice")), "admitted"),
        // Nor do they go by the back door, or stay by it.
        (
            create("alice", with(request("alice"), "/metadata/ownerReferences", owned.clone())),
            "records: must not have owners",
        ),
        (
            update("ned", request("alice"), "/metadata/ownerReferences", owned),
            "records: must not have owners",
        ),
        (
            create(
                "bob",
                with(decision("bob", "alice", "Denied"), "/metadata/finalizers", json!(["a.b/c"])),
            ),
            "records: must not have finalizers",
        ),
        (
            update("root", request("alice"), "/metadata/finalizers", json!(["foregroundDeletion"])),
            "admitted",
        ),
    ]
}
