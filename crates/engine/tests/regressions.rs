//! What was wrong once, by name.

#![cfg(test)]

use std::ops::ControlFlow;

use fallgate_engine::{
    Alike, Detail, EditedObject, End, Engine, Interval, NoRepair, Place, Snapshot, Verdict, diff,
};
use fallgate_model::{
    Action, Change, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, Dialect,
    Direction, IpBlock, Labels, NetworkPolicy, Node, Object, Opacity, Opaque, Origin, Peer, Pod,
    Protocol, Rule, Scope, Selector, Subject, Tier, Workload,
};
use fallgate_oracle as oracle;
use ipnet::IpNet;

fn pod(name: &str) -> Pod {
    Pod {
        namespace: "shop".into(),
        name: name.into(),
        workload: Workload { kind: "Pod".into(), name: name.into() },
        labels: Labels::new([("app", name)]),
        addresses: Vec::new(),
        node: None,
        host_addresses: Vec::new(),
        host_network: false,
        ports: Vec::new(),
        stand_in: false,
        origin: Origin::default(),
    }
}

fn node(name: &str, address: &str) -> Node {
    Node {
        name: name.into(),
        labels: Labels::new([("zone", name)]),
        addresses: vec![address.parse().unwrap()],
        pod_cidrs: Vec::new(),
        origin: Origin::default(),
    }
}

fn deny_egress(tier: Tier, peer: ClusterPeer) -> ClusterPolicy {
    let rule = ClusterRule {
        name: None,
        action: Action::Deny,
        peers: vec![peer],
        ports: None,
        origin: Origin::default(),
    };
    ClusterPolicy {
        kind: ClusterPolicyKind::ClusterNetworkPolicy,
        name: "deny-egress".into(),
        tier,
        priority: 1,
        subject: Subject { namespaces: Selector::default(), pods: Selector::default() },
        ingress: Vec::new(),
        egress: vec![rule],
        origin: Origin::default(),
    }
}

fn isolated(pods: Vec<Pod>) -> Cluster {
    let policy = NetworkPolicy {
        namespace: "shop".into(),
        name: "deny".into(),
        pod_selector: Selector::default(),
        ingress: Some(Vec::new()),
        egress: None,
        origin: Origin::default(),
    };
    Cluster { pods, network_policies: vec![policy], ..Cluster::default() }
}

fn end(snapshot: &Snapshot, name: &str) -> End {
    let mut pods = snapshot.pods().into_iter();
    End::Pod(pods.find(|id| *snapshot.pod(*id).unwrap().name == *name).unwrap())
}

/// A change that brings IPv6 into use, or out of it, does not by that open or
/// close what IPv6 addresses outside have been allowed all along.
#[test]
fn a_family_that_comes_into_use_opens_nothing() {
    let mut policy = isolated(Vec::new()).network_policies.remove(0);
    policy.namespace = "elsewhere".into();
    let block = IpBlock { cidr: "2001:db8::/32".parse().unwrap(), except: Vec::new() };
    policy.ingress = Some(vec![Rule {
        peers: Some(vec![Peer::IpBlock(block)]),
        ports: None,
        origin: Origin::default(),
    }]);
    let cluster = Cluster { pods: vec![pod("web")], ..Cluster::default() };
    let mut engine = Engine::new(cluster, Dialect::default());
    let applied = engine.apply(Change::Upsert(Object::NetworkPolicy(policy.clone())));
    assert_ne!(applied.before.families(), applied.after.families());
    let effect = applied.effect(Detail::Workloads);
    assert_eq!((effect.opened, effect.closed), (Vec::new(), Vec::new()));

    // What the policies do change is told, although the family was not in use.
    policy.namespace = "shop".into();
    let effect =
        engine.apply(Change::Upsert(Object::NetworkPolicy(policy))).effect(Detail::Workloads);
    assert!(effect.opened.is_empty() && !effect.closed.is_empty(), "{effect:#?}");
}

const HTTP: fallgate_engine::Port = Some((Protocol::Tcp, 80));

