//! What may be a name, a label or a finalizer, in the words of the API.

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Why a text is no DNS subdomain; none when it is one. So for all below.
pub(crate) fn subdomain(text: &str) -> Option<String> {
    if text.len() > 253 {
        return Some("must be no more than 253 characters".to_owned());
    }
    let fine = text.split('.').all(is_label);
    (!fine).then(|| SUBDOMAIN.to_owned())
}

/// A DNS label: what namespaces and services are called.
pub(crate) fn label(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    (!is_label(text)).then(|| LABEL.to_owned())
}

/// A segment of a path: what roles and bindings are called.
pub(crate) fn segment(text: &str) -> Option<String> {
    if text == "." || text == ".." {
        return Some(format!("may not be '{text}'"));
    }
    let bad = ["/", "%"].into_iter().find(|bad| text.contains(bad))?;
    Some(format!("may not contain '{bad}'"))
}

/// A label key, an annotation key or a finalizer.
pub(crate) fn qualified_name(text: &str) -> Option<String> {
    let name = match text.split_once('/') {
        Some(("", _)) => return Some("prefix part must be non-empty".to_owned()),
        Some((prefix, name)) => {
            if let Some(why) = subdomain(prefix) {
                return Some(format!("prefix part {why}"));
            }
            name
        }
        None => text,
    };
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 characters".to_owned());
    }
    (!is_label_text(name)).then(|| QUALIFIED.to_owned())
}

/// The value of a label.
pub(crate) fn label_value(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    (!text.is_empty() && !is_label_text(text)).then(|| VALUE.to_owned())
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = |b: Option<&u8>| b.is_some_and(|b| inner(*b));
    let bytes = text.as_bytes();
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|b| inner(*b) || *b == b'-')
}

fn is_label_text(text: &str) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_api_allows() {
        assert_eq!(subdomain("a-b.c"), None);
        assert!(subdomain("P_1").unwrap().starts_with("a lowercase RFC 1123 subdomain"));
        for bad in ["", "-a", "a.", "a..b", "A"] {
            assert!(subdomain(bad).is_some(), "{bad}");
        }
        assert_eq!(label("a-1"), None);
        assert!(label("a.b").is_some());
        assert_eq!(segment("system:controller:job-controller"), None);
        assert!(segment("a/b").is_some());
        assert_eq!(qualified_name("access.fallgate.dev/grant"), None);
        assert!(qualified_name("a b").unwrap().starts_with("name part"));
        assert!(qualified_name("/x").is_some());
        assert_eq!(label_value(""), None);
        assert!(label_value("!").is_some());
    }
}
