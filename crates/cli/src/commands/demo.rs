use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use fallgate_demo::live::Live;
use fallgate_demo::story::{self, Step};
use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Style, Text};
use crate::stop::Stop;
use crate::time;
use crate::wire;

/// Try everything on a small shop, in a cluster inside of this program
///
/// A simulated Kubernetes API server on this machine, with the shop of examples/shop, Fallgate's controller, a rota, a
/// ticket, and people who may do different things. It stays up, for fallgate and kubectl, until it is interrupted. With
/// --script it plays the whole life of temporary access in virtual time instead, says what each step proves, and ends
/// with 1 when one does not hold. No container, no network but loopback, and nothing of yours is read or changed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate demo
  fallgate demo --script")]
pub(crate) struct DemoArgs {
    /// Play the story and end
    #[arg(long)]
    script: bool,
    /// The port of loopback to listen on; without it, any that is free
    #[arg(
        long,
        value_name = "PORT",
        conflicts_with = "script",
        default_value_t,
        hide_default_value = true
    )]
    port: u16,
    /// Where to write the kubeconfig, which is removed at the end; without it, beside the record
    #[arg(long, value_name = "FILE", conflicts_with = "script")]
    kubeconfig_out: Option<PathBuf>,
    /// The output format of --script
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, requires = "script")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// A document; its schema is fallgate/demo/v1
    Json,
}

/// `fallgate demo --script -o json`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Told {
    schema: &'static str,
    /// Whether every step holds.
    holds: bool,
    steps: Vec<Scene>,
    /// What is worth knowing besides.
    diagnostics: Vec<wire::Diagnostic>,
}

/// A step of the story.
#[derive(Serialize, JsonSchema)]
struct Scene {
    number: usize,
    /// When it began, by the cluster's clock, in RFC 3339.
    at: String,
    title: String,
    /// Commands that do the same in a demo that stays up.
    commands: Vec<String>,
    /// What was seen.
    seen: Vec<String>,
    /// What that proves.
    proves: String,
    holds: bool,
    /// Why it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
}

const SCHEMA: &str = "fallgate/demo/v1";

pub(crate) fn run(args: &DemoArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().map_err(|error| cannot("start", &error))?;
    match args.script {
        true => runtime.block_on(script(args.output, printer)),
        false => runtime.block_on(stay(args, printer)),
    }
}

fn cannot(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("the demo cannot {what}: {error}"))
}

async fn script(format: Format, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut printed = Ok(());
    let mut tell = |step: &Step| {
        if format == Format::Text && printed.is_ok() {
            printed = show(step, printer);
        }
    };
    let steps = story::play(&mut tell).await.map_err(|wrong| cannot("start", &wrong))?;
    printed?;
    let wrong = steps.iter().find_map(|step| Some((step, step.wrong.as_ref()?)));
    match format {
        Format::Json => printer.json(&Told {
            schema: SCHEMA,
            holds: wrong.is_none(),
            steps: steps.iter().map(Scene::from).collect(),
            diagnostics: Vec::new(),
        })?,
        Format::Text if wrong.is_none() => {
            let count = format!("{} steps, and each holds", steps.len());
            printer.line(&Text::new().styled(Style::Good, count))?;
        }
        Format::Text => {}
    }
    match wrong {
        None => Ok(Exit::Yes),
        Some((step, wrong)) => {
            printer.finish()?;
            let what = format!("step {} does not hold: {wrong}", step.number);
            printer.problem(&Problem::new(what).help("this is a bug: please tell us about it"));
            Ok(Exit::No)
        }
    }
}

fn show(step: &Step, printer: &mut Printer) -> Result<(), Failure> {
    let time = step.at.to_string();
    let time = time.get(11..19).unwrap_or_default();
    let number = format!("{:>2}  ", step.number);
    let title = Text::new().styled(Style::Dim, number).styled(Style::Strong, &step.title);
    printer.line(&title.styled(Style::Dim, format!("  {time}")))?;
    for command in &step.commands {
        for (at, line) in command.split('\n').enumerate() {
            let prompt = if at == 0 { "    $ " } else { "    " };
            printer.line(&Text::new().text(prompt).styled(Style::Help, line))?;
        }
    }
    for line in &step.seen {
        for (at, part) in wrapped(line).into_iter().enumerate() {
            let indent = if at == 0 { "      " } else { "        " };
            printer.line(&Text::new().text(indent).text(part))?;
        }
    }
    let (style, sign, said) = match &step.wrong {
        None => (Style::Good, "    => ", &step.proves),
        Some(wrong) => (Style::Bad, "    does not hold: ", wrong),
    };
    for (at, part) in wrapped(said).into_iter().enumerate() {
        let start = if at == 0 { sign } else { "       " };
        printer.line(&Text::new().styled(style, start).text(part))?;
    }
    printer.blank()?;
    printer.finish()
}

/// A sentence in lines that fit.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 88;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl From<&Step> for Scene {
    fn from(step: &Step) -> Scene {
        Scene {
            number: step.number,
            at: step.at.to_string(),
            title: step.title.clone(),
            commands: step.commands.clone(),
            seen: step.seen.clone(),
            proves: step.proves.clone(),
            holds: step.wrong.is_none(),
            wrong: step.wrong.clone(),
        }
    }
}

