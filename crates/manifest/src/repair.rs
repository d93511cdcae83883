//! Policies whose indentation was lost on the way.

/// A policy whose fields stand at the wrong depth.
pub(crate) struct Lost {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) offset: u32,
}

pub(crate) fn lost(_text: &str) -> Option<Lost> {
    None
}
