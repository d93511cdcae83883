//! The functions that expressions may call.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};

use cel::common::types::{CelBool, CelInt, CelList, CelOptional, CelString, DYN_TYPE, Kind};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, extensions};

use super::types::{Signature, Type};
use super::{State, authority};

/// Stands around what a comprehension runs over: it counts, and gives the keys
/// of a map in order, so that equal inputs have equal results.
pub(super) const RANGE: &str = "@range";

/// `matches` with a pattern that was compiled before.
pub(super) const MATCHES: &str = "@matches";

/// `has()`. The library's own fails where the operand can have no fields at all,
/// such as null; the server's says no.
pub(super) const HAS: &str = "@has";

/// What can be compared with the result of `type(…)`.
pub(super) const TYPE_NAMES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// Every function and operator, in the form in which it may be called: those of
/// the language, of the server's extensions that are supported here, and the
/// authorizer's. What stands here is what can be evaluated.
const SIGNATURES: &[&str] = &[
    // Operators.
    "_&&_(bool, bool) bool",
    "_||_(bool, bool) bool",
    "!_(bool) bool",
    "@not_strictly_false(bool) bool",
    "_?_:_(bool, T, T) T",
    "_==_(T, T) bool",
    "_!=_(T, T) bool",
    "_<_(number, number) bool",
    "_<_(string, string) bool",
    "_<_(bytes, bytes) bool",
    "_<_(bool, bool) bool",
    "_<_(timestamp, timestamp) bool",
    "_<_(duration, duration) bool",
    "_<=_(number, number) bool",
    "_<=_(string, string) bool",
    "_<=_(bytes, bytes) bool",
    "_<=_(bool, bool) bool",
    "_<=_(timestamp, timestamp) bool",
    "_<=_(duration, duration) bool",
    "_>_(number, number) bool",
    "_>_(string, string) bool",
    "_>_(bytes, bytes) bool",
    "_>_(bool, bool) bool",
    "_>_(timestamp, timestamp) bool",
    "_>_(duration, duration) bool",
    "_>=_(number, number) bool",
    "_>=_(string, string) bool",
    "_>=_(bytes, bytes) bool",
    "_>=_(bool, bool) bool",
    "_>=_(timestamp, timestamp) bool",
    "_>=_(duration, duration) bool",
    "_+_(int, int) int",
    "_+_(uint, uint) uint",
    "_+_(double, double) double",
    "_+_(string, string) string",
    "_+_(bytes, bytes) bytes",
    "_+_(list<T>, list<T>) list<T>",
    "_+_(timestamp, duration) timestamp",
    "_+_(duration, timestamp) timestamp",
    "_+_(duration, duration) duration",
    "_-_(int, int) int",
    "_-_(uint, uint) uint",
    "_-_(double, double) double",
    "_-_(timestamp, timestamp) duration",
    "_-_(timestamp, duration) timestamp",
    "_-_(duration, duration) duration",
    "_*_(int, int) int",
    "_*_(uint, uint) uint",
    "_*_(double, double) double",
    "_/_(int, int) int",
    "_/_(uint, uint) uint",
    "_/_(double, double) double",
    "_%_(int, int) int",
    "_%_(uint, uint) uint",
    "-_(int) int",
    "-_(double) double",
    "@in(T, list<T>) bool",
    "@in(dyn, map<T>) bool",
    "_[_](list<T>, int) T",
    "_[_](map<T>, dyn) T",
    "_[_](optional<list<T>>, int) optional<T>",
    "_[_](optional<map<T>>, dyn) optional<T>",
    "_[?_](list<T>, int) optional<T>",
    "_[?_](map<T>, dyn) optional<T>",
    "_[?_](optional<list<T>>, int) optional<T>",
    "_[?_](optional<map<T>>, dyn) optional<T>",
    // The language.
    "size(string) int",
    "size(bytes) int",
    "size(list<T>) int",
    "size(map<T>) int",
    "string::size() int",
    "bytes::size() int",
    "list<T>::size() int",
    "map<T>::size() int",
    "string::contains(string) bool",
    "string::startsWith(string) bool",
    "string::endsWith(string) bool",
    "string::matches(string) bool",
    "matches(string, string) bool",
    "type(T) type",
    "dyn(T) dyn",
    "bool(bool) bool",
    "bool(string) bool",
    "int(int) int",
    "int(uint) int",
    "int(double) int",
    "int(string) int",
    "uint(uint) uint",
    "uint(int) uint",
    "uint(double) uint",
    "uint(string) uint",
    "double(double) double",
    "double(int) double",
    "double(uint) double",
    "double(string) double",
    "string(string) string",
    "string(bool) string",
    "string(int) string",
    "string(uint) string",
    "string(double) string",
    "string(bytes) string",
    "bytes(bytes) bytes",
    "bytes(string) bytes",
    "timestamp(timestamp) timestamp",
    "timestamp(string) timestamp",
    "duration(duration) duration",
    "duration(string) duration",
    "string(timestamp) string",
    "string(duration) string",
    "int(timestamp) int",
    // Optional values.
    "optional.of(T) optional<T>",
    "optional.ofNonZeroValue(T) optional<T>",
    "optional.none() optional<T>",
    "optional<T>::hasValue() bool",
    "optional<T>::value() T",
    "optional<T>::or(optional<T>) optional<T>",
    "optional<T>::orValue(T) T",
    // Texts.
    "string::charAt(int) string",
    "string::indexOf(string) int",
    "string::indexOf(string, int) int",
    "string::lastIndexOf(string) int",
    "string::lastIndexOf(string, int) int",
    "list<string>::join() string",
    "list<string>::join(string) string",
    "string::lowerAscii() string",
    "string::upperAscii() string",
    "string::trim() string",
    "string::replace(string, string) string",
    "string::replace(string, string, int) string",
    "string::split(string) list<string>",
    "string::split(string, int) list<string>",
    "string::substring(int) string",
    "string::substring(int, int) string",
    // The authorizer.
    "authorizer::path(string) path_check",
    "authorizer::group(string) group_check",
    "authorizer::serviceAccount(string, string) authorizer",
    "group_check::resource(string) resource_check",
    "resource_check::subresource(string) resource_check",
    "resource_check::namespace(string) resource_check",
    "resource_check::name(string) resource_check",
    "resource_check::check(string) decision",
    "path_check::check(string) decision",
    "decision::allowed() bool",
    "decision::reason() string",
    "decision::errored() bool",
    "decision::error() string",
];

