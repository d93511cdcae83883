//! What holds for every kind and every admission policy.

mod admission;
mod schemas;
mod types;
