//! Whatever somebody writes where an endpoint, a port, a selector, a time or a source is read.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| fallgate_cli::fuzz::arguments(text));
