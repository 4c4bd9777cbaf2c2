//! A `Node` in, one YAML or JSON document out, the same bytes for the same node.
//!
//! Two blanks a level, lists not indented below their key, text of several lines below a `|`, no anchors.

use std::fmt::Write;

use super::quoting::{is_block, is_plain, quote};
use crate::node::{Data, Entry, Node, Number};

/// Readers look for the colon in this many characters only (1,024 in YAML 1.1); a longer key is told by a `?`.
const MAX_SIMPLE_KEY: usize = 1000;

const WRITES: &str = "a String takes everything";

pub fn print(node: &Node) -> String {
    let mut out = String::new();
    if is_leaf(node) {
        leaf(&mut out, node, 2);
    } else {
        collection(&mut out, node, 0);
    }
    out
}

pub fn print_json(node: &Node) -> String {
    let mut out = String::new();
    json(&mut out, node, 0);
    out.push('\n');
    out
}

fn is_leaf(node: &Node) -> bool {
    node.entries().is_empty() && node.items().is_empty()
}

/// Writes a map or list whose first line is already indented.
fn collection(out: &mut String, node: &Node, indent: usize) {
    for (i, entry) in node.entries().iter().enumerate() {
        new_line(out, i, indent);
        key(out, &entry.key);
        value(out, &entry.node, indent);
    }
    for (i, item) in node.items().iter().enumerate() {
        new_line(out, i, indent);
        out.push_str("- ");
        if is_leaf(item) { leaf(out, item, indent + 2) } else { collection(out, item, indent + 2) }
    }
}

fn new_line(out: &mut String, i: usize, indent: usize) {
    if i > 0 {
        pad(out, indent);
    }
}

fn value(out: &mut String, node: &Node, indent: usize) {
    if is_leaf(node) {
        out.push(' ');
        return leaf(out, node, indent + 2);
    }
    let indent = if node.items().is_empty() { indent + 2 } else { indent };
    out.push('\n');
    pad(out, indent);
    collection(out, node, indent);
}

fn key(out: &mut String, name: &str) {
    let start = out.len();
    text(out, name);
    if out.len() - start > MAX_SIMPLE_KEY {
        out.insert_str(start, "? ");
        out.push('\n');
        let line = out[..start].rfind('\n').map_or(0, |at| at + 1);
        pad(out, start - line);
    }
    out.push(':');
}

/// Writes what fits behind a key, with its line end.
fn leaf(out: &mut String, node: &Node, indent: usize) {
    match &node.data {
        Data::Null => out.push_str("null"),
        Data::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Data::Number(n) => number(out, *n),
        Data::Str(text) if is_block(text) => return block(out, text, indent),
        Data::Str(string) => text(out, string),
        Data::Seq(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
    out.push('\n');
}

fn text(out: &mut String, text: &str) {
    if is_plain(text) { out.push_str(text) } else { quote(out, text) }
}

fn block(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    let line_ends = text.len() - body.len();
    out.push_str(["|-\n", "|\n", "|+\n"][line_ends.min(2)]);
    for line in body.split('\n') {
        if !line.is_empty() {
            pad(out, indent);
        }
        out.push_str(line);
        out.push('\n');
    }
    (1..line_ends).for_each(|_| out.push('\n'));
}

/// Floats have a point and a sign in the exponent: without them YAML 1.1 takes 1e21 for a string.
fn number(out: &mut String, number: Number) {
    let number = match number {
        Number::Int(n) => return write!(out, "{n}").expect(WRITES),
        Number::Float(n) => format!("{n:?}"),
    };
    match number.split_once('e') {
        None => out.push_str(&number),
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            write!(out, "{mantissa}{point}e{sign}{exponent}").expect(WRITES);
        }
    }
}

fn json(out: &mut String, node: &Node, indent: usize) {
    match &node.data {
        Data::Seq(items) if !items.is_empty() => {
            lines(out, "[]", items, indent, |out, item| json(out, item, indent + 2));
        }
        Data::Map(entries) if !entries.is_empty() => lines(out, "{}", entries, indent, |out, entry: &Entry| {
            quote(out, &entry.key);
            out.push_str(": ");
            json(out, &entry.node, indent + 2);
        }),
        Data::Null => out.push_str("null"),
        Data::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Data::Number(n) => number(out, *n),
        Data::Str(text) => quote(out, text),
        Data::Seq(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
}

fn lines<T>(out: &mut String, brackets: &str, list: &[T], indent: usize, mut write: impl FnMut(&mut String, &T)) {
    out.push_str(&brackets[..1]);
    for (i, element) in list.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        pad(out, indent + 2);
        write(out, element);
    }
    out.push('\n');
    pad(out, indent);
    out.push_str(&brackets[1..]);
}

fn pad(out: &mut String, width: usize) {
    const BLANKS: &str = "                                ";
    for _ in 0..width / BLANKS.len() {
        out.push_str(BLANKS);
    }
    out.push_str(&BLANKS[..width % BLANKS.len()]);
}
