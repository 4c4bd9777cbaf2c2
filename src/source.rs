//! Text that remembers where it came from: a file or flag in, values with their places out.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostics, lower_first};
use crate::node::{Data, Entry, Input, Node, Number, Origin};

/// So many duplicate keys of one text are shown with their first place too.
const MAX_FIRST_PLACES: usize = 8;

/// One text that a person wrote: a file, or the argument of a flag.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    /// What the binary carries is not copied.
    pub text: Cow<'static, str>,
    /// Where this is a part of a file.
    pub before: Before,
}

/// How much of a file stands before a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    pub bytes: u32,
    pub lines: u32,
}

/// A text and where its lines begin, for places that shall hold no more of it than is shown.
pub struct Lines {
    source: Arc<Source>,
    starts: Vec<u32>,
}

/// So many lines stay on each side of a place: more than what is shown together with it.
const AROUND: usize = 13;

/// A range of bytes in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub source: Arc<Source>,
    pub start: u32,
    pub end: u32,
}

/// A line and a column, both counted from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into().into(), before: Before::default() })
    }

    /// One that the binary carries.
    pub fn built_in(name: &str, text: &'static str) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into(), before: Before::default() })
    }

    pub fn position(&self, offset: u32) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.before.lines + before.matches('\n').count() as u32 + 1;
        Position { line, column: before[line_start..].chars().count() as u32 + 1 }
    }

    /// The bytes of a line (counted from one) without its line end.
    pub fn line(&self, line: u32) -> Range<usize> {
        let start = match line {
            0 | 1 => 0,
            _ => self.text.match_indices('\n').nth(line as usize - 2).map_or(self.text.len(), |(at, _)| at + 1),
        };
        let rest = &self.text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        start..start + rest[..length].trim_end_matches('\r').len()
    }
}

impl Lines {
    pub fn of(source: &Arc<Source>) -> Lines {
        let starts = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        Lines { source: source.clone(), starts }
    }

    /// How many lines stand before those around a place, and where they begin and end.
    fn stretch(&self, start: u32, end: u32) -> (usize, u32, u32) {
        let line = |at: u32| self.starts.partition_point(|begin| *begin <= at) - 1;
        let (first, last) = (line(start).saturating_sub(AROUND), line(end.max(start)) + AROUND);
        (first, self.starts[first], self.starts.get(last + 1).copied().unwrap_or(self.source.text.len() as u32))
    }

    /// How much of the text a place needs.
    pub fn bytes(&self, start: u32, end: u32) -> usize {
        let (_, from, to) = self.stretch(start, end);
        (to - from) as usize
    }

    /// A place with the lines around it as its text; with the whole one where that is not much more.
    pub fn span(&self, start: u32, end: u32) -> Span {
        let (first, from, to) = self.stretch(start, end);
        let Source { name, text, before } = &*self.source;
        if 2 * (to - from) as usize > text.len() {
            return Span { source: self.source.clone(), start, end };
        }
        let before = Before { bytes: before.bytes + from, lines: before.lines + first as u32 };
        let part = Source { name: name.clone(), text: text[from as usize..to as usize].to_owned().into(), before };
        Span { source: Arc::new(part), start: start - from, end: end - from }
    }
}

impl Span {
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Span {
        Span { source: source.clone(), start: range.start as u32, end: range.end as u32 }
    }

    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn start(&self) -> Position {
        self.source.position(self.start)
    }

    pub fn end(&self) -> Position {
        self.source.position(self.end)
    }

    /// A whole line of a source, without its indentation.
    pub fn line(source: &Arc<Source>, line: u32) -> Span {
        let range = source.line(line);
        let indent = source.text[range.clone()].len() - source.text[range.clone()].trim_start().len();
        Span::new(source, range.start + indent..range.end)
    }
}

/// Reads a TOML text; reports every error in it and goes on with what could be read.
pub fn parse(source: &Arc<Source>, layer: &Arc<str>, diags: &mut Diagnostics) -> Node {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let torn = errors.iter().filter_map(|error| error.span()).map(|span| span.start).collect();
    for error in errors {
        let span = Span::new(source, error.span().unwrap_or(0..0));
        if error.message().contains("duplicate key") {
            duplicate(&span, diags);
        } else {
            diags.error(Code::Syntax, lower_first(error.message())).at(&span, "here");
        }
    }
    Reader { source, layer, torn }.table(table.into_inner(), Span::new(source, 0..0), None)
}

