//! A plan and the values of variables in, a value or a fault out, with what it cost as the API server counts.

use super::cost;
use super::fault::{Fault, Work};
use super::plan::{Call, EntryPlan, ItemPlan, Logic, Otherwise, Path, Plan, Root, Step};
use super::table::Overload;
use super::value::Value;

/// Where the values of declared variables come from; one that is asked for may be computed then.
pub trait Variables {
    /// The value, and what it cost to compute it now.
    fn get(&self, name: &str) -> Option<(Result<Value, Fault>, u64)>;
}

/// For what has no variables.
pub struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _: &str) -> Option<(Result<Value, Fault>, u64)> {
        None
    }
}

pub struct Outcome {
    pub value: Result<Value, Fault>,
    pub cost: u64,
}

pub type Answer = Result<Value, Fault>;

/// Steps of our own that one evaluation may take.
const WORK: u64 = 5_000_000;

pub fn run(plan: &Plan, variables: &dyn Variables, limit: u64) -> Outcome {
    let mut frame = Frame { variables, locals: Vec::new(), cost: 0, limit, work: Work::new(WORK) };
    let value = frame.eval(plan);
    Outcome { value, cost: frame.cost }
}

/// What needs no variables.
pub fn constant(plan: &Plan) -> Answer {
    run(plan, &NoVariables, u64::MAX).value
}

pub struct Frame<'a> {
    variables: &'a dyn Variables,
    pub locals: Vec<Value>,
    pub cost: u64,
    limit: u64,
    pub work: Work,
}

