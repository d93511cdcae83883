//! What holds for every repair.

use fallgate_engine::{EditedObject, End, Engine, Port, Repair, Verdict};
use fallgate_model::{Change, ClusterPolicy, Key, NetworkPolicy, Object, Selector};
use fallgate_oracle::generate::Knobs;

use crate::cases::{Case, Outcome, ensure, for_all};
use crate::world::{Count, World, certainly, deleted, possibly, same_maps};

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

fn upserted(object: &EditedObject) -> Change {
    Change::Upsert(match object {
        EditedObject::NetworkPolicy(policy) => Object::NetworkPolicy(policy.clone()),
        EditedObject::ClusterPolicy(policy) => Object::ClusterPolicy(policy.clone()),
    })
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
            if let Ok(repair) = world.engine.repair(&from, &to, port) {
                let why = check(&world.engine, (&from, &to, port), &repair);
                why.map_err(|why| format!("{from:?} -> {to:?} {port:?}: {why}"))?;
            }
        }
    }
    Ok(())
}
