//! Which of several processes may open: the one that holds the lease, and only
//! until its fence.
//!
//! An [`Elector`] is a state machine: the lease as it was read and the time go in,
//! the one request that comes next comes out. It sends nothing and reads no clock.
//!
//! # Why no two hold it at once
//!
//! A holder counts its time from *before* it sent the request that the API server
//! took, and stops after two thirds of it. Everybody else counts from when they
//! *saw* that request's effect, which is later, and waits for all of it. No time of
//! day is ever compared with another machine's. So clocks may be hours apart, and
//! one may run half as fast again as another (±20 %, say), before two overlap.
//! What the holder sends, it starts before its fence, a request's timeout before
//! its time is over, so that what is under way has ended by then.
//!
//! This asks two things: that each process has an identity of its own (a pod that
//! starts again is another process), and that nobody deletes the lease under its
//! holder while another process starts, which then cannot know that there was one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use crate::clock::until;

/// One process among those that want the lease.
#[derive(Clone, Debug)]
pub struct Elector {
    namespace: String,
    name: String,
    identity: String,
    timing: Timing,
    seen: Option<Seen>,
    held: Option<Held>,
    released: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Create this lease; if the API server does, call [`Elector::taken`].
    Create(Lease),
    /// Replace the lease by this one, whose `resourceVersion` must still be that
    /// of the one that is there; if the API server does, call [`Elector::taken`].
    Update(Lease),
    /// Somebody else has it. Read it again then, by the clock that goes on evenly.
    Wait {
        /// When.
        until: Duration,
    },
    /// It is ours. Read it again then, to renew it.
    Hold {
        /// No write may start at this time or later.
        fence: Duration,
        /// When to renew it.
        renew: Duration,
    },
    /// It was released: there is nothing more to do.
    Done,
}

/// A moment, by both of a machine's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// How long it has been since some moment: goes on evenly, but may stand still
    /// while the machine sleeps.
    pub elapsed: Duration,
    /// The time of day, which goes on while the machine sleeps, but may be set.
    pub time: Timestamp,
}

/// How long a lease holds, and how often it is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    duration: u16,
    timeout: Duration,
}

/// No lease can be kept with these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTiming {
    /// It leaves no time for a renewal to fail, and be tried again, before the
    /// fence.
    #[error(
        "a lease of {seconds} s must be at least {least} s long for requests that may take {timeout:?}; use a longer lease, or a shorter timeout"
    )]
    Short {
        /// How long it is.
        seconds: u16,
        /// How long it has to be.
        least: u64,
        /// How long a request may take.
        timeout: Duration,
    },
    /// A request that may take no time never ends well.
    #[error("the timeout of requests must be longer than nothing")]
    Timeout,
}

impl Timing {
    /// What suits most clusters. Whoever takes over waits for half a minute before
    /// it opens anything; closing waits for no lease.
    pub const DEFAULT: Timing = Timing { duration: 30, timeout: Duration::from_secs(3) };

    /// A lease of so many seconds, kept by requests that end, one way or another,
    /// within `timeout`.
    ///
    /// # Errors
    ///
    /// When one renewal that gets no answer would lose the lease.
    pub fn new(seconds: u16, timeout: Duration) -> Result<Timing, NotTiming> {
        if timeout.is_zero() {
            return Err(NotTiming::Timeout);
        }
        let timing = Timing { duration: seconds, timeout };
        // A read and a write that fail, again a read and a write, and then the fence.
        let needed = timing.every() + timeout * 5;
        if timing.held() <= needed {
            // needed < d * 2/3, where needed = d * 2/15 + 5 t.
            let least = u64::try_from((timeout * 5).as_millis() * 15 / 8000 + 1);
            let least = least.unwrap_or(u64::MAX);
            return Err(NotTiming::Short { seconds, least, timeout });
        }
        Ok(timing)
    }

    /// How long a request may take.
    pub fn timeout(self) -> Duration {
        self.timeout
    }

    /// For how long others wait.
    fn duration(self) -> Duration {
        Duration::from_secs(self.duration.into())
    }

    /// For how long the holder counts on it: two thirds.
    fn held(self) -> Duration {
        self.duration() * 2 / 3
    }

    /// How often it is renewed, and looked at by others.
    fn every(self) -> Duration {
        self.held() / 5
    }
}

/// The lease as it was when it was first seen so.
#[derive(Clone, Debug)]
struct Seen {
    /// Its uid and version; nothing for one that is no longer there.
    version: Option<(String, String)>,
    since: Duration,
    /// For how long its holder may count on it.
    lasts: Duration,
}

#[derive(Clone, Debug)]
struct Held {
    lease: Lease,
    /// From when it counts: before the request was sent.
    since: Moment,
}

impl Elector {
    /// A process that wants the lease. Its identity must be no other process's,
    /// before or after.
    pub fn new(namespace: &str, name: &str, identity: &str, timing: Timing) -> Elector {
        Elector {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            timing,
            seen: None,
            held: None,
            released: false,
        }
    }

    /// Whether a write may start now that only the holder may send.
    pub fn may_write(&self, now: Moment) -> bool {
        self.left(now).is_some()
    }

