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

/// The figures that exist so far; each later one is a row here and a line that
/// a bench target prints.
const PROMISES: &[Promise] = &[];

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
