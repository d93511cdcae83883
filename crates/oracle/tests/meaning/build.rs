//! Short words for clusters and questions.

use fallgate_model::{
    Action, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, ContainerPort,
    Dialect, Direction, IpBlock, Labels, METADATA_NAME, Namespace, NamespaceMatch, NetworkPolicy,
    Node, Opacity, Opaque, Operator, Origin, Peer, Pod, PortMatch, Protocol, Requirement, Rule,
    Scope, Selector, Str, Subject, Tier, Workload,
};
use fallgate_oracle::{
    Answer, End, Port, Verdict, WorkloadRef, end_of_address, verdict, workload_verdict,
};

pub(crate) use Verdict::{Allowed, Denied, Unknown};

/// `a=b`, `key in x,y`, `key notin x,y`, `key` and `!key`, joined by ` & `.
pub(crate) fn selector(text: &str) -> Selector {
    let list = |values: &str| values.split(',').map(Str::from).collect::<Vec<_>>();
    Selector::new(text.split(" & ").filter(|t| !t.is_empty()).map(|term| {
        let (key, operator, values) = if let Some((key, values)) = term.split_once(" in ") {
            (key, Operator::In, list(values))
        } else if let Some((key, values)) = term.split_once(" notin ") {
            (key, Operator::NotIn, list(values))
        } else if let Some((key, value)) = term.split_once('=') {
            (key, Operator::In, list(value))
        } else if let Some(key) = term.strip_prefix('!') {
            (key, Operator::DoesNotExist, Vec::new())
        } else {
            (term, Operator::Exists, Vec::new())
        };
        Requirement { key: key.into(), operator, values }
    }))
}

/// `a=b` pairs, joined by commas.
pub(crate) fn labels(text: &str) -> Labels {
    Labels::new(text.split(',').filter_map(|pair| pair.split_once('=')))
}

pub(crate) fn namespace(name: &str, text: &str) -> Namespace {
    let mut labels = labels(text);
    labels.set(METADATA_NAME, name);
    Namespace { name: name.into(), labels, origin: Origin::default() }
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap()
}

/// A bare pod, `namespace/name`, with its addresses.
pub(crate) fn pod(path: &str, text: &str, addresses: &[&str]) -> Pod {
    let (namespace, name) = split(path);
    Pod {
        namespace: namespace.into(),
        name: name.into(),
        workload: Workload { kind: "Pod".into(), name: name.into() },
        labels: labels(text),
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        node: None,
        host_addresses: Vec::new(),
        host_network: false,
        ports: Vec::new(),
        stand_in: false,
        origin: Origin::default(),
    }
}

pub(crate) fn stand_in(path: &str, text: &str) -> Pod {
    let pod = of_workload(pod(path, text, &[]), split(path).1);
    Pod { stand_in: true, ..pod }
}

pub(crate) fn of_workload(pod: Pod, name: &str) -> Pod {
    Pod { workload: Workload { kind: "Deployment".into(), name: name.into() }, ..pod }
}

pub(crate) fn on_node(pod: Pod, node: &str) -> Pod {
    Pod { node: Some(node.into()), ..pod }
}

pub(crate) fn on_host_network(pod: Pod) -> Pod {
    Pod { host_network: true, ..pod }
}

/// `name:number/protocol` each.
pub(crate) fn with_ports(pod: Pod, ports: &[&str]) -> Pod {
    let ports = ports
        .iter()
        .map(|text| {
            let (name, rest) = text.split_once(':').unwrap();
            let (port, protocol) = split(rest);
            ContainerPort {
                name: Some(name.into()),
                protocol: Protocol::parse(protocol).unwrap(),
                port: port.parse().unwrap(),
            }
        })
        .collect();
    Pod { ports, ..pod }
}

pub(crate) fn node(name: &str, text: &str, addresses: &[&str]) -> Node {
    Node {
        name: name.into(),
        labels: labels(text),
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        pod_cidrs: Vec::new(),
        origin: Origin::default(),
    }
}

// NetworkPolicies.

pub(crate) fn policy(
    path: &str,
    select: &str,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
) -> NetworkPolicy {
    let (namespace, name) = split(path);
    NetworkPolicy {
        namespace: namespace.into(),
        name: name.into(),
        pod_selector: selector(select),
        ingress,
        egress,
        origin: Origin::default(),
    }
}

