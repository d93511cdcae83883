//! Admission: every kind and every operation has the policies it must have, and
//! nothing that closes depends on AccessConfig.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicySpec;

use crate::GROUP;
use crate::admission::{Guard, guards};
use crate::crd::definitions;
use crate::names::{admission as name, label};

/// Which policies stand before which write: group, resource, operation, names.
/// An operation that has no row has none, and why is in the comment.
const TABLE: &[(&str, &str, &str, &[&str])] = &[
    // AccessConfig and the deletion of policies, incidents and locks are left to
    // RBAC; of AccessConfig and locks, no update is more than the schema allows.
    (GROUP, "accesspolicies", "CREATE", &[name::POLICIES]),
    (GROUP, "accesspolicies", "UPDATE", &[name::POLICIES]),
    (GROUP, "accesspolicies/status", "UPDATE", &[name::STATUS]),
    (GROUP, "clusteraccesspolicies", "CREATE", &[name::CLUSTER_POLICIES]),
    (GROUP, "clusteraccesspolicies", "UPDATE", &[name::CLUSTER_POLICIES]),
    (GROUP, "clusteraccesspolicies/status", "UPDATE", &[name::STATUS]),
    (GROUP, "accessincidents", "CREATE", &[name::INCIDENTS]),
    (GROUP, "accessincidents/status", "UPDATE", &[name::STATUS]),
    (GROUP, "accessrequests", "CREATE", &[name::RECORDS, name::REQUESTS]),
    (GROUP, "accessrequests", "UPDATE", &[name::RECORDS]),
    (GROUP, "accessrequests", "DELETE", &[name::RETENTION]),
    (GROUP, "accessrequests/status", "UPDATE", &[name::STATUS]),
    (GROUP, "accessdecisions", "CREATE", &[name::DECISIONS, name::RECORDS]),
    (GROUP, "accessdecisions", "UPDATE", &[name::RECORDS]),
    (GROUP, "accessdecisions", "DELETE", &[name::RETENTION]),
    // Whoever may delete a grant closes it.
    (GROUP, "accessgrants", "CREATE", &[name::GRANTS, name::RECORDS]),
    (GROUP, "accessgrants", "UPDATE", &[name::GRANTS, name::RECORDS]),
    (GROUP, "accessgrants/status", "UPDATE", &[name::STATUS]),
    (GROUP, "accesslocks", "CREATE", &[name::LOCKS]),
    (GROUP, "clusteraccesslocks", "CREATE", &[name::LOCKS]),
    (
        "networking.k8s.io",
        "networkpolicies",
        "CREATE",
        &[name::BASELINE, name::CEILINGS, name::CONTROLLER_POLICIES, name::MANAGED_POLICIES],
    ),
    (
        "networking.k8s.io",
        "networkpolicies",
        "UPDATE",
        &[name::BASELINE, name::CONTROLLER_POLICIES, name::MANAGED_POLICIES],
    ),
    (
        "networking.k8s.io",
        "networkpolicies",
        "DELETE",
        &[name::BASELINE, name::CONTROLLER_POLICIES],
    ),
    (
        "batch",
        "jobs",
        "CREATE",
        &[name::CEILINGS, name::CONTROLLER_SWITCHES, name::LABELS_OF_WORKLOADS, name::SWITCHES],
    ),
    (
        "batch",
        "jobs",
        "UPDATE",
        &[name::CONTROLLER_SWITCHES, name::LABELS_OF_WORKLOADS, name::SWITCHES],
    ),
    ("batch", "jobs", "DELETE", &[name::CONTROLLER_SWITCHES, name::SWITCHES]),
    ("batch", "jobs/status", "UPDATE", &[name::SWITCHES]),
    ("", "pods", "CREATE", &[name::LABELS_OF_PODS]),
    ("", "pods", "UPDATE", &[name::LABELS_OF_PODS]),
    // A write of the status may change labels, too.
    ("", "pods/status", "UPDATE", &[name::LABELS_OF_PODS]),
    ("apps", "daemonsets", "CREATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "daemonsets", "UPDATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "deployments", "CREATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "deployments", "UPDATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "replicasets", "CREATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "replicasets", "UPDATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "statefulsets", "CREATE", &[name::LABELS_OF_WORKLOADS]),
    ("apps", "statefulsets", "UPDATE", &[name::LABELS_OF_WORKLOADS]),
    ("", "replicationcontrollers", "CREATE", &[name::LABELS_OF_WORKLOADS]),
    ("", "replicationcontrollers", "UPDATE", &[name::LABELS_OF_WORKLOADS]),
    ("batch", "cronjobs", "CREATE", &[name::LABELS_OF_CRON_JOBS]),
    ("batch", "cronjobs", "UPDATE", &[name::LABELS_OF_CRON_JOBS]),
    ("", "podtemplates", "CREATE", &[name::LABELS_OF_POD_TEMPLATES]),
    ("", "podtemplates", "UPDATE", &[name::LABELS_OF_POD_TEMPLATES]),
];

#[test]
fn every_write_has_its_policies() {
    let mut actual = BTreeSet::new();
    let guards = guards();
    for guard in &guards {
        for (group, resource, operation) in matched(guard) {
            actual.insert((group, resource, operation, policy_name(guard)));
        }
    }
    let mut expected = BTreeSet::new();
    for (group, resource, operation, policies) in TABLE {
        for policy in *policies {
            expected.insert((
                (*group).to_owned(),
                (*resource).to_owned(),
                (*operation).to_owned(),
                (*policy).to_owned(),
            ));
        }
    }
    let only = |these: &BTreeSet<_>, those| these.difference(those).cloned().collect::<Vec<_>>();
    assert_eq!(only(&actual, &expected), [], "not in the table");
    assert_eq!(only(&expected, &actual), [], "in the table only");
}

