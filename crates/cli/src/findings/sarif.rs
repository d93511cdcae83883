use serde_json::{Value, json};

use super::baseline::encoded;
use super::{Finding, Level, Report, Rule, path};
use crate::wire;

/// A log of SARIF 2.1.0 with one run. It has no `automationDetails`: who
/// uploads it says which category it belongs to.
pub(super) fn write(report: &Report) -> String {
    let rules: Vec<Value> = report.rules.iter().copied().map(rule).collect();
    let results: Vec<Value> = report.findings.iter().map(|f| result(report, f)).collect();
    super::document(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "fallgate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": text(rule.summary)},
        "fullDescription": {"text": text(&format!("{}.", rule.summary))},
        "helpUri": rule.url(),
        "help": {"text": format!("See {}", rule.url())},
        "defaultConfiguration": {"level": level(rule.severity.level())},
        "properties": {"tags": ["security"]},
    })
}

fn result(report: &Report, finding: &Finding) -> Value {
    let index = report.rules.iter().position(|rule| rule.id == finding.id);
    let mut result = json!({
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": level(finding.severity.level()),
        "message": {"text": text(&finding.paragraph())},
        "locations": [location(&finding.object, &finding.source)],
        // Not under `primaryLocationLineHash`: GitHub has that to itself.
        "partialFingerprints": {"fallgate/v1": finding.fingerprint},
        "properties": {"severity": finding.severity.name(), "undecided": finding.undecided},
    });
    if report.baseline.is_some() {
        result["baselineState"] = json!(if finding.known { "unchanged" } else { "new" });
    }
    if let Some(witness) = &finding.witness {
        let mut related = location(&witness.object, &witness.source);
        related["message"] = json!({"text": text(&witness.object.to_string())});
        result["relatedLocations"] = json!([related]);
    }
    result
}

fn location(object: &wire::Object, source: &wire::Source) -> Value {
    let file = path(source);
    // A relative one is looked up where the reader has the checkout.
    let artifact = if file.starts_with('/') {
        json!({"uri": format!("file://{}", encoded(file, "/"))})
    } else {
        json!({"uri": encoded(file, "/"), "uriBaseId": "%SRCROOT%"})
    };
    let mut physical = json!({"artifactLocation": artifact});
    if let Some(line) = source.line {
        physical["region"] = match source.column {
            Some(column) => json!({"startLine": line, "startColumn": column}),
            None => json!({"startLine": line}),
        };
    }
    json!({
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": object.to_string(), "kind": "resource"}],
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// A message in which no name is a link (SARIF 2.1.0, §3.11.6) or a placeholder
/// (§3.11.5).
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | ']' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_link_or_a_placeholder() {
        assert_eq!(text("[a](https://b) {0}"), "\\[a\\](https://b) {{0}}");
    }
}
