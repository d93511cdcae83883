//! From the text of an expression to something that can be evaluated.

use std::collections::BTreeMap;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr};
use cel::common::types::CelInt;
use regex::Regex;

use super::library::{self, HAS, MATCHES, RANGE};
use super::types::Type;
use super::{Expression, Patterns, STATE, pattern};

/// How long the text of an expression may be, in bytes.
const MAX_LENGTH: usize = 16 << 10;

/// How many nodes an expression may have, and how many of them on top of each
/// other, with the variables that it uses in their places.
const MAX_SIZE: Size = Size { nodes: 20_000, height: 250 };

/// Compiles expressions that share names, variables and patterns.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    names: BTreeMap<&'static str, Type>,
    variables: BTreeMap<String, Variable>,
    patterns: Vec<Regex>,
}

/// A member of `variables`. Where an expression names it, its own tree is put:
/// nothing has an effect, so that this is lazy evaluation.
#[derive(Debug)]
struct Variable {
    ast: IdedExpr,
    of: Type,
    size: Size,
}

#[derive(Clone, Copy, Debug)]
struct Size {
    nodes: usize,
    height: usize,
}

impl Compiler {
    /// For expressions that may use these names.
    pub(crate) fn new(names: impl IntoIterator<Item = (&'static str, Type)>) -> Compiler {
        Compiler { names: names.into_iter().collect(), ..Compiler::default() }
    }

    /// Gives a name to the expressions to come.
    pub(crate) fn declare(&mut self, name: &'static str, of: Type) {
        self.names.insert(name, of);
    }

    /// Takes a name away from the expressions to come.
    pub(crate) fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// Makes `variables.name` of an expression. The next ones may use it.
    pub(crate) fn define(&mut self, name: &str, source: &str) -> Result<(), String> {
        let (ast, of, size) = self.check(source)?;
        self.variables.insert(name.to_owned(), Variable { ast, of, size });
        Ok(())
    }

    /// Compiles an expression that must be of one of these types.
    pub(crate) fn compile(&mut self, source: &str, of: &[Type]) -> Result<Expression, String> {
        let (ast, found, _) = self.check(source)?;
        if !of.contains(&found) {
            let wanted: Vec<String> = of.iter().map(Type::to_string).collect();
            return Err(format!("must evaluate to {} but got {found}", wanted.join(" or ")));
        }
        Ok(Expression { source: source.to_owned(), ast })
    }

    /// The patterns of all expressions so far.
    pub(crate) fn patterns(&self) -> Patterns {
        self.patterns.as_slice().into()
    }

    /// Takes over the patterns of another compiler, which had these before: the
    /// expressions of both can then be evaluated with the same list.
    pub(crate) fn share_patterns(&mut self, other: &Compiler) {
        self.patterns.clone_from(&other.patterns);
    }

    fn check(&mut self, source: &str) -> Result<(IdedExpr, Type, Size), String> {
        let failed = |why: String| format!("compilation failed: {why}");
        if source.len() > MAX_LENGTH {
            return Err(failed(format!("the expression is longer than {MAX_LENGTH} bytes")));
        }
        let parsed = library::environment().parser().parse(source);
        let mut ast = parsed.map_err(|errors| failed(errors.to_string()))?;
        let mut checker = Checker { compiler: self, locals: Vec::new(), nodes: 0 };
        let of = checker.infer(&mut ast).map_err(failed)?;
        let size = measure(&ast);
        if size.nodes > MAX_SIZE.nodes || size.height > MAX_SIZE.height {
            return Err(failed("the expression is too large".to_owned()));
        }
        Ok((ast, of, size))
    }
}

impl Expression {
    /// Whether the expression uses a name.
    pub(crate) fn uses(&self, name: &str) -> bool {
        self.ast.references().has_variable(name)
    }
}

struct Checker<'c> {
    compiler: &'c mut Compiler,
    /// The variables of the macros around the place at hand, innermost last.
    locals: Vec<(String, Type)>,
    /// How many nodes variables have brought in.
    nodes: usize,
}

