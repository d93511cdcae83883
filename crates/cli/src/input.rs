//! What is read: files, directories, standard input, git revisions and, without
//! any of them, the live cluster.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use fallgate_cluster::{Gap, LiveInput, LiveOptions};
use fallgate_manifest::{Input, InputKind};
use fallgate_model::Str;

use crate::args::{Global, Live};
use crate::failure::{Failure, Problem};

/// More bytes than this are not read from one file.
const LARGEST_FILE: u64 = 1 << 30;

/// Where to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file or a directory.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// What a path was at a git revision.
    Git {
        /// The revision, as git understands it.
        rev: String,
        /// A path from the current directory; empty for that directory.
        path: String,
    },
    /// The cluster of the current kubeconfig context.
    Live,
}

/// A text that was read.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// What diagnostics call it.
    pub(crate) name: Str,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether positions in it mean something to a user.
    pub(crate) kind: InputKind,
    /// What could not be read there.
    pub(crate) gaps: Vec<Gap>,
}

impl Source {
    /// Reads what `-f` and the operands of `diff` take.
    pub(crate) fn parse(text: &str) -> Result<Source, Problem> {
        match text {
            "-" => Ok(Source::Stdin),
            "" => Err(Problem::new("a path must not be empty")),
            "live" if !Path::new("live").exists() => Ok(Source::Live),
            _ => match text.strip_prefix("git:") {
                Some(rest) => {
                    let (rev, path) = rest.split_once(':').unwrap_or((rest, ""));
                    if rev.is_empty() || rev.starts_with('-') {
                        return Err(Problem::new(format!("`{text}` names no git revision"))
                            .help("write git:REV or git:REV:PATH, such as git:HEAD:deploy"));
                    }
                    Ok(Source::Git { rev: rev.to_owned(), path: path.to_owned() })
                }
                None => Ok(Source::Path(text.into())),
            },
        }
    }
}

impl Text {
    /// The same as the reader of manifests takes it.
    pub(crate) fn as_input(&self) -> Input<'_> {
        Input { name: self.name.clone(), text: &self.bytes, kind: self.kind }
    }

    fn file(name: impl Into<Str>, bytes: Vec<u8>) -> Text {
        Text { name: name.into(), bytes, kind: InputKind::File, gaps: Vec::new() }
    }
}

/// The sources that the options name.
pub(crate) fn sources(global: &Global) -> Result<Vec<Source>, Failure> {
    if global.filename.is_empty() {
        return Ok(vec![Source::Live]);
    }
    let mut sources = Vec::new();
    for name in &global.filename {
        let source = Source::parse(name)?;
        sources.push(source);
    }
    Ok(sources)
}

/// Reads sources. Everything that cannot be read is told, not only the first:
/// an answer from half of the input would be no answer.
pub(crate) fn read(sources: &[Source], global: &Global) -> Result<Vec<Text>, Failure> {
    let mut texts = Vec::new();
    let mut problems = Vec::new();
    for source in sources {
        match source {
            Source::Path(path) => read_path(path, global.recursive, &mut texts, &mut problems),
            Source::Stdin => {
                match stdin() {
                    Ok(bytes) => texts.push(Text::file("stdin", bytes)),
                    Err(problem) => problems.push(problem),
                };
            }
            Source::Git { rev, path } => {
                match read_git(rev, path, global.recursive) {
                    Ok(found) => texts.extend(found),
                    Err(problem) => problems.push(problem),
                };
            }
            Source::Live => match read_live(global) {
                Ok(found) => texts.extend(found),
                Err(problem) => problems.push(problem),
            },
        }
    }
    if problems.is_empty() { Ok(texts) } else { Err(problems.into()) }
}

/// Reads one file whole, for commands that take files of their own.
pub(crate) fn read_file(name: &str) -> Result<Text, Problem> {
    if name == "-" {
        return Ok(Text::file("stdin", stdin()?));
    }
    Ok(Text::file(name, read_all(Path::new(name))?))
}

/// Lists the cluster that the options name.
fn read_live(global: &Global) -> Result<Vec<Text>, Problem> {
    fallgate_cluster::read(&live_options(&global.live)).map(of_live).map_err(unreachable)
}

