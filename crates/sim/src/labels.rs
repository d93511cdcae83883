//! Label selectors as objects write them: `matchLabels` and `matchExpressions`.

use serde_json::Value;

/// A label selector: all requirements must hold, and none are always held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Reads a selector; null is the empty one, which matches everything.
    pub(crate) fn read(selector: &Value) -> Result<Selector, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let value = value.as_str().ok_or_else(|| format!("the label `{key}` is no text"))?;
            let values = vec![value.to_owned()];
            requirements.push(Requirement { key: key.clone(), operator: Operator::In, values });
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = expression["key"].as_str().unwrap_or_default().to_owned();
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("\"{other}\" is not a valid label selector operator")),
            };
            let values: Option<Vec<String>> = expression["values"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|value| value.as_str().map(str::to_owned))
                .collect();
            let values = values.ok_or_else(|| format!("a value for `{key}` is no text"))?;
            let wants_values = matches!(operator, Operator::In | Operator::NotIn);
            if wants_values == values.is_empty() {
                return Err(format!(
                    "values for `{key}` must be {}",
                    if wants_values { "given for In and NotIn" } else { "empty for this operator" }
                ));
            }
            requirements.push(Requirement { key, operator, values });
        }
        Ok(Selector(requirements))
    }

    /// Whether an object with these labels is selected; null for no labels.
    pub(crate) fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels[&requirement.key].as_str();
            let listed =
                || value.is_some_and(|value| requirement.values.iter().any(|v| v == value));
            match requirement.operator {
                Operator::In => listed(),
                Operator::NotIn => !listed(),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        })
    }

    /// Whether everything is selected, because nothing is required.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
