use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::Duration;

use clap::Args;
use fallgate_api::{AccessGrant, AccessRequest, Phase};
use fallgate_cluster::{Followed, Refusal};
use futures::future::{Either, select};
use jiff::SignedDuration;

use super::decide::withdrawn;
use super::{PATIENCE, called, grant_of, grant_phase, outcome, phase, shown, standing};
use crate::access::{Cluster, Wanted, refused};
use crate::args::Live;
use crate::commands::access::request::prepared;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Style, Text};
use crate::stop::{Signal, Stop};
use crate::time;

/// Open a path for one command
///
/// Asks for the path, waits until it is open, runs the command, and gives the path back when the command ends, or when
/// it is told to stop by Ctrl-C or SIGTERM; if not even that works, its time ends it. The exit code is the command's.
/// Where the path does not open, the command is not run: the request is withdrawn, and this ends with 1 when it was
/// denied, expired or failed, and with 3 when nobody decided in time.
#[derive(Args, Debug)]
#[command(
    mut_arg("reason", |arg| arg.required(true)),
    after_help = "\
Examples:
  fallgate with -n shop --policy oncall-db --to shop/db --for 20m --reason build --ticket INC-7 -- make e2e"
)]
pub(crate) struct WithArgs {
    #[command(flatten)]
    wanted: Wanted,
    /// The longest to wait until it is open, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = time::duration, default_value = PATIENCE)]
    timeout: SignedDuration,
    /// The command, with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(
    live: &Live,
    args: &WithArgs,
    printer: &mut Printer,
) -> Result<ExitCode, Failure> {
    if let Some(program) = args.command.first().filter(|program| !is_there(program)) {
        return Err(Problem::new("there is no such program")
            .at(program.to_string_lossy())
            .help("nothing was asked for; name one with its path, or of PATH")
            .into());
    }
    let cluster = Cluster::open(live)?;
    let request = match prepared(&cluster, live, &args.wanted, printer)? {
        Ok(request) => request,
        Err(exit) => return Ok(exit.into()),
    };
    // From here on a signal means: end what was begun.
    let mut stop = cluster.stop()?;
    let request = cluster.create(&request)?;
    let name = called(&request.metadata);
    printer.note(&Text::new().text("requested: ").styled(Style::Strong, &name));
    let waited = wait(&cluster, &request, args.timeout, &mut stop);
    let (request, exit) = match waited {
        Ok(waited) => waited,
        Err(failure) => {
            // Whatever went wrong with waiting, nothing may open later.
            give_back(&cluster, &request, printer);
            return Err(failure);
        }
    };
    if let Some(exit) = exit {
        if phase(&request) != Phase::Pending {
            printer.note(&outcome(&cluster, &request));
        }
        if !phase(&request).is_terminal() {
            give_back(&cluster, &request, printer);
        }
        return Ok(exit);
    }
    printer.note(&outcome(&cluster, &request));
    let ran = command(&cluster, &args.command, &mut stop);
    if phase(&request) == Phase::Active {
        give_back(&cluster, &request, printer);
    }
    ran
}

/// Whether there is such a program, as far as that can be told before it runs.
fn is_there(program: &OsStr) -> bool {
    let path = Path::new(program);
    if path.components().count() != 1 || cfg!(not(unix)) {
        return path.exists() || cfg!(not(unix));
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|directory| directory.join(path).is_file())
}

/// Waits until the path is open; or how this ends where it is not.
fn wait(
    cluster: &Cluster,
    request: &AccessRequest,
    patience: SignedDuration,
    stop: &mut Stop,
) -> Result<(AccessRequest, Option<ExitCode>), Failure> {
    let name = request.metadata.name.as_deref().unwrap_or_default();
    let namespace = request.metadata.namespace.as_deref();
    let patience = Duration::try_from(patience).unwrap_or_default();
    let done = |seen: &AccessRequest| {
        matches!(phase(seen), Phase::Active | Phase::Revoking) || phase(seen).is_terminal()
    };
    let waited = cluster.run(async {
        let followed = std::pin::pin!(cluster.writer().follow(namespace, name, patience, done));
        match select(std::pin::pin!(stop.told()), followed).await {
            Either::Left((signal, _)) => Err(signal),
            Either::Right((followed, _)) => Ok(followed),
        }
    });
    match waited {
        Err(signal) => Ok((request.clone(), Some(stopped(signal)))),
        Ok(followed) => match followed {
            Ok(Followed::Done(seen)) => {
                let exit = match phase(&seen) {
                    Phase::Active | Phase::AlreadyOpen => None,
                    _ => Some(Exit::No.into()),
                };
                Ok((seen, exit))
            }
            Ok(Followed::TimeOver(seen)) => Ok((seen, Some(Exit::Incomplete.into()))),
            Ok(Followed::Gone) => {
                Err(refused(format!("waiting for `{name}`"), &Refusal::NotFound).into())
            }
            Err(refusal) => Err(refused(format!("waiting for `{name}`"), &refusal).into()),
        },
    }
}

