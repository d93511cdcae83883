//! What a run is made of: one list, from which a failing run is shrunk.

use std::time::Duration;

use fallgate_sim::fault::Kind;
use fallgate_sim::{Controller as Part, UserInfo, people};

/// A cluster, and what happens in it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What everything random in the cluster follows from.
    pub(crate) seed: u64,
    /// How many controllers run.
    pub(crate) processes: usize,
    /// Whether they run as they do in a cluster, with watches that wake them.
    pub(crate) watches: bool,
    /// How long the API server takes at most.
    pub(crate) latency: Duration,
    /// Whether both ends are isolated, so that a grant has two policies.
    pub(crate) two_ends: bool,
    pub(crate) items: Vec<Item>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// One after the other, people and machines do something.
    Act(Act),
    /// The first request from this one on that it can befall meets a fault; what
    /// the kind leaves open follows from the last number.
    Fault(u64, Kind, u64),
    /// A process crashes where it sends this request: before it arrives, or when
    /// it took effect. The next one starts so many milliseconds later.
    Crash { index: u64, after: bool, down: u64 },
}

/// What somebody does. Requests are told by their number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    Ask {
        request: u8,
        seconds: i64,
        extends: Option<u8>,
    },
    Decide {
        request: u8,
        by: Person,
        verdict: &'static str,
        seconds: Option<i64>,
    },
    Lock,
    Unlock,
    ChangePolicy,
    Intruder,
    DeletePolicies,
    DeleteSwitches,
    DeleteGrant(u8),
    CloseEverything,
    /// The leads lose the right to approve.
    Disempower,
    Stop(Part),
    Start(Part),
    /// Sets the time of day of a process, so many seconds from now.
    SetClock {
        process: usize,
        seconds: i64,
    },
    /// A process stands still for so many seconds.
    Pause {
        process: usize,
        seconds: u64,
    },
    /// Somebody else takes the lease.
    StealLease,
    /// A lead approves where the request is, and nowhere else.
    ApproveAtHome(u8),
    /// Ten minutes in which nothing happens, and nothing is written.
    Quiet,
    Wait {
        seconds: u64,
    },
    /// Until a request is in a phase, or over; at most a minute and a half.
    Until {
        request: u8,
        phase: &'static str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    Alice,
    Bob,
    Dan,
    Erin,
    Mallory,
}

impl Person {
    pub(crate) fn user(self) -> UserInfo {
        let uid = |last: u8| format!("6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e{last:02}");
        match self {
            Person::Alice => people::alice(),
            Person::Bob => people::bob(),
            Person::Dan => UserInfo::new("dan", &uid(5), &["leads"]),
            // On call and a lead: may ask and may approve, and never both.
            Person::Erin => UserInfo::new("erin", &uid(6), &["leads", "oncall"]),
            Person::Mallory => people::mallory(),
        }
    }
}

impl Case {
    /// A calm run of one controller.
    pub(crate) fn of(acts: impl IntoIterator<Item = Act>) -> Case {
        Case {
            seed: 1,
            processes: 1,
            watches: false,
            latency: Duration::ZERO,
            two_ends: false,
            items: acts.into_iter().map(Item::Act).collect(),
        }
    }

    /// The same with one thing more.
    pub(crate) fn with(&self, items: impl IntoIterator<Item = Item>) -> Case {
        let mut case = self.clone();
        case.items.extend(items);
        case
    }

    pub(crate) fn acts(&self) -> impl Iterator<Item = &Act> {
        self.items.iter().filter_map(|item| match item {
            Item::Act(act) => Some(act),
            _ => None,
        })
    }

    pub(crate) fn sets_clocks(&self) -> bool {
        self.acts().any(|act| matches!(act, Act::SetClock { .. }))
    }
}

pub(crate) fn ask(request: u8, seconds: i64) -> Act {
    Act::Ask { request, seconds, extends: None }
}

pub(crate) fn decide(request: u8, by: Person, verdict: &'static str) -> Act {
    Act::Decide { request, by, verdict, seconds: None }
}

pub(crate) fn until(request: u8, phase: &'static str) -> Act {
    Act::Until { request, phase }
}

/// Asks, and has it approved and opened.
fn opened(seconds: i64) -> Vec<Act> {
    vec![
        ask(1, seconds),
        until(1, "PendingApproval"),
        decide(1, Person::Bob, "Approved"),
        until(1, "Active"),
    ]
}

/// The six core scenarios, by name.
pub(crate) fn core() -> Vec<(&'static str, Case)> {
    let then = |acts: Vec<Act>| Case::of(opened(600).into_iter().chain(acts));
    vec![
        ("create", Case::of([ask(1, 600), until(1, "PendingApproval")])),
        ("approve", then(vec![])),
        (
            "extend",
            then(vec![
                Act::Ask { request: 2, seconds: 600, extends: Some(1) },
                until(2, "PendingApproval"),
                decide(2, Person::Dan, "Approved"),
                until(2, "Active"),
            ]),
        ),
        ("revoke", then(vec![decide(1, Person::Alice, "Revoked"), until(1, "Ended")])),
        ("expire", Case::of(opened(30).into_iter().chain([until(1, "Ended")]))),
        ("close everything", then(vec![Act::CloseEverything, until(1, "Ended")])),
    ]
}