/// No kind is forgotten: each is guarded where it is made, or its schema and
/// RBAC are said to be enough; and each status is guarded.
#[test]
fn every_kind_is_in_the_table() {
    let rows: BTreeSet<(&str, &str)> =
        TABLE.iter().filter(|row| row.0 == GROUP).map(|row| (row.1, row.2)).collect();
    for definition in definitions() {
        let plural = definition.spec.names.plural.as_str();
        assert_eq!(rows.contains(&(plural, "CREATE")), plural != "accessconfigs", "{plural}");
        let has_status = definition.spec.versions[0]
            .subresources
            .as_ref()
            .is_some_and(|subresources| subresources.status.is_some());
        let status = format!("{plural}/status");
        assert_eq!(rows.contains(&(status.as_str(), "UPDATE")), has_status, "{plural}");
    }
}

/// While AccessConfig is missing, a policy that has it as parameters refuses
/// what it matches. So none matches what closes, or what is not ours.
#[test]
fn closing_depends_on_no_configuration() {
    for guard in guards() {
        let spec = spec(&guard);
        let name = policy_name(&guard);
        let action = guard
            .binding
            .spec
            .param_ref
            .as_ref()
            .and_then(|param| param.parameter_not_found_action.as_deref());
        assert_eq!(spec.param_kind.is_some(), action.is_some(), "{name}");
        match (action, spec.failure_policy.as_deref()) {
            (None, Some("Fail")) => {}
            // What is everybody's goes on without AccessConfig.
            (Some("Allow"), Some("Ignore")) => {}
            (Some("Deny"), Some("Fail")) => {
                let labelled = spec
                    .match_constraints
                    .as_ref()
                    .and_then(|constraints| constraints.object_selector.as_ref())
                    .and_then(|selector| selector.match_expressions.as_ref())
                    .is_some_and(|expressions| expressions.iter().any(|e| e.key == label::GRANT));
                for (group, resource, operation) in matched(&guard) {
                    assert!(group == GROUP || labelled, "{name} matches {group}/{resource}");
                    assert_ne!(operation, "DELETE", "{name}");
                    // A decision may be a revocation, and a lock always closes.
                    assert_ne!(resource, "accessdecisions", "{name}");
                    assert!(!resource.ends_with("locks"), "{name}");
                }
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// The control plane shows `variables` and `params` only where they are.
#[test]
fn every_policy_is_whole() {
    let mut names = BTreeSet::new();
    for guard in guards() {
        let spec = spec(&guard);
        let name = policy_name(&guard);
        assert!(names.insert(name.clone()), "{name} is there twice");
        assert_eq!(guard.binding.spec.policy_name, name);
        assert_eq!(guard.binding.metadata.name.as_deref(), Some(name.as_str()));
        assert_eq!(guard.binding.spec.validation_actions, ["Deny"]);
        assert_eq!(guard.binding.spec.match_resources, None, "{name} must hold everywhere");

        let validations = spec.validations.as_deref().unwrap_or_default();
        assert!(!validations.is_empty(), "{name} checks nothing");
        let mut messages = BTreeSet::new();
        for validation in validations {
            let message = validation.message.as_deref().unwrap_or_default();
            assert!(!message.is_empty() && !message.ends_with('.'), "{name}: {message:?}");
            assert!(messages.insert(message), "{name} says twice: {message}");
            assert!(!message.contains('\n'), "{name}: {message}");
        }

        let mut known = BTreeSet::new();
        for variable in spec.variables.iter().flatten() {
            assert_defined(&name, &variable.expression, &known);
            known.insert(variable.name.clone());
        }
        let mut params = false;
        for validation in validations {
            for expression in [Some(&validation.expression), validation.message_expression.as_ref()]
            {
                let Some(expression) = expression else { continue };
                assert_defined(&name, expression, &known);
                params |= expression.contains("params.");
                // Open and closed as often, which a slip in `format!` would break.
                for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
                    let count = |c: char| expression.matches(c).count();
                    assert_eq!(count(open), count(close), "{name}: {expression}");
                }
            }
        }
        params |= spec.variables.iter().flatten().any(|v| v.expression.contains("params."));
        assert_eq!(params, spec.param_kind.is_some(), "{name}");
    }
    assert_eq!(names.len(), 20);
}

fn assert_defined(name: &str, expression: &str, known: &BTreeSet<String>) {
    for used in expression.split("variables.").skip(1) {
        let end = used.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(used.len());
        assert!(known.contains(&used[..end]), "{name} uses {} before it is defined", &used[..end]);
    }
}

fn matched(guard: &Guard) -> Vec<(String, String, String)> {
    let mut matched = Vec::new();
    let constraints = spec(guard).match_constraints.as_ref();
    let rules = constraints.and_then(|constraints| constraints.resource_rules.as_deref());
    for rule in rules.unwrap_or_default() {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for operation in rule.operations.iter().flatten() {
                    matched.push((group.clone(), resource.clone(), operation.clone()));
                }
            }
        }
    }
    matched
}

fn spec(guard: &Guard) -> &ValidatingAdmissionPolicySpec {
    guard.policy.spec.as_ref().unwrap()
}

fn policy_name(guard: &Guard) -> String {
    guard.policy.metadata.name.clone().unwrap()
}
