//! Runs the examples of `spec/*.md`.
//!
//! Every `## heading` of these files is a test. Its fenced blocks give a cluster
//! (`yaml`, `json`; those before the first heading belong to every section of
//! the file), how to read it (`options`) and what is expected: `diagnostics` of
//! the block above, `questions`, whole `map`s, `services` and `exposure`. Blocks
//! of `text` are for the reader alone.
//!
//! The engine answers, and the oracle must agree, also on the ports and
//! addresses that nobody asked about. What each block may say stands in
//! `spec/README.md`.

mod ask;
mod document;
mod pages;
mod show;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::document::File;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = files().iter().flat_map(trials_of).chain(pages::trials()).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The checkout. Asked at run time: a build directory may be shared between
/// checkouts.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    package.parent().map(Path::to_owned).unwrap_or_default()
}

/// The names of the files with examples, sorted.
fn files() -> Vec<String> {
    let entries = fs::read_dir(root().join("spec")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md") && name != "README.md")
        .map(|name| format!("spec/{name}"))
        .collect();
    names.sort();
    names
}

fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))
}

fn trials_of(name: &String) -> Vec<Trial> {
    let file = match read(name).and_then(|text| File::parse(name, &text)) {
        Ok(file) => std::sync::Arc::new(file),
        Err(error) => return vec![Trial::test(name.clone(), move || Err(Failed::from(error)))],
    };
    (0..file.sections.len())
        .map(|at| {
            let file = file.clone();
            Trial::test(format!("{name}: {}", file.sections[at].heading), move || {
                let failures = ask::section(&file, &file.sections[at]);
                if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
            })
        })
        .collect()
}
