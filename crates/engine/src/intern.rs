//! Labels and selectors over numbers instead of strings.
//!
//! Only the engine that writes holds the tables; what is compiled carries its
//! numbers itself, so snapshots share nothing mutable with the writer.

use std::sync::Arc;

use fallgate_model::{Labels, Operator, Selector, Str};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::tri::Tri;

/// An interned string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(u32);

#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    by_name: FxHashMap<Str, Sym>,
    selectors: FxHashMap<Selector, Arc<CompiledSelector>>,
    labels: FxHashMap<Labels, Arc<CompiledLabels>>,
}

/// Labels as [`fallgate_model::Labels`], in numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CompiledLabels {
    pub(crate) known: Box<[(Sym, Sym)]>,
    unvalued: Box<[Sym]>,
    open: bool,
}

/// A selector in numbers. Equal selectors of one engine are one object, and
/// `id` tells them apart.
#[derive(Debug)]
pub(crate) struct CompiledSelector {
    pub(crate) id: u32,
    pub(crate) requirements: Box<[CompiledRequirement]>,
    pub(crate) source: Selector,
}

#[derive(Debug)]
pub(crate) struct CompiledRequirement {
    pub(crate) key: Sym,
    pub(crate) operator: Operator,
    pub(crate) values: SmallVec<[Sym; 2]>,
}

impl Symbols {
    pub(crate) fn symbol(&mut self, name: &Str) -> Sym {
        if let Some(&sym) = self.by_name.get(name) {
            return sym;
        }
        let sym = Sym(u32::try_from(self.by_name.len()).unwrap_or(u32::MAX));
        self.by_name.insert(name.clone(), sym);
        sym
    }

    pub(crate) fn labels(&mut self, labels: &Labels) -> Arc<CompiledLabels> {
        if let Some(compiled) = self.labels.get(labels) {
            return compiled.clone();
        }
        let compiled = Arc::new(CompiledLabels {
            known: labels.known.iter().map(|(k, v)| (self.symbol(k), self.symbol(v))).collect(),
            unvalued: labels.unvalued.iter().map(|k| self.symbol(k)).collect(),
            open: labels.open,
        });
        self.labels.insert(labels.clone(), compiled.clone());
        compiled
    }

    pub(crate) fn selector(&mut self, selector: &Selector) -> Arc<CompiledSelector> {
        if let Some(compiled) = self.selectors.get(selector) {
            return compiled.clone();
        }
        let requirements = selector
            .requirements
            .iter()
            .map(|r| CompiledRequirement {
                key: self.symbol(&r.key),
                operator: r.operator,
                values: r.values.iter().map(|v| self.symbol(v)).collect(),
            })
            .collect();
        let compiled = Arc::new(CompiledSelector {
            id: u32::try_from(self.selectors.len()).unwrap_or(u32::MAX),
            requirements,
            source: selector.clone(),
        });
        self.selectors.insert(selector.clone(), compiled.clone());
        compiled
    }

    /// Forgets what nothing outside the tables holds any more, so that a
    /// long-lived engine does not grow with every label that ever was.
    pub(crate) fn sweep(&mut self) {
        self.labels.retain(|_, compiled| Arc::strong_count(compiled) > 1);
    }
}

impl CompiledSelector {
    /// SEMANTICS §3: the three-valued AND of the requirements.
    pub(crate) fn matches(&self, labels: &CompiledLabels) -> Tri {
        let mut all = Tri::Yes;
        for requirement in &self.requirements {
            all = all.and(requirement.matches(labels));
            if all == Tri::No {
                break;
            }
        }
        all
    }

    /// The `In` requirement that the fewest known labels meet, where `count`
    /// counts them; `None` when the selector has no such requirement.
    pub(crate) fn narrowest(&self, count: impl Fn((Sym, Sym)) -> usize) -> Option<(Sym, &[Sym])> {
        self.requirements
            .iter()
            .filter(|r| r.operator == Operator::In)
            .min_by_key(|r| r.values.iter().map(|v| count((r.key, *v))).sum::<usize>())
            .map(|r| (r.key, r.values.as_slice()))
    }
}

impl CompiledLabels {
    /// Labels of which nothing is known.
    pub(crate) fn unknown() -> CompiledLabels {
        CompiledLabels { known: Box::default(), unvalued: Box::default(), open: true }
    }

    /// What a selector says of the labels that it selects.
    pub(crate) fn required(selector: &CompiledSelector) -> CompiledLabels {
        let mut labels = CompiledLabels::unknown();
        let mut known: Vec<(Sym, Sym)> = Vec::new();
        let mut unvalued: Vec<Sym> = Vec::new();
        for requirement in &selector.requirements {
            match (requirement.operator, requirement.values.as_slice()) {
                (Operator::In, [value]) => known.push((requirement.key, *value)),
                (Operator::In | Operator::Exists, _) => unvalued.push(requirement.key),
                (Operator::NotIn | Operator::DoesNotExist, _) => {}
            }
        }
        unvalued.retain(|key| !known.iter().any(|(k, _)| k == key));
        labels.known = known.into();
        labels.unvalued = unvalued.into();
        labels
    }

    /// True when no label is unknown.
    pub(crate) fn is_exact(&self) -> bool {
        self.unvalued.is_empty() && !self.open
    }
}

impl CompiledRequirement {
    fn matches(&self, labels: &CompiledLabels) -> Tri {
        let value = labels.known.iter().find(|(key, _)| *key == self.key).map(|(_, value)| *value);
        let listed = value.map(|value| self.values.contains(&value));
        holds(self.operator, listed, labels.unvalued.contains(&self.key), labels.open)
    }
}

/// Whether a selector selects what has these labels (SEMANTICS §3), both as
/// they are written.
pub fn matches(selector: &Selector, labels: &Labels) -> Tri {
    selector.requirements.iter().fold(Tri::Yes, |all, requirement| {
        let listed = labels.get(&requirement.key).map(|value| requirement.values.contains(value));
        let unvalued = labels.unvalued.contains(&requirement.key);
        all.and(holds(requirement.operator, listed, unvalued, labels.open))
    })
}

/// Whether a requirement holds: `listed` says of a known value whether it is
/// among the requirement's, `unvalued` that the key has some value, `open` that
/// keys may be there that nobody has written.
fn holds(operator: Operator, listed: Option<bool>, unvalued: bool, open: bool) -> Tri {
    let is_in = || match listed {
        Some(listed) => listed.into(),
        None if unvalued || open => Tri::Unknown,
        None => Tri::No,
    };
    let exists = || match (listed.is_some() || unvalued, open) {
        (true, _) => Tri::Yes,
        (false, true) => Tri::Unknown,
        (false, false) => Tri::No,
    };
    match operator {
        Operator::In => is_in(),
        Operator::NotIn => is_in().not(),
        Operator::Exists => exists(),
        Operator::DoesNotExist => exists().not(),
    }
}
