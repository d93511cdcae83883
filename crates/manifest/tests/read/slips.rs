//! Fields and labels at another name or depth than they were meant for.

use super::*;

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
        ("netpol", "metadata: {name: p}\nspec: {}".to_owned(), a_policy),
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
