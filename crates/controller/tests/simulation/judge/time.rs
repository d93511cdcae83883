//! What time breaks while nothing happens.

use jiff::{SignedDuration, Timestamp};

use super::{BACKSTOP, Judge, LOOK, PRIMARY, SURVEY};

impl Judge {
    /// Checks everything that depends on the time up to a moment. What is there
    /// has been there until then.
    pub(super) fn until(&mut self, time: Timestamp) {
        self.now = self.now.max(time);
        let mut late = Vec::new();
        for open in self.open.values() {
            let (_, namespace, name) = &open.place;
            let after = |moment: Timestamp, disturbed: Timestamp, within: SignedDuration| {
                time.duration_since(moment.max(disturbed)) > within
            };
            let mut tell = |invariant, why: &str| {
                late.push((invariant, format!("the policy {namespace}/{name} is there {why}")));
            };
            let primary = if self.clocks { "S16" } else { "S2" };
            if let Some(end) = self.end(&open.grant) {
                if after(end, self.trouble, PRIMARY) {
                    tell(primary, "5 s after its grant's end");
                }
                if after(end, self.manager_trouble, BACKSTOP) {
                    tell("S3", "60 s after its grant's end");
                }
            }
            if open.orphaned.is_some_and(|since| after(since, self.manager_trouble, BACKSTOP)) {
                tell("S5", "60 s after its switch is gone");
            }
            let request = self.grants.get(&open.grant);
            let request = request.map(|grant| super::text(grant, "/spec/requestRef/uid"));
            let request = request.unwrap_or_default();
            let stopped = self.stopped(request);
            if stopped.is_some_and(|since| after(since, self.trouble, LOOK + PRIMARY)) {
                tell("S9", "15 s after somebody ended it");
            }
            if self.locked.is_some_and(|since| after(since, self.trouble, LOOK + PRIMARY)) {
                tell("S9", "15 s after it was locked");
            }
            let drifted = self.drifted.get(request).or_else(|| self.drifted.get(&open.grant));
            if drifted.is_some_and(|since| after(*since, self.trouble, SURVEY + PRIMARY)) {
                tell("S13", "25 s after it was no longer what was approved");
            }
        }
        for (invariant, what) in late {
            self.broken(invariant, what);
        }
    }
}
