//! What SEMANTICS.md says beside the traps, by section.

use fallgate_model::{
    Action, Cluster, Dialect, Direction, Family, NamespaceMatch, Opacity, Scope, Tier,
};
use fallgate_oracle::{End, endpoints, families_in_use, interesting_addresses, interesting_ports};

use super::build::*;

// §2 Endpoints.

#[test]
fn families_follow_the_addresses_of_the_input() {
    let mut cluster = Cluster::default();
    let families = |cluster: &Cluster| families_in_use(cluster, &Dialect::default());
    assert_eq!(families(&cluster), [Family::V4]);
    cluster.pods = vec![pod("x/a", "", &["fd00::1"])];
    assert_eq!(families(&cluster), [Family::V6]);
    cluster.network_policies =
        vec![ingress("x/p", "", vec![rule(&[block("10.0.0.0/8", &[])], &[])])];
    assert_eq!(families(&cluster), Family::ALL);
    let mut with_cidr = Dialect::default();
    with_cidr.pod_cidrs.push("fd00::/64".parse().unwrap());
    assert_eq!(families_in_use(&Cluster::default(), &with_cidr), [Family::V6]);
}

#[test]
fn pods_without_a_common_family_cannot_talk() {
    let cluster = Cluster {
        pods: vec![
            pod("x/four", "", &["10.0.0.1"]),
            pod("x/six", "", &["fd00::1"]),
            pod("x/open", "", &[]),
        ],
        ..Cluster::default()
    };
    check(
        &cluster,
        &[
            ("x/four -> x/six 80/tcp", Denied),
            ("x/four -> x/open 80/tcp", Allowed),
            ("x/open -> x/six 80/tcp", Allowed),
            // Policies answer for it, whether or not it has an address.
            ("x/four -> 2001:db8::1 80/tcp", Allowed),
        ],
    );
}

#[test]
fn traffic_of_a_workload_to_itself() {
    let no_ingress = || ingress("x/p", "role=db", vec![]);
    let mut cluster = grid_with([no_ingress()]);
    pod_mut(&mut cluster, "x/a").labels.set("role", "db");
    // A bare pod's is its loopback.
    let bare = between(&cluster, "x/Pod/a", "x/Pod/a", "80/tcp");
    assert_eq!((bare.verdict(), bare.partial), (Allowed, false));
    // A single pod of a workload is taken twice.
    let one = pod_mut(&mut cluster, "x/a");
    *one = of_workload(one.clone(), "web");
    let twice = between(&cluster, "x/Deployment/web", "x/Deployment/web", "80/tcp");
    assert_eq!((twice.verdict(), twice.partial), (Denied, false));
    // Of two pods, both ordered pairs and no loopback.
    let two = pod_mut(&mut cluster, "x/b");
    *two = of_workload(two.clone(), "web");
    let pairs = between(&cluster, "x/Deployment/web", "x/Deployment/web", "80/tcp");
    assert_eq!((pairs.verdict(), pairs.partial), (Allowed, true));
    pod_mut(&mut cluster, "x/b").labels.set("role", "db");
    let denied = between(&cluster, "x/Deployment/web", "x/Deployment/web", "80/tcp");
    assert_eq!((denied.verdict(), denied.partial), (Denied, false));
    // A stand-in is any number of pods.
    cluster.pods.push(stand_in("x/db", "role=db"));
    let itself = between(&cluster, "x/Deployment/db", "x/Deployment/db", "80/tcp");
    assert_eq!((itself.verdict(), itself.partial), (Denied, false));
}

#[test]
fn an_address_of_an_endpoint_is_the_endpoint() {
    let mut cluster = grid();
    cluster.nodes = vec![node("n1", "", &["192.168.0.1"])];
    pod_mut(&mut cluster, "x/a").node = Some("n2".into());
    pod_mut(&mut cluster, "x/a").host_addresses = vec!["192.168.0.2".parse().unwrap()];
    assert_eq!(end(&cluster, "10.0.1.1"), End::Pod(0));
    assert_eq!(end(&cluster, "192.168.0.1"), End::Node("n1".into()));
    assert_eq!(end(&cluster, "192.168.0.2"), End::Node("n2".into()));
    assert!(matches!(end(&cluster, "192.168.0.3"), End::Outside(_)));
    assert_eq!(endpoints(&cluster).len(), 9 + 2);
}

