//! What calendars and ticket lists say: who is on call, and whether a ticket is
//! open. Text in, facts out.
//!
//! A [`FileRota`] is read from an iCalendar or a list of shifts, [`FileTickets`]
//! from a list of tickets; where the text comes from, a file or a key of a
//! ConfigMap, is the caller's business, and so is when it was read. Each answer
//! is [`Evidence`]: with what was asked, what the source was, and a digest of all
//! of it to be kept.
//!
//! What is not understood is a [`Problem`] with its line, and then there is no
//! answer at all: whoever asks falls back on a person, and never takes silence
//! for a yes. `docs/EVIDENCE.md` says what is understood.

#![warn(clippy::indexing_slicing)]

mod answer;
mod calendar;
mod content;
mod recurrence;
mod rota;
mod shifts;
mod tickets;
mod yaml;

pub use answer::{Evidence, Problem, Unavailable};
pub use rota::{FileRota, Format, OnCall, Rota, Shift};
pub use tickets::{FileTickets, NotOpen, Scope, Ticket, TicketAnswer, Tickets};
