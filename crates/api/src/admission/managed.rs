//! What belongs to a grant, and what the controller may do.

use super::build::{Config, Draft, Match, Rule};
use super::ours::list;
use crate::names::{
    CONTROLLER, NAMESPACE_NAME_LABEL, SYSTEM_NAMESPACE, admission, control_plane, label,
};

const ME: &str = "request.userInfo.username";
const NETWORKING: &str = "networking.k8s.io";
const POLICIES: &[&str] = &["networkpolicies"];

pub(super) fn drafts() -> Vec<Draft> {
    vec![managed_policies(), switches(), ceilings(), controller_policies(), controller_switches()]
}

/// Nobody changes what a grant has opened, not even the controller. The garbage
/// collector takes finalizers off, since a policy that cannot go stays in force.
fn managed_policies() -> Draft {
    Draft {
        name: admission::MANAGED_POLICIES,
        about: "A NetworkPolicy that belongs to a grant is made by the controller and never \
                changes. Whoever may delete it closes the path.",
        matches: vec![Match {
            group: NETWORKING,
            resources: POLICIES,
            operations: &["CREATE", "UPDATE"],
        }],
        labelled: Some(label::GRANT),
        variables: vec![("collected", collected())],
        rules: vec![
            Rule::right(
                format!("request.operation != 'CREATE' || {ME} == '{CONTROLLER}'"),
                "a NetworkPolicy that belongs to a grant is made by the controller alone: make an \
                 AccessRequest",
            ),
            Rule::right(
                "request.operation != 'UPDATE' || variables.collected",
                "a NetworkPolicy that belongs to a grant never changes: delete it to close the \
                 path, or make a new AccessRequest",
            ),
        ],
        ..Draft::default()
    }
}

fn switches() -> Draft {
    Draft {
        name: admission::SWITCHES,
        about: "A switch is made by the controller, run by the control plane, and never changes. \
                Whoever may delete it closes the path.",
        matches: vec![
            Match {
                group: "batch",
                resources: &["jobs"],
                operations: &["CREATE", "UPDATE", "DELETE"],
            },
            Match { group: "batch", resources: &["jobs/status"], operations: &["UPDATE"] },
        ],
        labelled: Some(label::GRANT),
        variables: vec![
            ("status", "has(request.subResource) && request.subResource == 'status'".to_owned()),
            ("collected", collected()),
        ],
        rules: vec![
            Rule::right(
                format!("request.operation != 'CREATE' || {ME} == '{CONTROLLER}'"),
                "a switch is made by the controller alone: make an AccessRequest",
            ),
            Rule::right(
                "request.operation != 'UPDATE' || variables.status || variables.collected",
                "a switch never changes: delete it to close the path, or make a new AccessRequest",
            ),
            Rule::right(
                format!(
                    "request.operation != 'UPDATE' || !variables.status || {ME} in {}",
                    list(&[control_plane::JOBS, control_plane::MANAGER])
                ),
                "the status of a switch is written by the control plane alone",
            ),
            Rule::shape(
                "request.operation != 'DELETE' || (has(request.options) && \
                 has(request.options.propagationPolicy) && \
                 request.options.propagationPolicy in ['Background', 'Foreground'])",
                "delete a switch with `propagationPolicy` Background or Foreground: a bare \
                 deletion of a Job leaves its NetworkPolicies behind",
            ),
        ],
        ..Draft::default()
    }
}

/// By the label, which only the controller may give: a policy with parameters
/// would else refuse everybody's Jobs while AccessConfig is missing.
fn ceilings() -> Draft {
    Draft {
        name: admission::CEILINGS,
        about: "What belongs to a grant keeps to the ceilings of AccessConfig.",
        matches: vec![
            Match { group: NETWORKING, resources: POLICIES, operations: &["CREATE"] },
            Match { group: "batch", resources: &["jobs"], operations: &["CREATE"] },
        ],
        labelled: Some(label::GRANT),
        config: Config::Required,
        rules: vec![
            Rule::shape(
                format!(
                    "request.namespace == '{SYSTEM_NAMESPACE}' || \
                     !(request.namespace in params.spec.deniedNamespaces)"
                ),
                "nothing opens in one of the `deniedNamespaces` of AccessConfig",
            ),
            Rule::shape(
                "request.resource.resource != 'jobs' || (has(object.spec.activeDeadlineSeconds) && \
                 object.spec.activeDeadlineSeconds <= params.spec.maxDurationSeconds)",
                "the deadline of a switch must not be later than `maxDurationSeconds` of \
                 AccessConfig",
            ),
        ],
        ..Draft::default()
    }
}

