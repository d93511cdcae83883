//! People, faults, crashes, pauses and clocks by the throw of a die.

use std::time::Duration;

use fallgate_sim::Controller as Part;
use fallgate_sim::fault::Kind;

use crate::case::{Act, Case, Item, Person, ask, decide, until};
use crate::judge::Violation;
use crate::runs::{each, number};
use crate::world::{Outcome, run};

/// A run that follows from a seed, and from nothing else.
fn case(seed: u64) -> Case {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
    let latency = *random.choice(&[0, 0, 20, 200]).unwrap();
    let mut case = Case {
        seed,
        processes: if random.u8(0..3) == 0 { 2 } else { 1 },
        watches: random.u8(0..4) == 0,
        latency: Duration::from_millis(latency),
        two_ends: random.u8(0..4) == 0,
        items: Vec::new(),
    };
    let seconds = *random.choice(&[20, 45, 90, 600]).unwrap();
    let mut acts = vec![ask(1, seconds), until(1, "PendingApproval")];
    if random.u8(0..6) == 0 {
        acts.push(decide(
            1,
            *random.choice(&[Person::Alice, Person::Mallory]).unwrap(),
            "Approved",
        ));
    }
    let narrowed = (random.u8(0..5) == 0).then_some(15);
    acts.push(Act::Decide { request: 1, by: Person::Bob, verdict: "Approved", seconds: narrowed });
    if random.u8(0..4) > 0 {
        acts.push(until(1, "Active"));
    }
    for _ in 0..random.u8(1..5) {
        act(&mut random, &mut acts);
    }
    case.items = acts.into_iter().map(Item::Act).collect();
    for _ in 0..random.u8(0..9) {
        let kind = *random.choice(&Kind::ALL[..]).unwrap();
        case.items.push(Item::Fault(random.u64(0..500), kind, random.u64(..)));
    }
    for _ in 0..random.u8(0..4).saturating_sub(1) {
        let (index, after) = (random.u64(0..500), random.bool());
        let down = *random.choice(&[0, 300, 2000, 12_000]).unwrap();
        case.items.push(Item::Crash { index, after, down });
    }
    case
}

/// One thing more that somebody does.
fn act(random: &mut fastrand::Rng, acts: &mut Vec<Act>) {
    let process = random.usize(0..2);
    match random.u8(0..20) {
        0 => acts.push(decide(1, Person::Alice, "Revoked")),
        1 => acts.push(decide(1, Person::Alice, "Withdrawn")),
        2 => acts.push(decide(1, Person::Dan, "Denied")),
        3 => acts.extend([Act::Lock, Act::Wait { seconds: 20 }, Act::Unlock]),
        4 => acts.push(Act::ChangePolicy),
        5 => acts.push(Act::Intruder),
        6 => acts.push(Act::DeletePolicies),
        7 => acts.push(Act::DeleteSwitches),
        8 => acts.push(Act::DeleteGrant(1)),
        9 => acts.push(Act::CloseEverything),
        10 => acts.extend([
            Act::Ask { request: 2, seconds: 60, extends: Some(1) },
            until(2, "PendingApproval"),
            decide(2, Person::Dan, "Approved"),
        ]),
        11 => acts.extend([
            ask(3, 40),
            until(3, "PendingApproval"),
            decide(3, *random.choice(&[Person::Bob, Person::Erin]).unwrap(), "Approved"),
        ]),
        12 | 13 => {
            let parts = [Part::Jobs, Part::TtlAfterFinished, Part::GarbageCollector];
            let part = *random.choice(&parts).unwrap();
            acts.extend([
                Act::Stop(part),
                Act::Wait { seconds: random.u64(1..60) },
                Act::Start(part),
            ]);
        }
        14 | 15 => {
            let seconds = *random.choice(&[-86_400, -300, -1, 1, 300, 86_400]).unwrap();
            acts.push(Act::SetClock { process, seconds });
        }
        16 => acts.push(Act::Pause { process, seconds: random.u64(1..60) }),
        17 => acts.push(Act::StealLease),
        18 => acts.push(Act::Disempower),
        _ => {}
    }
    acts.push(Act::Wait { seconds: *random.choice(&[0, 1, 5, 30]).unwrap() });
}

