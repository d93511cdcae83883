//! What `deploy/` refuses, row by row: who does what to which object, and what
//! stands in the way.
//!
//! The files are those that a real cluster gets. Each write passes through rights,
//! schema and admission, as on a real server, and a row says what refuses it
//! first: `rbac`, `schema`, or an admission policy (without `fallgate-`) with the
//! start of its message.

mod objects;
mod rows;

use std::fs;
use std::path::PathBuf;

use fallgate_sim::View;
use fallgate_sim::admission::Admission;
use fallgate_sim::rbac::Authorizer;
use fallgate_sim::schema::Crd;
use serde_json::{Value, json};

use crate::support::{Cluster, Write, resource, text};
use objects::*;
use rows::{Row, creators, managed, policies, protected, records};

/// Who may what. `ned` may write everything in the namespace, and holds none of
/// our verbs: what stops him is admission.
const PEOPLE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: access.fallgate.dev/v1alpha1
kind: AccessConfig
metadata: {name: default}
spec: {maxDurationSeconds: 7200, protectedLabelKeys: [role]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: namespace-admin}
rules:
- apiGroups: ['', apps, batch, networking.k8s.io, access.fallgate.dev]
  resources: ['*']
  verbs: [get, list, watch, create, update, patch, delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: control-plane}
roleRef: {kind: ClusterRole, name: namespace-admin}
subjects: [{kind: Group, name: 'system:serviceaccounts:kube-system'}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: security}
roleRef: {kind: ClusterRole, name: fallgate-security}
subjects: [{kind: User, name: sam}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: policy-admins}
roleRef: {kind: ClusterRole, name: fallgate-policy-admin}
subjects: [{kind: User, name: pat}]
";

/// Bindings in the namespace `shop`: a role and who has it.
const IN_SHOP: &[(&str, &[&str])] = &[
    ("namespace-admin", &["ned", "pat", "sam"]),
    ("fallgate-requester", &["alice", "rob", "bob"]),
    ("fallgate-approver", &["bob"]),
    ("fallgate-breakglass", &["rob"]),
    ("fallgate-declarer", &["dana"]),
    // What nobody should be given, and what must not help.
    ("fallgate-requester", &[ROBOT]),
    ("fallgate-approver", &[ROBOT]),
    ("fallgate-breakglass", &[CONTROLLER]),
    ("namespace-admin", &[CONTROLLER]),
];

fn files(directory: &str) -> Vec<String> {
    // Asked at run time: a build directory may be shared between checkouts.
    let crate_root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let directory = crate_root.join("../../deploy").join(directory);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "nothing in {}", directory.display());
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn cluster() -> Cluster {
    let mut cluster = Cluster::default();
    for directory in ["crds", "admission", "rbac"] {
        for file in files(directory) {
            cluster.add(&file);
        }
    }
    let documents: Vec<Value> = serde_saphyr::from_multiple(PEOPLE).unwrap();
    for mut object in documents {
        if let Some(crd) = definition(&cluster, &object) {
            assert_eq!(crd.default_and_prune(&mut object), [""; 0], "unknown fields");
        }
        cluster.put(object);
    }
    for (at, (role, names)) in IN_SHOP.iter().enumerate() {
        let subjects: Vec<Value> =
            names.iter().map(|name| json!({"kind": "User", "name": name})).collect();
        cluster.put(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"namespace": "shop", "name": format!("binding-{at}")},
            "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects,
        }));
    }
    cluster
}

/// The schemas of an object of ours.
fn definition(cluster: &Cluster, object: &Value) -> Option<Crd> {
    let group = text(&object["apiVersion"]).split('/').next()?;
    let name = format!("{}.{group}", resource(text(&object["kind"])));
    let crd = cluster.get("apiextensions.k8s.io", "customresourcedefinitions", None, &name)?;
    Some(Crd::parse(crd).unwrap())
}

/// What becomes of a write: `admitted`, or what refuses it first.
fn judge(cluster: &Cluster, write: &Write) -> String {
    let mut write = write.clone();
    let attributes = &write.attributes;
    if !Authorizer::new(cluster).allowed(attributes).allowed {
        return "rbac".to_owned();
    }
    let about = write.object.as_ref().or(write.old.as_ref()).unwrap();
    if let Some(crd) = definition(cluster, about) {
        for object in [&mut write.object, &mut write.old].into_iter().flatten() {
            assert_eq!(crd.default_and_prune(object), [""; 0], "unknown fields");
        }
        if let Some(object) = &write.object
            && let Some(error) = crd.validate(object, write.old.as_ref()).first()
        {
            return format!("schema: {}: {}", error.field, error.message);
        }
    }
    let verdict = write.verdict(cluster);
    verdict.strip_prefix("fallgate-").unwrap_or(&verdict).to_owned()
}

