//! The model to manifests, in one canonical spelling.

use fallgate_model::{
    Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ContainerPort, EndpointSlice,
    EntryPoint, IpBlock, Labels, Namespace, NamespaceMatch, NetworkPolicy, Node, Opaque, Operator,
    Peer, Pod, PortMatch, Rule, Selector, Service, Subject, TargetPort, Tier,
};

use crate::scalar::classify;
use crate::tree::Kind;

/// A whole cluster as a stream of YAML documents, kind by kind.
///
/// Reading it gives the same cluster but for origins, as far as manifests can
/// say it: what is opaque is written as a comment, and a stand-in as a workload
/// of its kind.
pub fn write_cluster(cluster: &Cluster) -> String {
    let documents = (cluster.namespaces.iter().map(write_namespace))
        .chain(cluster.nodes.iter().map(write_node))
        .chain(cluster.pods.iter().map(write_pod))
        .chain(cluster.services.iter().map(write_service))
        .chain(cluster.endpoint_slices.iter().map(write_endpoint_slice))
        .chain(cluster.entry_points.iter().map(write_entry_point))
        .chain(cluster.network_policies.iter().map(write_network_policy))
        .chain(cluster.cluster_policies.iter().map(write_cluster_policy))
        .chain(cluster.opaque.iter().map(comment));
    let mut text = String::new();
    for document in documents {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&document);
    }
    text
}

/// A NetworkPolicy as YAML, with its policy types spelt out.
pub fn write_network_policy(policy: &NetworkPolicy) -> String {
    let mut types = Vec::new();
    let mut spec = vec![("podSelector", selector(&policy.pod_selector))];
    let directions = [
        ("Ingress", "ingress", "from", &policy.ingress),
        ("Egress", "egress", "to", &policy.egress),
    ];
    let mut rules = Vec::new();
    for (name, key, peers, own) in directions {
        if let Some(own) = own {
            types.push(string(name));
            rules.push((key, Yaml::Seq(own.iter().map(|r| rule(r, peers)).collect())));
        }
    }
    spec.push(("policyTypes", Yaml::Seq(types)));
    spec.extend(rules);
    object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        metadata(&policy.namespace, &policy.name, None),
        vec![("spec", map(spec))],
    )
}

/// A cluster-wide policy as YAML, in the API that it was written in.
pub fn write_cluster_policy(policy: &ClusterPolicy) -> String {
    let modern = policy.kind == ClusterPolicyKind::ClusterNetworkPolicy;
    let mut spec = Vec::new();
    if modern {
        let tier = if policy.tier == Tier::Admin { "Admin" } else { "Baseline" };
        spec.push(("tier", string(tier)));
    }
    if policy.kind != ClusterPolicyKind::BaselineAdminNetworkPolicy {
        spec.push(("priority", Yaml::Number(policy.priority.into())));
    }
    spec.push(("subject", subject(&policy.subject)));
    for (key, peers, rules) in
        [("ingress", "from", &policy.ingress), ("egress", "to", &policy.egress)]
    {
        if rules.is_empty() {
            continue;
        }
        let rules = rules.iter().map(|rule| {
            let mut fields = Vec::new();
            if let Some(name) = &rule.name {
                fields.push(("name", string(name)));
            }
            let action = match rule.action {
                fallgate_model::Action::Accept if !modern => "Allow",
                action => action.name(),
            };
            fields.push(("action", string(action)));
            fields.push((peers, Yaml::Seq(rule.peers.iter().map(cluster_peer).collect())));
            if let Some(ports) = &rule.ports {
                let key = if modern { "protocols" } else { "ports" };
                let ports = ports.iter().map(|port| cluster_port(port, modern)).collect();
                fields.push((key, Yaml::Seq(ports)));
            }
            map(fields)
        });
        spec.push((key, Yaml::Seq(rules.collect())));
    }
    let version = if modern { "v1alpha2" } else { "v1alpha1" };
    object(
        &format!("policy.networking.k8s.io/{version}"),
        policy.kind.name(),
        metadata("", &policy.name, None),
        vec![("spec", map(spec))],
    )
}

