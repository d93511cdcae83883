//! The whole cluster at once: endpoints in classes that nothing tells apart,
//! and what each class may send to each other one.
//!
//! Built when a whole map is asked for. Its cost follows what the policies name
//! and what is allowed, never the square of the number of pods.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use fallgate_model::{Direction, Family, Str};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::columns::{Cell, Column, Columns, EMPTY, Sets, Universe, Wanted};
use crate::compiled::{Block, CompiledPeer, Namespaces, PodPeer, PortNames};
use crate::intern::Sym;
use crate::outside::rules;
use crate::side::{intersection, unaddressed_in_block, union};
use crate::snapshot::{End, Snapshot, node_of};
use crate::state::{NsId, PodId, Row, State};
use crate::tri::Tri;

/// A class of endpoints of one namespace.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) pods: Vec<PodId>,
    row: Arc<Row>,
    ports: Arc<PortNames>,
    host: bool,
    /// By family: whether the pods have it, and whether its address is known.
    families: [bool; 2],
    addressed: [bool; 2],
    /// Kept only where some endpoint is a host: whose node matters.
    node: Option<Str>,
}

#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) classes: Vec<Class>,
    members: Members,
    passes: Vec<Pass>,
    /// Classes of hosts, and of pods by their node, where there are hosts.
    hosts: Vec<u32>,
    sets: Mutex<Sets>,
}

/// Which classes the peers match.
#[derive(Debug, Default)]
struct Members {
    /// By peer id: classes matched by a `Pods` peer, or in a block.
    by_peer: FxHashMap<u32, Vec<(u32, Tri)>>,
    /// Distinct named ports, and the place of each class's among them.
    ports: Vec<Arc<PortNames>>,
    ports_of: Vec<u32>,
}

/// The matrix over one family.
#[derive(Debug)]
struct Pass {
    family: Family,
    /// By class, the place of its column.
    egress_of: Vec<u32>,
    ingress_of: Vec<u32>,
    columns: Vec<Column>,
    /// By source class: the destinations whose ingress treats it differently
    /// from its kind, by ingress column.
    ingress_exceptions: Vec<Vec<(u32, Cell)>>,
    /// By ingress column: the classes that have it.
    classes_by_ingress: FxHashMap<u32, Vec<u32>>,
    /// Destinations with the same ingress defaults and the same kind.
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    /// The ingress defaults, by the kind of the source.
    ingress: Vec<Cell>,
    /// The kinds of its classes as destinations, without and with named ports.
    kinds: [u32; 2],
    classes: Vec<u32>,
}

/// What one class may send to another, over one family or several.
pub(crate) struct Found {
    pub(crate) to: u32,
    pub(crate) cell: Cell,
    pub(crate) partial: bool,
}

/// The classes as one family's columns run over them.
struct ClassUniverse<'a> {
    state: &'a State,
    matrix: &'a Matrix,
    family: Family,
}

const BASE_KINDS: u32 = 4;

impl ClassUniverse<'_> {
    /// A host or not, with a known address or not.
    fn base(&self, element: u32) -> u32 {
        let class = &self.matrix.classes[element as usize];
        u32::from(class.host) * 2 + u32::from(class.addressed[self.family as usize])
    }
}

