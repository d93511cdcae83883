//! What a request comes to under its policy: selectors, addresses and ports.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::names::annotation;
use fallgate_api::{
    AccessConfigSpec, AccessPolicy, AccessPolicySpec, AccessRequest, ClusterAccessPolicy, Endpoint,
    Limits, PlannedPolicy, PolicyKind, Port, ServiceRef, Shape, WorkloadRef,
};
use fallgate_engine::{Addresses, Connections, Engine, Snapshot};
use fallgate_model::{Selector, Str};
use ipnet::IpNet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::refusal::{End, Refusal};
use crate::scope::{
    Networks, Pods, Scope, Side, Workload, prefix_limit, read_cidr, read_cidrs, read_ports,
};
use crate::selector::{self, Constraints};

/// A policy of either kind, as the API server has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy<'a> {
    /// AccessPolicy or ClusterAccessPolicy.
    pub kind: PolicyKind,
    /// Its name.
    pub name: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// Its generation.
    pub generation: i64,
    /// Who changed it last, as admission stamped it.
    pub author: Option<&'a str>,
    /// What it says.
    pub spec: &'a AccessPolicySpec,
}

impl<'a> Policy<'a> {
    /// An AccessPolicy; nothing where the API server did not make it.
    pub fn of(policy: &'a AccessPolicy) -> Option<Policy<'a>> {
        Policy::new(PolicyKind::AccessPolicy, &policy.metadata, &policy.spec)
    }

    /// A ClusterAccessPolicy; nothing where the API server did not make it.
    pub fn of_cluster(policy: &'a ClusterAccessPolicy) -> Option<Policy<'a>> {
        Policy::new(PolicyKind::ClusterAccessPolicy, &policy.metadata, &policy.spec.0)
    }

    fn new(
        kind: PolicyKind,
        metadata: &'a ObjectMeta,
        spec: &'a AccessPolicySpec,
    ) -> Option<Policy<'a>> {
        let author = metadata.annotations.as_ref().and_then(|all| all.get(annotation::AUTHOR));
        Some(Policy {
            kind,
            name: metadata.name.as_deref()?,
            uid: metadata.uid.as_deref()?,
            generation: metadata.generation?,
            author: author.map(String::as_str),
            spec,
        })
    }

    /// The policy as plans and grants name it.
    pub fn planned(&self) -> PlannedPolicy {
        PlannedPolicy {
            kind: self.kind,
            name: self.name.to_owned(),
            uid: self.uid.to_owned(),
            generation: self.generation,
        }
    }
}

/// A request with what it is judged by.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The ceilings.
    pub config: &'a AccessConfigSpec,
    /// The request's policy.
    pub policy: Policy<'a>,
    /// The request.
    pub request: &'a AccessRequest,
    /// What approvers narrowed it to.
    pub narrowings: Vec<Narrowing<'a>>,
}

/// What one approver narrowed a request to; what is absent stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Narrowing<'a> {
    /// The uid of the decision.
    pub decision: &'a str,
    /// For how long at most.
    pub seconds: Option<i64>,
    /// From where.
    pub from: Option<&'a Endpoint>,
    /// To where.
    pub to: Option<&'a Endpoint>,
    /// On which ports; as before where it is empty.
    pub ports: &'a [Port],
}

/// The cluster that a request is judged on.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The cluster **without** the policies of Fallgate's own grants.
    pub engine: &'a Engine,
    /// Namespace and name of every NetworkPolicy with the baseline label.
    pub baselines: &'a BTreeSet<(Str, Str)>,
    /// The selector by which each workload finds its pods; of a bare pod, all of
    /// its labels.
    pub workloads: &'a BTreeMap<fallgate_engine::WorkloadRef, Selector>,
}

