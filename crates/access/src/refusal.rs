//! Why something is not opened.

use fallgate_api::names::{label, reason};

/// Why a request is refused, or a path is not opened: one sentence that says
/// what is wrong and what to do about it.
///
/// Names that a requester chose stand in backticks and are bounded by the
/// schema; control characters are not among them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no AccessConfig.
    #[error(
        "there is no AccessConfig named `default`, and without ceilings nothing opens; create it"
    )]
    NoConfig,
    /// There is no such policy.
    #[error("there is no {kind} `{name}`; request under a policy that is there")]
    NoPolicy {
        /// AccessPolicy or ClusterAccessPolicy.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Nobody could approve.
    #[error("stage `{0}` of the policy names no group, so nobody could approve; name one")]
    NoApprovers(String),
    /// The requester lacks a right.
    #[error(
        "`{user}` lacks the verb `{verb}` on the policy in namespace `{namespace}`; ask the policy's owner for a role that has it"
    )]
    Right {
        /// Who.
        user: String,
        /// The verb.
        verb: &'static str,
        /// Where.
        namespace: String,
    },

    /// An end is not exactly one thing.
    #[error(
        "`{0}` must be exactly one of podSelector, workload, service, cidrs and workstations, the last two without a namespace"
    )]
    NotOneThing(End),
    /// An end is a ServiceAccount.
    #[error(
        "`{0}` names a ServiceAccount, which NetworkPolicies do not know; name the pods that run under it by a label"
    )]
    ServiceAccount(End),
    /// An end is something that this end cannot be.
    #[error("`{0}` cannot be {1}; name pods, a workload{2}")]
    WrongEnd(End, &'static str, &'static str),
    /// Both ends are addresses.
    #[error(
        "both `from` and `to` are addresses, and NetworkPolicies hold for pods; one of them must be pods"
    )]
    NoPodsAtAll,
    /// A selector has an operator that is none.
    #[error(
        "the selector of `{0}` has the operator `{1}`; must be In, NotIn, Exists or DoesNotExist"
    )]
    Operator(End, String),
    /// A selector matches every pod.
    #[error(
        "the selector of `{0}` matches every pod, or every pod that lacks a label; name a label that the pods have"
    )]
    EveryPod(End),
    /// A selector matches nothing.
    #[error("nothing can match the selector of `{0}`; its requirements exclude each other")]
    NothingMatches(End),
    /// An address range is none.
    #[error(
        "`{1}` in `{0}` is no address range; write it as an address, a slash and a prefix length, without host bits"
    )]
    Cidr(End, String),
    /// A port range is none.
    #[error(
        "the ports {0} to {1} are no range; must be from 1 to 65535, the last not below the first"
    )]
    Ports(i32, i32),
    /// No port is asked for.
    #[error("no port is asked for; name at least one")]
    NoPorts,

    /// A workload is not there.
    #[error(
        "there is no {kind} `{namespace}/{name}` whose pods a selector finds; name its pods by a label"
    )]
    NoWorkload {
        /// Its namespace.
        namespace: String,
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// A service is not there.
    #[error("there is no Service `{0}/{1}`; name one that is there, or the pods by a label")]
    NoService(String, String),
    /// Where a service leads cannot be told.
    #[error(
        "Service `{0}/{1}` has no selector, or not only known backends; name the pods by a label"
    )]
    ServiceUnknown(String, String),
    /// A service has no such port.
    #[error(
        "Service `{0}/{1}` has no port {2}; name its ports one by one, as the Service has them"
    )]
    ServicePort(String, String, String),
    /// A service's port leads to different ports.
    #[error(
        "port {2} of Service `{0}/{1}` is another port on some pods than on others; name the pods and the port"
    )]
    ServicePortVaries(String, String, u16),
    /// No pod matches.
    #[error("no pod in namespace `{1}` matches `{0}`; request when there is one")]
    NoPods(End, String),
    /// A pod has no network of its own.
    #[error(
        "pod `{1}/{2}` of `{0}` uses its node's network, where no NetworkPolicy holds; choose pods with a network of their own"
    )]
    HostNetwork(End, String, String),
    /// A pod may or may not match.
    #[error("whether `{0}` matches pod `{1}/{2}` cannot be told; choose labels with known values")]
    MayMatch(End, String, String),

    /// An end is not within the policy.
    #[error("`{0}` is not within what the policy allows; narrow it to {1}")]
    OutsidePolicy(&'static str, &'static str),
    /// The path does not end where its policy lives.
    #[error(
        "the path is not into namespace `{0}`, where the request is; request in the namespace of the target or, towards addresses, of the source"
    )]
    AnotherNamespace(String),
    /// A requester asked for somebody else's workstation.
    #[error("a requester opens from their own workstation only; `from` must name nobody but `{0}`")]
    Workstation(String),
    /// A namespace that no path may touch.
    #[error(
        "namespace `{0}` is among AccessConfig's deniedNamespaces; no path may start or end there"
    )]
    DeniedNamespace(String),
    /// An address range that no path may touch.
    #[error("`{0}` overlaps `{1}` of AccessConfig's deniedCidrs; name addresses outside of it")]
    DeniedCidr(String, String),
    /// An address range is too wide.
    #[error("`{0}` is wider than the policy's limit of /{1}; narrow it")]
    TooWide(String, i32),
    /// Too many pods or ranges.
    #[error("`{end}` is {found} pods or ranges, and the policy's limit is {limit}; narrow it")]
    TooMany {
        /// Which end.
        end: End,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: i32,
    },
    /// A decision narrows to something that was not asked for.
    #[error("decision {0} narrows `{1}` to something that was not asked for")]
    NotNarrower(String, &'static str),
    /// The decisions have nothing in common.
    #[error(
        "what the approvers agreed to has no `{0}` in common; request what each of them agrees to"
    )]
    NothingInCommon(&'static str),

    /// It lasts too long.
    #[error(
        "{asked} seconds are more than {limit}, the most that the policy and AccessConfig allow; ask for less"
    )]
    TooLong {
        /// How long was asked for.
        asked: i64,
        /// How long it may be.
        limit: i64,
    },
    /// It lasts no time.
    #[error("{0} seconds are no time; ask for at least 30")]
    TooShort(i64),
    /// It starts too late.
    #[error(
        "it would start more than {0} seconds from when it was requested; request nearer to its start"
    )]
    TooFarAhead(i64),
    /// It asks to end with something that it does not name.
    #[error("`until` needs {0}; name it")]
    UntilNothing(&'static str),
    /// A ticket is needed.
    #[error("the policy needs a ticket; name one")]
    NoTicket,
    /// A ticket is not written as it must be.
    #[error("ticket `{0}` does not match the policy's pattern `{1}`; name one that does")]
    TicketPattern(String, String),
    /// A policy's pattern is none.
    #[error(
        "the policy's ticket pattern `{0}` is no regular expression, or too large a one; its owner must mend it"
    )]
    BadPattern(String),
    /// A ticket is not open.
    #[error("ticket `{0}` is not open; name one that is")]
    TicketNotOpen(String),
    /// Whether a ticket is open is not known.
    #[error("whether ticket `{0}` is open cannot be looked up now; it opens once that can")]
    TicketUnknown(String),
    /// Nobody vouches for a ticket.
    #[error(
        "AccessConfig has no source of tickets, so that nobody vouches for `{0}`; people must approve"
    )]
    TicketUnvouched(String),
    /// No incident enables the policy.
    #[error(
        "the policy is enabled during an incident, and none that somebody else declared is open in namespace `{0}`; have one declared"
    )]
    NoIncident(String),
    /// The incident that is named is not open.
    #[error("incident `{0}` is over or not there; name one that is open")]
    IncidentOver(String),
    /// The requester declared the incident.
    #[error(
        "incident `{0}` was declared by the requester or perhaps the requester; declaring never enables one's own request"
    )]
    OwnIncident(String),
    /// The requester is not on call.
    #[error(
        "the policy is for who is on call by rota `{0}`, and `{1}` is not, or it cannot be told; ask somebody who is"
    )]
    NotOnCall(String, String),
    /// The policy knows no break-glass.
    #[error("the policy has no break-glass; request without it")]
    NoBreakGlass,
    /// An earlier break-glass was not reviewed.
    #[error("grant `{0}` was opened by break-glass and is not reviewed; have it reviewed first")]
    Unreviewed(String),
    /// There is nothing to extend.
    #[error(
        "there is no open grant `{0}` of the same requester and policy to extend; request without `extends`"
    )]
    NothingToExtend(String),
    /// It was renewed too often.
    #[error(
        "it would be renewal {0}, and the policy's limit is {1}; wait until earlier grants are over"
    )]
    TooManyRenewals(usize, i32),
    /// With its extensions it lasts too long.
    #[error(
        "with the grants that it follows it would last {asked} seconds, and the policy's limit is {limit}; ask for less, or wait"
    )]
    TooLongInAll {
        /// How long all would last.
        asked: i64,
        /// How long they may.
        limit: i64,
    },
    /// Too many grants are open.
    #[error(
        "{found} grants are open in namespace `{namespace}`, and the limit is {limit}; close one"
    )]
    TooManyGrants {
        /// Where.
        namespace: String,
        /// How many are open.
        found: usize,
        /// How many may be.
        limit: i32,
    },
    /// A requester has too many requests.
    #[error(
        "`{user}` has {found} requests that wait or are open, and the limit is {limit}; withdraw one"
    )]
    TooManyRequests {
        /// Who.
        user: String,
        /// How many wait or are open.
        found: usize,
        /// How many may.
        limit: i32,
    },

    /// Pods are isolated by nothing that stays.
    #[error(
        "pods of `{end}` in namespace `{namespace}` are isolated for {direction} by {by}, and by no policy labelled `{}` that selects all of them; label the policy that isolates them for good, or add one",
        label::BASELINE
    )]
    NotIsolated {
        /// Which end.
        end: End,
        /// Where.
        namespace: String,
        /// `ingress` or `egress`.
        direction: &'static str,
        /// The policies that isolate some of them.
        by: String,
    },
    /// More would open than was asked for.
    #[error("it would open more than was asked for: {0}; narrow the selectors")]
    OpensMore(String),
    /// Something would close.
    #[error("it would close {0}; have the baseline policies isolate the pods first")]
    Closes(String),
    /// What would open cannot be told.
    #[error(
        "whether it would open {0} cannot be told; mend what the engine does not understand, or let the policy say `unknownEffect: ApproverConfirms`"
    )]
    EffectUnknown(String),
    /// It would not open.
    #[error("it would not open {0}; another policy stands in the way")]
    NotOpened(String),
    /// Everything is open already.
    #[error("everything that was asked for is allowed already; nothing is to be opened")]
    AlreadyOpen,
    /// The plan is larger than anybody could read.
    #[error("its plan would list more than {0} {1}; narrow the request")]
    TooLarge(usize, &'static str),
    /// What was rendered was not understood: a bug, and no reason to open.
    #[error("what was rendered is not understood: {0}")]
    Unread(String),

    /// Something changed since it was planned.
    #[error("{0} is no longer what was planned; request again")]
    Changed(&'static str),
    /// A lock is in force.
    #[error("lock `{0}` is in force; it opens when the lock is gone, if that is in time")]
    Locked(String),
    /// A name is taken.
    #[error("{0} is there and is not this grant's; delete it, and request again")]
    NameTaken(String),
    /// A switch was not armed in time.
    #[error(
        "its switches were not armed and its policies not created within {0} seconds; see whether kube-controller-manager runs, and request again"
    )]
    ArmingTimedOut(i64),
    /// Admission let something through.
    #[error("admission let {0} through; install the admission policies, and request again")]
    AdmissionCanary(&'static str),
}

