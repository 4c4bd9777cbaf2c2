//! Comparison, sums, and what lists and maps hold.

use std::cmp::Ordering;

use super::{Table, no_overload};
use crate::cel::fault::{Fault, Work};
use crate::cel::value::{Timestamp, Value};

type Answer = Result<Value, Fault>;

pub const TABLE: Table = &[
    // The evaluator computes these itself, since they do not need all of their arguments.
    ("logic", |_, _| Err(no_overload())),
    ("index", |_, _| Err(no_overload())),
    ("not", |args, _| match args {
        [Value::Bool(flag)] => Ok(Value::Bool(!flag)),
        _ => Err(no_overload()),
    }),
    ("equals", |args, work| args[0].equals(&args[1], work).map(Value::Bool)),
    ("differs", |args, work| args[0].equals(&args[1], work).map(|same| Value::Bool(!same))),
    ("less", |args, _| order(args, |order| order == Ordering::Less)),
    ("at_most", |args, _| order(args, |order| order != Ordering::Greater)),
    ("greater", |args, _| order(args, |order| order == Ordering::Greater)),
    ("at_least", |args, _| order(args, |order| order != Ordering::Less)),
    ("add", add),
    ("subtract", |args, _| subtract(args)),
    ("multiply", |args, _| multiply(args)),
    ("divide", |args, _| divide(args)),
    ("remainder", |args, _| remainder(args)),
    ("negate", |args, _| negate(args)),
    ("is_in", is_in),
    ("size", |args, _| Ok(Value::Int(args[0].length() as i64))),
    ("same", |args, _| Ok(args[0].clone())),
    ("type_of", |args, _| Ok(Value::Type(args[0].kind().into()))),
];

fn order(args: &[Value], is_so: fn(Ordering) -> bool) -> Answer {
    match args[0].compare(&args[1]) {
        Some(order) => Ok(Value::Bool(is_so(order))),
        None if matches!(args, [Value::Double(_), _] | [_, Value::Double(_)]) => Err(Fault::new("NaN values cannot be ordered")),
        None => Err(no_overload()),
    }
}

fn checked<T>(result: Option<T>, make: fn(T) -> Value, message: &'static str) -> Answer {
    result.map(make).ok_or_else(|| Fault::new(message))
}

const INT: &str = "integer overflow";
const UINT: &str = "unsigned integer overflow";

pub fn add(args: &[Value], work: &mut Work) -> Answer {
    match args {
        [Value::Int(a), Value::Int(b)] => checked(a.checked_add(*b), Value::Int, INT),
        [Value::Uint(a), Value::Uint(b)] => checked(a.checked_add(*b), Value::Uint, UINT),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a + b)),
        [Value::Duration(a), Value::Duration(b)] => checked(a.checked_add(*b), Value::Duration, INT),
        [Value::Timestamp(time), Value::Duration(by)] | [Value::Duration(by), Value::Timestamp(time)] => {
            shift(*time, i128::from(*by))
        }
        [Value::Bytes(a), Value::Bytes(b)] => {
            work.spend((a.len() + b.len()) as u64 / 8)?;
            Ok(Value::Bytes([&**a, &**b].concat().into()))
        }
        [Value::List(a), Value::List(b)] => {
            work.spend((a.len() + b.len()) as u64)?;
            Ok(Value::list(a.iter().chain(b.iter()).cloned().collect()))
        }
        [a, b] => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => {
                work.spend((a.len() + b.len()) as u64 / 8)?;
                Ok(Value::String([a, b].concat().into()))
            }
            _ => Err(no_overload()),
        },
        _ => Err(no_overload()),
    }
}

fn shift(time: Timestamp, by: i128) -> Answer {
    let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos) + by;
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok();
    let shifted = seconds.map(|seconds| Timestamp { seconds, nanos: nanos.rem_euclid(1_000_000_000) as u32 });
    checked(shifted.filter(|time| super::time::is_valid(*time)), Value::Timestamp, "timestamp overflow")
}

fn subtract(args: &[Value]) -> Answer {
    match args {
        [Value::Int(a), Value::Int(b)] => checked(a.checked_sub(*b), Value::Int, INT),
        [Value::Uint(a), Value::Uint(b)] => checked(a.checked_sub(*b), Value::Uint, UINT),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a - b)),
        [Value::Duration(a), Value::Duration(b)] => checked(a.checked_sub(*b), Value::Duration, INT),
        [Value::Timestamp(time), Value::Duration(by)] => shift(*time, -i128::from(*by)),
        [Value::Timestamp(a), Value::Timestamp(b)] => {
            let seconds = i128::from(a.seconds) - i128::from(b.seconds);
            let nanos = seconds * 1_000_000_000 + i128::from(a.nanos) - i128::from(b.nanos);
            checked(i64::try_from(nanos).ok(), Value::Duration, INT)
        }
        _ => Err(no_overload()),
    }
}

fn multiply(args: &[Value]) -> Answer {
    match args {
        [Value::Int(a), Value::Int(b)] => checked(a.checked_mul(*b), Value::Int, INT),
        [Value::Uint(a), Value::Uint(b)] => checked(a.checked_mul(*b), Value::Uint, UINT),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a * b)),
        _ => Err(no_overload()),
    }
}

fn divide(args: &[Value]) -> Answer {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Fault::new("division by zero")),
        [Value::Int(a), Value::Int(b)] => checked(a.checked_div(*b), Value::Int, INT),
        [Value::Uint(a), Value::Uint(b)] => checked(a.checked_div(*b), Value::Uint, UINT),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a / b)),
        _ => Err(no_overload()),
    }
}

fn remainder(args: &[Value]) -> Answer {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Fault::new("modulus by zero")),
        [Value::Int(a), Value::Int(b)] => checked(a.checked_rem(*b), Value::Int, INT),
        [Value::Uint(a), Value::Uint(b)] => checked(a.checked_rem(*b), Value::Uint, UINT),
        _ => Err(no_overload()),
    }
}

fn negate(args: &[Value]) -> Answer {
    match args {
        [Value::Int(a)] => checked(a.checked_neg(), Value::Int, INT),
        [Value::Double(a)] => Ok(Value::Double(-a)),
        _ => Err(no_overload()),
    }
}

fn is_in(args: &[Value], work: &mut Work) -> Answer {
    match &args[1] {
        Value::List(items) => {
            for item in items.iter() {
                if item.equals(&args[0], work)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        Value::Map(map) => Ok(Value::Bool(map.get(&args[0]).is_some())),
        _ => Err(no_overload()),
    }
}
