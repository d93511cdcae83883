//! What holds for every answer and for every map.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fallgate_engine::{Connections, Detail, Engine, Interval, Place, Port, Verdict, WorkloadRef};
use fallgate_model::{Change, Cluster, Dialect, Object, Protocol, Workload};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};

use crate::cases::{ensure, for_all};
use crate::ends::engine_verdict;
use crate::maps::entries;
use crate::resolve::resolve;
use crate::world::{Count, World, donor, same_maps};

/// Every answer, positive or negative, of a pair, of an entry of the map and of
/// a difference of two maps, has a packet that the oracle decides the same way.
#[test]
fn witness_replays() {
    let replayed = Count::default();
    for_all(&Knobs::everything(), 300, |case| {
        let world = World::new(case.cluster, case.dialect);
        let ends = world.ends(case);
        for from in &ends {
            for to in &ends {
                for (port, verdict) in witnesses(&world.between(from, to)) {
                    let found = world.verdict(from, to, port);
                    let truth = oracle::verdict(case.cluster, case.dialect, from, to, port);
                    ensure!(
                        found == verdict && engine_verdict(truth) == verdict,
                        "{from:?} -> {to:?} {port:?}: {verdict:?}, {found:?}, oracle {truth:?}"
                    );
                    replayed.one();
                }
            }
        }
        for (from, to, interval, _) in entries(&world.snapshot, Detail::Workloads) {
            let (from, to) = (somewhere(&from, &[case.cluster]), somewhere(&to, &[case.cluster]));
            let (Some(from), Some(to)) = (from, to) else { continue };
            for (port, verdict) in witnesses(&interval) {
                let truth = between_spots(case.cluster, case.dialect, &from, &to, port);
                ensure!(truth == Some(verdict), "map {from:?} -> {to:?} {port:?}: {truth:?}");
            }
        }

        let (mut engine, mut now) = (world.engine.clone(), case.cluster.clone());
        for step in 0..3 {
            let seed = case.seed.wrapping_mul(77) + step;
            let change = generate::change(&now, &Knobs::everything(), seed);
            let before = now.clone();
            oracle::apply(&mut now, &change);
            let applied = engine.apply(change);
            let effect = applied.effect(Detail::Workloads);
            let opened = effect.opened.iter().map(|d| (d, true));
            for (delta, opened) in opened.chain(effect.closed.iter().map(|d| (d, false))) {
                let somewhere = |place| somewhere(place, &[&before, &now]);
                let (Some(from), Some(to)) = (somewhere(&delta.from), somewhere(&delta.to)) else {
                    continue;
                };
                let whole = delta.interval.certain.example().map(|port| (port, true));
                let part = delta.interval.unknown().example().map(|port| (port, false));
                for (port, whole) in whole.into_iter().chain(part) {
                    let at = |c| {
                        let found = between_spots(c, case.dialect, &from, &to, port);
                        // What is not there reaches nobody.
                        found.unwrap_or(Verdict::Denied)
                    };
                    let (old, new) = (at(&before), at(&now));
                    let (lower, upper) = if opened { (old, new) } else { (new, old) };
                    ensure!(
                        rank(lower) < rank(upper) && (!whole || rank(upper) - rank(lower) == 2),
                        "{delta:#?} {port:?}: {old:?} before, {new:?} after"
                    );
                }
            }
        }
        Ok(())
    });
    replayed.check();
}

/// Whatever a cluster turns out to be once more is known about it: what was
/// certain is still allowed, and what was impossible is still denied.
#[test]
fn unknown_never_rounds() {
    let settled = Count::default();
    for_all(&Knobs::everything(), 1500, |case| {
        let mut rng = case.rng();
        let Some(resolved) = resolve(case.cluster, case.dialect, &mut rng, &donor(case)) else {
            return Ok(());
        };
        let before = World::new(case.cluster, case.dialect);
        let after = World::new(&resolved.cluster, case.dialect);
        let became = |end: &oracle::End| -> Vec<oracle::End> {
            match end {
                oracle::End::Pod(at) => {
                    resolved.pods[*at].iter().copied().map(oracle::End::Pod).collect()
                }
                other => vec![other.clone()],
            }
        };
        let mut ends = before.ends(case);
        ends.retain(|end| match end {
            oracle::End::Outside(a) => oracle::end_of_address(&resolved.cluster, *a) == *end,
            _ => true,
        });
        for from in &ends {
            for to in &ends {
                if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                    continue;
                }
                let same = from == to;
                let vague = match from {
                    // A stand-in's traffic to itself is that of two of its pods.
                    oracle::End::Pod(at) if same && case.cluster.pods[*at].stand_in => {
                        let id = [before.pods[*at]];
                        before.snapshot.workload_connections(&id, &id).interval
                    }
                    _ => before.between(from, to),
                };
                let froms = became(from);
                for new_from in &froms {
                    for new_to in &became(to) {
                        if same && (froms.len() > 1) == (new_from == new_to) {
                            continue;
                        }
                        if same && case_is_stand_in(case.cluster, from) && froms.len() == 1 {
                            continue;
                        }
                        let clear = after.between(new_from, new_to);
                        ensure!(
                            vague.certain.is_subset(&clear.certain)
                                && clear.possible.is_subset(&vague.possible),
                            "{from:?} -> {to:?} was {vague:?}, {new_from:?} -> {new_to:?} is \
                             {clear:?} in {:#?}",
                            resolved.cluster
                        );
                        settled.add(usize::from(clear != vague));
                    }
                }
            }
        }
        Ok(())
    });
    settled.check();
}

