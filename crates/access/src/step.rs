//! What comes next: one request, one entry, or waiting.

use fallgate_api::names::admission;
use fallgate_api::{AccessDecision, AccessGrant, AccessGrantStatus, AccessRequestStatus};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::lifecycle::Ending;
use crate::record::{Entry, Object};
use crate::rights::Question;

/// The next step of a request or its grant: exactly one thing.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send one request to the API server.
    Send(Call),
    /// Append one entry to the record.
    Append(Box<Entry>),
    /// Do nothing until something changes, or until a time.
    Wait(Wait),
}

/// One request to the API server.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// A SubjectAccessReview.
    Ask(Question),
    /// A dry-run create that must be refused.
    Rehearse(Rehearsal),
    /// Create the grant.
    CreateGrant(Box<AccessGrant>),
    /// Create a switch.
    CreateSwitch(Box<Job>),
    /// Create a policy.
    CreatePolicy(Box<NetworkPolicy>),
    /// Delete this very object of a grant, by its uid, with what it owns, for the
    /// reason given.
    Close(Object, Ending),
    /// Delete this very object, which nobody needs any more, in the same way.
    Delete(Object),
    /// Write the status of the request as a whole.
    WriteRequest(Box<AccessRequestStatus>),
    /// Write the status of the grant as a whole.
    WriteGrant(Box<AccessGrantStatus>),
}

/// A create that admission must refuse, by its own policies and not by rights.
#[derive(Clone, Debug, PartialEq)]
pub enum Rehearsal {
    /// A policy of a grant that no switch owns.
    Owner(Box<NetworkPolicy>),
    /// A decision in somebody else's name.
    Identity(Box<AccessDecision>),
}

/// Why nothing is to be done, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When to look again, if nothing changes before; absent where only a change
    /// matters.
    pub until: Option<Timestamp>,
    /// What is waited for, in words.
    pub why: String,
}

impl Rehearsal {
    /// The ValidatingAdmissionPolicy that must refuse it.
    pub fn refused_by(&self) -> &'static str {
        match self {
            Rehearsal::Owner(_) => admission::CONTROLLER_POLICIES,
            Rehearsal::Identity(_) => admission::DECISIONS,
        }
    }
}
