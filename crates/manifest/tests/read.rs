//! What manifests mean and what is said about them.

use fallgate_manifest::{
    Input, InputKind, ReadOptions, Reading, fix, overlay, read, write_cluster,
};
use fallgate_model::*;

fn reading(text: &str) -> Reading {
    let input = Input { name: "f.yaml".into(), text: text.as_bytes(), kind: InputKind::File };
    read(&[input], &ReadOptions::default())
}

/// `line:column id` of each diagnostic.
fn said(text: &str) -> Vec<String> {
    let shown = |d: &Diagnostic| format!("{}:{} {}", d.origin.line, d.origin.column, d.id);
    reading(text).diagnostics.iter().map(shown).collect()
}

fn clean(text: &str) -> Cluster {
    let reading = reading(text);
    assert_eq!(reading.diagnostics, [], "{text}");
    reading.cluster
}

/// A policy with this spec, whose lines are indented by two spaces.
fn policy(spec: &str) -> String {
    let spec: String = spec.lines().map(|l| format!("  {l}\n")).collect();
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\n  namespace: shop\nspec:\n{spec}"
    )
}

fn clean_policy(spec: &str) -> NetworkPolicy {
    let mut cluster = clean(&policy(spec));
    assert_eq!(cluster.network_policies.len(), 1);
    cluster.network_policies.remove(0)
}

/// The one diagnostic's id, and that the policy became opaque.
fn rejected(spec: &str) -> Diagnostic {
    let mut reading = reading(&policy(spec));
    assert!(reading.incomplete(), "{spec}");
    assert_eq!(reading.cluster.network_policies, [], "{spec}");
    assert_eq!(reading.cluster.opaque.len(), 1, "{spec}");
    reading.diagnostics.remove(0)
}

#[test]
fn types_default_as_the_api_server_has_it() {
    let isolates = |spec: &str| {
        let policy = clean_policy(spec);
        (policy.ingress.map(|r| r.len()), policy.egress.map(|r| r.len()))
    };
    assert_eq!(isolates("podSelector: {}"), (Some(0), None));
    assert_eq!(isolates("podSelector: {}\negress: []"), (Some(0), None));
    assert_eq!(isolates("podSelector: {}\negress:\n- {}"), (Some(0), Some(1)));
    assert_eq!(isolates("policyTypes: [Egress]"), (None, Some(0)));
    assert_eq!(isolates("policyTypes: []\ningress: [{}]"), (Some(1), None));
    assert_eq!(isolates("policyTypes:\ningress:\n-"), (Some(1), None));
}

#[test]
fn rules_of_a_direction_that_is_not_listed_are_ignored() {
    let reading = reading(&policy("policyTypes: [Ingress]\negress:\n- {}"));
    assert_eq!(reading.diagnostics[0].id, "rules-ignored");
    assert_eq!(reading.cluster.network_policies[0].egress, None);
}

#[test]
fn empty_lists_are_absent_ones() {
    let policy = clean_policy("ingress:\n- from: []\n  ports: []\n- from:\n  ports:");
    for rule in policy.ingress.unwrap() {
        assert_eq!((rule.peers, rule.ports), (None, None));
    }
}

#[test]
fn ports() {
    let policy = clean_policy(
        "ingress:\n- ports:\n  - {}\n  - port: 53\n    protocol: UDP\n  - port: 80\n    endPort: 80\n  - port: http\n  - protocol: SCTP",
    );
    let rule = &policy.ingress.unwrap()[0];
    assert_eq!(
        rule.ports.as_deref().unwrap(),
        [
            PortMatch::Range { protocol: Protocol::Tcp, start: 1, end: 65535 },
            PortMatch::Range { protocol: Protocol::Udp, start: 53, end: 53 },
            PortMatch::Range { protocol: Protocol::Tcp, start: 80, end: 80 },
            PortMatch::Named { protocol: Some(Protocol::Tcp), name: "http".into() },
            PortMatch::Range { protocol: Protocol::Sctp, start: 1, end: 65535 },
        ]
    );
}

#[test]
fn what_the_api_server_rejects_is_opaque_and_located() {
    for (spec, id, field) in [
        ("ingress:\n- from:\n  - {}", "empty-peer", "spec.ingress[0].from[0]"),
        ("ingress:\n- from:\n  - podSelector:", "empty-peer", "spec.ingress[0].from[0]"),
        (
            "ingress:\n- from:\n  - ipBlock: {cidr: 10.0.0.0/8}\n    podSelector: {}",
            "peer-conflict",
            "spec.ingress[0].from[0]",
        ),
        (
            "egress:\n- to:\n  - ipBlock: {cidr: 10.0.0.0}",
            "invalid-cidr",
            "spec.egress[0].to[0].ipBlock.cidr",
        ),
        (
            "egress:\n- to:\n  - ipBlock:\n      cidr: ::ffff:10.0.0.0/104",
            "invalid-cidr",
            "spec.egress[0].to[0].ipBlock.cidr",
        ),
        (
            "egress:\n- to:\n  - ipBlock:\n      cidr: 10.0.0.0/8\n      except: [10.0.0.0/8]",
            "except-outside-block",
            "spec.egress[0].to[0].ipBlock.except[0]",
        ),
        ("ingress:\n- ports:\n  - endPort: 9", "invalid-port", "spec.ingress[0].ports[0].endPort"),
        (
            "ingress:\n- ports:\n  - port: http\n    endPort: 9",
            "invalid-port",
            "spec.ingress[0].ports[0].endPort",
        ),
        (
            "ingress:\n- ports:\n  - port: 10\n    endPort: 9",
            "invalid-port",
            "spec.ingress[0].ports[0].endPort",
        ),
        ("ingress:\n- ports:\n  - port: 0", "port-out-of-range", "spec.ingress[0].ports[0].port"),
        (
            "ingress:\n- ports:\n  - port: 65536",
            "port-out-of-range",
            "spec.ingress[0].ports[0].port",
        ),
        ("ingress:\n- ports:\n  - port: \"80\"", "invalid-port", "spec.ingress[0].ports[0].port"),
        (
            "ingress:\n- ports:\n  - protocol: tcp",
            "unknown-protocol",
            "spec.ingress[0].ports[0].protocol",
        ),
        ("policyTypes: [Ingres]", "unknown-policy-type", "spec.policyTypes[0]"),
        (
            "podSelector:\n  matchLabels:\n    a: true",
            "wrong-type",
            "spec.podSelector.matchLabels.a",
        ),
        (
            "podSelector:\n  matchLabels:\n    a: 1.10",
            "wrong-type",
            "spec.podSelector.matchLabels.a",
        ),
        (
            "podSelector:\n  matchLabels:\n    a: -b",
            "invalid-label",
            "spec.podSelector.matchLabels.a",
        ),
        (
            "podSelector:\n  matchExpressions:\n  - key: a\n    operator: In",
            "invalid-selector",
            "spec.podSelector.matchExpressions[0].values",
        ),
        (
            "podSelector:\n  matchExpressions:\n  - {key: a, operator: Exists, values: [b]}",
            "invalid-selector",
            "spec.podSelector.matchExpressions[0].values",
        ),
        ("podselector: {}", "unknown-field", "spec.podselector"),
        ("ingres:\n- {}", "unknown-field", "spec.ingres"),
        ("ingress:\n- to: []", "unknown-field", "spec.ingress[0].to"),
        ("podSelector: {}\npodSelector: {}", "duplicate-key", ""),
    ] {
        let diagnostic = rejected(spec);
        assert_eq!((diagnostic.id, diagnostic.field.as_str()), (id, field), "{diagnostic:?}");
        assert!(diagnostic.origin.line > 5 && diagnostic.origin.column > 0, "{diagnostic:?}");
    }
}