/// A policy that isolates ingress, with these rules.
pub(crate) fn ingress(path: &str, select: &str, rules: Vec<Rule>) -> NetworkPolicy {
    policy(path, select, Some(rules), None)
}

/// A policy that isolates egress, with these rules.
pub(crate) fn egress(path: &str, select: &str, rules: Vec<Rule>) -> NetworkPolicy {
    policy(path, select, None, Some(rules))
}

/// No peers are all peers, no ports all ports.
pub(crate) fn rule(peers: &[Peer], ports: &[PortMatch]) -> Rule {
    Rule {
        peers: (!peers.is_empty()).then(|| peers.to_vec()),
        ports: (!ports.is_empty()).then(|| ports.to_vec()),
        origin: Origin::default(),
    }
}

/// Pods of the policy's own namespace.
pub(crate) fn pods(select: &str) -> Peer {
    Peer::Pods { namespaces: NamespaceMatch::Own, pods: selector(select) }
}

/// Pods of the namespaces that a selector takes.
pub(crate) fn pods_in(namespaces: &str, select: &str) -> Peer {
    Peer::Pods {
        namespaces: NamespaceMatch::Selector(selector(namespaces)),
        pods: selector(select),
    }
}

pub(crate) fn block(cidr: &str, except: &[&str]) -> Peer {
    Peer::IpBlock(IpBlock {
        cidr: cidr.parse().unwrap(),
        except: except.iter().map(|e| e.parse().unwrap()).collect(),
    })
}

/// `80/tcp`, `80-90/tcp`, `/tcp` for all its ports, `http/tcp` for a name, and
/// `http/` for a name of any protocol.
pub(crate) fn at(text: &str) -> PortMatch {
    let (port, protocol) = split(text);
    let protocol = Protocol::parse(protocol);
    let Some(protocol) = protocol else {
        return PortMatch::Named { protocol: None, name: port.into() };
    };
    if port.is_empty() {
        return PortMatch::Range { protocol, start: 1, end: u16::MAX };
    }
    let (start, end) = port.split_once('-').unwrap_or((port, port));
    match (start.parse(), end.parse()) {
        (Ok(start), Ok(end)) => PortMatch::Range { protocol, start, end },
        _ => PortMatch::Named { protocol: Some(protocol), name: port.into() },
    }
}

// Cluster-wide policies.

pub(crate) fn cluster_policy(
    name: &str,
    tier: Tier,
    priority: i32,
    subject: (&str, &str),
) -> ClusterPolicy {
    ClusterPolicy {
        kind: ClusterPolicyKind::ClusterNetworkPolicy,
        name: name.into(),
        tier,
        priority,
        subject: Subject { namespaces: selector(subject.0), pods: selector(subject.1) },
        ingress: Vec::new(),
        egress: Vec::new(),
        origin: Origin::default(),
    }
}

/// An Admin policy on every pod, with these ingress rules.
pub(crate) fn admin_in(name: &str, priority: i32, rules: Vec<ClusterRule>) -> ClusterPolicy {
    ClusterPolicy { ingress: rules, ..cluster_policy(name, Tier::Admin, priority, ("", "")) }
}

/// An Admin policy on every pod, with these egress rules.
pub(crate) fn admin_out(name: &str, priority: i32, rules: Vec<ClusterRule>) -> ClusterPolicy {
    ClusterPolicy { egress: rules, ..cluster_policy(name, Tier::Admin, priority, ("", "")) }
}

/// A Baseline policy on every pod, with these ingress rules.
pub(crate) fn baseline_in(name: &str, priority: i32, rules: Vec<ClusterRule>) -> ClusterPolicy {
    ClusterPolicy { ingress: rules, ..cluster_policy(name, Tier::Baseline, priority, ("", "")) }
}

pub(crate) fn does(action: Action, peers: &[ClusterPeer], ports: &[PortMatch]) -> ClusterRule {
    ClusterRule {
        name: None,
        action,
        peers: peers.to_vec(),
        ports: (!ports.is_empty()).then(|| ports.to_vec()),
        origin: Origin::default(),
    }
}

pub(crate) fn any_pods(namespaces: &str, select: &str) -> ClusterPeer {
    ClusterPeer::Pods { namespaces: selector(namespaces), pods: selector(select) }
}

pub(crate) fn networks(cidrs: &[&str]) -> ClusterPeer {
    ClusterPeer::Networks(cidrs.iter().map(|c| c.parse().unwrap()).collect())
}

