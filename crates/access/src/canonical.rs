//! What approvers quote: the digest of a plan.

use fallgate_api::Plan;
use fallgate_canonical::Digest;

use crate::refusal::Refusal;

/// The digest of a plan's canonical form (RFC 8785), as it is written.
pub fn plan_hash(plan: &Plan) -> Result<String, Refusal> {
    let digest = Digest::of_json(plan).map_err(|error| Refusal::Unread(error.to_string()))?;
    Ok(digest.to_string())
}
