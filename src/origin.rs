//! Where a value came from: a leaf of a document in, every template line, layer and default that made it out; and the
//! other way round.

mod reach;

pub use reach::{Lines, Place, reach, reverse};

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::document::Document;
use crate::node::{Data, Input, Node, Origin};
use crate::source::{Position, Span};

/// Everything that made the node at a pointer, for people to read: a tree whose branches end at what somebody wrote,
/// and below it what decided that the node is there at all: so many of these, the nearest to the pointer first.
pub fn explain(document: &Document, pointer: &str, most: usize) -> Option<String> {
    let node = document.node.pointer(pointer)?;
    let mut teller = Teller::default();
    teller.branch(node, 0, &Lead::default());
    let places = deciding(document, pointer, most);
    let width = teller.rows.iter().chain(&places).map(|row| row.place.chars().count()).max().unwrap_or(0).min(MAX_PLACE);
    let mut out = format!("{}{}\n= {}\n\n", document.path, at(pointer), show(node));
    teller.rows.iter().for_each(|row| row.write(&mut out, width));
    if !places.is_empty() {
        out.push_str("\nit is there because of\n");
        places.iter().for_each(|row| row.write(&mut out, width));
    }
    Some(out)
}

/// Where the user wrote what a node was made of; the catalog's own words are passed over.
pub fn written(node: &Node) -> Option<Span> {
    match &node.origin {
        Origin::Input(input) if *input.layer != *DEFAULT => Some(input.span.clone()),
        Origin::Input(_) => None,
        origin => from(origin).iter().find_map(|node| written(node)),
    }
}

/// What decided that a node is there, when only the nearest are wanted.
pub const NEAREST: usize = 3;
/// The layer of what the catalog says.
const DEFAULT: &str = "default";
/// Columns after which a long place pushes what stands beside it to the right.
const MAX_PLACE: usize = 72;
/// Lists of a whole platform have long stories.
const MAX_BRANCHES: usize = 12;
const MAX_DEPTH: usize = 24;

fn deciding(document: &Document, pointer: &str, most: usize) -> Vec<Row> {
    let mut deciders = Deciders::default();
    let ancestors = ancestors(&document.node, pointer);
    let inner_first = ancestors.iter().rev().flat_map(|ancestor| from(&ancestor.origin));
    inner_first.chain(&document.because).for_each(|node| deciders.follow(node));
    let more = deciders.written.len().saturating_sub(most);
    let nearest = deciders.written.into_iter().take(most);
    let mut rows: Vec<Row> = nearest.map(|(place, what)| Row { place: format!("  {place}"), what }).collect();
    if more > 0 {
        rows.push(Row { place: format!("  … and {more} more: -v shows them"), what: String::new() });
    }
    rows
}

/// A line of the answer: where, and what stands there.
struct Row {
    place: String,
    what: String,
}

impl Row {
    fn write(&self, out: &mut String, width: usize) {
        let _ = writeln!(out, "{}", format!("{:width$}  {}", self.place, self.what).trim_end());
    }
}

/// What is drawn to the left of a branch, and to the left of all below it.
#[derive(Clone, Default)]
struct Lead {
    own: String,
    below: String,
}

impl Lead {
    fn child(&self, is_last: bool) -> Lead {
        let (own, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        Lead { own: format!("{}{own}", self.below), below: format!("{}{below}", self.below) }
    }
}

#[derive(Default)]
struct Teller {
    rows: Vec<Row>,
}

impl Teller {
    fn branch(&mut self, node: &Node, depth: usize, lead: &Lead) {
        let (place, what) = tell(node);
        self.rows.push(Row { place: format!("{}{place}", lead.own), what });
        let Origin::Input(input) = &node.origin else { return self.branches(&sources(node), depth + 1, lead) };
        // The values it replaced, the nearest layer first.
        for (index, shadow) in input.shadows.iter().rev().enumerate() {
            let (place, what) = tell_layer(shadow);
            let lead = lead.child(index + 1 == input.shadows.len());
            self.rows.push(Row { place: format!("{}{place}", lead.own), what: format!("{what}, overridden") });
        }
    }

