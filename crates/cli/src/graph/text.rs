//! Text from a cluster on its way into a picture: escaping for each format.

use crate::output::clean;

/// For XML and HTML, in text and in quoted attributes.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The first `max` characters that tell most: the middle gives way to `…`.
pub(super) fn shorten(text: &str, max: usize) -> String {
    let text = clean(text);
    let count = text.chars().count();
    if count <= max {
        return text.into_owned();
    }
    let head = (max - 1) * 2 / 3;
    let tail = max - 1 - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_has_no_markup_left() {
        assert_eq!(xml("a\u{1b}b\u{202e}c"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(xml("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
    }

    #[test]
    fn the_middle_gives_way() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghijk", 10), "abcdef…ijk");
    }
}
