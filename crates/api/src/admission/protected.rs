//! What plans rely on and grants do not own: baselines, and labels.

use super::build::{Config, Draft, Match, Rule};
use super::ours::list;
use crate::GROUP;
use crate::names::{admission, control_plane, label, verb};

const ME: &str = "request.userInfo.username";

pub(super) fn drafts() -> Vec<Draft> {
    let pods = "object.metadata.labels";
    let workloads = "object.spec.template.metadata.labels";
    let cron_jobs = "object.spec.jobTemplate.spec.template.metadata.labels";
    let templates = "object.template.metadata.labels";
    vec![
        baseline(),
        labels(
            admission::LABELS_OF_PODS,
            pods,
            vec![
                on("", &["pods"]),
                // A write of the status may change labels, too.
                Match { group: "", resources: &["pods/status"], operations: &["UPDATE"] },
            ],
        ),
        labels(
            admission::LABELS_OF_WORKLOADS,
            workloads,
            vec![
                on("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"]),
                on("batch", &["jobs"]),
                on("", &["replicationcontrollers"]),
            ],
        ),
        labels(admission::LABELS_OF_CRON_JOBS, cron_jobs, vec![on("batch", &["cronjobs"])]),
        labels(admission::LABELS_OF_POD_TEMPLATES, templates, vec![on("", &["podtemplates"])]),
    ]
}

/// A grant counts on its baseline when it opens, and leaves it alone when it
/// ends.
fn baseline() -> Draft {
    Draft {
        name: admission::BASELINE,
        about: "A baseline NetworkPolicy is made, changed and deleted by who may manage policies \
                in its namespace.",
        matches: vec![Match {
            group: "networking.k8s.io",
            resources: &["networkpolicies"],
            operations: &["CREATE", "UPDATE", "DELETE"],
        }],
        labelled: Some(label::BASELINE),
        rules: vec![
            Rule::right(
                format!(
                    "{ME} in {} || {}",
                    list(&[
                        control_plane::NAMESPACES,
                        control_plane::GARBAGE_COLLECTOR,
                        control_plane::MANAGER,
                    ]),
                    manages()
                ),
                "only who has the verb `manage` on accesspolicies here writes or deletes a \
                 NetworkPolicy with the label `access.fallgate.dev/baseline`",
            )
            .saying(format!(
                "{ME} + ' lacks the verb `{}` on accesspolicies in ' + request.namespace + \
                 ', which baseline policies need'",
                verb::MANAGE
            )),
        ],
        ..Draft::default()
    }
}

/// The labels that decide which pods a path starts or ends at, wherever they
/// come from. Pods are everybody's, so that nothing is refused because
/// AccessConfig is missing or unreadable: without it, nothing opens.
fn labels(name: &'static str, path: &str, matches: Vec<Match>) -> Draft {
    Draft {
        name,
        about: "Protected labels of AccessConfig are set and removed by who may manage policies \
                in the namespace, on pods and in every template of pods.",
        matches,
        config: Config::Optional,
        variables: vec![
            ("labels", or_empty(path)),
            (
                "before",
                format!(
                    "oldObject == null ? {{}} : ({})",
                    or_empty(&format!("oldO{}", &path[1..]))
                ),
            ),
            (
                "changed",
                "params.spec.protectedLabelKeys.filter(k, (k in variables.labels) != \
                 (k in variables.before) || (k in variables.labels && \
                 variables.labels[k] != variables.before[k]))"
                    .to_owned(),
            ),
        ],
        rules: vec![
            Rule::right(
                format!(
                    "size(variables.changed) == 0 || {ME} in {} || {}",
                    list(control_plane::WORKLOADS),
                    manages()
                ),
                "only who has the verb `manage` on accesspolicies here sets or removes a \
                 protected label",
            )
            .saying(format!(
                "{ME} + ' lacks the verb `{}` on accesspolicies in ' + request.namespace + \
                 ', which the protected label ' + variables.changed[0] + ' needs'",
                verb::MANAGE
            )),
        ],
        ..Draft::default()
    }
}

fn on(group: &'static str, resources: &'static [&'static str]) -> Match {
    Match { group, resources, operations: &["CREATE", "UPDATE"] }
}

/// Whether the caller manages policies in the namespace.
fn manages() -> String {
    format!(
        "authorizer.group('{GROUP}').resource('accesspolicies').namespace(request.namespace)\
         .check('{}').allowed()",
        verb::MANAGE
    )
}

/// The map at a path, or an empty one where there is none: each step is looked
/// for before it is taken.
fn or_empty(path: &str) -> String {
    let steps: Vec<usize> =
        path.match_indices('.').map(|(at, _)| at).skip(1).chain([path.len()]).collect();
    let there: Vec<String> = steps
        .iter()
        .filter_map(|end| path.get(..*end))
        .map(|path| format!("has({path})"))
        .collect();
    format!("{} ? {path} : {{}}", there.join(" && "))
}
