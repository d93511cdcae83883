//! The text of Prometheus, version 0.0.4.

use std::fmt::{self, Write};
use std::time::Duration;

use super::{Canary, LeaseState, Report};

/// What it is, as an answer says.
pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The upper bounds of lateness that are counted, in milliseconds: what is
/// promised of the controller is one second, of the backstop one minute.
pub const BOUNDS: [u64; 9] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/// How late grants that expired were closed: from when each expired until all that
/// it had opened was seen to be gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// How many were within each of the bounds but none before.
    within: [u64; BOUNDS.len()],
    count: u64,
    sum: Duration,
}

impl Lateness {
    /// Counts a grant that was closed so late.
    pub fn observe(&mut self, late: Duration) {
        let bounds = BOUNDS.into_iter().map(Duration::from_millis);
        let bucket = self.within.iter_mut().zip(bounds).find(|(_, bound)| late <= *bound);
        if let Some((count, _)) = bucket {
            *count = count.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(late);
    }
}

/// All that is measured.
pub(super) fn text(report: &Report) -> String {
    let mut page = Page(String::new());
    page.family("fallgate_grants", "gauge", "Grants by phase.");
    for (phase, count) in &report.grants {
        page.sample("fallgate_grants", &[("phase", phase)], count);
    }
    lateness(&mut page, &report.lateness);
    let turn = Seconds(report.since_turn);
    page.single("fallgate_turn_age_seconds", "Time since the last turn began.", &turn);
    if let Some(age) = report.since_list {
        let help = "Time since everything was last listed.";
        page.single("fallgate_list_age_seconds", help, &Seconds(age));
    }
    let held = u8::from(report.lease == LeaseState::Held);
    page.single("fallgate_lease_held", "Whether this process holds the lease.", &held);
    let writable = u8::from(report.record_writable);
    page.single("fallgate_record_writable", "Whether the record can be written.", &writable);
    let help = "Whether what a canary tries works; absent before the first try.";
    page.family("fallgate_canary_alive", "gauge", help);
    let canaries = [("admission", report.admission_canary), ("switch", report.switch_canary)];
    for (name, canary) in canaries {
        if canary != Canary::Untried {
            let alive = u8::from(canary == Canary::Alive);
            page.sample("fallgate_canary_alive", &[("canary", name)], &alive);
        }
    }
    receivers(&mut page, report);
    page.0
}

fn lateness(page: &mut Page, lateness: &Lateness) {
    let name = "fallgate_close_lateness_seconds";
    page.family(name, "histogram", "How long after it expired a grant was closed.");
    let mut count: u64 = 0;
    for (bound, within) in BOUNDS.into_iter().zip(lateness.within) {
        count = count.saturating_add(within);
        let bound = Seconds(Duration::from_millis(bound)).to_string();
        page.sample(&format!("{name}_bucket"), &[("le", &bound)], &count);
    }
    page.sample(&format!("{name}_bucket"), &[("le", "+Inf")], &lateness.count);
    page.sample(&format!("{name}_sum"), &[], &Seconds(lateness.sum));
    page.sample(&format!("{name}_count"), &[], &lateness.count);
}

fn receivers(page: &mut Page, report: &Report) {
    let mut receivers: Vec<_> = report.receivers.iter().collect();
    receivers.sort_by(|one, other| one.name.cmp(&other.name));
    // A series may stand there once.
    receivers.dedup_by(|one, other| one.name == other.name);
    let name = "fallgate_webhook_waiting";
    page.family(name, "gauge", "Entries of the record that a receiver was not told of.");
    for receiver in &receivers {
        page.sample(name, &[("receiver", &receiver.name)], &receiver.waiting);
    }
    let name = "fallgate_webhook_attempts";
    page.family(name, "gauge", "How often the next entry was tried.");
    for receiver in &receivers {
        page.sample(name, &[("receiver", &receiver.name)], &receiver.attempts);
    }
    let name = "fallgate_webhook_passed_over_total";
    page.family(name, "counter", "Entries that a receiver would not read.");
    for receiver in &receivers {
        page.sample(name, &[("receiver", &receiver.name)], &receiver.passed_over);
    }
}

/// Families of samples, one after another.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn single(&mut self, name: &str, help: &str, value: &dyn fmt::Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        if labels.is_empty() {
            self.line(format_args!("{name} {value}"));
        } else {
            self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
        }
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // A text takes whatever is written to it.
        let _ = writeln!(self.0, "{line}");
    }
}

/// What may stand between the quotes of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Seconds as a decimal number, to the millisecond.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:03}", self.0.subsec_millis());
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.0.as_secs()),
            fraction => write!(f, "{}.{fraction}", self.0.as_secs()),
        }
    }
}
