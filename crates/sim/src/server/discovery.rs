//! What there is: groups, versions, resources, and their schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::review::REVIEWS;
use super::route::{Format, Request};
use super::{Answer, Reply, Server};
use crate::kinds::types;
use crate::object;
use crate::registry::{Nature, Resource};
use crate::status::Refusal;

/// The version that this server is like.
const VERSION: &str = "v1.36.3";

impl Server {
    /// What stands at a path that is about no resource.
    pub(super) fn path(&self, request: &Request) -> Result<Answer, Refusal> {
        let path = request.attributes.path.as_str();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let known = match parts.as_slice() {
            ["healthz" | "livez" | "readyz"] => Some(Answer::Text("ok")),
            ["version"] => Some(object(version())),
            ["api"] if request.format == Format::Discovery => {
                Some(Answer::Discovery(self.aggregated(true)))
            }
            ["apis"] if request.format == Format::Discovery => {
                Some(Answer::Discovery(self.aggregated(false)))
            }
            ["api"] => Some(object(json!({"kind": "APIVersions", "versions": ["v1"]}))),
            ["apis"] => Some(object(json!({
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": self.groups().iter().map(group).collect::<Vec<_>>(),
            }))),
            ["api", version] => self.resources("", version).map(object),
            ["apis", name] => {
                self.groups().iter().find(|(known, _)| known == name).map(group).map(|mut group| {
                    group["kind"] = "APIGroup".into();
                    group["apiVersion"] = "v1".into();
                    object(group)
                })
            }
            ["apis", group, version] => self.resources(group, version).map(object),
            ["openapi", "v3"] => Some(object(self.schema_index())),
            ["openapi", "v3", "api", version] => self.schemas("", version).map(object),
            ["openapi", "v3", "apis", group, version] => self.schemas(group, version).map(object),
            _ => None,
        };
        let known = known.ok_or_else(Refusal::no_resource)?;
        if !matches!(request.attributes.verb.as_str(), "get" | "head") {
            return Err(Refusal::method_not_allowed());
        }
        Ok(known)
    }

    /// The groups but the core group with their versions.
    fn groups(&self) -> Vec<(String, BTreeSet<String>)> {
        let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for resource in self.registry.resources().filter(|resource| !resource.group.is_empty()) {
            groups.entry(resource.group.clone()).or_default().insert(resource.version.clone());
        }
        for review in REVIEWS {
            groups.entry(review.group.to_owned()).or_default().insert("v1".to_owned());
        }
        groups.into_iter().collect()
    }

