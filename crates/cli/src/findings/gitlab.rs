use serde_json::{Value, json};

use super::{Report, Severity, path};

/// A Code Quality report. GitLab compares it with that of the target branch by
/// the fingerprints.
pub(super) fn write(report: &Report) -> String {
    let issues = report.news().map(|finding| {
        json!({
            "description": finding.paragraph(),
            "check_name": finding.id,
            "fingerprint": finding.fingerprint,
            "severity": match finding.severity {
                Severity::Info => "info",
                Severity::Low => "minor",
                Severity::Medium => "major",
                Severity::High => "critical",
                Severity::Critical => "blocker",
            },
            // The format demands a line, also of what has none.
            "location": {
                "path": path(&finding.source),
                "lines": {"begin": finding.source.line.unwrap_or(1)},
            },
        })
    });
    super::document(&Value::Array(issues.collect()))
}
