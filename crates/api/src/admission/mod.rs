//! Admission policies: what the API server refuses, whoever asks.
//!
//! They are evaluated by the API server itself, so that there is no webhook to
//! be down. Three things shape them:
//!
//! - Closing is never refused. No rule that a deletion, a denial or a
//!   revocation must pass depends on AccessConfig: a policy with parameters
//!   refuses everything that it matches while the parameters are missing, before
//!   any condition of its own is looked at.
//! - For the same reason, a policy with parameters matches only what can do
//!   without: our own kinds, and objects with our label.
//! - Each rule has its own message, and whoever is refused learns what to do.

mod build;
mod managed;
mod ours;
mod protected;

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};

/// An admission policy, and its binding, which makes it hold everywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// What is checked.
    pub policy: ValidatingAdmissionPolicy,
    /// That it is.
    pub binding: ValidatingAdmissionPolicyBinding,
}

/// Every admission policy.
#[must_use]
pub fn guards() -> Vec<Guard> {
    let mut drafts = ours::drafts();
    drafts.extend(managed::drafts());
    drafts.extend(protected::drafts());
    drafts.into_iter().map(build::Draft::build).collect()
}