#[test]
fn help_says_what_to_write() {
    assert_eq!(rejected("ingress:\n- ports:\n  - port: \"80\"").help, "write 80 without quotes");
    assert_eq!(rejected("podselector: {}").help, "did you mean `podSelector`?");
    assert_eq!(rejected("ingress:\n- ports:\n  - protocol: udp").help, "write UDP");
    assert_eq!(rejected("podSelector:\n  matchLabels:\n    a: yes").help, "quote it: \"yes\"");
}

#[test]
fn a_rejected_policy_is_as_narrow_as_is_certain() {
    let scope = |spec: &str| reading(&policy(spec)).cluster.opaque.remove(0).scope;
    let db = Selector::match_labels([("app", "db")]);
    let bad = "ingress:\n- from: [{}]";
    assert_eq!(
        scope(&format!("podSelector: {{matchLabels: {{app: db}}}}\n{bad}")),
        Scope::Pods(NamespaceMatch::Own, db)
    );
    assert_eq!(scope(bad), Scope::Namespace("shop".into()));
}

#[test]
fn host_bits_are_cleared_with_a_note() {
    let reading = reading(&policy("egress:\n- to:\n  - ipBlock: {cidr: 10.1.2.3/24}"));
    assert_eq!(reading.diagnostics[0].id, "host-bits");
    assert!(!reading.incomplete());
    let rule = &reading.cluster.network_policies[0].egress.as_ref().unwrap()[0];
    let Some([Peer::IpBlock(block)]) = rule.peers.as_deref() else { panic!() };
    assert_eq!(block.cidr.to_string(), "10.1.2.0/24");
}

#[test]
fn a_bad_document_does_not_stop_the_others() {
    let text = format!("a: [\n---\n{}---\n{{\"kind\": }}\n", policy("podSelector: {}"));
    let reading = reading(&text);
    assert_eq!(reading.cluster.network_policies.len(), 1);
    assert_eq!(reading.cluster.network_policies[0].origin.line, 3);
    let ids: Vec<_> = reading.diagnostics.iter().map(|d| d.id).collect();
    assert_eq!(ids, ["yaml-syntax", "json-syntax"]);
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: false
      initContainers:
      - {name: side, restartPolicy: Always, ports: [{name: s, containerPort: 15}]}
      - {name: once, ports: [{name: o, containerPort: 16}]}
      containers:
      - name: main
        ports: [{containerPort: 80, name: http}]
";

const POD: &str = "---
apiVersion: v1
kind: Pod
metadata:
  name: web-5d-x1
  labels: {app: web, pod-template-hash: 5d}
  ownerReferences:
  - {apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, controller: true}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], hostIP: 192.168.0.1}
";

#[test]
fn workloads_without_pods_have_a_stand_in() {
    let cluster = clean(DEPLOYMENT);
    let [pod] = cluster.pods.as_slice() else { panic!() };
    assert!(pod.stand_in);
    assert_eq!(
        (&*pod.namespace, &*pod.name, &*pod.workload.kind),
        ("default", "web", "Deployment")
    );
    assert_eq!(pod.labels.unvalued, ["pod-template-hash".into()]);
    let ports: Vec<u16> = pod.ports.iter().map(|p| p.port).collect();
    assert_eq!(ports, [80, 15]);
}

#[test]
fn pods_replace_the_stand_in_of_their_workload() {
    let cluster = clean(&format!("{DEPLOYMENT}{POD}"));
    let [pod] = cluster.pods.as_slice() else { panic!() };
    assert!(!pod.stand_in);
    assert_eq!((&*pod.workload.kind, &*pod.workload.name), ("Deployment", "web"));
    assert_eq!(pod.addresses.len(), 2);
    assert_eq!(pod.host_addresses.len(), 1);
}

#[test]
fn completed_pods_are_left_out() {
    let reading = reading(&format!("{DEPLOYMENT}{}", POD.replace("Running", "Succeeded")));
    assert_eq!(reading.diagnostics[0].id, "completed-pods");
    assert!(reading.cluster.pods.iter().all(|p| p.stand_in));
}

#[test]
fn a_bare_pod_is_its_own_workload() {
    let pod = clean("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n").pods.remove(0);
    assert_eq!((&*pod.workload.kind, &*pod.workload.name), ("Pod", "a"));
}

#[test]
fn jobs_know_their_labels() {
    let job = |rest: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  completionMode: Indexed\n  template: {{}}\n{rest}"
        )
    };
    let pod = clean(&job("")).pods.remove(0);
    assert_eq!(pod.labels.get("job-name").map(|v| &**v), Some("j"));
    assert_eq!(
        pod.labels.unvalued,
        [
            "batch.kubernetes.io/controller-uid",
            "batch.kubernetes.io/job-completion-index",
            "controller-uid"
        ]
        .map(Str::from)
    );
    assert_eq!(clean(&job("status: {completionTime: \"2026-01-01T00:00:00Z\"}\n")).pods, []);
    let done = job("status: {conditions: [{type: Failed, status: \"True\"}]}\n");
    assert_eq!(clean(&done).pods, []);
}

#[test]
fn namespaces_carry_their_name() {
    let cluster = clean("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n");
    assert_eq!(cluster.namespaces[0].labels.get(METADATA_NAME).map(|v| &**v), Some("a"));
    let wrong = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {kubernetes.io/metadata.name: b}}\n";
    assert_eq!(said(wrong), ["3:59 metadata-name-label"]);
    assert_eq!(reading(wrong).cluster.namespaces, cluster.namespaces);
}

#[test]
fn the_last_of_two_wins() {
    let text =
        format!("{}---\n{}", policy("policyTypes: [Ingress]"), policy("policyTypes: [Egress]"));
    let reading = reading(&text);
    assert_eq!(reading.cluster.network_policies.len(), 1);
    assert!(reading.cluster.network_policies[0].ingress.is_none());
    assert_eq!(reading.diagnostics[0].id, "duplicate-object");
    assert!(reading.diagnostics[0].message.contains("f.yaml:1:1"));
}

#[test]
fn lists_nest_and_keep_apart_what_is_wrong() {
    let text = "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PodList
  items:
  - metadata: {name: a}
  - metadata: {name: b, name: c}
- apiVersion: v1
  kind: Namespace
  metadata: {name: other}
";
    let reading = reading(text);
    assert_eq!(said(text), ["8:25 duplicate-key"]);
    let names: Vec<&str> = reading.cluster.pods.iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["a"]);
    assert_eq!(reading.cluster.namespaces.len(), 1);
}

#[test]
fn lists_without_items_are_told() {
    let shop = "  - {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}}\n";
    for (text, at, help, scopes) in [
        (
            format!("apiVersion: v1\nkind: List\nitem:\n{shop}"),
            "3:1 item",
            "did you mean `items`?",
            vec![Scope::Cluster],
        ),
        (
            "apiVersion: v1\nkind: List\n".to_owned(),
            "1:1 items",
            "write the objects below `items:`",
            vec![Scope::Cluster],
        ),
        (
            "apiVersion: v1\nkind: List\nitems: {a: b}\n".to_owned(),
            "3:8 items",
            "`kubectl explain` shows the fields and their types",
            vec![Scope::Cluster],
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nspec: {}\n".to_owned(),
            "1:1 items",
            "write the objects below `items:`",
            vec![Scope::Cluster],
        ),
        (
            "apiVersion: v1\nkind: PodList\nitem: []\n".to_owned(),
            "3:1 item",
            "did you mean `items`?",
            vec![],
        ),
    ] {
        assert_eq!(slips(&text), [format!("{at}: {help}")], "{text}");
        let opaque = reading(&text).cluster.opaque;
        assert_eq!(opaque.into_iter().map(|o| o.scope).collect::<Vec<_>>(), scopes, "{text}");
    }
    clean("apiVersion: v1\nkind: List\nitems:\n");
    // Other kinds may end like this.
    clean("apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\n");
}

