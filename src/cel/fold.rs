//! How the macros that go through a list or map are computed, at the cost of the loops that the API server makes of them.

use super::ast::FoldKind;
use super::cost;
use super::eval::{Answer, Frame, logic_of, no_overload};
use super::fault::Fault;
use super::plan::{FoldPlan, OptionalMapPlan};
use super::value::Value;

impl Frame<'_> {
    pub fn optional_map(&mut self, map: &OptionalMapPlan) -> Answer {
        let before = self.cost;
        let target = self.eval(&map.target)?;
        let again = self.cost - before;
        self.charge(1)?;
        let Value::Optional(target) = target else { return Err(no_overload("hasValue")) };
        let Some(value) = target else {
            self.charge(1)?;
            return Ok(Value::Optional(None));
        };
        // The API server computes the target a second time to look into it.
        self.charge(again + 1)?;
        self.locals.push((*value).clone());
        let body = self.eval(&map.body);
        self.locals.pop();
        if map.is_flat {
            return body;
        }
        self.charge(1)?;
        body.map(Value::some)
    }

    pub fn fold(&mut self, fold: &FoldPlan) -> Answer {
        let range = self.eval(&fold.range)?;
        let mut folding = Folding::new(fold);
        let outside = self.locals.len();
        let done = self.each(fold, &range, &mut folding);
        self.locals.truncate(outside);
        done?;
        self.finish(fold, range, folding)
    }

    fn each(&mut self, fold: &FoldPlan, range: &Value, folding: &mut Folding) -> Result<(), Fault> {
        match range {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    let first = if fold.has_two { Value::Int(at as i64) } else { item.clone() };
                    if !self.once(fold, first, item.clone(), folding)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in map.entries() {
                    if !self.once(fold, key.clone(), value.clone(), folding)? {
                        break;
                    }
                }
            }
            _ => return Err(no_overload("comprehension")),
        }
        Ok(())
    }

    /// One turn; whether there is reason for another.
    fn once(&mut self, fold: &FoldPlan, first: Value, second: Value, folding: &mut Folding) -> Result<bool, Fault> {
        self.charge(folding.turn_cost)?;
        if folding.is_decided() {
            return Ok(false);
        }
        let outside = self.locals.len();
        let key = first.clone();
        self.locals.push(first);
        if fold.has_two {
            self.locals.push(second);
        }
        let turned = self.turn(fold, key, folding);
        self.locals.truncate(outside);
        match turned {
            Err(fault) if fault.is_final => Err(fault),
            Err(fault) => {
                folding.fail(fault);
                Ok(true)
            }
            Ok(()) => Ok(true),
        }
    }

    fn turn(&mut self, fold: &FoldPlan, key: Value, folding: &mut Folding) -> Result<(), Fault> {
        if let Some(filter) = &fold.filter {
            match self.eval(filter)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Ok(()),
                _ => return Err(no_overload("_?_:_")),
            }
        }
        match fold.kind {
            FoldKind::All | FoldKind::Exists => {
                self.charge(1)?;
                let body = self.eval(&fold.body);
                let state = std::mem::replace(&mut folding.state, Ok(State::Count(0)));
                let state = state.map(|state| Value::Bool(matches!(state, State::Truth(true))));
                let found = logic_of(fold.kind == FoldKind::Exists, state, body)?;
                folding.state = Ok(State::Truth(matches!(found, Value::Bool(true))));
            }
            FoldKind::ExistsOne => match self.eval(&fold.body)? {
                Value::Bool(true) => {
                    self.charge(2)?;
                    if let Ok(State::Count(count)) = &mut folding.state {
                        *count += 1;
                    }
                }
                Value::Bool(false) => {}
                _ => return Err(no_overload("_?_:_")),
            },
            FoldKind::List | FoldKind::Sort => {
                self.charge(1)?;
                let body = self.eval(&fold.body);
                self.charge(cost::LIST + 1)?;
                let body = body?;
                if let Ok(State::List(list)) = &mut folding.state {
                    list.push(body);
                }
            }
            FoldKind::Map | FoldKind::MapEntry => self.insert(fold, key, folding)?,
        }
        Ok(())
    }

    fn insert(&mut self, fold: &FoldPlan, key: Value, folding: &mut Folding) -> Result<(), Fault> {
        self.charge(if fold.kind == FoldKind::Map { 2 } else { 1 })?;
        let body = self.eval(&fold.body)?;
        self.charge(1)?;
        let added = match (fold.kind, &body) {
            (FoldKind::Map, _) => vec![(key, body)],
            (_, Value::Map(map)) => map.entries().to_vec(),
            _ => return Err(no_overload("cel.@mapInsert")),
        };
        let Ok(State::Map(entries)) = &mut folding.state else { return Ok(()) };
        for (key, value) in added {
            self.work.spend(1 + entries.len() as u64)?;
            if entries.iter().any(|(known, _)| known.is_scalar(&key)) {
                return Err(Fault::new(format!("insert failed: key {} already exists", key.in_message())));
            }
            entries.push((key, value));
        }
        Ok(())
    }

    fn finish(&mut self, fold: &FoldPlan, range: Value, folding: Folding) -> Answer {
        let result = match folding.state {
            Ok(State::Truth(truth)) => Ok(Value::Bool(truth)),
            Ok(State::Count(count)) => Ok(Value::Bool(count == 1)),
            Ok(State::List(list)) => Ok(Value::list(list)),
            Ok(State::Map(entries)) => Ok(Value::map(entries)),
            Err(fault) => Err(fault),
        };
        self.charge(if fold.kind == FoldKind::ExistsOne { 2 } else { 1 })?;
        if fold.kind != FoldKind::Sort {
            return result;
        }
        let args = [range, result?];
        let sorted = self.apply("@sortByAssociatedKeys", &fold.sort, &args);
        let cost = cost::of(&fold.sort, &args, sorted.as_ref().ok());
        self.charge(cost + 2)?;
        sorted
    }
}

/// What a macro has found so far.
struct Folding {
    state: Result<State, Fault>,
    /// What asking whether to go on costs.
    turn_cost: u64,
    stops_at: Option<bool>,
}

enum State {
    Truth(bool),
    Count(u64),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl Folding {
    fn new(fold: &FoldPlan) -> Folding {
        let (state, turn_cost, stops_at) = match fold.kind {
            FoldKind::All => (State::Truth(true), 2, Some(false)),
            FoldKind::Exists => (State::Truth(false), 3, Some(true)),
            FoldKind::ExistsOne => (State::Count(0), 0, None),
            FoldKind::List | FoldKind::Sort => (State::List(Vec::new()), 0, None),
            FoldKind::Map | FoldKind::MapEntry => (State::Map(Vec::new()), 0, None),
        };
        Folding { state: Ok(state), turn_cost, stops_at }
    }

    /// The first fault counts.
    fn fail(&mut self, fault: Fault) {
        if self.state.is_ok() {
            self.state = Err(fault);
        }
    }

    fn is_decided(&self) -> bool {
        matches!(&self.state, Ok(State::Truth(truth)) if Some(*truth) == self.stops_at)
    }
}
