use std::collections::BTreeMap;
use std::net::IpAddr;

use clap::{Args, ValueEnum};
use fallgate_engine::{
    Addresses, Detail, ExposedPeer, ExposedSide, Interval, PodId, PotentialPeer, WorkloadRef,
};
use fallgate_model::{Direction, METADATA_NAME, Operator, Selector};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::{Global, Listing};
use crate::context::Context;
use crate::endpoint::EndpointSpec;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::input;
use crate::labels;
use crate::output::{Printer, Style, Table, Text};
use crate::render::{Ends, Names, code, interval_texts, selected, short};
use crate::wire;

/// List what pods that do not exist yet, and the outside, could reach
///
/// For each workload and direction: whether policies isolate it, and whom they let in or out beyond the pods that are
/// there. With --egress, every outside range that a workload may reach; with --trusted also, only those that no line of
/// that file covers, and it ends with 1 when there are any.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate exposure -f examples/shop
  fallgate exposure shop/db -f examples/shop
  fallgate exposure --egress --trusted FILE -f examples/shop")]
pub(crate) struct ExposureArgs {
    /// Only this endpoint; without it, every workload, of a namespace with -n
    #[arg(value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// List the outside ranges that each workload may reach
    #[arg(long)]
    egress: bool,
    /// What may be reached: a block of addresses a line, with a reason after `#`, or a YAML list of them
    #[arg(long, value_name = "FILE", requires = "egress")]
    trusted: Option<String>,
    #[command(flatten)]
    listing: Listing,
    /// The output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/exposure/v1
    Json,
    /// A Markdown table
    Md,
}

/// What is in the document besides what every document has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Exposed {
    pub(crate) endpoints: Vec<ExposedEndpoint>,
    /// With `--trusted`: what may be reached and is not covered by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) untrusted: Option<Vec<Untrusted>>,
}

/// What a workload is exposed to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ExposedEndpoint {
    pub(crate) endpoint: wire::Endpoint,
    /// Absent with `--egress`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ingress: Option<Ingress>,
    pub(crate) egress: Egress,
}

/// Towards a workload.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Ingress {
    /// Whether NetworkPolicies isolate every pod of it; null when the input does not tell.
    pub(crate) isolated: Option<bool>,
    /// True where they isolate some of its pods and not others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    pub(crate) from: Vec<Peer>,
}

/// From a workload.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Egress {
    /// Whether NetworkPolicies isolate every pod of it; null when the input does not tell.
    pub(crate) isolated: Option<bool>,
    /// True where they isolate some of its pods and not others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    /// With `--egress`, outside addresses only.
    pub(crate) to: Vec<Peer>,
}

/// Who need not exist yet, and what is allowed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Peer {
    #[serde(flatten)]
    pub(crate) who: Who,
    /// Certain holds for every such peer; unknown depends on what else it is.
    #[serde(flatten)]
    pub(crate) allowed: wire::Allowed,
}

/// A peer that need not exist yet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Who {
    /// Any pod with these labels in a namespace with those.
    Pods { namespaces: LabelSelector, pods: LabelSelector },
    /// Outside addresses.
    Outside { cidrs: Vec<String> },
}

/// As the API writes it: `{}` selects everything.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LabelSelector {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) match_labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) match_expressions: Vec<MatchExpression>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct MatchExpression {
    pub(crate) key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub(crate) operator: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
}

/// What may be reached and is not trusted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Untrusted {
    pub(crate) endpoint: wire::Endpoint,
    /// False where no NetworkPolicy isolates its egress at all.
    pub(crate) isolated: Option<bool>,
    pub(crate) cidrs: Vec<String>,
    #[serde(flatten)]
    pub(crate) allowed: wire::Allowed,
}

/// A workload that is asked about, and what was found.
struct Found {
    workload: WorkloadRef,
    ingress: Option<ExposedSide>,
    egress: ExposedSide,
    /// For ingress and egress: whether the input leaves open what policies do.
    open: [bool; 2],
}

/// Addresses that a workload may reach and should not.
struct Breach<'a> {
    found: &'a Found,
    addresses: Addresses,
    interval: &'a Interval,
}