#[test]
fn a_list_that_is_no_object_is_one_mistake() {
    let policy = policy("podSelector: {}").trim_end().replace('\n', "\n  ");
    let yaml = format!("- {policy}\n- {{apiVersion: v1, kind: Pod, metadata: {{name: a}}}}\n");
    let json = "[{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", \"metadata\": {\"name\": \"p\", \"namespace\": \"shop\"}, \"spec\": {\"podSelector\": {}}},\n {\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}]";
    for text in [yaml.as_str(), json] {
        assert_eq!(said(text), ["1:1 not-an-object"], "{text}");
        let reading = reading(text);
        assert!(reading.diagnostics[0].help.contains("`kind: List`"), "{text}");
        assert_eq!((reading.cluster.pods.len(), reading.cluster.network_policies.len()), (1, 0));
        assert_eq!(reading.cluster.opaque[0].namespace, "shop".into());
    }
    // Patches and values are lists too.
    let patch = reading("- {op: remove, path: /spec}\n");
    assert_eq!((patch.diagnostics.len(), patch.cluster.opaque.len()), (1, 0));
}

#[test]
fn services() {
    let cluster = clean(
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  clusterIP: None\n  selector: {}\n  ports:\n  - port: 80\n  - {port: 81, targetPort: http, protocol: UDP, name: x}\n",
    );
    let service = &cluster.services[0];
    assert_eq!(service.selector, None);
    assert_eq!(service.cluster_ips, [] as [std::net::IpAddr; 0]);
    assert_eq!(service.ports[0].target, TargetPort::Number(80));
    assert_eq!(service.ports[1].target, TargetPort::Name("http".into()));
}

#[test]
fn foreign_policies_are_opaque() {
    let text = "apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: c, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: db}}}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: d, namespace: shop}
spec: {endpointSelector: {matchLabels: {\"k8s:app\": db}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: a, namespace: istio-system}
---
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: s, namespace: shop}
---
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {name: m, namespace: shop}
";
    let reading = reading(text);
    let scopes: Vec<_> =
        reading.cluster.opaque.iter().map(|o| (&*o.name, o.opacity, o.scope.clone())).collect();
    let db = Selector::match_labels([("app", "db")]);
    assert_eq!(
        scopes,
        [
            ("c", Opacity::Anything, Scope::Pods(NamespaceMatch::Own, db)),
            ("d", Opacity::Anything, Scope::Namespace("shop".into())),
            ("a", Opacity::Denies, Scope::Cluster),
        ]
    );
    assert_eq!(reading.ignored.len(), 4);
}

#[test]
fn layers_beside_policies_are_opaque() {
    let shop = || Scope::Namespace("shop".into());
    for (api, kind, namespace, scope, opacity, directions) in [
        ("kuma.io/v1alpha1", "MeshTrafficPermission", "shop", shop(), Opacity::Denies, 1),
        (
            "kuma.io/v1alpha1",
            "MeshTrafficPermission",
            "kuma-system",
            Scope::Cluster,
            Opacity::Denies,
            1,
        ),
        ("kuma.io/v1alpha1", "TrafficPermission", "", Scope::Cluster, Opacity::Denies, 1),
        ("projectcalico.org/v3", "HostEndpoint", "", Scope::Cluster, Opacity::Denies, 2),
        ("crd.projectcalico.org/v1", "HostEndpoint", "", Scope::Cluster, Opacity::Denies, 2),
        ("networking.istio.io/v1", "Sidecar", "shop", shop(), Opacity::Denies, 2),
        ("networking.istio.io/v1", "Sidecar", "istio-system", Scope::Cluster, Opacity::Denies, 2),
        ("policy.linkerd.io/v1alpha1", "EgressNetwork", "shop", shop(), Opacity::Denies, 1),
        (
            "consul.hashicorp.com/v1alpha1",
            "ServiceIntentions",
            "shop",
            Scope::Cluster,
            Opacity::Denies,
            1,
        ),
        ("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", "shop", shop(), Opacity::Denies, 2),
    ] {
        let text = format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: m, namespace: \"{namespace}\"}}\nspec: {{}}\n"
        );
        assert_eq!(said(&text), ["1:1 not-modelled"], "{text}");
        let opaque = reading(&text).cluster.opaque.remove(0);
        assert_eq!((&opaque.scope, opaque.opacity), (&scope, opacity), "{text}");
        assert_eq!(
            (&*opaque.namespace, opaque.directions.len()),
            (namespace, directions),
            "{text}"
        );
    }
}

#[test]
fn a_policy_of_an_unknown_version_is_opaque() {
    let text = policy("podSelector: {}").replace("networking.k8s.io/v1", "extensions/v1beta1");
    let reading = reading(&text);
    assert_eq!(reading.cluster.opaque[0].scope, Scope::Cluster);
    assert_eq!(reading.diagnostics[0].id, "unknown-api-version");
}

#[test]
fn a_misspelt_policy_kind_is_no_other_kind() {
    let of = |api: &str, kind: &str| {
        let text = format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: p, namespace: shop}}\nspec: {{}}\n"
        );
        let mut reading = reading(&text);
        let scopes: Vec<Scope> = reading.cluster.opaque.drain(..).map(|o| o.scope).collect();
        let said: Vec<_> =
            reading.diagnostics.into_iter().map(|d| (d.id, d.severity, d.help)).collect();
        (said, scopes)
    };
    let shop = Scope::Namespace("shop".into());
    for (api, kind, near, scope) in [
        ("networking.k8s.io/v1", "NetworkPolcy", "NetworkPolicy", shop.clone()),
        ("networking.k8s.io/v1", "NetworkPolicies", "NetworkPolicy", shop.clone()),
        ("networking.k8s.io/v1", "Networkpolicy", "NetworkPolicy", shop.clone()),
        ("example.com/v1", "networkpolicy", "NetworkPolicy", shop.clone()),
        ("v1", "NetworkPolicys", "NetworkPolicy", shop.clone()),
        (
            "policy.networking.k8s.io/v1alpha2",
            "ClusterNetworkPolcy",
            "ClusterNetworkPolicy",
            Scope::Cluster,
        ),
        (
            "policy.networking.k8s.io/v1alpha1",
            "AdmnNetworkPolicy",
            "AdminNetworkPolicy",
            Scope::Cluster,
        ),
        ("cilium.io/v2", "CiliumNetworkPolicies", "CiliumNetworkPolicy", shop.clone()),
    ] {
        let help = format!("did you mean `{near}`?");
        let (said, scopes) = of(api, kind);
        assert_eq!(said, [("unknown-kind", Severity::Error, help)], "{api} {kind}");
        assert_eq!(scopes, [scope], "{api} {kind}");
    }
    let (said, scopes) = of("networking.k8s.io/v1", "Firewall");
    assert_eq!((said[0].0, scopes), ("unknown-kind", vec![shop]));
    for (api, kind, near) in [
        ("apps/v1", "Deploymnt", "Deployment"),
        ("batch/v1", "Jobb", "Job"),
        ("v1", "Pood", "Pod"),
        ("v1", "namespace", "Namespace"),
        ("gateway.networking.k8s.io/v1", "HTTPRoutes", "HTTPRoute"),
    ] {
        let help = format!("did you mean `{near}`?");
        assert_eq!(of(api, kind), (vec![("unknown-kind", Severity::Error, help)], vec![]));
    }
    for (api, kind) in [
        ("networking.k8s.io/v1", "IngressClass"),
        ("networking.k8s.io/v1", "IPAddress"),
        ("networking.k8s.io/v1", "ServiceCIDR"),
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "Endpoints"),
        ("v1", "PodTemplate"),
        ("v1", "ServiceAccount"),
        ("apps/v1", "ControllerRevision"),
        ("gateway.networking.k8s.io/v1", "GatewayClass"),
        ("projectcalico.org/v3", "StagedNetworkPolicy"),
        ("projectcalico.org/v3", "NetworkSet"),
        ("example.com/v1", "Deploymnt"),
    ] {
        assert_eq!(of(api, kind), (vec![], vec![]), "{api} {kind}");
    }
}

