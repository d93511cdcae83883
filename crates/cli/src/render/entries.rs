use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use fallgate_engine::{
    Addresses, Connections, Detail, Entry, Interval, Place, PodId, Snapshot, WorkloadRef,
};
use fallgate_model::{Family, Str};

use super::names::place_of;
use crate::context::Context;
use crate::endpoint::{EndpointSpec, Member, Resolved};
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
    /// The part of a place that is among these.
    fn part<'p>(&self, place: &'p Place) -> Option<Cow<'p, Place>> {
        match place {
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

impl PortFilter {
    /// The filter for a port as it was written.
    pub(crate) fn new(snapshot: &Snapshot, detail: Detail, port: &PortSpec) -> Option<PortFilter> {
        match port {
            PortSpec::Any => None,
            PortSpec::Range { .. } => port.on(None).map(PortFilter::Same),
            PortSpec::Named { .. } => {
                let mut named: BTreeMap<WorkloadRef, Connections> = BTreeMap::new();
                for id in snapshot.pods() {
                    let found = snapshot.pod(id).and_then(|pod| port.on(Some(pod)));
                    if let (Some(place), Some(found)) = (place_of(snapshot, detail, id), found) {
                        let set = named.entry(place).or_default();
                        *set = set.union(&found);
                    }
                }
                Some(PortFilter::Named(named))
            }
            // The same wherever it leads.
            _ => port.on(None).map(PortFilter::Same),
        }
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

impl Filter {
    fn row<'a>(&self, entry: &Entry<'a>, entry_point: bool) -> Option<Row<'a>> {
        if let Some(namespace) = &self.namespace {
            let inside =
                |place: &Place| matches!(place, Place::Workload(w) if w.namespace == *namespace);
            if !inside(entry.from) && !inside(entry.to) {
                return None;
            }
        }
        let part = |ends: &Option<Ends>, place: &'a Place| match ends {
            None => Some(Cow::Borrowed(place)),
            Some(ends) => ends.part(place),
        };
        let (from, to) = (part(&self.from, entry.from)?, part(&self.to, entry.to)?);
        let interval = match &self.port {
            None => Cow::Borrowed(entry.interval),
            Some(port) => port.part(entry.to, entry.interval)?,
        };
        Some(Row { from, to, interval, partial: entry.partial, entry_point })
    }
}

/// Hands out the entries of a map that the filter lets through, in the order
/// of the map, and after them what Ingresses and routes let in.
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
    for entry_point in snapshot.entry_points() {
        let from = Place::Workload(WorkloadRef {
            namespace: entry_point.namespace.clone(),
            name: entry_point.name.clone(),
            kind: entry_point.kind.clone(),
        });
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
