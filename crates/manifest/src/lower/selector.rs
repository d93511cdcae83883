//! Label selectors.

use fallgate_model::{Operator, Requirement, Selector};

use super::meta;
use crate::context::{At, Context, shown};
use crate::tree::Node;
use crate::validate;

/// Reads a LabelSelector; `null` is the empty one.
pub(crate) fn read(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Selector> {
    const FIELDS: [&str; 2] = ["matchExpressions", "matchLabels"];
    let fields = ctx.fields(node, at)?;
    let mut requirements = Vec::new();
    let mut valid = true;
    for entry in fields {
        let inner = at.key(&entry.key);
        match &*entry.key {
            "matchLabels" => match match_labels(ctx, &entry.value, &inner) {
                Some(more) => requirements.extend(more),
                None => valid = false,
            },
            "matchExpressions" => {
                let items = ctx.items(&entry.value, &inner)?;
                for (index, item) in items.iter().enumerate() {
                    match requirement(ctx, item, &inner.index(index)) {
                        Some(one) => requirements.push(one),
                        None => valid = false,
                    }
                }
            }
            _ => {
                ctx.unknown_field(entry, at, &FIELDS);
                valid &= ctx.lenient;
            }
        }
    }
    valid.then(|| Selector::new(requirements))
}

/// The pairs of a `matchLabels`, or of a service's selector.
pub(crate) fn match_labels(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
) -> Option<Vec<Requirement>> {
    let fields = ctx.fields(node, at)?;
    let mut requirements = Vec::with_capacity(fields.len());
    let mut valid = true;
    for entry in fields {
        match meta::label(ctx, &entry.key, entry.offset, &entry.value, at) {
            Some((key, value)) => {
                let values = vec![value];
                requirements.push(Requirement { key, operator: Operator::In, values });
            }
            None => valid = false,
        }
    }
    valid.then_some(requirements)
}

fn requirement(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Requirement> {
    const FIELDS: [&str; 3] = ["key", "operator", "values"];
    let fields = ctx.fields(node, at)?;
    let (mut key, mut operator, mut values) = (None, None, Vec::new());
    let mut valid = true;
    for entry in fields {
        let inner = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            "key" => {
                let text = ctx.string(value, &inner)?;
                if let Some(fault) = validate::label_key(text) {
                    let message = format!("the label key `{}` {fault}", shown(text));
                    ctx.error(&inner, value.offset, "invalid-label", message, "");
                    valid = false;
                }
                key = Some(ctx.str(text));
            }
            "operator" => {
                let text = ctx.string(value, &inner)?;
                operator = match text {
                    "In" => Some(Operator::In),
                    "NotIn" => Some(Operator::NotIn),
                    "Exists" => Some(Operator::Exists),
                    "DoesNotExist" => Some(Operator::DoesNotExist),
                    _ => {
                        let message = format!("`{}` is no operator", shown(text));
                        let help = "must be In, NotIn, Exists or DoesNotExist";
                        ctx.error(&inner, value.offset, "invalid-selector", message, help);
                        return None;
                    }
                };
            }
            "values" => {
                let items = ctx.items(value, &inner)?;
                for (index, item) in items.iter().enumerate() {
                    let inner = inner.index(index);
                    let Some(text) = ctx.string(item, &inner) else {
                        valid = false;
                        continue;
                    };
                    if let Some(fault) = validate::label_value(text) {
                        let message = format!("the label value `{}` {fault}", shown(text));
                        ctx.error(&inner, item.offset, "invalid-label", message, "");
                        valid = false;
                    }
                    values.push(ctx.str(text));
                }
            }
            _ => {
                ctx.unknown_field(entry, at, &FIELDS);
                valid &= ctx.lenient;
            }
        }
    }
    let (Some(key), Some(operator)) = (key, operator) else {
        let message = "an expression must have a key and an operator";
        ctx.error(at, node.offset, "invalid-selector", message, "");
        return None;
    };
    let message = match (operator, values.is_empty()) {
        (Operator::In | Operator::NotIn, true) => "In and NotIn must have values",
        (Operator::Exists | Operator::DoesNotExist, false) => {
            "Exists and DoesNotExist must not have values"
        }
        _ => return valid.then_some(Requirement { key, operator, values }),
    };
    ctx.error(&at.key("values"), node.offset, "invalid-selector", message, "");
    None
}
