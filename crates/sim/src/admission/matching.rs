//! Which requests a policy or a binding is about.

use serde_json::Value;

use super::{Operation, Review, is_namespace, namespace};
use crate::View;
use crate::label_selector::LabelSelector;

/// `MatchResources`: everything of it must hold.
#[derive(Debug)]
pub(super) struct Criteria {
    namespaces: Result<LabelSelector, String>,
    objects: Result<LabelSelector, String>,
    /// About which requests; about all where there is none.
    rules: Vec<Rule>,
    except: Vec<Rule>,
    /// Whether a rule about another version of the resource counts.
    equivalent: bool,
}

/// A `NamedRuleWithOperations`.
#[derive(Debug)]
struct Rule {
    names: Vec<String>,
    operations: Vec<String>,
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<String>,
    scope: Scope,
}

#[derive(Clone, Copy, Debug)]
enum Scope {
    All,
    Cluster,
    Namespaced,
}

impl Criteria {
    pub(super) fn read(matches: &Value) -> Criteria {
        let rules = |key: &str| -> Vec<Rule> {
            matches[key].as_array().into_iter().flatten().map(Rule::read).collect()
        };
        Criteria {
            namespaces: LabelSelector::read(&matches["namespaceSelector"]),
            objects: LabelSelector::read(&matches["objectSelector"]),
            rules: rules("resourceRules"),
            except: rules("excludeResourceRules"),
            equivalent: matches["matchPolicy"] != "Exact",
        }
    }

    /// Whether a request is meant, or why that cannot be said.
    pub(super) fn matches(&self, view: &dyn View, review: &Review) -> Result<bool, String> {
        // What does not concern the request cannot fail for it.
        let in_namespace = self.namespace(view, review);
        let on_object = self.object(review);
        if in_namespace == Ok(false) || on_object == Ok(false) {
            return Ok(false);
        }
        if self.any(&self.except, view, review)? {
            return Ok(false);
        }
        if !self.rules.is_empty() && !self.any(&self.rules, view, review)? {
            return Ok(false);
        }
        Ok(in_namespace? && on_object?)
    }

    fn any(&self, rules: &[Rule], view: &dyn View, review: &Review) -> Result<bool, String> {
        let attributes = review.attributes;
        if rules.iter().any(|rule| rule.matches(review) && rule.is_of(&attributes.version)) {
            return Ok(true);
        }
        if !self.equivalent {
            return Ok(false);
        }
        for rule in rules.iter().filter(|rule| rule.matches(review)) {
            for version in rule.versions.iter().filter(|version| *version != "*") {
                let served = view.resource_of(&attributes.group, version, review.kind);
                if served.is_some_and(|(resource, _)| resource == attributes.resource) {
                    return Err(format!(
                        "unable to convert to {}/{version}: conversion is not simulated",
                        attributes.group
                    ));
                }
            }
        }
        Ok(false)
    }

    /// A cluster-scoped object is in every namespace; a namespace is in itself.
    fn namespace(&self, view: &dyn View, review: &Review) -> Result<bool, String> {
        let selector = self.namespaces.as_ref().map_err(String::clone)?;
        let Some(name) = namespace(review.attributes) else { return Ok(true) };
        if selector.is_empty() {
            return Ok(true);
        }
        let attributes = review.attributes;
        let itself = is_namespace(attributes) && attributes.subresource.is_empty();
        let object = match (review.object, review.operation) {
            (Some(object), Operation::Create | Operation::Update) if itself => Some(object),
            _ => view.get("", "namespaces", None, name),
        };
        let object = object.ok_or_else(|| format!("namespaces \"{name}\" not found"))?;
        Ok(selector.matches(&object["metadata"]["labels"]))
    }

    /// The selector holds for the object as it is or as it is to be.
    fn object(&self, review: &Review) -> Result<bool, String> {
        let selector = self.objects.as_ref().map_err(String::clone)?;
        let selects = |object: Option<&Value>| {
            object.is_some_and(|object| selector.matches(&object["metadata"]["labels"]))
        };
        Ok(selector.is_empty() || selects(review.object) || selects(review.old))
    }
}

impl Rule {
    fn read(rule: &Value) -> Rule {
        let texts = |key: &str| -> Vec<String> {
            let items = rule[key].as_array().into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Rule {
            names: texts("resourceNames"),
            operations: texts("operations"),
            groups: texts("apiGroups"),
            versions: texts("apiVersions"),
            resources: texts("resources"),
            scope: match rule["scope"].as_str() {
                Some("Cluster") => Scope::Cluster,
                Some("Namespaced") => Scope::Namespaced,
                _ => Scope::All,
            },
        }
    }

    /// Whether the rule is about a request, but for the version.
    fn matches(&self, review: &Review) -> bool {
        let attributes = review.attributes;
        let namespaced = attributes.namespace.is_some() && !is_namespace(attributes);
        let in_scope = match self.scope {
            Scope::All => true,
            Scope::Cluster => !namespaced,
            Scope::Namespaced => namespaced,
        };
        in_scope
            && lists(&self.operations, review.operation.name())
            && lists(&self.groups, &attributes.group)
            && self.resources.iter().any(|of| {
                let (resource, subresource) = of.split_once('/').unwrap_or((of, ""));
                (resource == "*" || resource == attributes.resource)
                    && (subresource == "*" || subresource == attributes.subresource)
            })
            && (self.names.is_empty()
                || self.names.iter().any(|name| attributes.name.as_ref() == Some(name)))
    }

    fn is_of(&self, version: &str) -> bool {
        lists(&self.versions, version)
    }
}

fn lists(items: &[String], value: &str) -> bool {
    items.iter().any(|item| item == "*" || item == value)
}
