//! Names that several parts must agree on.

/// The namespace of the controller.
pub const SYSTEM_NAMESPACE: &str = "fallgate-system";
/// The controller's ServiceAccount.
pub const CONTROLLER_SERVICE_ACCOUNT: &str = "fallgate-controller";
/// The user name that the API server knows the controller by.
pub const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";
/// The name of the one AccessConfig.
pub const CONFIG_NAME: &str = "default";
/// The field manager of what the controller applies.
pub const FIELD_MANAGER: &str = "fallgate-controller";
/// The field manager of what the command line writes.
pub const CLI_FIELD_MANAGER: &str = "fallgate";
/// The category that lists every kind: `kubectl get access`.
pub const CATEGORY: &str = "access";
/// The label that the API server keeps on each namespace: its name. Namespaces
/// are selected by nothing else, since nobody can edit it.
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Keys of labels.
pub mod label {
    /// On what belongs to a grant: the grant's uid.
    pub const GRANT: &str = "access.fallgate.dev/grant";
    /// On a NetworkPolicy that isolates, and that no grant outlives.
    pub const BASELINE: &str = "access.fallgate.dev/baseline";
    /// On what proves that switches work, with [`GRANT`].
    pub const CANARY: &str = "access.fallgate.dev/canary";
    /// On what Fallgate created, as the recommended labels have it.
    pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
    /// The value of [`MANAGED_BY`].
    pub const MANAGED_BY_VALUE: &str = "fallgate";
}

/// Keys of annotations.
pub mod annotation {
    /// On a policy: the user name of who changed it last. Admission refuses any
    /// other name than the caller's.
    pub const AUTHOR: &str = "access.fallgate.dev/author";
    /// On what belongs to a grant: NAMESPACE/NAME of the grant.
    pub const GRANT: &str = "access.fallgate.dev/grant-name";
    /// On what belongs to a grant: who requested it.
    pub const REQUESTER: &str = "access.fallgate.dev/requested-by";
    /// On what belongs to a grant: its ticket.
    pub const TICKET: &str = "access.fallgate.dev/ticket";
    /// On what belongs to a grant: when it ends at the latest.
    pub const EXPIRES_AT: &str = "access.fallgate.dev/expires-at";
}

/// Logical verbs on policies, which ordinary roles grant.
pub mod verb {
    /// Request under the policy.
    pub const USE: &str = "use";
    /// Approve or deny requests under it.
    pub const APPROVE: &str = "approve";
    /// End grants under it, and review break-glass.
    pub const REVOKE: &str = "revoke";
    /// Open under it before anybody agreed.
    pub const BREAK_GLASS: &str = "breakglass";
    /// Declare incidents in its namespace.
    pub const DECLARE: &str = "declare";
    /// Change policies, baselines and protected labels.
    pub const MANAGE: &str = "manage";
}

/// Types of conditions.
pub mod condition {
    /// A policy or an incident can be used.
    pub const READY: &str = "Ready";
    /// Everything that a request names was found.
    pub const RESOLVED: &str = "Resolved";
    /// The effect was computed.
    pub const SIMULATED: &str = "Simulated";
    /// Enough people agreed.
    pub const APPROVED: &str = "Approved";
    /// Somebody, or the policy, refused.
    pub const DENIED: &str = "Denied";
    /// Every switch is armed.
    pub const ARMED: &str = "Armed";
    /// Every policy was created.
    pub const APPLIED: &str = "Applied";
    /// Packets went through, and only those that should.
    pub const VERIFIED: &str = "Verified";
    /// What is open is no longer what was approved.
    pub const DRIFTED: &str = "Drifted";
    /// Everything that was opened is gone.
    pub const REVOKED: &str = "Revoked";
    /// Connections that were open have ended.
    pub const SEVERED: &str = "Severed";
    /// Every step so far stands in the record.
    pub const LOGGED: &str = "Logged";
    /// Break-glass was looked at afterwards.
    pub const REVIEWED: &str = "Reviewed";
}

