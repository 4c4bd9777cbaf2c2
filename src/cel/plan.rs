//! A checked expression in, what the evaluator runs out: names resolved, overloads chosen, constants computed.

use std::sync::Arc;

use super::ast::{Expr, Fold, FoldKind, Kind, OptionalMap};
use super::checker::{Facts, Reference};
use super::eval;
use super::fault::Fault;
use super::library::pattern;
use super::table::Overload;
use super::value::Value;

pub enum Plan {
    Constant(Value),
    Path(Box<Path>),
    Call(Box<Call>),
    Logic(Box<Logic>),
    Conditional(Box<[Plan; 3]>),
    /// `x in [1, 2]` where the list is known.
    Among(Box<(Plan, Value)>),
    /// `or` and `orValue`, which look at their argument only when they need it.
    Otherwise(Box<Otherwise>),
    List(Vec<ItemPlan>),
    Map(Vec<EntryPlan>),
    Fold(Box<FoldPlan>),
    OptionalMap(Box<OptionalMapPlan>),
}

/// A variable or another value, and the way from it to what lies within.
pub struct Path {
    pub root: Root,
    pub steps: Vec<Step>,
    /// Asks whether the last step leads anywhere.
    pub is_test: bool,
}

pub enum Root {
    Variable(Arc<str>),
    /// A variable of a macro, by its place among those around it.
    Local(usize),
    Value(Plan),
}

pub struct Step {
    pub key: Plan,
    pub is_optional: bool,
}

pub struct Call {
    pub function: Arc<str>,
    pub overloads: Vec<&'static Overload>,
    pub args: Vec<Plan>,
}

pub struct Logic {
    /// The operand that decides whatever the other is: false for `&&`.
    pub decides: bool,
    pub operands: [Plan; 2],
}

pub struct Otherwise {
    pub target: Plan,
    pub other: Plan,
    pub is_value: bool,
}

pub struct ItemPlan {
    pub value: Plan,
    pub is_optional: bool,
}

pub struct EntryPlan {
    pub key: Plan,
    pub value: Plan,
    pub is_optional: bool,
}

pub struct FoldPlan {
    pub kind: FoldKind,
    pub range: Plan,
    pub has_two: bool,
    pub filter: Option<Plan>,
    pub body: Plan,
    /// What sorts, where the macro is `sortBy`.
    pub sort: Vec<&'static Overload>,
}

pub struct OptionalMapPlan {
    pub target: Plan,
    pub body: Plan,
    pub is_flat: bool,
}

/// Functions that are computed beforehand where their argument is known.
const CONVERSIONS: &[&str] = &["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"];

/// What can be told to fail without any input fails here.
pub fn plan(root: &Expr, facts: &Facts) -> Result<Plan, Fault> {
    Planner { facts, locals: Vec::new() }.plan(root)
}

struct Planner<'a> {
    facts: &'a Facts,
    locals: Vec<Arc<str>>,
}

