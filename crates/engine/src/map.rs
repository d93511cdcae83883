use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use fallgate_model::{Direction, Pod, Str};
use rustc_hash::FxHashMap;

use crate::address::Addresses;
use crate::columns::{Cell, FULL, Sets, Wanted};
use crate::connections::Interval;
use crate::matrix::{Found, Matrix, Scratch};
use crate::outside::unite;
use crate::side::union;
use crate::snapshot::{Snapshot, Union, WorkloadRef, workload_of};
use crate::state::PodId;

/// How fine a map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Workloads stand for their pods.
    Workloads,
    /// Every pod by itself.
    Pods,
}

/// One end of an entry of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A workload, or with [`Detail::Pods`] a single pod (its kind `Pod`, or the
    /// workload's kind for a stand-in).
    Workload(WorkloadRef),
    /// A node by name.
    Node(Str),
    /// Outside addresses.
    Outside(Addresses),
}

/// What is allowed, certainly or possibly, from one place to another. Pairs
/// between which nothing is possible have no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Where it comes from.
    pub from: &'a Place,
    /// Where it goes.
    pub to: &'a Place,
    /// What is allowed.
    pub interval: &'a Interval,
    /// True when the pods or families that the entry unites differ.
    pub partial: bool,
}

impl Place {
    /// The place that a pod belongs to.
    pub(crate) fn of_pod(detail: Detail, pod: &Pod) -> Place {
        Place::Workload(match detail {
            Detail::Pods if !pod.stand_in => WorkloadRef {
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                kind: "Pod".into(),
            },
            _ => workload_of(pod),
        })
    }
}

/// What [`Snapshot::map_alike`] hands out.
#[derive(Clone, Copy, Debug)]
pub enum Alike<'a> {
    /// These are the sources of the entries that follow: each has all of them.
    Sources(&'a [&'a Place]),
    /// An entry of the sources, told of the first.
    Entry(Entry<'a>),
}

/// The places inside the cluster, in order, and the pods of each.
pub(crate) struct Places {
    pub(crate) places: Vec<Place>,
    pub(crate) pods: Vec<Vec<PodId>>,
}

impl Snapshot {
    pub(crate) fn places(&self, detail: Detail) -> Places {
        let mut all: Vec<(Place, PodId)> = Vec::new();
        for (ns, shard) in self.state.shards.iter() {
            for (slot, endpoint) in shard.live() {
                all.push((Place::of_pod(detail, &endpoint.pod), PodId { ns, slot }));
            }
        }
        all.sort();
        let mut places = Places { places: Vec::new(), pods: Vec::new() };
        for (place, pod) in all {
            match (places.places.last(), places.pods.last_mut()) {
                (Some(last), Some(pods)) if *last == place => pods.push(pod),
                _ => {
                    places.places.push(place);
                    places.pods.push(vec![pod]);
                }
            }
        }
        places
    }

