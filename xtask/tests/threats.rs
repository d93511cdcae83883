//! docs/THREATS.md: every way around is in it, and every test that it names exists.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows of each part.
const PARTS: [(char, usize); 4] = [('A', 6), ('B', 11), ('C', 14), ('D', 11)];

fn root() -> PathBuf {
    // Asked at run time: a build directory may be shared between checkouts.
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    manifest.parent().unwrap().to_owned()
}

/// The names of all tests below a directory.
fn tests(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                    names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
                    is_test = false;
                }
            }
        }
    }
}

/// The cells of every row.
fn rows() -> Vec<[String; 5]> {
    let page = fs::read_to_string(root().join("docs/THREATS.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    page.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| row |"))
        .map(|line| cells(line).try_into().unwrap_or_else(|_| panic!("not five cells: {line}")))
        .collect()
}

#[test]
fn every_way_around_has_its_row() {
    let expected: Vec<String> = PARTS
        .into_iter()
        .flat_map(|(part, count)| (1..=count).map(move |row| format!("{part}{row}")))
        .collect();
    let found: Vec<String> = rows().into_iter().map(|[row, ..]| row).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_row_names_tests_that_exist_or_says_why_not() {
    let mut known = BTreeSet::new();
    let crates = fs::read_dir(root().join("crates")).unwrap();
    for package in crates.map(|entry| entry.unwrap().path()) {
        for directory in ["src", "tests"].map(|name| package.join(name)) {
            if directory.is_dir() {
                tests(&directory, &mut known);
            }
        }
    }
    for [row, _, held, named, left] in rows() {
        let names: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            assert_eq!(held, "–", "{row} says what holds it, and names no test");
            assert!(left.len() > 10, "{row} is not held, and does not say why");
        }
        for name in names {
            assert!(known.contains(name), "{row}: there is no test `{name}`");
        }
    }
}
