//! Changes one at a time against a build from scratch, and effects against the
//! difference of the maps.

use std::collections::BTreeMap;

use fallgate_engine::{Delta, Detail, Diff, Engine, Interval, Place, diff};
use fallgate_model::{Change, Cluster, Object};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};

use crate::cases::{Case, ensure, for_all};
use crate::maps::{Entries, entries};

/// Changes of a cluster, each with what it leads to.
fn history(case: &Case<'_>, changes: u64) -> Vec<(Change, Cluster)> {
    let mut now = case.cluster.clone();
    let mut history = Vec::new();
    for step in 0..changes {
        let seed = case.seed.wrapping_mul(1000) + step;
        let change = generate::change(&now, &Knobs::everything(), seed);
        oracle::apply(&mut now, &change);
        history.push((change, now.clone()));
    }
    history
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
    for_all(&Knobs::everything(), 100, |case| {
        let mut engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        for (change, now) in history(case, 8) {
            engine.apply(change.clone());
            let fresh = Engine::new(now.clone(), case.dialect.clone());
            for detail in [Detail::Workloads, Detail::Pods] {
                let found = entries(&engine.snapshot(), detail);
                ensure!(
                    found == entries(&fresh.snapshot(), detail),
                    "{detail:?}, after {change:#?}\n{now:#?}"
                );
            }
        }
        Ok(())
    });
}

#[test]
fn effect_is_the_difference_of_the_maps() {
    for_all(&Knobs::everything(), 100, |case| {
        let mut engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        for (change, now) in history(case, 8) {
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
                ensure!(
                    same(&effect, &whole),
                    "{detail:?}: too much {:?}{:?}, missing {:?}{:?} after {change:#?}\n{now:#?}",
                    only(&effect.opened, &whole.opened),
                    only(&effect.closed, &whole.closed),
                    only(&whole.opened, &effect.opened),
                    only(&whole.closed, &effect.closed),
                );
            }
        }
        Ok(())
    });
}

#[test]
fn order_of_events_is_irrelevant() {
    for_all(&Knobs::everything(), 100, |case| {
        let whole = Engine::new(case.cluster.clone(), case.dialect.clone());
        let cluster = case.cluster.clone();
        let mut objects: Vec<Object> = Vec::new();
        objects.extend(cluster.pods.into_iter().map(Object::Pod));
        objects.extend(cluster.opaque.into_iter().map(Object::Opaque));
        objects.extend(cluster.network_policies.into_iter().map(Object::NetworkPolicy));
        objects.extend(cluster.cluster_policies.into_iter().map(Object::ClusterPolicy));
        objects.extend(cluster.nodes.into_iter().map(Object::Node));
        objects.extend(cluster.namespaces.into_iter().map(Object::Namespace));
        case.rng().shuffle(&mut objects);
        let mut engine = Engine::new(Cluster::default(), case.dialect.clone());
        for object in objects {
            engine.apply(Change::Upsert(object));
        }
        for detail in [Detail::Workloads, Detail::Pods] {
            let found = entries(&engine.snapshot(), detail);
            ensure!(found == entries(&whole.snapshot(), detail), "{detail:?}");
        }
        Ok(())
    });
}

#[test]
fn diff_of_equal_is_empty() {
    for_all(&Knobs::everything(), 100, |case| {
        let snapshot = || Engine::new(case.cluster.clone(), case.dialect.clone()).snapshot();
        let found = diff(&snapshot(), &snapshot(), Detail::Pods);
        ensure!(found.opened.is_empty() && found.closed.is_empty(), "{found:#?}");
        Ok(())
    });
}

/// Applying what a diff says to the earlier map gives the later one.
#[test]
fn diff_composes() {
    let inside = |entries: Entries| -> BTreeMap<(Place, Place), Interval> {
        entries
            .into_iter()
            .filter(|e| !matches!((&e.0, &e.1), (Place::Outside(_), _) | (_, Place::Outside(_))))
            .map(|e| ((e.0, e.1), e.2))
            .collect()
    };
    for_all(&Knobs::everything(), 100, |case| {
        let mut last = Engine::new(case.cluster.clone(), case.dialect.clone()).snapshot();
        let mut map = inside(entries(&last, Detail::Workloads));
        for (_, now) in history(case, 5) {
            let next = Engine::new(now, case.dialect.clone()).snapshot();
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
                ensure!(found.certain.is_subset(&interval.certain), "{pair:?}");
                ensure!(interval.possible.is_subset(&found.possible), "{pair:?}");
            }
            map = truth;
            last = next;
        }
        Ok(())
    });
}