    /// For how long such a write may start; nothing where it may not.
    pub fn left(&self, now: Moment) -> Option<Duration> {
        let (elapsed, time) = self.fence()?;
        // A time of day that was set back does not make it longer.
        let left = elapsed.saturating_sub(now.elapsed).min(until(now.time, time));
        Some(left).filter(|left| !left.is_zero())
    }

    /// What comes next, where `read` is the lease as it was read just now, and
    /// `now` is from after that.
    pub fn next(&mut self, now: Moment, read: Option<&Lease>) -> Step {
        if self.released {
            return Step::Done;
        }
        let Some(lease) = read else { return self.absent(now) };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder != self.identity {
            // Whatever was acknowledged: somebody has taken it since, or it was set
            // back by force.
            self.held = None;
        }
        let ours = holder == self.identity;
        if let (true, Some(held)) = (ours, &self.held) {
            let renew = held.since.elapsed + self.timing.every();
            if let (Some((fence, _)), true) = (self.fence(), self.may_write(now))
                && now.elapsed < renew
            {
                return Step::Hold { fence, renew };
            }
        }
        // Its version is what makes taking it safe.
        let Some(version) = version(lease) else {
            return Step::Wait { until: now.elapsed + self.timing.every() };
        };
        let free = holder.is_empty();
        if !ours && !free {
            let expires = self.expires(now, Some(version), lasts(&spec));
            if now.elapsed < expires {
                return Step::Wait { until: expires.min(now.elapsed + self.timing.every()) };
            }
        }
        Step::Update(Lease { spec: Some(self.claim(spec, ours, now)), ..lease.clone() })
    }

    /// The API server took what [`Elector::next`] said: `sent` is from before the
    /// request was sent, and `answer` is the lease as it then was.
    pub fn taken(&mut self, sent: Moment, answer: &Lease) {
        let holder = answer.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref());
        if holder == Some(&*self.identity) && version(answer).is_some() && !self.released {
            self.held = Some(Held { lease: answer.clone(), since: sent });
            self.seen = None;
        }
    }

    /// Gives the lease up, so that nobody has to wait for its end, and with it the
    /// right to write. What is returned replaces the lease; where that fails, it
    /// ends by itself. Every write must have ended before.
    pub fn release(&mut self) -> Option<Lease> {
        self.released = true;
        let mut lease = self.held.take()?.lease;
        let spec = lease.spec.get_or_insert_default();
        spec.holder_identity = Some(String::new());
        Some(lease)
    }

    /// When no write may start any more, by both clocks.
    fn fence(&self) -> Option<(Duration, Timestamp)> {
        let since = self.held.as_ref()?.since;
        let for_ = self.timing.held().saturating_sub(self.timing.timeout);
        let time = since.time.checked_add(SignedDuration::try_from(for_).ok()?).ok()?;
        Some((since.elapsed + for_, time))
    }

    /// There is no lease. Who saw one lets its holder's time run out first: whoever
    /// deleted it did not ask the holder.
    fn absent(&mut self, now: Moment) -> Step {
        self.held = None;
        if let Some(seen) = &self.seen {
            let lasts = seen.lasts;
            let expires = self.expires(now, None, lasts);
            if now.elapsed < expires {
                return Step::Wait { until: expires.min(now.elapsed + self.timing.every()) };
            }
        }
        let metadata = ObjectMeta {
            name: Some(self.name.clone()),
            namespace: Some(self.namespace.clone()),
            ..ObjectMeta::default()
        };
        let spec = self.claim(LeaseSpec::default(), false, now);
        Step::Create(Lease { metadata, spec: Some(spec) })
    }

    /// When what is seen now has been seen for the whole of its holder's time. A
    /// version and not a time tells whether it changed, so that a holder whose
    /// clock stands still is seen to renew.
    fn expires(
        &mut self,
        now: Moment,
        version: Option<(String, String)>,
        lasts: Duration,
    ) -> Duration {
        // A holder of another release may have another duration.
        let lasts = lasts.max(self.timing.duration());
        match &self.seen {
            Some(seen) if seen.version == version => seen.since + seen.lasts,
            _ => {
                self.seen = Some(Seen { version, since: now.elapsed, lasts });
                now.elapsed + lasts
            }
        }
    }

    fn claim(&self, before: LeaseSpec, ours: bool, now: Moment) -> LeaseSpec {
        let transitions = before.lease_transitions.unwrap_or(0);
        let acquired = before.acquire_time.clone().filter(|_| ours);
        LeaseSpec {
            // Times are for people to read: nobody reckons with them.
            acquire_time: acquired.or(Some(MicroTime(now.time))),
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(self.timing.duration.into()),
            lease_transitions: Some(transitions.saturating_add(i32::from(!ours))),
            renew_time: Some(MicroTime(now.time)),
            ..before
        }
    }
}

fn version(lease: &Lease) -> Option<(String, String)> {
    let version = lease.metadata.resource_version.clone().filter(|version| !version.is_empty());
    Some((lease.metadata.uid.clone().unwrap_or_default(), version?))
}

fn lasts(spec: &LeaseSpec) -> Duration {
    let seconds = u64::try_from(spec.lease_duration_seconds.unwrap_or(0));
    Duration::from_secs(seconds.unwrap_or(0))
}
