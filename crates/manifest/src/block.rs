//! The fast way to read YAML: the block style that people and kubectl write.
//!
//! It reads lines rather than characters and understands only what needs no
//! thought: block mappings and sequences, scalars and flow collections that end
//! on their line, literal blocks. Whatever else it meets, and whatever could be
//! an error, it gives the whole document up as [`Unusual`], and the complete
//! parser decides; so there is one authority on what is valid, and a test holds
//! both to the same trees.

use std::borrow::Cow;

use memchr::memchr;

use crate::scalar::classify;
use crate::tree::{Entry, Flaw, Kind, MAX_DEPTH, Node, Tree, Value, narrow, note_duplicates};

/// The document needs the complete parser.
#[derive(Debug, PartialEq)]
pub(crate) struct Unusual;

type Read<T> = Result<T, Unusual>;

/// Reads one document, which may start with a `---` line.
pub(crate) fn parse(text: &str) -> Read<Tree<'_>> {
    let mut block = Block { text, bytes: text.as_bytes(), next: 0, line: Line::END, flaws: vec![] };
    block.advance()?;
    if block.at_document_start() {
        block.advance()?;
    }
    if block.line.done {
        return Ok(Tree { root: Node::null(0), flaws: block.flaws });
    }
    let root = block.nested(0)?;
    if !block.line.done {
        return Err(Unusual);
    }
    Ok(Tree { root, flaws: block.flaws })
}

/// The rest of a line that has content: what is left of it to read.
#[derive(Clone, Copy)]
struct Line {
    /// Column of `start`, from 0; all before it are spaces and dashes.
    indent: usize,
    start: usize,
    end: usize,
    /// There is no such line: the document has ended.
    done: bool,
}

impl Line {
    const END: Line = Line { indent: 0, start: 0, end: 0, done: true };
}

struct Block<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// Where the line after the current one starts.
    next: usize,
    line: Line,
    flaws: Vec<Flaw>,
}