pub(crate) fn run(
    global: &Global,
    args: &ExposureArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let namespace = global.live.namespace.as_deref();
    let spec =
        args.endpoint.as_deref().map(|text| EndpointSpec::parse(text, namespace)).transpose()?;
    let trusted = match &args.trusted {
        Some(file) => {
            let text = input::read_file(file)?;
            Some(trusted(file, &text.bytes)?)
        }
        None => None,
    };
    let context = Context::read(global)?;
    let wanted = spec.as_ref().map(|spec| Ends::resolve(&context, Detail::Workloads, spec));
    let wanted = wanted.transpose()?;
    if let (Some(spec), Some(ends)) = (&spec, &wanted)
        && let Some(node) = ends.nodes.first()
        && ends.workloads.is_empty()
    {
        return Err(Problem::new(format!("`{spec}` is a node, and policies isolate pods only"))
            .help(format!("`fallgate map --to node/{node}` lists who reaches it"))
            .into());
    }
    let wanted = wanted.map(|ends| ends.workloads);
    let selector = args.listing.selector.as_ref();
    let selected = selector
        .map(|selector| selected(&context.snapshot, Detail::Workloads, selector))
        .transpose()?;
    let workloads = context.snapshot.workloads().into_iter().filter(|(w, _)| {
        selected.as_ref().is_none_or(|selected| selected.contains(w))
            && match &wanted {
                Some(wanted) => wanted.contains(w),
                None => namespace.is_none_or(|namespace| *w.namespace == *namespace),
            }
    });
    let found: Vec<Found> =
        workloads.map(|(workload, pods)| look(&context, workload, &pods, args.egress)).collect();
    if found.is_empty() {
        if let (Some(namespace), None, None) = (namespace, &wanted, &selected) {
            return Err(context.index().no_namespace(&context.snapshot, namespace).into());
        }
        return Err(Problem::new("there is no workload to look at")
            .help("name a pod, a workload or a namespace that has some")
            .into());
    }
    let breaches = trusted.as_ref().map(|trusted| breaches(&found, trusted));

    let names = Names::new(&context.snapshot, Detail::Workloads);
    match (args.output, &breaches) {
        (Format::Json, _) => {
            let body = document(&found, breaches.as_deref());
            printer.json(&context.document("fallgate/exposure/v1", body))?;
        }
        (Format::Table, Some(breaches)) => untrusted_table(printer, breaches, &names)?,
        (Format::Table, None) => table(printer, &found, &names)?,
        (Format::Md, Some(breaches)) => untrusted_markdown(printer, breaches, &names)?,
        (Format::Md, None) => markdown(printer, &found, &names)?,
    }
    if args.output != Format::Json {
        context.show_diagnostics(printer);
    }
    Ok(context.listed(exit(&found, breaches.as_deref())))
}

fn look(context: &Context, workload: WorkloadRef, pods: &[PodId], egress_only: bool) -> Found {
    let snapshot = &context.snapshot;
    let open = [Direction::Ingress, Direction::Egress].map(|direction| {
        snapshot.opaque().any(|o| labels::may_bear(snapshot, o, pods, direction))
            || labels::order_is_open(snapshot, pods, direction)
    });
    if !egress_only {
        let exposure = context.snapshot.exposure(pods);
        return Found { workload, ingress: Some(exposure.ingress), egress: exposure.egress, open };
    }
    let parts = context.snapshot.outside_of(pods, Direction::Egress);
    let peers = parts.into_iter().filter(|(_, union)| !union.interval.is_empty()).map(
        |(addresses, union)| fallgate_engine::ExposedPeer {
            peer: PotentialPeer::Outside(addresses),
            interval: union.interval,
        },
    );
    let egress = ExposedSide {
        isolated: context.snapshot.isolated(pods, Direction::Egress),
        partial: context.snapshot.partly_isolated(pods, Direction::Egress),
        peers: peers.collect(),
    };
    Found { workload, ingress: None, egress, open }
}

/// What every workload may reach and nothing on the list covers.
fn breaches<'a>(found: &'a [Found], trusted: &Addresses) -> Vec<Breach<'a>> {
    let mut breaches = Vec::new();
    for found in found {
        for peer in &found.egress.peers {
            if let PotentialPeer::Outside(addresses) = &peer.peer {
                let addresses = addresses.difference(trusted);
                if !addresses.is_empty() {
                    breaches.push(Breach { found, addresses, interval: &peer.interval });
                }
            }
        }
    }
    breaches
}

