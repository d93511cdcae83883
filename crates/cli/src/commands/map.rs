use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;

use clap::{Args, ValueEnum};
use fallgate_engine::{Addresses, Detail, Interval, Place};
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::{self, Global};
use crate::context::Context;
use crate::endpoint::EndpointSpec;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::graph::{self, Graph, Kind, Link, Page, Picture};
use crate::output::{Printer, Style, Table, Text, clean};
use crate::port::PortSpec;
use crate::render::{
    Csv, Ends, Filter, Fragments, JsonStream, Line, Names, PortFilter, Row, Tally, code, entries,
    entry_name, escape, grouped, interval_texts, selected, short,
};
use crate::wire;

/// List every allowed connection
///
/// Sources and destinations with equal connections are told together; `-o wide` has a line for each pair. What is
/// possible and not certain is listed too, as unknown. Outside addresses are the whole ranges that policies treat alike;
/// an address of a pod or a node in such a range is answered as that pod or node. Nodes are listed where --from or --to
/// names one, as in node/NAME. Exits 3 when something listed is unknown.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate map -f examples/shop
  fallgate map -f examples/shop -n shop --to shop/db
  fallgate map -f examples/shop -o html > map.html")]
pub(crate) struct MapArgs {
    /// Only what leaves this endpoint
    #[arg(long, value_name = "ENDPOINT")]
    from: Option<String>,
    /// Only what leads to this endpoint
    #[arg(long, value_name = "ENDPOINT")]
    to: Option<String>,
    /// Only this port, such as 5432, 53/udp, 8000-8100/tcp, http
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// List pods instead of the workloads that stand for them
    #[arg(long)]
    pods: bool,
    #[command(flatten)]
    listing: args::Listing,
    /// The output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Grouped, for people
    #[default]
    Table,
    /// A line for each pair
    Wide,
    /// A document; its schema is fallgate/map/v1
    Json,
    /// Comma-separated values
    Csv,
    /// A Markdown table
    Md,
    /// A graph for Graphviz
    Dot,
    /// A graph for Mermaid
    Mermaid,
    /// A picture
    Svg,
    /// A page with matrices and the picture
    Html,
}

/// What is in the document besides what every document has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Map {
    /// By source and destination; nothing is here for what is denied.
    pub(crate) connections: Vec<Connection>,
}

/// What is allowed from one place to another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Connection {
    pub(crate) from: wire::Endpoint,
    /// The same as `from` for a workload's traffic to its own pods.
    pub(crate) to: wire::Endpoint,
    #[serde(flatten)]
    pub(crate) allowed: wire::Allowed,
    /// The pods or address families that this unites differ; absent when they do not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
}

const SCHEMA: &str = "fallgate/map/v1";

pub(crate) fn run(global: &Global, args: &MapArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let namespace = global.live.namespace.as_deref();
    let spec = |text: &Option<String>| {
        text.as_deref().map(|text| EndpointSpec::parse(text, namespace)).transpose()
    };
    let (from, to) = (spec(&args.from)?, spec(&args.to)?);
    let port = args.port.as_deref().map(PortSpec::parse).transpose()?;

    let context = Context::read(global)?;
    let detail = if args.pods { Detail::Pods } else { Detail::Workloads };
    let ends = |spec: Option<EndpointSpec>| {
        spec.map(|spec| Ends::resolve(&context, detail, &spec)).transpose()
    };
    let named = from.is_some() || to.is_some();
    if let Some(to) = &to {
        to.receives()?;
    }
    let (from, to) = (ends(from)?, ends(to)?);
    let snapshot = &context.snapshot;
    let port = match &port {
        Some(port) => PortFilter::new(snapshot, detail, to.as_ref(), port)?,
        None => None,
    };
    let selector = args.listing.selector.as_ref();
    let filter = Filter {
        // An endpoint that is named says where to look; -n then completes its name.
        namespace: namespace.filter(|_| !named).map(Into::into),
        selected: selector.map(|selector| selected(snapshot, detail, selector)).transpose()?,
        from,
        to,
        port,
    };
    if let Some(namespace) = &filter.namespace
        && !context.snapshot.namespaces().contains(namespace)
    {
        return Err(context.index().no_namespace(snapshot, namespace).into());
    }

    let mut tally = Tally::default();
    let listing = Listing { context: &context, detail, filter: &filter };
    match args.output {
        Format::Table => listing.table(printer, &mut tally)?,
        Format::Wide => listing.wide(printer, &mut tally)?,
        Format::Json => listing.json(printer.writer(), &mut tally)?,
        Format::Csv => listing.csv(printer, &mut tally)?,
        Format::Md => listing.markdown(printer, &mut tally)?,
        Format::Dot | Format::Mermaid | Format::Svg | Format::Html => {
            listing.graph(args.output, printer, &mut tally)?;
        }
    }
    if args.output != Format::Json {
        context.show_diagnostics(printer);
    }
    Ok(context.listed(if tally.unknown { Exit::Incomplete } else { Exit::Yes }))
}

