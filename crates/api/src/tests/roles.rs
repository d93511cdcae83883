//! Roles: nobody holds what another role is for, and the controller holds none.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::PolicyRule;
use kube_core::ResourceExt as _;

use crate::GROUP;
use crate::names::verb;
use crate::rbac::{controller, roles};

/// A right: group, resource, verb.
type Right = (String, String, String);

const LOGICAL: &[&str] =
    &[verb::USE, verb::APPROVE, verb::REVOKE, verb::BREAK_GLASS, verb::DECLARE, verb::MANAGE];

/// Reading our kinds is everybody's who takes part; and whoever may decide
/// anything makes decisions, of which admission asks for a verb each.
fn is_common((group, resource, verb): &Right) -> bool {
    ["get", "list", "watch"].contains(&verb.as_str())
        || (group == GROUP && resource == "accessdecisions" && verb == "create")
}

#[test]
fn roles_do_not_overlap() {
    let mut holders: BTreeMap<Right, Vec<String>> = BTreeMap::new();
    for role in roles() {
        for right in rights(role.rules.as_deref().unwrap()) {
            holders.entry(right).or_default().push(role.name_any());
        }
    }
    for (right, holders) in &holders {
        assert!(is_common(right) || holders.len() == 1, "{right:?} is held by {holders:?}");
    }
    for verb in LOGICAL {
        for resource in ["accesspolicies", "clusteraccesspolicies"] {
            let right = (GROUP.to_owned(), resource.to_owned(), (*verb).to_owned());
            assert_eq!(holders.get(&right).map(Vec::len), Some(1), "{right:?}");
        }
    }
}

#[test]
fn no_role_is_aggregated_and_none_has_a_wildcard() {
    let mut all = roles();
    all.push(controller().cluster_role);
    for role in all {
        let name = role.name_any();
        assert_eq!(role.aggregation_rule, None, "{name}");
        let aggregated = |key: &String| key.contains("aggregate");
        assert!(!role.labels().keys().any(aggregated), "{name}");
        for (group, resource, verb) in rights(role.rules.as_deref().unwrap()) {
            assert!(group != "*" && !resource.contains('*') && verb != "*", "{name}");
        }
    }
}

#[test]
fn the_controller_decides_nothing_and_changes_nothing_that_it_opened() {
    let controller = controller();
    let held = rights(controller.cluster_role.rules.as_deref().unwrap());
    for (group, resource, verb) in &held {
        assert!(!LOGICAL.contains(&verb.as_str()), "{group}/{resource} {verb}");
        let read = ["get", "list", "watch"].contains(&verb.as_str());
        let may = match (group.as_str(), resource.as_str()) {
            (GROUP, "accessgrants" | "accessdecisions") => ["create", "delete"].as_slice(),
            (GROUP, "accessrequests") => &["delete"],
            (GROUP, status) if status.ends_with("/status") => &["patch", "update"],
            ("networking.k8s.io", "networkpolicies") | ("batch", "jobs") => &["create", "delete"],
            ("batch", "jobs/finalizers") => &["update"],
            ("authorization.k8s.io", "subjectaccessreviews") => &["create"],
            ("events.k8s.io", "events") => &["create", "patch"],
            _ => &[],
        };
        assert!(read || may.contains(&verb.as_str()), "{group}/{resource} {verb}");
        assert!(resource != "secrets", "secrets everywhere");
    }
}

#[test]
fn the_controller_is_who_admission_takes_it_for() {
    let controller = controller();
    let subjects = controller.cluster_role_binding.subjects.clone().unwrap();
    assert_eq!(Some(&subjects), controller.role_binding.subjects.as_ref());
    let [subject] = subjects.as_slice() else { panic!("{subjects:?}") };
    let namespace = subject.namespace.clone().unwrap();
    assert_eq!(
        format!("system:serviceaccount:{namespace}:{}", subject.name),
        crate::names::CONTROLLER
    );
    assert_eq!(controller.service_account.name_any(), subject.name);
    assert_eq!(controller.service_account.namespace(), Some(namespace.clone()));
    assert_eq!(controller.namespace.name_any(), namespace);
    assert_eq!(controller.role.namespace(), Some(namespace));
    assert_eq!(controller.role_binding.role_ref.name, controller.role.name_any());
    assert_eq!(controller.cluster_role_binding.role_ref.name, controller.cluster_role.name_any());
}

fn rights(rules: &[PolicyRule]) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for rule in rules {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for verb in &rule.verbs {
                    rights.insert((group.clone(), resource.clone(), verb.clone()));
                }
            }
        }
    }
    rights
}
