//! JSON with positions, and without building what nothing reads.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

use crate::interest::Place;
use crate::tree::{
    Entry, Flaw, Kind, MAX_DEPTH, Node, SyntaxError, Tree, Value, narrow, note_duplicates,
};

/// Reads the next value of a stream of JSON values, and where it ends; `None`
/// when only white space is left.
pub(crate) fn next(text: &str, from: usize) -> Option<Result<(Tree<'_>, usize), SyntaxError>> {
    let mut json = Json { text, bytes: text.as_bytes(), at: from, flaws: Vec::new() };
    json.space();
    if json.at >= json.bytes.len() {
        return None;
    }
    Some(json.value(Place::Object, true, 0).map(|root| {
        let flaws = std::mem::take(&mut json.flaws);
        (Tree { root, flaws }, json.at)
    }))
}

/// A list of objects, cut into its items without reading them.
pub(crate) struct List<'t> {
    pub(crate) api_version: Cow<'t, str>,
    pub(crate) kind: Cow<'t, str>,
    /// Where runs of items start and end; what is between them are commas.
    pub(crate) runs: Vec<(usize, usize)>,
}

/// Cuts a text that is one list of objects into runs of items; `None` when it
/// is anything else, or when something is wrong with it.
///
/// In indented JSON the runs are guessed, `stride` bytes apart, from how the
/// first item is indented; a run that turns out not to hold whole items means
/// that the list has to be read uncut.
pub(crate) fn list(text: &str, from: usize, stride: usize) -> Option<List<'_>> {
    let mut json = Json { text, bytes: text.as_bytes(), at: from, flaws: Vec::new() };
    let mut list = List { api_version: "".into(), kind: "".into(), runs: Vec::new() };
    let mut keys: Vec<Cow<'_, str>> = Vec::new();
    json.take(b'{').then_some(())?;
    json.space();
    loop {
        let key = (json.byte() == b'"').then(|| json.string().ok())??;
        json.space();
        json.take(b':').then_some(())?;
        json.space();
        match &*key {
            "items" if json.byte() == b'[' => {
                json.enter(0).ok()?;
                json.runs(stride, &mut list.runs)?;
            }
            "items" => return None,
            "apiVersion" | "kind" if json.byte() == b'"' => {
                let text = json.string().ok()?;
                if key == "kind" { list.kind = text } else { list.api_version = text }
            }
            _ => {
                json.skip(1).ok()?;
            }
        }
        if keys.contains(&key) {
            return None;
        }
        keys.push(key);
        if !json.another(b'}', "").ok()? {
            break;
        }
    }
    json.space();
    (json.at == text.len() && list.kind.ends_with("List")).then_some(list)
}

struct Json<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    flaws: Vec<Flaw>,
}

type Read<T> = Result<T, SyntaxError>;

