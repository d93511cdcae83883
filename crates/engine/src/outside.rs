//! What a row allows to and from outside addresses: each row cuts the address
//! space at the blocks that it names, and nowhere else.

use std::net::IpAddr;

use fallgate_model::{Direction, Family};
use rustc_hash::FxHashMap;

use crate::address::Addresses;
use crate::columns::{Cell, Columns, Sets, Universe, Wanted};
use crate::compiled::{Block, CompiledPeer, CompiledRule, PortNames};
use crate::connections::Interval;
use crate::side::{Asked, PeerView, Who};
use crate::snapshot::{Snapshot, Union};
use crate::state::{PodId, Row, State};
use crate::tri::Tri;

/// The parts of one family's address space that a row may treat differently.
struct Parts {
    family: Family,
    /// The first address of each part, as numbers, sorted; the first is 0.
    starts: Vec<u128>,
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => a.into(),
    }
}

impl Parts {
    fn of(row: &Row, direction: Direction, family: Family) -> Parts {
        let last = match family {
            Family::V4 => u128::from(u32::MAX),
            Family::V6 => u128::MAX,
        };
        let mut starts = vec![0];
        let mut cut = |net: &ipnet::IpNet| {
            starts.push(number(net.network()));
            let end = number(net.broadcast());
            if end < last {
                starts.push(end + 1);
            }
        };
        for rule in rules(row, direction) {
            for peer in rule.peers.as_deref().unwrap_or_default() {
                if let CompiledPeer::Block(block) | CompiledPeer::Network(block) = peer
                    && Family::of(block.source.cidr.addr()) == family
                {
                    cut(&block.source.cidr);
                    block.source.except.iter().for_each(&mut cut);
                }
            }
        }
        starts.sort_unstable();
        starts.dedup();
        Parts { family, starts }
    }

    fn range(&self, part: usize) -> (IpAddr, IpAddr) {
        let start = self.starts[part];
        let end = self.starts.get(part + 1).map(|next| next - 1);
        match self.family {
            Family::V4 => {
                let v4 = |n: u128| std::net::Ipv4Addr::from(u32::try_from(n).unwrap_or(u32::MAX));
                (v4(start).into(), end.map_or(std::net::Ipv4Addr::BROADCAST, v4).into())
            }
            Family::V6 => {
                let v6 = std::net::Ipv6Addr::from;
                (v6(start).into(), v6(end.unwrap_or(u128::MAX)).into())
            }
        }
    }

    fn index(&self, at: u128) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }
}

pub(crate) fn rules(row: &Row, direction: Direction) -> impl Iterator<Item = &CompiledRule> {
    let networks = row.policies(direction).iter();
    let networks = networks.flat_map(move |(p, _)| p.rules(direction).unwrap_or_default());
    let cluster = row.admin.iter().chain(&row.baseline);
    networks.chain(cluster.flat_map(move |(p, _)| p.rules(direction)))
}

impl Universe for Parts {
    fn size(&self) -> usize {
        self.starts.len()
    }
    fn kinds(&self, _: bool) -> usize {
        1
    }
    fn kind(&self, _: u32, _: bool) -> u32 {
        0
    }
    fn kind_ports(&self, _: u32) -> Option<&PortNames> {
        None
    }
    fn ports(&self, _: u32) -> Option<&PortNames> {
        None
    }
    fn matches_kind(&self, peer: &CompiledPeer, _: u32, _: bool) -> Tri {
        match peer {
            CompiledPeer::DomainNames => Tri::Unknown,
            CompiledPeer::Block(block) | CompiledPeer::Network(block) => {
                (self.has(block) && block.is_whole_family()).into()
            }
            CompiledPeer::Pods(_) | CompiledPeer::Nodes(_) => Tri::No,
        }
    }
    fn members(&self, peer: &CompiledPeer, each: &mut dyn FnMut(u32, Tri)) {
        let (CompiledPeer::Block(block) | CompiledPeer::Network(block)) = peer else { return };
        if !self.has(block) || block.is_whole_family() {
            return;
        }
        let cidr = &block.source.cidr;
        let range = |net: &ipnet::IpNet| {
            self.index(number(net.network()))..=self.index(number(net.broadcast()))
        };
        let except: Vec<_> = block.source.except.iter().map(range).collect();
        for part in range(cidr) {
            if !except.iter().any(|e| e.contains(&part)) {
                each(u32::try_from(part).unwrap_or(u32::MAX), Tri::Yes);
            }
        }
    }
}

