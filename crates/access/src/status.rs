//! Statuses: conditions that move only when what they say does.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The longest message of a condition, in characters.
const CONDITION: usize = 1024;
/// The longest message of a status, in characters.
const MESSAGE: usize = 4096;

/// What a condition says of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
}

/// Sets a condition. The time of its last transition stays where the truth does.
pub(crate) fn set(
    conditions: &mut Vec<Condition>,
    type_: &str,
    truth: Truth,
    reason: &str,
    message: &str,
    now: Timestamp,
) {
    let status = match truth {
        Truth::True => "True",
        Truth::False => "False",
        Truth::Unknown => "Unknown",
    };
    let before = conditions.iter().position(|condition| condition.type_ == type_);
    let since = before
        .and_then(|at| conditions.get(at))
        .filter(|condition| condition.status == status)
        .map_or(Time(now), |condition| condition.last_transition_time.clone());
    let condition = Condition {
        last_transition_time: since,
        message: shortened(message, CONDITION),
        observed_generation: None,
        reason: reason.to_owned(),
        status: status.to_owned(),
        type_: type_.to_owned(),
    };
    match before.and_then(|at| conditions.get_mut(at)) {
        Some(slot) => *slot = condition,
        None => conditions.push(condition),
    }
}

/// Whether a condition is true.
pub(crate) fn holds(conditions: &[Condition], type_: &str) -> bool {
    conditions.iter().any(|condition| condition.type_ == type_ && condition.status == "True")
}

/// When a condition last moved.
pub(crate) fn last_transition(conditions: &[Condition]) -> Option<Timestamp> {
    conditions.iter().map(|condition| condition.last_transition_time.0).max()
}

/// The message of a status.
pub(crate) fn message(text: &str) -> Option<String> {
    Some(shortened(text, MESSAGE))
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
    }
}