/// Reasons of conditions.
pub mod reason {
    /// It is so, and nothing more is to be said.
    pub const SUCCEEDED: &str = "Succeeded";
    /// It is on its way.
    pub const IN_PROGRESS: &str = "InProgress";
    /// It waits for people.
    pub const AWAITING_DECISION: &str = "AwaitingDecision";
    /// It waits for its start.
    pub const AWAITING_START: &str = "AwaitingStart";
    /// There is no AccessConfig.
    pub const NO_CONFIG: &str = "NoConfig";
    /// There is no such policy.
    pub const NO_POLICY: &str = "NoPolicy";
    /// The policy is not to be used now.
    pub const NOT_ENABLED: &str = "NotEnabled";
    /// Nobody could approve.
    pub const NO_APPROVERS: &str = "NoApprovers";
    /// Something that is named does not exist, or not as it must.
    pub const NOT_FOUND: &str = "NotFound";
    /// The request is not within its policy.
    pub const OUTSIDE_POLICY: &str = "OutsidePolicy";
    /// A limit is exceeded.
    pub const LIMIT_EXCEEDED: &str = "LimitExceeded";
    /// Pods are not isolated by a baseline policy.
    pub const NOT_ISOLATED: &str = "NotIsolated";
    /// More would open than was asked for.
    pub const OPENS_MORE: &str = "OpensMore";
    /// Something would close.
    pub const CLOSES: &str = "Closes";
    /// What would open cannot be told.
    pub const EFFECT_UNKNOWN: &str = "EffectUnknown";
    /// Not all that was asked for would be open.
    pub const NOT_OPENED: &str = "NotOpened";
    /// Everything that was asked for is open already.
    pub const ALREADY_OPEN: &str = "AlreadyOpen";
    /// The ticket is missing, closed, or cannot be looked up.
    pub const TICKET: &str = "Ticket";
    /// The requester lacks a right.
    pub const NOT_ALLOWED: &str = "NotAllowed";
    /// A lock is in force.
    pub const LOCKED: &str = "Locked";
    /// What was approved is no longer what would be done.
    pub const CHANGED: &str = "Changed";
    /// A switch was not armed in time.
    pub const ARMING_TIMED_OUT: &str = "ArmingTimedOut";
    /// A name is taken by an object of somebody else.
    pub const NAME_TAKEN: &str = "NameTaken";
    /// The control plane did not close the canary.
    pub const SWITCH_CANARY_FAILED: &str = "SwitchCanaryFailed";
    /// Admission did not refuse what it must.
    pub const ADMISSION_CANARY_FAILED: &str = "AdmissionCanaryFailed";
    /// The record could not be written.
    pub const RECORD_UNAVAILABLE: &str = "RecordUnavailable";
    /// There is nothing that could probe.
    pub const NO_PROBER: &str = "NoProber";
    /// There is nothing that could end connections.
    pub const NO_AGENT: &str = "NoAgent";
    /// A review is due.
    pub const REVIEW_DUE: &str = "ReviewDue";
}

/// Names of the admission policies, and of their bindings.
pub mod admission {
    /// Who asks, and within which ceilings.
    pub const REQUESTS: &str = "fallgate-requests";
    /// Who decides. It is this one that must refuse a decision in another's name,
    /// which the controller tries before each opening.
    pub const DECISIONS: &str = "fallgate-decisions";
    /// Who writes policies, and within which ceilings.
    pub const POLICIES: &str = "fallgate-policies";
    /// Who writes policies of the whole cluster, and within which ceilings.
    pub const CLUSTER_POLICIES: &str = "fallgate-cluster-policies";
    /// Who declares incidents, and for how long.
    pub const INCIDENTS: &str = "fallgate-incidents";
    /// Who locks.
    pub const LOCKS: &str = "fallgate-locks";
    /// Who writes grants.
    pub const GRANTS: &str = "fallgate-grants";
    /// Who writes the status of our kinds.
    pub const STATUS: &str = "fallgate-status";
    /// What requests, decisions and grants must not carry.
    pub const RECORDS: &str = "fallgate-records";
    /// Who deletes requests and decisions.
    pub const RETENTION: &str = "fallgate-retention";
    /// Who writes NetworkPolicies that belong to grants.
    pub const MANAGED_POLICIES: &str = "fallgate-managed-policies";
    /// Who writes switches, and how they are deleted.
    pub const SWITCHES: &str = "fallgate-switches";
    /// The ceilings of what belongs to grants.
    pub const CEILINGS: &str = "fallgate-ceilings";
    /// What the controller may make and delete of NetworkPolicies. It is this one
    /// that must refuse a policy without an owner, which the controller tries
    /// before each opening.
    pub const CONTROLLER_POLICIES: &str = "fallgate-controller-policies";
    /// What the controller may make and delete of Jobs.
    pub const CONTROLLER_SWITCHES: &str = "fallgate-controller-switches";
    /// Who writes and deletes baseline policies.
    pub const BASELINE: &str = "fallgate-baseline";
    /// Who sets protected labels on pods.
    pub const LABELS_OF_PODS: &str = "fallgate-labels-of-pods";
    /// Who sets protected labels in the templates of workloads.
    pub const LABELS_OF_WORKLOADS: &str = "fallgate-labels-of-workloads";
    /// Who sets protected labels in the templates of CronJobs.
    pub const LABELS_OF_CRON_JOBS: &str = "fallgate-labels-of-cron-jobs";
    /// Who sets protected labels in PodTemplates.
    pub const LABELS_OF_POD_TEMPLATES: &str = "fallgate-labels-of-pod-templates";
}

/// Who in the control plane touches our objects, by user name.
pub mod control_plane {
    /// Collects what has lost its owner, and completes foreground deletions.
    pub const GARBAGE_COLLECTOR: &str =
        "system:serviceaccount:kube-system:generic-garbage-collector";
    /// Empties namespaces that are deleted.
    pub const NAMESPACES: &str = "system:serviceaccount:kube-system:namespace-controller";
    /// Starts the clock of a switch, and ends it.
    pub const JOBS: &str = "system:serviceaccount:kube-system:job-controller";
    /// The whole controller manager, where its parts have no accounts of their
    /// own.
    pub const MANAGER: &str = "system:kube-controller-manager";
    /// Those that make pods and workloads from templates that were admitted.
    pub const WORKLOADS: &[&str] = &[
        "system:serviceaccount:kube-system:cronjob-controller",
        "system:serviceaccount:kube-system:daemon-set-controller",
        "system:serviceaccount:kube-system:deployment-controller",
        JOBS,
        "system:serviceaccount:kube-system:replicaset-controller",
        "system:serviceaccount:kube-system:replication-controller",
        "system:serviceaccount:kube-system:statefulset-controller",
        MANAGER,
    ];
}
