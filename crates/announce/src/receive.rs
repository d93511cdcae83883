use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use crate::header;
use crate::keys::Keys;

/// How far the time of an attempt may lie from the receiver's, either way. Who
/// replays a message later is refused by its time, and who does so earlier by its
/// id, which receivers remember for twice as long.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// A header is missing, there twice, or not what it must be.
    #[error("the header `{0}` must be there once, as Standard Webhooks have it")]
    Header(&'static str),
    /// It was not sent now.
    #[error(
        "it was sent at {sent_at}, and must be received within {TOLERANCE:#} of that; it is replayed, or a clock is wrong"
    )]
    Time {
        /// When, as it says.
        sent_at: Timestamp,
    },
    /// None of its signatures is that of one of the keys.
    #[error("no signature in it is that of one of the keys")]
    Signature,
}

/// Checks a request as its receiver does, over the bytes of its body as they came,
/// and gives the id by which to know it again.
///
/// # Errors
///
/// When it is not from a holder of one of the keys, or was not sent now.
pub fn verify<'h>(
    keys: &Keys,
    headers: &'h HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<&'h str, NotGenuine> {
    let id = one(headers, header::ID)?;
    let seconds = one(headers, header::TIMESTAMP)?;
    let digits = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let sent_at = Some(seconds)
        .filter(|_| digits)
        .and_then(|text| text.parse().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(NotGenuine::Header(header::TIMESTAMP))?;
    let signatures = one(headers, header::SIGNATURE)?;
    // Other schemes may stand beside ours.
    let mut signatures = signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .filter_map(|one| STANDARD.decode(one).ok());
    let genuine = |signature: Vec<u8>| {
        let mut macs = keys.macs(id, sent_at.as_second(), body);
        macs.any(|mac| mac.verify_slice(&signature).is_ok())
    };
    if !signatures.any(genuine) {
        return Err(NotGenuine::Signature);
    }
    if now.duration_since(sent_at).abs() > TOLERANCE {
        return Err(NotGenuine::Time { sent_at });
    }
    Ok(id)
}

fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, NotGenuine> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().map_err(|_| NotGenuine::Header(name)),
        _ => Err(NotGenuine::Header(name)),
    }
}
