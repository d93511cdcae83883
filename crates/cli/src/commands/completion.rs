use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  fallgate completion bash > /etc/bash_completion.d/fallgate
  source <(fallgate completion zsh)")]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    printer.raw(script(args.shell))?;
    Ok(Exit::Yes)
}

/// The script of a shell.
pub(crate) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "fallgate", &mut script);
    script
}