impl Parts {
    fn has(&self, block: &Block) -> bool {
        Family::of(block.source.cidr.addr()) == self.family
    }
}

impl State {
    /// What a row may exchange with the outside: the families in use in parts,
    /// those with the same answer united.
    pub(crate) fn row_outside(
        &self,
        sets: &Sets,
        wanted: Wanted<'_>,
    ) -> Vec<(Addresses, Interval)> {
        if wanted.row.host {
            let all = self.families().fold(Addresses::none(), |a, f| a.union(&Addresses::all(f)));
            return vec![(all, Interval::all())];
        }
        let Wanted { row, direction, own_ports } = wanted;
        let asked = Asked { row, direction, own_ports, dialect: &self.dialect };
        let mut places: FxHashMap<Cell, usize> = FxHashMap::default();
        let mut found: Vec<(Cell, Addresses)> = Vec::new();
        for family in self.families() {
            let parts = Parts::of(wanted.row, wanted.direction, family);
            let cells = if parts.size() == 1 {
                // Nothing cuts the family: any address answers for all.
                let addresses = &[parts.range(0).0];
                let view = PeerView { who: Who::Outside, family, addresses };
                vec![asked.evaluate(sets, &view)]
            } else {
                let column = Columns::new(sets, &parts).column(wanted);
                let part =
                    |part| column.get(u32::try_from(part).unwrap_or(u32::MAX), &parts).clone();
                (0..parts.size()).map(part).collect()
            };
            for (part, cell) in cells.iter().enumerate() {
                let at = *places.entry(cell.clone()).or_insert_with(|| {
                    found.push((cell.clone(), Addresses::none()));
                    found.len() - 1
                });
                let (first, last) = parts.range(part);
                found[at].1.push(first, last);
            }
        }
        let interval = |cell: Cell| Interval {
            certain: sets.get(cell.certain),
            possible: sets.get(cell.possible),
        };
        let mut out: Vec<(Addresses, Interval)> =
            found.into_iter().map(|(cell, addresses)| (addresses, interval(cell))).collect();
        out.sort();
        out
    }
}

impl Snapshot {
    /// What a pod may exchange with the outside in a direction: the families in
    /// use, cut into the parts that are treated differently. Parts where
    /// nothing is possible are among them.
    pub fn outside(&self, pod: PodId, direction: Direction) -> Vec<(Addresses, Interval)> {
        let Some((shard, endpoint)) = self.state.endpoint(pod) else { return Vec::new() };
        let row = shard.row(endpoint);
        let wanted = Wanted { row, direction, own_ports: &endpoint.ports };
        self.state.row_outside(&Sets::new(), wanted)
    }

    /// The same for the union of several pods.
    pub fn outside_of(&self, pods: &[PodId], direction: Direction) -> Vec<(Addresses, Union)> {
        let parts: Vec<_> = pods.iter().map(|pod| self.outside(*pod, direction)).collect();
        unite(parts.iter().map(Vec::as_slice))
    }
}

/// Unites partitions of the same addresses.
pub(crate) fn unite<'a>(
    partitions: impl IntoIterator<Item = &'a [(Addresses, Interval)]>,
) -> Vec<(Addresses, Union)> {
    let mut seen: Vec<&[(Addresses, Interval)]> = Vec::new();
    let mut all: Vec<(Addresses, Union)> = Vec::new();
    for partition in partitions {
        if seen.contains(&partition) {
            continue;
        }
        if seen.is_empty() {
            all = partition
                .iter()
                .map(|(a, i)| (a.clone(), Union { interval: i.clone(), partial: false }))
                .collect();
        } else {
            let mut next: Vec<(Addresses, Union)> = Vec::new();
            for (a, union) in &all {
                for (b, interval) in partition {
                    let common = a.intersection(b);
                    if common.is_empty() {
                        continue;
                    }
                    let mut union = Some(union.clone());
                    Union::add(&mut union, interval.clone());
                    let Some(union) = union else { continue };
                    match next.iter_mut().find(|(_, known)| *known == union) {
                        Some((known, _)) => *known = known.union(&common),
                        None => next.push((common, union)),
                    }
                }
            }
            all = next;
        }
        seen.push(partition);
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}
