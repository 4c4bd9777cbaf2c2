//! Layers of configuration, low to high, in; one tree whose every value keeps the values it replaced out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostics};
use crate::node::{Data, Entry, Input, Node, Origin};
use crate::source::{self, Source, Span};

/// The layer of `--set`.
const FLAG: &str = "--set";

/// Lays `over` on top of `base`: tables merge, anything else is replaced.
pub fn overlay(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    let (Data::Map(low), Data::Map(high)) = (&base.data, &over.data) else {
        return shadow(base, over);
    };
    let mut entries = low.clone();
    let index: BTreeMap<&str, usize> = low.iter().enumerate().map(|(i, entry)| (&*entry.key, i)).collect();
    for entry in high {
        match index.get(&*entry.key) {
            Some(i) => entries[*i].node = overlay(&entries[*i].node, &entry.node),
            None => entries.push(entry.clone()),
        }
    }
    // A flag reaches into a table; it is not where the table was written.
    let origin = if is_flag(over) && !is_flag(base) { &base.origin } else { &over.origin };
    Arc::new(Node { data: Data::Map(entries), origin: origin.clone() })
}

fn is_flag(node: &Node) -> bool {
    matches!(&node.origin, Origin::Input(input) if &*input.layer == FLAG)
}

/// `over`, remembering that it replaced `base`.
fn shadow(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    let Origin::Input(input) = &over.origin else { return over.clone() };
    let mut shadows = match &base.origin {
        Origin::Input(input) => input.shadows.clone(),
        _ => Vec::new(),
    };
    shadows.push(base.clone());
    let input = Input { span: input.span.clone(), key: input.key.clone(), layer: input.layer.clone(), shadows };
    Arc::new(Node { data: over.data.clone(), origin: Origin::Input(Arc::new(input)) })
}

/// An empty table that nobody wrote, as the lowest layer.
pub fn nothing() -> Arc<Node> {
    Node::derived("nothing", Data::Map(Vec::new()), [])
}

/// Reads `a.b=value`: the value is TOML, else a string.
pub fn set(argument: &str, diags: &mut Diagnostics) -> Option<Arc<Node>> {
    let source = Source::new(FLAG, argument);
    let layer: Arc<str> = FLAG.into();
    let mut quiet = Diagnostics::default();
    let node = source::parse(&source, &layer, &mut quiet);
    if quiet.is_empty() && !argument.contains('\n') && argument.contains('=') {
        return Some(Arc::new(node));
    }
    let as_string = argument.split_once('=').and_then(|(path, value)| text(&source, path, value, &layer));
    if as_string.is_none() {
        let span = Span::new(&source, 0..argument.len());
        diags.error(Code::BadSet, "this is no a.b=value").at(&span, "here").help("for example --set lakehouse.environment=test");
    }
    as_string
}

/// A path of keys with a string at its end.
fn text(source: &Arc<Source>, path: &str, value: &str, layer: &Arc<str>) -> Option<Arc<Node>> {
    let mut quiet = Diagnostics::default();
    let keys = source::parse(&Source::new(FLAG, format!("{path}=0")), layer, &mut quiet);
    if !quiet.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    let mut at = &Arc::new(keys);
    while let [entry] = at.entries() {
        names.push(entry.key.clone());
        at = &entry.node;
    }
    at.as_int()?;
    let input = |span: Span| {
        let key = Some(Span::new(source, 0..path.len()));
        Origin::Input(Arc::new(Input { span, key, layer: layer.clone(), shadows: Vec::new() }))
    };
    let value_span = Span::new(source, path.len() + 1..source.text.len());
    let leaf = Arc::new(Node { data: value.into(), origin: input(value_span.clone()) });
    Some(
        names.into_iter().rev().fold(leaf, |node, key| {
            Arc::new(Node { data: Data::Map(vec![Entry { key, node }]), origin: input(value_span.clone()) })
        }),
    )
}
