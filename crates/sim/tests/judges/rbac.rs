//! Roles, bindings and what they allow.

use crate::support::{Cluster, user};
use fallgate_sim::rbac::Authorizer;
use fallgate_sim::{Attributes, UserInfo};
use serde_json::json;

const ROLES: &str = r#"
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: reader, labels: {aggregate: everything}}
rules:
- {apiGroups: [''], resources: [pods, pods/log], verbs: [get, list]}
- {apiGroups: [apps], resources: ['*/scale'], verbs: [update]}
- {nonResourceURLs: [/version, /metrics/*], verbs: [get]}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: requester, labels: {aggregate: everything}}
rules:
- {apiGroups: [access.fallgate.dev], resources: [accesspolicies], resourceNames: [oncall-db], verbs: [use, get]}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: everything}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {aggregate: everything}}]}
rules:
- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: jobs}
rules:
- {apiGroups: [batch], resources: ['*'], verbs: ['*']}
---
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: local, namespace: shop}
rules:
- {apiGroups: [''], resources: [secrets], verbs: ['*']}
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: everybody-reads}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: Group, name: 'system:authenticated'}]
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: nobody}
roleRef: {kind: ClusterRole, name: missing}
subjects: [{kind: Group, name: 'system:authenticated'}]
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: wrong}
roleRef: {kind: Role, name: local}
subjects: [{kind: Group, name: 'system:authenticated'}, {kind: ServiceAccount, name: robot}]
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: robots}
roleRef: {kind: ClusterRole, name: jobs}
subjects: [{kind: ServiceAccount, namespace: ci, name: robot}, {kind: Group, name: 'system:serviceaccounts:build'}]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: alice-requests, namespace: shop}
roleRef: {kind: ClusterRole, name: requester}
subjects: [{kind: User, name: alice}]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: secrets, namespace: shop}
roleRef: {kind: Role, name: local}
subjects: [{kind: ServiceAccount, name: vault}]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: all-of-it, namespace: shop}
roleRef: {kind: ClusterRole, name: everything}
subjects: [{kind: User, name: carol}]
"#;

fn cluster() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(ROLES);
    cluster
}

/// A question such as `get /pods shop/a`: a verb, a resource (with its group and
/// subresource) and where; or a verb and a path.
fn attributes(user: &UserInfo, question: &str) -> Attributes {
    let mut parts = question.split(' ');
    let (verb, what) = (parts.next().unwrap(), parts.next().unwrap());
    let mut attributes =
        Attributes { user: user.clone(), verb: verb.to_owned(), ..Attributes::default() };
    let Some(place) = parts.next() else {
        what.clone_into(&mut attributes.path);
        return attributes;
    };
    let (group, resource) = what.split_once('/').unwrap();
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    group.clone_into(&mut attributes.group);
    resource.clone_into(&mut attributes.resource);
    subresource.clone_into(&mut attributes.subresource);
    let (namespace, name) = place.split_once('/').unwrap();
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (attributes.namespace, attributes.name) = (given(namespace), given(name));
    attributes
}

#[test]
fn rules_allow_what_they_say_and_nothing_else() {
    let cluster = cluster();
    let authorizer = Authorizer::new(&cluster);
    let may = |who: &str, question: &str| {
        authorizer.allowed(&attributes(&user(who, &[]), question)).allowed
    };
    for (who, question, expected) in [
        ("alice", "get /pods shop/a", true),
        ("alice", "list /pods /", true),
        ("alice", "get /pods/log shop/a", true),
        ("alice", "get /pods/exec shop/a", false),
        ("alice", "watch /pods shop/", false),
        ("alice", "get apps/pods shop/a", false),
        ("alice", "update apps/deployments/scale shop/a", true),
        ("alice", "update apps/deployments shop/a", false),
        ("alice", "update apps/scale shop/a", false),
        ("alice", "get /version", true),
        ("alice", "get /versions", false),
        ("alice", "get /metrics/x/y", true),
        ("alice", "get /metrics", false),
        ("alice", "post /version", false),
        // A logical verb is a verb, in its namespace, on its name.
        ("alice", "use access.fallgate.dev/accesspolicies shop/oncall-db", true),
        ("alice", "use access.fallgate.dev/accesspolicies shop/other", false),
        ("alice", "use access.fallgate.dev/accesspolicies shop/", false),
        ("alice", "use access.fallgate.dev/accesspolicies other/oncall-db", false),
        ("alice", "use access.fallgate.dev/accesspolicies /oncall-db", false),
        ("alice", "approve access.fallgate.dev/accesspolicies shop/oncall-db", false),
        ("bob", "use access.fallgate.dev/accesspolicies shop/oncall-db", false),
        // `*` is every resource, with its subresources.
        ("system:serviceaccount:ci:robot", "delete batch/jobs other/a", true),
        ("system:serviceaccount:ci:robot", "patch batch/jobs/status other/a", true),
        ("system:serviceaccount:ci:robot", "delete /pods other/a", false),
        ("system:serviceaccount:build:any", "delete batch/jobs other/a", true),
        ("system:serviceaccount:shop:robot", "delete batch/jobs other/a", false),
        // A binding to a Role of nowhere, or to a role that is not there, is none.
        ("alice", "get /secrets shop/a", false),
        ("system:serviceaccount:shop:vault", "get /secrets shop/a", true),
        ("system:serviceaccount:shop:vault", "get /secrets other/a", false),
        ("system:serviceaccount:other:vault", "get /secrets shop/a", false),
        // An aggregated role is what it selects, and not what it says of itself.
        ("carol", "use access.fallgate.dev/accesspolicies shop/oncall-db", true),
        ("carol", "delete /pods shop/a", false),
    ] {
        assert_eq!(may(who, question), expected, "{who}: {question}");
    }
}

#[test]
fn system_masters_may_do_anything() {
    let authorizer = Authorizer::new(&Cluster::default());
    let may = |user: &UserInfo| {
        authorizer.allowed(&attributes(user, "delete /secrets kube-system/a")).allowed
    };
    assert!(may(&user("admin", &["system:masters"])));
    assert!(!may(&user("admin", &[])));
}

#[test]
fn a_decision_names_the_binding() {
    let cluster = cluster();
    let authorizer = Authorizer::new(&cluster);
    let reason = |who: &str, question: &str| {
        authorizer.allowed(&attributes(&user(who, &[]), question)).reason
    };
    assert_eq!(
        reason("alice", "get /pods shop/a"),
        "RBAC: allowed by ClusterRoleBinding \"everybody-reads\" of ClusterRole \"reader\" to \
         Group \"system:authenticated\""
    );
    assert_eq!(
        reason("alice", "use access.fallgate.dev/accesspolicies shop/oncall-db"),
        "RBAC: allowed by RoleBinding \"alice-requests/shop\" of ClusterRole \"requester\" to \
         User \"alice\""
    );
    assert_eq!(
        reason("system:serviceaccount:shop:vault", "get /secrets shop/a"),
        "RBAC: allowed by RoleBinding \"secrets/shop\" of Role \"local\" to ServiceAccount \
         \"vault/shop\""
    );
    assert_eq!(reason("bob", "get /secrets shop/a"), "");
}

#[test]
fn rules_of_somebody_are_those_of_their_bindings() {
    let cluster = cluster();
    let authorizer = Authorizer::new(&cluster);
    let reader = [
        json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}),
        json!({"verbs": ["update"], "apiGroups": ["apps"], "resources": ["*/scale"]}),
    ];
    let paths = json!([{"verbs": ["get"], "nonResourceURLs": ["/version", "/metrics/*"]}]);
    assert_eq!(
        authorizer.rules(&user("bob", &[]), "shop"),
        json!({"resourceRules": reader, "nonResourceRules": paths, "incomplete": false})
    );
    let alice = authorizer.rules(&user("alice", &[]), "shop");
    assert_eq!(
        alice["resourceRules"][2],
        json!({
            "verbs": ["use", "get"], "apiGroups": ["access.fallgate.dev"],
            "resources": ["accesspolicies"], "resourceNames": ["oncall-db"],
        })
    );
    assert_eq!(authorizer.rules(&user("alice", &[]), "other")["resourceRules"], json!(reader));
}
