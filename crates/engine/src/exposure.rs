use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use fallgate_model::{Action, Direction, METADATA_NAME, Opacity, Opaque, Operator, Selector};

use crate::address::Addresses;
use crate::compiled::{CompiledPeer, Namespaces, PodPeer};
use crate::connections::Interval;
use crate::intern::{CompiledLabels, CompiledSelector};
use crate::outside::rules;
use crate::side::{AllPorts, Asked, Imagined, PeerView, Who, either};
use crate::snapshot::{Snapshot, interval};
use crate::state::{Endpoint, NsId, PodId, Row, State};
use crate::tri::Tri;

/// What could reach a workload, or it could reach, beyond the pods that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Towards it.
    pub ingress: ExposedSide,
    /// From it.
    pub egress: ExposedSide,
}

/// One direction of an exposure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedSide {
    /// Whether NetworkPolicies isolate every pod of the workload: `None` when
    /// the input does not tell.
    pub isolated: Option<bool>,
    /// Whether they isolate some of its pods and certainly not others.
    pub partial: bool,
    /// Whom the policies of this side admit.
    pub peers: Vec<ExposedPeer>,
}

/// Whom a side admits, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedPeer {
    /// Who.
    pub peer: PotentialPeer,
    /// What; certain means for every pod (or address) like this, possible that
    /// it depends on what else the pod is.
    pub interval: Interval,
}

/// A peer that need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PotentialPeer {
    /// Any pod that these selectors select.
    Pods {
        /// Its namespace.
        namespaces: Selector,
        /// The pod.
        pods: Selector,
    },
    /// Outside addresses.
    Outside(Addresses),
}

impl Snapshot {
    /// What could reach these pods, the replicas of one workload, and what they
    /// could reach, taking pods that do not exist yet and the outside for peers.
    ///
    /// A pod that does not exist yet is one of which only its selectors are
    /// known: every other label is unknown, and so is its address.
    pub fn exposure(&self, pods: &[PodId]) -> Exposure {
        let side = |direction| ExposedSide {
            isolated: self.isolated(pods, direction),
            partial: self.partly_isolated(pods, direction),
            peers: self.exposed_peers(pods, direction),
        };
        Exposure { ingress: side(Direction::Ingress), egress: side(Direction::Egress) }
    }

    /// Whether NetworkPolicies isolate every one of these pods in a direction;
    /// `None` when the input does not tell.
    pub fn isolated(&self, pods: &[PodId], direction: Direction) -> Option<bool> {
        let all = pods.iter().fold(Tri::Yes, |all, id| match self.state.endpoint(*id) {
            Some((shard, endpoint)) => all.and(shard.row(endpoint).perhaps_isolated(direction)),
            None => all,
        });
        match all {
            Tri::Yes => Some(true),
            Tri::Unknown => None,
            Tri::No => Some(false),
        }
    }

    /// Whether NetworkPolicies isolate some of these pods in a direction and
    /// certainly not others.
    pub fn partly_isolated(&self, pods: &[PodId], direction: Direction) -> bool {
        let is =
            |wanted: bool| pods.iter().any(|id| self.isolated(&[*id], direction) == Some(wanted));
        is(true) && is(false)
    }

    fn exposed_peers(&self, pods: &[PodId], direction: Direction) -> Vec<ExposedPeer> {
        let mut found: BTreeMap<PotentialPeer, Interval> = BTreeMap::new();
        let mut seen: Vec<(*const Row, *const crate::compiled::PortNames)> = Vec::new();
        for id in pods {
            let Some((shard, endpoint)) = self.state.endpoint(*id) else { continue };
            let row = shard.row(endpoint);
            let key = (Arc::as_ptr(row), Arc::as_ptr(&endpoint.ports));
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let memo = &self.state.lazy.exposed;
            let key = (key.0.addr(), key.1.addr(), direction);
            let known = memo.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            let exposed = known.unwrap_or_else(|| {
                let made = Arc::new(self.state.exposed(row, endpoint, direction));
                memo.lock().unwrap_or_else(PoisonError::into_inner).insert(key, made.clone());
                made
            });
            for (peer, interval) in exposed.iter() {
                let all = found.entry(peer.clone()).or_default();
                *all = all.union(interval);
            }
        }
        let mut peers: Vec<ExposedPeer> =
            found.into_iter().map(|(peer, interval)| ExposedPeer { peer, interval }).collect();
        for (addresses, union) in self.outside_of(pods, direction) {
            if !union.interval.is_empty() {
                let peer = PotentialPeer::Outside(addresses);
                peers.push(ExposedPeer { peer, interval: union.interval });
            }
        }
        peers
    }
}

