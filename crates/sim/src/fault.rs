//! Faults: what goes wrong with a request, and with which one.
//!
//! A fault is a value, so that a failing run can be written down and shrunk:
//! the index of a request and what happens to it. The parts combine.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};

use crate::request::Attributes;
use crate::status::Refusal;
use crate::trace::RequestIndex;

/// Decides on the fault of a request.
pub(crate) type Hook = Box<dyn FnMut(&RequestIndex, &Attributes) -> Fault + Send>;

/// What goes wrong with one request; [`Fault::default`] is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fault {
    /// How long it takes to arrive. Two requests with different delays arrive
    /// in the other order.
    pub delay: Duration,
    /// What happens instead of the request.
    pub instead: Option<Instead>,
    /// It arrives once more, this much later; the client sees the first answer.
    pub again: Option<Duration>,
    /// A merge patch on the object that is written, as a mutating webhook makes
    /// one.
    pub mutation: Option<Value>,
    /// What becomes of the answer, after the request took effect.
    pub reply: Reply,
    /// How long the answer takes.
    pub reply_delay: Duration,
    /// A read shows the cluster this many revisions ago, as a server does that
    /// lags behind another.
    pub stale: u64,
    /// The most objects that a page of a list has.
    pub page: Option<u64>,
    /// What goes wrong with the stream of a watch.
    pub stream: Vec<Stream>,
}

impl Fault {
    /// The client crashes before the request arrives.
    pub fn crash_before() -> Fault {
        Fault { instead: Some(Instead::Crash), ..Fault::default() }
    }

    /// The client crashes when the request has taken effect.
    pub fn crash_after() -> Fault {
        Fault { reply: Reply::Crash, ..Fault::default() }
    }
}

/// What happens instead of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Instead {
    /// The connection breaks before it arrives.
    Drop,
    /// The server refuses it.
    Refuse(Refusal),
    /// The client crashes before it arrives: [`Sim::crash`](crate::Sim::crash).
    Crash,
}

/// What becomes of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reply {
    /// It arrives.
    #[default]
    Deliver,
    /// The connection breaks: the request took effect and nobody knows.
    Drop,
    /// The body ends early.
    Truncate,
    /// The body is no JSON.
    Garbage,
    /// A proxy answers in its place, with this code and a page for people.
    Html(u16),
    /// A proxy gives up waiting, or the server itself does.
    Refuse(Refusal),
    /// The client crashes when the request has taken effect:
    /// [`Sim::crash`](crate::Sim::crash).
    Crash,
    /// The object has fields that no client knows.
    UnknownFields,
    /// The object lacks its spec and status.
    MissingFields,
    /// Lists in the object are null.
    NullLists,
}

/// What goes wrong with the stream of a watch. Events are counted from 0 as the
/// server has them, bookmarks not among them.
#[derive(Clone, Debug, PartialEq)]
pub enum Stream {
    /// It ends after so many events.
    CloseAfter(u64),
    /// After so many events nothing arrives for a while, though the connection
    /// stands.
    Stall(u64, Duration),
    /// After so many events the server says in the stream that it cannot go on.
    Error(u64, Refusal),
    /// An event is lost.
    Lose(u64),
    /// A deletion is lost; counted among deletions.
    LoseDelete(u64),
    /// An event arrives twice.
    Repeat(u64),
    /// Events arrive late, and of several for one object only the last.
    Compress(Duration),
    /// Bookmarks arrive in the place of events.
    OnlyBookmarks,
    /// After so many events a bookmark tells a revision that is this much older.
    OldBookmark(u64, u64),
}

/// The faults of the catalogue that befall a request or a watch. Each has its
/// number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "named as in the catalogue")]
pub enum Kind {
    DropBeforeCommit,
    CommitThenDropReply,
    DuplicateDelivery,
    Delay,
    Reorder,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    ExpiredContinue,
    TooLarge,
    Invalid,
    TooManyRequests,
    WebhookFailed,
    BadGateway,
    Unavailable,
    GatewayTimeout,
    CommitThenGatewayTimeout,
    TruncatedBody,
    GarbageBody,
    HtmlBody,
    MutatedObject,
    UnknownFields,
    MissingFields,
    NullLists,
    Queued,
    StreamCloses,
    StreamStalls,
    StreamExpires,
    WatchRefusedExpired,
    StreamForbidden,
    EventLost,
    DeleteLost,
    EventRepeated,
    EventsCompressed,
    OnlyBookmarks,
    OldBookmark,
    StaleRead,
    SplitList,
    ConversionFails,
    QuotaExceeded,
}