/// The path of a case, within its policy, its limits and every narrowing.
/// Nothing is computed yet about what it would change.
pub(crate) fn scope(case: &Case<'_>, world: &World<'_>, seconds: i64) -> Result<Scope, Refusal> {
    let snapshot = world.engine.snapshot();
    let home = case.request.metadata.namespace.as_deref().unwrap_or_default();
    let reader = Reader { home, snapshot: &snapshot, world };
    let spec = &case.request.spec;
    let (to, ports) = reader.target(&spec.to, &spec.ports)?;
    let via = match &spec.via {
        None => None,
        Some(hop) => Some((reader.side(End::Via, &hop.endpoint)?, read_ports(&hop.ports)?)),
    };
    let mut scope = Scope { from: reader.side(End::From, &spec.from)?, via, to, ports, seconds };
    reader.within_policy(&mut scope, case)?;
    for narrowing in &case.narrowings {
        reader.narrow(&mut scope, spec, narrowing)?;
    }
    if scope.seconds < 1 {
        return Err(Refusal::TooShort(scope.seconds));
    }
    within_limits(&scope, case.config, &case.policy.spec.limits)?;
    at_home(&scope, home)?;
    Ok(scope)
}

/// Reads endpoints as one request means them.
struct Reader<'a> {
    home: &'a str,
    snapshot: &'a Snapshot,
    world: &'a World<'a>,
}

