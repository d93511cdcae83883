//! What requests come to: the policies, their effect, and what is refused.

use fallgate_access::{Assess, Case, End, Narrowing, Planned, Policy, Refusal};
use fallgate_api::{
    AccessConfigSpec, AccessPolicySpec, AccessRequest, Connection, Direction, Endpoint, Hop,
    Isolation, Place, PolicyKind, PortRange, Ports, Protocol, ServiceRef, UnknownEffect,
    WorkloadRef, Workstation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde_json::{Value, json};

use crate::shop::{config, pods, policy, request, tcp};
use crate::world::{Ground, deny, pod, shop};

/// A request that a test changes where it differs.
struct Story {
    config: AccessConfigSpec,
    policy: AccessPolicySpec,
    request: AccessRequest,
}

impl Story {
    fn new() -> Story {
        Story { config: config(), policy: policy(), request: request() }
    }

    fn plan(&self, manifests: &str) -> Result<Planned, Refusal> {
        self.plan_on(&Ground::read(manifests), &[])
    }

    fn plan_on(&self, ground: &Ground, narrowings: &[Narrowing<'_>]) -> Result<Planned, Refusal> {
        let policy = Policy {
            kind: PolicyKind::AccessPolicy,
            name: "oncall-db",
            uid: "policy-1",
            generation: 3,
            author: Some("carol"),
            spec: &self.policy,
        };
        let case = Case {
            config: &self.config,
            policy,
            request: &self.request,
            narrowings: narrowings.to_vec(),
        };
        ground.world().plan(&case)
    }

    /// Both the policy and the request say this.
    fn both(edit: impl Fn(&mut Ends<'_>)) -> Story {
        let mut story = Story::new();
        let [from] = story.policy.from.as_mut_slice() else { unreachable!() };
        edit(&mut Ends { from, to: &mut story.policy.to });
        let spec = &mut story.request.spec;
        edit(&mut Ends { from: &mut spec.from, to: &mut spec.to });
        story
    }
}

struct Ends<'a> {
    from: &'a mut Endpoint,
    to: &'a mut Endpoint,
}

fn cidrs(cidrs: &[&str]) -> Endpoint {
    Endpoint { cidrs: cidrs.iter().map(|cidr| (*cidr).to_owned()).collect(), ..Endpoint::default() }
}

fn workload(namespace: &str, kind: &str, name: &str) -> Endpoint {
    Endpoint {
        namespace: Some(namespace.into()),
        workload: Some(WorkloadRef { kind: kind.into(), name: name.into() }),
        ..Endpoint::default()
    }
}

fn place(namespace: &str, kind: &str, name: &str) -> Place {
    Place::Workload { namespace: namespace.into(), name: name.into(), kind: kind.into() }
}

fn opened(from: Place, to: Place) -> Connection {
    let range = PortRange { protocol: Protocol::Tcp, port: 5432, end_port: None };
    Connection { from, to, ports: Ports::Ranges(vec![range]), unknown: None, other_protocols: None }
}

fn ingress() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": "shop"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "policyTypes": ["Ingress"],
            "ingress": [{
                "from": [{
                    "namespaceSelector": {
                        "matchLabels": {"kubernetes.io/metadata.name": "oncall-tools"},
                    },
                    "podSelector": {"matchLabels": {"role": "debug"}},
                }],
                "ports": [{"port": 5432, "protocol": "TCP"}],
            }],
        },
    })
}

fn egress() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": "oncall-tools"},
        "spec": {
            "podSelector": {"matchLabels": {"role": "debug"}},
            "policyTypes": ["Egress"],
            "egress": [{
                "to": [{
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
                    "podSelector": {"matchLabels": {"app": "db"}},
                }],
                "ports": [{"port": 5432, "protocol": "TCP"}],
            }],
        },
    })
}

#[test]
fn h1_one_policy_where_the_target_alone_is_isolated() {
    let planned = Story::new().plan(&shop()).unwrap();
    let plan = &planned.plan;
    assert_eq!(plan.policies, [ingress()]);
    assert_eq!(plan.decision_namespaces, ["shop"]);
    let debug = place("oncall-tools", "StatefulSet", "debug");
    assert_eq!(plan.effect.opened, [opened(debug, place("shop", "StatefulSet", "db"))]);
    assert!(plan.effect.closed.is_empty() && plan.effect.unknown.is_empty());
    assert_eq!(
        plan.isolation,
        [Isolation {
            namespace: "shop".into(),
            direction: Direction::Ingress,
            baseline: vec!["baseline".into()],
        }]
    );
    assert_eq!(plan.unprotected_selector_keys, ["app", "role"]);
    assert_eq!(plan.request.duration_seconds, 1800);
    assert!(planned.hash.starts_with("sha256:") && planned.hash.len() == 71);
}

