use std::io::{self, Write};

use crate::output::clean;

/// Writes comma-separated values (RFC 4180) with Unix line ends.
pub(crate) struct Csv<'w> {
    out: &'w mut dyn Write,
    started: bool,
}

impl<'w> Csv<'w> {
    pub(crate) fn new(out: &'w mut dyn Write) -> Csv<'w> {
        Csv { out, started: false }
    }

    /// Writes one field of the current record.
    pub(crate) fn field(&mut self, text: &str) -> io::Result<()> {
        if self.started {
            self.out.write_all(b",")?;
        }
        self.started = true;
        self.out.write_all(escape(text).as_bytes())
    }

    /// Writes fields that are escaped already, as [`escape`] does, and commas
    /// between them.
    pub(crate) fn raw(&mut self, fields: &str) -> io::Result<()> {
        if self.started {
            self.out.write_all(b",")?;
        }
        self.started = true;
        self.out.write_all(fields.as_bytes())
    }

    /// Ends the record.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.started = false;
        self.out.write_all(b"\n")
    }
}

/// A field as it is written. No field of ours starts with what a spreadsheet
/// takes for a formula; one that does came from a hostile name and gets a quote.
pub(crate) fn escape(text: &str) -> String {
    let text = clean(text);
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = if formula { format!("'{text}") } else { text.into_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_to_themselves() {
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out);
        for text in ["shop", "a,b", "say \"x\"", "=cmd()", "a\nb", ""] {
            csv.field(text).unwrap();
        }
        csv.end().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "shop,\"a,b\",\"say \"\"x\"\"\",'=cmd(),a\u{fffd}b,\n"
        );
    }
}
