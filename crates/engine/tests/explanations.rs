//! Explanations and repairs say what the verdicts say.

#![cfg(test)]

#[path = "common/cases.rs"]
mod cases;

use std::sync::atomic::{AtomicUsize, Ordering};

use fallgate_engine::{Decision, End, Engine, Place, SideExplanation, Verdict};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::Knobs;

use cases::{Case, ensure, for_all};

fn says(side: &SideExplanation) -> bool {
    side.steps.last().is_some_and(|step| match side.verdict {
        Verdict::Allowed => step.decision == Decision::Allow,
        Verdict::Denied => step.decision == Decision::Deny,
        Verdict::Unknown => step.decision == Decision::Unknown,
    })
}

/// Ends of a snapshot: every pod, and some outside addresses.
fn ends(case: &Case<'_>, engine: &Engine) -> Vec<End> {
    let outside = oracle::interesting_addresses(case.cluster, case.dialect);
    let pods = engine.snapshot().pods().into_iter().map(End::Pod);
    pods.chain(outside.into_iter().take(3).map(End::Outside)).collect()
}

#[test]
fn explanations_agree_with_verdicts() {
    for_all(&Knobs::everything(), 80, |case| {
        let engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        let snapshot = engine.snapshot();
        let ports = oracle::interesting_ports(case.cluster);
        let ends = ends(case, &engine);
        let mut rng = case.rng();
        for from in &ends {
            for to in &ends {
                let some = rng.choose_multiple(&ports, if case.thorough { ports.len() } else { 2 });
                for port in some {
                    let explained = snapshot.explain(from, to, *port);
                    let verdict = snapshot.verdict(from, to, *port);
                    let what = format!("{from:?} -> {to:?} {port:?}");
                    ensure!(explained.verdict == verdict, "{what}: {verdict:?}");
                    for side in [&explained.egress, &explained.ingress] {
                        ensure!(says(side), "{what}: {side:#?}");
                    }
                    ensure!(!explained.reason.is_empty(), "{what}: no reason");
                }
            }
        }
        Ok(())
    });
}

/// Every repair admits its connection (the engine checks that itself) and never
/// closes anything.
#[test]
fn repairs_admit_and_close_nothing() {
    let repaired = AtomicUsize::new(0);
    for_all(&Knobs::everything(), 300, |case| {
        let engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        let snapshot = engine.snapshot();
        let ports = oracle::interesting_ports(case.cluster);
        let ends = ends(case, &engine);
        let mut rng = case.rng();
        for from in &ends {
            for to in &ends {
                let port = *rng.choice(&ports).expect("some are always interesting");
                let Ok(repair) = engine.repair(from, to, port) else { continue };
                repaired.fetch_add(1, Ordering::Relaxed);
                let verdict = snapshot.verdict(from, to, port);
                ensure!(verdict == Verdict::Denied, "{from:?} -> {to:?} {port:?}: {verdict:?}");
                ensure!(repair.effect.closed.is_empty(), "{repair:#?}");
                let workload = |end: &End| match end {
                    End::Pod(id) => snapshot.workloads().into_iter().find(|w| w.1.contains(id)),
                    _ => None,
                };
                let names = |end: &End, place: &Place| match place {
                    Place::Workload(w) => workload(end).is_some_and(|(found, _)| found == *w),
                    Place::Outside(set) => matches!(end, End::Outside(a) if set.contains(*a)),
                    Place::Node(_) => false,
                };
                let opened = &repair.effect.opened;
                // Another pod of a workload may have had the connection before.
                let several = |end: &End| workload(end).is_some_and(|(_, pods)| pods.len() > 1);
                ensure!(
                    several(from)
                        || several(to)
                        || opened.iter().any(|d| names(from, &d.from) && names(to, &d.to)),
                    "{from:?} -> {to:?} {port:?}: {repair:#?}"
                );
            }
        }
        Ok(())
    });
    assert!(repaired.into_inner() > 0, "nothing was repaired");
}
