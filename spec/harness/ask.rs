//! Asks what a section asks, and compares.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::ops::ControlFlow;

use fallgate_engine::{Detail, Interval, Place, Port, Union, Verdict};
use fallgate_model::{Direction, Service};
use fallgate_oracle as oracle;

use crate::document::{Block, File, Kind, Section};
use crate::show;
use crate::world::{self, Party, World};

/// What is wrong with a section's answers, each with file and line.
pub(crate) fn section(file: &File, section: &Section) -> Vec<String> {
    if !section.blocks.iter().any(|block| block.kind.expects()) {
        return vec![format!("{}:{}: nothing is expected here", file.name, section.line)];
    }
    let world = match World::new(file, section) {
        Ok(world) => world,
        Err(error) => return vec![format!("{}:{}: {error}", file.name, section.line)],
    };
    let mut failures = Vec::new();
    let mut fail = |line: usize, what: String| {
        failures.push(format!("{}:{line}: {what}", file.name));
    };
    diagnostics(file, section, &world, &mut fail);
    for block in &section.blocks {
        match block.kind {
            Kind::Questions => {
                for (line, text) in block.statements() {
                    if let Err(error) = question(&world, text) {
                        fail(line, error);
                    }
                }
            }
            Kind::Map => compare(block, &map(&world), &mut fail),
            Kind::Services => {
                for (line, text) in block.statements() {
                    if let Err(error) = service(&world, text) {
                        fail(line, error);
                    }
                }
            }
            Kind::Exposure => exposure(&world, block, &mut fail),
            Kind::Manifest | Kind::Options | Kind::Diagnostics | Kind::Text => {}
        }
    }
    for error in disagreements(&world) {
        fail(section.line, error);
    }
    failures
}

/// `LINE: id`, counted in the manifests above; whatever is not listed must not
/// be said.
fn diagnostics(file: &File, section: &Section, world: &World, fail: &mut dyn FnMut(usize, String)) {
    let mut expected: BTreeMap<usize, Vec<Expected<'_>>> = BTreeMap::new();
    let mut above = None;
    for block in file.shared.iter().chain(&section.blocks) {
        match (block.kind, above) {
            (Kind::Manifest, _) => above = Some(block.line),
            (Kind::Diagnostics, None) => fail(block.line, "no manifests stand above".to_owned()),
            (Kind::Diagnostics, Some(start)) => {
                for (line, text) in block.statements() {
                    let (what, because) = claims(text);
                    let parsed = what.split_once(": ").and_then(|(n, id)| {
                        Some((start + n.parse::<usize>().ok()?.checked_sub(1)?, id))
                    });
                    match parsed {
                        Some((at, id)) => expected.entry(at).or_default().push((line, id, because)),
                        None => fail(line, format!("`{what}` is not `LINE: id`")),
                    }
                }
            }
            _ => {}
        }
    }
    for found in &world.reading.diagnostics {
        let at = found.origin.line as usize;
        let listed = expected.entry(at).or_default();
        let Some(which) = listed.iter().position(|(_, id, _)| *id == found.id) else {
            let start = world.manifests.iter().find(|(from, to)| (*from..=*to).contains(&at));
            let line = start.map_or(at, |(start, _)| at + 1 - start);
            fail(at, format!("got `{line}: {}` ({})", found.id, found.message));
            continue;
        };
        let (line, _, because) = listed.remove(which);
        let text = format!("{}; {}; {}", found.message, found.field, found.help);
        for part in because {
            if !text.contains(part) {
                fail(line, format!("expected because: {part}, got {text}"));
            }
        }
    }
    for (line, id, _) in expected.into_values().flatten() {
        fail(line, format!("expected `{id}`, got nothing there"));
    }
}

/// A diagnostic that must be there: the line that says so, its id, and parts of
/// its text.
type Expected<'a> = (usize, &'a str, Vec<&'a str>);

/// A statement, and the parts of its explanation that it gives.
fn claims(text: &str) -> (&str, Vec<&str>) {
    let mut parts = text.split(" # because: ").map(str::trim);
    let statement = parts.next().unwrap_or_default();
    (statement, parts.collect())
}