#[test]
fn a_typo_in_the_metadata_of_a_policy_is_no_detail() {
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
    let shop = Scope::Namespace("shop".into());
    for (metadata, scope) in [
        ("metdata: {name: p, namespace: shop}", Scope::Cluster),
        ("metadata: {name: p, namepace: shop}", Scope::Cluster),
        ("metadata: {name: p, namespace:shop}", Scope::Cluster),
        ("metadata: {name: p, namespace: shop, lables: {}}", shop),
    ] {
        let reading = reading(&format!("{head}{metadata}\nspec: {{}}\n"));
        let ids: Vec<_> = reading.diagnostics.iter().map(|d| (d.id, d.severity)).collect();
        assert_eq!(ids, [("unknown-field", Severity::Error)], "{metadata}");
        let scopes: Vec<_> = reading.cluster.opaque.iter().map(|o| o.scope.clone()).collect();
        assert_eq!(scopes, [scope], "{metadata}");
    }
}

#[test]
fn misspelt_labels_are_unknown_labels() {
    for text in [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, lables: {app: web}}\n".to_owned(),
        DEPLOYMENT.replace("{labels: {app: web}}", "{lables: {app: web}}"),
        DEPLOYMENT.replace("metadata: {labels", "metdata: {labels"),
    ] {
        let reading = reading(&text);
        let ids: Vec<_> = reading.diagnostics.iter().map(|d| (d.id, d.severity)).collect();
        assert_eq!(ids, [("unknown-field", Severity::Error)], "{text}");
        assert!(reading.cluster.pods[0].labels.open, "{text}");
    }
}

/// What is said about a text, as `line:column field: help`; all of it errors.
fn slips(text: &str) -> Vec<String> {
    let shown = |d: &Diagnostic| {
        assert_eq!(d.severity, Severity::Error, "{d:?}");
        format!("{}:{} {}: {}", d.origin.line, d.origin.column, d.field, d.help)
    };
    reading(text).diagnostics.iter().map(shown).collect()
}

#[test]
fn labels_that_slipped_are_unknown_labels() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
    let beside = "write `labels` below `metadata`";
    for (rest, slip) in [
        ("labels:\n  app: web\n", format!("5:1 labels: {beside}")),
        ("labels:\napp: web\n", format!("5:1 labels: {beside}")),
        (
            "  labels:\n  app: web\n  tier: db\n",
            "6:3 metadata.app: if it is a label, indent it below `labels`".to_owned(),
        ),
        (
            "  labels:\n    app: web\n  tier: db\n",
            "7:3 metadata.tier: if it is a label, indent it below `labels`".to_owned(),
        ),
        (
            "  annotations:\n    labels:\n      app: web\n",
            "6:5 metadata.annotations.labels: give `labels` the indentation of `annotations`"
                .to_owned(),
        ),
        ("spec:\n  labels: {app: web}\n", format!("6:3 spec.labels: {beside}")),
        (
            "spec:\n  containers:\n  - name: a\n    labels: {app: web}\n",
            format!("8:5 spec.containers[0].labels: {beside}"),
        ),
    ] {
        let text = format!("{pod}{rest}");
        assert_eq!(slips(&text), [slip], "{text}");
        assert!(reading(&text).cluster.pods[0].labels.open, "{text}");
    }
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n";
    for rest in ["labels:\n  team: x\n", "  labels:\n  team: x\n", "spec:\n  labels: {team: x}\n"] {
        let text = format!("{namespace}{rest}");
        assert_eq!(slips(&text).len(), 1, "{text}");
        assert!(reading(&text).cluster.namespaces[0].labels.open, "{text}");
    }
    // The labels of the object itself are no concern of a Service.
    assert_eq!(
        said("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  labels:\n  app: web\n"),
        ["6:3 unknown-field"]
    );
}

#[test]
fn labels_that_slipped_out_of_a_template_are_unknown_labels() {
    let deployment =
        |rest: &str| format!("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n{rest}");
    let below = "write `labels` below `spec.template.metadata`";
    for (rest, slip) in [
        ("labels: {app: web}\nspec:\n  template: {}\n", format!("5:1 labels: {below}")),
        ("spec:\n  labels: {app: web}\n  template: {}\n", format!("6:3 spec.labels: {below}")),
        (
            "spec:\n  template:\n    labels: {app: web}\n",
            format!("7:5 spec.template.labels: {below}"),
        ),
        (
            "spec:\n  template:\n    metadata:\n    labels:\n      app: web\n",
            format!("8:5 spec.template.labels: {below}"),
        ),
        (
            "spec:\n  template:\n    metadata:\n      labels:\n      app: web\n",
            "9:7 spec.template.metadata.app: if it is a label, indent it below `labels`".to_owned(),
        ),
        (
            "spec:\n  template:\n    spec:\n      labels: {app: web}\n",
            format!("8:7 spec.template.spec.labels: {below}"),
        ),
    ] {
        // What the selector wants may be just what slipped.
        let text = deployment(&format!("{rest}  selector: {{matchLabels: {{app: web}}}}\n"));
        assert_eq!(slips(&text), [slip], "{text}");
        assert!(reading(&text).cluster.pods[0].labels.open, "{text}");
    }
    let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec:\n  jobTemplate:\n    labels: {app: web}\n    spec: {template: {}}\n";
    assert_eq!(
        slips(cron),
        [
            "6:5 spec.jobTemplate.labels: write `labels` below `spec.jobTemplate.spec.template.metadata`"
        ]
    );
    assert!(reading(cron).cluster.pods[0].labels.open);
}

