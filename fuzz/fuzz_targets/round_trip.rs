//! What was read completely and written reads back as the same cluster.
#![no_main]

use fallgate_manifest::{Input, InputKind, ReadOptions, Reading, read, write_cluster};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/manifest/tests/read/origins.rs"]
mod origins;

use origins::forget_origins;

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