// §4 NetworkPolicy.

#[test]
fn possible_selection_can_only_deny_what_it_does_not_allow() {
    let mut cluster = grid_with([ingress("x/p", "hash=1", vec![rule(&[], &[at("80/tcp")])])]);
    pod_mut(&mut cluster, "x/a").labels.set_unvalued("hash");
    check(&cluster, &[("y/a -> x/a 80/tcp", Allowed), ("y/a -> x/a 81/tcp", Unknown)]);
    // Certainly isolated by another policy, it can only gain.
    cluster.network_policies.push(ingress("x/q", "", vec![rule(&[], &[at("82/tcp")])]));
    check(
        &cluster,
        &[
            ("y/a -> x/a 82/tcp", Allowed),
            ("y/a -> x/a 80/tcp", Unknown),
            ("y/a -> x/a 81/tcp", Denied),
        ],
    );
}

#[test]
fn possible_selection_meets_the_baseline() {
    let mut cluster = grid_with([ingress("x/p", "hash=1", vec![rule(&[], &[at("80/tcp")])])]);
    pod_mut(&mut cluster, "x/a").labels.set_unvalued("hash");
    cluster.cluster_policies = vec![baseline_in(
        "b",
        1,
        vec![does(Action::Deny, &[any_pods("", "")], &[at("80-81/tcp")])],
    )];
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Unknown),
            ("y/a -> x/a 81/tcp", Denied),
            ("y/a -> x/a 82/tcp", Unknown),
        ],
    );
}

#[test]
fn unknown_addresses_lie_in_the_pod_networks() {
    let under = |cidrs: &[&str], cidr: &str, except: &[&str]| {
        let mut cluster = grid_with([ingress("x/p", "", vec![rule(&[block(cidr, except)], &[])])]);
        pod_mut(&mut cluster, "y/a").addresses.clear();
        let dialect = Dialect {
            pod_cidrs: cidrs.iter().map(|c| c.parse().unwrap()).collect(),
            ..Dialect::default()
        };
        let answer = answer(&cluster, &dialect, "y/a -> x/a 80/tcp");
        // The other pod has an IPv4 address, so that is the only family.
        assert!(!answer.partial);
        answer.verdict()
    };
    let cidrs = ["10.1.0.0/16", "10.2.0.0/16"];
    assert_eq!(under(&[], "10.0.0.0/8", &[]), Unknown);
    assert_eq!(under(&cidrs, "10.0.0.0/8", &[]), Allowed);
    assert_eq!(under(&cidrs, "10.1.0.0/16", &[]), Unknown);
    assert_eq!(under(&cidrs, "10.0.0.0/8", &["10.2.3.0/24"]), Unknown);
    assert_eq!(under(&cidrs, "192.168.0.0/16", &[]), Denied);
    assert_eq!(under(&cidrs, "10.0.0.0/8", &["10.1.0.0/16", "10.2.0.0/16"]), Denied);
    // Two exceptions that only together hold a network.
    let halves = ["10.1.0.0/17", "10.1.128.0/17"];
    assert_eq!(under(&cidrs[..1], "10.0.0.0/8", &halves), Denied);
    assert_eq!(under(&cidrs[..1], "10.0.0.0/8", &halves[..1]), Unknown);
    assert_eq!(under(&cidrs[..1], "10.1.0.0/24", &[]), Unknown);
    // The whole family, and the whole family with an exception.
    assert_eq!(under(&[], "0.0.0.0/0", &[]), Allowed);
    assert_eq!(under(&[], "0.0.0.0/0", &["192.168.0.0/16"]), Unknown);
    assert_eq!(under(&cidrs, "0.0.0.0/0", &["192.168.0.0/16"]), Allowed);
    // Networks of the other family say nothing about this one.
    assert_eq!(under(&["fd00::/64"], "10.0.0.0/8", &[]), Unknown);
}

#[test]
fn a_node_with_several_addresses_may_use_any() {
    let mut cluster =
        grid_with([egress("x/p", "", vec![rule(&[block("192.168.0.0/24", &[])], &[])])]);
    for pod in &mut cluster.pods {
        pod.node = Some("other".into());
    }
    cluster.nodes = vec![
        node("inside", "", &["192.168.0.1", "192.168.0.2"]),
        node("both", "", &["192.168.0.3", "203.0.113.3"]),
        node("outside", "", &["203.0.113.4"]),
        node("lost", "", &[]),
    ];
    check(
        &cluster,
        &[
            ("x/a -> node inside 80/tcp", Allowed),
            ("x/a -> node both 80/tcp", Unknown),
            ("x/a -> node outside 80/tcp", Denied),
            ("x/a -> node lost 80/tcp", Unknown),
        ],
    );
}

