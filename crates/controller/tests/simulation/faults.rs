//! Every kind of fault at every request.

use std::collections::BTreeSet;

use fallgate_sim::fault::Kind;

use crate::case::{Case, Item, core};
use crate::runs::{all_cases, each, number, thorough};
use crate::world::{Outcome, run};

/// Whether a run kept all promises. How it ended is another matter: a request
/// that the server refuses for ever fails, and its end says so.
fn kept(name: &str, case: &Case, outcome: &Outcome) -> Option<String> {
    let faults = case.items.iter().filter(|item| matches!(item, Item::Fault(..)));
    let faults: Vec<&Item> = faults.collect();
    (!outcome.violations.is_empty())
        .then(|| format!("{name}, {faults:?}: {:?} {:#?}", outcome.ends, outcome.violations))
}

fn hold(cases: &[(String, Case)]) {
    let outcomes = each(cases, |(name, case)| {
        let outcome = run(case);
        (kept(name, case, &outcome), outcome.faults, outcome.seconds)
    });
    let met = outcomes.iter().filter(|(_, met, _)| *met > 0).count();
    let seconds: i64 = outcomes.iter().map(|(.., seconds)| seconds).sum();
    eprintln!("{} runs, {met} of them disturbed, {seconds} s of virtual time", cases.len());
    let broken: Vec<String> = outcomes.into_iter().filter_map(|(broken, ..)| broken).collect();
    assert!(broken.is_empty(), "{} of {}: {}", broken.len(), cases.len(), broken.join("\n"));
    assert!(met * 10 >= cases.len() * 9, "{met} of {} met anything", cases.len());
}

/// The requests at which a scenario is disturbed: those that write, and of those
/// that read so many, evenly; all of them where `FALLGATE_CASES` is `all`.
fn places(case: &Case, writes: usize, reads: usize) -> BTreeSet<u64> {
    let calm = run(case);
    if all_cases() {
        return (0..calm.requests).collect();
    }
    let some = |all: &[u64], count: usize| -> Vec<u64> {
        let step = (all.len() / count.max(1)).max(1);
        all.iter().copied().step_by(step).take(count).collect()
    };
    let every: Vec<u64> = (0..calm.requests).collect();
    some(&calm.writes, writes).into_iter().chain(some(&every, reads)).collect()
}

/// Kinds that befall watches have a run of their own, in which there are some.
fn of_watches(kind: Kind) -> bool {
    kind.applies("watch") && !kind.applies("get")
}

/// Each kind of fault at some places of the six core scenarios, or at every one
/// where `FALLGATE_CASES` is `all`; the short form has one scenario.
#[test]
fn no_single_fault_breaks_a_promise() {
    let (writes, reads) = if thorough() { (3, 1) } else { (2, 1) };
    let mut cases = Vec::new();
    for (name, case) in core() {
        if !thorough() && name != "expire" {
            continue;
        }
        for place in places(&case, writes, reads) {
            for kind in Kind::ALL.into_iter().filter(|kind| !of_watches(*kind)) {
                let fault = Item::Fault(place, kind, place);
                // What cannot befall this request befalls a later one, and with
                // that is the fault of another case.
                cases.push((name.to_owned(), case.with([fault])));
            }
        }
        let watching = Case { watches: true, ..case.clone() };
        for kind in Kind::ALL.into_iter().filter(|kind| of_watches(*kind)) {
            for place in 0..if thorough() { 3 } else { 1 } {
                cases.push((
                    format!("{name}, watching"),
                    watching.with([Item::Fault(place, kind, place)]),
                ));
            }
        }
    }
    hold(&cases);
}

/// Two faults: at two places of the scenarios, of two kinds. Which ones, a seed
/// says; `FALLGATE_PAIRS` is how many.
#[test]
fn no_two_faults_break_a_promise() {
    let count = number("FALLGATE_PAIRS").unwrap_or(if thorough() { 200 } else { 20 });
    let all: Vec<_> = core().into_iter().map(|(name, case)| (name, run(&case), case)).collect();
    let mut random = fastrand::Rng::with_seed(20);
    let mut cases = Vec::new();
    for _ in 0..count {
        let (name, calm, case) = random.choice(&all).unwrap();
        let mut fault = || {
            let kind = *random.choice(&Kind::ALL[..]).unwrap();
            // Half of them where something is written; watches begin at the start.
            let at = match random.bool() {
                _ if of_watches(kind) => random.u64(0..12),
                true => *random.choice(&calm.writes).unwrap(),
                false => random.u64(0..calm.requests),
            };
            Item::Fault(at, kind, random.u64(..))
        };
        let pair = [fault(), fault()];
        let watches =
            pair.iter().any(|f| matches!(f, Item::Fault(_, kind, _) if of_watches(*kind)));
        cases.push(((*name).to_owned(), Case { watches, ..case.with(pair) }));
    }
    hold(&cases);
}
