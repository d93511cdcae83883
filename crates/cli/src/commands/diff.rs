use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use fallgate_engine::{
    Causes, Connections, Delta, Detail, Diff, Interval, Lone, Place, PodId, Snapshot, WorkloadRef,
};
use fallgate_model::{EntryPoint, ObjectRef, Service, Str};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Global;
use crate::commands::map::{allowed_text, csv_place, wrap};
use crate::context::Context;
use crate::endpoint::is_entry_point;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::input::{self, Source};
use crate::output::{Printer, Style, Table, Text};
use crate::render::{Csv, Grouped, Line, Names, Row, code, entry_ref, interval_texts};
use crate::wire;

/// Compare two clusters by what they allow
///
/// BEFORE and AFTER are files, directories, `live`, or `git:REV[:PATH]`. Without them, the input is compared with
/// itself changed by --remove, --replace and --add-file; with them, these options change AFTER. Ends with 1 when
/// something differs, and with 3 when everything that differs is only possible.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate diff git:main:examples/shop examples/shop
  fallgate diff -f examples/shop --remove netpol/shop/default-deny
  fallgate diff live DIRECTORY -o md")]
pub(crate) struct DiffArgs {
    /// The cluster before the change
    #[arg(requires = "after", value_name = "BEFORE")]
    before: Option<String>,
    /// The cluster after it
    #[arg(value_name = "AFTER")]
    after: Option<String>,
    /// Compare pods instead of the workloads that stand for them
    #[arg(long)]
    pods: bool,
    /// The output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/diff/v1
    Json,
    /// Comma-separated values
    Csv,
    /// Markdown, for a comment on a pull request
    Md,
}

/// What is in the document besides what every document has; `input` and
/// `diagnostics` are those of the later cluster.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Difference {
    /// What was read for the earlier cluster.
    pub(crate) before: Before,
    /// What became possible, or certain where it was only possible.
    pub(crate) opened: Vec<Change>,
    /// What ceased to be certain, or to be possible.
    pub(crate) closed: Vec<Change>,
    /// How many of these are only possible.
    pub(crate) possibly: Possibly,
    /// How many entries of the map are the same on both sides.
    pub(crate) unchanged: usize,
    /// Every object that something here is due to.
    pub(crate) causes: Vec<wire::Object>,
}

/// How many changes have nothing certain in them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Possibly {
    pub(crate) opened: usize,
    pub(crate) closed: usize,
}

/// The earlier cluster.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Before {
    pub(crate) input: wire::Input,
    pub(crate) diagnostics: Vec<wire::Diagnostic>,
}

/// What changed from one place to another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Change {
    pub(crate) from: wire::Endpoint,
    pub(crate) to: wire::Endpoint,
    #[serde(flatten)]
    pub(crate) allowed: wire::Allowed,
    /// `added` or `removed` when one of the places exists on one side only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<&'static str>,
    /// The changed objects that this is due to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<wire::Object>,
}

pub(crate) fn run(
    global: &Global,
    args: &DiffArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let (before, after) = read(global, args)?;
    let detail = if args.pods { Detail::Pods } else { Detail::Workloads };
    let mut diff = fallgate_engine::diff(&before.snapshot, &after.snapshot, detail);
    entry_points(&before.snapshot, &after.snapshot, &mut diff);
    let sides = Sides { before: &before, after: &after, detail, diff: &diff };
    match args.output {
        Format::Table => sides.table(printer)?,
        Format::Json => printer.json(&after.document("fallgate/diff/v1", sides.document()))?,
        Format::Csv => sides.csv(printer)?,
        Format::Md => sides.markdown(printer)?,
    }
    if args.output != Format::Json {
        // What both say is said once.
        if before.reading.diagnostics != after.reading.diagnostics {
            before.show_diagnostics(printer);
        }
        after.show_diagnostics(printer);
    }
    Ok(before.listed(after.listed(exit(&diff))))
}

/// What certainly opens or closes is a difference; where everything that does
/// is only possible, nobody knows whether there is one.
fn exit(diff: &Diff) -> Exit {
    let mut all = diff.opened.iter().chain(&diff.closed).peekable();
    if all.peek().is_none() {
        Exit::Yes
    } else if all.all(only_possible) {
        Exit::Incomplete
    } else {
        Exit::No
    }
}

fn only_possible(delta: &Delta) -> bool {
    delta.interval.certain.is_empty()
}

fn possibly(deltas: &[Delta]) -> usize {
    deltas.iter().filter(|delta| only_possible(delta)).count()
}

