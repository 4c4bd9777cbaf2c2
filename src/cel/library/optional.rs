//! Values that may be absent.

use super::{Table, no_overload};
use crate::cel::eval::lookup;
use crate::cel::fault::Fault;
use crate::cel::value::Value;

pub const TABLE: Table = &[
    ("optional_of", |args, _| Ok(Value::some(args[0].clone()))),
    ("optional_of_non_zero", |args, _| Ok(if args[0].is_zero() { Value::Optional(None) } else { Value::some(args[0].clone()) })),
    ("optional_none", |_, _| Ok(Value::Optional(None))),
    ("optional_value", |args, _| match &args[0] {
        Value::Optional(Some(value)) => Ok((**value).clone()),
        Value::Optional(None) => Err(Fault::new("optional.none() dereference")),
        _ => Err(no_overload()),
    }),
    ("optional_has_value", |args, _| match &args[0] {
        Value::Optional(value) => Ok(Value::Bool(value.is_some())),
        _ => Err(no_overload()),
    }),
    ("optional_select", |args, _| look(args)),
    ("optional_index", |args, _| look(args)),
];

fn look(args: &[Value]) -> Result<Value, Fault> {
    Ok(lookup(&args[0], &args[1], true)?.map_or(Value::Optional(None), Value::some))
}
