//! Policies whose indentation was lost on the way: through a chat, a form or a
//! careless copy. Which field belongs under which is known from the API, so
//! the nesting can be built again from the order of the lines.

use fallgate_model::{Diagnostic, Severity};

use crate::read::{documents, read_lenient, strictly_valid};
use crate::{Input, InputKind, ReadOptions, Reading, read};

/// A text with its indentation restored, and what both mean.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The repaired text; documents that had lost nothing stand in it as they
    /// were.
    pub text: String,
    /// What a server without strict validation reads in the text as it was, or
    /// why not even that one reads it, so that applying it changes nothing.
    pub as_it_stands: Result<Reading, Diagnostic>,
    /// What the repaired text means.
    pub repaired: Reading,
    /// Where the lines admit another reading: sentences for whoever decides.
    pub notes: Vec<String>,
}

/// Restores lost indentation; `None` when no document of the text has lost it.
pub fn fix(name: &str, text: &[u8]) -> Option<Fixed> {
    let mut repaired = String::with_capacity(text.len() * 2);
    let mut notes = Vec::new();
    let mut any = false;
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    for document in documents(text) {
        let document = std::str::from_utf8(document).ok()?;
        // A document that reads well as it is has lost nothing.
        let lost = if strictly_valid(document).is_some() { None } else { lost(document) };
        match lost {
            Some(lost) => {
                any = true;
                if document.starts_with("---") {
                    repaired.push_str("---\n");
                }
                repaired.push_str(&lost.text);
                notes.extend(lost.notes);
            }
            None => repaired.push_str(document),
        }
    }
    if !any {
        return None;
    }
    let input = |text| [Input { name: name.into(), text, kind: InputKind::File }];
    let as_it_stands = read_lenient(&input(text));
    let refused = as_it_stands.diagnostics.iter().find(|d| d.severity == Severity::Error).cloned();
    let as_it_stands = match refused {
        Some(diagnostic) => Err(diagnostic),
        None => Ok(as_it_stands),
    };
    let reading = read(&input(repaired.as_bytes()), &ReadOptions::default());
    Some(Fixed { text: repaired, as_it_stands, repaired: reading, notes })
}

/// A policy whose fields stand at the wrong depth.
pub(crate) struct Lost {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The first field that is not where its siblings or its parent want it.
    pub(crate) offset: u32,
    /// How many fields stand outside of what they belong to, rather than
    /// somewhat too deep.
    pub(crate) outside: usize,
    text: String,
    notes: Vec<String>,
}

/// Rebuilds a document that is not valid as it is. It has lost its indentation
/// when the same lines in the same order, nested as the API has it, are valid.
pub(crate) fn lost(text: &str) -> Option<Lost> {
    /// Nobody writes a policy by hand that is longer.
    const MOST: usize = 256 * 1024;
    if text.len() > MOST {
        return None;
    }
    let kind = text.lines().find_map(|line| value_of(line, "kind"))?;
    let schema = match kind {
        "NetworkPolicy" => &NETWORK_POLICY,
        "ClusterNetworkPolicy" => &CLUSTER_POLICY,
        "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" => &ADMIN_POLICY,
        _ => return None,
    };
    let mut builder = Builder::new(schema);
    let mut offset = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') && !content.starts_with("---") {
            offset = offset.or(Some(at));
        }
        builder.start = at;
        at += line.len();
        builder.line(line)?;
    }
    let repaired = builder.print();
    let (name, namespace) = strictly_valid(&repaired)?;
    Some(Lost {
        kind: kind.to_owned(),
        namespace: if kind == "NetworkPolicy" { namespace } else { String::new() },
        name,
        offset: crate::tree::narrow(builder.misplaced.or(offset).unwrap_or(0)),
        outside: builder.outside,
        text: repaired,
        notes: builder.notes.clone(),
    })
}

/// The value of a key on a line of its own.
fn value_of<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let rest = line.trim().strip_prefix(key)?.strip_prefix(':')?;
    Some(rest.trim().trim_matches(['"', '\'']))
}

