//! What calendars and lists say, and that nothing else is read into them.
#![cfg(test)]

mod calendar;
mod common;
mod hostile;
mod recurrence;
mod sources;
mod tickets;
