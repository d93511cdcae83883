use std::borrow::Cow;
use std::cell::Cell;

/// How deep a document may nest. The deepest objects of the API, schemas of
/// custom resources, stay well below.
pub(crate) const MAX_DEPTH: usize = 200;

/// A parsed document, whichever front end read it.
#[derive(Debug, PartialEq)]
pub(crate) struct Tree<'t> {
    pub(crate) root: Node<'t>,
    /// What the text says twice or in a way that no API server reads.
    pub(crate) flaws: Vec<Flaw>,
}

/// One of the objects that a document holds without a separator.
pub(crate) struct Glued<'t> {
    pub(crate) root: Node<'t>,
    /// What is wrong with its own fields.
    pub(crate) flaws: Vec<Flaw>,
    /// Where its apiVersion stands.
    pub(crate) api_version: u32,
}

impl<'t> Tree<'t> {
    /// The objects of a document whose apiVersion and kind repeat, as they do
    /// where a separator is missing; none if it is one object.
    pub(crate) fn unglue(&self) -> Vec<Glued<'t>> {
        let again = |key: &str| {
            let repeated = |f: &&Flaw| matches!(f, Flaw::Duplicate { key: k, .. } if k == key);
            self.flaws.iter().filter(repeated).any(|f| self.is_of_root(f))
        };
        if !(again("apiVersion") && again("kind")) {
            return Vec::new();
        }
        let Value::Map(entries) = &self.root.value else { return Vec::new() };
        let mut objects: Vec<Vec<Entry<'t>>> = vec![Vec::new()];
        for entry in entries {
            let starts = matches!(&*entry.key, "apiVersion" | "kind")
                && objects.last().is_some_and(|o| o.iter().any(|e| e.key == entry.key));
            if starts {
                objects.push(Vec::new());
            }
            if let Some(object) = objects.last_mut() {
                object.push(entry.clone());
            }
        }
        let whole = |object: &Vec<Entry<'t>>| {
            ["apiVersion", "kind"].iter().all(|key| object.iter().any(|e| e.key == *key))
        };
        if !objects.iter().all(whole) {
            return Vec::new();
        }
        let glued = objects.into_iter().map(|entries| {
            let mut flaws = Vec::new();
            note_duplicates(&entries, &mut flaws);
            let version = entries.iter().find(|e| e.key == "apiVersion").map_or(0, |e| e.offset);
            let offset = entries.first().map_or(0, |e| e.offset);
            let root = Node { offset, value: Value::Map(entries) };
            Glued { root, flaws, api_version: version }
        });
        glued.collect()
    }

    /// Whether a flaw is about a field of the root.
    fn is_of_root(&self, flaw: &Flaw) -> bool {
        let at = flaw.offset();
        matches!(&self.root.value, Value::Map(entries) if entries.iter().any(|e| e.offset == at))
    }
}

/// A value and the byte of the document at which it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<'t> {
    pub(crate) offset: u32,
    pub(crate) value: Value<'t>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'t> {
    Scalar(Cow<'t, str>, Kind),
    Seq(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>),
    /// A field that nothing reads, left out for speed; only its key is known.
    Skipped,
}

/// What a scalar is to a reader of the API's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Str,
    Null,
    Bool(bool),
    Int,
    Float,
}

/// A field of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Cow<'t, str>,
    pub(crate) offset: u32,
    pub(crate) value: Node<'t>,
}

/// Text that parses but that no API server takes for what it seems to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Flaw {
    /// A key that its mapping has already.
    Duplicate { key: String, first: u32, again: u32 },
    /// A merge key, which the strict readers of the API refuse.
    Merge { at: u32 },
}

impl Flaw {
    pub(crate) fn offset(&self) -> u32 {
        match self {
            Flaw::Duplicate { again, .. } => *again,
            Flaw::Merge { at } => *at,
        }
    }

    /// Whether nobody knows which namespace an object with this flaw is in.
    pub(crate) fn hides_namespace(&self) -> bool {
        match self {
            Flaw::Duplicate { key, .. } => matches!(key.as_str(), "metadata" | "namespace"),
            Flaw::Merge { .. } => true,
        }
    }
}

/// Why a document cannot be read at all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SyntaxError {
    pub(crate) id: &'static str,
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

