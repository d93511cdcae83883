//! The generated clusters: valid, deterministic, dense in what they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fallgate_model::{
    Change, Cluster, ClusterPeer, Dialect, Family, Key, Labels, Object, Peer, PortMatch,
};
use fallgate_oracle::generate::{self, Knobs};
use fallgate_oracle::{
    End, Verdict, apply, endpoints, interesting_addresses, interesting_ports, shrink, verdict,
    workload_verdict, workloads,
};

fn all_knobs() -> [Knobs; 3] {
    [Knobs::everything(), Knobs::known(), Knobs::network_policies_only()]
}

fn keys(cluster: &Cluster) -> Vec<Key> {
    let c = cluster.clone();
    let mut keys: Vec<Key> = Vec::new();
    keys.extend(c.namespaces.into_iter().map(|o| Object::Namespace(o).key()));
    keys.extend(c.pods.into_iter().map(|o| Object::Pod(o).key()));
    keys.extend(c.services.into_iter().map(|o| Object::Service(o).key()));
    keys.extend(c.endpoint_slices.into_iter().map(|o| Object::EndpointSlice(o).key()));
    keys.extend(c.nodes.into_iter().map(|o| Object::Node(o).key()));
    keys.extend(c.network_policies.into_iter().map(|o| Object::NetworkPolicy(o).key()));
    keys.extend(c.cluster_policies.into_iter().map(|o| Object::ClusterPolicy(o).key()));
    keys.extend(c.entry_points.into_iter().map(|o| Object::EntryPoint(o).key()));
    keys.extend(c.opaque.into_iter().map(|o| Object::Opaque(o).key()));
    keys
}

fn check_labels(labels: &Labels) {
    assert!(labels.known.is_sorted_by(|a, b| a.0 < b.0), "{labels:?}");
    assert!(labels.unvalued.is_sorted_by(|a, b| a < b), "{labels:?}");
    assert!(labels.unvalued.iter().all(|k| labels.get(k).is_none()), "{labels:?}");
}

fn check_ports(ports: Option<&Vec<PortMatch>>, names: bool) {
    assert!(ports.is_none_or(|p| !p.is_empty()));
    for port in ports.into_iter().flatten() {
        match port {
            PortMatch::Range { start, end, .. } => assert!(1 <= *start && start <= end),
            PortMatch::Named { protocol, .. } => assert!(names || protocol.is_some()),
        }
    }
}

/// What the model promises of every cluster.
fn check(cluster: &Cluster) {
    let keys = keys(cluster);
    assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len(), "a key occurs twice");
    let mut owners: BTreeMap<IpAddr, String> = BTreeMap::new();
    let mut own = |address: IpAddr, owner: String| {
        let before = owners.insert(address, owner.clone());
        assert!(before.is_none_or(|b| b == owner), "{address} has two owners");
    };
    for (index, pod) in cluster.pods.iter().enumerate() {
        check_labels(&pod.labels);
        for addresses in [&pod.addresses, &pod.host_addresses] {
            let families: BTreeSet<Family> = addresses.iter().map(|a| Family::of(*a)).collect();
            assert_eq!(families.len(), addresses.len(), "several addresses of a family");
        }
        for address in &pod.host_addresses {
            own(*address, format!("{:?}", pod.node));
        }
        for address in &pod.addresses {
            let node = pod.host_network && pod.node.is_some();
            own(*address, if node { format!("{:?}", pod.node) } else { index.to_string() });
        }
        assert!(!pod.stand_in || pod.addresses.is_empty());
        let siblings = cluster
            .pods
            .iter()
            .filter(|p| p.namespace == pod.namespace && p.workload == pod.workload)
            .count();
        assert!(siblings == 1 || !pod.stand_in, "a stand-in beside pods");
    }
    for node in &cluster.nodes {
        check_labels(&node.labels);
        for address in &node.addresses {
            own(*address, format!("{:?}", Some(&node.name)));
        }
    }
    for policy in &cluster.network_policies {
        for rule in policy.ingress.iter().chain(&policy.egress).flatten() {
            check_ports(rule.ports.as_ref(), false);
            assert!(rule.peers.as_ref().is_none_or(|p| !p.is_empty()));
            for peer in rule.peers.iter().flatten() {
                if let Peer::IpBlock(block) = peer {
                    assert_eq!(block.cidr, block.cidr.trunc());
                    for except in &block.except {
                        assert!(block.cidr.contains(except) && block.cidr != *except);
                    }
                }
            }
        }
    }
    for policy in &cluster.cluster_policies {
        assert!((0..=1001).contains(&policy.priority));
        for rule in policy.ingress.iter().chain(&policy.egress) {
            check_ports(rule.ports.as_ref(), true);
            assert!(!rule.peers.is_empty());
        }
        for peer in policy.ingress.iter().flat_map(|r| &r.peers) {
            assert!(matches!(peer, ClusterPeer::Pods { .. } | ClusterPeer::Unknown));
        }
    }
}

