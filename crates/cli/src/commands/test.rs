use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use fallgate_engine::Verdict;
use schemars::JsonSchema;
use serde::Serialize;

use super::can::{Asked, WireAnswer};
use crate::answer::{Answer, Asker};
use crate::args::Global;
use crate::assertions::{Checker, File, Outcome};
use crate::commands::can;
use crate::context::Context;
use crate::endpoint::Member;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::notes;
use crate::output::{Printer, Style, Table, Text, clean};
use crate::render::{Case, CaseResult, junit};
use crate::wire::{self, WireVerdict};

/// Check assertions about who may reach whom
///
/// Exits 0 when all hold, 1 when one fails, 3 when one could not be decided and did not expect that.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  fallgate test examples/shop-tests/connectivity.yaml -f examples/shop
  fallgate test FILE… -f DIRECTORY -R -o junit > report.xml", after_long_help = LONG)]
pub(crate) struct TestArgs {
    /// Files of assertions, in YAML or JSON; - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Stop at the first assertion that does not hold
    #[arg(long)]
    fail_fast: bool,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

const LONG: &str = "\
Assertion files:
  tests:
    - from: shop/web
      to: shop/db
      ports: [5432/tcp]                # or `port`; without either, any
      expect: allowed                  # or denied, or unknown
    - name: nobody but the API reaches the database
      from: \"*\"                        # every workload and the outside
      except: [shop/api]               # taken from `from`, or from `to` where only that is many
      to: shop/db
      expect: denied
    - {from: internet, to: shop/db, transitive: true, expect: denied}   # over any hops
  zones:                               # parts of the cluster and of the world
    shop:  {namespaces: [shop]}
    tools: {namespaceSelector: {matchLabels: {team: tools}}, podSelector: {}}
    world: {cidrs: [internet]}
    admin: {endpoints: [ops/bastion]}
  allow:                               # all else between and within zones must be denied
    - {from: world, to: shop, ports: [443/tcp]}
  presets: [default-deny, system-namespaces, metadata-endpoint]

  An assertion about many connections holds when it holds for each; the worst verdict is reported: the definite
  opposite of what is expected, then unknown. With `transitive`, there must (not) be a path from each source to each
  destination whose last hop is on the port; the hops between are workloads, on any port.

Presets:
  default-deny       workloads outside the system namespaces are closed in both directions to what no rule names
  metadata-endpoint  none of them reaches 169.254.169.254 (and fd00:ec2::254 where IPv6 is in use)
  system-namespaces  nothing else reaches pods in kube-system, kube-public and kube-node-lease, but on port 53

Examples:
  fallgate test examples/shop-tests/connectivity.yaml -f examples/shop
  fallgate test FILE… -f DIRECTORY -R -o junit > report.xml";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people: what does not hold, and the counts.
    #[default]
    Table,
    /// A JSON document.
    Json,
    /// JUnit XML, as CI systems read it.
    Junit,
    /// Test Anything Protocol, version 14.
    Tap,
}

/// `fallgate test -o json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Tested {
    /// One for each assertion, in order.
    results: Vec<WireResult>,
    passed: usize,
    failed: usize,
    /// How many could not be decided and did not expect it.
    unknown: usize,
}

const SCHEMA: &str = "fallgate/test/v1";

/// What an assertion came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireResult {
    name: String,
    /// Where the assertion is written.
    source: wire::Source,
    expect: WireVerdict,
    /// The worst verdict that was found.
    verdict: WireVerdict,
    pass: bool,
    /// The connection that has this verdict.
    #[serde(flatten)]
    connection: can::Connection,
    /// Of an assertion about one connection that holds: the source's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    egress: Option<can::WireSide>,
    /// The destination's side, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    ingress: Option<can::WireSide>,
    /// Why, where `counterexample` does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// A connection that does not hold what is asserted, and why it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    counterexample: Option<WireAnswer>,
    /// The hops of a path that does not hold what is asserted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<wire::Endpoint>,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    unknown: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            o if o.pass() => &mut self.passed,
            o if o.verdict == Verdict::Unknown => &mut self.unknown,
            _ => &mut self.failed,
        } += 1;
    }

    fn exit(&self) -> Exit {
        match () {
            () if self.failed > 0 => Exit::No,
            () if self.unknown > 0 => Exit::Incomplete,
            () => Exit::Yes,
        }
    }
}