impl Reader<'_> {
    fn side(&self, end: End, endpoint: &Endpoint) -> Result<Side, Refusal> {
        if endpoint.service_account.is_some() {
            return Err(Refusal::ServiceAccount(end));
        }
        let shape = endpoint.shape().ok_or(Refusal::NotOneThing(end))?;
        let addresses = |addresses, user| Ok(Side::Networks(Networks { addresses, user }));
        match shape {
            Shape::Pods(namespace, selector) => {
                let read = |op| Refusal::Operator(end, op);
                let selector = selector::read(selector).map_err(read)?;
                self.pods(end, namespace, &selector, None)
            }
            Shape::Workload(namespace, workload) => self.workload(end, namespace, workload),
            Shape::Service(..) => Err(Refusal::WrongEnd(end, "a Service", "")),
            Shape::Cidrs(_) | Shape::Workstations(_) if end == End::Via => {
                Err(Refusal::WrongEnd(end, "addresses", ""))
            }
            Shape::Cidrs(cidrs) => addresses(read_cidrs(end, cidrs)?, None),
            Shape::Workstations(_) if end != End::From => {
                Err(Refusal::WrongEnd(end, "a workstation", ", a Service or addresses"))
            }
            Shape::Workstations([only]) => {
                addresses(read_cidrs(end, &only.cidrs)?, Some(only.user.clone()))
            }
            Shape::Workstations(_) => Err(Refusal::NotOneThing(end)),
        }
    }

    /// Where the path ends, and on which ports there. A Service stands for its
    /// pods, and its ports for those that they lead to.
    fn target(&self, to: &Endpoint, ports: &[Port]) -> Result<(Side, Connections), Refusal> {
        match to.shape() {
            Some(Shape::Service(namespace, service)) => self.service(namespace, service, ports),
            _ => Ok((self.side(End::To, to)?, read_ports(ports)?)),
        }
    }

    fn namespace<'b>(&'b self, namespace: Option<&'b str>) -> &'b str {
        namespace.unwrap_or(self.home)
    }

    fn pods(
        &self,
        end: End,
        namespace: Option<&str>,
        selector: &Selector,
        workload: Option<&WorkloadRef>,
    ) -> Result<Side, Refusal> {
        let labels = Constraints::of(selector).ok_or(Refusal::NothingMatches(end))?;
        let workload = workload.map(|WorkloadRef { kind, name }| Workload {
            kind: kind.clone(),
            name: name.clone(),
            labels: labels.clone(),
        });
        Ok(Side::Pods(Pods { namespace: self.namespace(namespace).into(), labels, workload }))
    }

    fn workload(
        &self,
        end: End,
        namespace: Option<&str>,
        workload: &WorkloadRef,
    ) -> Result<Side, Refusal> {
        let WorkloadRef { kind, name } = workload;
        let found = fallgate_engine::WorkloadRef {
            namespace: self.namespace(namespace).into(),
            name: name.as_str().into(),
            kind: kind.as_str().into(),
        };
        let selector = self.world.workloads.get(&found).ok_or_else(|| Refusal::NoWorkload {
            namespace: found.namespace.to_string(),
            kind: kind.clone(),
            name: name.clone(),
        })?;
        self.pods(end, namespace, selector, Some(workload))
    }

    fn service(
        &self,
        namespace: Option<&str>,
        service: &ServiceRef,
        ports: &[Port],
    ) -> Result<(Side, Connections), Refusal> {
        let namespace = self.namespace(namespace);
        let names = || (namespace.to_owned(), service.name.clone());
        let found = self.snapshot.service(namespace, &service.name).ok_or_else(|| {
            let (namespace, name) = names();
            Refusal::NoService(namespace, name)
        })?;
        let unknown = || {
            let (namespace, name) = names();
            Refusal::ServiceUnknown(namespace, name)
        };
        let selector = found.selector.as_ref().ok_or_else(unknown)?;
        if found.external_name.is_some() {
            return Err(unknown());
        }
        let mut targets = Connections::none();
        for (protocol, first, last) in read_ports(ports)?.ranges() {
            let not_there = || {
                let (namespace, name) = names();
                let range =
                    if first == last { first.to_string() } else { format!("{first}-{last}") };
                Refusal::ServicePort(namespace, name, format!("{range}/{protocol}"))
            };
            // Ports that follow each other were merged: each must be there.
            for number in first..=last {
                let asked = Some((protocol, number));
                let found = self.snapshot.service_targets(found, asked).ok_or_else(not_there)?;
                if found.unknown.is_some() || !found.addresses.is_empty() {
                    return Err(unknown());
                }
                let numbers: BTreeSet<_> = found.pods.iter().map(|(_, port)| *port).collect();
                let mut numbers = numbers.into_iter();
                match (numbers.next(), numbers.next()) {
                    (Some(target), None) => targets = targets.union(&Connections::one(target)),
                    (None, _) => return Err(unknown()),
                    (Some(_), Some(_)) => {
                        let (namespace, name) = names();
                        return Err(Refusal::ServicePortVaries(namespace, name, number));
                    }
                }
            }
        }
        Ok((self.pods(End::To, Some(namespace), selector, None)?, targets))
    }

    /// Holds a request's path against its policy: one entry of `from`, the hop,
    /// the target and the ports. An entry that cannot be read allows nothing.
    fn within_policy(&self, scope: &mut Scope, case: &Case<'_>) -> Result<(), Refusal> {
        let policy = case.policy.spec;
        let requester = &case.request.spec.requested_by.username;
        if let Side::Networks(Networks { user: Some(user), .. }) = &scope.from
            && user != requester
        {
            return Err(Refusal::Workstation(requester.clone()));
        }
        let outside = |field, to| Err(Refusal::OutsidePolicy(field, to));
        let mut alternatives = policy.from.iter().flat_map(|entry| self.alternatives(entry));
        match alternatives.find_map(|entry| scope.from.inside(&entry)) {
            Some(from) => scope.from = from,
            None => return outside("from", "one of the policy's `from`"),
        }
        match (&mut scope.via, &policy.via) {
            (None, None) => {}
            (Some((hop, ports)), Some(allowed)) => {
                let side = self.side(End::Via, &allowed.endpoint)?;
                match hop.inside(&side) {
                    Some(both) => *hop = both,
                    None => return outside("via", "the policy's `via`"),
                }
                if !ports.is_subset(&read_ports(&allowed.ports)?) {
                    return outside("via.ports", "those of the policy's `via`");
                }
            }
            _ => return outside("via", "the policy's `via`, which must be there exactly if it is"),
        }
        let (to, ports) = self.target(&policy.to, &policy.ports)?;
        match scope.to.inside(&to) {
            Some(both) => scope.to = both,
            None => return outside("to", "the policy's `to`"),
        }
        if !scope.ports.is_subset(&ports) {
            return outside("ports", "the policy's `ports`");
        }
        Ok(())
    }

    /// What an entry of a policy's `from` allows: one thing, or one for each
    /// user with a workstation.
    fn alternatives(&self, entry: &Endpoint) -> Vec<Side> {
        match entry.shape() {
            Some(Shape::Workstations(all)) => all
                .iter()
                .filter_map(|one| {
                    let addresses = read_cidrs(End::From, &one.cidrs).ok()?;
                    Some(Side::Networks(Networks { addresses, user: Some(one.user.clone()) }))
                })
                .collect(),
            _ => self.side(End::From, entry).into_iter().collect(),
        }
    }

    fn narrow(
        &self,
        scope: &mut Scope,
        asked: &fallgate_api::AccessRequestSpec,
        narrowing: &Narrowing<'_>,
    ) -> Result<(), Refusal> {
        let decision = narrowing.decision;
        let not_narrower = |field| Refusal::NotNarrower(decision.to_owned(), field);
        if let Some(from) = narrowing.from {
            let all = self.side(End::From, &asked.from)?;
            let side = self.side(End::From, from).ok().and_then(|side| side.inside(&all));
            let side = side.ok_or(not_narrower("from"))?;
            scope.from = scope.from.and(&side).ok_or(Refusal::NothingInCommon("from"))?;
        }
        if narrowing.to.is_some() || !narrowing.ports.is_empty() {
            let to = narrowing.to.unwrap_or(&asked.to);
            let (all, all_ports) = self.target(&asked.to, &asked.ports)?;
            let (side, ports) = match (narrowing.ports, to.shape()) {
                // Without ports of its own, pods are narrowed on the ports that
                // the request came to.
                ([], Some(Shape::Service(..))) => self.target(to, &asked.ports),
                ([], _) => self.side(End::To, to).map(|side| (side, all_ports.clone())),
                (ports, _) => self.target(to, ports),
            }
            .map_err(|_| not_narrower("to"))?;
            let side = side.inside(&all).ok_or(not_narrower("to"))?;
            if !ports.is_subset(&all_ports) {
                return Err(not_narrower("ports"));
            }
            scope.to = scope.to.and(&side).ok_or(Refusal::NothingInCommon("to"))?;
            scope.ports = scope.ports.intersection(&ports);
            if scope.ports.is_empty() {
                return Err(Refusal::NothingInCommon("ports"));
            }
        }
        if let Some(seconds) = narrowing.seconds {
            scope.seconds = scope.seconds.min(seconds);
        }
        Ok(())
    }
}

