use std::collections::BTreeMap;
use std::fmt;

use crate::answer::Unavailable;

/// Where a text is read, and what answers call it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A file that the controller can read, by its absolute path.
    File(String),
    /// A key of a ConfigMap in the controller's own namespace, and in no other:
    /// whoever writes it decides who is on call.
    ConfigMap {
        /// The ConfigMap's name.
        name: String,
        /// The key in it.
        key: String,
    },
}

impl Place {
    /// The place that these fields of an AccessConfig name.
    ///
    /// # Errors
    ///
    /// When they name none, or more than one.
    pub fn of(
        file: Option<&str>,
        config_map: Option<&str>,
        key: Option<&str>,
    ) -> Result<Place, Unavailable> {
        match (file, config_map, key) {
            (Some(path), None, None) if path.starts_with('/') => Ok(Place::File(path.to_owned())),
            (None, Some(name), Some(key)) => {
                Ok(Place::ConfigMap { name: name.to_owned(), key: key.to_owned() })
            }
            _ => Err(Unavailable::Unreachable {
                source_name: "the source in AccessConfig".to_owned(),
                why: "it must have either `file`, an absolute path, or both `configMap` and `key`"
                    .to_owned(),
            }),
        }
    }

    /// The text in the `data` of the ConfigMap that the place names.
    ///
    /// # Errors
    ///
    /// When it is not there. `binaryData` is not looked at: what is in it is no
    /// text.
    pub fn text_in<'m>(
        &self,
        data: Option<&'m BTreeMap<String, String>>,
    ) -> Result<&'m [u8], Unavailable> {
        let found = match self {
            Place::ConfigMap { key, .. } => data.and_then(|data| data.get(key)),
            Place::File(_) => None,
        };
        found.map(String::as_bytes).ok_or_else(|| {
            self.unreachable("there is no such key in its `data`; put the text there")
        })
    }

    /// That it could not be read, and why.
    pub fn unreachable(&self, why: impl fmt::Display) -> Unavailable {
        Unavailable::Unreachable { source_name: self.to_string(), why: why.to_string() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => f.write_str(path),
            Place::ConfigMap { name, key } => write!(f, "ConfigMap {name}, key {key}"),
        }
    }
}
