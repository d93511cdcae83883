//! The same ends and answers in the words of the engine and of the oracle.

use fallgate_engine::{End, PodId, Snapshot, Verdict};
use fallgate_model::Cluster;
use fallgate_oracle as oracle;

/// The pods of a cluster in its order, as the engine names them.
pub(crate) fn pod_ids(cluster: &Cluster, snapshot: &Snapshot) -> Vec<PodId> {
    let ids = snapshot.pods();
    let find = |pod: &fallgate_model::Pod| {
        ids.iter().copied().find(|id| snapshot.pod(*id).is_some_and(|p| **p == *pod))
    };
    cluster.pods.iter().map(|pod| find(pod).expect("every pod is in the snapshot")).collect()
}

/// An end of the oracle, as the engine names it.
pub(crate) fn engine_end(pods: &[PodId], end: &oracle::End) -> End {
    match end {
        oracle::End::Pod(at) => End::Pod(pods[*at]),
        oracle::End::Node(name) => End::Node(name.clone()),
        oracle::End::Outside(address) => End::Outside(*address),
    }
}

/// An answer of the oracle, as the engine gives it.
pub(crate) fn engine_verdict(answer: oracle::Answer) -> Verdict {
    match answer.verdict() {
        oracle::Verdict::Allowed => Verdict::Allowed,
        oracle::Verdict::Denied => Verdict::Denied,
        oracle::Verdict::Unknown => Verdict::Unknown,
    }
}
