//! Restoring lost indentation never panics, and what it restores has lost none.
#![no_main]

use fallgate_manifest::fix;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Some(fixed) = fix("fuzz.yaml", text) else { return };
    let lost = fixed.repaired.diagnostics.iter().find(|d| d.id == "lost-indentation");
    assert!(lost.is_none(), "{lost:?} in the repaired text:\n{}", fixed.text);
    let again = fix("fuzz.yaml", fixed.text.as_bytes());
    assert!(again.is_none(), "repaired twice:\n{}", fixed.text);
});
