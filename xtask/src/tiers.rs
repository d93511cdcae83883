//! The test tiers and the table that a run ends with.
//!
//! A tier that cannot run where it is says so and why. It is counted as skipped,
//! which a run that requires every tier counts as a failure: a check that
//! silently does not happen is worse than one that fails.

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::checkout::Checkout;
use crate::process::{cargo, command, exists, read, read_any, run};
use crate::{fuzz, generate, tools};

/// One tier.
struct Tier {
    name: &'static str,
    /// What it checks, for `--list`.
    about: &'static str,
    /// Whether a run that requires every tier requires this one.
    required: bool,
    /// Fails when the check does.
    run: fn(&Run<'_>) -> Result<Outcome>,
}

/// How a tier ended that did not fail.
enum Outcome {
    Passed,
    /// It could not run, for this reason.
    Skipped(String),
}

/// What a tier may know.
struct Run<'a> {
    checkout: &'a Checkout,
    /// True where every tier must run: there is time for the long form.
    thorough: bool,
}

/// Every tier, in the order they run: what fails fast comes first.
const TIERS: &[Tier] = &[
    Tier { name: "format", about: "rustfmt has nothing to change", required: true, run: format },
    Tier { name: "lint", about: "clippy, every warning an error", required: true, run: lint },
    Tier { name: "docs", about: "rustdoc, every warning an error", required: true, run: docs },
    Tier {
        name: "deny",
        about: "licences, banned crates and sources of the dependencies",
        required: true,
        run: deny,
    },
    Tier {
        name: "advisories",
        about: "no dependency has a known vulnerability; needs the advisory database",
        // The one thing a checkout cannot bring along is today's database.
        required: false,
        run: advisories,
    },
    Tier {
        name: "generated",
        about: "generated files are what the code generates",
        required: true,
        run: generated,
    },
    Tier {
        name: "unit",
        about: "unit tests, property tests, golden outputs, documentation examples",
        required: true,
        run: unit,
    },
    Tier {
        name: "spec",
        about: "the literate tests of spec/*.md",
        required: true,
        run: |run| named_tests(run, "spec", &[]),
    },
    Tier {
        name: "differential",
        about: "engine against oracle on many more generated clusters",
        required: true,
        run: |run| named_tests(run, "differential", &[("FALLGATE_CASES", "4000")]),
    },
    Tier {
        name: "fuzz",
        about: "every fuzz target on the same thousands of inputs, from the committed corpus",
        required: true,
        run: fuzz_each,
    },
    Tier {
        name: "kubectl",
        about: "real kubectl against the simulated API server; needs kubectl, or KUBECTL",
        // It comes from outside; the same server is tested through our own client.
        required: false,
        run: kubectl,
    },
    Tier {
        name: "package",
        about: "the commands of README.md in a fresh clone",
        required: true,
        run: package,
    },
];

/// Which tiers to run, and how strictly.
pub(crate) struct Selection {
    /// Names of tiers; all of them when empty.
    pub(crate) names: Vec<String>,
    /// Whether a tier that cannot run is a failure.
    pub(crate) require_all: bool,
}

/// Prints the tiers with what they check.
pub(crate) fn list() {
    for tier in TIERS {
        println!("{:<14}{}", tier.name, tier.about);
    }
}

/// Runs the selected tiers, each whatever became of the others, and ends with
/// the table and the counts alone on a line.
pub(crate) fn test(checkout: &Checkout, selection: &Selection) -> Result<ExitCode> {
    if let Some(unknown) = selection.names.iter().find(|n| !TIERS.iter().any(|t| t.name == **n)) {
        bail!("no tier `{unknown}`; `cargo xtask test --list` lists them");
    }
    let chosen = |tier: &&Tier| {
        selection.names.is_empty() || selection.names.iter().any(|name| name == tier.name)
    };
    let run = Run { checkout, thorough: selection.require_all };
    let mut rows = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for tier in TIERS.iter().filter(chosen) {
        eprintln!("\n== {}: {}", tier.name, tier.about);
        let start = Instant::now();
        let (result, why) = match (tier.run)(&run) {
            Ok(Outcome::Passed) => ("passed", String::new()),
            Ok(Outcome::Skipped(why)) if selection.require_all && tier.required => {
                ("failed", format!("required, but could not run: {why}"))
            }
            Ok(Outcome::Skipped(why)) => ("skipped", why),
            Err(error) => ("failed", format!("{error:#}")),
        };
        *match result {
            "passed" => &mut passed,
            "failed" => &mut failed,
            _ => &mut skipped,
        } += 1;
        if !why.is_empty() {
            eprintln!("== {} {}: {why}", tier.name, result.to_uppercase());
        }
        rows.push((tier.name, result, start.elapsed(), why));
    }

    println!("\n{:<14} {:<8} {:>8}", "tier", "result", "seconds");
    for (name, result, took, why) in rows {
        // The whole reason stands above, where the tier ran.
        let why: String = why.lines().next().unwrap_or_default().chars().take(80).collect();
        let row = format!("{name:<14} {result:<8} {:>8.1}  {why}", took.as_secs_f64());
        println!("{}", row.trim_end());
    }
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn format(on: &Run<'_>) -> Result<Outcome> {
    run(cargo(on.checkout).args(["fmt", "--all", "--check"]))?;
    run(cargo(on.checkout).args(["fmt", "--check", "--manifest-path", fuzz::MANIFEST]))?;
    Ok(Outcome::Passed)
}

fn lint(on: &Run<'_>) -> Result<Outcome> {
    let mut clippy = cargo(on.checkout);
    run(clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-Dwarnings",
    ]))?;
    Ok(Outcome::Passed)
}

