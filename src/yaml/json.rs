//! JSON text in, documents out; nothing for a text that is not JSON, so that it can be tried as YAML.
//!
//! Kubernetes reads a text that starts with a brace as JSON first, where `\/` and surrogate pairs are escapes.

use std::borrow::Cow;

use super::entries::refuse_duplicates;
use super::{Data, Document, Entry, Error, Key, Limits, Mark, Stream, Style, Yaml};
use crate::node::Number;

pub(super) fn read<'a>(text: &'a str, limits: &Limits) -> Option<Stream<'a>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !body.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let at = text.len() - body.len();
    let mut reader =
        Reader { text, at, depth: limits.depth, nodes: limits.nodes, items: Vec::new(), entries: Vec::new(), errors: Vec::new() };
    let documents = reader.documents()?;
    Some(Stream { documents, errors: reader.errors })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How many levels deeper the text may still go, and how many values it may still have.
    depth: usize,
    nodes: usize,
    /// What the open lists and maps hold so far, the innermost last: a closed one takes its own in a vector of their size.
    items: Vec<Yaml<'a>>,
    entries: Vec<Entry<'a>>,
    errors: Vec<Error>,
}

impl<'a> Reader<'a> {
    fn documents(&mut self) -> Option<Vec<Document<'a>>> {
        let mut documents = Vec::new();
        while self.peek().is_some() {
            documents.push(Document { index: documents.len() as u32, root: self.value()? });
        }
        Some(documents)
    }

    /// The next byte that is not blank.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn value(&mut self) -> Option<Yaml<'a>> {
        let first = self.peek()?;
        self.nodes = self.nodes.checked_sub(1)?;
        let start = self.at as u32;
        let data = match first {
            b'{' => self.nested(Self::object)?,
            b'[' => self.nested(Self::array)?,
            b'"' => Data::Str(self.string()?),
            _ => self.word()?,
        };
        let mark = Mark { start, end: self.at as u32 };
        Some(Yaml { data, mark, style: if first == b'"' { Style::Quoted } else { Style::Plain } })
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Data<'a>>) -> Option<Data<'a>> {
        self.depth = self.depth.checked_sub(1)?;
        self.at += 1;
        let data = read(self);
        self.depth += 1;
        data
    }

    fn array(&mut self) -> Option<Data<'a>> {
        let start = self.items.len();
        if self.peek()? != b']' {
            self.item()?;
            while self.take(b',').is_some() {
                self.item()?;
            }
        }
        self.take(b']')?;
        Some(Data::Seq(self.items.split_off(start)))
    }

    fn item(&mut self) -> Option<()> {
        let item = self.value()?;
        self.items.push(item);
        Some(())
    }

    fn object(&mut self) -> Option<Data<'a>> {
        let start = self.entries.len();
        if self.peek()? != b'}' {
            self.entry()?;
            while self.take(b',').is_some() {
                self.entry()?;
            }
        }
        self.take(b'}')?;
        let mut entries = self.entries.split_off(start);
        refuse_duplicates(&mut entries, &mut self.errors);
        Some(Data::Map(entries))
    }

    fn entry(&mut self) -> Option<()> {
        self.peek()?;
        let start = self.at as u32;
        let name = self.string()?;
        let mark = Mark { start, end: self.at as u32 };
        self.take(b':')?;
        let value = self.value()?;
        self.entries.push(Entry { key: Key { name, mark, style: Style::Quoted }, value });
        Some(())
    }

    fn word(&mut self) -> Option<Data<'a>> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.')).unwrap_or(rest.len());
        self.at += length;
        match &rest[..length] {
            "null" => Some(Data::Null),
            "true" => Some(Data::Bool(true)),
            "false" => Some(Data::Bool(false)),
            text => number(text).map(Data::Number),
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"')?;
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
        self.at += length;
        if rest.as_bytes()[length] == b'"' {
            self.at += 1;
            return Some(rest[..length].into());
        }
        self.escaped(rest[..length].to_owned()).map(Cow::Owned)
    }

    fn escaped(&mut self, mut text: String) -> Option<String> {
        loop {
            let next = self.text[self.at..].chars().next()?;
            self.at += next.len_utf8();
            match next {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                _ => text.push(next),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match letter {
            b'"' | b'\\' | b'/' => letter.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return None,
        })
    }

    fn code_point(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.text[self.at..].starts_with("\\u").then(|| self.at += 2)?;
        let second = self.hex()?.checked_sub(0xdc00).filter(|&low| low < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// A number by JSON's own grammar, which knows no leading zero and no plus.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0')) {
        let integer = text.parse().ok().filter(|n| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(n));
        return integer.map_or_else(|| text.parse().ok().map(Number::Float), |n| Some(Number::Int(n)));
    }
    let value: serde_json::Number = serde_json::from_str(text).ok()?;
    value.as_f64().map(Number::Float)
}
