//! Benchmarks: each prints what it measures, and the figures that have a target
//! are shown beside it at the end.

use anyhow::Result;

use crate::checkout::Checkout;
use crate::process::{cargo, read};

/// A figure that we promise, as a bench target prints it in a line of the form
/// `figure: NAME = VALUE UNIT`.
struct Promise {
    name: &'static str,
    target: &'static str,
}

/// The figures that have a target; each later one is a row here and a line that
/// a bench target prints. Targets are for two quiet cores.
const PROMISES: &[Promise] = &[
    promise("antrea, 100k pods, 75k policies: build", "<= 1000 ms"),
    promise("antrea: memory of the engine with its cluster", "<= 600 MiB"),
    promise("antrea: point query", "< 5 us"),
    promise("antrea: policy edit with its exact effect, p99", "< 1000 us"),
    promise("antrea: pod event, p99", "< 100 us"),
    promise("openshift, 240 namespaces: build", "<= 200 ms"),
    promise("openshift, 50 pods, 500 CIDRs: build and whole map", "<= 20 ms"),
    promise("map -f, tiers, 1000 workloads", "<= 32 ms"),
    promise("map -f, tiers, 10000 workloads", "< 1000 ms"),
    promise("map -f, tiers: growth exponent, 1000 to 2000", "<= 1.2"),
    promise("map -f, cnp against tiers, 1000 workloads", "<= 1.5 x"),
    promise("map -f, openshift, 50 pods", "<= 20 ms"),
    promise("can -f, four files", "< 10 ms"),
    promise("read YAML, all cores", ">= 60 MB/s"),
    promise("read JSON lists of pods, all cores", ">= 500 MB/s"),
];

const fn promise(name: &'static str, target: &'static str) -> Promise {
    Promise { name, target }
}

/// Runs every bench target of the workspace and prints the table of figures.
pub(crate) fn bench(checkout: &Checkout) -> Result<()> {
    let targets = checkout.targets("bench");
    if targets.is_empty() {
        println!("the workspace has no bench target yet");
        return Ok(());
    }
    let mut figures = Vec::new();
    for target in &targets {
        eprintln!("== {} of {}", target.name, target.package);
        let output = read(cargo(checkout).args([
            "bench",
            "--quiet",
            "--package",
            &target.package,
            "--bench",
            &target.name,
        ]))?;
        print!("{output}");
        figures.extend(output.lines().filter_map(figure));
    }

    println!("\n{:<44} {:>18}  target", "figure", "measured");
    for (name, value) in &figures {
        let target = PROMISES.iter().find(|promise| promise.name == name);
        println!("{name:<44} {value:>18}  {}", target.map_or("-", |promise| promise.target));
    }
    for promise in PROMISES {
        if !figures.iter().any(|(name, _)| name == promise.name) {
            println!("{:<44} {:>18}  {}", promise.name, "<not measured>", promise.target);
        }
    }
    Ok(())
}

/// Reads `figure: NAME = VALUE UNIT`.
fn figure(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("figure: ")?.split_once(" = ")?;
    Some((name.to_owned(), value.to_owned()))
}
