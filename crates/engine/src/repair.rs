//! The smallest edit that admits a denied connection.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use fallgate_model::{
    Action, Change, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, Direction, IpBlock,
    METADATA_NAME, NamespaceMatch, NetworkPolicy, Object, Origin, Peer, PortMatch, Rule, Selector,
    Str, Subject, Tier,
};
use ipnet::IpNet;

use crate::address::Addresses;
use crate::connections::{Connections, Port, Verdict};
use crate::effect::Diff;
use crate::engine::Engine;
use crate::explain::{Decision, SideExplanation, Stage, Step};
use crate::intern::matches;
use crate::map::Detail;
use crate::snapshot::{End, Snapshot, workload_of};
use crate::state::PodId;
use crate::tri::Tri;

/// The smallest edit that admits a denied connection.
#[derive(Clone, Debug)]
pub struct Repair {
    /// What to do, one entry an object.
    pub edits: Vec<Edit>,
    /// What applying all of them changes, exactly, at workload level.
    pub effect: Diff,
}

/// One edit of a repair.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What is edited and how, such as ``add a rule to NetworkPolicy shop/db``.
    pub summary: String,
    /// The object after the edit.
    pub object: EditedObject,
    /// True when the object does not exist yet.
    pub new: bool,
}

/// The object that an edit leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditedObject {
    /// A NetworkPolicy.
    NetworkPolicy(NetworkPolicy),
    /// A cluster-wide policy.
    ClusterPolicy(ClusterPolicy),
}

/// More blocks than this in one rule are nothing that somebody reviews.
const MOST_BLOCKS: usize = 16;

/// Why there is no edit that is certain to admit a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRepair {
    /// It is not denied.
    NotDenied,
    /// It has no port that a rule could name.
    NoPort,
    /// What denies it is no policy; this says what it is.
    NotAPolicy(String),
    /// A rule could name a peer by its addresses only, and they are not in the
    /// input.
    NoAddress,
    /// A rule of a cluster-wide policy would have to let in what is no pod.
    OnlyPodsEnter,
    /// No policy is certain to select the workload, and a new one could isolate
    /// more than is isolated now.
    NoPolicy,
    /// The edit would not be enough, as where the input leaves something open;
    /// this says what is left.
    Open(String),
}

impl fmt::Display for NoRepair {
    /// A clause without a period.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRepair::NotDenied => f.write_str("it is not denied"),
            NoRepair::NoPort => f.write_str("a rule can name it by no port"),
            NoRepair::NotAPolicy(why) | NoRepair::Open(why) => f.write_str(why),
            NoRepair::NoAddress => f.write_str(
                "a rule could name the peer by its address only, which is not in the input",
            ),
            NoRepair::OnlyPodsEnter => f.write_str(
                "a cluster-wide policy denies it, and ingress rules of such policies can name pods only",
            ),
            NoRepair::NoPolicy => f.write_str(
                "no policy is certain to select the workload, and a new one could isolate more than is isolated now",
            ),
        }
    }
}

impl Engine {
    /// The smallest edit that would admit this denied connection, with its
    /// effect, or why there is none. The engine itself stays as it is.
    pub fn repair(&self, from: &End, to: &End, port: Port) -> Result<Repair, NoRepair> {
        port.ok_or(NoRepair::NoPort)?;
        self.repair_all(from, to, port, &Connections::one(port), None)
    }

