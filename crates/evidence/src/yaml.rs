//! Our own forms, in YAML or JSON, with the line of everything in them.

use serde::de::DeserializeOwned;
use serde_saphyr::{MessageFormatter, Spanned, UserMessageFormatter};

use crate::answer::Wrong;

/// Reads a text as a value; what the value does not know is refused.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Wrong> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let line = error.location().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
        Wrong::at(line, UserMessageFormatter.format_message(error))
    })
}

/// Something wrong with a value.
pub(crate) fn wrong<T>(at: &Spanned<T>, message: impl AsRef<str>) -> Wrong {
    Wrong::at(usize::try_from(at.referenced.line()).unwrap_or(0), message)
}