// §5 Cluster-wide policies.

#[test]
fn an_unknown_subject_weighs_both() {
    let mut cluster = grid();
    pod_mut(&mut cluster, "x/a").labels.set_unvalued("hash");
    let mut policy = cluster_policy("p", Tier::Admin, 1, ("", "hash=1"));
    policy.ingress = vec![
        does(Action::Accept, &[any_pods("ns=y", "")], &[]),
        does(Action::Deny, &[any_pods("", "")], &[]),
    ];
    cluster.cluster_policies = vec![policy];
    check(
        &cluster,
        &[
            ("y/a -> x/a 80/tcp", Allowed),
            ("z/a -> x/a 80/tcp", Unknown),
            ("z/a -> x/b 80/tcp", Allowed),
        ],
    );
}

#[test]
fn pass_after_the_baseline_is_allowed() {
    let mut cluster = grid();
    cluster.cluster_policies = vec![baseline_in(
        "b",
        1,
        vec![
            does(Action::Pass, &[any_pods("ns=y", "")], &[]),
            does(Action::Deny, &[any_pods("", "")], &[]),
        ],
    )];
    check(&cluster, &[("y/a -> x/a 80/tcp", Allowed), ("z/a -> x/a 80/tcp", Denied)]);
}

#[test]
fn named_ports_of_every_protocol() {
    let mut cluster = grid();
    pod_mut(&mut cluster, "x/a").ports =
        with_ports(pod("x/a", "", &[]), &["dns:53/tcp", "dns:54/udp"]).ports;
    cluster.cluster_policies =
        vec![admin_in("p", 1, vec![does(Action::Deny, &[any_pods("", "")], &[at("dns/")])])];
    check(
        &cluster,
        &[
            ("y/a -> x/a 53/tcp", Denied),
            ("y/a -> x/a 54/udp", Denied),
            ("y/a -> x/a 53/udp", Allowed),
            ("y/a -> x/b 53/tcp", Allowed),
        ],
    );
}

// §6 Nodes, hostNetwork, loopback.

#[test]
fn to_the_own_node_network_policies_are_exempt_and_admin_rules_are_not() {
    let mut cluster = grid_with([egress("x/p", "", vec![])]);
    cluster.nodes = vec![node("n1", "", &["192.168.0.1"]), node("n2", "", &["192.168.0.2"])];
    pod_mut(&mut cluster, "x/a").node = Some("n1".into());
    check(
        &cluster,
        &[
            ("x/a -> node n1 80/tcp", Allowed),
            ("x/a -> node n2 80/tcp", Denied),
            ("x/b -> node n1 80/tcp", Unknown),
        ],
    );
    // What is not evaluated may hold there as an Admin rule does.
    let mut with_opaque = cluster.clone();
    with_opaque.opaque = vec![opaque(Scope::Cluster, &Direction::ALL, Opacity::Denies)];
    check(
        &with_opaque,
        &[
            ("x/a -> node n1 80/tcp", Unknown),
            ("x/a -> node n2 80/tcp", Denied),
            ("x/b -> node n1 80/tcp", Unknown),
        ],
    );
    let deny = does(Action::Deny, &[networks(&["192.168.0.0/24"])], &[at("22/tcp")]);
    cluster.cluster_policies = vec![admin_out("p", 1, vec![deny])];
    check(
        &cluster,
        &[
            ("x/a -> node n1 22/tcp", Denied),
            ("x/a -> node n1 80/tcp", Allowed),
            ("x/b -> node n1 22/tcp", Denied),
        ],
    );
}

#[test]
fn from_the_own_node_no_tier_denies() {
    let mut cluster = grid();
    pod_mut(&mut cluster, "x/a").node = Some("n1".into());
    pod_mut(&mut cluster, "x/b").node = Some("n2".into());
    cluster.pods.push(on_node(on_host_network(pod("z/agent", "", &["192.168.0.1"])), "n1"));
    cluster.opaque = vec![opaque(Scope::Cluster, &[Direction::Ingress], Opacity::Denies)];
    check(&cluster, &[("z/agent -> x/a 80/tcp", Allowed), ("z/agent -> x/b 80/tcp", Unknown)]);
}

