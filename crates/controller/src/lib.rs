//! What opens grants, and what closes them in time.
//!
//! A [`Controller`] takes turns. In each it lists what there is, from the quorum,
//! asks the life cycle ([`fallgate_access::next`]) about every request what comes
//! next, and does that one thing: sends one request, or appends one entry to the
//! record. It decides nothing itself and remembers nothing that it could not read
//! again, so that it may crash at any point, and another one may go on.
//!
//! What closes comes before everything else: grants whose time is over are closed
//! by what the last turn saw before anything is listed; deletions wait for no
//! lease, no record, no rota and no listing of the cluster; what fails is tried
//! again, for ever. What opens needs all of these at the same time.
//!
//! # Driving it
//!
//! [`Controller::turn`] is one turn, and says when the next one is due. Nothing
//! in it reads a clock but the [`Clock`] that it was given, so that a test drives
//! it step by step in virtual time. [`Controller::run`] goes on from turn to turn
//! until it is told to stop; watches wake it early, and nothing depends on them.
//!
//! Beside the turns, and waited for by none of them, a [`Teller`] tells of what was
//! recorded, and [`health`] says how it all is.
//!
//! [`close_everything`] is for when there is no controller.

#![warn(clippy::indexing_slicing)]

mod act;
mod backoff;
mod canary;
mod clock;
mod controller;
pub mod elector;
mod events;
mod ground;
pub mod health;
mod lease;
mod locked;
mod panic;
mod record;
mod run;
mod seen;
mod sources;
mod statuses;
mod tell;
mod watch;
pub mod webhook;

pub use clock::{Clock, SystemClock};
pub use controller::{Controller, Settings, Turn};
pub use ground::Ground;
pub use panic::{Closed, close_everything};
pub use record::Record;
pub use tell::{Receivers, Teller};