/// Which entries to list, and how fine.
struct Listing<'a> {
    context: &'a Context,
    detail: Detail,
    filter: &'a Filter,
}

impl Listing<'_> {
    fn each(
        &self,
        tally: &mut Tally,
        each: &mut dyn FnMut(&Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        entries(&self.context.snapshot, self.detail, self.filter, &mut |row| {
            tally.add(row, 1);
            each(row)
        })
    }

    fn names(&self) -> Names {
        Names::new(&self.context.snapshot, self.detail)
    }

    fn lines(&self, tally: &mut Tally) -> Result<Vec<Line>, Failure> {
        let grouped = grouped(&self.context.snapshot, self.detail, self.filter, tally)?;
        Ok(grouped.lines(&self.names()))
    }

    fn table(&self, printer: &mut Printer, tally: &mut Tally) -> Result<(), Failure> {
        let lines = self.lines(tally)?;
        if lines.is_empty() {
            printer.note(&Text::from("no connection is allowed"));
        }
        printer.table(&lines_table(&lines))
    }

    fn wide(&self, printer: &mut Printer, tally: &mut Tally) -> Result<(), Failure> {
        let names = self.names();
        // Columns are as wide as the longest name of a workload, which is known before the first line;
        // a list of blocks may stick out.
        let longest = self.context.snapshot.workloads();
        let width = longest.keys().map(|w| names.workload(w).chars().count()).max().unwrap_or(0);
        let width = width.clamp(8, 60);
        let out = printer.writer();
        writeln!(
            out,
            "{:width$}   {:width$}   {:24}   {:16}   PARTIAL",
            "FROM", "TO", "PORTS", "UNKNOWN"
        )?;
        let mut texts = Texts::default();
        self.each(tally, &mut |row| {
            let from: Rc<str> = if row.entry_point {
                clean(&entry_name(&row.from)).into()
            } else {
                texts.place(&row.from, |place| clean(&names.place(place)).into_owned())
            };
            let to = texts.place(&row.to, |place| clean(&names.place(place)).into_owned());
            let allowed = texts.interval(&row.interval, |interval| {
                let (ports, unknown) = interval_texts(interval);
                let dash = |text: String| if text.is_empty() { "<none>".to_owned() } else { text };
                format!("{:24}   {:16}", dash(ports), dash(unknown))
            });
            let partial = if row.partial { "true" } else { "false" };
            Ok(writeln!(out, "{from:width$}   {to:width$}   {allowed}   {partial}")?)
        })
    }

    fn json(&self, out: &mut dyn Write, tally: &mut Tally) -> Result<(), Failure> {
        let mut stream = JsonStream::start(out, self.context, SCHEMA, "connections")?;
        let mut fragments = Fragments::default();
        self.each(tally, &mut |row| fragments.entry(&mut stream, row))?;
        stream.end(self.context)
    }

    fn csv(&self, printer: &mut Printer, tally: &mut Tally) -> Result<(), Failure> {
        let out = printer.writer();
        writeln!(
            out,
            "from_namespace,from_kind,from_name,to_namespace,to_kind,to_name,ports,unknown,partial"
        )?;
        let mut csv = Csv::new(out);
        let mut texts = Texts::default();
        self.each(tally, &mut |row| {
            csv.raw(&texts.place(&row.from, csv_place))?;
            csv.raw(&texts.place(&row.to, csv_place))?;
            csv.raw(&texts.interval(&row.interval, |interval| {
                let (ports, unknown) = interval_texts(interval);
                format!("{},{}", escape(&ports), escape(&unknown))
            }))?;
            csv.raw(if row.partial { "true" } else { "false" })?;
            Ok(csv.end()?)
        })
    }

    fn markdown(&self, printer: &mut Printer, tally: &mut Tally) -> Result<(), Failure> {
        let lines = self.lines(tally)?;
        let out = printer.writer();
        writeln!(out, "| From | To | Ports |\n| --- | --- | --- |")?;
        for line in &lines {
            let list = |names: &[String]| {
                names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
            };
            writeln!(
                out,
                "| {} | {} | {} |",
                list(&line.from),
                list(&line.to),
                code(&line.allowed())
            )?;
        }
        Ok(())
    }

    fn graph(
        &self,
        format: Format,
        printer: &mut Printer,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let mut graph = GraphOf::default();
        self.add_everybody(&mut graph);
        let mut links = 0;
        self.each(tally, &mut |row| {
            links += 1;
            if links > graph::MOST_LINKS {
                let most = graph::MOST_LINKS;
                return Err(Problem::new(format!("more than {most} connections are no picture"))
                    .help("-n, --from and --to choose a part; the table tells all of them")
                    .into());
            }
            graph.add(row);
            Ok(())
        })?;
        let graph = graph.finish();
        let title = self.title();
        if format == Format::Html {
            let page = self.page(title, tally);
            return Ok(graph::html(printer.writer(), &graph, &page)?);
        }
        let picture = Picture::of(&graph);
        advise(printer, &picture, format == Format::Mermaid);
        let out = printer.writer();
        match format {
            Format::Dot => graph::dot(out, &picture)?,
            Format::Mermaid => graph::mermaid(out, &picture)?,
            _ => graph::svg(out, &picture, &title)?,
        }
        Ok(())
    }

    /// Workloads that nothing is allowed for are in the picture too, where it
    /// is of everything or of a namespace.
    fn add_everybody(&self, graph: &mut GraphOf) {
        let Filter { from, to, port, .. } = self.filter;
        if from.is_some() || to.is_some() || port.is_some() {
            return;
        }
        if self.detail == Detail::Workloads {
            for workload in self.context.snapshot.workloads().into_keys() {
                let inside =
                    self.filter.namespace.as_ref().is_none_or(|n| *n == workload.namespace);
                let selected = self.filter.selected.as_ref().is_none_or(|s| s.contains(&workload));
                if inside && selected {
                    graph.place(false, &Place::Workload(workload));
                }
            }
        }
    }

    fn title(&self) -> String {
        match &self.filter.namespace {
            Some(namespace) => format!("Who reaches whom: {namespace}"),
            None => "Who reaches whom".to_owned(),
        }
    }

    fn page(&self, title: String, tally: &Tally) -> Page {
        let snapshot = &self.context.snapshot;
        let sources = self.context.sources().names();
        let read = match sources {
            [one] => one.to_string(),
            [first, ..] => format!("{first} and {} more", sources.len() - 1),
            [] => String::new(),
        };
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let facts = vec![
            fact("Read", read),
            fact("Dialect", snapshot.dialect().to_string()),
            fact("Workloads", snapshot.workloads().len().to_string()),
            fact(
                "Policies",
                (snapshot.network_policies().len() + snapshot.cluster_policies().count())
                    .to_string(),
            ),
            fact("Connections", tally.entries.to_string()),
        ];
        let notes = self
            .context
            .wire_diagnostics()
            .into_iter()
            .filter(|d| d.severity != "note")
            .map(|d| {
                let line = d.source.line.map(|line| format!(":{line}")).unwrap_or_default();
                format!("{}: {} ({}{line})", d.severity, d.message, d.source.file)
            })
            .collect();
        Page { title, facts, notes }
    }
}

