//! Incidents, which enable policies for as long as they last.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::identity::Identity;
use crate::rules;

/// An incident in a namespace. While it lasts, policies that say
/// `DuringIncident` can be requested there, though not by who declared it; its
/// end ends its grants. Only `resolved` changes, once.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "access.fallgate.dev",
    version = "v1alpha1",
    kind = "AccessIncident",
    plural = "accessincidents",
    namespaced,
    status = "AccessIncidentStatus",
    derive = "PartialEq",
    crates(kube_core = "::kube_core"),
    doc = "An incident in a namespace, which enables policies for as long as it lasts.",
    category = "access",
    shortname = "accessinc",
    printcolumn(name = "Ticket", type_ = "string", json_path = ".spec.ticket"),
    printcolumn(name = "Severity", type_ = "string", json_path = ".spec.severity"),
    printcolumn(name = "Declarer", type_ = "string", json_path = ".spec.declaredBy.username"),
    printcolumn(name = "Ends", type_ = "string", json_path = ".spec.endsAt"),
    printcolumn(name = "Resolved", type_ = "boolean", json_path = ".spec.resolved"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::INCIDENT))]
pub struct AccessIncidentSpec {
    /// Who declares it: exactly the caller.
    pub declared_by: Identity,
    /// Its ticket.
    #[schemars(schema_with = "bounds::ticket")]
    pub ticket: String,
    /// How bad it is.
    pub severity: Severity,
    /// When it ends at the latest.
    #[schemars(schema_with = "bounds::time")]
    pub ends_at: Time,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::text::<512>")]
    pub reason: Option<String>,
    /// Whether it is over. Once true, it stays so.
    #[serde(default)]
    pub resolved: bool,
}

/// How bad an incident is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Severity {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// What the controller says of an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessIncidentStatus {
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounds::time")]
    pub ended_at: Option<Time>,
    /// `Ready`: whether it enables policies, and if not, why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "bounds::conditions")]
    pub conditions: Vec<Condition>,
}
