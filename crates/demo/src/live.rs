//! The shop on the wall clock, for `kubectl` and `fallgate`.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fallgate_api::names::{CONTROLLER_SERVICE_ACCOUNT, SYSTEM_NAMESPACE};
use fallgate_controller::{Clock, Controller, Record, Settings};
use fallgate_sim::{HttpsServer, Options, Sim, people};
use futures::future::{BoxFuture, Either, select};
use jiff::Timestamp;
use kube::Client;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{Wrong, world};

/// How long the shop takes to be built, at most: that much before now it begins.
const BUILDING: Duration = Duration::from_secs(300);

/// A cluster that answers over HTTPS on this machine.
pub struct Live {
    sim: Sim,
    server: HttpsServer,
    controller: Controller,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("address", &self.server.address()).finish_non_exhaustive()
    }
}

/// The cluster's time, which is that of this machine.
struct Wall {
    sim: Sim,
    start: Instant,
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Live {
    /// Builds the shop as of now, and listens on a port of loopback; on any that is
    /// free where it is 0. The record is kept in a file, whose directory is there.
    ///
    /// # Errors
    ///
    /// When the port cannot be had.
    pub async fn new(now: Timestamp, port: u16, record: PathBuf) -> Result<Live, Wrong> {
        let start = now.checked_sub(BUILDING).unwrap_or(now);
        let sim = Sim::with_fallgate(Options { start, ..Options::default() })?;
        world::build(&sim)?;
        sim.advance(now.duration_since(sim.now()).try_into().unwrap_or_default());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = sim.serve(address).await.map_err(|error| Wrong::new(error.to_string()))?;
        let me = sim.service_account(SYSTEM_NAMESPACE, CONTROLLER_SERVICE_ACCOUNT);
        let me = me.ok_or_else(|| Wrong::new("the controller has no ServiceAccount"))?;
        let client = Client::new(sim.client_service(me), SYSTEM_NAMESPACE);
        let clock = Wall { sim: sim.clone(), start: Instant::now() };
        let controller = Controller::new(
            client,
            Record::in_file(record),
            Arc::new(clock),
            Settings { relist: Duration::from_secs(3), ..Settings::new("demo") },
        );
        Ok(Live { sim, server, controller })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A kubeconfig with a context for each person.
    pub fn kubeconfig(&self) -> String {
        self.server.kubeconfig(&people::all())
    }

    /// Stays up until `stop` is told.
    pub async fn run(mut self, stop: Arc<Notify>) {
        let time = std::pin::pin!(self.sim.clone().follow());
        let work = std::pin::pin!(self.controller.run(stop));
        match select(time, work).await {
            Either::Left(((), work)) => work.await,
            Either::Right(((), _)) => {}
        }
    }
}
