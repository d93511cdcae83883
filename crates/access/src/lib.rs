//! The life cycle of grants, as functions of what was read and the time.
//!
//! Nothing here reads a clock, does IO or keeps state: whoever drives it hands in
//! what was observed and sends what comes out. Every function is total, and what
//! it does not understand it refuses.

#![warn(clippy::indexing_slicing)]

mod canonical;
mod decide;
mod effect;
mod identity;
mod isolation;
mod plan;
mod refusal;
mod render;
mod resolve;
mod rights;
mod scope;
mod selector;
mod terms;

pub use canonical::plan_hash;
pub use decide::{Ballot, Consent, Discard, Judged, Missing, Standing, Tally};
pub use identity::{People, Relation};
pub use plan::{Assess, Planned};
pub use refusal::{End, Refusal};
pub use render::{managed, policy_name, switch, switch_name};
pub use resolve::{Case, Narrowing, Policy, World};
pub use rights::{Answer, Question, Rights};
pub use terms::{OnCall, Other, Terms, Ticket};