impl Universe for ClassUniverse<'_> {
    fn size(&self) -> usize {
        self.matrix.classes.len()
    }

    fn kinds(&self, names: bool) -> usize {
        BASE_KINDS as usize * if names { self.matrix.members.ports.len().max(1) } else { 1 }
    }

    fn kind(&self, element: u32, names: bool) -> u32 {
        let base = self.base(element);
        if names {
            base + BASE_KINDS * self.matrix.members.ports_of[element as usize]
        } else {
            base
        }
    }

    fn kind_ports(&self, kind: u32) -> Option<&PortNames> {
        if kind % BASE_KINDS >= 2 {
            return None;
        }
        self.matrix.members.ports.get((kind / BASE_KINDS) as usize).map(|p| &**p)
    }

    fn ports(&self, element: u32) -> Option<&PortNames> {
        let class = &self.matrix.classes[element as usize];
        (!class.host).then_some(&*class.ports)
    }

    fn matches_kind(&self, peer: &CompiledPeer, kind: u32, _: bool) -> Tri {
        let (host, addressed) = (kind % BASE_KINDS >= 2, kind % 2 == 1);
        let block = match peer {
            CompiledPeer::Pods(_) | CompiledPeer::Nodes(_) | CompiledPeer::DomainNames => {
                return Tri::No;
            }
            CompiledPeer::Block(_) if !self.blocks_match(host) => return Tri::No,
            CompiledPeer::Block(block) | CompiledPeer::Network(block) => block,
        };
        if Family::of(block.source.cidr.addr()) != self.family {
            Tri::No
        } else if addressed {
            block.is_whole_family().into()
        } else {
            unaddressed_in_block(block, !host, &self.state.dialect)
        }
    }

    fn members(&self, peer: &CompiledPeer, each: &mut dyn FnMut(u32, Tri)) {
        let classes = &self.matrix.classes;
        let list = |id: u32| self.matrix.members.by_peer.get(&id).map_or(&[][..], Vec::as_slice);
        match peer {
            CompiledPeer::Pods(peer) => list(peer.id).iter().for_each(|&(c, t)| each(c, t)),
            CompiledPeer::Block(block) | CompiledPeer::Network(block) => {
                let ours = Family::of(block.source.cidr.addr()) == self.family;
                let always = matches!(peer, CompiledPeer::Network(_));
                if ours {
                    for &(class, matches) in list(block.id) {
                        if always || self.blocks_match(classes[class as usize].host) {
                            each(class, matches);
                        }
                    }
                }
            }
            CompiledPeer::Nodes(selector) => {
                for &class in &self.matrix.hosts {
                    let node = classes[class as usize].node.as_ref();
                    let matches = match node.and_then(|node| self.state.nodes.get(node)) {
                        Some(node) => selector.matches(&node.labels),
                        None => Tri::Unknown,
                    };
                    if matches != Tri::No {
                        each(class, matches);
                    }
                }
            }
            CompiledPeer::DomainNames => {}
        }
    }
}

impl ClassUniverse<'_> {
    fn blocks_match(&self, host: bool) -> bool {
        let dialect = &self.state.dialect;
        if host { dialect.ipblock_matches_nodes } else { dialect.ipblock_matches_pods }
    }
}

/// Everything that tells endpoints of one namespace apart.
#[derive(PartialEq, Eq, Hash)]
struct ClassKey {
    row: u32,
    ports: usize,
    host: bool,
    families: [bool; 2],
    addressed: [bool; 2],
    node: Option<Str>,
    peers: Vec<(u32, Tri)>,
}

impl Matrix {
    pub(crate) fn build(state: &State) -> Matrix {
        let mut matrix = classify(state);
        let sets = Sets::new();
        for family in state.families() {
            let pass = Pass::build(state, &matrix, &sets, family);
            matrix.passes.push(pass);
        }
        matrix.sets = Mutex::new(sets);
        matrix
    }

    pub(crate) fn sets(&self) -> std::sync::MutexGuard<'_, Sets> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every class that a class may send something to, in no particular order.
    /// A class among its own destinations means another pod just like it.
    pub(crate) fn from(
        &self,
        state: &State,
        sets: &Sets,
        from: u32,
        scratch: &mut Scratch,
    ) -> Vec<Found> {
        let columns = self.passes.iter().map(|pass| pass.columns.len()).max().unwrap_or(0);
        scratch.prepare(self.classes.len(), columns);
        let mut found: Vec<Found> = Vec::new();
        let source = &self.classes[from as usize];
        for pass in &self.passes {
            if !source.families[pass.family as usize] {
                continue;
            }
            pass.from(state, self, sets, from, scratch, &mut |to, cell| {
                found.push(Found { to, cell, partial: false });
            });
        }
        if self.passes.len() > 1 {
            self.unite_families(sets, from, &mut found);
        }
        if !self.hosts.is_empty() {
            self.override_local(state, sets, from, &mut found);
        }
        found
    }

    fn unite_families(&self, sets: &Sets, from: u32, found: &mut Vec<Found>) {
        found.sort_by_key(|f| f.to);
        let source = self.classes[from as usize].families;
        let mut out: Vec<Found> = Vec::with_capacity(found.len());
        for next in found.drain(..) {
            match out.last_mut() {
                Some(last) if last.to == next.to => {
                    last.partial = last.cell != next.cell;
                    last.cell = union(sets, &last.cell, &next.cell);
                }
                _ => {
                    // Until the other family is seen, it allows nothing.
                    let common = self.classes[next.to as usize].families;
                    let both = common == [true; 2] && source == [true; 2];
                    out.push(Found { partial: both, ..next });
                }
            }
        }
        *found = out;
    }

