//! Changes one at a time against a build from scratch, and effects against the
//! difference of the maps.

#![cfg(test)]

use std::ops::ControlFlow;

use fallgate_engine::{Delta, Detail, Diff, Engine, Interval, Place, Snapshot, diff};
use fallgate_model::{Change, Cluster};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};

fn cases(usual: u64) -> u64 {
    std::env::var("FALLGATE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

type Entries = Vec<(Place, Place, Interval, bool)>;

fn entries(snapshot: &Snapshot, detail: Detail) -> Entries {
    let mut entries = Vec::new();
    snapshot.map(detail, &mut |e| {
        entries.push((e.from.clone(), e.to.clone(), e.interval.clone(), e.partial));
        ControlFlow::Continue(())
    });
    entries
}

/// A cluster, and changes of it with what they lead to.
fn history(seed: u64, changes: u64) -> (Cluster, Vec<(Change, Cluster)>) {
    let knobs = Knobs::everything();
    let first = generate::cluster(&knobs, seed);
    let mut now = first.clone();
    let mut history = Vec::new();
    for step in 0..changes {
        let change = generate::change(&now, &knobs, seed.wrapping_mul(1000) + step);
        oracle::apply(&mut now, &change);
        history.push((change, now.clone()));
    }
    (first, history)
}

/// Neither the counts, which an effect keeps for what it compared only, nor
/// outside parts cut in another way tell two diffs apart.
fn same(a: &Diff, b: &Diff) -> bool {
    let plain = |deltas: &[Delta]| -> Vec<_> {
        deltas.iter().map(|d| (d.from.clone(), d.to.clone(), d.interval.clone())).collect()
    };
    plain(&a.opened) == plain(&b.opened) && plain(&a.closed) == plain(&b.closed)
}

#[test]
fn incremental_equals_from_scratch() {
    for seed in 0..cases(60) {
        let (first, history) = history(seed, 8);
        let dialect = generate::dialect(seed);
        let mut engine = Engine::new(first, dialect.clone());
        for (change, now) in history {
            engine.apply(change.clone());
            let fresh = Engine::new(now.clone(), dialect.clone());
            for detail in [Detail::Workloads, Detail::Pods] {
                assert_eq!(
                    entries(&engine.snapshot(), detail),
                    entries(&fresh.snapshot(), detail),
                    "seed {seed}, {detail:?}, after {change:#?}\n{now:#?}"
                );
            }
        }
    }
}

#[test]
fn effect_is_the_difference_of_the_maps() {
    for seed in 0..cases(60) {
        let (first, history) = history(seed, 8);
        let mut engine = Engine::new(first, generate::dialect(seed));
        for (change, now) in history {
            let applied = engine.apply(change.clone());
            for detail in [Detail::Workloads, Detail::Pods] {
                let effect = applied.effect(detail);
                let whole = diff(&applied.before, &applied.after, detail);
                let only = |a: &[Delta], b: &[Delta]| -> Vec<Delta> {
                    let differs = |d: &&Delta| {
                        !b.iter()
                            .any(|x| (&x.from, &x.to, &x.interval) == (&d.from, &d.to, &d.interval))
                    };
                    a.iter().filter(differs).cloned().collect()
                };
                assert!(
                    same(&effect, &whole),
                    "seed {seed}, {detail:?}: too much {:?}{:?}, missing {:?}{:?} after {change:#?}\n{now:#?}",
                    only(&effect.opened, &whole.opened),
                    only(&effect.closed, &whole.closed),
                    only(&whole.opened, &effect.opened),
                    only(&whole.closed, &effect.closed),
                );
            }
        }
    }
}

#[test]
fn order_of_events_is_irrelevant() {
    for seed in 0..cases(60) {
        let cluster = generate::cluster(&Knobs::everything(), seed);
        let dialect = generate::dialect(seed);
        let whole = Engine::new(cluster.clone(), dialect.clone());
        let mut objects: Vec<fallgate_model::Object> = Vec::new();
        use fallgate_model::Object;
        objects.extend(cluster.pods.into_iter().map(Object::Pod));
        objects.extend(cluster.opaque.into_iter().map(Object::Opaque));
        objects.extend(cluster.network_policies.into_iter().map(Object::NetworkPolicy));
        objects.extend(cluster.cluster_policies.into_iter().map(Object::ClusterPolicy));
        objects.extend(cluster.nodes.into_iter().map(Object::Node));
        objects.extend(cluster.namespaces.into_iter().map(Object::Namespace));
        if seed % 2 == 0 {
            objects.reverse();
        }
        let turn = usize::try_from(seed).unwrap_or(0) % objects.len().max(1);
        objects.rotate_left(turn);
        let mut engine = Engine::new(Cluster::default(), dialect);
        for object in objects {
            engine.apply(Change::Upsert(object));
        }
        let pieces = engine.snapshot();
        assert_eq!(
            entries(&pieces, Detail::Workloads),
            entries(&whole.snapshot(), Detail::Workloads),
            "seed {seed}"
        );
    }
}

#[test]
fn diff_of_equal_is_empty() {
    for seed in 0..cases(60) {
        let cluster = generate::cluster(&Knobs::everything(), seed);
        let dialect = generate::dialect(seed);
        let a = Engine::new(cluster.clone(), dialect.clone()).snapshot();
        let b = Engine::new(cluster, dialect).snapshot();
        let found = diff(&a, &b, Detail::Pods);
        assert!(found.opened.is_empty() && found.closed.is_empty(), "seed {seed}: {found:#?}");
    }
}

/// Applying what a diff says to the earlier map gives the later one.
#[test]
fn diff_composes() {
    use std::collections::BTreeMap;
    let inside = |entries: Entries| -> BTreeMap<(Place, Place), Interval> {
        entries
            .into_iter()
            .filter(|e| !matches!((&e.0, &e.1), (Place::Outside(_), _) | (_, Place::Outside(_))))
            .map(|e| ((e.0, e.1), e.2))
            .collect()
    };
    for seed in 0..cases(60) {
        let (first, history) = history(seed, 5);
        let dialect = generate::dialect(seed);
        let mut last = Engine::new(first, dialect.clone()).snapshot();
        let mut map = inside(entries(&last, Detail::Workloads));
        for (_, now) in history {
            let next = Engine::new(now, dialect.clone()).snapshot();
            let step = diff(&last, &next, Detail::Workloads);
            // What rose, and what fell: to certain, to unknown, to nothing.
            for delta in step.closed {
                let old = map.entry((delta.from, delta.to)).or_default();
                *old = Interval {
                    certain: old.certain.difference(&delta.interval.possible),
                    possible: old.possible.difference(&delta.interval.certain),
                };
            }
            for delta in step.opened {
                let old = map.entry((delta.from, delta.to)).or_default();
                *old = Interval {
                    certain: old.certain.union(&delta.interval.certain),
                    possible: old.possible.union(&delta.interval.possible),
                };
            }
            let truth = inside(entries(&next, Detail::Workloads));
            // A step between unknown and certain leaves the other bound open.
            for (pair, interval) in &truth {
                let found = map.get(pair).cloned().unwrap_or_default();
                assert!(found.certain.is_subset(&interval.certain), "seed {seed}: {pair:?}");
                assert!(interval.possible.is_subset(&found.possible), "seed {seed}: {pair:?}");
            }
            map = truth;
            last = next;
        }
    }
}
