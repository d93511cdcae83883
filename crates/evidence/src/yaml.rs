//! Our own forms, in YAML or JSON, with the line of everything in them.

use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

use crate::answer::Wrong;

/// Reads a text as a value; what the value does not know is refused.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Wrong> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let line = error.location().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
        let said = error.to_string();
        // The position stands before the message, and not in it, too.
        let first = said.lines().next().unwrap_or_default();
        let first = first.split(" at line ").next().unwrap_or(first);
        let first = first.strip_prefix("error: ").unwrap_or(first);
        let first = match first.split_once(": ") {
            Some((before, rest)) if before.starts_with("line ") => rest,
            _ => first,
        };
        Wrong::at(line, first)
    })
}

/// Something wrong with a value.
pub(crate) fn wrong<T>(at: &Spanned<T>, message: impl Into<String>) -> Wrong {
    Wrong::at(usize::try_from(at.referenced.line()).unwrap_or(0), message)
}
