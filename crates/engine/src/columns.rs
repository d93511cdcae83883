//! One side of many connections at once: what a row allows towards every
//! element of a universe (classes of endpoints, or parts of the outside).
//!
//! A column is a default for each kind of element and the elements that differ
//! from it, so its cost follows what the rules name and not how much there is.
//! It is the fold of [`crate::side`], run over all elements together.

use std::cell::RefCell;

use fallgate_model::{Action, Direction, Opacity, Tier};
use rustc_hash::FxHashMap;

use crate::compiled::{CompiledPeer, CompiledRule, PortNames, PortSpec};
use crate::connections::Connections;
use crate::side::{self, Bounds, Space, either, overlay, union};
use crate::state::Row;
use crate::tri::Tri;

/// A hash-consed connection set: equal sets have equal numbers.
pub(crate) type SetId = u32;

pub(crate) type Cell = Bounds<SetId>;

const NONE: SetId = 0;
const ALL: SetId = 1;

pub(crate) const EMPTY: Cell = Bounds { certain: NONE, possible: NONE };
pub(crate) const FULL: Cell = Bounds { certain: ALL, possible: ALL };

/// The sets of one computation, with what was computed about them.
#[derive(Debug)]
pub(crate) struct Sets(RefCell<Tables>);

#[derive(Debug)]
struct Tables {
    list: Vec<Connections>,
    ids: FxHashMap<Connections, SetId>,
    memo: FxHashMap<(Op, SetId, SetId), SetId>,
    /// By the addresses of a port spec and of named ports. Both outlive the
    /// computation, in the snapshot that it is about.
    ports: FxHashMap<(usize, usize), SetId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    Union,
    Intersection,
    Difference,
}

impl Sets {
    pub(crate) fn new() -> Sets {
        let mut tables = Tables {
            list: Vec::new(),
            ids: FxHashMap::default(),
            memo: FxHashMap::default(),
            ports: FxHashMap::default(),
        };
        tables.id(Connections::none());
        tables.id(Connections::all());
        Sets(RefCell::new(tables))
    }

    pub(crate) fn get(&self, id: SetId) -> Connections {
        self.0.borrow().list[id as usize].clone()
    }

    pub(crate) fn id(&self, set: Connections) -> SetId {
        self.0.borrow_mut().id(set)
    }

    fn operate(&self, op: Op, a: SetId, b: SetId) -> SetId {
        let mut tables = self.0.borrow_mut();
        if let Some(&id) = tables.memo.get(&(op, a, b)) {
            return id;
        }
        let (x, y) = (&tables.list[a as usize], &tables.list[b as usize]);
        let set = match op {
            Op::Union => x.union(y),
            Op::Intersection => x.intersection(y),
            Op::Difference => x.difference(y),
        };
        let id = tables.id(set);
        tables.memo.insert((op, a, b), id);
        id
    }
}

impl Tables {
    fn id(&mut self, set: Connections) -> SetId {
        if let Some(&id) = self.ids.get(&set) {
            return id;
        }
        let id = SetId::try_from(self.list.len()).unwrap_or(SetId::MAX);
        self.list.push(set.clone());
        self.ids.insert(set, id);
        id
    }
}

impl Space for Sets {
    type Set = SetId;
    fn all(&self) -> SetId {
        ALL
    }
    fn none(&self) -> SetId {
        NONE
    }
    fn ports(&self, spec: &PortSpec, names: Option<&PortNames>) -> SetId {
        let names = if spec.named.is_empty() { None } else { names };
        let key = (
            std::ptr::from_ref(spec).addr(),
            names.map_or(0, |names| std::ptr::from_ref(names).addr()),
        );
        if let Some(&id) = self.0.borrow().ports.get(&key) {
            return id;
        }
        let id = self.id(spec.resolve(names));
        self.0.borrow_mut().ports.insert(key, id);
        id
    }
    fn union(&self, &a: &SetId, &b: &SetId) -> SetId {
        match (a, b) {
            _ if a == b => a,
            (NONE, other) | (other, NONE) => other,
            (ALL, _) | (_, ALL) => ALL,
            _ => self.operate(Op::Union, a.min(b), a.max(b)),
        }
    }
    fn intersection(&self, &a: &SetId, &b: &SetId) -> SetId {
        match (a, b) {
            _ if a == b => a,
            (NONE, _) | (_, NONE) => NONE,
            (ALL, other) | (other, ALL) => other,
            _ => self.operate(Op::Intersection, a.min(b), a.max(b)),
        }
    }
    fn difference(&self, &a: &SetId, &b: &SetId) -> SetId {
        match (a, b) {
            _ if a == b => NONE,
            (NONE, _) | (_, ALL) => NONE,
            (_, NONE) => a,
            _ => self.operate(Op::Difference, a, b),
        }
    }
}