pub(crate) fn run(
    global: &Global,
    args: &TestArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for name in &args.files {
        let parsed = input::read_file(name).map_err(|p| vec![p]).and_then(|t| File::parse(&t));
        match parsed {
            Ok(file) => files.push(file),
            Err(mut found) => problems.append(&mut found),
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let context = Context::read(global)?;
    let checker = Checker::new(Asker::new(&context));
    if args.output == Output::Table {
        context.show_diagnostics(printer);
    }
    let mut outcomes = Vec::new();
    for file in &files {
        let mut go_on = true;
        let checked = checker.check(file, &mut |outcome| {
            go_on = !args.fail_fast || outcome.pass();
            outcomes.push(outcome);
            go_on
        });
        if let Err(mut found) = checked {
            problems.append(&mut found);
        }
        if !go_on {
            break;
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let mut counts = Counts::default();
    outcomes.iter().for_each(|o| counts.add(o));
    let asker = checker.asker();
    match args.output {
        Output::Table => table(asker, &outcomes, &counts, printer)?,
        Output::Json => {
            let results = outcomes.iter().map(|o| result(asker, o)).collect();
            let Counts { passed, failed, unknown } = counts;
            let body = Tested { results, passed, failed, unknown };
            printer.json(&context.document(SCHEMA, body))?;
        }
        Output::Junit => printer.raw(junit("fallgate", &cases(asker, &outcomes)))?,
        Output::Tap => printer.raw(tap(asker, &outcomes))?,
    }
    let exit = counts.exit();
    Ok(if context.lost_endpoints() { exit.and(Exit::Incomplete) } else { exit })
}

/// Why an outcome is not what was expected, with the rules that decide.
fn counterexample(asker: &Asker<'_>, outcome: &Outcome) -> Option<(WireAnswer, String)> {
    let example = outcome.example.clone()?;
    let answer = Answer {
        verdict: outcome.verdict,
        example: Some(example.clone()),
        reason: outcome.reason.clone(),
    };
    let question = crate::answer::Question {
        from: vec![example.from.clone()].into(),
        to: vec![crate::answer::Target {
            member: example.to.clone(),
            port: crate::port::PortSpec::Any,
        }]
        .into(),
        service: None,
        open: None,
    };
    let explained = asker.explain(&answer);
    let reason = match (&answer.reason, &explained) {
        (Some(reason), _) => reason.clone(),
        (None, Some((_, _, e))) => e.reason.clone(),
        (None, None) => String::new(),
    };
    let notes =
        if example.only { notes::on(asker, &example.to, example.packet) } else { Vec::new() };
    let (partial, many) = (false, false);
    let told = can::Told {
        answer,
        explained,
        reason: reason.clone(),
        notes,
        partial,
        many,
        ready: Vec::new(),
    };
    let found = can::connection(asker, &example);
    let show = |m: &Member| asker.index().show(&asker.context.snapshot, m);
    let asked = Asked {
        from: show(&example.from),
        to: show(&example.to),
        port: crate::port::show_port(example.packet),
    };
    let mut wire = told.wire(asker, &question, asked);
    wire.connection = found;
    Some((wire, reason))
}

fn result(asker: &Asker<'_>, outcome: &Outcome) -> WireResult {
    let pass = outcome.pass();
    let (index, snapshot) = (asker.index(), &asker.context.snapshot);
    // Of many connections that hold, none says more than the others.
    let single = outcome.example.as_ref().is_some_and(|e| e.only) && outcome.path.is_empty();
    let mut told = if pass && !single { None } else { counterexample(asker, outcome) };
    let held = if pass { told.take().map(|(wire, _)| wire) } else { None };
    let reason = outcome.reason.clone().filter(|_| !pass);
    WireResult {
        name: outcome.name.clone(),
        source: wire::Source {
            file: outcome.place.0.clone(),
            line: u32::try_from(outcome.place.1).ok(),
            column: None,
        },
        expect: outcome.expect.into(),
        verdict: outcome.verdict.into(),
        pass,
        connection: match &outcome.example {
            Some(example) => can::connection(asker, example),
            None => can::Connection { from: None, to: None, protocol: None, port: None },
        },
        reason: reason.or_else(|| held.as_ref().map(|wire| wire.reason.clone())),
        egress: held.as_ref().and_then(|wire| wire.egress.clone()),
        ingress: held.and_then(|wire| wire.ingress),
        counterexample: told.map(|(wire, _)| wire),
        path: if pass {
            Vec::new()
        } else {
            outcome.path.iter().map(|m| index.wire(snapshot, m)).collect()
        },
    }
}

/// What does not hold, in a few lines: expectation, connection, reason.
fn failure_lines(asker: &Asker<'_>, outcome: &Outcome) -> Vec<String> {
    let mut lines =
        vec![format!("expected {}, is {}", outcome.expect.name(), outcome.verdict.name())];
    if !outcome.path.is_empty() {
        let show = |m: &Member| asker.index().show(&asker.context.snapshot, m);
        lines.push(outcome.path.iter().map(show).collect::<Vec<_>>().join(" -> "));
    }
    if let Some(example) = &outcome.example {
        lines.push(can::show_example(asker, example));
    }
    match counterexample(asker, outcome) {
        Some((wire, reason)) if !reason.is_empty() => {
            lines.push(reason);
            lines.extend(wire.notes.iter().map(|note| format!("note: {note}")));
        }
        _ => lines.extend(outcome.reason.clone()),
    }
    lines
}

fn table(
    asker: &Asker<'_>,
    outcomes: &[Outcome],
    counts: &Counts,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let mut table = Table::new(["RESULT", "EXPECT", "VERDICT", "NAME"]);
    for outcome in outcomes {
        let (word, style) = match outcome {
            o if o.pass() => ("pass", Style::Good),
            o if o.verdict == Verdict::Unknown => ("unknown", Style::Unsure),
            _ => ("FAIL", Style::Bad),
        };
        table.row([
            Text::new().styled(style, word),
            outcome.expect.name().into(),
            Text::new().styled(outcome.verdict.into(), outcome.verdict.name()),
            outcome.name.as_str().into(),
        ]);
    }
    printer.table(&table)?;
    for outcome in outcomes.iter().filter(|o| !o.pass()) {
        printer.blank()?;
        let (file, line) = &outcome.place;
        printer.line(
            &Text::new()
                .styled(Style::Strong, &outcome.name)
                .styled(Style::Dim, format!("  {file}:{line}")),
        )?;
        for line in failure_lines(asker, outcome) {
            printer.line(&Text::from(format!("  {line}")))?;
        }
    }
    printer.blank()?;
    let mut line = Text::new().text(format!("{} passed, {} failed", counts.passed, counts.failed));
    if counts.unknown > 0 {
        line = line.text(format!(", {} unknown", counts.unknown));
    }
    printer.line(&line)
}

fn cases(asker: &Asker<'_>, outcomes: &[Outcome]) -> Vec<Case> {
    let case = |outcome: &Outcome| {
        let result = if outcome.pass() {
            CaseResult::Passed
        } else {
            let mut lines = failure_lines(asker, outcome);
            let first = lines.remove(0);
            match outcome.verdict {
                Verdict::Unknown => CaseResult::Errored(first, lines.join("\n")),
                _ => CaseResult::Failed(first, lines.join("\n")),
            }
        };
        let (file, line) = &outcome.place;
        Case {
            name: outcome.name.clone(),
            class: file.clone(),
            file: file.clone(),
            line: u32::try_from(*line).ok(),
            result,
        }
    };
    outcomes.iter().map(case).collect()
}

fn tap(asker: &Asker<'_>, outcomes: &[Outcome]) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", outcomes.len());
    for (number, outcome) in outcomes.iter().enumerate() {
        let word = if outcome.pass() { "ok" } else { "not ok" };
        // A description must not read as a directive.
        let name = clean(&outcome.name).replace('\\', "\\\\").replace('#', "\\#");
        let _ = writeln!(out, "{word} {} - {name}", number + 1);
        if !outcome.pass() {
            let (file, line) = &outcome.place;
            out.push_str("  ---\n");
            let _ = writeln!(out, "  at: {}", quoted(&format!("{file}:{line}")));
            let _ = writeln!(out, "  expect: {}", outcome.expect.name());
            let _ = writeln!(out, "  verdict: {}", outcome.verdict.name());
            for line in failure_lines(asker, outcome).iter().skip(1).take(1) {
                let _ = writeln!(out, "  counterexample: {}", quoted(line));
            }
            out.push_str("  ...\n");
        }
    }
    out
}

/// A YAML scalar in double quotes, which JSON's are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