/// A Namespace as YAML.
pub fn write_namespace(namespace: &Namespace) -> String {
    object("v1", "Namespace", metadata("", &namespace.name, Some(&namespace.labels)), vec![])
}

/// A Node as YAML.
pub fn write_node(node: &Node) -> String {
    let mut rest = Vec::new();
    if !node.pod_cidrs.is_empty() {
        let cidrs = node.pod_cidrs.iter().map(|net| string(&net.to_string())).collect();
        rest.push(("spec", map(vec![("podCIDRs", Yaml::Seq(cidrs))])));
    }
    if !node.addresses.is_empty() {
        let addresses = node.addresses.iter().map(|ip| {
            map(vec![("type", string("InternalIP")), ("address", string(&ip.to_string()))])
        });
        rest.push(("status", map(vec![("addresses", Yaml::Seq(addresses.collect()))])));
    }
    object("v1", "Node", metadata("", &node.name, Some(&node.labels)), rest)
}

/// A Pod as YAML, or the workload that a stand-in stands for.
pub fn write_pod(pod: &Pod) -> String {
    if pod.stand_in {
        return write_workload(pod);
    }
    let mut meta = metadata(&pod.namespace, &pod.name, Some(&pod.labels));
    if &*pod.workload.kind != "Pod"
        && let Yaml::Map(fields) = &mut meta
    {
        let owner = map(vec![
            ("apiVersion", string(api_version(&pod.workload.kind))),
            ("kind", string(&pod.workload.kind)),
            ("name", string(&pod.workload.name)),
            ("controller", Yaml::Bool(true)),
        ]);
        fields.push(("ownerReferences".to_owned(), Yaml::Seq(vec![owner])));
    }
    let mut status = Vec::new();
    for (list, single, addresses) in
        [("podIPs", "podIP", &pod.addresses), ("hostIPs", "hostIP", &pod.host_addresses)]
    {
        if let Some(first) = addresses.first() {
            status.push((single, string(&first.to_string())));
            let each = addresses.iter().map(|ip| map(vec![("ip", string(&ip.to_string()))]));
            status.push((list, Yaml::Seq(each.collect())));
        }
    }
    let mut rest = vec![("spec", pod_spec(pod))];
    if !status.is_empty() {
        rest.push(("status", map(status)));
    }
    object("v1", "Pod", meta, rest)
}

/// A Service as YAML.
pub fn write_service(service: &Service) -> String {
    let mut spec = Vec::new();
    if let Some(name) = &service.external_name {
        spec.push(("type", string("ExternalName")));
        spec.push(("externalName", string(name)));
    }
    if let Some(first) = service.cluster_ips.first() {
        spec.push(("clusterIP", string(&first.to_string())));
        let ips = service.cluster_ips.iter().map(|ip| string(&ip.to_string()));
        spec.push(("clusterIPs", Yaml::Seq(ips.collect())));
    }
    if let Some(selector) = &service.selector {
        let pairs = selector
            .requirements
            .iter()
            .filter_map(|r| r.values.first().map(|value| (r.key.to_string(), string(value))));
        spec.push(("selector", Yaml::Map(pairs.collect())));
    }
    if !service.ports.is_empty() {
        let ports = service.ports.iter().map(|port| {
            let mut fields = Vec::new();
            if let Some(name) = &port.name {
                fields.push(("name", string(name)));
            }
            fields.push(("protocol", string(port.protocol.name())));
            fields.push(("port", Yaml::Number(port.port.into())));
            fields.push(("targetPort", target_port(&port.target)));
            map(fields)
        });
        spec.push(("ports", Yaml::Seq(ports.collect())));
    }
    object(
        "v1",
        "Service",
        metadata(&service.namespace, &service.name, None),
        vec![("spec", map(spec))],
    )
}

