//! A call in, what it is out: a macro where its name and number of arguments say so, else a function's call.

use std::sync::Arc;

use super::ast::{Expr, Fold, FoldKind, Kind, OptionalMap};
use super::parser::Parser;
use super::value::Value;
use super::{Issue, Version};

/// The version of Kubernetes that brought optional values.
pub const OPTIONALS: Version = Version { major: 1, minor: 28 };
const TWO_VARIABLES: Version = Version { major: 1, minor: 32 };
const SORT_BY: Version = Version { major: 1, minor: 34 };
const ALWAYS: Version = Version { major: 1, minor: 0 };

/// A macro that goes through its target: name, arguments, how many of them are variables, whether a filter follows them.
struct Row(&'static str, usize, usize, bool, FoldKind, Version);

const FOLDS: &[Row] = &[
    Row("all", 2, 1, false, FoldKind::All, ALWAYS),
    Row("exists", 2, 1, false, FoldKind::Exists, ALWAYS),
    Row("exists_one", 2, 1, false, FoldKind::ExistsOne, ALWAYS),
    Row("existsOne", 2, 1, false, FoldKind::ExistsOne, ALWAYS),
    Row("map", 2, 1, false, FoldKind::List, ALWAYS),
    Row("map", 3, 1, true, FoldKind::List, ALWAYS),
    Row("filter", 2, 1, true, FoldKind::List, ALWAYS),
    Row("sortBy", 2, 1, false, FoldKind::Sort, SORT_BY),
    Row("all", 3, 2, false, FoldKind::All, TWO_VARIABLES),
    Row("exists", 3, 2, false, FoldKind::Exists, TWO_VARIABLES),
    Row("existsOne", 3, 2, false, FoldKind::ExistsOne, TWO_VARIABLES),
    Row("exists_one", 3, 2, false, FoldKind::ExistsOne, TWO_VARIABLES),
    Row("transformList", 3, 2, false, FoldKind::List, TWO_VARIABLES),
    Row("transformList", 4, 2, true, FoldKind::List, TWO_VARIABLES),
    Row("transformMap", 3, 2, false, FoldKind::Map, TWO_VARIABLES),
    Row("transformMap", 4, 2, true, FoldKind::Map, TWO_VARIABLES),
    Row("transformMapEntry", 3, 2, false, FoldKind::MapEntry, TWO_VARIABLES),
    Row("transformMapEntry", 4, 2, true, FoldKind::MapEntry, TWO_VARIABLES),
];

/// A macro that is not well formed is told, and reading goes on.
pub fn expand(parser: &mut Parser, at: usize, function: Arc<str>, target: Option<Box<Expr>>, args: Vec<Expr>) -> Kind {
    match expanded(parser, at, function, target, args) {
        Ok(kind) => kind,
        Err(issue) => {
            parser.issues.push(issue);
            Kind::Literal(Value::Null)
        }
    }
}

fn expanded(
    parser: &mut Parser,
    at: usize,
    function: Arc<str>,
    target: Option<Box<Expr>>,
    args: Vec<Expr>,
) -> Result<Kind, Issue> {
    let version = parser.version;
    match target {
        None if &*function == "has" && args.len() == 1 => has(args),
        Some(target) if matches!(&*function, "optMap" | "optFlatMap") && args.len() == 2 && version >= OPTIONALS => {
            optional_map(&function, *target, args)
        }
        Some(range) => match FOLDS.iter().find(|row| row.0 == &*function && row.1 == args.len() && row.5 <= version) {
            Some(row) => fold(parser, at, row, *range, args),
            None => Ok(Kind::Call { function, target: Some(range), args }),
        },
        None => Ok(Kind::Call { function, target: None, args }),
    }
}

fn has(args: Vec<Expr>) -> Result<Kind, Issue> {
    let [Expr { at, kind, .. }] = <[Expr; 1]>::try_from(args).unwrap_or_else(|_| unreachable!("has() has one argument"));
    match kind {
        Kind::Select { operand, field, is_test: false } => Ok(Kind::Select { operand, field, is_test: true }),
        _ => Err(Issue { at, message: "invalid argument to has() macro".to_owned() }),
    }
}

fn optional_map(function: &str, target: Expr, args: Vec<Expr>) -> Result<Kind, Issue> {
    let mut args = args.into_iter();
    let variable = variable(args.next().as_ref(), "argument must be a simple name")?;
    let body = args.next().expect("the caller has counted");
    Ok(Kind::OptionalMap(Box::new(OptionalMap { target, variable, body, is_flat: function == "optFlatMap" })))
}

fn fold(parser: &mut Parser, at: usize, row: &Row, range: Expr, args: Vec<Expr>) -> Result<Kind, Issue> {
    let Row(name, _, count, has_filter, kind, _) = *row;
    let mut args = args.into_iter();
    let wrong = if matches!(name, "map" | "filter") { "argument is not an identifier" } else { "argument must be a simple name" };
    let mut variables = Vec::new();
    for _ in 0..count {
        let arg = args.next();
        let name = variable(arg.as_ref(), wrong)?;
        if variables.contains(&name) {
            return Err(Issue { at: arg.map_or(at, |arg| arg.at), message: format!("duplicate variable name: {name}") });
        }
        variables.push(name);
    }
    let filter = if has_filter { args.next() } else { None };
    // `filter` keeps what it goes through.
    let body = args.next().unwrap_or_else(|| parser.leaf(at, Kind::Ident(variables[0].clone())));
    Ok(Kind::Fold(Box::new(Fold { kind, range, variables, filter, body })))
}

fn variable(arg: Option<&Expr>, wrong: &str) -> Result<Arc<str>, Issue> {
    let at = arg.map_or(0, |arg| arg.at);
    match arg.map(|arg| &arg.kind) {
        Some(Kind::Ident(name)) if &**name == "__result__" => {
            Err(Issue { at, message: "iteration variable overwrites accumulator variable".to_owned() })
        }
        Some(Kind::Ident(name)) => Ok(name.clone()),
        _ => Err(Issue { at, message: wrong.to_owned() }),
    }
}
