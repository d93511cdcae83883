//! Field selectors, as query parameters write them.

use crate::status::Refusal;

/// A parsed field selector: all terms must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldSelector(Vec<Term>);

#[derive(Clone, Debug, PartialEq)]
struct Term {
    field: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Reads the text form, such as `metadata.name=a,status.phase!=Running`;
    /// `supported` are the fields that the kind can be selected by.
    pub(crate) fn parse(
        text: &str,
        supported: impl Fn(&str) -> bool,
    ) -> Result<FieldSelector, Refusal> {
        let mut terms = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                continue;
            }
            let term =
                [("!=", false), ("==", true), ("=", true)].into_iter().find_map(|(sign, equal)| {
                    part.split_once(sign).map(|(field, value)| (field, value, equal))
                });
            let Some((field, value, equal)) = term else {
                return Err(Refusal::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                )));
            };
            if !supported(field) {
                return Err(Refusal::bad_request(format!("field label not supported: {field}")));
            }
            terms.push(Term { field: field.to_owned(), value: unescape(value), equal });
        }
        Ok(FieldSelector(terms))
    }

    /// `read` gives the text of a field of the object at hand.
    pub(crate) fn matches(&self, read: impl Fn(&str) -> String) -> bool {
        self.0.iter().all(|term| (read(&term.field) == term.value) == term.equal)
    }

    /// The name that `metadata.name` is required to have: what authorisation
    /// sees as the name of a list or watch.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0
            .iter()
            .find(|term| term.equal && term.field == "metadata.name")
            .map(|term| term.value.as_str())
            .filter(|name| !name.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The terms between commas that no backslash precedes.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_selectors_compare_supported_fields() {
        let parse = |text| FieldSelector::parse(text, |field| field != "spec.other");
        let selector = parse("metadata.name=a,status.phase!=Running").unwrap();
        let read = |phase: &'static str| {
            move |field: &str| match field {
                "metadata.name" => "a".to_owned(),
                _ => phase.to_owned(),
            }
        };
        assert!(selector.matches(read("Pending")));
        assert!(!selector.matches(read("Running")));
        assert_eq!(selector.name(), Some("a"));
        assert_eq!(parse(r"a=b\,c").unwrap(), parse(r"a==b\,c").unwrap());
        let message = |text| parse(text).unwrap_err().message;
        assert_eq!(message("spec.other=1"), "field label not supported: spec.other");
        assert_eq!(
            message("spec.foo"),
            "invalid selector: 'spec.foo'; can't understand 'spec.foo'"
        );
    }
}
