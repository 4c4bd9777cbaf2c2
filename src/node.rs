//! The one tree of values: every node knows where it came from, from lakehouse.toml to the printed leaf.

use std::sync::Arc;

use crate::source::{Source, Span};

#[derive(Clone, Debug)]
pub struct Node {
    pub data: Data,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub enum Data {
    Null,
    Bool(bool),
    Number(Number),
    Str(Arc<str>),
    Seq(Vec<Arc<Node>>),
    /// In the order written; the maker of a map sees to it that no key stands twice.
    Map(Vec<Entry>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Int(i128),
    Float(f64),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Arc<str>,
    pub node: Arc<Node>,
}

/// Where a value came from. Following it ends at what a person wrote.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Written by a person: lakehouse.toml, a profile, a component's default, a flag.
    Input(Arc<Input>),
    /// Made by a line of a template; for a leaf `from` holds the values it was made of,
    /// for a map or list the values that decided what is in it.
    Template { template: Arc<Source>, line: u32, from: Option<Arc<[Arc<Node>]>> },
    /// Made by lakegen itself by the rule named.
    Derived { rule: &'static str, from: Arc<[Arc<Node>]> },
}

#[derive(Debug)]
pub struct Input {
    pub span: Span,
    /// The key, where the value stands in a table.
    pub key: Option<Span>,
    /// What the person was writing: `profile production`, `lakehouse.toml`, `--set` …
    pub layer: Arc<str>,
    /// The values of lower layers that this one replaced, lowest first.
    pub shadows: Vec<Arc<Node>>,
}

impl Node {
    /// A value that lakegen made itself, out of others.
    pub fn derived(rule: &'static str, data: Data, from: impl Into<Arc<[Arc<Node>]>>) -> Arc<Node> {
        Arc::new(Node { data, origin: Origin::Derived { rule, from: from.into() } })
    }

    /// Whether a profile of the catalog says it, and no user.
    pub fn is_of_profile(&self) -> bool {
        matches!(&self.origin, Origin::Input(input) if input.layer.starts_with("profile "))
    }

    /// A list or table without what is in it: that it is there, and where it came from.
    pub fn head(&self) -> Arc<Node> {
        let data = match &self.data {
            Data::Seq(_) => Data::Seq(Vec::new()),
            Data::Map(_) => Data::Map(Vec::new()),
            leaf => leaf.clone(),
        };
        Arc::new(Node { data, origin: self.origin.clone() })
    }

    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.node)
    }

    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Arc<Node>] {
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

    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i128> {
        match self.data {
            Data::Number(Number::Int(n)) => Some(n),
            _ => None,
        }
    }

    /// The string under a key; empty where there is none.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).and_then(|node| node.as_str()).unwrap_or_default()
    }

    /// The texts of the list under a key.
    pub fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        self.get(key).map_or(&[][..], |list| list.items()).iter().filter_map(|item| item.as_str())
    }

    /// What a person would call the type of this value.
    pub fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(Number::Int(_)) => "an integer",
            Data::Number(Number::Float(_)) => "a number",
            Data::Str(_) => "a string",
            Data::Seq(_) => "a list",
            Data::Map(_) => "a table",
        }
    }

    /// The node at a JSON pointer.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            node = node.step(&unescape(step))?;
        }
        Some(node)
    }

    /// The node at a JSON pointer, or its nearest ancestor that exists.
    pub fn nearest(&self, pointer: &str) -> &Node {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            match node.step(&unescape(step)) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    fn step(&self, key: &str) -> Option<&Node> {
        match &self.data {
            Data::Seq(items) => items.get(key.parse::<usize>().ok()?).map(|node| &**node),
            _ => self.get(key).map(|node| &**node),
        }
    }

    /// Calls `visit` with every scalar, empty list and empty map, and its JSON pointer.
    pub fn leaves<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a Node)) {
        fn walk<'a>(node: &'a Node, pointer: &mut String, visit: &mut dyn FnMut(&str, &'a Node)) {
            let length = pointer.len();
            let mut child = |key: &str, node: &'a Node, visit: &mut dyn FnMut(&str, &'a Node)| {
                pointer.push('/');
                pointer.push_str(&escape(key));
                walk(node, pointer, visit);
                pointer.truncate(length);
            };
            match &node.data {
                Data::Seq(items) if !items.is_empty() => {
                    items.iter().enumerate().for_each(|(i, item)| child(&i.to_string(), item, visit));
                }
                Data::Map(entries) if !entries.is_empty() => {
                    entries.iter().for_each(|entry| child(&entry.key, &entry.node, visit));
                }
                _ => visit(pointer, node),
            }
        }
        walk(self, &mut String::new(), visit);
    }

    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(flag) => Value::Bool(*flag),
            Data::Number(number) => number.to_json(),
            Data::Str(text) => Value::String(String::from(&**text)),
            Data::Seq(items) => items.iter().map(|item| item.to_json()).collect(),
            Data::Map(entries) => entries.iter().map(|entry| (String::from(&*entry.key), entry.node.to_json())).collect(),
        }
    }

    /// Writes it as JSON without blanks: what `to_json` prints, without a tree in between.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match &self.data {
            Data::Str(text) => write_json_text(text, out),
            Data::Seq(items) => list_json(out, b"[]", items, |item, out| item.write_json(out)),
            Data::Map(entries) => list_json(out, b"{}", entries, |entry, out| {
                write_json_text(&entry.key, out);
                out.push(b':');
                entry.node.write_json(out);
            }),
            _ => out.extend(self.to_json().to_string().bytes()),
        }
    }

    /// Where a person wrote this value, or the nearest thing to it.
    pub fn span(&self) -> Option<Span> {
        match &self.origin {
            Origin::Input(input) => Some(input.span.clone()),
            Origin::Template { template, line, .. } => Some(Span::line(template, *line)),
            Origin::Derived { from, .. } => from.iter().find_map(|node| node.span()),
        }
    }

    /// The key of this value where it has one, else the value itself.
    pub fn key_span(&self) -> Option<Span> {
        match &self.origin {
            Origin::Input(input) => Some(input.key.clone().unwrap_or_else(|| input.span.clone())),
            _ => self.span(),
        }
    }
}

