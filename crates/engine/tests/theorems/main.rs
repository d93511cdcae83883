//! What holds for every cluster.

#![cfg(test)]

mod answers;
#[path = "../common/cases.rs"]
mod cases;
#[path = "../common/ends.rs"]
mod ends;
mod exposure;
mod grants;
#[path = "../common/maps.rs"]
mod maps;
mod network_policies;
mod repairs;
#[path = "../common/resolve.rs"]
mod resolve;
mod tiers;
mod world;
