//! Closing everything, without a controller.

use std::time::Duration;

use fallgate_api::names::label;
use fallgate_cluster::{Kind, Refusal, Writer};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::Clock;

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(500);

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// How many switches were deleted.
    pub switches: usize,
    /// How many policies were deleted.
    pub policies: usize,
    /// What is still there, by kind, namespace and name, with the reason.
    pub left: Vec<String>,
}

/// Deletes every switch and every policy of every grant, and looks until nothing
/// is left, at most for `patience`. Nothing but the right to list and delete both
/// kinds is needed: no controller, no lease, no record. A controller that runs
/// sees it, and ends the grants.
///
/// # Errors
///
/// When not even one of the two kinds can be listed.
pub async fn close_everything(
    writer: &Writer,
    clock: &dyn Clock,
    patience: Duration,
) -> Result<Closed, Refusal> {
    let start = clock.elapsed();
    let mut closed = Closed::default();
    loop {
        closed.left.clear();
        // Switches first: a policy that is still on its way then finds its owner
        // gone. That one kind cannot be listed must not keep the other one open.
        let switches = delete_all::<Job>(writer, &mut closed.left).await;
        let policies = delete_all::<NetworkPolicy>(writer, &mut closed.left).await;
        let over = clock.elapsed().saturating_sub(start) >= patience;
        match (switches, policies) {
            (Err(refusal), Err(other)) => {
                let may_not = |refusal: &Refusal| {
                    matches!(refusal, Refusal::Forbidden(_) | Refusal::Unauthorized(_))
                };
                if over || may_not(&refusal) && may_not(&other) {
                    return Err(refusal);
                }
            }
            (switches, policies) => {
                for (deleted, count) in
                    [(&switches, &mut closed.switches), (&policies, &mut closed.policies)]
                {
                    match deleted {
                        Ok(deleted) => *count += deleted,
                        Err(refusal) => {
                            closed.left.push(format!("what cannot be listed: {refusal}"))
                        }
                    }
                }
                if closed.left.is_empty() || over {
                    return Ok(closed);
                }
            }
        }
        clock.sleep(PAUSE).await;
    }
}

/// Deletes what there is of a kind, and says how many were deleted now. What is
/// still there afterwards is told with the rest.
async fn delete_all<K: Kind>(writer: &Writer, left: &mut Vec<String>) -> Result<usize, Refusal> {
    let mut deleted = 0;
    for object in writer.list::<K>(Some(label::GRANT)).await? {
        let meta = object.meta();
        let (Some(name), Some(uid)) = (&meta.name, &meta.uid) else { continue };
        let namespace = meta.namespace.as_deref();
        let place = format!("{} {}/{name}", K::kind(&()), namespace.unwrap_or_default());
        if meta.deletion_timestamp.is_some() {
            left.push(format!("{place}: is being deleted"));
            continue;
        }
        match writer.delete::<K>(namespace, name, uid).await {
            Ok(()) => {
                deleted += 1;
                left.push(format!("{place}: is being deleted"));
            }
            Err(refusal) => left.push(format!("{place}: {refusal}")),
        }
    }
    Ok(deleted)
}