fn write_json_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("memory takes all");
}

fn list_json<T>(out: &mut Vec<u8>, brackets: &[u8; 2], list: &[T], write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(brackets[0]);
    for (index, one) in list.iter().enumerate() {
        out.extend((index > 0).then_some(b','));
        write(one, out);
    }
    out.push(brackets[1]);
}

impl Number {
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(n) => n,
        }
    }

    /// The integer that this is, also where it was written as 3.0.
    pub fn to_int(self) -> Option<i128> {
        match self {
            Number::Int(n) => Some(n),
            Number::Float(n) if n.fract() == 0.0 && n.abs() < 1e18 => Some(n as i128),
            Number::Float(_) => None,
        }
    }

    pub fn to_json(self) -> serde_json::Value {
        match self {
            Number::Int(n) if n < 0 => i64::try_from(n).map_or_else(|_| (n as f64).into(), Into::into),
            Number::Int(n) => u64::try_from(n).map_or_else(|_| (n as f64).into(), Into::into),
            Number::Float(n) => n.into(),
        }
    }
}

/// One step of a JSON pointer, escaped (RFC 6901).
pub fn escape(step: &str) -> std::borrow::Cow<'_, str> {
    if step.contains(['~', '/']) { step.replace('~', "~0").replace('/', "~1").into() } else { step.into() }
}

fn unescape(step: &str) -> std::borrow::Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

impl From<&str> for Data {
    fn from(text: &str) -> Data {
        Data::Str(text.into())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Data {
        Data::Str(text.into())
    }
}

impl From<bool> for Data {
    fn from(flag: bool) -> Data {
        Data::Bool(flag)
    }
}

impl From<i64> for Data {
    fn from(number: i64) -> Data {
        Data::Number(Number::Int(number.into()))
    }
}
