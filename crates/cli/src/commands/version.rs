use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Text};

/// Print the version
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  fallgate version\n  fallgate version -o json")]
pub(crate) struct VersionArgs {
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// One line.
    #[default]
    Text,
    /// A JSON document.
    Json,
}

/// `fallgate version -o json`.
#[derive(Serialize, schemars::JsonSchema)]
pub(crate) struct Version {
    schema: &'static str,
    version: &'static str,
}

const SCHEMA: &str = "fallgate/version/v1";

pub(crate) fn run(args: &VersionArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    match args.output {
        Output::Text => printer.line(&Text::from(format!("fallgate {version}")))?,
        Output::Json => printer.json(&Version { schema: SCHEMA, version })?,
    }
    Ok(Exit::Yes)
}
