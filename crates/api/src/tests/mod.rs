//! What holds for every kind.

mod schemas;
mod types;
