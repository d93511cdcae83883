//! What planning takes of objects besides what the reader of manifests keeps.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::names::label;
use fallgate_engine::WorkloadRef;
use fallgate_model::{Selector, Str};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use crate::selector;

/// What objects say, each looked at once: the rest of a [`World`](crate::World),
/// and what is to be left out of its engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Namespace and name of every NetworkPolicy with the baseline label.
    pub baselines: BTreeSet<(Str, Str)>,
    /// The selector by which each workload finds its pods; of a pod, its labels.
    pub workloads: BTreeMap<WorkloadRef, Selector>,
    /// What belongs to grants, by kind, namespace and name: the cluster is judged
    /// without it.
    pub granted: BTreeSet<(&'static str, Str, Str)>,
}

impl Facts {
    /// Looks at an object, as the API server has it or as it is written in a
    /// file. The group and kind are told apart from it, since the items of a list
    /// do not have them. What cannot be read says nothing.
    pub fn see(&mut self, group: &str, kind: &str, object: &Value) {
        let Some((namespace, name)) = place(object) else { return };
        let labelled =
            |key: &str| object.get("metadata").and_then(|m| m.get("labels")?.get(key)).is_some();
        match (group, kind) {
            ("networking.k8s.io", "NetworkPolicy") if labelled(label::GRANT) => {
                self.granted.insert(("NetworkPolicy", namespace, name));
            }
            ("networking.k8s.io", "NetworkPolicy") if labelled(label::BASELINE) => {
                self.baselines.insert((namespace, name));
            }
            ("batch", "Job") if labelled(label::GRANT) => {
                self.granted.insert(("Job", namespace, name));
            }
            _ => {
                if let Some(selector) = pods_of(group, kind, object) {
                    let workload = WorkloadRef { namespace, name, kind: kind.into() };
                    self.workloads.insert(workload, selector);
                }
            }
        }
    }
}

fn place(object: &Value) -> Option<(Str, Str)> {
    let text = |key: &str| object.get("metadata")?.get(key)?.as_str();
    Some((text("namespace")?.into(), text("name")?.into()))
}

/// By what a workload finds its pods; nothing where it is none, or a Job whose
/// selector only the API server knows.
fn pods_of(group: &str, kind: &str, object: &Value) -> Option<Selector> {
    let labels = |value: &Value| {
        Some(LabelSelector {
            match_labels: serde_json::from_value(value.clone()).ok()?,
            match_expressions: None,
        })
    };
    let selector = match (group, kind) {
        ("", "Pod") => labels(object.get("metadata")?.get("labels")?)?,
        ("", "ReplicationController") => labels(object.get("spec")?.get("selector")?)?,
        ("apps", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet") | ("batch", "Job") => {
            serde_json::from_value(object.get("spec")?.get("selector")?.clone()).ok()?
        }
        _ => return None,
    };
    selector::read(&selector).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, labels: Value, spec: Value) -> Value {
        json!({"metadata": {"namespace": "shop", "name": name, "labels": labels}, "spec": spec})
    }

    #[test]
    fn baselines_and_what_grants_own_are_told_apart() {
        let mut facts = Facts::default();
        let grant = || json!({"access.fallgate.dev/grant": "u"});
        let both = json!({
            "access.fallgate.dev/grant": "u", "access.fallgate.dev/baseline": "true",
        });
        let baseline = || json!({"access.fallgate.dev/baseline": "true"});
        let group = "networking.k8s.io";
        facts.see(group, "NetworkPolicy", &object("deny", baseline(), json!({})));
        facts.see(group, "NetworkPolicy", &object("opened", grant(), json!({})));
        // What a grant owns isolates nothing for the next one.
        facts.see(group, "NetworkPolicy", &object("both", both, json!({})));
        facts.see("other", "NetworkPolicy", &object("foreign", baseline(), json!({})));
        facts.see("batch", "Job", &object("switch", grant(), json!({"selector": {}})));
        assert_eq!(facts.baselines, BTreeSet::from([("shop".into(), "deny".into())]));
        let granted = [
            ("Job", "shop".into(), "switch".into()),
            ("NetworkPolicy", "shop".into(), "both".into()),
            ("NetworkPolicy", "shop".into(), "opened".into()),
        ];
        assert_eq!(facts.granted, BTreeSet::from(granted));
        assert!(facts.workloads.is_empty());
    }

    #[test]
    fn a_workload_is_known_by_its_selector() {
        let mut facts = Facts::default();
        let app = || json!({"matchLabels": {"app": "db"}});
        facts.see("apps", "StatefulSet", &object("db", json!({}), json!({"selector": app()})));
        facts.see(
            "",
            "ReplicationController",
            &object("rc", json!({}), json!({"selector": {"app": "db"}})),
        );
        facts.see("", "Pod", &object("lone", json!({"app": "db"}), json!({})));
        let expected = Selector::match_labels([("app", "db")]);
        assert_eq!(facts.workloads.len(), 3);
        assert!(facts.workloads.values().all(|selector| *selector == expected));
        // What is not understood finds no pods, instead of all.
        let odd = json!({"selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}});
        facts.see("apps", "Deployment", &object("odd", json!({}), odd));
        facts.see("apps", "Deployment", &object("none", json!({}), json!({})));
        facts.see("", "Pod", &object("wrong", json!("labels"), json!({})));
        facts.see("batch", "CronJob", &object("cron", json!({}), json!({"selector": app()})));
        assert_eq!(facts.workloads.len(), 3);
    }
}