    /// Hands out every entry of the map: by source (workloads or pods by
    /// namespace, name and kind, then outside), and for each source by
    /// destination in the same order. Besides the outside, memory does not grow
    /// with the number of entries.
    pub fn map(&self, detail: Detail, each: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {
        let _ = Walk::new(self, self.places(detail), detail).run(each);
    }

    /// Hands out the same entries with those sources together that have the same
    /// ones, unless `kind` tells them apart. Each set of sources is in order, and
    /// so are its entries.
    ///
    /// Where policies tell few pods apart, this is far less than one entry for
    /// each pair: of a cluster without policies, the square root.
    pub fn map_alike(
        &self,
        detail: Detail,
        kind: &dyn Fn(&Place) -> u8,
        each: &mut dyn FnMut(Alike<'_>) -> ControlFlow<()>,
    ) {
        let _ = Walk::new(self, self.places(detail), detail).run_alike(kind, each);
    }
}

/// The map of a snapshot, one source at a time.
pub(crate) struct Walker<'a> {
    walk: Walk<'a>,
    state: WalkState,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, detail: Detail) -> Walker<'a> {
        let places = snapshot.places(detail);
        let state = WalkState::new(&places);
        Walker { walk: Walk::new(snapshot, places, detail), state }
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.walk.places.places
    }

    pub(crate) fn has(&self, place: &Place) -> bool {
        self.find(place).is_some()
    }

    /// The pods of a place, one for each set of policies that bear on any.
    pub(crate) fn distinct_pods(&self, place: &Place) -> Vec<PodId> {
        let pods = self.find(place).and_then(|at| self.walk.places.pods.get(at));
        let mut rows = BTreeSet::new();
        let first = |id: &&PodId| {
            let found = self.walk.snapshot.state.endpoint(**id);
            found.is_some_and(|(shard, e)| rows.insert((id.ns, Arc::as_ptr(shard.row(e)).addr())))
        };
        pods.into_iter().flatten().filter(first).copied().collect()
    }

    fn find(&self, place: &Place) -> Option<usize> {
        self.places().binary_search(place).ok()
    }

    /// What a place may send to places inside.
    pub(crate) fn entries_from(&mut self, from: &Place) -> Vec<(Place, Interval)> {
        let mut found = Vec::new();
        if let Some(at) = self.find(from) {
            let sets = self.walk.matrix.sets();
            let _ = self.walk.inside(at, &sets, &mut self.state, &mut |entry| {
                found.push((entry.to.clone(), entry.interval.clone()));
                ControlFlow::Continue(())
            });
        }
        found
    }

    /// What a place may exchange with the outside; nothing when it is not there.
    pub(crate) fn outside(&self, place: &Place, direction: Direction) -> Vec<(Addresses, Union)> {
        self.find(place).map(|at| self.walk.outside(at, direction)).unwrap_or_default()
    }
}

/// A walk over the map.
struct Walk<'a> {
    snapshot: &'a Snapshot,
    matrix: &'a Matrix,
    places: Places,
    detail: Detail,
    /// By class: the places with pods in it, and how many pods.
    places_of: Vec<Vec<(u32, u32)>>,
    /// By place: its classes, and how many of its pods are in each.
    classes_of: Vec<Vec<(u32, u32)>>,
    outside: OutsideCache,
}

/// What rows may exchange with the outside. Pods of one namespace share rows.
struct OutsideCache {
    sets: Sets,
    known: RefCell<FxHashMap<(usize, usize, Direction), Rc<Parts>>>,
}

type Parts = Vec<(Addresses, Interval)>;

/// What a walk keeps from one source to the next.
struct WalkState {
    scratch: Scratch,
    /// By destination place: what was found so far for the current source.
    sums: Vec<Option<Sum>>,
    intervals: FxHashMap<Cell, Interval>,
}

struct Sum {
    cell: Cell,
    partial: bool,
    /// How many pairs of classes contributed.
    count: usize,
}

impl WalkState {
    fn new(places: &Places) -> WalkState {
        WalkState {
            scratch: Scratch::default(),
            sums: places.places.iter().map(|_| None).collect(),
            intervals: FxHashMap::default(),
        }
    }
}

