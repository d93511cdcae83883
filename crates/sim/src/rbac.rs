//! Authorisation by the stored Roles, ClusterRoles and their bindings.

/// Whether a request may proceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// True when some rule allows it; RBAC never denies by rule.
    pub allowed: bool,
    /// Which binding and role allow it, in the words of the real authoriser;
    /// empty when none does.
    pub reason: String,
}