impl Kind {
    /// Every kind, in the order of the catalogue.
    pub const ALL: [Kind; 43] = [
        Kind::DropBeforeCommit,
        Kind::CommitThenDropReply,
        Kind::DuplicateDelivery,
        Kind::Delay,
        Kind::Reorder,
        Kind::BadRequest,
        Kind::Unauthorized,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::AlreadyExists,
        Kind::Conflict,
        Kind::ExpiredContinue,
        Kind::TooLarge,
        Kind::Invalid,
        Kind::TooManyRequests,
        Kind::WebhookFailed,
        Kind::BadGateway,
        Kind::Unavailable,
        Kind::GatewayTimeout,
        Kind::CommitThenGatewayTimeout,
        Kind::TruncatedBody,
        Kind::GarbageBody,
        Kind::HtmlBody,
        Kind::MutatedObject,
        Kind::UnknownFields,
        Kind::MissingFields,
        Kind::NullLists,
        Kind::Queued,
        Kind::StreamCloses,
        Kind::StreamStalls,
        Kind::StreamExpires,
        Kind::WatchRefusedExpired,
        Kind::StreamForbidden,
        Kind::EventLost,
        Kind::DeleteLost,
        Kind::EventRepeated,
        Kind::EventsCompressed,
        Kind::OnlyBookmarks,
        Kind::OldBookmark,
        Kind::StaleRead,
        Kind::SplitList,
        Kind::ConversionFails,
        Kind::QuotaExceeded,
    ];

    /// Whether the kind can befall a request with a verb.
    pub fn applies(self, verb: &str) -> bool {
        let write = matches!(verb, "create" | "update" | "patch" | "delete" | "deletecollection");
        match self {
            Kind::StreamCloses
            | Kind::StreamStalls
            | Kind::StreamExpires
            | Kind::WatchRefusedExpired
            | Kind::StreamForbidden
            | Kind::EventLost
            | Kind::DeleteLost
            | Kind::EventRepeated
            | Kind::EventsCompressed
            | Kind::OnlyBookmarks
            | Kind::OldBookmark => verb == "watch",
            Kind::ExpiredContinue | Kind::SplitList => verb == "list",
            Kind::StaleRead => matches!(verb, "get" | "list" | "watch"),
            Kind::AlreadyExists | Kind::QuotaExceeded => verb == "create",
            Kind::Conflict => matches!(verb, "update" | "patch" | "delete"),
            Kind::TooLarge | Kind::Invalid | Kind::WebhookFailed | Kind::DuplicateDelivery => write,
            Kind::MutatedObject => matches!(verb, "create" | "update" | "patch"),
            _ => true,
        }
    }

