//! The state machine, explored: every order of the controller's steps with a
//! bounded number of things that happen in between.
//!
//! A step is a function of what is observed, so a crash before or after any
//! request is no state of its own: the same is observed again, but for what only
//! the process remembered ([`Event::Crash`]). What is left of it is a request on
//! its way, which lands late, twice, or after its sender has lost its lease
//! ([`Event::Delayed`]).
//!
//! The exploration ends because states are few. Two clusters that differ only in
//! how uids are counted, in when conditions moved, or in how much may still
//! happen are one state, and those to which most may still happen go first. Time
//! passes only while the controller waits: by a second while the control plane
//! has work to do, else to the next time that anything depends on. Whatever does
//! not move any more is mended ([`events::heal`]), and must then come to rest
//! with everything closed.

mod events;
mod mutants;
mod promises;

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use fallgate_access::{Call, Owner, Step, sweep};
use fallgate_api::{BreakGlass, FileOrConfigMap, Phase, TicketRule, TicketSource, Until, Verdict};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::cluster::{Cluster, printed};
use crate::shop::{at, decision, policy, request};
use crate::world::shop;
use events::{ALIKE, EVERY, Event, heal, neighbours, own};

/// Nothing is looked at later than this: it would only be what is forgotten.
const HORIZON: i64 = 100_000;

/// A cluster, a request on its way, and how much may still happen.
#[derive(Clone)]
struct State {
    cluster: Cluster,
    /// A call that was sent, with the version of statuses that it was sent on.
    flying: Option<(Call, u32)>,
    left: usize,
}

impl State {
    fn of(cluster: &Cluster) -> u128 {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            cluster.hash(&mut hasher);
            u128::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    }

    fn key(&self) -> u128 {
        let flying = self.flying.as_ref();
        let flying =
            flying.map(|(call, version)| (printed(call), *version == self.cluster.version()));
        let mut hasher = DefaultHasher::new();
        (self.cluster.now, flying).hash(&mut hasher);
        State::of(&self.cluster) ^ u128::from(hasher.finish())
    }

    /// The state after an event; nothing where it cannot happen.
    fn after(&self, event: Event, step: &Step) -> Option<State> {
        let mut state = State { left: self.left.checked_sub(1)?, ..self.clone() };
        if event == Event::Delayed {
            let Step::Send(call) = step else { return None };
            if self.flying.is_some() || matches!(call, Call::Ask(_) | Call::Rehearse(_)) {
                return None;
            }
            state.cluster.send(call);
            state.flying = Some((call.clone(), state.cluster.version()));
        } else {
            event.happen(&mut state.cluster)?;
        }
        Some(state)
    }

    /// The state after what was on its way has landed.
    fn landed(&self) -> Option<State> {
        let mut state = self.clone();
        let (call, version) = state.flying.take()?;
        state.cluster.commit(&call, version);
        state.cluster.forget_transitions();
        Some(state)
    }

    /// The state after the step; nothing where nothing moves any more.
    fn turned(&self, step: &Step) -> Option<State> {
        let mut state = self.clone();
        let cluster = &mut state.cluster;
        let Step::Wait(wait) = step else {
            cluster.take(step);
            cluster.forget_transitions();
            return Some(state);
        };
        if let Some(swept) = swept(cluster) {
            cluster.take(&swept);
            return Some(state);
        }
        cluster.pass(1);
        if State::of(cluster) != State::of(&self.cluster) {
            return Some(state);
        }
        cluster.now = self.cluster.now;
        let until = wait.until.map(|until| until.as_second() - at(0).as_second());
        let next = until.filter(|until| *until > cluster.now + 1);
        let next = next.or_else(|| turning_points(cluster).find(|time| *time > cluster.now + 1));
        if let Some(next) = next.filter(|next| *next <= HORIZON) {
            cluster.now = next;
            return Some(state);
        }
        heal(cluster);
        (State::of(cluster) != State::of(&self.cluster)).then_some(state)
    }
}

