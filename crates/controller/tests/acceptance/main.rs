//! What Fallgate promises, from the request to the packets: each story goes from
//! who asks over the real controller and who decides to what gets through, by the
//! objects as they are on the simulated API server, before, while and after.
//!
//! Tests named h1 to h11 are the promises that acceptance is measured by. One
//! that needs a part which is not there yet says which step it proves so far.
#![cfg(test)]

mod decisions;
mod ends;
mod incidents;
mod pairs;
mod paths;
mod records;
mod regressions;
#[expect(dead_code, reason = "this binary does not use all of it")]
#[path = "../controller/shop.rs"]
mod shop;
mod sources;
mod templates;
mod town;
