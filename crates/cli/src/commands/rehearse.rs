use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fallgate_demo::rehearsal::{Check, Report, Scenario, rehearse};
use fallgate_ledger::{FileStorage, Storage as _};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::input::{self, Source};
use crate::output::{Printer, Style, Text};
use crate::time;
use crate::wire;

/// Rehearse an incident: exactly the expected paths open, and then all closes
///
/// A scenario is a YAML file that names manifests and objects of access, an incident, what is asked for, and what each
/// request must open. It is played on a simulated cluster inside of this program, with Fallgate's controller, in
/// virtual time: one person asks, another one approves, and the engine compares all of the cluster with before. No
/// cluster of yours is read or changed. Ends with 1 when something does not hold. docs/ACCESS.md has the format.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate rehearse examples/shop-rehearsal/scenario.yaml
  fallgate rehearse examples/shop-rehearsal/controller-killed.yaml -o json")]
pub(crate) struct RehearseArgs {
    /// The scenario
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Where to write the record of it, a new file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// A document; its schema is fallgate/rehearse/v1
    Json,
}

/// `fallgate rehearse -o json`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rehearsed {
    schema: &'static str,
    /// What the scenario is called.
    scenario: String,
    /// Whether everything holds.
    holds: bool,
    checks: Vec<Held>,
    /// Kinds that the simulated cluster does not have, and that were left out.
    left_out: Vec<String>,
    /// What is worth knowing besides.
    diagnostics: Vec<wire::Diagnostic>,
}

/// What was looked at.
#[derive(Serialize, JsonSchema)]
struct Held {
    /// When, by the cluster's clock, in RFC 3339.
    at: String,
    /// What must hold.
    what: String,
    holds: bool,
    /// What was seen.
    seen: Vec<String>,
    /// Why it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
}

const SCHEMA: &str = "fallgate/rehearse/v1";

pub(crate) fn run(args: &RehearseArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let place = args.scenario.display().to_string();
    let text = texts(vec![Source::Path(args.scenario.clone())])?;
    let [text] = &*text else {
        return Err(Problem::new("a scenario is one file").at(place).into());
    };
    let scenario = Scenario::read(text).map_err(|wrong| {
        Problem::new(wrong.to_string())
            .at(&place)
            .help("docs/ACCESS.md says how a scenario is written")
    })?;
    let directory = args.scenario.parent().unwrap_or(Path::new(""));
    let manifests = scenario.manifests.iter().map(|path| Source::Path(directory.join(path)));
    let objects = objects(&texts(manifests.collect())?)?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build();
    let cannot = |error: &dyn std::fmt::Display| {
        Problem::new(format!("it cannot be rehearsed: {error}"))
            .at(&place)
            .help("see that `fallgate plan -f` understands the manifests")
    };
    let runtime = runtime.map_err(|error| cannot(&error))?;
    let report = runtime.block_on(rehearse(&scenario, objects, time::now()));
    let report = report.map_err(|wrong| cannot(&wrong))?;
    if let Some(path) = &args.record {
        keep(path, &report.record)?;
    }
    let holds = report.checks.iter().all(|check| check.wrong.is_none());
    match args.output {
        Format::Json => printer.json(&Rehearsed {
            schema: SCHEMA,
            scenario: scenario.name.clone(),
            holds,
            checks: report.checks.iter().map(Held::from).collect(),
            left_out: report.left_out.clone(),
            diagnostics: Vec::new(),
        })?,
        Format::Text => tell(&scenario, &report, printer)?,
    }
    Ok(if holds { Exit::Yes } else { Exit::No })
}

fn texts(sources: Vec<Source>) -> Result<Vec<String>, Failure> {
    let read = input::read(&sources, &Global::default())?;
    let text = |text: input::Text| {
        String::from_utf8(text.bytes)
            .map_err(|_| Problem::new("this is no text").at(text.name.to_string()))
    };
    Ok(read.into_iter().map(text).collect::<Result<_, Problem>>()?)
}

/// The objects of texts, those of lists one by one.
fn objects(texts: &[String]) -> Result<Vec<Value>, Failure> {
    let mut objects = Vec::new();
    for text in texts {
        let all: Vec<Value> = serde_saphyr::from_multiple(text)
            .map_err(|error| Problem::new(format!("a manifest cannot be read: {error}")))?;
        for mut object in all.into_iter().filter(|object| !object.is_null()) {
            match object.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => objects.extend(items),
                _ => objects.push(object),
            }
        }
    }
    Ok(objects)
}

/// Writes the record to a file that is not there yet.
fn keep(path: &Path, record: &[u8]) -> Result<(), Problem> {
    let wrong = |error: &dyn std::fmt::Display| {
        Problem::new(format!("the record cannot be written: {error}"))
            .at(path.display().to_string())
            .help("name a new file in a directory that is there")
    };
    if path.exists() {
        return Err(wrong(&"there is such a file"));
    }
    let mut file = FileStorage::open(path).map_err(|error| wrong(&error))?;
    file.write_at(0, record).and_then(|()| file.sync()).map_err(|error| wrong(&error))
}

fn tell(scenario: &Scenario, report: &Report, printer: &mut Printer) -> Result<(), Failure> {
    printer.line(&Text::new().styled(Style::Strong, &scenario.name))?;
    for check in &report.checks {
        let (style, word) = match check.wrong {
            None => (Style::Good, "holds"),
            Some(_) => (Style::Bad, "fails"),
        };
        printer.line(&Text::new().text("  ").styled(style, word).text("  ").text(&check.what))?;
        for line in check.seen.iter().chain(&check.wrong) {
            printer.line(&Text::new().text("         ").text(line))?;
        }
    }
    if !report.left_out.is_empty() {
        let note = format!(": the simulated cluster has no {}", report.left_out.join(", "));
        printer.note(&Text::new().styled(Style::Help, "note").text(note));
    }
    Ok(())
}

impl From<&Check> for Held {
    fn from(check: &Check) -> Held {
        Held {
            at: check.at.to_string(),
            what: check.what.clone(),
            holds: check.wrong.is_none(),
            seen: check.seen.clone(),
            wrong: check.wrong.clone(),
        }
    }
}
