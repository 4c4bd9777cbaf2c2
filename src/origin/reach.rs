//! What the lines of a file reach: documents in, every place that depends on some of the lines out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{from, lines_of};
use crate::document::Document;
use crate::node::{Data, Node, Origin, escape};

/// A node of a document that depends on lines of a file, as what is around it does not.
pub struct Place {
    pub path: String,
    pub pointer: String,
    pub lines: Lines,
}

/// Every place of every document that depends on what stands in a line of a source.
pub fn reverse<'d>(documents: impl IntoIterator<Item = &'d Document>, file: &str, line: u32) -> Vec<(String, String)> {
    let places = reach(documents, file).into_iter().filter(|place| place.lines.has(line));
    places.map(|place| (place.path, place.pointer)).collect()
}

/// The same for all lines of a source at once: what a line reaches is named where it begins to, and nothing below that.
pub fn reach<'d>(documents: impl IntoIterator<Item = &'d Document>, file: &str) -> Vec<Place> {
    let mut seeker = Seeker { file, nodes: BTreeMap::new(), sources: BTreeMap::new() };
    let mut found = Vec::new();
    for document in documents {
        let mut because = Lines::default();
        document.because.iter().for_each(|node| seeker.whole(node, &mut because));
        let mut walk = Walk { seeker: &mut seeker, path: &document.path, pointer: String::new(), found: &mut found };
        walk.name(&because);
        walk.below(&document.node, &because);
    }
    found
}

/// Lines of one file, a bit for each.
#[derive(Clone, Debug, Default)]
pub struct Lines(Vec<u64>);

impl Lines {
    pub fn has(&self, line: u32) -> bool {
        self.0.get(line as usize / 64).is_some_and(|word| word & (1 << (line % 64)) != 0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.0.len() as u32 * 64).filter(|line| self.has(*line))
    }

    pub fn join(&mut self, other: &Lines) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    fn add(&mut self, line: u32) {
        let word = line as usize / 64;
        self.0.resize(self.0.len().max(word + 1), 0);
        self.0[word] |= 1 << (line % 64);
    }

    fn without(mut self, other: &Lines) -> Lines {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= !other);
        self
    }
}

/// Goes down a document, with the lines that are named above already.
struct Walk<'s, 'a> {
    seeker: &'s mut Seeker<'a>,
    path: &'s str,
    pointer: String,
    found: &'s mut Vec<Place>,
}

impl Walk<'_, '_> {
    fn name(&mut self, lines: &Lines) {
        if !lines.is_empty() {
            self.found.push(Place { path: self.path.to_owned(), pointer: self.pointer.clone(), lines: lines.clone() });
        }
    }

    fn below(&mut self, node: &Node, above: &Lines) {
        let mut own = Lines::default();
        self.seeker.itself(node, &mut own);
        let own = own.without(above);
        self.name(&own);
        let mut above = above.clone();
        above.join(&own);
        for (index, item) in node.items().iter().enumerate() {
            self.step(&index.to_string(), item, &above);
        }
        for entry in node.entries() {
            self.step(&escape(&entry.key), &entry.node, &above);
        }
    }

    fn step(&mut self, step: &str, node: &Node, above: &Lines) {
        let length = self.pointer.len();
        let _ = write!(self.pointer, "/{step}");
        self.below(node, above);
        self.pointer.truncate(length);
    }
}

/// The lines that nodes depend on; what is shared by many is looked at once.
struct Seeker<'a> {
    file: &'a str,
    /// Of a node and all that is in it.
    nodes: BTreeMap<*const Node, Lines>,
    /// Of all nodes that something was made of.
    sources: BTreeMap<*const Arc<Node>, Lines>,
}

impl Seeker<'_> {
    /// Adds what a node, or anything in it, depends on.
    fn whole(&mut self, node: &Arc<Node>, lines: &mut Lines) {
        let key = Arc::as_ptr(node);
        if let Some(known) = self.nodes.get(&key) {
            return lines.join(known);
        }
        let mut own = Lines::default();
        self.itself(node, &mut own);
        match &node.data {
            Data::Seq(items) => items.iter().for_each(|item| self.whole(item, &mut own)),
            Data::Map(entries) => entries.iter().for_each(|entry| self.whole(&entry.node, &mut own)),
            _ => {}
        }
        lines.join(&own);
        self.nodes.insert(key, own);
    }

    fn itself(&mut self, node: &Node, lines: &mut Lines) {
        match &node.origin {
            Origin::Input(input) => {
                if input.span.source.name == self.file {
                    lines_of(input).for_each(|line| lines.add(line));
                }
                input.shadows.iter().for_each(|shadow| self.whole(shadow, lines));
            }
            Origin::Template { template, line, .. } if template.name == self.file => {
                lines.add(*line);
                self.made_of(&node.origin, lines);
            }
            origin => self.made_of(origin, lines),
        }
    }

    fn made_of(&mut self, origin: &Origin, lines: &mut Lines) {
        let sources = from(origin);
        if sources.is_empty() {
            return;
        }
        let key = sources.as_ptr();
        if let Some(known) = self.sources.get(&key) {
            return lines.join(known);
        }
        let mut own = Lines::default();
        sources.iter().for_each(|node| self.whole(node, &mut own));
        lines.join(&own);
        self.sources.insert(key, own);
    }
}
