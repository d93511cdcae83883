use std::fmt::Write as _;

use crate::output::clean;

/// A test of a JUnit report.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What tests are grouped by.
    pub(crate) class: String,
    pub(crate) file: String,
    /// From 1, where there is one.
    pub(crate) line: Option<u32>,
    pub(crate) result: CaseResult,
}

/// How a test ended: with what, in one line, and more about it.
#[derive(Clone, Debug)]
pub(crate) enum CaseResult {
    Passed,
    Failed(String, String),
    /// It could not be decided.
    Errored(String, String),
    /// It does not count, and why.
    Skipped(String),
}

/// A JUnit report with one suite, as CI systems read it.
pub(crate) fn junit(suite: &str, cases: &[Case]) -> String {
    let count = |of: fn(&CaseResult) -> bool| cases.iter().filter(|c| of(&c.result)).count();
    let tests = cases.len();
    let failed = count(|r| matches!(r, CaseResult::Failed(..)));
    let errored = count(|r| matches!(r, CaseResult::Errored(..)));
    let skipped = count(|r| matches!(r, CaseResult::Skipped(_)));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "<testsuites tests=\"{tests}\" failures=\"{failed}\" errors=\"{errored}\">\n  \
         <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{errored}\" skipped=\"{skipped}\">",
        xml(suite)
    );
    for case in cases {
        let _ = write!(
            out,
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\"",
            xml(&case.name),
            xml(&case.class),
            xml(&case.file)
        );
        if let Some(line) = case.line {
            let _ = write!(out, " line=\"{line}\"");
        }
        let (element, message, text) = match &case.result {
            CaseResult::Passed => {
                out.push_str("/>\n");
                continue;
            }
            CaseResult::Failed(message, text) => ("failure", message, text.as_str()),
            CaseResult::Errored(message, text) => ("error", message, text.as_str()),
            CaseResult::Skipped(message) => ("skipped", message, ""),
        };
        let text: Vec<String> = text.lines().map(xml).collect();
        let _ = writeln!(
            out,
            ">\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>",
            xml(message),
            text.join("\n")
        );
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// A text as it stands in an element or an attribute.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // No part of XML 1.0, not even as a reference.
            '\u{FFFE}' | '\u{FFFF}' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_attribute() {
        assert_eq!(xml("a\"b<c>&'\n\u{ffff}"), "a&quot;b&lt;c&gt;&amp;'\u{fffd}\u{fffd}");
    }
}
