//! What approvers quote: the digest of a plan.

use fallgate_api::Plan;
use sha2::{Digest, Sha256};

use crate::refusal::Refusal;

/// `sha256:` and the SHA-256 of a plan's RFC 8785 JSON, in hexadecimal.
pub fn plan_hash(plan: &Plan) -> Result<String, Refusal> {
    let bytes = serde_json_canonicalizer::to_vec(plan);
    let bytes = bytes.map_err(|error| Refusal::Unread(error.to_string()))?;
    Ok(format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
