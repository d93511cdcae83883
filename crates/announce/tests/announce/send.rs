//! Requests compared with those that another implementation signed.

use std::io::Read;

use fallgate_announce::{Keys, Message, NotATarget, NotKeys, Target};
use fallgate_ledger::{Entries, Entry, Kind};
use jiff::Timestamp;

/// A record of one entry.
pub(crate) const LINE: &str = r#"{"event":{"actor":{"username":"system:serviceaccount:fallgate-system:fallgate-controller"},"cluster":"7c0e-1","details":{"planHash":"sha256:00"},"kind":"opening","objects":[{"kind":"AccessGrant","name":"alice-db","namespace":"shop","uid":"grant-1"}],"step":"Opened","subject":"grant-1","ticket":"INC-7","time":"2026-11-21T02:31:00Z"},"hash":"sha256:c1b3773a683e190119d47a4ee5625aaa228e19c299ac3ee6d2afa89bb5e12069","prev":"sha256:0000000000000000000000000000000000000000000000000000000000000000","schema":"fallgate/record/v1","seq":1}"#;
pub(crate) const FIRST: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const SECOND: &str = "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7";
/// 2026-11-21T02:31:05Z.
pub(crate) const SENT: i64 = 1795228265;

pub(crate) fn entry() -> Entry {
    let record = format!("{LINE}\n");
    let mut rest = record.as_bytes();
    Entries::new(|buffer: &mut [u8]| rest.read(buffer)).next().unwrap().unwrap()
}

pub(crate) fn keys(text: &str) -> Keys {
    Keys::read(text.as_bytes()).unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn target() -> Target {
    "https://hooks.example.com/fallgate?team=db".parse().unwrap()
}

/// The digests and signatures here are from Python's `hashlib` and `hmac`.
#[test]
fn an_entry_is_one_request() {
    let message = Message::of(&entry()).unwrap();
    let keys = keys(&format!("{FIRST}\n{SECOND}\n"));
    let request = message.request(&target(), &keys, at(SENT)).unwrap();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri(), "https://hooks.example.com/fallgate?team=db");
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert!(header("user-agent").starts_with("fallgate/"));
    assert_eq!(header("webhook-id"), message.id());
    assert_eq!(
        header("webhook-id"),
        "sha256:c1b3773a683e190119d47a4ee5625aaa228e19c299ac3ee6d2afa89bb5e12069"
    );
    assert_eq!(header("webhook-timestamp"), "1795228265");
    assert_eq!(
        header("webhook-signature"),
        "v1,D/avakq6RMr3mexxmtIV5gWEAcSV+U9qzy2pYK9ZUmM= v1,8kEn1PApD4gbFGC5xCJ7CbKIlL0dMDh3NuQDeSxVNO0="
    );
    assert_eq!(request.headers().len(), 5);
    let body = String::from_utf8(request.into_body()).unwrap();
    assert_eq!(
        body,
        format!(r#"{{"data":{LINE},"timestamp":"2026-11-21T02:31:00Z","type":"access.opening"}}"#)
    );
}

#[test]
fn each_attempt_has_its_own_time_and_signature_and_the_same_id_and_body() {
    let message = Message::of(&entry()).unwrap();
    let sent = |second| message.request(&target(), &keys(FIRST), at(second)).unwrap();
    let (first, second) = (sent(SENT), sent(SENT + 1));
    assert_eq!(first.headers()["webhook-id"], second.headers()["webhook-id"]);
    assert_eq!(first.body(), second.body());
    assert_ne!(first.headers()["webhook-timestamp"], second.headers()["webhook-timestamp"]);
    assert_ne!(first.headers()["webhook-signature"], second.headers()["webhook-signature"]);
}

#[test]
fn the_page_lists_every_type() {
    let page = include_str!("../../../../docs/WEBHOOK.md");
    for kind in Kind::ALL {
        let type_ = Message::type_of(kind);
        assert!(type_.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_'), "{type_}");
        assert!(
            page.contains(&format!("| `{type_}` |")),
            "docs/WEBHOOK.md has no row for `{type_}`"
        );
    }
}

#[test]
fn keys_are_those_of_standard_webhooks_and_never_shown() {
    for (text, said) in [
        (String::new(), NotKeys::Count(0)),
        (" \n".to_owned(), NotKeys::Count(0)),
        (format!("{FIRST} ").repeat(5), NotKeys::Count(5)),
        ("whsec_".to_owned(), NotKeys::Key(1)),
        ("whsec_AAAA".to_owned(), NotKeys::Key(1)),
        (format!("{FIRST}\n{}", FIRST.replace("whsec_", "")), NotKeys::Key(2)),
        (format!("{FIRST}\n{}", FIRST.replace("whsec_", "whsk_")), NotKeys::Key(2)),
        (format!("whsec_{}", "A".repeat(88)), NotKeys::Key(1)),
        (format!("{FIRST}!"), NotKeys::Key(1)),
    ] {
        let error = Keys::read(text.as_bytes()).unwrap_err();
        assert_eq!(error, said, "{text}");
    }
    assert_eq!(Keys::read(b"whsec_\xff").unwrap_err(), NotKeys::Key(1));
    // 24 and 64 bytes.
    for length in [32, 84] {
        let padding = if length == 84 { "AA==" } else { "" };
        keys(&format!("whsec_{}{padding}", "A".repeat(length)));
    }
    assert_eq!(format!("{:?}", keys(&format!("{FIRST} {SECOND}"))), "2 keys");
}

#[test]
fn messages_go_out_over_https_alone() {
    for text in [
        "http://hooks.example.com/",
        "hooks.example.com",
        "/fallgate",
        "",
        "https://",
        "ftp://a/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://a b/",
    ] {
        assert_eq!(text.parse::<Target>(), Err(NotATarget), "{text}");
    }
    for text in
        ["https://hooks.example.com", "https://[2001:db8::1]:8443/a", "HTTPS://hooks.example.com/"]
    {
        assert!(text.parse::<Target>().is_ok(), "{text}");
    }
}