    /// The same for several connections between two ends, of which this one is
    /// denied and stands for them; and for several addresses outside, of which
    /// the end that is outside is one.
    pub fn repair_all(
        &self,
        from: &End,
        to: &End,
        port: Port,
        all: &Connections,
        outside: Option<&Addresses>,
    ) -> Result<Repair, NoRepair> {
        let snapshot = self.snapshot();
        let explanation = snapshot.explain(from, to, port);
        if explanation.verdict != Verdict::Denied {
            return Err(NoRepair::NotDenied);
        }
        let asked = Repairing { snapshot: &snapshot, from, to, outside, ports: ports(all)? };
        let mut edits = Vec::new();
        let mut vague = Vec::new();
        for (direction, side) in
            [(Direction::Egress, &explanation.egress), (Direction::Ingress, &explanation.ingress)]
        {
            match side.verdict {
                Verdict::Denied => edits.push(asked.edit(direction, side)?),
                Verdict::Unknown => vague.extend(asked.settle(direction)),
                Verdict::Allowed => {}
            }
        }
        // What does not admit the connection is no repair.
        let apply = |edits: &[Edit]| {
            let mut engine = self.clone();
            engine.apply_all(edits.iter().map(|edit| {
                Change::Upsert(match &edit.object {
                    EditedObject::NetworkPolicy(policy) => Object::NetworkPolicy(policy.clone()),
                    EditedObject::ClusterPolicy(policy) => Object::ClusterPolicy(policy.clone()),
                })
            }))
        };
        let admitted = |after: &Snapshot| {
            after.verdict(from, to, port) == Verdict::Allowed
                && all.is_subset(&after.connections(from, to).interval.certain)
                && outside.is_none_or(|outside| asked.admits(after, outside, all))
        };
        let admits = |edits: &[Edit]| admitted(&apply(edits).after);
        // The other side may be open only as far as the input tells: a rule that
        // names the peer makes it certain.
        if !admits(&merged(&edits)) {
            edits.append(&mut vague);
        }
        edits = merged(&edits);
        // The family that was explained may need an edit on both sides, and
        // another on one of them only.
        if edits.len() > 1
            && let Some(at) = edits.chunks(1).position(admits)
        {
            edits = vec![edits.swap_remove(at)];
        }
        let applied = apply(&edits);
        if !admitted(&applied.after) {
            return Err(NoRepair::Open(applied.after.explain(from, to, port).reason));
        }
        Ok(Repair { edits, effect: applied.effect(Detail::Workloads) })
    }
}

/// Edits of one object as one edit: a workload that denies its own replicas both
/// ways needs two rules, which may belong into one policy. Each edit adds to one
/// direction, so the longer of two lists of rules is the one that was added to.
fn merged(edits: &[Edit]) -> Vec<Edit> {
    fn longer<T>(own: &mut T, other: T, length: impl Fn(&T) -> usize) {
        if length(&other) > length(own) {
            *own = other;
        }
    }
    let mut found: Vec<Edit> = Vec::new();
    for edit in edits {
        let is_same = |other: &&mut Edit| match (&other.object, &edit.object) {
            (EditedObject::NetworkPolicy(a), EditedObject::NetworkPolicy(b)) => {
                a.namespace == b.namespace && a.name == b.name
            }
            (EditedObject::ClusterPolicy(a), EditedObject::ClusterPolicy(b)) => {
                a.kind == b.kind && a.name == b.name && a.tier == b.tier
            }
            _ => false,
        };
        let Some(same) = found.iter_mut().find(is_same) else {
            found.push(edit.clone());
            continue;
        };
        match (&mut same.object, edit.object.clone()) {
            (EditedObject::NetworkPolicy(a), EditedObject::NetworkPolicy(b)) => {
                let length = |rules: &Option<Vec<Rule>>| rules.as_ref().map_or(0, |r| r.len() + 1);
                longer(&mut a.ingress, b.ingress, length);
                longer(&mut a.egress, b.egress, length);
            }
            (EditedObject::ClusterPolicy(a), EditedObject::ClusterPolicy(b)) => {
                longer(&mut a.ingress, b.ingress, Vec::len);
                longer(&mut a.egress, b.egress, Vec::len);
                // Ahead of what denies in either direction.
                a.priority = a.priority.min(b.priority);
            }
            _ => {}
        }
        if same.summary != edit.summary {
            same.summary = format!("{}, and {}", same.summary, edit.summary);
        }
    }
    found
}

/// The ports of a rule for these connections: `None` for all of them.
fn ports(all: &Connections) -> Result<Option<Vec<PortMatch>>, NoRepair> {
    if all.covers_all_ports() {
        return Ok(None);
    }
    let ranges = all.ranges();
    let ports: Vec<PortMatch> =
        ranges.map(|(protocol, start, end)| PortMatch::Range { protocol, start, end }).collect();
    if ports.is_empty() { Err(NoRepair::NoPort) } else { Ok(Some(ports)) }
}

