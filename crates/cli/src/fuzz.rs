//! What the fuzz targets ask of the parsers of this crate.

use std::fmt::{Debug, Display};

use fallgate_manifest::InputKind;

use crate::assertions;
use crate::commands::exposure;
use crate::endpoint::EndpointSpec;
use crate::failure::{Failure, Problem};
use crate::input::{Source, Text};
use crate::port::PortSpec;
use crate::{labels, time};

/// Takes a text for each kind of argument: what is understood is written so that
/// it is understood again as the same, and what is refused says how to write it.
pub fn arguments(text: &str) {
    for namespace in [None, Some("shop")] {
        again(text, |text| EndpointSpec::parse(text, namespace));
    }
    again(text, PortSpec::parse);
    let _ = Source::parse(text);
    let _ = labels::parse(text).map_err(|why| assert!(!why.is_empty()));
    let now = time::now();
    if let Ok(when) = time::when(text) {
        let _ = when.at(now);
    }
}

/// Takes bytes for each kind of file that only the command line reads: whatever
/// is wrong with one is said with its place.
pub fn files(bytes: &[u8]) {
    const NAME: &str = "f";
    let text =
        Text { name: NAME.into(), bytes: bytes.to_vec(), kind: InputKind::File, gaps: Vec::new() };
    let problems = match assertions::File::parse(&text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    let untrusted = match exposure::trusted(NAME, bytes) {
        Err(Failure::Problems(problems)) => problems,
        _ => Vec::new(),
    };
    for problem in problems.iter().chain(&untrusted) {
        assert!(problem.place.starts_with(NAME) && !problem.message.is_empty(), "{problem:?}");
    }
}

fn again<T: Debug + Display + PartialEq>(text: &str, parse: impl Fn(&str) -> Result<T, Problem>) {
    match parse(text) {
        Ok(value) => assert_eq!(parse(&value.to_string()).as_ref(), Ok(&value), "{text:?}"),
        Err(problem) => assert!(!problem.help.is_empty(), "{text:?}: {problem:?}"),
    }
}