/// Which cluster the options name, and as whom.
pub(crate) fn live_options(live: &Live) -> LiveOptions {
    LiveOptions {
        kubeconfig: live.kubeconfig.clone(),
        context: live.context.clone(),
        impersonate: live.as_user.clone(),
        impersonate_groups: live.as_group.clone(),
        namespace: live.namespace.clone(),
        ..LiveOptions::default()
    }
}

/// Why a cluster cannot be talked to.
pub(crate) fn unreachable(error: fallgate_cluster::Error) -> Problem {
    let problem = Problem::new(error.to_string());
    problem.help(error.help())
}

/// What was listed. What could not be stands with a last text, which is empty
/// and has the context's name.
pub(crate) fn of_live(live: LiveInput) -> Vec<Text> {
    let text =
        |name: String, bytes, gaps| Text { name: name.into(), bytes, kind: InputKind::Live, gaps };
    let mut texts: Vec<Text> = (live.pages.into_iter())
        .map(|page| text(format!("{}/{}", live.context, page.resource), page.text, Vec::new()))
        .collect();
    if !live.gaps.is_empty() {
        texts.push(text(live.context, Vec::new(), live.gaps));
    }
    texts
}

/// Whether a file of a directory is read: kubectl's choice of endings.
fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
}

fn read_path(path: &Path, recursive: bool, texts: &mut Vec<Text>, problems: &mut Vec<Problem>) {
    let shown = path.display().to_string();
    match fs::metadata(path) {
        Err(error) => problems.push(cannot_read(&error).at(shown)),
        Ok(metadata) if metadata.is_dir() => {
            let before = (texts.len(), problems.len());
            let mut seen = Seen { below: false };
            read_directory(path, recursive, texts, problems, &mut seen);
            if before == (texts.len(), problems.len()) {
                let help = if seen.below && !recursive {
                    "add -R to read the directories in it too"
                } else {
                    "files must end in .yaml, .yml or .json"
                };
                problems.push(Problem::new("no manifest in this directory").at(shown).help(help));
            }
        }
        Ok(_) => match read_all(path) {
            Ok(bytes) => texts.push(Text::file(shown, bytes)),
            Err(problem) => problems.push(problem),
        },
    }
}

struct Seen {
    /// There are directories below.
    below: bool,
}

/// Reads the files of a directory, sorted. Links to files are followed and
/// links to directories are not, as kubectl has it, so there is no loop.
fn read_directory(
    path: &Path,
    recursive: bool,
    texts: &mut Vec<Text>,
    problems: &mut Vec<Problem>,
    seen: &mut Seen,
) {
    let listed = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(cannot_read(&error).at(path.display().to_string()));
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                seen.below = true;
                if recursive {
                    read_directory(&path, recursive, texts, problems, seen);
                }
            }
            Ok(kind) => {
                if !is_manifest(&entry.file_name().to_string_lossy())
                    || kind.is_symlink() && fs::metadata(&path).is_ok_and(|m| m.is_dir())
                {
                    continue;
                }
                match read_all(&path) {
                    Ok(bytes) => texts.push(Text::file(path.display().to_string(), bytes)),
                    Err(problem) => problems.push(problem),
                }
            }
            Err(error) => problems.push(cannot_read(&error).at(path.display().to_string())),
        }
    }
}

/// Opens a file. A named pipe may be named directly, as shells do for `<(…)`;
/// it is refused in a directory by the caller's listing, where it would block.
pub(crate) fn open(path: &Path) -> Result<File, Problem> {
    let shown = path.display().to_string();
    let located = |error: &io::Error| cannot_read(error).at(shown.clone());
    let metadata = fs::metadata(path).map_err(|error| located(&error))?;
    if metadata.is_dir() {
        return Err(Problem::new("it is a directory, and a file is needed here").at(shown));
    }
    if !metadata.is_file() && !shown.starts_with("/dev/") && !shown.starts_with("/proc/") {
        return Err(Problem::new("it is neither a file nor a directory")
            .at(shown)
            .help("a pipe is read as standard input, which is called `-`"));
    }
    File::open(path).map_err(|error| located(&error))
}

/// All of a file.
fn read_all(path: &Path) -> Result<Vec<u8>, Problem> {
    bounded(&mut open(path)?, &path.display().to_string())
}

