//! From a request to what it asks for: resource, verb, options.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value, json};

use super::Tweaks;
use crate::field_selector::FieldSelector;
use crate::registry::{Registry, Resource};
use crate::request::{Attributes, UserInfo};
use crate::status::Refusal;

/// A request, taken apart.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) attributes: Attributes,
    /// The resource, where the path names one that is served.
    pub(crate) resource: Option<Arc<Resource>>,
    pub(crate) query: Query,
    pub(crate) format: Format,
    /// The media type of the body, without parameters; empty where none is
    /// given.
    pub(crate) media_type: String,
    /// Who writes, for the ownership of fields.
    pub(crate) manager: String,
    /// What a fault changes about it.
    pub(crate) tweaks: Arc<Tweaks>,
}

/// The parameters after the question mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(uri: &Uri) -> Query {
        let text = uri.query().unwrap_or_default();
        Query(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// A parameter; empty where it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }

    /// A number; none where it is not there.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.get(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Refusal::bad_request(format!(
                    "{name}: Invalid value: \"{text}\": must be a number that is not negative"
                ))
            }),
        }
    }
}

/// How the answer is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As it is.
    Plain,
    /// Rows and columns, as `kubectl get` shows them.
    Table,
    /// The metadata alone.
    Metadata,
    /// Discovery of all groups in one document.
    Discovery,
}

impl Format {
    /// The first form that the client accepts and that there is.
    fn negotiate(headers: &HeaderMap) -> Result<Format, Refusal> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Ok(Format::Plain);
        };
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "application/*" | "*/*") {
                continue;
            }
            let mut format = Some(Format::Plain);
            let mut version = "";
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match (key, value) {
                    ("as", "Table") => format = Some(Format::Table),
                    ("as", "PartialObjectMetadata" | "PartialObjectMetadataList") => {
                        format = Some(Format::Metadata);
                    }
                    ("as", "APIGroupDiscoveryList") => format = Some(Format::Discovery),
                    ("as", _) => format = None,
                    ("v", value) => version = value,
                    _ => {}
                }
            }
            match format {
                Some(Format::Plain) => return Ok(Format::Plain),
                Some(Format::Discovery) if version == "v2" => return Ok(Format::Discovery),
                Some(format @ (Format::Table | Format::Metadata)) if version == "v1" => {
                    return Ok(format);
                }
                _ => {}
            }
        }
        Err(Refusal::not_acceptable())
    }
}

/// The parts of a path that are about a resource.
struct Path<'a> {
    group: &'a str,
    version: &'a str,
    resource: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    subresource: &'a str,
    /// The old form of a watch, `/watch/` in the path.
    watch: bool,
}

/// None where a path is about no resource, such as `/version` or `/apis/apps`.
fn resource_path(path: &str) -> Option<Path<'_>> {
    let mut parts = path.trim_matches('/').split('/').collect::<Vec<_>>().into_iter();
    let (group, version) = match parts.next()? {
        "api" => ("", parts.next()?),
        "apis" => (parts.next()?, parts.next()?),
        _ => return None,
    };
    let mut rest = parts.as_slice();
    let watch = rest.first() == Some(&"watch");
    if watch {
        rest = rest.get(1..)?;
    }
    let whole = |resource, namespace, name, subresource| Path {
        group,
        version,
        resource,
        namespace,
        name,
        subresource,
        watch,
    };
    match *rest {
        ["namespaces"] => Some(whole("namespaces", None, None, "")),
        // A namespace is in itself, as far as authorisation goes.
        ["namespaces", name] => Some(whole("namespaces", Some(name), Some(name), "")),
        ["namespaces", name, sub @ ("status" | "finalize")] if group.is_empty() => {
            Some(whole("namespaces", Some(name), Some(name), sub))
        }
        ["namespaces", namespace, resource] => Some(whole(resource, Some(namespace), None, "")),
        ["namespaces", namespace, resource, name] => {
            Some(whole(resource, Some(namespace), Some(name), ""))
        }
        ["namespaces", namespace, resource, name, sub, ..] => {
            Some(whole(resource, Some(namespace), Some(name), sub))
        }
        [resource] => Some(whole(resource, None, None, "")),
        [resource, name] => Some(whole(resource, None, Some(name), "")),
        [resource, name, sub, ..] => Some(whole(resource, None, Some(name), sub)),
        [] => None,
    }
}

