use std::collections::BTreeMap;

use crate::chain::{Fault, Head, numbered};
use crate::entry::{Entry, Event, EventError, MAX_LINE};
use crate::read::{Entries, ReadError};
use crate::storage::{Storage, StorageError};

/// A record that is appended to. There is one for each record at a time, which
/// the storage sees to.
///
/// Each entry is written in two steps: its text, and when that is on disk the
/// line feed. A line feed therefore says that the text before it is whole, and
/// a crash leaves at most one line that has none.
#[derive(Debug)]
pub struct Ledger<S> {
    storage: S,
    head: Head,
    /// Where the next entry goes.
    end: u64,
    /// Where each entry starts, in their order.
    starts: Vec<u64>,
    /// Where the entry of each event starts, by [`Event::key`].
    places: BTreeMap<u128, u64>,
    /// Why nothing is appended any more.
    broken: Option<String>,
}

/// The entry of an event, on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Appended {
    /// It was appended.
    New(Entry),
    /// It was there already: the event was appended before, perhaps by a program
    /// that crashed since. Only the event's identity is the same for certain.
    Existing(Entry),
}

/// What [`Ledger::open`] did about the end of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// There was nothing to do.
    Nothing,
    /// The last entry was whole but for its line feed, and got it.
    Finished,
    /// These many bytes of an entry that was never acknowledged were cut off.
    Cut(usize),
}

/// Why a record cannot be appended to.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The record is not what was written.
    #[error("{0}")]
    Fault(Fault),
    /// Reading or writing failed.
    #[error("{0}")]
    Storage(StorageError),
}

/// Why an event is not in the record; nothing may open on it.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The record does not take such an event.
    #[error("{0}")]
    Event(EventError),
    /// Writing failed, and the record is as it was: it can be tried again.
    #[error("{0}")]
    Storage(StorageError),
    /// It is not certain what is on disk. The record has to be opened again,
    /// and the event appended again.
    #[error("the record must be opened again: {0}")]
    Broken(String),
}

impl Appended {
    /// The entry, whichever it is.
    pub fn entry(&self) -> &Entry {
        let (Appended::New(entry) | Appended::Existing(entry)) = self;
        entry
    }
}

