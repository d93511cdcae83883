use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use fallgate_engine::{Decision, Detail, EditedObject, Repair, SideExplanation, Verdict};
use fallgate_model::Direction;
use schemars::JsonSchema;
use serde::Serialize;

use super::can::{self, Asked, Ends, Told, WireAnswer, WireDecided, exit_of, place, show_step};
use super::diff::Change;
use crate::access::ready;
use crate::answer::{Admits, Asker, Example};
use crate::args::Global;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Style, Text, clean};
use crate::render::{Names, code, interval_texts};

/// Show how an answer comes about, and for a denial the edit that would admit it
///
/// Both ends, each tier in the order in which it is asked, each policy and rule with its place, and for a denial the
/// smallest edit that would admit the connection, with everything else that this edit would open.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  fallgate explain oncall-tools/debug shop/db 5432 -f examples/shop
  fallgate explain shop/web shop/api 80 -f examples/shop -o md")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    ends: Ends,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Table,
    /// A JSON document.
    Json,
    /// Markdown, for a ticket or a pull request.
    Md,
}

/// `fallgate explain -o json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Explained {
    #[serde(flatten)]
    answer: WireAnswer,
    /// Everything that was consulted, in order: the source's side, then the
    /// destination's. The last step of a side is what decides there.
    steps: Vec<WireStep>,
    /// Of a denial: what would admit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    repair: Option<WireRepair>,
}

const SCHEMA: &str = "fallgate/explain/v1";

/// One thing that was consulted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WireStep {
    /// `egress` or `ingress`.
    end: String,
    #[serde(flatten)]
    step: WireDecided,
}

/// The smallest edit that admits a denied connection.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WireRepair {
    /// What it admits, where that is not all that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<can::Connection>,
    /// What to do; all of it is needed.
    edit: Vec<WireEdit>,
    /// What that changes, exactly.
    effect: WireEffect,
}

/// One edit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WireEdit {
    /// What is edited and how, in a sentence.
    summary: String,
    /// True when the object does not exist yet.
    new: bool,
    /// The object after the edit, as YAML.
    manifest: String,
}

/// What a change opens and closes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WireEffect {
    opened: Vec<Change>,
    closed: Vec<Change>,
    /// How many entries of the map stay as they are.
    unchanged: usize,
}

pub(crate) fn run(
    global: &Global,
    args: &ExplainArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let context = Context::read(global)?;
    let asker = Asker::new(&context);
    let (question, [from, to], port) = match args.ends.question(&asker) {
        Ok(question) => question,
        Err(failure) => {
            context.show_diagnostics(printer);
            return Err(failure);
        }
    };
    let mut told = Told::new(&asker, &question, &port);
    let verdict = told.answer.verdict;
    let denied = verdict == Verdict::Denied;
    if denied {
        told.ready = ready::ready(global, &context, (&from, &to), &port);
    }
    let repair = if denied { asker.repair(&question, &told.answer, told.partial) } else { None };
    if let Some(Err(why)) = &repair {
        told.notes.push(format!("no edit admits it for certain: {why}"));
    }
    let repair = repair.and_then(Result::ok).map(|(repair, admits)| Mend {
        repair,
        only: told.answer.example.as_ref().filter(|_| admits == Admits::Example),
    });
    let asked = Asked { from: from.to_string(), to: to.to_string(), port: port.to_string() };
    match args.output {
        Output::Json => {
            let sources = context.sources();
            let steps = told
                .explained
                .iter()
                .flat_map(|(_, _, e)| e.egress.steps.iter().chain(&e.ingress.steps))
                .map(|step| WireStep {
                    end: step.end.name().to_owned(),
                    step: WireDecided::new(sources, step),
                })
                .collect();
            let answer = told.wire(&asker, &question, asked);
            let repair = repair.as_ref().map(|mend| wire_repair(&asker, mend));
            printer.json(&context.document(SCHEMA, Explained { answer, steps, repair }))?;
        }
        Output::Table => {
            context.show_diagnostics(printer);
            people(&asker, &told, &asked, repair.as_ref(), printer)?;
            ready::show(&told.ready, printer)?;
        }
        Output::Md => {
            context.show_diagnostics(printer);
            printer.raw(markdown(&asker, &told, &asked, repair.as_ref()))?;
        }
    }
    Ok(exit_of(verdict))
}

