//! Whatever a record's file holds: reading says what is wrong with it, opening keeps every line that ended,
//! and what is appended is there.
#![no_main]

use fallgate_ledger::{Actor, Appended, Entries, Event, Kind, Ledger, verify};
use libfuzzer_sys::fuzz_target;
use serde_json::Map;

// Text that stands for a record: `@N` in it is the line of an event of that number, after those before
// it, so that inputs get past the hashes.
fuzz_target!(|text: &str| {
    let bytes = expand(text);
    let verified = verify(reader(&bytes));
    let read = Entries::new(reader(&bytes)).map_while(Result::ok).count();
    let Ok((mut ledger, _)) = Ledger::open(bytes.clone()) else {
        assert!(verified.is_err());
        return;
    };
    let verified = verified.unwrap();
    assert_eq!(verified.head.seq, read as u64);
    assert!(ledger.head().seq >= verified.head.seq);
    let there = ledger.append(&event(b'z')).unwrap();
    assert_eq!(ledger.append(&event(b'z')).unwrap(), Appended::Existing(there.entry().clone()));
    let head = ledger.head();
    let after = ledger.into_storage();
    let kept = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    assert_eq!(after[..kept], bytes[..kept]);
    assert_eq!(verify(reader(&after)).unwrap().head, head);
});

fn expand(text: &str) -> Vec<u8> {
    let mut parts = text.split('@').map(str::as_bytes);
    let mut bytes = parts.next().unwrap_or_default().to_vec();
    let parts: Vec<(u8, &[u8])> =
        parts.filter_map(|part| part.split_first()).map(|(number, rest)| (*number, rest)).collect();
    let mut ledger = Ledger::open(Vec::new()).unwrap().0;
    let new: Vec<bool> = parts
        .iter()
        .map(|(number, _)| matches!(ledger.append(&event(*number)).unwrap(), Appended::New(_)))
        .collect();
    let record = ledger.into_storage();
    let mut lines = record.split_inclusive(|byte| *byte == b'\n');
    for ((_, rest), new) in parts.iter().zip(new) {
        if new {
            bytes.extend(lines.next().unwrap_or_default());
        }
        bytes.extend(*rest);
    }
    bytes
}

fn event(number: u8) -> Event {
    Event {
        time: jiff::Timestamp::UNIX_EPOCH,
        cluster: "c".to_owned(),
        kind: Kind::ALL[usize::from(number) % Kind::ALL.len()],
        subject: "s".to_owned(),
        step: number.to_string(),
        actor: Actor { username: "a".to_owned(), uid: None },
        ticket: None,
        objects: Vec::new(),
        details: Map::new(),
    }
}

fn reader(bytes: &[u8]) -> impl FnMut(&mut [u8]) -> Result<usize, std::io::Error> {
    let mut rest = bytes;
    move |into| std::io::Read::read(&mut rest, into)
}
