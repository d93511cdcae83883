//! What may be opened, by whose decision, and when it closes.

#![cfg(test)]

mod cluster;
mod decisions;
mod explore;
mod plans;
mod shop;
mod stories;
mod terms;
mod theorems;
mod total;
mod world;
