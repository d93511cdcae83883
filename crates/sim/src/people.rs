//! People to try things with: those whom the demo and rehearsals are about.
//!
//! What each may do follows from a group, which a cluster [with Fallgate
//! installed](crate::Sim::with_fallgate) binds to roles.

use serde_json::{Value, json};

use crate::request::UserInfo;

const ONCALL: &str = "oncall";
const LEADS: &str = "leads";
const AUDITORS: &str = "auditors";

/// Sees the nodes, which `view` does not, and which paths depend on.
const NODES: &str = "see-nodes";

/// Which roles a group has, everywhere in the cluster.
const ROLES: &[(&str, &[&str])] = &[
    (ONCALL, &["fallgate-requester", NODES, "view"]),
    (LEADS, &["fallgate-approver", "fallgate-declarer", NODES, "view"]),
    (AUDITORS, &["fallgate-auditor", NODES, "view"]),
];

/// Who may do everything, by `system:masters`.
pub fn admin() -> UserInfo {
    UserInfo::admin()
}

/// On call: requests.
pub fn alice() -> UserInfo {
    UserInfo::new("alice", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e01", &[ONCALL])
}

/// Leads: decides, and declares incidents.
pub fn bob() -> UserInfo {
    UserInfo::new("bob", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e02", &[LEADS])
}

/// Audits: reads.
pub fn carol() -> UserInfo {
    UserInfo::new("carol", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e03", &[AUDITORS])
}

/// Has an account, and no right.
pub fn mallory() -> UserInfo {
    UserInfo::new("mallory", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e04", &[])
}

/// All of them, by name: what [`kubeconfig`](crate::HttpsServer::kubeconfig)
/// takes.
pub fn all() -> [(&'static str, UserInfo); 5] {
    [
        ("admin", admin()),
        ("alice", alice()),
        ("bob", bob()),
        ("carol", carol()),
        ("mallory", mallory()),
    ]
}

/// What gives each group its roles.
pub(crate) fn bindings() -> impl Iterator<Item = Value> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    let nodes = json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": "ClusterRole",
        "metadata": {"name": NODES},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]}],
    });
    let all = ROLES.iter().flat_map(|(group, roles)| roles.iter().map(move |role| (group, role)));
    let bindings = all.map(|(group, role)| {
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("{group}-{role}")},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
        })
    });
    std::iter::once(nodes).chain(bindings)
}
