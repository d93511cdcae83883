//! The bodies of answers: a document, or the stream of a watch.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use jiff::Timestamp;

use crate::client::Disconnected;
use crate::fault::Stream;
use crate::object;
use crate::schedule::Sleep;
use crate::server::{Event, Server, Step, Watch};
use crate::sim::{Life, Shared};
use crate::time;

/// The body of an answer.
pub struct Body(Inner);

enum Inner {
    Document(Option<Bytes>),
    Watch(Box<WatchBody>),
}

impl Body {
    pub(crate) fn full(bytes: Bytes) -> Body {
        Body(Inner::Document(Some(bytes)))
    }

    pub(crate) fn watch(
        shared: Weak<Shared>,
        watch: Watch,
        life: Life,
        faults: Vec<Stream>,
    ) -> Body {
        let faults = Faults { faults, ..Faults::default() };
        let lines = VecDeque::new();
        let body = WatchBody { shared, watch, life, faults, lines, sleep: None };
        Body(Inner::Watch(Box::new(body)))
    }

    /// The document, where it is one.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Document(bytes) => Some(bytes.as_deref().unwrap_or_default()),
            Inner::Watch(_) => None,
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Disconnected;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Disconnected>>> {
        let next = match &mut self.0 {
            Inner::Document(bytes) => Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty())),
            Inner::Watch(watch) => watch.poll(context),
        };
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Document(None))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match &self.0 {
            Inner::Document(bytes) => {
                http_body::SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Inner::Watch(_) => http_body::SizeHint::default(),
        }
    }
}

/// A watch as a stream of lines.
struct WatchBody {
    shared: Weak<Shared>,
    watch: Watch,
    /// The process that watches.
    life: Life,
    faults: Faults,
    lines: VecDeque<Bytes>,
    sleep: Option<Sleep>,
}

impl WatchBody {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Poll::Ready(Some(line));
            }
            let Some(shared) = self.shared.upgrade() else { return Poll::Ready(None) };
            // Dropped before anything is locked: it takes its alarm back.
            self.sleep = None;
            let mut state = shared.lock();
            if !state.lives(&self.life) {
                return Poll::Pending;
            }
            let until = match self.faults.next(&mut self.watch, &state.server) {
                Next::Events(events) => {
                    let lines = events.iter().map(|event| Bytes::from(event.line()));
                    self.lines.extend(lines);
                    continue;
                }
                Next::End => return Poll::Ready(None),
                Next::Wait { until, changes } => {
                    if changes {
                        state.wake_on_change(context.waker());
                    }
                    until
                }
            };
            drop(state);
            let mut sleep = Sleep::new(&self.shared, until);
            if Pin::new(&mut sleep).poll(context).is_pending() {
                self.sleep = Some(sleep);
                return Poll::Pending;
            }
        }
    }
}

/// What goes wrong with a stream, and how far it has come.
#[derive(Default)]
struct Faults {
    faults: Vec<Stream>,
    /// Events that the server had.
    events: u64,
    deletions: u64,
    /// Until when nothing arrives.
    stalled: Option<Timestamp>,
    /// Events that are held back, and until when.
    held: Vec<Event>,
    held_until: Option<Timestamp>,
    ended: bool,
}

enum Next {
    Events(Vec<Event>),
    Wait {
        until: Timestamp,
        /// Whether a change ends the wait, too.
        changes: bool,
    },
    End,
}

impl Faults {
    fn next(&mut self, watch: &mut Watch, server: &Server) -> Next {
        let now = server.now;
        if self.ended {
            return Next::End;
        }
        if let Some(until) = self.stalled {
            if now < until {
                return Next::Wait { until, changes: false };
            }
            self.stalled = None;
        }
        if let Some(next) = self.interrupt(watch, now) {
            return next;
        }
        let delay = self.faults.iter().find_map(|fault| match fault {
            Stream::Compress(delay) => Some(*delay),
            _ => None,
        });
        if self.held_until.is_some_and(|until| now >= until) {
            self.held_until = None;
            return Next::Events(last_of_each(std::mem::take(&mut self.held)));
        }
        match watch.next(server) {
            Step::End => {
                self.ended = true;
                Next::Events(last_of_each(std::mem::take(&mut self.held)))
            }
            Step::Wait(until) => {
                let until = self.held_until.map_or(until, |held| held.min(until));
                Next::Wait { until, changes: true }
            }
            Step::Event(event) => {
                let events = self.pass(watch, event);
                match delay {
                    Some(delay) => {
                        self.held_until.get_or_insert(time::after(now, delay));
                        self.held.extend(events);
                        Next::Events(Vec::new())
                    }
                    None => Next::Events(events),
                }
            }
        }
    }

    /// What comes between two events.
    fn interrupt(&mut self, watch: &mut Watch, now: Timestamp) -> Option<Next> {
        let due = self.faults.iter().position(|fault| match fault {
            Stream::CloseAfter(after)
            | Stream::Stall(after, _)
            | Stream::Error(after, _)
            | Stream::OldBookmark(after, _) => self.events >= *after,
            _ => false,
        })?;
        Some(match self.faults.remove(due) {
            Stream::Stall(_, duration) => {
                let until = time::after(now, duration);
                self.stalled = Some(until);
                Next::Wait { until, changes: false }
            }
            Stream::Error(_, refusal) => {
                self.ended = true;
                Next::Events(vec![watch.error(&refusal)])
            }
            Stream::OldBookmark(_, age) => {
                let mut bookmark = watch.bookmark();
                let old = bookmark.revision.saturating_sub(age).max(1).to_string();
                object::metadata(&mut bookmark.object)
                    .insert("resourceVersion".to_owned(), old.into());
                Next::Events(vec![bookmark])
            }
            _ => {
                self.ended = true;
                Next::End
            }
        })
    }

    /// What becomes of one event.
    fn pass(&mut self, watch: &Watch, event: Event) -> Vec<Event> {
        if matches!(event.kind, "BOOKMARK" | "ERROR") {
            return vec![event];
        }
        let (number, deletion) = (self.events, self.deletions);
        self.events += 1;
        let deleted = event.kind == "DELETED";
        self.deletions += u64::from(deleted);
        let mut copies = 1;
        for fault in &self.faults {
            match fault {
                Stream::Lose(lost) if *lost == number => copies = 0,
                Stream::LoseDelete(lost) if deleted && *lost == deletion => copies = 0,
                Stream::Repeat(repeated) if *repeated == number => copies *= 2,
                Stream::OnlyBookmarks => return vec![watch.bookmark()],
                _ => {}
            }
        }
        vec![event; copies]
    }
}

/// Of several events about one object the last.
fn last_of_each(events: Vec<Event>) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for event in events {
        let uid = object::uid(&event.object).to_owned();
        if !uid.is_empty() {
            kept.retain(|earlier| object::uid(&earlier.object) != uid);
        }
        kept.push(event);
    }
    kept
}
