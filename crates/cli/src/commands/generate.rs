use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use schemars::{JsonSchema, generate::SchemaSettings};

use super::access::{panic, plan};
use super::{
    audit, blast, can, completion, demo, diff, explain, exposure, fix, ledger, map, rehearse, test,
    version,
};
use crate::access::Objects;
use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::Printer;
use crate::wire::Document;

/// Write the files that are generated from the program
#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    /// The directory that stands for the checkout's
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &GenerateArgs, _: &mut Printer) -> Result<Exit, Failure> {
    for (path, bytes) in files()? {
        let path = args.out.join(path);
        let written = fs::create_dir_all(path.parent().unwrap_or(&args.out))
            .and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| {
            Problem::new(format!("cannot be written: {error}")).at(path.display().to_string())
        })?;
    }
    Ok(Exit::Yes)
}

/// Every generated file by its path in the checkout.
pub(crate) fn files() -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let mut files = Vec::new();
    for (name, schema) in schemas() {
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        files.push((Path::new("docs/schemas").join(format!("{name}.json")), text.into_bytes()));
    }
    for (shell, name) in [
        (Shell::Bash, "fallgate.bash"),
        (Shell::Elvish, "fallgate.elv"),
        (Shell::Fish, "fallgate.fish"),
        (Shell::PowerShell, "_fallgate.ps1"),
        (Shell::Zsh, "_fallgate"),
    ] {
        files.push((Path::new("completions").join(name), completion::script(shell)));
    }
    let mut command = Cli::command().bin_name("fallgate").disable_help_subcommand(true);
    command.build();
    page(&command, &mut files)?;
    files.sort();
    Ok(files)
}

/// The schema of each command's document.
fn schemas() -> Vec<(&'static str, schemars::Schema)> {
    vec![
        ("approve", schema::<Objects>("approve")),
        ("audit", schema::<Document<audit::Coverage>>("audit")),
        ("blast", schema::<Document<blast::Blast>>("blast")),
        ("can", schema::<Document<can::Can>>("can")),
        ("demo", schema::<demo::Told>("demo")),
        ("deny", schema::<Objects>("deny")),
        ("diff", schema::<Document<diff::Difference>>("diff")),
        ("explain", schema::<Document<explain::Explained>>("explain")),
        ("exposure", schema::<Document<exposure::Exposed>>("exposure")),
        ("fix", schema::<Document<fix::FixedFile>>("fix")),
        ("extend", schema::<Objects>("extend")),
        ("grants", schema::<Objects>("grants")),
        ("incident", schema::<Objects>("incident")),
        ("ledger-show", schema::<ledger::Shown>("ledger-show")),
        ("ledger-verify", schema::<ledger::Checked>("ledger-verify")),
        ("lock", schema::<Objects>("lock")),
        ("map", schema::<Document<map::Map>>("map")),
        ("panic", schema::<panic::Panicked>("panic")),
        ("plan", schema::<Document<plan::Plan>>("plan")),
        ("rehearse", schema::<rehearse::Rehearsed>("rehearse")),
        ("request", schema::<Objects>("request")),
        ("requests", schema::<Objects>("requests")),
        ("review", schema::<Objects>("review")),
        ("revoke", schema::<Objects>("revoke")),
        ("test", schema::<Document<test::Tested>>("test")),
        ("version", schema::<version::Version>("version")),
        ("withdraw", schema::<Objects>("withdraw")),
    ]
}

fn schema<T: JsonSchema>(command: &str) -> schemars::Schema {
    let id = format!("fallgate/{command}/v1");
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), id.as_str().into());
    if let Some(property) = schema.pointer_mut("/properties/schema")
        && let Some(property) = property.as_object_mut()
    {
        property.insert("const".to_owned(), id.into());
    }
    schema
}

/// The reference and the manual page of a command, and of those below it.
fn page(command: &clap::Command, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<(), Failure> {
    let called = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let file = called.replace(' ', "-");
    files.push((
        Path::new("docs/cli").join(format!("{file}.md")),
        markdown(command, &called).into(),
    ));
    let mut man = Vec::new();
    let titled = command.clone().name(file.clone());
    clap_mangen::Man::new(titled).date("").render(&mut man)?;
    files.push((Path::new("man").join(format!("{file}.1")), man));
    for below in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        page(below, files)?;
    }
    Ok(())
}