fn check(cluster: &Cluster, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (write, expected) in rows {
        let found = judge(cluster, write);
        let fits = match *expected {
            "admitted" | "rbac" => found == *expected,
            expected => found.starts_with(expected),
        };
        if !fits {
            let what = write.object.as_ref().or(write.old.as_ref()).unwrap();
            wrong.push(format!(
                "{} {} {} {what}\n    expected: {expected}\n    found:    {found}",
                write.attributes.user.username, write.attributes.verb, write.kind
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn who_asks_and_decides_does_so_in_their_own_name_and_by_right() {
    check(&cluster(), &creators());
}

#[test]
fn policies_are_of_who_manages_them() {
    check(&cluster(), &policies());
}

#[test]
fn what_belongs_to_a_grant_is_made_right_and_left_alone() {
    check(&cluster(), &managed());
}

#[test]
fn baselines_and_labels_are_of_who_manages_policies() {
    check(&cluster(), &protected());
}

#[test]
fn requests_and_decisions_are_kept() {
    check(&cluster(), &records());
}

/// Without AccessConfig nothing opens, everything closes, and nobody else is
/// bothered.
#[test]
fn without_ceilings_nothing_opens_and_everything_closes() {
    let mut cluster = cluster();
    cluster.remove("access.fallgate.dev", "accessconfigs", "", "default");
    const MISSING: &str = "failed to configure binding: no params found";
    let refused = |policy: &str| format!("{policy}: {MISSING}");
    for (write, policy) in [
        (create("alice", request("alice")), "requests"),
        (create("pat", policy()), "policies"),
        (create("pat", cluster_policy()), "cluster-policies"),
        (create("dana", incident("dana")), "incidents"),
        (create(CONTROLLER, opening()), "ceilings"),
        (create(CONTROLLER, switch()), "ceilings"),
    ] {
        let found = judge(&cluster, &write);
        assert!(found.starts_with(&refused(policy)), "{policy}: {found}");
    }
    check(
        &cluster,
        &[
            (create("sam", decision("sam", "alice", "Revoked")), "admitted"),
            (create("bob", decision("bob", "alice", "Denied")), "admitted"),
            (create("alice", decision("alice", "alice", "Withdrawn")), "admitted"),
            (create("sam", lock("sam")), "admitted"),
            (delete("sam", grant()), "admitted"),
            (delete("sam", opening()), "admitted"),
            (delete("sam", switch()), "admitted"),
            (update("dana", incident("dana"), "/spec/resolved", json!(true)), "admitted"),
            (create("ned", with(pod(), "/metadata/labels", json!({"role": "debug"}))), "admitted"),
            (create("ned", workload("apps/v1", "Deployment")), "admitted"),
        ],
    );
}

/// What the controller tries before every opening: both must be refused, by these
/// policies and not by RBAC.
#[test]
fn the_canary_of_admission_is_refused_by_name() {
    let cluster = cluster();
    for (write, expected) in [
        (
            create(CONTROLLER, with(opening(), "/metadata/ownerReferences", Value::Null)),
            "fallgate-controller-policies",
        ),
        (create(CONTROLLER, decision("bob", "alice", "Denied")), "fallgate-decisions"),
    ] {
        let mut write = write;
        write.attributes.dry_run = true;
        assert!(Authorizer::new(&cluster).allowed(&write.attributes).allowed);
        let denial = write.admit(&cluster).unwrap_err();
        assert_eq!(denial.policy, expected);
    }
}

#[test]
fn every_generated_file_is_one_that_the_server_takes() {
    for (directory, check) in [
        ("crds", (|object| Crd::parse(object).err().unwrap_or_default()) as fn(&Value) -> Vec<_>),
        ("admission", Admission::check),
    ] {
        for file in files(directory) {
            let documents: Vec<Value> = serde_saphyr::from_multiple(&file).unwrap();
            for object in documents {
                assert_eq!(check(&object), [], "{}", object["metadata"]["name"]);
            }
        }
    }
}

/// No rule of a policy goes untried: without it, some row would end otherwise.
#[test]
fn every_rule_is_what_refuses_some_row() {
    let mut cluster = cluster();
    let rows = [creators(), policies(), managed(), protected(), records()].concat();
    let stored = cluster.list("admissionregistration.k8s.io", "validatingadmissionpolicies", None);
    let stored: Vec<Value> = stored.into_iter().cloned().collect();
    for policy in stored {
        let name = text(&policy["metadata"]["name"]);
        let refused = format!("{}: ", name.trim_start_matches("fallgate-"));
        let rows = || rows.iter().filter(|(_, expected)| expected.starts_with(&refused));
        for at in 0..policy["spec"]["validations"].as_array().unwrap().len() {
            let mut without = policy.clone();
            let rule = &mut without["spec"]["validations"][at]["expression"];
            let was = std::mem::replace(rule, json!("true"));
            cluster.put(without);
            let noticed =
                rows().any(|(write, expected)| !judge(&cluster, write).starts_with(expected));
            assert!(noticed, "{name} would refuse the same without {was}");
        }
        cluster.put(policy);
    }
}