impl Row {
    /// The same as [`Row::isolated`], where what is not evaluated may isolate.
    fn perhaps_isolated(&self, direction: Direction) -> Tri {
        let may = |opaque: &Opaque| {
            opaque.opacity == Opacity::Anything && opaque.directions.contains(&direction)
        };
        match self.isolated(direction) {
            Tri::No if self.opaque.iter().any(|o| may(&o.source)) => Tri::Unknown,
            known => known,
        }
    }
}

impl State {
    /// The pods that need not exist that a row admits, by the selectors of its
    /// rules. Peers that fare no better than any pod at all are left out.
    fn exposed(
        &self,
        row: &Row,
        endpoint: &Endpoint,
        direction: Direction,
    ) -> Vec<(PotentialPeer, Interval)> {
        if row.host {
            let any =
                PotentialPeer::Pods { namespaces: Selector::default(), pods: Selector::default() };
            return vec![(any, Interval::all())];
        }
        let asked = Asked { row, direction, own_ports: &endpoint.ports, dialect: &self.dialect };
        let mut found = Vec::new();
        let anyone = self.ask(&asked, &Imagined::anyone());
        let mut peers: Vec<&Arc<PodPeer>> = rules(row, direction)
            .filter(|rule| rule.action == Action::Accept)
            .flat_map(|rule| rule.peers.as_deref().unwrap_or_default())
            .filter_map(|peer| match peer {
                CompiledPeer::Pods(peer) => Some(peer),
                _ => None,
            })
            .collect();
        peers.sort_by_key(|peer| peer.id);
        peers.dedup_by_key(|peer| peer.id);
        for peer in peers {
            let interval = self.ask(&asked, &self.imagine(peer));
            if !interval.is_empty() && interval != anyone {
                let namespaces = match &peer.namespaces {
                    Namespaces::Own(ns) => {
                        Selector::match_labels([(METADATA_NAME, self.shard(*ns).name.clone())])
                    }
                    Namespaces::Selector(selector) => selector.source.clone(),
                };
                let pods = peer.pods.source.clone();
                found.push((PotentialPeer::Pods { namespaces, pods }, interval));
            }
        }
        if !anyone.is_empty() {
            let any =
                PotentialPeer::Pods { namespaces: Selector::default(), pods: Selector::default() };
            found.push((any, anyone));
        }
        found
    }

    /// What a side allows an imagined pod, over whichever family it has.
    fn ask(&self, asked: &Asked<'_>, imagined: &Imagined) -> Interval {
        let answers = self.families().map(|family| {
            let view = PeerView { who: Who::Imagined(imagined), family, addresses: &[] };
            asked.evaluate(&AllPorts, &view)
        });
        answers.reduce(|a, b| either(&AllPorts, &a, &b)).map(interval).unwrap_or_default()
    }

    fn imagine(&self, peer: &PodPeer) -> Imagined {
        let (ns, namespace_selector, namespace_labels) = match &peer.namespaces {
            Namespaces::Own(ns) => (Some(*ns), None, self.shard(*ns).labels.clone()),
            Namespaces::Selector(selector) => match self.only_namespace(selector) {
                Some(ns) => (Some(ns), Some(selector.id), self.shard(ns).labels.clone()),
                None => (None, Some(selector.id), Arc::new(CompiledLabels::required(selector))),
            },
        };
        Imagined {
            ns,
            namespace_selector,
            pod_selector: Some(peer.pods.id),
            namespace_labels,
            labels: Arc::new(CompiledLabels::required(&peer.pods)),
        }
    }

    /// The namespace that a selector names by its name, where it is known.
    fn only_namespace(&self, selector: &CompiledSelector) -> Option<NsId> {
        let named = selector.source.requirements.iter().find(|r| {
            &*r.key == METADATA_NAME && r.operator == Operator::In && r.values.len() == 1
        })?;
        self.by_name.get(named.values.first()?).copied()
    }
}

impl Imagined {
    /// A pod of which nothing at all is known.
    fn anyone() -> Imagined {
        Imagined {
            ns: None,
            namespace_selector: None,
            pod_selector: None,
            namespace_labels: Arc::new(CompiledLabels::unknown()),
            labels: Arc::new(CompiledLabels::unknown()),
        }
    }
}
