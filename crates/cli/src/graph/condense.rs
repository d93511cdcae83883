//! From a graph to what can be looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::{Graph, Kind, Link, Place};

/// Cards in the boxes of their namespaces, and lines between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The namespaces that have cards, sorted.
    pub(crate) namespaces: Vec<String>,
    /// The cards: those of places in the order of the graph, then hubs.
    pub(crate) cards: Vec<Card>,
    /// The lines, sorted.
    pub(crate) edges: Vec<Edge>,
}

/// Places that no answer tells apart, or a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    /// Index of its namespace; `None` for what is in no namespace.
    pub(crate) namespace: Option<usize>,
    /// What it stands for.
    pub(crate) shape: Shape,
    /// The names of its places, without the namespace.
    pub(crate) members: Vec<String>,
    /// The API kind where all members share one, and what else is to be said.
    pub(crate) caption: String,
    /// What is allowed among its members, or between the replicas of the one.
    pub(crate) among: Vec<String>,
}

/// What a card stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Ingresses and routes.
    Entry,
    /// Workloads or pods.
    Workloads,
    /// Nodes.
    Nodes,
    /// Addresses outside.
    Outside,
    /// Every workload of its namespace, or of all namespaces: what its lines
    /// say holds for each of them, towards every other.
    Hub,
}

/// A line: what is allowed from one card to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    /// Index of the card it comes from.
    pub(crate) from: usize,
    /// Index of the card it goes to.
    pub(crate) to: usize,
    /// What is written on it.
    pub(crate) label: Label,
}

/// What is written on a line. A link that is partly certain and partly unknown
/// makes two lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    /// True when this is only possibly allowed.
    pub(crate) unknown: bool,
    /// The ports.
    pub(crate) text: String,
}

/// A hub is worth its card when it stands for at least this many lines.
const WORTH_A_HUB: usize = 3;

impl Picture {
    /// The picture of a graph: places that no answer tells apart share a card,
    /// and what every workload has is drawn once, from or to a hub.
    pub(crate) fn of(graph: &Graph) -> Picture {
        let mut picture = Picture::on_cards(graph, &twins(graph));
        picture.hubs();
        picture.finish()
    }

    /// The picture of a graph with a card for each place and a line for each
    /// link.
    pub(crate) fn plain(graph: &Graph) -> Picture {
        let each: Vec<usize> = (0..graph.places.len()).collect();
        Picture::on_cards(graph, &each).finish()
    }

    /// `card_of` says for each place which card it is on: numbers from 0, in
    /// the order of the first place of each. Edges from a card to itself stand
    /// for what is allowed among its members.
    fn on_cards(graph: &Graph, card_of: &[usize]) -> Picture {
        let namespaces: BTreeSet<&String> =
            graph.places.iter().filter_map(|p| p.namespace.as_ref()).collect();
        let namespaces: Vec<String> = namespaces.into_iter().cloned().collect();
        let mut members: BTreeMap<usize, Vec<&Place>> = BTreeMap::new();
        for (place, card) in graph.places.iter().zip(card_of) {
            members.entry(*card).or_default().push(place);
        }
        let mut cards: Vec<Card> =
            members.into_values().filter_map(|places| Card::new(&places, &namespaces)).collect();
        let mut edges = Vec::new();
        let mut own: BTreeMap<usize, Vec<Label>> = BTreeMap::new();
        for link in &graph.links {
            let (Some(&from), Some(&to)) = (card_of.get(link.from), card_of.get(link.to)) else {
                continue;
            };
            if link.from == link.to {
                own.insert(from, Label::of(link).collect());
            } else {
                edges.extend(Label::of(link).map(|label| Edge { from, to, label }));
            }
        }
        for (card, labels) in own {
            if let Some(card) = cards.get_mut(card) {
                card.among = labels.iter().map(Label::to_string).collect();
            }
        }
        edges.sort();
        edges.dedup();
        Picture { namespaces, cards, edges }
    }

    /// Puts what is allowed among the members of a card on the card.
    fn finish(mut self) -> Picture {
        let (inner, edges): (Vec<Edge>, Vec<Edge>) =
            std::mem::take(&mut self.edges).into_iter().partition(|e| e.from == e.to);
        self.edges = edges;
        let mut others: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for edge in inner {
            others.entry(edge.from).or_default().push(edge.label.to_string());
        }
        for (at, card) in self.cards.iter_mut().enumerate() {
            let own = std::mem::take(&mut card.among);
            let others = others.remove(&at).unwrap_or_default();
            if card.shape != Shape::Hub && (card.members.len() < 2 || own == others) {
                card.among = own;
            } else {
                let own = own.into_iter().map(|text| format!("own replicas {text}"));
                let others = others.into_iter().map(|text| format!("each other {text}"));
                card.among = others.chain(own).collect();
            }
        }
        self
    }