    /// A fault of this kind; what it leaves open is chosen by `random`.
    pub fn fault(self, attributes: &Attributes, random: &mut fastrand::Rng) -> Fault {
        let mut fault = Fault::default();
        let Attributes { group, resource, name, .. } = attributes;
        let name = name.as_deref().unwrap_or_default();
        let refuse = |refusal: Refusal| Some(Instead::Refuse(refusal));
        let reply = |reply| Fault { reply, ..Fault::default() };
        let stream = |stream| Fault { stream: vec![stream], ..Fault::default() };
        let few = random.u64(0..4);
        match self {
            Kind::DropBeforeCommit => fault.instead = Some(Instead::Drop),
            Kind::CommitThenDropReply => return reply(Reply::Drop),
            Kind::DuplicateDelivery => {
                fault.again = Some(Duration::from_millis(random.u64(0..30_000)));
            }
            Kind::Delay => fault.delay = Duration::from_millis(random.u64(1..300_000)),
            // Long enough for another one to pass it.
            Kind::Reorder => fault.delay = Duration::from_millis(random.u64(10..100)),
            Kind::BadRequest => fault.instead = refuse(Refusal::bad_request("injected")),
            Kind::Unauthorized => fault.instead = refuse(Refusal::unauthorized()),
            Kind::Forbidden => {
                fault.instead = refuse(Refusal::forbidden(group, resource, name, "injected"));
            }
            Kind::NotFound => fault.instead = refuse(Refusal::not_found(group, resource, name)),
            Kind::AlreadyExists => {
                fault.instead = refuse(Refusal::already_exists(group, resource, name));
            }
            Kind::Conflict => fault.instead = refuse(Refusal::modified(group, resource, name)),
            Kind::ExpiredContinue => {
                let message = "The provided continue parameter is too old to display a consistent \
                               list result.";
                fault.instead = refuse(Refusal::expired(message));
            }
            Kind::TooLarge => {
                let message = "Request entity too large: limit is 3145728";
                fault.instead = refuse(Refusal::new(413, "RequestEntityTooLarge", message));
            }
            Kind::Invalid => {
                fault.instead = refuse(Refusal::invalid(group, resource, name, &[]));
            }
            Kind::TooManyRequests => {
                let message = "The server has received too many requests and has asked us to try \
                               again later";
                let refusal = Refusal::new(429, "TooManyRequests", message);
                let seconds = *random.choice(&[0, 1, 60, 86_400]).unwrap_or(&1);
                let refusal = if seconds == 0 { refusal } else { refusal.retry_after(seconds) };
                fault.instead = refuse(refusal);
            }
            Kind::WebhookFailed => {
                let message = "Internal error occurred: failed calling webhook \
                               \"mutate.example.com\": context deadline exceeded";
                fault.instead = refuse(Refusal::new(500, "InternalError", message));
            }
            Kind::BadGateway => return reply_instead(502, "Bad Gateway"),
            Kind::Unavailable => {
                let message = "the server is currently unable to handle the request";
                fault.instead = refuse(Refusal::new(503, "ServiceUnavailable", message));
            }
            Kind::GatewayTimeout => fault.instead = refuse(timeout()),
            Kind::CommitThenGatewayTimeout => return reply(Reply::Refuse(timeout())),
            Kind::TruncatedBody => return reply(Reply::Truncate),
            Kind::GarbageBody => return reply(Reply::Garbage),
            Kind::HtmlBody => return reply(Reply::Html(200)),
            Kind::MutatedObject => fault.mutation = Some(mutation(attributes, random)),
            Kind::UnknownFields => return reply(Reply::UnknownFields),
            Kind::MissingFields => return reply(Reply::MissingFields),
            Kind::NullLists => return reply(Reply::NullLists),
            Kind::Queued => fault.delay = Duration::from_secs(60),
            Kind::StreamCloses => return stream(Stream::CloseAfter(few)),
            Kind::StreamStalls => {
                let seconds = Duration::from_secs(random.u64(1..295));
                return stream(Stream::Stall(few, seconds));
            }
            Kind::StreamExpires => {
                let refusal = Refusal::expired("too old resource version: 1 (2)");
                return stream(Stream::Error(few, refusal));
            }
            Kind::WatchRefusedExpired => {
                fault.instead = refuse(Refusal::expired("too old resource version: 1 (2)"));
            }
            Kind::StreamForbidden => {
                let refusal = match random.u8(0..3) {
                    0 => Refusal::forbidden(group, resource, name, "injected"),
                    1 => Refusal::new(500, "InternalError", "injected"),
                    _ => timeout(),
                };
                return stream(Stream::Error(few, refusal));
            }
            Kind::EventLost => return stream(Stream::Lose(few)),
            Kind::DeleteLost => return stream(Stream::LoseDelete(few)),
            Kind::EventRepeated => return stream(Stream::Repeat(few)),
            Kind::EventsCompressed => {
                return stream(Stream::Compress(Duration::from_millis(random.u64(1..10_000))));
            }
            Kind::OnlyBookmarks => return stream(Stream::OnlyBookmarks),
            Kind::OldBookmark => return stream(Stream::OldBookmark(few, random.u64(1..100))),
            Kind::StaleRead => fault.stale = random.u64(1..1000),
            Kind::SplitList => fault.page = Some(random.u64(1..4)),
            Kind::ConversionFails => {
                let message = format!(
                    "conversion webhook for {group}, Kind={resource} failed: connection refused"
                );
                fault.instead = refuse(Refusal::new(500, "InternalError", message));
            }
            Kind::QuotaExceeded => {
                let why = format!(
                    "exceeded quota: compute, requested: count/{resource}=1, used: \
                     count/{resource}=1, limited: count/{resource}=1"
                );
                fault.instead = refuse(Refusal::forbidden(group, resource, name, &why));
            }
        }
        fault
    }
}

