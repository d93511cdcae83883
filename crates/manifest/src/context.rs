//! What lowering needs everywhere: typed looks at nodes that complain where a
//! value is not what the API takes, and the place that complaints are kept.

use fallgate_model::{Diagnostic, ObjectRef, Origin, Severity, SourceId, Str};
use rustc_hash::FxHashSet;

use crate::item::Part;
use crate::scalar;
use crate::tree::{Entry, Kind, Lines, Node, Value};

/// How many diagnostics one document, and later one source, may have.
pub(crate) const MAX_DIAGNOSTICS: usize = 1_000;

/// Strings that are in use, each once.
#[derive(Default)]
pub(crate) struct Strings(FxHashSet<Str>);

impl Strings {
    pub(crate) fn get(&mut self, text: &str) -> Str {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new = Str::from(text);
        self.0.insert(new.clone());
        new
    }
}

/// The way from an object to one of its fields; rendered only when there is
/// something to say about it.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    pub(crate) const ROOT: At<'static> = At { parent: None, step: Step::Root };

    pub(crate) fn key(&'a self, key: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    fn render(&self) -> String {
        let mut path = self.parent.map(At::render).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(key) if key.contains(['.', '/']) => {
                path.push('[');
                path.push_str(&shown(key));
                path.push(']');
            }
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&shown(key));
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
        path
    }
}

