//! Fuzzing with libFuzzer on the stable toolchain.
//!
//! `fuzz/` has the layout of cargo-fuzz, which is not needed: the coverage that
//! libFuzzer is guided by comes from an LLVM pass that stable flags switch on.
//! What they cannot switch on are sanitizers, and those look for what `unsafe`
//! code does, which this workspace forbids.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::process::{cargo, command, read, run};

/// The manifest of the fuzz targets, a workspace of its own: its dependencies
/// and flags are no part of a usual build.
pub(crate) const MANIFEST: &str = "fuzz/Cargo.toml";

/// Edge counters, the table that maps them to code, and traced comparisons.
const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Every target: the stems of `fuzz/fuzz_targets/*.rs`, sorted.
pub(crate) fn targets(checkout: &Checkout) -> Result<Vec<String>> {
    let directory = checkout.root.join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// How long each target runs.
#[derive(Clone, Copy)]
pub(crate) enum Extent {
    /// This many inputs, the same ones each time: a commit passes everywhere or
    /// nowhere.
    Inputs(u64),
    /// This long, with new inputs each time, which are kept for the next.
    Time(Duration),
}

/// Builds the targets and runs each, starting from the committed corpus. Stops
/// at the first that finds something.
pub(crate) fn fuzz(checkout: &Checkout, extent: Extent, only: &[String]) -> Result<()> {
    let all = targets(checkout)?;
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        bail!("no fuzz target `{unknown}`; there are {}", all.join(", "));
    }
    let chosen = if only.is_empty() { &all } else { only };

    let host = host(checkout)?;
    let build = checkout.target.join("fuzz");
    run(cargo(checkout)
        .args(["build", "--release", "--bins", "--manifest-path", MANIFEST])
        // A named target keeps the flags off build scripts and macros.
        .args(["--target", &host])
        .arg("--target-dir")
        .arg(&build)
        .env("RUSTFLAGS", COVERAGE.join(" ")))?;

    for name in chosen {
        let mut found = checkout.target.join("fuzz-corpus").join(name);
        let crashes = checkout.target.join("fuzz-crashes").join(name);
        let mut fuzzer = command(checkout, build.join(&host).join("release").join(name));
        match extent {
            Extent::Inputs(count) => {
                // What an earlier run found would make this one another run.
                found.push("same");
                if found.exists() {
                    fs::remove_dir_all(&found)?;
                }
                fuzzer.args(["-seed=1".to_owned(), format!("-runs={count}")]);
            }
            Extent::Time(time) => {
                found.push("kept");
                fuzzer.arg(format!("-max_total_time={}", time.as_secs()));
            }
        }
        fs::create_dir_all(&found)?;
        fs::create_dir_all(&crashes)?;
        fuzzer
            .args(["-timeout=10", "-rss_limit_mb=4096", "-verbosity=0", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            // What it finds goes to the first directory; the others are only
            // read.
            .arg(&found);
        let corpus = checkout.root.join("fuzz/corpus").join(name);
        if corpus.is_dir() {
            fuzzer.arg(corpus);
        }
        run(&mut fuzzer).with_context(|| {
            format!(
                "fuzz target `{name}` found an input that fails, in {}; \
                 once mended, commit it to fuzz/corpus/{name}",
                crashes.display()
            )
        })?;
    }
    Ok(())
}

/// The triple of the machine that builds.
fn host(checkout: &Checkout) -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = read(command(checkout, rustc).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}
