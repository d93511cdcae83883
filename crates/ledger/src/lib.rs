//! The record of access: who asked, who decided, what opened and when it ended.
//!
//! A record is a file of JSON lines. Each line is an [`Entry`] in the canonical
//! form of RFC 8785; it carries its number, which is also its line, the hash of
//! the entry before it and its own. [`Ledger`] appends and answers only when the
//! entry is on disk; [`verify`] and [`Entries`] read a record in bounded memory
//! and stop at the first byte that the chain does not account for.
//!
//! What a chain cannot show is that whole entries are missing from its end:
//! for that, a [`Head`] is kept elsewhere and looked for. It shows no more than
//! that nobody altered the record without rewriting everything after it;
//! receipts and witnesses come with the transparency log.
//!
//! Nothing here reads a clock or touches a file, but for [`FileStorage`].

#![warn(clippy::indexing_slicing)]

mod chain;
mod entry;
mod file;
mod filter;
mod ledger;
mod read;
mod storage;

pub use chain::{Fault, Head};
pub use entry::{Actor, Entry, Event, EventError, Kind, MAX_LINE, ObjectRef, SCHEMA};
pub use fallgate_canonical::{Digest, NotADigest};
pub use file::{FileError, FileStorage};
pub use filter::Filter;
pub use ledger::{AppendError, Appended, Ledger, OpenError, Recovered};
pub use read::{Entries, ReadError, Verified, verify};
pub use storage::{Storage, StorageError};
