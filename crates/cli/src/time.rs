//! Times and durations as users write them, read totally: what is not understood
//! is refused.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

/// A time that somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Ago(SignedDuration),
}

impl When {
    /// The time that it is, asked at this time.
    pub(crate) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            When::At(time) => time,
            When::Ago(duration) => now.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }
}

/// The one place of the program that asks for the time of day.
pub(crate) fn now() -> Timestamp {
    // A clock outside of the range of times is as good as one that stands at its end.
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MAX)
}

/// A time in RFC 3339, or how long ago it was.
pub(crate) fn when(text: &str) -> Result<When, String> {
    if let Ok(time) = text.parse() {
        return Ok(When::At(time));
    }
    if text.contains([':', '-']) {
        return Err(
            "must be a time with its offset, such as 2026-11-21T14:00:00Z or 2026-11-21T15:00:00+01:00"
                .to_owned(),
        );
    }
    duration(text).map(When::Ago)
}

/// Whole numbers with units, the largest first and each once: `90s`, `1h30m`, `2d`.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let wrong = || "must be a duration, such as 90s, 30m, 1h30m or 2d".to_owned();
    let mut seconds: i64 = 0;
    let mut units = UNITS.iter();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (digits, tail) = rest.split_at(end);
        let number: i64 = digits.parse().map_err(|_| wrong())?;
        let unit = tail.chars().next().ok_or_else(wrong)?;
        let (_, size) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        seconds =
            number.checked_mul(*size).and_then(|s| s.checked_add(seconds)).ok_or_else(wrong)?;
        rest = tail.get(unit.len_utf8()..).unwrap_or_default();
    }
    if text.is_empty() { Err(wrong()) } else { Ok(SignedDuration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_totally() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1800),
            ("1h30m", 5400),
            ("2d", 172_800),
            ("0s", 0),
            ("1d1s", 86_401),
        ] {
            assert_eq!(duration(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "1h1h",
            "1m1h",
            "-5m",
            "+5m",
            "1.5h",
            "5M",
            "5 m",
            "1w",
            "5m ",
            "٥m",
            "9223372036854775807d",
            "99999999999999999999s",
            "1é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_an_offset() {
        let at = |second| When::At(Timestamp::from_second(second).unwrap());
        assert_eq!(when("1970-01-01T01:00:00+01:00"), Ok(at(0)));
        assert_eq!(when("1970-01-01T00:01:00Z"), Ok(at(60)));
        let now = Timestamp::from_second(7200).unwrap();
        assert_eq!(when("1h").unwrap().at(now), Timestamp::from_second(3600).unwrap());
        assert_eq!(when("9000000000000d").unwrap().at(now), Timestamp::MIN);
        for text in ["1970-01-01T00:00:00", "yesterday", "1970-13-01T00:00:00Z", "12:00"] {
            assert!(when(text).is_err(), "{text}");
        }
    }
}