/// `FROM -> TO PORT: VERDICT`, or `FROM -> TO: EVERYTHING THAT IS ALLOWED`.
fn question(world: &World, text: &str) -> Result<(), String> {
    let (statement, because) = claims(text);
    let (asked, expected) =
        statement.split_once(": ").ok_or("a question is `FROM -> TO PORT: VERDICT`")?;
    let (from, rest) = asked.split_once(" -> ").ok_or("a question is `FROM -> TO …`")?;
    let (to, port) = rest.split_once(' ').unwrap_or((rest, ""));
    let (from, to) = (world.party(from.trim())?, world.party(to)?);
    if port.is_empty() {
        let (Some((_, union)), true) = (whole(world, &from, &to)?, because.is_empty()) else {
            return Err("this question needs a port".to_owned());
        };
        return differ(expected, &show::interval(&union.interval, union.partial));
    }
    let port = show::parse_port(port)?;
    let (verdict, partial) = one(world, &from, &to, port)?;
    differ(expected, &show::verdict(verdict, partial))?;
    if !because.is_empty() {
        let reasons = reasons(world, &from, &to, port)?;
        if let Some(part) = because.iter().find(|part| !reasons.contains(**part)) {
            return Err(format!("expected because: {part}, got {reasons}"));
        }
    }
    Ok(())
}

fn differ(expected: &str, got: &str) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("expected {expected}, got {got}")) }
}

/// The oracle and the engine must say the same.
fn agree<T: PartialEq + Debug>(what: &str, engine: &T, oracle: &T) -> Result<(), String> {
    if engine == oracle {
        return Ok(());
    }
    Err(format!("{what}: the engine says {engine:?}, the oracle {oracle:?}"))
}

/// The ends that a party stands for.
fn ends(world: &World, party: &Party) -> Vec<oracle::End> {
    match party {
        Party::Workload(_, pods) => pods.iter().map(|at| oracle::End::Pod(*at)).collect(),
        Party::End(end) => vec![end.clone()],
        Party::Internet => world.outside.iter().map(|a| oracle::End::Outside(*a)).collect(),
        Party::Service(_) => Vec::new(),
    }
}

/// The worst of several verdicts.
fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
    verdicts.into_iter().max_by_key(|verdict| match verdict {
        Verdict::Allowed => 0,
        Verdict::Unknown => 1,
        Verdict::Denied => 2,
    })
}

/// The answer about one packet.
fn one(world: &World, from: &Party, to: &Party, port: Port) -> Result<(Verdict, bool), String> {
    if let Party::Service(service) = to {
        let backends = backends(world, service, port)?;
        let mut verdicts = Vec::new();
        for (end, port) in &backends.ends {
            verdicts.push(one(world, from, &Party::End(end.clone()), *port)?.0);
        }
        let worst = worst(verdicts).unwrap_or(Verdict::Denied);
        let worst = match (worst, backends.unknown) {
            (Verdict::Allowed, Some(_)) => Verdict::Unknown,
            (_, Some(_)) if backends.ends.is_empty() => Verdict::Unknown,
            _ => worst,
        };
        return Ok((worst, false));
    }
    if matches!(from, Party::Internet) || matches!(to, Party::Internet) {
        let mut verdicts = Vec::new();
        for address in &world.outside {
            let outside = Party::End(oracle::End::Outside(*address));
            let (from, to) =
                if matches!(from, Party::Internet) { (&outside, to) } else { (from, &outside) };
            verdicts.push(one(world, from, to, port)?.0);
        }
        return Ok((worst(verdicts).ok_or("there is no outside")?, false));
    }
    let Some((oracle, union)) = whole(world, from, to)? else {
        return Err("a service sends nothing".to_owned());
    };
    // A port that nobody names is like another one that nobody names; asking the
    // oracle itself is as easy as finding out which.
    let truth = oracle(port);
    let verdict = union.interval.verdict(port);
    agree(&show::port(port), &verdict, &world::verdict(truth.interval))?;
    if truth.partial && !union.partial {
        return Err("the oracle says that replicas or families differ, the engine not".to_owned());
    }
    Ok((verdict, truth.partial))
}

type Oracle<'a> = Box<dyn Fn(Port) -> oracle::Answer + 'a>;