/// With a list of what is trusted, what is certainly reachable beyond it is a
/// no, and what is possibly so is unknown. Without one this only lists; it is
/// incomplete where the input leaves something open. What depends on the pods
/// that do not exist yet is as complete as it can be.
fn exit(found: &[Found], breaches: Option<&[Breach<'_>]>) -> Exit {
    let unsure = |interval: &Interval| interval.certain.is_empty();
    match breaches {
        Some([]) => Exit::Yes,
        Some(breaches) if breaches.iter().all(|b| unsure(b.interval)) => Exit::Incomplete,
        Some(_) => Exit::No,
        None => {
            let known = |(_, side, open): (&str, &ExposedSide, bool)| {
                side.isolated.is_some() && !side.peers.iter().any(|peer| unknown(peer, open))
            };
            let all = found.iter().all(|f| sides(f).all(known));
            if all { Exit::Yes } else { Exit::Incomplete }
        }
    }
}

/// Reads the list of what is trusted: a block or an address a line, with `#`
/// before a reason. A YAML list of strings is the same with `- ` before each.
pub(crate) fn trusted(file: &str, bytes: &[u8]) -> Result<Addresses, Failure> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Problem::new("it is not UTF-8 text").at(file))?;
    let mut problems = Vec::new();
    let mut all = Addresses::none();
    for (number, line) in text.lines().enumerate() {
        let entry = line.split('#').next().unwrap_or_default().trim();
        let entry = entry.strip_prefix("- ").unwrap_or(entry).trim();
        let entry = ['"', '\'']
            .into_iter()
            .find_map(|quote| entry.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(entry);
        if matches!(entry, "" | "---") {
            continue;
        }
        let cidr = entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
        match cidr {
            Ok(cidr) => all = all.union(&Addresses::of(&cidr.trunc())),
            Err(_) => problems.push(
                Problem::new(format!(
                    "`{entry}` must be a block of addresses, such as 192.0.2.0/24"
                ))
                .at(format!("{file}:{}", number + 1)),
            ),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems.into()) }
}

/// What a peer is called.
fn peer_name(peer: &PotentialPeer) -> String {
    match peer {
        PotentialPeer::Outside(addresses) => short(addresses),
        PotentialPeer::Pods { namespaces, pods } => {
            let pods = match selector(pods) {
                all if all.is_empty() => "any pod".to_owned(),
                labels => format!("pods {labels}"),
            };
            match by_name(namespaces) {
                Some(name) => format!("{pods} in {name}"),
                None if namespaces.is_empty() => format!("{pods} anywhere"),
                None => format!("{pods} in namespaces {}", selector(namespaces)),
            }
        }
    }
}

