//! The engine against the oracle, on generated clusters of every trap.

#![cfg(test)]

use std::ops::ControlFlow;

use fallgate_engine::{Detail, End, Engine, Interval, PodId, Port, Snapshot, Verdict, WorkloadRef};
use fallgate_model::{Cluster, Dialect, Direction};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};

/// How many clusters each test generates; more with `FALLGATE_CASES`.
fn cases(usual: u64) -> u64 {
    std::env::var("FALLGATE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn pod_ids(cluster: &Cluster, snapshot: &Snapshot) -> Vec<PodId> {
    let ids = snapshot.pods();
    let find = |pod: &fallgate_model::Pod| {
        ids.iter().copied().find(|id| snapshot.pod(*id).is_some_and(|p| **p == *pod))
    };
    cluster.pods.iter().map(|pod| find(pod).expect("every pod is in the snapshot")).collect()
}

fn verdict(certain: bool, possible: bool) -> Verdict {
    match (certain, possible) {
        (true, _) => Verdict::Allowed,
        (false, true) => Verdict::Unknown,
        _ => Verdict::Denied,
    }
}

fn same(answer: oracle::Answer, interval: &Interval, port: Port) -> bool {
    verdict(answer.interval.certain, answer.interval.possible) == interval.verdict(port)
}

/// The first point on which engine and oracle differ, in words.
fn difference(cluster: &Cluster, dialect: &Dialect) -> Option<String> {
    let engine = Engine::new(cluster.clone(), dialect.clone());
    let snapshot = engine.snapshot();
    let pods = pod_ids(cluster, &snapshot);
    let end = |end: &oracle::End| match end {
        oracle::End::Pod(at) => End::Pod(pods[*at]),
        oracle::End::Node(name) => End::Node(name.clone()),
        oracle::End::Outside(address) => End::Outside(*address),
    };
    let ports = oracle::interesting_ports(cluster);
    let addresses = oracle::interesting_addresses(cluster, dialect);
    let mut ends = oracle::endpoints(cluster);
    ends.extend(addresses.iter().map(|a| oracle::End::Outside(*a)));

    let families = oracle::families_in_use(cluster, dialect);
    if snapshot.families() != families {
        return Some(format!("families: {:?} and not {families:?}", snapshot.families()));
    }
    for from in &ends {
        for to in &ends {
            if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                continue;
            }
            let whole = snapshot.connections(&end(from), &end(to));
            for port in &ports {
                let truth = oracle::verdict(cluster, dialect, from, to, *port);
                let one = snapshot.verdict(&end(from), &end(to), *port);
                if verdict(truth.interval.certain, truth.interval.possible) != one {
                    return Some(format!("{from:?} -> {to:?} {port:?}: {one:?}, oracle {truth:?}"));
                }
                if whole.interval.verdict(*port) != one {
                    return Some(format!("{from:?} -> {to:?} {port:?}: {one:?} and {whole:?}"));
                }
            }
        }
    }
    map_difference(cluster, dialect, &snapshot, &ports, &addresses)
}

fn map_difference(
    cluster: &Cluster,
    dialect: &Dialect,
    snapshot: &Snapshot,
    ports: &[Port],
    addresses: &[std::net::IpAddr],
) -> Option<String> {
    use fallgate_engine::Place;
    let mut entries: Vec<(Place, Place, Interval, bool)> = Vec::new();
    snapshot.map(Detail::Workloads, &mut |e| {
        entries.push((e.from.clone(), e.to.clone(), e.interval.clone(), e.partial));
        ControlFlow::Continue(())
    });
    let mut sorted = entries.clone();
    sorted.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    if sorted != entries {
        return Some("the map is not sorted".to_owned());
    }
    let place = |w: &oracle::WorkloadRef| {
        Place::Workload(WorkloadRef {
            namespace: w.namespace.clone(),
            name: w.workload.name.clone(),
            kind: w.workload.kind.clone(),
        })
    };
    let none = (Interval::none(), false);
    let workloads = oracle::workloads(cluster);
    for from in &workloads {
        for to in &workloads {
            let found: Vec<_> =
                entries.iter().filter(|e| e.0 == place(from) && e.1 == place(to)).collect();
            if found.len() > 1 {
                return Some(format!("{from:?} -> {to:?} has {} entries", found.len()));
            }
            let (interval, partial) = found.first().map_or(none.clone(), |e| (e.2.clone(), e.3));
            let mut any_partial = false;
            for port in ports {
                let answer = oracle::workload_verdict(cluster, dialect, from, to, *port)
                    .expect("both have pods");
                any_partial |= answer.partial;
                if !same(answer, &interval, *port) {
                    return Some(format!(
                        "map {from:?} -> {to:?} {port:?}: {interval:?}, oracle {answer:?}"
                    ));
                }
            }
            if any_partial != partial && !interval.is_empty() {
                return Some(format!(
                    "map {from:?} -> {to:?}: partial {partial}, oracle {any_partial}"
                ));
            }
        }
        for address in addresses {
            for direction in Direction::ALL {
                let outgoing = direction == Direction::Egress;
                let found: Vec<_> = entries
                    .iter()
                    .filter(|e| {
                        let (here, there) = if outgoing { (&e.0, &e.1) } else { (&e.1, &e.0) };
                        matches!(there, Place::Outside(set) if *here == place(from) && set.contains(*address))
                    })
                    .collect();
                if found.len() > 1 {
                    return Some(format!("{from:?} and {address} have {} entries", found.len()));
                }
                let interval = found.first().map_or(Interval::none(), |e| e.2.clone());
                for port in ports {
                    let answer = oracle::workload_outside_verdict(
                        cluster, dialect, from, *address, outgoing, *port,
                    )
                    .expect("it has pods");
                    if !same(answer, &interval, *port) {
                        return Some(format!(
                            "map {from:?} {direction:?} {address} {port:?}: {interval:?}, oracle {answer:?}"
                        ));
                    }
                }
            }
        }
    }
    None
}

fn check(knobs: &Knobs, count: u64) {
    for seed in 0..cases(count) {
        let cluster = generate::cluster(knobs, seed);
        let dialect = generate::dialect(seed);
        if difference(&cluster, &dialect).is_some() {
            let small = oracle::shrink(&cluster, |c| difference(c, &dialect).is_some());
            let why = difference(&small, &dialect);
            panic!("seed {seed}, {dialect:?}: {why:?}\n{small:#?}");
        }
    }
}

#[test]
fn engine_equals_oracle_on_network_policies() {
    check(&Knobs::network_policies_only(), 150);
}

#[test]
fn engine_equals_oracle_where_everything_is_known() {
    check(&Knobs::known(), 150);
}

#[test]
fn engine_equals_oracle_on_everything() {
    check(&Knobs::everything(), 300);
}