    /// Replaces what every workload has, of a namespace or of all, by lines
    /// from and to hubs.
    fn hubs(&mut self) {
        let mut pairs: BTreeMap<&Label, BTreeSet<(usize, usize)>> = BTreeMap::new();
        for edge in &self.edges {
            pairs.entry(&edge.label).or_default().insert((edge.from, edge.to));
        }
        let crowds = Crowds::of(&self.cards);
        let mut found: Vec<(Side, Side, Label)> = Vec::new();
        let mut rest: Vec<Edge> = Vec::new();
        for (label, pairs) in pairs {
            let covers = crowds.covers(&pairs);
            let covered: BTreeSet<(usize, usize)> =
                covers.iter().flat_map(|(from, to)| crowds.required(*from, *to)).collect();
            found.extend(covers.into_iter().map(|(from, to)| (from, to, label.clone())));
            rest.extend(pairs.difference(&covered).map(|(from, to)| Edge {
                from: *from,
                to: *to,
                label: label.clone(),
            }));
        }
        let mut hubs: BTreeMap<Side, usize> = BTreeMap::new();
        for (from, to, label) in found {
            let mut card = |side: Side| match side {
                Side::One(card) => card,
                hub => *hubs.entry(hub).or_insert_with(|| {
                    self.cards.push(Card::hub(hub));
                    self.cards.len() - 1
                }),
            };
            let (from, to) = (card(from), card(to));
            rest.push(Edge { from, to, label });
        }
        rest.sort();
        self.edges = rest;
    }
}

impl Card {
    fn new(places: &[&Place], namespaces: &[String]) -> Option<Card> {
        let first = places.first()?;
        let mut kinds: Vec<&str> = places.iter().map(|place| place.kind.caption()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut caption = kinds.join(", ");
        if !first.note.is_empty() {
            caption =
                format!("{caption}{}{}", if caption.is_empty() { "" } else { " · " }, first.note);
        }
        Some(Card {
            namespace: first.namespace.as_ref().and_then(|n| namespaces.binary_search(n).ok()),
            shape: first.kind.shape(),
            members: places.iter().map(|place| place.name.clone()).collect(),
            caption,
            among: Vec::new(),
        })
    }

    fn hub(side: Side) -> Card {
        let (namespace, name) = match side {
            Side::Namespace(n) => (Some(n), "every workload here"),
            _ => (None, "every workload"),
        };
        Card {
            namespace,
            shape: Shape::Hub,
            members: vec![name.to_owned()],
            caption: String::new(),
            among: Vec::new(),
        }
    }
}

impl Label {
    fn of(link: &Link) -> impl Iterator<Item = Label> {
        let suffix = if link.partial { " (partial)" } else { "" };
        [(false, &link.ports), (true, &link.unknown)]
            .into_iter()
            .filter(|(_, ports)| !ports.is_empty())
            .map(move |(unknown, ports)| Label { unknown, text: format!("{ports}{suffix}") })
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.unknown { "? " } else { "" }, self.text)
    }
}

impl Kind {
    fn shape(&self) -> Shape {
        match self {
            Kind::Entry(_) => Shape::Entry,
            Kind::Workload(_) => Shape::Workloads,
            Kind::Node => Shape::Nodes,
            Kind::Outside => Shape::Outside,
        }
    }

    fn caption(&self) -> &str {
        match self {
            Kind::Entry(kind) | Kind::Workload(kind) => kind,
            Kind::Node => "Node",
            Kind::Outside => "outside",
        }
    }
}

/// One end of a line while it is not decided whether a hub takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// Every workload.
    All,
    /// Every workload of this namespace.
    Namespace(usize),
    /// This card.
    One(usize),
}

/// The cards of workloads, by namespace.
struct Crowds {
    by_namespace: BTreeMap<usize, Vec<usize>>,
    all: Vec<usize>,
    /// For each card, its namespace if it is one of workloads.
    namespace_of: Vec<Option<usize>>,
    /// For each card, whether it has several members.
    several: Vec<bool>,
}

impl Crowds {
    fn of(cards: &[Card]) -> Crowds {
        let mut crowds = Crowds {
            by_namespace: BTreeMap::new(),
            all: Vec::new(),
            namespace_of: Vec::new(),
            several: cards.iter().map(|card| card.members.len() > 1).collect(),
        };
        for (at, card) in cards.iter().enumerate() {
            let namespace = card.namespace.filter(|_| card.shape == Shape::Workloads);
            crowds.namespace_of.push(namespace);
            if let Some(namespace) = namespace {
                crowds.by_namespace.entry(namespace).or_default().push(at);
                crowds.all.push(at);
            }
        }
        crowds
    }

    /// The sides that a card is part of; a hub for one card is none.
    fn sides(&self, card: usize) -> impl Iterator<Item = Side> {
        let namespace = self.namespace_of.get(card).copied().flatten();
        let crowd = namespace.and_then(|n| self.by_namespace.get(&n)).map_or(0, Vec::len);
        [
            namespace.filter(|_| self.by_namespace.len() > 1).map(|_| Side::All),
            namespace.filter(|_| crowd > 1).map(Side::Namespace),
            Some(Side::One(card)),
        ]
        .into_iter()
        .flatten()
    }

