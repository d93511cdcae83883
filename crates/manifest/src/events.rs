//! The complete way to read YAML: a parser's events, made into a tree within
//! fixed budgets.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::scalar::{self, classify};
use crate::tree::{
    Entry, Flaw, Kind, MAX_DEPTH, Node, SyntaxError, Tree, Value, narrow, note_duplicates,
};

/// How many nodes aliases may add to a document, so that one of a few hundred
/// bytes cannot ask for gigabytes.
const ALIAS_BUDGET: usize = 100_000;

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let mut builder = Builder {
        chars: Chars::new(text),
        stack: Vec::new(),
        root: None,
        anchors: FxHashMap::default(),
        spent: 0,
        flaws: Vec::new(),
    };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.scan_error(&error))?;
        let offset = builder.chars.offset(span.start.index());
        if let Event::DocumentStart(_) = event {
            documents += 1;
            if documents > 1 {
                return Err(error("yaml-syntax", offset, "a second document without `---`", ""));
            }
        }
        builder.event(event, offset)?;
    }
    let root = builder.root.unwrap_or_else(|| Node::null(0));
    Ok(Tree { root, flaws: builder.flaws })
}

fn error(
    id: &'static str,
    offset: usize,
    message: impl Into<String>,
    help: &'static str,
) -> SyntaxError {
    SyntaxError { id, offset, message: message.into(), help }
}

struct Builder<'t> {
    chars: Chars<'t>,
    stack: Vec<Frame<'t>>,
    root: Option<Node<'t>>,
    anchors: FxHashMap<usize, Node<'t>>,
    spent: usize,
    flaws: Vec<Flaw>,
}

/// A collection that is still open.
struct Frame<'t> {
    offset: usize,
    anchor: usize,
    content: Content<'t>,
}

enum Content<'t> {
    Seq(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>, Option<(Cow<'t, str>, usize)>),
}

impl<'t> Builder<'t> {
    fn event(&mut self, event: Event<'t>, offset: usize) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = kind(&text, style, tag.as_deref(), offset)?;
                let merge = kind == Kind::Str && style == ScalarStyle::Plain && text == "<<";
                if merge && self.expects_key() {
                    self.flaws.push(Flaw::Merge { at: narrow(offset) });
                }
                self.add(Node::scalar(offset, text, kind), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(offset, anchor, Content::Seq(Vec::new()), tag.as_deref(), "seq")
            }
            Event::MappingStart(anchor, tag) => {
                self.open(offset, anchor, Content::Map(Vec::new(), None), tag.as_deref(), "map")
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, offset),
            _ => Ok(()),
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { content: Content::Map(_, None), .. }))
    }

    fn open(
        &mut self,
        offset: usize,
        anchor: usize,
        content: Content<'t>,
        tag: Option<&Tag>,
        own: &str,
    ) -> Result<(), SyntaxError> {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == own)
        {
            return Err(unknown_tag(tag, offset));
        }
        if self.expects_key() {
            return Err(error(
                "yaml-syntax",
                offset,
                "a key must be a string, not a list or a mapping",
                "quote it, if braces were meant literally",
            ));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(error(
                "too-deep",
                offset,
                format!("nested more than {MAX_DEPTH} levels deep"),
                "",
            ));
        }
        self.stack.push(Frame { offset, anchor, content });
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let Some(Frame { offset, anchor, content }) = self.stack.pop() else { return Ok(()) };
        let value = match content {
            Content::Seq(items) => Value::Seq(items),
            Content::Map(entries, _) => {
                note_duplicates(&entries, &mut self.flaws);
                Value::Map(entries)
            }
        };
        self.add(Node { offset: narrow(offset), value }, anchor)
    }

    fn alias(&mut self, id: usize, offset: usize) -> Result<(), SyntaxError> {
        let Some(node) = self.anchors.get(&id) else {
            return Err(error(
                "yaml-syntax",
                offset,
                "an alias to an anchor that is not complete here",
                "",
            ));
        };
        let size = size(node);
        let mut node = node.clone();
        node.offset = narrow(offset);
        self.spend(size, offset)?;
        self.add(node, 0)
    }

    fn spend(&mut self, nodes: usize, offset: usize) -> Result<(), SyntaxError> {
        self.spent += nodes;
        if self.spent > ALIAS_BUDGET {
            return Err(error(
                "alias-budget",
                offset,
                format!("anchors and aliases stand for more than {ALIAS_BUDGET} values"),
                "write the values out",
            ));
        }
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node<'t>, anchor: usize) -> Result<(), SyntaxError> {
        if anchor > 0 {
            self.spend(size(&node), node.offset as usize)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::Seq(items)) => items.push(node),
            Some(Content::Map(entries, key)) => match key.take() {
                Some((text, offset)) => {
                    entries.push(Entry { key: text, offset: narrow(offset), value: node });
                }
                None => match node.value {
                    Value::Scalar(text, _) => *key = Some((text, node.offset as usize)),
                    _ => {
                        return Err(error(
                            "yaml-syntax",
                            node.offset as usize,
                            "a key must be a string",
                            "",
                        ));
                    }
                },
            },
        }
        Ok(())
    }

    fn scan_error(&mut self, scan: &ScanError) -> SyntaxError {
        let offset = self.chars.offset(scan.marker().index());
        let message = format!("not valid YAML: {}", scan.info());
        // The parser notices at the end of what it took for one long word.
        match glued_before(self.chars.text, offset) {
            Some(glued) => {
                let help = "put a space after the colon: `key: value`";
                error("yaml-syntax", glued, message, help)
            }
            None => error("yaml-syntax", offset, message, ""),
        }
    }
}