/// The one namespace that a selector names.
fn by_name(namespaces: &Selector) -> Option<&str> {
    match &*namespaces.requirements {
        [only] if *only.key == *METADATA_NAME && only.operator == Operator::In => {
            match &*only.values {
                [name] => Some(name),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A selector as kubectl writes it.
fn selector(selector: &Selector) -> String {
    let parts = selector.requirements.iter().map(|r| {
        let values: Vec<&str> = r.values.iter().map(|v| &**v).collect();
        match (r.operator, &*values) {
            (Operator::In, [one]) => format!("{}={one}", r.key),
            (Operator::In, _) => format!("{} in ({})", r.key, values.join(",")),
            (Operator::NotIn, [one]) => format!("{}!={one}", r.key),
            (Operator::NotIn, _) => format!("{} notin ({})", r.key, values.join(",")),
            (Operator::Exists, _) => r.key.to_string(),
            (Operator::DoesNotExist, _) => format!("!{}", r.key),
        }
    });
    parts.collect::<Vec<_>>().join(",")
}

fn isolated(side: &ExposedSide) -> &'static str {
    match side.isolated {
        Some(true) => "yes",
        Some(false) if side.partial => "some pods",
        Some(false) => "no",
        None => "<unknown>",
    }
}

fn isolated_text(side: &ExposedSide) -> Text {
    let style = match side.isolated {
        Some(true) => Style::Good,
        Some(false) => Style::Bad,
        None => Style::Unsure,
    };
    Text::new().styled(style, isolated(side))
}

/// The sides that are listed, and of each whether the input leaves open what
/// policies do there.
fn sides(found: &Found) -> impl Iterator<Item = (&'static str, &ExposedSide, bool)> {
    let [ingress, egress] = found.open;
    let first = found.ingress.iter().map(move |side| ("from", side, ingress));
    first.chain(std::iter::once(("to", &found.egress, egress)))
}

/// Whether the input does not tell what a peer may do. For a pod that does not
/// exist yet, more than its selectors decides: that is no gap in the input.
fn unknown(peer: &ExposedPeer, open: bool) -> bool {
    let outside = matches!(peer.peer, PotentialPeer::Outside(_));
    (outside || open) && !peer.interval.unknown().is_empty()
}

/// What a peer may do: for certain, and besides as `unknown` or, where it
/// depends on what the pod will be, as `some`.
fn allowed(peer: &ExposedPeer, open: bool) -> String {
    let (ports, rest) = interval_texts(&peer.interval);
    let word = if unknown(peer, open) { "unknown" } else { "some" };
    match (ports.is_empty(), rest.is_empty()) {
        (_, true) => ports,
        (true, false) => format!("{word}: {rest}"),
        (false, false) => format!("{ports}; {word}: {rest}"),
    }
}

/// What `some` means, where it is said.
const LEGEND: &str = "some: only some of these pods, by what else they are once they exist";

fn says_some(found: &[Found]) -> bool {
    let some = |(_, side, open): (&str, &ExposedSide, bool)| {
        side.peers.iter().any(|p| !p.interval.unknown().is_empty() && !unknown(p, open))
    };
    found.iter().any(|found| sides(found).any(some))
}

fn table(printer: &mut Printer, found: &[Found], names: &Names) -> Result<(), Failure> {
    let mut table = Table::new(["ENDPOINT", "ISOLATED", "", "PEER", "PORTS"]);
    for found in found {
        // What the row above says is not said again.
        let mut name = names.workload(&found.workload);
        for (direction, side, open) in sides(found) {
            let isolated = isolated_text(side);
            if side.peers.is_empty() {
                let name = std::mem::take(&mut name);
                table.row([name.into(), isolated, direction.into(), "<none>".into()]);
                continue;
            }
            for (at, peer) in side.peers.iter().enumerate() {
                let first = at == 0;
                table.row([
                    Text::from(std::mem::take(&mut name)),
                    if first { isolated.clone() } else { Text::new() },
                    Text::from(if first { direction } else { "" }),
                    Text::from(peer_name(&peer.peer)),
                    Text::from(allowed(peer, open)),
                ]);
            }
        }
    }
    printer.table(&table)?;
    if says_some(found) {
        printer.note(&Text::from(LEGEND));
    }
    let open = |side: Option<&ExposedSide>| side.is_some_and(|s| s.isolated == Some(false));
    let (ingress, egress) = (
        found.iter().filter(|f| open(f.ingress.as_ref())).count(),
        found.iter().filter(|f| open(Some(&f.egress))).count(),
    );
    if ingress + egress > 0 {
        let ingress = match found.first().is_some_and(|f| f.ingress.is_some()) {
            true => format!("{ingress} for ingress, "),
            false => String::new(),
        };
        printer.note(&Text::from(format!(
            "of {} workloads, no NetworkPolicy isolates {ingress}{egress} for egress",
            found.len()
        )));
    }
    Ok(())
}

fn markdown(printer: &mut Printer, found: &[Found], names: &Names) -> Result<(), Failure> {
    let out = printer.writer();
    writeln!(out, "| Endpoint | Isolated | | Peer | Ports |\n| --- | --- | --- | --- | --- |")?;
    for found in found {
        let name = code(&names.workload(&found.workload));
        for (direction, side, open) in sides(found) {
            let isolated = isolated(side).trim_matches(['<', '>']);
            if side.peers.is_empty() {
                writeln!(out, "| {name} | {isolated} | {direction} | none | |")?;
            }
            for peer in &side.peers {
                writeln!(
                    out,
                    "| {name} | {isolated} | {direction} | {} | {} |",
                    code(&peer_name(&peer.peer)),
                    code(&allowed(peer, open))
                )?;
            }
        }
    }
    Ok(())
}

fn breach_cells(breach: &Breach<'_>, names: &Names) -> [String; 3] {
    let (ports, unknown) = interval_texts(breach.interval);
    let unknown = if unknown.is_empty() { unknown } else { format!("unknown: {unknown}") };
    let parts: Vec<&str> = [&*ports, &*unknown].into_iter().filter(|p| !p.is_empty()).collect();
    [names.workload(&breach.found.workload), short(&breach.addresses), parts.join("; ")]
}

fn untrusted_table(
    printer: &mut Printer,
    breaches: &[Breach<'_>],
    names: &Names,
) -> Result<(), Failure> {
    let mut table = Table::new(["ENDPOINT", "ISOLATED", "UNTRUSTED", "PORTS"]);
    for breach in breaches {
        let [name, addresses, ports] = breach_cells(breach, names);
        let isolated = isolated_text(&breach.found.egress);
        table.row([name.into(), isolated, addresses.into(), ports.into()]);
    }
    if breaches.is_empty() {
        printer.note(&Text::from("nothing outside is reachable but what is trusted"));
    }
    printer.table(&table)
}

fn untrusted_markdown(
    printer: &mut Printer,
    breaches: &[Breach<'_>],
    names: &Names,
) -> Result<(), Failure> {
    let out = printer.writer();
    writeln!(out, "| Endpoint | Isolated | Untrusted | Ports |\n| --- | --- | --- | --- |")?;
    for breach in breaches {
        let [name, addresses, ports] = breach_cells(breach, names).map(|cell| code(&cell));
        let isolated = isolated(&breach.found.egress).trim_matches(['<', '>']);
        writeln!(out, "| {name} | {isolated} | {addresses} | {ports} |")?;
    }
    Ok(())
}

fn document(found: &[Found], breaches: Option<&[Breach<'_>]>) -> Exposed {
    let peers = |side: &ExposedSide| {
        side.peers
            .iter()
            .map(|peer| Peer { who: (&peer.peer).into(), allowed: (&peer.interval).into() })
            .collect()
    };
    let endpoints = found.iter().map(|found| ExposedEndpoint {
        endpoint: (&found.workload).into(),
        ingress: found.ingress.as_ref().map(|side| Ingress {
            isolated: side.isolated,
            partial: side.partial,
            from: peers(side),
        }),
        egress: Egress {
            isolated: found.egress.isolated,
            partial: found.egress.partial,
            to: peers(&found.egress),
        },
    });
    let untrusted = |breach: &Breach<'_>| Untrusted {
        endpoint: (&breach.found.workload).into(),
        isolated: breach.found.egress.isolated,
        cidrs: breach.addresses.cidrs().iter().map(ToString::to_string).collect(),
        allowed: breach.interval.into(),
    };
    Exposed {
        endpoints: endpoints.collect(),
        untrusted: breaches.map(|breaches| breaches.iter().map(untrusted).collect()),
    }
}

impl From<&PotentialPeer> for Who {
    fn from(peer: &PotentialPeer) -> Who {
        match peer {
            PotentialPeer::Pods { namespaces, pods } => {
                Who::Pods { namespaces: namespaces.into(), pods: pods.into() }
            }
            PotentialPeer::Outside(addresses) => {
                Who::Outside { cidrs: addresses.cidrs().iter().map(ToString::to_string).collect() }
            }
        }
    }
}

impl From<&Selector> for LabelSelector {
    fn from(selector: &Selector) -> LabelSelector {
        let mut all = LabelSelector::default();
        for r in &selector.requirements {
            match (r.operator, &*r.values) {
                // A key may stand in `matchLabels` once.
                (Operator::In, [one]) if !all.match_labels.contains_key(&*r.key) => {
                    all.match_labels.insert(r.key.to_string(), one.to_string());
                }
                _ => all.match_expressions.push(MatchExpression {
                    key: r.key.to_string(),
                    operator: match r.operator {
                        Operator::In => "In",
                        Operator::NotIn => "NotIn",
                        Operator::Exists => "Exists",
                        Operator::DoesNotExist => "DoesNotExist",
                    },
                    values: r.values.iter().map(ToString::to_string).collect(),
                }),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Addresses, Failure> {
        trusted("trusted.txt", text.as_bytes())
    }

    #[test]
    fn what_is_trusted_is_read_as_lines_or_as_a_list() {
        let lines =
            read("# offices\n192.0.2.0/24 # Berlin\n\n198.51.100.7\n2001:db8::/32\n").unwrap();
        let list =
            read("---\n- 192.0.2.0/24  # Berlin\n- \"198.51.100.7\"\n- '2001:db8::/32'\n").unwrap();
        assert_eq!(lines, list);
        assert_eq!(
            lines.cidrs().iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]
        );
    }

    #[test]
    fn what_is_no_block_is_refused_with_its_line() {
        let Err(Failure::Problems(problems)) = read("192.0.2.0/24\nberlin\n10.0.0.0/33\n") else {
            panic!("must be refused");
        };
        assert_eq!(
            problems.iter().map(|p| &*p.place).collect::<Vec<_>>(),
            ["trusted.txt:2", "trusted.txt:3"]
        );
    }
}
