//! What receivers accept, and what they refuse.

use fallgate_announce::{Message, NotGenuine, TOLERANCE, verify};
use http::{HeaderMap, HeaderValue};

use crate::send::{FIRST, SECOND, SENT, at, entry, keys, target};

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let pairs =
        [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// The example that the libraries of Standard Webhooks are tested with.
#[test]
fn the_published_example_is_genuine() {
    let keys = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let body = br#"{"test": 2432232314}"#;
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let now = at(1_614_265_330);
    let ok = headers(id, "1614265330", signature);
    assert_eq!(verify(&keys, &ok, body, now), Ok(id));
    // Beside a signature of another scheme, and one of another key.
    let several = format!("v1a,AAAA v1,AAAA= v1,bm9uc2Vuc2U= {signature}");
    assert_eq!(verify(&keys, &headers(id, "1614265330", &several), body, now), Ok(id));
    for wrong in [
        headers("msg_other", "1614265330", signature),
        headers(id, "1614265331", signature),
        headers(id, "1614265330", &signature.replace("v1,", "v2,")),
        headers(id, "1614265330", &signature.replace("v1,g", "v1,h")),
        headers(id, "1614265330", "v1,"),
    ] {
        assert_eq!(verify(&keys, &wrong, body, now), Err(NotGenuine::Signature), "{wrong:?}");
    }
    assert_eq!(verify(&keys, &ok, br#"{"test":2432232314}"#, now), Err(NotGenuine::Signature));
}

#[test]
fn a_header_stands_there_once_and_says_something() {
    let keys = keys(FIRST);
    let whole = || headers("a", "1", "v1,AAAA");
    let refused = |headers: &HeaderMap| verify(&keys, headers, b"", at(1)).unwrap_err();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut missing = whole();
        missing.remove(name);
        assert_eq!(refused(&missing), NotGenuine::Header(name));
        let mut twice = whole();
        twice.append(name, HeaderValue::from_static("1"));
        assert_eq!(refused(&twice), NotGenuine::Header(name));
        let mut unreadable = whole();
        unreadable.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(refused(&unreadable), NotGenuine::Header(name));
    }
    for timestamp in
        ["", "-1", "+1", "1.5", "1e3", " 1", "99999999999999999999", "9223372036854775807"]
    {
        let error = refused(&headers("a", timestamp, "v1,AAAA"));
        assert_eq!(error, NotGenuine::Header("webhook-timestamp"), "{timestamp}");
    }
}

#[test]
fn what_was_sent_too_long_ago_is_replayed() {
    let keys = keys(FIRST);
    let message = Message::of(&entry()).unwrap();
    let request = message.request(&target(), &keys, at(SENT)).unwrap();
    let received = |now| verify(&keys, request.headers(), request.body(), at(now));
    let bound = TOLERANCE.as_secs();
    for now in [SENT, SENT - bound, SENT + bound] {
        assert_eq!(received(now), Ok(message.id()));
    }
    for now in [SENT - bound - 1, SENT + bound + 1] {
        let error = received(now).unwrap_err();
        assert_eq!(error, NotGenuine::Time { sent_at: at(SENT) });
        assert!(error.to_string().contains("within 5m of that"), "{error}");
    }
}

/// A key is replaced in three steps, and no message is lost at any of them.
#[test]
fn a_key_is_replaced_without_a_message_lost() {
    let both = format!("{FIRST} {SECOND}");
    let message = Message::of(&entry()).unwrap();
    for (sender, receiver, accepted) in [
        (FIRST, FIRST, true),
        (&*both, FIRST, true),
        (&both, SECOND, true),
        (FIRST, &both, true),
        (SECOND, SECOND, true),
        (SECOND, FIRST, false),
    ] {
        let request = message.request(&target(), &keys(sender), at(SENT)).unwrap();
        let genuine = verify(&keys(receiver), request.headers(), request.body(), at(SENT)).is_ok();
        assert_eq!(genuine, accepted, "{sender} to {receiver}");
    }
}

#[test]
fn every_change_of_one_byte_shows() {
    let keys = keys(FIRST);
    let message = Message::of(&entry()).unwrap();
    let request = message.request(&target(), &keys, at(SENT)).unwrap();
    for place in 0..request.body().len() {
        let mut body = request.body().clone();
        body[place] ^= 1;
        let error = verify(&keys, request.headers(), &body, at(SENT)).unwrap_err();
        assert_eq!(error, NotGenuine::Signature, "byte {place}");
    }
}
