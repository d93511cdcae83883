use fallgate_model::{Action, Direction, ObjectRef, Origin, Tier};

use crate::compiled::{CompiledClusterPolicy, CompiledPeer, CompiledRule};
use crate::connections::{Port, Verdict};
use crate::side::{Asked, OnePort, PeerView};
use crate::snapshot::{End, Snapshot};
use crate::tri::Tri;

/// How a verdict came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The verdict on both ends together; the same as [`Snapshot::verdict`].
    pub verdict: Verdict,
    /// The source's side.
    pub egress: SideExplanation,
    /// The destination's side.
    pub ingress: SideExplanation,
    /// Why, in one sentence without a period.
    pub reason: String,
}

/// What one end's policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideExplanation {
    /// The verdict of this side alone.
    pub verdict: Verdict,
    /// Everything that was consulted, in order; the last is what decided.
    pub steps: Vec<Step>,
}

/// Where in the derivation a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The exemptions before all policies: loopback, the pod's own node,
    /// hostNetwork, an end that is no pod, no common address family.
    Exemption,
    /// Cluster-wide policies before NetworkPolicies.
    Admin,
    /// NetworkPolicies.
    NetworkPolicy,
    /// Cluster-wide policies after NetworkPolicies.
    Baseline,
    /// What holds when nothing decides.
    Default,
    /// Something in the input that is not evaluated.
    Unevaluated,
}

impl Stage {
    /// The name as printed and as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Exemption => "exemption",
            Stage::Admin => "Admin",
            Stage::NetworkPolicy => "NetworkPolicy",
            Stage::Baseline => "Baseline",
            Stage::Default => "default",
            Stage::Unevaluated => "unevaluated",
        }
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// It allows, and nothing after it matters.
    Allow,
    /// It denies, and nothing after it matters.
    Deny,
    /// It leaves the tier.
    Pass,
    /// It selects the pod and isolates it in this direction.
    Isolates,
    /// It was consulted and does not match.
    NoMatch,
    /// Whether it matches is not known.
    Unknown,
}

impl Decision {
    /// The name as printed and as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
            Decision::Pass => "pass",
            Decision::Isolates => "isolates",
            Decision::NoMatch => "no match",
            Decision::Unknown => "unknown",
        }
    }
}

/// One thing that was consulted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// On which side.
    pub end: Direction,
    /// Where in the derivation.
    pub stage: Stage,
    /// The object, where the step is one's.
    pub policy: Option<ObjectRef>,
    /// The rule's place among the rules of its direction, from 0.
    pub rule: Option<usize>,
    /// The rule's name, where it has one.
    pub rule_name: Option<String>,
    /// Where the rule, or else the object, is written.
    pub origin: Option<Origin>,
    /// What it came to.
    pub decision: Decision,
    /// Why, in a clause without a period, such as `the peer does not match`.
    pub reason: String,
}

