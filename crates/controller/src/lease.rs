//! The lease at the API server, as the state machine of [`crate::elector`] wants it.

use std::time::Duration;

use fallgate_api::names::SYSTEM_NAMESPACE;
use fallgate_cluster::{Refusal, Writer};
use k8s_openapi::api::coordination::v1::Lease;

use crate::Clock;
use crate::clock::moment;
use crate::elector::{Elector, Step, Timing};
use crate::health::LeaseState;

/// The lease's name, in the controller's namespace.
const NAME: &str = "fallgate-controller";
/// When to try again what failed.
const AGAIN: Duration = Duration::from_secs(1);

/// One controller among those that want to lead.
pub(crate) struct Election {
    elector: Elector,
    /// When to act next.
    next: Duration,
    /// Who held it when this process last looked.
    state: LeaseState,
}

impl Election {
    pub(crate) fn new(identity: &str, timing: Timing) -> Election {
        let elector = Elector::new(SYSTEM_NAMESPACE, NAME, identity, timing);
        Election { elector, next: Duration::ZERO, state: LeaseState::Unknown }
    }

    /// For how long a write may still begin that only the holder may send.
    pub(crate) fn left(&self, clock: &dyn Clock) -> Option<Duration> {
        self.elector.left(moment(clock))
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
        let step = self.step(writer, clock).await;
        let state = match (&step, self.left(clock)) {
            (_, Some(_)) => LeaseState::Held,
            (Ok(_), None) => LeaseState::Other,
            (Err(_), None) => LeaseState::Unknown,
        };
        if state != self.state {
            tracing::info!(?state, "the lease changed");
            self.state = state;
        }
        self.next = step.unwrap_or_else(|refusal| {
            tracing::warn!(%refusal, "the lease could not be kept");
            clock.elapsed() + AGAIN
        });
    }

    /// Who holds it, as far as is known.
    pub(crate) fn state(&self) -> LeaseState {
        self.state
    }

    /// Lets the lease go, so that nobody has to wait for its end.
    pub(crate) async fn release(&mut self, writer: &Writer) {
        if let Some(lease) = self.elector.release()
            && let Err(refusal) = writer.hold(&lease).await
        {
            tracing::warn!(%refusal, "the lease could not be let go, and ends by itself");
        }
    }

    /// One step; returns when the next one is due.
    async fn step(&mut self, writer: &Writer, clock: &dyn Clock) -> Result<Duration, Refusal> {
        let read = writer.read::<Lease>(Some(SYSTEM_NAMESPACE), NAME).await?;
        let sent = moment(clock);
        let answer = match self.elector.next(sent, read.as_ref()) {
            Step::Create(lease) => writer.create(&lease).await?,
            Step::Update(lease) => writer.hold(&lease).await?,
            Step::Wait { until } => return Ok(until),
            Step::Hold { renew, .. } => return Ok(renew),
            Step::Done => return Ok(Duration::MAX),
        };
        self.elector.taken(sent, &answer);
        match self.elector.next(moment(clock), Some(&answer)) {
            Step::Hold { renew, .. } => Ok(renew),
            // What was answered is not what was sent.
            _ => Ok(clock.elapsed() + AGAIN),
        }
    }
}
