//! The one reader and printer of YAML and JSON: text in, documents that know their places out; a `Node` in, text out.
//!
//! Scalars, keys and tags mean what they mean to Kubernetes' own decoder (sigs.k8s.io/yaml), not what the YAML 1.2
//! specification says: `no` is a boolean, `0644` is 420, `12:30` is a string.

mod budget;
mod dialect;
mod entries;
mod json;
mod printer;
mod quoting;
mod reader;
mod scalar;
mod syntax;
mod usual;

use std::borrow::Cow;
use std::sync::Arc;

pub use printer::{print, print_json};

use crate::diagnostic::{Code, Diagnostics};
use crate::node::{self, Input, Node, Number, Origin};
use crate::source::{Position, Source, Span};

/// More errors than this in one text help nobody.
const MAX_ERRORS: usize = 100;

/// What could be read of a text, and what could not, both in the order of the text.
#[derive(Debug, Default)]
pub struct Stream<'a> {
    /// The documents that hold something. A document of comments only is left out, one that says `null` is not.
    /// A document with a syntax error is left out, one with a duplicate is there without it; what a merge key says is merged, and told.
    pub documents: Vec<Document<'a>>,
    pub errors: Vec<Error>,
}

#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Which document of the text this is, counted from zero; those left out are counted too.
    pub index: u32,
    pub root: Yaml<'a>,
}

#[derive(Clone, Debug)]
pub struct Yaml<'a> {
    pub data: Data<'a>,
    pub mark: Mark,
    pub style: Style,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Data<'a> {
    Null,
    Bool(bool),
    /// Never NaN and never infinite.
    Number(Number),
    Str(Cow<'a, str>),
    Seq(Vec<Yaml<'a>>),
    /// In the order written, no key twice.
    Map(Vec<Entry<'a>>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    pub key: Key<'a>,
    pub value: Yaml<'a>,
}

/// A key as Kubernetes sees it: `on:` is the key `true`.
#[derive(Clone, Debug)]
pub struct Key<'a> {
    pub name: Cow<'a, str>,
    pub mark: Mark,
    pub style: Style,
}

/// How a scalar was written; lists and maps are `Plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Literal,
    Folded,
}

/// A range of bytes of the text. Every value has one, so it holds nothing that can be counted when it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub start: u32,
    pub end: u32,
}

#[derive(Clone, Debug)]
pub struct Error {
    pub code: Code,
    pub message: String,
    pub mark: Mark,
    /// Where the key stood first, for a key that stands twice.
    pub first: Option<Mark>,
    pub help: Option<&'static str>,
}

/// What a text may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    pub bytes: usize,
    pub depth: usize,
    /// Of the whole text, and for each kilobyte of text that an alias repeats.
    pub nodes: usize,
    /// How many of the nodes may come from aliases.
    pub expansion: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 64 << 20, depth: 128, nodes: 4_000_000, expansion: 200_000 }
    }
}

/// Reads every document of a text; goes on with the next document after an error.
pub fn read<'a>(text: &'a str, limits: &Limits) -> Stream<'a> {
    if text.len() > limits.bytes.min(u32::MAX as usize) {
        let message = format!("the text has {} bytes, more than the limit of {}", text.len(), limits.bytes);
        return Stream { documents: Vec::new(), errors: vec![Error::new(Code::TooComplex, message, Mark::default())] };
    }
    let quick = json::read(text, limits).or_else(|| usual::read(text, limits));
    let mut stream = quick.unwrap_or_else(|| reader::read(text, limits));
    stream.errors.sort_by_key(|error| error.mark.start);
    stream.errors.truncate(MAX_ERRORS);
    stream
}

