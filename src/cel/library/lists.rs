//! Lists, and lists taken as sets.

use std::cmp::Ordering;

use super::{Table, int, items, no_overload, operators};
use crate::cel::fault::{Fault, Work};
use crate::cel::value::Value;

type Answer = Result<Value, Fault>;

/// More items than any expression can pay for.
const MAX_RANGE: i64 = 1_000_000;

pub const TABLE: Table = &[
    ("is_sorted", |args, _| {
        let list = items(args, 0)?;
        Ok(Value::Bool(list.windows(2).all(|pair| pair[0].compare(&pair[1]) != Some(Ordering::Greater))))
    }),
    ("sum_int", |args, work| sum(args, Value::Int(0), work)),
    ("sum_uint", |args, work| sum(args, Value::Uint(0), work)),
    ("sum_double", |args, work| sum(args, Value::Double(0.0), work)),
    ("sum_duration", |args, work| sum(args, Value::Duration(0), work)),
    ("min", |args, _| extreme(args, "min", Ordering::Greater)),
    ("max", |args, _| extreme(args, "max", Ordering::Less)),
    ("range", |args, work| range(int(args, 0)?, work)),
    ("slice", |args, work| slice(items(args, 0)?, int(args, 1)?, int(args, 2)?, work)),
    ("flatten", |args, work| {
        let depth = if args.len() > 1 { int(args, 1)? } else { 1 };
        if depth < 0 {
            return Err(Fault::new("level must be non-negative"));
        }
        let mut flat = Vec::new();
        flatten(items(args, 0)?, depth, &mut flat, work)?;
        Ok(Value::list(flat))
    }),
    ("sort", |args, work| sort(items(args, 0)?, items(args, 0)?, work)),
    ("sort_by", |args, work| sort(items(args, 0)?, items(args, 1)?, work)),
    ("reverse", |args, work| {
        let list = items(args, 0)?;
        work.spend(list.len() as u64)?;
        Ok(Value::list(list.iter().rev().cloned().collect()))
    }),
    ("distinct", |args, work| {
        let mut known: Vec<Value> = Vec::new();
        for item in items(args, 0)? {
            if !holds(&known, item, work)? {
                known.push(item.clone());
            }
        }
        Ok(Value::list(known))
    }),
    ("sets_contains", |args, work| Ok(Value::Bool(holds_all(items(args, 0)?, items(args, 1)?, work)?))),
    ("sets_equivalent", |args, work| {
        let (a, b) = (items(args, 0)?, items(args, 1)?);
        Ok(Value::Bool(holds_all(a, b, work)? && holds_all(b, a, work)?))
    }),
    ("sets_intersects", |args, work| {
        for item in items(args, 1)? {
            if holds(items(args, 0)?, item, work)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
];

fn holds(list: &[Value], item: &Value, work: &mut Work) -> Result<bool, Fault> {
    for known in list {
        if known.equals(item, work)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_all(list: &[Value], wanted: &[Value], work: &mut Work) -> Result<bool, Fault> {
    for item in wanted {
        if !holds(list, item, work)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sum(args: &[Value], zero: Value, work: &mut Work) -> Answer {
    let list = items(args, 0)?;
    let Some((first, rest)) = list.split_first() else { return Ok(zero) };
    let mut total = first.clone();
    for item in rest {
        total = operators::add(&[total, item.clone()], work)?;
    }
    Ok(total)
}

/// The first item that is not on the wrong side of any other.
fn extreme(args: &[Value], name: &str, wrong: Ordering) -> Answer {
    let mut list = items(args, 0)?.iter();
    let mut best = list.next().ok_or_else(|| Fault::new(format!("{name} called on empty list")))?;
    for item in list {
        if best.compare(item).ok_or_else(no_overload)? == wrong {
            best = item;
        }
    }
    Ok(best.clone())
}

fn range(count: i64, work: &mut Work) -> Answer {
    if count > MAX_RANGE {
        return Err(Fault::stopped("operation cancelled: actual cost limit exceeded"));
    }
    work.spend(count.max(0) as u64)?;
    Ok(Value::list((0..count).map(Value::Int).collect()))
}

fn slice(list: &[Value], start: i64, end: i64, work: &mut Work) -> Answer {
    let refused = |why: String| Err(Fault::new(format!("cannot slice({start}, {end}), {why}")));
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return refused("negative indexes not supported".to_owned());
    };
    if from > to {
        return refused("start index must be less than or equal to end index".to_owned());
    }
    let Some(part) = list.get(from..to) else { return refused(format!("list is length {}", list.len())) };
    work.spend(part.len() as u64)?;
    Ok(Value::list(part.to_vec()))
}

fn flatten(list: &[Value], depth: i64, flat: &mut Vec<Value>, work: &mut Work) -> Result<(), Fault> {
    for item in list {
        work.spend(1)?;
        match item {
            Value::List(inner) if depth > 0 => flatten(inner, depth - 1, flat, work)?,
            other => flat.push(other.clone()),
        }
    }
    Ok(())
}

fn sort(list: &[Value], keys: &[Value], work: &mut Work) -> Answer {
    if list.len() != keys.len() {
        return Err(Fault::new("the list and the keys to sort it by have different sizes"));
    }
    work.spend(list.len() as u64)?;
    if let Some(first) = keys.first() {
        if first.compare(first).is_none() {
            return Err(Fault::new("list elements must be comparable"));
        }
        if keys.iter().any(|key| key.kind() != first.kind()) {
            return Err(Fault::new("list elements must have the same type"));
        }
    }
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by(|a, b| keys[*a].compare(&keys[*b]).unwrap_or(Ordering::Equal));
    Ok(Value::list(order.into_iter().map(|at| list[at].clone()).collect()))
}
