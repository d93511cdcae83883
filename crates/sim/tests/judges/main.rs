//! What judges a request before it reaches the store: rights, schemas and
//! admission policies.
#![cfg(test)]

mod admission;
mod measured;
mod rbac;
mod schema;
mod support;
mod tamper;
