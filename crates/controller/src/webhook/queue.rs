//! What one receiver is told next, and when: values in, values out.

use std::time::Duration;

use fallgate_ledger::{Entry, Head};

use super::Failure;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause, whatever the receiver asks for.
pub const LONGEST: Duration = Duration::from_secs(600);

/// How often a receiver may say of an entry that it cannot read it before the
/// entry is passed over: over the course of minutes, so that it can be mended.
pub const REFUSALS: u32 = 10;

/// What one receiver was told, and when it is told more.
#[derive(Clone, Debug)]
pub struct Queue {
    told: Head,
    attempts: u32,
    refusals: u32,
    not_before: Duration,
    passed_over: u64,
}

/// What is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It has been told of everything.
    Nothing,
    /// What is next is tried again then.
    Wait {
        /// When, by the clock that goes on evenly.
        until: Duration,
    },
    /// Tell of the entry with this number.
    Tell {
        /// Which.
        seq: u64,
    },
    /// The record does not go as far as what was told, or ends in another entry.
    Rewritten,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Taken,
    /// The receiver answered something else.
    Status {
        /// The status.
        status: u16,
        /// For how long it wants to be left alone.
        wait: Option<Duration>,
    },
    /// There was no answer.
    Failed(Failure),
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The cursor moved: the entry was taken.
    Taken,
    /// The cursor moved: the receiver will not read the entry.
    PassedOver,
    /// It is tried again.
    Again,
}

impl Queue {
    /// A receiver that was told up to an entry.
    pub fn new(told: Head) -> Queue {
        Queue { told, attempts: 0, refusals: 0, not_before: Duration::ZERO, passed_over: 0 }
    }

    /// The last entry that it was told of.
    pub fn told(&self) -> Head {
        self.told
    }

    /// How many entries of a record it has not been told of.
    pub fn waiting(&self, head: Head) -> u64 {
        head.seq.saturating_sub(self.told.seq)
    }

    /// How often the next entry was tried.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How many entries were passed over since this process started.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// What is next, for a record that goes to `head`.
    pub fn next(&self, head: Head, elapsed: Duration) -> Next {
        let cut = head.seq < self.told.seq;
        if cut || (head.seq == self.told.seq && head.hash != self.told.hash) {
            Next::Rewritten
        } else if head.seq == self.told.seq {
            Next::Nothing
        } else if elapsed < self.not_before {
            Next::Wait { until: self.not_before }
        } else {
            Next::Tell { seq: self.told.seq.saturating_add(1) }
        }
    }

    /// Whether an entry follows what was told.
    pub fn fits(&self, entry: &Entry) -> bool {
        Some(entry.seq) == self.told.seq.checked_add(1) && entry.prev == self.told.hash
    }

    /// Tells everything from the first entry on. The pace stays as it is.
    pub fn restart(&mut self) {
        (self.told, self.refusals) = (Head::EMPTY, 0);
    }

    /// Takes what became of an attempt to tell of an entry that fits; `chance` is
    /// any number, so that those who failed together do not try again together.
    pub fn answered(
        &mut self,
        entry: &Entry,
        outcome: &Outcome,
        elapsed: Duration,
        chance: u64,
    ) -> Then {
        let (unreadable, wait) = match outcome {
            Outcome::Taken => {
                self.move_to(entry);
                self.not_before = elapsed;
                return Then::Taken;
            }
            Outcome::Status { status, wait } => (is_about_the_entry(*status), *wait),
            Outcome::Failed(_) => (false, None),
        };
        let pause = pause(self.attempts, chance).max(wait.unwrap_or_default()).min(LONGEST);
        self.not_before = elapsed.saturating_add(pause);
        self.attempts = self.attempts.saturating_add(1);
        self.refusals = self.refusals.saturating_add(u32::from(unreadable));
        if unreadable && self.refusals >= REFUSALS {
            self.passed_over = self.passed_over.saturating_add(1);
            self.move_to(entry);
            Then::PassedOver
        } else {
            Then::Again
        }
    }

    fn move_to(&mut self, entry: &Entry) {
        (self.told, self.attempts, self.refusals) = (Head::from(entry), 0, 0);
    }
}

/// Between a half and the whole of what the attempts so far make it.
fn pause(attempts: u32, chance: u64) -> Duration {
    let whole = FIRST.saturating_mul(1 << attempts.min(16)).min(LONGEST);
    let half = whole / 2;
    let millis = u64::try_from(half.as_millis()).unwrap_or(0);
    half + Duration::from_millis(chance % (millis + 1))
}

/// Whether an answer is about what was sent and not about the receiver: that it
/// is no request, too large, of a type or content that it does not read.
/// Everything else (it is down, has moved, wants other credentials) can change
/// without the entry.
fn is_about_the_entry(status: u16) -> bool {
    matches!(status, 400 | 413 | 415 | 422 | 431)
}
