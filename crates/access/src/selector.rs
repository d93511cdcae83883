//! Which label selectors hold within which others.
//!
//! A selector is a conjunction, so it is a set of constraints, one for each key
//! that it names: may the key be absent, and which values may it have. Whether
//! everything that one selector matches is matched by another one can then be
//! told exactly, key by key.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_model::{Operator, Requirement, Selector, Str};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

/// What a selector says of each key that it names.
///
/// Equal constraints are equal selections, however they were written: this is
/// the form that is rendered and hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Constraints(BTreeMap<Str, Constraint>);

/// What may be said of one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Constraint {
    /// The key is absent.
    Absent,
    /// The key is present with one of these values; at least one.
    Among(BTreeSet<Str>),
    /// The key is present with none of these values.
    PresentBut(BTreeSet<Str>),
    /// The key is absent, or has none of these values; at least one.
    Without(BTreeSet<Str>),
}

impl Constraints {
    /// The constraints that a selector states; `None` when nothing can meet
    /// them all.
    pub(crate) fn of(selector: &Selector) -> Option<Constraints> {
        let mut all = Constraints(BTreeMap::new());
        for requirement in &selector.requirements {
            let values = || requirement.values.iter().cloned().collect();
            let stated = match requirement.operator {
                Operator::In if requirement.values.is_empty() => return None,
                Operator::In => Constraint::Among(values()),
                Operator::NotIn if requirement.values.is_empty() => continue,
                Operator::NotIn => Constraint::Without(values()),
                Operator::Exists => Constraint::PresentBut(BTreeSet::new()),
                Operator::DoesNotExist => Constraint::Absent,
            };
            all.add(&requirement.key, stated)?;
        }
        Some(all)
    }

    /// What meets the constraints of both; `None` when nothing can.
    pub(crate) fn and(&self, other: &Constraints) -> Option<Constraints> {
        let mut both = self.clone();
        for (key, constraint) in &other.0 {
            both.add(key, constraint.clone())?;
        }
        Some(both)
    }

    /// True when whatever meets these constraints meets the others, too.
    pub(crate) fn within(&self, others: &Constraints) -> bool {
        let within =
            |(key, other)| self.0.get(key).is_some_and(|own: &Constraint| own.within(other));
        others.0.iter().all(within)
    }

    /// True when some label is demanded. What demands none is met by every pod
    /// that merely lacks a label.
    pub(crate) fn demand_a_label(&self) -> bool {
        self.demanded().next().is_some()
    }

    /// Every key that something is said of, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Str> {
        self.0.keys()
    }

    /// The keys that must be present, in order.
    fn demanded(&self) -> impl Iterator<Item = &Str> {
        self.0.iter().filter_map(|(key, constraint)| match constraint {
            Constraint::Among(_) | Constraint::PresentBut(_) => Some(key),
            Constraint::Absent | Constraint::Without(_) => None,
        })
    }

    /// The selector that states exactly this, in one spelling.
    pub(crate) fn selector(&self) -> Selector {
        let mut requirements = Vec::new();
        for (key, constraint) in &self.0 {
            let mut state = |operator, values: &BTreeSet<Str>| {
                let (key, values) = (key.clone(), values.iter().cloned().collect());
                requirements.push(Requirement { key, operator, values });
            };
            match constraint {
                Constraint::Absent => state(Operator::DoesNotExist, &BTreeSet::new()),
                Constraint::Among(values) => state(Operator::In, values),
                Constraint::PresentBut(values) => {
                    state(Operator::Exists, &BTreeSet::new());
                    if !values.is_empty() {
                        state(Operator::NotIn, values);
                    }
                }
                Constraint::Without(values) => state(Operator::NotIn, values),
            }
        }
        Selector::new(requirements)
    }

    fn add(&mut self, key: &Str, constraint: Constraint) -> Option<()> {
        let both = match self.0.get(key) {
            Some(before) => before.and(&constraint)?,
            None => constraint,
        };
        self.0.insert(key.clone(), both);
        Some(())
    }
}

impl Constraint {
    fn and(&self, other: &Constraint) -> Option<Constraint> {
        use Constraint::{Absent, Among, PresentBut, Without};
        let among = |left: BTreeSet<Str>| (!left.is_empty()).then_some(Among(left));
        match (self, other) {
            (Absent, Absent | Without(_)) | (Without(_), Absent) => Some(Absent),
            (Absent, Among(_) | PresentBut(_)) | (Among(_) | PresentBut(_), Absent) => None,
            (Among(a), Among(b)) => among(a & b),
            (Among(a), PresentBut(b) | Without(b)) | (PresentBut(b) | Without(b), Among(a)) => {
                among(a - b)
            }
            (PresentBut(a), PresentBut(b) | Without(b)) | (Without(a), PresentBut(b)) => {
                Some(PresentBut(a | b))
            }
            (Without(a), Without(b)) => Some(Without(a | b)),
        }
    }

    fn within(&self, other: &Constraint) -> bool {
        // Nothing is lost where the other one adds nothing.
        self.and(other).as_ref() == Some(self)
    }
}