fn read(global: &Global, args: &DiffArgs) -> Result<(Context, Context), Failure> {
    let overlaid =
        !global.add_file.is_empty() || !global.remove.is_empty() || !global.replace.is_empty();
    let bare =
        Global { add_file: Vec::new(), remove: Vec::new(), replace: Vec::new(), ..global.clone() };
    match (&args.before, &args.after) {
        (Some(before), Some(after)) => {
            if !global.filename.is_empty() {
                return Err(Problem::new("`diff BEFORE AFTER` takes no `-f`")
                    .help("name the two clusters as BEFORE and AFTER, or the input with -f and a change to it with --add-file, --replace or --remove")
                    .into());
            }
            let (before, after) = (Source::parse(before)?, Source::parse(after)?);
            if before == Source::Stdin && after == Source::Stdin {
                return Err(Problem::new("BEFORE and AFTER must not both be `-`").into());
            }
            Ok((Context::read_from(&bare, &[before])?, Context::read_from(global, &[after])?))
        }
        _ if overlaid => {
            // Read once: standard input has nothing left for a second time, and a live cluster moves on.
            let texts = input::read(&input::sources(global)?, global)?;
            Ok((Context::of_texts(&bare, texts.clone())?, Context::of_texts(global, texts)?))
        }
        _ => Err(Problem::new("there is nothing to compare with")
            .help("name BEFORE and AFTER, or a change to the input with --add-file, --replace or --remove")
            .into()),
    }
}

/// Adds what Ingresses and routes let in on either side.
fn entry_points(before: &Snapshot, after: &Snapshot, diff: &mut Diff) {
    let (old, new) = (Entrances::of(before), Entrances::of(after));
    let mut pairs: Vec<&(WorkloadRef, WorkloadRef)> =
        old.admitted.keys().chain(new.admitted.keys()).collect();
    pairs.sort();
    pairs.dedup();
    let none = Interval::none();
    let causes = Causes::between(before, after);
    for pair in pairs {
        let (from, to) = pair;
        let (a, b) = (old.admitted.get(pair), new.admitted.get(pair));
        let (a, b) = (a.unwrap_or(&none), b.unwrap_or(&none));
        if a == b {
            diff.unchanged += 1;
            continue;
        }
        let lone = match (old.has(pair), new.has(pair)) {
            (true, false) => Some(Lone::Removed),
            (false, true) => Some(Lone::Added),
            _ => None,
        };
        let pods = new.workloads.get(to).map_or(&[][..], Vec::as_slice);
        for (list, low, high) in [(&mut diff.opened, a, b), (&mut diff.closed, b, a)] {
            let interval = gained(low, high);
            if interval.is_empty() {
                continue;
            }
            let due = match lone {
                Some(_) => Vec::new(),
                None => {
                    let mut due = old.altered(&new, from);
                    due.extend(causes.of((&[], pods), &interval));
                    due.sort();
                    due
                }
            };
            let (from, to) = (Place::Workload(from.clone()), Place::Workload(to.clone()));
            list.push(Delta { from, to, interval, lone, causes: due });
        }
    }
}

/// The Ingresses and routes of a cluster, and what they let in to whom.
struct Entrances {
    entries: BTreeMap<WorkloadRef, Arc<EntryPoint>>,
    services: BTreeMap<(Str, Str), Arc<Service>>,
    workloads: BTreeMap<WorkloadRef, Vec<PodId>>,
    admitted: BTreeMap<(WorkloadRef, WorkloadRef), Interval>,
}

impl Entrances {
    fn of(snapshot: &Snapshot) -> Entrances {
        let entries: BTreeMap<WorkloadRef, Arc<EntryPoint>> =
            snapshot.entry_points().into_iter().map(|e| (entry_ref(&e), e)).collect();
        let mut admitted = BTreeMap::new();
        for (from, entry) in &entries {
            for (to, union) in snapshot.entry_connections(entry) {
                if !union.interval.is_empty() {
                    admitted.insert((from.clone(), to), union.interval);
                }
            }
        }
        let services = snapshot.services().into_iter();
        let services = services.map(|s| ((s.namespace.clone(), s.name.clone()), s)).collect();
        Entrances { entries, services, workloads: snapshot.workloads(), admitted }
    }

    fn has(&self, (from, to): &(WorkloadRef, WorkloadRef)) -> bool {
        self.entries.contains_key(from) && self.workloads.contains_key(to)
    }

