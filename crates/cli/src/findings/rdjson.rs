use serde_json::{Value, json};

use super::{Level, Report, path};

/// Reviewdog's `DiagnosticResult`.
pub(super) fn write(report: &Report) -> String {
    let diagnostics = report.news().map(|finding| {
        let mut location = json!({"path": path(&finding.source)});
        // No column: this format counts bytes, and ours are characters.
        if let Some(line) = finding.source.line {
            location["range"] = json!({"start": {"line": line}});
        }
        json!({
            "message": finding.paragraph(),
            "location": location,
            "severity": match finding.severity.level() {
                Level::Error => "ERROR",
                Level::Warning => "WARNING",
                Level::Note => "INFO",
            },
            "code": {"value": finding.id, "url": report.rule(finding).map(super::Rule::url)},
        })
    });
    let diagnostics: Vec<Value> = diagnostics.collect();
    super::document(&json!({
        "source": {"name": "fallgate", "url": env!("CARGO_PKG_REPOSITORY")},
        "diagnostics": diagnostics,
    }))
}
