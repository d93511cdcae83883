use smallvec::SmallVec;

/// A number that ranges are made of: ports in a linear space, addresses.
pub(crate) trait Number: Copy + Ord + std::hash::Hash + std::fmt::Debug {
    /// The next number; the largest stays.
    fn next(self) -> Self;
    /// The number before; the smallest stays.
    fn previous(self) -> Self;
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            fn next(self) -> $t { self.saturating_add(1) }
            fn previous(self) -> $t { self.saturating_sub(1) }
        }
    )*};
}
number!(u32, u128);

/// A set of numbers as sorted, disjoint, non-adjacent inclusive ranges: each
/// set has one form, so equality is structural.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ranges<T: Number>(SmallVec<[(T, T); 2]>);

impl<T: Number> Default for Ranges<T> {
    fn default() -> Ranges<T> {
        Ranges::empty()
    }
}

impl<T: Number> Ranges<T> {
    pub(crate) fn empty() -> Ranges<T> {
        Ranges(SmallVec::new())
    }

    pub(crate) fn of(start: T, end: T) -> Ranges<T> {
        let mut ranges = Ranges::empty();
        if start <= end {
            ranges.0.push((start, end));
        }
        ranges
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (T, T)> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn contains(&self, number: T) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= number);
        after > 0 && self.0.get(after - 1).is_some_and(|&(_, end)| number <= end)
    }

    /// Appends a range that starts no earlier than the last one did.
    pub(crate) fn push(&mut self, start: T, end: T) {
        match self.0.last_mut() {
            Some(last) if start <= last.1 || start == last.1.next() => last.1 = last.1.max(end),
            _ => self.0.push((start, end)),
        }
    }

    pub(crate) fn union(&self, other: &Ranges<T>) -> Ranges<T> {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        let mut out = Ranges::empty();
        let (mut a, mut b) = (self.iter().peekable(), other.iter().peekable());
        loop {
            let from_a = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) => x.0 <= y.0,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return out,
            };
            if let Some((start, end)) = if from_a { a.next() } else { b.next() } {
                out.push(start, end);
            }
        }
    }

    pub(crate) fn intersection(&self, other: &Ranges<T>) -> Ranges<T> {
        let mut out = Ranges::empty();
        let (mut a, mut b) = (self.iter(), other.iter());
        let (mut x, mut y) = (a.next(), b.next());
        while let (Some((xs, xe)), Some((ys, ye))) = (x, y) {
            let (start, end) = (xs.max(ys), xe.min(ye));
            if start <= end {
                out.push(start, end);
            }
            if xe <= ye {
                x = a.next();
            } else {
                y = b.next();
            }
        }
        out
    }

    pub(crate) fn difference(&self, other: &Ranges<T>) -> Ranges<T> {
        let mut out = Ranges::empty();
        for (start, end) in self.iter() {
            let mut from = Some(start);
            for (cut_start, cut_end) in other.iter() {
                let Some(at) = from else { break };
                if cut_end < at {
                    continue;
                }
                if cut_start > end {
                    break;
                }
                if at < cut_start {
                    out.push(at, cut_start.previous());
                }
                from = if cut_end >= end { None } else { Some(cut_end.next()) };
            }
            if let Some(at) = from {
                out.push(at, end);
            }
        }
        out
    }
}