    /// Pairs of a host and a pod that are, or may be, on one node.
    fn override_local(&self, state: &State, sets: &Sets, from: u32, found: &mut Vec<Found>) {
        let source = &self.classes[from as usize];
        let others: Vec<u32> = if source.host {
            (0..u32::try_from(self.classes.len()).unwrap_or(u32::MAX))
                .filter(|c| !self.classes[*c as usize].host)
                .collect()
        } else {
            self.hosts.clone()
        };
        let local = |to: &u32| match (&source.node, &self.classes[*to as usize].node) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let others: FxHashSet<u32> = others.into_iter().filter(local).collect();
        found.retain(|f| !others.contains(&f.to));
        let mut others: Vec<u32> = others.into_iter().collect();
        others.sort_unstable();
        let snapshot = Snapshot::new(state.clone());
        for to in others {
            let ends = (self.representative(from), self.representative(to));
            let (Some(a), Some(b)) = ends else { continue };
            let answer = snapshot.connections(&End::Pod(a), &End::Pod(b));
            let cell = Cell {
                certain: sets.id(answer.interval.certain),
                possible: sets.id(answer.interval.possible),
            };
            if cell != EMPTY {
                found.push(Found { to, cell, partial: answer.partial });
            }
        }
    }

    fn representative(&self, class: u32) -> Option<PodId> {
        self.classes[class as usize].pods.first().copied()
    }
}

/// Marks on classes and ingress columns for one source, reused by the next.
#[derive(Default)]
pub(crate) struct Scratch {
    stamp: u32,
    classes: Vec<u32>,
    columns: Vec<(u32, Cell)>,
}

impl Scratch {
    fn prepare(&mut self, classes: usize, columns: usize) {
        self.classes.resize(classes, 0);
        if self.columns.len() < columns {
            self.columns.resize(columns, (0, EMPTY));
        }
    }

    /// Takes all marks away.
    fn next(&mut self) {
        self.stamp += 1;
    }

    fn mark(&mut self, class: u32) {
        self.classes[class as usize] = self.stamp;
    }

    fn is_marked(&self, class: u32) -> bool {
        self.classes[class as usize] == self.stamp
    }

    fn set_column(&mut self, column: u32, cell: &Cell) {
        self.columns[column as usize] = (self.stamp, cell.clone());
    }

    fn column(&self, column: u32) -> Option<&Cell> {
        let (stamp, cell) = &self.columns[column as usize];
        (*stamp == self.stamp).then_some(cell)
    }
}