/// Functions that a real server has besides. Some are namespaces of functions.
const NOT_SIMULATED: [&str; 33] = [
    "base64",
    "cel",
    "cidr",
    "distinct",
    "find",
    "findAll",
    "flatten",
    "format",
    "ip",
    "isCIDR",
    "isIP",
    "isQuantity",
    "isSemver",
    "isSorted",
    "isURL",
    "jsonpatch",
    "last",
    "lists",
    "math",
    "max",
    "min",
    "optFlatMap",
    "optMap",
    "quantity",
    "semver",
    "sets",
    "slice",
    "sort",
    "sortBy",
    "sum",
    "transformList",
    "transformMap",
    "url",
];

/// Why a name is none that an expression may use.
pub(super) fn undeclared(name: &str) -> String {
    if NOT_SIMULATED.contains(&name) {
        return format!("'{name}' is not simulated: only a real server has it");
    }
    format!("undeclared reference to '{name}' (in container '')")
}

static TABLE: LazyLock<BTreeMap<&str, Vec<Signature>>> = LazyLock::new(|| {
    let mut table: BTreeMap<&str, Vec<Signature>> = BTreeMap::new();
    for (name, signature) in SIGNATURES.iter().filter_map(|text| Signature::read(text)) {
        table.entry(name).or_default().push(signature);
    }
    table
});

/// The forms of a function; none where there is no such function.
pub(super) fn signatures(name: &str) -> Option<&'static [Signature]> {
    TABLE.get(name).map(Vec::as_slice)
}

