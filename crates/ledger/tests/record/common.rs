//! Events, and records of them.

use fallgate_ledger::{Actor, Entries, Event, Kind, Ledger, ObjectRef, ReadError, StorageError};
use jiff::Timestamp;
use serde_json::json;

/// The event of this number; each has an identity of its own.
pub(crate) fn event(number: usize) -> Event {
    let kind = Kind::ALL[number % Kind::ALL.len()];
    Event {
        time: Timestamp::from_second(1_795_000_000 + 60 * i64::try_from(number).unwrap()).unwrap(),
        cluster: "c".to_owned(),
        kind,
        subject: format!("u{}", number / 4),
        step: format!("s{number}"),
        actor: Actor {
            username: "alice".to_owned(),
            uid: number.is_multiple_of(2).then(|| "7".to_owned()),
        },
        ticket: number.is_multiple_of(3).then(|| "INC-7".to_owned()),
        objects: (0..number % 3).map(|n| object("AccessGrant", &format!("g{n}"))).collect(),
        details: json!({"n": number, "t": "é\n\""}).as_object().unwrap().clone(),
    }
}

pub(crate) fn object(kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        kind: kind.to_owned(),
        namespace: Some("shop".to_owned()),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
    }
}

/// A record of this many events.
pub(crate) fn record(events: usize) -> Vec<u8> {
    let mut ledger = Ledger::open(Vec::new()).unwrap().0;
    for number in 0..events {
        ledger.append(&event(number)).unwrap();
    }
    ledger.into_storage()
}

/// Where each line of a record ends, its line feed included.
pub(crate) fn ends(record: &[u8]) -> Vec<usize> {
    record.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect()
}

/// Reads bytes as a file is read.
pub(crate) fn reader(bytes: &[u8]) -> impl FnMut(&mut [u8]) -> Result<usize, StorageError> {
    let mut rest = bytes;
    move |into| std::io::Read::read(&mut rest, into)
}

/// The events of a record that has nothing wrong with it.
pub(crate) fn events(record: &[u8]) -> Result<Vec<Event>, ReadError> {
    Entries::new(reader(record)).map(|entry| entry.map(|entry| entry.event)).collect()
}
