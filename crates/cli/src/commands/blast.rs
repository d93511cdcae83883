use std::borrow::Cow;
use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use fallgate_engine::{Addresses, Detail, Interval, Place};
use fallgate_model::Direction;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Global;
use crate::commands::map::{GraphOf, advise};
use crate::context::Context;
use crate::endpoint::EndpointSpec;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::graph::{self, Picture};
use crate::output::{Printer, Style, Table, Text};
use crate::render::{Ends, Filter, Names, Row, code, entries, interval_texts};
use crate::wire;

/// List what a compromised workload reaches, hop by hop
///
/// Every workload that can be reached, at the least number of hops, with one it is reached from; and the outside ranges
/// that open up at each hop. A path that is possible and not certain is followed too, and marked. Other nodes
/// are not listed: no policy keeps one node from another.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate blast ingress-nginx/controller -f examples/shop
  fallgate blast node/node-a --hops 1 -f examples/dual-stack
  fallgate blast internet --hops 2 -f examples/shop -o dot | dot -Tsvg > blast.svg")]
pub(crate) struct BlastArgs {
    /// Where the attacker is: a workload, a pod, a node, an address or `internet`
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// Go no further than this many hops
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    hops: Option<u32>,
    /// The output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/blast/v1
    Json,
    /// A Markdown table
    Md,
    /// A graph for Graphviz
    Dot,
    /// A graph for Mermaid
    Mermaid,
}

/// What is in the document besides what every document has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Blast {
    /// Where it starts.
    pub(crate) start: Vec<wire::Endpoint>,
    /// Each workload that is reached, once, by hop; and the outside ranges that
    /// open up at a hop.
    pub(crate) reached: Vec<Reached>,
}

/// What is reached at a hop.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reached {
    pub(crate) endpoint: wire::Endpoint,
    /// From 1.
    pub(crate) hop: u32,
    /// From where, the first of those that reach it at this hop.
    pub(crate) via: wire::Endpoint,
    #[serde(flatten)]
    pub(crate) allowed: wire::Allowed,
    /// True when something on every way there is possible and not certain.
    pub(crate) possible: bool,
    /// The hop at which it is reached for certain, where that is a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certain_hop: Option<u32>,
}

pub(crate) fn run(
    global: &Global,
    args: &BlastArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let spec = EndpointSpec::parse(&args.endpoint, global.live.namespace.as_deref())?;
    let context = Context::read(global)?;
    let start = Ends::resolve(&context, Detail::Workloads, &spec)?;
    if !start.entries.is_empty() {
        return Err(Problem::new(format!("`{spec}` is no place to be: whoever serves it is"))
            .help("name the workload of its controller, or `internet`")
            .into());
    }
    let net = Net::of(&context, &start)?;
    let reached = net.spread(args.hops.unwrap_or(u32::MAX));

    let names = Names::new(&context.snapshot, Detail::Workloads);
    match args.output {
        Format::Table => table(printer, &net, &reached, &names)?,
        Format::Md => markdown(printer, &net, &reached, &names)?,
        Format::Json => {
            let body = document(&net, &reached);
            printer.json(&context.document("fallgate/blast/v1", body))?;
        }
        Format::Dot | Format::Mermaid => {
            let picture = Picture::plain(&net.graph(&reached));
            advise(printer, &picture, args.output == Format::Mermaid);
            let out = printer.writer();
            if args.output == Format::Dot {
                graph::dot(out, &picture)?;
            } else {
                graph::mermaid(out, &picture)?;
            }
        }
    }
    if args.output != Format::Json {
        context.show_diagnostics(printer);
    }
    let unknown = reached.iter().any(|r| r.possible);
    Ok(context.listed(if unknown { Exit::Incomplete } else { Exit::Yes }))
}

/// Who reaches whom, as lists of neighbours.
struct Net {
    places: Vec<Place>,
    /// Where it starts: indexes of places.
    start: Vec<usize>,
    /// For each place the links that leave it: to a place inside.
    inside: Vec<Vec<(usize, usize)>>,
    /// For each place the links that leave it to outside addresses.
    outside: Vec<Vec<(Addresses, usize)>>,
    /// What is allowed on links, each once.
    intervals: Vec<Interval>,
}

/// Something that is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    hop: u32,
    via: usize,
    what: What,
    /// Index of what is allowed on the last link.
    interval: usize,
    possible: bool,
    certain_hop: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Inside(usize),
    Outside(Addresses),
}