#[test]
fn two_policies_in_two_namespaces_where_both_ends_are_isolated() {
    let manifests = shop() + &deny("oncall-tools", "baseline", "{}", "[Egress]");
    let plan = Story::new().plan(&manifests).unwrap().plan;
    assert_eq!(plan.policies, [egress(), ingress()]);
    assert_eq!(plan.decision_namespaces, ["shop", "oncall-tools"]);
    assert_eq!(plan.isolation.len(), 2);
}

#[test]
fn protected_keys_are_not_named() {
    let mut story = Story::new();
    story.config.protected_label_keys = vec!["role".into()];
    assert_eq!(story.plan(&shop()).unwrap().plan.unprotected_selector_keys, ["app"]);
}

#[test]
fn h4_a_jump_host_and_a_tool_pod_are_two_legs_of_one_grant() {
    let mut story = Story::both(|ends| *ends.from = cidrs(&["192.0.2.10/32"]));
    let hop = Hop { endpoint: pods("oncall-tools", &[("role", "debug")]), ports: vec![tcp(22)] };
    story.policy.via = Some(hop.clone());
    story.request.spec.via = Some(hop);
    let manifests = shop() + &deny("oncall-tools", "baseline", "{}", "[Ingress, Egress]");
    let plan = story.plan(&manifests).unwrap().plan;
    let types: Vec<_> = plan
        .policies
        .iter()
        .map(|policy| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&policy["metadata"]["namespace"]), text(&policy["spec"]["policyTypes"][0]))
        })
        .collect();
    let expected = [("oncall-tools", "Ingress"), ("oncall-tools", "Egress"), ("shop", "Ingress")];
    assert_eq!(types, expected.map(|(namespace, ty)| (namespace.to_owned(), ty.to_owned())));
    let peer = &plan.policies[0]["spec"]["ingress"][0]["from"];
    assert_eq!(*peer, json!([{"ipBlock": {"cidr": "192.0.2.10/32"}}]));
    assert_eq!(plan.effect.opened.len(), 2);
    // The jump host does not reach the database: the legs are not alternatives.
    let db = place("shop", "StatefulSet", "db");
    let debug = place("oncall-tools", "StatefulSet", "debug");
    assert!(plan.effect.opened.iter().all(|c| c.to != db || c.from == debug));
}

#[test]
fn addresses_as_a_target_are_requested_where_the_source_is() {
    let edit = |ends: &mut Ends<'_>| {
        *ends.from = pods("shop", &[("app", "web")]);
        *ends.to = cidrs(&["203.0.113.0/24"]);
    };
    let plan = Story::both(edit).plan(&shop()).unwrap().plan;
    assert_eq!(plan.policies.len(), 1);
    assert_eq!(
        plan.policies[0]["spec"]["egress"][0]["to"],
        json!([{"ipBlock": {"cidr": "203.0.113.0/24"}}])
    );
    let elsewhere = Story::both(|ends| *ends.to = cidrs(&["203.0.113.0/24"]));
    assert_eq!(elsewhere.plan(&shop()), Err(Refusal::AnotherNamespace("shop".into())));
    let nowhere = Story::both(|ends| {
        *ends.from = cidrs(&["192.0.2.10/32"]);
        *ends.to = cidrs(&["203.0.113.0/24"]);
    });
    assert_eq!(nowhere.plan(&shop()), Err(Refusal::NoPodsAtAll));
}

/// "Breaking the Bulkhead": a request in one namespace that makes the controller
/// act on another one's behalf.
#[test]
fn a_path_into_another_namespace_is_refused() {
    let story = Story::both(|ends| *ends.to = pods("oncall-tools", &[("role", "other")]));
    assert_eq!(story.plan(&shop()), Err(Refusal::AnotherNamespace("shop".into())));
}

