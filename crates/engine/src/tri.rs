/// Whether a matcher matches, where the input may not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// It does not.
    No,
    /// The input does not tell.
    Unknown,
    /// It does.
    Yes,
}

impl Tri {
    pub(crate) fn not(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Unknown => Tri::Unknown,
            Tri::Yes => Tri::No,
        }
    }

    /// Both hold. The order No < Unknown < Yes makes this the minimum.
    pub fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    /// One of them holds.
    pub(crate) fn or(self, other: Tri) -> Tri {
        self.max(other)
    }
}

impl From<bool> for Tri {
    fn from(yes: bool) -> Tri {
        if yes { Tri::Yes } else { Tri::No }
    }
}
