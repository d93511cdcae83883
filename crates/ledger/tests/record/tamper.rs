//! What was altered shows.

use crate::common::{ends, event, reader, record};
use fallgate_ledger::{Digest, Entries, Fault, Head, ReadError, Verified, verify};
use proptest::prelude::*;

/// True when nothing is said against a record.
fn passes(record: &[u8]) -> bool {
    matches!(verify(reader(record)), Ok(Verified { unfinished: 0, .. }))
}

fn fault(record: &[u8]) -> Fault {
    match verify(reader(record)) {
        Err(ReadError::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn lines(record: &[u8]) -> Vec<&[u8]> {
    record.split_inclusive(|byte| *byte == b'\n').collect()
}

#[test]
fn a_record_that_nobody_touched_passes() {
    for events in 0..6 {
        let record = record(events);
        let verified = verify(reader(&record)).unwrap();
        assert_eq!(verified.head.seq, events as u64);
        assert_eq!(verified.unfinished, 0);
    }
    assert_eq!(verify(reader(b"")).unwrap().head, Head::EMPTY);
}

#[test]
fn every_change_of_one_byte_shows() {
    let record = record(3);
    for at in 0..record.len() {
        let mut altered = record.clone();
        for bit in 0..8 {
            altered[at] = record[at] ^ 1 << bit;
            assert!(!passes(&altered), "bit {bit} of byte {at}");
        }
        for byte in *b"\n\r\t \0\"\\0aA{},:" {
            altered[at] = byte;
            assert!(altered == record || !passes(&altered), "byte {at} as {byte}");
        }
    }
}

#[test]
fn every_byte_that_is_taken_out_or_put_in_shows() {
    let record = record(3);
    for at in 0..record.len() {
        let mut altered = record.clone();
        let byte = altered.remove(at);
        assert!(!passes(&altered), "without byte {at}");
        for more in [byte, b' ', b'\n', b'\r', b'0', b'"', b',', 0, 0xff] {
            let mut altered = record.clone();
            altered.insert(at, more);
            assert!(!passes(&altered), "{more} at {at}");
        }
    }
}

#[test]
fn lines_that_are_moved_taken_out_or_there_twice_show() {
    let record = record(5);
    let lines = lines(&record);
    for a in 0..lines.len() {
        for b in 0..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(a, b);
            assert_eq!(passes(&swapped.concat()), a == b);
            let mut twice = lines.clone();
            twice.insert(b, lines[a]);
            assert!(!passes(&twice.concat()), "line {a} again at {b}");
        }
        // The end of a chain says nothing about what may have been after it.
        let mut without = lines.clone();
        without.remove(a);
        assert_eq!(passes(&without.concat()), a + 1 == lines.len());
    }
}

#[test]
fn a_head_that_was_kept_shows_what_was_cut_off() {
    let record = record(5);
    let kept: Vec<Digest> =
        Entries::new(reader(&record)).map(|entry| entry.unwrap().hash).collect();
    let cut = &record[..ends(&record)[2]];
    let there: Vec<Digest> = Entries::new(reader(cut)).map(|entry| entry.unwrap().hash).collect();
    assert!(there.contains(&kept[2]) && !there.contains(&kept[4]));
}

#[test]
fn a_fault_names_line_and_member() {
    let record = record(4);
    let lines = lines(&record);
    let without_2 = [lines[0], lines[2], lines[3]].concat();
    assert_eq!(fault(&without_2).to_string(), "line 2: `seq` is 3, and must be 2");
    let text = String::from_utf8(record.clone()).unwrap();
    let renamed = text.replacen("s1", "sX", 1);
    let fault_of_hash = fault(renamed.as_bytes());
    assert_eq!((fault_of_hash.line, fault_of_hash.field.as_str()), (2, "hash"));
    let spaced = text.replacen("\"seq\":3", "\"seq\": 3", 1);
    let said = fault(spaced.as_bytes()).to_string();
    assert_eq!(said, "line 3: the line is not in canonical form (RFC 8785)");
    let newer = text.replacen("record/v1", "record/v2", 1);
    let said = fault(newer.as_bytes()).to_string();
    assert!(said.starts_with("line 1: `schema` is \"fallgate/record/v2\", and must be"), "{said}");

    // Two records of the same events, but for the first: each line is right, the second is not after
    // the first.
    let mut ledger = fallgate_ledger::Ledger::open(Vec::new()).unwrap().0;
    for number in [7, 1, 2, 3] {
        ledger.append(&event(number)).unwrap();
    }
    let other = ledger.into_storage();
    let mixed = [lines[0], &other[ends(&other)[0]..]].concat();
    assert_eq!(fault(&mixed).line, 2);
    assert_eq!(fault(&mixed).field, "prev");
    let headless = fault(lines[1]);
    assert_eq!((headless.line, headless.field.as_str()), (1, "seq"));
}

#[test]
fn a_line_without_end_is_a_fault_and_takes_no_memory() {
    let mut given = 0_u64;
    let error = verify(|into| {
        into.fill(b'x');
        given += into.len() as u64;
        assert!(given < 1 << 20, "still reading");
        Ok(into.len())
    });
    let said = error.unwrap_err().to_string();
    assert_eq!(said, "line 1: the line is longer than 65535 bytes");
}

#[test]
fn a_reader_that_fails_is_no_end() {
    let record = record(2);
    let mut rest = &record[..];
    let result = verify(|into| match std::io::Read::read(&mut rest, into) {
        Ok(0) => Err(std::io::Error::other("the disk is gone")),
        result => result,
    });
    assert!(matches!(result, Err(ReadError::Storage(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However the bytes arrive.
    #[test]
    fn a_record_is_the_same_in_pieces_of_any_size(events in 0_usize..8, size in 1_usize..700) {
        let record = record(events);
        let mut rest = &record[..];
        let entries: Vec<_> = Entries::new(|into: &mut [u8]| {
            let most = into.len().min(size);
            std::io::Read::read(&mut rest, &mut into[..most])
        }).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(entries.len(), events);
        for (number, entry) in entries.iter().enumerate() {
            prop_assert_eq!(&entry.event, &event(number));
        }
    }

    #[test]
    fn no_bytes_make_reading_fail_otherwise_than_by_saying_so(bytes: Vec<u8>) {
        prop_assert!(bytes.is_empty() || !passes(&bytes));
    }
}
