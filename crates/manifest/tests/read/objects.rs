//! Workloads, pods, services, and the lists that they come in.

use super::*;

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
fn a_policy_that_goes_where_no_pod_is_is_told() {
    let homeless = policy("podSelector: {}").replace("  namespace: shop\n", "");
    let pod = |namespace: &str| {
        format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a{namespace}}}\n")
    };
    assert_eq!(said(&format!("{homeless}{}", pod(", namespace: shop"))), ["1:1 no-namespace"]);
    // All of it goes to one namespace; or there is nothing to compare with.
    clean(&format!("{homeless}{}", pod("")));
    clean(&format!("{homeless}{}{}", pod(""), pod(", namespace: shop")));
    clean(&homeless);
    // Who writes the namespace means it.
    let written = policy("podSelector: {}").replace("namespace: shop", "namespace: default");
    clean(&format!("{written}{}", pod(", namespace: shop")));
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
