//! Several processes want one lease, in a small world with a time of its own:
//! clocks that differ and run unevenly, requests that are late or lost, processes
//! that stand still, sleep, crash and start again.
#![cfg(test)]

use std::time::Duration;

use fallgate_controller::elector::{Elector, Moment, NotTiming, Step, Timing};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use proptest::prelude::*;

/// One tick of real time.
const TICK: u64 = 100;
const TIMEOUT: u64 = 1_000;
const SECONDS: u16 = 15;
/// Until when there are faults, and until when somebody must hold the lease then.
const CALM: u64 = 90_000;
const SETTLED: u64 = CALM + 35_000;
const END: u64 = SETTLED + 20_000;

fn timing() -> Timing {
    Timing::new(SECONDS, Duration::from_millis(TIMEOUT)).unwrap()
}

fn at(millis: u64) -> Moment {
    let time = Timestamp::from_second(1_800_000_000).unwrap();
    let time = time + SignedDuration::from_millis(millis.try_into().unwrap());
    Moment { elapsed: Duration::from_millis(millis), time }
}

fn elector(identity: &str) -> Elector {
    Elector::new("fallgate-system", "fallgate-controller", identity, timing())
}

/// What the API server keeps: it takes a write of the version that is there.
#[derive(Default)]
struct Server {
    lease: Option<Lease>,
    version: u64,
}

impl Server {
    fn store(&mut self, mut lease: Lease) -> Lease {
        self.version += 1;
        lease.metadata.resource_version = Some(self.version.to_string());
        lease.metadata.uid.get_or_insert_with(|| "7".to_owned());
        self.lease = Some(lease.clone());
        lease
    }

    fn take(&mut self, request: Request) -> Answer {
        match request {
            Request::Read => Answer::Read(self.lease.clone()),
            Request::Create(lease) => match &self.lease {
                Some(_) => Answer::Conflict,
                None => Answer::Written(self.store(lease)),
            },
            Request::Update(lease) => {
                let there = self.lease.as_ref();
                let there = there.and_then(|lease| lease.metadata.resource_version.clone());
                if there.is_some() && there == lease.metadata.resource_version {
                    Answer::Written(self.store(lease))
                } else {
                    Answer::Conflict
                }
            }
        }
    }
}

#[derive(Clone)]
enum Request {
    Read,
    Create(Lease),
    Update(Lease),
}

#[derive(Clone)]
enum Answer {
    Read(Option<Lease>),
    Written(Lease),
    Conflict,
}

/// A request under way: it reaches the server at a time, or never, and its answer
/// the process.
struct Sent {
    from: usize,
    number: u64,
    request: Option<Request>,
    arrives: Option<u64>,
    answers: Option<u64>,
    answer: Option<Answer>,
}

struct Process {
    elector: Elector,
    /// How fast its clocks run, in percent.
    rate: u64,
    elapsed: u64,
    /// How far its time of day is ahead of what has elapsed.
    ahead: i64,
    /// Its clock of elapsed time stands still when its machine sleeps.
    sleeps: bool,
    stands_until: u64,
    waiting: Option<(u64, Moment)>,
    next: u64,
    /// Until when what it sent may still take effect, in real time.
    effect_until: u64,
    /// The same of those that crashed in its place.
    before_until: u64,
}

impl Process {
    fn now(&self) -> Moment {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let millis = i64::try_from(self.elapsed).unwrap() + self.ahead;
        Moment {
            elapsed: Duration::from_millis(self.elapsed),
            time: start + SignedDuration::from_millis(millis),
        }
    }
}

struct World {
    rng: Rng,
    server: Server,
    processes: Vec<Process>,
    sent: Vec<Sent>,
    started: u64,
    numbers: u64,
    real: u64,
    /// Who could write at which tick, from the calm on.
    holders: Vec<usize>,
}

impl World {
    fn new(seed: u64, count: usize) -> World {
        let mut world = World {
            rng: Rng::with_seed(seed),
            server: Server::default(),
            processes: Vec::new(),
            sent: Vec::new(),
            started: 0,
            numbers: 0,
            real: 0,
            holders: Vec::new(),
        };
        for _ in 0..count {
            let process = world.start();
            world.processes.push(process);
        }
        world
    }

