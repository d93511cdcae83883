use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use fallgate_engine::Verdict;

/// What a piece of text is; colour follows from it and never says more than the
/// text does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    #[default]
    Plain,
    /// What the reader looks for.
    Strong,
    /// What the reader may skip.
    Dim,
    /// Allowed, passed, opened as meant.
    Good,
    /// Denied, failed.
    Bad,
    /// Unknown, incomplete.
    Unsure,
    /// The word `error`.
    Error,
    /// The word `warning`.
    Warning,
    /// The word `help`.
    Help,
}

impl Style {
    fn ansi(self) -> Ansi {
        let color = |c: AnsiColor| Ansi::new().fg_color(Some(c.into()));
        match self {
            Style::Plain => Ansi::new(),
            Style::Strong => Ansi::new().bold(),
            Style::Dim => Ansi::new().dimmed(),
            Style::Good => color(AnsiColor::Green),
            Style::Bad => color(AnsiColor::Red),
            Style::Unsure => color(AnsiColor::Yellow),
            Style::Error => color(AnsiColor::Red).bold(),
            Style::Warning => color(AnsiColor::Yellow).bold(),
            Style::Help => color(AnsiColor::Cyan),
        }
    }
}

impl From<Verdict> for Style {
    fn from(verdict: Verdict) -> Style {
        match verdict {
            Verdict::Allowed => Style::Good,
            Verdict::Denied => Style::Bad,
            Verdict::Unknown => Style::Unsure,
        }
    }
}

/// A line of text in styled pieces. What goes in is cleaned, so that no name in
/// a cluster can move the cursor or reorder what is shown around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text(Vec<(Style, String)>);

impl Text {
    pub(crate) fn new() -> Text {
        Text::default()
    }

    /// Adds plain text.
    #[must_use]
    pub(crate) fn text(self, text: impl AsRef<str>) -> Text {
        self.styled(Style::Plain, text)
    }

    /// Adds styled text.
    #[must_use]
    pub(crate) fn styled(mut self, style: Style, text: impl AsRef<str>) -> Text {
        self.0.push((style, clean(text.as_ref()).into_owned()));
        self
    }

    /// How many columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// Writes it without a line break.
    pub(crate) fn write_inline(&self, out: &mut dyn Write, color: bool) -> io::Result<()> {
        for (style, text) in &self.0 {
            if color && *style != Style::Plain {
                let ansi = style.ansi();
                write!(out, "{}{text}{}", ansi.render(), ansi.render_reset())?;
            } else {
                out.write_all(text.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Writes it as a line.
    pub(crate) fn write(&self, out: &mut dyn Write, color: bool) -> io::Result<()> {
        self.write_inline(out, color)?;
        out.write_all(b"\n")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::new().text(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::new().text(text)
    }
}

/// The text with control characters and characters that reorder a line replaced.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}')
    };
    if text.chars().any(bad) {
        Cow::Owned(
            text.chars().map(|c| if bad(c) { char::REPLACEMENT_CHARACTER } else { c }).collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_moves_the_cursor() {
        let text = Text::new().text("a\u{1b}[2Jb").text("c\u{202e}d\ne");
        let mut out = Vec::new();
        text.write(&mut out, true).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\u{fffd}[2Jbc\u{fffd}d\u{fffd}e\n");
    }
}