impl Checker<'_> {
    /// The type of an expression. On the way, what is evaluated differently
    /// here than by the library is rewritten.
    fn infer(&mut self, expr: &mut IdedExpr) -> Result<Type, String> {
        match &mut expr.expr {
            Expr::Unspecified => Err("the expression is empty".to_owned()),
            Expr::Literal(literal) => Ok(literal_type(literal)),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                if let Some(variable) = self.variable(select)? {
                    let (ast, of) = (variable.ast.clone(), variable.of.clone());
                    self.nodes += variable.size.nodes;
                    *expr = ast;
                    return Ok(of);
                }
                let of = self.select(select)?;
                if select.test {
                    let operand = std::mem::take(&mut *select.operand);
                    let field = std::mem::take(&mut select.field).into();
                    let field = Expr::Literal(LiteralValue::String(field));
                    let field = IdedExpr { id: operand.id, expr: field };
                    expr.expr = call(HAS, vec![operand, field]);
                }
                Ok(of)
            }
            Expr::Call(_) => self.call(expr),
            Expr::List(list) => {
                let mut of = None;
                for (at, element) in list.elements.iter_mut().enumerate() {
                    let mut found = self.infer(element)?;
                    if list.optional_indices.contains(&at) {
                        found = unwrap(found);
                    }
                    of = Some(alike(of, found)?);
                }
                Ok(Type::list(of.unwrap_or(Type::Dyn)))
            }
            Expr::Map(map) => {
                let (mut keys, mut values) = (None, None);
                for entry in &mut map.entries {
                    let EntryExpr::MapEntry(entry) = &mut entry.expr else {
                        return Err("an entry of a map has no value".to_owned());
                    };
                    keys = Some(alike(keys, self.infer(&mut entry.key)?)?);
                    let mut found = self.infer(&mut entry.value)?;
                    if entry.optional {
                        found = unwrap(found);
                    }
                    values = Some(alike(values, found)?);
                }
                Ok(Type::map(values.unwrap_or(Type::Dyn)))
            }
            Expr::Struct(message) => Err(library::undeclared(&message.type_name)),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
        }
    }

    fn name(&self, name: &str) -> Result<Type, String> {
        if let Some((_, of)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Ok(of.clone());
        }
        if let Some(of) = self.compiler.names.get(name) {
            return Ok(of.clone());
        }
        if library::TYPE_NAMES.contains(&name) {
            return Ok(Type::Simple("type"));
        }
        Err(library::undeclared(name))
    }

    /// The variable that a selection names.
    fn variable(&self, select: &SelectExpr) -> Result<Option<&Variable>, String> {
        if !matches!(&select.operand.expr, Expr::Ident(name) if name == "variables") {
            return Ok(None);
        }
        if select.test {
            return Err("has() of a variable is not supported here".to_owned());
        }
        let variable = self.compiler.variables.get(&select.field);
        let variable = variable.ok_or_else(|| format!("undefined field '{}'", select.field))?;
        if self.nodes + variable.size.nodes > MAX_SIZE.nodes {
            return Err("the expression is too large with its variables".to_owned());
        }
        Ok(Some(variable))
    }

    fn select(&mut self, select: &mut SelectExpr) -> Result<Type, String> {
        // `authorizer.requestResource` is a name and no field.
        if let Expr::Ident(name) = &select.operand.expr {
            let qualified = format!("{name}.{}", select.field);
            if let (false, Some(of)) = (select.test, self.compiler.names.get(qualified.as_str())) {
                return Ok(of.clone());
            }
        }
        let operand = self.infer(&mut select.operand)?;
        // A reserved word may be written as it is, or as other names are escaped.
        if let Type::Object(object) = &operand {
            let escaped = format!("__{}__", select.field);
            if object.fields.contains_key(&escaped) {
                select.field = escaped;
            }
        }
        let of = field(&operand, &select.field)?;
        Ok(if select.test { Type::BOOL } else { of })
    }

    fn call(&mut self, expr: &mut IdedExpr) -> Result<Type, String> {
        let Expr::Call(call) = &mut expr.expr else {
            return Err("not a call".to_owned());
        };
        if call.func_name == "_?._" {
            return self.optional_select(call);
        }
        // `optional.of(x)` is a function of that name, not a method of `optional`.
        if let Some(Expr::Ident(name)) = call.target.as_ref().map(|target| &target.expr) {
            let qualified = format!("{name}.{}", call.func_name);
            if let Some(signatures) = library::signatures(&qualified) {
                let arguments = self.arguments(&mut call.args)?;
                return library::resolve(&qualified, signatures, false, &arguments);
            }
        }
        let mut arguments = Vec::new();
        if let Some(target) = &mut call.target {
            arguments.push(self.infer(target)?);
        }
        let is_method = call.target.is_some();
        arguments.extend(self.arguments(&mut call.args)?);
        let signatures = library::signatures(&call.func_name)
            .ok_or_else(|| library::undeclared(&call.func_name))?;
        let of = library::resolve(&call.func_name, signatures, is_method, &arguments)?;
        if call.func_name == "matches" {
            self.compile_pattern(call)?;
        }
        Ok(of)
    }

    fn arguments(&mut self, arguments: &mut [IdedExpr]) -> Result<Vec<Type>, String> {
        arguments.iter_mut().map(|argument| self.infer(argument)).collect()
    }

    /// `a.?b`, of which `b` is a literal in the tree.
    fn optional_select(&mut self, call: &mut CallExpr) -> Result<Type, String> {
        let [operand, name] = call.args.as_mut_slice() else {
            return Err("unsupported use of `.?`".to_owned());
        };
        let Expr::Literal(LiteralValue::String(name)) = &name.expr else {
            return Err("unsupported use of `.?`".to_owned());
        };
        let of = field(&unwrap(self.infer(operand)?), name.inner())?;
        Ok(Type::optional(unwrap(of)))
    }

    /// A pattern that is known now is compiled now, once and for all.
    fn compile_pattern(&mut self, call: &mut CallExpr) -> Result<(), String> {
        let Some(last) = call.args.pop() else { return Ok(()) };
        let source = match &last.expr {
            Expr::Literal(LiteralValue::String(source)) => source.inner().to_owned(),
            _ => return Err("the pattern of matches() must be a literal here".to_owned()),
        };
        let index = i64::try_from(self.compiler.patterns.len()).map_err(|e| e.to_string())?;
        let pattern = pattern(&source).map_err(|why| format!("invalid matches argument: {why}"))?;
        self.compiler.patterns.push(pattern);
        let subject = match call.target.take() {
            Some(target) => *target,
            None => call.args.pop().ok_or("matches() has no subject")?,
        };
        let at = last.id;
        let state = IdedExpr { id: at, expr: Expr::Ident(STATE.to_owned()) };
        let index = Expr::Literal(LiteralValue::Int(CelInt::from(index)));
        MATCHES.clone_into(&mut call.func_name);
        call.args = vec![state, IdedExpr { id: at, expr: index }, subject];
        Ok(())
    }

    fn comprehension(&mut self, it: &mut ComprehensionExpr) -> Result<Type, String> {
        if it.iter_var2.is_some() {
            return Err("macros with two variables are not supported here".to_owned());
        }
        if self.compiler.names.contains_key(it.iter_var.as_str()) || it.iter_var == "variables" {
            return Err(format!("'{}' hides a name of the same kind", it.iter_var));
        }
        let range = self.infer(&mut it.iter_range)?;
        let element = match &range {
            Type::Dyn => Type::Dyn,
            Type::List(of) => (**of).clone(),
            Type::Map(_) => Type::Dyn,
            other => {
                return Err(format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be \
                     list, map, or dynamic)"
                ));
            }
        };
        let range = std::mem::take(&mut it.iter_range);
        let at = range.id;
        let state = IdedExpr { id: at, expr: Expr::Ident(STATE.to_owned()) };
        it.iter_range = IdedExpr { id: at, expr: call(RANGE, vec![state, range]) };
        let start = self.infer(&mut it.accu_init)?;
        self.locals.push((it.accu_var.clone(), start));
        self.locals.push((it.iter_var.clone(), element));
        self.infer(&mut it.loop_cond)?;
        let step = self.infer(&mut it.loop_step)?;
        self.locals.pop();
        self.locals.pop();
        self.locals.push((it.accu_var.clone(), step));
        let result = self.infer(&mut it.result);
        self.locals.pop();
        result
    }
}

