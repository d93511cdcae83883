//! What is hashed: JSON whose bytes are determined by what it says (RFC 8785), and
//! the [`Digest`] of bytes. Whatever is quoted, chained or signed goes through here,
//! so that two parts of the program cannot hash the same thing differently.
//!
//! RFC 8785 knows one kind of number, the double, so that two integers above
//! 2⁵³ may print alike, and it prints fractions by rules of their own. What is
//! hashed here has neither, and so the whole of it is sorting.

#![warn(clippy::indexing_slicing)]

mod digest;

use serde::Serialize;
use serde_json::Value;

pub use digest::{Digest, NotADigest};

/// The canonical form of a value: no spaces, members sorted by the UTF-16 units
/// of their names, one way to write each text and each number.
///
/// # Errors
///
/// When the value has a fraction, a number outside of ±[`MAX_INTEGER`], is deeper
/// than [`MAX_DEPTH`], or is none that JSON has.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, NotCanonical> {
    let value =
        serde_json::to_value(value).map_err(|error| NotCanonical::NotJson(error.to_string()))?;
    let mut out = Vec::with_capacity(512);
    write(&value, 0, &mut out)?;
    Ok(out)
}

/// The largest integer that every reader of JSON understands alike, 2⁵³ − 1
/// (RFC 7493, 2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// How deep lists and objects may lie inside of each other.
pub const MAX_DEPTH: usize = 32;

/// Why something has no canonical form here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A number that readers of JSON understand differently.
    #[error(
        "has the number `{0}`, which not every reader understands alike; write it as text, or use whole numbers up to {MAX_INTEGER}"
    )]
    Number(String),
    /// Lists and objects inside of each other, deeper than is accepted.
    #[error("has more than {MAX_DEPTH} lists and objects inside of each other")]
    Deep,
    /// Something that JSON does not have, such as a map whose keys are no texts.
    #[error("cannot be written as JSON: {0}")]
    NotJson(String),
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) => {
            // What is above the signed integers is above `MAX_INTEGER`, too.
            let whole = number.as_i64().filter(|whole| whole.unsigned_abs() <= MAX_INTEGER);
            let whole = whole.ok_or_else(|| NotCanonical::Number(number.to_string()))?;
            out.extend(whole.to_string().bytes());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => return Err(NotCanonical::Deep),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (at, (name, item)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(item, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// RFC 8785, 3.2.2.2: what must be escaped is, in the shortest way, and nothing else.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            0x08 => out.extend(b"\\b"),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            0x0c => out.extend(b"\\f"),
            b'\r' => out.extend(b"\\r"),
            0..0x20 => out.extend(format!("\\u{byte:04x}").bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canonical(json: &str) -> String {
        let value: Value = serde_json::from_str(json).unwrap();
        String::from_utf8(to_vec(&value).unwrap()).unwrap()
    }

    /// RFC 8785, 3.2.2 and 3.2.4, without the fractions, which are refused.
    #[test]
    fn texts_and_literals_are_written_as_the_rfc_says() {
        let input = r#"{
            "numbers": [333333333, 4, 2],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        assert_eq!(
            canonical(input),
            "{\"literals\":[null,true,false],\"numbers\":[333333333,4,2],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    /// RFC 8785, 3.2.3: by UTF-16 units, where an emoji goes before U+FB33.
    #[test]
    fn members_are_sorted_as_the_rfc_says() {
        let input = r#"{
            "\u20ac": "Euro Sign",
            "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face",
            "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let output = canonical(input);
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let at: Vec<_> = order.iter().map(|word| output.find(word).unwrap()).collect();
        assert!(at.is_sorted(), "{output}");
    }

    /// RFC 8785, appendix B, as far as its numbers are whole and safe.
    #[test]
    fn numbers_are_whole_and_understood_by_everybody() {
        for (number, written) in [
            (json!(0), "0"),
            (json!(-0), "0"),
            (json!(MAX_INTEGER), "9007199254740991"),
            (json!(-9_007_199_254_740_991_i64), "-9007199254740991"),
        ] {
            assert_eq!(to_vec(&number).unwrap(), written.as_bytes());
        }
        for refused in
            [json!(MAX_INTEGER + 1), json!(i64::MIN), json!(u64::MAX), json!(0.5), json!(1e21)]
        {
            assert!(matches!(to_vec(&refused), Err(NotCanonical::Number(_))), "{refused}");
        }
        assert!(matches!(to_vec(&json!([{"a": -0.0}])), Err(NotCanonical::Number(_))));
    }

    #[test]
    fn every_control_character_is_escaped_as_the_rfc_says() {
        let all: String =
            (0..0x21).map(char::from).chain(['"', '\\', '\u{7f}', '\u{2028}']).collect();
        let written = String::from_utf8(to_vec(&Value::String(all.clone())).unwrap()).unwrap();
        assert_eq!(
            written,
            "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\
             \\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\
             \\u001e\\u001f \\\"\\\\\u{7f}\u{2028}\""
        );
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), all);
    }

    #[test]
    fn what_json_does_not_have_is_refused() {
        let keys = std::collections::BTreeMap::from([([1, 2], "a list")]);
        assert!(matches!(to_vec(&keys), Err(NotCanonical::NotJson(_))));
        assert_eq!(Digest::of_json(&keys).unwrap_err(), to_vec(&keys).unwrap_err());
    }

    #[test]
    fn a_digest_of_json_is_that_of_its_canonical_form() {
        let value = json!({"b": [1, "é"], "a": null});
        let form = r#"{"a":null,"b":[1,"é"]}"#;
        assert_eq!(Digest::of_json(&value), Ok(Digest::of(form.as_bytes())));
    }

    #[test]
    fn what_is_too_deep_is_refused() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert!(to_vec(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(to_vec(&nested(MAX_DEPTH + 1)), Err(NotCanonical::Deep));
    }
}