/// A stand-in's pods run on any node, whatever its template says: neither the
/// addresses nor the labels of the node that the template names are theirs.
#[test]
fn the_node_of_a_template_is_no_address() {
    let mut agent = pod("agent");
    agent.workload.kind = "DaemonSet".into();
    (agent.stand_in, agent.host_network, agent.node) = (true, true, Some("six".into()));
    let cluster = Cluster {
        pods: vec![agent, pod("web")],
        nodes: vec![node("four", "192.168.0.4"), node("six", "fd01::6")],
        cluster_policies: vec![deny_egress(
            Tier::Admin,
            ClusterPeer::Nodes(Selector::match_labels([("zone", "six")])),
        )],
        ..Cluster::default()
    };
    let dialect = Dialect::default();
    let snapshot = Engine::new(cluster.clone(), dialect.clone()).snapshot();
    let (agent, web) = (end(&snapshot, "agent"), end(&snapshot, "web"));
    let four = End::Node("four".into());
    assert_eq!(snapshot.verdict(&agent, &four, HTTP), Verdict::Allowed);
    assert_eq!(snapshot.verdict(&web, &agent, HTTP), Verdict::Unknown);

    let (agent, web) = (oracle::End::Pod(0), oracle::End::Pod(1));
    let four = oracle::End::Node("four".into());
    let ask = |from, to| oracle::verdict(&cluster, &dialect, from, to, HTTP).verdict();
    assert_eq!(ask(&agent, &four), oracle::Verdict::Allowed);
    assert_eq!(ask(&web, &agent), oracle::Verdict::Unknown);
}

/// A label that another pod has with a value nobody knows does not tell the two
/// apart: a policy created by it could isolate the other one.
#[test]
fn a_repair_selects_nobody_else_by_a_label_of_unknown_value() {
    let mut other = pod("other");
    other.labels = Labels::new([("tier", "x")]);
    other.labels.set_unvalued("app");
    let mut web = pod("web");
    web.labels.set("tier", "y");
    let engine = Engine::new(isolated(vec![web, other, pod("client")]), Dialect::default());
    let snapshot = engine.snapshot();
    let (client, web) = (end(&snapshot, "client"), end(&snapshot, "web"));
    let repair = engine.repair(&client, &web, HTTP).unwrap();
    let [edit] = &repair.edits[..] else { panic!("{repair:#?}") };
    let EditedObject::NetworkPolicy(policy) = &edit.object else { panic!("{edit:#?}") };
    assert!(edit.new);
    assert_eq!(policy.pod_selector, Selector::match_labels([("tier", "y")]));
}

/// Where only one of a workload's pods is isolated, a policy for all of them
/// would isolate the others.
#[test]
fn a_repair_isolates_no_other_replica() {
    let replica = |name: &str, labels: &[(&str, &str)]| {
        let mut pod = pod(name);
        pod.workload = Workload { kind: "Deployment".into(), name: "web".into() };
        pod.labels = Labels::new(labels.iter().copied());
        pod
    };
    let old = replica("web-1", &[("app", "web"), ("track", "old")]);
    let new = replica("web-2", &[("app", "web")]);
    let mut cluster = isolated(vec![old, new, pod("client")]);
    cluster.network_policies[0].pod_selector = Selector::match_labels([("track", "old")]);
    let engine = Engine::new(cluster, Dialect::default());
    let snapshot = engine.snapshot();
    let (client, old) = (end(&snapshot, "client"), end(&snapshot, "web-1"));
    let repair = engine.repair(&client, &old, HTTP).unwrap();
    assert!(repair.effect.closed.is_empty(), "{repair:#?}");
    assert!(!repair.edits[0].new, "{repair:#?}");
}

/// Of two families, one denied on both sides and one on one of them only, the
/// second is repaired.
#[test]
fn a_repair_takes_the_family_that_needs_less() {
    let network: IpNet = "10.0.0.0/8".parse().unwrap();
    let mut cluster = isolated(vec![pod("web"), pod("client")]);
    for (pod, last) in cluster.pods.iter_mut().zip(1..) {
        pod.addresses = vec![
            format!("10.0.0.{last}").parse().unwrap(),
            format!("fd00::{last}").parse().unwrap(),
        ];
    }
    cluster.cluster_policies.push(deny_egress(Tier::Admin, ClusterPeer::Networks(vec![network])));
    let engine = Engine::new(cluster, Dialect::default());
    let snapshot = engine.snapshot();
    let (client, web) = (end(&snapshot, "client"), end(&snapshot, "web"));
    let repair = engine.repair(&client, &web, HTTP).unwrap();
    let [edit] = &repair.edits[..] else { panic!("{repair:#?}") };
    assert!(matches!(edit.object, EditedObject::NetworkPolicy(_)), "{edit:#?}");
}

