use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fallgate_model::{Direction, Family, ObjectRef, Str};
use roaring::RoaringBitmap;

use crate::address::Addresses;
use crate::causes::Causes;
use crate::compiled::CompiledPolicy;
use crate::connections::Interval;
use crate::engine::Touched;
use crate::map::{Detail, Place, Walker};
use crate::side::PeerView;
use crate::snapshot::{End, Snapshot, Union, workload_of};
use crate::state::{NsId, PodId};
use crate::tri::Tri;

/// A change that was taken in.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The cluster before the change.
    pub before: Snapshot,
    /// The cluster after it.
    pub after: Snapshot,
    pub(crate) touched: Touched,
}

/// What differs between two clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// What became possible, or certain where it was only possible.
    pub opened: Vec<Delta>,
    /// What ceased to be certain, or to be possible.
    pub closed: Vec<Delta>,
    /// How many entries of the map are the same on both sides; of an effect,
    /// among the pairs that were compared.
    pub unchanged: usize,
}

/// What changed between two places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Where it comes from.
    pub from: Place,
    /// Where it goes.
    pub to: Place,
    /// What changed, in the direction of the list that the delta stands in:
    /// `certain` is what is certain on one side and impossible on the other,
    /// `possible` adds what involves an unknown.
    pub interval: Interval,
    /// Set when one of the places exists on one side only.
    pub lone: Option<Lone>,
    /// The changed objects that the difference is due to: policies and what is
    /// not evaluated, and where none of these changed, pods and namespaces whose
    /// labels did. Empty when a place is lone.
    pub causes: Vec<ObjectRef>,
}

/// Pairs of pods, from and to.
type Pairs = BTreeSet<(PodId, PodId)>;

/// Which side of a diff has a place that the other side lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lone {
    /// Only the later cluster has it.
    Added,
    /// Only the earlier cluster has it.
    Removed,
}

impl Applied {
    pub(crate) fn new(before: Snapshot, after: Snapshot, touched: Touched) -> Applied {
        Applied { before, after, touched }
    }

    /// The exact effect of the change. Only what the change can have touched is
    /// compared.
    pub fn effect(&self, detail: Detail) -> Diff {
        let mut comparison = Comparison::new(&self.before, &self.after);
        match &self.touched {
            Touched::Nothing => {}
            Touched::Everything => return diff(&self.before, &self.after, detail),
            Touched::Policy(ns, name) => {
                let policies = [(*ns, name.clone())];
                comparison.causes = Some(self.causes(&policies));
                self.compare_policies(&mut comparison, detail, &policies);
            }
            Touched::Policies(policies) => {
                comparison.causes = Some(self.causes(policies));
                self.compare_policies(&mut comparison, detail, policies);
            }
            Touched::Pod(id) => {
                comparison.causes = Some(self.causes(&[]));
                comparison.pairs(detail, self.pod_pairs(*id));
                for direction in Direction::ALL {
                    comparison.outside(detail, direction, [*id].into());
                }
            }
        }
        comparison.finish()
    }

