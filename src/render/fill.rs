//! Rendered text with numbered slots in, a tree with the values in their places out: only the template's own text makes structure.

use std::sync::Arc;

use minijinja::value::Value;

use super::Failure;
use super::language::{Escaped, Language};
use super::marks::{self, SLOT, SLOT_END};
use super::scanner::Scanner;
use super::tracked::{self, Slot};
use crate::diagnostic::Code;
use crate::node::{Data, Entry, Node, Origin};
use crate::source::Source;
use crate::yaml::{self, Style, Yaml};

pub(super) struct Filler<'a> {
    pub template: &'a Arc<Source>,
    pub slots: &'a [Slot],
    pub lines: &'a [(u32, u32)],
    /// What decided what there is at all: any list or table may have more or less in it for that.
    pub decided: Option<Arc<[Arc<Node>]>>,
}

impl Filler<'_> {
    pub fn node(&self, yaml: &Yaml<'_>) -> Result<Node, Failure> {
        let data = match &yaml.data {
            yaml::Data::Str(text) if text.contains(SLOT) => return self.scalar(text, yaml),
            yaml::Data::Str(text) => Data::Str(Arc::from(&**text)),
            yaml::Data::Null => Data::Null,
            yaml::Data::Bool(flag) => Data::Bool(*flag),
            yaml::Data::Number(number) => Data::Number(*number),
            yaml::Data::Seq(items) => {
                Data::Seq(items.iter().map(|item| self.node(item).map(Arc::new)).collect::<Result<_, _>>()?)
            }
            yaml::Data::Map(entries) => Data::Map(self.map(entries)?),
        };
        let mut origin = self.origin(yaml.mark.start, None);
        if let (Origin::Template { from, .. }, Data::Seq(_) | Data::Map(_)) = (&mut origin, &data) {
            from.clone_from(&self.decided);
        }
        Ok(Node { data, origin })
    }

    fn map(&self, entries: &[yaml::Entry<'_>]) -> Result<Vec<Entry>, Failure> {
        let mut map: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let at = entry.key.mark.start;
            let value = self.node(&entry.value)?;
            match &*entry.key.name {
                // `...: {{ table }}` lays a table's entries out here.
                "..." => match value.data {
                    Data::Map(inner) => map.extend(inner),
                    _ => return Err(self.failure(at, "only a table can be laid out with `...`".to_owned())),
                },
                name if name.contains(SLOT) => {
                    let key = self.text(name, at)?;
                    map.push(Entry { key: key.into(), node: Arc::new(under(value, &self.sources(name))) });
                }
                name => map.push(Entry { key: name.into(), node: Arc::new(value) }),
            }
        }
        match duplicate(&map) {
            Some(key) => {
                let is_it = |entry: &&yaml::Entry<'_>| self.text(&entry.key.name, 0).is_ok_and(|name| name == key);
                let last = entries.iter().rfind(is_it).unwrap_or(&entries[0]);
                let failure = self.failure(last.key.mark.start, format!("the key {key} comes out twice"));
                Err(Failure { code: Code::BadOutput, ..failure })
            }
            None => Ok(map),
        }
    }

    fn scalar(&self, text: &str, yaml: &Yaml<'_>) -> Result<Node, Failure> {
        let at = yaml.mark.start;
        if yaml.style == Style::Plain
            && let Some(slot) = self.only_slot(text)
        {
            let origin = self.origin(at, Some(&slot.from));
            return tracked::to_node(&slot.value, &origin).map_err(|message| self.failure(at, message));
        }
        let block = matches!(yaml.style, Style::Literal | Style::Folded);
        if block && let Some(slot) = pieces(text).find_map(|(_, slot)| slot.filter(|id| !self.is_escaped(*id))) {
            let message = "a value stands in a block of text without an escape for its language".to_owned();
            let help = "put the text into a file of its own, named for its language, or write {{ value | sh }}";
            return Err(self.unescaped(at, slot, message, help));
        }
        let data = Data::Str(self.text(text, at)?.into());
        Ok(Node { data, origin: self.origin(at, Some(&self.sources(text))) })
    }

    /// What the values in a text were made of.
    fn sources(&self, text: &str) -> Vec<Arc<Node>> {
        pieces(text).filter_map(|(_, slot)| slot).flat_map(|id| self.slots[id].from.clone()).collect()
    }

    fn only_slot(&self, text: &str) -> Option<&Slot> {
        let id = text.strip_prefix(SLOT)?.strip_suffix(SLOT_END)?.parse::<usize>().ok()?;
        self.slots.get(id)
    }

    fn is_escaped(&self, slot: usize) -> bool {
        self.slots[slot].value.downcast_object_ref::<Escaped>().is_some()
    }

    /// Text with slots inside: each becomes the text of its value.
    fn text(&self, text: &str, at: u32) -> Result<String, Failure> {
        let mut out = String::new();
        for (piece, slot) in pieces(text) {
            out.push_str(piece);
            if let Some(id) = slot {
                out.push_str(&inline(&self.slots[id].value).map_err(|message| self.failure(at, message))?);
            }
        }
        Ok(out)
    }

    /// Text of another language: each value is written as that language's literal, and only where a literal may stand.
    pub fn language(&self, text: &str, language: &'static Language) -> Result<Node, Failure> {
        let mut out = String::new();
        let mut scanner = Scanner::new(language);
        for (piece, slot) in pieces(text) {
            out.push_str(piece);
            scanner.text(piece);
            let Some(id) = slot else { continue };
            if let Some(place) = scanner.refuses() {
                let message = format!("a value stands {place}, where it cannot be escaped");
                return Err(self.unescaped(
                    self.offset_of(text, id),
                    id,
                    message,
                    "let it stand by itself: its escape brings quotes",
                ));
            }
            let literal = scanner.language().write(&self.slots[id].value);
            out.push_str(&literal.map_err(|message| self.failure(self.offset_of(text, id), message))?);
            scanner.value();
        }
        let from: Vec<Arc<Node>> = self.slots.iter().flat_map(|slot| slot.from.clone()).collect();
        Ok(Node { data: Data::Str(out.into()), origin: self.origin(0, Some(&from)) })
    }

    fn offset_of(&self, text: &str, slot: usize) -> u32 {
        text.find(&format!("{SLOT}{slot}{SLOT_END}")).unwrap_or(0) as u32
    }

    fn origin(&self, offset: u32, from: Option<&[Arc<Node>]>) -> Origin {
        let line = marks::line_at(self.lines, offset);
        Origin::Template { template: self.template.clone(), line, from: from.map(Arc::from) }
    }

    fn failure(&self, offset: u32, message: String) -> Failure {
        Failure::at_line(self.template, marks::line_at(self.lines, offset), message)
    }

    fn unescaped(&self, offset: u32, slot: usize, message: String, help: &'static str) -> Failure {
        let value = self.slots[slot].from.first().and_then(|node| node.span());
        Failure { code: Code::UnescapedLanguage, value, help: Some(help), ..self.failure(offset, message) }
    }
}

