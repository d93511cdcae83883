//! The engine answers as the oracle does, and after a change as one built anew.
#![no_main]

use std::ops::ControlFlow;

use fallgate_engine::{Detail, End, Engine, Interval, Place, PodId, Snapshot, Verdict};
use fallgate_model::{Cluster, Dialect};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::{self, Knobs};
use libfuzzer_sys::fuzz_target;

// Eight bytes for the cluster, one for its size, four for what may be in it, and
// eight for each change. What is missing is zero.
fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes(bytes);
    let seed = bytes.number();
    let knobs = knobs(&mut bytes);
    let dialect = generate::dialect(seed);
    let mut now = generate::cluster(&knobs, seed);
    let mut engine = Engine::new(now.clone(), dialect.clone());
    compare(&engine.snapshot(), &now, &dialect, seed);
    for _ in 0..4 {
        if bytes.0.is_empty() {
            return;
        }
        let seed = bytes.number();
        let change = generate::change(&now, &knobs, seed);
        oracle::apply(&mut now, &change);
        engine.apply(change);
        let fresh = Engine::new(now.clone(), dialect.clone()).snapshot();
        assert_eq!(map(&engine.snapshot()), map(&fresh));
        compare(&engine.snapshot(), &now, &dialect, seed);
    }
});

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }
}

/// A size, and a bit for each kind of trouble.
fn knobs(bytes: &mut Bytes<'_>) -> Knobs {
    let size = usize::from(bytes.byte());
    let bits = u32::from_le_bytes(std::array::from_fn(|_| bytes.byte()));
    // All of it where there are no bits: the shortest inputs hold the most.
    let has = |bit: u32| bits & (1 << bit) == 0;
    Knobs {
        namespaces: 1 + size % 4,
        pods: 1 + size / 4 % 8,
        nodes: size / 32 % 4,
        network_policies: if has(0) { 4 } else { 0 },
        cluster_policies: if has(1) { 4 } else { 0 },
        services: 0,
        opaque: usize::from(has(2)),
        ipv6: has(3),
        missing_namespaces: has(4),
        unknown_addresses: has(5),
        several_node_addresses: has(6),
        unvalued_labels: has(7),
        stand_ins: has(8),
        unknown_nodes: has(9),
        host_network: has(10),
        named_ports: has(11),
        sctp: has(12),
        ip_blocks: has(13),
        ties: has(14),
        pass: has(15),
        networks: has(16),
        node_peers: has(17),
        domain_names: has(18),
        unknown_peers: has(19),
    }
}

/// Some packets between all ends, others for each seed.
fn compare(snapshot: &Snapshot, cluster: &Cluster, dialect: &Dialect, seed: u64) {
    let ids = snapshot.pods();
    let pods: Vec<PodId> = cluster
        .pods
        .iter()
        .map(|pod| *ids.iter().find(|id| **snapshot.pod(**id).unwrap() == *pod).unwrap())
        .collect();
    let ports = oracle::interesting_ports(cluster);
    let mut ends = oracle::endpoints(cluster);
    let outside = oracle::interesting_addresses(cluster, dialect);
    let turn = usize::try_from(seed % 0x1_0000).unwrap();
    ends.extend(
        outside.iter().skip(turn % outside.len().max(1)).take(2).map(|a| oracle::End::Outside(*a)),
    );
    for (a, from) in ends.iter().enumerate() {
        for (b, to) in ends.iter().enumerate() {
            if matches!((from, to), (oracle::End::Outside(_), oracle::End::Outside(_))) {
                continue;
            }
            let port = ports[(turn + 7 * a + 3 * b) % ports.len()];
            let end = |end: &oracle::End| match end {
                oracle::End::Pod(at) => End::Pod(pods[*at]),
                oracle::End::Node(name) => End::Node(name.clone()),
                oracle::End::Outside(address) => End::Outside(*address),
            };
            let truth = match oracle::verdict(cluster, dialect, from, to, port).verdict() {
                oracle::Verdict::Allowed => Verdict::Allowed,
                oracle::Verdict::Denied => Verdict::Denied,
                oracle::Verdict::Unknown => Verdict::Unknown,
            };
            let (here, there) = (end(from), end(to));
            let one = snapshot.verdict(&here, &there, port);
            let all = snapshot.connections(&here, &there).interval.verdict(port);
            assert_eq!((one, all), (truth, truth), "{from:?} -> {to:?} {port:?} in {cluster:#?}");
        }
    }
}

fn map(snapshot: &Snapshot) -> Vec<(Place, Place, Interval, bool)> {
    let mut entries = Vec::new();
    for detail in [Detail::Workloads, Detail::Pods] {
        snapshot.map(detail, &mut |e| {
            entries.push((e.from.clone(), e.to.clone(), e.interval.clone(), e.partial));
            ControlFlow::Continue(())
        });
    }
    entries
}
