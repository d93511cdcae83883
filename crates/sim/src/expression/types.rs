//! The types of expressions, before they are evaluated.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A type as the checker knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// Known only when it is evaluated.
    Dyn,
    /// A type without parameters, such as `int` or `string`.
    Simple(&'static str),
    List(Arc<Type>),
    /// A map, by the type of its values. Its keys are not checked.
    Map(Arc<Type>),
    Optional(Arc<Type>),
    /// An object of which all fields are known.
    Object(Arc<Object>),
    /// Any type, the same wherever the letter stands in a signature.
    Parameter(char),
}

/// The fields of an object, by the names that expressions have for them.
#[derive(Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) fields: BTreeMap<String, Type>,
}

impl Type {
    pub(crate) const BOOL: Type = Type::Simple("bool");
    pub(crate) const INT: Type = Type::Simple("int");
    pub(crate) const DOUBLE: Type = Type::Simple("double");
    pub(crate) const STRING: Type = Type::Simple("string");
    pub(crate) const NULL: Type = Type::Simple("null");
    pub(crate) const TIMESTAMP: Type = Type::Simple("timestamp");

    pub(crate) fn list(of: Type) -> Type {
        Type::List(Arc::new(of))
    }

    pub(crate) fn map(of: Type) -> Type {
        Type::Map(Arc::new(of))
    }

    pub(crate) fn optional(of: Type) -> Type {
        Type::Optional(Arc::new(of))
    }

    pub(crate) fn object(
        name: &str,
        fields: impl IntoIterator<Item = (&'static str, Type)>,
    ) -> Type {
        let fields = fields.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
        Type::Object(Arc::new(Object { name: name.to_owned(), fields }))
    }

    /// The type that has the values of both, where the server would accept one
    /// in the place of the other.
    pub(super) fn join(&self, other: &Type) -> Option<Type> {
        let null = |of: &Type| {
            matches!(
                of,
                Type::Object(_) | Type::Optional(_) | Type::Simple("timestamp" | "duration")
            )
        };
        match (self, other) {
            (Type::Dyn, _) | (_, Type::Dyn) => Some(Type::Dyn),
            (a, b) if a == b => Some(a.clone()),
            (a, b) if *a == Type::NULL && null(b) => Some(b.clone()),
            (a, b) if *b == Type::NULL && null(a) => Some(a.clone()),
            (Type::List(a), Type::List(b)) => Some(Type::list(a.join(b)?)),
            (Type::Map(a), Type::Map(b)) => Some(Type::map(a.join(b)?)),
            (Type::Optional(a), Type::Optional(b)) => Some(Type::optional(a.join(b)?)),
            _ => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dyn => f.write_str("dyn"),
            Type::Simple(name) => f.write_str(name),
            Type::List(of) => write!(f, "list({of})"),
            Type::Map(of) => write!(f, "map(string, {of})"),
            Type::Optional(of) => write!(f, "optional_type({of})"),
            Type::Object(object) => f.write_str(&object.name),
            Type::Parameter(letter) => write!(f, "{letter}"),
        }
    }
}

/// One form of a function: `string::startsWith(string) bool` is a method of
/// strings, `size(list<T>) int` a function.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) is_method: bool,
    /// The receiver of a method comes first.
    parameters: Vec<Type>,
    result: Type,
}

impl Signature {
    /// Reads a signature; none where it is not one.
    pub(super) fn read(text: &'static str) -> Option<(&'static str, Signature)> {
        let (head, rest) = text.split_once('(')?;
        let (parameters, result) = rest.rsplit_once(") ")?;
        let (receiver, name) = match head.split_once("::") {
            Some((receiver, name)) => (Some(receiver), name),
            None => (None, head),
        };
        let parameters: Option<Vec<Type>> = receiver
            .into_iter()
            .chain(parameters.split(", ").filter(|parameter| !parameter.is_empty()))
            .map(read)
            .collect();
        let (parameters, result) = (parameters?, read(result)?);
        Some((name, Signature { is_method: receiver.is_some(), parameters, result }))
    }

    /// What a call with these arguments is of, where this is its form.
    pub(super) fn apply(&self, arguments: &[Type]) -> Option<Type> {
        if arguments.len() != self.parameters.len() {
            return None;
        }
        let mut bound = BTreeMap::new();
        let fits = self
            .parameters
            .iter()
            .zip(arguments)
            .all(|(parameter, argument)| unify(parameter, argument, &mut bound));
        fits.then(|| substitute(&self.result, &bound))
    }
}

fn read(text: &'static str) -> Option<Type> {
    match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some(("list", of)) => Some(Type::list(read(of)?)),
        Some(("map", of)) => Some(Type::map(read(of)?)),
        Some(("optional", of)) => Some(Type::optional(read(of)?)),
        Some(_) => None,
        None if text == "dyn" => Some(Type::Dyn),
        None => match text.chars().next() {
            Some(letter) if text.len() == 1 && letter.is_ascii_uppercase() => {
                Some(Type::Parameter(letter))
            }
            _ => Some(Type::Simple(text)),
        },
    }
}

/// Whether an argument can be one, given what the letters stand for so far.
fn unify(parameter: &Type, argument: &Type, bound: &mut BTreeMap<char, Type>) -> bool {
    match (parameter, argument) {
        (Type::Parameter(letter), argument) => {
            let joined = match bound.get(letter) {
                None => Some(argument.clone()),
                Some(before) => before.join(argument),
            };
            joined.is_some_and(|joined| {
                bound.insert(*letter, joined);
                true
            })
        }
        (Type::Dyn, _) | (_, Type::Dyn) => true,
        (Type::Simple("number"), Type::Simple("int" | "uint" | "double")) => true,
        (Type::List(parameter), Type::List(argument))
        | (Type::Map(parameter), Type::Map(argument))
        | (Type::Optional(parameter), Type::Optional(argument)) => {
            unify(parameter, argument, bound)
        }
        (parameter, argument) => parameter == argument,
    }
}

fn substitute(of: &Type, bound: &BTreeMap<char, Type>) -> Type {
    match of {
        Type::Parameter(letter) => bound.get(letter).cloned().unwrap_or(Type::Dyn),
        Type::List(of) => Type::list(substitute(of, bound)),
        Type::Map(of) => Type::map(substitute(of, bound)),
        Type::Optional(of) => Type::optional(substitute(of, bound)),
        other => other.clone(),
    }
}