fn reply_instead(code: u16, message: &str) -> Fault {
    let refusal = Refusal::new(code, "", message);
    Fault { instead: Some(Instead::Refuse(refusal)), ..Fault::default() }
}

fn timeout() -> Refusal {
    let message = "the server was unable to return a response in the time allotted, but may still \
                   be processing the request";
    Refusal::new(504, "Timeout", message)
}

/// What mutating webhooks of others do to the objects that Fallgate writes.
fn mutation(attributes: &Attributes, random: &mut fastrand::Rng) -> Value {
    let metadata = [
        json!({"metadata": {"finalizers": ["example.com/hold"]}}),
        json!({"metadata": {"labels": {"example.com/injected": "yes"}}}),
    ];
    let job = [
        json!({"spec": {"suspend": true}}),
        json!({"spec": {"ttlSecondsAfterFinished": null}}),
        json!({"spec": {"managedBy": "example.com/queue"}}),
        json!({"spec": {"activeDeadlineSeconds": null}}),
        json!({"spec": {"parallelism": 1}}),
    ];
    let mut all = metadata.to_vec();
    if attributes.resource == "jobs" {
        all.extend(job);
    }
    random.choice(&all).cloned().unwrap_or_default()
}

/// Which requests meet which faults: what a test writes down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Only requests of this user count; of everybody where it is empty.
    username: String,
    at: BTreeMap<u64, Fault>,
    between: Vec<(Range<u64>, Fault)>,
}

impl Plan {
    /// No fault for anybody.
    pub fn new() -> Plan {
        Plan::default()
    }

    /// Counts the requests of one user only.
    #[must_use]
    pub fn of(mut self, username: &str) -> Plan {
        username.clone_into(&mut self.username);
        self
    }

    /// A fault for the request with an index.
    #[must_use]
    pub fn at(mut self, index: u64, fault: Fault) -> Plan {
        self.at.insert(index, fault);
        self
    }

    /// A fault for every request from one index up to another, as a right that
    /// is taken away and given back.
    #[must_use]
    pub fn between(mut self, indices: Range<u64>, fault: Fault) -> Plan {
        self.between.push((indices, fault));
        self
    }

    /// The fault of a request.
    pub fn fault(&self, index: &RequestIndex, attributes: &Attributes) -> Fault {
        let of_all = self.username.is_empty();
        if !of_all && self.username != attributes.user.username {
            return Fault::default();
        }
        let index = if of_all { index.all } else { index.user };
        let within = || {
            let found = self.between.iter().find(|(indices, _)| indices.contains(&index));
            found.map(|(_, fault)| fault)
        };
        self.at.get(&index).or_else(within).cloned().unwrap_or_default()
    }
}

/// Random faults for one user's requests: each meets one with a chance of one in
/// `one_in`, of a kind that applies to it. What comes out depends on the seed
/// and on the indices of the requests, and on nothing else.
pub fn swarm(
    seed: u64,
    username: &str,
    one_in: u64,
    kinds: &[Kind],
) -> impl FnMut(&RequestIndex, &Attributes) -> Fault + Send + use<> {
    let (username, kinds) = (username.to_owned(), kinds.to_vec());
    move |index, attributes| {
        if attributes.user.username != username {
            return Fault::default();
        }
        // A generator for each index: a request more or less elsewhere does not
        // change what this one meets.
        let mut random =
            fastrand::Rng::with_seed(seed ^ index.user.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if random.u64(0..one_in.max(1)) != 0 {
            return Fault::default();
        }
        let apply: Vec<Kind> =
            kinds.iter().copied().filter(|kind| kind.applies(&attributes.verb)).collect();
        match random.choice(&apply) {
            Some(kind) => kind.fault(attributes, &mut random),
            None => Fault::default(),
        }
    }
}