impl<'t> Json<'t> {
    fn value(&mut self, place: Place, job: bool, depth: usize) -> Read<Node<'t>> {
        let offset = self.at;
        match self.byte() {
            b'{' => self.object(place, job, depth),
            b'[' => self.array(place, job, depth),
            b'"' => {
                let text = self.string()?;
                Ok(Node::scalar(offset, text, Kind::Str))
            }
            _ => {
                let (text, kind) = self.word()?;
                Ok(Node::scalar(offset, Cow::Borrowed(text), kind))
            }
        }
    }

    fn object(&mut self, place: Place, mut job: bool, depth: usize) -> Read<Node<'t>> {
        let offset = self.enter(depth)?;
        let mut entries = Vec::with_capacity(4);
        if !self.take(b'}') {
            loop {
                let at = self.at;
                if self.byte() != b'"' {
                    return Err(self.expected("a key in double quotes"));
                }
                let key = self.string()?;
                self.space();
                if self.byte() != b':' {
                    return Err(self.expected("`:`"));
                }
                self.at += 1;
                self.space();
                let value = match place.step(&key, job) {
                    Some(place) => self.value(place, job, depth + 1)?,
                    None => self.skip(depth + 1)?,
                };
                if place == Place::Object && key == "kind" {
                    job = value.text().is_none_or(|kind| kind == "Job");
                }
                entries.push(Entry { key, offset: narrow(at), value });
                if !self.another(b'}', "`,` or `}`")? {
                    break;
                }
            }
        }
        note_duplicates(&entries, &mut self.flaws);
        Ok(Node { offset: narrow(offset), value: Value::Map(entries) })
    }

    fn array(&mut self, place: Place, job: bool, depth: usize) -> Read<Node<'t>> {
        let offset = self.enter(depth)?;
        let mut items = Vec::new();
        if !self.take(b']') {
            loop {
                items.push(self.value(place, job, depth + 1)?);
                if !self.another(b']', "`,` or `]`")? {
                    break;
                }
            }
        }
        Ok(Node { offset: narrow(offset), value: Value::Seq(items) })
    }

    /// Finds runs of the items of a list, the first of which starts here, and
    /// steps behind the list.
    fn runs(&mut self, stride: usize, runs: &mut Vec<(usize, usize)>) -> Option<()> {
        if self.take(b']') {
            return Some(());
        }
        // White space and the brace behind it: no string contains a line break.
        let before = self.bytes.get(..self.at)?;
        let margin =
            before.iter().rposition(|b| !matches!(b, b' ' | b'\n' | b'\r')).map_or(0, |p| p + 1);
        let pattern = self.bytes.get(margin..=self.at)?;
        if pattern.contains(&b'\n') && pattern.ends_with(b"{") {
            let finder = memchr::memmem::Finder::new(pattern);
            while let Some(next) = self.bytes.get(self.at + stride..).and_then(|b| finder.find(b)) {
                let end = self.at + stride + next;
                runs.push((self.at, end));
                self.at = end + pattern.len() - 1;
            }
        }
        loop {
            let start = self.at;
            self.skip(1).ok()?;
            runs.push((start, self.at));
            if !self.another(b']', "").ok()? {
                return Some(());
            }
        }
    }

    /// Steps into a collection and returns where it starts.
    fn enter(&mut self, depth: usize) -> Read<usize> {
        if depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        let offset = self.at;
        self.at += 1;
        self.space();
        Ok(offset)
    }

    /// Whether another element follows; if so, steps to it.
    fn another(&mut self, close: u8, expected: &str) -> Read<bool> {
        self.space();
        if self.take(close) {
            return Ok(false);
        }
        if self.byte() != b',' {
            return Err(self.expected(expected));
        }
        self.at += 1;
        self.space();
        if self.byte() == close && self.at < self.bytes.len() {
            return Err(self.error(self.at, "JSON has no trailing comma", "remove the comma"));
        }
        Ok(true)
    }

    /// Passes over a value, looking only at what delimits it.
    fn skip(&mut self, depth: usize) -> Read<Node<'t>> {
        let offset = self.at;
        match self.byte() {
            b'{' | b'[' => {}
            b'"' => {
                self.at = self.string_end()? + 1;
                return Ok(Node { offset: narrow(offset), value: Value::Skipped });
            }
            _ => {
                self.word()?;
                return Ok(Node { offset: narrow(offset), value: Value::Skipped });
            }
        }
        // The open brackets, innermost last: 1 for a brace, 0 for a bracket.
        let mut open: u128 = 0;
        let mut levels = 0;
        loop {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(self.expected("the end of a value"));
            };
            match byte {
                b'"' => {
                    self.at = self.string_end()? + 1;
                    continue;
                }
                byte @ (b'{' | b'[') => {
                    levels += 1;
                    if levels > 128 || depth + levels > MAX_DEPTH {
                        return Err(self.too_deep());
                    }
                    open = open << 1 | u128::from(byte == b'{');
                }
                byte @ (b'}' | b']') => {
                    if (open & 1 == 1) != (byte == b'}') {
                        return Err(self.expected("the other kind of closing bracket"));
                    }
                    open >>= 1;
                    levels -= 1;
                }
                b' ' | b'\n' => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    self.at += structure(rest).unwrap_or(rest.len());
                    continue;
                }
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 1;
            if levels == 0 {
                return Ok(Node { offset: narrow(offset), value: Value::Skipped });
            }
        }
    }

    /// A string, whose opening quote is the current byte.
    fn string(&mut self) -> Read<Cow<'t, str>> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let stop = match quote_or_escape(rest) {
            Some(stop) => start + stop,
            None => return Err(self.unterminated()),
        };
        if self.bytes.get(stop) == Some(&b'"') {
            self.at = stop + 1;
            let text = self.slice(start, stop);
            self.check(text, start)?;
            return Ok(Cow::Borrowed(text));
        }
        let end = self.string_end()?;
        let raw = self.slice(start, end);
        self.check(raw, start)?;
        let text = self.unescape(raw, start)?;
        self.at = end + 1;
        Ok(Cow::Owned(text))
    }

    /// Where the string that starts here has its closing quote.
    fn string_end(&self) -> Read<usize> {
        let mut from = self.at + 1;
        loop {
            let rest = self.bytes.get(from..).unwrap_or_default();
            let Some(stop) = quote_or_escape(rest) else { return Err(self.unterminated()) };
            let stop = from + stop;
            if self.bytes.get(stop) == Some(&b'"') {
                return Ok(stop);
            }
            from = stop + 2;
        }
    }

    fn check(&self, text: &str, start: usize) -> Read<()> {
        match text.bytes().position(|b| b < 0x20) {
            None => Ok(()),
            Some(at) => {
                let help = "write it as an escape, such as `\\n`";
                Err(self.error(start + at, "a control character in a string", help))
            }
        }
    }

    fn unescape(&self, raw: &str, start: usize) -> Read<String> {
        let mut text = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(stop) = rest.find('\\') {
            let (before, escape) = rest.split_at(stop);
            text.push_str(before);
            let at = start + (raw.len() - escape.len());
            let bad = || self.error(at, "an unknown escape in a string", "");
            let mut chars = escape.chars();
            chars.next();
            match chars.next().ok_or_else(bad)? {
                c @ ('"' | '\\' | '/') => text.push(c),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'u' => {
                    let unit = hex(chars.as_str()).ok_or_else(bad)?;
                    let mut after = chars.as_str().get(4..).unwrap_or_default();
                    let point = if (0xD800..0xDC00).contains(&unit) {
                        // A pair of surrogates; a lone one is read as the
                        // replacement character, as the API server does.
                        let low = after.strip_prefix("\\u").and_then(hex);
                        match low.filter(|low| (0xDC00..0xE000).contains(low)) {
                            Some(low) => {
                                after = after.get(6..).unwrap_or_default();
                                0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
                            }
                            None => unit,
                        }
                    } else {
                        unit
                    };
                    text.push(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
                    rest = after;
                    continue;
                }
                _ => return Err(bad()),
            }
            rest = chars.as_str();
        }
        text.push_str(rest);
        Ok(text)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Read<(&'t str, Kind)> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))
            .unwrap_or(rest.len());
        let text = self.slice(self.at, self.at + length);
        let kind = match text {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ => number(text).ok_or_else(|| self.expected("a value"))?,
        };
        self.at += length;
        Ok((text, kind))
    }

    fn space(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t'));
        self.at += length.unwrap_or(rest.len());
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.at < self.bytes.len() && self.byte() == byte;
        self.at += usize::from(taken);
        taken
    }

    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn too_deep(&self) -> SyntaxError {
        SyntaxError {
            id: "too-deep",
            offset: self.at,
            message: format!("nested more than {MAX_DEPTH} levels deep"),
            help: "",
        }
    }

    fn unterminated(&self) -> SyntaxError {
        self.error(self.at, "a string without its closing quote", "")
    }

    fn expected(&self, what: &str) -> SyntaxError {
        if self.at >= self.bytes.len() {
            return self.error(self.at, &format!("the text ends where {what} must stand"), "");
        }
        self.error(self.at, &format!("expected {what}"), "")
    }

    fn error(&self, offset: usize, message: &str, help: &'static str) -> SyntaxError {
        let message = format!("not valid JSON: {message}");
        SyntaxError { id: "json-syntax", offset, message, help }
    }
}

/// A byte in each of the eight bytes of a word.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// A word whose lowest set bit is in the lowest byte of `word` that is zero.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(all(0x01)) & !word & all(0x80)
}

