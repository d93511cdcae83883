use std::time::Duration;

use crate::error::{cause, clean};

/// Why a request was not done, as far as whoever sent it acts on it.
///
/// Only [`Refusal::Uncertain`] leaves open whether it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An object of that name is there.
    #[error("an object of that name is there already: {0}")]
    Exists(String),
    /// The object is another one by now, or has changed.
    #[error("the object is not the one that was meant: {0}")]
    Conflict(String),
    /// There is no such object, or no such kind.
    #[error("there is no such object")]
    NotFound,
    /// What a list or watch goes on from is too old.
    #[error("what this goes on from is too old")]
    Expired,
    /// An admission policy refused it.
    #[error("the admission policy {policy} refused it: {message}")]
    Admission {
        /// The ValidatingAdmissionPolicy's name.
        policy: String,
        /// Its words.
        message: String,
    },
    /// The authorizer, or other admission, refused it.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// The server does not know who asks.
    #[error("the credentials are not accepted: {0}")]
    Unauthorized(String),
    /// The object is not one that the server takes.
    #[error("not valid: {0}")]
    Invalid(String),
    /// The server has too much to do, and did not begin.
    #[error("the server is busy: {message}")]
    Busy {
        /// When it wants to be asked again.
        after: Option<Duration>,
        /// Its words.
        message: String,
    },
    /// No answer, or one that says nothing about what was done.
    #[error("it is not known whether it was done: {0}")]
    Uncertain(String),
}

impl Refusal {
    pub(crate) fn from_client(error: &kube::Error) -> Refusal {
        let kube::Error::Api(status) = error else {
            return match error {
                // It never left.
                kube::Error::BuildRequest(_) => Refusal::Invalid(cause(error)),
                // A success that cannot be read was one all the same.
                _ => Refusal::Uncertain(cause(error)),
            };
        };
        let message = clean(&status.message);
        if let Some(policy) = admission_policy(&status.message) {
            let policy = policy.to_owned();
            let message = status.message.split_once("denied request: ").map_or("", |(_, m)| m);
            return Refusal::Admission { policy, message: clean(message) };
        }
        match (status.code, status.reason.as_str()) {
            (409, "AlreadyExists") => Refusal::Exists(message),
            (409, _) => Refusal::Conflict(message),
            (404, _) => Refusal::NotFound,
            (410, _) => Refusal::Expired,
            (401, _) => Refusal::Unauthorized(message),
            (403, _) => Refusal::Forbidden(message),
            (429, _) => {
                let seconds = status.details.as_ref().map_or(0, |d| d.retry_after_seconds);
                let after = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
                Refusal::Busy { after, message }
            }
            (400 | 405 | 406 | 413 | 415 | 422, _) => Refusal::Invalid(message),
            _ => Refusal::Uncertain(format!("{} {message}", status.code)),
        }
    }
}

/// The ValidatingAdmissionPolicy that refused, by the words that the API server
/// has for it.
fn admission_policy(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("ValidatingAdmissionPolicy '")?;
    let (policy, rest) = rest.split_once('\'')?;
    rest.contains("denied request").then_some(policy)
}
