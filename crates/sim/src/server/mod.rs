//! The server proper: one request in, one answer out, nothing asynchronous.

pub(crate) mod decode;
mod delete;
mod discovery;
pub(crate) mod metadata;
mod patch;
mod protobuf;
mod read;
mod review;
pub(crate) mod route;
mod watch;
mod write;

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use serde_json::Value;

use crate::admission::{Admission, Operation, Review};
use crate::identity::Identities;
use crate::rbac::Authorizer;
use crate::registry::{Registry, Resource};
use crate::request::{Attributes, UserInfo};
use crate::status::{Refusal, qualified};
use crate::store::{Key, Store, Table};
use crate::view::View;

pub(crate) use route::Request;
pub(crate) use watch::{Event, Step, Watch};

/// The largest body that is read.
pub(crate) const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// The state of the control plane.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) random: fastrand::Rng,
    pub(crate) now: Timestamp,
    pub(crate) identities: Identities,
    admission: Admission,
    /// What the roles allow, and of which roles it is made.
    authorizer: Option<([u64; 4], Arc<Authorizer>)>,
}

/// What the server answers when it does not refuse.
pub(crate) enum Answer {
    /// An object or a list of them.
    Object(Reply),
    /// All groups in one document, which is of a media type of its own.
    Discovery(Value),
    /// A stream of changes.
    Watch(Box<Watch>),
    /// A word.
    Text(&'static str),
}

/// What a fault changes about how a request is served.
#[derive(Default)]
pub(crate) struct Tweaks {
    /// A merge patch on what is written.
    pub(crate) mutation: Option<Value>,
    /// How many revisions ago a read sees the cluster.
    pub(crate) stale: u64,
    /// The most objects of a page.
    pub(crate) page: Option<u64>,
}

/// An object with the code and the warnings that go with it.
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

impl Reply {
    pub(crate) fn ok(object: Value) -> Reply {
        Reply { code: 200, object, warnings: Vec::new() }
    }
}

/// What authorisation and admission read.
pub(crate) struct Snapshot<'a> {
    pub(crate) store: &'a Store,
    pub(crate) registry: &'a Registry,
}

impl View for Snapshot<'_> {
    fn get(
        &self,
        group: &str,
        resource: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&Value> {
        let key = Key::new(&Table::new(group, resource), namespace, name);
        self.store.get(&key).map(AsRef::as_ref)
    }

    fn list(&self, group: &str, resource: &str, namespace: Option<&str>) -> Vec<&Value> {
        let table = Table::new(group, resource);
        self.store.list(&table, namespace).map(|(_, object)| object.as_ref()).collect()
    }

    fn revision(&self, group: &str, resource: &str) -> u64 {
        self.store.stamp(&Table::new(group, resource))
    }

    fn resource_of(&self, group: &str, version: &str, kind: &str) -> Option<(&str, bool)> {
        let resource = self.registry.of_kind(group, version, kind)?;
        Some((&resource.plural, resource.namespaced))
    }
}

impl Server {
    pub(crate) fn new(seed: u64, now: Timestamp) -> Server {
        let mut server = Server {
            store: Store::default(),
            registry: Registry::default(),
            random: fastrand::Rng::with_seed(seed),
            now,
            identities: Identities::default(),
            admission: Admission::default(),
            authorizer: None,
        };
        server.registry.refresh(&server.store);
        server
    }

