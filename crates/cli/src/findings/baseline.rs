use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Finding, Severity};
use crate::failure::{Failure, Problem};
use crate::input;

/// Findings of an earlier run, which do not count again.
#[derive(Debug)]
pub(super) struct Baseline {
    /// Where it was read.
    pub(super) file: String,
    /// The severity that each had, by fingerprint.
    findings: BTreeMap<String, Severity>,
}

/// What is read of an earlier document.
#[derive(Deserialize)]
struct Document {
    schema: String,
    findings: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    fingerprint: String,
    severity: Severity,
    /// What was not decided then is not known now.
    #[serde(default)]
    undecided: bool,
}

impl Baseline {
    pub(super) fn read(file: &str) -> Result<Baseline, Failure> {
        let text = input::read_file(file)?;
        let wrong = |why: String| {
            Problem::new(format!("it is no document of `fallgate audit`: {why}"))
                .at(file)
                .help("write one with the same audit's `-o json`")
        };
        let document: Document =
            serde_json::from_slice(&text.bytes).map_err(|error| wrong(error.to_string()))?;
        if document.schema != super::SCHEMA {
            return Err(wrong(format!("its schema is `{}`", document.schema)).into());
        }
        let findings = document.findings.into_iter().filter(|recorded| !recorded.undecided);
        Ok(Baseline {
            file: text.name.to_string(),
            findings: findings.map(|r| (r.fingerprint, r.severity)).collect(),
        })
    }

    /// Whether it has a finding, at least as severe as it is now.
    pub(super) fn has(&self, finding: &Finding) -> bool {
        self.findings.get(&finding.fingerprint).is_some_and(|then| *then >= finding.severity)
    }
}

/// What stands between a key and how many times it has been found.
pub(super) const AGAIN: char = '#';

/// What a finding is recognised by: its rule and its object, and neither file
/// nor line. It is written out and no hash of it is taken, so that no name can
/// be made to pass for another one.
pub(super) fn key(finding: &Finding) -> String {
    let object = &finding.object;
    let parts = [&object.namespace, &object.kind, &object.name].map(|part| encoded(part, ""));
    format!("{}:{}", finding.id, parts.join("/"))
}

/// A text with every byte percent-encoded that a part of a URI may not have
/// (RFC 3986, `unreserved`) and that is not among `also`.
pub(super) fn encoded(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || also.contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_passes_for_another() {
        assert_eq!(encoded("db-0.prod_a~", ""), "db-0.prod_a~");
        assert_eq!(encoded("a/b:c#2%2F é\n", "/"), "a/b%3Ac%232%252F%20%C3%A9%0A");
    }
}