fn manifest(object: &EditedObject) -> String {
    match object {
        EditedObject::NetworkPolicy(policy) => fallgate_manifest::write_network_policy(policy),
        EditedObject::ClusterPolicy(policy) => fallgate_manifest::write_cluster_policy(policy),
    }
}

/// A repair, and what it admits.
struct Mend<'t> {
    repair: Repair,
    /// The one connection that it admits, where more was asked about.
    only: Option<&'t Example>,
}

impl Mend<'_> {
    /// What it is for, as a heading.
    fn heading(&self, asker: &Asker<'_>) -> String {
        match self.only {
            None => "To admit it".to_owned(),
            Some(example) => {
                format!("To admit {}, and no more of it", can::show_example(asker, example))
            }
        }
    }
}

fn wire_repair(asker: &Asker<'_>, mend: &Mend<'_>) -> WireRepair {
    let repair = &mend.repair;
    WireRepair {
        only: mend.only.map(|example| can::connection(asker, example)),
        edit: repair
            .edits
            .iter()
            .map(|edit| WireEdit {
                summary: edit.summary.clone(),
                new: edit.new,
                manifest: manifest(&edit.object),
            })
            .collect(),
        effect: WireEffect {
            opened: repair.effect.opened.iter().map(Change::from).collect(),
            closed: repair.effect.closed.iter().map(Change::from).collect(),
            unchanged: repair.effect.unchanged,
        },
    }
}

/// The two sides, with whom each is of.
fn sides<'t>(asker: &Asker<'_>, told: &'t Told) -> Vec<(Direction, String, &'t SideExplanation)> {
    let (Some((_, _, explanation)), Some(example)) = (&told.explained, &told.answer.example) else {
        return Vec::new();
    };
    let show = |member: &crate::endpoint::Member| match (member, example.address) {
        (crate::endpoint::Member::Outside(_), Some(address)) => address.to_string(),
        _ => asker.index().show(&asker.context.snapshot, member),
    };
    vec![
        (Direction::Egress, show(&example.from), &explanation.egress),
        (Direction::Ingress, show(&example.to), &explanation.ingress),
    ]
}

/// A sign for a decision that reads without colour.
fn sign(decision: Decision) -> (&'static str, Style) {
    match decision {
        Decision::Allow => ("allow", Style::Good),
        Decision::Deny => ("deny", Style::Bad),
        Decision::Pass => ("pass", Style::Plain),
        Decision::Isolates => ("isolates", Style::Plain),
        Decision::NoMatch => ("no match", Style::Dim),
        Decision::Unknown => ("unknown", Style::Unsure),
    }
}