    /// The Ingress or route itself and the services that it leads to, where the
    /// later cluster has them otherwise.
    fn altered(&self, later: &Entrances, from: &WorkloadRef) -> Vec<ObjectRef> {
        let (Some(old), Some(new)) = (self.entries.get(from), later.entries.get(from)) else {
            return Vec::new();
        };
        let mut altered = Vec::new();
        if (&old.controller, &old.targets) != (&new.controller, &new.targets) {
            altered.push(ObjectRef {
                kind: from.kind.clone(),
                namespace: from.namespace.clone(),
                name: from.name.clone(),
            });
        }
        let leads = |entrances: &Entrances, key: &(Str, Str)| {
            let service = entrances.services.get(key)?;
            Some((service.selector.clone(), service.ports.clone()))
        };
        let mut targets: Vec<(Str, Str)> = (old.targets.iter().chain(&new.targets))
            .map(|target| (target.namespace.clone(), target.service.clone()))
            .collect();
        targets.sort();
        targets.dedup();
        targets.retain(|key| leads(self, key) != leads(later, key));
        altered.extend(targets.into_iter().map(|(namespace, name)| ObjectRef {
            kind: "Service".into(),
            namespace,
            name,
        }));
        altered
    }
}

/// What the second has over the first: certain where it is impossible in the
/// first and certain in the second.
fn gained(a: &Interval, b: &Interval) -> Interval {
    let certain: Connections = b.certain.difference(&a.possible);
    let possible = b.possible.difference(&a.possible).union(&b.certain.difference(&a.certain));
    Interval { certain, possible }
}

struct Sides<'a> {
    before: &'a Context,
    after: &'a Context,
    detail: Detail,
    diff: &'a Diff,
}

/// Lines that are due to the same objects.
struct Block {
    opened: bool,
    because: String,
    lines: Vec<Line>,
}