    /// What the effect is due to, where the change says itself what it is.
    fn causes(&self, policies: &[(NsId, Str)]) -> Causes<'_> {
        let named =
            |(ns, name): &(NsId, Str)| (self.after.state.shard(*ns).name.clone(), name.clone());
        Causes::of_policies(&self.before, &self.after, policies.iter().map(named).collect())
    }

    fn compare_policies(
        &self,
        comparison: &mut Comparison<'_>,
        detail: Detail,
        policies: &[(NsId, Str)],
    ) {
        let mut pairs = BTreeSet::new();
        let mut subjects: BTreeMap<Direction, BTreeSet<PodId>> = BTreeMap::new();
        for (ns, name) in policies {
            let (more, selected) = self.policy_pairs(*ns, name);
            pairs.extend(more);
            for (direction, pods) in selected {
                subjects.entry(direction).or_default().extend(pods);
            }
        }
        comparison.pairs(detail, pairs);
        for (direction, pods) in subjects {
            comparison.outside(detail, direction, pods);
        }
    }

    /// The pairs of pods whose traffic a change of a NetworkPolicy can have
    /// changed, and by direction the pods that it selects.
    fn policy_pairs(&self, ns: NsId, name: &Str) -> (Pairs, Vec<(Direction, BTreeSet<PodId>)>) {
        let (before, after) = (&self.before.state, &self.after.state);
        let policy = |state: &crate::state::State| {
            state.shards.get(ns).and_then(|shard| shard.policies.get(name).cloned())
        };
        let (old, new) = (policy(before), policy(after));
        let mut pairs = BTreeSet::new();
        let mut subjects = Vec::new();
        for direction in Direction::ALL {
            let bears = |p: &Option<Arc<CompiledPolicy>>| {
                p.as_ref().is_some_and(|p| p.rules(direction).is_some())
            };
            if !bears(&old) && !bears(&new) {
                continue;
            }
            let mut selected = BTreeSet::new();
            // Where isolation stays as it was, only peers of the policy's own
            // rules can see a difference.
            let mut isolation_changed = false;
            let (Some(shard_before), Some(shard_after)) =
                (before.shards.get(ns), after.shards.get(ns))
            else {
                continue;
            };
            for (slot, endpoint) in shard_after.live() {
                let Some(earlier) = shard_before.endpoint(slot) else { continue };
                let (x, y) = (shard_before.row(earlier), shard_after.row(endpoint));
                if Arc::ptr_eq(x, y) {
                    continue;
                }
                selected.insert(PodId { ns, slot });
                let isolated = [x.isolated(direction), y.isolated(direction)];
                isolation_changed |= isolated != [Tri::Yes; 2];
            }
            if selected.is_empty() {
                continue;
            }
            let peers = self.peers(self.near(ns, direction), |after_change, snapshot, view| {
                isolation_changed || {
                    let policy = if after_change { &new } else { &old };
                    names_peer(policy, direction, snapshot, view)
                }
            });
            for subject in &selected {
                for peer in &peers {
                    pairs.insert(match direction {
                        Direction::Ingress => (*peer, *subject),
                        Direction::Egress => (*subject, *peer),
                    });
                }
            }
            subjects.push((direction, selected));
        }
        (pairs, subjects)
    }

    /// The namespaces whose pods may have traffic with pods of one namespace, as
    /// far as their own side goes.
    fn near(&self, ns: NsId, direction: Direction) -> RoaringBitmap {
        let other = match direction {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        };
        let mut candidates = RoaringBitmap::new();
        for snapshot in [&self.before, &self.after] {
            if let Some(shard) = snapshot.state.shards.get(ns) {
                candidates |= snapshot.state.reach.candidates(other, ns, shard);
            }
        }
        candidates
    }

    /// The pods of some namespaces that a test lets through on either side of
    /// the change.
    fn peers(
        &self,
        candidates: RoaringBitmap,
        test: impl Fn(bool, &Snapshot, &PeerView<'_>) -> bool,
    ) -> Vec<PodId> {
        let mut found = Vec::new();
        for candidate in candidates {
            let candidate = NsId(candidate);
            let Some(shard) = self.after.state.shards.get(candidate) else { continue };
            for (slot, _) in shard.live() {
                let id = PodId { ns: candidate, slot };
                let end = End::Pod(id);
                let passes = |snapshot: &Snapshot, after_change: bool| {
                    snapshot.state.families().any(|family| {
                        let view = snapshot.state.view(&end, family);
                        view.is_some_and(|view| test(after_change, snapshot, &view))
                    })
                };
                if passes(&self.before, false) || passes(&self.after, true) {
                    found.push(id);
                }
            }
        }
        found
    }

    /// Every pair that a pod takes part in and where something is possible.
    fn pod_pairs(&self, id: PodId) -> BTreeSet<(PodId, PodId)> {
        let mut pairs = BTreeSet::from([(id, id)]);
        let snapshots = [&self.before, &self.after];
        // What pods may send to their own node is exempt from their policies.
        let host = snapshots.iter().any(|s| s.pod(id).is_some_and(|pod| pod.host_network));
        for direction in Direction::ALL {
            let candidates = if host {
                self.after.state.shards.iter().map(|(ns, _)| ns.0).collect()
            } else {
                self.near(id.ns, direction)
            };
            for peer in self.peers(candidates, |_, _, _| true) {
                pairs.insert(match direction {
                    Direction::Ingress => (peer, id),
                    Direction::Egress => (id, peer),
                });
            }
        }
        pairs
    }
}

/// Whether a rule of the policy names the peer.
fn names_peer(
    policy: &Option<Arc<CompiledPolicy>>,
    direction: Direction,
    snapshot: &Snapshot,
    view: &PeerView<'_>,
) -> bool {
    let rules = policy.as_ref().and_then(|p| p.rules(direction)).unwrap_or_default();
    rules.iter().any(|rule| match &rule.peers {
        None => true,
        Some(peers) => peers.iter().any(|p| view.matches(p, snapshot.dialect()) != Tri::No),
    })
}

/// A comparison of two snapshots that gathers what differs.
struct Comparison<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    found: Diff,
    /// Made when it is first needed, unless the change says itself what it is.
    causes: Option<Causes<'a>>,
}