    /// The resources of one version of a group.
    fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let mut resources: Vec<Value> = Vec::new();
        for resource in self.of(group, version) {
            resources.push(json!({
                "name": resource.plural,
                "singularName": resource.singular,
                "namespaced": resource.namespaced,
                "kind": resource.kind,
                "verbs": resource.verbs(),
                "shortNames": resource.short_names,
                "categories": resource.categories,
            }));
            for subresource in served_subresources(resource) {
                resources.push(json!({
                    "name": format!("{}/{subresource}", resource.plural),
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    "kind": subresource_kind(resource, subresource),
                    "verbs": subresource_verbs(subresource),
                }));
            }
        }
        let reviews = REVIEWS.iter().filter(|review| review.group == group && version == "v1");
        resources.extend(reviews.map(|review| {
            json!({
                "name": review.plural,
                "singularName": review.singular,
                "namespaced": review.namespaced,
                "kind": review.kind,
                "verbs": ["create"],
            })
        }));
        (!resources.is_empty()).then(|| {
            json!({
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": object::api_version(group, version),
                "resources": resources,
            })
        })
    }

    fn of(&self, group: &str, version: &str) -> impl Iterator<Item = &Resource> {
        self.registry
            .resources()
            .map(AsRef::as_ref)
            .filter(move |resource| resource.group == group && resource.version == version)
    }

    /// Everything in one document, as `kubectl` asks for it.
    fn aggregated(&self, core: bool) -> Value {
        let groups = if core {
            vec![(String::new(), BTreeSet::from(["v1".to_owned()]))]
        } else {
            self.groups()
        };
        let items: Vec<Value> = groups
            .iter()
            .map(|(group, versions)| {
                let versions: Vec<Value> = versions
                    .iter()
                    .map(|version| {
                        json!({
                            "version": version,
                            "freshness": "Current",
                            "resources": self.aggregated_resources(group, version),
                        })
                    })
                    .collect();
                let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
                json!({"metadata": metadata, "versions": versions})
            })
            .collect();
        json!({
            "kind": "APIGroupDiscoveryList",
            "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {},
            "items": items,
        })
    }

    fn aggregated_resources(&self, group: &str, version: &str) -> Vec<Value> {
        let scope = |namespaced: bool| if namespaced { "Namespaced" } else { "Cluster" };
        let kind = |kind: &str| json!({"group": group, "version": version, "kind": kind});
        let mut resources: Vec<Value> = self
            .of(group, version)
            .map(|resource| {
                let subresources: Vec<Value> = served_subresources(resource)
                    .into_iter()
                    .map(|subresource| {
                        json!({
                            "subresource": subresource,
                            "responseKind": kind(subresource_kind(resource, subresource)),
                            "verbs": subresource_verbs(subresource),
                        })
                    })
                    .collect();
                json!({
                    "resource": resource.plural,
                    "responseKind": kind(&resource.kind),
                    "scope": scope(resource.namespaced),
                    "singularResource": resource.singular,
                    "verbs": resource.verbs(),
                    "shortNames": resource.short_names,
                    "categories": resource.categories,
                    "subresources": subresources,
                })
            })
            .collect();
        let reviews = REVIEWS.iter().filter(|review| review.group == group && version == "v1");
        resources.extend(reviews.map(|review| {
            json!({
                "resource": review.plural,
                "responseKind": kind(review.kind),
                "scope": scope(review.namespaced),
                "singularResource": review.singular,
                "verbs": ["create"],
            })
        }));
        resources
    }

    /// Where the schemas of each group stand.
    fn schema_index(&self) -> Value {
        let groups: BTreeSet<(&str, &str)> = self
            .registry
            .resources()
            .map(|resource| (resource.group.as_str(), resource.version.as_str()))
            .collect();
        let paths: Map<String, Value> = groups
            .into_iter()
            .map(|(group, version)| {
                let path = root(group, version).trim_start_matches('/').to_owned();
                let url = format!("/openapi/v3/{path}");
                (path, json!({"serverRelativeURL": url}))
            })
            .collect();
        json!({"paths": paths})
    }

    /// The schemas of one version of a group, and the paths, which clients ask
    /// whether the server checks fields.
    fn schemas(&self, group: &str, version: &str) -> Option<Value> {
        let (mut paths, mut schemas) = (Map::new(), Map::new());
        for resource in self.of(group, version) {
            let kind = json!({
                "group": resource.group,
                "version": resource.version,
                "kind": resource.kind,
            });
            let name = match &resource.nature {
                Nature::BuiltIn(kind) => {
                    types::schemas(kind.type_name, &mut schemas);
                    kind.type_name.to_owned()
                }
                Nature::Custom(custom) => {
                    types::schemas("ObjectMeta", &mut schemas);
                    let mut schema = custom.version["schema"]["openAPIV3Schema"].clone();
                    let properties = object::fields(object::into_fields(&mut schema), "properties");
                    let metadata = json!({"$ref": "#/components/schemas/ObjectMeta"});
                    properties.insert("metadata".to_owned(), metadata);
                    schemas.insert(resource.kind.clone(), schema);
                    resource.kind.clone()
                }
            };
            schemas[&name]["x-kubernetes-group-version-kind"] = json!([kind]);
            let place = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
            let all = format!("{}{place}/{}", root(group, version), resource.plural);
            let operation = |action: &str, options: &[&str]| {
                let parameters: Vec<Value> = options
                    .iter()
                    .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}))
                    .collect();
                json!({
                    "x-kubernetes-action": action,
                    "x-kubernetes-group-version-kind": kind,
                    "parameters": parameters,
                    "responses": {"200": {"description": "OK"}},
                })
            };
            const WRITES: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
            paths.insert(
                format!("{all}/{{name}}"),
                json!({
                    "get": operation("get", &[]),
                    "put": operation("put", WRITES),
                    "patch": operation("patch", &[WRITES, &["force"]].concat()),
                    "delete": operation("delete", &["dryRun", "propagationPolicy"]),
                }),
            );
            paths.insert(
                all,
                json!({"get": operation("list", &[]), "post": operation("post", WRITES)}),
            );
        }
        (!schemas.is_empty()).then(|| {
            json!({
                "openapi": "3.0.0",
                "info": {"title": "Kubernetes", "version": VERSION},
                "paths": paths,
                "components": {"schemas": schemas},
            })
        })
    }
}

fn object(object: Value) -> Answer {
    Answer::Object(Reply::ok(object))
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

fn group((name, versions): &(String, BTreeSet<String>)) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// The subresources that are more than refused.
fn served_subresources(resource: &Resource) -> Vec<&'static str> {
    resource.subresources().into_iter().filter(|subresource| *subresource != "scale").collect()
}

pub(super) fn subresource_kind<'a>(resource: &'a Resource, subresource: &str) -> &'a str {
    if subresource == "token" { "TokenRequest" } else { &resource.kind }
}

fn subresource_verbs(subresource: &str) -> &'static [&'static str] {
    match subresource {
        "token" => &["create"],
        "finalize" => &["update"],
        _ => &["get", "patch", "update"],
    }
}

fn version() -> Value {
    let mut numbers = VERSION.trim_start_matches('v').split('.');
    let mut next = || numbers.next().unwrap_or_default();
    json!({
        "major": next(),
        "minor": next(),
        "gitVersion": format!("{VERSION}+fallgate-sim"),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "simulated",
    })
}
