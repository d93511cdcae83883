//! What the record takes, and what it says about the rest.

use crate::common::{ends, event, object, reader, record};
use fallgate_ledger::{
    AppendError, Appended, Digest, Entries, Event, FileError, FileStorage, Filter, Kind, Ledger,
    MAX_LINE, Storage, StorageError, verify,
};
use serde_json::json;

#[test]
fn an_event_is_in_the_record_once() {
    let mut ledger = Ledger::open(record(2)).unwrap().0;
    // Whoever crashed knows no more when it happened, nor every detail.
    let mut again = event(1);
    again.time = event(5).time;
    again.details.clear();
    let there = ledger.append(&again).unwrap();
    assert!(matches!(&there, Appended::Existing(entry) if entry.seq == 2));
    assert_eq!(there.entry().event, event(1));
    for other in [
        Event { subject: "u9".to_owned(), ..event(1) },
        Event { step: "s9".to_owned(), ..event(1) },
        Event { kind: Kind::Canary, ..event(1) },
        // No two identities run together.
        Event { subject: "u0s".to_owned(), step: "1".to_owned(), ..event(1) },
    ] {
        assert!(matches!(ledger.append(&other).unwrap(), Appended::New(_)));
        assert!(matches!(ledger.append(&other).unwrap(), Appended::Existing(_)));
    }
    assert_eq!(ledger.head().seq, 6);
    let bytes = ledger.into_storage();
    assert_eq!(verify(reader(&bytes)).unwrap().head.seq, 6);
}

#[test]
fn an_entry_is_read_by_its_number() {
    let mut ledger = Ledger::open(record(2)).unwrap().0;
    ledger.append(&event(7)).unwrap();
    let mut ledger = Ledger::open(ledger.into_storage()).unwrap().0;
    ledger.append(&event(8)).unwrap();
    for (seq, number) in [(1, 0), (2, 1), (3, 7), (4, 8)] {
        let entry = ledger.entry(seq).unwrap().unwrap();
        assert_eq!((entry.seq, entry.event), (seq, event(number)));
    }
    assert_eq!(ledger.entry(0).unwrap(), None);
    assert_eq!(ledger.entry(5).unwrap(), None);
}

