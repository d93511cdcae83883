use crate::Str;

/// Where objects were read: a file, standard input, a git revision's file or
/// the live cluster. An index into [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A position in a source. Line 0 means that the source has no lines (the live
/// cluster), not that the position is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The source.
    pub source: SourceId,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The names of the sources, as shown to a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    names: Vec<Str>,
}

impl Sources {
    /// Adds a source and returns its id.
    pub fn add(&mut self, name: impl Into<Str>) -> SourceId {
        self.names.push(name.into());
        SourceId(u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX))
    }

    /// The name of a source; empty for an id from other sources.
    pub fn name(&self, id: SourceId) -> &str {
        self.names.get(id.0 as usize).map_or("", |name| name)
    }

    /// All names, in the order of their ids.
    pub fn names(&self) -> &[Str] {
        &self.names
    }

    /// `file:line:column`, or the bare name where there are no lines.
    pub fn locate(&self, origin: Origin) -> String {
        let name = self.name(origin.source);
        if origin.line == 0 {
            name.to_owned()
        } else {
            format!("{name}:{}:{}", origin.line, origin.column)
        }
    }
}
