//! How much memory a value takes, and the operations of templates that could ask for more without end.
//!
//! Steps are counted by the engine, but one step can double a text. So a value is weighed when it gets a name and when
//! it is printed, and what makes one value of many weighs them first.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::language::Escaped;
use super::tracked::{self, Tracked};
use super::whole::Whole;
use crate::node::{Data, Node};

/// Bytes of a value that a template put together.
const MAX_VALUE: usize = 1 << 20;
/// Bytes of all that a template prints, its parts included.
pub(super) const MAX_PRINTED: usize = 256 << 20;
/// How often one tag may put values together.
pub(super) const MAX_JOINS: usize = 16;
/// What a number, or the head of a text or list, counts.
const HEAD: usize = 16;

/// Filters that make a value many times as large in one step, and that no template needs.
const GREEDY: &[&str] = &["batch", "chain", "format", "indent", "lines", "pprint", "slice", "zip"];

pub(super) fn limit(env: &mut Environment<'static>) {
    GREEDY.iter().for_each(|name| env.remove_filter(name));
    env.add_filter("held", |value: Value| {
        tracked::settle();
        let mut left = MAX_VALUE;
        if weigh(&value, &mut left, light) { Ok(value) } else { Err(too_large()) }
    });
    env.add_filter("replace", |text: &Value, old: &str, new: &str| {
        let text = text.to_string();
        let grown = text.matches(old).count().saturating_mul(new.len());
        if grown > MAX_VALUE { Err(too_large()) } else { Ok(text.replace(old, new)) }
    });
    env.add_filter("join", |list: &Value, between: Option<&str>| {
        let between = between.unwrap_or_default();
        let mut joined = String::new();
        for (index, item) in list.try_iter()?.enumerate() {
            joined.push_str(if index == 0 { "" } else { between });
            joined.push_str(&item.to_string());
            if joined.len() > MAX_VALUE {
                return Err(too_large());
            }
        }
        Ok(joined)
    });
}

fn too_large() -> Error {
    Error::new(ErrorKind::OutOfFuel, format!("it puts together a value of more than {} MiB", MAX_VALUE >> 20))
}

/// Takes from `left` what a value weighs; whether that was enough. `shared` tells what nodes weigh that it only holds.
fn weigh(value: &Value, left: &mut usize, shared: fn(&Value) -> Option<usize>) -> bool {
    if let Some(bytes) = shared(value) {
        return take(left, bytes);
    }
    let mut all = |value: &Value| weigh(value, left, shared);
    match value.kind() {
        ValueKind::Map => {
            value.try_iter().is_ok_and(|mut keys| keys.all(|key| all(&key) && value.get_item(&key).is_ok_and(|item| all(&item))))
        }
        ValueKind::Seq | ValueKind::Iterable => value.try_iter().is_ok_and(|mut items| items.all(|item| all(&item))),
        _ => take(left, HEAD + value.as_str().map_or(0, str::len)),
    }
}

fn take(left: &mut usize, bytes: usize) -> bool {
    let rest = left.checked_sub(bytes);
    *left = rest.unwrap_or(0);
    rest.is_some()
}

/// Nodes belong to others: a value that holds them is as small as it is without.
fn light(value: &Value) -> Option<usize> {
    let is_shared = value.downcast_object_ref::<Tracked>().is_some() || value.downcast_object_ref::<Whole>().is_some();
    is_shared.then_some(HEAD)
}

/// What nodes weigh once they are printed.
fn heavy(value: &Value) -> Option<usize> {
    let tracked = value.downcast_object_ref::<Tracked>().map(|tracked| of_node(&tracked.0));
    let whole = value.downcast_object_ref::<Whole>().map(|whole| whole.weight);
    let escaped = value.downcast_object_ref::<Escaped>().map(|escaped| HEAD + escaped.0.len());
    tracked.or(whole).or(escaped)
}

/// What a printed value adds to the document it is put into.
pub(super) fn printed(value: &Value) -> usize {
    let mut left = MAX_PRINTED + 1;
    weigh(value, &mut left, heavy);
    MAX_PRINTED + 1 - left
}

fn of_node(node: &Node) -> usize {
    HEAD + match &node.data {
        Data::Str(text) => text.len(),
        Data::Seq(items) => items.iter().map(|item| of_node(item)).sum(),
        Data::Map(entries) => entries.iter().map(|entry| entry.key.len() + of_node(&entry.node)).sum(),
        _ => 0,
    }
}
