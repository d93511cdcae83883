use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fallgate_canonical::{NotCanonical, to_vec};
use fallgate_ledger::{Entry, Kind};
use hmac::Mac;
use http::Request;
use http::header::{CONTENT_TYPE, USER_AGENT};
use jiff::Timestamp;
use serde::Serialize;

use crate::header;
use crate::keys::Keys;
use crate::target::Target;

/// What is told of one entry of the record; the same however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    id: String,
    body: Vec<u8>,
}

/// The body, whose canonical form is sent.
#[derive(Serialize)]
struct Body<'e> {
    data: &'e Entry,
    /// When it happened, which is not when it is sent.
    timestamp: Timestamp,
    #[serde(rename = "type")]
    type_: String,
}

impl Message {
    /// What is told of an entry.
    ///
    /// # Errors
    ///
    /// When the entry has no canonical form, and so is none that a record holds.
    pub fn of(entry: &Entry) -> Result<Message, NotCanonical> {
        let body = Body {
            data: entry,
            timestamp: entry.event.time,
            type_: Message::type_of(entry.event.kind),
        };
        Ok(Message { id: entry.hash.to_string(), body: to_vec(&body)? })
    }

    /// The `type` of messages about this kind of event, such as `access.opening`.
    pub fn type_of(kind: Kind) -> String {
        // Types are words and full stops.
        format!("access.{}", kind.name().replace('-', "_"))
    }

    /// What tells it from every other: the hash of its entry. Whoever receives it
    /// twice knows by it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request that sends it. Each attempt is signed anew, with its own time:
    /// receivers refuse what was signed too long ago.
    ///
    /// # Errors
    ///
    /// When a part of it is none that HTTP accepts.
    pub fn request(
        &self,
        target: &Target,
        keys: &Keys,
        sent_at: Timestamp,
    ) -> Result<Request<Vec<u8>>, http::Error> {
        let seconds = sent_at.as_second();
        let signatures: Vec<String> = keys
            .macs(&self.id, seconds, &self.body)
            .map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
            .collect();
        Request::post(target.uri())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("fallgate/", env!("CARGO_PKG_VERSION")))
            .header(header::ID, &self.id)
            .header(header::TIMESTAMP, seconds)
            .header(header::SIGNATURE, signatures.join(" "))
            .body(self.body.clone())
    }
}
