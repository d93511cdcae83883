//! Sessions in documents: a block marked `console` holds `$ fallgate …` lines,
//! each followed by what the command prints.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::generate::Files;
use crate::process::{cargo, show};

/// Documents with sessions.
const DOCUMENTS: &[&str] = &["README.md"];

/// How a command of a session starts; what follows is its arguments, none of
/// which holds a space.
const PROMPT: &str = "$ fallgate ";

/// The documents, with each command followed by what it prints now.
pub(crate) fn generate(checkout: &Checkout) -> Result<Files> {
    let mut files = Files::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(checkout.root.join(document))
            .with_context(|| format!("reading {document}"))?;
        let fresh = replay(&text, |arguments| output(checkout, arguments))?;
        files.insert(PathBuf::from(document), fresh.into_bytes());
    }
    Ok(files)
}

/// What a command prints on standard output. Its exit code is its answer,
/// unless it says that it could not run.
fn output(checkout: &Checkout, arguments: &str) -> Result<String> {
    let mut command = cargo(checkout);
    command
        .args(["run", "--quiet", "--package", "fallgate-cli", "--"])
        .args(arguments.split_whitespace())
        .env("NO_COLOR", "1");
    let output = command.output()?;
    if !matches!(output.status.code(), Some(0 | 1 | 3)) {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` could not run ({}):\n{error}", show(&command), output.status);
    }
    String::from_utf8(output.stdout).context("the output is no UTF-8")
}

/// Replaces what stands after each command of each session.
fn replay(text: &str, mut run: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut fresh = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(arguments) = line.strip_prefix(PROMPT)
            && inside
        {
            let output = run(arguments)?;
            fresh.push_str(line);
            fresh.push('\n');
            fresh.push_str(output.trim_end());
            if !output.trim_end().is_empty() {
                fresh.push('\n');
            }
            continue;
        } else if inside {
            continue;
        }
        fresh.push_str(line);
        fresh.push('\n');
    }
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_replaces_what_stood_there() {
        let text =
            "a\n```console\n$ fallgate one x\nold\nolder\n$ fallgate two\n```\n$ fallgate no\n";
        let mut asked = Vec::new();
        let fresh = replay(text, |arguments| {
            asked.push(arguments.to_owned());
            Ok(format!("new {arguments}\n"))
        });
        assert_eq!(asked, ["one x", "two"]);
        assert_eq!(
            fresh.unwrap(),
            "a\n```console\n$ fallgate one x\nnew one x\n$ fallgate two\nnew two\n```\n$ fallgate no\n"
        );
    }
}
