//! Who reaches whom as a picture: the graph, and its renderers.
//!
//! A [`Graph`] says what a map says, one link for each kind of answer between
//! two places. [`Picture::of`] condenses it to what can be looked at: places
//! that no answer tells apart share a box, and a link that everybody has is
//! drawn once.

mod condense;
mod dot;
mod html;
mod layout;
mod matrix;
mod mermaid;
mod svg;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use condense::Picture;
pub(crate) use dot::dot;
pub(crate) use html::{Page, html};
pub(crate) use mermaid::{MERMAID_EDGES, mermaid};
pub(crate) use svg::svg;

/// Above this many lines a picture is a tangle, and a matrix says more.
pub(crate) const READABLE_EDGES: usize = 120;

/// The same for cards.
pub(crate) const READABLE_CARDS: usize = 80;

/// A graph of more links than this is refused: it would take minutes and
/// gigabytes to condense, and be no picture.
pub(crate) const MOST_LINKS: usize = 1_000_000;

/// A longer list of names on a card is cut, and says how many are left.
const LONGEST_LIST: usize = 10;

/// A longer text is shortened in the middle; the whole text is kept beside it
/// where a format has a place for that.
const LONGEST_TEXT: usize = 44;

/// Places and what is allowed between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// The places, in the order of the map.
    pub(crate) places: Vec<Place>,
    /// What is allowed, in the order of the map; at most one link for each
    /// ordered pair.
    pub(crate) links: Vec<Link>,
}

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its namespace; `None` for what is in no namespace.
    pub(crate) namespace: Option<String>,
    /// Its name, or a short text for a range of addresses.
    pub(crate) name: String,
    /// What else there is to say, such as the hop it is reached at; mostly empty.
    pub(crate) note: String,
}

/// What a place is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An Ingress or a route of a Gateway, of this API kind.
    Entry(String),
    /// A workload or pod, of this API kind.
    Workload(String),
    /// A node.
    Node,
    /// Addresses outside of the cluster.
    Outside,
}

/// What is allowed from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Index of the place it comes from.
    pub(crate) from: usize,
    /// Index of the place it goes to.
    pub(crate) to: usize,
    /// What is certainly allowed; empty when nothing is.
    pub(crate) ports: String,
    /// True when that is every port.
    pub(crate) every_port: bool,
    /// What is possibly allowed beyond that; empty when nothing is.
    pub(crate) unknown: String,
    /// True when the pods or families it stands for differ.
    pub(crate) partial: bool,
}

impl Place {
    /// `namespace/name`, or the name alone.
    pub(crate) fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}
