//! Selectors (§3).

use std::borrow::Cow;

use fallgate_model::{
    Labels, METADATA_NAME, NamespaceMatch, Node, Operator, Pod, Requirement, Selector,
};

use crate::World;
use crate::tri::Tri;

/// §3: the three-valued AND of the requirements; the empty selector is yes.
pub(crate) fn selects(selector: &Selector, labels: &Labels) -> Tri {
    Tri::all(selector.requirements.iter().map(|r| meets(r, labels)))
}

/// §3: one requirement. `NotIn` and `DoesNotExist` are the negations of `In`
/// and `Exists`, so they hold where the key is absent.
fn meets(requirement: &Requirement, labels: &Labels) -> Tri {
    match requirement.operator {
        Operator::In => is_in(requirement, labels),
        Operator::NotIn => is_in(requirement, labels).not(),
        Operator::Exists => exists(requirement, labels),
        Operator::DoesNotExist => exists(requirement, labels).not(),
    }
}

fn is_in(requirement: &Requirement, labels: &Labels) -> Tri {
    if let Some(value) = labels.get(&requirement.key) {
        Tri::from(requirement.values.contains(value))
    } else if labels.unvalued.contains(&requirement.key) || labels.open {
        Tri::Unknown
    } else {
        Tri::No
    }
}

fn exists(requirement: &Requirement, labels: &Labels) -> Tri {
    if labels.get(&requirement.key).is_some() || labels.unvalued.contains(&requirement.key) {
        Tri::Yes
    } else if labels.open {
        Tri::Unknown
    } else {
        Tri::No
    }
}

impl<'a> World<'a> {
    /// §3: of a namespace that is missing from the input only the name is known.
    pub(crate) fn namespace_labels(self, name: &str) -> Cow<'a, Labels> {
        match self.cluster.namespaces.iter().find(|n| *n.name == *name) {
            Some(namespace) => Cow::Borrowed(&namespace.labels),
            None => {
                let mut labels = Labels::new([(METADATA_NAME, name)]);
                labels.open = true;
                Cow::Owned(labels)
            }
        }
    }

    /// Whether a pod has these labels in a namespace with those: peers and
    /// subjects of cluster-wide policies (§5). Never a hostNetwork pod.
    pub(crate) fn selects_pod(self, namespaces: &Selector, pods: &Selector, pod: &Pod) -> Tri {
        if pod.host_network {
            return Tri::No;
        }
        selects(namespaces, &self.namespace_labels(&pod.namespace)).and(selects(pods, &pod.labels))
    }

    /// The same where no namespace selector means the object's own namespace:
    /// peers of NetworkPolicies (§4) and the scopes of §7.
    pub(crate) fn selects_pod_from(
        self,
        own: &str,
        namespaces: &NamespaceMatch,
        pods: &Selector,
        pod: &Pod,
    ) -> Tri {
        match namespaces {
            NamespaceMatch::Own => Tri::from(*pod.namespace == *own).and(self.selects_pod(
                &Selector::default(),
                pods,
                pod,
            )),
            NamespaceMatch::Selector(namespaces) => self.selects_pod(namespaces, pods, pod),
        }
    }

    /// The Node object of this name, where it is in the input.
    pub(crate) fn node(self, name: &str) -> Option<&'a Node> {
        self.cluster.nodes.iter().find(|n| *n.name == *name)
    }
}
