//! Two ways to one answer: the engine against the oracle, changes one at a time
//! against a build from scratch.

#![cfg(test)]

#[path = "../common/cases.rs"]
mod cases;
#[path = "../common/ends.rs"]
mod ends;
mod incremental;
#[path = "../common/maps.rs"]
mod maps;
mod oracle;
