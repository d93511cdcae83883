//! The engine against the oracle, on generated clusters of every trap.

use std::net::IpAddr;
use std::ops::ControlFlow;

use fallgate_engine::{Alike, Detail, Engine, Interval, Place, Port, Snapshot, WorkloadRef};
use fallgate_model::Direction;
use fallgate_oracle as oracle;
use fallgate_oracle::generate::Knobs;
use fastrand::Rng;

use crate::cases::{Case, Outcome, ensure, for_all};
use crate::ends::{engine_end, engine_verdict, pod_ids};
use crate::maps::{Entries, entries};

/// How many questions the oracle is asked about one cluster, and again about
/// its map. Every question about a small cluster; of those about a larger one,
/// which are as much alike, others for each seed.
const QUESTIONS: usize = 3_000;

/// Which of so many questions are asked.
struct Sample {
    rng: Rng,
    asked: usize,
    of: usize,
}

impl Sample {
    fn new(case: &Case<'_>, of: usize) -> Sample {
        let asked = if case.thorough { of } else { QUESTIONS };
        Sample { rng: case.rng(), asked, of }
    }

    fn takes(&mut self) -> bool {
        self.of <= self.asked || self.rng.usize(..self.of) < self.asked
    }
}

fn engine_equals_oracle(case: &Case<'_>) -> Outcome {
    let Case { cluster, dialect, .. } = case;
    let engine = Engine::new((*cluster).clone(), (*dialect).clone());
    let snapshot = engine.snapshot();
    let pods = pod_ids(cluster, &snapshot);
    let ports = oracle::interesting_ports(cluster);
    let addresses = oracle::interesting_addresses(cluster, dialect);
    let mut ends = oracle::endpoints(cluster);
    ends.extend(addresses.iter().map(|a| oracle::End::Outside(*a)));

    let families = oracle::families_in_use(cluster, dialect);
    ensure!(snapshot.families() == families, "families {:?}", snapshot.families());
    let outside = addresses.len();
    let pairs = ends.len() * ends.len() - outside * outside;
    let mut sample = Sample::new(case, pairs * ports.len());
    for from in &ends {
        for to in &ends {
            if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                continue;
            }
            let (here, there) = (engine_end(&pods, from), engine_end(&pods, to));
            let whole = snapshot.connections(&here, &there);
            for port in &ports {
                if !sample.takes() {
                    continue;
                }
                let one = snapshot.verdict(&here, &there, *port);
                let truth = oracle::verdict(cluster, dialect, from, to, *port);
                ensure!(
                    one == engine_verdict(truth),
                    "{from:?} -> {to:?} {port:?}: {one:?}, oracle {truth:?}"
                );
                ensure!(
                    whole.interval.verdict(*port) == one,
                    "{from:?} -> {to:?} {port:?}: {one:?} and {whole:?}"
                );
            }
        }
    }
    map_equals_oracle(case, &snapshot, &ports, &addresses)
}

/// The entries of a map, from those of sources that are alike.
fn entries_alike(snapshot: &Snapshot, detail: Detail) -> Entries {
    let mut entries = Vec::new();
    let mut sources: Vec<Place> = Vec::new();
    // Some sources are told apart, as by what a listing is asked for.
    let kind = |place: &Place| match place {
        Place::Workload(w) => u8::from(w.name.len() % 2 == 0),
        _ => 0,
    };
    snapshot.map_alike(detail, &kind, &mut |alike| {
        match alike {
            Alike::Sources(places) => sources = places.iter().map(|p| (*p).clone()).collect(),
            Alike::Entry(e) => entries.extend(
                sources
                    .iter()
                    .map(|from| (from.clone(), e.to.clone(), e.interval.clone(), e.partial)),
            ),
        }
        ControlFlow::Continue(())
    });
    entries.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    entries
}

fn map_equals_oracle(
    case: &Case<'_>,
    snapshot: &Snapshot,
    ports: &[Port],
    addresses: &[IpAddr],
) -> Outcome {
    let Case { cluster, dialect, .. } = case;
    let entries = entries(snapshot, Detail::Workloads);
    ensure!(
        entries.is_sorted_by(|a, b| (&a.0, &a.1) < (&b.0, &b.1)),
        "the map is not sorted, or has two entries for a pair"
    );
    for detail in [Detail::Workloads, Detail::Pods] {
        let same = entries_alike(snapshot, detail) == self::entries(snapshot, detail);
        ensure!(same, "sources that are told together differ");
    }
    let place = |w: &oracle::WorkloadRef| {
        Place::Workload(WorkloadRef {
            namespace: w.namespace.clone(),
            name: w.workload.name.clone(),
            kind: w.workload.kind.clone(),
        })
    };
    let workloads = oracle::workloads(cluster);
    let pairs = workloads.len() * (workloads.len() + 2 * addresses.len());
    let mut sample = Sample::new(case, pairs * ports.len());
    for from in &workloads {
        let here = place(from);
        for to in &workloads {
            let there = place(to);
            let found = entries.iter().find(|e| e.0 == here && e.1 == there);
            let interval = found.map_or(Interval::none(), |e| e.2.clone());
            let mut partial = false;
            let mut all = true;
            for port in ports {
                if !sample.takes() {
                    all = false;
                    continue;
                }
                let answer = oracle::workload_verdict(cluster, dialect, from, to, *port)
                    .ok_or("a workload without pods")?;
                partial |= answer.partial;
                ensure!(
                    engine_verdict(answer) == interval.verdict(*port),
                    "map {from:?} -> {to:?} {port:?}: {interval:?}, oracle {answer:?}"
                );
            }
            // What is not the same on one port is not on all.
            let told = found.is_some_and(|e| e.3);
            ensure!(
                found.is_none() || partial == told || (!all && told),
                "map {from:?} -> {to:?}: partial {told}, oracle {partial}"
            );
        }
        for address in addresses {
            for direction in Direction::ALL {
                let outgoing = direction == Direction::Egress;
                let found: Vec<_> = entries
                    .iter()
                    .filter(|e| {
                        let (own, other) = if outgoing { (&e.0, &e.1) } else { (&e.1, &e.0) };
                        matches!(other, Place::Outside(set) if *own == here && set.contains(*address))
                    })
                    .collect();
                ensure!(found.len() < 2, "{from:?} and {address} have {} entries", found.len());
                let interval = found.first().map_or(Interval::none(), |e| e.2.clone());
                for port in ports {
                    if !sample.takes() {
                        continue;
                    }
                    let answer = oracle::workload_outside_verdict(
                        cluster, dialect, from, *address, outgoing, *port,
                    )
                    .ok_or("a workload without pods")?;
                    ensure!(
                        engine_verdict(answer) == interval.verdict(*port),
                        "map {from:?} {direction:?} {address} {port:?}: {interval:?}, oracle {answer:?}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn engine_equals_oracle_on_network_policies() {
    for_all(&Knobs::network_policies_only(), 150, engine_equals_oracle);
}

#[test]
fn engine_equals_oracle_where_everything_is_known() {
    for_all(&Knobs::known(), 150, engine_equals_oracle);
}

#[test]
fn engine_equals_oracle_on_everything() {
    for_all(&Knobs::everything(), 500, engine_equals_oracle);
}

/// Few objects, so that every question about each cluster is asked.
#[test]
fn engine_equals_oracle_on_small_clusters() {
    let knobs = Knobs {
        namespaces: 2,
        pods: 4,
        nodes: 2,
        network_policies: 2,
        cluster_policies: 2,
        ..Knobs::everything()
    };
    for_all(&knobs, 200, engine_equals_oracle);
}
