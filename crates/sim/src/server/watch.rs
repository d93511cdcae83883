//! Watches: the changes after a revision, in order, as a client sees them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::read::{Filter, revision};
use super::route::{Format, Request};
use super::{Server, decode};
use crate::object;
use crate::registry::Resource;
use crate::status::Refusal;
use crate::store::{Change, Compacted, within};
use crate::{table, time};

/// How often a quiet watch tells which revision it has reached.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// A watch: where it stands and what it lets through. It holds no events but
/// those it starts with; the others it reads from the store's log, which may
/// have forgotten them.
pub(crate) struct Watch {
    resource: Arc<Resource>,
    filter: Filter,
    format: Format,
    /// The last revision that was looked at.
    cursor: u64,
    initial: VecDeque<Event>,
    bookmarks: bool,
    next_bookmark: Timestamp,
    /// When the server ends it.
    deadline: Timestamp,
    /// Tables say what their columns are once.
    headed: bool,
    ended: bool,
}

/// What a watch tells.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    pub(crate) kind: &'static str,
    pub(crate) object: Value,
    /// The revision that the client has reached with it.
    pub(crate) revision: u64,
}

impl Event {
    /// One line of the stream.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = json!({"type": self.kind, "object": self.object}).to_string().into_bytes();
        line.push(b'\n');
        line
    }
}

/// What comes next in a watch.
pub(crate) enum Step {
    Event(Event),
    /// Nothing before a change, or before this time.
    Wait(Timestamp),
    /// The server has ended the stream.
    End,
}

impl Server {
    pub(super) fn watch(
        &mut self,
        request: &Request,
        resource: &Arc<Resource>,
    ) -> Result<Watch, Refusal> {
        let filter = Filter::parse(request, resource)?;
        let query = &request.query;
        let asked = revision(query.get("resourceVersion"))?;
        let streaming = match query.get("sendInitialEvents") {
            "" => None,
            "true" | "1" if query.get("resourceVersionMatch") != "NotOlderThan" => {
                return Err(Refusal::bad_request(
                    "sendInitialEvents: Forbidden: sendInitialEvents requires setting \
                     resourceVersionMatch to NotOlderThan",
                ));
            }
            "true" | "1" => Some(true),
            _ => Some(false),
        };
        let seconds = match query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0) {
            Some(seconds) => seconds,
            // Not all at once: a real server spreads the ends of watches, too.
            None => self.random.u64(1800..3600),
        };
        let bookmarks = query.is_true("allowWatchBookmarks");
        let mut watch = Watch {
            resource: Arc::clone(resource),
            filter,
            format: request.format,
            cursor: asked.unwrap_or(0),
            initial: VecDeque::new(),
            bookmarks,
            next_bookmark: time::after(self.now, BOOKMARK_EVERY),
            deadline: time::after(self.now, Duration::from_secs(seconds)),
            headed: false,
            ended: false,
        };
        let from_now = asked.unwrap_or(0) == 0;
        if from_now || streaming == Some(true) {
            watch.cursor = self.lagging(request.tweaks.stale);
        }
        if streaming.unwrap_or(from_now) {
            let then = self.store.at(&resource.table, watch.cursor).unwrap_or_default();
            watch.initial = within(&then, watch.filter.namespace())
                .filter(|(_, object)| watch.filter.matches(resource, object))
                .map(|(_, stored)| Event {
                    kind: "ADDED",
                    object: decode::present(resource, stored),
                    revision: object::revision(stored),
                })
                .collect();
            if bookmarks && (streaming == Some(true) || asked.is_none()) {
                let mut bookmark = watch.bookmark();
                object::metadata(&mut bookmark.object)
                    .insert("annotations".to_owned(), json!({"k8s.io/initial-events-end": "true"}));
                watch.initial.push_back(bookmark);
            }
        }
        Ok(watch)
    }
}

impl Watch {
    /// The next event, if there is one.
    pub(crate) fn next(&mut self, server: &Server) -> Step {
        let event = match self.step(server) {
            Step::Event(event) => event,
            other => return other,
        };
        let event = self.formatted(event, server.now);
        Step::Event(event)
    }

    fn step(&mut self, server: &Server) -> Step {
        if self.ended {
            return Step::End;
        }
        if let Some(event) = self.initial.pop_front() {
            return Step::Event(event);
        }
        match server.store.since(self.cursor) {
            Err(Compacted { oldest }) => {
                let message = format!("too old resource version: {} ({oldest})", self.cursor);
                return Step::Event(self.error(&Refusal::expired(message)));
            }
            Ok(changes) => {
                for change in changes {
                    self.cursor = change.revision;
                    if change.key.table == self.resource.table
                        && let Some(event) = self.event(change)
                    {
                        return Step::Event(event);
                    }
                }
            }
        }
        if server.now >= self.deadline || !self.is_served(server) {
            self.ended = true;
            return Step::End;
        }
        if self.bookmarks && server.now >= self.next_bookmark {
            self.next_bookmark = time::after(server.now, BOOKMARK_EVERY);
            return Step::Event(self.bookmark());
        }
        let next = if self.bookmarks { self.next_bookmark } else { self.deadline };
        Step::Wait(next.min(self.deadline))
    }

    /// A watch on a custom resource ends with its definition.
    fn is_served(&self, server: &Server) -> bool {
        let Resource { group, version, plural, .. } = &*self.resource;
        server.registry.find(group, version, plural).is_some()
    }

    /// Ends the stream with an error in it.
    pub(crate) fn error(&mut self, refusal: &Refusal) -> Event {
        self.ended = true;
        Event { kind: "ERROR", object: refusal.to_status(), revision: self.cursor }
    }

    /// What a change is to this watch: an object that no longer matches is
    /// gone, as far as the client can see.
    fn event(&self, change: &Change) -> Option<Event> {
        let seen = |object: &Option<Arc<Value>>| {
            object.as_ref().filter(|object| self.filter.matches(&self.resource, object)).cloned()
        };
        let (kind, stored) = match (seen(&change.old), seen(&change.new)) {
            (None, None) => return None,
            (None, Some(new)) => ("ADDED", new),
            (Some(_), Some(new)) => ("MODIFIED", new),
            (Some(old), None) => ("DELETED", old),
        };
        let mut object = decode::present(&self.resource, &stored);
        let revision = change.revision.to_string();
        object::metadata(&mut object).insert("resourceVersion".to_owned(), revision.into());
        Some(Event { kind, object, revision: change.revision })
    }

    /// Nothing but the revision that the watch has reached.
    pub(crate) fn bookmark(&self) -> Event {
        let object = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.api_version(),
            "metadata": {
                "resourceVersion": self.cursor.to_string(),
                "creationTimestamp": null,
            },
        });
        Event { kind: "BOOKMARK", object, revision: self.cursor }
    }

    fn formatted(&mut self, mut event: Event, now: Timestamp) -> Event {
        if event.kind == "ERROR" {
            return event;
        }
        event.object = match self.format {
            Format::Plain | Format::Discovery => event.object,
            Format::Metadata => table::metadata_of(&event.object),
            Format::Table => {
                let rows: &[Value] = match event.kind {
                    "BOOKMARK" => &[],
                    _ => std::slice::from_ref(&event.object),
                };
                let heads = !std::mem::replace(&mut self.headed, true);
                let mut rows = table::table(&self.resource, rows, now, heads);
                rows["metadata"] = json!({"resourceVersion": event.revision.to_string()});
                rows
            }
        };
        event
    }
}
