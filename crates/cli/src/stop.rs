//! Being told to stop: Ctrl-C at the terminal, or SIGTERM from whoever runs us.

#[cfg(unix)]
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::failure::Problem;

/// What we were told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is none"))]
    Terminate,
}

/// Listens to signals. While there is one they do nothing else, and none that
/// comes is missed, whenever it is asked for.
#[cfg(unix)]
pub(crate) struct Stop {
    interrupt: Stream,
    terminate: Stream,
}

#[cfg(unix)]
impl Stop {
    /// Begins to listen; within a runtime that has IO.
    pub(crate) fn listen() -> Result<Stop, Problem> {
        let on = |kind| {
            signal(kind).map_err(|e| Problem::new(format!("signals cannot be received: {e}")))
        };
        let (interrupt, terminate) = (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
        Ok(Stop { interrupt, terminate })
    }

    /// Waits until we are told to stop.
    pub(crate) async fn told(&mut self) -> Signal {
        let interrupt = std::pin::pin!(self.interrupt.recv());
        let terminate = std::pin::pin!(self.terminate.recv());
        match futures::future::select(interrupt, terminate).await {
            futures::future::Either::Left(_) => Signal::Interrupt,
            futures::future::Either::Right(_) => Signal::Terminate,
        }
    }
}

/// Listens to Ctrl-C.
#[cfg(not(unix))]
pub(crate) struct Stop;

#[cfg(not(unix))]
impl Stop {
    /// Begins to listen; within a runtime that has IO.
    pub(crate) fn listen() -> Result<Stop, Problem> {
        Ok(Stop)
    }

    /// Waits until we are told to stop.
    pub(crate) async fn told(&mut self) -> Signal {
        // Where that cannot be received, nobody tells us.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
