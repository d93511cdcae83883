//! Time, from outside: what is driven by it can be driven through it.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::elector::Moment;

/// What time it is, and how to wait.
pub trait Clock: Send + Sync {
    /// The time of day. It may be set, backwards too.
    fn now(&self) -> Timestamp;

    /// How long it has been since some moment, whatever is done to the time of
    /// day.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// The clock, from now on.
    #[expect(clippy::new_without_default, reason = "it starts when it is made")]
    pub fn new() -> SystemClock {
        SystemClock(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// What a clock shows now.
pub(crate) fn moment(clock: &dyn Clock) -> Moment {
    Moment { elapsed: clock.elapsed(), time: clock.now() }
}

/// How long it is from one time to a later one; nothing where it is past.
pub(crate) fn until(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or(Duration::ZERO)
}

/// A duration as differences of times are.
pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
