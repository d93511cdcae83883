//! How long to leave alone what failed.

use std::collections::BTreeMap;
use std::time::Duration;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);

/// What failed, and until when it is left alone.
#[derive(Default)]
pub(crate) struct Backoff(BTreeMap<String, (u32, Duration)>);

impl Backoff {
    /// Until when something is left alone.
    pub(crate) fn until(&self, what: &str, elapsed: Duration) -> Option<Duration> {
        let (_, until) = self.0.get(what)?;
        (elapsed < *until).then_some(*until)
    }

    /// It failed: it is left alone for longer than before, within a bound, and
    /// not shorter than the server wants where that is within the bound.
    pub(crate) fn failed(
        &mut self,
        what: String,
        elapsed: Duration,
        longest: Duration,
        wanted: Option<Duration>,
    ) {
        let (failures, until) = self.0.entry(what).or_default();
        let pause = FIRST.saturating_mul(1 << (*failures).min(16));
        *failures = failures.saturating_add(1);
        *until = elapsed + pause.max(wanted.unwrap_or_default()).min(longest);
    }

    /// It went well.
    pub(crate) fn done(&mut self, what: &str) {
        self.0.remove(what);
    }

    /// Keeps only what still exists.
    pub(crate) fn retain(&mut self, exists: impl Fn(&str) -> bool) {
        self.0.retain(|what, _| exists(what));
    }
}
