//! An in-process Kubernetes API server with virtual time and seeded faults.
//!
//! The demo and the tests of everything that talks to a cluster stand on it: a
//! `kube::Client` cannot tell it from a real server in what Fallgate uses, and
//! what it does not support it refuses, with a `Status` that says so. It does
//! what the real control plane was measured to do, not what one would wish.
//!
//! A request goes through the same steps as on a real server: authentication,
//! [authorisation](rbac), reading and defaulting by the [schema], [admission],
//! and the store.

pub mod admission;
mod expression;
mod labels;
mod memo;
pub mod rbac;
mod request;
pub mod schema;
mod view;

pub use request::{Attributes, UserInfo};
pub use view::View;
