//! Authorisation by the stored Roles, ClusterRoles and their bindings.
//!
//! Rights only add up: whatever cannot be read (a rule that is no object, a
//! binding to a role that does not exist) gives no rights and takes none away.

mod escalation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::label_selector::LabelSelector;
use crate::{Attributes, UserInfo, View};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Members of this group may do anything, whatever roles say.
const MASTERS: &str = "system:masters";

/// Whether a request may proceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// True when some rule allows it; RBAC never denies by rule.
    pub allowed: bool,
    /// Which binding and role allow it, in the words of the real authoriser;
    /// empty when none does.
    pub reason: String,
}

/// Who may do what, as it was when it was read from the store.
#[derive(Debug, Default)]
pub struct Authorizer {
    /// By ClusterRoleBindings, in order of name.
    cluster: Vec<Grant>,
    /// By RoleBindings of a namespace, in order of name.
    namespaced: BTreeMap<String, Vec<Grant>>,
}

/// One binding with the rules of its role.
#[derive(Debug)]
struct Grant {
    /// Such as `ClusterRoleBinding "admins" of ClusterRole "admin"`.
    origin: String,
    subjects: Vec<Subject>,
    rules: Arc<[Rule]>,
}

#[derive(Debug)]
enum Subject {
    User(String),
    Group(String),
    /// With the name that the account authenticates by.
    ServiceAccount {
        namespace: String,
        name: String,
        username: String,
    },
}

/// A `PolicyRule`.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    paths: Vec<String>,
}

impl Authorizer {
    /// What the view's roles and bindings allow. It holds for as long as the
    /// [revision](Authorizer::revision) stays the same.
    pub fn new(view: &dyn View) -> Authorizer {
        let roles = Roles::new(view);
        let cluster = view
            .list(GROUP, "clusterrolebindings", None)
            .into_iter()
            .filter_map(|binding| roles.grant(binding, None))
            .collect();
        let mut namespaced: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
        for binding in view.list(GROUP, "rolebindings", None) {
            let namespace = text(&binding["metadata"]["namespace"]);
            if let Some(grant) = roles.grant(binding, Some(namespace)) {
                namespaced.entry(namespace.to_owned()).or_default().push(grant);
            }
        }
        Authorizer { cluster, namespaced }
    }

    /// Of what an authoriser is made: when this changes, it is out of date.
    pub fn revision(view: &dyn View) -> [u64; 4] {
        ["clusterroles", "clusterrolebindings", "roles", "rolebindings"]
            .map(|resource| view.revision(GROUP, resource))
    }

    /// Whether a request may proceed.
    pub fn allowed(&self, attributes: &Attributes) -> Decision {
        let user = &attributes.user;
        if user.is_in(MASTERS) {
            return Decision { allowed: true, reason: String::new() };
        }
        let grants = self.grants(attributes.namespace.as_deref());
        for grant in grants {
            let Some(subject) = grant.subjects.iter().find(|subject| subject.is(user)) else {
                continue;
            };
            if grant.rules.iter().any(|rule| rule.allows(attributes)) {
                let reason = format!("RBAC: allowed by {} to {}", grant.origin, subject.describe());
                return Decision { allowed: true, reason };
            }
        }
        Decision { allowed: false, reason: String::new() }
    }

    /// The `status` of a `SelfSubjectRulesReview`: what somebody may do in a
    /// namespace.
    pub fn rules(&self, user: &UserInfo, namespace: &str) -> Value {
        let everything = Rule {
            verbs: vec!["*".to_owned()],
            groups: vec!["*".to_owned()],
            resources: vec!["*".to_owned()],
            names: Vec::new(),
            paths: vec!["*".to_owned()],
        };
        let mut rules: Vec<&Rule> = Vec::new();
        if user.is_in(MASTERS) {
            rules.push(&everything);
        }
        for grant in self.grants(Some(namespace).filter(|namespace| !namespace.is_empty())) {
            if grant.subjects.iter().any(|subject| subject.is(user)) {
                rules.extend(grant.rules.iter());
            }
        }
        let (mut resources, mut paths) = (Vec::new(), Vec::new());
        for rule in rules {
            if !rule.resources.is_empty() {
                let mut entry = json!({
                    "verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources,
                });
                if !rule.names.is_empty() {
                    entry["resourceNames"] = json!(rule.names);
                }
                resources.push(entry);
            }
            if !rule.paths.is_empty() {
                paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.paths}));
            }
        }
        json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
    }

    /// The grants that count in a namespace, cluster-wide ones first.
    fn grants(&self, namespace: Option<&str>) -> impl Iterator<Item = &Grant> {
        let namespaced = namespace.and_then(|namespace| self.namespaced.get(namespace));
        self.cluster.iter().chain(namespaced.into_iter().flatten())
    }
}

impl UserInfo {
    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|of| of == group)
    }
}

impl Rule {
    fn read(rule: &Value) -> Rule {
        Rule {
            verbs: texts(&rule["verbs"]),
            groups: texts(&rule["apiGroups"]),
            resources: texts(&rule["resources"]),
            names: texts(&rule["resourceNames"]),
            paths: texts(&rule["nonResourceURLs"]),
        }
    }

    fn allows(&self, attributes: &Attributes) -> bool {
        if !lists(&self.verbs, &attributes.verb) {
            return false;
        }
        if !attributes.path.is_empty() {
            return self.paths.iter().any(|path| matches_path(path, &attributes.path));
        }
        lists(&self.groups, &attributes.group)
            && self.resources.iter().any(|resource| matches_resource(resource, attributes))
            && (self.names.is_empty()
                || attributes.name.as_ref().is_some_and(|name| self.names.contains(name)))
    }
}