/// When something changes by time alone: arming has taken too long, nobody has
/// decided in time, what was agreed to did not open in time.
fn turning_points(cluster: &Cluster) -> impl Iterator<Item = i64> {
    let made = cluster.grant.as_ref().and_then(|grant| grant.metadata.creation_timestamp.clone());
    let armed = made.map(|made| made.0.as_second() - at(0).as_second() + 61);
    armed.into_iter().chain([2400, 3600, 3700, 4300, 7400])
}

/// What a sweep would delete. Objects of other grants are those of other drivers.
fn swept(cluster: &Cluster) -> Option<Step> {
    if !cluster.readable || !cluster.lease {
        return None;
    }
    let owner = match cluster.grant.as_ref() {
        Some(grant) => Owner::There(grant),
        None if cluster.complete => Owner::Absent,
        None => Owner::Unknown,
    };
    let jobs = cluster.jobs.iter().map(|job| ("Job", &job.metadata));
    let policies = cluster.policies.iter().map(|policy| ("NetworkPolicy", &policy.metadata));
    let mut all = jobs.chain(policies).filter(|(_, metadata)| own(metadata));
    all.find_map(|(kind, metadata)| sweep(kind, metadata, owner))
}

/// What an exploration came across.
#[derive(Debug, Default)]
struct Found {
    states: usize,
    open: usize,
    ends: BTreeSet<(Phase, Option<Phase>)>,
}

/// Explores everything that can come of a cluster while so many of some events
/// happen; with the way to whatever breaks a promise.
fn explore(
    start: &Cluster,
    events: &[Event],
    left: usize,
    controller: fn(&Cluster) -> Step,
) -> Result<Found, String> {
    let mut start = start.clone();
    neighbours(&mut start);
    start.forget_transitions();
    let start = State { cluster: start, flying: None, left };
    let mut seen = HashSet::from([start.key()]);
    let mut trail: Vec<(usize, String)> = vec![(0, "start".into())];
    let mut queues: Vec<VecDeque<(State, usize)>> = vec![VecDeque::new(); left + 1];
    let mut turns: HashMap<u128, u128> = HashMap::new();
    queues[left].push_back((start, 0));
    let mut found = Found::default();
    while let Some((state, came)) = queues.iter_mut().rev().find_map(VecDeque::pop_front) {
        found.states += 1;
        let cluster = &state.cluster;
        let step = controller(cluster);
        let open = promises::is_open(cluster);
        found.open += usize::from(open);
        let fail = |broken: String, last: &str| {
            let mut path = vec![last.to_owned(), broken];
            let mut at = came;
            while at != 0 {
                path.insert(0, trail[at].1.clone());
                at = trail[at].0;
            }
            Err(path.join("\n"))
        };
        let mut checked = promises::step(cluster, &step);
        if open {
            checked = checked.and_then(|()| promises::backstop(cluster));
        }
        if let Err(broken) = checked {
            return fail(broken, &format!("{step:?}"));
        }
        let turned = state.turned(&step);
        if turned.is_none() && state.flying.is_none() {
            found.ends.insert(cluster.phases());
            if let Err(broken) = promises::rest(cluster) {
                return fail(broken, &format!("{step:?}"));
            }
        }
        if let Some(next) = &turned {
            // A step that changes nothing would be taken for ever.
            let mut key = next.key();
            turns.insert(state.key(), key);
            for _ in 0..64 {
                match turns.entry(key) {
                    Entry::Occupied(next) if *next.get() == state.key() => {
                        return fail("repeats itself".into(), &format!("{step:?}"));
                    }
                    Entry::Occupied(next) => key = *next.get(),
                    Entry::Vacant(_) => break,
                }
            }
        }
        let landed = state.landed().map(|next| (next, "landed".to_owned()));
        let happened = events
            .iter()
            .filter_map(|event| Some((state.after(*event, &step)?, format!("{event:?}"))));
        let turned = turned.map(|next| (next, name(&step)));
        for (next, how) in turned.into_iter().chain(landed).chain(happened) {
            if seen.insert(next.key()) {
                trail.push((came, how));
                queues[next.left].push_back((next, trail.len() - 1));
            }
        }
    }
    Ok(found)
}

