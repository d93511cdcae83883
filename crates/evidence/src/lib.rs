//! What calendars and ticket lists say: who is on call, and whether a ticket is
//! open. Text in, facts out.
//!
//! [`Rota`] and [`Tickets`] are what is asked. A [`TextRota`] is read from an
//! iCalendar or a list of shifts, [`TextTickets`] from a list of tickets. [`Place`]
//! says which file or key of a ConfigMap has the text; reading it, and knowing
//! when that was, is the caller's business. Each answer is [`Evidence`]: with what
//! was asked, what the source was, and a digest of all of it to be kept.
//!
//! What is not understood is a [`Problem`] with its line, and then there is no
//! answer at all but [`Unavailable`]: whoever asks falls back on a person, and
//! never takes silence for a yes. `docs/EVIDENCE.md` says what is understood.

#![warn(clippy::indexing_slicing)]

mod answer;
mod calendar;
mod content;
mod place;
mod recurrence;
mod rota;
mod shifts;
mod tickets;
mod yaml;

pub use answer::{Evidence, Problem, Unavailable};
pub use place::Place;
pub use rota::{Format, OnCall, Rota, Shift, TextRota};
pub use tickets::{NotOpen, Scope, TextTickets, Ticket, TicketAnswer, Tickets};
