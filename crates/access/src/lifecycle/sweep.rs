//! What is left of grants that are gone.

use fallgate_api::AccessGrant;
use fallgate_api::names::label;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::grant_phase;
use crate::record::Object;
use crate::step::{Call, Step};

/// What a live read says of the grant that an object names.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// A grant of its name.
    There(&'a AccessGrant),
    /// No grant of its name; a quorum read said so.
    Absent,
    /// Nothing: it could not be read.
    Unknown,
}

/// Deletes a Job or a NetworkPolicy with a grant's label whose grant is gone or
/// over: what a restore or a retried create brought back, and what was open when
/// somebody deleted the grant. What belongs to a grant that may be open is left
/// to [`next`](super::next), and so is everything while the grant could not be
/// read: a sweep must not close what is live.
pub fn sweep(kind: &'static str, metadata: &ObjectMeta, owner: Owner<'_>) -> Option<Step> {
    let labels = metadata.labels.as_ref()?;
    let uid = labels.get(label::GRANT)?;
    if labels.contains_key(label::CANARY) || metadata.deletion_timestamp.is_some() {
        return None;
    }
    let over = match owner {
        Owner::Unknown => false,
        Owner::Absent => true,
        Owner::There(grant) => {
            grant.metadata.uid.as_ref() != Some(uid) || grant_phase(grant).is_terminal()
        }
    };
    metadata.uid.as_ref()?;
    over.then(|| Step::Send(Call::Delete(Object::of(kind, metadata))))
}
