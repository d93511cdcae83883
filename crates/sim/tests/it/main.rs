//! What the simulated server does, seen from outside: each test is named after
//! something that was measured on a real one.
#![cfg(test)]

mod client;
mod cluster;
mod control;
mod fallgate;
mod faults;
mod https;
mod jobs;
mod objects;
mod watches;
