//! What isolates the pods at an end of a path, for good.
//!
//! A policy that selects a pod which nothing else isolates cuts all of the pod's
//! other traffic, and its end opens the pod to everything. So a grant is
//! rendered only for pods that a baseline policy isolates whatever becomes of
//! the grant, and for all that its selector could ever match.

use std::collections::BTreeSet;

use fallgate_engine::{PodId, Snapshot};
use fallgate_model::{Direction, NetworkPolicy, Str};

use crate::refusal::{End, Refusal};
use crate::scope::Pods;
use crate::selector::Constraints;

/// The baseline policies that isolate every pod which the labels could match,
/// by name; empty when nothing isolates any pod that they do match, so that no
/// policy is needed there.
pub(crate) fn isolated_by(
    snapshot: &Snapshot,
    baselines: &BTreeSet<(Str, Str)>,
    (end, pods): (End, &Pods),
    matched: &[PodId],
    direction: Direction,
) -> Result<Vec<String>, Refusal> {
    let isolating: Vec<_> = snapshot
        .network_policies()
        .into_iter()
        .filter(|policy| policy.namespace == pods.namespace && policy.rules(direction).is_some())
        .collect();
    let covering: Vec<String> = isolating
        .iter()
        .filter(|policy| baselines.contains(&(policy.namespace.clone(), policy.name.clone())))
        .filter(|policy| covers(policy, &pods.labels))
        .map(|policy| policy.name.to_string())
        .collect();
    if !covering.is_empty() {
        return Ok(covering);
    }
    let selects = |policy: &NetworkPolicy| {
        let selected = snapshot.select(&policy.namespace, &policy.pod_selector);
        selected.iter().any(|(pod, _)| matched.contains(pod))
    };
    let by: Vec<String> = isolating
        .iter()
        .filter(|policy| selects(policy))
        .map(|policy| format!("`{}`", policy.name))
        .collect();
    if by.is_empty() {
        return Ok(Vec::new());
    }
    Err(Refusal::NotIsolated {
        end,
        namespace: pods.namespace.to_string(),
        direction: direction.name(),
        by: by.join(", "),
    })
}

/// Whether a policy selects every pod that some labels could be those of.
fn covers(policy: &NetworkPolicy, labels: &Constraints) -> bool {
    Constraints::of(&policy.pod_selector).is_some_and(|selected| labels.within(&selected))
}
