//! A process may stop at any request: the next one goes on from what it finds.

use crate::case::{Case, Item, core};
use crate::runs::{all_cases, each, thorough};
use crate::world::run;

/// How long nobody runs after a crash.
const DOWN: u64 = 700;

#[test]
fn nothing_is_broken_where_nothing_happens() {
    for (name, case) in core() {
        let outcome = run(&case);
        assert_eq!(outcome.violations, [], "{name}: {:?}", outcome.ends);
    }
}

/// Crashes before and after every request that could change something, of the six
/// core scenarios; the short form has one of them. Between two writes there are
/// reads only, and a crash at one of them is a crash after what was written before:
/// with `FALLGATE_CASES=all` they are tried as well.
#[test]
fn a_crash_at_any_request_changes_nothing_but_the_time() {
    let mut cases: Vec<(&str, Case, Vec<String>)> = Vec::new();
    for (name, case) in core() {
        if !thorough() && name != "expire" {
            continue;
        }
        let calm = run(&case);
        let every: Vec<u64> = (0..calm.requests).collect();
        let indices = if all_cases() { every } else { calm.writes };
        assert!(!indices.is_empty(), "{name}");
        for index in indices {
            for after in [false, true] {
                let case = case.with([Item::Crash { index, after, down: DOWN }]);
                cases.push((name, case, calm.ends.clone()));
            }
        }
    }
    let broken: Vec<String> = each(&cases, |(name, case, ends)| {
        let outcome = run(case);
        let crash = case.items.last();
        if !outcome.violations.is_empty() || outcome.ends != *ends {
            return Some(format!("{name}, {crash:?}: {:?} {:?}", outcome.ends, outcome.violations));
        }
        None
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(broken.is_empty(), "{} of {}: {broken:#?}", broken.len(), cases.len());
}
