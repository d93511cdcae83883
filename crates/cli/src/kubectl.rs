//! The program as a plugin, `kubectl fallgate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fallgate_cli::run(std::env::args_os())
}
