use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use fallgate_engine::{
    Addresses, Alike, Connections, Detail, Entry, Interval, Place, PodId, Snapshot, Tri, Union,
    WorkloadRef, matches,
};
use fallgate_model::{Direction, EntryPoint, Family, Selector, Str};

use super::grouped::Grouped;
use super::names::place_of;
use crate::context::Context;
use crate::endpoint::{EndpointSpec, Member, Resolved, nearest, suggestion};
use crate::failure::{Failure, Problem};
use crate::port::PortSpec;

/// One entry that is listed.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) from: Cow<'a, Place>,
    pub(crate) to: Cow<'a, Place>,
    pub(crate) interval: Cow<'a, Interval>,
    /// True when the pods or families that the entry unites differ.
    pub(crate) partial: bool,
    /// True when `from` is an Ingress or a route.
    pub(crate) entry_point: bool,
}

/// Which entries of a map are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Those with an end in this namespace.
    pub(crate) namespace: Option<Str>,
    /// Those with an end among these.
    pub(crate) selected: Option<BTreeSet<WorkloadRef>>,
    /// Those that leave one of these.
    pub(crate) from: Option<Ends>,
    /// Those that lead to one of these.
    pub(crate) to: Option<Ends>,
    /// Those that have such a port, and of them only that.
    pub(crate) port: Option<PortFilter>,
}

/// Some places of a map.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) workloads: BTreeSet<WorkloadRef>,
    /// Ingresses and routes.
    pub(crate) entries: BTreeSet<WorkloadRef>,
    pub(crate) nodes: BTreeSet<Str>,
    pub(crate) outside: Addresses,
}

/// A port, on every destination.
#[derive(Clone, Debug)]
pub(crate) enum PortFilter {
    /// The same everywhere.
    Same(Connections),
    /// A name, which is a port of its own on each destination.
    Named(BTreeMap<WorkloadRef, Connections>),
}

impl Ends {
    /// What an endpoint as written is in a map. Blocks of addresses are taken
    /// whole, as the map lists them: nothing is carved out of them for pods.
    pub(crate) fn resolve(
        context: &Context,
        detail: Detail,
        spec: &EndpointSpec,
    ) -> Result<Ends, Problem> {
        let (snapshot, index) = (&context.snapshot, context.index());
        let mut ends = Ends::default();
        let mut pods = |ids: &[PodId]| {
            let places = ids.iter().filter_map(|id| place_of(snapshot, detail, *id));
            ends.workloads.extend(places);
        };
        match index.resolve(snapshot, spec)? {
            Resolved::Members(members) => {
                for member in &members {
                    pods(index.pods(member));
                    match member {
                        Member::Entry(entry) => drop(ends.entries.insert(entry.clone())),
                        Member::Node(node) => drop(ends.nodes.insert(node.clone())),
                        Member::Outside(part) => ends.outside = ends.outside.union(part),
                        Member::Workload(_) | Member::Pod(_) => {}
                    }
                }
            }
            Resolved::Service(service) => {
                for port in &service.ports {
                    let port = Some((port.protocol, port.port));
                    for (id, _) in snapshot.service_targets(&service, port).unwrap_or_default().pods
                    {
                        pods(&[id]);
                    }
                }
            }
        }
        let all = |family| Addresses::all(family);
        ends.outside = match spec {
            EndpointSpec::Everything | EndpointSpec::Internet => {
                all(Family::V4).union(&all(Family::V6))
            }
            EndpointSpec::Cidr(cidr) => Addresses::of(cidr),
            _ => ends.outside,
        };
        Ok(ends)
    }

    /// The part of a place that is among these; of an Ingress or a route if
    /// `entry_point`.
    fn part<'p>(&self, place: &'p Place, entry_point: bool) -> Option<Cow<'p, Place>> {
        match place {
            Place::Workload(w) if entry_point => {
                self.entries.contains(w).then_some(Cow::Borrowed(place))
            }
            Place::Workload(w) => self.workloads.contains(w).then_some(Cow::Borrowed(place)),
            Place::Node(node) => self.nodes.contains(node).then_some(Cow::Borrowed(place)),
            Place::Outside(addresses) => {
                let part = addresses.intersection(&self.outside);
                if part.is_empty() {
                    None
                } else if part == *addresses {
                    Some(Cow::Borrowed(place))
                } else {
                    Some(Cow::Owned(Place::Outside(part)))
                }
            }
        }
    }
}

