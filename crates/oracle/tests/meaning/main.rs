//! What the policies mean, from first principles: the traps that analysers fall
//! into, the scenarios of the upstream suite, and SEMANTICS.md by section.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it cannot read")]

mod build;
mod semantics;
mod traps;
mod upstream;
