//! What a rendered path changes, held against what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::{AllPorts, Connection, Effect, PortRange, Ports};
use fallgate_engine::{
    Addresses, Applied, Connections, Delta, Detail, Diff, End as Peer, Engine, Interval, Place,
    PodId, Snapshot, WorkloadRef,
};
use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::{Change, Direction, Object};
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::refusal::{End, Refusal};
use crate::scope::{Scope, Side, write_protocol};

/// The most connections that a plan lists: more than anybody would read.
const LISTED: usize = 128;
/// The most address ranges that a place of a plan lists.
const RANGES: usize = 64;
/// The most ranges of ports that a connection of a plan lists.
const PORTS: usize = 64;
/// The most pairs of pods that are compared one by one.
const PAIRS: usize = 10_000;

/// Takes rendered policies into a copy of the cluster. They are read as the
/// reader of manifests reads them, so that what is judged is what is sent.
pub(crate) fn apply(engine: &Engine, policies: &[NetworkPolicy]) -> Result<Applied, Refusal> {
    let mut text = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let mut named = policy.clone();
        named.metadata.name = Some(format!("fallgate-plan-{at}"));
        let unread = |error: serde_json::Error| Refusal::Unread(error.to_string());
        text.extend(serde_json::to_vec(&named).map_err(unread)?);
        text.push(b'\n');
    }
    let input = Input { name: "the plan".into(), text: &text, kind: InputKind::Live };
    let options = ReadOptions { threads: Some(1), ..ReadOptions::default() };
    let reading = fallgate_manifest::read(&[input], &options);
    if let Some(diagnostic) = reading.diagnostics.first() {
        return Err(Refusal::Unread(diagnostic.message.clone()));
    }
    let read = reading.cluster.network_policies;
    if read.len() != policies.len() {
        return Err(Refusal::Unread("a policy is missing".to_owned()));
    }
    let changes = read.into_iter().map(|policy| Change::Upsert(Object::NetworkPolicy(policy)));
    Ok(engine.clone().apply_all(changes))
}

/// The pairs of places that a path is about, and the ports of each.
pub(crate) struct Requested {
    legs: Vec<Leg>,
}

struct Leg {
    from: Places,
    to: Places,
    ports: Connections,
}

/// The places at one end of a leg.
#[derive(Clone)]
enum Places {
    Pods(BTreeMap<Place, PodId>),
    Outside(Addresses),
}

impl Requested {
    /// What a scope asks for, with the pods that each end matches now.
    pub(crate) fn new(
        scope: &Scope,
        snapshot: &Snapshot,
        pods: &BTreeMap<End, Vec<PodId>>,
    ) -> Result<Requested, Refusal> {
        let places = |(end, side): (End, &Side)| match side {
            Side::Networks(networks) => Places::Outside(networks.addresses.clone()),
            Side::Pods(_) => {
                let matched = pods.get(&end).into_iter().flatten();
                let place = |id: &PodId| Some((place_of(snapshot, *id)?, *id));
                Places::Pods(matched.filter_map(place).collect())
            }
        };
        let legs: Vec<Leg> = scope
            .legs()
            .iter()
            .map(|leg| Leg { from: places(leg.from), to: places(leg.to), ports: leg.ports.clone() })
            .collect();
        let pairs: usize = legs.iter().map(|leg| leg.from.len() * leg.to.len()).sum();
        if pairs > PAIRS {
            Err(Refusal::TooLarge(PAIRS, "pairs of pods"))
        } else {
            Ok(Requested { legs })
        }
    }

    /// The ports that were asked for from one place to another.
    fn ports(&self, from: &Place, to: &Place) -> Connections {
        let legs = self.legs.iter().filter(|leg| leg.from.holds(from) && leg.to.holds(to));
        legs.fold(Connections::none(), |all, leg| all.union(&leg.ports))
    }