/// A command's reference page.
fn markdown(command: &clap::Command, called: &str) -> String {
    let mut out = format!("# {called}\n\n");
    let about = command.get_long_about().or(command.get_about());
    let _ = writeln!(out, "{}\n", about.map(ToString::to_string).unwrap_or_default());
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(out, "```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
    let below: Vec<_> =
        command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help").collect();
    if !below.is_empty() {
        out.push_str("| command | |\n|---|---|\n");
        for c in below {
            let name = c.get_name();
            let about = c.get_about().map(ToString::to_string).unwrap_or_default();
            let file = format!("{called} {name}").replace(' ', "-");
            let _ = writeln!(out, "| [`{name}`]({file}.md) | {about} |");
        }
        out.push('\n');
    }
    let mut headings: Vec<String> = Vec::new();
    for arg in command.get_arguments().filter(|a| !a.is_hide_set()) {
        let heading = heading(arg);
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for wanted in headings {
        let _ = writeln!(out, "## {wanted}\n");
        for arg in command.get_arguments().filter(|a| !a.is_hide_set() && heading(a) == wanted) {
            argument(arg, &mut out);
        }
        out.push('\n');
    }
    if let Some(after) = command.get_after_long_help().or(command.get_after_help()) {
        let _ = writeln!(out, "```text\n{}\n```", after.to_string().trim_end());
    }
    if command.get_name() == "fallgate" {
        out.push_str("\n## Exit codes\n\n| code | |\n|---|---|\n");
        for (exit, meaning) in Exit::ALL {
            let _ = writeln!(out, "| {} | {meaning} |", exit.code());
        }
        out.push_str("\nWhere several hold, 2 goes before 1, 1 before 3, and 3 before 0.\n");
    }
    let mut text = out.trim_end().to_owned();
    text.push('\n');
    text
}

fn heading(arg: &clap::Arg) -> String {
    match arg.get_help_heading() {
        Some(heading) => heading.to_owned(),
        None if arg.is_positional() => "Arguments".to_owned(),
        None => "Options".to_owned(),
    }
}

fn argument(arg: &clap::Arg, out: &mut String) {
    let mut names = Vec::new();
    names.extend(arg.get_short().map(|c| format!("-{c}")));
    names.extend(arg.get_long().map(|name| format!("--{name}")));
    let value = arg
        .get_value_names()
        .filter(|_| arg.get_action().takes_values())
        .map(|names| names.join(" "))
        .unwrap_or_default();
    let shown = match (names.is_empty(), value.is_empty()) {
        (true, _) => format!("`{value}`"),
        (false, true) => format!("`{}`", names.join(", ")),
        (false, false) => format!("`{} {value}`", names.join(", ")),
    };
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    // Long help starts with the short one, which has no full stop.
    let (first, rest) = help.split_once("\n\n").unwrap_or((&help, ""));
    let _ = write!(out, "- {shown}: {}", first.replace('\n', " "));
    if !rest.is_empty() {
        let rest = rest.trim_end_matches('.').replace("\n\n", " ").replace('\n', " ");
        let _ = write!(out, ". {rest}");
    }
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|v| !v.is_hide_set() && arg.get_action().takes_values())
        .map(|v| format!("`{}`", v.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(out, "; one of {}", values.join(", "));
    }
    let default: Vec<String> =
        arg.get_default_values().iter().map(|v| format!("`{}`", v.to_string_lossy())).collect();
    if !default.is_empty() && arg.get_action().takes_values() {
        let _ = write!(out, " (default {})", default.join(", "));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_fresh() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let files = files().unwrap();
        let stale: Vec<_> = files
            .iter()
            .filter(|(path, bytes)| fs::read(root.join(path)).ok().as_ref() != Some(bytes))
            .map(|(path, _)| path.display().to_string())
            .collect();
        assert!(stale.is_empty(), "run `cargo xtask generate`; stale: {stale:?}");
    }

    #[test]
    fn schemas_describe_what_is_printed() {
        for (name, schema) in schemas() {
            let schema = schema.to_value();
            let properties = schema["properties"].as_object().unwrap();
            assert_eq!(properties["schema"]["const"], format!("fallgate/{name}/v1"));
            assert!(name == "version" || properties.contains_key("diagnostics"), "{name}");
        }
    }
}