#[test]
fn a_requester_opens_from_their_own_workstation_only() {
    let workstation = |user: &str, cidr: &str| Endpoint {
        workstations: vec![Workstation { user: user.into(), cidrs: vec![cidr.into()] }],
        ..Endpoint::default()
    };
    let mut story = Story::new();
    story.policy.from = vec![Endpoint {
        workstations: vec![
            Workstation { user: "alice".into(), cidrs: vec!["198.51.100.7/32".into()] },
            Workstation { user: "bob".into(), cidrs: vec!["198.51.100.8/32".into()] },
        ],
        ..Endpoint::default()
    }];
    story.request.spec.from = workstation("alice", "198.51.100.7/32");
    let plan = story.plan(&shop()).unwrap().plan;
    assert_eq!(plan.request.from, story.request.spec.from);
    story.request.spec.from = workstation("bob", "198.51.100.8/32");
    assert_eq!(story.plan(&shop()), Err(Refusal::Workstation("alice".into())));
    let outside = Refusal::OutsidePolicy("from", "one of the policy's `from`");
    for from in [workstation("alice", "198.51.100.8/32"), cidrs(&["198.51.100.7/32"])] {
        story.request.spec.from = from;
        assert_eq!(story.plan(&shop()), Err(outside.clone()));
    }
}

#[test]
fn a_workload_is_its_pods_and_nobody_elses() {
    let ground = || {
        Ground::read(&shop())
            .with_workload(("shop", "StatefulSet", "db"), &[("app", "db")])
            .with_workload(("oncall-tools", "StatefulSet", "debug"), &[("role", "debug")])
    };
    let story = Story::both(|ends| {
        *ends.from = workload("oncall-tools", "StatefulSet", "debug");
        *ends.to = workload("shop", "StatefulSet", "db");
    });
    let plan = story.plan_on(&ground(), &[]).unwrap().plan;
    assert_eq!(plan.policies, [ingress()]);
    assert_eq!(plan.request.to, workload("shop", "StatefulSet", "db"));
    // A pod of another workload with the same label would be opened, too.
    let decoy = shop() + &pod("shop", "decoy-0", "{app: db}", "10.0.0.12");
    let ground = Ground { engine: Ground::read(&decoy).engine, ..ground() };
    let refused = story.plan_on(&ground, &[]);
    assert!(
        matches!(&refused, Err(Refusal::OpensMore(what)) if what.contains("decoy-0")),
        "{refused:?}"
    );
    let missing = Story::both(|ends| *ends.to = workload("shop", "Deployment", "db"));
    assert!(matches!(missing.plan_on(&ground, &[]), Err(Refusal::NoWorkload { .. })));
}

fn service(ports: &str, selector: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: sql, namespace: shop}}\n\
         spec: {{clusterIP: 10.96.0.1, {selector}ports: {ports}}}\n"
    )
}

/// Netwatch followed annotations of a Service, so that whoever owned it could
/// redirect an approved path: here it is resolved when it is planned, to
/// selectors and ports that the plan's hash holds.
#[test]
fn netwatch_service_redirection() {
    let to = |ends: &mut Ends<'_>| {
        *ends.to = Endpoint {
            namespace: Some("shop".into()),
            service: Some(ServiceRef { name: "sql".into() }),
            ..Endpoint::default()
        };
    };
    let mut story = Story::both(to);
    story.policy.ports = vec![tcp(80)];
    story.request.spec.ports = vec![tcp(80)];
    let selected = "selector: {app: db}, ";
    let leads_to = |target: &str| {
        let ports = format!("[{{port: 80, targetPort: {target}}}]");
        story.plan(&(shop() + &service(&ports, selected)))
    };
    let planned = leads_to("5432").unwrap();
    assert_eq!(planned.plan.policies, [ingress()]);
    assert_eq!(planned.plan.request.to, pods("shop", &[("app", "db")]));
    assert_eq!(leads_to("sql").unwrap().hash, planned.hash);
    assert_ne!(leads_to("5433").unwrap().hash, planned.hash);
    let redirected = service("[{port: 80, targetPort: 5432}]", "selector: {app: web}, ");
    assert_ne!(story.plan(&(shop() + &redirected)).unwrap().hash, planned.hash);
    let no_port = service("[{port: 81, targetPort: 5432}]", selected);
    assert!(matches!(story.plan(&(shop() + &no_port)), Err(Refusal::ServicePort(..))));
    let no_selector = service("[{port: 80, targetPort: 5432}]", "");
    assert!(matches!(story.plan(&(shop() + &no_selector)), Err(Refusal::ServiceUnknown(..))));
    assert!(matches!(story.plan(&shop()), Err(Refusal::NoService(..))));
}

