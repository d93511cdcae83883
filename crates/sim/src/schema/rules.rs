//! The rules of schemas (`x-kubernetes-validations`).

use serde_json::Value;

use super::error::FieldError;
use super::node::{Additional, Kind, ListType, Node};
use super::validate::counterpart;
use crate::expression::{Bindings, Compiler, Expression, Outcome, Patterns, Type};

/// How long a message that a rule computes may be, in bytes.
const LONGEST_MESSAGE: usize = 5 << 10;

/// The rules of one schema, compiled together.
#[derive(Debug, Default)]
pub(super) struct RuleSet {
    rules: Vec<Rule>,
    patterns: Option<Patterns>,
}

#[derive(Debug)]
struct Rule {
    expression: Expression,
    message: String,
    /// How errors of evaluation name the rule.
    name: String,
    message_expression: Option<Expression>,
    reason: Reason,
    /// Whom to blame, below the value itself.
    field_path: String,
    /// Whether the rule is about a change.
    is_transition: bool,
    /// Whether a rule about changes is about new objects, too.
    optional_old_self: bool,
}

#[derive(Clone, Copy, Debug)]
enum Reason {
    Invalid,
    Forbidden,
    Required,
    Duplicate,
}

/// Compiles the rules at `path`, for values of a type. `uncorrelated` is where
/// the values lose their identity, if they do.
pub(super) fn compile(
    rules: &[Value],
    node: &Node,
    of: Option<Type>,
    uncorrelated: Option<&str>,
    path: &str,
    errors: &mut Vec<FieldError>,
) -> RuleSet {
    let Some(of) = of else {
        let why = "rules are not supported on values that no schema describes";
        errors.push(FieldError::forbidden(path, why));
        return RuleSet::default();
    };
    let names = |old: Type| Compiler::new([("self", of.clone()), ("oldSelf", old)]);
    let mut plain = names(of.clone());
    let mut optional = names(Type::optional(of.clone()));
    let mut set = RuleSet::default();
    for (at, rule) in rules.iter().enumerate() {
        let mut wrong = |keyword: &str, why: &str| {
            let path = format!("{path}[{at}].{keyword}");
            errors.push(FieldError::invalid(&path, &rule[keyword], why));
        };
        let optional_old_self = rule["optionalOldSelf"] == true;
        // Both compilers see every pattern, so that one list serves both.
        let (compiler, other) = if optional_old_self {
            (&mut optional, &mut plain)
        } else {
            (&mut plain, &mut optional)
        };
        let source = rule["rule"].as_str().unwrap_or_default();
        let message = rule["message"].as_str().unwrap_or_default().trim();
        let expression = match compiler.compile(source, &[Type::BOOL]) {
            Ok(expression) => expression,
            Err(why) => {
                wrong("rule", &why);
                continue;
            }
        };
        let is_transition = expression.uses("oldSelf");
        if let (true, Some(uncorrelated)) = (is_transition, uncorrelated) {
            wrong(
                "rule",
                &format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within \
                     {uncorrelated}"
                ),
            );
        }
        if optional_old_self && !is_transition {
            wrong("optionalOldSelf", "may not be set if oldSelf is not used in rule");
        }
        let message_expression = rule["messageExpression"].as_str().and_then(|source| {
            let compiled = compiler.compile(source, &[Type::STRING]);
            compiled.map_err(|why| wrong("messageExpression", &why)).ok()
        });
        if message.contains('\n') {
            wrong("message", "message must not contain line breaks");
        } else if message.is_empty() && source.trim().contains('\n') {
            wrong("message", "message must be specified if rule contains line breaks");
        }
        let reason = match rule["reason"].as_str() {
            None | Some("FieldValueInvalid") => Reason::Invalid,
            Some("FieldValueForbidden") => Reason::Forbidden,
            Some("FieldValueRequired") => Reason::Required,
            Some("FieldValueDuplicate") => Reason::Duplicate,
            Some(_) => {
                wrong("reason", "is not a reason of a field error");
                Reason::Invalid
            }
        };
        let field_path = match rule["fieldPath"].as_str() {
            None => String::new(),
            Some(text) => read_path(text, node).unwrap_or_else(|why| {
                wrong("fieldPath", &why);
                String::new()
            }),
        };
        other.share_patterns(compiler);
        let (name, message) = match message {
            "" => (source.trim().to_owned(), format!("failed rule: {}", source.trim())),
            message => (message.to_owned(), message.to_owned()),
        };
        set.rules.push(Rule {
            expression,
            message,
            name,
            message_expression,
            reason,
            field_path,
            is_transition,
            optional_old_self,
        });
    }
    set.patterns = Some(plain.patterns());
    set
}