impl Sides<'_> {
    fn document(&self) -> Difference {
        let mut causes: Vec<&ObjectRef> =
            self.diff.opened.iter().chain(&self.diff.closed).flat_map(|d| &d.causes).collect();
        causes.sort();
        causes.dedup();
        let changes = |deltas: &[Delta]| deltas.iter().map(Change::from).collect();
        Difference {
            before: Before {
                input: self.before.wire_input(),
                diagnostics: self.before.wire_diagnostics(),
            },
            opened: changes(&self.diff.opened),
            closed: changes(&self.diff.closed),
            possibly: Possibly {
                opened: possibly(&self.diff.opened),
                closed: possibly(&self.diff.closed),
            },
            unchanged: self.diff.unchanged,
            causes: causes.into_iter().map(wire::Object::from).collect(),
        }
    }

    /// What opened, then what closed, each by what it is due to.
    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (opened, deltas) in [(true, &self.diff.opened), (false, &self.diff.closed)] {
            let mut by_cause: BTreeMap<(Vec<&ObjectRef>, bool), Grouped> = BTreeMap::new();
            for delta in deltas {
                let key = (delta.causes.iter().collect(), delta.lone.is_some());
                by_cause.entry(key).or_default().add(&Row {
                    from: Cow::Borrowed(&delta.from),
                    to: Cow::Borrowed(&delta.to),
                    interval: Cow::Borrowed(&delta.interval),
                    partial: false,
                    entry_point: is_entrance(&delta.from),
                });
            }
            // A namespace is whole on the side that has what changed.
            let side = if opened { self.after } else { self.before };
            let names = Names::new(&side.snapshot, self.detail);
            for ((causes, lone), grouped) in by_cause {
                let because = match (lone, opened) {
                    (true, true) => "endpoint added".to_owned(),
                    (true, false) => "endpoint removed".to_owned(),
                    (false, _) => {
                        causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                    }
                };
                blocks.push(Block { opened, because, lines: grouped.lines(&names) });
            }
        }
        blocks
    }

    fn summary(&self) -> String {
        let mut parts = Vec::new();
        for (deltas, word) in [(&self.diff.opened, "opened"), (&self.diff.closed, "closed")] {
            let possibly = possibly(deltas);
            parts.push(format!("{} {word}", deltas.len() - possibly));
            if possibly > 0 {
                parts.push(format!("{possibly} possibly {word}"));
            }
        }
        parts.push(format!("{} unchanged", self.diff.unchanged));
        parts.join(", ")
    }

    fn table(&self, printer: &mut Printer) -> Result<(), Failure> {
        let mut table = Table::new(["", "FROM", "TO", "PORTS", "BECAUSE OF"]);
        for block in self.blocks() {
            let sign = || match block.opened {
                true => Text::new().styled(Style::Good, "+"),
                false => Text::new().styled(Style::Bad, "-"),
            };
            for line in &block.lines {
                let (from, to) = (wrap(&line.from), wrap(&line.to));
                for row in 0..from.len().max(to.len()) {
                    let cell =
                        |lines: &[String]| Text::from(lines.get(row).cloned().unwrap_or_default());
                    let mut cells = vec![sign(), cell(&from)];
                    if row < to.len() {
                        cells.push(cell(&to));
                    }
                    if row == 0 {
                        cells.extend([allowed_text(line), Text::from(&*block.because)]);
                    }
                    table.row(cells);
                }
            }
        }
        printer.table(&table)?;
        printer.note(&Text::from(self.summary()));
        Ok(())
    }

    fn csv(&self, printer: &mut Printer) -> Result<(), Failure> {
        let out = printer.writer();
        writeln!(
            out,
            "change,from_namespace,from_kind,from_name,to_namespace,to_kind,to_name,ports,unknown,endpoint,causes"
        )?;
        let mut csv = Csv::new(out);
        for (change, deltas) in [("opened", &self.diff.opened), ("closed", &self.diff.closed)] {
            for delta in deltas {
                csv.field(change)?;
                csv.raw(&csv_place(&delta.from))?;
                csv.raw(&csv_place(&delta.to))?;
                let (ports, unknown) = interval_texts(&delta.interval);
                csv.field(&ports)?;
                csv.field(&unknown)?;
                csv.field(delta.lone.map_or("", lone_name))?;
                let causes: Vec<String> = delta.causes.iter().map(ToString::to_string).collect();
                csv.field(&causes.join("; "))?;
                csv.end()?;
            }
        }
        Ok(())
    }

    fn markdown(&self, printer: &mut Printer) -> Result<(), Failure> {
        let blocks = self.blocks();
        let out = printer.writer();
        writeln!(out, "### What this change opens and closes\n\n**{}**", self.summary())?;
        // What opens is what a reviewer must see; what closes is a click away.
        for (opened, title) in [(true, "opened"), (false, "closed")] {
            let own = || blocks.iter().filter(|block| block.opened == opened);
            let count: usize = own().map(|block| block.lines.len()).sum();
            if count == 0 {
                continue;
            }
            const MOST_SHOWN: usize = 20;
            let folded = !opened || count > MOST_SHOWN;
            if folded {
                let lines = if count == 1 { "line" } else { "lines" };
                writeln!(out, "\n<details><summary>{title}, {count} {lines}</summary>")?;
            }
            writeln!(
                out,
                "\n| | From | To | Ports | Because of |\n| --- | --- | --- | --- | --- |"
            )?;
            for block in own() {
                for line in &block.lines {
                    let list = |names: &[String]| {
                        names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
                    };
                    writeln!(
                        out,
                        "| {} | {} | {} | {} | {} |",
                        if opened { "➕" } else { "➖" },
                        list(&line.from),
                        list(&line.to),
                        code(&line.allowed()),
                        code(&block.because)
                    )?;
                }
            }
            if folded {
                writeln!(out, "\n</details>")?;
            }
        }
        if self.before.incomplete() || self.after.incomplete() {
            writeln!(
                out,
                "\nSomething in the input was not evaluated; what it could change is unknown."
            )?;
        }
        Ok(())
    }
}

/// Whether a place is an Ingress or a route, which no workload's kind is.
fn is_entrance(place: &Place) -> bool {
    matches!(place, Place::Workload(w) if is_entry_point(&w.kind))
}

fn lone_name(lone: Lone) -> &'static str {
    match lone {
        Lone::Added => "added",
        Lone::Removed => "removed",
    }
}

impl From<&Delta> for Change {
    fn from(delta: &Delta) -> Change {
        Change {
            from: (&delta.from).into(),
            to: (&delta.to).into(),
            allowed: (&delta.interval).into(),
            endpoint: delta.lone.map(lone_name),
            causes: delta.causes.iter().map(wire::Object::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use fallgate_model::Protocol;

    use super::*;

    #[test]
    fn what_is_gained_is_certain_only_where_it_was_impossible() {
        let port = |n| Connections::ports(Protocol::Tcp, n, n);
        let a = Interval { certain: port(1), possible: port(1).union(&port(2)) };
        let b = Interval { certain: port(2).union(&port(3)), possible: port(2).union(&port(3)) };
        let opened = gained(&a, &b);
        assert_eq!(opened.certain, port(3));
        assert_eq!(opened.unknown(), port(2));
        let closed = gained(&b, &a);
        assert_eq!(closed.certain, port(1));
        assert_eq!(closed.unknown(), Connections::none());
    }
}
