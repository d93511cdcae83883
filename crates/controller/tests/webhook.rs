//! What receivers are told: in order, again and again, and only where it may go.
#![cfg(test)]

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fallgate_announce::{Keys, Message, Target, verify};
use fallgate_controller::elector::Moment;
use fallgate_controller::webhook::{
    Courier, Cursors, Failure, FileCursors, Https, Journal, LONGEST, Next, NotAllowed, NotTold,
    Outcome, Queue, REFUSALS, Resolve, Then, Told, Transport, World,
};
use fallgate_ledger::{Actor, Digest, Entry, Event, Head, Kind, Ledger};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use serde_json::Map;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn keys() -> Keys {
    Keys::read(b"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}

/// A record of so many entries, of a cluster of this name.
struct Book(Vec<Entry>);

impl Book {
    fn of(cluster: &str, count: usize) -> Book {
        let (mut ledger, _) = Ledger::open(Vec::new()).unwrap();
        let mut append = |number: usize| {
            let event = Event {
                time: start(),
                cluster: cluster.to_owned(),
                kind: Kind::Request,
                subject: format!("request-{number}"),
                step: "Created".to_owned(),
                actor: Actor { username: "alice".to_owned(), uid: None },
                ticket: None,
                objects: Vec::new(),
                details: Map::new(),
            };
            ledger.append(&event).unwrap().entry().clone()
        };
        Book((0..count).map(&mut append).collect())
    }
}

impl Journal for Book {
    fn head(&mut self) -> Result<Head, String> {
        Ok(self.0.last().map_or(Head::EMPTY, Head::from))
    }

    fn entry(&mut self, seq: u64) -> Result<Entry, String> {
        let at = usize::try_from(seq).unwrap() - 1;
        self.0.get(at).cloned().ok_or_else(|| "no such entry".to_owned())
    }
}

#[derive(Default)]
struct Kept(BTreeMap<String, Head>);

impl Cursors for Kept {
    fn save(&mut self, receiver: &str, told: Head) -> Result<(), String> {
        self.0.insert(receiver.to_owned(), told);
        Ok(())
    }
}

/// A disk that is full.
struct Full;

impl Cursors for Full {
    fn save(&mut self, _: &str, _: Head) -> Result<(), String> {
        Err("no space left".to_owned())
    }
}

/// Time that stands still unless it is moved, and no chance.
#[derive(Default)]
struct Still(Duration);

impl World for Still {
    fn now(&mut self) -> Moment {
        let time = start() + SignedDuration::try_from(self.0).unwrap();
        Moment { elapsed: self.0, time }
    }

    fn chance(&mut self) -> u64 {
        0
    }
}

/// A receiver that answers from a list, last first, and then takes everything;
/// it notes what it took, by id.
#[derive(Default)]
struct Scripted {
    answers: Mutex<Vec<Outcome>>,
    took: Mutex<Vec<String>>,
}

impl Transport for Scripted {
    fn send(&self, request: Request<Vec<u8>>) -> BoxFuture<'_, Outcome> {
        let outcome = self.answers.lock().unwrap().pop().unwrap_or(Outcome::Taken);
        if outcome == Outcome::Taken {
            let id = request.headers().get("webhook-id").unwrap().to_str().unwrap();
            self.took.lock().unwrap().push(id.to_owned());
        }
        Box::pin(async { outcome })
    }
}

/// What becomes of something that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn courier(told: Head) -> Courier {
    let target: Target = "https://hooks.example.com/fallgate".parse().unwrap();
    Courier::new("siem", target, keys(), told)
}