/// An EndpointSlice as YAML.
pub fn write_endpoint_slice(slice: &EndpointSlice) -> String {
    let labels = Labels::new([("kubernetes.io/service-name", slice.service.clone())]);
    let six = slice.backends.iter().flat_map(|b| &b.addresses).any(|ip| ip.is_ipv6());
    let endpoints = slice.backends.iter().map(|backend| {
        let addresses = backend.addresses.iter().map(|ip| string(&ip.to_string()));
        let mut fields = vec![
            ("addresses", Yaml::Seq(addresses.collect())),
            ("conditions", map(vec![("ready", Yaml::Bool(true))])),
        ];
        if let Some(pod) = &backend.pod {
            fields.push(("targetRef", map(vec![("kind", string("Pod")), ("name", string(pod))])));
        }
        map(fields)
    });
    object(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        metadata(&slice.namespace, &slice.name, Some(&labels)),
        vec![
            ("addressType", string(if six { "IPv6" } else { "IPv4" })),
            ("ports", Yaml::Seq(slice.ports.iter().map(|p| container_port(p, "port")).collect())),
            ("endpoints", Yaml::Seq(endpoints.collect())),
        ],
    )
}

/// An Ingress or a route as YAML.
pub fn write_entry_point(entry: &EntryPoint) -> String {
    let meta = metadata(&entry.namespace, &entry.name, None);
    let mut spec = Vec::new();
    if &*entry.kind == "Ingress" {
        if !entry.controller.is_empty() {
            spec.push(("ingressClassName", string(&entry.controller)));
        }
        let paths = entry.targets.iter().map(|target| {
            let mut service = vec![("name", string(&target.service))];
            match &target.port {
                Some(TargetPort::Number(number)) => {
                    service.push(("port", map(vec![("number", Yaml::Number((*number).into()))])));
                }
                Some(TargetPort::Name(name)) => {
                    service.push(("port", map(vec![("name", string(name))])));
                }
                None => {}
            }
            map(vec![
                ("path", string("/")),
                ("pathType", string("Prefix")),
                ("backend", map(vec![("service", map(service))])),
            ])
        });
        let http = map(vec![("paths", Yaml::Seq(paths.collect()))]);
        spec.push(("rules", Yaml::Seq(vec![map(vec![("http", http)])])));
        return object("networking.k8s.io/v1", "Ingress", meta, vec![("spec", map(spec))]);
    }
    let parents = entry.controller.split(',').filter_map(|gateway| {
        let (namespace, name) = gateway.split_once('/')?;
        Some(map(vec![("name", string(name)), ("namespace", string(namespace))]))
    });
    spec.push(("parentRefs", Yaml::Seq(parents.collect())));
    let backends = entry.targets.iter().map(|target| {
        let mut fields =
            vec![("name", string(&target.service)), ("namespace", string(&target.namespace))];
        if let Some(TargetPort::Number(number)) = &target.port {
            fields.push(("port", Yaml::Number((*number).into())));
        }
        map(fields)
    });
    let rule = map(vec![("backendRefs", Yaml::Seq(backends.collect()))]);
    spec.push(("rules", Yaml::Seq(vec![rule])));
    let version = match &*entry.kind {
        "HTTPRoute" | "GRPCRoute" => "v1",
        _ => "v1alpha2",
    };
    let api = format!("gateway.networking.k8s.io/{version}");
    object(&api, &entry.kind, meta, vec![("spec", map(spec))])
}