/// What columns run over.
pub(crate) trait Universe {
    /// How many elements there are.
    fn size(&self) -> usize;
    /// How many kinds of elements; with `names`, elements of one kind have the
    /// same named ports.
    fn kinds(&self, names: bool) -> usize;
    fn kind(&self, element: u32, names: bool) -> u32;
    /// The named ports of a kind's elements.
    fn kind_ports(&self, kind: u32) -> Option<&PortNames>;
    fn ports(&self, element: u32) -> Option<&PortNames>;
    /// Whether a peer matches the elements of a kind that `members` leaves out.
    fn matches_kind(&self, peer: &CompiledPeer, kind: u32, names: bool) -> Tri;
    /// The elements that a peer matches otherwise than their kind; never `No`.
    fn members(&self, peer: &CompiledPeer, each: &mut dyn FnMut(u32, Tri));
}

/// A finished column.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Column {
    /// Whether kinds tell named ports apart.
    pub(crate) names: bool,
    /// By kind.
    pub(crate) defaults: Vec<Cell>,
    /// The elements that differ from their kind, sorted.
    pub(crate) exceptions: Vec<(u32, Cell)>,
}

impl Column {
    pub(crate) fn get(&self, element: u32, universe: &impl Universe) -> &Cell {
        match self.exceptions.binary_search_by_key(&element, |(e, _)| *e) {
            Ok(at) => &self.exceptions[at].1,
            Err(_) => &self.defaults[universe.kind(element, self.names) as usize],
        }
    }
}

/// A column in the making.
struct Work {
    stamp: u32,
    stamps: Vec<u32>,
    cells: Vec<Cell>,
    touched: Vec<u32>,
    defaults: Vec<Cell>,
}

/// What a rule does to a cell that it matches.
enum Rule<'a> {
    /// It adds what it matches.
    Adds,
    /// What it matches gets this value.
    Sets(Cell),
    /// What it matches gets the value of another column.
    Takes(&'a Work),
}

/// Makes columns, keeping its working space from one to the next.
pub(crate) struct Columns<'a, U> {
    sets: &'a Sets,
    universe: &'a U,
    pool: RefCell<Vec<Work>>,
}

/// Which column: of a row in a direction, for a pod with these named ports.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) row: &'a Row,
    pub(crate) direction: Direction,
    pub(crate) own_ports: &'a PortNames,
}