    fn branches(&mut self, nodes: &[&Arc<Node>], depth: usize, lead: &Lead) {
        let shown = if depth < MAX_DEPTH { nodes.len().min(MAX_BRANCHES) } else { 0 };
        for (index, node) in nodes[..shown].iter().enumerate() {
            self.branch(node, depth, &lead.child(index + 1 == nodes.len()));
        }
        if shown < nodes.len() {
            self.rows
                .push(Row {
                    place: format!("{}… and {} more", lead.child(true).own, nodes.len() - shown), what: String::new()
                });
        }
    }
}

/// Where a node was written or by which rule it was made, and what stands there.
fn tell(node: &Node) -> (String, String) {
    match &node.origin {
        Origin::Input(input) if input.shadows.is_empty() => tell_layer(node),
        Origin::Input(_) => {
            let (place, what) = tell_layer(node);
            (place, format!("{what}  <- wins"))
        }
        Origin::Template { template, line, .. } => {
            let text = template.text.lines().nth(*line as usize - 1).unwrap_or_default().trim();
            (format!("{}:{line}", template.name), text.to_owned())
        }
        Origin::Derived { rule, .. } => ((*rule).to_owned(), show(node)),
    }
}

/// An input with its place and, where the place does not say it, its layer.
fn tell_layer(node: &Node) -> (String, String) {
    let Origin::Input(input) = &node.origin else { return tell(node) };
    let source = &input.span.source;
    let Position { line, column } = input.span.start();
    let what = match &node.data {
        Data::Seq(_) | Data::Map(_) => source.text[source.line(line)].trim().to_owned(),
        _ => show(node),
    };
    let layer = if source.name.ends_with(&*input.layer) { String::new() } else { format!("  ({})", input.layer) };
    (format!("{}:{line}:{column}", source.name), format!("{what}{layer}"))
}

/// What a node was made of, each once. Lists and tables that only hold things together are left out.
fn sources(node: &Node) -> Vec<&Arc<Node>> {
    fn gather<'n>(nodes: &'n [Arc<Node>], depth: usize, found: &mut Vec<&'n Arc<Node>>) {
        for node in nodes {
            match (&node.origin, &node.data) {
                (Origin::Derived { from, .. }, Data::Seq(_) | Data::Map(_)) if depth < MAX_DEPTH => {
                    gather(from, depth + 1, found);
                }
                _ if found.iter().any(|known| tell(known) == tell(node)) => {}
                _ => found.push(node),
            }
        }
    }
    let mut found = Vec::new();
    gather(from(&node.origin), 0, &mut found);
    found
}

/// The inputs that users wrote among all that decided something, in the order in which they are met.
#[derive(Default)]
struct Deciders {
    written: Vec<(String, String)>,
    seen: BTreeSet<*const Node>,
}

impl Deciders {
    fn follow(&mut self, node: &Arc<Node>) {
        if !self.seen.insert(Arc::as_ptr(node)) {
            return;
        }
        match &node.origin {
            // What the catalog says is not the user's decision.
            Origin::Input(input) if *input.layer == *DEFAULT => {}
            Origin::Input(_) => {
                let told = tell(node);
                if !self.written.contains(&told) {
                    self.written.push(told);
                }
            }
            origin => from(origin).iter().for_each(|node| self.follow(node)),
        }
    }
}

fn lines_of(input: &Input) -> RangeInclusive<u32> {
    let start = input.key.as_ref().unwrap_or(&input.span);
    start.start().line..=input.span.end().line
}

/// The lines of a text in which a key or its value stands.
pub fn lines_with_keys(text: &Node) -> BTreeSet<u32> {
    let mut lines = BTreeSet::new();
    for node in text.entries().iter().map(|entry| &entry.node).chain(text.items()) {
        if let Origin::Input(input) = &node.origin {
            lines.extend(lines_of(input));
        }
        lines.append(&mut lines_with_keys(node));
    }
    lines
}

/// Whether following a node's origin ends at something a person wrote: a file, a flag, a template.
pub fn is_known(node: &Node) -> bool {
    match &node.origin {
        Origin::Input(_) | Origin::Template { .. } => true,
        Origin::Derived { from, .. } => !from.is_empty(),
    }
}

fn from(origin: &Origin) -> &[Arc<Node>] {
    match origin {
        Origin::Input(_) => &[],
        Origin::Template { from, .. } => from.as_deref().unwrap_or(&[]),
        Origin::Derived { from, .. } => from,
    }
}

fn ancestors<'n>(root: &'n Node, pointer: &str) -> Vec<&'n Node> {
    let ends = pointer.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|end| root.pointer(&pointer[..end])).collect()
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" {pointer}") }
}

fn show(node: &Node) -> String {
    let text = match &node.data {
        Data::Seq(items) => format!("a list of {}", items.len()),
        Data::Map(entries) => format!("a table of {}", entries.len()),
        _ => node.to_json().to_string(),
    };
    match text.char_indices().nth(90) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