fn selector(key: &str, operator: &str, values: &[&str]) -> LabelSelector {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let expression = LabelSelectorRequirement {
        key: key.into(),
        operator: operator.into(),
        values: (!values.is_empty()).then_some(values),
    };
    LabelSelector { match_labels: None, match_expressions: Some(vec![expression]) }
}

fn selected(namespace: &str, selector: LabelSelector) -> Endpoint {
    Endpoint {
        namespace: Some(namespace.into()),
        pod_selector: Some(selector),
        ..Endpoint::default()
    }
}

#[test]
fn selectors_of_every_pod_are_refused_however_they_are_written() {
    for every in [
        LabelSelector::default(),
        selector("app", "DoesNotExist", &[]),
        selector("app", "NotIn", &["web"]),
    ] {
        let story = Story::both(|ends| *ends.to = selected("shop", every.clone()));
        assert_eq!(story.plan(&shop()), Err(Refusal::EveryPod(End::To)), "{every:?}");
    }
    let nothing = selector("app", "In", &[]);
    let story = Story::both(|ends| *ends.to = selected("shop", nothing.clone()));
    assert_eq!(story.plan(&shop()), Err(Refusal::NothingMatches(End::To)));
    let odd = selector("app", "Matches", &["db"]);
    let story = Story::both(|ends| *ends.to = selected("shop", odd.clone()));
    assert_eq!(story.plan(&shop()), Err(Refusal::Operator(End::To, "Matches".into())));
}

#[test]
fn a_service_account_is_refused_with_that_reason() {
    let mut story = Story::new();
    story.request.spec.from.service_account = Some("ci".into());
    assert_eq!(story.plan(&shop()), Err(Refusal::ServiceAccount(End::From)));
    assert!(Refusal::ServiceAccount(End::From).to_string().contains("by a label"));
}

#[test]
fn an_end_is_exactly_one_thing() {
    let mut two = pods("shop", &[("app", "db")]);
    two.cidrs = vec!["192.0.2.0/24".into()];
    for odd in [Endpoint::default(), two] {
        let mut story = Story::new();
        story.request.spec.to = odd;
        assert_eq!(story.plan(&shop()), Err(Refusal::NotOneThing(End::To)));
    }
}

#[test]
fn a_request_is_within_one_entry_of_the_policy() {
    let outside = |field, to| Err(Refusal::OutsidePolicy(field, to));
    let mut story = Story::new();
    story.policy.from.push(pods("oncall-tools", &[("role", "other"), ("team", "shop")]));
    // Narrower is within, also where it is written in another way.
    story.request.spec.to = selected("shop", selector("app", "In", &["db"]));
    assert!(story.plan(&shop()).is_ok());
    // In part one entry and in part another is in neither.
    story.request.spec.from = pods("oncall-tools", &[("role", "other")]);
    assert_eq!(story.plan(&shop()), outside("from", "one of the policy's `from`"));
    story.request.spec.from = pods("shop", &[("role", "debug")]);
    assert_eq!(story.plan(&shop()), outside("from", "one of the policy's `from`"));
    let mut story = Story::new();
    story.request.spec.to = selected("shop", selector("app", "In", &["db", "web"]));
    assert_eq!(story.plan(&shop()), outside("to", "the policy's `to`"));
    let mut story = Story::new();
    story.request.spec.ports = vec![tcp(5432), tcp(5433)];
    assert_eq!(story.plan(&shop()), outside("ports", "the policy's `ports`"));
    let mut story = Story::new();
    story.request.spec.via =
        Some(Hop { endpoint: pods("shop", &[("app", "web")]), ports: vec![tcp(22)] });
    assert!(matches!(story.plan(&shop()), Err(Refusal::OutsidePolicy("via", _))));
}

#[test]
fn ports_are_numbers_that_ports_have() {
    for (port, end_port) in [(0, None), (65536, None), (-1, None), (10, Some(9)), (1, Some(70000))]
    {
        let mut story = Story::new();
        story.request.spec.ports[0].port = port;
        story.request.spec.ports[0].end_port = end_port;
        let last = end_port.unwrap_or(port);
        assert_eq!(story.plan(&shop()), Err(Refusal::Ports(port, last)));
    }
    let mut story = Story::new();
    story.request.spec.ports = Vec::new();
    assert_eq!(story.plan(&shop()), Err(Refusal::NoPorts));
}

