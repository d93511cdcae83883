//! Reading never panics, and every position it tells is one in the text.
#![no_main]

use fallgate_manifest::{Input, InputKind, ReadOptions, read};
use libfuzzer_sys::fuzz_target;

// The corpus is plain manifests: whatever is asked is asked of the whole input.
fuzz_target!(|text: &[u8]| {
    let lines = 1 + text.iter().filter(|byte| **byte == b'\n' || **byte == b'\r').count();
    let input = Input { name: "fuzz.yaml".into(), text, kind: InputKind::File };
    let options = ReadOptions { threads: Some(1), ..ReadOptions::default() };
    for diagnostic in read(&[input], &options).diagnostics {
        let line = usize::try_from(diagnostic.origin.line).unwrap();
        assert!(line <= lines, "{diagnostic:?} is behind the last line, {lines}");
        assert!(!diagnostic.message.is_empty());
    }
});
