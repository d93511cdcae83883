//! Waiting for what becomes of an object.

use std::pin::pin;
use std::time::Duration;

use futures::TryStreamExt as _;
use kube::api::{WatchEvent, WatchParams};
use kube::core::Request;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Kind, Refusal, Writer};

/// Between two looks at an object that cannot be watched, or not now.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a watch may go on: a little longer than the server lets it, which a
/// connection that broke without a word does not notice.
const WATCH: Duration = Duration::from_secs(300);

/// How an object was left.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed<K> {
    /// It is as was waited for.
    Done(K),
    /// The time was over before; this is how it was seen last.
    TimeOver(K),
    /// It is not there, or is no longer.
    Gone,
}

impl Writer {
    /// Looks at an object, and again whenever it changes, until `done` says that
    /// it is as was waited for or `patience` is over, but at least once. It is watched
    /// where that is allowed, and else read from time to time.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart. A server that is busy, or does not
    /// answer, is asked again for as long as there is time.
    pub async fn follow<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
        patience: Duration,
        mut done: impl FnMut(&K) -> bool,
    ) -> Result<Followed<K>, Refusal> {
        // Longer than anybody waits, and short enough to be added to a time.
        let end = Instant::now() + patience.min(Duration::from_secs(365 * 24 * 60 * 60));
        let (mut seen, mut failed) = (None, None);
        loop {
            match self.read::<K>(namespace, name).await {
                Ok(None) => return Ok(Followed::Gone),
                Ok(Some(object)) => {
                    if done(&object) {
                        return Ok(Followed::Done(object));
                    }
                    let version = object.meta().resource_version.clone();
                    seen = Some(object);
                    let changed = |object: K| {
                        let is_done = done(&object);
                        seen = Some(object.clone());
                        is_done.then_some(object)
                    };
                    let watch = self.watch(namespace, name, version, changed);
                    let until = end.min(Instant::now() + WATCH);
                    if let Ok(Some(followed)) = timeout_at(until, watch).await {
                        return Ok(followed);
                    }
                }
                Err(refusal @ (Refusal::Busy { .. } | Refusal::Uncertain(_))) => {
                    failed = Some(refusal);
                }
                Err(refusal) => return Err(refusal),
            }
            if Instant::now() + PAUSE >= end {
                return match (seen, failed) {
                    (Some(object), _) => Ok(Followed::TimeOver(object)),
                    (None, failed) => Err(failed.unwrap_or(Refusal::NotFound)),
                };
            }
            sleep(PAUSE).await;
        }
    }

    /// Hands on each change until one is what was waited for; nothing where that
    /// ended before, for whatever reason.
    async fn watch<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
        version: Option<String>,
        mut changed: impl FnMut(K) -> Option<K>,
    ) -> Option<Followed<K>> {
        let parameters = WatchParams::default().fields(&format!("metadata.name={name}"));
        let request = Request::new(K::url_path(&(), namespace));
        let request = request.watch(&parameters, &version?).ok()?;
        let mut events = pin!(self.client.request_events::<K>(request).await.ok()?);
        while let Some(event) = events.try_next().await.ok()? {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    if let Some(object) = changed(object) {
                        return Some(Followed::Done(object));
                    }
                }
                WatchEvent::Deleted(_) => return Some(Followed::Gone),
                WatchEvent::Bookmark(_) => {}
                WatchEvent::Error(_) => return None,
            }
        }
        None
    }
}