impl Request {
    /// Takes a request apart. The body is looked at later, but for the options
    /// of a deletion, which may stand in it.
    pub(crate) fn parse(
        registry: &Registry,
        user: &UserInfo,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Request, Refusal> {
        let query = Query::parse(uri);
        let format = Format::negotiate(headers)?;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let manager = match query.get("fieldManager") {
            "" => text(header::USER_AGENT)
                .and_then(|agent| agent.split('/').next())
                .filter(|agent| !agent.is_empty())
                .unwrap_or("unknown"),
            manager => manager,
        };
        let mut request = Request {
            attributes: Attributes { user: user.clone(), ..Attributes::default() },
            resource: None,
            manager: manager.chars().take(128).collect(),
            query,
            format,
            media_type,
            tweaks: Arc::default(),
        };
        let path = percent_decoded(uri.path())?;
        let attributes = &mut request.attributes;
        let Some(path) = resource_path(&path) else {
            attributes.verb = method.as_str().to_lowercase();
            attributes.path = path;
            return Ok(request);
        };
        if path.watch {
            return Err(Refusal::not_implemented("watches by path; use the parameter `watch`"));
        }
        attributes.verb = verb(method, path.name.is_some(), request.query.is_true("watch"));
        attributes.group = path.group.to_owned();
        attributes.version = path.version.to_owned();
        attributes.resource = path.resource.to_owned();
        attributes.subresource = path.subresource.to_owned();
        attributes.namespace = path.namespace.map(str::to_owned);
        attributes.name = path.name.map(str::to_owned);
        if matches!(attributes.verb.as_str(), "list" | "watch" | "deletecollection") {
            // Whoever may read one object may list exactly that one.
            let fields = FieldSelector::parse(request.query.get("fieldSelector"), |_| true)?;
            attributes.name = fields.name().map(str::to_owned);
        }
        attributes.options = options(&attributes.verb, &request.query)?;
        attributes.dry_run = attributes.options["dryRun"].is_array();
        request.resource = registry.find(path.group, path.version, path.resource).cloned();
        Ok(request)
    }

    /// The object's namespace: none for a namespace itself, which only
    /// authorisation takes to be in itself.
    pub(crate) fn namespace(&self) -> Option<&str> {
        let namespaced = self.resource.as_ref().is_none_or(|resource| resource.namespaced);
        if namespaced { self.attributes.namespace.as_deref() } else { None }
    }

    pub(crate) fn name(&self) -> &str {
        self.attributes.name.as_deref().unwrap_or_default()
    }
}

fn percent_decoded(path: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes().iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        match (high, low) {
            (Some(high), Some(low)) => bytes.extend(u8::try_from(high * 16 + low)),
            _ => return Err(Refusal::bad_request("the path is not percent-encoded")),
        }
    }
    String::from_utf8(bytes).map_err(|_| Refusal::bad_request("the path is not UTF-8"))
}