impl<'a> Walk<'a> {
    fn new(snapshot: &'a Snapshot, places: Places, detail: Detail) -> Walk<'a> {
        let matrix = snapshot.state.matrix();
        let mut place_of: FxHashMap<PodId, u32> = FxHashMap::default();
        for (at, pods) in (0..).zip(&places.pods) {
            place_of.extend(pods.iter().map(|pod| (*pod, at)));
        }
        let mut classes_of = vec![Vec::new(); places.places.len()];
        let mut places_of = Vec::with_capacity(matrix.classes.len());
        for (at, class) in (0..).zip(&matrix.classes) {
            let mut counts: Vec<(u32, u32)> = Vec::new();
            let mut of_pods: Vec<u32> =
                class.pods.iter().filter_map(|pod| place_of.get(pod).copied()).collect();
            of_pods.sort_unstable();
            for place in of_pods {
                match counts.last_mut() {
                    Some((last, count)) if *last == place => *count += 1,
                    _ => counts.push((place, 1)),
                }
            }
            for (place, count) in &counts {
                let classes: &mut Vec<(u32, u32)> = &mut classes_of[*place as usize];
                classes.push((at, *count));
            }
            places_of.push(counts);
        }
        let outside = OutsideCache { sets: Sets::new(), known: RefCell::default() };
        Walk { snapshot, matrix, places, detail, places_of, classes_of, outside }
    }

    fn run(&self, each: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut state = WalkState::new(&self.places);
        {
            let sets = self.matrix.sets();
            for at in 0..self.places.places.len() {
                self.from(at, &sets, &mut state, each)?;
            }
        }
        self.outside_sources(each)
    }

    fn run_alike(
        &self,
        kind: &dyn Fn(&Place) -> u8,
        each: &mut dyn FnMut(Alike<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut state = WalkState::new(&self.places);
        {
            let sets = self.matrix.sets();
            for alike in self.alike(&sets, kind, &mut state) {
                let Some(&first) = alike.first() else { continue };
                let sources: Vec<&Place> =
                    alike.into_iter().map(|at| &self.places.places[at]).collect();
                each(Alike::Sources(&sources))?;
                self.from(first, &sets, &mut state, &mut |entry| each(Alike::Entry(entry)))?;
            }
        }
        self.outside_sources(&mut |entry| {
            each(Alike::Sources(&[entry.from]))?;
            each(Alike::Entry(entry))
        })
    }

    /// The places, those together whose entries are the same: whose pods are all
    /// of one class, unless what they may send to themselves tells them apart.
    fn alike(
        &self,
        sets: &Sets,
        kind: &dyn Fn(&Place) -> u8,
        state: &mut WalkState,
    ) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = Vec::new();
        let mut known: FxHashMap<(u32, u8), usize> = FxHashMap::default();
        let mut full_to_itself: FxHashMap<u32, bool> = FxHashMap::default();
        let mut is_full_to_itself = |class: u32| {
            let mut found =
                || self.matrix.from(&self.snapshot.state, sets, class, &mut state.scratch);
            let full = |found: &Found| found.to == class && !found.partial && found.cell == FULL;
            *full_to_itself.entry(class).or_insert_with(|| found().iter().any(full))
        };
        for (at, place) in self.places.places.iter().enumerate() {
            let class = match self.classes_of[at].as_slice() {
                // Loopback admits all: a single pod is like others of its class
                // only where these admit each other all as well.
                [(class, _)] if !self.is_bare(at) || is_full_to_itself(*class) => *class,
                _ => {
                    all.push(vec![at]);
                    continue;
                }
            };
            let set = *known.entry((class, kind(place))).or_insert_with(|| {
                all.push(Vec::new());
                all.len() - 1
            });
            all[set].push(at);
        }
        all
    }

    /// The entries from one place: to places inside, then to the outside.
    fn from(
        &self,
        at: usize,
        sets: &Sets,
        state: &mut WalkState,
        each: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.inside(at, sets, state, each)?;
        for (addresses, found) in self.outside(at, Direction::Egress) {
            if !found.interval.is_empty() {
                each(Entry {
                    from: &self.places.places[at],
                    to: &Place::Outside(addresses),
                    interval: &found.interval,
                    partial: found.partial,
                })?;
            }
        }
        ControlFlow::Continue(())
    }

    fn inside(
        &self,
        at: usize,
        sets: &Sets,
        state: &mut WalkState,
        each: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let here = u32::try_from(at).unwrap_or(u32::MAX);
        let mut touched: Vec<u32> = Vec::new();
        let alone = self.places.pods[at].len() == 1;
        for &(class, own_count) in &self.classes_of[at] {
            for found in self.matrix.from(&self.snapshot.state, sets, class, &mut state.scratch) {
                for &(place, _) in &self.places_of[found.to as usize] {
                    // Between two pods of one class there must be two of them,
                    // or the one stands for any number.
                    if place == here && found.to == class && own_count < 2 && !alone {
                        continue;
                    }
                    let sum = &mut state.sums[place as usize];
                    match sum {
                        None => {
                            touched.push(place);
                            *sum = Some(Sum {
                                cell: found.cell.clone(),
                                partial: found.partial,
                                count: 1,
                            });
                        }
                        Some(sum) => {
                            sum.partial |= found.partial || sum.cell != found.cell;
                            sum.cell = union(sets, &sum.cell, &found.cell);
                            sum.count += 1;
                        }
                    }
                }
            }
        }
        let is_bare = self.is_bare(at);
        if is_bare && state.sums[at].is_none() {
            touched.push(here);
        }
        touched.sort_unstable();
        let mut flow = ControlFlow::Continue(());
        for place in touched {
            let sum = state.sums[place as usize].take();
            if flow.is_break() {
                continue;
            }
            let to = &self.places.places[place as usize];
            let from = &self.places.places[at];
            if place == here && is_bare {
                flow = each(Entry { from, to, interval: &Interval::all(), partial: false });
                continue;
            }
            let Some(sum) = sum else { continue };
            let interval = state.intervals.entry(sum.cell.clone()).or_insert_with(|| Interval {
                certain: sets.get(sum.cell.certain),
                possible: sets.get(sum.cell.possible),
            });
            let partial = sum.partial || sum.count < self.pairs(at, place as usize);
            flow = each(Entry { from, to, interval, partial });
        }
        flow
    }

    /// How many pairs of classes a pair of places is made of.
    fn pairs(&self, from: usize, to: usize) -> usize {
        let count = self.classes_of[from].len() * self.classes_of[to].len();
        if from != to || self.places.pods[from].len() == 1 {
            return count;
        }
        count - self.classes_of[from].iter().filter(|(_, pods)| *pods < 2).count()
    }

    /// A single pod whose traffic to itself is its loopback.
    fn is_bare(&self, at: usize) -> bool {
        let [only] = self.places.pods[at].as_slice() else { return false };
        self.snapshot.pod(*only).is_some_and(|pod| {
            !pod.stand_in && (self.detail == Detail::Pods || *pod.workload.kind == *"Pod")
        })
    }

    fn outside(&self, at: usize, direction: Direction) -> Vec<(Addresses, Union)> {
        let state = &self.snapshot.state;
        let parts: Vec<Rc<Parts>> = self.classes_of[at]
            .iter()
            .filter_map(|(class, _)| {
                let pod = self.matrix.classes[*class as usize].pods.first()?;
                let (shard, endpoint) = state.endpoint(*pod)?;
                let (row, own_ports) = (shard.row(endpoint), &endpoint.ports);
                let key = (Arc::as_ptr(row).addr(), Arc::as_ptr(own_ports).addr(), direction);
                let mut known = self.outside.known.borrow_mut();
                let found = known.entry(key).or_insert_with(|| {
                    Rc::new(
                        state.row_outside(&self.outside.sets, Wanted { row, direction, own_ports }),
                    )
                });
                Some(found.clone())
            })
            .collect();
        unite(parts.iter().map(|parts| parts.as_slice()))
    }

    fn outside_sources(
        &self,
        each: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut entries: Vec<(Place, usize, Union)> = Vec::new();
        for at in 0..self.places.places.len() {
            for (addresses, found) in self.outside(at, Direction::Ingress) {
                if !found.interval.is_empty() {
                    entries.push((Place::Outside(addresses), at, found));
                }
            }
        }
        entries.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        for (from, at, found) in &entries {
            each(Entry {
                from,
                to: &self.places.places[*at],
                interval: &found.interval,
                partial: found.partial,
            })?;
        }
        ControlFlow::Continue(())
    }
}
