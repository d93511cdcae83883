//! The formats of texts that schemas may ask for.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;
use regex::Regex;

/// Formats that the real server checks and this one does not. A schema that asks
/// for one is refused.
pub(super) const UNSUPPORTED: &[&str] = &[
    "bsonobjectid",
    "creditcard",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid3",
    "uuid4",
    "uuid5",
];

/// Formats that are checked. Any other is a remark.
pub(super) const KNOWN: &[&str] =
    &["byte", "cidr", "date", "datetime", "ipv4", "ipv6", "password", "uuid"];

/// Whether a text has a format. It has every format that is not known.
pub(super) fn holds(format: &str, text: &str) -> bool {
    static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$")
            .ok()
    });
    static UUID: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$").ok()
    });
    let matches = |pattern: &Option<Regex>, text: &str| {
        pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
    };
    match normal(format).as_str() {
        "date" => date(text),
        "datetime" => {
            let text = text.to_ascii_lowercase();
            text.split_once('t').is_some_and(|(day, time)| date(day) && matches(&TIME, time))
        }
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => text.parse::<IpNet>().is_ok(),
        "uuid" => matches(&UUID, text),
        "byte" => base64(text),
        _ => true,
    }
}

/// The name of a format without hyphens, which make no difference.
pub(super) fn normal(format: &str) -> String {
    format.replace('-', "")
}

fn date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), part.parse::<u32>().ok()));
    let (Some((4, Some(year))), Some((2, Some(month))), Some((2, Some(day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let padding = text.len() - data.len();
    padding <= 2
        && text.len().is_multiple_of(4)
        && data.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn formats_hold_as_on_the_real_server() {
        for (format, good, bad) in [
            ("date-time", "2026-11-21T15:02:08Z", "2026-11-21 15:02:08Z"),
            ("date-time", "2026-11-21t15:02:08.123+01:00", "2026-11-21T24:00:00Z"),
            ("date", "2024-02-29", "2026-02-29"),
            ("date", "2000-02-29", "1900-02-29"),
            ("ipv4", "192.0.2.1", "192.0.2"),
            ("ipv6", "2001:db8::1", "192.0.2.1"),
            ("cidr", "192.0.2.0/24", "192.0.2.0"),
            ("uuid", "9F7C5B9E-2a1d-4c67-8b43-1c0f5a6e7d21", "9f7c"),
            ("byte", "aGk=", "aGk"),
        ] {
            assert!(holds(format, good), "{good} is a {format}");
            assert!(!holds(format, bad), "{bad} is no {format}");
        }
        assert!(holds("no-such-format", "anything"));
    }
}
