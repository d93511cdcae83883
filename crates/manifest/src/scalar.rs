use crate::tree::Kind;

/// What a plain scalar is to kubectl, which reads YAML 1.1 and hands the API
/// server JSON: `yes` and `on` are booleans there and `017` is a number, so
/// none of them is a label value until it is quoted.
pub(crate) fn classify(text: &str) -> Kind {
    let Some(first) = text.bytes().next() else { return Kind::Null };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        b'~' if text == "~" => Kind::Null,
        b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O' => word(text),
        _ => Kind::Str,
    }
}

fn word(text: &str) -> Kind {
    match text {
        "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Kind::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Kind::Bool(false)
        }
        _ => Kind::Str,
    }
}

fn number(text: &str) -> Kind {
    if integer(text).is_some() {
        return Kind::Int;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Kind::Float;
    }
    // A word with a hyphen or an address is no number: the alphabet rules out
    // what the parser of floats would still take, such as `infinity`.
    let plausible = unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-' | b'_'))
        && unsigned.bytes().any(|b| b.is_ascii_digit());
    if plausible && without_underscores(unsigned, |t| t.parse::<f64>().is_ok()) {
        Kind::Float
    } else {
        Kind::Str
    }
}

/// The value of an integer in any of the notations of YAML 1.1; out of range,
/// the nearest that fits, which no field of the API admits.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    let mut value: i64 = 0;
    let mut any = false;
    for byte in digits.bytes() {
        if byte == b'_' && any {
            continue;
        }
        let digit = char::from(byte).to_digit(radix)?;
        any = true;
        value = value.saturating_mul(i64::from(radix)).saturating_add(i64::from(digit));
    }
    any.then_some(if negative { -value } else { value })
}

fn without_underscores(text: &str, test: impl Fn(&str) -> bool) -> bool {
    if text.contains('_') { test(&text.replace('_', "")) } else { test(text) }
}

/// The key and the value of `key:value`, which YAML takes for one string.
pub(crate) fn glued(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_value = |c: char| !c.is_whitespace() && !matches!(c, '/' | ':');
    // A number and a colon are a time, a port or an address.
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(is_key);
    (is_word && value.starts_with(is_value)).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_1_1_words_and_numbers() {
        for (text, kind) in [
            ("", Kind::Null),
            ("~", Kind::Null),
            ("null", Kind::Null),
            ("true", Kind::Bool(true)),
            ("Yes", Kind::Bool(true)),
            ("off", Kind::Bool(false)),
            ("80", Kind::Int),
            ("-1", Kind::Int),
            ("0x1F", Kind::Int),
            ("017", Kind::Int),
            ("1_000", Kind::Int),
            ("1.10", Kind::Float),
            ("1e309", Kind::Float),
            (".nan", Kind::Float),
            ("-.inf", Kind::Float),
            ("1.2.3", Kind::Str),
            ("10.0.0.0/8", Kind::Str),
            ("2001-01-01", Kind::Str),
            ("1h", Kind::Str),
            ("-", Kind::Str),
            ("nope", Kind::Str),
            ("node", Kind::Str),
        ] {
            assert_eq!(classify(text), kind, "{text}");
        }
        assert_eq!(integer("017"), Some(15));
        assert_eq!(integer("99999999999999999999"), Some(i64::MAX));
    }
}