/// What is not evaluated was no cause of what it made unknown.
#[test]
fn a_difference_is_due_to_what_is_not_evaluated() {
    let opaque = Opaque {
        kind: "CiliumNetworkPolicy".into(),
        namespace: "shop".into(),
        name: "web".into(),
        scope: Scope::Pods(
            fallgate_model::NamespaceMatch::Own,
            Selector::match_labels([("app", "web")]),
        ),
        directions: vec![Direction::Ingress],
        opacity: Opacity::Anything,
        reason: "it is not modelled".into(),
        origin: Origin::default(),
    };
    let before = isolated(vec![pod("web"), pod("client")]);
    let after = Cluster { opaque: vec![opaque], ..before.clone() };
    let [before, after] = [before, after].map(|c| Engine::new(c, Dialect::default()).snapshot());
    let found = diff(&before, &after, Detail::Workloads);
    assert!(!found.opened.is_empty(), "{found:#?}");
    for delta in &found.opened {
        assert!(delta.interval.certain.is_empty(), "{delta:#?}");
        let causes: Vec<String> = delta.causes.iter().map(ToString::to_string).collect();
        assert_eq!(causes, ["CiliumNetworkPolicy shop/web"], "{delta:#?}");
    }
    // What was there all along causes nothing.
    assert_eq!(diff(&after, &after, Detail::Workloads).opened, []);
}

/// A node reaches its own pods whatever their policies, others as they let it.
#[test]
fn a_node_has_connections_of_its_own() {
    let mut cluster = isolated(vec![pod("web"), pod("client")]);
    for (pod, node) in cluster.pods.iter_mut().zip(["a", "b"]) {
        pod.node = Some(node.into());
    }
    cluster.nodes = vec![node("a", "192.0.2.1"), node("b", "192.0.2.2")];
    let snapshot = Engine::new(cluster, Dialect::default()).snapshot();
    assert_eq!(snapshot.node_names().into_iter().collect::<Vec<_>>(), ["a".into(), "b".into()]);
    let found = snapshot.node_connections(&"a".into(), Direction::Egress, Detail::Pods);
    assert!(found.iter().all(|(_, union)| union.interval == Interval::all()), "{found:#?}");
    let names: Vec<String> = (found.iter())
        .map(|(place, _)| match place {
            Place::Workload(workload) => workload.name.to_string(),
            Place::Node(node) => format!("node {node}"),
            Place::Outside(addresses) => addresses.cidrs()[0].to_string(),
        })
        .collect();
    assert_eq!(names, ["web", "node a", "node b", "0.0.0.0/0"]);
}

/// A repair that cannot be given said nothing about why.
#[test]
fn what_cannot_be_repaired_has_a_reason() {
    let mut agent = pod("agent");
    agent.host_network = true;
    let mut four = pod("four");
    four.addresses = vec!["10.0.0.4".parse().unwrap()];
    let mut six = pod("six");
    six.addresses = vec!["fd00::6".parse().unwrap()];
    let mut cluster = isolated(vec![pod("web"), pod("client"), agent, four, six]);
    for (pod, node) in cluster.pods.iter_mut().zip(["a", "b", "c", "d", "e"]) {
        pod.node = Some(node.into());
    }
    let mut deny = deny_egress(Tier::Admin, ClusterPeer::Unknown);
    std::mem::swap(&mut deny.egress, &mut deny.ingress);
    let why = |cluster: &Cluster, from: &str, to: &str| {
        let engine = Engine::new(cluster.clone(), Dialect::default());
        let snapshot = engine.snapshot();
        engine.repair(&end(&snapshot, from), &end(&snapshot, to), HTTP).err()
    };
    assert_eq!(why(&cluster, "client", "agent"), Some(NoRepair::NotDenied));
    assert_eq!(why(&cluster, "agent", "web"), Some(NoRepair::NoAddress));
    let apart = "the two have no address family in common";
    assert_eq!(why(&cluster, "four", "six"), Some(NoRepair::NotAPolicy(apart.into())));
    cluster.cluster_policies.push(deny);
    assert_eq!(why(&cluster, "agent", "web"), Some(NoRepair::OnlyPodsEnter));
}

/// A map of pods that nothing tells apart took time that grew with their pairs.
#[test]
fn what_no_policy_tells_apart_is_told_once() {
    let pods: Vec<Pod> = (0..100).map(|at| pod(&format!("p{at}"))).collect();
    let snapshot =
        Engine::new(Cluster { pods, ..Cluster::default() }, Dialect::default()).snapshot();
    let (mut sources, mut entries) = (Vec::new(), 0);
    snapshot.map_alike(Detail::Workloads, &|_| 0, &mut |alike| {
        match alike {
            Alike::Sources(places) => sources.push(places.len()),
            Alike::Entry(_) => entries += 1,
        }
        ControlFlow::Continue(())
    });
    // The pods, to each other and outside; and the outside, to each.
    assert_eq!((sources.iter().filter(|count| **count > 1).count(), entries), (1, 201));
}