impl Pass {
    fn build(state: &State, matrix: &Matrix, sets: &Sets, family: Family) -> Pass {
        let universe = ClassUniverse { state, matrix, family };
        let columns = Columns::new(sets, &universe);
        let mut pass = Pass {
            family,
            egress_of: Vec::new(),
            ingress_of: Vec::new(),
            columns: Vec::new(),
            ingress_exceptions: vec![Vec::new(); matrix.classes.len()],
            classes_by_ingress: FxHashMap::default(),
            groups: Vec::new(),
        };
        let mut known: FxHashMap<(usize, usize, Direction), u32> = FxHashMap::default();
        // Sides without policies all have the same column: everything.
        let mut open: FxHashMap<Direction, u32> = FxHashMap::default();
        for (at, class) in (0..).zip(&matrix.classes) {
            for direction in Direction::ALL {
                let row = &*class.row;
                let is_open = row.policies(direction).is_empty()
                    && row.admin.is_empty()
                    && row.baseline.is_empty()
                    && row.opacity(direction).is_none();
                let named = direction == Direction::Ingress
                    && rules(row, direction).any(|rule| !rule.ports.named.is_empty());
                let ports = if named { Arc::as_ptr(&class.ports).addr() } else { 0 };
                let key = (std::ptr::from_ref(row).addr(), ports, direction);
                let make = || {
                    let wanted = Wanted { row, direction, own_ports: &class.ports };
                    pass.columns.push(columns.column(wanted));
                    u32::try_from(pass.columns.len() - 1).unwrap_or(u32::MAX)
                };
                let column = if is_open {
                    *open.entry(direction).or_insert_with(make)
                } else {
                    *known.entry(key).or_insert_with(make)
                };
                match direction {
                    Direction::Egress => pass.egress_of.push(column),
                    Direction::Ingress => {
                        pass.ingress_of.push(column);
                        pass.classes_by_ingress.entry(column).or_default().push(at);
                    }
                }
            }
        }
        let mut ingress_columns: Vec<u32> = pass.classes_by_ingress.keys().copied().collect();
        ingress_columns.sort_unstable();
        for column in ingress_columns {
            for (source, cell) in &pass.columns[column as usize].exceptions {
                pass.ingress_exceptions[*source as usize].push((column, cell.clone()));
            }
        }
        let mut groups: FxHashMap<(Vec<Cell>, [u32; 2]), u32> = FxHashMap::default();
        for (at, column) in (0..).zip(&pass.ingress_of) {
            let class = &matrix.classes[at as usize];
            if !class.families[family as usize] {
                continue;
            }
            let defaults = &pass.columns[*column as usize].defaults;
            let kinds = [universe.kind(at, false), universe.kind(at, true)];
            let next = u32::try_from(pass.groups.len()).unwrap_or(u32::MAX);
            let group = *groups.entry((defaults.clone(), kinds)).or_insert(next);
            if group == next {
                let ingress = defaults.clone();
                pass.groups.push(Group { ingress, kinds, classes: Vec::new() });
            }
            pass.groups[group as usize].classes.push(at);
        }
        pass
    }

    fn from(
        &self,
        state: &State,
        matrix: &Matrix,
        sets: &Sets,
        from: u32,
        scratch: &mut Scratch,
        each: &mut dyn FnMut(u32, Cell),
    ) {
        let universe = ClassUniverse { state, matrix, family: self.family };
        let has_family = |class: u32| matrix.classes[class as usize].families[self.family as usize];
        let egress = &self.columns[self.egress_of[from as usize] as usize];
        let ingress_kind = universe.kind(from, false) as usize;
        let mut emit = |to: u32, egress: &Cell, ingress: &Cell| {
            let cell = intersection(sets, egress, ingress);
            if cell != EMPTY {
                each(to, cell);
            }
        };
        // Which ingress columns make an exception of the source, and what it is.
        scratch.next();
        for (column, cell) in &self.ingress_exceptions[from as usize] {
            scratch.set_column(*column, cell);
        }
        for (to, cell) in &egress.exceptions {
            if has_family(*to) {
                scratch.mark(*to);
                let column = self.ingress_of[*to as usize];
                let ingress = match scratch.column(column) {
                    Some(cell) => cell,
                    None => &self.columns[column as usize].defaults[ingress_kind],
                };
                emit(*to, cell, ingress);
            }
        }
        if egress.defaults.iter().all(|cell| *cell == EMPTY) {
            return;
        }
        let mut by_kind: Vec<Cell> = Vec::with_capacity(egress.defaults.len());
        for (column, ingress) in &self.ingress_exceptions[from as usize] {
            by_kind.clear();
            by_kind.extend(egress.defaults.iter().map(|e| intersection(sets, e, ingress)));
            if by_kind.iter().all(|cell| *cell == EMPTY) {
                continue;
            }
            for &to in self.classes_by_ingress.get(column).map_or(&[][..], Vec::as_slice) {
                let cell = &by_kind[universe.kind(to, egress.names) as usize];
                if *cell != EMPTY && has_family(to) && !scratch.is_marked(to) {
                    each(to, cell.clone());
                }
            }
        }
        for group in &self.groups {
            let egress = &egress.defaults[group.kinds[usize::from(egress.names)] as usize];
            let cell = intersection(sets, egress, &group.ingress[ingress_kind]);
            if cell != EMPTY {
                for &to in &group.classes {
                    let column = self.ingress_of[to as usize];
                    if !scratch.is_marked(to) && scratch.column(column).is_none() {
                        each(to, cell.clone());
                    }
                }
            }
        }
    }
}

