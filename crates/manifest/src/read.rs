//! Inputs to documents, documents to objects, over all cores.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fallgate_model::{
    Diagnostic, Direction, Opacity, Opaque, Origin, Scope, Severity, SourceId, Sources,
};

use memchr::memmem::Finder;

use crate::context::{At, Context, Strings};
use crate::item::Part;
use crate::tree::{Flaw, Glued, Lines, SyntaxError, Tree, Value};
use crate::{Input, InputKind, assemble, block, events, json, lower, repair};

/// What reading has given: the cluster and what there is to say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Every object that is understood, each once.
    pub cluster: fallgate_model::Cluster,
    /// The inputs' names, in order, after those that were there before.
    pub sources: Sources,
    /// What is wrong or worth knowing, in the order of the inputs; at most
    /// about a thousand for each of them.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects of each kind that is read there were.
    pub objects: std::collections::BTreeMap<fallgate_model::Str, usize>,
    /// How many objects of other kinds there were, by `apiVersion/kind`.
    pub ignored: std::collections::BTreeMap<fallgate_model::Str, usize>,
    /// The pods that have completed: they are in no cluster, since their
    /// addresses are given to others.
    pub completed: Vec<fallgate_model::ObjectRef>,
}

impl Reading {
    /// Whether something was not evaluated, so that answers may be unknown.
    pub fn incomplete(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Sources that other readings know already. The inputs' names are added
    /// to them, so that positions of several readings can stand side by side.
    pub sources: Sources,
    /// How many threads may work; as many as there are cores when `None`.
    pub threads: Option<usize>,
}

/// Reads Kubernetes objects from YAML and JSON.
///
/// It never fails: what cannot be read is told in the diagnostics, and a policy
/// that cannot be evaluated is in the cluster as something opaque. The result
/// does not depend on the number of threads.
pub fn read(inputs: &[Input<'_>], options: &ReadOptions) -> Reading {
    let mut sources = options.sources.clone();
    let mut documents = Vec::new();
    for input in inputs {
        let source = sources.add(input.name.clone());
        split(input.text, &Document::empty(input, source), &mut documents);
    }
    let pieces: Vec<Piece<'_>> = documents.iter().flat_map(cut).collect();
    let mut parts = lower_all(&pieces, options);
    if parts.iter().any(|part| part.misfit) {
        let pieces: Vec<Piece<'_>> = documents.iter().map(Piece::whole).collect();
        parts = lower_all(&pieces, options);
    }
    assemble::assemble(parts, sources)
}

/// Documents of about so many bytes are handed to a thread at a time.
const BATCH: usize = 128 * 1024;

/// A run of lines that is one YAML document, or JSON values one after another.
#[derive(Clone, Copy)]
struct Document<'a> {
    /// The input's name.
    name: &'a str,
    source: SourceId,
    lined: bool,
    text: &'a [u8],
    first_line: u32,
}

impl<'a> Document<'a> {
    /// A document of an input, yet without its text.
    fn empty(input: &'a Input<'_>, source: SourceId) -> Document<'a> {
        let lined = input.kind == InputKind::File;
        Document { name: &input.name, source, lined, text: b"", first_line: 1 }
    }
}

/// The documents of a text, one after another.
pub(crate) fn documents(text: &[u8]) -> Vec<&[u8]> {
    let mut documents = Vec::new();
    let empty =
        Document { name: "", source: SourceId::default(), lined: true, text: b"", first_line: 1 };
    split(text, &empty, &mut documents);
    documents.into_iter().map(|d| d.text).collect()
}