    fn start(&mut self) -> Process {
        self.started += 1;
        Process {
            elector: elector(&format!("process-{}", self.started)),
            rate: self.rng.u64(80..=120),
            elapsed: self.rng.u64(0..1_000_000),
            ahead: self.rng.i64(-3_600_000..3_600_000),
            sleeps: self.rng.bool(),
            stands_until: 0,
            waiting: None,
            next: 0,
            effect_until: 0,
            before_until: 0,
        }
    }

    fn calm(&self) -> bool {
        self.real >= CALM
    }

    fn delay(&mut self) -> Option<u64> {
        if self.calm() {
            return Some(self.rng.u64(0..=3) * TICK);
        }
        match self.rng.u8(0..10) {
            0 => None,
            // Later than anybody waits for it.
            1 => Some(self.rng.u64(0..200) * TICK),
            _ => Some(self.rng.u64(0..=6) * TICK),
        }
    }

    fn send(&mut self, from: usize, request: Request) {
        self.numbers += 1;
        let arrives = self.delay().map(|delay| self.real + delay);
        let answers = arrives.and_then(|time| Some(time + self.delay()?));
        let process = &mut self.processes[from];
        process.waiting = Some((self.numbers, process.now()));
        let number = self.numbers;
        self.sent.push(Sent {
            from,
            number,
            request: Some(request),
            arrives,
            answers,
            answer: None,
        });
    }

    /// Something happens to a process, seldom.
    fn fault(&mut self, at: usize) {
        if self.calm() {
            self.processes[at].stands_until = self.processes[at].stands_until.min(CALM);
            return;
        }
        match self.rng.u16(0..1_000) {
            0..4 => self.processes[at].stands_until = self.real + self.rng.u64(1_000..40_000),
            4..7 => {
                // It crashes. What it had sent may yet arrive.
                let before = &self.processes[at];
                let before_until = before.effect_until.max(before.before_until);
                self.processes[at] = Process { before_until, ..self.start() };
            }
            7..9 => {
                // It shuts down in order, when its writes have ended, and starts again.
                let before = &self.processes[at];
                let before_until = before.before_until;
                if before.effect_until <= self.real {
                    if let Some(lease) = self.processes[at].elector.release() {
                        self.send(at, Request::Update(lease));
                    }
                    let now = self.processes[at].now();
                    assert_eq!(self.processes[at].elector.next(now, None), Step::Done);
                    self.processes[at] = Process { before_until, ..self.start() };
                }
            }
            // Its time of day is set; where machines sleep, nobody sets clocks back.
            9..12 if !self.processes[at].sleeps => {
                self.processes[at].ahead = self.rng.i64(-3_600_000..3_600_000);
            }
            _ => {}
        }
    }

    fn act(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let now = process.now();
        let Some((number, asked)) = process.waiting else {
            if process.elapsed >= process.next {
                self.send(at, Request::Read);
            }
            return;
        };
        let real = self.real;
        let mine = |sent: &Sent| sent.from == at && sent.number == number;
        let answered = self.sent.iter().find(|sent| mine(sent));
        let answered = answered.filter(|sent| sent.answers.is_some_and(|time| time <= real));
        let Some(answer) = answered.and_then(|sent| sent.answer.clone()) else {
            if now.elapsed - asked.elapsed >= Duration::from_millis(TIMEOUT) {
                process.waiting = None;
                process.next = process.elapsed + 500;
            }
            return;
        };
        process.waiting = None;
        match answer {
            Answer::Read(lease) => match process.elector.next(now, lease.as_ref()) {
                Step::Create(lease) => self.send(at, Request::Create(lease)),
                Step::Update(lease) => self.send(at, Request::Update(lease)),
                Step::Wait { until } | Step::Hold { renew: until, .. } => {
                    process.next = until.as_millis().try_into().unwrap();
                }
                Step::Done => panic!("it was not released"),
            },
            Answer::Written(lease) => process.elector.taken(asked, &lease),
            Answer::Conflict => process.next = process.elapsed + 500,
        }
    }