impl Planner<'_> {
    fn plan(&mut self, expr: &Expr) -> Result<Plan, Fault> {
        if let Some(plan) = self.named(expr) {
            return Ok(plan);
        }
        Ok(match &expr.kind {
            Kind::Literal(value) => Plan::Constant(value.clone()),
            // The checker has refused both.
            Kind::Ident(name) | Kind::Message(name) => return Err(Fault::new(format!("undeclared reference to '{name}'"))),
            Kind::Select { operand, field, is_test } => {
                let key = self.key(expr, field);
                path(self.plan(operand)?, Step { key, is_optional: false }, *is_test)
            }
            Kind::OptionalSelect { operand, field } => {
                let name = if let Kind::Literal(Value::String(name)) = &field.kind { name.clone() } else { "".into() };
                let key = self.key(expr, &name);
                path(self.plan(operand)?, Step { key, is_optional: true }, false)
            }
            Kind::Call { function, target, args } => return self.call(expr, function, target.as_deref(), args),
            Kind::List(items) => {
                let mut plans = Vec::new();
                for item in items {
                    plans.push(ItemPlan { value: self.plan(&item.value)?, is_optional: item.is_optional });
                }
                self.constant(Plan::List(plans), |plan| matches!(plan, Plan::List(items) if items.iter().all(is_constant_item)))?
            }
            Kind::Map(entries) => {
                let mut plans = Vec::new();
                for entry in entries {
                    let (key, value) = (self.plan(&entry.key)?, self.plan(&entry.value)?);
                    plans.push(EntryPlan { key, value, is_optional: entry.is_optional });
                }
                self.constant(
                    Plan::Map(plans),
                    |plan| matches!(plan, Plan::Map(entries) if entries.iter().all(is_constant_entry)),
                )?
            }
            Kind::Fold(fold) => self.fold(expr, fold)?,
            Kind::OptionalMap(map) => self.optional_map(map)?,
        })
    }

    /// A variable or the name of a type, if the expression is one.
    fn named(&self, expr: &Expr) -> Option<Plan> {
        let root = match self.facts.references[expr.id].as_ref()? {
            Reference::Variable(name) => Root::Variable(name.clone()),
            Reference::Local(name) => Root::Local(self.locals.iter().rposition(|known| known == name)?),
            Reference::Type(of) => return Some(Plan::Constant(Value::Type(of.clone()))),
            Reference::Field(_) | Reference::Call { .. } => return None,
        };
        Some(Plan::Path(Box::new(Path { root, steps: Vec::new(), is_test: false })))
    }

    fn key(&self, expr: &Expr, field: &Arc<str>) -> Plan {
        let key = match &self.facts.references[expr.id] {
            Some(Reference::Field(key)) => key,
            _ => field,
        };
        Plan::Constant(Value::String(key.clone()))
    }

    /// The value itself where all of it is known.
    fn constant(&self, plan: Plan, is_constant: impl Fn(&Plan) -> bool) -> Result<Plan, Fault> {
        if is_constant(&plan) { eval::constant(&plan).map(Plan::Constant) } else { Ok(plan) }
    }

    fn call(&mut self, expr: &Expr, function: &Arc<str>, target: Option<&Expr>, args: &[Expr]) -> Result<Plan, Fault> {
        let none = Reference::Call { overloads: Vec::new(), is_namespaced: false };
        let reference = match (&**function, &self.facts.references[expr.id]) {
            ("_&&_" | "_||_", None) => &none,
            (_, Some(reference)) => reference,
            (_, None) => return Err(Fault::new(format!("undeclared reference to '{function}'"))),
        };
        let Reference::Call { overloads, is_namespaced } = reference else {
            return Err(Fault::new(format!("undeclared reference to '{function}'")));
        };
        let mut plans = Vec::new();
        for arg in target.filter(|_| !is_namespaced).into_iter().chain(args) {
            plans.push(self.plan(arg)?);
        }
        let is_member = target.is_some() && !is_namespaced;
        Ok(match (&**function, <[Plan; 2]>::try_from(plans)) {
            ("_&&_", Ok(operands)) => Plan::Logic(Box::new(Logic { decides: false, operands })),
            ("_||_", Ok(operands)) => Plan::Logic(Box::new(Logic { decides: true, operands })),
            ("_[_]", Ok([operand, key])) => path(operand, Step { key: usable_key(key)?, is_optional: false }, false),
            ("_[?_]", Ok([operand, key])) => path(operand, Step { key: usable_key(key)?, is_optional: true }, false),
            ("@in", Ok([item, Plan::Constant(Value::List(list))])) if overloads.len() == 1 => among(item, Value::List(list)),
            (name @ ("or" | "orValue"), Ok([target, other])) if is_member => {
                Plan::Otherwise(Box::new(Otherwise { target, other, is_value: name == "orValue" }))
            }
            (_, plans) => {
                let plans = plans.map_or_else(|plans| plans, Vec::from);
                return self.plain_call(function, overloads, plans);
            }
        })
    }

    fn plain_call(&self, function: &Arc<str>, overloads: &[&'static Overload], args: Vec<Plan>) -> Result<Plan, Fault> {
        let args = match <[Plan; 3]>::try_from(args) {
            Ok(branches) if &**function == "_?_:_" => return Ok(Plan::Conditional(Box::new(branches))),
            args => args.map_or_else(|args| args, Vec::from),
        };
        let is_regex = overloads.iter().any(|overload| overload.cost.is_regex());
        let args = if is_regex { args.into_iter().enumerate().map(compiled).collect() } else { args };
        let is_known = CONVERSIONS.contains(&&**function) && matches!(args[..], [Plan::Constant(_)]);
        let call = Plan::Call(Box::new(Call { function: function.clone(), overloads: overloads.to_vec(), args }));
        self.constant(call, |_| is_known)
    }

    fn fold(&mut self, expr: &Expr, fold: &Fold) -> Result<Plan, Fault> {
        let range = self.plan(&fold.range)?;
        let outside = self.locals.len();
        self.locals.extend(fold.variables.iter().cloned());
        let filter = fold.filter.as_ref().map(|filter| self.plan(filter)).transpose()?;
        let body = self.plan(&fold.body)?;
        self.locals.truncate(outside);
        let sort = match &self.facts.references[expr.id] {
            Some(Reference::Call { overloads, .. }) => overloads.clone(),
            _ => Vec::new(),
        };
        Ok(Plan::Fold(Box::new(FoldPlan { kind: fold.kind, range, has_two: fold.variables.len() == 2, filter, body, sort })))
    }

    fn optional_map(&mut self, map: &OptionalMap) -> Result<Plan, Fault> {
        let target = self.plan(&map.target)?;
        self.locals.push(map.variable.clone());
        let body = self.plan(&map.body)?;
        self.locals.pop();
        Ok(Plan::OptionalMap(Box::new(OptionalMapPlan { target, body, is_flat: map.is_flat })))
    }
}

fn is_constant_item(item: &ItemPlan) -> bool {
    matches!(item, ItemPlan { value: Plan::Constant(_), is_optional: false })
}

fn is_constant_entry(entry: &EntryPlan) -> bool {
    matches!(entry, EntryPlan { key: Plan::Constant(_), value: Plan::Constant(_), is_optional: false })
}

/// One step further along a path.
fn path(operand: Plan, step: Step, is_test: bool) -> Plan {
    let mut path = match operand {
        Plan::Path(path) if !path.is_test => path,
        other => Box::new(Path { root: Root::Value(other), steps: Vec::new(), is_test: false }),
    };
    path.steps.push(step);
    path.is_test = is_test;
    Plan::Path(path)
}

fn usable_key(key: Plan) -> Result<Plan, Fault> {
    match &key {
        Plan::Constant(Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::String(_)) => Ok(key),
        Plan::Constant(other) => Err(Fault::new(format!("invalid qualifier type: {}", other.kind().name()))),
        _ => Ok(key),
    }
}

fn among(item: Plan, list: Value) -> Plan {
    if list.length() == 0 { Plan::Constant(Value::Bool(false)) } else { Plan::Among(Box::new((item, list))) }
}

/// A pattern that is known is compiled once.
fn compiled((position, arg): (usize, Plan)) -> Plan {
    match arg {
        Plan::Constant(Value::String(text)) if position == 1 => {
            Plan::Constant(pattern::compile(&text).unwrap_or(Value::String(text)))
        }
        other => other,
    }
}