/// Reads as a server without field validation does: fields that the API does
/// not have are dropped, of repeated keys the last wins.
pub(crate) fn read_lenient(inputs: &[Input<'_>]) -> Reading {
    let mut sources = Sources::default();
    let mut documents = Vec::new();
    for input in inputs {
        let source = sources.add(input.name.clone());
        split(input.text, &Document::empty(input, source), &mut documents);
    }
    let mut strings = Strings::default();
    let pieces: Vec<Piece<'_>> = documents.iter().map(Piece::whole).collect();
    let part = lower_batch(&pieces, &mut strings, true);
    assemble::assemble(vec![part], sources)
}

/// The name and the written namespace of the object in a document of YAML, if
/// there is one and nothing is wrong with it.
pub(crate) fn strictly_valid(text: &str) -> Option<(String, String)> {
    let tree = parse_yaml(text).ok()?;
    let (mut part, mut strings) = (Part::default(), Strings::default());
    let lines = Lines::new(text.as_bytes(), (1, 1));
    let mut ctx = Context::new(&mut part, &mut strings, &lines, SourceId::default(), true, false);
    lower::document(&mut ctx, &tree.root, &tree.flaws, text.len(), None);
    let valid =
        !part.items.is_empty() && part.diagnostics.iter().all(|d| d.severity < Severity::Error);
    valid.then(|| lower::names(&tree.root))
}

/// What one call lowers: a document, or some items of a long list.
struct Piece<'a> {
    document: Document<'a>,
    /// The column at which the text starts; 1 unless it is cut out of a list.
    first_column: u32,
    /// Of items of a list, its apiVersion and kind.
    list: Option<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Piece<'a> {
    fn whole(document: &Document<'a>) -> Piece<'a> {
        Piece { document: *document, first_column: 1, list: None }
    }
}

/// Cuts a long JSON list into runs of items, so that all cores can read it and
/// no more than one item at a time stands in memory as a tree.
fn cut<'a>(document: &Document<'a>) -> Vec<Piece<'a>> {
    let whole = |document| vec![Piece::whole(document)];
    if document.text.len() < 2 * BATCH {
        return whole(document);
    }
    let Ok(text) = decode(document.text) else { return whole(document) };
    let Some(list) = json_start(text).and_then(|from| json::list(text, from, BATCH)) else {
        return whole(document);
    };
    let lines = Lines::new(document.text, (document.first_line, 1));
    let mut pieces = Vec::new();
    let mut items = list.runs.as_slice();
    while let Some((start, _)) = items.first().copied() {
        let length = items.partition_point(|(at, _)| *at < start + BATCH);
        let (run, rest) = items.split_at(length);
        let end = run.last().map_or(start, |(_, end)| *end);
        let (first_line, first_column) = lines.position(start);
        let text = document.text.get(start..end).unwrap_or_default();
        pieces.push(Piece {
            document: Document { text, first_line, ..*document },
            first_column,
            list: Some((list.api_version.clone(), list.kind.clone())),
        });
        items = rest;
    }
    pieces
}

/// Cuts an input at its `---` and `...` lines. No scalar can contain such a
/// line, so nothing needs to be parsed to know where documents end.
fn split<'a>(text: &'a [u8], empty: &Document<'a>, documents: &mut Vec<Document<'a>>) {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut line: u32 = 1;
    let mut piece = |from: usize, to: usize| {
        let text = text.get(from..to).unwrap_or_default();
        documents.push(Document { text, first_line: line, ..*empty });
        let breaks = memchr::memchr_iter(b'\n', text).count();
        line = line.saturating_add(crate::tree::narrow(breaks));
    };
    let dashes = Finder::new(b"\n---");
    let dots = Finder::new(b"\n...");
    let dotted = dots.find(text).is_some();
    let (mut start, mut from) = (0, 0);
    loop {
        let by_dashes = marker(text, from, text.len(), &dashes);
        // Dots are rare; looking only as far as the next dashes keeps the
        // search for them linear.
        let until = by_dashes.map_or(text.len(), |at| at + 1);
        let by_dots = if dotted { marker(text, from, until, &dots) } else { None };
        match (by_dots, by_dashes) {
            (Some(at), _) => {
                piece(start, at + 1);
                start = at + 4;
                from = start;
            }
            (None, Some(at)) => {
                piece(start, at + 1);
                start = at + 1;
                from = start;
            }
            (None, None) => break,
        }
    }
    piece(start, text.len());
}

