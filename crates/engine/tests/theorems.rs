//! What holds for every cluster.

#![cfg(test)]

#[path = "common/cases.rs"]
mod cases;
#[path = "common/ends.rs"]
mod ends;
#[path = "common/maps.rs"]
mod maps;
#[path = "common/resolve.rs"]
mod resolve;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use fallgate_engine::{
    Addresses, Connections, Delta, Detail, EditedObject, End, Engine, Interval, Place, PodId, Port,
    PotentialPeer, Repair, Snapshot, Verdict, WorkloadRef, diff,
};
use fallgate_model::{
    Action, Change, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule,
    ContainerPort, Dialect, Direction, Family, IpBlock, Key, Labels, METADATA_NAME, Namespace,
    NamespaceMatch, NetworkPolicy, Object, Opacity, Operator, Origin, Peer, Pod, PortMatch,
    Protocol, Rule, Selector, Str, Subject, Tier, Workload,
};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};
use fastrand::Rng;
use ipnet::IpNet;

use cases::{Case, Outcome, ensure, for_all};
use ends::{engine_end, engine_verdict, pod_ids};
use maps::entries;
use resolve::resolve;

// NetworkPolicies.

/// A pod that a policy without rules isolates gets nothing, and sends nothing,
/// whoever the other end is; only its loopback and its own node are exempt.
#[test]
fn default_deny() {
    let denied = Count::default();
    for_all(&Knobs::everything(), 300, |case| {
        let mut rng = case.rng();
        let mut cluster = case.cluster.clone();
        let Some(pod) = rng.choice(&case.cluster.pods) else { return Ok(()) };
        let direction = rng.choice(Direction::ALL).expect("there are two");
        // Nothing else admits anything; what only denies stays.
        for policy in &mut cluster.network_policies {
            if policy.namespace == pod.namespace {
                *rules_mut(policy, direction) = None;
            }
        }
        for policy in cluster.cluster_policies.iter_mut().filter(|p| p.tier == Tier::Admin) {
            cluster_rules_mut(policy, direction).retain(|rule| rule.action != Action::Accept);
        }
        cluster.opaque.retain(|opaque| opaque.opacity == Opacity::Denies);
        let labels = pod.labels.known.iter().filter(|_| rng.bool()).cloned();
        let mut policy = new_policy(&pod.namespace, Selector::match_labels(labels));
        *rules_mut(&mut policy, direction) = Some(Vec::new());
        cluster.network_policies.push(policy.clone());

        let world = World::new(&cluster, case.dialect);
        let ends = world.ends(case);
        for (at, pod) in cluster.pods.iter().enumerate() {
            let selected = pod.namespace == policy.namespace
                && !pod.host_network
                && certainly(&policy.pod_selector, &pod.labels);
            if !selected {
                continue;
            }
            for other in &ends {
                if *other == oracle::End::Pod(at) || may_be_own_node(&cluster, pod, other) {
                    continue;
                }
                let own = oracle::End::Pod(at);
                let (from, to) = match direction {
                    Direction::Ingress => (other, &own),
                    Direction::Egress => (&own, other),
                };
                let found = world.between(from, to);
                ensure!(found.is_empty(), "{from:?} -> {to:?}: {found:?}");
                let port = rng.choice(&world.ports).copied().flatten();
                let truth = oracle::verdict(&cluster, case.dialect, from, to, port);
                ensure!(!truth.interval.possible, "{from:?} -> {to:?} {port:?}: oracle {truth:?}");
                denied.one();
            }
        }
        Ok(())
    });
    denied.check();
}

/// One rule more in a policy that is there closes nothing: neither what was
/// certain nor what was possible.
#[test]
fn adding_a_networkpolicy_allow_rule_is_monotone() {
    let opened = Count::default();
    for_all(&Knobs::everything(), 500, |case| {
        let mut rng = case.rng();
        let Some(mut policy) = rng.choice(&case.cluster.network_policies).cloned() else {
            return Ok(());
        };
        let direction = rng.choice(Direction::ALL).expect("there are two");
        let donor = donor(case);
        let rules = donor.network_policies.iter().filter_map(|p| p.rules(direction)).flatten();
        let Some(rule) = rng.choice(rules.collect::<Vec<_>>()).cloned() else { return Ok(()) };
        let Some(rules) = rules_mut(&mut policy, direction) else { return Ok(()) };
        rules.insert(rng.usize(..=rules.len()), rule);

        let before = World::new(case.cluster, case.dialect);
        let mut engine = before.engine.clone();
        let applied = engine.apply(Change::Upsert(Object::NetworkPolicy(policy)));
        let ends = before.ends(case);
        for from in &ends {
            for to in &ends {
                let (from, to) = (before.end(from), before.end(to));
                let old = applied.before.connections(&from, &to).interval;
                let new = applied.after.connections(&from, &to).interval;
                ensure!(within(&old, &new), "{from:?} -> {to:?}: {old:?} became {new:?}");
            }
        }
        for detail in [Detail::Workloads, Detail::Pods] {
            let found = diff(&applied.before, &applied.after, detail);
            ensure!(found.closed.is_empty(), "{detail:?}: {:#?}", found.closed);
            opened.add(found.opened.len());
        }
        Ok(())
    });
    opened.check();
}

