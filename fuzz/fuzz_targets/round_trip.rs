//! What was read completely and written reads back as the same cluster.
#![no_main]

use fallgate_manifest::{Input, InputKind, ReadOptions, Reading, read, write_cluster};
use fallgate_model::{Cluster, Origin};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let first = reading(text);
    if first.incomplete() {
        // What was not understood cannot be written: labels that may be any, for one.
        return;
    }
    let mut first = first.cluster;
    // What is not evaluated is written as a comment only.
    first.opaque.clear();
    let written = write_cluster(&first);
    let again = reading(written.as_bytes());
    assert!(!again.incomplete(), "{:#?}\n{written}", again.diagnostics);
    let mut again = again.cluster;
    forget_origins(&mut first);
    forget_origins(&mut again);
    assert_eq!(first, again, "{written}");
});

fn reading(text: &[u8]) -> Reading {
    let input = Input { name: "fuzz.yaml".into(), text, kind: InputKind::File };
    read(&[input], &ReadOptions { threads: Some(1), ..ReadOptions::default() })
}

fn forget_origins(cluster: &mut Cluster) {
    let none = Origin::default();
    cluster.namespaces.iter_mut().for_each(|o| o.origin = none);
    cluster.pods.iter_mut().for_each(|o| o.origin = none);
    cluster.services.iter_mut().for_each(|o| o.origin = none);
    cluster.endpoint_slices.iter_mut().for_each(|o| o.origin = none);
    cluster.nodes.iter_mut().for_each(|o| o.origin = none);
    cluster.entry_points.iter_mut().for_each(|o| o.origin = none);
    for policy in &mut cluster.network_policies {
        policy.origin = none;
        let rules = policy.ingress.iter_mut().chain(&mut policy.egress).flatten();
        rules.for_each(|rule| rule.origin = none);
    }
    for policy in &mut cluster.cluster_policies {
        policy.origin = none;
        policy.ingress.iter_mut().chain(&mut policy.egress).for_each(|rule| rule.origin = none);
    }
}