/// Lowering of one document.
pub(crate) struct Context<'c> {
    pub(crate) part: &'c mut Part,
    strings: &'c mut Strings,
    lines: &'c Lines<'c>,
    source: SourceId,
    /// Positions are shown.
    lined: bool,
    /// Unknown fields and repeated keys are read as lenient readers read them.
    pub(crate) lenient: bool,
    /// What is read comes from a document that would be refused, so that no
    /// policy of it is in force.
    pub(crate) refused: bool,
    object: Option<ObjectRef>,
    failed: bool,
    said: usize,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        part: &'c mut Part,
        strings: &'c mut Strings,
        lines: &'c Lines<'c>,
        source: SourceId,
        lined: bool,
        lenient: bool,
    ) -> Context<'c> {
        let (object, failed, said) = (None, false, 0);
        let refused = false;
        Context { part, strings, lines, source, lined, lenient, refused, object, failed, said }
    }

    /// Starts with another object, about which nothing is wrong yet.
    pub(crate) fn begin(&mut self, object: Option<ObjectRef>) {
        // Half a name would read as one with a hole.
        self.object = object.filter(|o| !o.kind.is_empty() && !o.name.is_empty());
        self.failed = false;
    }

    /// Whether further diagnostics of the document are only counted.
    pub(crate) fn has_said_enough(&self) -> bool {
        self.said >= MAX_DIAGNOSTICS
    }

    /// Whether an error was found in the current object.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Forgets errors, to learn whether the next part of an object has any.
    pub(crate) fn take_failed(&mut self) -> bool {
        std::mem::take(&mut self.failed)
    }

    pub(crate) fn set_failed(&mut self, failed: bool) {
        self.failed = failed;
    }

    pub(crate) fn str(&mut self, text: &str) -> Str {
        self.strings.get(text)
    }

    pub(crate) fn origin(&self, offset: u32) -> Origin {
        if !self.lined {
            return Origin { source: self.source, line: 0, column: 0 };
        }
        let (line, column) = self.lines.position(offset as usize);
        Origin { source: self.source, line, column }
    }

    pub(crate) fn error(
        &mut self,
        at: &At<'_>,
        offset: u32,
        id: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.failed = true;
        self.say(Severity::Error, at, offset, id, message.into(), help.into());
    }

    pub(crate) fn warning(
        &mut self,
        at: &At<'_>,
        offset: u32,
        id: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.say(Severity::Warning, at, offset, id, message.into(), help.into());
    }

    pub(crate) fn note(
        &mut self,
        at: &At<'_>,
        offset: u32,
        id: &'static str,
        message: impl Into<String>,
    ) {
        self.say(Severity::Note, at, offset, id, message.into(), String::new());
    }

    fn say(
        &mut self,
        severity: Severity,
        at: &At<'_>,
        offset: u32,
        id: &'static str,
        message: String,
        help: String,
    ) {
        let help = if help.is_empty() { usual_help(id).to_owned() } else { help };
        self.said += 1;
        if self.said > MAX_DIAGNOSTICS {
            self.part.unsaid(self.source, severity);
            return;
        }
        let diagnostic = Diagnostic {
            id,
            severity,
            message,
            origin: self.origin(offset),
            object: self.object.clone(),
            field: at.render(),
            help,
        };
        self.part.diagnostics.push(diagnostic);
    }

    /// The fields of a mapping; of `null`, none, as for an absent one.
    pub(crate) fn fields<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        at: &At<'_>,
    ) -> Option<&'n [Entry<'t>]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            Value::Scalar(_, Kind::Null) => Some(&[]),
            _ => {
                self.wrong(node, at, "a mapping");
                None
            }
        }
    }

    /// The items of a list; of `null`, none.
    pub(crate) fn items<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        at: &At<'_>,
    ) -> Option<&'n [Node<'t>]> {
        match &node.value {
            Value::Seq(items) => Some(items),
            Value::Scalar(_, Kind::Null) => Some(&[]),
            _ => {
                self.wrong(node, at, "a list");
                None
            }
        }
    }

    /// A string; of `null` the empty one, as the API server has it.
    pub(crate) fn string<'n>(&mut self, node: &'n Node<'_>, at: &At<'_>) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(text, Kind::Str | Kind::Null) => {
                Some(if matches!(node.value, Value::Scalar(_, Kind::Null)) { "" } else { text })
            }
            Value::Scalar(text, kind) => {
                let (what, text) = (self.kind_name(*kind), shown(text));
                self.error(
                    at,
                    node.offset,
                    "wrong-type",
                    format!("`{text}` is {what} and must be a string"),
                    format!("quote it: \"{text}\""),
                );
                None
            }
            _ => {
                self.wrong(node, at, "a string");
                None
            }
        }
    }

    /// A string that is not empty.
    pub(crate) fn filled<'n>(&mut self, node: &'n Node<'_>, at: &At<'_>) -> Option<&'n str> {
        let text = self.string(node, at)?;
        if text.is_empty() {
            self.error(at, node.offset, "missing-field", "must not be empty", "");
            return None;
        }
        Some(text)
    }

    pub(crate) fn int(&mut self, node: &Node<'_>, at: &At<'_>) -> Option<i64> {
        match &node.value {
            Value::Scalar(text, Kind::Int) => scalar::integer(text),
            Value::Scalar(text, Kind::Str) => {
                let text = shown(text);
                let help = match scalar::integer(&text) {
                    Some(_) => format!("write {text} without quotes"),
                    None => String::new(),
                };
                let message = format!("`{text}` is a string and must be a number");
                self.error(at, node.offset, "wrong-type", message, help);
                None
            }
            _ => {
                self.wrong(node, at, "a whole number");
                None
            }
        }
    }

    pub(crate) fn bool(&mut self, node: &Node<'_>, at: &At<'_>) -> Option<bool> {
        match &node.value {
            Value::Scalar(_, Kind::Bool(value)) => Some(*value),
            Value::Scalar(_, Kind::Null) => Some(false),
            _ => {
                self.wrong(node, at, "true or false");
                None
            }
        }
    }

    /// Complains that a value is of the wrong type.
    pub(crate) fn wrong(&mut self, node: &Node<'_>, at: &At<'_>, must: &str) {
        let what = match &node.value {
            Value::Scalar(text, kind) => {
                format!("`{}` is {} and", shown(text), self.kind_name(*kind))
            }
            Value::Seq(_) => "this is a list and".to_owned(),
            Value::Map(_) => "this is a mapping and".to_owned(),
            Value::Skipped => "this".to_owned(),
        };
        let help = match &node.value {
            Value::Scalar(text, _) => match scalar::glued(text) {
                Some((key, value)) => {
                    format!("put a space after the colon: `{}: {}`", shown(key), shown(value))
                }
                None => String::new(),
            },
            _ => String::new(),
        };
        self.error(at, node.offset, "wrong-type", format!("{what} must be {must}"), help);
    }

    fn kind_name(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Str => "a string",
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int | Kind::Float => "a number",
        }
    }

    /// A field that the API does not have. A policy without what stands there
    /// would mean something else, so there it is an error.
    pub(crate) fn unknown_field(&mut self, entry: &Entry<'_>, at: &At<'_>, known: &[&str]) {
        let help = match nearest(&entry.key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => String::new(),
        };
        self.stray_field(entry, at, help);
    }

    /// The same where it is known what to do about it.
    pub(crate) fn stray_field(&mut self, entry: &Entry<'_>, at: &At<'_>, help: String) {
        let key = shown(&entry.key);
        let message = format!("there is no field `{key}` here, so it would be dropped");
        let at = at.key(&entry.key);
        if self.lenient {
            self.warning(&at, entry.offset, "unknown-field", message, help);
        } else {
            self.error(&at, entry.offset, "unknown-field", message, help);
        }
    }

    /// The same of labels; says whether that leaves others than are known. The
    /// object is kept: that it is there is certain, only its labels are not.
    pub(crate) fn stray_labels(&mut self, entry: &Entry<'_>, at: &At<'_>, help: String) -> bool {
        let failed = self.failed;
        self.stray_field(entry, at, help);
        self.failed = failed;
        !self.lenient
    }
}