/// Whether a list of a rule has a value, or the `*` that stands for all.
fn lists(list: &[String], value: &str) -> bool {
    list.iter().any(|item| item == "*" || item == value)
}

/// `*` is everything, subresources included; `*/status` is that subresource of
/// anything; `pods` is not `pods/status`.
fn matches_resource(resource: &str, attributes: &Attributes) -> bool {
    if resource == "*" {
        return true;
    }
    match resource.split_once('/') {
        None => attributes.subresource.is_empty() && resource == attributes.resource,
        Some((of, subresource)) => {
            !attributes.subresource.is_empty()
                && subresource == attributes.subresource
                && (of == "*" || of == attributes.resource)
        }
    }
}

/// A final `*` stands for any rest of a path.
fn matches_path(rule: &str, path: &str) -> bool {
    rule == path || rule.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
}

impl Subject {
    /// An account that names no namespace is of the binding's own; a
    /// ClusterRoleBinding has none, so that such a subject is nobody.
    fn read(subject: &Value, namespace: Option<&str>) -> Option<Subject> {
        let name = text(&subject["name"]).to_owned();
        match text(&subject["kind"]) {
            "User" => Some(Subject::User(name)),
            "Group" => Some(Subject::Group(name)),
            "ServiceAccount" => {
                let namespace = match text(&subject["namespace"]) {
                    "" => namespace?.to_owned(),
                    namespace => namespace.to_owned(),
                };
                let username = format!("system:serviceaccount:{namespace}:{name}");
                Some(Subject::ServiceAccount { namespace, name, username })
            }
            _ => None,
        }
    }

    fn is(&self, user: &UserInfo) -> bool {
        match self {
            Subject::User(name) => *name == user.username,
            Subject::Group(name) => user.is_in(name),
            Subject::ServiceAccount { username, .. } => *username == user.username,
        }
    }

    fn describe(&self) -> String {
        match self {
            Subject::User(name) => format!("User \"{name}\""),
            Subject::Group(name) => format!("Group \"{name}\""),
            Subject::ServiceAccount { namespace, name, .. } => {
                format!("ServiceAccount \"{name}/{namespace}\"")
            }
        }
    }
}

/// The rules of every role, by namespace and name.
struct Roles {
    cluster: BTreeMap<String, Arc<[Rule]>>,
    namespaced: BTreeMap<(String, String), Arc<[Rule]>>,
}

impl Roles {
    fn new(view: &dyn View) -> Roles {
        let stored = view.list(GROUP, "clusterroles", None);
        let cluster = stored
            .iter()
            .map(|role| {
                let mut rules = Vec::new();
                collect(&stored, role, &mut BTreeSet::new(), &mut rules);
                (text(&role["metadata"]["name"]).to_owned(), rules.into())
            })
            .collect();
        let namespaced = view
            .list(GROUP, "roles", None)
            .into_iter()
            .map(|role| {
                let metadata = &role["metadata"];
                let key = (text(&metadata["namespace"]).to_owned(), text(&metadata["name"]));
                ((key.0, key.1.to_owned()), items(&role["rules"]).iter().map(Rule::read).collect())
            })
            .collect();
        Roles { cluster, namespaced }
    }

    /// What a role allows that is named from within a namespace, or from none.
    fn rules(&self, kind: &str, name: &str, namespace: Option<&str>) -> Option<&Arc<[Rule]>> {
        match (kind, namespace) {
            ("ClusterRole", _) => self.cluster.get(name),
            ("Role", Some(namespace)) => {
                self.namespaced.get(&(namespace.to_owned(), name.to_owned()))
            }
            _ => None,
        }
    }

    /// A binding with what its role allows; none where there is no such role.
    fn grant(&self, binding: &Value, namespace: Option<&str>) -> Option<Grant> {
        let name = text(&binding["metadata"]["name"]);
        let (kind, role) = (text(&binding["roleRef"]["kind"]), text(&binding["roleRef"]["name"]));
        let rules = self.rules(kind, role, namespace)?;
        let origin = match namespace {
            None => format!("ClusterRoleBinding \"{name}\" of {kind} \"{role}\""),
            Some(namespace) => format!("RoleBinding \"{name}/{namespace}\" of {kind} \"{role}\""),
        };
        let subjects = items(&binding["subjects"])
            .iter()
            .filter_map(|subject| Subject::read(subject, namespace))
            .collect();
        Some(Grant { origin, subjects, rules: rules.clone() })
    }
}

/// Adds the rules of a ClusterRole. Where it aggregates others, its own rules
/// do not count: the controller that keeps them up to date on a real server
/// overwrites them with those of the roles that it selects.
fn collect(stored: &[&Value], role: &Value, seen: &mut BTreeSet<String>, rules: &mut Vec<Rule>) {
    if !seen.insert(text(&role["metadata"]["name"]).to_owned()) {
        return;
    }
    let Some(selectors) = role["aggregationRule"]["clusterRoleSelectors"].as_array() else {
        for rule in items(&role["rules"]).iter().map(Rule::read) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        return;
    };
    for selector in selectors.iter().filter_map(|selector| LabelSelector::read(selector).ok()) {
        for other in stored.iter().filter(|other| selector.matches(&other["metadata"]["labels"])) {
            collect(stored, other, seen, rules);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    items(value).iter().map(|item| text(item).to_owned()).collect()
}
