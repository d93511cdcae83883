use std::collections::{BTreeMap, BTreeSet};

use fallgate_engine::{Interval, Place};
use fallgate_model::Str;
use rustc_hash::FxHashMap;

use super::Row;
use super::names::{Names, interval_texts};

/// The entries of a map, gathered to be told in few lines.
#[derive(Default)]
pub(crate) struct Grouped {
    places: Numbered<(bool, Place)>,
    labels: Numbered<(Interval, bool)>,
    /// Sets of sources that have the same entries.
    sources: Numbered<Vec<u32>>,
    /// For each set of sources and label the destinations.
    found: BTreeMap<(u32, u32), Vec<u32>>,
    /// The numbers of the last entry's sources, destination and label.
    last: [u32; 3],
}

/// Several sources, several destinations, and what is allowed from each of the
/// former to each of the latter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What the sources are called, in order; a whole namespace is `namespace/*`.
    pub(crate) from: Vec<String>,
    /// The same for the destinations.
    pub(crate) to: Vec<String>,
    /// What is certainly allowed; empty when nothing is.
    pub(crate) ports: String,
    /// What is possibly allowed beyond that; empty when nothing is.
    pub(crate) unknown: String,
    /// True when the pods or families that an entry unites differ.
    pub(crate) partial: bool,
}

impl Grouped {
    /// Adds an entry.
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        // Nearly always the source is that of the entry before.
        let is_it = |at: &u32| {
            let known = self.places.list.get(*at as usize);
            known.is_some_and(|(entry, place)| *entry == row.entry_point && *place == *row.from)
        };
        let last = self.sources.list.get(self.last[0] as usize);
        if !matches!(last.map(Vec::as_slice), Some([one]) if is_it(one)) {
            self.from(row.entry_point, &[&*row.from]);
        }
        self.add_to_sources(row);
    }

    /// Says which sources have the entries that are added to sources next;
    /// Ingresses or routes if `entry_point`.
    pub(crate) fn from(&mut self, entry_point: bool, sources: &[&Place]) {
        let places = &mut self.places;
        let mut number = |place: &Place| places.number(&(entry_point, place.clone()));
        let set: Vec<u32> = sources.iter().map(|place| number(place)).collect();
        self.last[0] = self.sources.number(&set);
    }

    /// Adds an entry that all the sources have.
    pub(crate) fn add_to_sources(&mut self, row: &Row<'_>) {
        // Entries come by destination in one order: nearly always the next number
        // is the right one, and comparing is cheaper than hashing a copy of the
        // names.
        let [sources, last_to, last_label] = self.last;
        let to = self.places.number_near(
            &[last_to.saturating_add(1), last_to.saturating_add(2)],
            |(entry_point, place)| !entry_point && *place == *row.to,
            || (false, row.to.clone().into_owned()),
        );
        let label = self.labels.number_near(
            &[last_label],
            |(interval, partial)| *partial == row.partial && *interval == *row.interval,
            || (row.interval.clone().into_owned(), row.partial),
        );
        self.last = [sources, to, label];
        self.found.entry((sources, label)).or_default().push(to);
    }

    /// The lines, by their first source and destination.
    pub(crate) fn lines(self, names: &Names) -> Vec<Line> {
        // What Ingresses let in stands last, all else in the order of places.
        let mut order: Vec<u32> = (0..).zip(&self.places.list).map(|(at, _)| at).collect();
        let place = |at: &u32| self.places.list.get(*at as usize);
        order.sort_by_key(|at| place(at));
        let mut rank: Vec<u32> = vec![0; order.len()];
        for (position, at) in (0..).zip(&order) {
            if let Some(slot) = rank.get_mut(*at as usize) {
                *slot = position;
            }
        }
        let rank_of = |at: u32| rank.get(at as usize).copied().unwrap_or(u32::MAX);
        let place_at = |rank: u32| order.get(rank as usize).and_then(place);

        let mut merged: FxHashMap<(Vec<u32>, u32), usize> = FxHashMap::default();
        let mut sets: Vec<(Vec<u32>, Vec<u32>, u32)> = Vec::new();
        for ((sources, label), to) in self.found {
            let mut to: Vec<u32> = to.into_iter().map(rank_of).collect();
            to.sort_unstable();
            let at = *merged.entry((to, label)).or_insert_with_key(|(to, _)| {
                sets.push((Vec::new(), to.clone(), label));
                sets.len() - 1
            });
            if let Some((from, ..)) = sets.get_mut(at)
                && let Some(sources) = self.sources.list.get(sources as usize)
            {
                from.extend(sources.iter().map(|source| rank_of(*source)));
            }
        }
        for (from, ..) in &mut sets {
            from.sort_unstable();
        }
        sets.sort();
        let label = |at: u32| self.labels.list.get(at as usize);
        sets.into_iter()
            .filter_map(|(from, to, at)| {
                let (interval, partial) = label(at)?;
                let list = |ranks: &[u32]| {
                    let places = || ranks.iter().filter_map(|rank| place_at(*rank));
                    let own = places().filter(|(entry, _)| !entry).map(|(_, place)| place);
                    let mut list = names.list(own);
                    list.extend(places().filter(|(entry, _)| *entry).map(|(_, p)| entry_name(p)));
                    list
                };
                let (ports, unknown) = interval_texts(interval);
                Some(Line { from: list(&from), to: list(&to), ports, unknown, partial: *partial })
            })
            .collect()
    }
}

