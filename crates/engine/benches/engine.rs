//! The engine's rows of the promised figures, on the generated cluster shapes.
//!
//! Times are the best of several runs, because the machine is shared; quantiles
//! are over many different changes. `figure:` lines are read by `cargo xtask
//! bench`, which puts the targets beside them.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use fallgate_engine::{Detail, End, Engine, Snapshot};
use fallgate_model::{Change, Cluster, Dialect, Protocol};
use fallgate_oracle::shape;

fn main() {
    let filter: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| filter.is_empty() || filter.iter().any(|f| name.contains(f.as_str()));
    if wanted("openshift") {
        openshift();
    }
    if wanted("tiers") {
        tiers();
    }
    if wanted("cnp") {
        cnp();
    }
    if wanted("antrea") {
        antrea();
    }
}

fn figure(name: &str, value: impl std::fmt::Display, unit: &str) {
    println!("figure: {name} = {value} {unit}");
}

fn ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

fn us(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e6)
}

/// The best of several runs.
fn best<T>(runs: usize, mut work: impl FnMut() -> T) -> (T, Duration) {
    let mut best: Option<(T, Duration)> = None;
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        let result = black_box(work());
        let took = start.elapsed();
        if best.as_ref().is_none_or(|(_, least)| took < *least) {
            best = Some((result, took));
        }
    }
    match best {
        Some(found) => found,
        None => (work(), Duration::ZERO),
    }
}

fn build(cluster: &Cluster, runs: usize) -> (Engine, Duration) {
    let mut copies: Vec<Cluster> = (0..runs).map(|_| cluster.clone()).collect();
    best(runs, || Engine::new(copies.pop().unwrap_or_default(), Dialect::default()))
}

fn count(snapshot: &Snapshot) -> usize {
    let mut entries = 0;
    snapshot.map(Detail::Workloads, &mut |entry| {
        black_box(entry);
        entries += 1;
        ControlFlow::Continue(())
    });
    entries
}

fn map(name: &str, cluster: &Cluster, runs: usize) -> Duration {
    let mut copies: Vec<Cluster> = (0..runs).map(|_| cluster.clone()).collect();
    phases(cluster, runs);
    let (entries, took) = best(runs, || {
        let engine = Engine::new(copies.pop().unwrap_or_default(), Dialect::default());
        count(&engine.snapshot())
    });
    figure(&format!("{name}: build and whole map"), ms(took), "ms");
    println!("  {entries} entries");
    took
}

/// How long each phase of a map takes.
fn phases(cluster: &Cluster, runs: usize) {
    let (engine, building) = build(cluster, runs);
    let (_, classes) = best(runs, || {
        let engine = engine.clone();
        engine.snapshot().map(Detail::Workloads, &mut |_| ControlFlow::Break(()));
    });
    let snapshot = engine.snapshot();
    let (_, walking) = best(runs, || count(&snapshot));
    println!("  build {} ms, classes {} ms, walk {} ms", ms(building), ms(classes), ms(walking));
}

fn openshift() {
    let small = shape::openshift(5);
    map("openshift, 50 pods, 500 CIDRs", &small, 5);
    let cluster = shape::openshift(240);
    let (_, took) = build(&cluster, 3);
    figure("openshift, 240 namespaces: build", ms(took), "ms");
    map("openshift, 240 namespaces", &cluster, 1);
}

fn tiers() {
    let mut times = Vec::new();
    for (workloads, namespaces, runs) in [(1_000, 50, 7), (2_000, 100, 5), (10_000, 200, 3)] {
        let cluster = shape::tiers(workloads, namespaces, 10, false);
        let took = map(&format!("tiers, {workloads} workloads"), &cluster, runs);
        times.push((workloads as f64, took.as_secs_f64()));
    }
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        let growth = (last.1 / first.1).ln() / (last.0 / first.0).ln();
        figure("tiers: growth exponent of the whole map", format!("{growth:.2}"), "");
    }
}

fn cnp() {
    let without = map("tiers again, 1000 workloads", &shape::tiers(1_000, 50, 10, false), 7);
    let with = map("cnp, 1000 workloads", &shape::cnp(1_000, 50, 10, false), 7);
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    figure("cnp: ratio to the same without", format!("{ratio:.2}"), "x");
}

fn quantile(times: &mut [Duration], q: f64) -> Duration {
    times.sort_unstable();
    let at = ((times.len().saturating_sub(1)) as f64 * q) as usize;
    times.get(at).copied().unwrap_or_default()
}

fn antrea() {
    let cluster = shape::antrea(25_000);
    let before = memory();
    let (engine, took) = build(&cluster, 2);
    figure("antrea, 100k pods, 75k policies: build", ms(took), "ms");
    // One copy of the cluster is the engine's own; `cluster` is ours.
    figure("antrea: memory of the engine with its cluster", memory().saturating_sub(before), "MiB");

    let snapshot = engine.snapshot();
    let pods = snapshot.pods();
    let mut rng = fastrand::Rng::with_seed(7);
    let queries: Vec<(End, End)> = (0..20_000)
        .map(|_| {
            let at = rng.usize(0..pods.len());
            let near = (at ^ rng.usize(0..4)).min(pods.len() - 1);
            (End::Pod(pods[at]), End::Pod(pods[near]))
        })
        .collect();
    let port = Some((Protocol::Tcp, 80));
    let (_, took) = best(5, || {
        for (from, to) in &queries {
            black_box(snapshot.verdict(from, to, port));
        }
    });
    figure("antrea: point query", us(took / 20_000), "us");

    // Each change is made three times, each time of the cluster as it was, and
    // the best time counts: the machine's other work is not the engine's.
    let edits = shape::policy_edits(&cluster, 2_000, 11);
    let mut changed = 0;
    let mut times = repeated(&engine, &edits, |engine, edit| {
        let applied = engine.apply(edit);
        let effect = applied.effect(Detail::Workloads);
        changed += effect.opened.len() + effect.closed.len();
    });
    figure("antrea: policy edit with its exact effect, p50", us(quantile(&mut times, 0.5)), "us");
    figure("antrea: policy edit with its exact effect, p99", us(quantile(&mut times, 0.99)), "us");
    println!("  {} entries opened or closed", changed / 3);

    let events = shape::pod_events(&cluster, 5_000, 13);
    let mut times = repeated(&engine, &events, |engine, event| {
        black_box(engine.apply(event));
    });
    figure("antrea: pod event, p50", us(quantile(&mut times, 0.5)), "us");
    figure("antrea: pod event, p99", us(quantile(&mut times, 0.99)), "us");

    let (entries, took) = best(1, || count(&engine.snapshot()));
    figure("antrea: whole map", ms(took), "ms");
    println!("  {entries} entries");
    figure("antrea: memory with the whole map", memory().saturating_sub(before), "MiB");
}

/// The best of three times for each change.
fn repeated(
    engine: &Engine,
    changes: &[Change],
    mut work: impl FnMut(&mut Engine, Change),
) -> Vec<Duration> {
    let mut times = vec![Duration::MAX; changes.len()];
    for _ in 0..3 {
        let mut engine = engine.clone();
        for (change, least) in changes.iter().zip(&mut times) {
            let change = change.clone();
            let start = Instant::now();
            work(&mut engine, change);
            *least = start.elapsed().min(*least);
        }
    }
    times
}

/// Resident memory in MiB, where the system tells.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * 4096 / (1 << 20)
}