fn duplicate(second: &Span, diags: &mut Diagnostics) {
    // Each costs one more reading of the text.
    let is_one_of_few = diags.iter().filter(|d| d.code == Code::DuplicateKey).count() < MAX_FIRST_PLACES;
    let first = if is_one_of_few { first_of(second) } else { None };
    let diagnostic = diags.error(Code::DuplicateKey, "duplicate key").at(second, "the second");
    diagnostic.at_some(first, "the first");
}

/// Where the key of a duplicate stands first. The parser does not say; so the second one gets a name that is nowhere else
/// in the text, and then it is in the table of the first.
fn first_of(second: &Span) -> Option<Span> {
    let (source, range) = (&second.source, second.range());
    let written = format!("{} = 0", &source.text[range.clone()]);
    let key = DeTable::parse(&written).ok()?.into_inner().into_iter().next()?.0.into_inner();
    let longest = source.text.split(|c| c != '_').map(str::len).max().unwrap_or_default();
    let unique = "_".repeat(longest + 1);
    let text = [&source.text[..range.start], &unique, &source.text[range.end..]].concat();
    let (table, _) = DeTable::parse_recoverable(&text);
    let first = namesake(table.get_ref(), &unique, &key)?;
    Some(Span::new(source, first))
}

/// Where a key stands in the table that has another one.
fn namesake(table: &DeTable<'_>, beside: &str, key: &str) -> Option<Range<usize>> {
    if table.contains_key(beside) {
        return table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, _)| name.span());
    }
    table.iter().find_map(|(_, value)| namesake_in(value.get_ref(), beside, key))
}

fn namesake_in(value: &DeValue<'_>, beside: &str, key: &str) -> Option<Range<usize>> {
    match value {
        DeValue::Table(table) => namesake(table, beside, key),
        DeValue::Array(items) => items.iter().find_map(|item| namesake_in(item.get_ref(), beside, key)),
        _ => None,
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    layer: &'a Arc<str>,
    /// Where it could not be read; a value there is not what was meant.
    torn: Vec<usize>,
}

impl Reader<'_> {
    fn table(&self, table: DeTable<'_>, span: Span, key: Option<Span>) -> Node {
        let whole = table.into_iter().filter(|(_, value)| !self.is_torn(value));
        let entries = whole.map(|(name, value)| {
            let key = Span::new(self.source, name.span());
            Entry { key: name.into_inner().into(), node: Arc::new(self.value(value, key)) }
        });
        self.node(Data::Map(entries.collect()), span, key)
    }

    fn is_torn(&self, value: &toml::Spanned<DeValue<'_>>) -> bool {
        let range = value.span().start..=value.span().end;
        !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_)) && self.torn.iter().any(|at| range.contains(at))
    }

    fn value(&self, value: toml::Spanned<DeValue<'_>>, key: Span) -> Node {
        let span = Span::new(self.source, value.span());
        let data = match value.into_inner() {
            DeValue::Table(table) => return self.table(table, span, Some(key)),
            DeValue::Array(items) => Data::Seq(items.into_iter().map(|item| Arc::new(self.value(item, key.clone()))).collect()),
            DeValue::String(text) => Data::Str(text.into()),
            DeValue::Boolean(flag) => Data::Bool(flag),
            DeValue::Integer(n) => i128::from_str_radix(n.as_str(), n.radix())
                .map_or_else(|_| Data::Str(n.as_str().into()), |n| Data::Number(Number::Int(n))),
            DeValue::Float(n) => Data::Number(Number::Float(n.as_str().parse().unwrap_or(f64::NAN))),
            DeValue::Datetime(at) => Data::Str(at.to_string().into()),
        };
        self.node(data, span, Some(key))
    }

    fn node(&self, data: Data, span: Span, key: Option<Span>) -> Node {
        let input = Input { span, key, layer: self.layer.clone(), shadows: Vec::new() };
        Node { data, origin: Origin::Input(Arc::new(input)) }
    }
}
