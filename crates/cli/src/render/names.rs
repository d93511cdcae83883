use std::collections::{BTreeMap, BTreeSet};

use fallgate_engine::{
    Addresses, Connections, Detail, Interval, Place, PodId, Snapshot, WorkloadRef,
};
use fallgate_model::{Family, Str};

use crate::port::show_ports;

/// How places are called in output for people: `namespace/name`, with the kind
/// in between where two workloads of a namespace share a name.
pub(crate) struct Names {
    ambiguous: BTreeSet<(Str, Str)>,
    /// The places of each namespace, sorted.
    places: BTreeMap<Str, Vec<WorkloadRef>>,
}

impl Names {
    /// The names of the places of a map of this detail.
    pub(crate) fn new(snapshot: &Snapshot, detail: Detail) -> Names {
        let mut places: Vec<WorkloadRef> =
            snapshot.pods().into_iter().filter_map(|id| place_of(snapshot, detail, id)).collect();
        places.sort();
        places.dedup();
        let mut names = Names { ambiguous: BTreeSet::new(), places: BTreeMap::new() };
        for pair in places.windows(2) {
            if let [a, b] = pair
                && (&a.namespace, &a.name) == (&b.namespace, &b.name)
            {
                names.ambiguous.insert((a.namespace.clone(), a.name.clone()));
            }
        }
        for place in places {
            names.places.entry(place.namespace.clone()).or_default().push(place);
        }
        names
    }

    /// What a place is called.
    pub(crate) fn place(&self, place: &Place) -> String {
        match place {
            Place::Workload(workload) => self.workload(workload),
            Place::Node(node) => format!("node/{node}"),
            Place::Outside(addresses) => short(addresses),
        }
    }

    /// What a workload is called.
    pub(crate) fn workload(&self, w: &WorkloadRef) -> String {
        if self.is_ambiguous(w) {
            format!("{}/{}/{}", w.namespace, w.kind, w.name)
        } else {
            format!("{}/{}", w.namespace, w.name)
        }
    }

    fn is_ambiguous(&self, w: &WorkloadRef) -> bool {
        self.ambiguous.contains(&(w.namespace.clone(), w.name.clone()))
    }

    /// How many places a namespace has.
    pub(super) fn count(&self, namespace: &str) -> usize {
        self.places.get(namespace).map_or(0, Vec::len)
    }

    /// How many places there are.
    pub(super) fn total(&self) -> usize {
        self.places.values().map(Vec::len).sum()
    }

    /// What the places of a namespace are called.
    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = String> {
        self.places.get(namespace).into_iter().flatten().map(|w| self.workload(w))
    }
}

/// The place of a pod in a map of this detail.
pub(crate) fn place_of(snapshot: &Snapshot, detail: Detail, id: PodId) -> Option<WorkloadRef> {
    let pod = snapshot.pod(id)?;
    Some(match detail {
        Detail::Pods if !pod.stand_in => WorkloadRef {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            kind: "Pod".into(),
        },
        _ => WorkloadRef {
            namespace: pod.namespace.clone(),
            name: pod.workload.name.clone(),
            kind: pod.workload.kind.clone(),
        },
    })
}

/// What is certain and what is only possible; empty when nothing is.
pub(crate) fn interval_texts(interval: &Interval) -> (String, String) {
    let show = |set: &Connections| if set.is_empty() { String::new() } else { ports(set) };
    (show(&interval.certain), show(&interval.unknown()))
}

/// A connection set in the fewest words: its ports, or all but some ports.
fn ports(set: &Connections) -> String {
    let but = Connections::all().difference(set);
    if but.ranges().count() < set.ranges().count() && !but.is_empty() && set.other_protocols() {
        format!("all except {}", show_ports(&but))
    } else {
        show_ports(set)
    }
}

/// Addresses in the fewest words: the blocks, or all but some blocks.
pub(crate) fn short(addresses: &Addresses) -> String {
    let all = |family| Addresses::all(family);
    let parts = Family::ALL.into_iter().filter_map(|family| {
        let own = addresses.intersection(&all(family));
        if own.is_empty() {
            return None;
        }
        let list = |set: &Addresses| {
            let cidrs: Vec<String> = set.cidrs().iter().map(ToString::to_string).collect();
            cidrs
        };
        let (is, but) = (list(&own), list(&all(family).difference(&own)));
        Some(if but.len() + 1 < is.len() {
            format!("{} except {}", list(&all(family)).join(", "), but.join(", "))
        } else {
            is.join(", ")
        })
    });
    parts.collect::<Vec<String>>().join("; ")
}

#[cfg(test)]
mod tests {
    use fallgate_model::Protocol;

    use super::*;

    fn set(cidrs: &[&str]) -> Addresses {
        cidrs
            .iter()
            .fold(Addresses::none(), |set, cidr| set.union(&Addresses::of(&cidr.parse().unwrap())))
    }

    #[test]
    fn ports_are_told_in_the_fewest_words() {
        let port = |n| Connections::ports(Protocol::Tcp, n, n);
        assert_eq!(ports(&Connections::all().difference(&port(80))), "all except 80/tcp");
        assert_eq!(ports(&Connections::all()), "all");
        assert_eq!(ports(&port(80).union(&port(443))), "80/tcp, 443/tcp");
    }

    #[test]
    fn addresses_are_told_in_the_fewest_words() {
        assert_eq!(short(&set(&["0.0.0.0/0"])), "0.0.0.0/0");
        assert_eq!(short(&set(&["10.0.0.0/8", "192.0.2.1/32"])), "10.0.0.0/8, 192.0.2.1/32");
        let but = set(&["0.0.0.0/0"]).difference(&set(&["10.0.0.0/8"]));
        assert_eq!(short(&but), "0.0.0.0/0 except 10.0.0.0/8");
        assert_eq!(short(&but.union(&set(&["::/0"]))), "0.0.0.0/0 except 10.0.0.0/8; ::/0");
    }
}
