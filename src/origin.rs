//! Where a value came from: a leaf of a document in, every template line, layer and default that made it out; and the
//! other way round.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::document::Document;
use crate::node::{Data, Input, Node, Origin};
use crate::source::Position;

/// Everything that made the node at a pointer, for people to read.
pub fn explain(document: &Document, pointer: &str) -> Option<String> {
    let node = document.node.pointer(pointer)?;
    let mut out = format!("{}{}\n  = {}\n", document.path, at(pointer), show(node));
    let mut teller = Teller { out: &mut out, told: Vec::new() };
    teller.node(node, 1);
    let _ = writeln!(out, "  it is there because of");
    let mut teller = Teller { out: &mut out, told: Vec::new() };
    for ancestor in ancestors(&document.node, pointer) {
        teller.sources(from(&ancestor.origin), 2);
    }
    teller.sources(&document.because, 2);
    Some(out)
}

struct Teller<'a> {
    out: &'a mut String,
    told: Vec<String>,
}

impl Teller<'_> {
    fn node(&mut self, node: &Node, depth: usize) {
        match &node.origin {
            Origin::Input(input) => self.input(node, input, depth),
            Origin::Template { template, line, from } => {
                let text = template.text.lines().nth(*line as usize - 1).unwrap_or_default().trim();
                if self.line(depth, &format!("{}:{line}", name(&template.name)), text) {
                    self.sources(from.as_deref().unwrap_or(&[]), depth + 1);
                }
            }
            Origin::Derived { rule, from } => {
                if self.line(depth, rule, &show(node)) {
                    self.sources(from, depth + 1);
                }
            }
        }
    }

    fn input(&mut self, node: &Node, input: &Input, depth: usize) {
        let Position { line, column } = input.span.start();
        let place = format!("{}:{line}:{column}", input.span.source.name);
        if !self.line(
            depth,
            &place,
            &format!("{} ({}{})", show(node), input.layer, if input.shadows.is_empty() { "" } else { ", wins" }),
        ) {
            return;
        }
        for shadow in input.shadows.iter().rev() {
            if let Origin::Input(input) = &shadow.origin {
                let Position { line, column } = input.span.start();
                self.line(
                    depth + 1,
                    &format!("over {}:{line}:{column}", input.span.source.name),
                    &format!("{} ({})", show(shadow), input.layer),
                );
            }
        }
    }

    fn sources(&mut self, nodes: &[Arc<Node>], depth: usize) {
        for node in nodes {
            if depth < 24 {
                self.node(node, depth);
            }
        }
    }

    /// Writes a line unless it stands there already.
    fn line(&mut self, depth: usize, place: &str, what: &str) -> bool {
        let line = format!("{place}  {what}");
        if self.told.contains(&line) {
            return false;
        }
        let _ = writeln!(self.out, "{:indent$}{line}", "", indent = depth * 2);
        self.told.push(line);
        true
    }
}

/// Every place of every document that depends on what stands in a line of a source.
pub fn reverse<'d>(documents: impl IntoIterator<Item = &'d Document>, file: &str, line: u32) -> Vec<(String, String)> {
    let mut seeker = Seeker { file, line, known: BTreeMap::new() };
    let mut found = Vec::new();
    for document in documents {
        if document.because.iter().any(|node| seeker.depends(node)) {
            found.push((document.path.clone(), String::new()));
        } else {
            seeker
                .walk(&document.node, &mut String::new(), &mut |pointer| found.push((document.path.clone(), pointer.to_owned())));
        }
    }
    found
}

struct Seeker<'a> {
    file: &'a str,
    line: u32,
    known: BTreeMap<*const Node, bool>,
}

impl Seeker<'_> {
    /// Calls `visit` with the highest nodes that depend on the line.
    fn walk(&mut self, node: &Node, pointer: &mut String, visit: &mut dyn FnMut(&str)) {
        if self.itself(node) {
            return visit(pointer);
        }
        let length = pointer.len();
        match &node.data {
            Data::Seq(items) => {
                for (index, item) in items.iter().enumerate() {
                    let _ = write!(pointer, "/{index}");
                    self.walk(item, pointer, visit);
                    pointer.truncate(length);
                }
            }
            Data::Map(entries) => {
                for entry in entries {
                    let _ = write!(pointer, "/{}", crate::node::escape(&entry.key));
                    self.walk(&entry.node, pointer, visit);
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
    }

    /// Whether a node, or anything in it, depends on the line.
    fn depends(&mut self, node: &Arc<Node>) -> bool {
        let key = Arc::as_ptr(node);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        self.known.insert(key, false);
        let inside = match &node.data {
            Data::Seq(items) => items.iter().any(|item| self.depends(item)),
            Data::Map(entries) => entries.iter().any(|entry| self.depends(&entry.node)),
            _ => false,
        };
        let depends = inside || self.itself(node);
        self.known.insert(key, depends);
        depends
    }

    fn itself(&mut self, node: &Node) -> bool {
        match &node.origin {
            Origin::Input(input) => self.stands_here(input) || input.shadows.iter().any(|shadow| self.depends(shadow)),
            origin => from(origin).iter().any(|node| self.depends(node)),
        }
    }

    fn stands_here(&self, input: &Input) -> bool {
        let start = input.key.as_ref().unwrap_or(&input.span);
        input.span.source.name == self.file && (start.start().line..=input.span.end().line).contains(&self.line)
    }
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

fn name(template: &str) -> &str {
    template
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