/// Two pods, every pod of the cluster isolated: a policy for each of them that
/// grants some ports of one to the other opens these ports between the two and
/// nothing else; so does one that grants them to an outside address.
#[test]
fn opening_is_exactly_the_grant() {
    let exact = Count::default();
    for_all(&Knobs::known(), 500, |case| {
        let Some(granted) = Granted::new(case) else { return Ok(()) };
        let found = diff(&granted.before, &granted.after, Detail::Pods);
        ensure!(found.closed.is_empty(), "closed: {:#?}", found.closed);
        let opened: Vec<_> = found.opened.iter().map(|d| (&d.from, &d.to, &d.interval)).collect();
        let prior = granted.before.connections(&granted.from, &granted.to).interval;
        ensure!(prior.unknown().is_empty(), "{prior:?}");
        let new = granted.ports.difference(&prior.certain);
        let families = granted.before.common_families(&granted.from, &granted.to);
        if new.is_empty() || families.is_empty() {
            ensure!(opened.is_empty(), "{opened:#?}");
            return Ok(());
        }
        let new = Interval::exactly(new);
        let expected = vec![(&granted.places.0, &granted.places.1, &new)];
        ensure!(opened == expected, "{opened:#?}, expected {expected:#?}");
        exact.one();
        Ok(())
    });
    exact.check();
}

/// Taking away what a grant added gives back the map that was, to the byte.
#[test]
fn closing_restores_the_prior_reachability() {
    let closed = Count::default();
    for_all(&Knobs::known(), 200, |case| {
        let Some(mut granted) = Granted::new(case) else { return Ok(()) };
        let opened = diff(&granted.before, &granted.after, Detail::Pods).opened;
        let after = granted.engine.apply_all(granted.policies.drain(..).map(deleted));
        let effect = after.effect(Detail::Pods);
        let same = |a: &[Delta], b: &[Delta]| {
            let plain = |d: &Delta| (d.from.clone(), d.to.clone(), d.interval.clone());
            a.iter().map(plain).eq(b.iter().map(plain))
        };
        ensure!(same(&effect.closed, &opened) && effect.opened.is_empty(), "{effect:#?}");
        closed.add(effect.closed.len());
        same_maps(&granted.before, &after.after)
    });
    closed.check();

    // Whatever the policy is and whatever it adds itself to.
    for_all(&Knobs::everything(), 200, |case| {
        let mut rng = case.rng();
        let Some(mut policy) = rng.choice(donor(case).network_policies) else { return Ok(()) };
        policy.name = "added-and-taken-away".into();
        let mut engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        let before = engine.snapshot();
        engine.apply(Change::Upsert(Object::NetworkPolicy(policy.clone())));
        let after = engine.apply(deleted(policy)).after;
        same_maps(&before, &after)
    });
}

// Cluster-wide policies.

/// Where a rule that denies comes first and matches, no rule after it in its
/// tier admits anything; ahead of NetworkPolicies, they do not either.
#[test]
fn deny_trumps_allow_within_tier() {
    let denied = Count::default();
    for_all(&Knobs::everything(), 500, |case| {
        let mut rng = case.rng();
        let tier = rng.choice([Tier::Admin, Tier::Admin, Tier::Baseline]).expect("some");
        let Some((direction, deny)) = first_in_tier(case, &mut rng, tier, Action::Deny) else {
            return Ok(());
        };
        let mut cluster = case.cluster.clone();
        cluster.opaque.retain(|opaque| opaque.opacity == Opacity::Denies);
        if tier == Tier::Baseline {
            // What comes before the tier is not the question.
            cluster.network_policies.clear();
            cluster.cluster_policies.retain(|p| p.tier == Tier::Baseline);
        }
        for policy in &mut cluster.cluster_policies {
            policy.priority += 2;
        }
        let mut accept = new_cluster_policy("accept", tier, 1);
        let families = oracle::families_in_use(&cluster, case.dialect);
        cluster_rules_mut(&mut accept, direction).push(everyone(
            Action::Accept,
            direction,
            &families,
        ));
        cluster.cluster_policies.push(accept);
        let without = World::new(&cluster, case.dialect);
        cluster.cluster_policies.push(deny.clone());
        let world = World::new(&cluster, case.dialect);
        let lone = lone(&cluster, deny);
        if without.snapshot.families() != world.snapshot.families()
            || oracle::families_in_use(&lone, case.dialect) != world.snapshot.families()
        {
            return Ok(());
        }
        world.each_question(case, &mut rng, |from, to, port| {
            // Alone, the rule denies exactly what it matches.
            let matches = oracle::verdict(&lone, case.dialect, from, to, port);
            if matches.verdict() == oracle::Verdict::Denied {
                let found = world.verdict(from, to, port);
                ensure!(found == Verdict::Denied, "{from:?} -> {to:?} {port:?}: {found:?}");
                denied.add(usize::from(without.verdict(from, to, port) == Verdict::Allowed));
            }
            Ok(())
        })
    });
    denied.check();
}