fn write_workload(pod: &Pod) -> String {
    let kind = &*pod.workload.kind;
    let mut labels = pod.labels.clone();
    // What the Job's controller adds is not in its template.
    if kind == "Job" {
        labels.known.retain(|(key, value)| {
            !(matches!(&**key, "job-name" | "batch.kubernetes.io/job-name") && *value == pod.name)
        });
    }
    let pairs = labels.known.iter().map(|(k, v)| (k.to_string(), string(v))).collect();
    let pairs = Yaml::Map(pairs);
    let template =
        map(vec![("metadata", map(vec![("labels", pairs.clone())])), ("spec", pod_spec(pod))]);
    let mut spec = Vec::new();
    match kind {
        "CronJob" => {
            let job = map(vec![("template", template)]);
            spec.push(("schedule", string("0 0 * * *")));
            spec.push(("jobTemplate", map(vec![("spec", job)])));
        }
        "Job" => {
            let index = "batch.kubernetes.io/job-completion-index";
            if pod.labels.unvalued.iter().any(|key| &**key == index) {
                spec.push(("completionMode", string("Indexed")));
            }
            spec.push(("template", template));
        }
        "ReplicationController" => {
            spec.push(("selector", pairs));
            spec.push(("template", template));
        }
        _ => {
            spec.push(("selector", map(vec![("matchLabels", pairs)])));
            spec.push(("template", template));
        }
    }
    object(
        api_version(kind),
        kind,
        metadata(&pod.namespace, &pod.workload.name, None),
        vec![("spec", map(spec))],
    )
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Job" | "CronJob" => "batch/v1",
        "ReplicationController" | "Node" => "v1",
        _ => "apps/v1",
    }
}

fn pod_spec(pod: &Pod) -> Yaml {
    let mut container = vec![("name", string("main")), ("image", string("none"))];
    if !pod.ports.is_empty() {
        let ports = pod.ports.iter().map(|p| container_port(p, "containerPort"));
        container.push(("ports", Yaml::Seq(ports.collect())));
    }
    let mut spec = Vec::new();
    if let Some(node) = &pod.node {
        spec.push(("nodeName", string(node)));
    }
    if pod.host_network {
        spec.push(("hostNetwork", Yaml::Bool(true)));
    }
    spec.push(("containers", Yaml::Seq(vec![map(container)])));
    map(spec)
}

fn container_port(port: &ContainerPort, key: &'static str) -> Yaml {
    let mut fields = Vec::new();
    if let Some(name) = &port.name {
        fields.push(("name", string(name)));
    }
    fields.push(("protocol", string(port.protocol.name())));
    fields.push((key, Yaml::Number(port.port.into())));
    map(fields)
}

fn target_port(port: &TargetPort) -> Yaml {
    match port {
        TargetPort::Number(number) => Yaml::Number((*number).into()),
        TargetPort::Name(name) => string(name),
    }
}

fn rule(rule: &Rule, peers_key: &'static str) -> Yaml {
    let mut fields = Vec::new();
    if let Some(peers) = &rule.peers {
        fields.push((peers_key, Yaml::Seq(peers.iter().map(peer).collect())));
    }
    if let Some(ports) = &rule.ports {
        fields.push(("ports", Yaml::Seq(ports.iter().map(port).collect())));
    }
    map(fields)
}

fn peer(peer: &Peer) -> Yaml {
    match peer {
        Peer::Pods { namespaces: NamespaceMatch::Own, pods } => {
            map(vec![("podSelector", selector(pods))])
        }
        Peer::Pods { namespaces: NamespaceMatch::Selector(namespaces), pods } => {
            let mut fields = vec![("namespaceSelector", selector(namespaces))];
            // Every pod of the namespaces is what leaving the field out means.
            if !pods.is_empty() {
                fields.push(("podSelector", selector(pods)));
            }
            map(fields)
        }
        Peer::IpBlock(IpBlock { cidr, except }) => {
            let mut fields = vec![("cidr", string(&cidr.to_string()))];
            if !except.is_empty() {
                let nets = except.iter().map(|net| string(&net.to_string())).collect();
                fields.push(("except", Yaml::Seq(nets)));
            }
            map(vec![("ipBlock", map(fields))])
        }
    }
}