/// What to say about the names of ports that there are, in place of one that is
/// not.
pub(crate) fn port_names(asked: &PortSpec, lead: &str, names: &[&str]) -> String {
    const FEW: usize = 12;
    if let PortSpec::Named { name, .. } = asked {
        let near = nearest(name, names.iter().copied());
        if !near.is_empty() {
            return suggestion(&near, names);
        }
    }
    if names.is_empty() {
        return "no port there has a name; ask for a number".to_owned();
    }
    let few = names.get(..FEW).unwrap_or(names).join(", ");
    match names.len().saturating_sub(FEW) {
        0 => format!("{lead} {few}"),
        more => format!("{lead} {few} and {more} more"),
    }
}

/// The workloads some pod of which a selector may select.
pub(crate) fn selected(
    snapshot: &Snapshot,
    detail: Detail,
    selector: &Selector,
) -> Result<BTreeSet<WorkloadRef>, Problem> {
    let may =
        |id: &PodId| snapshot.pod(*id).is_some_and(|pod| matches(selector, &pod.labels) != Tri::No);
    let found: BTreeSet<WorkloadRef> = (snapshot.pods().into_iter().filter(may))
        .filter_map(|id| place_of(snapshot, detail, id))
        .collect();
    if found.is_empty() {
        return Err(Problem::new("no pod has the labels that -l asks for")
            .help("`kubectl get pods --show-labels` lists them"));
    }
    Ok(found)
}

impl PortFilter {
    /// The filter for a port as it was written. A name that no destination has
    /// is a mistake: a list without it would read as a denial.
    pub(crate) fn new(
        snapshot: &Snapshot,
        detail: Detail,
        to: Option<&Ends>,
        port: &PortSpec,
    ) -> Result<Option<PortFilter>, Problem> {
        let PortSpec::Named { .. } = port else {
            // The same wherever it leads.
            return Ok(match port {
                PortSpec::Any => None,
                _ => port.on(None).map(PortFilter::Same),
            });
        };
        let mut named: BTreeMap<WorkloadRef, Connections> = BTreeMap::new();
        let mut known: BTreeSet<Str> = BTreeSet::new();
        for id in snapshot.pods() {
            let (Some(place), Some(pod)) = (place_of(snapshot, detail, id), snapshot.pod(id))
            else {
                continue;
            };
            if to.is_some_and(|to| !to.workloads.contains(&place)) {
                continue;
            }
            if let Some(found) = port.on(Some(pod)) {
                let set = named.entry(place).or_default();
                *set = set.union(&found);
            } else if named.is_empty() {
                known.extend(pod.ports.iter().filter_map(|p| p.name.clone()));
            }
        }
        if named.is_empty() {
            let names: Vec<&str> = known.iter().map(|name| &**name).collect();
            return Err(Problem::new(format!("no destination has a port called `{port}`"))
                .help(port_names(port, "there are", &names)));
        }
        Ok(Some(PortFilter::Named(named)))
    }

    fn part<'i>(&self, to: &Place, interval: &'i Interval) -> Option<Cow<'i, Interval>> {
        let wanted = match (self, to) {
            (PortFilter::Same(set), _) => set,
            (PortFilter::Named(named), Place::Workload(w)) => named.get(w)?,
            (PortFilter::Named(_), _) => return None,
        };
        let part = Interval {
            certain: interval.certain.intersection(wanted),
            possible: interval.possible.intersection(wanted),
        };
        (!part.is_empty()).then_some(Cow::Owned(part))
    }
}

/// What was listed.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) entries: usize,
    pub(crate) unknown: bool,
}

impl Tally {
    /// Counts an entry of this many sources.
    pub(crate) fn add(&mut self, row: &Row<'_>, sources: usize) {
        self.entries += sources;
        self.unknown |= row.interval.certain != row.interval.possible;
    }
}

impl Filter {
    /// What the filter tells sources apart by: of two that are of one kind, it
    /// lets through the same entries.
    fn kind(&self, place: &Place) -> u8 {
        let Place::Workload(workload) = place else { return 0 };
        let inside = self.namespace.as_ref().is_some_and(|n| *n == workload.namespace);
        let among = self.selected.as_ref().is_some_and(|s| s.contains(workload));
        let from = self.from.as_ref().is_some_and(|ends| ends.workloads.contains(workload));
        u8::from(inside) | u8::from(among) << 1 | u8::from(from) << 2
    }