impl<S: Storage> Ledger<S> {
    /// Opens a record, having read all of it. What a crash left of an entry that
    /// was never acknowledged is cut off; a whole entry never is.
    ///
    /// # Errors
    ///
    /// When the record is not what was written, or reading or writing fails.
    pub fn open(mut storage: S) -> Result<(Ledger<S>, Recovered), OpenError> {
        let mut offset = 0;
        let mut entries = Entries::new(|into: &mut [u8]| {
            let read = storage.read_at(offset, into)?;
            offset += read as u64;
            Ok(read)
        });
        let (mut starts, mut places) = (Vec::new(), BTreeMap::new());
        let mut start = 0;
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => {
                    places.entry(entry.event.key()).or_insert(start);
                    starts.push(start);
                    start = entries.position();
                }
                Err(ReadError::Unfinished { .. }) => {}
                Err(ReadError::Fault(fault)) => return Err(OpenError::Fault(fault)),
                Err(ReadError::Storage(error)) => return Err(OpenError::Storage(error)),
            }
        }
        let (head, end) = (entries.head(), entries.position());
        let rest = entries.unfinished().to_vec();
        let mut ledger = Ledger { storage, head, end, starts, places, broken: None };
        let recovered = ledger.recover(&rest).map_err(OpenError::Storage)?;
        Ok((ledger, recovered))
    }

    /// Appends an event, unless it is there, and returns when it is on disk.
    ///
    /// # Errors
    ///
    /// When it is not certain that it is.
    pub fn append(&mut self, event: &Event) -> Result<Appended, AppendError> {
        if let Some(entry) = self.find(event)? {
            return Ok(Appended::Existing(entry));
        }
        let (entry, line) = Entry::seal(event, self.head).map_err(AppendError::Event)?;
        let start = self.end;
        self.write(&line)?;
        self.end += line.len() as u64;
        self.head = Head::from(&entry);
        self.starts.push(start);
        self.places.insert(event.key(), start);
        Ok(Appended::New(entry))
    }

    /// The entry with a number, from 1 to that of the head; nothing beyond.
    ///
    /// # Errors
    ///
    /// When reading fails, or what is there is not an entry with this number.
    pub fn entry(&mut self, seq: u64) -> Result<Option<Entry>, ReadError> {
        let at = seq.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let Some(start) = at.and_then(|at| self.starts.get(at).copied()) else { return Ok(None) };
        let line = read_line(&mut self.storage, start).map_err(ReadError::Storage)?;
        numbered(seq, &line).map(Some).map_err(ReadError::Fault)
    }

    /// How far the record goes.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Gives the storage back.
    pub fn into_storage(self) -> S {
        self.storage
    }

    /// The entry of an event with the same subject, kind and step.
    fn find(&mut self, event: &Event) -> Result<Option<Entry>, AppendError> {
        if let Some(reason) = &self.broken {
            return Err(AppendError::Broken(reason.clone()));
        }
        let Some(start) = self.places.get(&event.key()).copied() else { return Ok(None) };
        let line = read_line(&mut self.storage, start).map_err(AppendError::Storage)?;
        match Entry::parse(&line) {
            Ok(entry) if entry.event.key() == event.key() => Ok(Some(entry)),
            _ => Err(self.give_up(format!(
                "the entry at byte {start} is not the one that was there when the record was opened"
            ))),
        }
    }

    /// Makes the end of a record that was just read one to append to.
    fn recover(&mut self, rest: &[u8]) -> Result<Recovered, StorageError> {
        if let Some(start) = self.starts.last().copied() {
            // Whoever wrote it may have been told that it is not on disk; asking again would not
            // help, since a page that failed to be written counts as clean. So it is written again.
            let mut line = read_line(&mut self.storage, start)?;
            line.push(b'\n');
            self.storage.write_at(start, &line)?;
        }
        let recovered = match whole_entry(self.head, rest) {
            _ if rest.is_empty() => Recovered::Nothing,
            Some((entry, text)) => {
                self.storage.truncate(self.end + text.len() as u64)?;
                self.storage.write_at(self.end, text)?;
                self.storage.sync()?;
                self.storage.write_at(self.end + text.len() as u64, b"\n")?;
                self.places.entry(entry.event.key()).or_insert(self.end);
                self.starts.push(self.end);
                self.end += text.len() as u64 + 1;
                self.head = Head::from(&entry);
                Recovered::Finished
            }
            None => {
                self.storage.truncate(self.end)?;
                Recovered::Cut(rest.len())
            }
        };
        self.storage.sync()?;
        Ok(recovered)
    }

    /// Writes a line at the end, in the two steps that the type describes.
    fn write(&mut self, line: &[u8]) -> Result<(), AppendError> {
        let size = self.storage.size().map_err(AppendError::Storage)?;
        if size != self.end {
            let end = self.end;
            return Err(self.give_up(format!(
                "it is {size} bytes long where it was {end}: somebody else wrote to it"
            )));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        self.write_part(self.end, text)?;
        self.write_part(self.end + text.len() as u64, b"\n")
    }

    fn write_part(&mut self, at: u64, bytes: &[u8]) -> Result<(), AppendError> {
        if let Err(error) = self.storage.write_at(at, bytes) {
            // No room, most of the time: what was there is there, and later there may be room.
            return match self.storage.truncate(self.end) {
                Ok(()) => Err(AppendError::Storage(error)),
                Err(_) => Err(self.give_up(format!("it could not be written: {error}"))),
            };
        }
        self.storage.sync().map_err(|error| {
            // After this a second attempt would succeed without having done anything.
            let _ = self.storage.truncate(self.end);
            self.give_up(format!("it may not be on disk: {error}"))
        })
    }

    fn give_up(&mut self, reason: String) -> AppendError {
        self.broken = Some(reason.clone());
        AppendError::Broken(reason)
    }
}

/// The line that starts at a position, without its line feed.
fn read_line<S: Storage>(storage: &mut S, start: u64) -> Result<Vec<u8>, StorageError> {
    let mut line = vec![0; MAX_LINE];
    let mut filled = 0;
    while let Some(free) = line.get_mut(filled..).filter(|free| !free.is_empty()) {
        let read = storage.read_at(start + filled as u64, free)?;
        let found = free.iter().take(read).position(|byte| *byte == b'\n');
        if let Some(at) = found {
            filled += at;
            break;
        }
        if read == 0 {
            break;
        }
        filled += read;
    }
    line.truncate(filled);
    Ok(line)
}

/// The entry that these bytes start with, if all of it is there.
fn whole_entry(head: Head, bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    let text = bytes.get(..values.byte_offset())?;
    Some((head.follow(text).ok()?, text))
}