/// Everything that is allowed, agreed on by both; `None` about services and
/// about all of the outside at once.
fn whole<'a>(
    world: &'a World,
    from: &Party,
    to: &Party,
) -> Result<Option<(Oracle<'a>, Union)>, String> {
    let (cluster, dialect) = (&world.cluster, &world.dialect);
    let (oracle, union): (Oracle<'a>, Union) = match (from, to) {
        (Party::Internet | Party::Service(_), _) | (_, Party::Internet | Party::Service(_)) => {
            return Ok(None);
        }
        (Party::Workload(a, from), Party::Workload(b, to)) => {
            let (a, b) = (theirs(a), theirs(b));
            let union = world.snapshot.workload_connections(&world.ids(from), &world.ids(to));
            let ask = move |port| {
                let answer = oracle::workload_verdict(cluster, dialect, &a, &b, port);
                answer.unwrap_or(oracle::Answer {
                    interval: oracle::Interval::DENIED,
                    partial: false,
                })
            };
            (Box::new(ask), union)
        }
        _ => {
            let pairs: Vec<(oracle::End, oracle::End)> = ends(world, from)
                .into_iter()
                .flat_map(|from| ends(world, to).into_iter().map(move |to| (from.clone(), to)))
                .collect();
            let mut union: Option<Union> = None;
            for (from, to) in &pairs {
                let found = between(world, from, to)?;
                union = Some(match union {
                    None => found,
                    Some(all) => Union {
                        partial: all.partial || found.partial || all.interval != found.interval,
                        interval: all.interval.union(&found.interval),
                    },
                });
            }
            let ask = move |port| {
                let answers = pairs
                    .iter()
                    .map(|(from, to)| oracle::verdict(cluster, dialect, from, to, port));
                let denied = oracle::Answer { interval: oracle::Interval::DENIED, partial: false };
                answers
                    .reduce(|a, b| oracle::Answer {
                        interval: oracle::Interval {
                            certain: a.interval.certain || b.interval.certain,
                            possible: a.interval.possible || b.interval.possible,
                        },
                        partial: a.partial || b.partial || a.interval != b.interval,
                    })
                    .unwrap_or(denied)
            };
            let none = Union { interval: Interval::none(), partial: false };
            (Box::new(ask), union.unwrap_or(none))
        }
    };
    for port in &world.ports {
        let truth = world::verdict(oracle(*port).interval);
        agree(&show::port(*port), &union.interval.verdict(*port), &truth)?;
    }
    Ok(Some((oracle, union)))
}

fn theirs(workload: &fallgate_engine::WorkloadRef) -> oracle::WorkloadRef {
    oracle::WorkloadRef {
        namespace: workload.namespace.clone(),
        workload: fallgate_model::Workload {
            kind: workload.kind.clone(),
            name: workload.name.clone(),
        },
    }
}

/// Between two ends, with every way of asking the engine.
fn between(world: &World, from: &oracle::End, to: &oracle::End) -> Result<Union, String> {
    let (a, b) = (world.end(from), world.end(to));
    let union = world.snapshot.connections(&a, &b);
    for port in &world.ports {
        let truth = oracle::verdict(&world.cluster, &world.dialect, from, to, *port);
        let truth = world::verdict(truth.interval);
        let what = show::port(*port);
        agree(&what, &world.snapshot.verdict(&a, &b, *port), &truth)?;
        agree(&what, &union.interval.verdict(*port), &truth)?;
        let explained = world.snapshot.explain(&a, &b, *port);
        agree(&format!("{what}, explained"), &explained.verdict, &truth)?;
        if explained.reason.is_empty() {
            return Err(format!("{what}: no reason"));
        }
    }
    Ok(union)
}

/// All that the explanations say.
fn reasons(world: &World, from: &Party, to: &Party, port: Port) -> Result<String, String> {
    let targets = match to {
        Party::Service(service) => backends(world, service, port)?.ends,
        _ => ends(world, to).into_iter().map(|end| (end, port)).collect(),
    };
    let mut all = Vec::new();
    for from in ends(world, from) {
        for (to, port) in &targets {
            let explained = world.snapshot.explain(&world.end(&from), &world.end(to), *port);
            all.push(explained.reason);
            for step in explained.egress.steps.iter().chain(&explained.ingress.steps) {
                let rule = step.rule_name.as_deref().unwrap_or_default();
                all.push(format!("{} {}: {rule}", step.end.name(), step.sentence()));
            }
        }
    }
    all.dedup();
    Ok(all.join("; "))
}

