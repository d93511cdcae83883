/// Three-valued truth (Kleene's): §1 of SEMANTICS.md, "every matcher is
/// three-valued". Ordered, so that "and" is the minimum and "or" the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// Certainly not.
    No,
    /// The input does not say.
    Unknown,
    /// Certainly.
    Yes,
}

impl Tri {
    pub(crate) fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    pub(crate) fn or(self, other: Tri) -> Tri {
        self.max(other)
    }

    pub(crate) fn not(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Unknown => Tri::Unknown,
            Tri::Yes => Tri::No,
        }
    }

    /// Yes when all are; of nothing, yes.
    pub(crate) fn all(items: impl IntoIterator<Item = Tri>) -> Tri {
        items.into_iter().fold(Tri::Yes, Tri::and)
    }

    /// Yes when any is; of nothing, no.
    pub(crate) fn any(items: impl IntoIterator<Item = Tri>) -> Tri {
        items.into_iter().fold(Tri::No, Tri::or)
    }

    /// True unless the answer is no.
    pub fn possible(self) -> bool {
        self != Tri::No
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Tri {
        if value { Tri::Yes } else { Tri::No }
    }
}

/// What is known about one packet (§1): whether it is certainly allowed and
/// whether it is possibly allowed; the first implies the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Allowed whatever the unknowns turn out to be.
    pub certain: bool,
    /// Allowed for some outcome of the unknowns.
    pub possible: bool,
}

impl Interval {
    /// Certainly allowed.
    pub const ALLOWED: Interval = Interval { certain: true, possible: true };
    /// Certainly denied.
    pub const DENIED: Interval = Interval { certain: false, possible: false };
    /// Not known.
    pub const UNKNOWN: Interval = Interval { certain: false, possible: true };

    /// Both must allow: the two sides of one packet.
    pub(crate) fn and(self, other: Interval) -> Interval {
        Interval {
            certain: self.certain && other.certain,
            possible: self.possible && other.possible,
        }
    }

    /// Either may allow: the packets of several families or pods, united (§2).
    pub(crate) fn union(self, other: Interval) -> Interval {
        Interval {
            certain: self.certain || other.certain,
            possible: self.possible || other.possible,
        }
    }

    /// One of the two is the case and it is not known which: certain when both
    /// are, possible when either is.
    pub(crate) fn either(self, other: Interval) -> Interval {
        Interval {
            certain: self.certain && other.certain,
            possible: self.possible || other.possible,
        }
    }

    /// The interval in the words of an answer.
    pub fn verdict(self) -> Verdict {
        match (self.certain, self.possible) {
            (true, _) => Verdict::Allowed,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Denied,
        }
    }
}

impl From<Tri> for Interval {
    fn from(matched: Tri) -> Interval {
        match matched {
            Tri::Yes => Interval::ALLOWED,
            Tri::Unknown => Interval::UNKNOWN,
            Tri::No => Interval::DENIED,
        }
    }
}

/// An answer about one packet (§1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Certainly allowed.
    Allowed,
    /// Certainly denied.
    Denied,
    /// What the input does not say decides.
    Unknown,
}
