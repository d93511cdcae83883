//! Whole maps, to compare.

use std::ops::ControlFlow;

use fallgate_engine::{Detail, Interval, Place, Snapshot};

/// The entries of a map: from, to, what, and whether partially.
pub(crate) type Entries = Vec<(Place, Place, Interval, bool)>;

pub(crate) fn entries(snapshot: &Snapshot, detail: Detail) -> Entries {
    let mut entries = Vec::new();
    snapshot.map(detail, &mut |e| {
        entries.push((e.from.clone(), e.to.clone(), e.interval.clone(), e.partial));
        ControlFlow::Continue(())
    });
    entries
}
