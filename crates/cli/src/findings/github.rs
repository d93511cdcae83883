use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Level, Report, path};
use crate::output::clean;

/// Workflow commands, a line each, which become annotations. Of each level
/// GitHub shows ten a step, so the most severe stand first.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    for finding in report.news() {
        let command = match finding.severity.level() {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let _ = write!(out, "::{command} ");
        // What has no line is no file of the checkout.
        if let Some(line) = finding.source.line {
            let _ = write!(out, "file={},line={line},", property(path(&finding.source)));
            if let Some(column) = finding.source.column {
                let _ = write!(out, "col={column},");
            }
        }
        let _ = writeln!(out, "title={}::{}", property(finding.id), data(&finding.paragraph()));
    }
    out
}

/// What stands behind `::`.
fn data(text: &str) -> String {
    let escaped = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    // A log is read in terminals too.
    match clean(&escaped) {
        Cow::Borrowed(_) => escaped,
        Cow::Owned(cleaned) => cleaned,
    }
}

/// A value before it, where `:` and `,` have a meaning too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(data("a%b\r\n::error::c"), "a%25b%0D%0A::error::c");
        assert_eq!(property("a,b=::c\u{1b}[2J"), "a%2Cb=%3A%3Ac\u{fffd}[2J");
    }
}