impl<'t> Block<'t> {
    /// The value that stands on the current line and those below it that are
    /// not less indented.
    fn nested(&mut self, depth: usize) -> Read<Node<'t>> {
        if self.dash(self.line.start) {
            return self.sequence(depth);
        }
        match self.key(self.line.start, self.line.end)? {
            Some(key) => self.mapping(key, depth),
            None => Err(Unusual),
        }
    }

    fn mapping(&mut self, first: Key<'t>, depth: usize) -> Read<Node<'t>> {
        if depth > MAX_DEPTH {
            return Err(Unusual);
        }
        let (indent, start) = (self.line.indent, self.line.start);
        let mut entries = Vec::with_capacity(4);
        let mut key = first;
        loop {
            let offset = narrow(self.line.start);
            let value = self.field(key.after, indent, depth)?;
            entries.push(Entry { key: key.text, offset, value });
            if self.line.done || self.line.indent < indent {
                break;
            }
            if self.line.indent > indent || self.dash(self.line.start) {
                return Err(Unusual);
            }
            key = self.key(self.line.start, self.line.end)?.ok_or(Unusual)?;
        }
        note_duplicates(&entries, &mut self.flaws);
        Ok(Node { offset: narrow(start), value: Value::Map(entries) })
    }

    /// The value after a key's colon.
    fn field(&mut self, after: usize, indent: usize, depth: usize) -> Read<Node<'t>> {
        let at = self.skip_spaces(after, self.line.end);
        if !self.blank(at) {
            return self.inline(at, indent);
        }
        self.advance()?;
        if self.line.done || self.line.indent < indent {
            Ok(Node::null(after))
        } else if self.line.indent > indent {
            self.nested(depth + 1)
        } else if self.dash(self.line.start) {
            self.sequence(depth + 1)
        } else {
            Ok(Node::null(after))
        }
    }

    fn sequence(&mut self, depth: usize) -> Read<Node<'t>> {
        if depth > MAX_DEPTH {
            return Err(Unusual);
        }
        let (indent, start) = (self.line.indent, self.line.start);
        let mut items = Vec::with_capacity(2);
        loop {
            items.push(self.item(indent, depth)?);
            if self.line.done || self.line.indent < indent {
                break;
            }
            if self.line.indent > indent {
                return Err(Unusual);
            }
            if !self.dash(self.line.start) {
                break;
            }
        }
        Ok(Node { offset: narrow(start), value: Value::Seq(items) })
    }

    fn item(&mut self, indent: usize, depth: usize) -> Read<Node<'t>> {
        let dash = self.line.start;
        let at = self.skip_spaces(dash + 1, self.line.end);
        if self.blank(at) {
            self.advance()?;
            return if !self.line.done && self.line.indent > indent {
                self.nested(depth + 1)
            } else {
                Ok(Node::null(dash + 1))
            };
        }
        let inner = Line { indent: indent + (at - dash), start: at, ..self.line };
        if self.dash(at) {
            self.line = inner;
            return self.sequence(depth + 1);
        }
        match self.key(at, self.line.end)? {
            Some(key) => {
                self.line = inner;
                self.mapping(key, depth + 1)
            }
            None => self.inline(at, indent),
        }
    }

    /// A value that ends on the current line, or a literal block that starts
    /// there; the line after it becomes the current one.
    fn inline(&mut self, at: usize, indent: usize) -> Read<Node<'t>> {
        let end = self.line.end;
        let (node, after) = match self.byte(at) {
            b'"' | b'\'' => {
                let (text, after) = self.quoted(at, end)?;
                (Node::scalar(at, text, Kind::Str), after)
            }
            b'[' | b'{' => self.flow(at, end, 0)?,
            b'|' => return self.literal(at, indent),
            b'>' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'#' | b',' | b']' | b'}' => {
                return Err(Unusual);
            }
            b'-' | b'?' | b':' if matches!(self.byte(at + 1), b' ' | b'\n' | b'\r' | 0) => {
                return Err(Unusual);
            }
            _ => {
                let text = self.plain(at, end)?;
                let node = Node::scalar(at, Cow::Borrowed(text), classify(text));
                self.advance()?;
                return Ok(node);
            }
        };
        let rest = self.skip_spaces(after, end);
        let comment = self.byte(rest) == b'#' && rest > after;
        if rest < end && !comment {
            return Err(Unusual);
        }
        self.advance()?;
        Ok(node)
    }

    fn plain(&self, at: usize, end: usize) -> Read<&'t str> {
        let mut stop = end;
        let mut previous = 0;
        for (i, &byte) in self.bytes.get(at..end).unwrap_or_default().iter().enumerate() {
            match byte {
                b':' if matches!(self.byte(at + i + 1), b' ' | b'\n' | b'\r' | 0) => {
                    return Err(Unusual);
                }
                b'#' if previous == b' ' => {
                    stop = at + i;
                    break;
                }
                0..0x20 | 0x7F => return Err(Unusual),
                _ => {}
            }
            previous = byte;
        }
        Ok(self.slice(at, stop).trim_end_matches(' '))
    }

    /// A quoted scalar and the offset after its closing quote.
    fn quoted(&self, at: usize, end: usize) -> Read<(Cow<'t, str>, usize)> {
        let quote = self.byte(at);
        let mut from = at + 1;
        let mut built: Option<String> = None;
        let mut copied = from;
        loop {
            let rest = self.bytes.get(from..end).ok_or(Unusual)?;
            let stop = rest.iter().position(|&b| b == quote || b == b'\\' || b < 0x20);
            let stop = from + stop.ok_or(Unusual)?;
            let escaped = match self.byte(stop) {
                b'\\' if quote == b'\'' => {
                    from = stop + 1;
                    continue;
                }
                b'\\' => match self.byte(stop + 1) {
                    b'"' => '"',
                    b'\\' => '\\',
                    b'/' => '/',
                    b'n' => '\n',
                    b't' => '\t',
                    b'r' => '\r',
                    _ => return Err(Unusual),
                },
                b'\'' if quote == b'\'' && self.byte(stop + 1) == b'\'' => '\'',
                byte if byte == quote => {
                    let tail = self.slice(copied, stop);
                    let text = match built {
                        None => Cow::Borrowed(tail),
                        Some(built) => Cow::Owned(built + tail),
                    };
                    return Ok((text, stop + 1));
                }
                _ => return Err(Unusual),
            };
            let built = built.get_or_insert_default();
            built.push_str(self.slice(copied, stop));
            built.push(escaped);
            from = stop + 2;
            copied = from;
        }
    }

    /// A flow collection, or a scalar in one, and the offset after it.
    fn flow(&mut self, at: usize, end: usize, depth: usize) -> Read<(Node<'t>, usize)> {
        if depth > MAX_DEPTH {
            return Err(Unusual);
        }
        match self.byte(at) {
            b'[' => {
                let mut items = Vec::new();
                let mut from = self.skip_spaces(at + 1, end);
                if self.byte(from) == b']' && from < end {
                    from += 1;
                } else {
                    loop {
                        let (node, after) = self.flow(from, end, depth + 1)?;
                        items.push(node);
                        let (more, next) = self.flow_separator(after, end, b']')?;
                        from = next;
                        if !more {
                            break;
                        }
                    }
                }
                Ok((Node { offset: narrow(at), value: Value::Seq(items) }, from))
            }
            b'{' => {
                let mut entries = Vec::new();
                let mut from = self.skip_spaces(at + 1, end);
                if self.byte(from) == b'}' && from < end {
                    from += 1;
                } else {
                    loop {
                        let key = self.key(from, end)?.ok_or(Unusual)?;
                        let value = self.skip_spaces(key.after, end);
                        let (value, after) = self.flow(value, end, depth + 1)?;
                        entries.push(Entry { key: key.text, offset: narrow(from), value });
                        let (more, next) = self.flow_separator(after, end, b'}')?;
                        from = next;
                        if !more {
                            break;
                        }
                    }
                }
                note_duplicates(&entries, &mut self.flaws);
                Ok((Node { offset: narrow(at), value: Value::Map(entries) }, from))
            }
            b'"' | b'\'' => {
                let (text, after) = self.quoted(at, end)?;
                Ok((Node::scalar(at, text, Kind::Str), after))
            }
            _ => {
                let rest = self.bytes.get(at..end).unwrap_or_default();
                let length = rest.iter().position(|&b| !wordy(b)).unwrap_or(rest.len());
                let starts_plainly =
                    rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'/');
                if length == 0 || !starts_plainly {
                    return Err(Unusual);
                }
                let text = self.slice(at, at + length);
                Ok((Node::scalar(at, Cow::Borrowed(text), classify(text)), at + length))
            }
        }
    }

    /// Whether another element follows, and where it or what stands behind the
    /// closing bracket starts.
    fn flow_separator(&self, at: usize, end: usize, close: u8) -> Read<(bool, usize)> {
        let at = self.skip_spaces(at, end);
        if at >= end {
            return Err(Unusual);
        }
        match self.byte(at) {
            b',' => Ok((true, self.skip_spaces(at + 1, end))),
            byte if byte == close => Ok((false, at + 1)),
            _ => Err(Unusual),
        }
    }

    /// A literal block whose `|` stands at `at`, below a parent at `indent`.
    fn literal(&mut self, at: usize, indent: usize) -> Read<Node<'t>> {
        let header = self.slice(at + 1, self.line.end).trim_end_matches(' ');
        let keep = match header {
            "" => Chomp::Clip,
            "-" => Chomp::Strip,
            "+" => Chomp::Keep,
            _ => return Err(Unusual),
        };
        let mut text = String::new();
        let mut margin = None;
        let mut content_at = at;
        let mut breaks = 0;
        while self.next < self.bytes.len() {
            let start = self.next;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let Some(length) = memchr(b'\n', rest) else {
                // Whether a last line without a line break gets one is for the
                // complete parser to say.
                return Err(Unusual);
            };
            let mut end = start + length;
            if end > start && self.byte(end - 1) == b'\r' {
                end -= 1;
            }
            let content = self.skip_spaces(start, end);
            let spaces = content - start;
            if content == end {
                if margin.is_none_or(|m| spaces > m) && spaces > 0 {
                    return Err(Unusual);
                }
                breaks += 1;
                self.next = start + length + 1;
                continue;
            }
            let margin = match margin {
                Some(margin) => margin,
                None if spaces > indent => {
                    content_at = start + spaces;
                    *margin.insert(spaces)
                }
                None => return Err(Unusual),
            };
            if spaces < margin {
                if spaces > indent {
                    return Err(Unusual);
                }
                break;
            }
            let line = self.slice(start + margin, end);
            if line.bytes().any(|b| b < 0x20 && b != b'\t') {
                return Err(Unusual);
            }
            text.extend(std::iter::repeat_n('\n', breaks));
            text.push_str(line);
            breaks = 1;
            self.next = start + length + 1;
        }
        if text.is_empty() {
            return Err(Unusual);
        }
        match keep {
            Chomp::Strip => {}
            Chomp::Clip => text.push('\n'),
            Chomp::Keep => text.extend(std::iter::repeat_n('\n', breaks)),
        }
        self.advance()?;
        Ok(Node::scalar(content_at, Cow::Owned(text), Kind::Str))
    }

    /// A key at `at`, if there is one: text that is followed by a colon and a
    /// space or the end of the line.
    fn key(&self, at: usize, end: usize) -> Read<Option<Key<'t>>> {
        let (text, colon) = match self.byte(at) {
            b'"' | b'\'' => {
                let (text, after) = self.quoted(at, end)?;
                (text, self.skip_spaces(after, end))
            }
            _ => {
                let rest = self.bytes.get(at..end).unwrap_or_default();
                let Some(length) = rest.iter().position(|&b| !wordy(b)) else { return Ok(None) };
                (Cow::Borrowed(self.slice(at, at + length)), at + length)
            }
        };
        if colon == at || colon >= end || self.byte(colon) != b':' {
            return Ok(None);
        }
        let spaced = colon + 1 >= end || self.byte(colon + 1) == b' ';
        Ok(spaced.then_some(Key { text, after: colon + 1 }))
    }

    /// Makes the next line with content the current one.
    fn advance(&mut self) -> Read<()> {
        loop {
            let start = self.next;
            if start >= self.bytes.len() {
                self.line = Line::END;
                return Ok(());
            }
            let rest = self.bytes.get(start..).unwrap_or_default();
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let mut end = start + length;
            self.next = end + 1;
            if length > 0 && self.byte(end - 1) == b'\r' {
                end -= 1;
            }
            let content = self.skip_spaces(start, end);
            if content >= end || self.byte(content) == b'#' {
                continue;
            }
            if self.byte(content) == b'\t' {
                return Err(Unusual);
            }
            self.line = Line { indent: content - start, start: content, end, done: false };
            return Ok(());
        }
    }

    fn at_document_start(&self) -> bool {
        let Line { indent, start, end, done } = self.line;
        !done && indent == 0 && {
            let line = self.slice(start, end);
            line.strip_prefix("---").is_some_and(|rest| {
                let rest = rest.trim_start_matches(' ');
                rest.is_empty() || (rest.starts_with('#') && !line.starts_with("---#"))
            })
        }
    }

    /// Whether nothing but a comment is left of the current line at `at`.
    fn blank(&self, at: usize) -> bool {
        at >= self.line.end || (self.byte(at) == b'#' && self.byte(at.wrapping_sub(1)) == b' ')
    }

    fn dash(&self, at: usize) -> bool {
        self.byte(at) == b'-' && (at + 1 >= self.line.end || self.byte(at + 1) == b' ')
    }

    fn skip_spaces(&self, from: usize, end: usize) -> usize {
        let rest = self.bytes.get(from..end).unwrap_or_default();
        from + rest.iter().position(|&b| b != b' ').unwrap_or(rest.len())
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }
}

struct Key<'t> {
    text: Cow<'t, str>,
    after: usize,
}

#[derive(Clone, Copy)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// The characters of names and label keys: what a key is made of that needs no
/// second look.
fn wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/')
}
