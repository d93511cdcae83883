//! A cluster to ask things of, and shorthands for what is asked.

use std::time::Duration;

use bytes::Bytes;
use fallgate_sim::{Body, Options, Refusal, Sim, UserInfo};
use futures::FutureExt as _;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::Service as _;

pub(crate) const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
pub(crate) const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
pub(crate) const WIDGETS: &str = "/apis/t.dev/v1/namespaces/default/widgets";

pub(crate) struct Cluster {
    pub(crate) sim: Sim,
    pub(crate) user: UserInfo,
}

/// An answer: code, body, warnings.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Cluster {
    pub(crate) fn new() -> Cluster {
        Cluster::with(Options { seed: 1, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Cluster {
        Cluster { sim: Sim::new(options), user: UserInfo::admin() }
    }

    /// The same cluster for somebody else.
    pub(crate) fn as_user(&self, user: UserInfo) -> Cluster {
        Cluster { sim: self.sim.clone(), user }
    }

    /// With a custom resource, `widgets.t.dev`.
    pub(crate) fn with_widgets() -> Cluster {
        let cluster = Cluster::new();
        cluster.install(widgets());
        cluster
    }

    pub(crate) fn install(&self, definition: Value) {
        self.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition).unwrap();
        self.pass(100);
    }

    pub(crate) fn pass(&self, millis: u64) {
        self.sim.advance(Duration::from_millis(millis));
    }

    pub(crate) fn get(&self, uri: &str) -> Result<Value, Refusal> {
        self.sim.request(&self.user, "GET", uri, None)
    }

    pub(crate) fn post(&self, uri: &str, object: Value) -> Result<Value, Refusal> {
        self.sim.request(&self.user, "POST", uri, Some(&object))
    }

    pub(crate) fn put(&self, uri: &str, object: Value) -> Result<Value, Refusal> {
        self.sim.request(&self.user, "PUT", uri, Some(&object))
    }

    /// A merge patch.
    pub(crate) fn patch(&self, uri: &str, patch: Value) -> Result<Value, Refusal> {
        self.sim.request(&self.user, "PATCH", uri, Some(&patch))
    }

    pub(crate) fn delete(&self, uri: &str, options: Value) -> Result<Value, Refusal> {
        self.sim.request(&self.user, "DELETE", uri, Some(&options))
    }

    pub(crate) fn exists(&self, uri: &str) -> bool {
        self.get(uri).is_ok()
    }

    /// A request as a client sends it, with headers.
    pub(crate) fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let response = self.respond(method, uri, headers, body);
        let (parts, body) = response.into_parts();
        let bytes = body.collect().now_or_never().unwrap().unwrap().to_bytes();
        let warnings = parts.headers.get_all("warning").iter();
        Answer {
            code: parts.status.as_u16(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            warnings: warnings.map(|value| value.to_str().unwrap().to_owned()).collect(),
        }
    }

    pub(crate) fn respond(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = http_body_util::Full::new(Bytes::from(body.to_owned()));
        let request = request.body(body).unwrap();
        let mut service = self.sim.client_service(self.user.clone());
        service.call(request).now_or_never().unwrap().unwrap()
    }

    /// A watch, to be read event by event.
    pub(crate) fn watch(&self, uri: &str) -> Watch {
        let response = self.respond("GET", uri, &[], "");
        assert_eq!(response.status(), 200);
        Watch(response.into_body())
    }

    pub(crate) fn job(&self, name: &str, seconds: u64) -> Value {
        self.post(JOBS, job(name, seconds)).unwrap()
    }

    pub(crate) fn policy(&self, name: &str, owners: &[Value]) -> Value {
        let object = json!({
            "metadata": {"name": name, "ownerReferences": owners},
            "spec": {"podSelector": {}},
        });
        self.post(POLICIES, object).unwrap()
    }
}

pub(crate) struct Watch(Body);

impl Watch {
    pub(crate) fn of(response: Response<Body>) -> Watch {
        Watch(response.into_body())
    }

    /// The next event, if there is one now: its type and object.
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        let frame = self.0.frame().now_or_never()??;
        let line: Value = serde_json::from_slice(&frame.unwrap().into_data().unwrap()).unwrap();
        Some((line["type"].as_str().unwrap().to_owned(), line["object"].clone()))
    }

    /// Every event there is now, as `TYPE NAME`.
    pub(crate) fn all(&mut self) -> Vec<String> {
        let next = || self.next();
        std::iter::from_fn(next)
            .map(|(kind, object)| format!("{kind} {}", text(&object["metadata"]["name"])))
            .collect()
    }

    /// Whether the server has ended it.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.0.frame().now_or_never(), Some(None))
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A switch, as Fallgate makes them.
pub(crate) fn job(name: &str, seconds: u64) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "parallelism": 0,
            "completions": 1,
            "activeDeadlineSeconds": seconds,
            "ttlSecondsAfterFinished": 0,
            "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": "x"}],
            }},
        },
    })
}

/// A reference to an object as the owner.
pub(crate) fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"],
    })
}

pub(crate) fn widgets() -> Value {
    let schema = json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer", "minimum": 1, "default": 3},
                    "name": {"type": "string"},
                    "when": {"type": "string", "format": "date-time"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "set": {
                        "type": "array",
                        "x-kubernetes-list-type": "set",
                        "items": {"type": "string"},
                    },
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port"],
                        "items": {
                            "type": "object",
                            "required": ["port"],
                            "properties": {
                                "port": {"type": "integer"},
                                "protocol": {"type": "string"},
                            },
                        },
                    },
                },
            },
            "status": {
                "type": "object",
                "properties": {
                    "phase": {"type": "string"},
                    "conditions": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["type"],
                        "items": {
                            "type": "object",
                            "required": ["type"],
                            "properties": {
                                "type": {"type": "string"},
                                "status": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    });
    let column =
        |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.t.dev"},
        "spec": {
            "group": "t.dev",
            "scope": "Namespaced",
            "names": {
                "plural": "widgets",
                "singular": "widget",
                "kind": "Widget",
                "shortNames": ["wd"],
                "categories": ["access"],
            },
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "selectableFields": [{"jsonPath": ".spec.name"}],
                "additionalPrinterColumns": [
                    column("Size", "integer", ".spec.size"),
                    column("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"),
                    column("When", "date", ".spec.when"),
                    column("Age", "date", ".metadata.creationTimestamp"),
                ],
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

pub(crate) fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "t.dev/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec})
}