    fn row<'a>(&self, entry: &Entry<'a>, entry_point: bool) -> Option<Row<'a>> {
        if let Some(namespace) = &self.namespace {
            let inside =
                |place: &Place| matches!(place, Place::Workload(w) if w.namespace == *namespace);
            if !inside(entry.from) && !inside(entry.to) {
                return None;
            }
        }
        if let Some(selected) = &self.selected {
            // An Ingress may have the name of a workload; it has no labels of pods.
            let among = |place: &Place| matches!(place, Place::Workload(w) if selected.contains(w));
            if !(among(entry.from) && !entry_point || among(entry.to)) {
                return None;
            }
        }
        let part = |ends: &Option<Ends>, place: &'a Place, entry_point| match ends {
            None => Some(Cow::Borrowed(place)),
            Some(ends) => ends.part(place, entry_point),
        };
        let from = part(&self.from, entry.from, entry_point)?;
        let to = part(&self.to, entry.to, false)?;
        let interval = match &self.port {
            None => Cow::Borrowed(entry.interval),
            Some(port) => port.part(entry.to, entry.interval)?,
        };
        Some(Row { from, to, interval, partial: entry.partial, entry_point })
    }
}

/// An Ingress or a route as a map has it.
pub(crate) fn entry_ref(entry: &EntryPoint) -> WorkloadRef {
    WorkloadRef {
        namespace: entry.namespace.clone(),
        name: entry.name.clone(),
        kind: entry.kind.clone(),
    }
}

/// Hands out the entries of a map that the filter lets through, in the order
/// of the map; after them those of the nodes that the filter names, and what
/// Ingresses and routes let in.
pub(crate) fn entries(
    snapshot: &Snapshot,
    detail: Detail,
    filter: &Filter,
    each: &mut dyn FnMut(&Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut outcome = Ok(());
    snapshot.map(detail, &mut |entry| {
        if let Some(row) = filter.row(&entry, false) {
            outcome = each(&row);
        }
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    outcome?;
    other_entries(snapshot, detail, filter, each)
}

/// The same, gathered to be told in few lines. What is common to many sources is
/// added once, so that a cluster that no policy divides takes no time that grows
/// with its pairs.
pub(crate) fn grouped(
    snapshot: &Snapshot,
    detail: Detail,
    filter: &Filter,
    tally: &mut Tally,
) -> Result<Grouped, Failure> {
    let mut grouped = Grouped::default();
    let mut sources = 0;
    snapshot.map_alike(detail, &|place| filter.kind(place), &mut |alike| {
        match alike {
            Alike::Sources(places) => {
                sources = places.len();
                if sources > 1 {
                    grouped.from(false, places);
                }
            }
            Alike::Entry(entry) => {
                if let Some(row) = filter.row(&entry, false) {
                    tally.add(&row, sources);
                    if sources > 1 { grouped.add_to_sources(&row) } else { grouped.add(&row) }
                }
            }
        }
        ControlFlow::Continue(())
    });
    other_entries(snapshot, detail, filter, &mut |row| {
        tally.add(row, 1);
        grouped.add(row);
        Ok(())
    })?;
    Ok(grouped)
}

/// The entries of the nodes that the filter names, and what Ingresses and routes
/// let in.
fn other_entries(
    snapshot: &Snapshot,
    detail: Detail,
    filter: &Filter,
    each: &mut dyn FnMut(&Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    node_entries(snapshot, detail, filter, each)?;
    for entry_point in snapshot.entry_points() {
        let from = Place::Workload(entry_ref(&entry_point));
        let mut found = snapshot.entry_connections(&entry_point);
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (to, union) in found {
            let to = Place::Workload(to);
            let (interval, partial) = (&union.interval, union.partial);
            let entry = Entry { from: &from, to: &to, interval, partial };
            if !interval.is_empty()
                && let Some(row) = filter.row(&entry, true)
            {
                each(&row)?;
            }
        }
    }
    Ok(())
}

/// The entries of the nodes that the filter names. A map has none of its own:
/// every node beside every pod would be most of it, and say little.
fn node_entries(
    snapshot: &Snapshot,
    detail: Detail,
    filter: &Filter,
    each: &mut dyn FnMut(&Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let of = |ends: &'_ Option<Ends>| ends.as_ref().map(|e| e.nodes.clone()).unwrap_or_default();
    let (senders, receivers) = (of(&filter.from), of(&filter.to));
    let mut tell = |from: &Place, to: &Place, union: &Union| {
        let entry = Entry { from, to, interval: &union.interval, partial: union.partial };
        filter.row(&entry, false).map_or(Ok(()), |row| each(&row))
    };
    for node in &senders {
        let from = Place::Node(node.clone());
        for (to, union) in snapshot.node_connections(node, Direction::Egress, detail) {
            tell(&from, &to, &union)?;
        }
    }
    for node in &receivers {
        let to = Place::Node(node.clone());
        for (from, union) in snapshot.node_connections(node, Direction::Ingress, detail) {
            // Between two nodes that are both named it was told above.
            if !matches!(&from, Place::Node(node) if senders.contains(node)) {
                tell(&from, &to, &union)?;
            }
        }
    }
    Ok(())
}