/// Puts the endpoints into classes.
fn classify(state: &State) -> Matrix {
    let peers = peers_in_use(state);
    let mut ids: Vec<PodId> = Vec::new();
    let mut first_of: Vec<usize> = Vec::with_capacity(state.shards.len());
    for (ns, shard) in state.shards.iter() {
        first_of.push(ids.len());
        ids.extend(shard.live().map(|(slot, _)| PodId { ns, slot }));
    }
    let mut matched: Vec<Vec<(u32, Tri)>> = vec![Vec::new(); ids.len()];
    mark_pods(state, &peers.pods, &first_of, &mut matched);
    mark_blocks(state, &peers.blocks, &ids, &mut matched);

    let mut has_hosts = false;
    for (_, shard) in state.shards.iter() {
        has_hosts |= shard.live().any(|(_, e)| e.pod.host_network);
    }
    let mut matrix = Matrix {
        classes: Vec::new(),
        members: Members::default(),
        passes: Vec::new(),
        hosts: Vec::new(),
        sets: Mutex::new(Sets::new()),
    };
    let mut ports_ids: FxHashMap<usize, u32> = FxHashMap::default();
    let mut keys: FxHashMap<ClassKey, u32> = FxHashMap::default();
    let mut shard_of_keys = NsId::NONE;
    for (id, mut peers) in ids.into_iter().zip(matched) {
        let Some((shard, endpoint)) = state.endpoint(id) else { continue };
        if id.ns != shard_of_keys {
            keys.clear();
            shard_of_keys = id.ns;
        }
        peers.sort_unstable();
        let pod = &endpoint.pod;
        let addresses = state.addresses_of(id, pod);
        let known = Family::ALL.map(|f| addresses.iter().any(|a| Family::of(*a) == f));
        let families = if addresses.is_empty() { state.families } else { known };
        let key = ClassKey {
            row: endpoint.row,
            ports: Arc::as_ptr(&endpoint.ports).addr(),
            host: pod.host_network,
            families,
            addressed: known,
            node: if has_hosts { node_of(pod).cloned() } else { None },
            peers,
        };
        let next = u32::try_from(matrix.classes.len()).unwrap_or(u32::MAX);
        if let Some(&class) = keys.get(&key) {
            matrix.classes[class as usize].pods.push(id);
            continue;
        }
        for (peer, matches) in &key.peers {
            matrix.members.by_peer.entry(*peer).or_default().push((next, *matches));
        }
        let count = u32::try_from(matrix.members.ports.len()).unwrap_or(u32::MAX);
        let ports = *ports_ids.entry(key.ports).or_insert_with(|| {
            matrix.members.ports.push(endpoint.ports.clone());
            count
        });
        matrix.members.ports_of.push(ports);
        if key.host {
            matrix.hosts.push(next);
        }
        matrix.classes.push(Class {
            pods: vec![id],
            row: shard.row(endpoint).clone(),
            ports: endpoint.ports.clone(),
            host: key.host,
            families,
            addressed: known,
            node: key.node.clone(),
        });
        keys.insert(key, next);
    }
    matrix
}

struct PeersInUse<'a> {
    pods: Vec<&'a PodPeer>,
    blocks: Vec<&'a Block>,
}

