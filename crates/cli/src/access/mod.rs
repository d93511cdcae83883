//! What the commands of temporary access share: the cluster that they talk to,
//! paths as users write them, what a request would do, and how all of it is
//! shown.
//!
//! Nothing here is privileged: every object is created with the user's own
//! credentials, and the API server judges it.

mod cluster;
mod ground;
mod path;
pub(crate) mod ready;
mod show;
mod wanted;
mod wire;

pub(crate) use cluster::{Cluster, generated, refused};
pub(crate) use ground::{Ground, Lack, Own, Preview, policy_name};
pub(crate) use path::{endpoint, port};
pub(crate) use show::{about, approval, duration, path_text, phase_text, plan_lines};
pub(crate) use wanted::{Wanted, metadata as request_metadata};
pub(crate) use wire::{Effect, Objects, object};
