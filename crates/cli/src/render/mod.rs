//! What the commands that list connections share: which they list, how they
//! call places, and the forms they print lists in.

mod csv;
mod entries;
mod grouped;
mod json;
mod junit;
mod markdown;
mod names;

pub(crate) use csv::{Csv, escape};
pub(crate) use entries::{
    Ends, Filter, PortFilter, Row, Tally, entries, entry_ref, grouped, port_names, selected,
};
pub(crate) use grouped::{Grouped, Line, entry_name};
pub(crate) use json::{Fragments, JsonStream};
pub(crate) use junit::{Case, CaseResult, junit};
pub(crate) use markdown::code;
pub(crate) use names::{Names, interval_texts, short};

/// The cluster of a text, for tests.
#[cfg(test)]
pub(crate) fn context(yaml: &str) -> crate::context::Context {
    let text = crate::input::Text {
        name: "test.yaml".into(),
        bytes: yaml.as_bytes().to_vec(),
        kind: fallgate_manifest::InputKind::File,
        gaps: Vec::new(),
    };
    crate::context::Context::of_texts(&crate::args::Global::default(), vec![text]).unwrap()
}
