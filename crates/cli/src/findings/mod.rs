//! What an audit finds, and how every audit reports it: which findings count,
//! what a baseline knows, and the formats that other programs read.

mod baseline;
mod github;
mod gitlab;
mod junit;
mod markdown;
mod rdjson;
mod sarif;
mod table;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::baseline::Baseline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Printer, Text};
use crate::wire;

/// The schema of every audit's document.
pub(crate) const SCHEMA: &str = "fallgate/audit/v1";

// The options that every audit has. This is no doc comment: clap would take one for the description of
// the command that they are part of.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// End with 1 only for findings of this severity or above
    #[arg(long, value_enum, default_value_t = Severity::Low, value_name = "SEVERITY")]
    fail_on: Severity,
    /// Do not count what this earlier `-o json` of the same audit has found; what became more severe counts again
    #[arg(long, value_name = "FILE")]
    baseline: Option<String>,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/audit/v1
    Json,
    /// SARIF 2.1.0, as GitHub code scanning and others read it
    Sarif,
    /// JUnit XML: a test for each rule and object
    Junit,
    /// Workflow commands that annotate files on GitHub
    Github,
    /// A GitLab Code Quality report
    Gitlab,
    /// Reviewdog's diagnostic format
    Rdjson,
    /// Markdown
    Md,
}

/// How much a finding matters.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    ValueEnum,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Worth knowing
    Info,
    /// To be tidied up
    Low,
    /// Not what it seems to be, or open where little is at stake
    Medium,
    /// Open
    High,
    /// Open, and to be closed now
    Critical,
}

impl Severity {
    /// Lower-case name, as printed and as in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// What formats that know three of them take it for.
    fn level(self) -> Level {
        match self {
            Severity::Info => Level::Note,
            Severity::Low | Severity::Medium => Level::Warning,
            Severity::High | Severity::Critical => Level::Error,
        }
    }
}

/// A severity where there are only three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Note,
    Warning,
    Error,
}

/// What an audit looks for.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Stable kebab-case id, and a heading of docs/AUDIT.md.
    pub(crate) id: &'static str,
    /// The severity of its findings where nothing speaks for another one.
    pub(crate) severity: Severity,
    /// What it finds, in a sentence.
    pub(crate) summary: &'static str,
}

impl Rule {
    /// Where it is described.
    fn url(&self) -> String {
        format!("{}/blob/main/docs/AUDIT.md#{}", env!("CARGO_PKG_REPOSITORY"), self.id)
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// The rule's stable kebab-case id.
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    /// A clause about the object.
    pub(crate) message: String,
    pub(crate) object: wire::Object,
    #[serde(flatten)]
    pub(crate) source: wire::Source,
    /// What shows that it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) witness: Option<Witness>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
    /// The same in every run in which the rule finds the object, whatever the file and the line:
    /// what a baseline goes by.
    pub(crate) fingerprint: String,
    /// True when the input does not tell: it counts as incomplete and not as a finding, whatever
    /// its severity, and no baseline settles it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) undecided: bool,
    /// True when the baseline has it, so that it does not count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) known: bool,
}

/// What shows that a finding is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Witness {
    pub(crate) object: wire::Object,
    #[serde(flatten)]
    pub(crate) source: wire::Source,
}

impl Finding {
    /// A finding of a rule, of its usual severity.
    pub(crate) fn new(
        rule: &'static Rule,
        object: wire::Object,
        source: wire::Source,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            id: rule.id,
            severity: rule.severity,
            message: message.into(),
            object,
            source,
            witness: None,
            fix: None,
            fingerprint: String::new(),
            undecided: false,
            known: false,
        }
    }

    /// The finding in one line, with what it is about.
    fn sentence(&self) -> String {
        format!("{}: {}", self.object, self.message)
    }

    /// The same with what to do about it, on a line of its own.
    fn paragraph(&self) -> String {
        match &self.fix {
            Some(fix) => format!("{}\n{fix}", self.sentence()),
            None => self.sentence(),
        }
    }
}

/// A rule that holds for an object.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) rule: &'static Rule,
    pub(crate) object: wire::Object,
    pub(crate) source: wire::Source,
}

/// What an audit has to say.
#[derive(Debug)]
pub(crate) struct Report {
    /// The command without the program's name, such as `audit coverage`.
    command: &'static str,
    /// What was looked for.
    rules: &'static [&'static Rule],
    /// The most severe first.
    findings: Vec<Finding>,
    passed: Vec<Passed>,
    fail_on: Severity,
    /// What a baseline takes away.
    baseline: Option<Known>,
}

/// What every audit's document has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings {
    /// The most severe first.
    findings: Vec<Finding>,
    /// Findings below this severity do not count.
    fail_on: Severity,
    /// What is not counted because it was known; present with `--baseline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Known>,
}

/// What a baseline takes away.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Known {
    file: String,
    /// How many findings it has that are still there.
    known: usize,
}