fn call(function: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args })
}

fn literal_type(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::BOOL,
        LiteralValue::Bytes(_) => Type::Simple("bytes"),
        LiteralValue::Double(_) => Type::DOUBLE,
        LiteralValue::Int(_) => Type::INT,
        LiteralValue::Null => Type::NULL,
        LiteralValue::String(_) => Type::STRING,
        LiteralValue::UInt(_) => Type::Simple("uint"),
    }
}

/// The type of a field. A field of an optional is one itself.
fn field(of: &Type, name: &str) -> Result<Type, String> {
    match of {
        Type::Dyn => Ok(Type::Dyn),
        Type::Map(of) => Ok((**of).clone()),
        Type::Object(object) => {
            object.fields.get(name).cloned().ok_or_else(|| format!("undefined field '{name}'"))
        }
        Type::Optional(of) => Ok(Type::optional(unwrap(field(of, name)?))),
        other => Err(format!("type '{other}' does not support field selection")),
    }
}

fn unwrap(of: Type) -> Type {
    match of {
        Type::Optional(of) => (*of).clone(),
        other => other,
    }
}

/// The elements of a literal are of one type, and it is no excuse that the type
/// of one is known only when it is evaluated.
fn alike(before: Option<Type>, next: Type) -> Result<Type, String> {
    match before {
        Some(before) if before != next => {
            Err(format!("expected type '{before}' but found '{next}'"))
        }
        _ => Ok(next),
    }
}

fn measure(expr: &IdedExpr) -> Size {
    let parts: Vec<&IdedExpr> = match &expr.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => Vec::new(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                EntryExpr::StructField(_) => None,
            })
            .flatten()
            .collect(),
        Expr::Comprehension(it) => {
            vec![&it.iter_range, &it.accu_init, &it.loop_cond, &it.loop_step, &it.result]
        }
    };
    let mut size = Size { nodes: 1, height: 1 };
    for part in parts.into_iter().map(measure) {
        size.nodes += part.nodes;
        size.height = size.height.max(part.height + 1);
    }
    size
}