impl Refusal {
    /// The reason that conditions give, one of [`fallgate_api::names::reason`].
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::NoConfig => reason::NO_CONFIG,
            Refusal::NoPolicy { .. } => reason::NO_POLICY,
            Refusal::NoApprovers(_) => reason::NO_APPROVERS,
            Refusal::Right { .. } | Refusal::NotOnCall(..) => reason::NOT_ALLOWED,
            Refusal::NoWorkload { .. }
            | Refusal::NoService(..)
            | Refusal::ServiceUnknown(..)
            | Refusal::ServicePort(..)
            | Refusal::ServicePortVaries(..)
            | Refusal::NoPods(..)
            | Refusal::NothingToExtend(_) => reason::NOT_FOUND,
            Refusal::NotOneThing(_)
            | Refusal::ServiceAccount(_)
            | Refusal::WrongEnd(..)
            | Refusal::NoPodsAtAll
            | Refusal::Operator(..)
            | Refusal::EveryPod(_)
            | Refusal::NothingMatches(_)
            | Refusal::Cidr(..)
            | Refusal::Ports(..)
            | Refusal::NoPorts
            | Refusal::HostNetwork(..)
            | Refusal::MayMatch(..)
            | Refusal::OutsidePolicy(..)
            | Refusal::AnotherNamespace(_)
            | Refusal::Workstation(_)
            | Refusal::DeniedNamespace(_)
            | Refusal::DeniedCidr(..)
            | Refusal::NotNarrower(..)
            | Refusal::NothingInCommon(_)
            | Refusal::UntilNothing(_)
            | Refusal::NoBreakGlass => reason::OUTSIDE_POLICY,
            Refusal::TooWide(..)
            | Refusal::TooMany { .. }
            | Refusal::TooLong { .. }
            | Refusal::TooShort(_)
            | Refusal::TooFarAhead(_)
            | Refusal::TooManyRenewals(..)
            | Refusal::TooLongInAll { .. }
            | Refusal::TooManyGrants { .. }
            | Refusal::TooManyRequests { .. }
            | Refusal::TooLarge(..) => reason::LIMIT_EXCEEDED,
            Refusal::NoTicket
            | Refusal::TicketPattern(..)
            | Refusal::BadPattern(_)
            | Refusal::TicketNotOpen(_)
            | Refusal::TicketUnknown(_)
            | Refusal::TicketUnvouched(_) => reason::TICKET,
            Refusal::NoIncident(_) | Refusal::IncidentOver(_) | Refusal::OwnIncident(_) => {
                reason::NOT_ENABLED
            }
            Refusal::Unreviewed(_) => reason::REVIEW_DUE,
            Refusal::NotIsolated { .. } => reason::NOT_ISOLATED,
            Refusal::OpensMore(_) => reason::OPENS_MORE,
            Refusal::Closes(_) => reason::CLOSES,
            Refusal::EffectUnknown(_) | Refusal::Unread(_) => reason::EFFECT_UNKNOWN,
            Refusal::NotOpened(_) => reason::NOT_OPENED,
            Refusal::AlreadyOpen => reason::ALREADY_OPEN,
            Refusal::Changed(_) => reason::CHANGED,
            Refusal::Locked(_) => reason::LOCKED,
            Refusal::NameTaken(_) => reason::NAME_TAKEN,
            Refusal::ArmingTimedOut(_) => reason::ARMING_TIMED_OUT,
            Refusal::AdmissionCanary(_) => reason::ADMISSION_CANARY_FAILED,
        }
    }
}

/// One end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Where it starts.
    From,
    /// What it passes through.
    Via,
    /// Where it ends.
    To,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            End::From => "from",
            End::Via => "via",
            End::To => "to",
        })
    }
}
