//! The promises, held against everything that is written.
//!
//! The judge reads the log of the store, the requests as they are sent, and the
//! bytes of the record; it shares no code with what it judges. Every write is a
//! step: before it, what depends on the time is checked up to that moment, and
//! after it, what depends on what is there. It says which of the invariants a
//! run broke, by their names:
//!
//! | | |
//! |---|---|
//! | S1 | a policy of a grant is created only while an approval of its request and plan stands |
//! | S2 | none is there 5 s after the grant's end while the controller is not disturbed |
//! | S3 | none is there 60 s after it, whatever the controller does; no switch waits for longer than was approved |
//! | S4 | each has one owner, an armed switch; the grant's end is the earliest of its switches'; active follows the policies |
//! | S5 | none is without its switch for 60 s; nothing is deleted without a uid or with its dependents left |
//! | S6, S7, S8 | it opens what was approved and nothing else; its creation and its removal close and open nothing else |
//! | S9 | what ended stays ended; what was stopped or locked is closed within 15 s, and nobody creates it who looked later |
//! | S10 | approvers are others than the requester and have the right; admission is rehearsed before each opening |
//! | S11 | for each namespace there is an approval that was made there |
//! | S12 | nothing that opens is written by a process that does not hold the lease |
//! | S13 | what is no longer as it was approved is closed within 25 s |
//! | S14 | nothing is touched that is not ours |
//! | S15 | each step stands in the record before its effect, once, and the record only grows |
//! | S16 | S2 and S3 by the API server's clock, whatever the controller's shows |
//! | S18 | no switch or policy is ever updated, no grant armed twice |
//! | L1, L2, L3, L4 | what is approved opens, what is over is gone, what is quiet is left alone, and whoever asks again gets an answer |
//! | R1 | no panic, no turn that lasts |
//!
//! S17 and L5 are tests of their own, in `stories`: a restored backup has no log
//! of its writes. R3 is one in `swarm`. Not here: the time limits of R1's sizes
//! of input, which are tests of the readers; R2, since there is no webhook that
//! asks us; C1 to C3, since nothing cuts connections yet; of L5 the uninstall
//! itself, of which only the first step exists. Break-glass and automatic
//! approval are held to their promises by the exploration in `access`, and no
//! story here uses them.

mod effect;
mod sent;
mod time;
mod wrote;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fallgate_ledger::{Entries, Entry};
use fallgate_sim::{Sim, Write};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub(crate) const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";
const GRANT: &str = "/metadata/labels/access.fallgate.dev~1grant";
const CANARY: &str = "/metadata/labels/access.fallgate.dev~1canary";

/// How late the controller may be, and the switches.
pub(crate) const PRIMARY: SignedDuration = SignedDuration::from_secs(5);
pub(crate) const BACKSTOP: SignedDuration = SignedDuration::from_secs(60);
/// How long it may take until something is seen that no time tells.
const LOOK: SignedDuration = SignedDuration::from_secs(10);
/// The same for what only the rest of the cluster tells.
const SURVEY: SignedDuration = SignedDuration::from_secs(20);

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) time: Timestamp,
    pub(crate) what: String,
}

/// Where an object is: plural name, namespace, name.
type Place = (String, String, String);

#[derive(Default)]
pub(crate) struct Judge {
    pub(crate) violations: Vec<Violation>,
    /// Whose approval counts.
    pub(crate) approvers: BTreeSet<String>,
    /// Since when nobody's does any more.
    pub(crate) disempowered: Option<Timestamp>,
    /// Until when the controller, or what it talks to, was disturbed.
    trouble: Timestamp,
    /// Until when the control plane was.
    manager_trouble: Timestamp,
    /// Whether clocks were set.
    pub(crate) clocks: bool,
    objects: BTreeMap<Place, Arc<Value>>,
    /// The last of each Job, request and grant, also of what is gone, by uid.
    jobs: BTreeMap<String, Arc<Value>>,
    requests: BTreeMap<String, Arc<Value>>,
    grants: BTreeMap<String, Arc<Value>>,
    /// Decisions by the uid of their request, with the time of each.
    decisions: BTreeMap<String, Vec<(Timestamp, Arc<Value>)>>,
    /// Policies of grants that are there, by uid.
    open: BTreeMap<String, Open>,
    /// How many policies each grant has had.
    opened: BTreeMap<String, BTreeSet<String>>,
    /// When the path of a request was found to be other than approved.
    drifted: BTreeMap<String, Timestamp>,
    /// Since when the lease has its holder.
    taken: Timestamp,
    /// Since when a lock is in force, and whether one ever was.
    locked: Option<Timestamp>,
    ever_locked: bool,
    /// When each process last began to look.
    looked: BTreeMap<String, Timestamp>,
    /// When each process last rehearsed, by what.
    rehearsed: BTreeMap<(String, String), Timestamp>,
    /// When the switch was last proved to fire.
    proved: Option<Timestamp>,
    record: Vec<Entry>,
    bytes: Vec<u8>,
    revision: u64,
    exchanges: usize,
    now: Timestamp,
}

