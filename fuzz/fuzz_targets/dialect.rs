//! What prints as a dialect reads back as the same dialect.
#![no_main]

use fallgate_model::Dialect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Dialect::parse(text) {
        Ok(dialect) => assert_eq!(Dialect::parse(&dialect.to_string()).as_ref(), Ok(&dialect)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
