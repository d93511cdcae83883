//! How a controller is, for those who ask over HTTP: `/livez`, `/readyz` and
//! `/metrics`.
//!
//! A [`Report`] is what is known of it, as values; [`Health`] is where it is kept
//! up to date, [`answer`] makes of it what a probe or a scraper reads, and
//! [`serve`] listens. What stands in an answer is
//! names of checks, numbers, and the names of receivers and phases: no object of
//! the cluster, and nothing secret, because whoever reaches the port reads it.

mod metrics;
mod serve;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;

use crate::Clock;
use crate::locked::locked;

pub use metrics::{BOUNDS, Lateness};
pub use serve::serve;

/// What is known of a controller, shared between it and those who ask.
#[derive(Clone)]
pub struct Health {
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Known>>,
}

/// What is known, but for how long ago it was.
#[derive(Default)]
struct Known {
    /// When the last turn began.
    turn: Duration,
    /// When everything was last listed.
    list: Option<Duration>,
    /// Until when the lease is ours, where it is.
    fence: Duration,
    rest: Report,
}

impl Health {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Health {
        let known = Known { turn: clock.elapsed(), ..Known::default() };
        Health { clock, known: Arc::new(Mutex::new(known)) }
    }

    /// How it is now.
    pub fn report(&self) -> Report {
        let now = self.clock.elapsed();
        let known = locked(&self.known);
        let mut report = known.rest.clone();
        report.since_turn = now.saturating_sub(known.turn);
        report.since_list = known.list.map(|at| now.saturating_sub(at));
        if report.lease == LeaseState::Held && now >= known.fence {
            // Who stands still does not notice that it ended.
            report.lease = LeaseState::Unknown;
        }
        report
    }

    /// A turn begins.
    pub(crate) fn turn(&self) {
        locked(&self.known).turn = self.clock.elapsed();
    }

    /// Everything was listed.
    pub(crate) fn listed(&self) {
        locked(&self.known).list = Some(self.clock.elapsed());
    }

    /// Who holds the lease, and for how long if it is this process.
    pub(crate) fn lease(&self, state: LeaseState, left: Duration) {
        let mut known = locked(&self.known);
        known.rest.lease = state;
        known.fence = self.clock.elapsed() + left;
    }

    /// What else is known by now.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Report)) {
        note(&mut locked(&self.known).rest);
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("report", &self.report()).finish_non_exhaustive()
    }
}

/// What is known of a controller at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How long ago its last turn began.
    pub since_turn: Duration,
    /// How long ago everything was last listed from the quorum; nothing where it
    /// never was.
    pub since_list: Option<Duration>,
    /// What is known of the lease.
    pub lease: LeaseState,
    /// Whether the record can be written.
    pub record_writable: bool,
    /// Whether the backstop is alive.
    pub switch_canary: Canary,
    /// Whether admission refuses what it must.
    pub admission_canary: Canary,
    /// How many grants are in each phase.
    pub grants: BTreeMap<String, u64>,
    /// How late grants that expired were closed.
    pub lateness: Lateness,
    /// What receivers of webhooks are still to be told.
    pub receivers: Vec<Receiver>,
}

/// What is known of the lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaseState {
    /// Nothing.
    #[default]
    Unknown,
    /// It is ours.
    Held,
    /// It is another's: this process closes, and waits to open.
    Other,
}

/// What a canary showed last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Canary {
    /// It was not tried yet.
    #[default]
    Untried,
    /// What it tries works.
    Alive,
    /// It does not, and nothing opens.
    Dead,
}

/// What one receiver of webhooks is still to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receiver {
    /// What it is called.
    pub name: String,
    /// How many entries.
    pub waiting: u64,
    /// How often the next of them was tried.
    pub attempts: u32,
    /// How many it would not read.
    pub passed_over: u64,
}

/// From when on a controller that takes no turn is not alive: a new process may
/// do better.
pub const STUCK: Duration = Duration::from_secs(120);

/// From when on what was listed is too old to open anything by.
pub const STALE: Duration = Duration::from_secs(60);

/// A check: its name, and what is wrong.
type Check = (&'static str, Result<(), String>);

impl Report {
    /// Whether the process is worth keeping. Nothing outside of it counts: it must
    /// not be ended because the cluster is not well.
    fn livez(&self) -> Vec<Check> {
        vec![("turn", age(Some(self.since_turn), STUCK, "no turn was taken"))]
    }

    /// Whether it can open. Who waits for another's lease is ready. It closes
    /// whether or not it is ready.
    fn readyz(&self) -> Vec<Check> {
        let failing = |fails: bool, why: &str| if fails { Err(why.to_owned()) } else { Ok(()) };
        let canary = |canary: Canary, dead: &str| match canary {
            Canary::Alive => Ok(()),
            Canary::Untried => Err("not tried yet".to_owned()),
            Canary::Dead => Err(dead.to_owned()),
        };
        let lease = failing(self.lease == LeaseState::Unknown, "it cannot be read or kept");
        let record = failing(!self.record_writable, "it cannot be written");
        let mut checks = vec![
            ("list", age(self.since_list, STALE, "the cluster was not listed")),
            ("lease", lease),
            ("record", record),
        ];
        // One that only waits tries no canary.
        if self.lease != LeaseState::Other {
            let switch = canary(self.switch_canary, "a switch did not remove its policy");
            let admission = canary(self.admission_canary, "what must be refused was admitted");
            checks.extend([("switch-canary", switch), ("admission-canary", admission)]);
        }
        checks
    }
}

fn age(age: Option<Duration>, bound: Duration, what: &str) -> Result<(), String> {
    match age {
        Some(age) if age < bound => Ok(()),
        Some(age) => Err(format!("{what} for {} s, {} at most", age.as_secs(), bound.as_secs())),
        None => Err(format!("{what} yet")),
    }
}

/// The answer to a request.
pub fn answer<B>(report: &Report, request: &Request<B>) -> Response<Full<Bytes>> {
    let head = request.method() == Method::HEAD;
    let answer = if head || request.method() == Method::GET {
        match request.uri().path() {
            "/livez" => checked("livez", &report.livez()),
            "/readyz" => checked("readyz", &report.readyz()),
            "/metrics" => (StatusCode::OK, metrics::TYPE, metrics::text(report)),
            _ => (StatusCode::NOT_FOUND, PLAIN, "there are /livez, /readyz and /metrics\n".into()),
        }
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD\n".into())
    };
    let (status, content_type, text) = answer;
    let text = if head { String::new() } else { text };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// Every check by its name, as the probes of Kubernetes' own components have it.
fn checked(name: &str, checks: &[Check]) -> (StatusCode, &'static str, String) {
    let mut text = String::new();
    for (check, result) in checks {
        match result {
            Ok(()) => text.push_str(&format!("[+]{check} ok\n")),
            Err(why) => text.push_str(&format!("[-]{check} failed: {why}\n")),
        }
    }
    if checks.iter().all(|(_, result)| result.is_ok()) {
        text.push_str(&format!("{name} check passed\n"));
        (StatusCode::OK, PLAIN, text)
    } else {
        text.push_str(&format!("{name} check failed\n"));
        (StatusCode::SERVICE_UNAVAILABLE, PLAIN, text)
    }
}
