//! Child processes: what was run is shown, and a failure names the command.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;

/// The cargo that runs this task, in the checkout's root.
pub(crate) fn cargo(checkout: &Checkout) -> Command {
    command(checkout, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program in the checkout's root. It reads nothing: a task that waits for
/// an answer would hang where nobody sits.
pub(crate) fn command(checkout: &Checkout, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&checkout.root).stdin(Stdio::null());
    command
}

/// Shows the command, runs it with its output going where ours goes, and fails
/// unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs the command and returns its standard output. Its standard error goes
/// where ours goes.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    read_any(command, &[0])
}

/// The same for a command that may end with any of these exit codes.
pub(crate) fn read_any(command: &mut Command, codes: &[i32]) -> Result<String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !output.status.code().is_some_and(|code| codes.contains(&code)) {
        bail!("`{shown}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))
}

/// Whether a program of this name can be started.
pub(crate) fn exists(program: impl AsRef<OsStr>) -> bool {
    let status = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    !status.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The command as one would type it, with the variables it sets in front.
pub(crate) fn show(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), quote(value)));
        }
    }
    // The path of the toolchain's cargo tells the reader nothing.
    let program = std::path::Path::new(command.get_program());
    words.push(quote(program.file_name().unwrap_or(command.get_program())));
    words.extend(command.get_args().map(quote));
    words.join(" ")
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains(' ') { format!("'{word}'") } else { word.into_owned() }
}
