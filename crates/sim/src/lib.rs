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
//! # Running a client on it
//!
//! A client has an identity, time passes as fast as everything that happens in
//! it, faults befall requests by their number, and everything is told
//! afterwards:
//!
//! ```
//! use std::time::Duration;
//!
//! use fallgate_sim::fault::{Fault, Plan};
//! use fallgate_sim::{Options, Sim};
//! use k8s_openapi::api::coordination::v1::Lease;
//! use kube::api::{Api, ListParams, PostParams};
//!
//! # let mut runtime = tokio::runtime::Builder::new_current_thread();
//! # let runtime = runtime.enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! // Kinds, roles, admission policies and people. What is random follows from
//! // the seed.
//! let sim = Sim::with_fallgate(Options { seed: 7, ..Options::default() })?;
//!
//! // Time follows the clock of the runtime. Where that is paused, as by
//! // `#[tokio::test(start_paused = true)]`, it goes on to what is due next as
//! // soon as every task waits. `Sim::advance` lets it pass at once, with a runtime
//! // or without.
//! tokio::spawn(sim.clone().follow());
//!
//! // A client that is somebody. (People are in `fallgate_sim::people`.)
//! let me = sim.service_account("fallgate-system", "fallgate-controller").ok_or("nobody")?;
//! let client = kube::Client::new(sim.client_service(me.clone()), "fallgate-system");
//!
//! // Its second request takes effect, and it crashes before it hears of that.
//! let second = sim.requests_of(&me.username) + 1;
//! let plan = Plan::new().of(&me.username).at(second, Fault::crash_after());
//! sim.set_faults(move |index, attributes| plan.fault(index, attributes));
//! let crashed = sim.crashed(&me.username);
//! let process = tokio::spawn(async move {
//!     let leases: Api<Lease> = Api::default_namespaced(client);
//!     leases.list(&ListParams::default()).await?;
//!     let mut lease = Lease::default();
//!     lease.metadata.name = Some("leader".to_owned());
//!     leases.create(&PostParams::default(), &lease).await
//! });
//! crashed.await;
//! // What was under way is lost with it, and nothing answers it any more.
//! process.abort();
//!
//! // An hour later there is a next one, which finds what the first one left.
//! tokio::time::sleep(Duration::from_secs(3600)).await;
//! let client = kube::Client::new(sim.client_service(me.clone()), "fallgate-system");
//! let leases: Api<Lease> = Api::default_namespaced(client);
//! assert!(leases.get_opt("leader").await?.is_some());
//!
//! // Who asked for what, when, and what came of it.
//! let trace = sim.trace();
//! let mine = trace.iter().filter(|exchange| exchange.username == me.username);
//! let told: Vec<(&str, u16, bool)> =
//!     mine.map(|exchange| (exchange.verb.as_str(), exchange.code, exchange.wrote)).collect();
//! assert_eq!(told, [("list", 200, false), ("create", 201, true), ("get", 200, false)]);
//! // All of it in one number, which is the same for the same seed.
//! assert_ne!(sim.trace_hash(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod install;
mod kinds;
mod label_selector;
mod memo;
mod merge;
mod name;
mod object;
pub mod people;
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
pub use trace::{Exchange, RequestIndex, Write};
pub use view::View;
