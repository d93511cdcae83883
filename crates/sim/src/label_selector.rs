//! Label selectors, as query parameters and as objects write them.

use serde_json::Value;

use crate::status::Refusal;

/// A label selector: all requirements must hold, and none are always held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Reads the text form, such as `app=db,tier in (a,b),!legacy`.
    pub(crate) fn parse(text: &str) -> Result<LabelSelector, Refusal> {
        let mut rest = text.trim_start();
        let mut requirements = Vec::new();
        while !rest.is_empty() {
            let (requirement, after) = requirement(rest)?;
            requirements.push(requirement);
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(after) if !after.trim_start().is_empty() => rest = after.trim_start(),
                Some(_) => return Err(unparsable("found '', expected: identifier after ','")),
                None if rest.is_empty() => {}
                None => {
                    let found: String = rest.chars().take(1).collect();
                    return Err(unparsable(&format!(
                        "found '{found}', expected: ',' or 'end of string'"
                    )));
                }
            }
        }
        Ok(LabelSelector(requirements))
    }

    /// Reads the form with `matchLabels` and `matchExpressions`; null is the empty
    /// selector, which matches everything.
    pub(crate) fn read(selector: &Value) -> Result<LabelSelector, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let value = value.as_str().ok_or_else(|| format!("the label `{key}` is no text"))?;
            let test = Test::In(vec![value.to_owned()]);
            requirements.push(Requirement { key: key.clone(), test });
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = expression["key"].as_str().unwrap_or_default().to_owned();
            let values: Option<Vec<String>> = expression["values"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|value| value.as_str().map(str::to_owned))
                .collect();
            let values = values.ok_or_else(|| format!("a value for `{key}` is no text"))?;
            let listed = !values.is_empty();
            let (test, lists) = match expression["operator"].as_str().unwrap_or_default() {
                "In" => (Test::In(values), true),
                "NotIn" => (Test::NotIn(values), true),
                "Exists" => (Test::Exists, false),
                "DoesNotExist" => (Test::Absent, false),
                other => return Err(format!("\"{other}\" is not a valid label selector operator")),
            };
            if lists != listed {
                return Err(format!(
                    "values for `{key}` must be {}",
                    if lists { "given for In and NotIn" } else { "empty for this operator" }
                ));
            }
            requirements.push(Requirement { key, test });
        }
        Ok(LabelSelector(requirements))
    }

    /// Whether an object with these labels is selected; null for no labels.
    pub(crate) fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels[&requirement.key].as_str();
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.iter().any(|v| v == value)),
                Test::NotIn(values) => {
                    !value.is_some_and(|value| values.iter().any(|v| v == value))
                }
                Test::Greater(bound) => number(value).is_some_and(|number| number > *bound),
                Test::Less(bound) => number(value).is_some_and(|number| number < *bound),
            }
        })
    }

    /// Whether everything is selected, because nothing is required.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

fn unparsable(why: &str) -> Refusal {
    Refusal::bad_request(format!("unable to parse requirement: {why}"))
}

/// The first requirement of a text, and what follows it.
fn requirement(text: &str) -> Result<(Requirement, &str), Refusal> {
    if let Some(rest) = text.strip_prefix('!') {
        let (key, rest) = word(rest.trim_start());
        label_key(key)?;
        return Ok((Requirement { key: key.to_owned(), test: Test::Absent }, rest));
    }
    let (key, rest) = word(text);
    label_key(key)?;
    let rest = rest.trim_start();
    let key = key.to_owned();
    if rest.is_empty() || rest.starts_with(',') {
        return Ok((Requirement { key, test: Test::Exists }, rest));
    }
    for (sign, make) in [
        ("==", (|value| Test::In(vec![value])) as fn(String) -> Test),
        ("!=", |value| Test::NotIn(vec![value])),
        ("=", |value| Test::In(vec![value])),
    ] {
        if let Some(rest) = rest.strip_prefix(sign) {
            let (value, rest) = word(rest.trim_start());
            label_value(value)?;
            return Ok((Requirement { key, test: make(value.to_owned()) }, rest));
        }
    }
    for (sign, make) in [('>', Test::Greater as fn(i64) -> Test), ('<', Test::Less)] {
        if let Some(rest) = rest.strip_prefix(sign) {
            let (value, rest) = word(rest.trim_start());
            let bound = value.parse().map_err(|_| {
                unparsable("for 'Gt', 'Lt' operators, the value must be an integer")
            })?;
            return Ok((Requirement { key, test: make(bound) }, rest));
        }
    }
    let (operator, after) = word(rest);
    let make: fn(Vec<String>) -> Test = match operator {
        "in" => Test::In,
        "notin" => Test::NotIn,
        _ => {
            let found = if operator.is_empty() {
                rest.chars().take(1).collect()
            } else {
                operator.to_owned()
            };
            return Err(unparsable(&format!(
                "found '{found}', expected: in, notin, =, ==, !=, gt, lt"
            )));
        }
    };
    let Some((values, rest)) =
        after.trim_start().strip_prefix('(').and_then(|list| list.split_once(')'))
    else {
        return Err(unparsable("expected a list of values in parentheses"));
    };
    let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
    for value in &values {
        label_value(value)?;
    }
    Ok((Requirement { key, test: make(values) }, rest))
}

