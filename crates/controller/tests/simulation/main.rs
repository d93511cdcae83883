//! The controller on the simulated cluster, while everything goes wrong.
//!
//! A run is a [`case::Case`]: people who do things one after the other, faults
//! that befall requests, and processes that crash where they send one. The
//! [judge](judge) holds the promises against every write of it. What is tried:
//!
//! - `crashes`: a crash before and after every request of the core scenarios that
//!   could change something;
//! - `faults`: every kind of fault at requests of them, and pairs of faults;
//! - `swarm`: people, faults, crashes and clocks by the throw of a die;
//! - `mutants`: controllers that are not quite right, each of which must be
//!   caught;
//! - `stories`: what a run of this form cannot tell.
//!
//! `FALLGATE_SEEDS` is how many seeds the swarm takes, and the long form of
//! everything else comes with it:
//!
//! ```sh
//! FALLGATE_SEEDS=2000 cargo test -p fallgate-controller --test simulation
//! ```
//!
//! It is no tier before all of them hold. With `FALLGATE_CASES=all` crashes and
//! faults are tried at every request, which takes hours. One seed again:
//! `FALLGATE_SEED=7`, and of its list only some: `FALLGATE_KEEP=0,3`.
#![cfg(test)]

mod case;
mod crashes;
mod faults;
mod judge;
mod mutants;
mod runs;
#[path = "../controller/shop.rs"]
#[expect(dead_code, reason = "the tests beside this one use the rest")]
mod shop;
mod stories;
mod swarm;
mod wire;
mod world;