impl Net {
    fn of(context: &Context, start: &Ends) -> Result<Net, Failure> {
        let mut net = Net {
            places: Vec::new(),
            start: Vec::new(),
            inside: Vec::new(),
            outside: Vec::new(),
            intervals: Vec::new(),
        };
        let mut numbers: BTreeMap<Place, usize> = BTreeMap::new();
        let mut intervals: BTreeMap<Interval, usize> = BTreeMap::new();
        for workload in context.snapshot.workloads().into_keys() {
            let begins = start.workloads.contains(&workload);
            let at = net.add(&mut numbers, &Place::Workload(workload));
            if begins {
                net.start.push(at);
            }
        }
        let filter = Filter::default();
        entries(&context.snapshot, Detail::Workloads, &filter, &mut |row| {
            // An Ingress is no foothold: it stands for what its controller may do.
            if row.entry_point {
                return Ok(());
            }
            let from = match &*row.from {
                Place::Outside(addresses) => {
                    let part = addresses.intersection(&start.outside);
                    if part.is_empty() {
                        return Ok(());
                    }
                    let at = net.add(&mut numbers, &Place::Outside(part));
                    if !net.start.contains(&at) {
                        net.start.push(at);
                    }
                    at
                }
                inside => net.add(&mut numbers, inside),
            };
            net.link(&mut numbers, &mut intervals, from, &row.to, &row.interval);
            Ok(())
        })?;
        for node in &start.nodes {
            let from = net.add(&mut numbers, &Place::Node(node.clone()));
            net.start.push(from);
            let found =
                context.snapshot.node_connections(node, Direction::Egress, Detail::Workloads);
            for (to, union) in found.iter().filter(|(to, _)| !matches!(to, Place::Node(_))) {
                net.link(&mut numbers, &mut intervals, from, to, &union.interval);
            }
        }
        Ok(net)
    }

    /// Adds a link from a place that is there to one that may be new.
    fn link(
        &mut self,
        numbers: &mut BTreeMap<Place, usize>,
        intervals: &mut BTreeMap<Interval, usize>,
        from: usize,
        to: &Place,
        interval: &Interval,
    ) {
        let interval = *intervals.entry(interval.clone()).or_insert_with_key(|interval| {
            self.intervals.push(interval.clone());
            self.intervals.len() - 1
        });
        match to {
            Place::Outside(addresses) => {
                if let Some(list) = self.outside.get_mut(from) {
                    list.push((addresses.clone(), interval));
                }
            }
            inside => {
                let to = self.add(numbers, inside);
                if let Some(list) = self.inside.get_mut(from) {
                    list.push((to, interval));
                }
            }
        }
    }

    fn add(&mut self, numbers: &mut BTreeMap<Place, usize>, place: &Place) -> usize {
        if let Some(at) = numbers.get(place) {
            return *at;
        }
        let at = self.places.len();
        numbers.insert(place.clone(), at);
        self.places.push(place.clone());
        self.inside.push(Vec::new());
        self.outside.push(Vec::new());
        at
    }

    fn certain(&self, interval: usize) -> bool {
        self.intervals.get(interval).is_some_and(|i| !i.certain.is_empty())
    }

    fn inside(&self, from: usize) -> &[(usize, usize)] {
        self.inside.get(from).map_or(&[], Vec::as_slice)
    }

    /// The least number of hops to each place over links that pass the test.
    fn distances(&self, most: u32, pass: impl Fn(usize) -> bool) -> Vec<Option<u32>> {
        let mut distance = vec![None; self.places.len()];
        let mut front: Vec<usize> = self.start.clone();
        for at in &front {
            if let Some(slot) = distance.get_mut(*at) {
                *slot = Some(0);
            }
        }
        let mut hop = 0;
        while !front.is_empty() && hop < most {
            hop += 1;
            let mut next = Vec::new();
            for from in front {
                for (to, interval) in self.inside(from) {
                    if let Some(slot @ None) = distance.get_mut(*to)
                        && pass(*interval)
                    {
                        *slot = Some(hop);
                        next.push(*to);
                    }
                }
            }
            front = next;
        }
        distance
    }

