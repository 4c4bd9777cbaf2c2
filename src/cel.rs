//! CEL as the API server of Kubernetes reads it: an expression and its environment in, a program or all that is wrong with
//! the expression out; a program and the values of variables in, a value or a fault out.
//!
//! ```text
//! text ──► Expr ──► Facts ──────────► Plan ──────► Value
//!          parser   checker, validate plan         eval
//! ```
//! Which functions there are stands in schemas/cel/functions.txt; both the checker and the evaluator read it.

mod ast;
mod checker;
mod cost;
mod eval;
mod fault;
mod fold;
mod json;
mod lexer;
mod library;
mod macros;
mod parser;
mod plan;
mod table;
mod types;
mod unify;
mod validate;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;

pub use eval::{NoVariables, Outcome, Variables};
pub use fault::Fault;
pub use json::from_base64;
pub use library::nano;
pub use table::names;
pub use types::{Field, Object, Type};
pub use value::{Map, Timestamp, Value};

use plan::Plan;

/// What one expression may cost on the API server.
pub const COST_LIMIT: u64 = 1_000_000;

/// A version of Kubernetes, which brings a set of functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl FromStr for Version {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Version, ParseIntError> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Version { major: major.parse()?, minor: minor.parse()? })
    }
}

/// What an expression may use.
#[derive(Clone)]
pub struct Env {
    pub version: Version,
    /// By their full names: one with a dot is found before a field is.
    pub variables: BTreeMap<Arc<str>, Type>,
}

impl Env {
    pub fn new(version: Version) -> Env {
        Env { version, variables: BTreeMap::new() }
    }

    pub fn with(mut self, name: &str, of: Type) -> Env {
        self.variables.insert(name.into(), of);
        self
    }
}

/// One thing wrong with an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// The character, counted from zero.
    pub at: usize,
    pub message: String,
}

pub struct Program {
    plan: Result<Plan, Fault>,
    /// The type of what comes out.
    pub of: Type,
    variables: BTreeSet<Arc<str>>,
}

/// All that is wrong is told, in the order of the text.
pub fn compile(text: &str, env: &Env) -> Result<Program, Vec<Issue>> {
    let parsed = parser::parse(text, env.version)?;
    let mut issues = Vec::new();
    let facts = checker::check(&parsed.root, parsed.count, env, &mut issues);
    if issues.is_empty() {
        validate::validate(&parsed.root, &facts, &mut issues);
    }
    if !issues.is_empty() {
        issues.sort_by_key(|issue| issue.at);
        return Err(issues);
    }
    let of = facts.types[parsed.root.id].clone();
    let variables = facts.references.iter().flatten().filter_map(checker::Reference::variable).cloned().collect();
    Ok(Program { plan: plan::plan(&parsed.root, &facts), of, variables })
}

impl Program {
    /// Computes the expression; `limit` is what it may cost.
    pub fn eval(&self, variables: &dyn Variables, limit: u64) -> Outcome {
        match &self.plan {
            Ok(plan) => eval::run(plan, variables, limit),
            Err(fault) => Outcome { value: Err(fault.clone()), cost: 0 },
        }
    }

    /// Whether the expression names a variable, wherever in it.
    pub fn uses(&self, variable: &str) -> bool {
        self.variables.contains(variable)
    }

    /// What fails without any input.
    pub fn failure(&self) -> Option<&Fault> {
        self.plan.as_ref().err()
    }
}

/// Variables by name.
impl Variables for BTreeMap<Arc<str>, Value> {
    fn get(&self, name: &str) -> Option<(Result<Value, Fault>, u64)> {
        self.get(name).map(|value| (Ok(value.clone()), 0))
    }
}

/// The value of the variable `authorizer`, which nobody can ask anything offline.
pub fn authorizer() -> Value {
    Value::opaque(library::Opaque::Authorizer(library::authorizer::Authorizer))
}

/// Issues as the API server writes them: the place, the line, and a mark below.
pub fn in_words<'a>(issues: &'a [Issue], text: &'a str) -> impl fmt::Display + 'a {
    InWords { issues, text }
}

struct InWords<'a> {
    issues: &'a [Issue],
    text: &'a str,
}

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, issue) in self.issues.iter().enumerate() {
            let (line, column) = place(self.text, issue.at);
            let source = self.text.lines().nth(line - 1).unwrap_or_default();
            let before = source.chars().take(column - 1).map(|c| if c.len_utf8() > 1 { '．' } else { '.' });
            let dots: String = before.collect();
            let end = if number > 0 { "\n" } else { "" };
            write!(f, "{end}ERROR: <input>:{line}:{column}: {}\n | {source}\n | {dots}^", issue.message)?;
        }
        Ok(())
    }
}

/// Line and column of a character, both counted from one.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before: Vec<char> = text.chars().take(at).collect();
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    (line, column)
}
