//! What holds for every kind, every admission policy and every role.

mod admission;
mod roles;
mod schemas;
mod types;
