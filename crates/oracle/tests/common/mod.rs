//! Kubernetes objects to the model, as far as the tests' objects go: what the API
//! server defaults is defaulted here, what it rejects is not met.

use fallgate_model::{
    Action, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, ContainerPort,
    IpBlock, Labels, METADATA_NAME, Namespace, NamespaceMatch, NetworkPolicy, Operator, Origin,
    Peer, Pod, PortMatch, Protocol, Requirement, Rule, Selector, Str, Subject, Tier, Workload,
};
use ipnet::IpNet;
use serde_json::Value;

/// The cluster of these objects.
pub(crate) fn cluster(objects: &[Value]) -> Cluster {
    let mut cluster = Cluster::default();
    for object in objects {
        match text(&object["kind"]) {
            "Namespace" => cluster.namespaces.push(namespace(object)),
            "Pod" => cluster.pods.push(pod(object)),
            "NetworkPolicy" => cluster.network_policies.push(network_policy(object)),
            "ClusterNetworkPolicy" => cluster.cluster_policies.push(cluster_policy(object)),
            other => panic!("no converter for kind {other}"),
        }
    }
    cluster
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_set(value: &Value) -> bool {
    !value.is_null()
}

fn number(value: &Value) -> u16 {
    value.as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or_else(|| panic!("no port: {value}"))
}

fn labels(value: &Value) -> Labels {
    Labels::new(value.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), text(v))))
}

fn name(object: &Value) -> Str {
    text(&object["metadata"]["name"]).into()
}

fn namespace_of(object: &Value) -> Str {
    object["metadata"]["namespace"].as_str().unwrap_or("default").into()
}

fn namespace(object: &Value) -> Namespace {
    let mut labels = labels(&object["metadata"]["labels"]);
    labels.set(METADATA_NAME, name(object));
    Namespace { name: name(object), labels, origin: Origin::default() }
}

fn pod(object: &Value) -> Pod {
    let containers = list(&object["spec"]["containers"]);
    let ports = containers.iter().flat_map(|c| list(&c["ports"])).map(|p| ContainerPort {
        name: p["name"].as_str().map(Str::from),
        protocol: protocol(&p["protocol"]),
        port: number(&p["containerPort"]),
    });
    let addresses = list(&object["status"]["podIPs"]).iter().map(|a| text(&a["ip"]).parse());
    Pod {
        namespace: namespace_of(object),
        name: name(object),
        workload: Workload { kind: "Pod".into(), name: name(object) },
        labels: labels(&object["metadata"]["labels"]),
        addresses: addresses.collect::<Result<_, _>>().unwrap(),
        node: None,
        host_addresses: Vec::new(),
        host_network: false,
        ports: ports.collect(),
        stand_in: false,
        origin: Origin::default(),
    }
}

fn protocol(value: &Value) -> Protocol {
    value.as_str().map_or(Protocol::Tcp, |name| Protocol::parse(name).unwrap())
}

fn selector(value: &Value) -> Selector {
    let pairs = value["matchLabels"].as_object().into_iter().flatten().map(|(k, v)| Requirement {
        key: k.as_str().into(),
        operator: Operator::In,
        values: vec![text(v).into()],
    });
    let expressions = list(&value["matchExpressions"]).iter().map(|e| Requirement {
        key: text(&e["key"]).into(),
        operator: match text(&e["operator"]) {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            other => panic!("no operator {other}"),
        },
        values: list(&e["values"]).iter().map(|v| text(v).into()).collect(),
    });
    Selector::new(pairs.chain(expressions))
}

fn cidr(value: &Value) -> IpNet {
    text(value).parse::<IpNet>().unwrap().trunc()
}

/// `policyTypes` left out: Ingress always, Egress with at least one egress rule.
fn network_policy(object: &Value) -> NetworkPolicy {
    let spec = &object["spec"];
    let has_type = |wanted: &str, default: bool| match spec["policyTypes"].as_array() {
        Some(types) => types.iter().any(|t| t == wanted),
        None => default,
    };
    let rules = |key: &str, peers: &str| {
        list(&spec[key]).iter().map(|r| rule(&r[peers], &r["ports"])).collect::<Vec<_>>()
    };
    NetworkPolicy {
        namespace: namespace_of(object),
        name: name(object),
        pod_selector: selector(&spec["podSelector"]),
        ingress: has_type("Ingress", true).then(|| rules("ingress", "from")),
        egress: has_type("Egress", !list(&spec["egress"]).is_empty())
            .then(|| rules("egress", "to")),
        origin: Origin::default(),
    }
}