/// A selector of the API's as one of the model's; the operator, where it is none.
pub(crate) fn read(selector: &LabelSelector) -> Result<Selector, String> {
    let mut requirements = Vec::new();
    for (key, value) in selector.match_labels.iter().flatten() {
        let (key, values) = (key.as_str().into(), vec![value.as_str().into()]);
        requirements.push(Requirement { key, operator: Operator::In, values });
    }
    for expression in selector.match_expressions.iter().flatten() {
        let operator = match expression.operator.as_str() {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return Err(expression.operator.clone()),
        };
        let values = expression.values.iter().flatten().map(|value| value.as_str().into());
        let values = match operator {
            Operator::In | Operator::NotIn => values.collect(),
            Operator::Exists | Operator::DoesNotExist => Vec::new(),
        };
        requirements.push(Requirement { key: expression.key.as_str().into(), operator, values });
    }
    Ok(Selector::new(requirements))
}

/// A selector of the model's as one of the API's, in one spelling.
pub fn write(selector: &Selector) -> LabelSelector {
    let mut labels = BTreeMap::new();
    let mut expressions = Vec::new();
    for requirement in &selector.requirements {
        let key = requirement.key.to_string();
        let operator = match (requirement.operator, requirement.values.as_slice()) {
            (Operator::In, [value]) if !labels.contains_key(&key) => {
                labels.insert(key, value.to_string());
                continue;
            }
            (Operator::In, _) => "In",
            (Operator::NotIn, _) => "NotIn",
            (Operator::Exists, _) => "Exists",
            (Operator::DoesNotExist, _) => "DoesNotExist",
        };
        let values: Vec<String> = requirement.values.iter().map(|v| v.to_string()).collect();
        expressions.push(LabelSelectorRequirement {
            key,
            operator: operator.to_owned(),
            values: (!values.is_empty()).then_some(values),
        });
    }
    LabelSelector {
        match_labels: (!labels.is_empty()).then_some(labels),
        match_expressions: (!expressions.is_empty()).then_some(expressions),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: [&str; 2] = ["app", "role"];
    const VALUES: [&str; 3] = ["a", "b", "c"];

    fn requirement() -> impl Strategy<Value = Requirement> {
        let values = proptest::sample::subsequence(VALUES.to_vec(), 0..=3);
        (proptest::sample::select(KEYS.to_vec()), 0..4_usize, values).prop_map(
            |(key, op, values)| {
                let operator =
                    [Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist][op];
                let values = match operator {
                    Operator::In | Operator::NotIn => values.into_iter().map(Str::from).collect(),
                    Operator::Exists | Operator::DoesNotExist => Vec::new(),
                };
                Requirement { key: key.into(), operator, values }
            },
        )
    }

    fn selector() -> impl Strategy<Value = Selector> {
        proptest::collection::vec(requirement(), 0..4).prop_map(Selector::new)
    }

    /// Every way in which a pod can be labelled, as far as these selectors can
    /// tell: `d` stands for all values that none of them names.
    fn pods() -> Vec<[Option<&'static str>; 2]> {
        let values = [None, Some("a"), Some("b"), Some("c"), Some("d")];
        values.into_iter().flat_map(|x| values.into_iter().map(move |y| [x, y])).collect()
    }

    fn selects(selector: &Selector, pod: [Option<&str>; 2]) -> bool {
        selector.requirements.iter().all(|r| {
            let value = pod[KEYS.iter().position(|key| **key == *r.key).unwrap()];
            let listed = value.is_some_and(|value| r.values.iter().any(|v| **v == *value));
            match r.operator {
                Operator::In => listed,
                Operator::NotIn => !listed,
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        })
    }

    fn selected(selector: &Selector) -> Vec<[Option<&'static str>; 2]> {
        pods().into_iter().filter(|pod| selects(selector, *pod)).collect()
    }

    proptest! {
        #[test]
        fn containment_is_that_of_the_selected_pods(a in selector(), b in selector()) {
            let (pods_a, pods_b) = (selected(&a), selected(&b));
            match (Constraints::of(&a), Constraints::of(&b)) {
                (None, _) => prop_assert!(pods_a.is_empty()),
                (_, None) => prop_assert!(pods_b.is_empty()),
                (Some(x), Some(y)) => {
                    let contained = pods_a.iter().all(|pod| pods_b.contains(pod));
                    prop_assert_eq!(x.within(&y), contained);
                }
            }
        }

        #[test]
        fn conjunction_is_intersection(a in selector(), b in selector()) {
            let (Some(x), Some(y)) = (Constraints::of(&a), Constraints::of(&b)) else {
                return Ok(());
            };
            let both: Vec<_> =
                selected(&a).into_iter().filter(|pod| selects(&b, *pod)).collect();
            match x.and(&y) {
                Some(z) => {
                    prop_assert_eq!(selected(&z.selector()), both);
                    prop_assert!(z.within(&x) && z.within(&y));
                }
                None => prop_assert!(both.is_empty()),
            }
        }

        #[test]
        fn the_canonical_selector_selects_the_same(a in selector()) {
            let Some(x) = Constraints::of(&a) else {
                prop_assert!(selected(&a).is_empty());
                return Ok(());
            };
            prop_assert_eq!(selected(&x.selector()), selected(&a));
            prop_assert_eq!(Constraints::of(&x.selector()), Some(x));
        }

        #[test]
        fn what_demands_no_label_matches_a_pod_without_labels(a in selector()) {
            let Some(x) = Constraints::of(&a) else { return Ok(()) };
            prop_assert_eq!(x.demand_a_label(), !selects(&a, [None, None]));
        }

        #[test]
        fn the_apis_spelling_says_the_same(a in selector()) {
            let read = read(&write(&a)).unwrap();
            prop_assert_eq!(selected(&read), selected(&a));
            prop_assert_eq!(super::read(&write(&read)).unwrap(), read);
        }
    }
}
