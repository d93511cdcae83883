//! What is told of every step: each entry of the record as one signed request, by
//! the conventions of Standard Webhooks, so that receivers check it with a library
//! that exists already. `docs/WEBHOOK.md` is the contract.
//!
//! A [`Message`] is made of an entry and rendered with [`Keys`] for a [`Target`];
//! [`verify`] is what a receiver does. Nothing here sends: whoever does decides
//! when to try again, and nothing ever waits for it.
//!
//! What is announced stands in the record first, and is announced as it stands
//! there: whoever keeps what they received holds a copy of the chain that the
//! cluster cannot rewrite.

#![warn(clippy::indexing_slicing)]

mod keys;
mod message;
mod receive;
mod target;

pub use keys::{Keys, NotKeys};
pub use message::Message;
pub use receive::{NotGenuine, TOLERANCE, verify};
pub use target::{NotATarget, Target};

/// The headers of Standard Webhooks, in lower case as HTTP/2 has them.
mod header {
    pub(crate) const ID: &str = "webhook-id";
    pub(crate) const TIMESTAMP: &str = "webhook-timestamp";
    pub(crate) const SIGNATURE: &str = "webhook-signature";
}