/// The set of connections of two ends holds exactly the packets that the
/// verdicts allow, far from the edges of rules too.
#[test]
fn connections_hold_what_verdicts_allow() {
    for_all(&Knobs::everything(), 200, |case| {
        let mut rng = case.rng();
        let world = World::new(case.cluster, case.dialect);
        let ends = world.ends(case);
        for from in &ends {
            for to in &ends {
                let whole = world.between(from, to);
                for _ in 0..8 {
                    let protocol = rng.choice(Protocol::ALL).expect("there are three");
                    let port = (rng.u8(..20) > 0).then(|| (protocol, rng.u16(1..)));
                    let one = world.verdict(from, to, port);
                    ensure!(whole.verdict(port) == one, "{from:?} -> {to:?} {port:?}: {one:?}");
                }
            }
        }
        Ok(())
    });
}

/// The map of workloads is the map of pods, united.
#[test]
fn workloads_are_their_pods_united() {
    for_all(&Knobs::everything(), 300, |case| {
        let world = World::new(case.cluster, case.dialect);
        let snapshot = &world.snapshot;
        let workloads = snapshot.workloads();
        let mut owner: BTreeMap<WorkloadRef, &WorkloadRef> = BTreeMap::new();
        for (workload, pods) in &workloads {
            for id in pods {
                let pod = snapshot.pod(*id).ok_or("no such pod")?;
                let (name, kind) = if pod.stand_in {
                    (workload.name.clone(), workload.kind.clone())
                } else {
                    (pod.name.clone(), "Pod".into())
                };
                let namespace = pod.namespace.clone();
                owner.insert(WorkloadRef { namespace, name, kind }, workload);
            }
        }
        let addresses = oracle::interesting_addresses(case.cluster, case.dialect);
        // Outside addresses stand one by one: the parts of two maps differ.
        let spread = |detail, of: &dyn Fn(&WorkloadRef) -> WorkloadRef| {
            let mut united: BTreeMap<(Spot, Spot), Interval> = BTreeMap::new();
            for (from, to, interval, _) in entries(snapshot, detail) {
                let spread = |place: &Place| -> Vec<Spot> {
                    match place {
                        Place::Workload(w) => vec![Spot::Workload(of(w))],
                        Place::Outside(set) => {
                            let inside = addresses.iter().filter(|a| set.contains(**a));
                            inside.map(|a| Spot::Outside(*a)).collect()
                        }
                        Place::Node(_) => Vec::new(),
                    }
                };
                for a in spread(&from) {
                    for b in spread(&to) {
                        // A pod's traffic to itself is no part of its workload's.
                        if detail == Detail::Pods && from == to && !is_bare(&b) {
                            continue;
                        }
                        let all = united.entry((a.clone(), b)).or_default();
                        *all = all.union(&interval);
                    }
                }
            }
            united
        };
        let mut whole = spread(Detail::Workloads, &|w| w.clone());
        let mut united = spread(Detail::Pods, &|pod| owner[pod].clone());
        for (workload, pods) in &workloads {
            // One pod of a workload stands for two just like it.
            if pods.len() == 1 && *workload.kind != *"Pod" {
                let place = Spot::Workload(workload.clone());
                whole.remove(&(place.clone(), place.clone()));
                united.remove(&(place.clone(), place));
            }
        }
        ensure!(whole == united, "{whole:#?}\nof pods: {united:#?}");
        Ok(())
    });
}

/// Without the policies that bear on no pod the map is the same; and each of
/// those that are left bears on one.
#[test]
fn idle_policies_have_no_effect() {
    let found = Count::default();
    for_all(&Knobs::everything(), 200, |case| {
        let mut engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        let before = engine.snapshot();
        let network = before.idle_network_policies();
        let cluster = before.idle_cluster_policies();
        found.add(network.len() + cluster.len());
        for idle in &network {
            engine.apply(Change::Delete(Object::NetworkPolicy((*idle.policy).clone()).key()));
        }
        for idle in &cluster {
            engine.apply(Change::Delete(Object::ClusterPolicy((*idle.policy).clone()).key()));
        }
        let after = engine.snapshot();
        // A block of IPv6 in a policy is what brings IPv6 into use, whomever it selects.
        ensure!(
            before.families() != after.families()
                || entries(&before, Detail::Pods) == entries(&after, Detail::Pods),
            "without {} policies that were called idle the map is another one",
            network.len() + cluster.len()
        );
        let left = after.idle_network_policies().len() + after.idle_cluster_policies().len();
        ensure!(left == 0, "{left} more policies are idle without those");
        Ok(())
    });
    found.check();
}