#[test]
fn addresses_are_ranges_within_the_limits() {
    let from = |text: &str| {
        let text = text.to_owned();
        Story::both(move |ends| *ends.from = cidrs(&[&text])).plan(&shop())
    };
    assert!(from("192.0.2.0/24").is_ok());
    assert_eq!(from("192.0.3.0/23"), Err(Refusal::Cidr(End::From, "192.0.3.0/23".into())));
    assert_eq!(from("192.0.0.0/22"), Err(Refusal::TooWide("192.0.0.0/22".into(), 24)));
    assert_eq!(from("0.0.0.0/0"), Err(Refusal::TooWide("0.0.0.0/0".into(), 24)));
    assert_eq!(from("2001:db8::/48"), Err(Refusal::TooWide("2001:db8::/48".into(), 64)));
    for odd in ["192.0.2.1", "192.0.2.1/24", "::ffff:192.0.2.0/120", "fe80::1%eth0/64", "/24"] {
        assert_eq!(from(odd), Err(Refusal::Cidr(End::From, odd.into())));
    }
    // Two halves are as wide as the whole.
    let mut story = Story::both(|ends| *ends.from = cidrs(&["192.0.2.0/24", "192.0.3.0/24"]));
    assert_eq!(story.plan(&shop()), Err(Refusal::TooWide("192.0.2.0/23".into(), 24)));
    story.policy.limits.min_prefix_length = 23;
    assert!(story.plan(&shop()).is_ok());
    story.config.denied_cidrs = vec!["192.0.3.128/25".into()];
    let (cidr, denied) = ("192.0.2.0/23".to_owned(), "192.0.3.128/25".to_owned());
    assert_eq!(story.plan(&shop()), Err(Refusal::DeniedCidr(cidr, denied)));
}

/// A block that the cluster's own pods have addresses in opens more than the
/// addresses outside.
#[test]
fn a_block_of_pod_addresses_opens_more_than_was_asked_for() {
    let story = Story::both(|ends| *ends.from = cidrs(&["10.0.1.0/24"]));
    assert!(matches!(story.plan(&shop()), Err(Refusal::OpensMore(_))));
}

#[test]
fn denied_namespaces_are_refused_at_either_end() {
    for denied in ["shop", "oncall-tools"] {
        let mut story = Story::new();
        story.config.denied_namespaces.push(denied.into());
        assert_eq!(story.plan(&shop()), Err(Refusal::DeniedNamespace(denied.into())));
    }
}

#[test]
fn limits_are_inclusive() {
    let mut story = Story::new();
    story.policy.limits.max_targets = 2;
    story.policy.limits.max_sources = 1;
    assert!(story.plan(&shop()).is_ok());
    story.policy.limits.max_targets = 1;
    let too_many = Refusal::TooMany { end: End::To, found: 2, limit: 1 };
    assert_eq!(story.plan(&shop()), Err(too_many));
    story.policy.limits.max_sources = -1;
    assert!(matches!(story.plan(&shop()), Err(Refusal::TooMany { end: End::From, .. })));
}

#[test]
fn there_must_be_pods_with_a_network_of_their_own() {
    let story = Story::both(|ends| *ends.to = pods("shop", &[("app", "cache")]));
    assert_eq!(story.plan(&shop()), Err(Refusal::NoPods(End::To, "shop".into())));
    let host = pod("shop", "db-2", "{app: db}", "10.9.0.1")
        .replace("spec: {", "spec: {hostNetwork: true, ");
    let refused = Story::new().plan(&(shop() + &host));
    assert_eq!(refused, Err(Refusal::HostNetwork(End::To, "shop".into(), "db-2".into())));
}