fn broken(outcome: &Outcome) -> bool {
    !outcome.violations.is_empty()
}

/// The fewest of a case's items that still break a promise, by their place.
fn shrink(case: &Case) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..case.items.len()).collect();
    let mut at = kept.len();
    while at > 0 {
        at -= 1;
        let mut fewer = kept.clone();
        fewer.remove(at);
        if broken(&run(&only(case, &fewer))) {
            kept = fewer;
        }
        at = at.min(kept.len());
    }
    kept
}

fn only(case: &Case, kept: &[usize]) -> Case {
    let items = kept.iter().filter_map(|at| case.items.get(*at).cloned());
    Case { items: items.collect(), ..case.clone() }
}

fn told(seed: u64, violations: &[Violation]) -> String {
    let case = case(seed);
    let kept = shrink(&case);
    let shrunk = only(&case, &kept);
    let keep: Vec<String> = kept.iter().map(usize::to_string).collect();
    format!(
        "FALLGATE_SEED={seed} FALLGATE_KEEP={} breaks {violations:#?}\n{shrunk:#?}",
        keep.join(",")
    )
}

/// `FALLGATE_SEEDS` of them, or as many as take a few seconds.
#[test]
fn no_seed_breaks_a_promise() {
    if let Some(seed) = number("FALLGATE_SEED") {
        return again(seed);
    }
    let first = number("FALLGATE_FIRST_SEED").unwrap_or(0);
    let seeds: Vec<u64> = (first..first + number("FALLGATE_SEEDS").unwrap_or(40)).collect();
    let outcomes = each(&seeds, |seed| {
        let outcome = run(&case(*seed));
        (broken(&outcome).then_some(outcome.violations), outcome.requests, outcome.seconds)
    });
    let requests: u64 = outcomes.iter().map(|(_, requests, _)| requests).sum();
    let seconds: i64 = outcomes.iter().map(|(.., seconds)| seconds).sum();
    eprintln!("{} seeds, {requests} requests, {seconds} s of virtual time", seeds.len());
    let broken: Vec<(u64, Vec<Violation>)> = seeds
        .iter()
        .zip(outcomes)
        .filter_map(|(seed, (violations, ..))| Some((*seed, violations?)))
        .collect();
    let first: Vec<String> =
        broken.iter().take(5).map(|(seed, violations)| told(*seed, violations)).collect();
    let seeds: Vec<u64> = broken.iter().map(|(seed, _)| *seed).collect();
    assert!(broken.is_empty(), "{} seeds: {seeds:?}\n{}", broken.len(), first.join("\n"));
}

/// One seed, as a failure names it.
fn again(seed: u64) {
    let whole = case(seed);
    let kept = std::env::var("FALLGATE_KEEP").ok().map(|text| {
        text.split(',').filter_map(|at| at.trim().parse().ok()).collect::<Vec<usize>>()
    });
    let case = kept.map_or(whole.clone(), |kept| only(&whole, &kept));
    eprintln!("{case:#?}");
    let outcome = run(&case);
    eprintln!("{:#?}", outcome.ends);
    assert_eq!(outcome.violations, []);
}

/// R3: the same seed gives the same requests, answers and times.
#[test]
fn the_same_seed_gives_the_same_run() {
    let seeds: Vec<u64> = (0..6).collect();
    let runs = each(&seeds, |seed| {
        let (one, other) = (run(&case(*seed)), run(&case(*seed)));
        assert_eq!(one.hash, other.hash, "seed {seed}");
        assert_eq!(one.ends, other.ends, "seed {seed}");
        one.hash
    });
    let mut different = runs.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), runs.len(), "seeds differ in what they do");
}
