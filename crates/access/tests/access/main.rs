//! What may be opened, by whose decision, and when it closes.

#![cfg(test)]

mod decisions;
mod plans;
mod shop;
mod terms;
mod theorems;
mod world;
