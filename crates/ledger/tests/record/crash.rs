//! What was acknowledged survives, whatever a crash leaves of the rest.

use std::cell::RefCell;
use std::rc::Rc;

use crate::common::{ends, event, events, record};
use fallgate_ledger::{AppendError, Appended, Ledger, Recovered, Storage, StorageError};
use fastrand::Rng;
use proptest::prelude::*;

#[test]
fn a_crash_at_any_byte_loses_nothing_that_was_acknowledged() {
    let record = record(5);
    let ends = ends(&record);
    for size in 0..=record.len() {
        let acknowledged = ends.iter().filter(|end| **end <= size).count();
        let (mut ledger, recovered) = Ledger::open(record[..size].to_vec()).unwrap();
        let kept = usize::try_from(ledger.head().seq).unwrap();
        let last = ends.get(acknowledged.wrapping_sub(1)).copied().unwrap_or(0);
        match recovered {
            Recovered::Nothing => assert_eq!((kept, size), (acknowledged, last)),
            Recovered::Cut(bytes) => assert_eq!((kept, size), (acknowledged, last + bytes)),
            // Its text was whole, and only the line feed was not there.
            Recovered::Finished => {
                assert_eq!((kept, size), (acknowledged + 1, ends[acknowledged] - 1))
            }
        }
        for number in 0..5 {
            match ledger.append(&event(number)).unwrap() {
                Appended::Existing(_) => assert!(number < kept),
                Appended::New(_) => assert!(number >= kept),
            }
        }
        assert_eq!(ledger.into_storage(), record, "at {size}");
    }
}

#[test]
fn whatever_stands_after_the_last_line_feed_is_cut_off_and_nothing_else() {
    let record = record(3);
    let ends = ends(&record);
    let mut random = Rng::with_seed(7);
    for round in 0..2000 {
        let keep = random.usize(0..=record.len());
        let mut bytes = record[..keep].to_vec();
        let junk = random.usize(1..40);
        bytes.extend((0..junk).map(|_| match random.u8(..) {
            b'\n' => 0,
            byte => byte,
        }));
        let (ledger, _) = Ledger::open(bytes).unwrap();
        let acknowledged = ends.iter().filter(|end| **end <= keep).count();
        // A text that is whole is kept, with or without what stands after it.
        let whole = ends.get(acknowledged).is_some_and(|end| *end == keep + 1);
        let expected = acknowledged + usize::from(whole);
        assert_eq!(ledger.head().seq, expected as u64, "round {round}");
        assert_eq!(ledger.into_storage(), record[..expected.checked_sub(1).map_or(0, |n| ends[n])]);
    }
}

#[test]
fn a_line_feed_keeps_what_stands_before_it() {
    // No crash leaves this: a line feed is written after the text. Somebody did it, and cutting it off
    // would be cutting off an entry that may have been acknowledged.
    let mut bytes = record(2);
    bytes.extend(b"{}\n");
    let error = Ledger::open(bytes.clone()).unwrap_err().to_string();
    assert!(error.starts_with("line 3: `schema` is null"), "{error}");
    let last = ends(&bytes)[1];
    bytes.truncate(last);
    bytes.remove(last - 2);
    let error = Ledger::open(bytes).unwrap_err().to_string();
    assert!(error.starts_with("line 2: the line is no entry"), "{error}");
}

#[test]
fn what_is_longer_than_a_line_is_no_crash() {
    let mut bytes = record(1);
    bytes.extend(vec![b'x'; fallgate_ledger::MAX_LINE]);
    let error = Ledger::open(bytes).unwrap_err().to_string();
    assert_eq!(error, "line 2: the line is longer than 65535 bytes");
}

/// A disk that loses power: of what was written since the last `sync`, each
/// sector and each change of the length got there or did not.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    /// What programs see.
    seen: Vec<u8>,
    /// What is on disk.
    durable: Vec<u8>,
    /// What was done since, oldest first.
    pending: Vec<Operation>,
    /// How many more operations there are before the power is gone.
    left: usize,
    /// Operations that fail without the power being gone, by how many are left.
    failing: Vec<(usize, StorageErrorKind)>,
}

type StorageErrorKind = std::io::ErrorKind;

enum Operation {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

const SECTOR: usize = 32;

impl Disk {
    fn with_power_for(operations: usize) -> Disk {
        let disk = Disk::default();
        disk.0.borrow_mut().left = operations;
        disk
    }

    fn step(&self) -> Result<(), StorageError> {
        let mut state = self.0.borrow_mut();
        let left = state.left;
        state.left = left.saturating_sub(1);
        if state.left == 0 {
            return Err(StorageError::other("no power"));
        }
        match state.failing.iter().find(|(at, _)| *at == left) {
            Some((_, kind)) => Err((*kind).into()),
            None => Ok(()),
        }
    }