impl Snapshot {
    /// How the verdict on one kind of packet comes about. Over several address
    /// families, the one with the best verdict is explained.
    pub fn explain(&self, from: &End, to: &End, port: Port) -> Explanation {
        let space = OnePort(port);
        let families = self.common_families(from, to);
        let family = families.into_iter().min_by_key(|family| {
            let found = self.pair(&space, from, to, *family);
            (!found.certain, !found.possible)
        });
        let Some(family) = family else { return no_common_family() };
        if from == to && !matches!(from, End::Outside(_)) {
            let reason = "traffic of a pod to itself is never subject to policies";
            let step = |end| Walk::exemption(end, Decision::Allow, reason);
            return Explanation {
                verdict: Verdict::Allowed,
                egress: SideExplanation::of(Verdict::Allowed, vec![step(Direction::Egress)]),
                ingress: SideExplanation::of(Verdict::Allowed, vec![step(Direction::Ingress)]),
                reason: reason.to_owned(),
            };
        }
        let side = |direction, end, peer| {
            Walk { snapshot: self, direction, end, peer, port, family, steps: Vec::new() }.side()
        };
        let egress = side(Direction::Egress, from, to);
        let ingress = side(Direction::Ingress, to, from);
        let verdict = match (egress.verdict, ingress.verdict) {
            (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
        };
        let mut reasons = Vec::new();
        for side in [&egress, &ingress] {
            if side.verdict == verdict
                && let Some(step) = side.steps.last()
            {
                reasons.push(format!("{}: {}", step.end.name(), step.sentence()));
            }
        }
        Explanation { verdict, egress, ingress, reason: reasons.join("; ") }
    }
}

fn no_common_family() -> Explanation {
    let reason = "the two have no address family in common";
    let step = |end| vec![Walk::exemption(end, Decision::Deny, reason)];
    Explanation {
        verdict: Verdict::Denied,
        egress: SideExplanation::of(Verdict::Denied, step(Direction::Egress)),
        ingress: SideExplanation::of(Verdict::Denied, step(Direction::Ingress)),
        reason: reason.to_owned(),
    }
}

impl SideExplanation {
    fn of(verdict: Verdict, steps: Vec<Step>) -> SideExplanation {
        SideExplanation { verdict, steps }
    }
}

impl Step {
    /// The step in one clause: who, and why.
    pub fn sentence(&self) -> String {
        match &self.policy {
            Some(policy) => format!("{policy}: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// A walk through one side's tiers in the order in which they are asked. It
/// gathers what to tell; the verdict comes from the same evaluation as every
/// other answer.
struct Walk<'a> {
    snapshot: &'a Snapshot,
    direction: Direction,
    end: &'a End,
    peer: &'a End,
    port: Port,
    family: fallgate_model::Family,
    steps: Vec<Step>,
}

/// Whether the walk goes on behind a tier.
enum Onward {
    Decided,
    NextTier,
}

impl Walk<'_> {
    fn exemption(end: Direction, decision: Decision, reason: &str) -> Step {
        Step {
            end,
            stage: Stage::Exemption,
            policy: None,
            rule: None,
            rule_name: None,
            origin: None,
            decision,
            reason: reason.to_owned(),
        }
    }

    fn side(mut self) -> SideExplanation {
        let state = &self.snapshot.state;
        let exempt = |reason| {
            let step = Walk::exemption(self.direction, Decision::Allow, reason);
            SideExplanation::of(Verdict::Allowed, vec![step])
        };
        let End::Pod(id) = self.end else {
            return exempt(match self.end {
                End::Node(_) => "a node is not subject to policies",
                _ => "an outside address is not subject to policies of this cluster",
            });
        };
        let Some((shard, endpoint)) = state.endpoint(*id) else {
            return exempt("there is no such pod");
        };
        let row = shard.row(endpoint).clone();
        if row.host {
            return exempt("no policy selects a hostNetwork pod");
        }
        let local = state.same_node(self.end, self.peer);
        if local == Tri::Yes && self.direction == Direction::Ingress {
            return exempt("a pod is always open to its own node");
        }
        let Some(view) = state.view(self.peer, self.family) else {
            return exempt("there is no such peer");
        };
        let dialect = &state.dialect;
        let asked =
            Asked { row: &row, direction: self.direction, own_ports: &endpoint.ports, dialect };
        let bounds = state.side(&OnePort(self.port), self.direction, self.end, &view, local);
        let verdict = match (bounds.certain, bounds.possible) {
            (true, _) => Verdict::Allowed,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Denied,
        };
        self.tiers(&asked, &view, local);
        for opaque in &row.opaque {
            if opaque.source.directions.contains(&self.direction) {
                self.steps.push(Step {
                    end: self.direction,
                    stage: Stage::Unevaluated,
                    policy: Some(ObjectRef {
                        kind: opaque.source.kind.clone(),
                        namespace: opaque.source.namespace.clone(),
                        name: opaque.source.name.clone(),
                    }),
                    rule: None,
                    rule_name: None,
                    origin: Some(opaque.source.origin),
                    decision: Decision::Unknown,
                    reason: opaque.source.reason.to_string(),
                });
            }
        }
        if local == Tri::Unknown {
            let reason = "it is not known whether the two are on one node, which would exempt them";
            self.steps.push(Walk::exemption(self.direction, Decision::Unknown, reason));
        }
        self.conclude(verdict);
        SideExplanation::of(verdict, self.steps)
    }

    /// Makes the last step one that says what the verdict says.
    fn conclude(&mut self, verdict: Verdict) {
        let says = |decision: Decision| match verdict {
            Verdict::Allowed => decision == Decision::Allow,
            Verdict::Denied => decision == Decision::Deny,
            Verdict::Unknown => decision == Decision::Unknown,
        };
        if self.steps.last().is_some_and(|step| says(step.decision)) {
            return;
        }
        if let Some(at) = self.steps.iter().rposition(|step| says(step.decision)) {
            let step = self.steps.remove(at);
            self.steps.push(step);
            return;
        }
        let (decision, reason) = match verdict {
            Verdict::Allowed => (Decision::Allow, "allowed in every reading of what is not known"),
            Verdict::Denied => (Decision::Deny, "denied in every reading of what is not known"),
            Verdict::Unknown => (Decision::Unknown, "what is not known decides"),
        };
        self.push(Stage::Default, None, None, decision, reason.to_owned());
    }

    fn push(
        &mut self,
        stage: Stage,
        policy: Option<(ObjectRef, Origin)>,
        rule: Option<(usize, Option<String>)>,
        decision: Decision,
        reason: String,
    ) {
        let (policy, origin) = policy.unzip();
        let (rule, rule_name) = rule.map_or((None, None), |(at, name)| (Some(at), name));
        let end = self.direction;
        self.steps.push(Step { end, stage, policy, rule, rule_name, origin, decision, reason });
    }

    fn tiers(&mut self, asked: &Asked<'_>, view: &PeerView<'_>, local: Tri) {
        if let Onward::Decided = self.tier(asked, view, Tier::Admin) {
            return;
        }
        if local == Tri::Yes {
            let reason = "traffic of a pod to its own node is exempt from NetworkPolicies";
            self.push(Stage::Exemption, None, None, Decision::Allow, reason.to_owned());
            return;
        }
        if let Onward::Decided = self.networks(asked, view) {
            return;
        }
        if let Onward::Decided = self.tier(asked, view, Tier::Baseline) {
            return;
        }
        let direction = self.direction.name();
        let reason = format!("nothing isolates the pod for {direction}: allowed by default");
        self.push(Stage::Default, None, None, Decision::Allow, reason);
    }

    fn tier(&mut self, asked: &Asked<'_>, view: &PeerView<'_>, tier: Tier) -> Onward {
        let stage = match tier {
            Tier::Admin => Stage::Admin,
            Tier::Baseline => Stage::Baseline,
        };
        let policies = asked.row.tier(tier).to_vec();
        let mut at = 0;
        while at < policies.len() {
            let priority = policies[at].0.source.priority;
            let tied: Vec<_> =
                policies[at..].iter().take_while(|(p, _)| p.source.priority == priority).collect();
            at += tied.len();
            let mut decisions = Vec::new();
            for (policy, selected) in &tied {
                if let Some(decision) = self.cluster_policy(asked, view, stage, policy, *selected) {
                    decisions.push(decision);
                }
            }
            decisions.sort();
            decisions.dedup();
            match decisions.as_slice() {
                [] => {}
                [Decision::Pass] => return Onward::NextTier,
                [_] => return Onward::Decided,
                _ => {
                    let names: Vec<&str> = tied.iter().map(|(p, _)| &*p.source.name).collect();
                    let reason = format!(
                        "{} have the same priority {priority} and disagree, and their order is not defined",
                        names.join(" and ")
                    );
                    self.push(stage, None, None, Decision::Unknown, reason);
                    return Onward::Decided;
                }
            }
        }
        Onward::NextTier
    }

    /// What one policy decides for certain, if anything.
    fn cluster_policy(
        &mut self,
        asked: &Asked<'_>,
        view: &PeerView<'_>,
        stage: Stage,
        policy: &CompiledClusterPolicy,
        selected: Tri,
    ) -> Option<Decision> {
        let source = &policy.source;
        let reference = || ObjectRef {
            kind: source.kind.name().into(),
            namespace: "".into(),
            name: source.name.clone(),
        };
        let rules = source.rules(self.direction);
        for rule in policy.rules(self.direction) {
            let written = rules.get(rule.index);
            let name = written.and_then(|r| r.name.as_ref()).map(ToString::to_string);
            let origin = written.map_or(source.origin, |r| r.origin);
            let matched = selected.and(asked.matches_packet(rule, view, self.port));
            let decision = match rule.action {
                Action::Accept => Decision::Allow,
                Action::Deny => Decision::Deny,
                Action::Pass => Decision::Pass,
            };
            match matched {
                Tri::No => {}
                Tri::Unknown => {
                    let what = if selected == Tri::Yes {
                        "the rule matches"
                    } else {
                        "it selects the pod"
                    };
                    let reason = format!("it is not known whether {what}");
                    let policy = Some((reference(), origin));
                    self.push(stage, policy, Some((rule.index, name)), Decision::Unknown, reason);
                }
                Tri::Yes => {
                    let closed = written
                        .is_some_and(|r| r.peers.contains(&fallgate_model::ClusterPeer::Unknown));
                    let reason = if closed {
                        "a peer of the rule is of no known kind, so the rule fails closed"
                            .to_owned()
                    } else {
                        format!("the rule matches: {}", rule.action.name())
                    };
                    let policy = Some((reference(), origin));
                    self.push(stage, policy, Some((rule.index, name)), decision, reason);
                    return Some(decision);
                }
            }
        }
        let reason = match rules.len() {
            0 => format!("it has no {} rules", self.direction.name()),
            1 => "its rule does not match".to_owned(),
            n => format!("none of its {n} rules matches"),
        };
        self.push(stage, Some((reference(), source.origin)), None, Decision::NoMatch, reason);
        None
    }

    fn networks(&mut self, asked: &Asked<'_>, view: &PeerView<'_>) -> Onward {
        let mut policies = asked.row.policies(self.direction).to_vec();
        policies.sort_by(|(a, _), (b, _)| a.source.name.cmp(&b.source.name));
        if policies.is_empty() {
            return Onward::NextTier;
        }
        let direction = self.direction.name();
        let mut nearest: Option<(ObjectRef, Origin, usize, String)> = None;
        let mut allowed = false;
        for (policy, selected) in &policies {
            let source = &policy.source;
            let reference = ObjectRef {
                kind: "NetworkPolicy".into(),
                namespace: source.namespace.clone(),
                name: source.name.clone(),
            };
            let (decision, reason) = match selected {
                Tri::Yes => (Decision::Isolates, format!("it isolates the pod for {direction}")),
                _ => (Decision::Unknown, "it is not known whether it selects the pod".to_owned()),
            };
            let place = Some((reference.clone(), source.origin));
            self.push(Stage::NetworkPolicy, place, None, decision, reason);
            let written = source.rules(self.direction).unwrap_or_default();
            for rule in policy.rules(self.direction).unwrap_or_default() {
                let origin = written.get(rule.index).map_or(source.origin, |r| r.origin);
                let place = Some((reference.clone(), origin));
                match selected.and(asked.matches_packet(rule, view, self.port)) {
                    Tri::Yes => {
                        let reason = "the rule matches peer and port".to_owned();
                        let rule = Some((rule.index, None));
                        self.push(Stage::NetworkPolicy, place, rule, Decision::Allow, reason);
                        allowed = true;
                        break;
                    }
                    Tri::Unknown => {
                        let reason = asked.unknown_because(rule, view);
                        let rule = Some((rule.index, None));
                        self.push(Stage::NetworkPolicy, place, rule, Decision::Unknown, reason);
                    }
                    Tri::No => {
                        let (peer, port) = asked.parts_match(rule, view, self.port);
                        if peer != Tri::No || port {
                            let what = match (peer, port) {
                                (Tri::No, _) => "admits the port, but not this peer",
                                _ => "admits the peer, but not this port",
                            };
                            let better = peer != Tri::No || nearest.is_none();
                            if better {
                                nearest =
                                    Some((reference.clone(), origin, rule.index, what.to_owned()));
                            }
                        }
                    }
                }
            }
        }
        if allowed || asked.row.isolated(self.direction) != Tri::Yes {
            return if allowed { Onward::Decided } else { Onward::NextTier };
        }
        if let Some((policy, origin, rule, what)) = nearest {
            let reason = format!("the nearest rule {what}");
            let place = Some((policy, origin));
            self.push(Stage::NetworkPolicy, place, Some((rule, None)), Decision::NoMatch, reason);
        }
        let isolating: Vec<_> =
            policies.iter().filter(|(_, selected)| *selected == Tri::Yes).collect();
        if let Some((first, _)) = isolating.first() {
            let reference = ObjectRef {
                kind: "NetworkPolicy".into(),
                namespace: first.source.namespace.clone(),
                name: first.source.name.clone(),
            };
            let reason = match isolating.len() {
                1 => format!("it isolates the pod for {direction} and no rule of it matches"),
                2 => format!(
                    "it isolates the pod for {direction}, and no rule of it or of the other selecting policy matches"
                ),
                n => format!(
                    "it isolates the pod for {direction}, and no rule of it or of the {} other selecting policies matches",
                    n - 1
                ),
            };
            let place = Some((reference, first.source.origin));
            self.push(Stage::NetworkPolicy, place, None, Decision::Deny, reason);
        }
        Onward::Decided
    }
}

impl Asked<'_> {
    /// Whether a rule matches one kind of packet.
    fn matches_packet(&self, rule: &CompiledRule, view: &PeerView<'_>, port: Port) -> Tri {
        let matched = self.matched(&OnePort(port), rule, view);
        match (matched.certain, matched.possible) {
            (true, _) => Tri::Yes,
            (false, true) => Tri::Unknown,
            (false, false) => Tri::No,
        }
    }

    /// Whether a rule's peers match, and whether its ports do.
    fn parts_match(&self, rule: &CompiledRule, view: &PeerView<'_>, port: Port) -> (Tri, bool) {
        let names = match self.direction {
            Direction::Ingress => Some(self.own_ports),
            Direction::Egress => view.port_names(),
        };
        let peer = rule.peers.as_ref().map_or(Tri::Yes, |peers| {
            peers.iter().fold(Tri::No, |all, p| all.or(view.matches(p, self.dialect)))
        });
        (peer, rule.ports.contains(port, names))
    }

    /// Why it is not known whether a rule matches.
    fn unknown_because(&self, rule: &CompiledRule, view: &PeerView<'_>) -> String {
        let vague = rule
            .peers
            .as_deref()
            .unwrap_or_default()
            .iter()
            .find(|peer| view.matches(peer, self.dialect) == Tri::Unknown);
        match vague {
            Some(CompiledPeer::Block(block) | CompiledPeer::Network(block)) => format!(
                "the peer's address is not in the input, so it is not known whether {} matches it (--pod-cidr says where pods live)",
                block.source.cidr
            ),
            Some(CompiledPeer::Pods(_)) => {
                "labels of the peer or of its namespace are not in the input".to_owned()
            }
            Some(CompiledPeer::DomainNames) => {
                "the addresses of a domain name are known only at run time".to_owned()
            }
            Some(CompiledPeer::Nodes(_)) => "the peer's node is not in the input".to_owned(),
            None => "it is not known whether the policy selects the pod".to_owned(),
        }
    }
}