    fn cards(&self, side: Side) -> Vec<usize> {
        match side {
            Side::All => self.all.clone(),
            Side::Namespace(n) => self.by_namespace.get(&n).cloned().unwrap_or_default(),
            Side::One(card) => vec![card],
        }
    }

    /// The pairs that a line between two sides says something about: each with
    /// every other, and among the members of a card that has several.
    fn required(&self, from: Side, to: Side) -> Vec<(usize, usize)> {
        let (from, to) = (self.cards(from), self.cards(to));
        let several = |card: usize| self.several.get(card).copied().unwrap_or(false);
        from.iter()
            .flat_map(|a| to.iter().map(|b| (*a, *b)))
            .filter(|(a, b)| a != b || several(*a))
            .collect()
    }

    /// Lines with a hub at one or both ends that hold for nothing but these
    /// pairs, the largest first, each worth its hub.
    fn covers(&self, pairs: &BTreeSet<(usize, usize)>) -> Vec<(Side, Side)> {
        let mut counts: BTreeMap<(Side, Side), usize> = BTreeMap::new();
        for (a, b) in pairs {
            for from in self.sides(*a) {
                for to in self.sides(*b) {
                    *counts.entry((from, to)).or_default() += 1;
                }
            }
        }
        let mut candidates: Vec<(usize, Side, Side)> = counts
            .into_iter()
            .filter(|(_, count)| *count >= WORTH_A_HUB)
            .map(|((from, to), count)| (count, from, to))
            .collect();
        candidates.sort_by_key(|(count, from, to)| (std::cmp::Reverse(*count), *from, *to));
        let mut covered = BTreeSet::new();
        let mut found = Vec::new();
        for (count, from, to) in candidates {
            let required = self.required(from, to);
            let new = required.iter().filter(|pair| !covered.contains(*pair)).count();
            if required.len() == count && new >= WORTH_A_HUB {
                covered.extend(required);
                found.push((from, to));
            }
        }
        found
    }
}

/// For each place the card it is on. Two places share one when they are of one
/// kind and namespace, every third place is linked with both in the same way,
/// and what is allowed between them is the same in both directions.
fn twins(graph: &Graph) -> Vec<usize> {
    let mut labels: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    let mut rows: Vec<Row> = vec![Row::default(); graph.places.len()];
    for link in &graph.links {
        let next = labels.len();
        let label = *labels.entry((&link.ports, &link.unknown, link.partial)).or_insert(next);
        if link.from == link.to {
            if let Some(row) = rows.get_mut(link.from) {
                row.own = Some(label);
            }
            continue;
        }
        if let Some(row) = rows.get_mut(link.from) {
            row.links.push((link.to, true, label));
        }
        if let Some(row) = rows.get_mut(link.to) {
            row.links.push((link.from, false, label));
        }
    }

    type Key<'a> = (Shape, Option<&'a str>, &'a str, Option<usize>, Vec<(usize, bool, usize)>);
    let mut groups: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (at, (place, row)) in graph.places.iter().zip(&rows).enumerate() {
        let neighbour = |to: &usize| {
            graph.places.get(*to).is_some_and(|other| other.namespace == place.namespace)
        };
        // What could be allowed among this place and its twins.
        let mut inner: BTreeSet<Option<usize>> = BTreeSet::from([None, row.own]);
        let near = row.links.iter().filter(|(to, out, _)| *out && neighbour(to));
        inner.extend(near.map(|(_, _, label)| Some(*label)).take(3));
        for label in inner {
            let mut links = row.links.clone();
            if let Some(label) = label {
                // A place that stands in its own row as its twins stand there
                // has the same row as they.
                links.extend([(at, true, label), (at, false, label)]);
            }
            links.sort_unstable();
            let key =
                (place.kind.shape(), place.namespace.as_deref(), &*place.note, row.own, links);
            groups.entry(key).or_default().push(at);
        }
    }

    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|g| g.len() > 1).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group.first().copied()));
    let mut first_of: Vec<usize> = (0..graph.places.len()).collect();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for group in groups {
        let free: Vec<usize> = group.into_iter().filter(|at| !taken.contains(at)).collect();
        if let ([first, _, ..], true) = (&*free, free.len() > 1) {
            for at in &free {
                if let Some(slot) = first_of.get_mut(*at) {
                    *slot = *first;
                }
            }
            taken.extend(&free);
        }
    }
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    first_of
        .into_iter()
        .map(|first| {
            let next = numbers.len();
            *numbers.entry(first).or_insert(next)
        })
        .collect()
}

/// A place's links with others: (other, outgoing, label).
#[derive(Clone, Default)]
struct Row {
    own: Option<usize>,
    links: Vec<(usize, bool, usize)>,
}
