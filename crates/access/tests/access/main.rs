//! What may be opened, by whose decision, and when it closes.

#![cfg(test)]

mod decisions;
mod shop;
