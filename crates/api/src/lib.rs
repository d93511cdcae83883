//! The kinds of `access.fallgate.dev`: what people write, what the controller
//! answers, and what the API server itself refuses.
//!
//! Types and their schemas only. Nothing here talks to a cluster; what a request
//! becomes is decided by the life cycle, which builds on these types.
#![expect(
    clippy::duplicated_attributes,
    reason = "printer columns repeat the same keys, each in a list of its own"
)]

pub mod admission;
mod bounds;
mod config;
pub mod crd;
mod decision;
pub mod deploy;
mod endpoint;
mod grant;
mod identity;
mod incident;
mod lock;
pub mod names;
mod plan;
mod policy;
pub mod rbac;
mod request;
mod rules;
mod status;
#[cfg(test)]
mod tests;

pub use config::{
    AccessConfig, AccessConfigSpec, Alias, FileOrConfigMap, Rota, RotaFormat, SecretKey,
    TicketSource, Webhook,
};
pub use decision::{AccessDecision, AccessDecisionSpec, RequestRef, Verdict};
pub use endpoint::{Endpoint, Hop, Port, Protocol, ServiceRef, Shape, WorkloadRef, Workstation};
pub use grant::{AccessGrant, AccessGrantSpec, AccessGrantStatus, ManagedObject, Switch};
pub use identity::{Identity, PolicyKind, PolicyRef};
pub use incident::{AccessIncident, AccessIncidentSpec, AccessIncidentStatus, Severity};
pub use lock::{AccessLock, AccessLockSpec, ClusterAccessLock, ClusterAccessLockSpec};
pub use plan::{
    AllPorts, Connection, Direction, Effect, Isolation, NarrowedRequest, Place, Plan,
    PlannedPolicy, PortRange, Ports,
};
pub use policy::{
    AccessPolicy, AccessPolicySpec, AccessPolicyStatus, Approval, ApprovalMode, BreakGlass,
    ClusterAccessPolicy, ClusterAccessPolicySpec, Enabled, Limits, OnCall, OnCallEffect, Owner,
    Stage, TicketRule, UnknownEffect,
};
pub use request::{
    AccessRequest, AccessRequestSpec, AccessRequestStatus, CountedDecision, Evidence, EvidenceKind,
    Extends, GrantRef, IncidentRef, Until,
};
pub use status::{ClosedBy, EndReason, MAX_MESSAGE, Phase};

/// The API group of every kind here.
pub const GROUP: &str = "access.fallgate.dev";
/// The version of every kind here.
pub const VERSION: &str = "v1alpha1";
/// Group and version, as `apiVersion` has them.
pub const API_VERSION: &str = "access.fallgate.dev/v1alpha1";
