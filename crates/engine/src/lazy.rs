//! What is computed from a snapshot when it is first asked for, and then kept
//! with it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};

use fallgate_model::{Direction, Str};
use rustc_hash::FxHashMap;

use crate::connections::Interval;
use crate::exposure::PotentialPeer;
use crate::matrix::Matrix;
use crate::snapshot::node_of;
use crate::state::{PodId, State};

#[derive(Debug, Default)]
pub(crate) struct Lazy {
    addresses: OnceLock<FxHashMap<IpAddr, Vec<PodId>>>,
    hosts: OnceLock<Hosts>,
    matrix: OnceLock<Arc<Matrix>>,
    /// By row, named ports and direction: whom the side admits. Pods of one
    /// workload, and often of one namespace, share it.
    pub(crate) exposed: Mutex<FxHashMap<(usize, usize, Direction), Arc<Exposed>>>,
}

/// Peers that need not exist, and what they are admitted for.
type Exposed = Vec<(PotentialPeer, Interval)>;

/// Nodes by address, from Node objects and from the status of pods.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    pub(crate) by_address: BTreeMap<IpAddr, Str>,
    pub(crate) addresses: BTreeMap<Str, Vec<IpAddr>>,
    /// Under which addresses others see a hostNetwork pod: all of its node's.
    pub(crate) of_pod: FxHashMap<PodId, Vec<IpAddr>>,
}

impl State {
    /// The pods with this address, without hostNetwork pods.
    pub(crate) fn pods_at(&self, address: IpAddr) -> &[PodId] {
        let table = self.lazy.addresses.get_or_init(|| {
            let mut table: FxHashMap<IpAddr, Vec<PodId>> = FxHashMap::default();
            for (ns, shard) in self.shards.iter() {
                for (slot, endpoint) in shard.live().filter(|(_, e)| !e.pod.host_network) {
                    for address in &endpoint.pod.addresses {
                        table.entry(*address).or_default().push(PodId { ns, slot });
                    }
                }
            }
            table
        });
        table.get(&address).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        self.lazy.hosts.get_or_init(|| {
            let mut hosts = Hosts::default();
            let mut add = |node: &Str, address: IpAddr| {
                hosts.by_address.insert(address, node.clone());
                let addresses = hosts.addresses.entry(node.clone()).or_default();
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            };
            for node in self.nodes.values() {
                for address in &node.source.addresses {
                    add(&node.source.name, *address);
                }
            }
            for (_, shard) in self.shards.iter() {
                for (_, endpoint) in shard.live() {
                    let Some(node) = &endpoint.pod.node else { continue };
                    for address in &endpoint.pod.host_addresses {
                        add(node, *address);
                    }
                }
            }
            for (ns, shard) in self.shards.iter() {
                for (slot, endpoint) in shard.live().filter(|(_, e)| e.pod.host_network) {
                    let pod = &endpoint.pod;
                    let of_node = node_of(pod).and_then(|node| hosts.addresses.get(node));
                    let mut all: Vec<IpAddr> = pod.addresses.clone();
                    all.extend(&pod.host_addresses);
                    all.extend(of_node.into_iter().flatten());
                    hosts.of_pod.insert(PodId { ns, slot }, all);
                }
            }
            hosts
        })
    }

    pub(crate) fn matrix(&self) -> &Arc<Matrix> {
        self.lazy.matrix.get_or_init(|| Arc::new(Matrix::build(self)))
    }
}