fn port(port: &PortMatch) -> Yaml {
    match port {
        PortMatch::Range { protocol, start: 1, end: u16::MAX } => {
            map(vec![("protocol", string(protocol.name()))])
        }
        PortMatch::Range { protocol, start, end } => {
            let mut fields = vec![
                ("protocol", string(protocol.name())),
                ("port", Yaml::Number((*start).into())),
            ];
            if end != start {
                fields.push(("endPort", Yaml::Number((*end).into())));
            }
            map(fields)
        }
        PortMatch::Named { protocol, name } => {
            let protocol = protocol.unwrap_or(fallgate_model::Protocol::Tcp);
            map(vec![("protocol", string(protocol.name())), ("port", string(name))])
        }
    }
}

fn subject(subject: &Subject) -> Yaml {
    if subject.pods.is_empty() {
        map(vec![("namespaces", selector(&subject.namespaces))])
    } else {
        map(vec![("pods", namespaced_pods(&subject.namespaces, &subject.pods))])
    }
}

fn namespaced_pods(namespaces: &Selector, pods: &Selector) -> Yaml {
    map(vec![("namespaceSelector", selector(namespaces)), ("podSelector", selector(pods))])
}

fn cluster_peer(peer: &ClusterPeer) -> Yaml {
    match peer {
        ClusterPeer::Pods { namespaces, pods } if pods.is_empty() => {
            map(vec![("namespaces", selector(namespaces))])
        }
        ClusterPeer::Pods { namespaces, pods } => {
            map(vec![("pods", namespaced_pods(namespaces, pods))])
        }
        ClusterPeer::Networks(nets) => {
            let nets = nets.iter().map(|net| string(&net.to_string())).collect();
            map(vec![("networks", Yaml::Seq(nets))])
        }
        ClusterPeer::Nodes(nodes) => map(vec![("nodes", selector(nodes))]),
        ClusterPeer::DomainNames(names) => {
            map(vec![("domainNames", Yaml::Seq(names.iter().map(|n| string(n)).collect()))])
        }
        ClusterPeer::Unknown => map(vec![]),
    }
}

fn cluster_port(port: &PortMatch, modern: bool) -> Yaml {
    let number = |n: u16| Yaml::Number(n.into());
    match port {
        PortMatch::Named { name, .. } => {
            let key = if modern { "destinationNamedPort" } else { "namedPort" };
            map(vec![(key, string(name))])
        }
        PortMatch::Range { protocol, start, end } if modern => {
            let destination = if start == end {
                map(vec![("number", number(*start))])
            } else {
                let range = map(vec![("start", number(*start)), ("end", number(*end))]);
                map(vec![("range", range)])
            };
            let key = match protocol {
                fallgate_model::Protocol::Tcp => "tcp",
                fallgate_model::Protocol::Udp => "udp",
                fallgate_model::Protocol::Sctp => "sctp",
            };
            map(vec![(key, map(vec![("destinationPort", destination)]))])
        }
        PortMatch::Range { protocol, start, end } if start == end => {
            let fields = vec![("protocol", string(protocol.name())), ("port", number(*start))];
            map(vec![("portNumber", map(fields))])
        }
        PortMatch::Range { protocol, start, end } => {
            let fields = vec![
                ("protocol", string(protocol.name())),
                ("start", number(*start)),
                ("end", number(*end)),
            ];
            map(vec![("portRange", map(fields))])
        }
    }
}

