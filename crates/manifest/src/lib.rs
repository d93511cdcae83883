//! Kubernetes manifests to the model, and back.
//!
//! Text becomes trees of nodes that know their place in it, by three front
//! ends: a fast one for the YAML that people and kubectl write, a complete one
//! for all other YAML, and one for JSON. Trees become the model by one lowering,
//! which defaults and validates as the API server does. Nothing here does IO,
//! and nothing in the input makes it fail: what cannot be read is a diagnostic,
//! and what it could have changed is in the cluster as opaque.

#![warn(clippy::indexing_slicing)]

mod assemble;
mod block;
mod context;
mod events;
mod interest;
mod item;
mod json;
mod lower;
pub mod overlay;
mod read;
mod repair;
#[cfg(test)]
mod same;
mod scalar;
mod tree;
mod validate;
mod write;

pub use read::{ReadOptions, Reading, read};
pub use repair::{Fixed, fix};
pub use write::{
    write_cluster, write_cluster_policy, write_endpoint_slice, write_entry_point, write_namespace,
    write_network_policy, write_node, write_pod, write_service,
};

/// A text to read, with the name that diagnostics show.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// A path, `stdin`, or whatever else tells a user where this is from.
    pub name: fallgate_model::Str,
    /// The bytes as they are.
    pub text: &'a [u8],
    /// Whether positions in it mean something to a user.
    pub kind: InputKind,
}

/// Where a text is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A file: lines and columns are shown.
    File,
    /// A live cluster: origins have line 0.
    Live,
}