/// Where a rule that passes comes first in its tier, what it matches fares as if
/// the tier had no rules for it, and everything else as if the rule were not
/// there.
#[test]
fn pass_leaves_the_tier() {
    let (passed, changed) = (Count::default(), Count::default());
    for_all(&Knobs::everything(), 500, |case| {
        let mut rng = case.rng();
        let tier = rng.choice([Tier::Admin, Tier::Baseline]).expect("there are two");
        let Some((direction, pass)) = first_in_tier(case, &mut rng, tier, Action::Pass) else {
            return Ok(());
        };
        let mut cluster = case.cluster.clone();
        for policy in &mut cluster.cluster_policies {
            policy.priority += 1;
        }
        let without_rule = World::new(&cluster, case.dialect);
        let mut emptied = cluster.clone();
        for policy in emptied.cluster_policies.iter_mut().filter(|p| p.tier == tier) {
            cluster_rules_mut(policy, direction).clear();
        }
        let without_tier = World::new(&emptied, case.dialect);
        cluster.cluster_policies.push(pass.clone());
        let world = World::new(&cluster, case.dialect);
        let mut deny = pass;
        cluster_rules_mut(&mut deny, direction)[0].action = Action::Deny;
        let lone = lone(&cluster, deny);
        let families = world.snapshot.families();
        if without_rule.snapshot.families() != families
            || without_tier.snapshot.families() != families
            || oracle::families_in_use(&lone, case.dialect) != families
        {
            return Ok(());
        }
        world.each_question(case, &mut rng, |from, to, port| {
            let matches = oracle::verdict(&lone, case.dialect, from, to, port);
            let expected = match matches.verdict() {
                // In one family it may match, in another not.
                _ if matches.partial => return Ok(()),
                oracle::Verdict::Unknown => return Ok(()),
                oracle::Verdict::Denied => without_tier.verdict(from, to, port),
                oracle::Verdict::Allowed => without_rule.verdict(from, to, port),
            };
            let found = world.verdict(from, to, port);
            ensure!(found == expected, "{from:?} -> {to:?} {port:?}: {found:?}, not {expected:?}");
            passed.add(usize::from(matches.verdict() == oracle::Verdict::Denied));
            changed.add(usize::from(found != without_rule.verdict(from, to, port)));
            Ok(())
        })
    });
    passed.check();
    changed.check();
}

// Answers.

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

// Pods that do not exist yet.