/// Says what shows more, when a picture has become too much for one.
pub(crate) fn advise(printer: &mut Printer, picture: &Picture, mermaid: bool) {
    let (edges, cards) = (picture.edges.len(), picture.cards.len());
    if edges > graph::READABLE_EDGES || cards > graph::READABLE_CARDS {
        printer.note(
            &Text::new()
                .styled(Style::Help, "help")
                .text(": ")
                .text(format!("a picture of {cards} cards and {edges} lines is hard to read; "))
                .text("`-o html` has a matrix, and -n, --from and --to choose a part"),
        );
    }
    if mermaid && edges > graph::MERMAID_EDGES {
        printer.note(
            &Text::new()
                .styled(Style::Warning, "warning")
                .text(": ")
                .text(format!("Mermaid draws {} lines at most", graph::MERMAID_EDGES)),
        );
    }
}

/// Lines as a table: lists of names go on in the rows below, so that no row is
/// wider than people read.
fn lines_table(lines: &[Line]) -> Table {
    let mut table = Table::new(["FROM", "TO", "PORTS"]);
    for line in lines {
        let (from, to) = (wrap(&line.from), wrap(&line.to));
        for row in 0..from.len().max(to.len()) {
            let cell = |lines: &[String]| Text::from(lines.get(row).cloned().unwrap_or_default());
            let mut cells = vec![cell(&from)];
            // What is empty at the end of a row is left out, so that no row ends in spaces.
            if row < to.len() {
                cells.push(cell(&to));
            }
            if row == 0 {
                cells.push(allowed_text(line));
            }
            table.row(cells);
        }
    }
    table
}

