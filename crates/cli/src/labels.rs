//! Selectors over labels of which not everything need be known.

use fallgate_engine::{PodId, Snapshot, Tri, matches};
use fallgate_model::{
    ClusterPolicy, Direction, Labels, METADATA_NAME, NamespaceMatch, Opaque, Operator, Pod,
    Requirement, Scope, Selector,
};

/// The labels of a namespace; of one that is not in the input, its name.
pub(crate) fn namespace_labels(snapshot: &Snapshot, name: &str) -> Labels {
    match snapshot.namespace(name) {
        Some(namespace) => namespace.labels.clone(),
        None => Labels { open: true, ..Labels::new([(METADATA_NAME, name)]) },
    }
}

/// Whether an object that is not evaluated could change what some of these pods
/// may do in a direction.
pub(crate) fn may_bear(
    snapshot: &Snapshot,
    opaque: &Opaque,
    pods: &[PodId],
    direction: Direction,
) -> bool {
    let covers = |pod: &Pod| match &opaque.scope {
        Scope::Cluster => true,
        Scope::Namespace(namespace) => pod.namespace == *namespace,
        Scope::Pods(namespaces, selector) => {
            let inside = match namespaces {
                NamespaceMatch::Own => pod.namespace == opaque.namespace,
                NamespaceMatch::Selector(wanted) => {
                    matches(wanted, &namespace_labels(snapshot, &pod.namespace)) != Tri::No
                }
            };
            inside && matches(selector, &pod.labels) != Tri::No
        }
    };
    opaque.directions.contains(&direction)
        && pods.iter().filter_map(|id| snapshot.pod(*id)).any(|pod| covers(pod))
}

/// Whether policies of one priority bear on some of these pods, so that their
/// order is left open.
pub(crate) fn order_is_open(snapshot: &Snapshot, pods: &[PodId], direction: Direction) -> bool {
    let selects = |policy: &ClusterPolicy| {
        pods.iter().filter_map(|id| snapshot.pod(*id)).any(|pod| {
            let namespace = namespace_labels(snapshot, &pod.namespace);
            matches(&policy.subject.namespaces, &namespace)
                .and(matches(&policy.subject.pods, &pod.labels))
                != Tri::No
        })
    };
    let mut seen = std::collections::BTreeSet::new();
    (snapshot.cluster_policies())
        .filter(|policy| !policy.rules(direction).is_empty() && selects(policy))
        .any(|policy| !seen.insert((policy.tier, policy.priority)))
}

/// Reads a selector as kubectl's `-l` has it: `app=web,tier!=cache`,
/// `env in (a, b)`, `env notin (a)`, `canary`, `!canary`.
pub(crate) fn parse(text: &str) -> Result<Selector, String> {
    let mut requirements = Vec::new();
    for part in split(text) {
        let fail = || {
            format!(
                "`{part}` is no requirement; write app=web, app!=web, app in (a,b), app notin (a), app or !app"
            )
        };
        requirements.push(requirement(part).ok_or_else(fail)?);
    }
    Ok(Selector::new(requirements))
}

/// The parts between commas that stand in no parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let word = |text: &str, empty: bool| {
        let text = text.trim();
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        ((empty || !text.is_empty()) && text.bytes().all(known)).then(|| text.to_owned())
    };
    let made = |key: &str, operator, values: Vec<String>| {
        let values = values.into_iter().map(Into::into).collect();
        Some(Requirement { key: word(key, false)?.into(), operator, values })
    };
    if let Some(list) = text.strip_suffix(')') {
        let (head, list) = list.split_once('(')?;
        let (key, operator) = head.trim().rsplit_once(char::is_whitespace)?;
        let operator = match operator {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            _ => return None,
        };
        let values = list.split(',').map(|v| word(v, true)).collect::<Option<Vec<_>>>()?;
        return made(key, operator, values);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return made(key, Operator::NotIn, vec![word(value, true)?]);
    }
    if let Some((key, value)) = text.split_once('=') {
        let value = value.strip_prefix('=').unwrap_or(value);
        return made(key, Operator::In, vec![word(value, true)?]);
    }
    match text.strip_prefix('!') {
        Some(key) => made(key, Operator::DoesNotExist, Vec::new()),
        None => made(text, Operator::Exists, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_kubectl_reads_them() {
        let labels = Labels::new([("app", "web"), ("env", "prod")]);
        for (text, selects) in [
            ("app=web", Tri::Yes),
            ("app==web,env!=test", Tri::Yes),
            ("app != web", Tri::No),
            ("env in (prod, test),app", Tri::Yes),
            ("env notin (prod)", Tri::No),
            ("!canary", Tri::Yes),
            ("canary", Tri::No),
            ("tier!=cache", Tri::Yes),
        ] {
            assert_eq!(matches(&parse(text).unwrap(), &labels), selects, "{text}");
        }
        for text in ["", "=web", "app=a=b", "app in web", "app in (a", "a b", "app=web,,"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
