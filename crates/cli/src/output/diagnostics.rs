use fallgate_model::{Diagnostic, Severity, Sources};

use super::{Printer, Style, Text};

impl Printer {
    /// Shows what is wrong with the input, on standard error: message, place,
    /// the line itself where it is at hand, and what to do.
    pub(crate) fn diagnostics<'t>(
        &mut self,
        diagnostics: &[Diagnostic],
        sources: &Sources,
        text_of: impl Fn(&str) -> Option<&'t [u8]>,
    ) {
        /// More than this nobody reads.
        const MOST: usize = 50;
        let shown = diagnostics.iter().filter(|d| d.severity > Severity::Note);
        let count = shown.clone().count();
        for diagnostic in shown.clone().take(MOST) {
            self.diagnostic(diagnostic, sources, &text_of);
        }
        if count > MOST {
            // Of an input with very many the reader keeps only the first itself.
            let lists = match shown.clone().any(|d| d.id == "more-diagnostics") {
                true => "lists more of them",
                false => "lists all",
            };
            self.note(&Text::from(format!("… and {} more; `-o json` {lists}", count - MOST)));
        }
    }

    fn diagnostic<'t>(
        &mut self,
        d: &Diagnostic,
        sources: &Sources,
        text_of: &impl Fn(&str) -> Option<&'t [u8]>,
    ) {
        let style = match d.severity {
            Severity::Error => Style::Error,
            Severity::Warning => Style::Warning,
            Severity::Note => Style::Help,
        };
        self.note(
            &Text::new()
                .styled(style, format!("{}[{}]", d.severity.name(), d.id))
                .text(": ")
                .styled(Style::Strong, &d.message),
        );
        let mut place = Text::new().styled(Style::Dim, "  --> ").text(sources.locate(d.origin));
        let object = d.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let about: Vec<&str> =
            [object.as_str(), d.field.as_str()].into_iter().filter(|s| !s.is_empty()).collect();
        if !about.is_empty() {
            place = place.text(format!(" ({})", about.join(", ")));
        }
        self.note(&place);
        if let Some(line) = text_of(sources.name(d.origin.source))
            .and_then(|text| line(text, d.origin.line as usize))
        {
            let number = d.origin.line.to_string();
            let gutter = " ".repeat(number.len());
            self.note(&Text::new().styled(Style::Dim, format!("{number} | ")).text(&line));
            let indent = " ".repeat((d.origin.column as usize).saturating_sub(1));
            if indent.len() <= line.chars().count() {
                let caret = Text::new().styled(Style::Dim, format!("{gutter} | "));
                self.note(&caret.text(indent).styled(style, "^"));
            }
        }
        if !d.help.is_empty() {
            self.note(&Text::new().styled(Style::Help, "  help").text(": ").text(&d.help));
        }
    }
}

/// A line of a text by its number, from 1, if it is one to show.
fn line(text: &[u8], number: usize) -> Option<String> {
    const LONGEST: usize = 160;
    let line = text.split(|b| *b == b'\n').nth(number.checked_sub(1)?)?;
    let line = std::str::from_utf8(line).ok()?.trim_end();
    (line.len() <= LONGEST && !line.is_empty()).then(|| line.replace('\t', " "))
}