#[test]
fn fields_that_slipped_fail_their_object() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
    let service = pod.replace("Pod", "Service");
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n";
    for (head, rest, slip) in [
        (pod, "spec:\n  hostnetwork: true\n", "6:3 spec.hostnetwork: did you mean `hostNetwork`?"),
        (pod, "hostNetwork: true\n", "5:1 hostNetwork: write `hostNetwork` below `spec`"),
        (
            pod,
            "spec:\n  containers:\n  - name: c\n    hostNetwork: true\n",
            "8:5 spec.containers[0].hostNetwork: write `hostNetwork` below `spec`",
        ),
        (
            pod,
            "spec:\n  containers:\n  - name: c\n    port: [{containerPort: 1, name: x}]\n",
            "8:5 spec.containers[0].port: did you mean `ports`?",
        ),
        (
            pod,
            "spec:\n  containers:\n  - ports: [{containerPort: 1, protcol: UDP}]\n",
            "7:32 spec.containers[0].ports[0].protcol: did you mean `protocol`?",
        ),
        (pod, "spec:\n  nodename: n\n", "6:3 spec.nodename: did you mean `nodeName`?"),
        (pod, "  namepace: shop\n", "5:3 metadata.namepace: did you mean `namespace`?"),
        (pod, "namespace: shop\n", "5:1 namespace: write `namespace` below `metadata`"),
        (
            pod,
            "  spec:\n    hostNetwork: true\n",
            "5:3 metadata.spec: give `spec` the indentation of `metadata`",
        ),
        (
            deployment,
            "spec:\n  template:\n    hostNetwork: true\n",
            "7:5 spec.template.hostNetwork: write `hostNetwork` below `spec.template.spec`",
        ),
        (
            deployment,
            "spec:\n  template:\n    spec:\n      hostnetwork: true\n",
            "8:7 spec.template.spec.hostnetwork: did you mean `hostNetwork`?",
        ),
        (
            deployment,
            "spec:\n  template:\n    metadata:\n      spec:\n        hostNetwork: true\n",
            "8:7 spec.template.metadata.spec: give `spec` the indentation of `metadata`",
        ),
        (
            deployment,
            "  spec:\n    template: {}\n",
            "5:3 metadata.spec: give `spec` the indentation of `metadata`",
        ),
        (
            deployment,
            "template:\n  metadata: {labels: {app: web}}\n",
            "5:1 template: write `template` below `spec`",
        ),
        (deployment, "spec:\n  templat: {}\n", "6:3 spec.templat: did you mean `template`?"),
        (&service, "spec:\n  selectr: {a: b}\n", "6:3 spec.selectr: did you mean `selector`?"),
        (&service, "selector: {a: b}\n", "5:1 selector: write `selector` below `spec`"),
        (
            &service,
            "spec:\n  ports: [{port: 80, targetport: 8080}]\n",
            "6:22 spec.ports[0].targetport: did you mean `targetPort`?",
        ),
    ] {
        let text = format!("{head}{rest}");
        assert_eq!(slips(&text), [slip], "{text}");
        let reading = reading(&format!("{text}---\n{}", POD.trim_start_matches("---\n")));
        assert_eq!((reading.cluster.pods.len(), reading.cluster.services.len()), (1, 0), "{text}");
    }
    // Fields that change no answer are the API server's to refuse.
    clean(&format!("{pod}spec:\n  restartpolicy: Never\n  nodeSelector: {{a: b}}\n"));
}

#[test]
fn labels_that_slipped_to_the_left_are_unknown_labels() {
    let if_label = "if it is a label, indent it below `labels`";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
    let namespace = pod.replace("Pod", "Namespace");
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n";
    let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: a\nspec:\n  jobTemplate:\n    spec:\n      template:\n        metadata:\n          labels:\n";
    let template = "spec:\n  template:\n    metadata:\n      labels:\n";
    for (head, rest, slip) in [
        (pod, "  labels:\napp: web\ntier: db\n".to_owned(), "6:1 app"),
        (pod, "  labels: {a: b}\napp: web\n".to_owned(), "6:1 app"),
        (pod, "  labels:\nspec:\n  app: web\n".to_owned(), "7:3 spec.app"),
        (&namespace, "  labels:\nteam: x\n".to_owned(), "6:1 team"),
        (deployment, format!("{template}app: web\n"), "9:1 app"),
        (deployment, format!("{template}  app: web\n"), "9:3 spec.app"),
        (deployment, format!("{template}    app: web\n"), "9:5 spec.template.app"),
        (deployment, format!("{template}        a: b\n    app: web\n"), "10:5 spec.template.app"),
        (deployment, format!("{template}        a: b\napp: web\n"), "10:1 app"),
        (deployment, "  labels:\napp: web\nspec: {template: {}}\n".to_owned(), "6:1 app"),
        (
            deployment,
            format!("{template}    spec:\n      app: web\n"),
            "10:7 spec.template.spec.app",
        ),
        (cron, "app: web\n".to_owned(), "11:1 app"),
        (cron, "    app: web\n".to_owned(), "11:5 spec.jobTemplate.app"),
        (cron, "      app: web\n".to_owned(), "11:7 spec.jobTemplate.spec.app"),
    ] {
        let text = format!("{head}{rest}");
        assert_eq!(slips(&text), [format!("{slip}: {if_label}")], "{text}");
        let cluster = reading(&text).cluster;
        let pods = cluster.pods.iter().map(|p| p.labels.open);
        let open: Vec<bool> =
            pods.chain(cluster.namespaces.iter().map(|n| n.labels.open)).collect();
        assert_eq!(open, [true], "{text}");
    }
    // What is known to belong elsewhere is no label.
    assert_eq!(
        slips(&format!("{pod}  labels:\nspec:\n  namespace: shop\n")),
        ["7:3 spec.namespace: write `namespace` below `metadata`"]
    );
    // The API may have gained a field where labels are complete.
    clean(&format!("{pod}  labels: {{a: b}}\nspec:\n  newField: x\n"));
}

#[test]
fn what_no_object_has_at_its_root_is_told() {
    let usual = "`kubectl explain` shows the fields and their types";
    for (head, rest, slip) in [
        ("v1\nkind: Pod", "extra: 1\n", format!("4:1 extra: {usual}")),
        ("v1\nkind: Pod", "staus: {}\n", "4:1 staus: did you mean `status`?".to_owned()),
        // A Service goes by no labels of its own; this may be its selector.
        ("v1\nkind: Service", "spec:\n  selector:\napp: web\n", format!("6:1 app: {usual}")),
        (
            "discovery.k8s.io/v1\nkind: EndpointSlice",
            "spec: {}\naddressType: IPv4\nendpoints: []\nports: []\n",
            format!("4:1 spec: {usual}"),
        ),
        (
            "networking.k8s.io/v1\nkind: Ingress",
            "rule: x\n",
            "4:1 rule: write `rules` below `spec`".to_owned(),
        ),
        (
            "gateway.networking.k8s.io/v1\nkind: HTTPRoute",
            "extra: {}\n",
            format!("4:1 extra: {usual}"),
        ),
    ] {
        let text = format!("apiVersion: {head}\nmetadata: {{name: a}}\n{rest}");
        assert_eq!(slips(&text), [slip], "{text}");
        let cluster = reading(&text).cluster;
        let kept = (cluster.pods.len(), cluster.services.len(), cluster.entry_points.len());
        assert_eq!(kept, (0, 0, 0), "{text}");
    }
    // Of a kind that is not read nothing is known, and items are objects.
    clean("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {}}\nextra: x\n");
    clean(
        "apiVersion: v1\nkind: PodList\nextra: x\nitems:\n- metadata: {name: a, labels: {b: c}}\n  spec: {}\n  status: {phase: Running}\n",
    );
}

#[test]
fn unknown_kinds_of_the_core_hide_no_policy() {
    let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}}";
    let a_policy = "a policy is `kind: NetworkPolicy` of `apiVersion: networking.k8s.io/v1`";
    for (kind, rest, help) in [
        ("list", format!("items: [{policy}]"), "write `kind: List`"),
        ("Lists", format!("items: [{policy}]"), "write `kind: List`"),
        ("PodLst", "items: [{metadata: {name: a}}]".to_owned(), "write `kind: List`"),
        ("Podd", "items: [{metadata: {name: a}}]".to_owned(), "write `kind: List`"),
        ("list", format!("item: [{policy}]"), "write `kind: List`"),
        ("NetPol", "metadata: {name: p}\nspec: {podSelector: {}}".to_owned(), a_policy),
        ("Firewall", "metadata: {name: p}\nspec: {policyTypes: [Egress]}".to_owned(), a_policy),
    ] {
        let text = format!("apiVersion: v1\nkind: {kind}\n{rest}\n");
        assert_eq!(slips(&text), [format!("2:7 kind: {help}")], "{text}");
        let scopes: Vec<_> = reading(&text).cluster.opaque.into_iter().map(|o| o.scope).collect();
        assert_eq!(scopes, [Scope::Cluster], "{text}");
    }
    for kind in ["Event", "Status", "EventList\nitems: []"] {
        clean(&format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n"));
    }
}

