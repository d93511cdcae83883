//! Where everything in a picture goes.
//!
//! Cards stand in columns, so that most lines lead from left to right, and in
//! the box of their namespace; boxes that need different columns share a row.
//! Ranges of addresses stand at the edges of the picture: at the left what
//! comes from them, at the right what goes to them. A line ends at the row of
//! its target's card that names its ports. Lines that skip columns run through
//! lanes, inside of a box or between rows of boxes, where no cards are; those
//! with the same end share a lane. All numbers are pixels, and whole.

use std::collections::{BTreeMap, BTreeSet};

use super::condense::{Card, Label, Picture, Shape};
use super::text::shorten;

/// A picture with places.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) frames: Vec<Frame>,
    pub(super) spots: Vec<Spot>,
    pub(super) routes: Vec<Route>,
}

/// The box of a namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) namespace: usize,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    /// First and last column.
    columns: (usize, usize),
    row: usize,
}

/// A card where it stands. Cards of no namespace may stand at both edges.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    pub(super) card: usize,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    /// The lines of its head, as they are shown.
    pub(super) names: Vec<String>,
    pub(super) caption: String,
    /// The rows at which lines arrive.
    pub(super) doors: Vec<Label>,
    column: usize,
    frame: Option<usize>,
}

/// The way of an edge.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) edge: usize,
    pub(super) start: (i32, i32),
    /// A horizontal stretch in a lane.
    pub(super) lane: Option<((i32, i32), (i32, i32))>,
    pub(super) end: (i32, i32),
    /// True when it leaves its source, and when it arrives, towards the right.
    pub(super) rightwards: (bool, bool),
}

const MARGIN: i32 = 16;
const FRAME_PAD: i32 = 14;
const FRAME_HEAD: i32 = 28;
const CARD_GAP: i32 = 14;
const ROW_GAP: i32 = 26;
const LANE: i32 = 7;
const CHANNEL: i32 = 64;
const WIDEST_CHANNEL: i32 = 150;
const CARD_WIDTHS: (i32, i32) = (118, 250);
const LETTER: i32 = 7;
const LONGEST_NAME: usize = 30;
const MOST_NAMES: usize = 8;
/// More columns than this are folded: a picture must fit on a screen.
const MOST_COLUMNS: usize = 7;
const SWEEPS: usize = 6;

/// Heights within a card, from its top.
pub(super) const PAD: i32 = 8;
pub(super) const NAME: i32 = 16;
pub(super) const CAPTION: i32 = 14;
pub(super) const ROW: i32 = 17;

impl Spot {
    /// Where lines leave: at the height of the first name.
    pub(super) fn exit(&self) -> i32 {
        self.y + PAD + NAME / 2
    }

    /// The top of the rows.
    pub(super) fn rows_top(&self) -> i32 {
        let caption = if self.caption.is_empty() { 0 } else { CAPTION };
        self.y + PAD + count(self.names.len()) * NAME + caption + 4
    }

    /// The middle of a row.
    pub(super) fn row(&self, row: usize) -> i32 {
        self.rows_top() + count(row) * ROW + ROW / 2
    }
}

/// Sizes of lists as coordinates.
fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX / 1024).min(i32::MAX / 1024)
}

impl Layout {
    /// Lays a picture out.
    pub(super) fn of(picture: &Picture) -> Layout {
        let mut draft = Draft::new(picture);
        draft.columns();
        draft.rows();
        draft.order();
        draft.lanes();
        draft.place();
        draft.routes()
    }
}

/// A layout in the making.
struct Draft<'a> {
    picture: &'a Picture,
    spots: Vec<Spot>,
    /// For each edge the spots it leads from and to, and its door there.
    ends: Vec<(usize, usize, usize)>,
    frames: Vec<Frame>,
    /// How many columns there are, with one at each edge.
    column_count: usize,
    row_count: usize,
    /// For each edge that skips columns, where it does so.
    way_of: BTreeMap<usize, Way>,
    /// How many lanes each space has.
    lane_counts: BTreeMap<Space, usize>,
    /// The left and right end of each column.
    column_x: Vec<(i32, i32)>,
    height: i32,
}