/// The first byte that a test on words of eight finds, or else a test on bytes.
fn find(bytes: &[u8], word: impl Fn(u64) -> u64, byte: impl Fn(&u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, chunk) in words.iter().enumerate() {
        let found = word(u64::from_le_bytes(*chunk));
        if found != 0 {
            return Some(at * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    rest.iter().position(byte).map(|at| words.len() * 8 + at)
}

/// The next quote or bracket of either kind. A few other bytes are found too:
/// with three bits set all brackets are the same byte, and so are they.
fn structure(bytes: &[u8]) -> Option<usize> {
    let word = |w: u64| zeros(w ^ all(b'"')) | zeros((w | all(0x26)) ^ all(0x7F));
    find(bytes, word, |b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'))
}

/// The next quote or backslash. Most strings are short, and for them a search
/// that prepares itself for long ones costs more than it saves.
fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    const SHORT: usize = 64;
    let near = bytes.get(..SHORT).unwrap_or(bytes);
    let word = |w: u64| zeros(w ^ all(b'"')) | zeros(w ^ all(b'\\'));
    match find(near, word, |b| matches!(b, b'"' | b'\\')) {
        Some(at) => Some(at),
        None => memchr2(b'"', b'\\', bytes.get(near.len()..)?).map(|at| near.len() + at),
    }
}

/// The four hexadecimal digits at the start of a text.
fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}

fn number(text: &str) -> Option<Kind> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    if whole == 0 || (whole > 1 && digits.starts_with('0')) {
        return None;
    }
    if whole == digits.len() {
        return Some(Kind::Int);
    }
    let ends_well = digits.bytes().last().is_some_and(|b| b.is_ascii_digit());
    let in_alphabet = memchr3(b'.', b'e', b'E', digits.as_bytes()) == Some(whole);
    (ends_well && in_alphabet && !digits.contains(".e") && digits.parse::<f64>().is_ok())
        .then_some(Kind::Float)
}