struct Backends {
    ends: Vec<(oracle::End, Port)>,
    unknown: Option<String>,
}

/// Where a service's port leads, agreed on by both.
fn backends(world: &World, service: &Service, port: Port) -> Result<Backends, String> {
    let (protocol, number) = port.ok_or("a service has ports")?;
    let targets = world
        .snapshot
        .service_targets(service, port)
        .ok_or_else(|| format!("the service has no port {}", show::port(port)))?;
    let mut pods: Vec<(usize, Port)> = Vec::new();
    for (id, port) in &targets.pods {
        pods.push((world.index(*id).ok_or("a backend that is no pod of the input")?, *port));
    }
    pods.sort();
    let truth = oracle::service_targets(&world.cluster, service, number, protocol);
    let truth: Vec<(usize, Port)> =
        truth.into_iter().map(|(at, port)| (at, Some((protocol, port)))).collect();
    agree("the pods behind the service", &pods, &truth)?;
    let pods = pods.into_iter().map(|(at, port)| (oracle::End::Pod(at), port));
    let addresses = targets.addresses.iter().map(|(a, port)| (oracle::End::Outside(*a), *port));
    Ok(Backends { ends: pods.chain(addresses).collect(), unknown: targets.unknown })
}

/// `NAMESPACE/NAME PORT: POD PORT, ADDRESS PORT`, with `; unknown` behind it
/// where the list may be wrong.
fn service(world: &World, text: &str) -> Result<(), String> {
    let (statement, because) = claims(text);
    let (asked, expected) = statement.split_once(": ").ok_or("that is `NS/NAME PORT: …`")?;
    let (name, port) = asked.split_once(' ').ok_or("that is `NS/NAME PORT: …`")?;
    let (namespace, name) = name.split_once('/').ok_or("a service is `NAMESPACE/NAME`")?;
    let service = world.snapshot.service(namespace, name).ok_or("there is no such service")?;
    let backends = backends(world, service, show::parse_port(port)?)?;
    let mut parts: Vec<String> = Vec::new();
    for (end, port) in &backends.ends {
        let end = match end {
            oracle::End::Pod(at) => {
                let pod = &world.cluster.pods[*at];
                format!("{}/{}", pod.namespace, pod.name)
            }
            oracle::End::Node(name) => name.to_string(),
            oracle::End::Outside(address) => address.to_string(),
        };
        parts.push(format!("{end} {}", show::port(*port)));
    }
    let mut got = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    if backends.unknown.is_some() {
        got.push_str("; unknown");
    }
    differ(expected, &got)?;
    let reason = backends.unknown.unwrap_or_default();
    match because.iter().find(|part| !reason.contains(**part)) {
        Some(part) => Err(format!("expected because: {part}, got {reason}")),
        None => Ok(()),
    }
}

/// The whole map, a line for each entry.
fn map(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    world.snapshot.map(Detail::Workloads, &mut |entry| {
        let interval = show::interval(entry.interval, entry.partial);
        lines.push(format!("{} -> {}: {interval}", show::place(entry.from), show::place(entry.to)));
        ControlFlow::Continue(())
    });
    lines
}

/// Compares a block with the lines there are, each where it belongs.
fn compare(block: &Block, got: &[String], fail: &mut dyn FnMut(usize, String)) {
    for (line, text) in block.statements() {
        if !got.iter().any(|found| found == text) {
            fail(line, format!("expected {text}, got no such line"));
        }
    }
    for found in got {
        if !block.statements().any(|(_, text)| text == found) {
            fail(block.line, format!("expected no such line, got {found}"));
        }
    }
}

