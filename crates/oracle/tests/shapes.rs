//! The shapes for measuring: their sizes, and that the oracle can answer on them.

use fallgate_model::{Change, Cluster, Dialect, Object, Protocol};
use fallgate_oracle::{End, Verdict, apply, interesting_ports, shape, verdict};

fn sizes(cluster: &Cluster) -> [usize; 4] {
    [
        cluster.namespaces.len(),
        cluster.pods.len(),
        cluster.network_policies.len(),
        cluster.cluster_policies.len(),
    ]
}

#[test]
fn sizes_are_as_asked() {
    assert_eq!(sizes(&shape::tiers(100, 10, 12, true)), [12, 102, 120, 0]);
    assert_eq!(sizes(&shape::cnp(100, 10, 12, false)), [12, 102, 120, 41]);
    assert_eq!(sizes(&shape::openshift(6)), [6, 60, 120, 0]);
    assert_eq!(sizes(&shape::antrea(100)), [100, 400, 300, 0]);
    assert_eq!(shape::cnp(40, 4, 12, true), shape::cnp(40, 4, 12, true));
}

/// A shape on which everything is denied, or nothing, would measure nothing.
#[test]
fn answers_differ() {
    for cluster in [
        shape::tiers(30, 4, 12, true),
        shape::cnp(30, 4, 12, true),
        shape::openshift(3),
        shape::antrea(8),
    ] {
        let ports: Vec<_> = interesting_ports(&cluster).into_iter().step_by(5).collect();
        let mut allowed = 0;
        let mut denied = 0;
        for from in 0..cluster.pods.len() {
            for to in 0..cluster.pods.len() {
                let port = ports[(from * 31 + to) % ports.len()];
                let (from, to) = (End::Pod(from), End::Pod(to));
                match verdict(&cluster, &Dialect::default(), &from, &to, port).verdict() {
                    Verdict::Allowed => allowed += 1,
                    Verdict::Denied => denied += 1,
                    Verdict::Unknown => {}
                }
            }
        }
        // Each pod reaches itself.
        assert!(allowed > cluster.pods.len(), "{allowed} allowed, {denied} denied");
        assert!(denied > cluster.pods.len(), "{allowed} allowed, {denied} denied");
    }
}

#[test]
fn pods_of_a_group_reach_each_other_in_antreas_shape() {
    let cluster = shape::antrea(2);
    let ask = |from: usize, to: usize| {
        let port = Some((Protocol::Tcp, 80));
        verdict(&cluster, &Dialect::default(), &End::Pod(from), &End::Pod(to), port).verdict()
    };
    assert_eq!(ask(0, 1), Verdict::Allowed);
    assert_eq!(ask(0, 2), Verdict::Denied);
    assert_eq!(ask(0, 4), Verdict::Denied);
}

#[test]
fn edits_change_one_policy_and_events_one_pod() {
    let cluster = shape::tiers(40, 4, 12, true);
    let edits = shape::policy_edits(&cluster, 40, 7);
    assert_eq!(edits, shape::policy_edits(&cluster, 40, 7));
    for edit in &edits {
        assert!(matches!(edit, Change::Upsert(Object::NetworkPolicy(_))));
        let mut after = cluster.clone();
        apply(&mut after, edit);
        assert_eq!(sizes(&after), sizes(&cluster));
    }
    let idle = edits.iter().filter(|edit| {
        let mut after = cluster.clone();
        apply(&mut after, edit);
        after == cluster
    });
    assert!(idle.count() <= 4);
    let mut after = cluster.clone();
    for event in shape::pod_events(&cluster, 30, 7) {
        apply(&mut after, &event);
    }
    assert_ne!(after.pods, cluster.pods);
    assert_eq!(after.network_policies, cluster.network_policies);
}
