//! What a cluster means: who can reach whom, why, and what a change would open.
//!
//! [`Engine`] takes a cluster and its changes; [`Snapshot`] answers. The rules
//! are those of `docs/SEMANTICS.md`.

mod address;
mod causes;
mod columns;
mod compiled;
mod connections;
mod effect;
mod engine;
mod explain;
mod exposure;
mod idle;
mod intern;
mod lazy;
mod map;
mod matrix;
mod nodes;
mod outside;
mod ranges;
mod reach;
mod repair;
mod service;
mod side;
mod snapshot;
mod state;
mod tri;

pub use address::Addresses;
pub use causes::Causes;
pub use connections::{Connections, Interval, Port, Verdict};
pub use effect::{Applied, Delta, Diff, Lone, diff};
pub use engine::Engine;
pub use explain::{Decision, Explanation, SideExplanation, Stage, Step};
pub use exposure::{ExposedPeer, ExposedSide, Exposure, PotentialPeer};
pub use idle::Idle;
pub use intern::matches;
pub use map::{Alike, Detail, Entry, Place};
pub use repair::{Edit, EditedObject, NoRepair, Repair};
pub use service::ServiceTargets;
pub use snapshot::{End, Snapshot, Union, WorkloadRef};
pub use state::PodId;
pub use tri::Tri;
