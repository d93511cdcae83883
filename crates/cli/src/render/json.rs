use std::io::Write;

use fallgate_engine::{Interval, Place};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::wire;

/// A JSON document of which one list is written as its elements come, each on
/// a line of its own.
///
/// It is the document that [`Context::document`] makes of the whole; only its
/// white space differs.
pub(crate) struct JsonStream<'w> {
    out: &'w mut dyn Write,
    first: bool,
}

impl<'w> JsonStream<'w> {
    /// Starts the document, up to the list of this name.
    pub(crate) fn start(
        out: &'w mut dyn Write,
        context: &Context,
        schema: &str,
        list: &str,
    ) -> Result<JsonStream<'w>, Failure> {
        out.write_all(b"{\n")?;
        let mut stream = JsonStream { out, first: true };
        stream.member("schema", &schema)?;
        stream.member("dialect", &context.snapshot.dialect().to_string())?;
        stream.member("input", &context.wire_input())?;
        write!(stream.out, "  \"{list}\": [")?;
        Ok(stream)
    }

    /// Writes one element, which is JSON already.
    pub(crate) fn element(&mut self, parts: &[&str]) -> Result<(), Failure> {
        self.out.write_all(if self.first { b"\n    " } else { b",\n    " })?;
        self.first = false;
        for part in parts {
            self.out.write_all(part.as_bytes())?;
        }
        Ok(())
    }

    /// Ends the list and the document.
    pub(crate) fn end(self, context: &Context) -> Result<(), Failure> {
        self.out.write_all(if self.first { b"],\n" } else { b"\n  ],\n" })?;
        write!(self.out, "  \"diagnostics\": ")?;
        serde_json::to_writer(&mut *self.out, &context.wire_diagnostics())?;
        self.out.write_all(b"\n}\n")?;
        Ok(())
    }

    fn member(&mut self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        write!(self.out, "  \"{name}\": ")?;
        serde_json::to_writer(&mut *self.out, value)?;
        self.out.write_all(b",\n")?;
        Ok(())
    }
}

/// The JSON of places and intervals, each made once: a large map says the same
/// few thousand things over and over.
#[derive(Default)]
pub(crate) struct Fragments {
    places: FxHashMap<Place, String>,
    intervals: FxHashMap<Interval, String>,
}

impl Fragments {
    /// Writes one entry of a map: `{"from":…,"to":…,"ports":…}`.
    pub(crate) fn entry(
        &mut self,
        stream: &mut JsonStream<'_>,
        row: &super::Row<'_>,
    ) -> Result<(), Failure> {
        if !self.places.contains_key(&*row.from) {
            self.places.insert(row.from.clone().into_owned(), place(&row.from)?);
        }
        if !self.places.contains_key(&*row.to) {
            self.places.insert(row.to.clone().into_owned(), place(&row.to)?);
        }
        if !self.intervals.contains_key(&*row.interval) {
            self.intervals.insert(row.interval.clone().into_owned(), interval(&row.interval)?);
        }
        let of = |place| self.places.get(place).map_or("null", String::as_str);
        stream.element(&[
            "{\"from\":",
            of(&row.from),
            ",\"to\":",
            of(&row.to),
            ",",
            self.intervals.get(&*row.interval).map_or("", String::as_str),
            if row.partial { ",\"partial\":true}" } else { "}" },
        ])
    }
}

fn place(place: &Place) -> Result<String, Failure> {
    Ok(serde_json::to_string(&wire::Endpoint::from(place))?)
}

/// The members of an interval, without the braces around them.
fn interval(interval: &Interval) -> Result<String, Failure> {
    let object = serde_json::to_string(&wire::Allowed::from(interval))?;
    let members = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    Ok(members.unwrap_or(&object).to_owned())
}
