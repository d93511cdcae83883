//! Selectors over labels of which not everything need be known.

use fallgate_engine::Snapshot;
use fallgate_model::{Labels, METADATA_NAME, Operator, Selector};

/// Yes, no, or not to be told from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tri {
    Yes,
    No,
    Unknown,
}

impl Tri {
    pub(crate) fn and(self, other: Tri) -> Tri {
        match (self, other) {
            (Tri::No, _) | (_, Tri::No) => Tri::No,
            (Tri::Yes, Tri::Yes) => Tri::Yes,
            _ => Tri::Unknown,
        }
    }

    fn not(self) -> Tri {
        match self {
            Tri::Yes => Tri::No,
            Tri::No => Tri::Yes,
            Tri::Unknown => Tri::Unknown,
        }
    }
}

/// Whether a selector selects what has these labels (SEMANTICS §3).
pub(crate) fn matches(selector: &Selector, labels: &Labels) -> Tri {
    let absent = if labels.open { Tri::Unknown } else { Tri::No };
    selector.requirements.iter().fold(Tri::Yes, |all, requirement| {
        let unvalued = labels.unvalued.contains(&requirement.key);
        let value = labels.get(&requirement.key);
        let is_in = match value {
            Some(value) if requirement.values.contains(value) => Tri::Yes,
            Some(_) => Tri::No,
            None if unvalued => Tri::Unknown,
            None => absent,
        };
        let exists = if value.is_some() || unvalued { Tri::Yes } else { absent };
        all.and(match requirement.operator {
            Operator::In => is_in,
            Operator::NotIn => is_in.not(),
            Operator::Exists => exists,
            Operator::DoesNotExist => exists.not(),
        })
    })
}

/// The labels of a namespace; of one that is not in the input, its name.
pub(crate) fn namespace_labels(snapshot: &Snapshot, name: &str) -> Labels {
    match snapshot.namespace(name) {
        Some(namespace) => namespace.labels.clone(),
        None => Labels { open: true, ..Labels::new([(METADATA_NAME, name)]) },
    }
}