    fn tick(&mut self) {
        self.real += TICK;
        for process in &mut self.processes {
            let passed = TICK * process.rate / 100;
            if process.sleeps && self.real < process.stands_until {
                process.ahead += i64::try_from(passed).unwrap();
            } else {
                process.elapsed += passed;
            }
        }
        for sent in &mut self.sent {
            if sent.arrives.is_some_and(|time| time <= self.real)
                && let Some(request) = sent.request.take()
            {
                sent.answer = Some(self.server.take(request));
            }
        }
        let old = self.real.saturating_sub(120_000);
        self.sent.retain(|sent| sent.arrives.is_some_and(|time| time > old));
        for at in 0..self.processes.len() {
            self.fault(at);
            if self.real >= self.processes[at].stands_until {
                self.act(at);
                self.write(at);
            }
        }
    }

    /// Each writes whenever it may; nobody else's write may be under way then.
    fn write(&mut self, at: usize) {
        let process = &self.processes[at];
        if !process.elector.may_write(process.now()) {
            return;
        }
        for (other, process) in self.processes.iter().enumerate() {
            let until = if other == at { 0 } else { process.effect_until };
            assert!(
                until.max(process.before_until) <= self.real,
                "at {} ms, {at} writes while {other} does",
                self.real
            );
        }
        let process = &mut self.processes[at];
        process.effect_until = self.real + TIMEOUT * 100 / process.rate;
        if self.real >= SETTLED {
            self.holders.push(at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_two_write_and_soon_one_does(seed: u64, count in 1_usize..4) {
        let mut world = World::new(seed, count);
        while world.real < END {
            world.tick();
        }
        // One, and all the time.
        let ticks = usize::try_from((END - SETTLED) / TICK).unwrap();
        prop_assert!(world.holders.len() >= ticks, "{} of {ticks} ticks", world.holders.len());
        prop_assert!(world.holders.iter().all(|at| *at == world.holders[0]));
    }
}

/// The lease of somebody, as an API server has it.
fn lease_of(holder: &str, version: &str, seconds: i32) -> Lease {
    let mut lease = Lease::default();
    lease.metadata.uid = Some("7".to_owned());
    lease.metadata.resource_version = Some(version.to_owned());
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(seconds),
        lease_transitions: Some(4),
        // Long ago, by a clock that is nobody's business.
        renew_time: Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(
            Timestamp::UNIX_EPOCH,
        )),
        ..LeaseSpec::default()
    });
    lease
}

fn written(step: Step) -> Lease {
    match step {
        Step::Create(mut lease) | Step::Update(mut lease) => {
            lease.metadata.resource_version = Some("100".to_owned());
            lease
        }
        step => panic!("{step:?}"),
    }
}

#[test]
fn the_first_creates_it_and_counts_from_before_the_request() {
    let mut elector = elector("a");
    let step = elector.next(at(1_000), None);
    assert!(matches!(step, Step::Create(_)));
    assert!(!elector.may_write(at(1_000)));
    elector.taken(at(1_000), &written(step));
    // Ten seconds, less the second that a request may take.
    assert!(elector.may_write(at(9_999)));
    assert!(!elector.may_write(at(10_000)));
}

#[test]
fn a_lease_is_expired_only_when_it_was_seen_unchanged_for_all_its_time() {
    let mut elector = elector("b");
    assert!(matches!(elector.next(at(0), Some(&lease_of("a", "1", 15))), Step::Wait { .. }));
    assert!(matches!(elector.next(at(14_000), Some(&lease_of("a", "2", 15))), Step::Wait { .. }));
    let last = elector.next(at(28_900), Some(&lease_of("a", "2", 15)));
    assert_eq!(last, Step::Wait { until: Duration::from_millis(29_000) });
    let step = elector.next(at(29_000), Some(&lease_of("a", "2", 15)));
    let Step::Update(lease) = step else { panic!("{step:?}") };
    assert_eq!(lease.metadata.resource_version.as_deref(), Some("2"));
    let spec = lease.spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some("b"));
    assert_eq!(spec.lease_transitions, Some(5));
}

