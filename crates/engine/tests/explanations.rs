//! Explanations and repairs say what the verdicts say.

#![cfg(test)]

use fallgate_engine::{Decision, End, Engine, Place, SideExplanation, Verdict};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};

fn cases(usual: u64) -> u64 {
    std::env::var("FALLGATE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn says(side: &SideExplanation) -> bool {
    side.steps.last().is_some_and(|step| match side.verdict {
        Verdict::Allowed => step.decision == Decision::Allow,
        Verdict::Denied => step.decision == Decision::Deny,
        Verdict::Unknown => step.decision == Decision::Unknown,
    })
}

/// Ends of a snapshot: every pod, and some outside addresses.
fn ends(cluster: &fallgate_model::Cluster, engine: &Engine) -> Vec<End> {
    let snapshot = engine.snapshot();
    let outside = oracle::interesting_addresses(cluster, snapshot.dialect());
    let pods = snapshot.pods().into_iter().map(End::Pod);
    pods.chain(outside.into_iter().take(3).map(End::Outside)).collect()
}

#[test]
fn explanations_agree_with_verdicts() {
    for seed in 0..cases(80) {
        let cluster = generate::cluster(&Knobs::everything(), seed);
        let engine = Engine::new(cluster.clone(), generate::dialect(seed));
        let snapshot = engine.snapshot();
        let ports = oracle::interesting_ports(&cluster);
        let ends = ends(&cluster, &engine);
        for (at, from) in ends.iter().enumerate() {
            for (other, to) in ends.iter().enumerate() {
                let port = ports[(at * 7 + other * 3) % ports.len()];
                let explained = snapshot.explain(from, to, port);
                let verdict = snapshot.verdict(from, to, port);
                assert_eq!(explained.verdict, verdict, "seed {seed}: {from:?} -> {to:?} {port:?}");
                for side in [&explained.egress, &explained.ingress] {
                    assert!(says(side), "seed {seed}: {from:?} -> {to:?} {port:?}: {side:#?}");
                }
                assert!(!explained.reason.is_empty());
            }
        }
    }
}

/// Every repair admits its connection (the engine checks that itself) and never
/// closes anything.
#[test]
fn repairs_admit_and_close_nothing() {
    let mut repaired = 0;
    for seed in 0..cases(80) {
        let cluster = generate::cluster(&Knobs::known(), seed);
        let engine = Engine::new(cluster.clone(), generate::dialect(seed));
        let snapshot = engine.snapshot();
        let ports = oracle::interesting_ports(&cluster);
        let ends = ends(&cluster, &engine);
        for (at, from) in ends.iter().enumerate() {
            for (other, to) in ends.iter().enumerate() {
                let port = ports[(at * 5 + other) % ports.len()];
                let Some(repair) = engine.repair(from, to, port) else { continue };
                repaired += 1;
                assert_eq!(snapshot.verdict(from, to, port), Verdict::Denied);
                assert!(repair.effect.closed.is_empty(), "seed {seed}: {repair:#?}");
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
                assert!(
                    several(from)
                        || several(to)
                        || opened.iter().any(|d| names(from, &d.from) && names(to, &d.to)),
                    "seed {seed}: {from:?} -> {to:?} {port:?}: {repair:#?}"
                );
            }
        }
    }
    assert!(repaired > 50, "only {repaired} repairs");
}
