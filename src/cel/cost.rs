//! What a call costs, as the API server counts it: the names that stand in the table of functions.

use super::library::Opaque;
use super::table::Overload;
use super::value::Value;

pub const LIST: u64 = 10;
pub const MAP: u64 = 30;

/// An authorization check: two of them fit into an expression.
const CHECK: u64 = 350_000;

pub struct Cost {
    name: &'static str,
    count: fn(&[Value], Option<&Value>) -> u64,
    /// The API server counts one where only the values tell which overload it is.
    needs_overload: bool,
}

#[rustfmt::skip]
const COSTS: &[Cost] = &[
    Cost { name: "one", count: |_, _| 1, needs_overload: false },
    Cost { name: "compare", count: |args, _| compare(args), needs_overload: true },
    Cost { name: "concatenate", count: |args, _| tenth(length(args, 0) + length(args, 1)), needs_overload: true },
    Cost { name: "items", count: |args, _| length(args, 1), needs_overload: true },
    Cost { name: "scan", count: |args, _| tenth(length(args, 0)), needs_overload: false },
    Cost { name: "convert", count: |args, _| tenth(length(args, 0)), needs_overload: true },
    Cost { name: "rewrite", count: |args, _| tenth(2 * length(args, 0)), needs_overload: false },
    Cost { name: "result", count: |_, result| tenth(2 * result.map_or(1, Value::length)), needs_overload: false },
    Cost { name: "traverse", count: |args, _| args.first().map_or(0, traverse), needs_overload: false },
    Cost { name: "contains", count: |args, _| tenth(length(args, 0)) * tenth(length(args, 1)), needs_overload: false },
    Cost { name: "regex", count: |args, _| tenth(1 + length(args, 0)) * quarter(length(args, 1)), needs_overload: false },
    Cost { name: "contains_ip", count: |args, _| tenth(2 * length(args, 0)) + parsing(args), needs_overload: false },
    Cost { name: "contains_cidr", count: |args, _| tenth(2 * length(args, 0)) + tenth(length(args, 0)) + 1 + parsing(args), needs_overload: false },
    Cost { name: "validate", count: |args, _| tenth(1 + length(args, 1)) * quarter(format_size(args)), needs_overload: false },
    Cost { name: "selector", count: |args, _| LIST + tenth(length(args, 1)) + length(args, 1).div_ceil(2) * 50, needs_overload: false },
    Cost { name: "check", count: |_, _| CHECK, needs_overload: false },
    Cost { name: "output", count: |_, result| allocated(1.0, result.map_or(1, Value::length)), needs_overload: false },
    Cost { name: "flatten", count: |args, _| allocated(depth(args), length(args, 0)), needs_overload: false },
    Cost { name: "sort", count: |args, _| itself(args, 0), needs_overload: false },
    Cost { name: "sort_by", count: |args, _| itself(args, 1), needs_overload: false },
    Cost { name: "distinct", count: |args, _| itself(args, 0), needs_overload: false },
    Cost { name: "product", count: |args, _| 1 + length(args, 0) * length(args, 1), needs_overload: false },
    Cost { name: "twice_product", count: |args, _| 1 + 2 * length(args, 0) * length(args, 1), needs_overload: false },
];

impl Cost {
    pub fn named(name: &str) -> Option<&'static Cost> {
        COSTS.iter().find(|cost| cost.name == name)
    }

    /// Whether the second argument is a pattern.
    pub fn is_regex(&self) -> bool {
        self.name == "regex"
    }
}

/// The cost of a call of one of these overloads; without a result it failed.
pub fn of(overloads: &[&'static Overload], args: &[Value], result: Option<&Value>) -> u64 {
    match overloads {
        [] => 1,
        [overload, others @ ..] => match overload.cost.needs_overload && !others.is_empty() {
            true => 1,
            false => (overload.cost.count)(args, result),
        },
    }
}

fn length(args: &[Value], at: usize) -> u64 {
    args.get(at).map_or(1, Value::length)
}

fn tenth(size: u64) -> u64 {
    size.div_ceil(10)
}

fn quarter(size: u64) -> u64 {
    size.div_ceil(4)
}

fn compare(args: &[Value]) -> u64 {
    match args.first() {
        Some(Value::Opaque(_)) => 1,
        _ => tenth(length(args, 0).min(length(args, 1))),
    }
}

fn parsing(args: &[Value]) -> u64 {
    if matches!(args.get(1), Some(Value::String(_))) { tenth(length(args, 1)) } else { 0 }
}

fn format_size(args: &[Value]) -> u64 {
    match args.first() {
        Some(Value::Opaque(opaque)) => match &**opaque {
            Opaque::Format(format) => format.size,
            _ => 1,
        },
        _ => 1,
    }
}

/// Every value in a tree of them.
fn traverse(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 / 10,
        Value::Bytes(bytes) => bytes.len() as u64 / 10,
        Value::List(items) => items.iter().map(traverse).sum(),
        Value::Map(map) => map.entries().iter().map(|(key, value)| traverse(key) + traverse(value)).sum(),
        _ => 1,
    }
}

fn allocated(factor: f64, size: u64) -> u64 {
    (size as f64 * factor) as u64 + 1 + LIST
}

fn depth(args: &[Value]) -> f64 {
    match args.get(1) {
        Some(Value::Int(depth)) => *depth as f64,
        _ => 1.0,
    }
}

/// Each item with each.
fn itself(args: &[Value], at: usize) -> u64 {
    let Some(Value::List(items)) = args.get(at) else { return 1 };
    let is_text = matches!(items.first(), Some(Value::String(_) | Value::Bytes(_)));
    let size = items.len() as u64;
    allocated(if is_text { 2.1 } else { 2.0 }, size.saturating_mul(size))
}
