//! Whatever an assertion file, or one of trusted ranges, holds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fallgate_cli::fuzz::files(bytes));
