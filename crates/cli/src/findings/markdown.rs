use std::io::{self, Write};

use super::Report;
use crate::render::code;

impl Report {
    /// The same as [`Report::table`] as Markdown.
    pub(crate) fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        for (at, finding) in self.listed().enumerate() {
            if at == 0 {
                writeln!(
                    out,
                    "\n| Severity | Object | Finding | Where |\n| --- | --- | --- | --- |"
                )?;
            }
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                if finding.undecided { "unknown" } else { finding.severity.name() },
                code(&finding.object.to_string()),
                code(&finding.message),
                code(&finding.source.to_string())
            )?;
        }
        for line in self.unlisted() {
            // The backticks of ours are code spans; a name in between has none.
            let spans = line.split('`').enumerate();
            let line: String = spans
                .map(|(at, part)| if at % 2 == 1 { code(part) } else { part.to_owned() })
                .collect();
            writeln!(out, "\n{line}")?;
        }
        Ok(())
    }
}