fn rule(peers: &Value, ports: &Value) -> Rule {
    let some = |value: &Value| !list(value).is_empty();
    Rule {
        peers: some(peers).then(|| list(peers).iter().map(peer).collect()),
        ports: some(ports).then(|| list(ports).iter().map(port).collect()),
        origin: Origin::default(),
    }
}

fn peer(value: &Value) -> Peer {
    let block = &value["ipBlock"];
    if is_set(block) {
        return Peer::IpBlock(IpBlock {
            cidr: cidr(&block["cidr"]),
            except: list(&block["except"]).iter().map(cidr).collect(),
        });
    }
    let namespaces = &value["namespaceSelector"];
    Peer::Pods {
        namespaces: if is_set(namespaces) {
            NamespaceMatch::Selector(selector(namespaces))
        } else {
            NamespaceMatch::Own
        },
        pods: selector(&value["podSelector"]),
    }
}

fn port(value: &Value) -> PortMatch {
    let protocol = protocol(&value["protocol"]);
    match &value["port"] {
        Value::Null => PortMatch::Range { protocol, start: 1, end: u16::MAX },
        Value::String(name) => {
            PortMatch::Named { protocol: Some(protocol), name: name.as_str().into() }
        }
        start => {
            let end = if is_set(&value["endPort"]) { &value["endPort"] } else { start };
            PortMatch::Range { protocol, start: number(start), end: number(end) }
        }
    }
}

fn cluster_policy(object: &Value) -> ClusterPolicy {
    let spec = &object["spec"];
    let rules = |key: &str, peers: &str| {
        list(&spec[key]).iter().map(|r| cluster_rule(r, &r[peers])).collect::<Vec<_>>()
    };
    let (namespaces, pods) = pods_of(&spec["subject"]).unwrap();
    ClusterPolicy {
        kind: ClusterPolicyKind::ClusterNetworkPolicy,
        name: name(object),
        tier: match text(&spec["tier"]) {
            "Admin" => Tier::Admin,
            "Baseline" => Tier::Baseline,
            other => panic!("no tier {other}"),
        },
        priority: spec["priority"].as_i64().and_then(|p| i32::try_from(p).ok()).unwrap(),
        subject: Subject { namespaces, pods },
        ingress: rules("ingress", "from"),
        egress: rules("egress", "to"),
        origin: Origin::default(),
    }
}

/// `namespaces` or `pods` of a subject or peer.
fn pods_of(value: &Value) -> Option<(Selector, Selector)> {
    if is_set(&value["namespaces"]) {
        Some((selector(&value["namespaces"]), Selector::default()))
    } else if is_set(&value["pods"]) {
        let pods = &value["pods"];
        Some((selector(&pods["namespaceSelector"]), selector(&pods["podSelector"])))
    } else {
        None
    }
}

fn cluster_rule(value: &Value, peers: &Value) -> ClusterRule {
    let protocols = &value["protocols"];
    ClusterRule {
        name: value["name"].as_str().map(Str::from),
        action: match text(&value["action"]) {
            "Accept" => Action::Accept,
            "Deny" => Action::Deny,
            "Pass" => Action::Pass,
            other => panic!("no action {other}"),
        },
        peers: list(peers).iter().map(cluster_peer).collect(),
        ports: is_set(protocols).then(|| list(protocols).iter().map(cluster_port).collect()),
        origin: Origin::default(),
    }
}

fn cluster_peer(value: &Value) -> ClusterPeer {
    if let Some((namespaces, pods)) = pods_of(value) {
        return ClusterPeer::Pods { namespaces, pods };
    }
    if is_set(&value["networks"]) {
        return ClusterPeer::Networks(list(&value["networks"]).iter().map(cidr).collect());
    }
    panic!("no converter for peer {value}")
}

fn cluster_port(value: &Value) -> PortMatch {
    if let Some(name) = value["destinationNamedPort"].as_str() {
        return PortMatch::Named { protocol: None, name: name.into() };
    }
    let (protocol, at) = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)]
        .into_iter()
        .find(|(key, _)| is_set(&value[key]))
        .map(|(key, protocol)| (protocol, &value[key]["destinationPort"]))
        .unwrap();
    if is_set(&at["number"]) {
        let port = number(&at["number"]);
        PortMatch::Range { protocol, start: port, end: port }
    } else if is_set(&at["range"]) {
        let range = &at["range"];
        PortMatch::Range { protocol, start: number(&range["start"]), end: number(&range["end"]) }
    } else {
        PortMatch::Range { protocol, start: 1, end: u16::MAX }
    }
}