#[test]
fn kinds_are_written_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn an_entry_is_what_the_documentation_shows() {
    let mut ledger = Ledger::open(Vec::new()).unwrap().0;
    ledger.append(&event(3)).unwrap();
    let hash = ledger.head().hash;
    let line = String::from_utf8(ledger.into_storage()).unwrap();
    let hashless = line.replace(&format!(r#""hash":"{hash}","#), "");
    assert_eq!(hash, Digest::of(hashless.trim_end().as_bytes()));
    assert_eq!(
        hashless,
        concat!(
            r#"{"event":{"actor":{"username":"alice"},"cluster":"c","details":{"n":3,"t":"é\n\""},"#,
            r#""kind":"arming","step":"s3","subject":"u0","ticket":"INC-7","time":"2026-11-18T11:09:40Z"},"#,
            r#""prev":"sha256:0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""schema":"fallgate/record/v1","seq":1}"#,
            "\n"
        )
    );
}

#[test]
fn what_the_record_does_not_take_is_told_by_its_field() {
    let mut ledger = Ledger::open(Vec::new()).unwrap().0;
    let with = |change: fn(&mut Event)| {
        let mut event = event(2);
        change(&mut event);
        event
    };
    let refused: [(Event, &str); 9] = [
        (with(|e| e.cluster.clear()), "`event.cluster` must not be empty"),
        (with(|e| e.subject.clear()), "`event.subject` must not be empty"),
        (with(|e| e.step = "x".repeat(254)), "`event.step` is 254 bytes long, 253 at most"),
        (with(|e| e.actor.username.clear()), "`event.actor.username` must not be empty"),
        (with(|e| e.ticket = Some(String::new())), "`event.ticket` must not be empty"),
        (with(|e| e.objects[1].uid.clear()), "`event.objects[1].uid` must not be empty"),
        (
            with(|e| e.objects = vec![object("Job", "j"); 65]),
            "`event.objects` has 65 elements, 64 at most",
        ),
        (
            with(|e| drop(e.details.insert("x".to_owned(), json!(0.5)))),
            "`event` has the number `0.5`, which not every reader understands alike; write it as text, or use whole numbers up to 9007199254740991",
        ),
        (
            with(|e| drop(e.details.insert("x".to_owned(), "x".repeat(MAX_LINE).into()))),
            "`event.details` makes the entry 66063 bytes long, 65535 at most; keep what is large elsewhere, and its hash here",
        ),
    ];
    for (event, said) in refused {
        let error = ledger.append(&event).unwrap_err();
        assert!(matches!(error, AppendError::Event(_)));
        assert_eq!(error.to_string(), said);
    }
    assert_eq!(ledger.into_storage(), b"", "nothing is written");
}

#[test]
fn the_longest_entry_reads_back() {
    let of_length = |length: usize| {
        let mut event = event(0);
        event.details.insert("x".to_owned(), "x".repeat(length).into());
        let mut ledger = Ledger::open(Vec::new()).unwrap().0;
        ledger.append(&event).map(|_| ledger.into_storage())
    };
    let without = of_length(0).unwrap().len();
    let longest = of_length(MAX_LINE - without).unwrap();
    assert_eq!(longest.len(), MAX_LINE);
    assert_eq!(Ledger::open(longest).unwrap().0.head().seq, 1);
    assert!(of_length(MAX_LINE - without + 1).is_err());
}

/// A disk with room for so many bytes.
struct Small(Vec<u8>, u64);

impl Storage for Small {
    fn size(&mut self) -> Result<u64, StorageError> {
        self.0.size()
    }
    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<usize, StorageError> {
        self.0.read_at(at, into)
    }
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let room = usize::try_from(self.1.saturating_sub(at)).unwrap();
        self.0.write_at(at, &bytes[..bytes.len().min(room)])?;
        if room < bytes.len() { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
    fn truncate(&mut self, size: u64) -> Result<(), StorageError> {
        Storage::truncate(&mut self.0, size)
    }
    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_and_later_there_may_be_room() {
    let whole = record(3);
    for room in ends(&whole)[1]..whole.len() {
        let mut ledger = Ledger::open(Small(record(2), room as u64)).unwrap().0;
        let error = ledger.append(&event(2)).unwrap_err();
        assert!(
            matches!(&error, AppendError::Storage(e) if e.kind() == std::io::ErrorKind::StorageFull)
        );
        assert_eq!(ledger.head().seq, 2);
        let mut storage = ledger.into_storage();
        assert_eq!(storage.0, record(2), "with room for {room}");
        storage.1 = u64::MAX;
        let mut ledger = Ledger::open(storage).unwrap().0;
        ledger.append(&event(2)).unwrap();
        assert_eq!(ledger.into_storage().0, whole);
    }
}

/// A directory of its own that is gone at the end.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path =
            std::env::temp_dir().join(format!("fallgate-ledger-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.join("record.jsonl")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn opened(path: &std::path::Path) -> Ledger<FileStorage> {
    Ledger::open(FileStorage::open(path).unwrap()).unwrap().0
}

#[test]
fn a_file_holds_what_memory_holds() {
    let directory = Directory::new("same");
    let path = directory.file();
    for number in 0..4 {
        // A new process each time.
        assert!(matches!(opened(&path).append(&event(number)).unwrap(), Appended::New(_)));
        assert!(matches!(opened(&path).append(&event(number)).unwrap(), Appended::Existing(_)));
    }
    assert_eq!(std::fs::read(&path).unwrap(), record(4));
}

#[test]
fn there_is_one_writer_at_a_time() {
    let directory = Directory::new("lock");
    let first = opened(&directory.file());
    let error = FileStorage::open(&directory.file()).unwrap_err();
    assert!(matches!(error, FileError::Locked(_)));
    assert!(error.to_string().contains("another program appends to this record"), "{error}");
    drop(first);
    opened(&directory.file());
}

#[test]
fn somebody_who_writes_without_asking_stops_the_writer() {
    let directory = Directory::new("foreign");
    let mut ledger = opened(&directory.file());
    ledger.append(&event(0)).unwrap();
    let mut bytes = std::fs::read(directory.file()).unwrap();
    bytes.extend(b"x");
    std::fs::write(directory.file(), bytes).unwrap();
    for _ in 0..2 {
        let error = ledger.append(&event(1)).unwrap_err();
        assert!(matches!(error, AppendError::Broken(_)));
        assert!(error.to_string().contains("somebody else wrote to it"), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_is_gone_takes_no_entries() {
    let directory = Directory::new("gone");
    for replaced in [false, true] {
        let mut ledger = opened(&directory.file());
        ledger.append(&event(0)).unwrap();
        std::fs::remove_file(directory.file()).unwrap();
        if replaced {
            std::fs::write(directory.file(), record(1)).unwrap();
        }
        let error = ledger.append(&event(1)).unwrap_err();
        assert!(error.to_string().contains("was deleted, moved or replaced"), "{error}");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let directory = Directory::new("kinds");
    let error = FileStorage::open(&directory.0).unwrap_err();
    assert!(matches!(error, FileError::NotAFile(_)));
    let nowhere = directory.0.join("no/record.jsonl");
    let error = FileStorage::open(&nowhere).unwrap_err();
    assert!(error.to_string().starts_with(&nowhere.display().to_string()), "{error}");
}

#[test]
#[cfg(unix)]
fn a_new_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new("mode");
    opened(&directory.file());
    let mode = std::fs::metadata(directory.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn entries_are_found_by_what_they_are_about() {
    let bytes = record(12);
    let found = |filter: &Filter| -> Vec<u64> {
        Entries::new(reader(&bytes))
            .map(|entry| entry.unwrap())
            .filter(|entry| filter.matches(entry))
            .map(|entry| entry.seq)
            .collect()
    };
    let about = |grant: &str| Filter { grant: Some(grant.to_owned()), ..Filter::default() };
    assert_eq!(found(&Filter::default()).len(), 12);
    let ticket = Filter { ticket: Some("INC-7".to_owned()), ..Filter::default() };
    assert_eq!(found(&ticket), [1, 4, 7, 10]);
    assert_eq!(found(&Filter { actor: Some("bob".to_owned()), ..Filter::default() }), [0_u64; 0]);
    assert_eq!(found(&about("u1")), [5, 6, 7, 8]);
    assert_eq!(found(&about("g1")), [3, 6, 9, 12]);
    assert_eq!(found(&about("shop/g1")), found(&about("g1")));
    assert_eq!(found(&about("uid-g1")), found(&about("g1")));
    assert_eq!(found(&about("tools/g1")), [0_u64; 0]);
    let times = Filter {
        since: Some(event(3).time),
        until: Some(event(5).time),
        ticket: None,
        ..Filter::default()
    };
    assert_eq!(found(&times), [4, 5]);
}