/// What a line allows, with what is not certain marked.
pub(crate) fn allowed_text(line: &Line) -> Text {
    let mut text = Text::new().text(&line.ports);
    if !line.unknown.is_empty() {
        let sep = if line.ports.is_empty() { "" } else { "; " };
        text = text.text(sep).styled(Style::Unsure, format!("unknown: {}", line.unknown));
    }
    if line.partial { text.styled(Style::Dim, " (partial)") } else { text }
}

/// A list of names in lines of some width.
pub(crate) fn wrap(names: &[String]) -> Vec<String> {
    const WIDTH: usize = 52;
    let mut lines: Vec<String> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let comma = if at + 1 < names.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + name.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(name);
                line.push_str(comma);
            }
            _ => lines.push(format!("{name}{comma}")),
        }
    }
    lines
}

/// The fields of a place: namespace, kind, name; of the outside, its blocks.
pub(crate) fn csv_place(place: &Place) -> String {
    match place {
        Place::Workload(w) => {
            format!("{},{},{}", escape(&w.namespace), escape(&w.kind), escape(&w.name))
        }
        Place::Node(node) => format!(",Node,{}", escape(node)),
        Place::Outside(addresses) => format!(",Outside,{}", blocks(addresses)),
    }
}

fn blocks(addresses: &Addresses) -> String {
    addresses.cidrs().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Texts of places and intervals, each made once.
#[derive(Default)]
struct Texts {
    places: FxHashMap<Place, Rc<str>>,
    intervals: FxHashMap<Interval, Rc<str>>,
}

impl Texts {
    fn place(&mut self, place: &Place, make: impl Fn(&Place) -> String) -> Rc<str> {
        if let Some(text) = self.places.get(place) {
            return text.clone();
        }
        let text: Rc<str> = make(place).into();
        self.places.insert(place.clone(), text.clone());
        text
    }

    fn interval(&mut self, interval: &Interval, make: impl Fn(&Interval) -> String) -> Rc<str> {
        if let Some(text) = self.intervals.get(interval) {
            return text.clone();
        }
        let text: Rc<str> = make(interval).into();
        self.intervals.insert(interval.clone(), text.clone());
        text
    }
}

/// A graph in the making.
#[derive(Default)]
pub(crate) struct GraphOf {
    numbers: BTreeMap<(bool, Place), usize>,
    graph: Graph,
}

impl GraphOf {
    /// The number of a place, which is added if it is new.
    pub(crate) fn place(&mut self, entry_point: bool, place: &Place) -> usize {
        if let Some(number) = self.numbers.get(&(entry_point, place.clone())) {
            return *number;
        }
        let (kind, namespace, name) = match place {
            Place::Workload(w) if entry_point => {
                (Kind::Entry(w.kind.to_string()), Some(w.namespace.to_string()), w.name.to_string())
            }
            Place::Workload(w) => {
                let kind = Kind::Workload(w.kind.to_string());
                (kind, Some(w.namespace.to_string()), w.name.to_string())
            }
            Place::Node(node) => (Kind::Node, None, node.to_string()),
            Place::Outside(addresses) => (Kind::Outside, None, short(addresses)),
        };
        let number = self.graph.places.len();
        self.graph.places.push(graph::Place { kind, namespace, name, note: String::new() });
        self.numbers.insert((entry_point, place.clone()), number);
        number
    }

    /// Says something more about a place.
    pub(crate) fn note(&mut self, number: usize, note: String) {
        if let Some(place) = self.graph.places.get_mut(number) {
            place.note = note;
        }
    }

    pub(crate) fn add(&mut self, row: &Row<'_>) {
        let from = self.place(row.entry_point, &row.from);
        let to = self.place(false, &row.to);
        let (ports, unknown) = interval_texts(&row.interval);
        self.graph.links.push(Link {
            from,
            to,
            ports,
            every_port: row.interval.certain.covers_all_ports(),
            unknown,
            partial: row.partial,
        });
    }

    /// The graph, its places in the order of the map.
    pub(crate) fn finish(self) -> Graph {
        let mut rank = vec![0; self.graph.places.len()];
        let mut places = Vec::with_capacity(rank.len());
        // Workloads, nodes and the outside as in the map; Ingresses with their namespaces' workloads.
        let mut order: Vec<(&Place, bool, usize)> =
            self.numbers.iter().map(|((entry, place), at)| (place, *entry, *at)).collect();
        order.sort();
        for (position, (_, _, at)) in order.into_iter().enumerate() {
            if let (Some(slot), Some(place)) = (rank.get_mut(at), self.graph.places.get(at)) {
                *slot = position;
                places.push(place.clone());
            }
        }
        let of = |at: usize| rank.get(at).copied().unwrap_or_default();
        let mut links: Vec<Link> = self
            .graph
            .links
            .into_iter()
            .map(|link| Link { from: of(link.from), to: of(link.to), ..link })
            .collect();
        links.sort_by_key(|link| (link.from, link.to));
        Graph { places, links }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::context;

    const TWO: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
  egress:
    - to: [{ipBlock: {cidr: 10.0.0.0/30}}]
";

    #[test]
    fn the_stream_is_the_document() {
        let context = context(TWO);
        let filter = Filter::default();
        let listing = Listing { context: &context, detail: Detail::Workloads, filter: &filter };
        let mut out = Vec::new();
        listing.json(&mut out, &mut Tally::default()).unwrap();
        let streamed: serde_json::Value = serde_json::from_slice(&out).unwrap();

        let mut connections = Vec::new();
        let mut each = |row: &Row<'_>| {
            connections.push(Connection {
                from: (&*row.from).into(),
                to: (&*row.to).into(),
                allowed: (&*row.interval).into(),
                partial: row.partial,
            });
            Ok(())
        };
        entries(&context.snapshot, Detail::Workloads, &filter, &mut each).unwrap();
        assert!(connections.len() > 3);
        let document = context.document(SCHEMA, Map { connections });
        assert_eq!(streamed, serde_json::to_value(&document).unwrap());
    }

    #[test]
    fn equal_connections_are_told_together() {
        let context = context(TWO);
        let filter = Filter::default();
        let listing = Listing { context: &context, detail: Detail::Workloads, filter: &filter };
        let lines = listing.lines(&mut Tally::default()).unwrap();
        let lines: Vec<String> = lines
            .iter()
            .map(|l| format!("{} -> {}: {}", l.from.join(" "), l.to.join(" "), l.allowed()))
            .collect();
        assert_eq!(
            lines,
            [
                "shop/db -> shop/* 10.0.0.0/30: all",
                "shop/web -> shop/db: 5432/tcp",
                "shop/web -> shop/web 0.0.0.0/0: all",
                "0.0.0.0/0 -> shop/web: all",
            ]
        );
    }

    #[test]
    fn lists_are_wrapped_and_nothing_is_lost() {
        let names: Vec<String> = (0..40).map(|n| format!("namespace/name-{n}")).collect();
        let lines = wrap(&names);
        assert!(lines.iter().all(|line| line.chars().count() <= 53));
        assert_eq!(lines.join(" "), names.join(", "));
    }
}