fn name(step: &Step) -> String {
    match step {
        Step::Send(call) => {
            let text = format!("{call:?}");
            text.split(['(', '{']).next().unwrap_or_default().trim().to_owned()
        }
        Step::Append(entry) => format!("append {:?}", entry.key.kind),
        Step::Wait(wait) => format!("wait: {}", wait.why),
    }
}

/// A request that was planned and that Bob approves.
fn approved(mut cluster: Cluster, namespaces: &[&str]) -> Cluster {
    cluster.settle();
    for namespace in namespaces {
        let mut approval = decision("bob", Verdict::Approved, namespace, cluster.now);
        approval.spec.plan_hash = Some(cluster.plan_hash());
        cluster.decisions.push(approval);
    }
    cluster
}

fn plain() -> Cluster {
    approved(Cluster::new(), &["shop"])
}

fn two_namespaces() -> Cluster {
    approved(Cluster::in_two_namespaces(), &["shop", "oncall-tools"])
}

fn scheduled() -> Cluster {
    let mut ask = request();
    ask.spec.not_before = Some(Time(at(600)));
    approved(Cluster::on(&shop(), policy(), ask), &["shop"])
}

fn break_glass() -> Cluster {
    let mut rule = policy();
    rule.break_glass = Some(BreakGlass { max_duration_seconds: 1800, review_within_seconds: 900 });
    let mut ask = request();
    ask.spec.break_glass = true;
    Cluster::on(&shop(), rule, ask)
}

fn until_closed() -> Cluster {
    let mut rule = policy();
    rule.ticket = Some(TicketRule { required: true, pattern: None });
    let mut ask = request();
    ask.spec.ticket = Some("INC-7".into());
    ask.spec.until = Some(Until::TicketClosed);
    ask.spec.duration_seconds = None;
    let mut cluster = Cluster::on(&shop(), rule, ask);
    cluster.config.as_mut().unwrap().tickets =
        Some(TicketSource { source: FileOrConfigMap::default(), max_staleness_seconds: 86_400 });
    cluster.ticket = Some(fallgate_access::Ticket {
        id: "INC-7".into(),
        open: true,
        as_of: at(0),
        digest: format!("sha256:{}", "0".repeat(64)),
    });
    approved(cluster, &["shop"])
}

fn honest(start: &Cluster, events: &[Event], left: usize) -> Found {
    let found = explore(start, events, left, Cluster::step);
    let found = found.unwrap_or_else(|broken| panic!("{broken}"));
    println!("{} states, {} of them open, ends: {:?}", found.states, found.open, found.ends);
    found
}

/// Without anything that goes wrong it opens, and ends by itself.
#[test]
fn what_is_agreed_to_opens_and_ends() {
    for start in [plain(), two_namespaces(), scheduled(), break_glass(), until_closed()] {
        let found = honest(&start, &[], 0);
        assert!(found.open > 0);
        assert_eq!(Vec::from_iter(found.ends), [(Phase::Ended, Some(Phase::Ended))]);
    }
}

#[test]
fn whatever_happens_once() {
    for start in [plain(), two_namespaces(), scheduled(), break_glass(), until_closed()] {
        let found = honest(&start, EVERY, 1);
        assert!(found.states > 500 && found.open > 100);
        for phase in [Phase::Ended, Phase::Failed, Phase::Denied, Phase::Withdrawn] {
            assert!(found.ends.iter().any(|(of_request, _)| *of_request == phase), "{phase:?}");
        }
    }
}

#[test]
fn whatever_happens_twice() {
    let events: Vec<Event> = EVERY.iter().copied().filter(|event| !ALIKE.contains(event)).collect();
    let found = honest(&plain(), &events, 2);
    assert!(found.states > 10_000 && found.open > 1000);
}

#[test]
fn a_request_that_nobody_approves_never_opens() {
    let found = honest(&Cluster::new(), EVERY, 1);
    // Erin's narrower approval is one; nobody else's counts.
    let without: Vec<Event> =
        EVERY.iter().copied().filter(|event| *event != Event::Narrows).collect();
    assert!(found.open > 0);
    let found = honest(&Cluster::new(), &without, 2);
    assert_eq!(found.open, 0);
    assert!(found.ends.contains(&(Phase::ApprovalExpired, None)));
}