/// The line break before the next line that is a document marker.
fn marker(text: &[u8], mut from: usize, to: usize, finder: &Finder<'_>) -> Option<usize> {
    loop {
        let at = from + finder.find(text.get(from..to)?)?;
        let after = text.get(at + 4).copied().unwrap_or(b'\n');
        if matches!(after, b' ' | b'\t' | b'\r' | b'\n') {
            return Some(at);
        }
        from = at + 4;
    }
}

fn lower_all(pieces: &[Piece<'_>], options: &ReadOptions) -> Vec<Part> {
    let batches = batches(pieces);
    let threads = options
        .threads
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, |n| n.get()))
        .min(batches.len());
    if threads <= 1 {
        let mut strings = Strings::default();
        let lower = |batch: &&[Piece<'_>]| lower_batch(batch, &mut strings, false);
        return batches.iter().map(lower).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut strings = Strings::default();
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(at) else { return done };
            done.push((at, lower_batch(batch, &mut strings, false)));
        }
    };
    let mut parts: Vec<(usize, Part)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    parts.sort_by_key(|(at, _)| *at);
    parts.into_iter().map(|(_, part)| part).collect()
}

fn batches<'p, 'a>(pieces: &'p [Piece<'a>]) -> Vec<&'p [Piece<'a>]> {
    let mut batches = Vec::new();
    let mut rest = pieces;
    while !rest.is_empty() {
        let mut bytes = 0;
        let count = rest
            .iter()
            .take_while(|piece| {
                let more = bytes < BATCH;
                bytes += piece.document.text.len();
                more
            })
            .count();
        let (batch, others) = rest.split_at(count);
        batches.push(batch);
        rest = others;
    }
    batches
}