impl<'a, U: Universe> Columns<'a, U> {
    pub(crate) fn new(sets: &'a Sets, universe: &'a U) -> Columns<'a, U> {
        Columns { sets, universe, pool: RefCell::default() }
    }

    /// The column of a row; the same as [`crate::side::Asked::evaluate`] asked
    /// about each element.
    pub(crate) fn column(&self, wanted: Wanted<'_>) -> Column {
        let s = self.sets;
        let row = wanted.row;
        let all = Bounds::exactly(ALL);
        let names = wanted.direction == Direction::Egress && names_matter(row);
        let start = |cell: &Cell| self.start(names, cell);

        let mut result = start(&all);
        let isolated = row.isolated(wanted.direction);
        if isolated != Tri::Yes {
            result = self.tier(wanted, names, Tier::Baseline, None, result);
        }
        result = match isolated {
            Tri::No => result,
            Tri::Yes => {
                self.finish_work(result);
                let mut sum = start(&EMPTY);
                for (policy, selected) in row.policies(wanted.direction) {
                    for rule in policy.rules(wanted.direction).unwrap_or_default() {
                        self.apply(wanted, names, &mut sum, rule, *selected, &Rule::Adds);
                    }
                }
                sum
            }
            Tri::Unknown => {
                for (policy, _) in row.policies(wanted.direction) {
                    let mut one = start(&EMPTY);
                    for rule in policy.rules(wanted.direction).unwrap_or_default() {
                        self.apply(wanted, names, &mut one, rule, Tri::Yes, &Rule::Adds);
                    }
                    self.zip(names, &mut result, &one, |a, b| either(s, a, b));
                    self.finish_work(one);
                }
                result
            }
        };
        if !row.admin.is_empty() {
            let network = result;
            let copy = self.copy(&network);
            result = self.tier(wanted, names, Tier::Admin, Some(&network), copy);
            self.finish_work(network);
        }
        let column = self.finish(names, row.opacity(wanted.direction), &result);
        self.finish_work(result);
        column
    }

    fn tier(
        &self,
        wanted: Wanted<'_>,
        names: bool,
        tier: Tier,
        pass: Option<&Work>,
        mut rest: Work,
    ) -> Work {
        let s = self.sets;
        let policies = wanted.row.tier(tier);
        let fold = |work: &mut Work,
                    policy: &crate::compiled::CompiledClusterPolicy,
                    selected: Tri| {
            let before = (selected != Tri::Yes).then(|| self.copy(work));
            for rule in policy.rules(wanted.direction).iter().rev() {
                let does = match (rule.action, pass) {
                    (Action::Accept, _) | (Action::Pass, None) => Rule::Sets(Bounds::exactly(ALL)),
                    (Action::Deny, _) => Rule::Sets(EMPTY),
                    (Action::Pass, Some(pass)) => Rule::Takes(pass),
                };
                self.apply(wanted, names, work, rule, Tri::Yes, &does);
            }
            if let Some(before) = before {
                // One unknown for the whole policy: all of its rules or none.
                self.zip(names, work, &before, |a, b| either(s, a, b));
                self.finish_work(before);
            }
        };
        let mut end = policies.len();
        while end > 0 {
            let priority = policies[end - 1].0.source.priority;
            let start = policies[..end].partition_point(|(p, _)| p.source.priority < priority);
            if let [(policy, selected)] = &policies[start..end] {
                fold(&mut rest, policy, *selected);
            } else {
                // As in `Asked::tier`, where this is explained.
                let mut matched = self.start(names, &EMPTY);
                let mut undenied = self.start(names, &Bounds::exactly(ALL));
                let mut allowed = self.start(names, &EMPTY);
                for (policy, selected) in &policies[start..end] {
                    for rule in policy.rules(wanted.direction) {
                        self.apply(wanted, names, &mut matched, rule, *selected, &Rule::Adds);
                    }
                    let mut open = self.start(names, &Bounds::exactly(ALL));
                    fold(&mut open, policy, *selected);
                    self.zip(names, &mut undenied, &open, |a, b| {
                        Bounds::exactly(s.intersection(&a.certain, &b.certain))
                    });
                    self.finish_work(open);
                    let mut shut = self.start(names, &EMPTY);
                    fold(&mut shut, policy, *selected);
                    self.zip(names, &mut allowed, &shut, |a, b| {
                        Bounds::exactly(s.union(&a.possible, &b.possible))
                    });
                    self.finish_work(shut);
                }
                self.zip(names, &mut rest, &matched, |rest, matched| Bounds {
                    certain: s.union(&matched.certain, &rest.certain),
                    possible: s.difference(&rest.possible, &matched.certain),
                });
                self.zip(names, &mut rest, &undenied, |rest, undenied| Bounds {
                    certain: s.intersection(&rest.certain, &undenied.certain),
                    possible: rest.possible,
                });
                self.zip(names, &mut rest, &allowed, |rest, allowed| Bounds {
                    certain: rest.certain,
                    possible: s.union(&rest.possible, &allowed.possible),
                });
                for work in [matched, undenied, allowed] {
                    self.finish_work(work);
                }
            }
            end = start;
        }
        rest
    }

    /// Applies a rule to what it matches. Applying it once for each peer is the
    /// same as once for all of them, because doing it twice changes nothing.
    fn apply(
        &self,
        wanted: Wanted<'_>,
        names: bool,
        work: &mut Work,
        rule: &CompiledRule,
        selected: Tri,
        does: &Rule<'_>,
    ) {
        let s = self.sets;
        let ingress = wanted.direction == Direction::Ingress;
        // Without names, the ports are the same at every destination.
        let fixed = rule.ports.named.is_empty().then(|| s.ports(&rule.ports, None));
        let ports = |of_peer: Option<&PortNames>| match fixed {
            Some(set) => set,
            None => s.ports(&rule.ports, if ingress { Some(wanted.own_ports) } else { of_peer }),
        };
        let step = |cell: &Cell, value: Cell, matches: Tri, ports: SetId| {
            let certain = if matches.and(selected) == Tri::Yes { ports } else { NONE };
            let matched = Bounds { certain, possible: ports };
            match does {
                Rule::Adds => union(s, cell, &matched),
                _ => overlay(s, &matched, &value, cell.clone()),
            }
        };
        let value_of_kind = |kind: usize| match does {
            Rule::Adds => EMPTY,
            Rule::Sets(cell) => cell.clone(),
            Rule::Takes(other) => other.defaults[kind].clone(),
        };
        let value_of = |element: u32, kind: usize| match does {
            Rule::Takes(other) => other.get(element, kind).clone(),
            _ => value_of_kind(kind),
        };
        // Where the other column differs from its kinds, this one may have to.
        if let Rule::Takes(other) = does {
            for &element in &other.touched {
                if !work.is_touched(element) {
                    let kind = self.universe.kind(element, names) as usize;
                    work.set(element, work.defaults[kind].clone());
                }
            }
        }
        // A rule that names no peer matches every kind.
        for at in 0..rule.peers.as_ref().map_or(1, |peers| peers.len()) {
            let peer = rule.peers.as_ref().map(|peers| &peers[at]);
            let mut by_kind = Vec::new();
            for kind in 0..work.defaults.len() {
                let at = u32::try_from(kind).unwrap_or(u32::MAX);
                let matches =
                    peer.map_or(Tri::Yes, |peer| self.universe.matches_kind(peer, at, names));
                if matches == Tri::No {
                    continue;
                }
                if by_kind.is_empty() {
                    by_kind.resize(work.defaults.len(), Tri::No);
                }
                by_kind[kind] = matches;
                let of_kind = if names { self.universe.kind_ports(at) } else { None };
                let set = ports(of_kind);
                work.defaults[kind] = step(&work.defaults[kind], value_of_kind(kind), matches, set);
            }
            if !by_kind.is_empty() {
                for at in 0..work.touched.len() {
                    let element = work.touched[at];
                    let kind = self.universe.kind(element, names) as usize;
                    if by_kind[kind] != Tri::No {
                        let set = ports(self.universe.ports(element));
                        let cell = &work.cells[element as usize];
                        let new = step(cell, value_of(element, kind), by_kind[kind], set);
                        work.cells[element as usize] = new;
                    }
                }
            }
            if let Some(peer) = peer {
                self.universe.members(peer, &mut |element, matches| {
                    let kind = self.universe.kind(element, names) as usize;
                    let set = ports(self.universe.ports(element));
                    let new = step(work.get(element, kind), value_of(element, kind), matches, set);
                    work.set(element, new);
                });
            }
        }
    }

    fn zip(&self, names: bool, a: &mut Work, b: &Work, f: impl Fn(&Cell, &Cell) -> Cell) {
        for &element in &b.touched {
            if !a.is_touched(element) {
                let kind = self.universe.kind(element, names) as usize;
                a.set(element, a.defaults[kind].clone());
            }
        }
        for at in 0..a.touched.len() {
            let element = a.touched[at];
            let kind = self.universe.kind(element, names) as usize;
            a.cells[element as usize] = f(&a.cells[element as usize], b.get(element, kind));
        }
        for (x, y) in a.defaults.iter_mut().zip(&b.defaults) {
            *x = f(x, y);
        }
    }

    fn start(&self, names: bool, cell: &Cell) -> Work {
        let mut work = self.pool.borrow_mut().pop().unwrap_or_else(|| Work {
            stamp: 0,
            stamps: vec![0; self.universe.size()],
            cells: vec![EMPTY; self.universe.size()],
            touched: Vec::new(),
            defaults: Vec::new(),
        });
        work.stamp += 1;
        work.touched.clear();
        work.defaults.clear();
        work.defaults.resize(self.universe.kinds(names), cell.clone());
        work
    }

    fn copy(&self, from: &Work) -> Work {
        let mut work = self.start(false, &EMPTY);
        work.defaults.clone_from(&from.defaults);
        for &element in &from.touched {
            work.set(element, from.cells[element as usize].clone());
        }
        work
    }

    fn finish_work(&self, work: Work) {
        self.pool.borrow_mut().push(work);
    }

    fn finish(&self, names: bool, opacity: Option<Opacity>, work: &Work) -> Column {
        let end = |cell: &Cell| side::opaque(self.sets, opacity, cell.clone());
        let defaults: Vec<Cell> = work.defaults.iter().map(end).collect();
        let mut exceptions: Vec<(u32, Cell)> = work
            .touched
            .iter()
            .map(|&e| (e, end(&work.cells[e as usize])))
            .filter(|(e, cell)| *cell != defaults[self.universe.kind(*e, names) as usize])
            .collect();
        exceptions.sort_unstable_by_key(|(e, _)| *e);
        Column { names, defaults, exceptions }
    }
}

impl Work {
    fn is_touched(&self, element: u32) -> bool {
        self.stamps[element as usize] == self.stamp
    }

    fn get(&self, element: u32, kind: usize) -> &Cell {
        if self.is_touched(element) { &self.cells[element as usize] } else { &self.defaults[kind] }
    }

    fn set(&mut self, element: u32, cell: Cell) {
        if !self.is_touched(element) {
            self.stamps[element as usize] = self.stamp;
            self.touched.push(element);
        }
        self.cells[element as usize] = cell;
    }
}

/// True when some egress rule has named ports and a peer that matches whole
/// kinds: then what a kind gets depends on its named ports.
fn names_matter(row: &Row) -> bool {
    let wide = |rule: &CompiledRule| {
        !rule.ports.named.is_empty()
            && rule.peers.as_ref().is_none_or(|peers| {
                peers.iter().any(|p| matches!(p, CompiledPeer::Block(_) | CompiledPeer::Network(_)))
            })
    };
    row.egress.iter().any(|(p, _)| p.egress.as_deref().unwrap_or_default().iter().any(wide))
        || row.admin.iter().chain(&row.baseline).any(|(p, _)| p.egress.iter().any(wide))
}