/// Reads standard input, which has nothing left for a second reader.
fn stdin() -> Result<Vec<u8>, Problem> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Problem::new("standard input can be read only once")
            .help("name a file in place of one of the `-`"));
    }
    bounded(&mut io::stdin().lock(), "stdin")
}

fn bounded(reader: &mut dyn Read, shown: &str) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(LARGEST_FILE + 1);
    limited.read_to_end(&mut bytes).map_err(|error| cannot_read(&error).at(shown))?;
    if bytes.len() as u64 > LARGEST_FILE {
        let limit = LARGEST_FILE >> 20;
        return Err(Problem::new(format!("it is larger than {limit} MiB"))
            .at(shown)
            .help("split it into several files"));
    }
    Ok(bytes)
}

pub(crate) fn cannot_read(error: &io::Error) -> Problem {
    // `No such file or directory (os error 2)`: the number helps nobody.
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut first = text.chars();
    let lower: String =
        first.next().map(|c| c.to_lowercase().chain(first).collect()).unwrap_or_default();
    let help = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            "name a file or a directory that is there; paths start at the current directory"
        }
        io::ErrorKind::PermissionDenied => "the user who runs this must be allowed to read it",
        _ => "",
    };
    Problem::new(format!("cannot be read: {lower}")).help(help)
}

/// Reads the manifests that a path had at a revision.
fn read_git(rev: &str, path: &str, recursive: bool) -> Result<Vec<Text>, Problem> {
    let prefix = if path.is_empty() { format!("git:{rev}") } else { format!("git:{rev}:{path}") };
    let fail = |message: String| Problem::new(message).at(prefix.clone());
    let wanted = path.trim_end_matches('/');
    let pathspec = if wanted.is_empty() { "." } else { wanted };
    let listing = git(&["ls-tree", "-r", "-z", rev, "--", pathspec]).map_err(&fail)?;
    let mut files = Vec::new();
    let mut below = false;
    for entry in listing.split(|b| *b == 0).filter(|e| !e.is_empty()) {
        let entry = String::from_utf8_lossy(entry);
        let Some((meta, name)) = entry.split_once('\t') else { continue };
        let mut meta = meta.split(' ');
        let (mode, kind, id) = (meta.next(), meta.next(), meta.next());
        // A symbolic link's blob is the path it leads to; submodules have no blob.
        if mode == Some("120000") || kind != Some("blob") {
            continue;
        }
        let exact = name == wanted;
        let inner = name.strip_prefix(wanted).unwrap_or(name).trim_start_matches('/');
        if !exact && inner.contains('/') && !recursive {
            below = true;
            continue;
        }
        if let Some(id) = id
            && (exact || is_manifest(name))
        {
            files.push((id.to_owned(), name.to_owned()));
        }
    }
    if files.is_empty() {
        let help = if below {
            "add -R to read the directories in it too"
        } else {
            "the path must be there at that revision and hold files that end in .yaml, .yml or .json"
        };
        return Err(fail("no manifest there".to_owned()).help(help));
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    cat_files(rev, &files).map_err(|error| fail(format!("git cat-file: {error}")))
}

fn cat_files(rev: &str, files: &[(String, String)]) -> io::Result<Vec<Text>> {
    let mut child = Command::new("git")
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let broken = || io::Error::other("it did not answer as expected");
    let (Some(mut ask), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(broken());
    };
    let mut answers = BufReader::new(answers);
    let mut texts = Vec::new();
    // One question at a time: neither side can fill a pipe that the other does not empty.
    for (id, name) in files {
        writeln!(ask, "{id}")?;
        ask.flush()?;
        let mut header = String::new();
        answers.read_line(&mut header)?;
        let size: u64 =
            header.trim_end().rsplit(' ').next().and_then(|s| s.parse().ok()).ok_or_else(broken)?;
        if size > LARGEST_FILE {
            return Err(io::Error::other(format!("`{name}` is too large")));
        }
        let mut bytes = Vec::new();
        answers.by_ref().take(size).read_to_end(&mut bytes)?;
        answers.read_exact(&mut [0])?;
        texts.push(Text::file(format!("git:{rev}:{name}"), bytes));
    }
    drop(ask);
    child.wait()?;
    Ok(texts)
}

fn git(args: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("git")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_start_matches("fatal: ");
    Err(format!("git: {}", said.lines().next().unwrap_or("failed")))
}
