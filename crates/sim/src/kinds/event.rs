//! Events are stored once and served in two groups, which name their fields
//! differently.

use serde_json::Value;

/// Core name, name in `events.k8s.io`.
const NAMES: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// An `events.k8s.io` event in the words of the core group.
pub(crate) fn to_stored(event: &mut Value) {
    rename(event, "v1", NAMES.iter().map(|(core, events)| (*events, *core)));
}

/// An event of the core group in the words of `events.k8s.io`.
pub(crate) fn from_stored(event: &mut Value) {
    rename(event, "events.k8s.io/v1", NAMES.iter().copied());
}

fn rename<'a>(
    event: &mut Value,
    api_version: &str,
    names: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let Some(fields) = event.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
    fields.insert("apiVersion".to_owned(), api_version.into());
}
