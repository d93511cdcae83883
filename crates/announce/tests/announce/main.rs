//! What is sent, and what a receiver makes of it.
#![cfg(test)]

mod receive;
mod send;