/// What a call is of. Where the types of its arguments leave several forms open,
/// it is known only when it is evaluated.
pub(super) fn resolve(
    name: &str,
    signatures: &[Signature],
    is_method: bool,
    arguments: &[Type],
) -> Result<Type, String> {
    let mut result: Option<Type> = None;
    for signature in signatures.iter().filter(|signature| signature.is_method == is_method) {
        let Some(of) = signature.apply(arguments) else { continue };
        result = match result {
            Some(before) if before != of => Some(Type::Dyn),
            _ => Some(of),
        };
    }
    result.ok_or_else(|| {
        let texts: Vec<String> = arguments.iter().map(Type::to_string).collect();
        let applied = match (is_method, texts.split_first()) {
            (true, Some((receiver, rest))) => format!("{receiver}.({})", rest.join(", ")),
            _ => format!("({})", texts.join(", ")),
        };
        format!("found no matching overload for '{name}' applied to '{applied}'")
    })
}

/// What evaluates the functions.
pub(super) fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
        let mut environment = Env::stdlib();
        // A declaration fails only where another has the same name; a function
        // that is not declared for that is an error when it is called.
        let declared = declare(&mut environment);
        debug_assert!(declared.is_ok(), "{declared:?}");
        Arc::new(environment)
    });
    ENVIRONMENT.clone()
}

fn declare(environment: &mut Env) -> Result<(), DeclarationError> {
    environment.add_extension(extensions::strings)?;
    environment.add_overload(RANGE, RANGE, vec![DYN_TYPE, DYN_TYPE], range)?;
    environment.add_overload(HAS, HAS, vec![DYN_TYPE, DYN_TYPE], has)?;
    environment.add_overload(MATCHES, MATCHES, vec![DYN_TYPE, DYN_TYPE, DYN_TYPE], matches)?;
    authority::declare(environment)
}

pub(super) fn no_such_overload(function: &str) -> ExecutionError {
    ExecutionError::no_such_overload(function, Vec::new())
}

fn range<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (Some(value), Some(state)) = (args.pop(), args.pop()) else {
        return Err(no_such_overload(RANGE));
    };
    let (Some(state), Some(size)) = (state.downcast_ref::<State>(), value.as_sizer()) else {
        return Err(no_such_overload(RANGE));
    };
    let cost = size.size().inner().saturating_add(1);
    if state.0.left.fetch_sub(cost, Ordering::Relaxed) < cost {
        return Err(ExecutionError::function_error(RANGE, "actual cost limit exceeded"));
    }
    match value.get_type().kind() {
        Kind::List => Ok(value),
        Kind::Map => {
            let mut keys = Vec::new();
            if let Some(iterable) = value.as_iterable() {
                let mut rest = iterable.iter();
                while let Some(key) = rest.next() {
                    keys.push((format!("{key:?}"), key.clone_as_boxed()));
                }
            }
            keys.sort_by(|(a, _), (b, _)| a.cmp(b));
            let keys: Vec<Box<dyn Val + 'v>> = keys.into_iter().map(|(_, key)| key).collect();
            Ok(CowVal::owned(CelList::from(keys)))
        }
        _ => Err(no_such_overload(RANGE)),
    }
}

fn has<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [operand, field] = args.as_slice() else { return Err(no_such_overload(HAS)) };
    let mut operand: &(dyn Val + 'v) = operand.as_ref();
    while let Some(optional) = operand.downcast_ref::<CelOptional>() {
        match optional.inner() {
            Some(value) => operand = value,
            None => return Ok(CowVal::owned(CelBool::from(false))),
        }
    }
    let found = match (operand.get_type().kind(), operand.as_indexer()) {
        (Kind::List, _) => return Err(no_such_overload(HAS)),
        (_, Some(indexer)) => indexer.get(field.as_ref()).is_ok(),
        (_, None) => false,
    };
    Ok(CowVal::owned(CelBool::from(found)))
}

fn matches<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [state, index, subject] = args.as_slice() else {
        return Err(no_such_overload("matches"));
    };
    let (Some(state), Some(index), Some(subject)) = (
        state.downcast_ref::<State>(),
        index.downcast_ref::<CelInt>(),
        subject.downcast_ref::<CelString>(),
    ) else {
        return Err(no_such_overload("matches"));
    };
    let index = usize::try_from(*index.inner()).ok();
    let pattern = index.and_then(|index| state.0.patterns.get(index));
    let pattern = pattern.ok_or_else(|| no_such_overload("matches"))?;
    Ok(CowVal::owned(CelBool::from(pattern.is_match(subject.inner()))))
}