fn selector(selector: &Selector) -> Yaml {
    let mut labels: Vec<(String, Yaml)> = Vec::new();
    let mut expressions = Vec::new();
    for requirement in &selector.requirements {
        let key = requirement.key.to_string();
        match (requirement.operator, requirement.values.as_slice()) {
            (Operator::In, [value]) if labels.iter().all(|(k, _)| *k != key) => {
                labels.push((key, string(value)));
            }
            (operator, values) => {
                let operator = match operator {
                    Operator::In => "In",
                    Operator::NotIn => "NotIn",
                    Operator::Exists => "Exists",
                    Operator::DoesNotExist => "DoesNotExist",
                };
                let mut fields = vec![("key", string(&key)), ("operator", string(operator))];
                if !values.is_empty() {
                    let values = values.iter().map(|v| string(v)).collect();
                    fields.push(("values", Yaml::Seq(values)));
                }
                expressions.push(map(fields));
            }
        }
    }
    let mut fields = Vec::new();
    if !labels.is_empty() {
        fields.push(("matchLabels", Yaml::Map(labels)));
    }
    if !expressions.is_empty() {
        fields.push(("matchExpressions", Yaml::Seq(expressions)));
    }
    map(fields)
}

fn comment(opaque: &Opaque) -> String {
    let place = if opaque.namespace.is_empty() {
        opaque.name.to_string()
    } else {
        format!("{}/{}", opaque.namespace, opaque.name)
    };
    let line = format!("# not written: {} {place}: {}", opaque.kind, opaque.reason);
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line + "\n"
}

fn metadata(namespace: &str, name: &str, labels: Option<&Labels>) -> Yaml {
    let mut fields = vec![("name", string(name))];
    if !namespace.is_empty() {
        fields.push(("namespace", string(namespace)));
    }
    if let Some(labels) = labels.filter(|l| !l.known.is_empty()) {
        let pairs = labels.known.iter().map(|(k, v)| (k.to_string(), string(v)));
        fields.push(("labels", Yaml::Map(pairs.collect())));
    }
    map(fields)
}

fn object(api_version: &str, kind: &str, meta: Yaml, rest: Vec<(&'static str, Yaml)>) -> String {
    let mut fields =
        vec![("apiVersion", string(api_version)), ("kind", string(kind)), ("metadata", meta)];
    fields.extend(rest);
    let mut text = String::new();
    map(fields).print(&mut text, 0);
    text
}

/// A value to print.
#[derive(Clone)]
enum Yaml {
    String(String),
    Number(i64),
    Bool(bool),
    Map(Vec<(String, Yaml)>),
    Seq(Vec<Yaml>),
}

fn map(fields: Vec<(&'static str, Yaml)>) -> Yaml {
    Yaml::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn string(text: &str) -> Yaml {
    Yaml::String(text.to_owned())
}

impl Yaml {
    /// Prints what has its own lines; the cursor is at the indentation already.
    fn print(&self, out: &mut String, indent: usize) {
        match self {
            Yaml::Map(fields) => {
                for (at, (key, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        pad(out, indent);
                    }
                    out.push_str(&scalar(key));
                    out.push(':');
                    value.print_after_key(out, indent);
                }
            }
            Yaml::Seq(items) => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        pad(out, indent);
                    }
                    out.push_str("- ");
                    if item.is_inline() {
                        item.print_inline(out);
                        out.push('\n');
                    } else {
                        item.print(out, indent + 2);
                    }
                }
            }
            _ => {
                self.print_inline(out);
                out.push('\n');
            }
        }
    }

    fn print_after_key(&self, out: &mut String, indent: usize) {
        if self.is_inline() {
            out.push(' ');
            self.print_inline(out);
            out.push('\n');
            return;
        }
        out.push('\n');
        pad(out, indent + 2);
        self.print(out, indent + 2);
    }

    fn is_inline(&self) -> bool {
        match self {
            Yaml::Map(fields) => fields.is_empty(),
            Yaml::Seq(items) => items.is_empty(),
            _ => true,
        }
    }

    fn print_inline(&self, out: &mut String) {
        match self {
            Yaml::String(text) => out.push_str(&scalar(text)),
            Yaml::Number(number) => out.push_str(&number.to_string()),
            Yaml::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Yaml::Map(_) => out.push_str("{}"),
            Yaml::Seq(_) => out.push_str("[]"),
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A string plain where it stays a string, else in double quotes.
fn scalar(text: &str) -> String {
    let plain = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b))
        && classify(text) == Kind::Str;
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