fn lower_batch(pieces: &[Piece<'_>], strings: &mut Strings, lenient: bool) -> Part {
    let mut part = Part::default();
    for piece in pieces {
        match &piece.list {
            Some((api_version, kind)) => {
                let typed = lower::ItemType::of_list(api_version, kind);
                lower_items(piece, typed.as_ref(), strings, &mut part, lenient);
            }
            None => lower_document(&piece.document, strings, &mut part, lenient),
        }
    }
    part
}

/// Lowers items of a JSON list, which stand with commas between them.
fn lower_items(
    piece: &Piece<'_>,
    typed: Option<&lower::ItemType<'_>>,
    strings: &mut Strings,
    part: &mut Part,
    lenient: bool,
) {
    let Document { text, first_line, source, lined, .. } = piece.document;
    let lines = Lines::new(text, (first_line, piece.first_column));
    let mut ctx = Context::new(part, strings, &lines, source, lined, lenient);
    // It was valid when the list was cut.
    let text = std::str::from_utf8(text).unwrap_or_default();
    let mut from = 0;
    while let Some(next) = json::next(text, from) {
        let Ok((tree, end)) = next else {
            ctx.part.misfit = true;
            return;
        };
        lower::document(&mut ctx, &tree.root, &tree.flaws, end, typed);
        let rest = text.get(end..).unwrap_or_default();
        let behind = rest.trim_start();
        if behind.is_empty() {
            return;
        }
        if !behind.starts_with(',') {
            ctx.part.misfit = true;
            return;
        }
        from = text.len() - behind.len() + 1;
    }
}

fn lower_document(document: &Document<'_>, strings: &mut Strings, part: &mut Part, lenient: bool) {
    let lines = Lines::new(document.text, (document.first_line, 1));
    let (items, said) = (part.items.len(), part.diagnostics.len());
    let mut ctx = Context::new(part, strings, &lines, document.source, document.lined, lenient);
    let text = match decode(document.text) {
        Ok(text) => text,
        Err(error) => {
            syntax_error(&mut ctx, &error, &String::from_utf8_lossy(document.text));
            return;
        }
    };
    if let Some(mut from) = json_start(text) {
        while let Some(next) = json::next(text, from) {
            match next {
                Ok((tree, end)) => {
                    lower::document(&mut ctx, &tree.root, &tree.flaws, end, None);
                    from = end;
                }
                Err(error) => {
                    syntax_error(&mut ctx, &error, text);
                    return;
                }
            }
        }
        return;
    }
    let error = match parse_yaml(text) {
        Ok(tree) => {
            let glued = tree.unglue();
            if !glued.is_empty() && !lenient {
                missing_separators(&mut ctx, &tree, &glued, text.len());
                return;
            }
            lower::document(&mut ctx, &tree.root, &tree.flaws, text.len(), None);
            None
        }
        Err(error) => {
            syntax_error(&mut ctx, &error, text);
            Some(error)
        }
    };
    let troubled = part.diagnostics.iter().skip(said).any(|d| d.severity == Severity::Error);
    if troubled
        && !lenient
        && let Some(repaired) = repair::lost(text)
    {
        part.items.truncate(items);
        part.diagnostics.truncate(said);
        let mut ctx = Context::new(part, strings, &lines, document.source, document.lined, lenient);
        lost_indentation(&mut ctx, &repaired, error.as_ref(), text, document.name);
    }
}

/// Text that the front ends can read: UTF-8 without NUL, which one of them
/// would take for the end.
fn decode(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let error = |id, offset, message: &str, help| {
        Err(SyntaxError { id, offset, message: message.to_owned(), help })
    };
    if bytes.len() >= u32::MAX as usize {
        return error("too-large", 0, "a document must be smaller than 4 GiB", "split it");
    }
    if is_utf16(bytes) {
        return error("utf-16", 0, "this is UTF-16 text", "save it as UTF-8");
    }
    let nul = memchr::memchr(0, bytes);
    if nul == Some(0) && bytes.iter().all(|b| *b == 0) {
        let message = "there is nothing here but NUL bytes, as after a crash or on a full disk";
        return error("nul-byte", 0, message, "get the file again from where it came");
    }
    match std::str::from_utf8(bytes) {
        Err(fault) => {
            let message = "the text is not valid UTF-8";
            error("invalid-utf8", fault.valid_up_to(), message, "save it as UTF-8")
        }
        Ok(_) if nul.is_some() => {
            error("nul-byte", nul.unwrap_or_default(), "the text contains a NUL byte", "")
        }
        Ok(text) => Ok(text),
    }
}

/// Whether bytes start as UTF-16 does: with its mark, or with two characters of
/// ASCII, of which every other byte is NUL.
fn is_utf16(bytes: &[u8]) -> bool {
    let nul: Vec<bool> = bytes.iter().take(4).map(|b| *b == 0).collect();
    bytes.starts_with(b"\xFF\xFE")
        || bytes.starts_with(b"\xFE\xFF")
        || matches!(nul.as_slice(), [true, false, true, false] | [false, true, false, true])
}

/// Where the JSON of a document starts, if it is JSON and not YAML in flow
/// style; a `---` line may stand before it.
fn json_start(text: &str) -> Option<usize> {
    let marker = match text.strip_prefix("---") {
        Some(rest) => 3 + rest.len() - rest.trim_start().len(),
        None => text.len() - text.trim_start().len(),
    };
    let inner = text.get(marker..)?.strip_prefix('{')?.trim_start();
    inner.starts_with(['"', '}']).then_some(marker)
}

fn parse_yaml(text: &str) -> Result<Tree<'_>, SyntaxError> {
    /// The complete parser is slow; nothing of this size needs it in earnest.
    const MOST: usize = 64 * 1024 * 1024;
    if let Ok(tree) = block::parse(text) {
        return Ok(tree);
    }
    if text.len() > MOST {
        return Err(SyntaxError {
            id: "too-large",
            offset: 0,
            message: format!("more than {} MiB of YAML that is not plain block style", MOST >> 20),
            help: "split it, or write it as JSON",
        });
    }
    // A document without content may still have a directive, which the parser
    // refuses to see alone.
    if text.lines().all(|line| line.trim().is_empty() || line.starts_with(['#', '%'])) {
        return Ok(Tree { root: crate::tree::Node::null(0), flaws: Vec::new() });
    }
    events::parse(text)
}