/// Whoever has the controller's token can make paths that end, and nothing else.
fn controller_policies() -> Draft {
    let peer = format!(
        "has(p.ipBlock) || (has(p.podSelector) && {} && (!has(p.namespaceSelector) || \
         (has(p.namespaceSelector.matchLabels) && \
         '{NAMESPACE_NAME_LABEL}' in p.namespaceSelector.matchLabels)))",
        selects("p.podSelector")
    );
    let rules = |direction: &str, peers: &str| {
        format!(
            "!has(object.spec.{direction}) || object.spec.{direction}.all(r, \
             has(r.ports) && size(r.ports) > 0 && has(r.{peers}) && size(r.{peers}) > 0 && \
             r.{peers}.all(p, {peer}))"
        )
    };
    Draft {
        name: admission::CONTROLLER_POLICIES,
        about: "Of NetworkPolicies, the controller makes those that end with their switch, and \
                deletes those that belong to a grant.",
        matches: vec![Match {
            group: NETWORKING,
            resources: POLICIES,
            operations: &["CREATE", "UPDATE", "DELETE"],
        }],
        only_if: Some(by_the_controller()),
        variables: vec![("created", "request.operation == 'CREATE'".to_owned())],
        rules: vec![
            belongs(),
            Rule::shape(
                "!variables.created || (has(object.metadata.ownerReferences) && \
                 size(object.metadata.ownerReferences) == 1 && \
                 object.metadata.ownerReferences[0].apiVersion == 'batch/v1' && \
                 object.metadata.ownerReferences[0].kind == 'Job')",
                "a NetworkPolicy that belongs to a grant must have exactly one owner, its switch",
            ),
            no_finalizers(),
            Rule::shape(
                format!(
                    "!variables.created || (has(object.spec.podSelector) && {})",
                    selects("object.spec.podSelector")
                ),
                "a NetworkPolicy that belongs to a grant must select pods by their labels",
            ),
            Rule::shape(
                format!("!variables.created || ({})", rules("ingress", "from")),
                "each ingress rule must have ports and peers: address ranges, or pods by their \
                 labels in namespaces by name",
            ),
            Rule::shape(
                format!("!variables.created || ({})", rules("egress", "to")),
                "each egress rule must have ports and peers: address ranges, or pods by their \
                 labels in namespaces by name",
            ),
        ],
        ..Draft::default()
    }
}

fn controller_switches() -> Draft {
    Draft {
        name: admission::CONTROLLER_SWITCHES,
        about: "Of Jobs, the controller makes and deletes switches.",
        matches: vec![Match {
            group: "batch",
            resources: &["jobs"],
            operations: &["CREATE", "UPDATE", "DELETE"],
        }],
        only_if: Some(by_the_controller()),
        variables: vec![("created", "request.operation == 'CREATE'".to_owned())],
        rules: vec![
            belongs(),
            Rule::shape(
                "!variables.created || (has(object.spec.activeDeadlineSeconds) && \
                 object.spec.activeDeadlineSeconds > 0)",
                "a switch must have `activeDeadlineSeconds`",
            ),
            Rule::shape(
                "!variables.created || (has(object.spec.ttlSecondsAfterFinished) && \
                 object.spec.ttlSecondsAfterFinished == 0)",
                "a switch must have `ttlSecondsAfterFinished: 0`: else it stays after its \
                 deadline, and its NetworkPolicies with it",
            ),
            Rule::shape(
                "!variables.created || (has(object.spec.parallelism) && \
                 object.spec.parallelism == 0 && has(object.spec.completions) && \
                 object.spec.completions == 1)",
                "a switch must have `parallelism: 0` and `completions: 1`: it never runs a pod",
            ),
            Rule::shape(
                "!variables.created || ((!has(object.spec.suspend) || !object.spec.suspend) && \
                 !has(object.spec.managedBy))",
                "a switch must have neither `suspend` nor `managedBy`: its clock would not run",
            ),
            Rule::shape(
                "!variables.created || !has(object.metadata.ownerReferences) || \
                 size(object.metadata.ownerReferences) == 0",
                "a switch must not have owners: it would go with them",
            ),
            no_finalizers(),
        ],
        ..Draft::default()
    }
}

/// By user name, so that no label is a way around.
fn by_the_controller() -> (&'static str, String) {
    ("by-the-controller", format!("{ME} == '{CONTROLLER}'"))
}

/// What the controller makes, changes or deletes belongs to a grant.
fn belongs() -> Rule {
    Rule::right(
        format!(
            "request.operation == 'DELETE' ? (has(oldObject.metadata.labels) && \
             '{0}' in oldObject.metadata.labels) : (has(object.metadata.labels) && \
             '{0}' in object.metadata.labels)",
            label::GRANT
        ),
        "the controller makes and deletes only what has the label `access.fallgate.dev/grant`",
    )
}

fn no_finalizers() -> Rule {
    Rule::shape(
        "!variables.created || !has(object.metadata.finalizers) || \
         size(object.metadata.finalizers) == 0",
        "what belongs to a grant must not have finalizers: it would stay in force",
    )
}

/// Whether a selector names a label, whatever else it asks for.
fn selects(selector: &str) -> String {
    format!(
        "((has({selector}.matchLabels) && size({selector}.matchLabels) > 0) || \
         (has({selector}.matchExpressions) && {selector}.matchExpressions.exists(e, \
         e.operator in ['In', 'Exists'])))"
    )
}

/// Whether an update is the garbage collector's: it takes finalizers off an
/// object that is being deleted, and changes nothing else that counts.
fn collected() -> String {
    format!(
        "{ME} in {} && has(oldObject.metadata.deletionTimestamp) && \
         object.spec == oldObject.spec && \
         has(object.metadata.labels) && object.metadata.labels == oldObject.metadata.labels && \
         has(object.metadata.ownerReferences) == has(oldObject.metadata.ownerReferences) && \
         (!has(object.metadata.ownerReferences) || \
         object.metadata.ownerReferences == oldObject.metadata.ownerReferences) && \
         (!has(object.metadata.finalizers) || object.metadata.finalizers.all(f, \
         has(oldObject.metadata.finalizers) && f in oldObject.metadata.finalizers))",
        list(&[control_plane::GARBAGE_COLLECTOR, control_plane::MANAGER])
    )
}
