//! What policies mean, and which the API server would reject.

use super::*;

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