/// Reads objects that stand in one document. kubectl refuses it as a whole, so
/// its policies are not in force; the others are there to be asked about.
fn missing_separators(ctx: &mut Context<'_>, tree: &Tree<'_>, glued: &[Glued<'_>], end: usize) {
    let message = match glued.len() {
        0..=2 => "two objects without `---` between them".to_owned(),
        more => format!("{more} objects without `---` between them"),
    };
    let second = glued.get(1).map_or(0, |g| g.api_version);
    let help = "put a line with `---` before each object but the first";
    ctx.begin(None);
    ctx.error(&At::ROOT, second, "missing-separator", message, help);
    ctx.refused = true;
    let ends = glued.iter().skip(1).map(|g| g.root.offset as usize).chain([end]);
    let own: rustc_hash::FxHashSet<u32> = match &tree.root.value {
        Value::Map(entries) => entries.iter().map(|e| e.offset).collect(),
        _ => Default::default(),
    };
    let inner = tree.flaws.iter().filter(|f| !own.contains(&f.offset()));
    let flaws: Vec<Flaw> = inner.chain(glued.iter().flat_map(|g| &g.flaws)).cloned().collect();
    for (glued, end) in glued.iter().zip(ends) {
        lower::document(ctx, &glued.root, &flaws, end, None);
    }
    ctx.refused = false;
}

/// Reports a policy whose lines are all there, at depths that are not all
/// theirs; `error` says why it is not even YAML, if it is not.
fn lost_indentation(
    ctx: &mut Context<'_>,
    repaired: &repair::Lost,
    error: Option<&SyntaxError>,
    text: &str,
    name: &str,
) {
    /// Whoever moves one line has made a slip; then the others are right.
    const SLIP: usize = 1;
    let namespaced = repaired.kind == "NetworkPolicy";
    let namespace = match &*repaired.namespace {
        // What does not parse may have said something else.
        "" if namespaced && error.is_none() => "default",
        namespace => namespace,
    };
    let object = fallgate_model::ObjectRef {
        kind: ctx.str(&repaired.kind),
        namespace: ctx.str(namespace),
        name: ctx.str(&repaired.name),
    };
    ctx.begin(Some(object.clone()));
    let file = if name == "stdin" { "-".to_owned() } else { crate::context::shown(name) };
    let repair = format!("run \"fallgate fix {file}\"");
    let reason = match error {
        Some(error) if tab(text, error.offset).is_some() || repaired.outside <= SLIP => {
            let (offset, message) = match tab(text, error.offset) {
                Some(tab) => (tab, TAB.to_owned()),
                None => {
                    let message = format!("this line is at the wrong depth ({})", error.message);
                    (repaired.offset as usize, message)
                }
            };
            let help = format!("give it the indentation of its neighbours, or {repair}");
            ctx.error(&At::ROOT, crate::tree::narrow(offset), error.id, message, help);
            format!("this {} is not valid YAML", object.kind)
        }
        _ => {
            let message = "the indentation is lost: fields stand outside of what they belong to";
            ctx.error(&At::ROOT, repaired.offset, "lost-indentation", message, repair);
            format!("the indentation of this {} is lost", object.kind)
        }
    };
    let scope = if namespace.is_empty() {
        Scope::Cluster
    } else {
        Scope::Namespace(object.namespace.clone())
    };
    let reason = ctx.str(&reason);
    let origin = ctx.origin(repaired.offset);
    lower::push_opaque(
        ctx,
        Opaque {
            kind: object.kind,
            namespace: object.namespace,
            name: object.name,
            scope,
            directions: Direction::ALL.to_vec(),
            opacity: Opacity::Anything,
            reason,
            origin,
        },
    );
}

const TAB: &str = "a tab in the indentation, where YAML takes only spaces";

/// The tab in the indentation that an error is about: on its line or on the one
/// before.
fn tab(text: &str, error: usize) -> Option<usize> {
    let end = text.as_bytes().get(error..).and_then(|rest| memchr::memchr(b'\n', rest));
    let before = text.get(..end.map_or(text.len(), |end| error + end))?;
    let mut at = before.len();
    let lines = before.rsplit('\n').map(|line| {
        let start = at - line.len();
        at = start.saturating_sub(1);
        (start, line)
    });
    lines.filter(|(_, line)| !line.trim().is_empty()).take(2).find_map(|(start, line)| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(..indent)?.find('\t').map(|tab| start + tab)
    })
}

