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
//!
//! [`Sim::serve`] shows the same cluster to `kubectl` and to whatever else reads
//! a kubeconfig.

pub mod admission;
mod body;
mod bootstrap;
mod client;
mod control;
mod expression;
pub mod fault;
mod field_selector;
mod fields;
mod https;
mod identity;
mod kinds;
mod label_selector;
mod memo;
mod merge;
mod name;
mod object;
pub mod rbac;
mod registry;
mod request;
mod schedule;
pub mod schema;
mod server;
mod shape;
mod sim;
mod status;
mod store;
mod table;
mod time;
mod trace;
mod view;

pub use body::Body;
pub use client::{ClientService, Disconnected};
pub use control::Controller;
pub use https::{HttpsServer, ServeError};
pub use request::{Attributes, UserInfo};
pub use sim::{ControlOptions, Options, Sim};
pub use status::Refusal;
pub use trace::{Exchange, RequestIndex};
pub use view::View;
