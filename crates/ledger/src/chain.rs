use std::fmt;

use fallgate_canonical::Digest;

use crate::entry::{Entry, EventError};

/// How far a record goes: the number and the hash of its last entry. Kept
/// elsewhere, it shows later that nothing was cut off or rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub seq: u64,
    /// The hash of the last one.
    pub hash: Digest,
}

/// A line of a record that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The member that shows it, such as `prev`; empty when it is the whole line.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Head {
    /// That of a record without entries.
    pub const EMPTY: Head = Head { seq: 0, hash: Digest::ZERO };

    /// Reads the line that comes next, without its line feed.
    pub(crate) fn follow(self, line: &[u8]) -> Result<Entry, Fault> {
        let number = self.seq.saturating_add(1);
        let fault = |field: &str, message| Fault { line: number, field: field.to_owned(), message };
        let entry = numbered(number, line)?;
        if entry.prev != self.hash {
            let message = if number == 1 {
                format!("is {}, and must be zero in the first entry", entry.prev)
            } else {
                format!("is {}, but the entry before is {}", entry.prev, self.hash)
            };
            return Err(fault("prev", message));
        }
        Ok(entry)
    }
}

/// Reads the line with a number, without its line feed, whatever came before it.
pub(crate) fn numbered(number: u64, line: &[u8]) -> Result<Entry, Fault> {
    let fault = |EventError { field, message }| Fault { line: number, field, message };
    let entry = Entry::parse(line).map_err(fault)?;
    if entry.seq != number {
        let message = format!("is {}, and must be {number}", entry.seq);
        return Err(Fault { line: number, field: "seq".to_owned(), message });
    }
    Ok(entry)
}

impl From<&Entry> for Head {
    fn from(entry: &Entry) -> Head {
        Head { seq: entry.seq, hash: entry.hash }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match self.field.as_str() {
            "" => write!(f, "the line {}", self.message),
            field => write!(f, "`{field}` {}", self.message),
        }
    }
}