    /// Everything that is reached, by hop and place.
    fn spread(&self, most: u32) -> Vec<Step> {
        let certain = self.distances(most, |interval| self.certain(interval));
        let possible = self.distances(most, |_| true);
        let hop_of = |list: &[Option<u32>], at: usize| list.get(at).copied().flatten();
        // For each place that is reached, the best last link: a certain way goes first.
        let mut best: BTreeMap<usize, (bool, usize, usize)> = BTreeMap::new();
        for via in 0..self.places.len() {
            let Some(hop) = hop_of(&possible, via).filter(|hop| *hop < most) else { continue };
            for (to, interval) in self.inside(via) {
                if hop_of(&possible, *to) == Some(hop + 1) {
                    let sure = hop_of(&certain, via) == Some(hop) && self.certain(*interval);
                    let way = (!sure, via, *interval);
                    let known = best.entry(*to).or_insert(way);
                    *known = way.min(*known);
                }
            }
        }
        let mut steps: Vec<Step> = Vec::new();
        for (to, (_, via, interval)) in best {
            let Some(hop) = hop_of(&possible, to) else { continue };
            let sure = hop_of(&certain, to);
            steps.push(Step {
                hop,
                via,
                what: What::Inside(to),
                interval,
                possible: sure.is_none(),
                certain_hop: sure.filter(|sure| *sure > hop),
            });
        }
        steps.extend(self.outside_steps(most, &possible, &certain));
        steps.sort_by(|a, b| (a.hop, &a.what, a.via).cmp(&(b.hop, &b.what, b.via)));
        steps
    }

    /// The outside ranges that open up: of each hop what no earlier hop had,
    /// with the same ports or more.
    fn outside_steps(
        &self,
        most: u32,
        possible: &[Option<u32>],
        certain: &[Option<u32>],
    ) -> Vec<Step> {
        let mut by_hop: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, hop) in possible.iter().enumerate() {
            if let Some(hop) = hop.filter(|hop| *hop < most) {
                by_hop.entry(hop).or_default().push(at);
            }
        }
        // What is reached already: by what is allowed, and whether for certain.
        let mut seen: BTreeMap<(usize, bool), Addresses> = BTreeMap::new();
        let mut steps = Vec::new();
        for (hop, sources) in by_hop {
            for via in sources {
                let sure = certain.get(via).copied().flatten().is_some();
                for (addresses, interval) in self.outside.get(via).into_iter().flatten() {
                    let sure = sure && self.certain(*interval);
                    let covers = |other: usize| {
                        let (a, b) = (self.intervals.get(*interval), self.intervals.get(other));
                        a.zip(b).is_some_and(|(a, b)| {
                            a.possible.is_subset(&b.possible) && a.certain.is_subset(&b.certain)
                        })
                    };
                    let known = seen
                        .iter()
                        .filter(|((other, other_sure), _)| covers(*other) && (*other_sure || !sure))
                        .fold(addresses.clone(), |left, (_, known)| left.difference(known));
                    if known.is_empty() {
                        continue;
                    }
                    let set = seen.entry((*interval, sure)).or_default();
                    *set = set.union(&known);
                    steps.push(Step {
                        hop: hop + 1,
                        via,
                        what: What::Outside(known),
                        interval: *interval,
                        possible: !sure,
                        certain_hop: None,
                    });
                }
            }
        }
        steps
    }

    fn place(&self, what: &What) -> Option<Cow<'_, Place>> {
        match what {
            What::Inside(at) => self.places.get(*at).map(Cow::Borrowed),
            What::Outside(addresses) => Some(Cow::Owned(Place::Outside(addresses.clone()))),
        }
    }

    /// The way there as a graph: a link for each step.
    fn graph(&self, steps: &[Step]) -> graph::Graph {
        let mut graph = GraphOf::default();
        for at in &self.start {
            if let Some(place) = self.places.get(*at) {
                let number = graph.place(false, place);
                graph.note(number, "start".to_owned());
            }
        }
        for step in steps {
            let ends = (self.places.get(step.via), self.place(&step.what));
            let (Some(via), Some(to)) = ends else { continue };
            let Some(interval) = self.intervals.get(step.interval) else { continue };
            let number = graph.place(false, &to);
            graph.note(number, format!("hop {}{}", step.hop, if step.possible { "?" } else { "" }));
            graph.add(&Row {
                from: Cow::Borrowed(via),
                to,
                interval: Cow::Borrowed(interval),
                partial: false,
                entry_point: false,
            });
        }
        graph.finish()
    }
}

/// The cells of a step: hop, endpoint, via, ports.
fn cells(net: &Net, step: &Step, names: &Names) -> [String; 4] {
    let name = |place: Option<Cow<'_, Place>>| place.map_or_else(String::new, |p| names.place(&p));
    let (ports, unknown) = net.intervals.get(step.interval).map(interval_texts).unwrap_or_default();
    let allowed = match (ports.is_empty(), unknown.is_empty()) {
        (_, true) => ports,
        (true, false) => format!("unknown: {unknown}"),
        (false, false) => format!("{ports}; unknown: {unknown}"),
    };
    let sure = match (step.possible, step.certain_hop) {
        (true, _) => " (possible)".to_owned(),
        (false, Some(later)) => format!(" (certain at {later})"),
        (false, None) => String::new(),
    };
    let via = name(net.places.get(step.via).map(Cow::Borrowed));
    [format!("{}{sure}", step.hop), name(net.place(&step.what)), via, allowed]
}

