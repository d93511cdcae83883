//! Which of several controllers may open: the one that holds the lease.

use std::time::Duration;

use fallgate_api::names::SYSTEM_NAMESPACE;
use fallgate_cluster::{Refusal, Writer};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use crate::Clock;
use crate::clock::{signed, until};

/// The lease's name, in the controller's namespace.
const NAME: &str = "fallgate-controller";
/// When to try again what failed.
const AGAIN: Duration = Duration::from_secs(1);

/// One controller among those that want to lead.
pub(crate) struct Election {
    identity: String,
    /// For how long a renewal holds.
    duration: Duration,
    /// How often it is renewed.
    every: Duration,
    held: Option<Held>,
    /// The lease of somebody else, and since when it has been as it is.
    other: Option<(String, Duration)>,
    /// When to act next.
    next: Duration,
}

struct Held {
    lease: Lease,
    /// When it ends, by both clocks: the one that goes on evenly stands still
    /// while the machine sleeps, and the other one may be set.
    ends: (Duration, Timestamp),
}

impl Election {
    pub(crate) fn new(identity: String, duration: Duration, every: Duration) -> Election {
        Election { identity, duration, every, held: None, other: None, next: Duration::ZERO }
    }

    /// For how long the lease is still ours.
    pub(crate) fn left(&self, clock: &dyn Clock) -> Option<Duration> {
        let (elapsed, time) = self.held.as_ref()?.ends;
        let left = elapsed.saturating_sub(clock.elapsed()).min(until(clock.now(), time));
        // A time of day that was set back does not make it longer.
        Some(left.min(self.duration)).filter(|left| !left.is_zero())
    }

    /// How long until something is to be done about it.
    pub(crate) fn wait(&self, clock: &dyn Clock) -> Duration {
        self.next.saturating_sub(clock.elapsed())
    }

    /// Takes the lease, renews it, or looks whether it is free: at most a read
    /// and a write.
    pub(crate) async fn keep(&mut self, writer: &Writer, clock: &dyn Clock) {
        if clock.elapsed() < self.next {
            return;
        }
        let done = match self.held.take() {
            Some(held) => self.renew(held, writer, clock).await,
            None => self.acquire(writer, clock).await,
        };
        let wait = match done {
            Ok(()) => self.every,
            Err(refusal) => {
                tracing::warn!(%refusal, "the lease could not be kept");
                AGAIN
            }
        };
        self.next = clock.elapsed() + wait;
    }

    /// Lets the lease go, so that nobody has to wait for its end.
    pub(crate) async fn release(&mut self, writer: &Writer) {
        if let Some(mut held) = self.held.take() {
            let spec = held.lease.spec.get_or_insert_default();
            spec.holder_identity = Some(String::new());
            if let Err(refusal) = writer.hold(&held.lease).await {
                tracing::warn!(%refusal, "the lease could not be let go, and ends by itself");
            }
        }
    }

    async fn renew(
        &mut self,
        mut held: Held,
        writer: &Writer,
        clock: &dyn Clock,
    ) -> Result<(), Refusal> {
        // From before the request: others count from when they see it.
        let (elapsed, now) = (clock.elapsed(), clock.now());
        held.lease.spec.get_or_insert_default().renew_time = Some(MicroTime(now));
        match writer.hold(&held.lease).await {
            Ok(lease) => {
                self.held = Some(self.held_from(lease, elapsed, now));
                Ok(())
            }
            // Somebody has taken it, or deleted it.
            Err(refusal @ (Refusal::Conflict(_) | Refusal::NotFound)) => Err(refusal),
            Err(refusal) => {
                // Perhaps it was renewed: what is there is to be read.
                self.held = Some(held);
                let read = writer.read::<Lease>(Some(SYSTEM_NAMESPACE), NAME).await;
                if let (Ok(Some(lease)), Some(held)) = (read, &mut self.held) {
                    let own = lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_ref());
                    if own == Some(&self.identity) {
                        held.lease = lease;
                    } else {
                        self.held = None;
                    }
                }
                Err(refusal)
            }
        }
    }

    async fn acquire(&mut self, writer: &Writer, clock: &dyn Clock) -> Result<(), Refusal> {
        let found = writer.read::<Lease>(Some(SYSTEM_NAMESPACE), NAME).await?;
        let (elapsed, now) = (clock.elapsed(), clock.now());
        let taken = match found {
            None => {
                let metadata = ObjectMeta {
                    name: Some(NAME.to_owned()),
                    namespace: Some(SYSTEM_NAMESPACE.to_owned()),
                    ..ObjectMeta::default()
                };
                let spec = Some(self.spec(None, now));
                writer.create(&Lease { metadata, spec }).await?
            }
            Some(lease) => {
                let spec = lease.spec.clone().unwrap_or_default();
                let holder = spec.holder_identity.clone().unwrap_or_default();
                let version = lease.metadata.resource_version.clone().unwrap_or_default();
                let since = match &self.other {
                    Some((known, since)) if *known == version => *since,
                    _ => {
                        self.other = Some((version, elapsed));
                        elapsed
                    }
                };
                let seconds = u64::try_from(spec.lease_duration_seconds.unwrap_or(0));
                let lasts = Duration::from_secs(seconds.unwrap_or(0)).max(self.duration);
                let ours = holder == self.identity;
                if !holder.is_empty() && !ours && elapsed.saturating_sub(since) < lasts {
                    return Ok(());
                }
                let spec = Some(self.spec(Some(&spec), now));
                writer.hold(&Lease { spec, ..lease }).await?
            }
        };
        tracing::info!(identity = %self.identity, "this process leads");
        self.other = None;
        self.held = Some(self.held_from(taken, elapsed, now));
        Ok(())
    }

    fn held_from(&self, lease: Lease, elapsed: Duration, now: Timestamp) -> Held {
        let time = now.checked_add(signed(self.duration)).unwrap_or(Timestamp::MAX);
        Held { lease, ends: (elapsed + self.duration, time) }
    }

    fn spec(&self, before: Option<&LeaseSpec>, now: Timestamp) -> LeaseSpec {
        let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or(0);
        LeaseSpec {
            acquire_time: Some(MicroTime(now)),
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.duration.as_secs()).ok(),
            lease_transitions: Some(transitions.saturating_add(1)),
            renew_time: Some(MicroTime(now)),
            ..LeaseSpec::default()
        }
    }
}