#[test]
fn fields_of_ports_belong_below_ports() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n";
    for field in ["nodePort", "port", "protocol", "targetPort"] {
        let text = format!("{service}  ports: [{{port: 80}}]\n  {field}: 8080\n");
        let help = format!("write `{field}` below `spec.ports[]`");
        assert_eq!(slips(&text), [format!("6:3 spec.{field}: {help}")], "{text}");
        assert_eq!(reading(&text).cluster.services, [], "{text}");
    }
    let text = format!("{service}  port: [{{port: 80}}]\n");
    assert_eq!(slips(&text), ["5:3 spec.port: did you mean `ports`?"]);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n";
    for (field, home) in [
        ("containerPort", "spec.containers[].ports"),
        ("hostPort", "ports[]"),
        ("protocol", "ports[]"),
    ] {
        let text = format!("{pod}  - ports: [{{containerPort: 53}}]\n    {field}: 53\n");
        let help = format!("write `{field}` below `{home}`");
        assert_eq!(slips(&text), [format!("7:5 spec.containers[0].{field}: {help}")], "{text}");
        assert_eq!(reading(&text).cluster.pods, [], "{text}");
    }
}

#[test]
fn port_names_that_the_api_server_refuses_fail_their_pod() {
    let with = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - ports: [{{containerPort: 53, name: {name}}}]\n"
        )
    };
    let names = ["HTTP", "\"80\"", "a--b", "-a", "a-", "a_b", "sixteen-letters-"];
    for name in names.into_iter().chain(["a-name-too-long1"]) {
        assert_eq!(said(&with(name)), ["6:39 invalid-port-name"], "{name}");
        assert_eq!(reading(&with(name)).cluster.pods, [], "{name}");
    }
    for name in ["http", "\"\"", "a-name-too-long", "9p"] {
        clean(&with(name));
    }
    // Those of a Service may be any DNS label.
    clean(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports: [{port: 80, name: a-rather-long--name}]\n",
    );
}

#[test]
fn a_workload_that_does_not_select_its_own_pods_has_unknown_labels() {
    let workload = |kind: &str, api: &str, selector: &str| {
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n  selector: {selector}\n  template: {{metadata: {{labels: {{app: web, tier: x}}}}}}\n"
        )
    };
    for (kind, api) in [
        ("Deployment", "apps/v1"),
        ("ReplicaSet", "apps/v1"),
        ("StatefulSet", "apps/v1"),
        ("DaemonSet", "apps/v1"),
        ("Job", "batch/v1"),
    ] {
        clean(&workload(kind, api, "{matchLabels: {app: web}}"));
        clean(&workload(
            kind,
            api,
            "{matchExpressions: [{key: app, operator: NotIn, values: [db]}, {key: b, operator: DoesNotExist}]}",
        ));
        let text = workload(kind, api, "{matchLabels: {app: wbe}}");
        assert_eq!(
            slips(&text),
            ["5:13 spec.selector: write the same labels here and below `template.metadata.labels`"]
        );
        let labels = reading(&text).cluster.pods.remove(0).labels;
        assert!(labels.open && labels.unvalued.contains(&"app".into()), "{labels:?}");
        assert_eq!(labels.get("tier").map(|v| &**v), Some("x"));
    }
    let controller = |selector: &str| workload("ReplicationController", "v1", selector);
    clean(&controller("{app: web}"));
    assert_eq!(said(&controller("{app: db}")), ["5:13 selector-mismatch"]);
}

#[test]
fn a_missing_separator_is_one_mistake() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n";
    let text = format!("{}{pod}", policy("podSelector: {}"));
    assert_eq!(said(&text), ["8:1 missing-separator"]);
    let reading = reading(&text);
    assert_eq!(reading.diagnostics[0].message, "two objects without `---` between them");
    assert_eq!((reading.cluster.pods.len(), reading.cluster.network_policies.len()), (1, 0));
    assert_eq!(
        reading.cluster.opaque[0].scope,
        Scope::Pods(NamespaceMatch::Own, Selector::default())
    );
    let other = policy("policyTypes: [Egress]").replace("name: p", "name: q");
    assert_eq!(said(&format!("{text}{other}")), ["8:1 missing-separator"]);
    // What else is wrong with one of them is still said.
    let twice = format!("{text}metadata: {{name: b}}\n");
    assert_eq!(said(&twice), ["8:1 missing-separator", "11:1 duplicate-key"]);
}

#[test]
fn errors_say_what_to_do_and_texts_have_no_holes() {
    for text in [
        "apiVersion: networking.k8s.io/v1\nmetadata: {name: p, namespace: shop}\n",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {}\n",
        "kind: NetworkPolicy\nmetadata: {name: p}\n",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: P_}\n",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c}\n",
        "kind: NetworkPolicy\na: [\n",
        "{\"a\": 1,}",
        "text",
        &policy("ingress:\n- ports:\n  - port: 0"),
        &policy("ingress:\n- ports:\n  - endPort: 9"),
    ] {
        let reading = reading(text);
        for said in &reading.diagnostics {
            assert!(!said.help.is_empty(), "{said:?}");
            assert!(said.object.as_ref().is_none_or(|o| !o.name.is_empty()), "{said:?}");
        }
        for opaque in &reading.cluster.opaque {
            assert!(!opaque.reason.contains("  "), "{opaque:?}");
        }
    }
}

const ANP: &str = "apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: c}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {}}
  egress:
";

#[test]
fn cluster_policies_are_validated() {
    for (rules, ids) in [
        ("  - {action: Accept, to: [{networks: [10.0.0.0/8]}]}\n", vec![]),
        ("  - {action: Allow, to: [{namespaces: {}}]}\n", vec!["unknown-action"]),
        ("  - {action: Deny, to: []}\n", vec!["missing-field"]),
        ("  - {action: Deny, to: [{services: {}}]}\n", vec!["unknown-peer"]),
        ("  - {action: Deny, to: [{domainNames: [a.example]}]}\n", vec!["invalid-peer"]),
        (
            "  - {action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 5, end: 5}}}}]}\n",
            vec!["invalid-port"],
        ),
        ("  - {action: Deny, to: [{namespaces: {}, nodes: {}}]}\n", vec!["peer-conflict"]),
    ] {
        let reading = reading(&format!("{ANP}{rules}"));
        let found: Vec<_> = reading.diagnostics.iter().map(|d| d.id).collect();
        assert_eq!(found, ids, "{rules}");
        assert_eq!(reading.incomplete(), !reading.cluster.opaque.is_empty());
    }
    let many = "  - {action: Deny, to: [{namespaces: {}}]}\n".repeat(26);
    assert_eq!(said(&format!("{ANP}{many}")), ["9:3 too-many"]);
}

