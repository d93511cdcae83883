//! Regular expressions of the API server, which are RE2's.

use regex::{Regex, RegexBuilder};

/// What a compiled pattern may take of memory, in bytes.
const SIZE: usize = 1 << 20;

/// Compiles a pattern that means what it means to RE2.
///
/// The crate `regex` is made after RE2. What differs: `\d`, `\w`, `\s` and `\b`
/// are about ASCII in RE2 and about Unicode in the crate, and the crate knows
/// sets of characters within sets (`[a[b]]`, `[a&&b]`), which are plain
/// characters to RE2.
pub(crate) fn pattern(source: &str) -> Result<Regex, String> {
    let translated = translate(source)?;
    RegexBuilder::new(&translated).size_limit(SIZE).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("`{source}` is too large when compiled"),
        // The last line says what is wrong; those above show where, in a drawing.
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("`{source}`: {}", last.trim_start_matches("error: "))
        }
    })
}

fn translate(source: &str) -> Result<String, String> {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    let mut in_set = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match (chars.next(), in_set) {
                (Some('d'), true) => out.push_str("0-9"),
                (Some('w'), true) => out.push_str("0-9A-Za-z_"),
                (Some('s'), true) => out.push_str(r"\t\n\f\r "),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('w'), false) => out.push_str("[0-9A-Za-z_]"),
                (Some('s'), false) => out.push_str(r"[\t\n\f\r ]"),
                (Some('D'), false) => out.push_str("[^0-9]"),
                (Some('W'), false) => out.push_str("[^0-9A-Za-z_]"),
                (Some('S'), false) => out.push_str(r"[^\t\n\f\r ]"),
                (Some(negated @ ('D' | 'W' | 'S')), true) => {
                    return Err(format!("`\\{negated}` within brackets is not supported here"));
                }
                (Some(edge @ ('b' | 'B')), false) => {
                    out.push_str("(?-u:\\");
                    out.push(edge);
                    out.push(')');
                }
                (Some(other), _) => out.extend(['\\', other]),
                (None, _) => out.push('\\'),
            },
            '[' if !in_set => {
                in_set = true;
                out.push('[');
                out.extend(chars.next_if_eq(&'^'));
                // First in a set, a closing bracket stands for itself.
                if chars.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            '[' if chars.peek() == Some(&':') => {
                // `[:alpha:]`: to the end of the name.
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '[' => out.push_str("\\["),
            ']' if in_set => {
                in_set = false;
                out.push(']');
            }
            '&' | '~' if in_set => out.extend(['\\', c]),
            '-' if in_set && chars.peek() == Some(&'-') => out.push_str("\\-"),
            other => out.push(other),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(source: &str, text: &str) -> bool {
        pattern(source).unwrap().is_match(text)
    }

    #[test]
    fn classes_are_about_ascii() {
        assert!(matches(r"^\d+$", "0123"));
        assert!(!matches(r"^\d+$", "٣"));
        assert!(!matches(r"^\w$", "é"));
        assert!(matches(r"^[\w.]+$", "a_.9"));
        assert!(matches(r"\bé", "aé"), "no word begins before a letter that is not ASCII");
        assert!(matches(r"^\D\W\S$", "a.b"));
    }

    #[test]
    fn brackets_within_brackets_are_characters() {
        assert!(matches(r"^[a[b]$", "["));
        assert!(matches(r"^[]a]+$", "]a"));
        assert!(matches(r"^[^]a]$", "b"));
        assert!(matches(r"^[a&&b]+$", "&"));
        assert!(matches(r"^[[:alpha:]_-]+$", "a_-"));
        assert!(matches(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b"));
    }

    #[test]
    fn what_matches_is_some_part_of_the_text() {
        assert!(matches("b", "abc"));
        assert!(!matches("^b", "abc"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for source in ["(", "a{2,1}", "[z-a]", r"\1", "(?=a)", r"[\D]", "a{1000}{1000}"] {
            assert!(pattern(source).is_err(), "{source}");
        }
    }
}