/// What may stand somewhere.
enum Schema {
    Scalar,
    /// Any keys with strings, such as labels.
    Free,
    List(&'static Schema),
    Struct(&'static [(&'static str, &'static Schema)]),
}

impl Schema {
    fn field(&self, key: &str) -> Option<&'static Schema> {
        match self {
            Schema::Struct(fields) => fields.iter().find(|(k, _)| *k == key).map(|(_, s)| *s),
            _ => None,
        }
    }
}

use Schema::{Free, List, Scalar, Struct};

/// A policy with these fields in its spec.
macro_rules! object {
    ($($field:expr),* $(,)?) => {
        Struct(&[
            ("apiVersion", &Scalar),
            ("kind", &Scalar),
            ("metadata", &META),
            ("spec", &Struct(&[$($field),*])),
        ])
    };
}

/// The rules of a cluster-wide policy: what the peers are called, and the ports.
macro_rules! cluster_rules {
    ($peers:literal, $ports:expr) => {
        List(&Struct(&[
            ("name", &Scalar),
            ("action", &Scalar),
            ($peers, &List(&CLUSTER_PEER)),
            $ports,
        ]))
    };
}

const SELECTOR: Schema =
    Struct(&[("matchLabels", &Free), ("matchExpressions", &List(&EXPRESSION))]);
const EXPRESSION: Schema =
    Struct(&[("key", &Scalar), ("operator", &Scalar), ("values", &List(&Scalar))]);
const META: Schema =
    Struct(&[("name", &Scalar), ("namespace", &Scalar), ("labels", &Free), ("annotations", &Free)]);
const PEER: Schema = Struct(&[
    ("podSelector", &SELECTOR),
    ("namespaceSelector", &SELECTOR),
    ("ipBlock", &Struct(&[("cidr", &Scalar), ("except", &List(&Scalar))])),
]);
const PORT: Schema = Struct(&[("protocol", &Scalar), ("port", &Scalar), ("endPort", &Scalar)]);
const NETWORK_POLICY: Schema = object!(
    ("podSelector", &SELECTOR),
    ("policyTypes", &List(&Scalar)),
    ("ingress", &List(&Struct(&[("from", &List(&PEER)), ("ports", &List(&PORT))]))),
    ("egress", &List(&Struct(&[("to", &List(&PEER)), ("ports", &List(&PORT))]))),
);
const PODS: Schema = Struct(&[("namespaceSelector", &SELECTOR), ("podSelector", &SELECTOR)]);
const SUBJECT: Schema = Struct(&[("namespaces", &SELECTOR), ("pods", &PODS)]);
const CLUSTER_PEER: Schema = Struct(&[
    ("namespaces", &SELECTOR),
    ("pods", &PODS),
    ("networks", &List(&Scalar)),
    ("nodes", &SELECTOR),
    ("domainNames", &List(&Scalar)),
]);
const RANGE: Schema = Struct(&[("start", &Scalar), ("end", &Scalar)]);
const DESTINATION: Schema =
    Struct(&[("destinationPort", &Struct(&[("number", &Scalar), ("range", &RANGE)]))]);
const PROTOCOLS: Schema = List(&Struct(&[
    ("tcp", &DESTINATION),
    ("udp", &DESTINATION),
    ("sctp", &DESTINATION),
    ("destinationNamedPort", &Scalar),
]));
const CLUSTER_POLICY: Schema = object!(
    ("tier", &Scalar),
    ("priority", &Scalar),
    ("subject", &SUBJECT),
    ("ingress", &cluster_rules!("from", ("protocols", &PROTOCOLS))),
    ("egress", &cluster_rules!("to", ("protocols", &PROTOCOLS))),
);
const ADMIN_PORTS: Schema = List(&Struct(&[
    ("portNumber", &Struct(&[("protocol", &Scalar), ("port", &Scalar)])),
    ("portRange", &Struct(&[("protocol", &Scalar), ("start", &Scalar), ("end", &Scalar)])),
    ("namedPort", &Scalar),
]));
const ADMIN_POLICY: Schema = object!(
    ("priority", &Scalar),
    ("subject", &SUBJECT),
    ("ingress", &cluster_rules!("from", ("ports", &ADMIN_PORTS))),
    ("egress", &cluster_rules!("to", ("ports", &ADMIN_PORTS))),
);

/// The tree that is being built: nodes by number, the root first.
struct Builder {
    nodes: Vec<Building>,
    /// The nodes that are still open, outermost first.
    open: Vec<usize>,
    /// Comments that belong to the next line.
    comments: Vec<String>,
    notes: Vec<String>,
    /// Where the line starts that is being added.
    start: usize,
    /// The first field at the wrong depth.
    misplaced: Option<usize>,
    /// How many fields stand outside of their parent.
    outside: usize,
}

struct Building {
    schema: &'static Schema,
    key: String,
    /// What stands behind the key on its line.
    inline: String,
    comments: Vec<String>,
    children: Vec<usize>,
    /// The indentation of its line as it was found.
    indent: usize,
    /// The column of its key, or of its dash, from 0.
    column: usize,
    /// Some item of this list came with its dash.
    dashed: bool,
}

/// A line without its indentation and its dash.
struct Line<'l> {
    indent: usize,
    /// Where its key starts, behind the dash if there is one.
    column: usize,
    dash: bool,
    key: Option<&'l str>,
    value: &'l str,
}