fn people(
    asker: &Asker<'_>,
    told: &Told,
    asked: &Asked,
    mend: Option<&Mend<'_>>,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let context = asker.context;
    can::headline(told, asked, printer)?;
    can::reason(told, printer)?;
    if told.many
        && let Some(example) = &told.answer.example
    {
        let shown = can::show_example(asker, example);
        printer.line(&Text::from(format!("  explained by the connection {shown}")))?;
    }
    for (direction, whom, side) in sides(asker, told) {
        printer.blank()?;
        let preposition = if direction == Direction::Egress { "from" } else { "to" };
        printer.line(
            &Text::new()
                .styled(Style::Strong, format!("{} ({preposition} {whom})", direction.name()))
                .text(": ")
                .styled(side.verdict.into(), side.verdict.name()),
        )?;
        for (at, step) in side.steps.iter().enumerate() {
            let (word, style) = sign(step.decision);
            let last = at + 1 == side.steps.len();
            let mut line = Text::new()
                .text(if last { "  => " } else { "     " })
                .styled(style, format!("{word:<9}"))
                .text(show_step(step, direction));
            if let Some(origin) = step.origin {
                line = line.styled(Style::Dim, format!("  {}", place(context.sources(), origin)));
            }
            printer.line(&line)?;
        }
    }
    if !told.notes.is_empty() {
        printer.blank()?;
        can::show_notes(told, printer)?;
    }
    let Some(mend) = mend else { return Ok(()) };
    let repair = &mend.repair;
    printer.blank()?;
    printer.line(&Text::new().styled(Style::Strong, mend.heading(asker)))?;
    for edit in &repair.edits {
        printer.line(&Text::from(format!("  {}:", edit.summary)))?;
        for line in manifest(&edit.object).lines() {
            printer.line(&Text::from(format!("    {line}")))?;
        }
    }
    printer.line(&Text::new().styled(Style::Strong, "which changes exactly this"))?;
    for (word, line) in effect_lines(context, repair) {
        printer.line(&Text::from(format!("  {word:<6} {line}")))?;
    }
    Ok(())
}

/// Each connection that a repair opens or closes.
fn effect_lines(context: &Context, repair: &Repair) -> Vec<(&'static str, String)> {
    let names = Names::new(&context.snapshot, Detail::Workloads);
    let mut lines = Vec::new();
    let opened = repair.effect.opened.iter().map(|delta| ("opens", delta));
    for (word, delta) in opened.chain(repair.effect.closed.iter().map(|delta| ("closes", delta))) {
        let (certain, unknown) = interval_texts(&delta.interval);
        let what = match (certain.is_empty(), unknown.is_empty()) {
            (false, true) => certain,
            (true, _) => format!("possibly {unknown}"),
            (false, false) => format!("{certain}, possibly {unknown}"),
        };
        let (from, to) = (names.place(&delta.from), names.place(&delta.to));
        lines.push((word, format!("{from} -> {to} {what}")));
    }
    lines
}

fn markdown(asker: &Asker<'_>, told: &Told, asked: &Asked, mend: Option<&Mend<'_>>) -> String {
    let context = asker.context;
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "**{}**: {} → {} {}\n",
        told.answer.verdict.name(),
        code(&asked.from),
        code(&asked.to),
        code(&asked.port)
    );
    if !told.reason.is_empty() {
        let _ = writeln!(out, "{}\n", cell(&told.reason));
    }
    for (direction, whom, side) in sides(asker, told) {
        let _ = writeln!(
            out,
            "### {} of {}: {}\n\n| decision | tier | policy and rule | where |\n|---|---|---|---|",
            direction.name(),
            code(&whom),
            side.verdict.name()
        );
        for step in &side.steps {
            let at = step.origin.map(|o| code(&place(context.sources(), o))).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {at} |",
                step.decision.name(),
                step.stage.name(),
                cell(&show_step(step, direction))
            );
        }
        out.push('\n');
    }
    for note in &told.notes {
        let _ = writeln!(out, "Note: {}\n", cell(note));
    }
    let Some(mend) = mend else { return out };
    let repair = &mend.repair;
    let _ = writeln!(out, "### {}\n", cell(&mend.heading(asker)));
    for edit in &repair.edits {
        let _ =
            writeln!(out, "{}:\n\n```yaml\n{}```\n", cell(&edit.summary), manifest(&edit.object));
    }
    out.push_str("This changes exactly:\n\n");
    for (word, line) in effect_lines(context, repair) {
        let _ = writeln!(out, "- {word} {}", cell(&line));
    }
    out
}

/// Text that Markdown takes for text, in a table too.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for c in clean(text).chars() {
        if matches!(c, '\\' | '*' | '_' | '|' | '<' | '>' | '[' | ']' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