/// What to do about a diagnostic where nothing more special is known.
pub(crate) fn usual_help(id: &str) -> &'static str {
    match id {
        "not-modelled" => "ask the cluster about these pods, or leave the object out of the input",
        "yaml-syntax" | "json-syntax" => {
            "correct the text here or just before; `kubectl apply --dry-run=client` must take it"
        }
        "missing-name" => "add `name:` below `metadata:`",
        "missing-field" => "add it; `kubectl explain` shows what it takes",
        "port-out-of-range" => "write a number from 1 to 65535",
        "invalid-name" => "rename it, such as to `web-1`, here and wherever it is referred to",
        "invalid-label" => "write a label as it stands on the pods, such as `app: web`",
        "invalid-address" => "write one address, such as 10.0.0.1 or fd00::1",
        "invalid-cidr" => "write a block such as 10.0.0.0/8 or fd00::/8",
        "except-outside-block" => "name a smaller block inside of `cidr`, or remove it",
        "wrong-type" | "unknown-field" => "`kubectl explain` shows the fields and their types",
        "too-deep" => "nest less; no object of the API is as deep",
        "nul-byte" => "remove it; save the file as UTF-8",
        id if id.starts_with("invalid-") => "`kubectl explain` shows what the field takes",
        "priority-out-of-range" | "too-many" => "stay within the limits of the API",
        _ => "",
    }
}

/// Text from the input as it may stand in a message: bounded and without
/// control characters.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 80;
    if text.len() <= MOST && text.bytes().all(|b| (0x20..0x7F).contains(&b)) {
        return text.to_owned();
    }
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() || is_bidi(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters that reorder what a terminal shows around them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The known word that a misspelt one is closest to, if any is close.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = word.to_ascii_lowercase();
    if lower.len() > 64 {
        return None;
    }
    known
        .iter()
        .map(|k| (distance(&lower, &k.to_ascii_lowercase()), *k))
        .filter(|(distance, k)| *distance <= (k.len().max(lower.len()) / 3).clamp(1, 3))
        .min()
        .map(|(_, k)| k)
}

/// Edits that turn one word into the other, a swap of neighbours counting two.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let next = if x == y { diagonal } else { 1 + diagonal.min(left).min(*cell) };
            diagonal = *cell;
            *cell = next;
            left = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