#[test]
fn durations_have_no_way_around_the_ceiling() {
    let seconds = |edit: &dyn Fn(&mut Story)| {
        let mut story = Story::new();
        edit(&mut story);
        story.plan(&shop()).map(|planned| planned.plan.request.duration_seconds)
    };
    let asked = |asked: Option<i64>| move |s: &mut Story| s.request.spec.duration_seconds = asked;
    assert_eq!(seconds(&asked(Some(3600))), Ok(3600));
    assert_eq!(seconds(&asked(Some(3601))), Err(Refusal::TooLong { asked: 3601, limit: 3600 }));
    assert_eq!(seconds(&asked(None)), Ok(1800));
    let huge = Err(Refusal::TooLong { asked: i64::MAX, limit: 3600 });
    assert_eq!(seconds(&asked(Some(i64::MAX))), huge);
    for none in [0, -1, i64::MIN] {
        assert_eq!(seconds(&asked(Some(none))), Err(Refusal::TooShort(none)));
    }
    assert_eq!(
        seconds(&|s| {
            s.request.spec.duration_seconds = None;
            s.policy.default_duration_seconds = None;
        }),
        Ok(3600)
    );
    assert_eq!(
        seconds(&|s| {
            s.request.spec.duration_seconds = None;
            s.config.max_duration_seconds = 600;
        }),
        Ok(600)
    );
}

#[test]
fn pods_that_nothing_isolates_for_good_are_refused() {
    let isolated_by = |name: &str, selector: &str| {
        let manifests = shop().replace(&deny("shop", "baseline", "{}", "[Ingress, Egress]"), "");
        Story::new().plan(&(manifests + &deny("shop", name, selector, "[Ingress]")))
    };
    assert!(isolated_by("baseline", "{matchLabels: {app: db}}").is_ok());
    let refused = |by: &str| {
        let (namespace, by) = ("shop".into(), format!("`{by}`"));
        Err(Refusal::NotIsolated { end: End::To, namespace, direction: "ingress", by })
    };
    // No baseline, and a baseline that does not select whatever could match.
    assert_eq!(isolated_by("deny", "{}"), refused("deny"));
    let some = "{matchLabels: {app: db}, matchExpressions: [{key: tier, operator: DoesNotExist}]}";
    assert_eq!(isolated_by("baseline-some", some), refused("baseline-some"));
}

#[test]
fn what_is_open_already_needs_no_grant() {
    let open = shop().replace(&deny("shop", "baseline", "{}", "[Ingress, Egress]"), "");
    assert_eq!(Story::new().plan(&open), Err(Refusal::AlreadyOpen));
}

const IN_THE_WAY: &str = "---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: no-tools}
spec:
  priority: 1
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
  - {action: Deny, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: oncall-tools}}}]}
";

#[test]
fn what_would_not_open_is_refused() {
    let refused = Story::new().plan(&(shop() + IN_THE_WAY));
    assert!(
        matches!(&refused, Err(Refusal::NotOpened(what)) if what.contains("5432/TCP")),
        "{refused:?}"
    );
}

#[test]
fn what_cannot_be_told_is_refused_or_shown_to_who_approves() {
    let opaque = fallgate_model::Opaque {
        kind: "CiliumNetworkPolicy".into(),
        namespace: "shop".into(),
        name: "unread".into(),
        scope: fallgate_model::Scope::Namespace("shop".into()),
        directions: fallgate_model::Direction::ALL.to_vec(),
        opacity: fallgate_model::Opacity::Denies,
        reason: "CiliumNetworkPolicy is not modelled".into(),
        origin: Default::default(),
    };
    let mut ground = Ground::read(&shop());
    let object = fallgate_model::Object::Opaque(opaque);
    ground.engine.apply(fallgate_model::Change::Upsert(object));
    let mut story = Story::new();
    let refused = story.plan_on(&ground, &[]);
    assert!(matches!(refused, Err(Refusal::EffectUnknown(_))), "{refused:?}");
    story.policy.unknown_effect = UnknownEffect::ApproverConfirms;
    let effect = story.plan_on(&ground, &[]).unwrap().plan.effect;
    let debug = place("oncall-tools", "StatefulSet", "debug");
    let ports =
        Ports::Ranges(vec![PortRange { protocol: Protocol::Tcp, port: 5432, end_port: None }]);
    assert_eq!(
        effect.unknown,
        [Connection {
            from: debug,
            to: place("shop", "StatefulSet", "db"),
            ports: Ports::Ranges(Vec::new()),
            unknown: Some(ports),
            other_protocols: None,
        }]
    );
}