/// A new pod that the selectors of an exposed peer select gets at least what the
/// exposure calls certain and at most what it calls possible.
#[test]
fn exposure_holds_for_every_pod_to_come() {
    let asked = Count::default();
    for_all(&Knobs::everything(), 300, |case| {
        let mut rng = case.rng();
        let world = World::new(case.cluster, case.dialect);
        for (workload, pods) in world.snapshot.workloads() {
            let exposure = world.snapshot.exposure(&pods);
            for direction in Direction::ALL {
                let side = match direction {
                    Direction::Ingress => &exposure.ingress,
                    Direction::Egress => &exposure.egress,
                };
                for exposed in &side.peers {
                    let PotentialPeer::Pods { namespaces, pods: selector } = &exposed.peer else {
                        continue;
                    };
                    let Some((namespace, pod)) = pod_to_come(case, &mut rng, namespaces, selector)
                    else {
                        continue;
                    };
                    let mut engine = world.engine.clone();
                    engine.apply_all(namespace.map(|n| Change::Upsert(Object::Namespace(n))));
                    let after = engine.apply(Change::Upsert(Object::Pod(pod.clone()))).after;
                    if after.families() != world.snapshot.families() {
                        continue;
                    }
                    let new = after
                        .pods()
                        .into_iter()
                        .find(|id| after.pod(*id).is_some_and(|p| **p == pod));
                    let new = End::Pod(new.ok_or("the pod is not there")?);
                    let its = match after.namespace(&pod.namespace) {
                        Some(namespace) => namespace.labels.clone(),
                        None => {
                            let mut its = Labels::new([(METADATA_NAME, pod.namespace.clone())]);
                            its.open = true;
                            its
                        }
                    };
                    let is_about = |peer: &PotentialPeer| match peer {
                        PotentialPeer::Pods { namespaces, pods } => {
                            possibly(namespaces, &its) && certainly(pods, &pod.labels)
                        }
                        PotentialPeer::Outside(_) => false,
                    };
                    for port in rng.choose_multiple(&world.ports, 12) {
                        let sides: Vec<Verdict> = pods
                            .iter()
                            .map(|id| own_side(&after, direction, *id, &new, *port))
                            .collect();
                        let what = || {
                            format!(
                                "{workload:?} {direction:?} {exposed:#?} {port:?}: {sides:?} for {pod:#?}"
                            )
                        };
                        if exposed.interval.certain.contains(*port)
                            && pods.iter().all(|id| meet(&after, *id, &new))
                        {
                            ensure!(sides.contains(&Verdict::Allowed), "{}", what());
                        }
                        // Other entries may be about it, too.
                        let possible = side
                            .peers
                            .iter()
                            .any(|e| e.interval.possible.contains(*port) && is_about(&e.peer));
                        if !possible {
                            ensure!(sides.iter().all(|v| *v == Verdict::Denied), "{}", what());
                        }
                        asked.one();
                    }
                }
            }
        }
        Ok(())
    });
    asked.check();
}

// Repairs.

/// Every edit of a repair is needed, and undoing them gives back the map.
#[test]
fn repairs_have_nothing_to_spare() {
    let repaired = Count::default();
    for_all(&Knobs::everything(), 150, |case| {
        each_repair(case, |engine, (from, to, port), repair| {
            let before = engine.snapshot();
            if repair.edits.len() > 1 {
                for edit in &repair.edits {
                    let mut engine = engine.clone();
                    let after = engine.apply(upserted(&edit.object)).after;
                    let found = after.verdict(from, to, port);
                    ensure!(found != Verdict::Allowed, "{} is enough", edit.summary);
                }
            }
            let mut engine = engine.clone();
            engine.apply_all(repair.edits.iter().map(|edit| upserted(&edit.object)));
            let undone = engine.apply_all(repair.edits.iter().map(|edit| match &edit.object {
                EditedObject::NetworkPolicy(policy) => {
                    let is_it = |p: &&NetworkPolicy| {
                        p.namespace == policy.namespace && p.name == policy.name
                    };
                    match case.cluster.network_policies.iter().find(is_it) {
                        Some(old) => Change::Upsert(Object::NetworkPolicy(old.clone())),
                        None => deleted(policy.clone()),
                    }
                }
                EditedObject::ClusterPolicy(policy) => {
                    let is_it = |p: &&ClusterPolicy| p.kind == policy.kind && p.name == policy.name;
                    match case.cluster.cluster_policies.iter().find(is_it) {
                        Some(old) => Change::Upsert(Object::ClusterPolicy(old.clone())),
                        None => {
                            Change::Delete(Key::ClusterPolicy(policy.kind, policy.name.clone()))
                        }
                    }
                }
            }));
            repaired.one();
            same_maps(&before, &undone.after)
        })
    });
    repaired.check();
}

/// The policy that a repair creates selects the pods of the workload that needs
/// it and no others, not even possibly, and with as few labels as can be.
#[test]
fn minimal_label_selects_exactly() {
    let created = Count::default();
    for_all(&Knobs::everything(), 300, |case| {
        each_repair(case, |engine, (from, to, _), repair| {
            let snapshot = engine.snapshot();
            for edit in repair.edits.iter().filter(|edit| edit.new) {
                let EditedObject::NetworkPolicy(policy) = &edit.object else { continue };
                let subject = if policy.ingress.is_some() { to } else { from };
                let End::Pod(id) = subject else { return Err("the subject is no pod".to_owned()) };
                let pod = snapshot.pod(*id).ok_or("no such pod")?;
                let exactly = |selector: &Selector| {
                    case.cluster.pods.iter().filter(|p| p.namespace == pod.namespace).all(|other| {
                        if other.workload == pod.workload {
                            certainly(selector, &other.labels)
                        } else {
                            !possibly(selector, &other.labels)
                        }
                    })
                };
                let selector = &policy.pod_selector;
                ensure!(exactly(selector), "{selector:?} for {pod:#?}");
                // No label at all would also select what is to come.
                let several = selector.requirements.len() > 1;
                for requirement in selector.requirements.iter().filter(|_| several) {
                    let fewer = selector.requirements.iter().filter(|r| *r != requirement).cloned();
                    let fewer = Selector::new(fewer);
                    ensure!(!exactly(&fewer), "{fewer:?} is enough, not {selector:?}");
                }
                created.one();
            }
            Ok(())
        })
    });
    created.check();
}

