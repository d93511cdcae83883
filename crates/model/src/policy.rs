use ipnet::IpNet;

use crate::{Origin, PortMatch, Selector, Str};

/// A direction of traffic, seen from the pod that a policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Towards the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Direction; 2] = [Direction::Ingress, Direction::Egress];

    /// Lower-case name, as printed and as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }
}

/// A `networking.k8s.io/v1` NetworkPolicy, defaulted and valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// The namespace whose pods it selects.
    pub namespace: Str,
    /// The policy's name.
    pub name: Str,
    /// Which pods of the namespace it isolates.
    pub pod_selector: Selector,
    /// `Some` exactly when the policy isolates ingress (`policyTypes` after
    /// defaulting); rules of a direction that it does not isolate are not kept.
    pub ingress: Option<Vec<Rule>>,
    /// The same for egress.
    pub egress: Option<Vec<Rule>>,
    /// Where the object starts.
    pub origin: Origin,
}

impl NetworkPolicy {
    /// The rules of a direction; `None` when the policy does not isolate it.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// One rule of a NetworkPolicy: what it matches is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `None` when the rule names no peer and so matches every peer, inside the
    /// cluster and outside; never an empty list.
    pub peers: Option<Vec<Peer>>,
    /// `None` when the rule names no port and so matches everything, protocols
    /// without ports too; never an empty list.
    pub ports: Option<Vec<PortMatch>>,
    /// Where the rule starts.
    pub origin: Origin,
}

/// A peer of a NetworkPolicy rule. Peers of one rule are alternatives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Pods by labels.
    Pods {
        /// In which namespaces.
        namespaces: NamespaceMatch,
        /// Which pods there.
        pods: Selector,
    },
    /// Addresses.
    IpBlock(IpBlock),
}

/// The namespaces of a NetworkPolicy peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceMatch {
    /// No `namespaceSelector`: the policy's own namespace.
    Own,
    /// The namespaces with these labels; the empty selector takes all.
    Selector(Selector),
}

/// A block of addresses less its exceptions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpBlock {
    /// The block, host bits cleared.
    pub cidr: IpNet,
    /// What the block leaves out, each strictly within it. An exception takes
    /// away from this block only: another peer may still match it.
    pub except: Vec<IpNet>,
}

/// The tier of a cluster-wide policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Before NetworkPolicies.
    Admin,
    /// After NetworkPolicies, and only for pods that none of them isolates.
    Baseline,
}

/// Which API a cluster-wide policy was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterPolicyKind {
    /// `policy.networking.k8s.io/v1alpha2` ClusterNetworkPolicy.
    ClusterNetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha1` AdminNetworkPolicy.
    AdminNetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha1` BaselineAdminNetworkPolicy.
    BaselineAdminNetworkPolicy,
}

impl ClusterPolicyKind {
    /// The API kind.
    pub fn name(self) -> &'static str {
        match self {
            ClusterPolicyKind::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            ClusterPolicyKind::AdminNetworkPolicy => "AdminNetworkPolicy",
            ClusterPolicyKind::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
        }
    }
}

/// A cluster-wide policy of either tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPolicy {
    /// The API it was written in.
    pub kind: ClusterPolicyKind,
    /// The policy's name; unique for its kind.
    pub name: Str,
    /// Its tier.
    pub tier: Tier,
    /// Lower is asked first, within the tier. 0 to 1000; the singleton
    /// BaselineAdminNetworkPolicy, which has none, counts as 1001.
    pub priority: i32,
    /// Which pods it applies to; never hostNetwork pods.
    pub subject: Subject,
    /// In order: the first that matches decides.
    pub ingress: Vec<ClusterRule>,
    /// The same for egress.
    pub egress: Vec<ClusterRule>,
    /// Where the object starts.
    pub origin: Origin,
}

impl ClusterPolicy {
    /// The rules of a direction, in order.
    pub fn rules(&self, direction: Direction) -> &[ClusterRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// The pods that a cluster-wide policy applies to. `subject.namespaces` is the
/// same with an empty pod selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// In which namespaces.
    pub namespaces: Selector,
    /// Which pods there.
    pub pods: Selector,
}

/// What a cluster-wide rule does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Allowed (`Accept`, in v1alpha1 `Allow`), whatever later tiers say.
    Accept,
    /// Denied, whatever later tiers say.
    Deny,
    /// Left to the next tier; after the Baseline tier, allowed.
    Pass,
}

impl Action {
    /// The v1alpha2 spelling.
    pub fn name(self) -> &'static str {
        match self {
            Action::Accept => "Accept",
            Action::Deny => "Deny",
            Action::Pass => "Pass",
        }
    }
}

/// One rule of a cluster-wide policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRule {
    /// The rule's name, where it has one.
    pub name: Option<Str>,
    /// What it does.
    pub action: Action,
    /// Alternatives; the API demands at least one.
    pub peers: Vec<ClusterPeer>,
    /// `None` when the rule names no port: it matches every protocol.
    pub ports: Option<Vec<PortMatch>>,
    /// Where the rule starts.
    pub origin: Origin,
}

/// A peer of a cluster-wide rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterPeer {
    /// Pods by labels, never hostNetwork pods. `namespaces` peers are this with
    /// an empty pod selector.
    Pods {
        /// In which namespaces.
        namespaces: Selector,
        /// Which pods there.
        pods: Selector,
    },
    /// Addresses, of pods too whatever the dialect. Egress only.
    Networks(Vec<IpNet>),
    /// Nodes by labels: their addresses, so also the hostNetwork pods on them.
    /// Egress only.
    Nodes(Selector),
    /// Domain names, whose addresses are known only at run time. Egress Accept
    /// rules only.
    DomainNames(Vec<Str>),
    /// A peer with no field that is known here. The specification says to fail
    /// closed: an Accept rule with such a peer matches nothing, a Deny or Pass
    /// rule denies everything.
    Unknown,
}
