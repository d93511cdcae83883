//! Against a server that is a function.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::{Direction, NamespaceMatch, Opacity, Operator, Scope, Severity};
use http::{HeaderMap, Request, Response};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use serde_json::{Value, json};
use tower::{Layer, service_fn};

use crate::error::Error;
use crate::gap::Gap;
use crate::resource::{Reach, Resource, Role};
use crate::session::{Session, Target};
use crate::{LiveOptions, Page, connect, list};

/// What the server answers: status, body, and how long that takes.
struct Reply {
    status: u16,
    body: String,
    after: Duration,
    headers: Vec<(&'static str, &'static str)>,
}

impl Reply {
    fn json(value: &Value) -> Reply {
        Reply { status: 200, body: value.to_string(), after: Duration::ZERO, headers: Vec::new() }
    }

    fn status(status: u16, message: &str) -> Reply {
        let body = json!({"kind": "Status", "code": status, "message": message}).to_string();
        Reply { status, body, after: Duration::ZERO, headers: Vec::new() }
    }

    fn after(self, after: Duration) -> Reply {
        Reply { after, ..self }
    }
}

/// What was asked for, in the order of arrival.
type Asked = Arc<Mutex<Vec<(String, HeaderMap)>>>;

type Pending = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// A server that answers each path and query by a function.
fn server(
    answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (
    impl tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Pending>
    + Send
    + Clone
    + 'static,
    Asked,
) {
    let asked = Asked::default();
    let log = asked.clone();
    let answer = Arc::new(answer);
    let service = service_fn(move |request: Request<Body>| {
        let uri = request.uri().to_string();
        log.lock().unwrap().push((uri.clone(), request.headers().clone()));
        let reply = answer(&uri);
        Box::pin(async move {
            tokio::time::sleep(reply.after).await;
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            Ok(response.body(Body::from(reply.body.into_bytes())).unwrap())
        }) as Pending
    });
    (service, asked)
}

const TIMEOUT: Duration = Duration::from_secs(30);

fn session(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Session, Asked) {
    let (service, asked) = server(answer);
    let target = Target { context: "test".to_owned(), server: "https://api.example".to_owned() };
    (Session::new(Client::new(service, "default"), target, TIMEOUT), asked)
}

async fn collect(
    namespace: Option<&str>,
    answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> Result<(Vec<Page>, Vec<Gap>), Error> {
    let (session, _) = session(answer);
    list::collect(&session, namespace).await
}

fn names(asked: &Asked) -> Vec<String> {
    asked.lock().unwrap().iter().map(|(uri, _)| uri.clone()).collect()
}

/// A list of objects of these names.
fn objects(kind: &str, names: &[&str], next: &str) -> Value {
    let items: Vec<Value> = names.iter().map(|n| json!({"metadata": {"name": n}})).collect();
    json!({"kind": format!("{kind}List"), "apiVersion": "v1", "metadata": {"continue": next}, "items": items})
}

/// One group of the discovery document: resources as (plural, kind, scope).
fn group(name: &str, version: &str, resources: &[(&str, &str, &str)]) -> Value {
    let resources: Vec<Value> = resources
        .iter()
        .map(|(plural, kind, scope)| {
            json!({
                "resource": plural,
                "responseKind": {"group": name, "version": version, "kind": kind},
                "scope": scope,
                "verbs": ["get", "list", "watch"],
            })
        })
        .collect();
    json!({"metadata": {"name": name}, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
}

fn discovery(groups: &[Value]) -> Reply {
    Reply::json(
        &json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": groups}),
    )
}

/// A cluster of two namespaces with nothing in it.
fn empty(uri: &str) -> Reply {
    match uri.split('?').next().unwrap() {
        "/apis" => discovery(&[]),
        "/api/v1/namespaces" => Reply::json(&objects("Namespace", &["shop", "tools"], "")),
        _ => Reply::json(&objects("Thing", &[], "")),
    }
}

fn find<'a>(gaps: &'a [Gap], resource: &str) -> &'a Gap {
    let mut found = gaps.iter().filter(|g| g.resource == resource);
    let gap = found.next().unwrap_or_else(|| panic!("no gap of {resource} in {gaps:#?}"));
    assert!(found.next().is_none(), "several gaps of {resource}");
    gap
}

fn text(page: &Page) -> &str {
    std::str::from_utf8(&page.text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_native_resource_is_listed_once() {
    let (session, asked) = session(empty);
    let (pages, gaps) = list::collect(&session, None).await.unwrap();
    assert_eq!(gaps, []);
    let listed: Vec<&str> = pages.iter().map(|p| p.resource.as_str()).collect();
    assert_eq!(
        listed,
        [
            "v1/namespaces",
            "v1/nodes",
            "v1/services",
            "discovery.k8s.io/v1/endpointslices",
            "v1/replicationcontrollers",
            "apps/v1/daemonsets",
            "apps/v1/deployments",
            "apps/v1/replicasets",
            "apps/v1/statefulsets",
            "batch/v1/cronjobs",
            "batch/v1/jobs",
            "networking.k8s.io/v1/ingresses",
            "networking.k8s.io/v1/networkpolicies",
            "v1/pods",
        ]
    );
    let asked = names(&asked);
    assert_eq!(asked.len(), listed.len() + 1);
    assert!(asked.iter().skip(1).all(|uri| uri.ends_with("?limit=500")), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn pages_follow_the_continue_token_and_are_handed_over_as_they_are() {
    let (pages, _) = collect(None, |uri| match uri {
        "/api/v1/pods?limit=500" => Reply::json(&objects("Pod", &["a"], "to+ken/=")),
        "/api/v1/pods?limit=500&continue=to%2Bken%2F%3D" => {
            Reply::json(&objects("Pod", &["b"], "last"))
        }
        "/api/v1/pods?limit=500&continue=last" => Reply::json(&objects("Pod", &["c"], "")),
        _ => empty(uri),
    })
    .await
    .unwrap();
    let pods: Vec<&str> = pages.iter().filter(|p| p.resource == "v1/pods").map(text).collect();
    assert_eq!(
        pods,
        [
            objects("Pod", &["a"], "to+ken/=").to_string(),
            objects("Pod", &["b"], "last").to_string(),
            objects("Pod", &["c"], "").to_string(),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_has_grown_too_old_starts_over_whole() {
    let (session, asked) = session(|uri| match uri {
        "/api/v1/pods?limit=500" => Reply::json(&objects("Pod", &["gone"], "old")),
        "/api/v1/pods?limit=500&continue=old" => Reply::status(410, "too old"),
        "/api/v1/pods" => Reply::json(&objects("Pod", &["a", "b"], "")),
        _ => empty(uri),
    });
    let (pages, gaps) = list::collect(&session, None).await.unwrap();
    assert_eq!(gaps, []);
    let pods: Vec<&str> = pages.iter().filter(|p| p.resource == "v1/pods").map(text).collect();
    assert_eq!(pods, [objects("Pod", &["a", "b"], "").to_string()]);
    let asked = names(&asked);
    assert_eq!(asked.iter().filter(|uri| *uri == "/api/v1/pods").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_always_too_old_is_a_gap() {
    let (_, gaps) = collect(None, |uri| {
        if uri.starts_with("/api/v1/pods") { Reply::status(410, "too old") } else { empty(uri) }
    })
    .await
    .unwrap();
    assert_eq!(find(&gaps, "v1/pods").reason, "410 Gone: too old");
}

#[tokio::test(start_paused = true)]
async fn the_same_page_again_and_again_ends() {
    let error = collect(None, |uri| {
        if uri.starts_with("/api/v1/pods") {
            Reply::json(&objects("Pod", &["a"], "same"))
        } else {
            empty(uri)
        }
    })
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_served_is_no_gap() {
    let (pages, gaps) = collect(None, |uri| {
        if uri.contains("endpointslices") { Reply::status(404, "nothing here") } else { empty(uri) }
    })
    .await
    .unwrap();
    assert_eq!(gaps, []);
    assert!(pages.iter().all(|p| !p.resource.contains("endpointslices")));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_listed_everywhere_is_listed_where_it_may_be() {
    let (pages, gaps) = collect(None, |uri| match uri {
        "/api/v1/namespaces?limit=500" => Reply::json(&objects("Namespace", &["c", "a", "b"], "")),
        "/apis/networking.k8s.io/v1/networkpolicies?limit=500" => Reply::status(403, "no"),
        "/apis/networking.k8s.io/v1/namespaces/b/networkpolicies?limit=500" => {
            Reply::status(403, "not in b")
        }
        _ if uri.contains("/networkpolicies") => {
            Reply::json(&objects("NetworkPolicy", &[uri.split('/').nth(5).unwrap()], ""))
        }
        _ => empty(uri),
    })
    .await
    .unwrap();
    let policies: Vec<&Page> =
        pages.iter().filter(|p| p.resource.ends_with("networkpolicies")).collect();
    assert_eq!(policies.len(), 2);
    assert!(text(policies[0]).contains(r#""name":"a""#));
    assert!(text(policies[1]).contains(r#""name":"c""#));
    let gap = find(&gaps, "networking.k8s.io/v1/networkpolicies");
    assert_eq!(gap.namespace.as_deref(), Some("b"));
    assert_eq!(gap.reason, "403 Forbidden: not in b");
    let opaque = gap.opaque.as_ref().unwrap();
    assert_eq!(opaque.scope, Scope::Namespace("b".into()));
    assert_eq!(&*opaque.kind, "NetworkPolicy");
    assert_eq!(&*opaque.namespace, "b");
    assert_eq!(opaque.opacity, Opacity::Anything);
    assert_eq!(opaque.directions, Direction::ALL);
    assert_eq!(gap.diagnostic.severity, Severity::Error);
    assert_eq!(gaps.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn policies_that_may_be_listed_nowhere_are_opaque_for_the_whole_cluster() {
    let (_, gaps) = collect(None, |uri| {
        if uri.contains("networkpolicies") { Reply::status(403, "no") } else { empty(uri) }
    })
    .await
    .unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].namespace, None);
    assert_eq!(gaps[0].opaque.as_ref().unwrap().scope, Scope::Cluster);
    assert_eq!(
        gaps[0].diagnostic.message,
        "networkpolicies.networking.k8s.io could not be listed, so answers that they could change are unknown"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_may_see_one_namespace_only_sees_that_and_the_rest_is_unknown() {
    let (pages, gaps) = collect(Some("shop"), |uri| match uri {
        "/apis" => discovery(&[]),
        "/api/v1/namespaces/shop" => Reply::json(
            &json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "shop"}}),
        ),
        _ if uri.contains("/namespaces/shop/") => Reply::json(&objects("Thing", &[], "")),
        _ => Reply::status(403, "no"),
    })
    .await
    .unwrap();
    assert_eq!(pages.iter().filter(|p| p.resource == "v1/namespaces").count(), 1);
    assert_eq!(pages.iter().filter(|p| p.resource == "v1/pods").count(), 1);
    let namespaces = find(&gaps, "v1/namespaces");
    assert_eq!(namespaces.opaque, None);
    assert_eq!(namespaces.diagnostic.severity, Severity::Error);
    assert!(namespaces.diagnostic.message.contains("outside of namespace `shop`"));
    assert!(namespaces.diagnostic.message.contains("labels of namespaces are unknown"));
    assert_eq!(find(&gaps, "v1/nodes").diagnostic.severity, Severity::Error);
    let policies = find(&gaps, "networking.k8s.io/v1/networkpolicies");
    let Scope::Pods(NamespaceMatch::Selector(elsewhere), pods) =
        &policies.opaque.as_ref().unwrap().scope
    else {
        panic!("{policies:?}");
    };
    assert!(pods.is_empty());
    assert_eq!(elsewhere.requirements.len(), 1);
    assert_eq!(&*elsewhere.requirements[0].key, "kubernetes.io/metadata.name");
    assert_eq!(elsewhere.requirements[0].operator, Operator::NotIn);
    assert_eq!(elsewhere.requirements[0].values, ["shop".into()]);
}

#[tokio::test(start_paused = true)]
async fn only_policies_are_opaque_and_workloads_are_a_warning() {
    let (_, gaps) = collect(None, |uri| match uri.split('?').next().unwrap() {
        "/apis" => discovery(&[]),
        _ => Reply::status(403, "no"),
    })
    .await
    .unwrap();
    assert_eq!(gaps.len(), 14);
    for gap in &gaps {
        let is_policy = gap.resource.contains("networkpolicies");
        assert_eq!(gap.opaque.is_some(), is_policy, "{}", gap.resource);
    }
    for resource in ["v1/namespaces", "v1/pods", "v1/nodes", "v1/services"] {
        assert_eq!(find(&gaps, resource).diagnostic.severity, Severity::Error, "{resource}");
    }
    for resource in ["apps/v1/deployments", "networking.k8s.io/v1/ingresses"] {
        assert_eq!(find(&gaps, resource).diagnostic.severity, Severity::Warning, "{resource}");
    }
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_not_modelled_are_found_and_listed() {
    let (session, asked) = session(|uri| match uri {
        "/apis" => discovery(&[
            group("metrics.k8s.io", "v1beta1", &[("pods", "PodMetrics", "Namespaced")]),
            group(
                "cilium.io",
                "v2",
                &[
                    ("ciliumnetworkpolicies", "CiliumNetworkPolicy", "Namespaced"),
                    ("ciliumendpoints", "CiliumEndpoint", "Namespaced"),
                ],
            ),
            group("example.io", "v1", &[("fancynetworkpolicies", "FancyNetworkPolicy", "Cluster")]),
            group(
                "k8s.cni.cncf.io",
                "v1beta1",
                &[("multi-networkpolicies", "MultiNetworkPolicy", "Namespaced")],
            ),
            group(
                "gateway.networking.k8s.io",
                "v1",
                &[("httproutes", "HTTPRoute", "Namespaced"), ("gateways", "Gateway", "Namespaced")],
            ),
            group("networking.k8s.io", "v1", &[("networkpolicies", "NetworkPolicy", "Namespaced")]),
            // Shows what the next one stores.
            group("projectcalico.org", "v3", &[("networkpolicies", "NetworkPolicy", "Namespaced")]),
            group(
                "crd.projectcalico.org",
                "v1",
                &[
                    ("networkpolicies", "NetworkPolicy", "Namespaced"),
                    ("stagednetworkpolicies", "StagedNetworkPolicy", "Namespaced"),
                ],
            ),
            json!({"metadata": {"name": "policy.networking.k8s.io"}, "versions": [
                {"version": "v1beta9", "resources": [{"resource": "clusternetworkpolicies", "scope": "Cluster", "verbs": ["list"], "responseKind": {"kind": "ClusterNetworkPolicy"}}]},
                {"version": "v1alpha2", "resources": [{"resource": "clusternetworkpolicies", "scope": "Cluster", "verbs": ["list"], "responseKind": {"kind": "ClusterNetworkPolicy"}}]},
                {"version": "v1alpha1", "resources": [
                    {"resource": "adminnetworkpolicies", "scope": "Cluster", "verbs": ["list"], "responseKind": {"kind": "AdminNetworkPolicy"}},
                    {"resource": "baselineadminnetworkpolicies", "scope": "Cluster", "verbs": ["get"], "responseKind": {"kind": "BaselineAdminNetworkPolicy"}},
                ]},
            ]}),
        ]),
        _ => empty(uri),
    });
    let (pages, gaps) = list::collect(&session, None).await.unwrap();
    assert_eq!(gaps, []);
    let found: Vec<&str> = pages.iter().skip(14).map(|p| p.resource.as_str()).collect();
    assert_eq!(
        found,
        [
            "cilium.io/v2/ciliumnetworkpolicies",
            "crd.projectcalico.org/v1/networkpolicies",
            "example.io/v1/fancynetworkpolicies",
            "gateway.networking.k8s.io/v1/httproutes",
            "k8s.cni.cncf.io/v1beta1/multi-networkpolicies",
            "policy.networking.k8s.io/v1alpha1/adminnetworkpolicies",
            "policy.networking.k8s.io/v1alpha2/clusternetworkpolicies",
        ]
    );
    let asked = asked.lock().unwrap();
    let accept = asked[0].1["accept"].to_str().unwrap();
    assert!(accept.contains("APIGroupDiscoveryList"), "{accept}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_kind_makes_unknown_what_that_kind_could_change() {
    let (_, gaps) = collect(None, |uri| match uri {
        "/apis" => discovery(&[
            group(
                "security.istio.io",
                "v1",
                &[("authorizationpolicies", "AuthorizationPolicy", "Namespaced")],
            ),
            group("k8s.ovn.org", "v1", &[("egressfirewalls", "EgressFirewall", "Namespaced")]),
            group(
                "k8s.cni.cncf.io",
                "v1beta1",
                &[("multi-networkpolicies", "MultiNetworkPolicy", "Namespaced")],
            ),
        ]),
        "/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies?limit=500" => empty(uri),
        "/apis/k8s.ovn.org/v1/namespaces/shop/egressfirewalls?limit=500" => empty(uri),
        _ if uri.contains("istio") || uri.contains("ovn") || uri.contains("cncf") => {
            Reply::status(403, "no")
        }
        _ => empty(uri),
    })
    .await
    .unwrap();
    // One in the mesh's root namespace is for every namespace.
    let mesh = find(&gaps, "security.istio.io/v1/authorizationpolicies").opaque.as_ref().unwrap();
    assert_eq!(mesh.scope, Scope::Cluster);
    assert_eq!(mesh.opacity, Opacity::Denies);
    assert_eq!(mesh.directions, [Direction::Ingress]);
    let egress = find(&gaps, "k8s.ovn.org/v1/egressfirewalls").opaque.as_ref().unwrap();
    assert_eq!(egress.scope, Scope::Namespace("tools".into()));
    assert_eq!(egress.opacity, Opacity::Denies);
    assert_eq!(egress.directions, [Direction::Egress]);
    let secondary = find(&gaps, "k8s.cni.cncf.io/v1beta1/multi-networkpolicies");
    assert_eq!(secondary.opaque, None);
    assert_eq!(secondary.diagnostic.severity, Severity::Note);
}

/// Two tables say which kinds matter: what is listed here must be read there,
/// and a gap must not promise more than an object of the kind would.
#[test]
fn what_is_listed_is_what_the_reader_of_manifests_knows() {
    for (group, kind, role) in crate::resource::FOUND {
        let version = crate::resource::known_version(group, kind).unwrap_or("v1");
        let mut object = json!({
            "apiVersion": format!("{group}/{version}"),
            "kind": kind,
            "metadata": {"name": "x"},
            "spec": {"layer2": {"role": "Primary"}, "network": {"layer2": {"role": "Primary"}}},
        });
        if !matches!(role, Role::Policy(Reach::Cluster, ..)) {
            object["metadata"]["namespace"] = json!("shop");
        }
        let text = object.to_string().into_bytes();
        let input = Input { name: "live".into(), text: &text, kind: InputKind::Live };
        let reading = fallgate_manifest::read(&[input], &ReadOptions::default());
        let opaque = &reading.cluster.opaque;
        match role {
            Role::Policy(reach, opacity, directions) => {
                assert_eq!(opaque.len(), 1, "{group} {kind}: {:?}", reading.diagnostics);
                let resource = Resource {
                    group: (*group).to_owned(),
                    version: version.to_owned(),
                    plural: String::new(),
                    kind: (*kind).to_owned(),
                    namespaced: *reach == Reach::Namespace,
                    role: *role,
                };
                assert_eq!(*opaque[0].kind, *resource.kind_name());
                assert_eq!(opaque[0].opacity, *opacity, "{group} {kind}");
                assert_eq!(opaque[0].directions, *directions, "{group} {kind}");
                if *reach == Reach::Namespace {
                    assert_eq!(opaque[0].scope, Scope::Namespace("shop".into()), "{group} {kind}");
                }
            }
            Role::Secondary => assert!(opaque.is_empty(), "{group} {kind}"),
            _ => assert!(reading.ignored.is_empty(), "{group} {kind}: {:?}", reading.ignored),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_set_of_kinds_makes_everything_unknown() {
    for reply in [
        || Reply::status(403, "no discovery"),
        || Reply::json(&json!({"kind": "APIGroupList", "groups": []})),
    ] {
        let (pages, gaps) =
            collect(None, move |uri| if uri == "/apis" { reply() } else { empty(uri) })
                .await
                .unwrap();
        assert_eq!(pages.len(), 14);
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].opaque.as_ref().unwrap().scope, Scope::Cluster);
        assert_eq!(gaps[0].diagnostic.severity, Severity::Error);
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_down_matters_when_it_has_policies() {
    let down = |name: &str| json!({"metadata": {"name": name}, "versions": [{"version": "v3", "freshness": "Stale"}]});
    let (_, gaps) = collect(None, move |uri| match uri {
        "/apis" => discovery(&[down("metrics.k8s.io"), down("projectcalico.org")]),
        _ => empty(uri),
    })
    .await
    .unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].resource, "projectcalico.org/v3");
    assert_eq!(gaps[0].opaque.as_ref().unwrap().scope, Scope::Cluster);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_is_asked_again() {
    let tries = Arc::new(Mutex::new(0));
    let (pages, gaps) = collect(None, move |uri| {
        if uri.starts_with("/api/v1/pods") {
            let mut tries = tries.lock().unwrap();
            *tries += 1;
            if *tries < 3 {
                let busy = Reply::status(429, "busy");
                return Reply { headers: vec![("retry-after", "2")], ..busy };
            }
        }
        empty(uri)
    })
    .await
    .unwrap();
    assert_eq!((pages.len(), gaps), (14, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_for_good_is_a_gap() {
    let (_, gaps) = collect(None, |uri| {
        if uri.contains("networkpolicies") {
            Reply { body: "<html>".to_owned(), ..Reply::status(503, "") }
        } else {
            empty(uri)
        }
    })
    .await
    .unwrap();
    let gap = find(&gaps, "networking.k8s.io/v1/networkpolicies");
    assert_eq!(gap.reason, "503 Service Unavailable");
    assert!(gap.diagnostic.message.ends_with("unknown (503 Service Unavailable)"));
    assert_eq!(gap.opaque.as_ref().unwrap().scope, Scope::Cluster);
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_is_left_when_time_is_up() {
    let start = tokio::time::Instant::now();
    let error = collect(None, |uri| {
        let after = Duration::from_secs(if uri.contains("jobs") { 3600 } else { 1 });
        empty(uri).after(after)
    })
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    let message = error.to_string();
    let start_of =
        "the API server https://api.example of context `test`, asked for /apis/batch/v1/";
    assert!(message.starts_with(start_of), "{message}");
    assert!(message.ends_with("jobs, did not answer within 30 s"), "{message}");
    assert!(start.elapsed() < 2 * TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn slow_answers_within_the_time_are_waited_for() {
    let (pages, _) = collect(None, |uri| empty(uri).after(Duration::from_secs(29))).await.unwrap();
    assert_eq!(pages.len(), 14);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_not_accepted_end_it() {
    let error = collect(None, |_| Reply::status(401, "token\u{1b}[31m expired")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the API server https://api.example does not accept the credentials of context `test`: 401 Unauthorized: token [31m expired"
    );
    assert!(error.help().contains("log in"));
}

#[tokio::test(start_paused = true)]
async fn something_else_than_an_api_server_is_told() {
    for reply in [
        || Reply::status(404, "no such page"),
        || Reply::json(&json!({"hello": "world"})),
        || Reply { body: "<html>".to_owned(), ..Reply::json(&json!(null)) },
    ] {
        let error = collect(None, move |_| reply()).await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_pages_does_not_depend_on_speed() {
    let run = |seed: u64| async move {
        collect(None, move |uri| {
            let mix =
                uri.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
            let page = match uri {
                "/api/v1/pods?limit=500" => Reply::json(&objects("Pod", &["a"], "more")),
                _ if uri.contains("/networkpolicies") && !uri.contains("namespaces") => {
                    Reply::status(403, "no")
                }
                _ if uri.contains("/shop/networkpolicies") => Reply::status(403, "no"),
                _ => empty(uri),
            };
            page.after(Duration::from_millis(mix % 5000))
        })
        .await
        .unwrap()
    };
    let first = run(1).await;
    assert!(!first.1.is_empty());
    for seed in 2..10 {
        assert_eq!(run(seed).await, first);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_four_lists_are_under_way() {
    let now = Arc::new(Mutex::new((0_u32, 0_u32)));
    let (service, _) = server(empty);
    let counted = now.clone();
    let service = service_fn(move |request: Request<Body>| {
        let counted = counted.clone();
        let mut service = service.clone();
        Box::pin(async move {
            {
                let mut c = counted.lock().unwrap();
                c.0 += 1;
                c.1 = c.1.max(c.0);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let response = tower::Service::call(&mut service, request).await;
            counted.lock().unwrap().0 -= 1;
            response
        }) as Pending
    });
    let target = Target { context: String::new(), server: String::new() };
    let session = Session::new(Client::new(service, "default"), target, TIMEOUT);
    list::collect(&session, None).await.unwrap();
    assert_eq!(now.lock().unwrap().1, 4);
}

#[tokio::test(start_paused = true)]
async fn requests_say_who_asks_and_as_whom() {
    let (service, asked) = server(empty);
    let mut config = Config::new("https://api.example".parse().unwrap());
    config.auth_info.impersonate = Some("of the kubeconfig".to_owned());
    config.auth_info.impersonate_groups = Some(vec!["of the kubeconfig".to_owned()]);
    let options = LiveOptions {
        impersonate: Some("alice".to_owned()),
        impersonate_groups: vec!["devs".to_owned(), "oncall".to_owned()],
        ..LiveOptions::default()
    };
    connect::act_as(&mut config, &options);
    let service = config.extra_headers_layer().unwrap().layer(service);
    let target = Target { context: String::new(), server: String::new() };
    let session = Session::new(Client::new(service, "default"), target, TIMEOUT);
    list::collect(&session, None).await.unwrap();
    for (uri, headers) in asked.lock().unwrap().iter() {
        assert_eq!(headers["impersonate-user"], "alice", "{uri}");
        let groups: Vec<_> = headers.get_all("impersonate-group").iter().collect();
        assert_eq!(groups, ["devs", "oncall"], "{uri}");
        assert_eq!(headers["user-agent"], concat!("fallgate-cli/", env!("CARGO_PKG_VERSION")));
    }
}

#[tokio::test(start_paused = true)]
async fn impersonation_that_is_refused_is_told_as_such() {
    let message = r#"users "alice" is forbidden: User "bob" cannot impersonate resource "users""#;
    let error = collect(None, |_| Reply::status(403, message)).await.unwrap_err();
    assert!(matches!(error, Error::Impersonation { .. }), "{error}");
}

#[test]
fn groups_are_not_impersonated_without_a_user() {
    let options =
        LiveOptions { impersonate_groups: vec!["devs".to_owned()], ..LiveOptions::default() };
    assert!(matches!(crate::read(&options), Err(Error::GroupsWithoutUser)));
}

/// A kubeconfig in a file of its own, gone when dropped.
struct Kubeconfig(std::path::PathBuf);

impl Kubeconfig {
    fn new(test: &str, user: &Value) -> Kubeconfig {
        let path = std::env::temp_dir().join(format!("fallgate-{}-{test}", std::process::id()));
        // Port 1 of the loopback is nobody's.
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [
                {"name": "c", "context": {"cluster": "c", "user": "u"}},
                {"name": "b", "context": {"cluster": "c", "user": "u"}},
            ],
        });
        std::fs::write(&path, text.to_string()).unwrap();
        Kubeconfig(path)
    }

    fn options(&self) -> LiveOptions {
        LiveOptions { kubeconfig: Some(self.0.clone()), ..LiveOptions::default() }
    }
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() {
    let options =
        LiveOptions { kubeconfig: Some("/does/not/exist".into()), ..LiveOptions::default() };
    let error = crate::read(&options).unwrap_err();
    assert!(matches!(error, Error::Kubeconfig { .. }));
    assert!(error.to_string().contains("/does/not/exist"), "{error}");
}

#[test]
fn a_kubeconfig_that_is_garbage_is_named() {
    let file = Kubeconfig::new("garbage", &json!({}));
    std::fs::write(&file.0, "{[").unwrap();
    let error = crate::read(&file.options()).unwrap_err();
    assert!(matches!(error, Error::Kubeconfig { .. }));
    assert!(error.to_string().contains("garbage"), "{error}");
}

#[test]
fn a_context_that_is_not_there_is_told_with_those_that_are() {
    let file = Kubeconfig::new("context", &json!({}));
    let options = LiveOptions { context: Some("prod".to_owned()), ..file.options() };
    assert_eq!(
        crate::read(&options).unwrap_err().to_string(),
        "the kubeconfig has no context `prod`; it has `b`, `c`"
    );
}

#[test]
fn a_server_that_does_not_listen_is_named() {
    let file = Kubeconfig::new("unreachable", &json!({}));
    let error = crate::can_connect(&file.options()).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "the API server http://127.0.0.1:1 of context `c` cannot be reached: Connection refused"
        ),
        "{error}"
    );
}

fn plugin(script: &str) -> Value {
    json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", script],
        "interactiveMode": "Never",
    }})
}

#[test]
fn a_plugin_that_hangs_is_left_and_ended() {
    let file = Kubeconfig::new("hangs", &plugin("exec sleep 600"));
    let options = LiveOptions { timeout: Duration::from_millis(200), ..file.options() };
    assert_eq!(
        crate::read(&options).unwrap_err().to_string(),
        "the credential plugin `sh` of context `c` did not answer within 0.2 s"
    );
}

#[test]
fn a_plugin_that_fails_is_quoted() {
    let file = Kubeconfig::new("fails", &plugin("echo please log in >&2; exit 3"));
    assert_eq!(
        crate::read(&file.options()).unwrap_err().to_string(),
        "the credential plugin `sh` of context `c` failed with exit status: 3: please log in"
    );
}

#[test]
fn a_plugin_that_prints_garbage_is_not_quoted() {
    let file = Kubeconfig::new("prints", &plugin("echo s3cret"));
    let error = crate::read(&file.options()).unwrap_err().to_string();
    assert!(error.ends_with("printed no ExecCredential with a status"), "{error}");
}

#[test]
fn a_plugin_that_is_not_there_is_told() {
    let mut user = plugin("");
    user["exec"]["command"] = json!("/does/not/exist");
    user["exec"]["installHint"] = json!("install it");
    let file = Kubeconfig::new("missing", &user);
    let error = crate::read(&file.options()).unwrap_err().to_string();
    assert!(error.contains("`/does/not/exist` of context `c` cannot be run: "), "{error}");
    assert!(error.ends_with("(install it)"), "{error}");
}

#[tokio::test]
async fn a_plugin_is_asked_once_and_its_token_is_used() {
    let script = r#"printf '{"status":{"token":"t0ken"}}'"#;
    let mut user: kube::config::AuthInfo = serde_json::from_value(plugin(script)).unwrap();
    crate::plugin::replace(&mut user, "c", TIMEOUT).await.unwrap();
    assert!(user.exec.is_none());
    let shown = serde_json::to_value(&user).unwrap();
    assert_eq!(shown["token"], "t0ken");
}
