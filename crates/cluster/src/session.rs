//! Requests with everything that holds for each of them: how many at once, how
//! long, how often again, and which failures end it all.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::error::{Error, cause, clean};

/// Requests that are under way at once: lists are the most expensive thing
/// that a server is asked for.
const AT_ONCE: usize = 4;

/// How often a request is sent again when the server says that it is busy.
const RETRIES: u32 = 4;

/// Which cluster is meant, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) context: String,
    pub(crate) server: String,
}

/// A client of one server.
pub(crate) struct Session {
    client: Client,
    pub(crate) target: Target,
    timeout: Duration,
    slots: Semaphore,
}

/// What the server said.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: Bytes,
    retry_after: Option<Duration>,
}

impl Answer {
    /// Why the server did not do what it was asked for, in its own words.
    pub(crate) fn reason(&self) -> String {
        #[derive(Deserialize)]
        struct Status {
            message: String,
        }
        let said = match serde_json::from_slice::<Status>(&self.text) {
            Ok(status) => clean(&status.message),
            // A proxy's page, perhaps, in which there is nothing to be found.
            Err(_) if self.text.starts_with(b"<") => String::new(),
            Err(_) => clean(&String::from_utf8_lossy(&self.text)),
        };
        let is_silent = said.is_empty() || self.status.canonical_reason() == Some(&said);
        if is_silent { self.status.to_string() } else { format!("{}: {said}", self.status) }
    }

    fn is_busy(&self) -> bool {
        matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        )
    }
}

impl Session {
    pub(crate) fn new(client: Client, target: Target, timeout: Duration) -> Session {
        // Longer than anybody waits, and short enough to be added to a time.
        let timeout = timeout.min(Duration::from_secs(24 * 60 * 60));
        Session { client, target, timeout, slots: Semaphore::new(AT_ONCE) }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Asks for a path. What the server answers is an answer, an error status
    /// too, unless nothing else can be asked either.
    pub(crate) async fn get(&self, path: &str, accept: &str) -> Result<Answer, Error> {
        let _slot = self.slots.acquire().await;
        let deadline = Instant::now() + self.timeout;
        let mut pause = Duration::from_millis(500);
        for attempt in 0.. {
            let answer = tokio::time::timeout_at(deadline, self.attempt(path, accept))
                .await
                .map_err(|_| self.out_of_time(path))??;
            if answer.status == StatusCode::UNAUTHORIZED {
                let Target { context, server } = self.target.clone();
                return Err(Error::Unauthorized { context, server, reason: answer.reason() });
            }
            let again = Instant::now() + answer.retry_after.unwrap_or(pause);
            if !answer.is_busy() || attempt >= RETRIES || again >= deadline {
                return Ok(answer);
            }
            tokio::time::sleep_until(again).await;
            pause *= 2;
        }
        Err(self.out_of_time(path))
    }

    async fn attempt(&self, path: &str, accept: &str) -> Result<Answer, Error> {
        let request = Request::get(path)
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .map_err(|e| self.unreachable(&e))?;
        let response = self.client.send(request).await.map_err(|e| self.unreachable(&e))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(|seconds: u16| Duration::from_secs(seconds.into()));
        let text = response.into_body().collect_bytes().await.map_err(|e| self.unreachable(&e))?;
        Ok(Answer { status, text, retry_after })
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> Error {
        let Target { context, server } = self.target.clone();
        Error::Unreachable { context, server, reason: cause(error) }
    }

    fn out_of_time(&self, path: &str) -> Error {
        let Target { context, server } = &self.target;
        let path = path.split('?').next().unwrap_or_default();
        let what = format!("the API server {server} of context `{context}`, asked for {path},");
        Error::Timeout { what, after: self.timeout }
    }

    /// An error status from what every user of every API server may ask for.
    pub(crate) fn refused(&self, path: &str, answer: &Answer) -> Error {
        let Target { context, server } = self.target.clone();
        match answer.reason() {
            reason if reason.contains("cannot impersonate") => {
                Error::Impersonation { context, server, reason }
            }
            reason => self.nonsense(path, reason),
        }
    }

    /// An answer that makes no sense to go on with.
    pub(crate) fn nonsense(&self, path: &str, reason: impl Into<String>) -> Error {
        let Target { context, server } = self.target.clone();
        Error::Answer { context, server, path: path.to_owned(), reason: reason.into() }
    }
}
