//! Rendered text with numbered slots in, a tree with the values in their places out: only the template's own text makes structure.

use std::fmt::Write;
use std::sync::Arc;

use minijinja::value::Value;

use super::Failure;
use super::form::{Field, Form, Key, Pieces, Shape, pieces};
use super::language::{Escaped, Language};
use super::marks;
use super::scanner::Scanner;
use super::tracked::{self, Slot};
use crate::diagnostic::Code;
use crate::node::{Data, Entry, Node, Origin};
use crate::source::Source;

pub(super) struct Filler<'a> {
    pub template: &'a Arc<Source>,
    pub slots: &'a [Slot],
    /// What decided what there is at all: any list or table may have more or less in it for that.
    pub decided: Option<Arc<[Arc<Node>]>>,
}

impl Filler<'_> {
    pub fn node(&self, form: &Form) -> Result<Arc<Node>, Failure> {
        let data = match &form.shape {
            Shape::Fixed(node) => return Ok(node.clone()),
            Shape::Value(id) => return self.value(*id, form.line),
            Shape::Text { pieces, is_block } => return self.string(pieces, *is_block, form.line),
            Shape::Seq(items) => Data::Seq(items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?),
            Shape::Map(fields) => return self.map(form.line, fields),
        };
        Ok(Arc::new(Node { data, origin: self.origin(form.line, self.decided.clone()) }))
    }

    fn map(&self, line: u32, fields: &[Field]) -> Result<Arc<Node>, Failure> {
        let (mut map, mut laid) = (Vec::<Entry>::with_capacity(fields.len()), Vec::new());
        for field in fields {
            let node = self.node(&field.form)?;
            match &field.key {
                Key::Name(name) => map.push(Entry { key: name.clone(), node }),
                Key::Text(name) => {
                    let key = self.text(name, field.line)?.into();
                    map.push(Entry { key, node: under(node, self.sources(name)) });
                }
                Key::Spread => match &node.data {
                    Data::Map(inner) => {
                        map.extend(inner.iter().cloned());
                        laid.push(node);
                    }
                    _ => return Err(self.failure(field.line, "only a table can be laid out with `...`".to_owned())),
                },
            }
        }
        match duplicate(&map) {
            Some(key) => {
                let is_it = |field: &&Field| match &field.key {
                    Key::Name(name) => **name == *key,
                    Key::Text(name) => self.text(name, 0).is_ok_and(|name| name == key),
                    Key::Spread => false,
                };
                let last = fields.iter().rfind(is_it).unwrap_or(&fields[0]);
                let failure = self.failure(last.line, format!("the key {key} comes out twice"));
                Err(Failure { code: Code::BadOutput, ..failure })
            }
            None => Ok(Arc::new(Node { data: Data::Map(map), origin: self.origin(line, self.with(&laid)) })),
        }
    }

    /// What decided all lists and tables, and what decided those that are laid out in one of them: also one with nothing in it.
    fn with(&self, laid: &[Arc<Node>]) -> Option<Arc<[Arc<Node>]>> {
        let decided = self.decided.as_ref()?;
        Some(if laid.is_empty() {
            decided.clone()
        } else {
            decided.iter().cloned().chain(laid.iter().map(|one| one.head())).collect()
        })
    }

    /// A value that stands alone.
    fn value(&self, id: usize, line: u32) -> Result<Arc<Node>, Failure> {
        let Some(slot) = self.slots.get(id) else { return Err(self.failure(line, "a value is missing".to_owned())) };
        let origin = self.origin(line, slot.from.clone());
        tracked::to_node(&slot.value, &origin).map_err(|message| self.failure(line, message))
    }

    /// Text with values inside.
    fn string(&self, text: &Pieces, is_block: bool, line: u32) -> Result<Arc<Node>, Failure> {
        if is_block && let Some(slot) = text.slots().find(|id| !self.is_escaped(*id)) {
            let message = "a value stands in a block of text without an escape for its language".to_owned();
            let help = "put the text into a file of its own, named for its language, or write {{ value | sh }}";
            return Err(self.unescaped(line, slot, message, help));
        }
        let data = Data::Str(self.text(text, line)?.into());
        Ok(Arc::new(Node { data, origin: self.origin(line, self.sources(text)) }))
    }

    /// What the values in a text were made of.
    fn sources(&self, text: &Pieces) -> Option<Arc<[Arc<Node>]>> {
        all_of(text.slots().filter_map(|slot| self.slots[slot].from.as_ref()))
    }

    fn is_escaped(&self, slot: usize) -> bool {
        self.slots[slot].value.downcast_object_ref::<Escaped>().is_some()
    }

    /// Text with slots inside: each becomes the text of its value.
    fn text(&self, text: &Pieces, line: u32) -> Result<String, Failure> {
        let mut out = String::new();
        for (piece, slot) in &text.0 {
            out.push_str(piece);
            if let Some(id) = slot {
                inline(&mut out, &self.slots[*id].value).map_err(|message| self.failure(line, message))?;
            }
        }
        Ok(out)
    }

    /// Text of another language: each value is written as that language's literal, and only where a literal may stand.
    /// `lines` tells which line of the template printed a place.
    pub fn language(&self, text: &str, lines: &[(u32, u32)], language: &'static Language) -> Result<Arc<Node>, Failure> {
        let mut out = String::new();
        let mut scanner = Scanner::new(language);
        for (piece, slot) in pieces(text) {
            out.push_str(piece);
            scanner.text(piece);
            let Some(id) = slot else { continue };
            let line = || marks::line_at(lines, offset_of(text, id));
            if let Some(place) = scanner.refuses() {
                let message = format!("a value stands {place}, where it cannot be escaped");
                return Err(self.unescaped(line(), id, message, "let it stand by itself: its escape brings quotes"));
            }
            let literal = scanner.language().write(&self.slots[id].value);
            out.push_str(&literal.map_err(|message| self.failure(line(), message))?);
            scanner.value();
        }
        let from = all_of(self.slots.iter().filter_map(|slot| slot.from.as_ref()));
        let origin = self.origin(marks::line_at(lines, 0), from);
        Ok(Arc::new(Node { data: Data::Str(out.into()), origin }))
    }

    fn origin(&self, line: u32, from: Option<Arc<[Arc<Node>]>>) -> Origin {
        Origin::Template { template: self.template.clone(), line, from }
    }

    fn failure(&self, line: u32, message: String) -> Failure {
        Failure::at_line(self.template, line, message)
    }

    fn unescaped(&self, line: u32, slot: usize, message: String, help: &'static str) -> Failure {
        let value = self.slots[slot].from.iter().flat_map(|from| from.iter()).next().and_then(|node| node.span());
        Failure { code: Code::UnescapedLanguage, value, help: Some(help.to_owned()), ..self.failure(line, message) }
    }
}