struct Repairing<'a> {
    snapshot: &'a Snapshot,
    from: &'a End,
    to: &'a End,
    /// In place of the end that is outside.
    outside: Option<&'a Addresses>,
    /// Of the rules: `None` is every port.
    ports: Option<Vec<PortMatch>>,
}

impl Repairing<'_> {
    fn edit(&self, direction: Direction, side: &SideExplanation) -> Result<Edit, NoRepair> {
        let (subject, peer) = self.ends(direction);
        let decided = side.steps.last().filter(|step| step.decision == Decision::Deny);
        let no_policy = || NoRepair::NotAPolicy(decided.map(Step::sentence).unwrap_or_default());
        let (End::Pod(subject), Some(step)) = (subject, decided) else { return Err(no_policy()) };
        match step.stage {
            Stage::NetworkPolicy => self.network_policy(direction, *subject, peer),
            Stage::Admin | Stage::Baseline => {
                let deciding = step.policy.as_ref().zip(step.rule).and_then(|(policy, rule)| {
                    let mut all = self.snapshot.cluster_policies();
                    let is_it = |p: &&Arc<ClusterPolicy>| {
                        p.kind.name() == &*policy.kind && p.name == policy.name
                    };
                    Some((all.find(is_it)?, rule))
                });
                let (deciding, rule) = deciding.ok_or_else(no_policy)?;
                self.cluster_policy(direction, *subject, peer, deciding, rule)
            }
            _ => Err(no_policy()),
        }
    }

    /// Whether all of these addresses have all of these connections with the end
    /// that is not outside.
    fn admits(&self, after: &Snapshot, outside: &Addresses, all: &Connections) -> bool {
        let (pod, direction) = match (self.from, self.to) {
            (End::Pod(pod), _) => (*pod, Direction::Egress),
            (_, End::Pod(pod)) => (*pod, Direction::Ingress),
            _ => return false,
        };
        let mut rest = outside.clone();
        for (part, union) in after.outside_of(&[pod], direction) {
            if !part.intersection(outside).is_empty() && !all.is_subset(&union.interval.certain) {
                return false;
            }
            rest = rest.difference(&part);
        }
        rest.is_empty()
    }

    /// Whose policies a direction asks, and about whom.
    fn ends(&self, direction: Direction) -> (&End, &End) {
        match direction {
            Direction::Egress => (self.from, self.to),
            Direction::Ingress => (self.to, self.from),
        }
    }

    /// The edit that makes an unknown side certain, where NetworkPolicies leave
    /// it open.
    fn settle(&self, direction: Direction) -> Option<Edit> {
        let (End::Pod(subject), peer) = self.ends(direction) else { return None };
        let isolated = self.snapshot.isolated(&[*subject], direction) == Some(true);
        isolated.then(|| self.network_policy(direction, *subject, peer).ok()).flatten()
    }

    /// Adds a rule to a policy that selects exactly this workload, or makes one
    /// that does. Where no labels tell the workload apart, or not all of its pods
    /// are isolated, a new policy could isolate more, so the rule goes to the
    /// policy that selects the fewest.
    fn network_policy(
        &self,
        direction: Direction,
        subject: PodId,
        peer: &End,
    ) -> Result<Edit, NoRepair> {
        let pod = self.snapshot.pod(subject).ok_or(NoRepair::NoPolicy)?;
        let namespace = pod.namespace.clone();
        let peers = self.peers(&namespace, peer).ok_or(NoRepair::NoAddress)?;
        let rule =
            Rule { peers: Some(peers), ports: self.ports.clone(), origin: Origin::default() };
        let own = self.selector(subject);
        // A selector of everything is exact only until the next pod comes.
        let exact = !own.is_empty()
            && self.selects_exactly(&own, subject)
            && self.snapshot.isolated(&self.replicas(subject), direction) == Some(true);
        let existing = self
            .snapshot
            .network_policies()
            .into_iter()
            .filter(|policy| {
                policy.namespace == namespace
                    && policy.rules(direction).is_some()
                    && matches(&policy.pod_selector, &pod.labels) == Tri::Yes
                    && (!exact
                        || !policy.pod_selector.is_empty()
                            && self.selects_exactly(&policy.pod_selector, subject))
            })
            .min_by_key(|policy| {
                let pods = self.snapshot.pods_in(&namespace).into_iter();
                let pods = pods.filter_map(|id| self.snapshot.pod(id));
                pods.filter(|pod| matches(&policy.pod_selector, &pod.labels) != Tri::No).count()
            });
        if existing.is_none() && !exact {
            return Err(NoRepair::NoPolicy);
        }
        let mut policy = match &existing {
            Some(policy) => (**policy).clone(),
            None => NetworkPolicy {
                namespace: namespace.clone(),
                name: self.free_name(&namespace),
                pod_selector: own,
                ingress: None,
                egress: None,
                origin: Origin::default(),
            },
        };
        let rules = match direction {
            Direction::Ingress => &mut policy.ingress,
            Direction::Egress => &mut policy.egress,
        };
        rules.get_or_insert_default().push(rule);
        let what = format!("NetworkPolicy {namespace}/{}", policy.name);
        let summary = match existing {
            Some(_) => format!("add an {} rule to {what}", direction.name()),
            None => format!("create {what} with one {} rule", direction.name()),
        };
        let new = existing.is_none();
        Ok(Edit { summary, object: EditedObject::NetworkPolicy(policy), new })
    }

    /// Puts an Accept before the rule that denies: in a policy of its own just
    /// ahead of it, or where there is no room, in the policy itself.
    fn cluster_policy(
        &self,
        direction: Direction,
        subject: PodId,
        peer: &End,
        deciding: &ClusterPolicy,
        rule: usize,
    ) -> Result<Edit, NoRepair> {
        let pod = self.snapshot.pod(subject).ok_or(NoRepair::NoPolicy)?;
        let accept = ClusterRule {
            name: Some("allow".into()),
            action: Action::Accept,
            peers: self.cluster_peers(peer, direction)?,
            ports: self.ports.clone(),
            origin: Origin::default(),
        };
        let kind = deciding.kind;
        let alone = kind != ClusterPolicyKind::BaselineAdminNetworkPolicy && deciding.priority > 0;
        let mut policy = if alone {
            let taken = |name: &str| self.snapshot.cluster_policies().any(|p| *p.name == *name);
            ClusterPolicy {
                kind,
                name: free(&format!("allow-{}", pod.workload.name), taken),
                tier: deciding.tier,
                priority: deciding.priority - 1,
                subject: Subject {
                    namespaces: named(&pod.namespace),
                    pods: self.selector(subject),
                },
                ingress: Vec::new(),
                egress: Vec::new(),
                origin: Origin::default(),
            }
        } else {
            deciding.clone()
        };
        let rules = match direction {
            Direction::Ingress => &mut policy.ingress,
            Direction::Egress => &mut policy.egress,
        };
        let at = if alone { 0 } else { rule.min(rules.len()) };
        rules.insert(at, accept);
        let tier = match policy.tier {
            Tier::Admin => "Admin",
            Tier::Baseline => "Baseline",
        };
        let summary = if alone {
            let priority = policy.priority;
            format!(
                "create {} {} in the {tier} tier with priority {priority}, ahead of {}",
                kind.name(),
                policy.name,
                deciding.name
            )
        } else {
            format!("add a rule to {} {} before its rule {rule}", kind.name(), policy.name)
        };
        Ok(Edit { summary, object: EditedObject::ClusterPolicy(policy), new: alone })
    }

    /// The narrowest peers that match the other end.
    fn peers(&self, own: &str, peer: &End) -> Option<Vec<Peer>> {
        if let End::Pod(id) = peer
            && let Some(pod) = self.snapshot.pod(*id)
            && !pod.host_network
        {
            let namespaces = if *pod.namespace == *own {
                NamespaceMatch::Own
            } else {
                NamespaceMatch::Selector(named(&pod.namespace))
            };
            return Some(vec![Peer::Pods { namespaces, pods: self.selector(*id) }]);
        }
        let blocks = self.addresses(peer)?.into_iter();
        Some(blocks.map(|cidr| Peer::IpBlock(IpBlock { cidr, except: Vec::new() })).collect())
    }

    fn cluster_peers(
        &self,
        peer: &End,
        direction: Direction,
    ) -> Result<Vec<ClusterPeer>, NoRepair> {
        if let End::Pod(id) = peer
            && let Some(pod) = self.snapshot.pod(*id)
            && !pod.host_network
        {
            let namespaces = named(&pod.namespace);
            return Ok(vec![ClusterPeer::Pods { namespaces, pods: self.selector(*id) }]);
        }
        if direction == Direction::Ingress {
            return Err(NoRepair::OnlyPodsEnter);
        }
        let addresses = self.addresses(peer).ok_or(NoRepair::NoAddress)?;
        Ok(vec![ClusterPeer::Networks(addresses)])
    }

    fn addresses(&self, end: &End) -> Option<Vec<IpNet>> {
        let state = &self.snapshot.state;
        let addresses: Vec<IpAddr> = match end {
            End::Outside(_) if let Some(outside) = self.outside => {
                return Some(outside.cidrs()).filter(|blocks| blocks.len() <= MOST_BLOCKS);
            }
            End::Outside(address) => vec![*address],
            End::Node(name) => state.hosts().addresses.get(name)?.clone(),
            End::Pod(id) => state.addresses_of(*id, self.snapshot.pod(*id)?).to_vec(),
        };
        (!addresses.is_empty()).then(|| addresses.into_iter().map(IpNet::from).collect())
    }

    /// The fewest labels that select a pod's workload and nothing else in its
    /// namespace; all of its labels when no choice does.
    fn selector(&self, id: PodId) -> Selector {
        let Some(pod) = self.snapshot.pod(id) else { return Selector::default() };
        let lasting: Vec<(Str, Str)> = pod
            .labels
            .known
            .iter()
            .filter(|(key, _)| !PASSING.contains(&&**key))
            .cloned()
            .collect();
        let single = lasting.iter().map(|pair| vec![pair.clone()]);
        let double = lasting
            .iter()
            .enumerate()
            .flat_map(|(at, a)| lasting[at + 1..].iter().map(move |b| vec![a.clone(), b.clone()]));
        single
            .chain(double)
            .map(Selector::match_labels)
            .find(|selector| self.selects_exactly(selector, id))
            .unwrap_or_else(|| Selector::match_labels(lasting.clone()))
    }

    /// Whether a selector selects all pods of a pod's workload, and of its
    /// namespace no others, not even possibly: a new policy would isolate them.
    fn selects_exactly(&self, selector: &Selector, id: PodId) -> bool {
        let Some(pod) = self.snapshot.pod(id) else { return false };
        let workload = workload_of(pod);
        self.snapshot.pods_in(&pod.namespace).into_iter().all(|other| {
            let Some(pod) = self.snapshot.pod(other) else { return true };
            let wanted = Tri::from(workload_of(pod) == workload);
            matches(selector, &pod.labels) == wanted
        })
    }

    /// The pods of a pod's workload.
    fn replicas(&self, id: PodId) -> Vec<PodId> {
        let Some(pod) = self.snapshot.pod(id) else { return Vec::new() };
        let workload = workload_of(pod);
        let mut pods = self.snapshot.pods_in(&pod.namespace);
        pods.retain(|id| self.snapshot.pod(*id).is_some_and(|p| workload_of(p) == workload));
        pods
    }

    fn free_name(&self, namespace: &str) -> Str {
        let name_of = |end: &End| match end {
            End::Pod(id) => self.snapshot.pod(*id).map(|p| p.workload.name.to_string()),
            End::Node(name) => Some(name.to_string()),
            End::Outside(_) => Some("outside".to_owned()),
        };
        let (from, to) = (name_of(self.from), name_of(self.to));
        let base = format!("allow-{}-to-{}", from.unwrap_or_default(), to.unwrap_or_default());
        let policies = self.snapshot.network_policies();
        free(&base, |name| policies.iter().any(|p| *p.namespace == *namespace && *p.name == *name))
    }
}

/// Labels that controllers give and that do not outlive a roll-out.
const PASSING: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "controller-revision-hash",
    "controller-uid",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

fn named(namespace: &Str) -> Selector {
    Selector::match_labels([(METADATA_NAME, namespace.clone())])
}

fn free(base: &str, taken: impl Fn(&str) -> bool) -> Str {
    if !taken(base) {
        return base.into();
    }
    (2..)
        .map(|n: u32| format!("{base}-{n}"))
        .find(|name| !taken(name))
        .map_or_else(|| base.into(), Into::into)
}