    /// Refuses what opens and was not asked for, and what closes.
    pub(crate) fn hold(&self, diff: &Diff) -> Result<(), Refusal> {
        for delta in &diff.opened {
            let asked = self.ports(&delta.from, &delta.to);
            let more = delta.interval.possible.difference(&asked);
            if !more.is_empty() {
                return Err(Refusal::OpensMore(show(&delta.from, &delta.to, &more)));
            }
        }
        match diff.closed.first() {
            Some(delta) => {
                Err(Refusal::Closes(show(&delta.from, &delta.to, &delta.interval.possible)))
            }
            None => Ok(()),
        }
    }

    /// What of the path is not certainly allowed in a cluster: certainly not
    /// (the first that was found), or perhaps not.
    pub(crate) fn missing(&self, snapshot: &Snapshot) -> Missing {
        let mut missing = Missing::default();
        for leg in &self.legs {
            let mut look = |from: Place, to: Place, interval: &Interval| {
                let denied = leg.ports.difference(&interval.possible);
                if !denied.is_empty() && missing.denied.is_none() {
                    missing.denied = Some(show(&from, &to, &denied));
                }
                let unknown = leg.ports.intersection(&interval.unknown());
                if !unknown.is_empty() {
                    missing.unknown.push((from, to, unknown));
                }
            };
            match (&leg.from, &leg.to) {
                (Places::Pods(from), Places::Pods(to)) => {
                    for (a, x) in from {
                        // A pod reaches itself whatever the policies say.
                        for (b, y) in to.iter().filter(|(_, y)| *y != x) {
                            let found = snapshot.connections(&Peer::Pod(*x), &Peer::Pod(*y));
                            look(a.clone(), b.clone(), &found.interval);
                        }
                    }
                }
                (Places::Pods(from), Places::Outside(to)) => {
                    for (a, x) in from {
                        for (part, interval) in parts(snapshot, *x, Direction::Egress, to) {
                            look(a.clone(), Place::Outside(part), &interval);
                        }
                    }
                }
                (Places::Outside(from), Places::Pods(to)) => {
                    for (b, y) in to {
                        for (part, interval) in parts(snapshot, *y, Direction::Ingress, from) {
                            look(Place::Outside(part), b.clone(), &interval);
                        }
                    }
                }
                (Places::Outside(_), Places::Outside(_)) => {}
            }
        }
        missing
    }
}

/// What of a path is not certainly allowed.
#[derive(Default)]
pub(crate) struct Missing {
    /// Something that is certainly not.
    pub(crate) denied: Option<String>,
    /// What may be or not.
    pub(crate) unknown: Vec<(Place, Place, Connections)>,
}

impl Missing {
    pub(crate) fn is_empty(&self) -> bool {
        self.denied.is_none() && self.unknown.is_empty()
    }
}

impl Places {
    fn len(&self) -> usize {
        match self {
            Places::Pods(pods) => pods.len(),
            Places::Outside(_) => 1,
        }
    }

    fn holds(&self, place: &Place) -> bool {
        match (self, place) {
            (Places::Pods(pods), place) => pods.contains_key(place),
            (Places::Outside(addresses), Place::Outside(some)) => {
                some.difference(addresses).is_empty()
            }
            (Places::Outside(_), Place::Workload(_) | Place::Node(_)) => false,
        }
    }
}

/// What a pod may exchange with some addresses, part by part. A part of a family
/// that is not in use is one where nothing is certain.
fn parts(
    snapshot: &Snapshot,
    pod: PodId,
    direction: Direction,
    wanted: &Addresses,
) -> Vec<(Addresses, Interval)> {
    let mut left = wanted.clone();
    let mut found = Vec::new();
    for (addresses, interval) in snapshot.outside(pod, direction) {
        let part = addresses.intersection(wanted);
        left = left.difference(&part);
        if !part.is_empty() {
            found.push((part, interval));
        }
    }
    if !left.is_empty() {
        found.push((left, Interval::none()));
    }
    found
}

/// The place that a map of pods has for a pod.
fn place_of(snapshot: &Snapshot, id: PodId) -> Option<Place> {
    let pod = snapshot.pod(id)?;
    let (name, kind) = if pod.stand_in {
        (pod.workload.name.clone(), pod.workload.kind.clone())
    } else {
        (pod.name.clone(), "Pod".into())
    };
    Some(Place::Workload(WorkloadRef { namespace: pod.namespace.clone(), name, kind }))
}