/// Where a key stands without a space between its colon and its value, on the
/// line of an offset or one of the few before it.
fn glued_before(text: &str, offset: usize) -> Option<usize> {
    const LINES: usize = 3;
    let end = text.get(offset..)?.find('\n').map_or(text.len(), |more| offset + more);
    let mut rest = text.get(..end)?;
    for _ in 0..LINES {
        let start = rest.rfind('\n').map_or(0, |at| at + 1);
        let line = rest.get(start..)?;
        let bare = line.trim_start_matches([' ', '-']);
        if scalar::glued(bare.trim_end()).is_some() {
            return Some(start + line.len() - bare.len());
        }
        rest = rest.get(..start.checked_sub(1)?)?;
    }
    None
}

fn kind(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    offset: usize,
) -> Result<Kind, SyntaxError> {
    let plain = if style == ScalarStyle::Plain { classify(text) } else { Kind::Str };
    let Some(tag) = tag else { return Ok(plain) };
    // The non-specific tag `!` says: take it as a string.
    if tag.handle.is_empty() && tag.suffix == "!" {
        return Ok(Kind::Str);
    }
    if !tag.is_yaml_core_schema() {
        return Err(unknown_tag(tag, offset));
    }
    match (tag.suffix.as_str(), classify(text)) {
        ("str", _) => Ok(Kind::Str),
        ("int", Kind::Int) => Ok(Kind::Int),
        ("float", Kind::Int | Kind::Float) => Ok(Kind::Float),
        ("bool", kind @ Kind::Bool(_)) => Ok(kind),
        ("null", Kind::Null) => Ok(Kind::Null),
        _ => Err(unknown_tag(tag, offset)),
    }
}

fn unknown_tag(tag: &Tag, offset: usize) -> SyntaxError {
    error(
        "custom-tag",
        offset,
        format!("the tag `{tag}` has no meaning here"),
        "remove the tag; quote the value if it is a string",
    )
}

fn size(node: &Node<'_>) -> usize {
    match &node.value {
        Value::Scalar(..) | Value::Skipped => 1,
        Value::Seq(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|e| 1 + size(&e.value)).sum::<usize>(),
    }
}

/// Character positions to byte offsets. The parser counts characters; it counts
/// forwards, so walking along costs the text once.
struct Chars<'t> {
    text: &'t str,
    ascii: bool,
    chars: usize,
    bytes: usize,
}

impl<'t> Chars<'t> {
    fn new(text: &'t str) -> Chars<'t> {
        Chars { text, ascii: text.is_ascii(), chars: 0, bytes: 0 }
    }

    fn offset(&mut self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.text.len());
        }
        if index < self.chars {
            // An event can start a little before the one that came before it.
            for c in self.text.get(..self.bytes).unwrap_or_default().chars().rev() {
                if self.chars == index {
                    break;
                }
                self.chars -= 1;
                self.bytes -= c.len_utf8();
            }
            return self.bytes;
        }
        for c in self.text.get(self.bytes..).unwrap_or_default().chars() {
            if self.chars == index {
                break;
            }
            self.chars += 1;
            self.bytes += c.len_utf8();
        }
        self.bytes
    }
}
