use super::{Report, Standing, path};
use crate::render::{Case, CaseResult, junit};

/// A test for each rule and object: what counts has failed, what could not be
/// decided is an error, and what does not count is skipped.
pub(super) fn write(report: &Report) -> String {
    let found = report.findings.iter().map(|finding| {
        let told = format!("{}: {}", finding.severity.name(), finding.message);
        let fix = finding.fix.clone().unwrap_or_default();
        Case {
            name: finding.object.to_string(),
            class: finding.id.to_owned(),
            file: path(&finding.source).to_owned(),
            line: finding.source.line,
            result: match report.standing(finding) {
                Standing::Counts => CaseResult::Failed(told, fix),
                Standing::Undecided => CaseResult::Errored(told, fix),
                Standing::Known => CaseResult::Skipped(format!("in the baseline: {told}")),
                Standing::Below => {
                    let least = report.fail_on.name();
                    CaseResult::Skipped(format!("below --fail-on {least}: {told}"))
                }
            },
        }
    });
    let passed = report.passed.iter().map(|passed| Case {
        name: passed.object.to_string(),
        class: passed.rule.id.to_owned(),
        file: path(&passed.source).to_owned(),
        line: passed.source.line,
        result: CaseResult::Passed,
    });
    let cases: Vec<Case> = found.chain(passed).collect();
    junit(&format!("fallgate {}", report.command), &cases)
}
