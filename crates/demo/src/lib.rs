//! A small shop on an embedded cluster, with the real controller.
//!
//! The [`world`] says what is there; an [`Embedded`] cluster is where it is, with
//! a controller that is driven turn by turn in virtual time; the [`story`] plays
//! the whole life of temporary access on it and says what each step proves; a
//! [`rehearsal`] does so for somebody's own manifests; and [`live`] keeps the same
//! shop up on the wall clock, for `kubectl` and `fallgate`.
//!
//! Nothing is acted: requests go through authorisation and admission, what opens
//! was rendered and armed by the controller, and what is said to be open or closed
//! is the engine's answer about the objects that are there.

mod embedded;
pub mod live;
mod memory;
mod people;
pub mod rehearsal;
pub mod story;
pub mod world;

pub use embedded::{Embedded, Wrong};