/// The text of a value inside a longer string.
pub(super) fn inline(value: &Value) -> Result<String, String> {
    use minijinja::value::ValueKind;
    match value.kind() {
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::String | ValueKind::Number => Ok(value.to_string()),
        ValueKind::Plain if value.downcast_object_ref::<Escaped>().is_some() => Ok(value.to_string()),
        ValueKind::None => Err("nothing (none) cannot stand inside a string".to_owned()),
        _ => Err("a list or table cannot stand inside a string".to_owned()),
    }
}

/// A value under a key that was printed: it is there because of what the key was made of, too.
fn under(mut value: Node, key: &[Arc<Node>]) -> Node {
    if let Origin::Template { from, .. } = &mut value.origin {
        let own = from.iter().flat_map(|from| from.iter());
        *from = Some(own.chain(key).cloned().collect());
    }
    value
}

/// Text before each slot with the slot's number, and the text after the last.
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
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

fn duplicate(map: &[Entry]) -> Option<&str> {
    if map.len() <= 16 {
        return (1..map.len()).find(|i| map[..*i].iter().any(|e| e.key == map[*i].key)).map(|i| &*map[i].key);
    }
    let mut seen = std::collections::BTreeSet::new();
    map.iter().find(|entry| !seen.insert(&entry.key)).map(|entry| &*entry.key)
}