/// As a shell tells what a signal ended.
fn stopped(signal: Signal) -> ExitCode {
    match signal {
        Signal::Interrupt => ExitCode::from(130),
        Signal::Terminate => ExitCode::from(143),
    }
}

/// How often it is looked whether the command has ended.
const LOOK: Duration = Duration::from_millis(50);
/// How long a command that was told to stop may take.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the command to its end, and says how it ended. What it is told to stop by
/// it gets, too.
fn command(cluster: &Cluster, command: &[OsString], stop: &mut Stop) -> Result<ExitCode, Failure> {
    let Some((program, args)) = command.split_first() else {
        return Err(Problem::new("there is no command to run").into());
    };
    let mut child = Command::new(program).args(args).spawn().map_err(|error| {
        Problem::new(format!("cannot be run: {error}"))
            .at(program.to_string_lossy())
            .help("the path was opened, and is given back")
    })?;
    let status = cluster.run(async {
        let ended = std::pin::pin!(ended(&mut child));
        match select(std::pin::pin!(stop.told()), ended).await {
            Either::Left((signal, _)) => Err(signal),
            Either::Right((status, _)) => Ok(status),
        }
    });
    let lost = |error| Problem::new(format!("the command cannot be waited for: {error}"));
    match status {
        Ok(status) => Ok(code(status.map_err(lost)?)),
        Err(signal) => {
            // At the terminal, Ctrl-C went to the command as well as to us.
            if signal == Signal::Terminate {
                terminate(&child);
            }
            let in_time =
                cluster.run(async { tokio::time::timeout(GRACE, ended(&mut child)).await });
            match in_time {
                Ok(status) => Ok(code(status.map_err(lost)?)),
                Err(_) => {
                    let _ = child.kill();
                    Ok(code(child.wait().map_err(lost)?))
                }
            }
        }
    }
}

async fn ended(child: &mut Child) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended meanwhile.
        let _ = kill_process(pid, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn terminate(_: &Child) {}

/// The command's exit code, or as a shell tells what signal ended it.
fn code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX));
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(Exit::Failed.code()))
}

/// How often giving back is tried, and how long it may take to be done.
const TRIES: u32 = 3;
const CLOSING: Duration = Duration::from_secs(30);

/// Gives the path back, and says what came of it.
fn give_back(cluster: &Cluster, request: &AccessRequest, printer: &mut Printer) {
    let name = called(&request.metadata);
    let mut refused = None;
    for _ in 0..TRIES {
        match withdrawn(cluster, request, Some("the command has ended")) {
            Ok(_) => {
                refused = None;
                break;
            }
            Err(failure) => refused = Some(failure),
        }
    }
    if let Some(failure) = refused {
        let end = grant_of(cluster, request).and_then(|grant| grant.status?.expires_at);
        let end = end.map_or("at the end of its time".to_owned(), |t| format!("at {}", shown(t.0)));
        let problem = Problem::new(format!("`{name}` could not be given back: {failure}"));
        printer.problem(&problem.help(format!("it closes {end}, or by `fallgate revoke`")));
        return;
    }
    let (namespace, own) = (request.metadata.namespace.as_deref(), &request.metadata.name);
    let own = own.as_deref().unwrap_or_default();
    let closed = |grant: &AccessGrant| grant_phase(grant).is_terminal();
    match cluster.try_ask(cluster.writer().follow(namespace, own, CLOSING, closed)) {
        Ok(Followed::Done(grant)) => {
            let message = grant.status.as_ref().and_then(|status| status.message.as_deref());
            printer.note(&standing(&name, grant_phase(&grant), message));
        }
        Ok(Followed::Gone) => printer.note(&Text::from(format!("withdrawn: {name}"))),
        Ok(Followed::TimeOver(_)) | Err(_) => {
            printer.note(&Text::from(format!(
                "given back: {name}; whether it is closed was not seen, `fallgate grants` tells"
            )));
        }
    }
}
