//! The semantic traps, by their numbers in the survey of analysers. Numbers that
//! are missing here concern reading objects, reporting or enforcement.

use fallgate_model::{
    Action, Backend, Cluster, ClusterPeer, ClusterPolicyKind, ContainerPort, Dialect, Direction,
    EndpointSlice, Opacity, Origin, Protocol, Scope, Service, ServicePort, TargetPort, Tier,
};
use fallgate_oracle::{WorkloadRef, apply, families_in_use, service_targets};

use super::build::*;

#[test]
fn trap_03_egress_type_without_rules() {
    let cluster = grid_with([egress("x/p", "pod=a", vec![])]);
    check(
        &cluster,
        &[
            ("x/a -> y/a 80/tcp", Denied),
            ("x/a -> 203.0.113.1 80/tcp", Denied),
            ("x/a -> y/a other", Denied),
            ("y/a -> x/a 80/tcp", Allowed),
            ("203.0.113.1 -> x/a 80/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_04_no_rules_and_one_open_rule() {
    let closed = grid_with([ingress("x/p", "", vec![])]);
    check(&closed, &[("y/a -> x/a 80/tcp", Denied), ("x/b -> x/a 80/tcp", Denied)]);
    let open = grid_with([ingress("x/p", "", vec![rule(&[], &[])])]);
    check(&open, &[("y/a -> x/a 80/tcp", Allowed), ("203.0.113.1 -> x/a other", Allowed)]);
}

#[test]
fn trap_05_no_peers_and_no_ports() {
    let any_peer = grid_with([ingress("x/p", "", vec![rule(&[], &[at("80/tcp")])])]);
    check(
        &any_peer,
        &[
            ("y/a -> x/a 80/tcp", Allowed),
            ("203.0.113.1 -> x/a 80/tcp", Allowed),
            ("2001:db8::1 -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 81/tcp", Denied),
            ("y/a -> x/a other", Denied),
        ],
    );
    let any_port = grid_with([ingress("x/p", "", vec![rule(&[pods("pod=b")], &[])])]);
    check(
        &any_port,
        &[
            ("x/b -> x/a 1/sctp", Allowed),
            ("x/b -> x/a 65535/udp", Allowed),
            ("x/b -> x/a other", Allowed),
            ("x/c -> x/a other", Denied),
        ],
    );
}

#[test]
fn trap_06_empty_pod_selector_is_the_namespace() {
    let cluster = grid_with([ingress("x/p", "", vec![])]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Denied),
            ("y/a -> x/c 80/tcp", Denied),
            ("x/a -> y/a 80/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_07_own_namespace_all_namespaces_and_or() {
    let own = grid_with([ingress("x/p", "", vec![rule(&[pods("pod=b")], &[])])]);
    check(&own, &[("x/b -> x/a 80/tcp", Allowed), ("y/b -> x/a 80/tcp", Denied)]);
    let all = grid_with([ingress("x/p", "", vec![rule(&[pods_in("", "")], &[])])]);
    check(&all, &[("z/c -> x/a 80/tcp", Allowed), ("203.0.113.1 -> x/a 80/tcp", Denied)]);
    let and = grid_with([ingress("x/p", "", vec![rule(&[pods_in("ns=y", "pod=b")], &[])])]);
    check(
        &and,
        &[
            ("y/b -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 80/tcp", Denied),
            ("x/b -> x/a 80/tcp", Denied),
        ],
    );
    let or = rule(&[pods_in("ns=y", ""), pods("pod=b")], &[]);
    check(
        &grid_with([ingress("x/p", "", vec![or])]),
        &[
            ("y/b -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 80/tcp", Allowed),
            ("x/b -> x/a 80/tcp", Allowed),
            ("x/c -> x/a 80/tcp", Denied),
            ("z/b -> x/a 80/tcp", Denied),
        ],
    );
}

#[test]
fn trap_08_negations_hold_without_the_key() {
    let from = |namespaces: &str| {
        let mut cluster =
            grid_with([ingress("x/p", "", vec![rule(&[pods_in(namespaces, "")], &[])])]);
        cluster.namespaces[1] = namespace("y", "team=red");
        cluster.namespaces[2] = namespace("z", "");
        cluster
    };
    check(
        &from("team notin red"),
        &[("y/a -> x/a 80/tcp", Denied), ("z/a -> x/a 80/tcp", Allowed)],
    );
    check(&from("!team"), &[("y/a -> x/a 80/tcp", Denied), ("z/a -> x/a 80/tcp", Allowed)]);
    check(&from("team"), &[("y/a -> x/a 80/tcp", Allowed), ("z/a -> x/a 80/tcp", Denied)]);
    check(&from("team in red"), &[("y/a -> x/a 80/tcp", Allowed), ("z/a -> x/a 80/tcp", Denied)]);
}

#[test]
fn trap_09_protocol_without_port() {
    let cluster = grid_with([ingress("x/p", "", vec![rule(&[], &[at("/udp")])])]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 1/udp", Allowed),
            ("y/a -> x/a 65535/udp", Allowed),
            ("y/a -> x/a 80/tcp", Denied),
            ("y/a -> x/a 80/sctp", Denied),
            ("y/a -> x/a other", Denied),
        ],
    );
}

#[test]
fn trap_10_end_port_is_inclusive() {
    let cluster = grid_with([ingress("x/p", "", vec![rule(&[], &[at("80-82/tcp")])])]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 79/tcp", Denied),
            ("y/a -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 82/tcp", Allowed),
            ("y/a -> x/a 83/tcp", Denied),
        ],
    );
}

#[test]
fn trap_11_named_port_on_each_destination() {
    let mut cluster =
        grid_with([ingress("x/p", "", vec![rule(&[], &[at("dns/udp"), at("web/tcp")])])]);
    pod_mut(&mut cluster, "x/a").ports =
        with_ports(pod("x/a", "", &[]), &["dns:53/tcp", "dns:5353/udp", "web:80/tcp"]).ports;
    pod_mut(&mut cluster, "x/b").ports =
        with_ports(pod("x/b", "", &[]), &["web:8080/tcp", "web:9090/tcp"]).ports;
    check(
        &cluster,
        &[
            ("y/a -> x/a 5353/udp", Allowed),
            ("y/a -> x/a 53/tcp", Denied),
            ("y/a -> x/a 53/udp", Denied),
            ("y/a -> x/a 80/tcp", Allowed),
            ("y/a -> x/b 80/tcp", Denied),
            // Several containers may use a name; all of their ports count.
            ("y/a -> x/b 8080/tcp", Allowed),
            ("y/a -> x/b 9090/tcp", Allowed),
            // Not resolved is not matched, and no error.
            ("y/a -> x/c 80/tcp", Denied),
        ],
    );
}

#[test]
fn trap_12_named_port_resolves_on_the_destination_only() {
    let to = |peer| grid_with([egress("x/p", "", vec![rule(&[peer], &[at("web/tcp")])])]);
    let mut cluster = to(pods_in("", ""));
    pod_mut(&mut cluster, "x/a").ports = with_ports(pod("x/a", "", &[]), &["web:7000/tcp"]).ports;
    pod_mut(&mut cluster, "y/a").ports = with_ports(pod("y/a", "", &[]), &["web:8000/tcp"]).ports;
    check(&cluster, &[("x/a -> y/a 8000/tcp", Allowed), ("x/a -> y/a 7000/tcp", Denied)]);
    let mut to_block = to(block("0.0.0.0/0", &[]));
    pod_mut(&mut to_block, "y/a").ports = with_ports(pod("y/a", "", &[]), &["web:8000/tcp"]).ports;
    to_block.nodes.push(node("n1", "", &["192.168.0.1"]));
    let host = pod("z/host", "", &["192.168.0.1"]);
    to_block.pods.push(on_node(on_host_network(with_ports(host, &["web:8000/tcp"])), "n1"));
    pod_mut(&mut to_block, "x/a").node = Some("n2".into());
    check(
        &to_block,
        &[
            ("x/a -> 203.0.113.1 8000/tcp", Denied),
            ("x/a -> node n1 8000/tcp", Denied),
            ("x/a -> z/host 8000/tcp", Denied),
            // A pod is resolved whichever kind of peer it is matched by.
            ("x/a -> y/a 8000/tcp", Allowed),
        ],
    );
}

fn service(selector: Option<&str>, target: TargetPort) -> Service {
    Service {
        namespace: "x".into(),
        name: "s".into(),
        cluster_ips: Vec::new(),
        selector: selector.map(super::build::selector),
        ports: vec![ServicePort {
            name: Some("web".into()),
            protocol: Protocol::Tcp,
            port: 80,
            target,
        }],
        external_name: None,
        origin: Origin::default(),
    }
}

#[test]
fn trap_13_policies_see_the_target_port() {
    let mut cluster = grid_with([ingress("x/p", "", vec![rule(&[], &[at("80/tcp")])])]);
    pod_mut(&mut cluster, "x/b").ports =
        with_ports(pod("x/b", "", &[]), &["web:8081/udp", "web:8080/tcp"]).ports;
    let to_8080 = service(Some("pod=a"), TargetPort::Number(8080));
    assert_eq!(service_targets(&cluster, &to_8080, 80, Protocol::Tcp), [(0, 8080)]);
    assert_eq!(service_targets(&cluster, &to_8080, 8080, Protocol::Tcp), []);
    assert_eq!(service_targets(&cluster, &to_8080, 80, Protocol::Udp), []);
    check(&cluster, &[("y/a -> x/a 8080/tcp", Denied), ("y/a -> x/a 80/tcp", Allowed)]);
    let by_name = service(Some("pod in a,b"), TargetPort::Name("web".into()));
    assert_eq!(service_targets(&cluster, &by_name, 80, Protocol::Tcp), [(1, 8080)]);
}

#[test]
fn trap_14_policies_add_up() {
    let closed = ingress("x/closed", "", vec![]);
    let one = ingress("x/one", "", vec![rule(&[pods("pod=b")], &[at("80/tcp")])]);
    let two = ingress("x/two", "pod=a", vec![rule(&[pods("pod=c")], &[at("81/tcp")])]);
    for order in [[&closed, &one, &two], [&two, &closed, &one]] {
        check(
            &grid_with(order.map(Clone::clone)),
            &[
                ("x/b -> x/a 80/tcp", Allowed),
                ("x/b -> x/a 81/tcp", Denied),
                ("x/c -> x/a 81/tcp", Allowed),
                ("x/c -> x/a 80/tcp", Denied),
                ("x/c -> x/b 81/tcp", Denied),
            ],
        );
    }
}

#[test]
fn trap_15_both_sides_on_the_same_port() {
    let cluster = grid_with([
        egress("x/out", "pod=a", vec![rule(&[], &[at("80/tcp")])]),
        ingress("y/in", "pod=a", vec![rule(&[], &[at("81/tcp")])]),
    ]);
    check(
        &cluster,
        &[
            ("x/a -> y/a 80/tcp", Denied),
            ("x/a -> y/a 81/tcp", Denied),
            ("x/a -> y/b 80/tcp", Allowed),
            ("x/b -> y/a 81/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_16_replies_need_no_rule() {
    let cluster = grid_with([
        policy("x/p", "pod=a", Some(vec![]), Some(vec![rule(&[], &[])])),
        policy("y/p", "pod=a", Some(vec![rule(&[], &[])]), Some(vec![])),
    ]);
    check(&cluster, &[("x/a -> y/a 80/tcp", Allowed), ("y/a -> x/a 80/tcp", Denied)]);
}

#[test]
fn trap_17_loopback() {
    let mut cluster = grid_with([policy("x/p", "", Some(vec![]), Some(vec![]))]);
    cluster.cluster_policies.push(admin_in(
        "deny",
        1,
        vec![does(Action::Deny, &[any_pods("", "")], &[])],
    ));
    cluster.opaque.push(opaque(Scope::Cluster, &Direction::ALL, Opacity::Anything));
    check(
        &cluster,
        &[
            ("x/a -> x/a 80/tcp", Allowed),
            ("x/a -> x/a other", Allowed),
            ("10.0.1.1 -> x/a 80/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_18_the_own_node_reaches_its_pods() {
    let mut cluster = grid_with([ingress("x/p", "", vec![])]);
    cluster.nodes.push(node("n1", "", &["192.168.0.1"]));
    cluster.nodes.push(node("n2", "", &["192.168.0.2"]));
    pod_mut(&mut cluster, "x/a").node = Some("n1".into());
    pod_mut(&mut cluster, "x/b").node = Some("n2".into());
    cluster.pods.push(on_node(on_host_network(pod("z/agent", "", &["192.168.0.1"])), "n1"));
    cluster.cluster_policies.push(cluster_policy("none", Tier::Admin, 1, ("", "")));
    check(
        &cluster,
        &[
            ("node n1 -> x/a 80/tcp", Allowed),
            ("192.168.0.1 -> x/a 80/tcp", Allowed),
            ("z/agent -> x/a 80/tcp", Allowed),
            ("node n1 -> x/b 80/tcp", Denied),
            ("z/agent -> x/b 80/tcp", Denied),
            // Where it runs is not known.
            ("node n1 -> x/c 80/tcp", Unknown),
        ],
    );
}

#[test]
fn trap_19_host_network_pods_are_not_selected() {
    let mut cluster = grid_with([
        policy("x/closed", "", Some(vec![]), Some(vec![])),
        ingress("y/pods", "pod=a", vec![rule(&[pods_in("", "")], &[])]),
        ingress("y/node", "pod=b", vec![rule(&[block("192.168.0.0/16", &[])], &[])]),
    ]);
    cluster.nodes.push(node("n1", "", &["192.168.0.1"]));
    for path in ["y/a", "y/b"] {
        pod_mut(&mut cluster, path).node = Some("n2".into());
    }
    cluster.pods.push(on_node(on_host_network(pod("x/host", "pod=a", &["192.168.0.1"])), "n1"));
    cluster.cluster_policies.push(admin_in(
        "deny",
        1,
        vec![does(Action::Deny, &[any_pods("", "pod=c")], &[])],
    ));
    check(
        &cluster,
        &[
            // No subject selects it,
            ("z/a -> x/host 80/tcp", Allowed),
            ("z/c -> x/host 80/tcp", Allowed),
            ("x/host -> z/a 80/tcp", Allowed),
            // no peer does, but a block with its node's address.
            ("x/host -> y/a 80/tcp", Denied),
            ("x/host -> y/b 80/tcp", Allowed),
        ],
    );
    // That address may be known of the node only.
    pod_mut(&mut cluster, "x/host").addresses.clear();
    check(&cluster, &[("x/host -> y/b 80/tcp", Allowed)]);
}

#[test]
fn trap_20_blocks_and_pods_by_dialect() {
    let mut cluster =
        grid_with([ingress("x/p", "", vec![rule(&[block("10.0.2.0/24", &[])], &[])])]);
    check(&cluster, &[("y/a -> x/a 80/tcp", Allowed), ("z/a -> x/a 80/tcp", Denied)]);
    check_under(
        &cluster,
        &dialect("cilium"),
        &[("y/a -> x/a 80/tcp", Denied), ("10.0.2.200 -> x/a 80/tcp", Allowed)],
    );
    // Networks of cluster-wide policies match pods whatever the dialect.
    cluster.network_policies.clear();
    cluster.cluster_policies.push(admin_out(
        "deny",
        1,
        vec![does(Action::Deny, &[networks(&["10.0.2.0/24"])], &[])],
    ));
    check_under(
        &cluster,
        &dialect("cilium"),
        &[("x/a -> y/a 80/tcp", Denied), ("x/a -> z/a 80/tcp", Allowed)],
    );
}

#[test]
fn trap_22_an_exception_is_of_its_block_only() {
    let excepting = block("10.0.0.0/16", &["10.0.2.0/24"]);
    let one = grid_with([ingress("x/p", "", vec![rule(std::slice::from_ref(&excepting), &[])])]);
    check(&one, &[("z/a -> x/a 80/tcp", Allowed), ("y/a -> x/a 80/tcp", Denied)]);
    let more = rule(&[excepting, block("10.0.2.1/32", &[])], &[]);
    let two = grid_with([ingress("x/p", "", vec![more])]);
    check(&two, &[("y/a -> x/a 80/tcp", Allowed), ("y/b -> x/a 80/tcp", Denied)]);
}

#[test]
fn trap_23_each_family_by_itself() {
    let mut cluster = grid_with([ingress("x/p", "", vec![rule(&[block("10.0.0.0/8", &[])], &[])])]);
    pod_mut(&mut cluster, "x/a").addresses.push("fd00::1".parse().unwrap());
    pod_mut(&mut cluster, "y/a").addresses.push("fd00::2".parse().unwrap());
    let both = answer(&cluster, &Dialect::default(), "y/a -> x/a 80/tcp");
    assert_eq!((both.verdict(), both.partial), (Allowed, true));
    let one = answer(&cluster, &Dialect::default(), "y/b -> x/a 80/tcp");
    assert_eq!((one.verdict(), one.partial), (Allowed, false));
    // A union of pods that are partial alike is partial.
    pod_mut(&mut cluster, "y/b").addresses.push("fd00::3".parse().unwrap());
    for path in ["y/a", "y/b"] {
        let made = pod_mut(&mut cluster, path);
        *made = of_workload(made.clone(), "web");
    }
    let all = between(&cluster, "y/Deployment/web", "x/Pod/a", "80/tcp");
    assert_eq!((all.verdict(), all.partial), (Allowed, true));
}

#[test]
fn trap_24_the_whole_of_one_family_leaves_the_other_denied() {
    let cluster = grid_with([
        egress("x/p", "", vec![rule(&[block("0.0.0.0/0", &[])], &[])]),
        egress("y/p", "", vec![rule(&[block("::/0", &[])], &[])]),
    ]);
    check(
        &cluster,
        &[
            ("x/a -> 203.0.113.1 80/tcp", Allowed),
            ("x/a -> 2001:db8::1 80/tcp", Denied),
            ("y/a -> 203.0.113.1 80/tcp", Denied),
            ("y/a -> 2001:db8::1 80/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_25_sctp_is_not_tcp_and_icmp_needs_no_ports() {
    let cluster = grid_with([
        ingress("x/p", "", vec![rule(&[], &[at("80/sctp")])]),
        ingress("y/p", "", vec![rule(&[], &[at("/tcp"), at("/udp"), at("/sctp")])]),
        ingress("z/p", "", vec![rule(&[], &[])]),
    ]);
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/sctp", Allowed),
            ("y/a -> x/a 80/tcp", Denied),
            ("x/a -> y/a 80/sctp", Allowed),
            ("x/a -> y/a other", Denied),
            ("x/a -> z/a other", Allowed),
        ],
    );
}

#[test]
fn trap_26_pods_without_an_address_are_selected() {
    let mut cluster = grid_with([
        ingress("x/p", "", vec![rule(&[block("10.0.0.0/8", &[])], &[])]),
        ingress("y/p", "", vec![rule(&[block("0.0.0.0/0", &[])], &[])]),
        ingress("z/p", "pod=a", vec![]),
    ]);
    for path in ["z/a", "z/b"] {
        pod_mut(&mut cluster, path).addresses.clear();
    }
    check(
        &cluster,
        &[
            ("z/b -> x/a 80/tcp", Unknown),
            ("z/b -> y/a 80/tcp", Allowed),
            ("x/a -> z/a 80/tcp", Denied),
            ("x/a -> z/b 80/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_27_the_name_label() {
    let by_name = "kubernetes.io/metadata.name=y";
    let mut cluster = grid_with([ingress("x/p", "", vec![rule(&[pods_in(by_name, "")], &[])])]);
    let expected = [("y/a -> x/a 80/tcp", Allowed), ("z/a -> x/a 80/tcp", Denied)];
    check(&cluster, &expected);
    cluster.namespaces.clear();
    check(&cluster, &expected);
}

#[test]
fn trap_28_labels_of_missing_namespaces() {
    let missing = |namespaces: &str| {
        let mut cluster =
            grid_with([ingress("x/p", "", vec![rule(&[pods_in(namespaces, "")], &[])])]);
        cluster.namespaces.retain(|n| *n.name != *"y");
        cluster
    };
    for open in ["ns=y", "ns notin y", "ns", "!ns"] {
        check(&missing(open), &[("y/a -> x/a 80/tcp", Unknown)]);
    }
    check(&missing(""), &[("y/a -> x/a 80/tcp", Allowed)]);
    check(&missing("kubernetes.io/metadata.name=z & ns=y"), &[("y/a -> x/a 80/tcp", Denied)]);
}

#[test]
fn trap_30_labels_of_unknown_value() {
    let mut cluster = Cluster {
        namespaces: vec![namespace("x", "")],
        pods: vec![pod("x/a", "", &["10.0.0.1"]), stand_in("x/web", "app=web")],
        ..Cluster::default()
    };
    pod_mut(&mut cluster, "x/web").labels.set_unvalued("pod-template-hash");
    let mut expect = |select: &str, verdict| {
        cluster.network_policies = vec![ingress("x/p", select, vec![])];
        check(&cluster, &[("x/a -> x/web 80/tcp", verdict)]);
    };
    expect("app=web", Denied);
    expect("pod-template-hash=abc", Unknown);
    expect("pod-template-hash notin abc", Unknown);
    expect("pod-template-hash", Denied);
    expect("!pod-template-hash", Allowed);
    expect("pod-template-hash=abc & app=db", Allowed);
}

#[test]
fn trap_30_replicas_may_differ() {
    let mut cluster = grid_with([ingress("x/p", "canary=yes", vec![])]);
    for path in ["x/a", "x/b"] {
        let made = pod_mut(&mut cluster, path);
        *made = of_workload(made.clone(), "web");
    }
    pod_mut(&mut cluster, "x/a").labels.set("canary", "yes");
    let answer = between(&cluster, "y/Pod/a", "x/Deployment/web", "80/tcp");
    assert_eq!((answer.verdict(), answer.partial), (Allowed, true));
}

#[test]
fn trap_31_a_namespace_label_changes_answers() {
    let mut cluster = grid_with([ingress("x/p", "", vec![rule(&[pods_in("ns=y", "")], &[])])]);
    check(&cluster, &[("y/a -> x/a 80/tcp", Allowed)]);
    let unlabelled = fallgate_model::Object::Namespace(namespace("y", ""));
    apply(&mut cluster, &fallgate_model::Change::Upsert(unlabelled));
    check(&cluster, &[("y/a -> x/a 80/tcp", Denied)]);
}

#[test]
fn trap_33_nodes_are_reached_by_blocks_not_by_pods() {
    let mut cluster = grid_with([
        egress("x/p", "", vec![rule(&[pods_in("", "")], &[])]),
        egress("y/p", "", vec![rule(&[block("192.168.0.0/24", &[])], &[])]),
    ]);
    cluster.nodes.push(node("control", "", &["192.168.0.1"]));
    for pod in &mut cluster.pods {
        pod.node = Some("worker".into());
    }
    cluster
        .pods
        .push(on_node(on_host_network(pod("z/apiserver", "", &["192.168.0.1"])), "control"));
    check(
        &cluster,
        &[
            ("x/a -> node control 6443/tcp", Denied),
            ("x/a -> z/apiserver 6443/tcp", Denied),
            ("y/a -> node control 6443/tcp", Allowed),
            ("y/a -> z/apiserver 6443/tcp", Allowed),
        ],
    );
    check_under(
        &cluster,
        &dialect("upstream,ipblock-matches-nodes=false"),
        &[("y/a -> node control 6443/tcp", Denied), ("y/a -> 192.168.0.9 6443/tcp", Allowed)],
    );
}

#[test]
fn trap_35_a_dangling_selector_is_legal() {
    let cluster = grid_with([
        ingress("x/nobody", "pod=typo", vec![]),
        ingress("y/from-nobody", "", vec![rule(&[pods_in("ns=typo", "")], &[])]),
    ]);
    check(&cluster, &[("y/a -> x/a 80/tcp", Allowed), ("x/a -> y/a 80/tcp", Denied)]);
}

#[test]
fn trap_36_priorities_rule_order_and_ties() {
    let deny = does(Action::Deny, &[any_pods("ns=y", "")], &[]);
    let accept = does(Action::Accept, &[any_pods("", "")], &[at("80/tcp")]);
    let cluster = |policies| Cluster { cluster_policies: policies, ..grid() };
    // No implicit isolation; the first rule decides; the lower number decides.
    check(
        &cluster(vec![admin_in("p", 1, vec![accept.clone(), deny.clone()])]),
        &[
            ("y/a -> x/a 80/tcp", Allowed),
            ("y/a -> x/a 81/tcp", Denied),
            ("z/a -> x/a 81/tcp", Allowed),
        ],
    );
    check(
        &cluster(vec![
            admin_in("p", 2, vec![accept.clone()]),
            admin_in("q", 1, vec![deny.clone()]),
        ]),
        &[("y/a -> x/a 80/tcp", Denied), ("z/a -> x/a 80/tcp", Allowed)],
    );
    // A tie is open only where results differ, and kinds do not matter.
    let mut other_kind = admin_in("q", 1, vec![deny]);
    other_kind.kind = ClusterPolicyKind::AdminNetworkPolicy;
    check(
        &cluster(vec![admin_in("p", 1, vec![accept.clone()]), other_kind]),
        &[
            ("y/a -> x/a 80/tcp", Unknown),
            ("y/a -> x/a 81/tcp", Denied),
            ("z/a -> x/a 80/tcp", Allowed),
        ],
    );
    // More tied policies than have their orders tried.
    let mut many: Vec<_> =
        (0..6).map(|i| admin_in(&format!("p{i}"), 1, vec![accept.clone()])).collect();
    check(&cluster(many.clone()), &[("y/a -> x/a 80/tcp", Allowed)]);
    many.push(admin_in("q", 1, vec![does(Action::Deny, &[any_pods("ns=y", "")], &[])]));
    check(&cluster(many), &[("y/a -> x/a 80/tcp", Unknown), ("z/a -> x/a 80/tcp", Allowed)]);
}

#[test]
fn trap_37_pass_and_baseline() {
    let mut cluster = grid();
    cluster.cluster_policies = vec![
        admin_in(
            "admin",
            1,
            vec![
                does(Action::Pass, &[any_pods("ns=y", "")], &[]),
                does(Action::Deny, &[any_pods("", "")], &[]),
            ],
        ),
        // Pass leaves the tier, so this never comes to ns=y.
        admin_in("later", 2, vec![does(Action::Deny, &[any_pods("ns=y", "")], &[])]),
        baseline_in("baseline", 1, vec![does(Action::Deny, &[any_pods("ns=y", "pod=a")], &[])]),
    ];
    cluster.network_policies =
        vec![ingress("x/p", "pod=b", vec![rule(&[pods_in("ns=y", "")], &[at("80/tcp")])])];
    check(
        &cluster,
        &[
            ("z/a -> x/a 80/tcp", Denied),
            // No NetworkPolicy isolates x/a: Baseline.
            ("y/a -> x/a 80/tcp", Denied),
            ("y/b -> x/a 80/tcp", Allowed),
            // One isolates x/b: Baseline is not asked, though no rule has port 81.
            ("y/a -> x/b 80/tcp", Allowed),
            ("y/a -> x/b 81/tcp", Denied),
        ],
    );
}

#[test]
fn trap_37_isolation_is_by_direction() {
    let mut cluster = grid_with([egress("x/p", "", vec![])]);
    cluster.cluster_policies =
        vec![baseline_in("b", 1, vec![does(Action::Deny, &[any_pods("", "")], &[])])];
    check(&cluster, &[("y/a -> x/a 80/tcp", Denied), ("203.0.113.1 -> x/a 80/tcp", Allowed)]);
}

#[test]
fn trap_38_accept_is_of_one_side() {
    let mut cluster = grid_with([ingress("y/p", "", vec![])]);
    cluster.cluster_policies =
        vec![admin_out("out", 1, vec![does(Action::Accept, &[any_pods("", "")], &[])])];
    check(&cluster, &[("x/a -> y/a 80/tcp", Denied), ("x/a -> z/a 80/tcp", Allowed)]);
}

#[test]
fn trap_39_unknown_peers_close() {
    let closed = |action| {
        let rules = vec![
            does(action, &[any_pods("ns=y", ""), ClusterPeer::Unknown], &[at("80/tcp")]),
            does(Action::Deny, &[any_pods("ns=y", "")], &[]),
        ];
        Cluster { cluster_policies: vec![admin_in("p", 1, rules)], ..grid() }
    };
    check(
        &closed(Action::Accept),
        &[("y/a -> x/a 80/tcp", Denied), ("z/a -> x/a 80/tcp", Allowed)],
    );
    for action in [Action::Deny, Action::Pass] {
        check(
            &closed(action),
            &[("z/a -> x/a 443/udp", Denied), ("203.0.113.1 -> x/a other", Denied)],
        );
    }
}

#[test]
fn trap_40_node_peers() {
    let mut cluster = grid();
    cluster.nodes = vec![node("n1", "role=db", &["192.168.0.1"]), node("n2", "", &["192.168.0.2"])];
    for pod in &mut cluster.pods {
        pod.node = Some("n2".into());
    }
    pod_mut(&mut cluster, "y/a").node = Some("n1".into());
    cluster.pods.push(on_node(on_host_network(pod("y/host", "", &["192.168.0.1"])), "n1"));
    cluster.pods.push(on_node(on_host_network(pod("y/lost", "", &["192.168.0.9"])), "n9"));
    cluster.pods.push(on_host_network(pod("y/nowhere", "", &["192.168.0.8"])));
    let peer = ClusterPeer::Nodes(selector("role=db"));
    cluster.cluster_policies = vec![admin_out("p", 1, vec![does(Action::Deny, &[peer], &[])])];
    check(
        &cluster,
        &[
            ("x/a -> node n1 80/tcp", Denied),
            ("x/a -> 192.168.0.1 80/tcp", Denied),
            ("x/a -> y/host 80/tcp", Denied),
            ("x/a -> node n2 80/tcp", Allowed),
            ("x/a -> y/lost 80/tcp", Unknown),
            ("x/a -> y/nowhere 80/tcp", Unknown),
            // Not the pods on the node, nor the outside.
            ("x/a -> y/a 80/tcp", Allowed),
            ("x/a -> 192.168.0.7 80/tcp", Allowed),
        ],
    );
}

#[test]
fn trap_41_domain_names() {
    let peer = ClusterPeer::DomainNames(vec!["example.com".into()]);
    let mut cluster = grid();
    cluster.nodes = vec![node("n1", "", &["192.168.0.1"])];
    for pod in &mut cluster.pods {
        pod.node = Some("n2".into());
    }
    cluster.cluster_policies = vec![admin_out(
        "p",
        1,
        vec![
            does(Action::Accept, &[peer], &[at("443/tcp")]),
            does(Action::Deny, &[networks(&["0.0.0.0/0"])], &[]),
        ],
    )];
    check(
        &cluster,
        &[
            ("x/a -> 203.0.113.1 443/tcp", Unknown),
            ("x/a -> 203.0.113.1 80/tcp", Denied),
            ("x/a -> y/a 443/tcp", Denied),
            ("x/a -> node n1 443/tcp", Denied),
        ],
    );
}

#[test]
fn trap_44_what_is_not_evaluated_leaves_no_certainty() {
    let mut cluster = grid_with([ingress("x/p", "pod=b", vec![])]);
    cluster.opaque =
        vec![opaque(Scope::Namespace("x".into()), &[Direction::Ingress], Opacity::Denies)];
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Unknown),
            ("y/a -> x/b 80/tcp", Denied),
            ("x/a -> y/a 80/tcp", Allowed),
        ],
    );
    cluster.opaque[0].opacity = Opacity::Anything;
    check(&cluster, &[("y/a -> x/a 80/tcp", Unknown), ("y/a -> x/b 80/tcp", Unknown)]);
}

#[test]
fn trap_49_services_without_selector() {
    let mut cluster = grid();
    let backend = |addresses: &[&str], pod: Option<&str>| Backend {
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        pod: pod.map(Into::into),
    };
    cluster.endpoint_slices = vec![EndpointSlice {
        namespace: "x".into(),
        name: "s-1".into(),
        service: "s".into(),
        ports: vec![
            ContainerPort { name: Some("web".into()), protocol: Protocol::Tcp, port: 8080 },
            ContainerPort { name: Some("dns".into()), protocol: Protocol::Udp, port: 53 },
        ],
        backends: vec![
            backend(&["10.0.1.1"], Some("a")),
            backend(&["10.0.2.2"], None),
            backend(&["203.0.113.1"], None),
        ],
        origin: Origin::default(),
    }];
    let manual = service(None, TargetPort::Number(80));
    let targets = service_targets(&cluster, &manual, 80, Protocol::Tcp);
    assert_eq!(targets, [(0, 8080), (4, 8080)]);
    let other = Service { name: "other".into(), ..manual };
    assert_eq!(service_targets(&cluster, &other, 80, Protocol::Tcp), []);
}

/// 30 and 49: the pod that a service selects by its name stands in for one of a
/// stand-in's.
#[test]
fn trap_49_services_and_stand_ins() {
    let mut web = stand_in("x/web", "app=web");
    web.labels.set_unvalued("statefulset.kubernetes.io/pod-name");
    let cluster = Cluster { pods: vec![web], ..Cluster::default() };
    let first = service(Some("statefulset.kubernetes.io/pod-name=web-0"), TargetPort::Number(80));
    assert_eq!(service_targets(&cluster, &first, 80, Protocol::Tcp), [(0, 80)]);
    assert_eq!(WorkloadRef::of(&cluster.pods[0]).pods(&cluster), [0]);
    let families = families_in_use(&cluster, &Dialect::default());
    assert_eq!(families, [fallgate_model::Family::V4]);
}