fn docs(on: &Run<'_>) -> Result<Outcome> {
    let mut doc = cargo(on.checkout);
    run(doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings"))?;
    Ok(Outcome::Passed)
}

fn deny(on: &Run<'_>) -> Result<Outcome> {
    let program = tools::CARGO_DENY.install(on.checkout)?;
    run(command(on.checkout, program).args(["check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::Passed)
}

fn advisories(on: &Run<'_>) -> Result<Outcome> {
    let program = tools::CARGO_DENY.install(on.checkout)?;
    if run(command(on.checkout, &program).args(["fetch", "db"])).is_err() {
        return Ok(Outcome::Skipped("the advisory database cannot be fetched here".to_owned()));
    }
    run(command(on.checkout, program).args(["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

fn generated(on: &Run<'_>) -> Result<Outcome> {
    if let Some(package) = generate::missing(on.checkout) {
        return Ok(Outcome::Skipped(format!("the workspace has no package {package}")));
    }
    generate::check(on.checkout)?;
    Ok(Outcome::Passed)
}

fn unit(on: &Run<'_>) -> Result<Outcome> {
    run(cargo(on.checkout).args(["test", "--workspace", "--no-fail-fast"]))?;
    Ok(Outcome::Passed)
}

/// Runs every test target of one name, with variables that it understands.
fn named_tests(on: &Run<'_>, name: &str, variables: &[(&str, &str)]) -> Result<Outcome> {
    let targets = on.checkout.targets("test");
    if !targets.iter().any(|target| target.name == name) {
        return Ok(Outcome::Skipped(format!("no crate has a test target `{name}`")));
    }
    let mut test = cargo(on.checkout);
    test.args(["test", "--workspace", "--no-fail-fast", "--test", name]);
    for (variable, value) in variables {
        // Whoever sets it wants more, or fewer.
        if std::env::var_os(variable).is_none() {
            test.env(variable, value);
        }
    }
    run(&mut test)?;
    Ok(Outcome::Passed)
}

fn fuzz_each(on: &Run<'_>) -> Result<Outcome> {
    // libFuzzer itself is C++ and comes as source.
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if !exists(&compiler) {
        return Ok(Outcome::Skipped(
            "libFuzzer needs a C++ compiler, and there is none".to_owned(),
        ));
    }
    let inputs = if on.thorough { 20_000 } else { 4_000 };
    fuzz::fuzz(on.checkout, fuzz::Extent::Inputs(inputs), &[])?;
    Ok(Outcome::Passed)
}

fn kubectl(on: &Run<'_>) -> Result<Outcome> {
    let program = std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
    if !exists(&program) {
        let program = program.display();
        return Ok(Outcome::Skipped(format!("no program `{program}`; install it or set KUBECTL")));
    }
    let tests = ["test", "--package", "fallgate-sim", "--features", "kubectl", "--test", "kubectl"];
    run(cargo(on.checkout).args(tests))?;
    Ok(Outcome::Passed)
}

/// The commands that README.md opens with.
const README_COMMANDS: [&str; 3] = [
    "cargo run --release -- demo --script",
    "cargo run --release -- map -f examples/shop",
    "cargo xtask test",
];

/// Does what a newcomer does. The last command would be this run once more,
/// so of it only the list of tiers is asked for.
fn package(on: &Run<'_>) -> Result<Outcome> {
    let readme = fs::read_to_string(on.checkout.root.join("README.md")).context("README.md")?;
    for wanted in README_COMMANDS {
        ensure!(
            readme.lines().any(|line| line.trim() == wanted),
            "README.md does not name the command `{wanted}`"
        );
    }
    if !exists("git") {
        return Ok(Outcome::Skipped("a fresh clone needs git, and there is none".to_owned()));
    }
    if !on.checkout.root.join(".git").exists() {
        return Ok(Outcome::Skipped("this is no git checkout".to_owned()));
    }
    if !on.checkout.has_package("fallgate-cli") {
        return Ok(Outcome::Skipped("the workspace has no package fallgate-cli".to_owned()));
    }
    if !read(command(on.checkout, "git").args(["status", "--porcelain"]))?.is_empty() {
        eprintln!("note: the clone lacks what is not committed yet");
    }

    let directory = on.checkout.target.join("package");
    let clone = directory.join("clone");
    if clone.exists() {
        fs::remove_dir_all(&clone)?;
    }
    fs::create_dir_all(&directory)?;
    run(command(on.checkout, "git").args(["clone", "--quiet", "."]).arg(&clone))?;
    let in_clone = |line: &str, more: &[&str]| {
        let mut cargo = cargo(on.checkout);
        cargo.args(line.split_whitespace().skip(1)).args(more).current_dir(&clone);
        cargo.env("CARGO_TARGET_DIR", directory.join("target"));
        cargo
    };
    let [demo, map, test] = README_COMMANDS;
    let output = read(&mut in_clone(demo, &[]))?;
    ensure!(output.contains("and each holds"), "`{demo}` told no story:\n{output}");
    // Who serves the Ingress of the example is not in it: the map is printed, and is incomplete.
    let output = read_any(&mut in_clone(map, &[]), &[0, 3])?;
    for endpoint in ["shop/web", "shop/api", "shop/db"] {
        ensure!(output.contains(endpoint), "`{map}` printed a map without {endpoint}:\n{output}");
    }
    let output = read(&mut in_clone(test, &["--list"]))?;
    ensure!(output.starts_with("format "), "`{test} --list` printed no list of tiers:\n{output}");
    fs::remove_dir_all(&clone)?;
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_has_a_name_of_its_own() {
        let mut names: Vec<_> = TIERS.iter().map(|tier| tier.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TIERS.len());
    }
}