/// A policy of a grant.
struct Open {
    place: Place,
    grant: String,
    owner: String,
    /// Since when it is without its owner.
    orphaned: Option<Timestamp>,
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    value.pointer(pointer)?.as_str()?.parse().ok()
}

fn uid(value: &Value) -> String {
    text(value, "/metadata/uid").to_owned()
}

/// The uid of the grant that an object belongs to, canaries aside.
fn grant_of(value: &Value) -> Option<&str> {
    let uid = value.pointer(GRANT)?.as_str()?;
    value.pointer(CANARY).is_none().then_some(uid)
}

pub(crate) fn is_terminal(phase: &str) -> bool {
    let terminal = ["Ended", "Denied", "Withdrawn", "ApprovalExpired", "Failed", "AlreadyOpen"];
    terminal.contains(&phase)
}

impl Judge {
    pub(crate) fn broken(&mut self, invariant: &'static str, what: impl Into<String>) {
        let what = what.into();
        let known = |known: &Violation| known.invariant == invariant && known.what == what;
        if !self.violations.iter().any(known) {
            self.violations.push(Violation { invariant, time: self.now, what });
        }
    }

    fn hold(&mut self, invariant: &'static str, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken(invariant, what());
        }
    }

    /// The controller, or what it talks to, is disturbed until then.
    pub(crate) fn trouble(&mut self, until: Timestamp) {
        self.trouble = self.trouble.max(until);
    }

    /// The same for the control plane.
    pub(crate) fn manager_trouble(&mut self, until: Timestamp) {
        self.manager_trouble = self.manager_trouble.max(until);
    }

    /// Sees what was written and recorded since the last time.
    pub(crate) fn look(&mut self, sim: &Sim, bytes: &[u8]) {
        let now = sim.now();
        self.read(bytes);
        if sim.revision() != self.revision {
            let writes = sim.writes_after(self.revision).unwrap();
            let exchanges = sim.trace_after(self.exchanges);
            self.exchanges += exchanges.len();
            let mut by = exchanges.iter().filter(|exchange| exchange.wrote).peekable();
            for write in writes {
                while by.next_if(|exchange| exchange.revision < write.revision).is_some() {}
                let who = by.peek().map(|exchange| exchange.username.as_str());
                self.until(write.time);
                self.wrote(&write, who.unwrap_or_default());
                self.revision = write.revision;
            }
        }
        self.until(now);
    }

    /// Takes in what was recorded. It only grows.
    fn read(&mut self, bytes: &[u8]) {
        if bytes.len() == self.bytes.len() {
            return;
        }
        let grown = bytes.starts_with(&self.bytes);
        self.hold("S15", grown, || "the record was changed, and not only added to".to_owned());
        self.bytes = bytes.to_vec();
        let mut rest = bytes;
        let entries = Entries::new(move |into: &mut [u8]| std::io::Read::read(&mut rest, into));
        let mut record = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => record.push(entry),
                Err(error) => {
                    self.broken("S15", format!("the record cannot be read: {error}"));
                    break;
                }
            }
        }
        let mut keys: Vec<_> = record
            .iter()
            .map(|entry| (entry.event.kind.name(), &entry.event.subject, &entry.event.step))
            .collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        let once = keys.len() == all;
        self.hold("S15", once, || "the record tells something twice".to_owned());
        self.record = record;
    }

    fn recorded(&self, kind: &str, subject: &str) -> usize {
        let entries = self.record.iter();
        entries
            .filter(|entry| entry.event.kind.name() == kind && entry.event.subject == subject)
            .count()
    }

    fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&(resource.to_owned(), namespace.to_owned(), name.to_owned()))
    }

    /// The request that a grant is for.
    fn request_of(&self, grant: &str) -> Option<&Arc<Value>> {
        let grant = self.grants.get(grant)?;
        self.requests.get(text(grant, "/spec/requestRef/uid"))
    }

    /// The approvals of a request that count, by anybody's reading: of this
    /// request and plan, by somebody else.
    fn approvals(&self, request: &Value) -> Vec<&Value> {
        let all = self.decisions.get(&uid(request)).into_iter().flatten();
        let requester =
            (text(request, "/spec/requestedBy/username"), text(request, "/spec/requestedBy/uid"));
        all.map(|(_, decision)| &**decision)
            .filter(|decision| {
                text(decision, "/spec/verdict") == "Approved"
                    && text(decision, "/spec/planHash") == text(request, "/status/planHash")
                    && !text(request, "/status/planHash").is_empty()
                    && text(decision, "/spec/requestedBy/uid") == requester.1
                    && text(decision, "/spec/decidedBy/username") != requester.0
                    && text(decision, "/spec/decidedBy/uid") != requester.1
                    && self.approvers.contains(text(decision, "/spec/decidedBy/username"))
            })
            .collect()
    }

    /// When somebody who may has put an end to a request.
    fn stopped(&self, request: &str) -> Option<Timestamp> {
        let all = self.decisions.get(request)?.iter();
        let stops = all.filter(|(_, decision)| {
            matches!(text(decision, "/spec/verdict"), "Denied" | "Revoked" | "Withdrawn")
        });
        stops.map(|(at, _)| *at).min()
    }

    /// For how long a request was approved, by the shortest of what was said.
    fn seconds(&self, request: &Value) -> i64 {
        let asked = request.pointer("/spec/durationSeconds").and_then(Value::as_i64);
        let said = self.approvals(request).into_iter().filter_map(|decision| {
            decision.pointer("/spec/durationSeconds").and_then(Value::as_i64)
        });
        said.chain(asked).min().unwrap_or(0)
    }

    /// When a grant ends by its switches, as they were seen and no later than was
    /// approved.
    fn end(&self, grant: &str) -> Option<Timestamp> {
        let approved = self.request_of(grant).map_or(0, |request| self.seconds(request));
        let own = self.jobs.values().filter(|job| grant_of(job) == Some(grant));
        own.filter_map(|job| {
            let start = moment(job, "/status/startTime")?;
            let seconds = job.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_i64);
            Some(start + SignedDuration::from_secs(seconds.unwrap_or(i64::MAX).min(approved)))
        })
        .min()
    }

    /// Whether nothing of any grant is there.
    pub(crate) fn closed(&self) -> bool {
        self.objects.iter().all(|((resource, ..), object)| {
            !matches!(resource.as_str(), "jobs" | "networkpolicies") || grant_of(object).is_none()
        })
    }

    /// What stands at the end: everything that ended was recorded, once.
    pub(crate) fn finish(&mut self) {
        let mut missing = Vec::new();
        for (request, object) in &self.requests {
            if self.recorded("request", request) != 1 {
                missing.push(format!("that somebody asked: {request}"));
            }
            let phase = text(object, "/status/phase");
            let over = self.recorded("end", request) + self.recorded("failure", request);
            let grant = text(object, "/status/grantRef/uid");
            if is_terminal(phase) && grant.is_empty() && over != 1 {
                missing.push(format!("that a request was {phase}: {request}"));
            }
        }
        for grant in self.opened.keys() {
            for kind in ["arming", "opening", "end"] {
                if self.recorded(kind, grant) != 1 {
                    missing.push(format!("the {kind} of a grant: {grant}"));
                }
            }
            // Whoever approved what opened is named.
            let approvals =
                self.request_of(grant).map(|request| self.approvals(request)).unwrap_or_default();
            let named = |decision: &&Value| {
                self.record.iter().any(|entry| entry.event.step == uid(decision))
            };
            if !approvals.iter().any(named) {
                missing.push(format!("who approved it: {grant}"));
            }
        }
        for what in missing {
            self.broken("S15", format!("the record does not tell, once, {what}"));
        }
    }

    fn place(write: &Write) -> Place {
        let namespace = write.namespace.clone().unwrap_or_default();
        (write.resource.to_string(), namespace, write.name.clone())
    }
}