/// What is on disk while the demo is up, and goes with it.
struct Files {
    directory: PathBuf,
    kubeconfig: PathBuf,
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be removed opens nothing: its tokens have ended.
        let _ = fs::remove_file(&self.kubeconfig);
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// What a kubeconfig of ours starts with, which may be overwritten.
const MARK: &str = "# Written by `fallgate demo`; of no use when that has ended.\n";

impl Files {
    fn new(kubeconfig: Option<&Path>) -> Result<Files, Problem> {
        let directory = std::env::temp_dir().join(format!("fallgate-demo-{}", std::process::id()));
        let kubeconfig = kubeconfig.map_or_else(|| directory.join("kubeconfig"), Path::to_path_buf);
        if let Ok(there) = fs::read(&kubeconfig)
            && !there.starts_with(MARK.as_bytes())
        {
            return Err(Problem::new("this file is there, and is not the demo's to overwrite")
                .at(kubeconfig.display().to_string())
                .help("name a new file with --kubeconfig-out"));
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&directory).map_err(|error| {
            Problem::new(format!("cannot be made: {error}"))
                .at(directory.display().to_string())
                .help("the demo keeps its record there; TMPDIR says where else")
        })?;
        Ok(Files { directory, kubeconfig })
    }

    fn record(&self) -> PathBuf {
        self.directory.join("record.jsonl")
    }

    /// Writes the kubeconfig, with its tokens, for its owner alone.
    fn write(&self, kubeconfig: &str) -> Result<(), Problem> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&self.kubeconfig)
            .and_then(|mut file| file.write_all(format!("{MARK}{kubeconfig}\n").as_bytes()));
        written.map_err(|error| {
            Problem::new(format!("cannot be written: {error}"))
                .at(self.kubeconfig.display().to_string())
                .help("name another file with --kubeconfig-out")
        })
    }
}

async fn stay(args: &DemoArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut told = Stop::listen()?;
    let files = Files::new(args.kubeconfig_out.as_deref())?;
    let live = Live::new(time::now(), args.port, files.record()).await.map_err(|wrong| {
        cannot("start", &wrong).help("name another port with --port, or none for one that is free")
    })?;
    files.write(&live.kubeconfig())?;
    welcome(&live, &files, printer)?;
    let stop = Arc::new(tokio::sync::Notify::new());
    let until = async {
        told.told().await;
        stop.notify_one();
    };
    futures::future::join(until, live.run(stop.clone())).await;
    if io::stderr().is_terminal() {
        printer.note(&Text::from("the demo is over, and its files are removed"));
    }
    Ok(Exit::Yes)
}

/// What to try next; every line of it works.
fn welcome(live: &Live, files: &Files, printer: &mut Printer) -> Result<(), Failure> {
    let at = format!("https://{}", live.address());
    let up = Text::new().text("the shop is up at ").styled(Style::Strong, at);
    printer.line(&up.text("; Ctrl-C ends it"))?;
    printer.blank()?;
    let about = [
        ("kubeconfig", files.kubeconfig.display().to_string()),
        ("record", files.record().display().to_string()),
        (
            "contexts",
            "alice requests, bob decides, carol audits, mallory may nothing, admin all".to_owned(),
        ),
    ];
    for (label, text) in about {
        let line = Text::new().text("  ").styled(Style::Dim, format!("{label:<11}"));
        printer.line(&line.text(text))?;
    }
    printer.blank()?;
    printer.line(&Text::from("in another terminal:"))?;
    printer.blank()?;
    let mut lines = Vec::new();
    if let Some(program) = elsewhere() {
        lines.push(format!("alias fallgate={}", quoted(&program)));
    }
    lines.push(format!("export KUBECONFIG={}", quoted(&files.kubeconfig)));
    let record = quoted(&files.record());
    lines.extend(TRY.iter().map(|line| line.replace("RECORD", &record)));
    for line in lines {
        let text = Text::new().text(if line.is_empty() { "" } else { "  " });
        printer.line(&text.styled(Style::Help, line))?;
    }
    printer.finish()
}

const TRY: &[&str] = &[
    "",
    "fallgate can oncall-tools/debug shop/db 5432 --context alice",
    "fallgate request -n shop --policy oncall-db --from oncall-tools/debug --to shop/db \\",
    "  --for 5m --reason 'slow queries' --ticket INC-7 --context alice",
    "fallgate requests --can-approve -A --context bob",
    "fallgate approve -n shop \"$(fallgate requests -n shop --can-approve -o name --context bob)\" \\",
    "  --reason 'seen with alice' --context bob",
    "fallgate grants -A --context carol",
    "fallgate can oncall-tools/debug shop/db 5432 --context alice",
    "kubectl --context carol get access -A",
    "kubectl --context admin -n shop get jobs,networkpolicies",
    "fallgate panic --reason 'that is enough' --context admin",
    "fallgate ledger show RECORD",
];

/// The program's path, where its name alone does not run it.
fn elsewhere() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let named = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join("fallgate"))
        .find(|path| path.is_file());
    let same = named.and_then(|path| path.canonicalize().ok()) == program.canonicalize().ok();
    (!same).then_some(program)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+');
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