// What the theorems are stated with.

/// How often a theorem had something to say. One that never has proves nothing.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn one(&self) {
        self.add(1);
    }

    fn add(&self, more: usize) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn check(&self) {
        assert!(self.0.load(Ordering::Relaxed) > 0, "no case had anything to check");
    }
}

/// A cluster with its engine, asked with the oracle's names for ends.
struct World {
    cluster: Cluster,
    dialect: Dialect,
    engine: Engine,
    snapshot: Snapshot,
    pods: Vec<PodId>,
    ports: Vec<Port>,
}

impl World {
    fn new(cluster: &Cluster, dialect: &Dialect) -> World {
        let engine = Engine::new(cluster.clone(), dialect.clone());
        let snapshot = engine.snapshot();
        World {
            pods: pod_ids(cluster, &snapshot),
            ports: oracle::interesting_ports(cluster),
            cluster: cluster.clone(),
            dialect: dialect.clone(),
            engine,
            snapshot,
        }
    }

    /// Every pod and node, and some outside addresses.
    fn ends(&self, case: &Case<'_>) -> Vec<oracle::End> {
        let outside = oracle::interesting_addresses(&self.cluster, &self.dialect);
        let count = if case.thorough { outside.len() } else { 5 };
        let some = case.rng().choose_multiple(outside, count);
        let mut ends = oracle::endpoints(&self.cluster);
        ends.extend(some.into_iter().map(oracle::End::Outside));
        ends
    }

    fn end(&self, end: &oracle::End) -> End {
        engine_end(&self.pods, end)
    }

    fn between(&self, from: &oracle::End, to: &oracle::End) -> Interval {
        self.snapshot.connections(&self.end(from), &self.end(to)).interval
    }

    fn verdict(&self, from: &oracle::End, to: &oracle::End, port: Port) -> Verdict {
        self.snapshot.verdict(&self.end(from), &self.end(to), port)
    }

    /// Every pair of ends on some ports each.
    fn each_question(
        &self,
        case: &Case<'_>,
        rng: &mut Rng,
        mut ask: impl FnMut(&oracle::End, &oracle::End, Port) -> Outcome,
    ) -> Outcome {
        let ends = self.ends(case);
        let count = if case.thorough { self.ports.len() } else { 4 };
        for from in &ends {
            for to in &ends {
                if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                    continue;
                }
                for port in rng.choose_multiple(&self.ports, count) {
                    ask(from, to, *port)?;
                }
            }
        }
        Ok(())
    }
}

/// A cluster to take rules from: of the same words, and otherwise unrelated.
fn donor(case: &Case<'_>) -> Cluster {
    generate::cluster(&Knobs::everything(), case.seed + 1_000_003)
}

fn same_maps(a: &Snapshot, b: &Snapshot) -> Outcome {
    for detail in [Detail::Workloads, Detail::Pods] {
        let (a, b) = (entries(a, detail), entries(b, detail));
        let only = |a: &maps::Entries, b: &maps::Entries| -> maps::Entries {
            a.iter().filter(|e| !b.contains(e)).cloned().collect()
        };
        ensure!(a == b, "{detail:?}: {:#?} became {:#?}", only(&a, &b), only(&b, &a));
    }
    Ok(())
}