pub(crate) fn opaque(scope: Scope, directions: &[Direction], opacity: Opacity) -> Opaque {
    Opaque {
        kind: "CiliumNetworkPolicy".into(),
        namespace: "x".into(),
        name: "opaque".into(),
        scope,
        directions: directions.to_vec(),
        opacity,
        reason: "CiliumNetworkPolicy is not modelled".into(),
        origin: Origin::default(),
    }
}

// Clusters and questions.

/// Namespaces x, y and z, labelled `ns`, with pods a, b and c each, labelled
/// `pod`, at 10.0.NAMESPACE.POD from 10.0.1.1 to 10.0.3.3: the upstream suite's.
pub(crate) fn grid() -> Cluster {
    let mut cluster = Cluster::default();
    for (n, ns) in (1..).zip(["x", "y", "z"]) {
        cluster.namespaces.push(namespace(ns, &format!("ns={ns}")));
        for (p, name) in (1..).zip(["a", "b", "c"]) {
            let made =
                pod(&format!("{ns}/{name}"), &format!("pod={name}"), &[&format!("10.0.{n}.{p}")]);
            cluster.pods.push(with_ports(
                made,
                &["serve-80:80/tcp", "serve-81:81/tcp", "serve-80-udp:80/udp"],
            ));
        }
    }
    cluster
}

/// The grid with these NetworkPolicies.
pub(crate) fn grid_with(policies: impl IntoIterator<Item = NetworkPolicy>) -> Cluster {
    Cluster { network_policies: policies.into_iter().collect(), ..grid() }
}

pub(crate) fn index(cluster: &Cluster, path: &str) -> usize {
    let (namespace, name) = split(path);
    cluster
        .pods
        .iter()
        .position(|p| *p.namespace == *namespace && *p.name == *name)
        .unwrap_or_else(|| panic!("no pod {path}"))
}

/// The pod of a path.
pub(crate) fn pod_mut<'a>(cluster: &'a mut Cluster, path: &str) -> &'a mut Pod {
    let at = index(cluster, path);
    &mut cluster.pods[at]
}

/// `namespace/pod`, `node NAME` or an address.
pub(crate) fn end(cluster: &Cluster, text: &str) -> End {
    if let Some(name) = text.strip_prefix("node ") {
        End::Node(name.into())
    } else if text.contains('/') {
        End::Pod(index(cluster, text))
    } else {
        end_of_address(cluster, text.parse().unwrap())
    }
}

/// `80/tcp`, or `other` for another IP protocol.
pub(crate) fn port(text: &str) -> Port {
    if text == "other" {
        return None;
    }
    let (port, protocol) = split(text);
    Some((Protocol::parse(protocol).unwrap(), port.parse().unwrap()))
}

pub(crate) fn answer(cluster: &Cluster, dialect: &Dialect, question: &str) -> Answer {
    let (from, rest) = question.split_once(" -> ").unwrap();
    let (to, asked) = rest.rsplit_once(' ').unwrap();
    verdict(cluster, dialect, &end(cluster, from), &end(cluster, to), port(asked))
}

/// Asks `FROM -> TO PORT` under a dialect and compares the verdicts.
pub(crate) fn check_under(cluster: &Cluster, dialect: &Dialect, expected: &[(&str, Verdict)]) {
    for (question, verdict) in expected {
        let found = answer(cluster, dialect, question);
        assert_eq!(found.verdict(), *verdict, "{question}: {found:?}");
    }
}

/// Asks `FROM -> TO PORT` under the upstream dialect and compares the verdicts.
pub(crate) fn check(cluster: &Cluster, expected: &[(&str, Verdict)]) {
    check_under(cluster, &Dialect::default(), expected);
}

pub(crate) fn dialect(text: &str) -> Dialect {
    Dialect::parse(text).unwrap()
}

/// The answer from one workload (`namespace/Kind/name`) to another.
pub(crate) fn between(cluster: &Cluster, from: &str, to: &str, asked: &str) -> Answer {
    let workload = |path: &str| {
        let (namespace, rest) = split(path);
        let (kind, name) = split(rest);
        WorkloadRef {
            namespace: namespace.into(),
            workload: Workload { kind: kind.into(), name: name.into() },
        }
    };
    let dialect = Dialect::default();
    workload_verdict(cluster, &dialect, &workload(from), &workload(to), port(asked)).unwrap()
}
