use super::Report;
use crate::failure::Failure;
use crate::output::{Printer, Style, Table, Text};

impl Report {
    /// The findings for people, after a blank line, and what is not shown of
    /// them; nothing where there is none.
    pub(crate) fn table(&self, printer: &mut Printer) -> Result<(), Failure> {
        let mut table = Table::new(["SEVERITY", "OBJECT", "FINDING", "WHERE"]);
        for finding in self.listed() {
            let severity = match finding.undecided {
                true => Text::new().styled(Style::Unsure, "unknown"),
                false => Text::new().styled(Style::Bad, finding.severity.name()),
            };
            table.row([
                severity,
                finding.object.to_string().into(),
                Text::from(&*finding.message),
                finding.source.to_string().into(),
            ]);
        }
        if !table.is_empty() {
            printer.blank()?;
            printer.table(&table)?;
        }
        for (at, line) in self.unlisted().into_iter().enumerate() {
            if at == 0 {
                printer.blank()?;
            }
            printer.line(&Text::new().styled(Style::Dim, line))?;
        }
        Ok(())
    }
}
