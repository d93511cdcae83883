//! Listening: a few connections at a time, each for one request.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Report, answer};

/// How many connections there may be at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 16;
/// How long one may take. Whoever says nothing takes nobody's place for longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The smallest that the library takes: requests here are short.
const MAX_HEAD: usize = 8 * 1024;
/// How long to wait when a connection cannot be accepted, for want of files say.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers whoever connects with what is known then; until it is dropped.
pub async fn serve(listener: TcpListener, report: impl Fn() -> Report + Send + Sync + 'static) {
    let report = Arc::new(report);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // What is in here ends when it is dropped.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // It is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let report = report.clone();
        connections.spawn(async move {
            let service = service_fn(|request| {
                let response = answer(&report(), &request);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .keep_alive(false)
                .max_buf_size(MAX_HEAD)
                .serve_connection(TokioIo::new(stream), service);
            // Whoever is too slow, or speaks no HTTP, is not answered.
            let _ = timeout(PATIENCE, connection).await;
            drop(place);
        });
    }
}