/// How an edge skips columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// At the height where it arrives: nothing stands there.
    AtTarget,
    /// At the height where it leaves: nothing stands there.
    AtSource,
    /// Through a lane of a space.
    Lane(Space, usize),
}

/// Where lanes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Space {
    /// Below the head of a frame.
    Frame(usize),
    /// Above this row; the last is below all rows.
    Above(usize),
}

impl<'a> Draft<'a> {
    fn new(picture: &'a Picture) -> Draft<'a> {
        let mut leaves = vec![false; picture.cards.len()];
        let mut doors: Vec<BTreeSet<&Label>> = vec![BTreeSet::new(); picture.cards.len()];
        for edge in &picture.edges {
            if let (Some(leaves), Some(doors)) = (leaves.get_mut(edge.from), doors.get_mut(edge.to))
            {
                *leaves = true;
                doors.insert(&edge.label);
            }
        }
        let mut spots: Vec<Spot> = Vec::new();
        // For each card the spots that its lines leave from and arrive at.
        let mut spot_of: Vec<(usize, usize)> = Vec::new();
        for ((at, card), doors) in picture.cards.iter().enumerate().zip(&doors) {
            let doors: Vec<Label> = doors.iter().map(|label| (*label).clone()).collect();
            let source = spots.len();
            let edge_of_picture = card.namespace.is_none();
            if edge_of_picture && leaves.get(at) == Some(&true) && !doors.is_empty() {
                spots.push(Spot::new(at, card, Vec::new(), 0));
                spots.push(Spot::new(at, card, doors, usize::MAX));
                spot_of.push((source, source + 1));
            } else {
                let column = if edge_of_picture && !doors.is_empty() { usize::MAX } else { 0 };
                spots.push(Spot::new(at, card, doors, column));
                spot_of.push((source, source));
            }
        }
        let ends = picture
            .edges
            .iter()
            .map(|edge| {
                let from = spot_of.get(edge.from).map_or(0, |spots| spots.0);
                let to = spot_of.get(edge.to).map_or(0, |spots| spots.1);
                let doors = spots.get(to).map_or(&[][..], |spot| &spot.doors);
                (from, to, doors.binary_search(&edge.label).unwrap_or(0))
            })
            .collect();
        Draft {
            picture,
            spots,
            ends,
            frames: Vec::new(),
            column_count: 0,
            row_count: 0,
            way_of: BTreeMap::new(),
            lane_counts: BTreeMap::new(),
            column_x: Vec::new(),
            height: 0,
        }
    }

    fn inner(&self, spot: usize) -> bool {
        self.card(spot).is_some_and(|card| card.namespace.is_some())
    }

    fn card(&self, spot: usize) -> Option<&Card> {
        self.picture.cards.get(self.spots.get(spot)?.card)
    }

    /// Gives every spot its column: sources before their targets, as far as
    /// there are no circles.
    fn columns(&mut self) {
        let inner: Vec<usize> = (0..self.spots.len()).filter(|at| self.inner(*at)).collect();
        let edges: BTreeSet<(usize, usize)> = self
            .ends
            .iter()
            .map(|(from, to, _)| (*from, *to))
            .filter(|(from, to)| from != to && self.inner(*from) && self.inner(*to))
            .collect();
        let order = acyclic_order(&inner, &edges);
        let rank: BTreeMap<usize, usize> = order.iter().enumerate().map(|(r, s)| (*s, r)).collect();
        let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut after: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (from, to) in &edges {
            let (a, b) = if rank.get(from) < rank.get(to) { (from, to) } else { (to, from) };
            before.entry(*b).or_default().push(*a);
            after.entry(*a).or_default().push(*b);
        }
        let mut column: BTreeMap<usize, usize> = BTreeMap::new();
        for spot in &order {
            let at = before.get(spot).into_iter().flatten().filter_map(|s| column.get(s)).max();
            column.insert(*spot, at.map_or(0, |c| c + 1));
        }
        // What nothing leads to stands just before what it leads to.
        for spot in order.iter().rev().filter(|spot| !before.contains_key(spot)) {
            let next = after.get(spot).into_iter().flatten().filter_map(|s| column.get(s)).min();
            if let Some(next) = next {
                column.insert(*spot, next.saturating_sub(1));
            }
        }
        let deep = column.values().max().map_or(1, |most| most + 1);
        if deep > MOST_COLUMNS {
            for at in column.values_mut() {
                *at = *at * MOST_COLUMNS / deep;
            }
        }
        self.column_count = deep.min(MOST_COLUMNS) + 2;
        let linked: BTreeSet<usize> =
            self.ends.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        for (at, spot) in self.spots.iter_mut().enumerate() {
            spot.column = match column.get(&at) {
                Some(column) => column + 1,
                None => spot.column.min(self.column_count - 1),
            };
        }
        // Cards without any line fill up the columns of their namespace.
        let mut load: BTreeMap<(Option<usize>, usize), i32> = BTreeMap::new();
        let mut idle = Vec::new();
        for (at, spot) in self.spots.iter().enumerate() {
            let namespace = self.picture.cards.get(spot.card).and_then(|card| card.namespace);
            if linked.contains(&at) || namespace.is_none() {
                *load.entry((namespace, spot.column)).or_default() += spot.height + CARD_GAP;
            } else {
                idle.push((at, namespace));
            }
        }
        for (at, namespace) in idle {
            let mut columns: Vec<usize> =
                load.keys().filter(|(n, _)| *n == namespace).map(|(_, column)| *column).collect();
            if columns.is_empty() {
                columns = (1..=3.min(self.column_count - 2)).collect();
            }
            let least = columns
                .into_iter()
                .min_by_key(|column| load.get(&(namespace, *column)).copied().unwrap_or(0));
            if let (Some(column), Some(spot)) = (least, self.spots.get_mut(at)) {
                spot.column = column;
                *load.entry((namespace, column)).or_default() += spot.height + CARD_GAP;
            }
        }
    }

    /// Makes the frames and gives each a row; frames that need different
    /// columns share one.
    fn rows(&mut self) {
        for namespace in 0..self.picture.namespaces.len() {
            let columns = || {
                {
                    self.spots.iter().filter(|spot| {
                        let card = self.picture.cards.get(spot.card);
                        card.is_some_and(|card| card.namespace == Some(namespace))
                    })
                }
                .map(|spot| spot.column)
            };
            if let (Some(first), Some(last)) = (columns().min(), columns().max()) {
                self.frames.push(Frame { namespace, columns: (first, last), ..Frame::default() });
            }
        }
        // Wide frames first; within that, by name, which is how they come.
        self.frames.sort_by_key(|f| (std::cmp::Reverse(f.columns.1 - f.columns.0), f.namespace));
        let mut rows: Vec<Vec<(usize, usize)>> = Vec::new();
        for frame in &mut self.frames {
            let (first, last) = frame.columns;
            let free = |row: &Vec<(usize, usize)>| row.iter().all(|(a, b)| last < *a || *b < first);
            frame.row = rows.iter().position(free).unwrap_or(rows.len());
            match rows.get_mut(frame.row) {
                Some(row) => row.push(frame.columns),
                None => rows.push(vec![frame.columns]),
            }
        }
        self.row_count = rows.len();
        let frame_of: BTreeMap<usize, usize> =
            self.frames.iter().enumerate().map(|(at, f)| (f.namespace, at)).collect();
        for spot in &mut self.spots {
            let namespace = self.picture.cards.get(spot.card).and_then(|card| card.namespace);
            spot.frame = namespace.and_then(|n| frame_of.get(&n).copied());
        }
    }

    /// Sorts the spots of each cell so that lines cross little: each by the
    /// middle of those it is linked with.
    fn order(&mut self) {
        let mut linked: Vec<Vec<usize>> = vec![Vec::new(); self.spots.len()];
        for (from, to, _) in &self.ends {
            for (a, b) in [(from, to), (to, from)] {
                if let Some(list) = linked.get_mut(*a) {
                    list.push(*b);
                }
            }
        }
        let mut cells: BTreeMap<(usize, Option<usize>), Vec<usize>> = BTreeMap::new();
        for (at, spot) in self.spots.iter().enumerate() {
            cells.entry((spot.column, spot.frame)).or_default().push(at);
        }
        // Heights for comparison only: rows are far apart.
        const FAR: i64 = 1 << 20;
        let mut height: Vec<i64> = vec![0; self.spots.len()];
        let settle = |cells: &BTreeMap<(usize, Option<usize>), Vec<usize>>,
                      height: &mut Vec<i64>| {
            for ((_, frame), cell) in cells {
                let row = frame.and_then(|f| self.frames.get(f)).map(|f| f.row);
                for (place, spot) in cell.iter().enumerate() {
                    let base = match row {
                        Some(row) => i64::from(count(row)) * FAR,
                        None => i64::from(count(self.row_count)) * FAR / 2,
                    };
                    // Cells are compared by their middles, however long they are.
                    let within = (i64::from(count(place)) * 2 + 1) * 4096
                        / i64::from(count(cell.len()).max(1));
                    if let Some(slot) = height.get_mut(*spot) {
                        *slot = base + within;
                    }
                }
            }
        };
        settle(&cells, &mut height);
        for sweep in 0..SWEEPS {
            let mut keys: Vec<_> = cells.keys().copied().collect();
            if sweep % 2 == 1 {
                keys.reverse();
            }
            for key in keys {
                if let Some(cell) = cells.get_mut(&key) {
                    cell.sort_by_key(|spot| {
                        let linked = linked.get(*spot).map_or(&[][..], Vec::as_slice);
                        let sum: i64 = linked.iter().filter_map(|s| height.get(*s)).sum();
                        let mean = sum.checked_div(i64::from(count(linked.len())));
                        (mean.unwrap_or(i64::MAX), *spot)
                    });
                }
                settle(&cells, &mut height);
            }
        }
        // Places within cells are kept as heights until the real ones are known.
        for cell in cells.values() {
            for (place, spot) in cell.iter().enumerate() {
                if let Some(spot) = self.spots.get_mut(*spot) {
                    spot.y = count(place);
                }
            }
        }
    }

    /// Finds a way for lines that skip columns: past empty cells, else through
    /// a lane.
    fn lanes(&mut self) {
        let row = |spot: &Spot| spot.frame.and_then(|f| self.frames.get(f)).map(|f| f.row);
        let taken: BTreeSet<(usize, usize)> =
            self.spots.iter().filter_map(|spot| Some((row(spot)?, spot.column))).collect();
        let free = |spot: &Spot, low: usize, high: usize| {
            row(spot).is_some_and(|row| (low + 1..high).all(|c| !taken.contains(&(row, c))))
        };
        // Lines with one end share a lane: (space, target, door, from the left).
        type Span = (usize, usize, Vec<usize>);
        let mut spans: BTreeMap<(Space, usize, usize, bool), Span> = BTreeMap::new();
        for (edge, (from, to, door)) in self.ends.iter().enumerate() {
            let (Some(a), Some(b)) = (self.spots.get(*from), self.spots.get(*to)) else { continue };
            let (low, high) = (a.column.min(b.column), a.column.max(b.column));
            if high - low < 2 {
                continue;
            }
            if free(b, low, high) {
                self.way_of.insert(edge, Way::AtTarget);
                continue;
            }
            if free(a, low, high) {
                self.way_of.insert(edge, Way::AtSource);
                continue;
            }
            let space = match (a.frame, b.frame, row(a), row(b)) {
                (Some(x), Some(y), ..) if x == y => Space::Frame(x),
                (_, _, Some(x), Some(y)) if x > y => Space::Above(y + 1),
                (_, _, _, Some(y)) => Space::Above(y),
                (_, _, Some(x), None) => Space::Above(x),
                (_, _, None, None) => Space::Above(0),
            };
            let key = (space, *to, *door, a.column < b.column);
            let span = spans.entry(key).or_insert((low + 1, high - 1, Vec::new()));
            span.0 = span.0.min(low + 1);
            span.1 = span.1.max(high - 1);
            span.2.push(edge);
        }
        let mut spans: Vec<_> = spans.into_iter().collect();
        spans.sort_by_key(|((space, to, door, right), (first, last, _))| {
            (*space, *first, std::cmp::Reverse(*last), *to, *door, *right)
        });
        let mut taken: BTreeMap<Space, Vec<usize>> = BTreeMap::new();
        for ((space, ..), (first, last, edges)) in spans {
            let lanes = taken.entry(space).or_default();
            let free = lanes.iter().position(|end| *end < first);
            let lane = free.unwrap_or(lanes.len());
            match lanes.get_mut(lane) {
                Some(end) => *end = last,
                None => lanes.push(last),
            }
            self.way_of.extend(edges.into_iter().map(|edge| (edge, Way::Lane(space, lane))));
        }
        self.lane_counts = taken.into_iter().map(|(space, lanes)| (space, lanes.len())).collect();
    }

    fn lane_height(&self, space: Space) -> i32 {
        self.lane_counts.get(&space).map_or(0, |lanes| count(*lanes) * LANE + LANE)
    }

    /// Computes where everything is.
    fn place(&mut self) {
        // Columns: as wide as their widest card, apart as far as lines need.
        let mut widths = vec![0; self.column_count];
        for spot in &self.spots {
            if let Some(width) = widths.get_mut(spot.column) {
                *width = spot.width.max(*width);
            }
        }
        let mut crossing = vec![0_usize; self.column_count];
        for (from, to, _) in &self.ends {
            let (Some(a), Some(b)) = (self.spots.get(*from), self.spots.get(*to)) else { continue };
            for end in [a.column.min(b.column) + 1, a.column.max(b.column)] {
                if let Some(n) = crossing.get_mut(end) {
                    *n += 1;
                }
            }
        }
        let mut x = MARGIN;
        for (width, crossing) in widths.iter().zip(&crossing) {
            if *width > 0 && x > MARGIN {
                x += (CHANNEL + 2 * FRAME_PAD + count(*crossing) * 2).min(WIDEST_CHANNEL);
            }
            self.column_x.push((x, x + width));
            x += width;
        }
        for spot in &mut self.spots {
            if let Some((left, right)) = self.column_x.get(spot.column) {
                spot.x = *left;
                spot.width = right - left;
            }
        }

        // Rows: frames as high as their highest column.
        let mut cells: BTreeMap<(Option<usize>, usize), Vec<usize>> = BTreeMap::new();
        for (at, spot) in self.spots.iter().enumerate() {
            cells.entry((spot.frame, spot.column)).or_default().push(at);
        }
        for cell in cells.values_mut() {
            cell.sort_by_key(|at| self.spots.get(*at).map(|spot| (spot.y, *at)));
        }
        let stack = |cell: &[usize], spots: &[Spot]| -> i32 {
            let heights = cell.iter().filter_map(|at| spots.get(*at)).map(|s| s.height + CARD_GAP);
            heights.sum::<i32>() - CARD_GAP
        };
        let mut y = MARGIN;
        for row in 0..self.row_count {
            y += self.lane_height(Space::Above(row)) + if row > 0 { ROW_GAP } else { 0 };
            let mut tallest = 0;
            for at in 0..self.frames.len() {
                let lanes = self.lane_height(Space::Frame(at));
                let Some(frame) = self.frames.get_mut(at).filter(|f| f.row == row) else {
                    continue;
                };
                let (first, last) = frame.columns;
                let column = |at: usize| self.column_x.get(at).copied().unwrap_or_default();
                frame.x = column(first).0 - FRAME_PAD;
                frame.width = column(last).1 + FRAME_PAD - frame.x;
                frame.y = y;
                let own = || cells.iter().filter(|((f, _), _)| *f == Some(at)).map(|(_, c)| c);
                let inner = own().map(|cell| stack(cell, &self.spots)).max().unwrap_or(0);
                let top = y + FRAME_HEAD + lanes;
                frame.height = FRAME_HEAD + lanes + inner + FRAME_PAD;
                tallest = tallest.max(frame.height);
                for cell in own() {
                    let mut y = top + (inner - stack(cell, &self.spots)) / 2;
                    for at in cell {
                        if let Some(spot) = self.spots.get_mut(*at) {
                            spot.y = y;
                            y += spot.height + CARD_GAP;
                        }
                    }
                }
            }
            y += tallest;
        }
        y += self.lane_height(Space::Above(self.row_count));

        // The edges of the picture: each card beside what it is linked with.
        let mut bottom = y;
        for ((_, _), cell) in cells.iter().filter(|((frame, _), _)| frame.is_none()) {
            let mut wanted: Vec<(i32, usize)> = cell
                .iter()
                .map(|at| {
                    let ends = self.ends.iter().filter(|(from, to, _)| from == at || to == at);
                    let other = ends.map(|(from, to, _)| if from == at { *to } else { *from });
                    let heights: Vec<i32> = other
                        .filter_map(|s| self.spots.get(s))
                        .map(|s| s.y + s.height / 2)
                        .collect();
                    let mean = heights.iter().sum::<i32>().checked_div(count(heights.len()));
                    let half = self.spots.get(*at).map_or(0, |spot| spot.height / 2);
                    (mean.unwrap_or(MARGIN) - half, *at)
                })
                .collect();
            wanted.sort();
            let total = stack(cell, &self.spots);
            let mut next = MARGIN;
            let mut left = total;
            for (wish, at) in wanted {
                if let Some(spot) = self.spots.get_mut(at) {
                    // Not so low that the rest would not fit above the bottom.
                    let latest = (y - left).max(MARGIN);
                    spot.y = wish.min(latest).max(next);
                    next = spot.y + spot.height + CARD_GAP;
                    left -= spot.height + CARD_GAP;
                    bottom = bottom.max(spot.y + spot.height);
                }
            }
        }
        self.height = bottom + MARGIN;
    }

    fn lane_y(&self, space: Space, lane: usize) -> i32 {
        let lane = count(lane) * LANE + LANE;
        match space {
            Space::Frame(at) => {
                self.frames.get(at).map_or(0, |frame| frame.y + FRAME_HEAD - LANE + lane)
            }
            Space::Above(row) => {
                let below = |f: &&Frame| f.row + 1 == row;
                let end = self.frames.iter().filter(below).map(|f| f.y + f.height).max();
                end.map_or(MARGIN, |end| end + if row < self.row_count { ROW_GAP / 2 } else { 0 })
                    + lane
                    - LANE / 2
            }
        }
    }

    fn routes(self) -> Layout {
        let mut routes = Vec::new();
        for (edge, (from, to, door)) in self.ends.iter().enumerate() {
            let (Some(a), Some(b)) = (self.spots.get(*from), self.spots.get(*to)) else { continue };
            let forward = a.column < b.column;
            let same = a.column == b.column;
            let start = (if forward { a.x + a.width } else { a.x }, a.exit());
            let end = (if forward || same { b.x } else { b.x + b.width }, b.row(*door));
            let lane = self.way_of.get(&edge).map(|way| {
                let y = match way {
                    Way::AtTarget => end.1,
                    Way::AtSource => start.1,
                    Way::Lane(space, lane) => self.lane_y(*space, *lane),
                };
                let (low, high) = (a.column.min(b.column), a.column.max(b.column));
                let column = |at: usize| self.column_x.get(at).copied().unwrap_or_default();
                let (left, right) = (column(low + 1).0, column(high - 1).1);
                if forward { ((left, y), (right, y)) } else { ((right, y), (left, y)) }
            });
            routes.push(Route { edge, start, lane, end, rightwards: (forward, forward || same) });
        }
        let width = self.column_x.iter().map(|(_, right)| *right).max().unwrap_or(0) + MARGIN;
        let frames_end = self.frames.iter().map(|f| f.x + f.width + MARGIN).max().unwrap_or(0);
        Layout {
            width: width.max(frames_end),
            height: self.height,
            frames: self.frames,
            spots: self.spots,
            routes,
        }
    }
}

impl Spot {
    fn new(at: usize, card: &Card, doors: Vec<Label>, column: usize) -> Spot {
        // A set of addresses is written block by block.
        let members: Vec<String> = match card.shape {
            Shape::Outside => card.members.iter().flat_map(|text| blocks(text)).collect(),
            _ => card.members.clone(),
        };
        let mut names: Vec<String> =
            members.iter().take(MOST_NAMES).map(|name| shorten(name, LONGEST_NAME)).collect();
        if members.len() > MOST_NAMES {
            names.push(format!("and {} more", members.len() - MOST_NAMES));
        }
        let caption = match (card.shape, doors.is_empty()) {
            (Shape::Outside, true) => "from outside".to_owned(),
            (Shape::Outside, false) => "to outside".to_owned(),
            (Shape::Hub, true) => "each, to".to_owned(),
            (Shape::Hub, false) if card.namespace.is_none() => "each, from".to_owned(),
            (Shape::Hub, false) => "each".to_owned(),
            _ => shorten(&card.caption, LONGEST_NAME + 4),
        };
        let rows = doors.iter().map(|label| label.to_string().chars().count() + 2);
        let among = card.among.iter().map(|text| text.chars().count() + 2);
        let longest = rows.chain(among).map(|n| n.min(LONGEST_NAME)).max().unwrap_or(0);
        let names_width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let letters = count(longest.max(names_width).max(caption.chars().count()));
        let mut spot = Spot {
            card: at,
            width: (letters * LETTER + 24).clamp(CARD_WIDTHS.0, CARD_WIDTHS.1),
            names,
            caption,
            doors,
            column,
            ..Spot::default()
        };
        let rows = spot.doors.len() + card.among.len();
        spot.height = spot.rows_top() + count(rows) * ROW + if rows > 0 { 5 } else { 2 };
        spot
    }
}

/// A text about addresses in its parts.
fn blocks(text: &str) -> Vec<String> {
    let text = text.replace(" except ", ", except ").replace("; ", ", ");
    text.split(", ").map(ToOwned::to_owned).collect()
}

/// An order of the nodes in which few edges lead backwards (Eades, Lin and
/// Smyth 1993): sinks last, sources first, else whatever has the most to give.
fn acyclic_order(nodes: &[usize], edges: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let mut out: BTreeMap<usize, BTreeSet<usize>> =
        nodes.iter().map(|node| (*node, BTreeSet::new())).collect();
    let mut into = out.clone();
    for (from, to) in edges {
        out.entry(*from).or_default().insert(*to);
        into.entry(*to).or_default().insert(*from);
    }
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut left: BTreeSet<usize> = nodes.iter().copied().collect();
    while !left.is_empty() {
        let degree = |map: &BTreeMap<usize, BTreeSet<usize>>, node: &usize| {
            map.get(node).map_or(0, BTreeSet::len)
        };
        let sink = left.iter().rev().find(|n| degree(&out, n) == 0 && degree(&into, n) > 0);
        let source = left.iter().find(|n| degree(&into, n) == 0);
        let best = left.iter().max_by_key(|n| {
            (count(degree(&out, n)) - count(degree(&into, n)), std::cmp::Reverse(**n))
        });
        let (node, to_end) = match (sink, source, best) {
            (Some(node), ..) => (*node, true),
            (None, Some(node), _) | (None, None, Some(node)) => (*node, false),
            (None, None, None) => break,
        };
        if to_end {
            last.push(node);
        } else {
            first.push(node);
        }
        left.remove(&node);
        for next in out.remove(&node).unwrap_or_default() {
            into.entry(next).or_default().remove(&node);
        }
        for previous in into.remove(&node).unwrap_or_default() {
            out.entry(previous).or_default().remove(&node);
        }
    }
    last.reverse();
    first.extend(last);
    first
}