/// The workload-level place of what [`Requested`] names by pod.
fn workload_place(snapshot: &Snapshot, place: &Place) -> Place {
    let Place::Workload(named) = place else { return place.clone() };
    let mut pods = snapshot.pods_in(&named.namespace).into_iter();
    let found = pods.find_map(|id| {
        let pod = snapshot.pod(id)?;
        (place_of(snapshot, id).as_ref() == Some(place)).then(|| WorkloadRef {
            namespace: pod.namespace.clone(),
            name: pod.workload.name.clone(),
            kind: pod.workload.kind.clone(),
        })
    });
    Place::Workload(found.unwrap_or_else(|| named.clone()))
}

/// The effect as a plan lists it, from workload to workload. What may be allowed
/// afterwards is listed by itself, whether or not it was before.
pub(crate) fn write(applied: &Applied, missing: &Missing) -> Result<Effect, Refusal> {
    let diff = applied.effect(Detail::Workloads);
    let opened = diff.opened.iter().map(write_delta).collect::<Result<Vec<_>, _>>()?;
    let closed = diff.closed.iter().map(write_delta).collect::<Result<Vec<_>, _>>()?;
    let mut pairs: BTreeMap<(Place, Place), Connections> = BTreeMap::new();
    for (from, to, ports) in &missing.unknown {
        let places = [from, to].map(|place| workload_place(&applied.after, place));
        let all = pairs.entry(places.into()).or_default();
        *all = all.union(ports);
    }
    let unknown = pairs
        .iter()
        .map(|((from, to), ports)| {
            Ok(Connection {
                from: write_place(from)?,
                to: write_place(to)?,
                ports: Ports::Ranges(Vec::new()),
                unknown: Some(write_set(ports)?),
                other_protocols: None,
            })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    if [&opened, &closed, &unknown].into_iter().any(|list| list.len() > LISTED) {
        return Err(Refusal::TooLarge(LISTED, "connections"));
    }
    Ok(Effect { opened, closed, unknown })
}

fn write_delta(delta: &Delta) -> Result<Connection, Refusal> {
    let Interval { certain, .. } = &delta.interval;
    let unknown = delta.interval.unknown();
    let follows = certain.covers_all_ports();
    Ok(Connection {
        from: write_place(&delta.from)?,
        to: write_place(&delta.to)?,
        ports: write_set(certain)?,
        unknown: (!unknown.is_empty()).then(|| write_set(&unknown)).transpose()?,
        other_protocols: (certain.other_protocols() != follows).then_some(!follows),
    })
}

fn write_place(place: &Place) -> Result<fallgate_api::Place, Refusal> {
    Ok(match place {
        Place::Workload(WorkloadRef { namespace, name, kind }) => fallgate_api::Place::Workload {
            namespace: namespace.to_string(),
            name: name.to_string(),
            kind: kind.to_string(),
        },
        Place::Node(node) => fallgate_api::Place::Node { node: node.to_string() },
        Place::Outside(addresses) => {
            let cidrs: Vec<String> = addresses.cidrs().iter().map(ToString::to_string).collect();
            if cidrs.len() > RANGES {
                return Err(Refusal::TooLarge(RANGES, "address ranges"));
            }
            fallgate_api::Place::Outside { cidrs }
        }
    })
}

fn write_set(set: &Connections) -> Result<Ports, Refusal> {
    if set.covers_all_ports() {
        return Ok(Ports::All(AllPorts::All));
    }
    let range = |(protocol, first, last): (_, u16, u16)| PortRange {
        protocol: write_protocol(protocol),
        port: first,
        end_port: (last != first).then_some(last),
    };
    let ranges: Vec<PortRange> = set.ranges().map(range).collect();
    if ranges.len() > PORTS {
        return Err(Refusal::TooLarge(PORTS, "ranges of ports"));
    }
    Ok(Ports::Ranges(ranges))
}

/// Refuses an effect of which something is unknown.
pub(crate) fn certain(effect: &Effect) -> Result<(), Refusal> {
    let unknown = effect.opened.iter().filter(|connection| connection.unknown.is_some());
    match effect.unknown.iter().chain(unknown).next() {
        None => Ok(()),
        Some(connection) => Err(Refusal::EffectUnknown(show_written(connection))),
    }
}

/// Whether all that one effect opens is opened by another one, too, and it
/// closes nothing; the first connection that is not, in words.
pub(crate) fn within(effect: &Effect, approved: &Effect) -> Result<(), String> {
    if let Some(connection) = effect.closed.first() {
        return Err(format!("{} closes", show_written(connection)));
    }
    for connection in &effect.opened {
        let allowed = approved
            .opened
            .iter()
            .filter(|other| other.from == connection.from && other.to == connection.to);
        let (certain, possible) = allowed.fold(
            (Connections::none(), Connections::none()),
            |(certain, possible), other| {
                let (more, perhaps) = read_connection(other);
                (certain.union(&more), possible.union(&more).union(&perhaps))
            },
        );
        let (opens, perhaps) = read_connection(connection);
        if !opens.is_subset(&certain) || !perhaps.is_subset(&possible) {
            return Err(show_written(connection));
        }
    }
    Ok(())
}

/// The certain and the further possible ports of a connection.
fn read_connection(connection: &Connection) -> (Connections, Connections) {
    let mut certain = read_set(&connection.ports);
    if connection.other_protocols.unwrap_or(certain.covers_all_ports()) {
        certain = certain.union(&Connections::one(None));
    }
    let unknown = connection.unknown.as_ref().map(read_set).unwrap_or_default();
    (certain, unknown)
}

fn read_set(ports: &Ports) -> Connections {
    match ports {
        Ports::All(AllPorts::All) => Connections::all_ports(),
        Ports::Ranges(ranges) => ranges.iter().fold(Connections::none(), |all, range| {
            let last = range.end_port.unwrap_or(range.port);
            let protocol = crate::scope::protocol(range.protocol);
            all.union(&Connections::ports(protocol, range.port, last))
        }),
    }
}

fn show_written(connection: &Connection) -> String {
    let place = |place: &fallgate_api::Place| match place {
        fallgate_api::Place::Workload { namespace, name, kind } => {
            format!("{namespace}/{kind}/{name}")
        }
        fallgate_api::Place::Node { node } => format!("node {node}"),
        fallgate_api::Place::Outside { cidrs } => cidrs.join(", "),
    };
    let (certain, possible) = read_connection(connection);
    let ports = show_ports(&certain.union(&possible));
    format!("{} to {} on {ports}", place(&connection.from), place(&connection.to))
}

fn show(from: &Place, to: &Place, ports: &Connections) -> String {
    let place = |place: &Place| match place {
        Place::Workload(WorkloadRef { namespace, name, kind }) => {
            format!("{namespace}/{kind}/{name}")
        }
        Place::Node(node) => format!("node {node}"),
        Place::Outside(addresses) => {
            let cidrs = addresses.cidrs();
            let first: Vec<String> = cidrs.iter().take(3).map(ToString::to_string).collect();
            let more = if cidrs.len() > first.len() { ", …" } else { "" };
            format!("{}{more}", first.join(", "))
        }
    };
    format!("{} to {} on {}", place(from), place(to), show_ports(ports))
}

fn show_ports(ports: &Connections) -> String {
    if ports.covers_all_ports() {
        return "every port".to_owned();
    }
    let shown: BTreeSet<String> = ports
        .ranges()
        .take(4)
        .map(|(protocol, first, last)| match first == last {
            true => format!("{first}/{protocol}"),
            false => format!("{first}-{last}/{protocol}"),
        })
        .collect();
    let mut shown: Vec<String> = shown.into_iter().collect();
    if ports.other_protocols() {
        shown.push("other protocols".to_owned());
    }
    shown.join(", ")
}
