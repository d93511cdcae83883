//! What every cluster has from its start: namespaces, roles, and the identities
//! of the control plane.

use serde_json::{Value, json};

use crate::object;
use crate::server::{Server, metadata};
use crate::store::{Key, Table};
use crate::time;

const RBAC: &str = "rbac.authorization.k8s.io";

/// Fills an empty store.
pub(crate) fn bootstrap(server: &mut Server) {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let labels = json!({"kubernetes.io/metadata.name": name});
        put(
            server,
            "",
            "namespaces",
            None,
            json!({
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": {"name": name, "labels": labels},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            }),
        );
    }
    for (name, rules) in roles() {
        role(server, name, rules);
    }
    for (role, kind, subject) in [
        ("cluster-admin", "Group", "system:masters"),
        ("system:basic-user", "Group", "system:authenticated"),
        ("system:discovery", "Group", "system:authenticated"),
        ("system:public-info-viewer", "Group", "system:authenticated"),
        ("system:node", "Group", "system:nodes"),
    ] {
        let subject = json!({"kind": kind, "apiGroup": RBAC, "name": subject});
        bind(server, role, role, subject);
    }
    for (account, rules) in controllers() {
        put(
            server,
            "",
            "serviceaccounts",
            Some("kube-system"),
            json!({
                "kind": "ServiceAccount",
                "apiVersion": "v1",
                "metadata": {"name": account},
            }),
        );
        let name = format!("system:controller:{account}");
        role(server, &name, rules);
        let subject = json!({
            "kind": "ServiceAccount",
            "name": account,
            "namespace": "kube-system",
        });
        bind(server, &name, &name, subject);
    }
}

fn put(
    server: &mut Server,
    group: &str,
    resource: &str,
    namespace: Option<&str>,
    mut value: Value,
) {
    let key = Key::new(&Table::new(group, resource), namespace, object::name(&value));
    let uid = metadata::uid(&mut server.random);
    let fields = object::metadata(&mut value);
    fields.insert("uid".to_owned(), uid.into());
    fields.insert("creationTimestamp".to_owned(), time::seconds(server.now).into());
    object::set(fields, "namespace", namespace.map(Value::from));
    server.store.put(&key, value, server.now);
}

fn role(server: &mut Server, name: &str, rules: Vec<Value>) {
    put(
        server,
        RBAC,
        "clusterroles",
        None,
        json!({
            "kind": "ClusterRole",
            "apiVersion": format!("{RBAC}/v1"),
            "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "rules": rules,
        }),
    );
}

fn bind(server: &mut Server, name: &str, role: &str, subject: Value) {
    put(
        server,
        RBAC,
        "clusterrolebindings",
        None,
        json!({
            "kind": "ClusterRoleBinding",
            "apiVersion": format!("{RBAC}/v1"),
            "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        }),
    );
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const ALL: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": groups, "resources": resources})
}

fn paths(paths: &[&str]) -> Value {
    json!({"verbs": ["get"], "nonResourceURLs": paths})
}

/// The roles of users, as far as they are about kinds that are served here or
/// looked for by Fallgate.
fn roles() -> Vec<(&'static str, Vec<Value>)> {
    let view = vec![
        rule(
            READ,
            &[""],
            &[
                "configmaps",
                "pods",
                "replicationcontrollers",
                "serviceaccounts",
                "services",
                "services/status",
            ],
        ),
        rule(READ, &[""], &["namespaces", "namespaces/status", "pods/log", "pods/status"]),
        rule(READ, &["", "events.k8s.io"], &["events"]),
        rule(READ, &["discovery.k8s.io"], &["endpointslices"]),
        rule(
            READ,
            &["apps"],
            &[
                "daemonsets",
                "daemonsets/status",
                "deployments",
                "deployments/scale",
                "deployments/status",
                "replicasets",
                "replicasets/scale",
                "replicasets/status",
                "statefulsets",
                "statefulsets/scale",
                "statefulsets/status",
            ],
        ),
        rule(READ, &["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
        rule(READ, &["networking.k8s.io"], &["ingresses", "networkpolicies"]),
    ];
    let mut edit = vec![
        rule(
            READ,
            &[""],
            &[
                "pods/attach",
                "pods/exec",
                "pods/portforward",
                "pods/proxy",
                "secrets",
                "services/proxy",
            ],
        ),
        rule(&["impersonate"], &[""], &["serviceaccounts"]),
        rule(WRITE, &[""], &["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
        rule(&["create"], &[""], &["pods/eviction", "serviceaccounts/token"]),
        rule(
            WRITE,
            &[""],
            &["configmaps", "secrets", "serviceaccounts", "services", "services/proxy"],
        ),
        rule(WRITE, &["", "events.k8s.io"], &["events"]),
        rule(
            WRITE,
            &["apps"],
            &[
                "daemonsets",
                "deployments",
                "deployments/scale",
                "replicasets",
                "replicasets/scale",
                "statefulsets",
                "statefulsets/scale",
            ],
        ),
        rule(WRITE, &["batch"], &["cronjobs", "jobs"]),
        rule(WRITE, &["networking.k8s.io"], &["networkpolicies"]),
        rule(ALL, &["coordination.k8s.io"], &["leases"]),
    ];
    edit.extend(view.clone());
    let mut admin = edit.clone();
    admin.push(rule(&["create"], &["authorization.k8s.io"], &["localsubjectaccessreviews"]));
    admin.push(rule(ALL, &[RBAC], &["rolebindings", "roles"]));
    let info = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
    let discovery =
        [&["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"][..], &info[..]].concat();
    vec![
        ("admin", admin),
        (
            "cluster-admin",
            vec![rule(&["*"], &["*"], &["*"]), json!({"verbs": ["*"], "nonResourceURLs": ["*"]})],
        ),
        ("edit", edit),
        (
            "system:basic-user",
            vec![
                rule(
                    &["create"],
                    &["authorization.k8s.io"],
                    &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
                ),
                rule(&["create"], &["authentication.k8s.io"], &["selfsubjectreviews"]),
            ],
        ),
        ("system:discovery", vec![paths(&discovery)]),
        (
            "system:node",
            vec![
                rule(&["delete", "get", "list", "watch"], &[""], &["pods"]),
                rule(&["patch", "update"], &[""], &["pods/status"]),
            ],
        ),
        ("system:public-info-viewer", vec![paths(&info)]),
        ("view", view),
    ]
}

/// The identities of the controllers and what each may do.
fn controllers() -> Vec<(&'static str, Vec<Value>)> {
    let events = || rule(&["create", "patch", "update"], &["", "events.k8s.io"], &["events"]);
    vec![
        (
            "generic-garbage-collector",
            vec![
                rule(&["delete", "get", "list", "patch", "update", "watch"], &["*"], &["*"]),
                events(),
            ],
        ),
        (
            "job-controller",
            vec![
                rule(&["get", "list", "patch", "update", "watch"], &["batch"], &["jobs"]),
                rule(&["update"], &["batch"], &["jobs/finalizers", "jobs/status"]),
                rule(&["create", "delete", "list", "patch", "watch"], &[""], &["pods"]),
                events(),
            ],
        ),
        (
            "namespace-controller",
            vec![
                rule(&["delete", "get", "list", "watch"], &[""], &["namespaces"]),
                rule(&["update"], &[""], &["namespaces/finalize", "namespaces/status"]),
                rule(&["delete", "deletecollection", "get", "list", "watch"], &["*"], &["*"]),
            ],
        ),
        (
            "service-account-controller",
            vec![rule(&["create"], &[""], &["serviceaccounts"]), events()],
        ),
        (
            "ttl-after-finished-controller",
            vec![rule(&["delete", "get", "list", "watch"], &["batch"], &["jobs"]), events()],
        ),
    ]
}
