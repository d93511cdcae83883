use clap::{Args, ValueEnum};
use fallgate_manifest::{Input, ReadOptions, Reading};
use fallgate_model::{Dialect, Severity};
use schemars::JsonSchema;
use serde::Serialize;

use crate::describe;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::output::{Printer, Style, Text};
use crate::wire;

/// Repair a policy whose indentation was lost
///
/// Prints the repaired file, and on standard error what the file means as it stands and what the repaired one means. A
/// file that has lost nothing is printed as it is. Exits 3 when something in the result is still not understood.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  fallgate fix examples/traps/lost-indentation.txt > fixed.yaml
  pbpaste | fallgate fix -")]
pub(crate) struct FixArgs {
    /// The file; - for standard input
    file: String,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// The file.
    #[default]
    Yaml,
    /// A JSON document.
    Json,
}

/// `fallgate fix -o json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FixedFile {
    /// Whether anything was repaired.
    changed: bool,
    /// The repaired file.
    text: String,
    /// What a server that does not validate reads in the file as it stands.
    as_it_stands: Meaning,
    /// What the repaired file means.
    repaired: Meaning,
    /// Where the lines admit another reading.
    notes: Vec<String>,
}

/// What a file means.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Meaning {
    /// What each policy says, a line for the policy and one for each rule.
    policies: Vec<String>,
    /// Why nothing is read in it at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

const SCHEMA: &str = "fallgate/fix/v1";

pub(crate) fn run(args: &FixArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let text = input::read_file(&args.file)?;
    let (changed, fixed, as_it_stands, repaired, notes) =
        match fallgate_manifest::fix(&text.name, &text.bytes) {
            Some(fixed) => {
                let meaning = match &fixed.as_it_stands {
                    Ok(reading) => meaning(reading),
                    Err(d) => Meaning { policies: Vec::new(), refused: Some(d.message.clone()) },
                };
                (true, fixed.text.into_bytes(), meaning, fixed.repaired, fixed.notes)
            }
            None => {
                let inputs: [Input<'_>; 1] = [text.as_input()];
                let reading = fallgate_manifest::read(&inputs, &ReadOptions::default());
                (false, text.bytes.clone(), meaning(&reading), reading, Vec::new())
            }
        };
    let incomplete = repaired.diagnostics.iter().any(|d| d.severity == Severity::Error);
    match args.output {
        Output::Json => {
            let counts = |map: &std::collections::BTreeMap<fallgate_model::Str, usize>| {
                map.iter().map(|(kind, count)| (kind.to_string(), *count)).collect()
            };
            printer.json(&wire::Document {
                schema: SCHEMA,
                dialect: Dialect::default().to_string(),
                input: wire::Input {
                    sources: vec![text.name.to_string()],
                    objects: counts(&repaired.objects),
                    ignored: counts(&repaired.ignored),
                },
                body: FixedFile {
                    changed,
                    text: String::from_utf8_lossy(&fixed).into_owned(),
                    as_it_stands,
                    repaired: meaning(&repaired),
                    notes,
                },
                diagnostics: repaired
                    .diagnostics
                    .iter()
                    .map(|d| wire::Diagnostic::new(&repaired.sources, d))
                    .collect(),
            })?;
        }
        Output::Yaml => {
            printer.raw(&fixed)?;
            printer.finish()?;
            if changed {
                tell(printer, "as it stands", &as_it_stands);
                tell(printer, "repaired", &meaning(&repaired));
            } else {
                printer.note(&Text::from(format!(
                    "{}: no document has lost its indentation; printed as it is",
                    text.name
                )));
                tell(printer, "it means", &as_it_stands);
            }
            for note in &notes {
                printer.note(&Text::new().styled(Style::Warning, "note").text(": ").text(note));
            }
            printer.diagnostics(&repaired.diagnostics, &repaired.sources, |_| Some(&fixed));
        }
    }
    Ok(if incomplete { Exit::Incomplete } else { Exit::Yes })
}

fn meaning(reading: &Reading) -> Meaning {
    Meaning { policies: describe::policies(&reading.cluster), refused: None }
}

fn tell(printer: &mut Printer, what: &str, meaning: &Meaning) {
    printer.note(&Text::new().styled(Style::Strong, what).text(":"));
    if let Some(refused) = &meaning.refused {
        printer.note(&Text::from(format!("  the API server refuses it: {refused}")));
    } else if meaning.policies.is_empty() {
        printer.note(&Text::from("  there is no policy in it"));
    }
    for line in &meaning.policies {
        printer.note(&Text::from(format!("  {line}")));
    }
}