/// No answer depends on the order in which objects, rules of NetworkPolicies,
/// peers or ports are written.
#[test]
fn order_of_the_input_is_irrelevant() {
    for_all(&Knobs::everything(), 300, |case| {
        let mut rng = case.rng();
        let mut cluster = case.cluster.clone();
        rng.shuffle(&mut cluster.namespaces);
        rng.shuffle(&mut cluster.pods);
        rng.shuffle(&mut cluster.nodes);
        rng.shuffle(&mut cluster.network_policies);
        rng.shuffle(&mut cluster.cluster_policies);
        rng.shuffle(&mut cluster.opaque);
        for policy in &mut cluster.network_policies {
            for rules in [&mut policy.ingress, &mut policy.egress].into_iter().flatten() {
                rng.shuffle(rules);
                for rule in rules {
                    rule.peers.iter_mut().for_each(|peers| rng.shuffle(peers));
                    rule.ports.iter_mut().for_each(|ports| rng.shuffle(ports));
                }
            }
        }
        for policy in &mut cluster.cluster_policies {
            for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
                rng.shuffle(&mut rule.peers);
                rule.ports.iter_mut().for_each(|ports| rng.shuffle(ports));
            }
        }
        for pod in &mut cluster.pods {
            rng.shuffle(&mut pod.ports);
            rng.shuffle(&mut pod.addresses);
        }
        same_maps(
            &World::new(case.cluster, case.dialect).snapshot,
            &World::new(&cluster, case.dialect).snapshot,
        )
    });
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Denied => 0,
        Verdict::Unknown => 1,
        Verdict::Allowed => 2,
    }
}

/// A packet for each verdict that an interval holds.
fn witnesses(interval: &Interval) -> Vec<(Port, Verdict)> {
    let denied = Connections::all().difference(&interval.possible);
    [
        (interval.certain.example(), Verdict::Allowed),
        (interval.unknown().example(), Verdict::Unknown),
        (denied.example(), Verdict::Denied),
    ]
    .into_iter()
    .filter_map(|(port, verdict)| Some((port?, verdict)))
    .collect()
}

/// A place of a map, or one outside address of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Workload(WorkloadRef),
    Outside(IpAddr),
}

/// Somewhere in a place; `None` where its addresses, as far as they are tried,
/// are those of endpoints in one of these clusters.
fn somewhere(place: &Place, clusters: &[&Cluster]) -> Option<Spot> {
    match place {
        Place::Workload(workload) => Some(Spot::Workload(workload.clone())),
        Place::Outside(set) => {
            let free = |a: &IpAddr| {
                clusters.iter().all(|c| oracle::end_of_address(c, *a) == oracle::End::Outside(*a))
            };
            let mut ends = set.ranges().flat_map(|(first, last)| [first, last]);
            ends.find(free).map(Spot::Outside)
        }
        Place::Node(_) => None,
    }
}

/// The oracle's verdict on two of them; `None` when one is not there.
fn between_spots(
    cluster: &Cluster,
    dialect: &Dialect,
    from: &Spot,
    to: &Spot,
    port: Port,
) -> Option<Verdict> {
    let workload = |w: &WorkloadRef| oracle::WorkloadRef {
        namespace: w.namespace.clone(),
        workload: Workload { kind: w.kind.clone(), name: w.name.clone() },
    };
    let outside = |w: &WorkloadRef, address: &IpAddr, outgoing| {
        oracle::workload_outside_verdict(cluster, dialect, &workload(w), *address, outgoing, port)
    };
    let answer = match (from, to) {
        (Spot::Workload(a), Spot::Workload(b)) => {
            oracle::workload_verdict(cluster, dialect, &workload(a), &workload(b), port)
        }
        (Spot::Workload(w), Spot::Outside(address)) => outside(w, address, true),
        (Spot::Outside(address), Spot::Workload(w)) => outside(w, address, false),
        (Spot::Outside(_), Spot::Outside(_)) => None,
    };
    answer.map(engine_verdict)
}

fn is_bare(place: &Spot) -> bool {
    matches!(place, Spot::Workload(w) if *w.kind == *"Pod")
}

fn case_is_stand_in(cluster: &Cluster, end: &oracle::End) -> bool {
    matches!(end, oracle::End::Pod(at) if cluster.pods[*at].stand_in)
}