#[test]
fn clusters_are_valid_and_stay_so_through_changes() {
    for knobs in all_knobs() {
        for seed in 0..400 {
            let mut cluster = generate::cluster(&knobs, seed);
            check(&cluster);
            for step in 0..20 {
                let change = generate::change(&cluster, &knobs, seed * 100 + step);
                apply(&mut cluster, &change);
                check(&cluster);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same() {
    let knobs = Knobs::everything();
    for seed in 0..50 {
        let cluster = generate::cluster(&knobs, seed);
        assert_eq!(cluster, generate::cluster(&knobs, seed));
        assert_eq!(
            generate::change(&cluster, &knobs, seed),
            generate::change(&cluster, &knobs, seed)
        );
    }
}

/// Every packet worth asking about, as far as a test has time.
fn sample(
    cluster: &Cluster,
    dialect: &Dialect,
    mut ask: impl FnMut(&End, &End, fallgate_oracle::Port),
) {
    let mut ends = endpoints(cluster);
    ends.extend(interesting_addresses(cluster, dialect).into_iter().step_by(5).map(End::Outside));
    let ports: Vec<_> = interesting_ports(cluster).into_iter().step_by(7).collect();
    for from in &ends {
        for to in &ends {
            for port in &ports {
                ask(from, to, *port);
            }
        }
    }
}

#[test]
fn nothing_is_unknown_without_unknowns() {
    for seed in 0..40 {
        let mut cluster = generate::cluster(&Knobs::known(), seed);
        let dialect = Dialect::default();
        for step in 0..4 {
            sample(&cluster, &dialect, |from, to, port| {
                let answer = verdict(&cluster, &dialect, from, to, port);
                assert_ne!(answer.verdict(), Verdict::Unknown, "{from:?} {to:?} {port:?}");
            });
            let change = generate::change(&cluster, &Knobs::known(), seed * 10 + step);
            apply(&mut cluster, &change);
        }
    }
}

/// An answer is an interval: what is certain is possible.
#[test]
fn certain_is_possible() {
    for seed in 0..40 {
        let cluster = generate::cluster(&Knobs::everything(), seed);
        let dialect = generate::dialect(seed);
        sample(&cluster, &dialect, |from, to, port| {
            let interval = verdict(&cluster, &dialect, from, to, port).interval;
            assert!(interval.possible || !interval.certain);
        });
    }
}

/// Each verdict and each kind of trouble occurs often enough to be tested.
#[test]
fn the_clusters_are_dense() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut see = |what: &str, how_often: usize| {
        *seen.entry(what.to_owned()).or_default() += how_often;
    };
    for seed in 0..200 {
        let cluster = generate::cluster(&Knobs::everything(), seed);
        let dialect = generate::dialect(seed);
        let workloads = workloads(&cluster);
        let ports = interesting_ports(&cluster);
        for from in &workloads {
            for to in &workloads {
                let port = ports[(seed as usize) % ports.len()];
                if let Some(answer) = workload_verdict(&cluster, &dialect, from, to, port) {
                    see(&format!("{:?}", answer.verdict()), 1);
                    see("partial", usize::from(answer.partial));
                }
            }
        }
        see("stand-in", cluster.pods.iter().filter(|p| p.stand_in).count());
        see("hostNetwork", cluster.pods.iter().filter(|p| p.host_network).count());
        see("opaque", cluster.opaque.len());
        for pod in &cluster.pods {
            see("missing namespace", {
                usize::from(!cluster.namespaces.iter().any(|n| n.name == pod.namespace))
            });
        }
        let rules = cluster.network_policies.iter().flat_map(|p| p.ingress.iter().chain(&p.egress));
        for rule in rules.flatten() {
            for peer in rule.peers.iter().flatten() {
                if let Peer::IpBlock(block) = peer {
                    see("exceptions", block.except.len());
                }
            }
        }
    }
    for (what, count) in &seen {
        assert!(*count >= 50, "{what} occurs only {count} times: {seen:?}");
    }
    for what in ["Allowed", "Denied", "Unknown", "partial", "stand-in", "hostNetwork", "opaque"] {
        assert!(seen.contains_key(what), "{what} never occurs: {seen:?}");
    }
}

/// A change changes something nearly always, or it would test nothing.
#[test]
fn changes_change() {
    let knobs = Knobs::everything();
    let idle = (0..500)
        .filter(|seed| {
            let before = generate::cluster(&knobs, *seed);
            let mut after = before.clone();
            apply(&mut after, &generate::change(&before, &knobs, *seed));
            before == after
        })
        .count();
    assert!(idle < 50, "{idle} of 500 changes change nothing");
}

#[test]
fn apply_replaces_and_deletes_by_key() {
    let knobs = Knobs::everything();
    for seed in 0..300 {
        let before = generate::cluster(&knobs, seed);
        let mut after = before.clone();
        let change = generate::change(&before, &knobs, seed);
        apply(&mut after, &change);
        let (before, after) = (keys(&before), keys(&after));
        match change {
            Change::Delete(key) => {
                assert!(!after.contains(&key));
                assert_eq!(after.len(), before.len() - usize::from(before.contains(&key)));
            }
            Change::Upsert(object) => {
                assert!(after.contains(&object.key()));
                let new = usize::from(!before.contains(&object.key()));
                assert_eq!(after.len(), before.len() + new);
            }
        }
    }
}

/// A shrunk cluster still fails, is valid, and nothing in it is left to take.
#[test]
fn shrinking_keeps_the_failure_and_little_else() {
    let dialect = Dialect::default();
    let denied = |cluster: &Cluster| {
        let ends = endpoints(cluster);
        ends.iter().any(|from| {
            ends.iter()
                .any(|to| verdict(cluster, &dialect, from, to, None).verdict() == Verdict::Denied)
        })
    };
    let mut shrunk = 0;
    for seed in 0..40 {
        let cluster = generate::cluster(&Knobs::network_policies_only(), seed);
        if cluster.network_policies.is_empty() || !denied(&cluster) {
            continue;
        }
        let small = shrink(&cluster, denied);
        check(&small);
        assert!(denied(&small));
        assert_eq!(small, shrink(&small, denied));
        assert!(small.pods.len() <= 2, "{small:#?}");
        assert!(small.network_policies.len() <= 1, "{small:#?}");
        shrunk += 1;
    }
    assert!(shrunk >= 10, "only {shrunk} clusters to shrink");
}