#[test]
fn bad_text_is_told_and_bounded() {
    let deep = "[".repeat(100_000);
    let dashes = "- ".repeat(100_000);
    let indented: String = (0..400).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    let deep_json = format!("{{\"a\": {}", "[".repeat(100_000));
    let cases: Vec<(&[u8], &str)> = vec![
        (deep.as_bytes(), "yaml-syntax"),
        (dashes.as_bytes(), "too-deep"),
        (indented.as_bytes(), "too-deep"),
        (bomb.as_bytes(), "alias-budget"),
        (deep_json.as_bytes(), "too-deep"),
        (b"a: *a\n", "yaml-syntax"),
        (b"a: &a [*a]\n", "yaml-syntax"),
        (b"a: !!python/object:os.system x\n", "custom-tag"),
        (b"a: !x y\n", "custom-tag"),
        (b"\xFF\xFEa\0:\0", "utf-16"),
        (b"a\0:\0 \0b\0", "utf-16"),
        (b"kind: x\na: \xC3\x28\n", "invalid-utf8"),
        (b"\0a\0:", "utf-16"),
        (b"kind: abc\nx: a\0b\n", "nul-byte"),
        (b"\0\0\0\0\0\0\0\0", "nul-byte"),
        (b"\0", "nul-byte"),
        (b"ab\0\0cd", "nul-byte"),
        (b"{\"a\": 1,}", "json-syntax"),
        (b"{\"a\": [1 2]}", "json-syntax"),
        (b"{\"a\": 01}", "json-syntax"),
        (b"{\"a\": \"x", "json-syntax"),
        (b"{\"a\": {\"b\": 1]}", "json-syntax"),
        (b"a: \"x", "yaml-syntax"),
        (b"a:\n\t- b", "yaml-syntax"),
        (b"just text", "not-an-object"),
        (b"a: 1", "missing-kind"),
        (b"kind: Pod", "missing-api-version"),
    ];
    for (text, id) in cases {
        let input = Input { name: "f".into(), text, kind: InputKind::File };
        let reading = read(&[input], &ReadOptions::default());
        let found: Vec<_> = reading.diagnostics.iter().map(|d| d.id).collect();
        assert_eq!(found, [id], "{:?}", String::from_utf8_lossy(&text[..text.len().min(60)]));
        assert!(reading.diagnostics[0].origin.line > 0);
    }
    for text in ["", "# nothing\n", "---\n---\n", "\u{FEFF}", "...\n", "%YAML 1.2\n---\n"] {
        assert_eq!(reading(text), Reading { sources: reading("").sources, ..Reading::default() });
    }
}

#[test]
fn a_document_that_does_not_parse_hides_no_policy() {
    let opaque =
        |text: &str| reading(text).cluster.opaque.into_iter().map(|o| o.scope).collect::<Vec<_>>();
    assert_eq!(
        opaque("kind: NetworkPolicy\nmetadata:\n  namespace: shop\na: [\n"),
        [Scope::Namespace("shop".into())]
    );
    assert_eq!(opaque("kind: NetworkPolicy\na: [\n"), [Scope::Cluster]);
    for metadata in
        ["metadata: {name: web, namespace: shop}", "\"metadata\": {\n \"namespace\": \"shop\"}"]
    {
        let text = format!("kind: NetworkPolicy\n{metadata}\nspec:\n  a: [\n");
        assert_eq!(opaque(&text), [Scope::Namespace("shop".into())], "{text}");
    }
    // A label of that name says nothing, nor does what is not there.
    for rest in [
        "metadata: {name: web}\nspec: {podSelector: {matchLabels: {namespace: shop}}}\na: [\n",
        "metadata:\n  labels:\n    namespace: shop\na: [\n",
        "metadata: {labels: {namespace: shop}}\na: [\n",
        "metadata:\n  name: web\nspec:\n  a: [\n",
    ] {
        assert_eq!(opaque(&format!("kind: NetworkPolicy\n{rest}")), [Scope::Cluster], "{rest}");
    }
    assert_eq!(opaque("kind: ConfigMap\na: [\n"), []);
    assert_eq!(opaque("a: [\n"), [Scope::Cluster]);
    assert_eq!(opaque("{\"kind\": \"List\", \"items\": [\n{\"kind\": \"Pod\",\n}]}"), []);
}

#[test]
fn diagnostics_are_capped() {
    let labels: String = (0..3_000).map(|i| format!("    k{i}: true\n")).collect();
    let reading = reading(&policy(
        &format!("podSelector:\n  matchLabels:\n{labels}").replace("\n    k", "\n    k"),
    ));
    assert_eq!(reading.diagnostics.len(), 1_001);
    assert_eq!(reading.diagnostics[1_000].message, "and 2000 more in this input");
    assert!(reading.incomplete());
}

#[test]
fn merge_keys_are_refused_and_aliases_read() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: &l {x: z}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n  labels:\n    <<: {x: z}\n";
    let reading = reading(text);
    assert_eq!(said(text), ["12:5 merge-key"]);
    assert_eq!(reading.cluster.pods.len(), 1);
    assert_eq!(reading.cluster.pods[0].labels.get("x").map(|v| &**v), Some("z"));
}

#[test]
fn lost_indentation_is_recognised_and_repaired() {
    let text = include_bytes!("data/lost-indentation.yaml");
    let input = Input { name: "f".into(), text, kind: InputKind::File };
    let reading = read(&[input], &ReadOptions::default());
    assert_eq!(reading.diagnostics.len(), 1);
    assert_eq!(reading.diagnostics[0].id, "lost-indentation");
    assert_eq!(reading.cluster.opaque[0].scope, Scope::Namespace("shop".into()));
    let fixed = fix("f", text).unwrap();
    assert_eq!(fixed.repaired.diagnostics, []);
    assert_eq!(fixed.repaired.cluster.network_policies.len(), 1);
    assert!(fixed.as_it_stands.is_err());
    assert_eq!(fixed.notes.len(), 1);
    assert_eq!(
        fixed.text,
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api-from-web-only
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: api
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: web
    - ports:
        - protocol: TCP
          port: 8080
"
    );
}

#[test]
fn partly_lost_indentation_shows_what_it_means_as_it_stands() {
    let text = policy("podSelector:\nmatchLabels:\n  app: db\npolicyTypes:\n- Ingress");
    let fixed = fix("f", text.as_bytes()).unwrap();
    let stands = fixed.as_it_stands.unwrap();
    assert!(stands.cluster.network_policies[0].pod_selector.is_empty());
    assert!(!fixed.repaired.cluster.network_policies[0].pod_selector.is_empty());
    assert_eq!(said(&text), ["8:3 lost-indentation"]);
    assert!(fix("f", policy("podSelector: {}").as_bytes()).is_none());
    // A typo is no lost indentation.
    assert!(
        fix(
            "f",
            policy("podSelector:\n  matchLabels:\n    a: b\npolcyTypes: [Ingress]").as_bytes()
        )
        .is_none()
    );
}

#[test]
fn a_slip_of_one_line_is_told_where_it_is() {
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
    for (rest, at, word, scope) in [
        (
            "metadata: {name: web, namespace: shop}\nspec:\n  podSelector: {}\n\tpolicyTypes: [Ingress]\n",
            "6:1 yaml-syntax",
            "tab",
            Scope::Namespace("shop".into()),
        ),
        (
            "metadata: {name: web, namespace: shop}\nspec:\n  podSelector: {}\n   policyTypes: [Ingress]\n",
            "6:4 yaml-syntax",
            "wrong depth",
            Scope::Namespace("shop".into()),
        ),
        (
            "metadata: {name: web}\nspec:\n   podSelector: {}\n  policyTypes: [Ingress]\n",
            "6:3 yaml-syntax",
            "wrong depth",
            Scope::Cluster,
        ),
    ] {
        let text = format!("{head}{rest}");
        assert_eq!(said(&text), [at], "{text}");
        let reading = reading(&text);
        let said = &reading.diagnostics[0];
        assert!(said.message.contains(word), "{said:?}");
        assert!(said.help.contains("run \"fallgate fix f.yaml\""), "{said:?}");
        assert_eq!(reading.cluster.opaque[0].scope, scope, "{text}");
        assert_eq!(&*reading.cluster.opaque[0].name, "web");
    }
}