/// Reports a document that cannot be read. What it would have been is guessed
/// from its lines, and only to stay on the safe side.
fn syntax_error(ctx: &mut Context<'_>, error: &SyntaxError, text: &str) {
    ctx.begin(None);
    let tab = if error.id == "yaml-syntax" { tab(text, error.offset) } else { None };
    let offset = crate::tree::narrow(tab.unwrap_or(error.offset));
    match tab {
        Some(_) => {
            ctx.error(&At::ROOT, offset, error.id, TAB, "indent with spaces");
        }
        None => ctx.error(&At::ROOT, offset, error.id, error.message.clone(), error.help),
    }
    let kinds = sniff(text, "kind");
    let harmless = |kind: &&str| lower::is_harmless_kind(kind) && !lower::is_policy_kind(kind);
    if !kinds.is_empty() && kinds.iter().all(|k| harmless(k) || k.ends_with("List")) {
        let lists_only = kinds.iter().all(|k| k.ends_with("List"));
        if !lists_only {
            return;
        }
    }
    let (kind, namespace) = match kinds.as_slice() {
        ["NetworkPolicy"] => ("NetworkPolicy", sniff_namespace(text).unwrap_or_default()),
        [kind] => (*kind, ""),
        _ => ("", ""),
    };
    let (kind, namespace) = (ctx.str(&crate::context::shown(kind)), ctx.str(namespace));
    let scope =
        if namespace.is_empty() { Scope::Cluster } else { Scope::Namespace(namespace.clone()) };
    let name = ctx.str("");
    let reason = ctx.str("a document that could not be read may hold policies");
    let origin: Origin = ctx.origin(offset);
    lower::push_opaque(
        ctx,
        Opaque {
            kind,
            namespace,
            name,
            scope,
            directions: Direction::ALL.to_vec(),
            opacity: Opacity::Anything,
            reason,
            origin,
        },
    );
}

/// The values of a key on whichever line, in YAML or JSON.
fn sniff<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    /// More than these say no more.
    const MOST: usize = 1_000;
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start_matches([' ', '\t', '-', '{', ',', '"']);
            let rest = line.strip_prefix(key)?.trim_start_matches('"').trim_start();
            let value = rest.strip_prefix(':')?.trim_matches([' ', '\t', '"', '\'', ',', '\r']);
            let value = value.split([' ', '"', ',', '#']).next()?;
            (!value.is_empty()).then_some(value)
        })
        .take(MOST)
        .collect()
}

/// The namespace in the metadata of the one object in a text that is no YAML,
/// in block or flow style; `None` where it could be something else, such as a
/// label of that name.
fn sniff_namespace(text: &str) -> Option<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    // What stands behind a key, if the text has this key once.
    let only = |key: &str| {
        let mut found = text.match_indices(key).filter_map(|(at, _)| {
            if text.get(..at)?.ends_with(word) {
                return None;
            }
            let rest = text.get(at + key.len()..)?;
            let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
            Some((at, rest.trim_start().strip_prefix(':')?))
        });
        found.next().filter(|_| found.next().is_none())
    };
    let meta = only("metadata")?.1;
    let (at, value) = only("namespace")?;
    // Before it in the metadata there are plain fields only.
    let inner = text.get(text.len() - meta.len()..at)?;
    let inner = inner.trim_start().strip_prefix('{').unwrap_or(inner);
    let plain = inner.split(['\n', ',']).map(str::trim).all(|field| {
        let field = field.trim_matches(['"', '\'']);
        field.is_empty()
            || field.starts_with('#')
            || field.split_once(':').is_some_and(|(key, value)| {
                let key = key.trim().trim_matches(['"', '\'']);
                let value = value.trim();
                key == "name"
                    && !value.is_empty()
                    && !value.contains(['{', '}', '[', ']', '|', '>'])
            })
    });
    let value = value.split(['\n', ',', '}', '#']).next()?.trim();
    let value = value.trim_matches(['"', '\'']);
    (plain && !value.is_empty() && crate::validate::dns_label(value).is_none()).then_some(value)
}