fn verb(method: &Method, named: bool, watch: bool) -> String {
    let verb = match (method.as_str(), named) {
        ("GET" | "HEAD", true) => "get",
        ("GET" | "HEAD", false) if watch => "watch",
        ("GET" | "HEAD", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        (other, _) => return other.to_lowercase(),
    };
    verb.to_owned()
}

/// The options that a verb takes as parameters, as admission sees them.
fn options(verb: &str, query: &Query) -> Result<Value, Refusal> {
    let kind = match verb {
        "create" => "CreateOptions",
        "update" => "UpdateOptions",
        "patch" => "PatchOptions",
        "delete" | "deletecollection" => "DeleteOptions",
        _ => return Ok(Value::Null),
    };
    let mut options = Map::new();
    options.insert("kind".to_owned(), kind.into());
    options.insert("apiVersion".to_owned(), "meta.k8s.io/v1".into());
    let texts: &[&str] = match kind {
        "DeleteOptions" => &["propagationPolicy"],
        _ => &["fieldManager", "fieldValidation"],
    };
    for name in texts {
        if !query.get(name).is_empty() {
            options.insert((*name).to_owned(), query.get(name).into());
        }
    }
    match query.get("dryRun") {
        "" => {}
        "All" => {
            options.insert("dryRun".to_owned(), json!(["All"]));
        }
        other => {
            return Err(Refusal::bad_request(format!(
                "dryRun: Unsupported value: \"{other}\": supported values: \"All\""
            )));
        }
    }
    if kind == "PatchOptions" && !query.get("force").is_empty() {
        options.insert("force".to_owned(), query.is_true("force").into());
    }
    if kind == "DeleteOptions" {
        if let Some(seconds) = query.number("gracePeriodSeconds")? {
            options.insert("gracePeriodSeconds".to_owned(), seconds.into());
        }
        if !query.get("orphanDependents").is_empty() {
            let orphan = query.is_true("orphanDependents");
            options.insert("orphanDependents".to_owned(), orphan.into());
        }
    }
    Ok(Value::Object(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: Method, uri: &str) -> Attributes {
        let mut registry = Registry::default();
        registry.refresh(&crate::store::Store::default());
        let uri = uri.parse().unwrap();
        let headers = HeaderMap::new();
        Request::parse(&registry, &UserInfo::default(), &method, &uri, &headers).unwrap().attributes
    }

    #[test]
    fn a_path_says_resource_namespace_name_and_subresource() {
        let seen = |method, uri| {
            let a = parse(method, uri);
            let (namespace, name) = (a.namespace.unwrap_or_default(), a.name.unwrap_or_default());
            format!(
                "{} {} {} {} {namespace} {name} {}",
                a.verb, a.group, a.version, a.resource, a.subresource
            )
        };
        assert_eq!(seen(Method::GET, "/api/v1/pods"), "list  v1 pods   ");
        assert_eq!(seen(Method::GET, "/api/v1/pods?watch=true"), "watch  v1 pods   ");
        assert_eq!(
            seen(Method::PUT, "/apis/batch/v1/namespaces/a/jobs/b/status"),
            "update batch v1 jobs a b status"
        );
        assert_eq!(seen(Method::GET, "/api/v1/namespaces/a"), "get  v1 namespaces a a ");
        assert_eq!(
            seen(Method::PUT, "/api/v1/namespaces/a/finalize"),
            "update  v1 namespaces a a finalize"
        );
        assert_eq!(
            seen(Method::DELETE, "/apis/batch/v1/namespaces/a/jobs"),
            "deletecollection batch v1 jobs a  "
        );
        assert_eq!(
            seen(Method::GET, "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aa"),
            "get rbac.authorization.k8s.io v1 clusterroles  system:a "
        );
    }

    #[test]
    fn a_list_of_one_name_is_authorised_by_that_name() {
        let attributes =
            parse(Method::GET, "/api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Dx");
        assert_eq!((attributes.verb.as_str(), attributes.name.as_deref()), ("list", Some("x")));
    }

    #[test]
    fn what_is_about_no_resource_keeps_its_path() {
        for path in ["/version", "/api", "/apis", "/apis/apps", "/apis/apps/v1", "/openapi/v3"] {
            assert_eq!(parse(Method::GET, path).path, path);
        }
    }

    #[test]
    fn a_client_gets_the_first_form_it_accepts() {
        let negotiate = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            Format::negotiate(&headers)
        };
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,\
                       application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(negotiate(kubectl).unwrap(), Format::Table);
        assert_eq!(negotiate("application/json").unwrap(), Format::Plain);
        assert_eq!(negotiate("*/*").unwrap(), Format::Plain);
        let protobuf = "application/vnd.kubernetes.protobuf";
        assert_eq!(negotiate(&format!("{protobuf},application/json")).unwrap(), Format::Plain);
        assert_eq!(negotiate(protobuf).unwrap_err().code, 406);
        assert_eq!(negotiate("text/html").unwrap_err().code, 406);
    }
}
