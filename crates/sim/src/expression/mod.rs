//! The Common Expression Language, as the API server uses it in admission
//! policies and in the validation rules of schemas.
//!
//! The crate `cel` parses and evaluates. Around it stands what the server adds:
//! expressions are type-checked before they run, so that a slip is an error of
//! the policy and not of some later request; the server's own functions, of
//! which there is the `authorizer`; and a bound on what one evaluation may
//! cost. A function that the server has and this module has not is an error of
//! compilation, too, and never a rule that silently holds.

mod authority;
mod check;
mod library;
mod pattern;
mod types;
mod value;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cel::common::types as cel_types;
use cel::common::value::{StaticVal, Val};
use cel::{Context, ExecutionError, IdedExpr, Value as CelValue};
use serde_json::Value;

pub(crate) use check::Compiler;
pub(crate) use pattern::pattern;
pub(crate) use types::{Object, Type};
pub(crate) use value::{Scalar, Shape};

use crate::Attributes;
use crate::rbac::Authorizer;

/// How many elements the comprehensions of one set of bindings may visit. The
/// server allows an expression 1,000,000 units, of which each visit costs about
/// five.
const BUDGET: i64 = 200_000;

/// The variable that carries the state of an evaluation. Nobody can write it in
/// an expression.
const STATE: &str = "@state";

/// A checked expression.
#[derive(Debug)]
pub(crate) struct Expression {
    source: String,
    ast: IdedExpr,
}

/// What an expression evaluates to, as far as a caller can want it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Bool(bool),
    String(String),
    /// A value of another type, by its name.
    Other(String),
}

/// Values for the names of a set of expressions, and what they may still cost.
pub(crate) struct Bindings<'v> {
    context: Context<'v, 'v>,
    state: State,
}

impl<'v> Bindings<'v> {
    /// Without names. The patterns are those of the [compiler](Compiler::patterns)
    /// of the expressions to come.
    pub(crate) fn new(patterns: &Patterns) -> Bindings<'v> {
        let state =
            State(Arc::new(Shared { patterns: patterns.clone(), left: AtomicI64::new(BUDGET) }));
        let mut context = Context::with_env(library::environment());
        context.add_variable_as_val(STATE, Box::new(state.clone()));
        Bindings { context, state }
    }

    /// Binds a name to a value of which nothing is known.
    pub(crate) fn bind(&mut self, name: &str, value: &'v Value) {
        self.context.add_variable_as_val(name, value::untyped(value));
    }

    /// Binds a name to a value of a schema.
    pub(crate) fn bind_shaped(&mut self, name: &str, value: &'v Value, shape: &dyn Shape) {
        self.context.add_variable_as_val(name, value::shaped(value, shape));
    }

    /// Binds a name to an optional value of a schema.
    pub(crate) fn bind_optional(
        &mut self,
        name: &str,
        value: Option<&'v Value>,
        shape: &dyn Shape,
    ) {
        let optional = match value {
            Some(value) => cel_types::CelOptional::of(value::shaped(value, shape)),
            None => cel_types::CelOptional::none(),
        };
        self.context.add_variable_as_val(name, Box::new(optional));
    }

    /// Binds `authorizer`, for the user of a request.
    pub(crate) fn bind_authorizer(&mut self, authorizer: &Arc<Authorizer>, request: &Attributes) {
        let (authority, of_request) = authority::bind(authorizer, request);
        self.context.add_variable_as_val("authorizer", Box::new(authority));
        self.context.add_variable_as_val("authorizer.requestResource", Box::new(of_request));
    }

    /// What an expression evaluates to, or why it does not, in the server's
    /// words.
    pub(crate) fn evaluate(&self, expression: &Expression) -> Result<Outcome, String> {
        let result = CelValue::resolve_val(&expression.ast, &self.context);
        if self.state.0.left.load(Ordering::Relaxed) < 0 {
            return Err("operation cancelled: actual cost limit exceeded".to_owned());
        }
        let value = result.map_err(|error| words(&error))?;
        if let Some(value) = value.downcast_ref::<cel_types::CelBool>() {
            return Ok(Outcome::Bool(*value.inner()));
        }
        if let Some(value) = value.downcast_ref::<cel_types::CelString>() {
            return Ok(Outcome::String(value.inner().to_owned()));
        }
        Ok(Outcome::Other(value.get_type().name().to_owned()))
    }
}

impl Expression {
    /// As it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

/// An error of evaluation as the server's library words it.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnexpectedType { .. }
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnsupportedIndex(..)
        | ExecutionError::UnsupportedTargetType { .. }
        | ExecutionError::NotSupportedAsMethod { .. }
        | ExecutionError::ValuesNotComparable(..) => "no such overload".to_owned(),
        ExecutionError::UnsupportedKeyType(_) => "unsupported key type".to_owned(),
        ExecutionError::DuplicateKey(_) => "repeated key".to_owned(),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::IndexOutOfBounds(index) => match index {
            CelValue::Int(index) => format!("index out of bounds: {index}"),
            _ => "index out of bounds".to_owned(),
        },
        ExecutionError::UndeclaredReference(name) => format!("no such attribute(s): {name}"),
        ExecutionError::FunctionError { function, message }
            if message.starts_with("string parse error") =>
        {
            format!("type conversion error from 'string' to '{function}'")
        }
        ExecutionError::FunctionError { function, .. }
            if function == "timestamp" || function == "duration" =>
        {
            format!("type conversion error to '{function}'")
        }
        ExecutionError::FunctionError { message, .. } => message.clone(),
        // Others may show values, whose maps are in no order.
        _ => "the expression cannot be evaluated".to_owned(),
    }
}

/// The regular expressions that a set of expressions names literally.
pub(crate) type Patterns = Arc<[regex::Regex]>;

/// What the functions need that the compiler writes into expressions.
#[derive(Clone, Debug)]
struct State(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    patterns: Patterns,
    /// How many elements comprehensions may still visit; negative once that was
    /// too many.
    left: AtomicI64,
}

static STATE_TYPE: cel_types::Type = cel_types::Type::new_unspecified_type(STATE);

impl Val for State {
    fn get_type(&self) -> &cel_types::Type {
        &STATE_TYPE
    }

    fn cel_type() -> &'static cel_types::Type {
        &STATE_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for State {}

#[cfg(test)]
mod tests;