#[test]
fn overlays() {
    let mut base = clean(&format!("{DEPLOYMENT}{POD}---\n{}", policy("policyTypes: [Egress]")));
    overlay::add(&mut base, clean(&policy("policyTypes: [Ingress]")));
    assert_eq!(base.network_policies.len(), 1);
    assert!(base.network_policies[0].ingress.is_some());
    // A policy that is not valid hides the one that it replaces.
    overlay::add(&mut base, reading(&policy("ingress: [{from: [{}]}]")).cluster);
    assert_eq!((base.network_policies.len(), base.opaque.len()), (0, 1));
    assert!(overlay::remove(&mut base, "NetworkPolicy", "shop", "p"));
    assert_eq!(base.opaque, []);
    assert!(!overlay::remove(&mut base, "NetworkPolicy", "shop", "p"));
    overlay::add(&mut base, clean(DEPLOYMENT));
    assert!(base.pods.iter().all(|p| p.stand_in) && base.pods.len() == 1);
    let missing =
        overlay::replace(&mut base, clean("apiVersion: v1\nkind: Pod\nmetadata: {name: zz}\n"));
    assert_eq!(missing.len(), 1);
}

#[test]
fn generated_clusters_are_clean_and_survive_writing() {
    for line in include_str!("data/clusters.jsonl").lines() {
        // Some have rules for directions that they do not list, which is legal.
        let reading = reading(line);
        assert!(reading.diagnostics.iter().all(|d| d.id == "rules-ignored"));
        let mut first = reading.cluster;
        let mut again = clean(&write_cluster(&first));
        forget_origins(&mut first);
        forget_origins(&mut again);
        assert_eq!(first, again);
    }
}

#[test]
fn workloads_survive_writing() {
    let mut text = DEPLOYMENT.to_owned();
    for (api, kind) in [("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job")] {
        text.push_str(&format!(
            "---\n{}",
            DEPLOYMENT.replace("apps/v1", api).replace("Deployment", kind)
        ));
    }
    text.push_str("---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {metadata: {labels: {a: b}}}}}}\n");
    let mut first = clean(&text);
    assert_eq!(first.pods.len(), 5);
    let mut again = clean(&write_cluster(&first));
    forget_origins(&mut first);
    forget_origins(&mut again);
    assert_eq!(first, again);
}

#[test]
fn threads_do_not_change_the_result() {
    let document = format!("{}---\n{DEPLOYMENT}---\nbad: [\n---\n", policy("podSelector: {}"));
    let text = document.repeat(2_000);
    let input = Input { name: "f".into(), text: text.as_bytes(), kind: InputKind::File };
    let with = |threads| {
        let options = ReadOptions { threads: Some(threads), ..ReadOptions::default() };
        read(std::slice::from_ref(&input), &options)
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn long_lists_are_cut_and_read_as_if_whole() {
    let pod = |i: usize| {
        let note = "ä".repeat(i % 5);
        format!("{{\"metadata\": {{\"name\": \"p{i}\", \"annotations\": {{\"x\": \"{note}\"}}}}}}")
    };
    for between in [",", ",\n  ", ",\n\n", ", ,"] {
        let pods: Vec<String> = (0..6_000).map(pod).collect();
        let first = between.trim_start_matches(',').trim_end_matches(',');
        let text = format!(
            "{{\"apiVersion\": \"v1\", \"items\": [{first}{}], \"kind\": \"PodList\"}}",
            pods.join(between)
        );
        assert!(text.len() > 300_000);
        let reading = reading(&text);
        if between == ", ," {
            assert_eq!(reading.diagnostics[0].id, "json-syntax");
            continue;
        }
        assert_eq!(reading.diagnostics, []);
        assert_eq!(reading.cluster.pods.len(), 6_000);
        for (i, pod) in reading.cluster.pods.iter().enumerate() {
            assert_eq!(*pod.name, format!("p{i}"));
            let (line, column) = (pod.origin.line as usize, pod.origin.column as usize);
            let line = text.lines().nth(line - 1).unwrap();
            let here: String = line.chars().skip(column - 1).take(40).collect();
            assert!(here.starts_with(&format!("{{\"metadata\": {{\"name\": \"p{i}\"")), "{here}");
            if between == "," && i > 200 {
                break;
            }
        }
    }
}

fn forget_origins(cluster: &mut Cluster) {
    let none = Origin::default();
    cluster.namespaces.iter_mut().for_each(|o| o.origin = none);
    cluster.pods.iter_mut().for_each(|o| o.origin = none);
    cluster.services.iter_mut().for_each(|o| o.origin = none);
    cluster.endpoint_slices.iter_mut().for_each(|o| o.origin = none);
    cluster.nodes.iter_mut().for_each(|o| o.origin = none);
    cluster.entry_points.iter_mut().for_each(|o| o.origin = none);
    for policy in &mut cluster.network_policies {
        policy.origin = none;
        for rule in policy.ingress.iter_mut().chain(&mut policy.egress).flatten() {
            rule.origin = none;
        }
    }
    for policy in &mut cluster.cluster_policies {
        policy.origin = none;
        policy.ingress.iter_mut().chain(&mut policy.egress).for_each(|r| r.origin = none);
    }
}

mod never_panics {
    use super::*;
    use proptest::prelude::*;

    const MANIFESTS: &str = concat!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\nspec:\n  podSelector:\n    matchExpressions:\n    - {key: a, operator: In, values: [b]}\n  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n        - 10.1.0.0/16\n    - namespaceSelector: {}\n      podSelector: {}\n    ports:\n    - port: 80\n      endPort: 90\n---\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"labels\": {\"x\": \"\\u0061\"}}, \"status\": {\"podIP\": \"10.0.0.1\"}}]}\n---\n",
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: c}\nspec:\n  tier: Admin\n  priority: 1\n  subject:\n    pods: {namespaceSelector: {}, podSelector: {}}\n  egress:\n  - name: x\n    action: Pass\n    to:\n    - networks: ['fd00::/8']\n    protocols:\n    - tcp: {destinationPort: {range: {start: 1, end: 2}}}\n",
    );

    fn all(text: &[u8]) {
        let input = Input { name: "f".into(), text, kind: InputKind::File };
        let reading = read(&[input], &ReadOptions::default());
        for diagnostic in &reading.diagnostics {
            assert!(!diagnostic.message.is_empty());
        }
        if let Some(fixed) = fix("f", text) {
            assert!(fixed.repaired.diagnostics.iter().all(|d| d.id != "lost-indentation"));
        }
        let again = write_cluster(&reading.cluster);
        let input = Input { name: "g".into(), text: again.as_bytes(), kind: InputKind::File };
        assert!(!read(&[input], &ReadOptions::default()).incomplete(), "{again}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_500))]

        #[test]
        fn on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            all(&bytes);
        }

        #[test]
        fn on_mutated_manifests(
            edits in prop::collection::vec((0usize..1_400, 0usize..12, "[ -~\n\t]{0,6}"), 0..5),
        ) {
            let mut text = MANIFESTS.as_bytes().to_vec();
            for (at, length, new) in edits {
                let at = at.min(text.len());
                let end = (at + length).min(text.len());
                text.splice(at..end, new.bytes());
            }
            all(&text);
        }
    }
}

/// The parser notices a line too late, and what it says then is no help.
#[test]
fn a_key_glued_to_its_value_is_said_where_it_stands() {
    let quoted = "apiVersion: v1\nkind: Pod\nmetadata:\n  name:\"a\"\n  namespace: x\n";
    let found = reading(quoted).diagnostics;
    let [one] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((one.origin.line, one.origin.column, one.id), (4, 3, "yaml-syntax"));
    assert!(one.help.contains("space after the colon"), "{one:#?}");

    let plain = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    app:web\n";
    let found = reading(plain).diagnostics;
    let [one] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((one.origin.line, one.origin.column, one.id), (6, 5, "wrong-type"));
    assert_eq!(&*one.help, "put a space after the colon: `app: web`");
}
