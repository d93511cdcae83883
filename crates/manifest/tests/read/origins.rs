//! Also for the fuzz target `round_trip`.

use fallgate_model::{Cluster, Origin};

/// Leaves nothing of where each object and rule was read.
pub(super) fn forget_origins(cluster: &mut Cluster) {
    let none = Origin::default();
    cluster.namespaces.iter_mut().for_each(|o| o.origin = none);
    cluster.pods.iter_mut().for_each(|o| o.origin = none);
    cluster.services.iter_mut().for_each(|o| o.origin = none);
    cluster.endpoint_slices.iter_mut().for_each(|o| o.origin = none);
    cluster.nodes.iter_mut().for_each(|o| o.origin = none);
    cluster.entry_points.iter_mut().for_each(|o| o.origin = none);
    for policy in &mut cluster.network_policies {
        policy.origin = none;
        for rule in policy.ingress.iter_mut().chain(&mut policy.egress).flatten() {
            rule.origin = none;
        }
    }
    for policy in &mut cluster.cluster_policies {
        policy.origin = none;
        policy.ingress.iter_mut().chain(&mut policy.egress).for_each(|r| r.origin = none);
    }
}