/// Everything up to a character that ends a word of a selector.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || "=!,()<>".contains(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn label_key(key: &str) -> Result<(), Refusal> {
    match crate::name::qualified_name(key) {
        None => Ok(()),
        Some(why) => Err(unparsable(&format!("key: Invalid value: \"{key}\": {why}"))),
    }
}

fn label_value(value: &str) -> Result<(), Refusal> {
    match crate::name::label_value(value) {
        None => Ok(()),
        Some(why) => Err(unparsable(&format!("values[0]: Invalid value: \"{value}\": {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(text: &str, labels: Value) -> bool {
        LabelSelector::parse(text).unwrap().matches(&labels)
    }

    #[test]
    fn label_selectors_mean_what_the_api_says() {
        assert!(selects("", json!({})));
        assert!(selects("a=b", json!({"a": "b"})));
        assert!(selects("a==b", json!({"a": "b"})));
        assert!(!selects("a=b", json!({"a": "c"})));
        assert!(selects("a!=b", json!({})), "what has no such label is not equal to b");
        assert!(selects("a", json!({"a": ""})));
        assert!(selects("!a", json!({"b": ""})));
        assert!(selects("a in (b, c),d notin (e)", json!({"a": "c"})));
        assert!(!selects("a in (b),!x", json!({"a": "b", "x": "y"})));
        assert!(selects("a>3,a<5", json!({"a": "4"})));
        assert!(selects("example.com/a = ", json!({"example.com/a": ""})));
    }

    #[test]
    fn what_no_selector_is_is_refused() {
        for text in ["a!!b", "a in b", "a b", "a=b,", "(a)", "a=b c", "a>x", "a b c=d", "!"] {
            let refusal = LabelSelector::parse(text).unwrap_err();
            assert_eq!((refusal.code, refusal.reason.as_str()), (400, "BadRequest"), "{text}");
        }
    }

    #[test]
    fn both_forms_mean_the_same() {
        for (text, written) in [
            ("", Value::Null),
            ("a=b", json!({"matchLabels": {"a": "b"}})),
            (
                "a in (b,c)",
                json!({"matchExpressions": [
                    {"key": "a", "operator": "In", "values": ["b", "c"]},
                ]}),
            ),
            (
                "a=b,c notin (d),e,!f",
                json!({
                    "matchLabels": {"a": "b"},
                    "matchExpressions": [
                        {"key": "c", "operator": "NotIn", "values": ["d"]},
                        {"key": "e", "operator": "Exists"},
                        {"key": "f", "operator": "DoesNotExist"},
                    ],
                }),
            ),
        ] {
            let read = LabelSelector::read(&written).unwrap();
            assert_eq!(read, LabelSelector::parse(text).unwrap(), "{text}");
        }
        for wrong in [
            json!({"matchLabels": {"a": 1}}),
            json!({"matchExpressions": [{"key": "a", "operator": "In"}]}),
            json!({"matchExpressions": [{"key": "a", "operator": "In", "values": [1]}]}),
            json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}),
            json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}),
        ] {
            assert!(LabelSelector::read(&wrong).is_err(), "{wrong}");
        }
    }
}
