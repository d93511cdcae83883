//! What the API server's authorizer was asked, and what it said.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::{Identity, PolicyRef};
use jiff::{SignedDuration, Timestamp};

/// Whether a user holds a logical verb on a policy, in a namespace: one
/// SubjectAccessReview.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The user name.
    pub username: String,
    /// The user's uid.
    pub uid: String,
    /// The groups that were stamped on the object.
    pub groups: BTreeSet<String>,
    /// One of [`fallgate_api::names::verb`].
    pub verb: &'static str,
    /// On which policy; the resource is [`fallgate_api::PolicyKind::resource`].
    pub policy: PolicyRef,
    /// In which namespace.
    pub namespace: String,
}

/// What the authorizer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is allowed. An answer that is an error is no answer.
    pub allowed: bool,
    /// When it was asked.
    pub at: Timestamp,
}

/// The answers that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights(BTreeMap<Question, Answer>);

impl Question {
    /// Asks whether a user holds a verb.
    pub fn new(user: &Identity, verb: &'static str, policy: &PolicyRef, namespace: &str) -> Self {
        Question {
            username: user.username.clone(),
            uid: user.uid.clone(),
            groups: user.groups.iter().cloned().collect(),
            verb,
            policy: policy.clone(),
            namespace: namespace.to_owned(),
        }
    }
}

impl Rights {
    /// Takes an answer in, in place of an earlier one.
    pub fn insert(&mut self, question: Question, answer: Answer) {
        self.0.insert(question, answer);
    }

    /// Forgets answers from before a time.
    pub fn forget_before(&mut self, time: Timestamp) {
        self.0.retain(|_, answer| answer.at >= time);
    }

    /// The answer to a question, where there is one that is not older than
    /// `age`. One from the future is none: a clock was set back, and nobody knows
    /// how old it is.
    pub fn get(&self, question: &Question, age: SignedDuration, now: Timestamp) -> Option<bool> {
        let answer = self.0.get(question)?;
        (answer.at <= now && now.duration_since(answer.at) <= age).then_some(answer.allowed)
    }
}