/// `WORKLOAD DIRECTION: isolated|open|unknown`, and `WORKLOAD DIRECTION PEER: …`
/// for each peer that need not exist; all of every workload and direction named.
fn exposure(world: &World, block: &Block, fail: &mut dyn FnMut(usize, String)) {
    let mut got = Vec::new();
    let mut asked: Vec<(&str, Direction)> = Vec::new();
    for (line, text) in block.statements() {
        let mut words = text.split([' ', ':']);
        let (name, direction) = (words.next().unwrap_or_default(), words.next());
        let direction = Direction::ALL.into_iter().find(|d| Some(d.name()) == direction);
        let Some(direction) = direction else {
            fail(line, "that is `WORKLOAD DIRECTION …`".to_owned());
            continue;
        };
        if asked.contains(&(name, direction)) {
            continue;
        }
        asked.push((name, direction));
        let pods = match world.party(name) {
            Ok(Party::Workload(_, pods)) => world.ids(&pods),
            Ok(Party::End(oracle::End::Pod(at))) => world.ids(&[at]),
            _ => {
                fail(line, format!("`{name}` is no workload"));
                continue;
            }
        };
        let exposure = world.snapshot.exposure(&pods);
        let side = match direction {
            Direction::Ingress => exposure.ingress,
            Direction::Egress => exposure.egress,
        };
        let isolated = match side.isolated {
            Some(true) => "isolated",
            Some(false) => "open",
            None => "unknown",
        };
        let subject = format!("{name} {}", direction.name());
        got.push(format!("{subject}: {isolated}"));
        for peer in side.peers {
            let interval = show::interval(&peer.interval, false);
            got.push(format!("{subject} {}: {interval}", show::peer(&peer.peer)));
        }
    }
    compare(block, &got, fail);
}

/// Where engine and oracle differ on what nobody asked about: every pair of
/// ends, and every entry of the map.
fn disagreements(world: &World) -> Vec<String> {
    let mut ends = oracle::endpoints(&world.cluster);
    ends.extend(world.outside.iter().map(|address| oracle::End::Outside(*address)));
    let mut errors = Vec::new();
    for from in &ends {
        for to in &ends {
            if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                continue;
            }
            if let Err(error) = between(world, from, to) {
                errors.push(format!("{from:?} -> {to:?} {error}"));
            }
        }
    }
    errors.extend(map_disagreements(world));
    errors
}

fn map_disagreements(world: &World) -> Vec<String> {
    let mut entries: Vec<(Place, Place, Interval)> = Vec::new();
    world.snapshot.map(Detail::Workloads, &mut |entry| {
        entries.push((entry.from.clone(), entry.to.clone(), entry.interval.clone()));
        ControlFlow::Continue(())
    });
    let inside = |place: &Place, workload: &oracle::WorkloadRef| matches!(place, Place::Workload(w) if theirs(w) == *workload);
    let outside = |place: &Place, address: IpAddr| matches!(place, Place::Outside(addresses) if addresses.contains(address));
    let drawn = |is: &dyn Fn(&Place, &Place) -> bool| {
        let found = entries.iter().find(|(from, to, _)| is(from, to));
        found.map_or_else(Interval::none, |(_, _, interval)| interval.clone())
    };
    let (cluster, dialect) = (&world.cluster, &world.dialect);
    let workloads = oracle::workloads(cluster);
    let mut errors = Vec::new();
    let mut check =
        |what: String, interval: &Interval, ask: &dyn Fn(Port) -> Option<oracle::Answer>| {
            for port in &world.ports {
                let truth = ask(*port).map(|answer| world::verdict(answer.interval));
                let truth = truth.unwrap_or(Verdict::Denied);
                if let Err(error) = agree(&show::port(*port), &interval.verdict(*port), &truth) {
                    errors.push(format!("map: {what} {error}"));
                }
            }
        };
    for a in &workloads {
        for b in &workloads {
            let interval = drawn(&|from, to| inside(from, a) && inside(to, b));
            check(format!("{a:?} -> {b:?}"), &interval, &|port| {
                oracle::workload_verdict(cluster, dialect, a, b, port)
            });
        }
        for address in &world.outside {
            for outgoing in [true, false] {
                let interval = drawn(&|from, to| {
                    let (near, far) = if outgoing { (from, to) } else { (to, from) };
                    inside(near, a) && outside(far, *address)
                });
                check(format!("{a:?}, {address}, outgoing {outgoing}"), &interval, &|port| {
                    oracle::workload_outside_verdict(cluster, dialect, a, *address, outgoing, port)
                });
            }
        }
    }
    errors
}