    /// Takes a request apart, as authentication left it.
    pub(crate) fn parse(
        &self,
        user: &UserInfo,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Request, Refusal> {
        Request::parse(&self.registry, user, method, uri, headers)
    }

    /// Does what a request asks for, or says why not.
    pub(crate) fn serve(
        &mut self,
        user: &UserInfo,
        parts: &Parts,
        body: &[u8],
        tweaks: Tweaks,
    ) -> Result<Answer, Refusal> {
        let user = self.impersonated(user, &parts.headers)?;
        let mut request = self.parse(&user, &parts.method, &parts.uri, &parts.headers)?;
        request.tweaks = Arc::new(tweaks);
        let answer = self.handle(&request, body);
        self.registry.refresh(&self.store);
        answer
    }

    fn handle(&mut self, request: &Request, body: &[u8]) -> Result<Answer, Refusal> {
        let attributes = &request.attributes;
        if body.len() > BODY_LIMIT {
            let message = format!("Request entity too large: limit is {BODY_LIMIT}");
            return Err(Refusal::new(413, "RequestEntityTooLarge", message));
        }
        self.authorize(attributes)?;
        if !attributes.path.is_empty() {
            return self.path(request);
        }
        if let Some(review) = review::find(attributes) {
            return self.review(request, review, body).map(Answer::Object);
        }
        match request.resource.clone() {
            Some(resource) => self.dispatch(request, &resource, body),
            None => Err(Refusal::no_resource()),
        }
    }

    /// Who a request is made as: whoever makes it, unless they may and do act
    /// as somebody else.
    fn impersonated(&mut self, user: &UserInfo, headers: &HeaderMap) -> Result<UserInfo, Refusal> {
        let all = |name: &str| -> Vec<String> {
            let values = headers.get_all(name).into_iter();
            values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
        };
        let name = all("impersonate-user").into_iter().next().unwrap_or_default();
        let (uid, groups) = (all("impersonate-uid"), all("impersonate-group"));
        let extra: Vec<(String, String)> = headers
            .iter()
            .filter_map(|(key, value)| {
                let key = key.as_str().strip_prefix("impersonate-extra-")?;
                Some((key.to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        if name.is_empty() {
            if uid.is_empty() && groups.is_empty() && extra.is_empty() {
                return Ok(user.clone());
            }
            let message = "requested to impersonate without impersonating a user";
            return Err(Refusal::new(500, "InternalError", message));
        }
        let mut ask = |group: &str, resource: &str, subresource: &str, name: &str| {
            let (namespace, name) = match (resource, name.split_once(':')) {
                ("serviceaccounts", Some((namespace, name))) => (Some(namespace), name),
                _ => (None, name),
            };
            self.authorize(&Attributes {
                user: user.clone(),
                verb: "impersonate".to_owned(),
                group: group.to_owned(),
                version: "v1".to_owned(),
                resource: resource.to_owned(),
                subresource: subresource.to_owned(),
                namespace: namespace.map(str::to_owned),
                name: Some(name.to_owned()),
                ..Attributes::default()
            })
        };
        match name.strip_prefix("system:serviceaccount:") {
            Some(account) => ask("", "serviceaccounts", "", account)?,
            None => ask("", "users", "", &name)?,
        }
        for group in &groups {
            ask("", "groups", "", group)?;
        }
        for uid in &uid {
            ask("authentication.k8s.io", "uids", "", uid)?;
        }
        for (key, value) in &extra {
            ask("authentication.k8s.io", "userextras", key, value)?;
        }
        let mut known = Vec::new();
        if groups.is_empty()
            && let Some((namespace, _)) =
                name.strip_prefix("system:serviceaccount:").and_then(|name| name.split_once(':'))
        {
            known.push("system:serviceaccounts".to_owned());
            known.push(format!("system:serviceaccounts:{namespace}"));
        }
        known.extend(groups);
        let everybody = match name.as_str() {
            "system:anonymous" => "system:unauthenticated",
            _ => "system:authenticated",
        };
        if !known.iter().any(|group| group == everybody) {
            known.push(everybody.to_owned());
        }
        let mut extras: Vec<(String, Vec<String>)> = Vec::new();
        for (key, value) in extra {
            match extras.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(value),
                None => extras.push((key, vec![value])),
            }
        }
        extras.sort();
        let uid = uid.into_iter().next().unwrap_or_default();
        Ok(UserInfo { username: name, uid, groups: known, extra: extras })
    }

    fn dispatch(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        let attributes = &request.attributes;
        check_scope(resource, attributes)?;
        check_subresource(resource, &attributes.subresource)?;
        let named = attributes.name.is_some();
        match (attributes.verb.as_str(), attributes.subresource.as_str()) {
            ("get", "" | "status") => self.get(request, resource).map(Answer::Object),
            ("list", "") => self.list(request, resource).map(Answer::Object),
            ("watch", "") => {
                self.watch(request, resource).map(|watch| Answer::Watch(Box::new(watch)))
            }
            ("create", "token") if named => {
                self.token_request(request, resource, body).map(Answer::Object)
            }
            ("create", "") if !named => self.create(request, resource, body).map(Answer::Object),
            ("update", "finalize") | ("update", "" | "status") if named => {
                self.update(request, resource, body).map(Answer::Object)
            }
            ("patch", "" | "status") if named => {
                self.patch(request, resource, body).map(Answer::Object)
            }
            ("delete", "") => self.delete(request, resource, body).map(Answer::Object),
            ("deletecollection", "") if resource.verbs().contains(&"deletecollection") => {
                self.delete_collection(request, resource, body).map(Answer::Object)
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    /// What the stored roles allow.
    pub(crate) fn authorizer(&mut self) -> Arc<Authorizer> {
        let view = Snapshot { store: &self.store, registry: &self.registry };
        let revision = Authorizer::revision(&view);
        match &self.authorizer {
            Some((of, authorizer)) if *of == revision => Arc::clone(authorizer),
            _ => {
                let authorizer = Arc::new(Authorizer::new(&view));
                self.authorizer = Some((revision, Arc::clone(&authorizer)));
                authorizer
            }
        }
    }

    /// Refuses what no role allows.
    pub(crate) fn authorize(&mut self, attributes: &Attributes) -> Result<(), Refusal> {
        if self.authorizer().allowed(attributes).allowed {
            return Ok(());
        }
        let Attributes { user, verb, group, subresource, .. } = attributes;
        if !attributes.path.is_empty() {
            return Err(Refusal::new(
                403,
                "Forbidden",
                format!(
                    "forbidden: User \"{}\" cannot {verb} path \"{}\"",
                    user.username, attributes.path
                ),
            ));
        }
        let mut resource = attributes.resource.clone();
        if !subresource.is_empty() {
            resource = format!("{resource}/{subresource}");
        }
        let place = match &attributes.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let why = format!(
            "User \"{}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}",
            user.username
        );
        let name = attributes.name.as_deref().unwrap_or_default();
        Err(Refusal::forbidden(group, &attributes.resource, name, &why))
    }

    /// Refuses roles and bindings that give away what their author lacks.
    pub(crate) fn delegate(
        &mut self,
        attributes: &Attributes,
        new: &Value,
        old: Option<&Value>,
    ) -> Result<(), Refusal> {
        let authorizer = self.authorizer();
        let view = Snapshot { store: &self.store, registry: &self.registry };
        authorizer.escalation(&view, attributes, new, old)
    }

    /// Refuses what an admission policy denies; gives back the warnings of
    /// those that only warn.
    pub(crate) fn admit(
        &mut self,
        request: &Request,
        resource: &Resource,
        operation: Operation,
        object: Option<&Value>,
        old: Option<&Value>,
    ) -> Result<Vec<String>, Refusal> {
        let attributes = &request.attributes;
        let view = Snapshot { store: &self.store, registry: &self.registry };
        let kind = discovery::subresource_kind(resource, &attributes.subresource);
        let review = Review { attributes, operation, kind, object, old };
        self.admission.admit(&view, &review).map_err(|denial| {
            let policy = &denial.policy;
            let binding = if denial.binding.is_empty() {
                String::new()
            } else {
                format!(" with binding '{}'", denial.binding)
            };
            let why = format!(
                "ValidatingAdmissionPolicy '{policy}'{binding} denied request: {}",
                denial.message
            );
            let name = attributes.name.as_deref().unwrap_or("Unknown");
            let mut refusal = Refusal::forbidden(&resource.group, &resource.plural, name, &why)
                .cause(serde_json::json!({"message": why}));
            refusal.code = denial.code;
            refusal.reason = denial.reason;
            refusal
        })
    }
}

/// A namespaced resource is written in a namespace, another one never.
fn check_scope(resource: &Resource, attributes: &Attributes) -> Result<(), Refusal> {
    let namespaces = resource.group.is_empty() && resource.plural == "namespaces";
    let across = matches!(attributes.verb.as_str(), "list" | "watch");
    match (&attributes.namespace, resource.namespaced) {
        (Some(_), true) | (None, false) => Ok(()),
        (None, true) if across => Ok(()),
        (Some(_), false) if namespaces => Ok(()),
        _ => Err(Refusal::no_resource()),
    }
}

fn check_subresource(resource: &Resource, subresource: &str) -> Result<(), Refusal> {
    const POD: &[&str] = &[
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
    ];
    if subresource == "scale" && resource.subresources().contains(&"scale")
        || resource.kind == "Pod" && POD.contains(&subresource)
        || subresource == "proxy" && matches!(resource.kind.as_str(), "Service" | "Node")
    {
        let what = format!("{}/{subresource}", qualified(&resource.plural, &resource.group));
        return Err(Refusal::not_implemented(&what));
    }
    if subresource.is_empty() || resource.subresources().contains(&subresource) {
        return Ok(());
    }
    Err(Refusal::no_resource())
}
