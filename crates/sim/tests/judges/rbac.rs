//! Roles, bindings and what they allow.

use crate::support::{Cluster, Write, user};
use fallgate_sim::rbac::Authorizer;
use fallgate_sim::{Attributes, UserInfo};
use serde_json::{Value, json};

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

/// Ned writes roles and bindings in `shop`, and may use one policy there; of what
/// he does not hold, he can give nothing away.
const DELEGATION: &str = r#"
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: delegate, namespace: shop}
rules:
- {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [create, update, patch]}
- {apiGroups: [access.fallgate.dev], resources: [accesspolicies], resourceNames: [oncall-db], verbs: [use]}
- {apiGroups: [apps], resources: ['*/scale'], verbs: ['*']}
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: ned, namespace: shop}
roleRef: {kind: Role, name: delegate}
subjects: [{kind: User, name: ned}]
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: approver}
rules:
- {apiGroups: [access.fallgate.dev], resources: [accesspolicies], verbs: [approve]}
---
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: binder, namespace: shop}
rules:
- {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [approver], verbs: [bind]}
- {apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]}
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: bea, namespace: shop}
roleRef: {kind: Role, name: binder}
subjects: [{kind: User, name: bea}]
"#;

fn role(rules: Value) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "mine", "namespace": "shop"}, "rules": rules,
    })
}

fn binding(kind: &str, role: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "mine", "namespace": "shop"},
        "roleRef": {"kind": kind, "name": role}, "subjects": [{"kind": "User", "name": "ned"}],
    })
}

#[test]
fn nobody_gives_away_rights_that_they_do_not_have() {
    let mut cluster = Cluster::default();
    cluster.add(DELEGATION);
    let authorizer = Authorizer::new(&cluster);
    let refused = |write: Write| {
        let object = write.object.as_ref().unwrap();
        authorizer
            .escalation(&cluster, &write.attributes, object, write.old.as_ref())
            .err()
            .map(|refusal| refusal.message)
    };
    let create = |who: &str, object: Value| refused(Write::create(&user(who, &[]), object));
    let ours = |verbs: Value| {
        json!([{"apiGroups": ["access.fallgate.dev"], "resources": ["accesspolicies"],
                "resourceNames": ["oncall-db"], "verbs": verbs}])
    };
    assert_eq!(create("ned", role(ours(json!(["use"])))), None);
    let forbidden = |what: &str| format!("{what}.rbac.authorization.k8s.io \"mine\" is forbidden");
    let said = "user \"ned\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC \
                permissions not currently held:\n";
    assert_eq!(
        create("ned", role(ours(json!(["use", "approve", "manage"])))).unwrap(),
        format!(
            "{}: {said}{{APIGroups:[\"access.fallgate.dev\"], Resources:[\"accesspolicies\"], \
             ResourceNames:[\"oncall-db\"], Verbs:[\"approve\" \"manage\"]}}",
            forbidden("roles")
        )
    );
    // One name is not all names, a resource not its subresource, and so on.
    for (rules, expected) in [
        (
            json!([{"apiGroups": ["access.fallgate.dev"], "resources": ["accesspolicies"], "verbs": ["use"]}]),
            true,
        ),
        (
            json!([{"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["update"]}]),
            false,
        ),
        (json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["update"]}]), true),
        (
            json!([{"apiGroups": ["*"], "resources": ["deployments/scale"], "verbs": ["update"]}]),
            true,
        ),
        (json!([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]), true),
        (json!([]), false),
    ] {
        assert_eq!(create("ned", role(rules.clone())).is_some(), expected, "{rules}");
    }
    // Binding a role gives what the role gives.
    assert_eq!(create("ned", binding("Role", "delegate")), None);
    assert_eq!(
        create("ned", binding("ClusterRole", "approver")).unwrap(),
        format!(
            "{}: {said}{{APIGroups:[\"access.fallgate.dev\"], Resources:[\"accesspolicies\"], \
             Verbs:[\"approve\"]}}",
            forbidden("rolebindings")
        )
    );
    assert_eq!(
        create("ned", binding("Role", "missing")).unwrap(),
        "roles.rbac.authorization.k8s.io \"missing\" not found"
    );
    // Whoever holds `bind` or `escalate` may; so may system:masters.
    assert_eq!(create("bea", binding("ClusterRole", "approver")), None);
    assert!(create("bea", binding("Role", "delegate")).is_some());
    assert_eq!(create("bea", role(ours(json!(["approve"])))), None);
    let root = user("root", &["system:masters"]);
    assert_eq!(refused(Write::create(&root, role(ours(json!(["approve"]))))), None);
    // What the garbage collector changes gives nothing away; a label might.
    let old = role(ours(json!(["approve"])));
    let mut freed = old.clone();
    freed["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
    let ned = user("ned", &[]);
    assert_eq!(refused(Write::update(&ned, old.clone(), freed)), None);
    let mut labelled = old.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    assert!(refused(Write::update(&ned, old, labelled)).is_some());
    // An aggregated role may gather anything, so that only who may do anything
    // writes one.
    let mut gathering = role(json!([]));
    gathering["kind"] = json!("ClusterRole");
    gathering["metadata"] = json!({"name": "gathering"});
    gathering["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]});
    assert_eq!(
        create("ned", gathering).unwrap(),
        "clusterroles.rbac.authorization.k8s.io \"gathering\" is forbidden: must have cluster-admin \
         privileges to use the aggregationRule"
    );
}