fn status(status: u16) -> Outcome {
    Outcome::Status { status, wait: None }
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Taken),
        1 => Just(Outcome::Failed(Failure::Timeout)),
        1 => (300_u16..600).prop_filter("about the entry", |status| !matches!(status, 400 | 413 | 415 | 422 | 431))
            .prop_map(status),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a receiver answers, and whenever the process crashes, it is told of
    /// every entry, in order; more than once only after a crash.
    #[test]
    fn nothing_is_skipped_and_order_is_kept(
        count in 0_usize..12,
        answers in prop::collection::vec(any_outcome(), 0..30),
        crashes in prop::collection::vec(any::<Option<bool>>(), 0..40),
    ) {
        let mut book = Book::of("shop", count);
        let (mut kept, mut world) = (Kept::default(), Still::default());
        let receiver = Scripted { answers: Mutex::new(answers), ..Scripted::default() };
        let mut courier = courier(Head::EMPTY);
        let mut crashes = crashes.into_iter().flatten();
        let mut crashed = false;
        for _ in 0..200 {
            let crash = crashes.next();
            let step = if crash == Some(true) {
                // Between the answer and the cursor.
                crashed = true;
                now(courier.step(&mut book, &mut Full, &receiver, &mut world)).ok();
                None
            } else {
                Some(now(courier.step(&mut book, &mut kept, &receiver, &mut world)).unwrap())
            };
            if crash.is_some() {
                courier = self::courier(kept.0.get("siem").copied().unwrap_or(Head::EMPTY));
            }
            match step {
                Some(Told::Nothing(Next::Nothing)) => break,
                Some(Told::Nothing(Next::Wait { until })) => {
                    prop_assert!(until > world.0 && until <= world.0 + LONGEST);
                    world.0 = until;
                }
                _ => {}
            }
        }
        let mut took = receiver.took.into_inner().unwrap();
        if !crashed {
            prop_assert_eq!(took.len(), count);
        }
        // A crash tells one again, before the next.
        took.dedup();
        let ids: Vec<String> = book.0.iter().map(|entry| entry.hash.to_string()).collect();
        prop_assert_eq!(took, ids);
    }

    #[test]
    fn pauses_grow_and_are_bounded(chances in prop::collection::vec(any::<u64>(), 1..40)) {
        let book = Book::of("shop", 1);
        let mut queue = Queue::new(Head::EMPTY);
        let mut elapsed = Duration::from_secs(3);
        for (attempt, chance) in chances.into_iter().enumerate() {
            let outcome = Outcome::Failed(Failure::Timeout);
            prop_assert_eq!(queue.answered(&book.0[0], &outcome, elapsed, chance), Then::Again);
            let Next::Wait { until } = queue.next(Head::from(&book.0[0]), elapsed) else {
                panic!("it does not wait");
            };
            let whole = Duration::from_secs(1 << attempt.min(20)).min(LONGEST);
            prop_assert!(until - elapsed >= whole / 2 && until - elapsed <= whole);
            elapsed = until;
        }
    }
}

