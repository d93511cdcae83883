//! The same graph as tables of who reaches whom.

use std::collections::BTreeMap;

use super::{Graph, Link};

/// What a cell of a matrix says. The symbol says it without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// Nothing is possible.
    None,
    /// Something is possible, nothing certain.
    Unknown,
    /// Some ports, or some of the pairs that the cell stands for.
    Some,
    /// Every port, of every pair that the cell stands for.
    All,
}

impl Cell {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Cell::None => "·",
            Cell::Unknown => "?",
            Cell::Some => "◐",
            Cell::All => "●",
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Cell::None => "c0",
            Cell::Unknown => "cu",
            Cell::Some => "cs",
            Cell::All => "ca",
        }
    }

    /// What one link says.
    pub(super) fn of(link: &Link) -> Cell {
        match (link.ports.is_empty(), link.every_port && !link.partial) {
            (true, _) => Cell::Unknown,
            (false, true) => Cell::All,
            (false, false) => Cell::Some,
        }
    }
}

/// Places by the namespaces they are in; what is in none is one group of its
/// own.
pub(super) struct Groups {
    /// The groups' names, sorted, with the outside last.
    pub(super) names: Vec<String>,
    /// For each place its group.
    pub(super) of: Vec<usize>,
    /// How many places each group has.
    pub(super) sizes: Vec<usize>,
}

impl Groups {
    pub(super) fn of(graph: &Graph) -> Groups {
        let mut numbers: BTreeMap<(bool, &str), usize> = BTreeMap::new();
        let key = |place: &'_ super::Place| (place.namespace.is_none(), place.namespace.clone());
        let mut keys: Vec<_> = graph.places.iter().map(key).collect();
        keys.sort();
        keys.dedup();
        for (at, (none, name)) in keys.iter().enumerate() {
            numbers.insert((*none, name.as_deref().unwrap_or_default()), at);
        }
        let of: Vec<usize> = graph
            .places
            .iter()
            .map(|place| {
                let name = place.namespace.as_deref().unwrap_or_default();
                numbers.get(&(place.namespace.is_none(), name)).copied().unwrap_or_default()
            })
            .collect();
        let mut sizes = vec![0; keys.len()];
        for group in &of {
            if let Some(size) = sizes.get_mut(*group) {
                *size += 1;
            }
        }
        let names =
            keys.iter().map(|(_, name)| name.clone().unwrap_or_else(|| "outside".to_owned()));
        Groups { names: names.collect(), of, sizes }
    }

    /// Between each two groups: how much is allowed, and how many links there
    /// are, those of places with themselves among them.
    pub(super) fn cells(&self, graph: &Graph) -> BTreeMap<(usize, usize), (Cell, usize)> {
        #[derive(Default)]
        struct Sum {
            links: usize,
            certain: bool,
            /// Some link has not every port.
            partly: bool,
            /// Links between two different places.
            pairs: usize,
        }
        let mut sums: BTreeMap<(usize, usize), Sum> = BTreeMap::new();
        for link in &graph.links {
            let (Some(a), Some(b)) = (self.of.get(link.from), self.of.get(link.to)) else {
                continue;
            };
            let sum = sums.entry((*a, *b)).or_default();
            let cell = Cell::of(link);
            sum.links += 1;
            sum.certain |= cell != Cell::Unknown;
            sum.partly |= cell != Cell::All;
            sum.pairs += usize::from(link.from != link.to);
        }
        let size = |group: usize| self.sizes.get(group).copied().unwrap_or(0);
        sums.into_iter()
            .map(|((a, b), sum)| {
                let pairs =
                    if a == b { size(a) * size(a).saturating_sub(1) } else { size(a) * size(b) };
                let cell = match (sum.certain, sum.partly || sum.pairs < pairs) {
                    (false, _) => Cell::Unknown,
                    (true, true) => Cell::Some,
                    (true, false) => Cell::All,
                };
                ((a, b), (cell, sum.links))
            })
            .collect()
    }
}
