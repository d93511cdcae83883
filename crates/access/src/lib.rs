//! The life cycle of grants, as functions of what was read and the time.
//!
//! Nothing here reads a clock, does IO or keeps state: whoever drives it hands in
//! what was observed and sends what comes out. Every function is total, and what
//! it does not understand it refuses.

#![warn(clippy::indexing_slicing)]

mod decide;
mod identity;
mod rights;

pub use decide::{Ballot, Consent, Discard, Judged, Missing, Standing, Tally};
pub use identity::{People, Relation};
pub use rights::{Answer, Question, Rights};
