//! The record: what it takes, what it keeps, and what shows when it is altered.
#![cfg(test)]

mod append;
mod common;
mod crash;
mod tamper;