#[test]
fn a_receiver_that_asks_for_time_gets_it_within_bounds() {
    let book = Book::of("shop", 1);
    for (asked, given) in [(0, 500), (30, 30_000), (u64::MAX, 600_000)] {
        let mut queue = Queue::new(Head::EMPTY);
        let wait = Some(Duration::from_secs(asked));
        let outcome = Outcome::Status { status: 503, wait };
        queue.answered(&book.0[0], &outcome, Duration::ZERO, 0);
        let until = Duration::from_millis(given);
        assert_eq!(queue.next(Head::from(&book.0[0]), Duration::ZERO), Next::Wait { until });
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_passed_over_in_the_end() {
    let mut book = Book::of("shop", 2);
    let (mut kept, mut world) = (Kept::default(), Still::default());
    let refusals = usize::try_from(REFUSALS).unwrap();
    let receiver =
        Scripted { answers: Mutex::new(vec![status(422); refusals]), ..Scripted::default() };
    let mut courier = courier(Head::EMPTY);
    let mut last = None;
    for _ in 0..refusals {
        world.0 += LONGEST;
        last = Some(now(courier.step(&mut book, &mut kept, &receiver, &mut world)).unwrap());
    }
    let passed_over = Told::Tried { seq: 1, outcome: status(422), then: Then::PassedOver };
    assert_eq!(last, Some(passed_over));
    assert_eq!(courier.queue().passed_over(), 1);
    assert_eq!(kept.0["siem"], Head::from(&book.0[0]));
    world.0 += LONGEST;
    now(courier.step(&mut book, &mut kept, &receiver, &mut world)).unwrap();
    assert_eq!(receiver.took.into_inner().unwrap(), [book.0[1].hash.to_string()]);
}

#[test]
fn a_receiver_that_is_away_loses_nothing() {
    let mut book = Book::of("shop", 1);
    let (mut kept, mut world) = (Kept::default(), Still::default());
    let mut courier = courier(Head::EMPTY);
    for status in [301, 401, 403, 404, 410, 429, 500, 503] {
        let outcome = Outcome::Status { status, wait: None };
        let receiver = Scripted { answers: Mutex::new(vec![outcome; 50]), ..Scripted::default() };
        for _ in 0..50 {
            world.0 += LONGEST;
            let told = now(courier.step(&mut book, &mut kept, &receiver, &mut world)).unwrap();
            assert!(matches!(told, Told::Tried { then: Then::Again, .. }), "{status}: {told:?}");
        }
    }
    assert_eq!(courier.queue().waiting(book.head().unwrap()), 1);
    assert!(kept.0.is_empty());
}

#[test]
fn another_record_is_told_from_its_start() {
    let old = Book::of("shop", 3);
    for count in 1..5 {
        let mut other = Book::of("other", count);
        let (mut kept, mut world) = (Kept::default(), Still::default());
        let receiver = Scripted::default();
        let mut courier = courier(Head::from(&old.0[2]));
        let told = now(courier.step(&mut other, &mut kept, &receiver, &mut world));
        assert_eq!(told, Ok(Told::Rewritten), "{count}");
        for _ in 0..count {
            now(courier.step(&mut other, &mut kept, &receiver, &mut world)).unwrap();
        }
        assert_eq!(receiver.took.into_inner().unwrap().len(), count);
    }
}

#[test]
fn a_cursor_that_cannot_be_kept_is_said() {
    let mut book = Book::of("shop", 1);
    let receiver = Scripted::default();
    let mut courier = courier(Head::EMPTY);
    let told = now(courier.step(&mut book, &mut Full, &receiver, &mut Still::default()));
    let why = NotTold::Cursor { receiver: "siem".to_owned(), why: "no space left".to_owned() };
    assert_eq!(told, Err(why));
}

#[test]
fn cursors_are_kept_in_files() {
    let directory = std::env::temp_dir().join(format!("fallgate-cursors-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let mut cursors = FileCursors::new(&directory);
    let head = Head { seq: 12, hash: Digest::of(b"12") };
    // A name is no path.
    assert_eq!(cursors.load("../siem"), Ok(Head::EMPTY));
    cursors.save("../siem", Head { seq: 11, ..head }).unwrap();
    cursors.save("../siem", head).unwrap();
    assert_eq!(FileCursors::new(&directory).load("../siem"), Ok(head));
    assert_eq!(cursors.load("siem"), Ok(Head::EMPTY));
    let files: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    std::fs::write(&files[0], "12").unwrap();
    assert!(cursors.load("../siem").unwrap_err().ends_with("delete it to tell everything again"));
    std::fs::remove_dir_all(&directory).unwrap();
}

/// A name server that says the same of every name.
fn resolves_to(addresses: &[SocketAddr]) -> Resolve {
    let addresses = addresses.to_vec();
    Box::new(move |_, _| {
        let addresses: io::Result<Vec<SocketAddr>> = Ok(addresses.clone());
        Box::pin(async { addresses })
    })
}

fn to(uri: &str) -> Request<Vec<u8>> {
    let message = Message::of(&Book::of("shop", 1).0[0]).unwrap();
    message.request(&uri.parse().unwrap(), &keys(), start()).unwrap()
}

#[test]
fn what_is_not_public_is_not_connected_to() {
    let addresses = [
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "127.9.9.9",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
    ];
    // Nothing is sent; what connects does not get far without a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for text in addresses {
        let address: IpAddr = text.parse().unwrap();
        let refused = Outcome::Failed(Failure::Address(NotAllowed(address.to_canonical())));
        let socket = SocketAddr::new(address, 443);
        // Among others that are public, too.
        let public: SocketAddr = "1.1.1.1:443".parse().unwrap();
        let https = Https::new(RootCertStore::empty(), Vec::new(), Duration::from_secs(5))
            .unwrap()
            .resolving(resolves_to(&[public, socket]));
        let named = https.send(to("https://hooks.example.com/"));
        assert_eq!(runtime.block_on(named), refused, "{text} by name");
        let host = if address.is_ipv6() { format!("[{text}]") } else { text.to_owned() };
        let written = https.send(to(&format!("https://{host}/")));
        assert_eq!(runtime.block_on(written), refused, "{text}");
    }
}

/// How a receiver behaves.
#[derive(Clone, Copy)]
enum Manner {
    Answers(&'static str),
    /// It answers, and never stops.
    Floods,
    /// It says nothing.
    Silent,
}

/// A receiver with a certificate for `hooks.example.com`: where it is, whom to
/// trust, how many came, and what the last one sent.
struct Receiver {
    address: SocketAddr,
    roots: RootCertStore,
    came: Arc<AtomicUsize>,
    sent: Arc<Mutex<Vec<u8>>>,
}

async fn receiver(manner: Manner) -> Receiver {
    let certified = rcgen::generate_simple_self_signed(["hooks.example.com".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let certificate = certified.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (came, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, kept) = (came.clone(), sent.clone());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
            let mut bytes = Vec::new();
            // The body is the last of it, and ends as its object does.
            while !bytes.ends_with(b"\"access.request\"}") && read(&mut tls, &mut bytes).await {}
            *kept.lock().unwrap() = bytes;
            match manner {
                Manner::Answers(text) => {
                    write(&mut tls, text.as_bytes()).await;
                    poll_fn(|context| Pin::new(&mut tls).poll_shutdown(context)).await.ok();
                }
                Manner::Floods => {
                    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    let chunk = [b"400\r\n", &[b'x'; 1024][..], b"\r\n"].concat();
                    write(&mut tls, head).await;
                    while write(&mut tls, &chunk).await {}
                }
                Manner::Silent => {
                    read(&mut tls, &mut Vec::new()).await;
                }
            }
        }
    });
    Receiver { address, roots, came, sent }
}

/// Reads what there is; not at the end.
async fn read(tls: &mut TlsStream<TcpStream>, into: &mut Vec<u8>) -> bool {
    let mut bytes = [0; 4096];
    let mut buffer = ReadBuf::new(&mut bytes);
    let read = poll_fn(|context| Pin::new(&mut *tls).poll_read(context, &mut buffer)).await;
    into.extend_from_slice(buffer.filled());
    read.is_ok() && !buffer.filled().is_empty()
}

/// Writes all of it; not where nobody reads any more.
async fn write(tls: &mut TlsStream<TcpStream>, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match poll_fn(|context| Pin::new(&mut *tls).poll_write(context, bytes)).await {
            Ok(written) if written > 0 => bytes = &bytes[written..],
            _ => return false,
        }
    }
    poll_fn(|context| Pin::new(&mut *tls).poll_flush(context)).await.is_ok()
}

/// A way to it, for an operator who allows loopback.
fn way(receiver: &Receiver) -> Https {
    let allowed = vec!["127.0.0.0/8".parse().unwrap()];
    Https::new(receiver.roots.clone(), allowed, Duration::from_secs(5))
        .unwrap()
        .resolving(resolves_to(&[receiver.address]))
}

#[tokio::test]
async fn a_receiver_gets_what_it_can_verify() {
    let receiver = receiver(Manner::Answers("HTTP/1.1 204 No Content\r\n\r\n")).await;
    let outcome = way(&receiver).send(to("https://hooks.example.com/fallgate?x=1")).await;
    assert_eq!(outcome, Outcome::Taken);
    let bytes = receiver.sent.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("POST /fallgate?x=1 HTTP/1.1"));
    let headers: http::HeaderMap = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| {
            (http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
        })
        .collect();
    assert_eq!(headers["host"], "hooks.example.com");
    let id = Book::of("shop", 1).0[0].hash.to_string();
    assert_eq!(verify(&keys(), &headers, body.as_bytes(), start()), Ok(&*id));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nlocation: https://hooks.example.com/next\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    let receiver = receiver(Manner::Answers(answer)).await;
    let outcome = way(&receiver).send(to("https://hooks.example.com/")).await;
    assert_eq!(outcome, Outcome::Status { status: 307, wait: Some(Duration::from_secs(7)) });
    assert_eq!(receiver.came.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_a_receiver_goes_on_to_say_is_not_read() {
    let receiver = receiver(Manner::Floods).await;
    assert_eq!(way(&receiver).send(to("https://hooks.example.com/")).await, Outcome::Taken);
}

#[tokio::test]
async fn an_answer_without_end_before_its_body_is_none() {
    let long: &'static str =
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000)).leak();
    let receiver = receiver(Manner::Answers(long)).await;
    let outcome = way(&receiver).send(to("https://hooks.example.com/")).await;
    assert_eq!(outcome, Outcome::Failed(Failure::Http));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_says_nothing_is_left() {
    let receiver = receiver(Manner::Silent).await;
    let outcome = way(&receiver).send(to("https://hooks.example.com/")).await;
    assert_eq!(outcome, Outcome::Failed(Failure::Timeout));
}

#[tokio::test]
async fn a_certificate_must_be_for_the_name_and_from_a_known_authority() {
    let receiver = receiver(Manner::Answers("HTTP/1.1 204 No Content\r\n\r\n")).await;
    let other = way(&receiver).send(to("https://other.example.com/")).await;
    assert_eq!(other, Outcome::Failed(Failure::Tls));
    let stranger = self::receiver(Manner::Silent).await;
    let unknown = way(&Receiver { roots: stranger.roots, ..receiver });
    let outcome = unknown.send(to("https://hooks.example.com/")).await;
    assert_eq!(outcome, Outcome::Failed(Failure::Tls));
}
