//! Reads files as one input each and says what was in them and how fast:
//! `cargo run --release -p fallgate-manifest --example measure -- FILE…`.

#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::time::Instant;

use fallgate_manifest::{Input, InputKind, ReadOptions, read};

fn main() -> std::io::Result<()> {
    let mut texts = Vec::new();
    for path in std::env::args().skip(1) {
        texts.push((path.clone(), std::fs::read(path)?));
    }
    let inputs: Vec<Input<'_>> = texts
        .iter()
        .map(|(name, text)| Input { name: name.as_str().into(), text, kind: InputKind::File })
        .collect();
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    for threads in [1, 2] {
        let options = ReadOptions { threads: Some(threads), ..ReadOptions::default() };
        let mut best = f64::INFINITY;
        let runs = (200_000_000 / bytes.max(1)).clamp(3, 50);
        let mut spent = f64::INFINITY;
        for _ in 0..runs {
            let (start, before) = (Instant::now(), core_seconds());
            let reading = read(&inputs, &options);
            spent = spent.min(core_seconds() - before);
            best = best.min(start.elapsed().as_secs_f64());
            drop(reading);
        }
        let rate = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / best / 1e6;
        println!("{threads} threads: {bytes} bytes, {:.1} ms, {rate:.0} MB/s", best * 1e3);
        println!("  the first of them was on a core for {:.1} ms", spent * 1e3);
    }
    let reading = read(&inputs, &ReadOptions::default());
    println!("objects: {:?}\nignored: {:?}", reading.objects, reading.ignored);
    let cluster = &reading.cluster;
    println!(
        "pods: {}, policies: {}, cluster policies: {}, opaque: {}",
        cluster.pods.len(),
        cluster.network_policies.len(),
        cluster.cluster_policies.len(),
        cluster.opaque.len(),
    );
    for d in reading.diagnostics.iter().take(20) {
        let place = reading.sources.locate(d.origin);
        let object = d.object.as_ref().map(ToString::to_string).unwrap_or_default();
        println!(
            "{place}: {}[{}]: {} ({object}; {}; {})",
            d.severity.name(),
            d.id,
            d.message,
            d.field,
            d.help
        );
    }
    println!("{} diagnostics", reading.diagnostics.len());
    Ok(())
}

/// How long this thread has been on a core, where the system tells: unlike wall
/// time, it does not grow when others want the cores too.
fn core_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}
