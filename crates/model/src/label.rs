use crate::Str;

/// The label that the API server sets on every namespace, to the namespace's
/// own name; nobody can set it otherwise (KEP-2161).
pub const METADATA_NAME: &str = "kubernetes.io/metadata.name";

/// The labels of an object, and what is not known about them.
///
/// Files do not show every label an object carries: the pods of a Deployment
/// get a `pod-template-hash` whose value nobody has written, and a namespace
/// that is missing from the input may carry any label at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    /// Labels with a known value, sorted by key, each key once.
    pub known: Vec<(Str, Str)>,
    /// Keys that are certainly present with a value that is not known; sorted,
    /// and not among `known`.
    pub unvalued: Vec<Str>,
    /// True when keys that stand in neither list may be present too.
    pub open: bool,
}

impl Labels {
    /// Completely known labels. The last value of a repeated key wins.
    pub fn new<K: Into<Str>, V: Into<Str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Labels {
        let mut labels = Labels::default();
        for (key, value) in pairs {
            labels.set(key, value);
        }
        labels
    }

    /// Sets a label, in place of a value that it had.
    pub fn set(&mut self, key: impl Into<Str>, value: impl Into<Str>) {
        let (key, value) = (key.into(), value.into());
        self.unvalued.retain(|k| *k != key);
        match self.known.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => {
                if let Some(pair) = self.known.get_mut(at) {
                    pair.1 = value;
                }
            }
            Err(at) => self.known.insert(at, (key, value)),
        }
    }

    /// Says that a key is present with a value that nobody has written; a known
    /// value stays.
    pub fn set_unvalued(&mut self, key: impl Into<Str>) {
        let key = key.into();
        if self.get(&key).is_none()
            && let Err(at) = self.unvalued.binary_search(&key)
        {
            self.unvalued.insert(at, key);
        }
    }

    /// The known value of a key.
    pub fn get(&self, key: &str) -> Option<&Str> {
        let at = self.known.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        self.known.get(at).map(|(_, value)| value)
    }
}

/// How a requirement compares (`meta/v1` `LabelSelectorOperator`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The key is present and its value is one of the values.
    In,
    /// The key is absent, or its value is none of the values.
    NotIn,
    /// The key is present.
    Exists,
    /// The key is absent.
    DoesNotExist,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The label's key.
    pub key: Str,
    /// How it compares.
    pub operator: Operator,
    /// Sorted, each once; empty exactly for `Exists` and `DoesNotExist`.
    pub values: Vec<Str>,
}

/// A label selector: every requirement must hold. Without requirements it
/// selects everything, as the API's empty selector does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    /// Sorted, each once. `matchLabels` pairs stand here as `In` with one value.
    pub requirements: Vec<Requirement>,
}

impl Selector {
    /// The selector of these requirements, in canonical order.
    pub fn new(requirements: impl IntoIterator<Item = Requirement>) -> Selector {
        let mut requirements: Vec<Requirement> = requirements
            .into_iter()
            .map(|mut r| {
                r.values.sort();
                r.values.dedup();
                r
            })
            .collect();
        requirements.sort();
        requirements.dedup();
        Selector { requirements }
    }

    /// The selector that `matchLabels` with these pairs is.
    pub fn match_labels<K: Into<Str>, V: Into<Str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Selector {
        Selector::new(pairs.into_iter().map(|(key, value)| Requirement {
            key: key.into(),
            operator: Operator::In,
            values: vec![value.into()],
        }))
    }

    /// True when everything is selected.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}