impl Frame<'_> {
    pub fn charge(&mut self, cost: u64) -> Result<(), Fault> {
        self.cost = self.cost.saturating_add(cost);
        self.work.spend(1)?;
        if self.cost > self.limit { Err(Fault::stopped("operation cancelled: actual cost limit exceeded")) } else { Ok(()) }
    }

    pub fn eval(&mut self, plan: &Plan) -> Answer {
        match plan {
            Plan::Constant(value) => Ok(value.clone()),
            Plan::Path(path) => {
                let own = if path.is_test { 0 } else { own_cost(path) };
                let found = self.path(path);
                self.charge(own)?;
                found
            }
            Plan::Call(call) => self.call(call),
            Plan::Logic(logic) => self.logic(logic),
            Plan::Conditional(branches) => self.conditional(branches),
            Plan::Among(both) => {
                let item = self.eval(&both.0)?;
                let Value::List(list) = &both.1 else { return Err(Fault::new("no such overload: @in")) };
                self.contains(list, &item).map(Value::Bool)
            }
            Plan::Otherwise(otherwise) => self.otherwise(otherwise),
            Plan::List(items) => self.list(items),
            Plan::Map(entries) => self.map(entries),
            Plan::Fold(fold) => self.fold(fold),
            Plan::OptionalMap(map) => self.optional_map(map),
        }
    }

    fn contains(&mut self, list: &[Value], item: &Value) -> Result<bool, Fault> {
        for known in list {
            if known.equals(item, &mut self.work)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A value that is on the way to something else, which is what counts its cost.
    fn inner(&mut self, plan: &Plan) -> Answer {
        match plan {
            Plan::Path(path) if !path.is_test => self.path(path),
            other => self.eval(other),
        }
    }

    fn path(&mut self, path: &Path) -> Answer {
        let root = match &path.root {
            Root::Variable(name) => self.variable(name)?,
            Root::Local(at) => self.locals[*at].clone(),
            Root::Value(plan) => self.inner(plan)?,
        };
        let (mut value, mut is_optional) = match root {
            Value::Optional(None) if path.is_test => return Ok(Value::Bool(false)),
            Value::Optional(None) if !path.steps.is_empty() => return Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) if !path.steps.is_empty() => ((*inner).clone(), true),
            other => (other, false),
        };
        for (at, step) in path.steps.iter().enumerate() {
            let is_asked = path.is_test && at + 1 == path.steps.len();
            is_optional |= step.is_optional;
            let may_lack = match (is_optional, is_asked) {
                (true, _) => Lack::Ends,
                (false, true) => Lack::Answers,
                (false, false) => Lack::Fails,
            };
            match self.step(&value, step, may_lack)? {
                Some(found) if is_asked => {
                    drop(found);
                    return Ok(Value::Bool(true));
                }
                Some(found) => value = found,
                None if path.is_test => return Ok(Value::Bool(false)),
                None => return Ok(Value::Optional(None)),
            }
        }
        Ok(if is_optional { Value::some(value) } else { value })
    }

    fn variable(&mut self, name: &str) -> Answer {
        let Some((value, cost)) = self.variables.get(name) else {
            return Err(Fault::new(format!("no such attribute(s): {name}")));
        };
        self.charge(cost)?;
        value
    }

    /// What lies one step further; none where nothing does and that is no mistake.
    fn step(&mut self, value: &Value, step: &Step, may_lack: Lack) -> Result<Option<Value>, Fault> {
        let key = self.inner(&step.key)?;
        let found = lookup(value, &key, may_lack != Lack::Fails);
        if !matches!(found, Ok(None)) || may_lack == Lack::Answers {
            self.charge(1)?;
        }
        found
    }

    fn call(&mut self, call: &Call) -> Answer {
        let mut args = Vec::with_capacity(call.args.len());
        let mut fault = None;
        for plan in &call.args {
            match self.eval(plan) {
                Ok(value) => args.push(value),
                Err(found) if found.is_final => return Err(found),
                Err(found) if call.args.len() > 2 => return Err(found),
                Err(found) => {
                    fault = fault.or(Some(found));
                    args.push(Value::Null);
                }
            }
        }
        let result = match fault {
            Some(fault) => Err(fault),
            None => self.apply(&call.function, &call.overloads, &args),
        };
        let cost = cost::of(&call.overloads, &args, result.as_ref().ok());
        self.charge(cost)?;
        result
    }

    pub fn apply(&mut self, name: &str, overloads: &[&'static Overload], args: &[Value]) -> Answer {
        let fits = |overload: &&&Overload| args.iter().zip(&overload.parameters).all(|(arg, parameter)| arg.fits(parameter));
        match overloads.iter().find(fits) {
            Some(overload) => (overload.function)(args, &mut self.work),
            None => Err(no_overload(name)),
        }
    }

    fn logic(&mut self, logic: &Logic) -> Answer {
        let left = self.eval(&logic.operands[0]);
        match &left {
            Ok(Value::Bool(value)) if *value == logic.decides => return left,
            Err(fault) if fault.is_final => return left,
            _ => {}
        }
        let right = self.eval(&logic.operands[1]);
        logic_of(logic.decides, left, right)
    }

    fn conditional(&mut self, branches: &[Plan; 3]) -> Answer {
        match self.eval(&branches[0])? {
            Value::Bool(true) => self.inner(&branches[1]),
            Value::Bool(false) => self.inner(&branches[2]),
            _ => Err(no_overload("_?_:_")),
        }
    }

    fn otherwise(&mut self, otherwise: &Otherwise) -> Answer {
        let target = self.eval(&otherwise.target)?;
        match target {
            Value::Optional(None) => self.eval(&otherwise.other),
            Value::Optional(Some(value)) if otherwise.is_value => Ok((*value).clone()),
            other => Ok(other),
        }
    }

    fn list(&mut self, items: &[ItemPlan]) -> Answer {
        let mut list = Vec::with_capacity(items.len());
        let result = self.items(items, &mut list);
        self.charge(cost::LIST)?;
        result.map(|()| Value::list(list))
    }

    fn items(&mut self, items: &[ItemPlan], list: &mut Vec<Value>) -> Result<(), Fault> {
        for item in items {
            let value = self.eval(&item.value)?;
            list.extend(if item.is_optional { present(value)? } else { Some(value) });
        }
        Ok(())
    }

    fn map(&mut self, entries: &[EntryPlan]) -> Answer {
        let mut found = Vec::with_capacity(entries.len());
        let result = self.entries(entries, &mut found);
        self.charge(cost::MAP)?;
        result.map(|()| Value::map(found))
    }

    fn entries(&mut self, entries: &[EntryPlan], found: &mut Vec<(Value, Value)>) -> Result<(), Fault> {
        for entry in entries {
            let key = self.eval(&entry.key)?;
            let value = self.eval(&entry.value)?;
            let value = if entry.is_optional { present(value)? } else { Some(value) };
            let Some(value) = value else { continue };
            // The last of several equal keys counts.
            self.work.spend(found.len() as u64)?;
            match found.iter().position(|(known, _)| known.is_scalar(&key)) {
                Some(at) => found[at].1 = value,
                None => found.push((key, value)),
            }
        }
        Ok(())
    }
}

/// What it means that a step leads nowhere.
#[derive(Clone, Copy, PartialEq)]
enum Lack {
    Fails,
    /// An optional path ends without a value.
    Ends,
    /// `has()` has its answer.
    Answers,
}

fn own_cost(path: &Path) -> u64 {
    match &path.root {
        Root::Value(Plan::Conditional(_)) => 0,
        _ => 1,
    }
}

/// Of an operator, whose name has marks, the API server does not say which it was.
pub fn no_overload(name: &str) -> Fault {
    if name.starts_with(['_', '!', '-', '@']) {
        return Fault::new("no such overload");
    }
    Fault::new(format!("no such overload: {name}"))
}

/// The operator that one operand of the value `decides` settles, even if the other is a fault.
pub fn logic_of(decides: bool, left: Answer, right: Answer) -> Answer {
    match (left, right) {
        (_, Ok(Value::Bool(value))) | (Ok(Value::Bool(value)), _) if value == decides => Ok(Value::Bool(value)),
        (_, Err(fault)) if fault.is_final => Err(fault),
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
        (Ok(Value::Bool(_)), Ok(Value::Bool(_))) => Ok(Value::Bool(!decides)),
        _ => Err(no_overload(if decides { "_||_" } else { "_&&_" })),
    }
}

fn present(value: Value) -> Result<Option<Value>, Fault> {
    match value {
        Value::Optional(inner) => Ok(inner.map(|value| (*value).clone())),
        _ => Err(Fault::new("cannot initialize optional list element from non-optional value")),
    }
}

/// What a list or map has under a key.
pub fn lookup(value: &Value, key: &Value, may_lack: bool) -> Result<Option<Value>, Fault> {
    match value {
        Value::Map(map) => match map.get(key) {
            Some(found) => Ok(Some(found.clone())),
            None if may_lack => Ok(None),
            None => Err(Fault::new(format!("no such key: {}", key.in_message()))),
        },
        Value::List(items) => {
            let index = index(key)?;
            match usize::try_from(index).ok().and_then(|at| items.get(at)) {
                Some(found) => Ok(Some(found.clone())),
                None if may_lack => Ok(None),
                None => Err(Fault::new(format!("index out of bounds: {index}"))),
            }
        }
        Value::Optional(None) if may_lack => Ok(None),
        Value::Optional(Some(inner)) => lookup(inner, key, may_lack),
        _ if may_lack => Ok(None),
        _ => Err(Fault::new(format!("no such key: {}", key.in_message()))),
    }
}

fn index(key: &Value) -> Result<i64, Fault> {
    match key {
        Value::Int(index) => Ok(*index),
        Value::Uint(index) => Ok(i64::try_from(*index).unwrap_or(i64::MAX)),
        Value::Double(index) if index.fract() == 0.0 => Ok(*index as i64),
        Value::Double(index) => Err(Fault::new(format!("unsupported index value {index} in list"))),
        other => Err(Fault::new(format!("unsupported index type '{}' in list", other.kind().name()))),
    }
}
