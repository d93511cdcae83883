//! Nobody gives away rights that they do not have.
//!
//! Whoever may write roles or bindings could else give themselves every right of
//! the cluster, and ours among them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Authorizer, GROUP, MASTERS, Roles, Rule, items, lists, matches_path, text};
use crate::{Attributes, Refusal, View};

impl Authorizer {
    /// Refuses a role or a binding whose author may not write it. Objects that
    /// are neither are nothing that it is about.
    ///
    /// They may where they hold all that it gives, and where they hold the verb
    /// `escalate` on the role, or `bind` on the role of a binding.
    ///
    /// # Errors
    ///
    /// Where they may not, or where the role of a binding does not exist.
    pub fn escalation(
        &self,
        view: &dyn View,
        attributes: &Attributes,
        new: &Value,
        old: Option<&Value>,
    ) -> Result<(), Refusal> {
        let Some(missing) = self.given_away(view, attributes, new, old)? else { return Ok(()) };
        let name = text(&new["metadata"]["name"]);
        Err(Refusal::forbidden(GROUP, &attributes.resource, name, &missing))
    }

    /// What the author gives away and does not have.
    fn given_away(
        &self,
        view: &dyn View,
        attributes: &Attributes,
        new: &Value,
        old: Option<&Value>,
    ) -> Result<Option<String>, Refusal> {
        let writes_role = matches!(attributes.resource.as_str(), "roles" | "clusterroles");
        let writes_binding =
            matches!(attributes.resource.as_str(), "rolebindings" | "clusterrolebindings");
        if attributes.group != GROUP || !(writes_role || writes_binding) {
            return Ok(None);
        }
        if attributes.user.is_in(MASTERS) || old.is_some_and(|old| lasting(old) == lasting(new)) {
            return Ok(None);
        }
        let ask = |verb: &str, resource: &str, name: Option<&str>| {
            let question = Attributes {
                verb: verb.to_owned(),
                resource: resource.to_owned(),
                name: name.filter(|name| !name.is_empty()).map(str::to_owned),
                ..attributes.clone()
            };
            self.allowed(&question).allowed
        };
        if writes_role {
            if ask("escalate", &attributes.resource, attributes.name.as_deref()) {
                return Ok(None);
            }
            let given: Vec<Rule> = items(&new["rules"]).iter().map(Rule::read).collect();
            let aggregates =
                |role: &Value| !items(&role["aggregationRule"]["clusterRoleSelectors"]).is_empty();
            let everything = [
                json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}),
                json!({"verbs": ["*"], "nonResourceURLs": ["*"]}),
            ];
            return Ok(self.missing(attributes, &given).or_else(|| {
                let aggregates = aggregates(new) || old.is_some_and(aggregates);
                let everything = everything.each_ref().map(Rule::read);
                (aggregates && self.missing(attributes, &everything).is_some()).then(|| {
                    "must have cluster-admin privileges to use the aggregationRule".to_owned()
                })
            }));
        }
        let (kind, name) = (text(&new["roleRef"]["kind"]), text(&new["roleRef"]["name"]));
        let resource = if kind == "ClusterRole" { "clusterroles" } else { "roles" };
        if ask("bind", resource, Some(name)) {
            return Ok(None);
        }
        let roles = Roles::new(view);
        let namespace = attributes.namespace.as_deref();
        match roles.rules(kind, name, namespace) {
            Some(given) => Ok(self.missing(attributes, given)),
            None => Err(Refusal::not_found(GROUP, resource, name)),
        }
    }

    /// What of some rules a user does not hold, as the server says it.
    fn missing(&self, attributes: &Attributes, given: &[Rule]) -> Option<String> {
        let user = &attributes.user;
        let held: Vec<&Rule> = self
            .grants(attributes.namespace.as_deref())
            .filter(|grant| grant.subjects.iter().any(|subject| subject.is(user)))
            .flat_map(|grant| grant.rules.iter())
            .collect();
        // Verbs that are missing of the same resource are told together.
        let mut of_resources: BTreeMap<(&str, &str, Option<&str>), Vec<&str>> = BTreeMap::new();
        let mut missing = BTreeSet::new();
        for rule in given {
            let names: Vec<Option<&str>> = match rule.names.as_slice() {
                [] => vec![None],
                names => names.iter().map(|name| Some(name.as_str())).collect(),
            };
            for verb in &rule.verbs {
                for path in &rule.paths {
                    let holds = |held: &&Rule| {
                        lists(&held.verbs, verb)
                            && held.paths.iter().any(|of| matches_path(of, path))
                    };
                    if !held.iter().any(holds) {
                        missing.insert(format!("{{NonResourceURLs:[{path:?}], Verbs:[{verb:?}]}}"));
                    }
                }
                for group in &rule.groups {
                    for resource in &rule.resources {
                        for name in &names {
                            let holds = |held: &&Rule| covers(held, verb, group, resource, *name);
                            if !held.iter().any(holds) {
                                let of = (group.as_str(), resource.as_str(), *name);
                                of_resources.entry(of).or_default().push(verb);
                            }
                        }
                    }
                }
            }
        }
        for ((group, resource, name), verbs) in of_resources {
            let name = name.map_or(String::new(), |name| format!(", ResourceNames:[{name:?}]"));
            missing.insert(format!(
                "{{APIGroups:[{group:?}], Resources:[{resource:?}]{name}, Verbs:[{}]}}",
                quoted(&verbs)
            ));
        }
        if missing.is_empty() {
            return None;
        }
        let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
        Some(format!(
            "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
            user.username,
            quoted(&groups),
            missing.into_iter().collect::<Vec<_>>().join("\n")
        ))
    }
}

/// Whether a rule allows one thing.
fn covers(held: &Rule, verb: &str, group: &str, resource: &str, name: Option<&str>) -> bool {
    let subresource = resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
    let resources = |of: &String| of == "*" || of == resource || Some(of) == subresource.as_ref();
    lists(&held.verbs, verb)
        && lists(&held.groups, group)
        && held.resources.iter().any(resources)
        && (held.names.is_empty()
            || name.is_some_and(|name| held.names.iter().any(|of| of == name)))
}

/// An object without what a garbage collector changes of it, and what every
/// write does.
fn lasting(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for passing in ["ownerReferences", "finalizers", "managedFields", "resourceVersion"] {
            metadata.remove(passing);
        }
    }
    object
}

/// As the server prints lists: in quotes, apart by spaces.
fn quoted(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" ")
}