fn within(inner: &Interval, outer: &Interval) -> bool {
    inner.certain.is_subset(&outer.certain) && inner.possible.is_subset(&outer.possible)
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

// Selectors, here only for what is known.

fn holds(selector: &Selector, labels: &Labels, vague: bool) -> bool {
    selector.requirements.iter().all(|r| {
        let value = labels.get(&r.key);
        if value.is_none() && labels.unvalued.contains(&r.key) {
            return match r.operator {
                Operator::In | Operator::NotIn => vague,
                Operator::Exists => true,
                Operator::DoesNotExist => false,
            };
        }
        if value.is_none() && labels.open {
            return vague;
        }
        match r.operator {
            Operator::In => value.is_some_and(|v| r.values.contains(v)),
            Operator::NotIn => value.is_none_or(|v| !r.values.contains(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    })
}

fn certainly(selector: &Selector, labels: &Labels) -> bool {
    holds(selector, labels, false)
}

fn possibly(selector: &Selector, labels: &Labels) -> bool {
    holds(selector, labels, true)
}

// Policies.

fn rules_mut(policy: &mut NetworkPolicy, direction: Direction) -> &mut Option<Vec<Rule>> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}

fn cluster_rules_mut(policy: &mut ClusterPolicy, direction: Direction) -> &mut Vec<ClusterRule> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}

fn new_policy(namespace: &Str, pod_selector: Selector) -> NetworkPolicy {
    NetworkPolicy {
        namespace: namespace.clone(),
        name: "of-the-theorem".into(),
        pod_selector,
        ingress: None,
        egress: None,
        origin: Origin::default(),
    }
}

fn new_cluster_policy(name: &str, tier: Tier, priority: i32) -> ClusterPolicy {
    ClusterPolicy {
        kind: ClusterPolicyKind::ClusterNetworkPolicy,
        name: name.into(),
        tier,
        priority,
        subject: Subject { namespaces: Selector::default(), pods: Selector::default() },
        ingress: Vec::new(),
        egress: Vec::new(),
        origin: Origin::default(),
    }
}

/// A rule for every peer there can be.
fn everyone(action: Action, direction: Direction, families: &[Family]) -> ClusterRule {
    let all = Selector::default;
    let mut peers = vec![ClusterPeer::Pods { namespaces: all(), pods: all() }];
    if direction == Direction::Egress {
        let whole = |family: &Family| match family {
            Family::V4 => "0.0.0.0/0".parse::<IpNet>(),
            Family::V6 => "::/0".parse::<IpNet>(),
        };
        peers.push(ClusterPeer::Networks(families.iter().flat_map(whole).collect()));
    }
    ClusterRule { name: None, action, peers, ports: None, origin: Origin::default() }
}

/// A policy that comes first in its tier, for some pods, with one rule of some
/// other cluster in one direction.
fn first_in_tier(
    case: &Case<'_>,
    rng: &mut Rng,
    tier: Tier,
    action: Action,
) -> Option<(Direction, ClusterPolicy)> {
    let donor = donor(case);
    let direction = rng.choice(Direction::ALL)?;
    let rules = donor.cluster_policies.iter().flat_map(|p| p.rules(direction));
    let mut rule = rng.choice(rules.collect::<Vec<_>>())?.clone();
    rule.action = action;
    // An unknown peer would close the rule, a domain name never matches surely.
    rule.peers.retain(|p| !matches!(p, ClusterPeer::Unknown | ClusterPeer::DomainNames(_)));
    if rule.peers.is_empty() {
        return None;
    }
    let mut policy = new_cluster_policy("first", tier, 0);
    if rng.bool() {
        policy.subject = rng.choice(&donor.cluster_policies)?.subject.clone();
    }
    cluster_rules_mut(&mut policy, direction).push(rule);
    Some((direction, policy))
}

/// The cluster with this one policy.
fn lone(cluster: &Cluster, policy: ClusterPolicy) -> Cluster {
    Cluster {
        network_policies: Vec::new(),
        cluster_policies: vec![policy],
        opaque: Vec::new(),
        ..cluster.clone()
    }
}

fn deleted(policy: NetworkPolicy) -> Change {
    Change::Delete(Key::NetworkPolicy(policy.namespace, policy.name))
}

fn upserted(object: &EditedObject) -> Change {
    Change::Upsert(match object {
        EditedObject::NetworkPolicy(policy) => Object::NetworkPolicy(policy.clone()),
        EditedObject::ClusterPolicy(policy) => Object::ClusterPolicy(policy.clone()),
    })
}

/// Whether an end is the node of a pod or a hostNetwork pod there, or may be.
fn may_be_own_node(cluster: &Cluster, pod: &Pod, end: &oracle::End) -> bool {
    fn node_of(pod: &Pod) -> Option<&Str> {
        if pod.stand_in { None } else { pod.node.as_ref() }
    }
    let other = match end {
        oracle::End::Outside(_) => return false,
        oracle::End::Node(name) => Some(name),
        oracle::End::Pod(at) => {
            let other = &cluster.pods[*at];
            if !other.host_network {
                return false;
            }
            node_of(other)
        }
    };
    match (node_of(pod), other) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn case_is_stand_in(cluster: &Cluster, end: &oracle::End) -> bool {
    matches!(end, oracle::End::Pod(at) if cluster.pods[*at].stand_in)
}

/// A grant between two ends of a cluster in which every pod is isolated.
struct Granted {
    engine: Engine,
    before: Snapshot,
    after: Snapshot,
    from: End,
    to: End,
    places: (Place, Place),
    ports: Connections,
    policies: Vec<NetworkPolicy>,
}

impl Granted {
    fn new(case: &Case<'_>) -> Option<Granted> {
        let mut rng = case.rng();
        let mut cluster = case.cluster.clone();
        cluster.cluster_policies.retain(|p| p.tier == Tier::Baseline);
        let mut namespaces: Vec<Str> = cluster.pods.iter().map(|p| p.namespace.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        for namespace in namespaces {
            let mut policy = new_policy(&namespace, Selector::default());
            policy.name = "default-deny".into();
            policy.ingress = Some(Vec::new());
            policy.egress = Some(Vec::new());
            cluster.network_policies.push(policy);
        }
        // A label that tells each of the two from everybody.
        let own: Vec<usize> =
            (0..cluster.pods.len()).filter(|i| !cluster.pods[*i].host_network).collect();
        let ends = rng.choose_multiple(own, 2);
        for (at, end) in ends.iter().zip(["first", "second"]) {
            cluster.pods[*at].labels.set("end", end);
        }
        let outside = oracle::interesting_addresses(&cluster, case.dialect);
        let (engine, ids) = {
            let world = World::new(&cluster, case.dialect);
            (world.engine, world.pods)
        };
        let start = rng.u16(1..9000);
        let range = (rng.choice(Protocol::ALL)?, start, start.saturating_add(rng.u16(..3)));
        let rule = |peer: Peer| Rule {
            peers: Some(vec![peer]),
            ports: Some(vec![PortMatch::Range { protocol: range.0, start: range.1, end: range.2 }]),
            origin: Origin::default(),
        };
        let select = |end: &str| Selector::match_labels([("end", end.to_owned())]);
        let place = |at: usize| {
            let pod: &Pod = &cluster.pods[at];
            Place::Workload(WorkloadRef {
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                kind: "Pod".into(),
            })
        };
        let [first, second] = ends[..] else { return None };
        let named = |at: usize| {
            let name = cluster.pods[at].namespace.clone();
            NamespaceMatch::Selector(Selector::match_labels([(METADATA_NAME, name)]))
        };
        let mut policies = Vec::new();
        let mut policy = |at: usize, end: &str, direction, peer| {
            let mut policy = new_policy(&cluster.pods[at].namespace, select(end));
            policy.name = format!("grant-{end}").into();
            *rules_mut(&mut policy, direction) = Some(vec![rule(peer)]);
            policies.push(policy);
        };
        let (from, to, places);
        match rng.choice(&outside) {
            Some(address) if rng.u8(..3) == 0 => {
                let block = IpBlock { cidr: IpNet::from(*address), except: Vec::new() };
                let away = Place::Outside(Addresses::of(&block.cidr));
                let (pod, end) = (End::Pod(ids[first]), End::Outside(*address));
                if rng.bool() {
                    policy(first, "first", Direction::Egress, Peer::IpBlock(block));
                    (from, to, places) = (pod, end, (place(first), away));
                } else {
                    policy(first, "first", Direction::Ingress, Peer::IpBlock(block));
                    (from, to, places) = (end, pod, (away, place(first)));
                }
            }
            _ => {
                let peer = |at, end| Peer::Pods { namespaces: named(at), pods: select(end) };
                policy(first, "first", Direction::Egress, peer(second, "second"));
                policy(second, "second", Direction::Ingress, peer(first, "first"));
                (from, to) = (End::Pod(ids[first]), End::Pod(ids[second]));
                places = (place(first), place(second));
            }
        }
        let mut granted = engine.clone();
        let applied = granted
            .apply_all(policies.iter().map(|p| Change::Upsert(Object::NetworkPolicy(p.clone()))));
        Some(Granted {
            engine: granted,
            before: applied.before,
            after: applied.after,
            from,
            to,
            places,
            ports: Connections::ports(range.0, range.1, range.2),
            policies,
        })
    }
}

/// What one end of a connection says by itself.
fn own_side(
    snapshot: &Snapshot,
    direction: Direction,
    own: PodId,
    other: &End,
    port: Port,
) -> Verdict {
    match direction {
        Direction::Ingress => snapshot.explain(other, &End::Pod(own), port).ingress.verdict,
        Direction::Egress => snapshot.explain(&End::Pod(own), other, port).egress.verdict,
    }
}

fn meet(snapshot: &Snapshot, pod: PodId, other: &End) -> bool {
    !snapshot.common_families(&End::Pod(pod), other).is_empty()
}

/// A pod that does not exist yet and that the selectors select, and its
/// namespace where that does not exist either.
fn pod_to_come(
    case: &Case<'_>,
    rng: &mut Rng,
    namespaces: &Selector,
    pods: &Selector,
) -> Option<(Option<Namespace>, Pod)> {
    let mut places: Vec<(Option<Namespace>, Str)> = (case.cluster.namespaces.iter())
        .filter(|n| certainly(namespaces, &n.labels))
        .map(|n| (None, n.name.clone()))
        .collect();
    let mut labels = labels_for(rng, namespaces)?;
    let name = labels.get(METADATA_NAME).cloned().unwrap_or_else(|| "to-come".into());
    labels.set(METADATA_NAME, name.clone());
    let fresh = case.cluster.namespaces.iter().all(|n| n.name != name);
    if fresh && certainly(namespaces, &labels) {
        let namespace = Namespace { name: name.clone(), labels, origin: Origin::default() };
        // One that objects are in already is not to come: its labels are unknown.
        let named = case.cluster.pods.iter().any(|p| p.namespace == name)
            || case.cluster.network_policies.iter().any(|p| p.namespace == name);
        places.push(((!named).then_some(namespace), name));
    }
    let (namespace, name) = rng.choice(places)?;
    let labels = labels_for(rng, pods)?;
    if !certainly(pods, &labels) {
        return None;
    }
    let families = oracle::families_in_use(case.cluster, case.dialect);
    let mut addresses = Vec::new();
    for family in families {
        let network: IpNet = match family {
            Family::V4 => "10.0.0.0/24",
            Family::V6 => "fd00::/120",
        }
        .parse()
        .ok()?;
        let cidrs = case.dialect.pod_cidrs.iter();
        let cidrs: Vec<IpNet> = cidrs.filter(|c| Family::of(c.addr()) == family).copied().collect();
        let network = rng.choice(&cidrs).copied().unwrap_or(network);
        let address = network.hosts().nth(rng.usize(..120))?;
        if oracle::end_of_address(case.cluster, address) == oracle::End::Outside(address) {
            addresses.push(address);
        }
    }
    if rng.u8(..3) == 0 {
        addresses.clear();
    }
    let mut ports = Vec::new();
    for name in ["http", "dns", "metrics"] {
        if rng.bool() {
            let protocol = rng.choice(Protocol::ALL)?;
            let port = rng.choice([53, 80, 81, 8080, 9090])?;
            ports.push(ContainerPort { name: Some(name.into()), protocol, port });
        }
    }
    let pod = Pod {
        namespace: name,
        name: "to-come".into(),
        workload: Workload { kind: "Pod".into(), name: "to-come".into() },
        labels,
        addresses,
        node: rng.choice(&case.cluster.nodes).filter(|_| rng.bool()).map(|n| n.name.clone()),
        host_addresses: Vec::new(),
        host_network: false,
        ports,
        stand_in: false,
        origin: Origin::default(),
    };
    Some((namespace, pod))
}

/// Labels that a selector may select: what it asks for, and others at random.
fn labels_for(rng: &mut Rng, selector: &Selector) -> Option<Labels> {
    let vocabulary: [(&str, &[&str]); 4] = [
        ("app", &["a", "b", "c", "other"]),
        ("tier", &["x", "y", "other"]),
        ("env", &["p", "q", "other"]),
        ("pod-template-hash", &["5d4f"]),
    ];
    let mut labels = Labels::default();
    for (key, values) in vocabulary {
        let barred = selector
            .requirements
            .iter()
            .any(|r| r.operator == Operator::DoesNotExist && *r.key == *key);
        if !barred && rng.bool() {
            labels.set(key, rng.choice(values.iter().copied())?);
        }
    }
    for r in &selector.requirements {
        match r.operator {
            Operator::In => labels.set(r.key.clone(), rng.choice(&r.values)?.clone()),
            Operator::Exists if labels.get(&r.key).is_none() => labels.set(r.key.clone(), "other"),
            _ => {}
        }
    }
    Some(labels)
}

/// Every repair between some ends on some port.
fn each_repair(
    case: &Case<'_>,
    mut check: impl FnMut(&Engine, (&End, &End, Port), &Repair) -> Outcome,
) -> Outcome {
    let mut rng = case.rng();
    let world = World::new(case.cluster, case.dialect);
    let ends = world.ends(case);
    for from in &ends {
        for to in &ends {
            let (from, to) = (world.end(from), world.end(to));
            let port = rng.choice(&world.ports).copied().flatten();
            if let Some(repair) = world.engine.repair(&from, &to, port) {
                let why = check(&world.engine, (&from, &to, port), &repair);
                why.map_err(|why| format!("{from:?} -> {to:?} {port:?}: {why}"))?;
            }
        }
    }
    Ok(())
}
