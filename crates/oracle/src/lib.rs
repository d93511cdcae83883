//! What the policies mean, one packet at a time.
//!
//! This is `docs/SEMANTICS.md` written down as code for the second time, after
//! the engine, and with the opposite aim: to be obviously right. Nothing is
//! interned, cached or computed over sets; every question walks every policy.
//! Tests compare the engine with it on the clusters of [`generate`], and print
//! what [`shrink()`] leaves of a cluster on which the two differ.
//!
//! [`packet`] answers for one packet, [`verdict`] for two ends over the families
//! they share, [`workload_verdict`] for two workloads. [`interesting_ports`] and
//! [`interesting_addresses`] name the packets that suffice to compare whole
//! connection sets.

mod address;
mod apply;
mod cluster_policy;
mod evaluate;
pub mod generate;
mod network_policy;
mod probe;
mod select;
mod service;
pub mod shape;
mod shrink;
mod tri;
mod verdict;

pub use address::end_of_address;
pub use apply::apply;
pub use evaluate::{End, Packet, Port, packet};
pub use probe::{endpoints, interesting_addresses, interesting_ports, workloads};
pub use service::service_targets;
pub use shrink::shrink;
pub use tri::{Interval, Tri, Verdict};
pub use verdict::{
    Answer, WorkloadRef, families, families_in_use, verdict, workload_outside_verdict,
    workload_verdict,
};

use fallgate_model::{Cluster, Dialect};

/// What every question is asked about.
#[derive(Clone, Copy)]
struct World<'a> {
    cluster: &'a Cluster,
    dialect: &'a Dialect,
}
