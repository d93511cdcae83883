//! Admission by the stored ValidatingAdmissionPolicies.

use serde_json::Value;

use crate::Attributes;

/// What is done to the object, as `request.operation` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A new object.
    Create,
    /// A change, by whichever verb.
    Update,
    /// A deletion. One that finalizers delay is still one.
    Delete,
}

impl Operation {
    /// The name in `matchConstraints` and `request.operation`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }
}

/// One write, defaulted and not yet stored.
#[derive(Clone, Copy, Debug)]
pub struct Review<'a> {
    /// Who asks for what.
    pub attributes: &'a Attributes,
    /// What is done.
    pub operation: Operation,
    /// The kind that the request names, which for a subresource may differ from
    /// the object's.
    pub kind: &'a str,
    /// The object as it is to be; none for a deletion.
    pub object: Option<&'a Value>,
    /// The object as it is; none for a creation.
    pub old: Option<&'a Value>,
}

/// Why a write is refused: by the first policy that does so, in order of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The name of the ValidatingAdmissionPolicy.
    pub policy: String,
    /// The name of its binding; empty where the policy failed before any
    /// binding was looked at.
    pub binding: String,
    /// The policy's own message, without the frame that the server puts around
    /// it.
    pub message: String,
    /// The `reason` of the `Status`, such as `Invalid` or `Forbidden`.
    pub reason: String,
    /// The HTTP status code that goes with it.
    pub code: u16,
}
