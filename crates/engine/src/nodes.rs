use std::collections::{BTreeMap, BTreeSet};

use fallgate_model::{Direction, Str};

use crate::address::Addresses;
use crate::connections::Interval;
use crate::map::{Detail, Place};
use crate::snapshot::{End, Snapshot, Union};

impl Snapshot {
    /// The names of the nodes (SEMANTICS §2), sorted: of Node objects, and of
    /// those that pods run on and tell the addresses of.
    pub fn node_names(&self) -> BTreeSet<Str> {
        self.state.nodes.keys().chain(self.state.hosts().addresses.keys()).cloned().collect()
    }

    /// What a node may send (`Egress`) or be sent (`Ingress`), by the other end:
    /// places as in [`Snapshot::map`], which leaves nodes out, then the other
    /// nodes, then the outside. Places between which nothing is possible are
    /// left out.
    pub fn node_connections(
        &self,
        node: &Str,
        direction: Direction,
        detail: Detail,
    ) -> Vec<(Place, Union)> {
        let own = End::Node(node.clone());
        let mut found: BTreeMap<Place, Option<Union>> = BTreeMap::new();
        for id in self.pods() {
            let Some(pod) = self.pod(id) else { continue };
            let pod_end = End::Pod(id);
            let (from, to) = match direction {
                Direction::Egress => (&own, &pod_end),
                Direction::Ingress => (&pod_end, &own),
            };
            let union = self.connections(from, to);
            Union::unite(found.entry(Place::of_pod(detail, pod)).or_default(), union);
        }
        // No policy of a node's or of the outside's decides anything (§6).
        let free = || Union { interval: Interval::all(), partial: false };
        for other in self.node_names() {
            let families = self.common_families(&own, &End::Node(other.clone()));
            if !families.is_empty() {
                found.insert(Place::Node(other), Some(free()));
            }
        }
        let everywhere = self.state.families().map(Addresses::all);
        let outside = everywhere.reduce(|a, b| a.union(&b)).unwrap_or_default();
        if !outside.is_empty() {
            found.insert(Place::Outside(outside), Some(free()));
        }
        let possible = |union: &Union| !union.interval.is_empty();
        found
            .into_iter()
            .filter_map(|(place, union)| Some((place, union.filter(possible)?)))
            .collect()
    }
}
