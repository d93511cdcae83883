//! The states of a request and of its grant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;

/// Where a request, and then its grant, stands. `Ended`, `Denied`, `Withdrawn`,
/// `ApprovalExpired`, `Failed` and `AlreadyOpen` are terminal and never revert.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum Phase {
    /// Not yet looked at.
    #[default]
    Pending,
    /// Planned, and waiting for people.
    PendingApproval,
    /// Approved, and waiting for its start.
    Scheduled,
    /// The switches are being armed; nothing is open.
    Arming,
    /// Open.
    Active,
    /// Being closed.
    Revoking,
    /// Closed, for the reason that stands beside it.
    Ended,
    /// Refused by a person, by policy, or by the plan.
    Denied,
    /// Taken back by the requester before it opened.
    Withdrawn,
    /// Nobody decided in time.
    ApprovalExpired,
    /// Approved, and could not be opened.
    Failed,
    /// Everything that was asked for is allowed already; there is no grant.
    AlreadyOpen,
}

impl Phase {
    /// Those from which nothing follows.
    pub const TERMINAL: [Phase; 6] = [
        Phase::Ended,
        Phase::Denied,
        Phase::Withdrawn,
        Phase::ApprovalExpired,
        Phase::Failed,
        Phase::AlreadyOpen,
    ];

    /// Whether nothing follows.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        Phase::TERMINAL.contains(&self)
    }
}

/// The most characters in what the controller says: in `status.message` and in
/// the messages of conditions, evidence and decisions.
pub const MAX_MESSAGE: u32 = 4096;

/// Why a grant ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum EndReason {
    /// Its time was over.
    Expired,
    /// Somebody revoked it.
    Revoked,
    /// The requester gave it back.
    Withdrawn,
    /// Its ticket was closed.
    TicketClosed,
    /// Its incident was resolved.
    IncidentResolved,
    /// Its policy changed.
    PolicyChanged,
    /// A lock stopped it.
    Locked,
    /// What it opens was about to become more than was approved.
    DriftDetected,
    /// Break-glass was not reviewed in time.
    ReviewOverdue,
}

/// Who deleted what a grant had opened.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ClosedBy {
    /// The controller.
    Controller,
    /// The switch, without the controller.
    Switch,
    /// Somebody else.
    Other,
}

/// The bounds of a condition; its fields are those of the API's own type.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Condition {
    /// When the status last changed.
    #[schemars(schema_with = "bounds::time")]
    last_transition_time: String,
    /// What it means, for people.
    #[schemars(schema_with = "bounds::message")]
    message: String,
    /// The generation that it was judged on.
    #[serde(default)]
    #[schemars(schema_with = "bounds::int64::<0, 9007199254740991>")]
    observed_generation: Option<i64>,
    /// Why, in one word.
    #[schemars(
        length(min = 1, max = 256),
        regex(pattern = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    )]
    reason: String,
    /// True, False or Unknown.
    status: Truth,
    /// What is judged, in one word.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z]+$"))]
    type_: String,
}

/// The status of a condition.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum Truth {
    True,
    False,
    Unknown,
}
