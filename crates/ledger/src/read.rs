use crate::chain::{Fault, Head};
use crate::entry::{Entry, MAX_LINE};
use crate::storage::StorageError;

/// How a record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How far its entries go; all of them are as they were written.
    pub head: Head,
    /// How many bytes after them belong to an entry that is not finished: a
    /// crash, or a writer at work.
    pub unfinished: usize,
}

/// Checks a whole record: every byte of it is accounted for, or it is an error.
/// Takes the memory of a line, however long the record is.
///
/// `read` fills a buffer from where it stopped and returns how many bytes, none
/// at the end; an interruption is its own business.
///
/// # Errors
///
/// At the first line that is not what was written, or when reading fails.
pub fn verify(
    read: impl FnMut(&mut [u8]) -> Result<usize, StorageError>,
) -> Result<Verified, ReadError> {
    let mut entries = Entries::new(read);
    for entry in entries.by_ref() {
        match entry {
            Ok(_) | Err(ReadError::Unfinished { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Verified { head: entries.head(), unfinished: entries.unfinished().len() })
}

/// The entries of a record in order. Ends after the first error.
#[derive(Debug)]
pub struct Entries<R> {
    read: R,
    head: Head,
    /// Where the next line starts in the record.
    position: u64,
    /// Bytes of the record from `position` on; the first `taken` are behind it.
    buffer: Vec<u8>,
    taken: usize,
    /// The rest of the record is in the buffer.
    complete: bool,
    /// There was an error or the end.
    ended: bool,
}

/// Why the entries of a record end before the record does.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A line is not what was written.
    #[error("{0}")]
    Fault(Fault),
    /// The last line has no line feed: the entry was never acknowledged.
    #[error("line {line}: the entry is not finished: its {bytes} bytes end without a line feed")]
    Unfinished {
        /// The line, from 1.
        line: u64,
        /// How much of it there is.
        bytes: usize,
    },
    /// Reading failed.
    #[error("{0}")]
    Storage(StorageError),
}

/// How much is read at once.
const CHUNK: usize = 1 << 16;

impl<R: FnMut(&mut [u8]) -> Result<usize, StorageError>> Entries<R> {
    /// Reads as [`verify`] does.
    pub fn new(read: R) -> Entries<R> {
        Entries {
            read,
            head: Head::EMPTY,
            position: 0,
            buffer: Vec::new(),
            taken: 0,
            complete: false,
            ended: false,
        }
    }

    /// How long the next line is, without its line feed; nothing when it has none
    /// within the length of a line.
    fn line(&mut self) -> Result<Option<usize>, StorageError> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(self.taken..).unwrap_or_default();
            let fresh = rest.get(searched..).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(searched + at));
            }
            searched = rest.len();
            if self.complete || searched >= MAX_LINE {
                return Ok(None);
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            let filled = self.buffer.len();
            self.buffer.resize(filled + CHUNK, 0);
            let result = (self.read)(self.buffer.get_mut(filled..).unwrap_or_default());
            let read = *result.as_ref().unwrap_or(&0);
            self.buffer.truncate(filled + read.min(CHUNK));
            match result {
                Ok(0) => self.complete = true,
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        let line = self.head.seq.saturating_add(1);
        let Some(length) = self.line().map_err(ReadError::Storage)? else {
            return match self.buffer.len() - self.taken {
                0 => Ok(None),
                bytes if bytes < MAX_LINE => Err(ReadError::Unfinished { line, bytes }),
                _ => Err(ReadError::Fault(Fault {
                    line,
                    field: String::new(),
                    message: format!("is longer than {MAX_LINE} bytes"),
                })),
            };
        };
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let text = rest.get(..length).unwrap_or_default();
        let entry = self.head.follow(text).map_err(ReadError::Fault)?;
        self.taken += length + 1;
        self.position += length as u64 + 1;
        self.head = Head::from(&entry);
        Ok(Some(entry))
    }
}

impl<R> Entries<R> {
    /// How far the entries go that were returned.
    pub fn head(&self) -> Head {
        self.head
    }

    /// How many bytes of the record they take.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// What is there after the last line feed; empty before the end.
    pub(crate) fn unfinished(&self) -> &[u8] {
        self.buffer.get(self.taken..).filter(|_| self.complete).unwrap_or_default()
    }
}

impl<R: FnMut(&mut [u8]) -> Result<usize, StorageError>> Iterator for Entries<R> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Result<Entry, ReadError>> {
        if self.ended {
            return None;
        }
        let next = self.next_entry().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
