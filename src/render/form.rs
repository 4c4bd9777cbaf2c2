//! What a rendered text says but for its values. Templates print the same text again and again with other values, so it
//! is read once, and what does not change is shared by all that is made of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::marks::{self, SLOT, SLOT_END};
use crate::node::{Data, Node, Origin};
use crate::source::Source;
use crate::yaml::{self, Style, Yaml};

/// Texts kept for one template, and the bytes of the longest: what is larger does not come twice.
const MAX_KEPT: usize = 64;
const MAX_TEXT: usize = 64 << 10;

pub(super) struct Form {
    pub line: u32,
    pub shape: Shape,
}

pub(super) enum Shape {
    /// A scalar that the template wrote itself.
    Fixed(Arc<Node>),
    /// A value alone: it keeps its type.
    Value(usize),
    /// Text around values; a block of text wants an escape for each of them.
    Text {
        pieces: Pieces,
        is_block: bool,
    },
    Seq(Vec<Form>),
    Map(Vec<Field>),
}

/// Text before each slot with the slot's number, and the text after the last.
pub(super) struct Pieces(pub Box<[(Box<str>, Option<usize>)]>);

pub(super) struct Field {
    pub key: Key,
    pub line: u32,
    pub form: Form,
}

pub(super) enum Key {
    Name(Arc<str>),
    /// With values inside.
    Text(Pieces),
    /// `...: {{ table }}` lays a table's entries out here.
    Spread,
}

/// The forms of what one template rendered before, by the text with its marks.
#[derive(Default)]
pub(super) struct Forms(Mutex<BTreeMap<String, Arc<Form>>>);

impl Forms {
    /// The form of a text; `make` reads it when it was not met before.
    pub fn of<E>(&self, text: String, make: impl FnOnce(&str) -> Result<Form, E>) -> Result<Arc<Form>, E> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = kept().get(&text) {
            return Ok(form.clone());
        }
        let form = Arc::new(make(&text)?);
        let mut kept = kept();
        if text.len() <= MAX_TEXT && kept.len() < MAX_KEPT {
            kept.insert(text, form.clone());
        }
        Ok(form)
    }
}

impl Pieces {
    fn of(text: &str) -> Pieces {
        Pieces(pieces(text).map(|(piece, slot)| (piece.into(), slot)).collect())
    }

    pub fn slots(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|(_, slot)| *slot)
    }
}

/// Text before each slot with the slot's number, and the text after the last.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((before, after)) = text.split_once(SLOT) else {
            rest = None;
            return Some((text, None));
        };
        let (number, after) = after.split_once(SLOT_END)?;
        rest = Some(after);
        Some((before, number.parse().ok()))
    })
}

/// Turns what was read into a form; `lines` tells which line of the template printed a place.
pub(super) struct Former<'a> {
    pub template: &'a Arc<Source>,
    pub lines: &'a [(u32, u32)],
}

impl Former<'_> {
    pub fn form(&self, yaml: &Yaml<'_>) -> Form {
        let line = marks::line_at(self.lines, yaml.mark.start);
        let shape = match &yaml.data {
            yaml::Data::Str(text) if text.contains(SLOT) => text_shape(text, yaml.style),
            yaml::Data::Str(text) => self.fixed(line, Data::Str(Arc::from(&**text))),
            yaml::Data::Null => self.fixed(line, Data::Null),
            yaml::Data::Bool(flag) => self.fixed(line, Data::Bool(*flag)),
            yaml::Data::Number(number) => self.fixed(line, Data::Number(*number)),
            yaml::Data::Seq(items) => Shape::Seq(items.iter().map(|item| self.form(item)).collect()),
            yaml::Data::Map(entries) => Shape::Map(entries.iter().map(|entry| self.field(entry)).collect()),
        };
        Form { line, shape }
    }

    fn fixed(&self, line: u32, data: Data) -> Shape {
        let origin = Origin::Template { template: self.template.clone(), line, from: None };
        Shape::Fixed(Arc::new(Node { data, origin }))
    }

    fn field(&self, entry: &yaml::Entry<'_>) -> Field {
        let key = match &*entry.key.name {
            "..." => Key::Spread,
            name if name.contains(SLOT) => Key::Text(Pieces::of(name)),
            name => Key::Name(name.into()),
        };
        Field { key, line: marks::line_at(self.lines, entry.key.mark.start), form: self.form(&entry.value) }
    }
}

/// Text with values in it; one value and nothing else is that value, unless it is quoted.
pub(super) fn text_shape(text: &str, style: Style) -> Shape {
    let alone = || text.strip_prefix(SLOT)?.strip_suffix(SLOT_END)?.parse().ok();
    match (style == Style::Plain).then(alone).flatten() {
        Some(id) => Shape::Value(id),
        None => Shape::Text { pieces: Pieces::of(text), is_block: matches!(style, Style::Literal | Style::Folded) },
    }
}