impl Builder {
    fn new(schema: &'static Schema) -> Builder {
        let mut builder = Builder {
            nodes: Vec::new(),
            open: Vec::new(),
            comments: Vec::new(),
            notes: Vec::new(),
            start: 0,
            misplaced: None,
            outside: 0,
        };
        builder.open(schema, "", "", 0);
        builder
    }

    /// Adds a line; `None` when it has no place.
    fn line(&mut self, line: &str) -> Option<()> {
        let line = line.trim_end();
        let content = line.trim_start();
        if content.is_empty() || content.starts_with("---") {
            return Some(());
        }
        if content.starts_with('#') {
            self.comments.push(content.to_owned());
            return Some(());
        }
        let line = Line::parse(line)?;
        match (line.dash, line.key) {
            (true, Some(key)) => self.item(key, &line),
            (true, None) => self.scalar_item(&line),
            (false, Some(key)) => self.field(key, &line),
            (false, None) => None,
        }
    }

    /// A line that starts a new item with a field.
    fn item(&mut self, key: &str, line: &Line<'_>) -> Option<()> {
        let takes = |schema: &Schema| match schema {
            List(item) => item.field(key).is_some(),
            _ => false,
        };
        let at = self.open.iter().rposition(|n| self.node(*n).is_some_and(|n| takes(n.schema)))?;
        self.open.truncate(at + 1);
        let list = *self.open.last()?;
        self.check(list, line.indent, line.indent + 1);
        let ports_alone = key == "ports" && self.node(list)?.children.len() == 1;
        let List(item) = self.node(list)?.schema else { return None };
        self.nodes.get_mut(list)?.dashed = true;
        self.open(item, "", "", line.indent);
        if ports_alone {
            self.notes.push(
                "`- ports:` has a dash of its own, so it is a second rule, which allows these ports from and to everyone; without the dash it limits the rule before it"
                    .to_owned(),
            );
        }
        self.field(key, line)
    }

    /// A line that is an item without fields.
    fn scalar_item(&mut self, line: &Line<'_>) -> Option<()> {
        let at = self
            .open
            .iter()
            .rposition(|n| self.node(*n).is_some_and(|n| matches!(n.schema, List(Scalar))));
        let at = match at {
            Some(at) => at,
            // A rule or a peer written whole, such as `- {}`.
            None if line.value.starts_with('{') => self.open.iter().rposition(|n| {
                self.node(*n).is_some_and(|n| matches!(n.schema, List(Struct(_))))
            })?,
            None => return None,
        };
        self.open.truncate(at + 1);
        let list = *self.open.last()?;
        self.check(list, line.indent, line.indent + 1);
        self.nodes.get_mut(list)?.dashed = true;
        self.open(&Scalar, "", line.value, line.indent);
        self.open.pop();
        Some(())
    }

    /// A line that is a field of something that is open.
    fn field(&mut self, key: &str, line: &Line<'_>) -> Option<()> {
        let mut place = None;
        for (at, number) in self.open.iter().enumerate().rev() {
            let node = self.node(*number)?;
            let has = |key: &str| {
                node.children.iter().any(|c| self.node(*c).is_some_and(|c| c.key == key))
            };
            match node.schema {
                // Indented below its map it is a label, whatever its name.
                Free if line.indent > node.indent && !line.dash => {
                    place = Some((at, None));
                    break;
                }
                Struct(_) if node.schema.field(key).is_some() && !has(key) => {
                    place = Some((at, None));
                    break;
                }
                List(item) if item.field(key).is_some() && !node.dashed => {
                    place = Some((at, Some(*item)));
                    break;
                }
                _ => {}
            }
        }
        if place.is_none() {
            // A key that the API does not know can only be a label.
            let at = self.open.len().checked_sub(1)?;
            let node = self.node(*self.open.get(at)?)?;
            let first = node.children.first().and_then(|c| self.node(*c)).map(|c| c.indent);
            if !matches!(node.schema, Free) || line.indent < first.unwrap_or(node.indent) {
                return None;
            }
            place = Some((at, None));
        }
        let (at, item) = place?;
        self.open.truncate(at + 1);
        if let Some(item) = item {
            // The dash of its item is gone.
            self.misplaced = self.misplaced.or(Some(self.start + line.column));
            self.outside += 1;
            self.open(item, "", "", line.indent);
        }
        let parent = *self.open.last()?;
        self.check(parent, line.column, line.column);
        let schema = match self.node(*self.open.last()?)?.schema {
            Free => &Scalar,
            schema => schema.field(key)?,
        };
        self.open(schema, key, line.value, line.indent);
        if let Some(node) = self.nodes.last_mut() {
            node.column = line.column;
        }
        if matches!(schema, Scalar) || !line.value.is_empty() {
            self.open.pop();
        }
        Some(())
    }