/// A path such as `.spec.ports` or `['a-b'].c`, from a value to a field of it, in
/// the form in which errors give it.
fn read_path(text: &str, node: &Node) -> Result<String, String> {
    let (mut rest, mut node, mut out) = (text, node, String::new());
    if rest.is_empty() {
        return Err("must not be empty".to_owned());
    }
    while !rest.is_empty() {
        let name;
        if let Some(quoted) = rest.strip_prefix("['") {
            (name, rest) = quoted.split_once("']").ok_or("expected a closing quote and bracket")?;
            if name.contains('\\') {
                return Err("escapes are not supported here".to_owned());
            }
        } else if let Some(plain) = rest.strip_prefix('.') {
            let end = plain.find(['.', '[']).unwrap_or(plain.len());
            (name, rest) = plain.split_at(end);
        } else {
            return Err(format!("expected [ or . but got: {rest}"));
        }
        let is_map = matches!(node.additional, Some(Additional::Of(_)));
        node = node.field(name).ok_or("does not refer to a valid field")?;
        match (is_map, out.is_empty()) {
            (true, _) => out.push_str(&format!("[{name}]")),
            (false, true) => out.push_str(name),
            (false, false) => out.push_str(&format!(".{name}")),
        }
    }
    Ok(out)
}

/// Applies the rules of a schema, and of all below it, to an object.
pub(super) fn validate(
    schema: &Node,
    value: &Value,
    old: Option<&Value>,
    errors: &mut Vec<FieldError>,
) {
    walk(schema, value, old, &mut String::new(), errors);
}

fn walk(
    schema: &Node,
    value: &Value,
    old: Option<&Value>,
    path: &mut String,
    errors: &mut Vec<FieldError>,
) {
    // A rule is never about a null: the schema around it must speak of that.
    if value.is_null() {
        return;
    }
    let old = old.filter(|old| !old.is_null());
    schema.rules.apply(schema, value, old, path, errors);
    let at = path.len();
    match value {
        Value::Object(fields) => {
            let old = old.filter(|_| !schema.atomic_map || schema.kind != Some(Kind::Object));
            for (name, value) in fields {
                let Some(node) = schema.field(name) else { continue };
                match (&schema.additional, path.is_empty()) {
                    (Some(Additional::Of(_)), _) => path.push_str(&format!("[{name}]")),
                    (_, true) => path.push_str(name),
                    (_, false) => path.push_str(&format!(".{name}")),
                }
                walk(node, value, old.and_then(|old| old.get(name)), path, errors);
                path.truncate(at);
            }
        }
        Value::Array(elements) => {
            let Some(items) = &schema.items else { return };
            for (index, element) in elements.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                let before = match &schema.list_type {
                    ListType::Map(_) => counterpart(&schema.list_type, element, old),
                    _ => None,
                };
                walk(items, element, before, path, errors);
                path.truncate(at);
            }
        }
        _ => {}
    }
}

impl RuleSet {
    fn apply(
        &self,
        schema: &Node,
        value: &Value,
        old: Option<&Value>,
        path: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let Some(patterns) = &self.patterns else { return };
        let unchanged = old == Some(value);
        // A rule about the value alone is not held against what an update
        // leaves as it was.
        let mut due = self.rules.iter().filter(|rule| match (rule.is_transition, old) {
            (true, None) => rule.optional_old_self,
            (true, Some(_)) => true,
            (false, _) => !unchanged,
        });
        let Some(first) = due.next() else { return };
        let bind = |optional: bool| {
            let mut bindings = Bindings::new(patterns);
            bindings.bind_shaped("self", value, schema);
            match (optional, old) {
                (true, old) => bindings.bind_optional("oldSelf", old, schema),
                (false, Some(old)) => bindings.bind_shaped("oldSelf", old, schema),
                (false, None) => {}
            }
            bindings
        };
        let plain = bind(false);
        let optional = self.rules.iter().any(|rule| rule.optional_old_self).then(|| bind(true));
        for rule in std::iter::once(first).chain(due) {
            let bindings = optional.as_ref().filter(|_| rule.optional_old_self).unwrap_or(&plain);
            let shown = Value::from(schema.type_name());
            let detail = match bindings.evaluate(&rule.expression) {
                Ok(Outcome::Bool(true)) => continue,
                Ok(_) => rule.detail(bindings),
                Err(why) if why == "no such overload" => {
                    let detail = format!(
                        "'{why}': call arguments did not match a supported operator, function or \
                         macro signature for rule: {}",
                        rule.name
                    );
                    errors.push(FieldError::invalid(path, &shown, &detail));
                    continue;
                }
                Err(why) => {
                    let detail = format!("{why} evaluating rule: {}", rule.name);
                    errors.push(FieldError::invalid(path, &shown, &detail));
                    continue;
                }
            };
            let path = match (path.is_empty(), rule.field_path.as_str()) {
                (_, "") => path.to_owned(),
                (true, below) => below.to_owned(),
                (false, below) => format!("{path}.{below}"),
            };
            errors.push(match rule.reason {
                Reason::Invalid => FieldError::rule_invalid(&path, value, &detail),
                Reason::Forbidden => FieldError::forbidden(&path, &detail),
                Reason::Required => FieldError::required(&path, &detail),
                Reason::Duplicate => FieldError::rule_duplicate(&path, value),
            });
        }
    }
}

impl Rule {
    /// What the rule says when it does not hold. A message that cannot be
    /// computed is replaced by the fixed one.
    fn detail(&self, bindings: &Bindings<'_>) -> String {
        if let Some(Ok(Outcome::String(text))) =
            self.message_expression.as_ref().map(|expression| bindings.evaluate(expression))
        {
            let text = text.trim();
            if !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n') {
                return text.to_owned();
            }
        }
        self.message.clone()
    }
}