/// What a finding means for how the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It counts.
    Counts,
    /// The input does not tell.
    Undecided,
    /// The baseline has it.
    Known,
    /// It is below `--fail-on`.
    Below,
}

impl ReportArgs {
    /// Reads what the options name.
    pub(crate) fn read(&self) -> Result<Settings, Failure> {
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?;
        Ok(Settings { fail_on: self.fail_on, baseline })
    }
}

/// What decides which findings count.
#[derive(Debug)]
pub(crate) struct Settings {
    fail_on: Severity,
    baseline: Option<Baseline>,
}

impl Report {
    /// The report of an audit. Findings come in the order in which those of the
    /// same severity are shown.
    pub(crate) fn new(
        command: &'static str,
        rules: &'static [&'static Rule],
        mut findings: Vec<Finding>,
        passed: Vec<Passed>,
        settings: Settings,
    ) -> Report {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &mut findings {
            let key = baseline::key(finding);
            let times = seen.entry(key.clone()).or_default();
            *times += 1;
            finding.fingerprint =
                if *times == 1 { key } else { format!("{key}{}{times}", baseline::AGAIN) };
            finding.known = !finding.undecided
                && settings.baseline.as_ref().is_some_and(|baseline| baseline.has(finding));
        }
        findings.sort_by_key(|finding| Reverse(finding.severity));
        let known = findings.iter().filter(|finding| finding.known).count();
        Report {
            command,
            rules,
            findings,
            passed,
            fail_on: settings.fail_on,
            baseline: settings.baseline.map(|baseline| Known { file: baseline.file, known }),
        }
    }

    /// What counts is a no; what could not be decided is incomplete.
    pub(crate) fn exit(&self) -> Exit {
        let any = |standing| self.findings.iter().any(|f| self.standing(f) == standing);
        match (any(Standing::Counts), any(Standing::Undecided)) {
            (true, _) => Exit::No,
            (false, true) => Exit::Incomplete,
            (false, false) => Exit::Yes,
        }
    }

    fn standing(&self, finding: &Finding) -> Standing {
        match finding {
            f if f.undecided => Standing::Undecided,
            f if f.known => Standing::Known,
            f if f.severity < self.fail_on => Standing::Below,
            _ => Standing::Counts,
        }
    }

    fn rule(&self, finding: &Finding) -> Option<&'static Rule> {
        self.rules.iter().copied().find(|rule| rule.id == finding.id)
    }

    /// What is not known already, for formats that have no word for that.
    fn news(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.known)
    }

    /// What people are shown one by one: nothing that is known, and of what does
    /// not count nothing that is only worth knowing.
    fn listed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| match self.standing(finding) {
            Standing::Counts | Standing::Undecided => true,
            Standing::Below => finding.severity > Severity::Info,
            Standing::Known => false,
        })
    }

    /// What is there besides what is listed, a line each.
    fn unlisted(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let known = self.findings.iter().filter(|finding| finding.known).count();
        let rest = self.findings.len() - self.listed().count() - known;
        let plural = |n: usize| if n == 1 { "finding" } else { "findings" };
        if rest > 0 {
            lines.push(format!("{rest} {} of severity info; `-o json` lists all", plural(rest)));
        }
        lines.extend(self.known());
        lines
    }

    /// What a baseline takes away, said.
    fn known(&self) -> Option<String> {
        self.baseline.as_ref().map(|Known { file, known }| match known {
            1 => format!("1 finding that `{file}` has is not counted"),
            n => format!("{n} findings that `{file}` has are not counted"),
        })
    }

    /// What every audit's document has of it.
    pub(crate) fn wire(&self) -> Findings {
        Findings {
            findings: self.findings.clone(),
            fail_on: self.fail_on,
            baseline: self.baseline.clone(),
        }
    }

    /// Prints it in a format that has no place for more than findings.
    pub(crate) fn print(
        &self,
        printer: &mut Printer,
        write: fn(&Report) -> String,
    ) -> Result<(), Failure> {
        printer.raw(write(self))?;
        if let Some(known) = self.known() {
            printer.note(&Text::from(known));
        }
        Ok(())
    }
}

impl Format {
    /// How a report is written in a format that has no place for more than
    /// findings; `None` for those in which an audit shows what else it has.
    pub(crate) fn writer(self) -> Option<fn(&Report) -> String> {
        match self {
            Format::Table | Format::Json | Format::Md => None,
            Format::Sarif => Some(sarif::write),
            Format::Junit => Some(junit::write),
            Format::Github => Some(github::write),
            Format::Gitlab => Some(gitlab::write),
            Format::Rdjson => Some(rdjson::write),
        }
    }
}

/// A JSON document of another program's, for people to read too.
fn document(document: &serde_json::Value) -> String {
    format!("{document:#}\n")
}

/// A file as programs that know a checkout call it.
fn path(source: &wire::Source) -> &str {
    source.file.strip_prefix("./").unwrap_or(&source.file)
}