impl<'a> Yaml<'a> {
    pub fn get(&self, name: &str) -> Option<&Yaml<'a>> {
        self.entries().iter().find(|entry| entry.key.name == name).map(|entry| &entry.value)
    }

    pub fn entries(&self) -> &[Entry<'a>] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Yaml<'a>] {
        match &self.data {
            Data::Seq(items) => items,
            _ => &[],
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, however it is written.
    /// What it says where one text may stand or a list of them, each with its place.
    pub fn texts(&self) -> Vec<(&str, Mark)> {
        let alone = self.as_str().map(|text| (text, self.mark));
        alone.into_iter().chain(self.items().iter().filter_map(|item| Some((item.as_str()?, item.mark)))).collect()
    }

    pub fn to_int(&self) -> Option<i128> {
        match &self.data {
            Data::Number(number) => number.to_int(),
            _ => None,
        }
    }

    /// The value at a JSON pointer.
    pub fn pointer(&self, pointer: &str) -> Option<&Yaml<'a>> {
        let mut yaml = self;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            yaml = match &yaml.data {
                Data::Seq(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => yaml.get(&step)?,
            };
        }
        Some(yaml)
    }

    /// The same tree, for whoever keeps it when the text is gone.
    pub fn owned(&self) -> Yaml<'static> {
        let data = match &self.data {
            Data::Null => Data::Null,
            Data::Bool(flag) => Data::Bool(*flag),
            Data::Number(number) => Data::Number(*number),
            Data::Str(text) => Data::Str(Cow::Owned(text.to_string())),
            Data::Seq(items) => Data::Seq(items.iter().map(Yaml::owned).collect()),
            Data::Map(entries) => Data::Map(entries.iter().map(Entry::owned).collect()),
        };
        Yaml { data, mark: self.mark, style: self.style }
    }

    /// The same tree as values that a person wrote into `source`, which must hold the text that was read.
    pub fn to_node(&self, source: &Arc<Source>, layer: &Arc<str>) -> Node {
        self.node(source, layer, None)
    }

    fn node(&self, source: &Arc<Source>, layer: &Arc<str>, key: Option<Mark>) -> Node {
        let data = match &self.data {
            Data::Null => node::Data::Null,
            Data::Bool(flag) => node::Data::Bool(*flag),
            Data::Number(number) => node::Data::Number(*number),
            Data::Str(text) => node::Data::Str(Arc::from(&**text)),
            Data::Seq(items) => node::Data::Seq(items.iter().map(|item| Arc::new(item.node(source, layer, None))).collect()),
            Data::Map(entries) => node::Data::Map(entries.iter().map(|entry| entry.node(source, layer)).collect()),
        };
        let key = key.map(|mark| mark.span(source));
        let input = Input { span: self.mark.span(source), key, layer: layer.clone(), shadows: Vec::new() };
        Node { data, origin: Origin::Input(Arc::new(input)) }
    }
}

/// The same value, wherever and however it was written.
impl PartialEq for Yaml<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Entry<'_> {
    fn owned(&self) -> Entry<'static> {
        let key = Key { name: Cow::Owned(self.key.name.to_string()), ..self.key };
        Entry { key, value: self.value.owned() }
    }

    fn node(&self, source: &Arc<Source>, layer: &Arc<str>) -> node::Entry {
        let node = self.value.node(source, layer, Some(self.key.mark));
        node::Entry { key: Arc::from(&*self.key.name), node: Arc::new(node) }
    }
}

impl Mark {
    pub fn span(self, source: &Arc<Source>) -> Span {
        Span::new(source, self.start as usize..self.end as usize)
    }

    /// Where this starts in `text`, which must be the text that was read. A byte order mark takes no column.
    pub fn position(self, text: &str) -> Position {
        let before = text.get(..self.start as usize).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].trim_start_matches('\u{feff}').chars().count() as u32 + 1;
        Position { line: before.matches('\n').count() as u32 + 1, column }
    }
}

impl Error {
    fn new(code: Code, message: impl Into<String>, mark: Mark) -> Error {
        Error { code, message: message.into(), mark, first: None, help: None }
    }

    fn help(self, help: &'static str) -> Error {
        Error { help: Some(help), ..self }
    }

    /// Tells the person who wrote `source`, which must hold the text that was read.
    pub fn report(&self, source: &Arc<Source>, diags: &mut Diagnostics) {
        let diagnostic = diags.error(self.code, self.message.clone());
        match self.first {
            Some(first) => diagnostic.at(&self.mark.span(source), "again here").at(&first.span(source), "first here"),
            None => diagnostic.at(&self.mark.span(source), "here"),
        };
        if let Some(help) = self.help {
            diagnostic.help(help);
        }
    }
}