#[test]
fn host_network_ends_are_free() {
    let mut cluster = grid_with([policy("x/p", "", Some(vec![]), Some(vec![]))]);
    cluster.nodes = vec![node("n1", "", &["192.168.0.1"]), node("n2", "", &["192.168.0.2"])];
    cluster.pods.push(on_node(on_host_network(pod("x/one", "", &["192.168.0.1"])), "n1"));
    cluster.pods.push(on_node(on_host_network(pod("x/two", "", &["192.168.0.2"])), "n2"));
    cluster.opaque = vec![opaque(Scope::Cluster, &Direction::ALL, Opacity::Denies)];
    check(
        &cluster,
        &[
            ("x/one -> x/two 80/tcp", Allowed),
            ("node n1 -> x/two 80/tcp", Allowed),
            ("node n1 -> node n2 80/tcp", Allowed),
            ("203.0.113.1 -> x/one 80/tcp", Allowed),
            ("x/one -> 203.0.113.1 80/tcp", Allowed),
        ],
    );
}

#[test]
fn a_stand_in_runs_on_any_node() {
    let mut cluster = grid_with([ingress("x/p", "", vec![])]);
    cluster.nodes = vec![node("n1", "", &["192.168.0.1"])];
    cluster.pods.push(on_node(stand_in("x/web", ""), "n1"));
    check(&cluster, &[("node n1 -> x/web 80/tcp", Unknown), ("y/a -> x/web 80/tcp", Denied)]);
}

// §7 What is not evaluated.

#[test]
fn scopes_by_labels() {
    let scope = |namespaces, pods: &str| {
        let mut cluster = grid();
        cluster.namespaces.retain(|n| *n.name != *"z");
        let scope = Scope::Pods(namespaces, selector(pods));
        cluster.opaque = vec![opaque(scope, &[Direction::Ingress], Opacity::Denies)];
        cluster
    };
    check(
        &scope(NamespaceMatch::Own, "pod=a"),
        &[
            ("y/b -> x/a 80/tcp", Unknown),
            ("y/b -> x/b 80/tcp", Allowed),
            ("x/b -> y/a 80/tcp", Allowed),
        ],
    );
    check(
        &scope(NamespaceMatch::Selector(selector("ns=y")), ""),
        &[
            ("x/b -> y/a 80/tcp", Unknown),
            ("y/b -> x/b 80/tcp", Allowed),
            // The labels of z are not known: it may be in the scope.
            ("x/b -> z/a 80/tcp", Unknown),
        ],
    );
}

// What to ask.

#[test]
fn interesting_ports_have_the_neighbours() {
    let cluster = Cluster {
        network_policies: vec![ingress("x/p", "", vec![rule(&[], &[at("80-90/tcp")])])],
        pods: vec![with_ports(pod("x/a", "", &[]), &["web:1/udp", "top:65535/sctp"])],
        ..Cluster::default()
    };
    let expected: Vec<_> = [
        "other",
        "1/sctp",
        "65534/sctp",
        "65535/sctp",
        "1/tcp",
        "79/tcp",
        "80/tcp",
        "81/tcp",
        "89/tcp",
        "90/tcp",
        "91/tcp",
        "65535/tcp",
        "1/udp",
        "2/udp",
        "65535/udp",
    ]
    .map(port)
    .to_vec();
    assert_eq!(interesting_ports(&cluster), expected);
}

#[test]
fn interesting_addresses_are_outside() {
    let mut cluster = grid_with([ingress(
        "x/p",
        "",
        vec![rule(&[block("10.0.1.0/24", &["10.0.1.2/31"]), block("0.0.0.0/0", &[])], &[])],
    )]);
    cluster.nodes = vec![node("n1", "", &["10.0.0.255"])];
    let found: Vec<String> = interesting_addresses(&cluster, &Dialect::default())
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "0.0.0.0",
        "10.0.1.0",
        "10.0.1.4",
        "10.0.1.255",
        "10.0.2.0",
        "198.51.100.77",
        "255.255.255.255",
    ];
    assert_eq!(found, expected);
}
