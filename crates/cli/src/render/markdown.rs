use crate::output::clean;

/// A text from a cluster as a code span in a cell of a Markdown table: nothing
/// in it ends the span, the cell or the line.
pub(crate) fn code(text: &str) -> String {
    let text = clean(text).replace('`', "'").replace('|', "\\|");
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_span() {
        assert_eq!(code("a`b|c\n<d>"), "`a'b\\|c\u{fffd}<d>`");
    }
}