impl<'a> Comparison<'a> {
    fn new(before: &'a Snapshot, after: &'a Snapshot) -> Comparison<'a> {
        Comparison { before, after, found: Diff::default(), causes: None }
    }

    fn finish(mut self) -> Diff {
        let order = |a: &Delta, b: &Delta| {
            (&a.from, &a.to, &a.interval).cmp(&(&b.from, &b.to, &b.interval))
        };
        self.found.opened.sort_by(order);
        self.found.closed.sort_by(order);
        self.found
    }

    /// Compares what two places had and have.
    fn compare(
        &mut self,
        (from, to): (Place, Place),
        before: &Interval,
        after: &Interval,
        lone: Option<Lone>,
        pods: (&[PodId], &[PodId]),
    ) {
        if before == after {
            self.found.unchanged += usize::from(!before.is_empty());
            return;
        }
        let risen = |low: &Interval, high: &Interval| Interval {
            certain: high.certain.difference(&low.possible),
            possible: high
                .certain
                .difference(&low.certain)
                .union(&high.possible.difference(&low.possible)),
        };
        let opened = risen(before, after);
        let closed = risen(after, before);
        let causes = self.causes.get_or_insert_with(|| Causes::between(self.before, self.after));
        for (interval, list) in [(opened, &mut self.found.opened), (closed, &mut self.found.closed)]
        {
            if !interval.is_empty() {
                let (from, to) = (from.clone(), to.clone());
                let due = if lone.is_some() { Vec::new() } else { causes.of(pods, &interval) };
                list.push(Delta { from, to, interval, lone, causes: due });
            }
        }
    }

    /// Compares pairs of pods that have the same ids on both sides.
    fn pairs(&mut self, detail: Detail, pairs: BTreeSet<(PodId, PodId)>) {
        let mut of_places: BTreeMap<(Place, Place), (PodId, PodId)> = BTreeMap::new();
        for (from, to) in pairs {
            let (Some(a), Some(b)) = (self.place(detail, from), self.place(detail, to)) else {
                continue;
            };
            if detail == Detail::Workloads {
                of_places.entry((a, b)).or_insert((from, to));
                continue;
            }
            let answer = |s: &Snapshot| match (s.pod(from), s.pod(to)) {
                // A single pod's traffic to itself is its loopback.
                (Some(pod), Some(_)) if from == to && !pod.stand_in => Interval::all(),
                (Some(_), Some(_)) => s.workload_connections(&[from], &[to]).interval,
                _ => Interval::none(),
            };
            let lone = self.lone(&[from], &[to]);
            let (x, y) = (answer(self.before), answer(self.after));
            self.compare((a, b), &x, &y, lone, (&[from], &[to]));
        }
        for (places, (from, to)) in of_places {
            let of = |s: &Snapshot, place: &Place, id: PodId| -> Vec<PodId> {
                let Place::Workload(workload) = place else { return Vec::new() };
                let pods = s.pods_in(&workload.namespace).into_iter();
                let mut pods: Vec<PodId> = pods
                    .filter(|p| s.pod(*p).is_some_and(|p| workload_of(p) == *workload))
                    .collect();
                debug_assert_eq!(pods.is_empty(), !pods.iter().any(|p| p.ns == id.ns));
                pods.sort();
                pods
            };
            let answer = |s: &Snapshot| {
                let (a, b) = (of(s, &places.0, from), of(s, &places.1, to));
                s.workload_connections(&a, &b).interval
            };
            let (x, y) = (answer(self.before), answer(self.after));
            let froms = [of(self.before, &places.0, from), of(self.after, &places.0, from)];
            let tos = [of(self.before, &places.1, to), of(self.after, &places.1, to)];
            let lone = match () {
                () if froms[0].is_empty() || tos[0].is_empty() => Some(Lone::Added),
                () if froms[1].is_empty() || tos[1].is_empty() => Some(Lone::Removed),
                () => None,
            };
            self.compare(places, &x, &y, lone, (&[from], &[to]));
        }
    }

    fn lone(&self, from: &[PodId], to: &[PodId]) -> Option<Lone> {
        let missing = |s: &Snapshot| from.iter().chain(to).any(|id| s.pod(*id).is_none());
        match (missing(self.before), missing(self.after)) {
            (true, _) => Some(Lone::Added),
            (false, true) => Some(Lone::Removed),
            (false, false) => None,
        }
    }

    fn place(&self, detail: Detail, id: PodId) -> Option<Place> {
        let pod = self.after.pod(id).or_else(|| self.before.pod(id))?;
        Some(Place::of_pod(detail, pod))
    }

    /// Compares what places may exchange with the outside.
    fn outside(&mut self, detail: Detail, direction: Direction, pods: BTreeSet<PodId>) {
        let mut done = BTreeSet::new();
        for id in pods {
            let Some(place) = self.place(detail, id) else { continue };
            if !done.insert(place.clone()) {
                continue;
            }
            let of = |s: &Snapshot| -> Vec<(Addresses, Union)> {
                let pods: Vec<PodId> = match (&place, detail) {
                    (Place::Workload(w), Detail::Workloads) => s
                        .pods_in(&w.namespace)
                        .into_iter()
                        .filter(|p| s.pod(*p).is_some_and(|p| workload_of(p) == *w))
                        .collect(),
                    _ => [id].into_iter().filter(|id| s.pod(*id).is_some()).collect(),
                };
                s.outside_of(&pods, direction)
            };
            let (before, after) = (of(self.before), of(self.after));
            self.compare_outside(&place, direction, &before, &after, &[id]);
        }
    }

    fn compare_outside(
        &mut self,
        place: &Place,
        direction: Direction,
        before: &[(Addresses, Union)],
        after: &[(Addresses, Union)],
        pods: &[PodId],
    ) {
        let lone = match (before.is_empty(), after.is_empty()) {
            (true, false) => Some(Lone::Added),
            (false, true) => Some(Lone::Removed),
            _ => None,
        };
        // A side without the place allows nothing there.
        let everywhere = Family::ALL
            .into_iter()
            .fold(Addresses::none(), |all, family| all.union(&Addresses::all(family)));
        let complete = |parts: &[(Addresses, Union)]| {
            let mut parts: Vec<(Addresses, Interval)> =
                parts.iter().map(|(a, u)| (a.clone(), u.interval.clone())).collect();
            let named = parts.iter().fold(Addresses::none(), |all, (a, _)| all.union(a));
            parts.push((everywhere.difference(&named), Interval::none()));
            parts
        };
        let mut found: BTreeMap<(Interval, Interval), Addresses> = BTreeMap::new();
        for (a, x) in complete(before) {
            for (b, y) in complete(after) {
                let common = a.intersection(&b);
                if !common.is_empty() {
                    let all = found.entry((x.clone(), y)).or_default();
                    *all = all.union(&common);
                }
            }
        }
        for ((x, y), addresses) in found {
            let outside = Place::Outside(addresses);
            let (places, ends): (_, (&[PodId], &[PodId])) = match direction {
                Direction::Egress => ((place.clone(), outside), (pods, &[])),
                Direction::Ingress => ((outside, place.clone()), (&[], pods)),
            };
            self.compare(places, &x, &y, lone, ends);
        }
    }
}