fn offset_of(text: &str, slot: usize) -> u32 {
    text.find(&*marks::slot(slot)).unwrap_or(0) as u32
}

/// Writes the text of a value inside a longer string.
fn inline(out: &mut String, value: &Value) -> Result<(), String> {
    use minijinja::value::ValueKind;
    match value.kind() {
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::String => out.push_str(value.as_str().unwrap_or_default()),
        ValueKind::Number => write!(out, "{value}").expect("a string takes all"),
        ValueKind::Plain if let Some(escaped) = value.downcast_object_ref::<Escaped>() => out.push_str(&escaped.0),
        ValueKind::None => return Err("nothing (none) cannot stand inside a string".to_owned()),
        _ => return Err("a list or table cannot stand inside a string".to_owned()),
    }
    Ok(())
}

/// A value under a key that was printed: it is there because of what the key was made of, too.
fn under(value: Arc<Node>, key: Option<Arc<[Arc<Node>]>>) -> Arc<Node> {
    match (&value.origin, key) {
        (Origin::Template { template, line, from }, Some(key)) => {
            let origin = Origin::Template { template: template.clone(), line: *line, from: all_of(from.iter().chain([&key])) };
            Arc::new(Node { data: value.data.clone(), origin })
        }
        _ => value,
    }
}

/// What several values were made of; nothing, where nothing was written down.
fn all_of<'a>(mut sources: impl Iterator<Item = &'a Arc<[Arc<Node>]>>) -> Option<Arc<[Arc<Node>]>> {
    let first = sources.next()?;
    let Some(second) = sources.next() else { return Some(first.clone()) };
    Some([first, second].into_iter().chain(sources).flat_map(|from| from.iter().cloned()).collect())
}

fn duplicate(map: &[Entry]) -> Option<&str> {
    if map.len() <= 16 {
        return (1..map.len()).find(|i| map[..*i].iter().any(|e| e.key == map[*i].key)).map(|i| &*map[i].key);
    }
    let mut seen = std::collections::BTreeSet::new();
    map.iter().find(|entry| !seen.insert(&entry.key)).map(|entry| &*entry.key)
}
