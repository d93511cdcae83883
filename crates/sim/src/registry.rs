//! Which resources are served: the built-in ones, and those that
//! CustomResourceDefinitions establish.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::kinds::{KINDS, Kind};
use crate::object;
use crate::schema::Crd;
use crate::shape::Shape;
use crate::store::{Store, Table};

/// A resource in one version, as a path names it.
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    /// Where its objects are stored.
    pub(crate) table: Table,
    pub(crate) nature: Nature,
    /// How its objects are merged, once somebody asked.
    shape: OnceLock<Shape>,
}

/// Where a resource comes from.
pub(crate) enum Nature {
    BuiltIn(&'static Kind),
    Custom(Custom),
}

/// What a CustomResourceDefinition says of one version.
pub(crate) struct Custom {
    pub(crate) crd: Arc<Crd>,
    /// Whether `status` is a subresource.
    pub(crate) status: bool,
    pub(crate) scale: bool,
    /// The version as the definition writes it: schema, columns.
    pub(crate) version: Value,
    /// The version in which its objects are stored.
    pub(crate) storage: String,
}

impl Resource {
    pub(crate) fn api_version(&self) -> String {
        object::api_version(&self.group, &self.version)
    }

    /// The path of an object; of the collection where it has no name.
    pub(crate) fn path(&self, namespace: Option<&str>, name: &str) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        let place =
            namespace.map(|namespace| format!("/namespaces/{namespace}")).unwrap_or_default();
        let name = if name.is_empty() { String::new() } else { format!("/{name}") };
        format!("{root}{place}/{}{name}", self.plural)
    }

    /// How its objects are merged.
    pub(crate) fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::of(self))
    }

    pub(crate) fn built_in(&self) -> Option<&'static Kind> {
        match &self.nature {
            Nature::BuiltIn(kind) => Some(kind),
            Nature::Custom(_) => None,
        }
    }

    pub(crate) fn custom(&self) -> Option<&Custom> {
        match &self.nature {
            Nature::BuiltIn(_) => None,
            Nature::Custom(custom) => Some(custom),
        }
    }

    /// The subresources in order of name.
    pub(crate) fn subresources(&self) -> Vec<&'static str> {
        match &self.nature {
            Nature::BuiltIn(kind) => kind.subresources.to_vec(),
            Nature::Custom(custom) => {
                let all = [("scale", custom.scale), ("status", custom.status)];
                all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
            }
        }
    }

    pub(crate) fn has_status(&self) -> bool {
        self.subresources().contains(&"status")
    }

    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        const ALL: &[&str] =
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
        const NAMESPACES: &[&str] =
            &["create", "delete", "get", "list", "patch", "update", "watch"];
        if self.group.is_empty() && self.plural == "namespaces" { NAMESPACES } else { ALL }
    }

    /// Whether a field selector may name a field.
    pub(crate) fn selectable(&self, field: &str) -> bool {
        if field == "metadata.name" || field == "metadata.namespace" {
            return true;
        }
        match &self.nature {
            Nature::BuiltIn(kind) => kind.selectable.contains(&field),
            Nature::Custom(custom) => custom.version["selectableFields"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|selectable| selectable["jsonPath"].as_str())
                .any(|path| path.strip_prefix('.') == Some(field)),
        }
    }
}

/// Every resource that is served.
#[derive(Default)]
pub(crate) struct Registry {
    resources: Vec<Arc<Resource>>,
    /// Definitions with the resources that they establish, by name.
    established: BTreeMap<String, (Arc<Value>, Vec<Arc<Resource>>)>,
    /// The stamp of the definitions that this was built from; none before the
    /// first time.
    stamp: Option<u64>,
}

impl Registry {
    pub(crate) fn definitions() -> Table {
        Table::new("apiextensions.k8s.io", "customresourcedefinitions")
    }

    /// Follows the stored definitions.
    pub(crate) fn refresh(&mut self, store: &Store) {
        let stamp = Some(store.stamp(&Registry::definitions()));
        if self.stamp == stamp {
            return;
        }
        self.stamp = stamp;
        let mut resources: Vec<Arc<Resource>> = KINDS.iter().map(built_in).map(Arc::new).collect();
        let mut known = std::mem::take(&mut self.established);
        for (name, definition) in store.list(&Registry::definitions(), None) {
            if !is_established(definition) {
                continue;
            }
            let served = match known.remove(name) {
                Some((of, served)) if Arc::ptr_eq(&of, definition) => served,
                _ => custom(definition).into_iter().map(Arc::new).collect(),
            };
            resources.extend(served.iter().cloned());
            self.established.insert(name.to_owned(), (Arc::clone(definition), served));
        }
        self.resources = resources;
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.iter()
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.resources.iter().find(|resource| {
            resource.group == group && resource.version == version && resource.plural == plural
        })
    }

    pub(crate) fn of_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.resources.iter().find(|resource| {
            resource.group == group && resource.version == version && resource.kind == kind
        })
    }

    /// The resource of a table in the version in which it is stored.
    pub(crate) fn of_table(&self, table: &Table) -> Option<&Arc<Resource>> {
        self.resources.iter().find(|resource| {
            resource.table == *table
                && *resource.group == *table.group
                && resource.custom().is_none_or(|custom| custom.storage == resource.version)
        })
    }
}

pub(crate) fn is_established(definition: &Value) -> bool {
    definition["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

fn built_in(kind: &'static Kind) -> Resource {
    // Events of both groups are one and the same.
    let group = if kind.group == "events.k8s.io" { "" } else { kind.group };
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Resource {
        group: kind.group.to_owned(),
        version: kind.version.to_owned(),
        plural: kind.plural.to_owned(),
        singular: kind.singular.to_owned(),
        kind: kind.kind.to_owned(),
        list_kind: format!("{}List", kind.kind),
        short_names: own(kind.short_names),
        categories: own(kind.categories),
        namespaced: kind.namespaced,
        table: Table::new(group, kind.plural),
        nature: Nature::BuiltIn(kind),
        shape: OnceLock::new(),
    }
}

fn custom(definition: &Value) -> Vec<Resource> {
    // What does not parse was refused when it was written.
    let Ok(crd) = Crd::parse(definition).map(Arc::new) else { return Vec::new() };
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| {
        object::texts(value).into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let (group, names) = (text(&spec["group"]), &spec["names"]);
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let storage = versions.iter().find(|version| version["storage"] == true);
    let storage = storage.map(|version| text(&version["name"])).unwrap_or_default();
    let served = versions.iter().filter(|version| version["served"] == true);
    served
        .map(|version| Resource {
            group: group.clone(),
            version: text(&version["name"]),
            plural: text(&names["plural"]),
            singular: text(&names["singular"]),
            kind: text(&names["kind"]),
            list_kind: text(&names["listKind"]),
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            namespaced: spec["scope"] == "Namespaced",
            table: Table::new(&group, names["plural"].as_str().unwrap_or_default()),
            nature: Nature::Custom(Custom {
                crd: Arc::clone(&crd),
                status: version["subresources"]["status"].is_object(),
                scale: version["subresources"]["scale"].is_object(),
                version: version.clone(),
                storage: storage.clone(),
            }),
            shape: OnceLock::new(),
        })
        .collect()
}