    /// What is on disk when the power is back.
    fn after_power_loss(&self, random: &mut Rng) -> Vec<u8> {
        let state = self.0.borrow();
        let mut image = state.durable.clone();
        for operation in &state.pending {
            match operation {
                Operation::Truncate(size) if random.bool() => image.truncate(*size),
                Operation::Truncate(_) => {}
                Operation::Write(at, bytes) => {
                    // The length got there with none, some or all of the bytes.
                    if random.bool() {
                        image.resize(image.len().max(at + bytes.len()), 0);
                    }
                    let mut sector = None;
                    let mut written = false;
                    for (position, byte) in (*at..).zip(bytes) {
                        if sector != Some(position / SECTOR) {
                            sector = Some(position / SECTOR);
                            written = random.bool();
                        }
                        if let Some(there) = image.get_mut(position).filter(|_| written) {
                            *there = *byte;
                        }
                    }
                }
            }
        }
        image
    }
}

impl Storage for Disk {
    fn size(&mut self) -> Result<u64, StorageError> {
        self.0.borrow_mut().seen.size()
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<usize, StorageError> {
        self.0.borrow_mut().seen.read_at(at, into)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let result = self.step();
        let mut state = self.0.borrow_mut();
        // What fails for want of room did half of its work, and what fails for want of power any part.
        let half = result.is_err() && state.left > 0;
        let done = if half { &bytes[..bytes.len() / 2] } else { bytes };
        state.seen.write_at(at, done).unwrap();
        let at = usize::try_from(at).unwrap();
        state.pending.push(Operation::Write(at, done.to_vec()));
        result
    }

    fn truncate(&mut self, size: u64) -> Result<(), StorageError> {
        self.step()?;
        let mut state = self.0.borrow_mut();
        let size = usize::try_from(size).unwrap();
        state.seen.truncate(size);
        state.pending.push(Operation::Truncate(size));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        let result = self.step();
        let mut state = self.0.borrow_mut();
        if state.left == 0 {
            // The power went before it was done: any part of it is on disk.
            return Err(StorageError::other("no power"));
        }
        if result.is_ok() {
            let state = &mut *state;
            for operation in state.pending.drain(..) {
                match operation {
                    Operation::Write(at, bytes) => {
                        state.durable.write_at(at as u64, &bytes).unwrap();
                    }
                    Operation::Truncate(size) => state.durable.truncate(size),
                }
            }
        } else {
            // As Linux has it: what could not be written counts as written.
            state.pending.clear();
        }
        result
    }
}

/// Appends events from this one on until something fails; how many are there.
fn append_all(disk: &Disk, from: usize) -> usize {
    let Ok((mut ledger, _)) = Ledger::open(disk.clone()) else { return from };
    let mut acknowledged = from;
    while acknowledged < from + 6 && ledger.append(&event(acknowledged)).is_ok() {
        acknowledged += 1;
    }
    acknowledged
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Again and again: also while a crash is recovered from.
    #[test]
    fn power_loss_at_any_operation_loses_nothing_that_was_acknowledged(
        rounds in prop::collection::vec(0_usize..30, 1..5),
        seed: u64,
    ) {
        let mut random = Rng::with_seed(seed);
        let mut acknowledged = 0;
        let mut image = Vec::new();
        for operations in rounds {
            let disk = Disk::with_power_for(operations);
            disk.0.borrow_mut().seen.clone_from(&image);
            disk.0.borrow_mut().durable.clone_from(&image);
            acknowledged = append_all(&disk, acknowledged);
            image = disk.after_power_loss(&mut random);
            let (ledger, _) = Ledger::open(image.clone()).unwrap();
            let recovered = ledger.into_storage();
            let there = events(&recovered).unwrap();
            prop_assert!(there.len() == acknowledged || there.len() == acknowledged + 1);
            for (number, there) in there.iter().enumerate() {
                prop_assert_eq!(there, &event(number));
            }
            // An entry that was not acknowledged may be there, and then it stays.
            acknowledged = there.len();
            if random.bool() {
                image = recovered;
            }
        }
    }

    /// A failing `sync` has lost what it was asked to keep, and a second one
    /// would say that all is well.
    #[test]
    fn a_failing_disk_acknowledges_nothing_that_it_lost(
        failing in prop::collection::vec((1_usize..40, prop::bool::ANY), 1..4),
        seed: u64,
    ) {
        let mut random = Rng::with_seed(seed);
        let disk = Disk::with_power_for(40);
        disk.0.borrow_mut().failing = failing
            .into_iter()
            .map(|(at, full)| (at, if full { StorageErrorKind::StorageFull } else { StorageErrorKind::Other }))
            .collect();
        let mut acknowledged = Vec::new();
        for _ in 0..4 {
            let Ok((mut ledger, _)) = Ledger::open(disk.clone()) else { continue };
            for number in 0..4 {
                match ledger.append(&event(number)) {
                    Ok(_) => acknowledged.push(event(number)),
                    Err(AppendError::Storage(_)) => {}
                    Err(AppendError::Broken(_)) => break,
                    Err(AppendError::Event(error)) => panic!("{error}"),
                }
            }
        }
        let image = disk.after_power_loss(&mut random);
        let mut ledger = Ledger::open(image).unwrap().0;
        let there = ledger.head().seq;
        for event in &acknowledged {
            prop_assert!(matches!(ledger.append(event).unwrap(), Appended::Existing(_)));
        }
        prop_assert_eq!(ledger.head().seq, there);
        // What failed can be appended now, in whatever order.
        for number in 0..4 {
            ledger.append(&event(number)).unwrap();
        }
        prop_assert_eq!(events(&ledger.into_storage()).unwrap().len(), 4);
    }
}