/// The distinct peers of the rows that some pod has.
fn peers_in_use(state: &State) -> PeersInUse<'_> {
    let mut seen: FxHashSet<u32> = FxHashSet::default();
    let mut seen_rules: FxHashSet<usize> = FxHashSet::default();
    let mut found = PeersInUse { pods: Vec::new(), blocks: Vec::new() };
    for (_, shard) in state.shards.iter() {
        for row in &shard.rows {
            for direction in Direction::ALL {
                for rule in rules(row, direction) {
                    if !seen_rules.insert(std::ptr::from_ref(rule).addr()) {
                        continue;
                    }
                    for peer in rule.peers.as_deref().unwrap_or_default() {
                        match peer {
                            CompiledPeer::Pods(peer) if seen.insert(peer.id) => {
                                found.pods.push(peer);
                            }
                            CompiledPeer::Block(block) | CompiledPeer::Network(block)
                                if seen.insert(block.id) =>
                            {
                                found.blocks.push(block);
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
    }
    found
}

/// Notes which pods each `Pods` peer matches.
fn mark_pods(
    state: &State,
    peers: &[&PodPeer],
    first_of: &[usize],
    matched: &mut [Vec<(u32, Tri)>],
) {
    let namespaces = NamespaceIndex::new(state);
    let mut by_selector: FxHashMap<u32, Vec<(NsId, Tri)>> = FxHashMap::default();
    for peer in peers {
        let own;
        let spaces: &[(NsId, Tri)] = match &peer.namespaces {
            Namespaces::Own(ns) => {
                own = [(*ns, Tri::Yes)];
                &own
            }
            Namespaces::Selector(selector) => by_selector
                .entry(selector.id)
                .or_insert_with(|| namespaces.matching(state, selector)),
        };
        for &(ns, in_namespace) in spaces {
            let Some(shard) = state.shards.get(ns) else { continue };
            let first = first_of[ns.0 as usize];
            for (at, (_, endpoint)) in shard.live().enumerate() {
                if endpoint.pod.host_network {
                    continue;
                }
                let matches = in_namespace.and(peer.pods.matches(&endpoint.labels));
                if matches != Tri::No {
                    matched[first + at].push((peer.id, matches));
                }
            }
        }
    }
}

/// Namespaces by label, so that a selector looks only at those it can match.
struct NamespaceIndex {
    by_label: FxHashMap<(Sym, Sym), Vec<NsId>>,
    /// Namespaces whose labels are not all known: candidates of every selector.
    vague: Vec<NsId>,
    all: Vec<NsId>,
}

impl NamespaceIndex {
    fn new(state: &State) -> NamespaceIndex {
        let mut index =
            NamespaceIndex { by_label: FxHashMap::default(), vague: Vec::new(), all: Vec::new() };
        for (ns, shard) in state.shards.iter() {
            index.all.push(ns);
            if !shard.labels.is_exact() {
                index.vague.push(ns);
            }
            for pair in &shard.labels.known {
                index.by_label.entry(*pair).or_default().push(ns);
            }
        }
        index
    }

    fn matching(
        &self,
        state: &State,
        selector: &crate::intern::CompiledSelector,
    ) -> Vec<(NsId, Tri)> {
        let mut candidates: Vec<NsId> =
            match selector.narrowest(|pair| self.by_label.get(&pair).map_or(0, Vec::len)) {
                None => self.all.clone(),
                Some((key, values)) => {
                    let mut found = self.vague.clone();
                    for value in values {
                        found.extend(self.by_label.get(&(key, *value)).into_iter().flatten());
                    }
                    found.sort_unstable();
                    found.dedup();
                    found
                }
            };
        candidates.sort_unstable();
        candidates
            .into_iter()
            .map(|ns| (ns, selector.matches(&state.shard(ns).labels)))
            .filter(|(_, matches)| *matches != Tri::No)
            .collect()
    }
}

/// Notes which known addresses lie in each block.
fn mark_blocks(state: &State, blocks: &[&Block], ids: &[PodId], matched: &mut [Vec<(u32, Tri)>]) {
    if blocks.iter().all(|block| block.is_whole_family()) {
        return;
    }
    let mut addresses: Vec<(IpAddr, usize)> = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        if let Some((_, endpoint)) = state.endpoint(*id) {
            let known = state.addresses_of(*id, &endpoint.pod);
            addresses.extend(known.iter().map(|address| (*address, at)));
        }
    }
    addresses.sort_unstable();
    // A node may have several addresses of one family.
    addresses.dedup();
    let mut counts = vec![[0_u32; 2]; ids.len()];
    for (address, at) in &addresses {
        counts[*at][Family::of(*address) as usize] += 1;
    }
    for block in blocks.iter().filter(|block| !block.is_whole_family()) {
        let (first, last) = (block.source.cidr.network(), block.source.cidr.broadcast());
        let family = Family::of(first) as usize;
        let start = addresses.partition_point(|(address, _)| *address < first);
        let mut some: FxHashMap<usize, u32> = FxHashMap::default();
        for (address, at) in &addresses[start..] {
            if *address > last {
                break;
            }
            if block.contains(*address) {
                if counts[*at][family] == 1 {
                    matched[*at].push((block.id, Tri::Yes));
                } else {
                    *some.entry(*at).or_default() += 1;
                }
            }
        }
        let mut some: Vec<(usize, u32)> = some.into_iter().collect();
        some.sort_unstable();
        for (at, inside) in some {
            let all = inside == counts[at][family];
            matched[at].push((block.id, if all { Tri::Yes } else { Tri::Unknown }));
        }
    }
}