    /// Notes whether a child at this column is where its parent and siblings
    /// want it; `inner` is the column that has to be right of the parent's.
    fn check(&mut self, parent: usize, column: usize, inner: usize) {
        let Some(node) = self.node(parent) else { return };
        let outside = parent != 0 && inner <= node.column;
        let first = node.children.first().and_then(|c| self.node(*c)).map(|c| c.column);
        let apart = first.is_some_and(|first| first != column);
        if outside || apart {
            self.misplaced = self.misplaced.or(Some(self.start + column));
        }
        self.outside += usize::from(outside);
    }

    /// Adds a node to the innermost open one and opens it.
    fn open(&mut self, schema: &'static Schema, key: &str, inline: &str, indent: usize) {
        let number = self.nodes.len();
        if let Some(parent) = self.open.last().and_then(|p| self.nodes.get_mut(*p)) {
            parent.children.push(number);
        }
        self.nodes.push(Building {
            schema,
            key: key.to_owned(),
            inline: inline.to_owned(),
            comments: std::mem::take(&mut self.comments),
            children: Vec::new(),
            indent,
            column: indent,
            dashed: false,
        });
        self.open.push(number);
    }

    fn node(&self, number: usize) -> Option<&Building> {
        self.nodes.get(number)
    }

    fn print(&self) -> String {
        let mut text = String::new();
        if let Some(root) = self.node(0) {
            self.print_children(root, 0, None, &mut text);
        }
        for comment in &self.comments {
            text.push_str(comment);
            text.push('\n');
        }
        text
    }

    /// Prints the children of a node; `dash` is where the first of them goes
    /// behind a dash.
    fn print_children(
        &self,
        parent: &Building,
        indent: usize,
        mut dash: Option<usize>,
        text: &mut String,
    ) {
        for child in parent.children.iter().filter_map(|c| self.node(*c)) {
            for comment in &child.comments {
                text.extend(std::iter::repeat_n(' ', indent));
                text.push_str(comment);
                text.push('\n');
            }
            if matches!(parent.schema, List(_)) {
                if child.children.is_empty() {
                    text.extend(std::iter::repeat_n(' ', indent));
                    text.push_str(&format!("- {}", child.inline));
                    text.push('\n');
                } else {
                    self.print_children(child, indent + 2, Some(indent), text);
                }
                continue;
            }
            match dash.take() {
                Some(dash) => {
                    text.extend(std::iter::repeat_n(' ', dash));
                    text.push_str("- ");
                }
                None => text.extend(std::iter::repeat_n(' ', indent)),
            }
            text.push_str(&child.key);
            text.push(':');
            if !child.inline.is_empty() {
                text.push(' ');
                text.push_str(&child.inline);
            }
            text.push('\n');
            self.print_children(child, indent + 2, None, text);
        }
    }
}

impl<'l> Line<'l> {
    fn parse(line: &'l str) -> Option<Line<'l>> {
        let content = line.trim_start();
        let (whole, indent) = (line.len(), line.len() - content.len());
        let (dash, content) = match content.strip_prefix('-') {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => (true, rest.trim_start()),
            _ => (false, content),
        };
        let column = whole - content.len();
        // Two dashes on a line, or a scalar over several, are beyond repair.
        if content.starts_with("- ") || content.ends_with(['|', '>']) {
            return None;
        }
        let colon = match content.find(": ") {
            Some(at) => Some(at),
            None if content.ends_with(':') => Some(content.len() - 1),
            None => None,
        };
        let Some(colon) = colon.filter(|_| !content.starts_with(['{', '['])) else {
            return Some(Line { indent, column, dash, key: None, value: content });
        };
        let (key, rest) = content.split_at(colon);
        let value = rest.strip_prefix(':').unwrap_or(rest).trim();
        let value = if value.starts_with('#') { "" } else { value };
        Some(Line { indent, column, dash, key: Some(key.trim().trim_matches(['"', '\''])), value })
    }
}