#[test]
fn a_longer_lease_of_another_release_is_waited_for() {
    let mut elector = elector("b");
    let lease = lease_of("a", "1", 60);
    elector.next(at(0), Some(&lease));
    assert!(matches!(elector.next(at(59_999), Some(&lease)), Step::Wait { .. }));
    assert!(matches!(elector.next(at(60_000), Some(&lease)), Step::Update(_)));
}

#[test]
fn a_lease_that_was_deleted_is_waited_for_too() {
    let mut elector = elector("b");
    elector.next(at(0), Some(&lease_of("a", "1", 15)));
    assert!(matches!(elector.next(at(1_000), None), Step::Wait { .. }));
    assert!(matches!(elector.next(at(15_999), None), Step::Wait { .. }));
    assert!(matches!(elector.next(at(16_000), None), Step::Create(_)));
}

#[test]
fn whoever_reads_that_another_holds_it_stops_at_once() {
    let mut elector = elector("a");
    let step = elector.next(at(0), None);
    elector.taken(at(0), &written(step));
    assert!(elector.may_write(at(500)));
    elector.next(at(500), Some(&lease_of("b", "101", 15)));
    assert!(!elector.may_write(at(500)));
}

#[test]
fn a_machine_that_slept_has_no_lease() {
    let mut elector = elector("a");
    let step = elector.next(at(0), None);
    let lease = written(step);
    elector.taken(at(0), &lease);
    let awake = Moment { elapsed: Duration::from_millis(500), ..at(60_000) };
    assert!(!elector.may_write(awake));
    assert!(matches!(elector.next(awake, Some(&lease)), Step::Update(_)));
}

#[test]
fn it_is_held_renewed_and_released() {
    let mut elector = elector("a");
    let lease = written(elector.next(at(0), None));
    elector.taken(at(0), &lease);
    let hold = Step::Hold { fence: Duration::from_secs(9), renew: Duration::from_secs(2) };
    assert_eq!(elector.next(at(10), Some(&lease)), hold);
    let Step::Update(renewed) = elector.next(at(2_000), Some(&lease)) else { panic!() };
    // Held by the same one: no transition.
    let (before, after) = (lease.spec.unwrap(), renewed.spec.clone().unwrap());
    assert_eq!(after.lease_transitions, before.lease_transitions);
    assert_eq!(after.acquire_time, before.acquire_time);
    assert_ne!(after.renew_time, before.renew_time);
    elector.taken(at(2_000), &renewed);
    let released = elector.release().unwrap();
    assert_eq!(released.spec.as_ref().unwrap().holder_identity.as_deref(), Some(""));
    assert!(!elector.may_write(at(2_001)));
    // A late answer changes nothing.
    elector.taken(at(2_000), &renewed);
    assert!(!elector.may_write(at(2_001)));
    // The next one need not wait.
    let mut next = Elector::new("fallgate-system", "fallgate-controller", "b", timing());
    assert!(matches!(next.next(at(2_002), Some(&released)), Step::Update(_)));
}

#[test]
fn an_answer_that_names_another_holder_is_none() {
    let mut elector = elector("a");
    elector.next(at(0), None);
    elector.taken(at(0), &lease_of("b", "1", 15));
    assert!(!elector.may_write(at(1)));
}

#[test]
fn a_lease_that_one_lost_answer_would_lose_is_refused() {
    let timeout = Duration::from_secs(5);
    let refused = Timing::new(15, timeout).unwrap_err();
    let NotTiming::Short { least, .. } = refused else { panic!("{refused}") };
    assert!(Timing::new(u16::try_from(least).unwrap(), timeout).is_ok());
    assert!(Timing::new(u16::try_from(least).unwrap() - 1, timeout).is_err());
    assert_eq!(Timing::new(15, Duration::ZERO), Err(NotTiming::Timeout));
}