fn table(printer: &mut Printer, net: &Net, steps: &[Step], names: &Names) -> Result<(), Failure> {
    if steps.is_empty() {
        printer.note(&Text::from("nothing is reached"));
    }
    let mut table = Table::new(["HOP", "ENDPOINT", "VIA", "PORTS"]);
    for step in steps {
        let style = if step.possible { Style::Unsure } else { Style::Plain };
        table.row(cells(net, step, names).map(|cell| Text::new().styled(style, cell)));
    }
    printer.table(&table)
}

fn markdown(
    printer: &mut Printer,
    net: &Net,
    steps: &[Step],
    names: &Names,
) -> Result<(), Failure> {
    let out = printer.writer();
    writeln!(out, "| Hop | Endpoint | Via | Ports |\n| --- | --- | --- | --- |")?;
    for step in steps {
        let [hop, endpoint, via, ports] = cells(net, step, names);
        writeln!(out, "| {hop} | {} | {} | {} |", code(&endpoint), code(&via), code(&ports))?;
    }
    Ok(())
}

fn document(net: &Net, steps: &[Step]) -> Blast {
    let endpoint = |at: &usize| net.places.get(*at).map(wire::Endpoint::from);
    Blast {
        start: net.start.iter().filter_map(endpoint).collect(),
        reached: steps
            .iter()
            .filter_map(|step| {
                Some(Reached {
                    endpoint: (&*net.place(&step.what)?).into(),
                    hop: step.hop,
                    via: endpoint(&step.via)?,
                    allowed: net.intervals.get(step.interval)?.into(),
                    possible: step.possible,
                    certain_hop: step.certain_hop,
                })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::context;

    fn spread(yaml: &str, start: &str, most: u32) -> Vec<String> {
        let context = context(yaml);
        let spec = EndpointSpec::parse(start, None).unwrap();
        let start = Ends::resolve(&context, Detail::Workloads, &spec).unwrap();
        let net = Net::of(&context, &start).unwrap();
        let names = Names::new(&context.snapshot, Detail::Workloads);
        net.spread(most).iter().map(|step| cells(&net, step, &names).join(" | ")).collect()
    }

    /// Three pods in a row: each may only send to the next.
    fn row(from: &str) -> String {
        let pod = |name: &str, next: &str| {
            format!(
                "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: ns, labels: {{app: {name}}}}}
spec: {{containers: [{{name: c}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: ns}}
spec:
  podSelector: {{matchLabels: {{app: {name}}}}}
  policyTypes: [Egress]
  egress:
    - to: [{next}]
      ports: [{{port: 80}}]
---"
            )
        };
        let to = |app: &str| format!("{{podSelector: {{matchLabels: {{app: {app}}}}}}}");
        format!(
            "{}{}{}",
            pod("a", from),
            pod("b", &to("c")),
            pod("c", "{ipBlock: {cidr: 192.0.2.0/24}}")
        )
    }

    #[test]
    fn each_is_reached_once_at_its_least_hop() {
        let chain = row("{podSelector: {matchLabels: {app: b}}}");
        assert_eq!(
            spread(&chain, "ns/a", u32::MAX),
            [
                "1 | ns/b | ns/a | 80/tcp",
                "2 | ns/c | ns/b | 80/tcp",
                "3 | 192.0.2.0/24 | ns/c | 80/tcp"
            ]
        );
        assert_eq!(spread(&chain, "ns/a", 1), ["1 | ns/b | ns/a | 80/tcp"]);
    }

    #[test]
    fn what_is_only_possible_is_followed_and_marked() {
        // No pod has an address, so the block may or may not be theirs.
        let chain = row("{ipBlock: {cidr: 10.0.0.0/24}}");
        assert_eq!(
            spread(&chain, "ns/a", u32::MAX),
            [
                "1 (possible) | ns/b | ns/a | unknown: 80/tcp",
                "1 (possible) | ns/c | ns/a | unknown: 80/tcp",
                "1 | 10.0.0.0/24 | ns/a | 80/tcp",
                "2 (possible) | 192.0.2.0/24 | ns/c | 80/tcp",
            ]
        );
    }
}