/// The limits that hold whatever the cluster looks like.
fn within_limits(scope: &Scope, config: &AccessConfigSpec, limits: &Limits) -> Result<(), Refusal> {
    for (end, side) in scope.ends() {
        match side {
            Side::Pods(pods) => {
                if !pods.labels.demand_a_label() {
                    return Err(Refusal::EveryPod(end));
                }
                if config.denied_namespaces.iter().any(|denied| **denied == *pods.namespace) {
                    return Err(Refusal::DeniedNamespace(pods.namespace.to_string()));
                }
            }
            Side::Networks(networks) => networks_within(end, networks, config, limits)?,
        }
    }
    Ok(())
}

fn networks_within(
    end: End,
    networks: &Networks,
    config: &AccessConfigSpec,
    limits: &Limits,
) -> Result<(), Refusal> {
    let cidrs: Vec<IpNet> = networks.addresses.cidrs();
    for cidr in &cidrs {
        let limit = prefix_limit(limits, cidr);
        if i32::from(cidr.prefix_len()) < limit {
            return Err(Refusal::TooWide(cidr.to_string(), limit));
        }
        for text in &config.denied_cidrs {
            // What cannot be read might be anything.
            let overlaps = read_cidr(text).is_none_or(|denied| {
                !Addresses::of(&denied).intersection(&Addresses::of(cidr)).is_empty()
            });
            if overlaps {
                return Err(Refusal::DeniedCidr(cidr.to_string(), text.clone()));
            }
        }
    }
    too_many(end, cidrs.len(), limits)
}

/// Holds a number of pods or ranges against the limit of its end.
pub(crate) fn too_many(end: End, found: usize, limits: &Limits) -> Result<(), Refusal> {
    let limit = match end {
        End::From => limits.max_sources,
        End::Via | End::To => limits.max_targets,
    };
    if usize::try_from(limit).is_ok_and(|limit| found <= limit) {
        Ok(())
    } else {
        Err(Refusal::TooMany { end, found, limit })
    }
}

/// A request lives in the namespace of its target or, where that is addresses,
/// of what connects to them: there its approvers are.
fn at_home(scope: &Scope, home: &str) -> Result<(), Refusal> {
    let last = match (&scope.to, &scope.via) {
        (Side::Pods(pods), _) => pods,
        (Side::Networks(_), Some((Side::Pods(pods), _))) => pods,
        (Side::Networks(_), _) => match &scope.from {
            Side::Pods(pods) => pods,
            Side::Networks(_) => return Err(Refusal::NoPodsAtAll),
        },
    };
    if *last.namespace == *home { Ok(()) } else { Err(Refusal::AnotherNamespace(home.to_owned())) }
}
