//! A cluster of objects in memory, and requests to it.

use std::collections::BTreeMap;

use fallgate_sim::admission::{Admission, Denial, Operation, Review};
use fallgate_sim::{Attributes, UserInfo, View};
use serde_json::{Value, json};

/// Group, resource, namespace and name.
type Key = (String, String, String, String);

#[derive(Default)]
pub(crate) struct Cluster {
    objects: BTreeMap<Key, Value>,
    /// The resource and scope of each group, version and kind.
    kinds: BTreeMap<(String, String, String), (String, bool)>,
    revision: u64,
}

impl Cluster {
    /// Adds the objects of YAML documents, in the place of older ones.
    pub(crate) fn add(&mut self, yaml: &str) {
        let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
        for document in documents {
            self.put(document);
        }
    }

    pub(crate) fn put(&mut self, object: Value) {
        let group_version = text(&object["apiVersion"]);
        let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
        let resource = resource(text(&object["kind"]));
        let namespace = text(&object["metadata"]["namespace"]);
        let key = (
            group.to_owned(),
            resource.clone(),
            namespace.to_owned(),
            text(&object["metadata"]["name"]).to_owned(),
        );
        if object["kind"] == "CustomResourceDefinition" {
            let spec = &object["spec"];
            for version in spec["versions"].as_array().unwrap() {
                let kind = (
                    text(&spec["group"]).to_owned(),
                    text(&version["name"]).to_owned(),
                    text(&spec["names"]["kind"]).to_owned(),
                );
                let plural = text(&spec["names"]["plural"]).to_owned();
                self.kinds.insert(kind, (plural, spec["scope"] == "Namespaced"));
            }
        } else {
            let kind = (group.to_owned(), version.to_owned(), text(&object["kind"]).to_owned());
            self.kinds.entry(kind).or_insert((resource, !namespace.is_empty()));
        }
        self.objects.insert(key, object);
        self.revision += 1;
    }

    pub(crate) fn remove(&mut self, group: &str, resource: &str, namespace: &str, name: &str) {
        let key = [group, resource, namespace, name].map(str::to_owned);
        let [group, resource, namespace, name] = key;
        self.objects.remove(&(group, resource, namespace, name)).unwrap();
        self.revision += 1;
    }
}

impl View for Cluster {
    fn get(
        &self,
        group: &str,
        resource: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&Value> {
        let namespace = namespace.unwrap_or_default();
        let [group, resource, namespace, name] =
            [group, resource, namespace, name].map(str::to_owned);
        self.objects.get(&(group, resource, namespace, name))
    }

    fn list(&self, group: &str, resource: &str, namespace: Option<&str>) -> Vec<&Value> {
        self.objects
            .iter()
            .filter(|((g, r, n, _), _)| {
                g == group && r == resource && namespace.is_none_or(|namespace| n == namespace)
            })
            .map(|(_, object)| object)
            .collect()
    }

    fn revision(&self, _group: &str, _resource: &str) -> u64 {
        self.revision
    }

    fn resource_of(&self, group: &str, version: &str, kind: &str) -> Option<(&str, bool)> {
        let kind = [group, version, kind].map(str::to_owned);
        let [group, version, kind] = kind;
        let (resource, namespaced) = self.kinds.get(&(group, version, kind))?;
        Some((resource, *namespaced))
    }
}

/// The plural of a kind, as the API forms it.
pub(crate) fn resource(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{lower}s"),
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A user of these groups and of those that authentication adds.
pub(crate) fn user(name: &str, groups: &[&str]) -> UserInfo {
    let mut groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let mut parts =
        name.strip_prefix("system:serviceaccount:").into_iter().flat_map(|rest| rest.split(':'));
    if let Some(namespace) = parts.next() {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    groups.push("system:authenticated".to_owned());
    UserInfo { username: name.to_owned(), uid: format!("uid-of-{name}"), groups, extra: Vec::new() }
}

/// A write, put together from the object that it is about.
#[derive(Clone)]
pub(crate) struct Write {
    pub(crate) attributes: Attributes,
    pub(crate) operation: Operation,
    pub(crate) kind: String,
    pub(crate) object: Option<Value>,
    pub(crate) old: Option<Value>,
}

impl Write {
    pub(crate) fn create(user: &UserInfo, object: Value) -> Write {
        let options = json!({"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"});
        Write::new(user, Operation::Create, "create", options, Some(object), None)
    }

    pub(crate) fn update(user: &UserInfo, old: Value, object: Value) -> Write {
        let options = json!({"apiVersion": "meta.k8s.io/v1", "kind": "UpdateOptions"});
        Write::new(user, Operation::Update, "update", options, Some(object), Some(old))
    }

    pub(crate) fn delete(user: &UserInfo, old: Value, propagation: Option<&str>) -> Write {
        let mut options = json!({"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions"});
        if let Some(propagation) = propagation {
            options["propagationPolicy"] = json!(propagation);
        }
        Write::new(user, Operation::Delete, "delete", options, None, Some(old))
    }

    /// The same of a subresource.
    pub(crate) fn of(mut self, subresource: &str) -> Write {
        subresource.clone_into(&mut self.attributes.subresource);
        self
    }

    fn new(
        user: &UserInfo,
        operation: Operation,
        verb: &str,
        options: Value,
        object: Option<Value>,
        old: Option<Value>,
    ) -> Write {
        let about = object.as_ref().or(old.as_ref()).unwrap();
        let group_version = text(&about["apiVersion"]);
        let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
        let kind = text(&about["kind"]).to_owned();
        let given = |value: &Value| value.as_str().map(str::to_owned);
        let attributes = Attributes {
            user: user.clone(),
            verb: verb.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource(&kind),
            namespace: given(&about["metadata"]["namespace"]),
            name: given(&about["metadata"]["name"]),
            options,
            ..Attributes::default()
        };
        Write { attributes, operation, kind, object, old }
    }

    pub(crate) fn review(&self) -> Review<'_> {
        Review {
            attributes: &self.attributes,
            operation: self.operation,
            kind: &self.kind,
            object: self.object.as_ref(),
            old: self.old.as_ref(),
        }
    }

    pub(crate) fn admit(&self, cluster: &Cluster) -> Result<Vec<String>, Denial> {
        Admission::default().admit(cluster, &self.review())
    }

    /// What the policies say: `admitted`, or the policy and its message.
    pub(crate) fn verdict(&self, cluster: &Cluster) -> String {
        match self.admit(cluster) {
            Ok(_) => "admitted".to_owned(),
            Err(denial) => format!("{}: {}", denial.policy, denial.message),
        }
    }
}