impl Line {
    /// What is allowed, in one text.
    pub(crate) fn allowed(&self) -> String {
        allowed(&self.ports, &self.unknown, self.partial)
    }
}

/// What is allowed, in one text: certain ports, then those that are not.
pub(crate) fn allowed(ports: &str, unknown: &str, partial: bool) -> String {
    let unknown = if unknown.is_empty() { String::new() } else { format!("unknown: {unknown}") };
    let parts: Vec<&str> = [ports, &unknown].into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}{}", parts.join("; "), if partial { " (partial)" } else { "" })
}

impl Names {
    /// What sorted places are called: whole namespaces, or all but a few of their
    /// workloads, by one name, and every workload there is as `every workload`.
    pub(crate) fn list<'p>(&self, places: impl Iterator<Item = &'p Place>) -> Vec<String> {
        let mut in_namespace: BTreeMap<&Str, Vec<String>> = BTreeMap::new();
        let mut rest = Vec::new();
        let mut seen = BTreeSet::new();
        for place in places.filter(|place| seen.insert(*place)) {
            match place {
                Place::Workload(w) => {
                    in_namespace.entry(&w.namespace).or_default().push(self.workload(w));
                }
                other => rest.push(self.place(other)),
            }
        }
        let total: usize = in_namespace.keys().map(|ns| self.count(ns)).sum();
        let found: usize = in_namespace.values().map(Vec::len).sum();
        let mut names = Vec::new();
        if in_namespace.len() > 1 && total == self.total() && nearly(found, total) {
            names.push(self.but("every workload", in_namespace.iter()));
        } else {
            for (namespace, list) in &in_namespace {
                if nearly(list.len(), self.count(namespace)) {
                    let all = format!("{namespace}/*");
                    names.push(self.but(&all, [(namespace, list)].into_iter()));
                } else {
                    names.extend(list.iter().cloned());
                }
            }
        }
        names.extend(rest);
        names
    }
}

/// What an Ingress or a route is called: always with its kind, since a workload
/// behind it often has its name.
pub(crate) fn entry_name(place: &Place) -> String {
    match place {
        Place::Workload(w) => format!("{}/{}/{}", w.namespace, w.kind, w.name),
        _ => String::new(),
    }
}

/// Whether some of this many are told more shortly as all but the others.
fn nearly(some: usize, all: usize) -> bool {
    some > 1 && (some == all || some >= 3 && all - some <= some / 3)
}

impl Names {
    /// `all`, or `all (but a, b)` for what is not in the lists.
    fn but<'l>(
        &self,
        all: &str,
        lists: impl Iterator<Item = (&'l &'l Str, &'l Vec<String>)>,
    ) -> String {
        let mut missing = Vec::new();
        for (namespace, list) in lists {
            if list.len() < self.count(namespace) {
                let here: BTreeSet<&String> = list.iter().collect();
                missing.extend(self.in_namespace(namespace).filter(|name| !here.contains(name)));
            }
        }
        if missing.is_empty() {
            return all.to_owned();
        }
        // What is left out of `shop/*` needs no `shop/` of its own.
        let prefix = all.strip_suffix('*').unwrap_or_default();
        let missing: Vec<&str> =
            missing.iter().map(|name| name.strip_prefix(prefix).unwrap_or(name)).collect();
        format!("{all} (but {})", missing.join(", "))
    }
}

/// Values by numbers, in the order in which they came.
struct Numbered<T> {
    numbers: FxHashMap<T, u32>,
    list: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { numbers: FxHashMap::default(), list: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    /// The same for a value that probably has one of these numbers.
    fn number_near(
        &mut self,
        guesses: &[u32],
        is_it: impl Fn(&T) -> bool,
        value: impl FnOnce() -> T,
    ) -> u32 {
        let right = |guess: &&u32| self.list.get(**guess as usize).is_some_and(&is_it);
        match guesses.iter().find(right) {
            Some(number) => *number,
            None => self.number(&value()),
        }
    }

    fn number(&mut self, value: &T) -> u32 {
        match self.numbers.get(value) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
                self.numbers.insert(value.clone(), number);
                self.list.push(value.clone());
                number
            }
        }
    }
}