/// The exact difference between two clusters, in the order of the map. The
/// snapshots need not come from one engine.
pub fn diff(before: &Snapshot, after: &Snapshot, detail: Detail) -> Diff {
    let mut comparison = Comparison::new(before, after);
    let (mut old, mut new) = (Walker::new(before, detail), Walker::new(after, detail));
    // A family that comes into use is one that the policies answered for before,
    // though nobody asked: it opens and closes only what they do.
    let families = std::array::from_fn(|f| before.state.families[f] || after.state.families[f]);
    let (wide_old, wide_new) = (before.with_families(families), after.with_families(families));
    let (wide_old, wide_new) = (Walker::new(&wide_old, detail), Walker::new(&wide_new, detail));
    let mut places: BTreeSet<Place> = old.places().iter().cloned().collect();
    places.extend(new.places().iter().cloned());
    let distinct: BTreeMap<Place, Vec<PodId>> =
        new.places().iter().map(|place| (place.clone(), new.distinct_pods(place))).collect();
    let pods_of = |place: &Place| distinct.get(place).map_or(&[][..], Vec::as_slice);
    for from in &places {
        let (x, y) = (old.entries_from(from), new.entries_from(from));
        let mut tos: BTreeMap<&Place, (Interval, Interval)> = BTreeMap::new();
        for (to, interval) in &x {
            tos.entry(to).or_default().0 = interval.clone();
        }
        for (to, interval) in &y {
            tos.entry(to).or_default().1 = interval.clone();
        }
        for (to, (x, y)) in tos {
            let missing = |w: &Walker<'_>| !w.has(from) || !w.has(to);
            let lone = match (missing(&old), missing(&new)) {
                (true, _) => Some(Lone::Added),
                (false, true) => Some(Lone::Removed),
                (false, false) => None,
            };
            let pods = (pods_of(from), pods_of(to));
            comparison.compare((from.clone(), to.clone()), &x, &y, lone, pods);
        }
        for direction in Direction::ALL {
            let (x, y) = (wide_old.outside(from, direction), wide_new.outside(from, direction));
            comparison.compare_outside(from, direction, &x, &y, pods_of(from));
        }
    }
    comparison.finish()
}