impl<'t> Node<'t> {
    pub(crate) fn null(offset: usize) -> Node<'t> {
        Node::scalar(offset, Cow::Borrowed(""), Kind::Null)
    }

    pub(crate) fn scalar(offset: usize, text: Cow<'t, str>, kind: Kind) -> Node<'t> {
        Node { offset: narrow(offset), value: Value::Scalar(text, kind) }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar(_, Kind::Null))
    }

    /// The field of a mapping; of a repeated one the last, as lenient readers
    /// have it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'t>> {
        match &self.value {
            Value::Map(entries) => entries.iter().rev().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The text of a string, for looks that must not complain.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, Kind::Str) => Some(text),
            _ => None,
        }
    }

    /// The items of a list, for looks that must not complain.
    pub(crate) fn items(&self) -> &[Node<'t>] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }
}

/// An offset as it is kept; documents of 4 GiB and more are refused before.
pub(crate) fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Notes the keys that a mapping has more than once.
pub(crate) fn note_duplicates(entries: &[Entry<'_>], flaws: &mut Vec<Flaw>) {
    /// Below this, comparing all pairs beats sorting.
    const FEW: usize = 12;
    if entries.len() <= FEW {
        for (at, entry) in entries.iter().enumerate() {
            let earlier = entries.iter().take(at);
            if let Some(first) = earlier.into_iter().find(|e| e.key == entry.key) {
                flaws.push(duplicate(first, entry));
            }
        }
        return;
    }
    let mut sorted: Vec<&Entry<'_>> = entries.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key).then(a.offset.cmp(&b.offset)));
    let mut first = None;
    for entry in sorted {
        match first {
            Some(earlier) if Entry::same_key(earlier, entry) => {
                flaws.push(duplicate(earlier, entry));
            }
            _ => first = Some(entry),
        }
    }
}

impl Entry<'_> {
    fn same_key(a: &Entry<'_>, b: &Entry<'_>) -> bool {
        a.key == b.key
    }
}

fn duplicate(first: &Entry<'_>, again: &Entry<'_>) -> Flaw {
    Flaw::Duplicate { key: again.key.to_string(), first: first.offset, again: again.offset }
}

/// Turns offsets into lines and columns.
///
/// It remembers where it was: looking up positions in about the order of the
/// text costs the distance between them, whatever the length of lines.
pub(crate) struct Lines<'t> {
    text: &'t [u8],
    /// The column at which the text starts.
    first_column: u32,
    at: Cell<(usize, u32, u32)>,
}

impl<'t> Lines<'t> {
    /// Positions in a text that starts at this line and column of its file.
    pub(crate) fn new(text: &'t [u8], (line, column): (u32, u32)) -> Lines<'t> {
        Lines { text, first_column: column, at: Cell::new((0, line, column)) }
    }

    /// Line and column, from 1, the column in characters.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let (from, line, column) = self.at.get();
        let (line, column) = if offset >= from {
            let between = self.text.get(from..offset).unwrap_or_default();
            match memchr::memrchr(b'\n', between) {
                None => (line, column.saturating_add(characters(between))),
                Some(last) => {
                    let breaks = memchr::memchr_iter(b'\n', between).count();
                    let rest = between.get(last + 1..).unwrap_or_default();
                    (line.saturating_add(narrow(breaks)), characters(rest).saturating_add(1))
                }
            }
        } else {
            let between = self.text.get(offset..from).unwrap_or_default();
            let breaks = memchr::memchr_iter(b'\n', between).count();
            if breaks == 0 {
                (line, column.saturating_sub(characters(between)))
            } else {
                let before = self.text.get(..offset).unwrap_or_default();
                let (start, first) = match memchr::memrchr(b'\n', before) {
                    Some(at) => (at + 1, 1),
                    None => (0, self.first_column),
                };
                let own = self.text.get(start..offset).unwrap_or_default();
                (line.saturating_sub(narrow(breaks)), characters(own).saturating_add(first))
            }
        };
        self.at.set((offset, line, column));
        (line, column)
    }
}

/// How many characters start in these bytes of UTF-8, eight bytes at a time:
/// those that do not are `10…` in binary.
fn characters(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let continued = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        ((word >> 7) & (!word >> 6) & 0x0101_0101_0101_0101).count_ones()
    };
    let inner: usize = words.iter().map(|word| continued(word) as usize).sum::<usize>()
        + rest.iter().filter(|b| (**b & 0xC0) == 0x80).count();
    narrow(bytes.len() - inner)
}