#[test]
fn the_hash_holds_what_matters_and_nothing_else() {
    let hash = |story: &Story, manifests: &str| story.plan(manifests).unwrap().hash;
    let own = hash(&Story::new(), &shop());
    // Neither replicas nor addresses nor the spelling of a selector.
    let rolled = shop().replace("db-1", "db-7").replace("10.0.0.10", "10.0.0.99");
    assert_eq!(hash(&Story::new(), &rolled), own);
    let mut spelled = Story::new();
    spelled.request.spec.to = selected("shop", selector("app", "In", &["db"]));
    assert_eq!(hash(&spelled, &shop()), own);
    // The ports, the time, the effect, the baseline, whom the labels protect.
    let mut other = Story::new();
    other.request.spec.duration_seconds = Some(1799);
    assert_ne!(hash(&other, &shop()), own);
    let mut other = Story::new();
    other.policy.ports = vec![tcp(5433)];
    other.request.spec.ports = vec![tcp(5433)];
    assert_ne!(hash(&other, &shop()), own);
    let more = shop() + &pod("shop", "replica-0", "{app: db}", "10.0.0.12");
    assert_ne!(hash(&Story::new(), &more), own);
    let baseline = shop() + &deny("shop", "baseline-2", "{}", "[Ingress]");
    assert_ne!(hash(&Story::new(), &baseline), own);
    let mut other = Story::new();
    other.config.protected_label_keys = vec!["app".into()];
    assert_ne!(hash(&other, &shop()), own);
}

/// Approvals in a cluster quote it: a release that hashed the same plan to
/// something else would make each of them void.
#[test]
fn the_hash_of_a_plan_is_the_same_in_every_release() {
    let planned = Story::new().plan(&shop()).unwrap();
    let form = String::from_utf8(fallgate_canonical::to_vec(&planned.plan).unwrap()).unwrap();
    assert!(form.starts_with(r#"{"decisionNamespaces":["shop"],"effect":{"closed":[],"opened":"#));
    assert_eq!(
        planned.hash,
        "sha256:7f3a04e69b8a353e602d8d7f13f7b39d18e1019de87648cb9763f1e54ccc3b2a"
    );
    assert_eq!(fallgate_access::plan_hash(&planned.plan), Ok(planned.hash));
}

#[test]
fn approvers_narrow_and_what_they_have_in_common_holds() {
    let manifests = shop()
        + &pod("shop", "db-2", "{app: db, shard: a}", "10.0.0.12")
        + &pod("shop", "db-3", "{app: db, shard: b}", "10.0.0.13");
    let ground = Ground::read(&manifests);
    let mut story = Story::new();
    story.policy.ports = vec![tcp(5432), tcp(5433)];
    story.request.spec.ports = vec![tcp(5432), tcp(5433)];
    let plan = |narrowings: &[Narrowing<'_>]| story.plan_on(&ground, narrowings);
    let (a, b) = (
        pods("shop", &[("app", "db"), ("shard", "a")]),
        pods("shop", &[("app", "db"), ("shard", "b")]),
    );
    let one = [tcp(5433)];
    let ours =
        Narrowing { decision: "bob", seconds: Some(600), to: Some(&a), ..Narrowing::default() };
    let theirs =
        Narrowing { decision: "carol", seconds: Some(900), ports: &one, ..Narrowing::default() };
    let narrowed = plan(&[ours, theirs]).unwrap().plan;
    assert_eq!(narrowed.request.duration_seconds, 600);
    assert_eq!(narrowed.request.to, a);
    assert_eq!(narrowed.request.ports, one);
    assert_eq!(narrowed.effect.opened.len(), 1);
    let longer = Narrowing { decision: "bob", seconds: Some(9999), ..Narrowing::default() };
    assert_eq!(plan(&[longer]).unwrap().plan.request.duration_seconds, 1800);
    let apart = Narrowing { decision: "carol", to: Some(&b), ..Narrowing::default() };
    assert_eq!(plan(&[ours, apart]), Err(Refusal::NothingInCommon("to")));
    let wider = pods("shop", &[("shard", "a")]);
    let wider = Narrowing { decision: "bob", to: Some(&wider), ..Narrowing::default() };
    assert_eq!(plan(&[wider]), Err(Refusal::NotNarrower("bob".into(), "to")));
    let more = [tcp(5432), tcp(22)];
    let more = Narrowing { decision: "bob", ports: &more, ..Narrowing::default() };
    assert_eq!(plan(&[more]), Err(Refusal::NotNarrower("bob".into(), "ports")));
    let elsewhere = pods("shop", &[("role", "debug")]);
    let elsewhere = Narrowing { decision: "bob", from: Some(&elsewhere), ..Narrowing::default() };
    assert_eq!(plan(&[elsewhere]), Err(Refusal::NotNarrower("bob".into(), "from")));
}
