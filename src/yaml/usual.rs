//! YAML as programs write it in, documents out; nothing for a text that has anything else, so that it can be read in full.
//!
//! Usual are maps and lists, scalars that end on their line, texts below a `|` or `>` and comments. Tags, anchors, values
//! that are not there, tabs and whatever would be an error are not.

use std::borrow::Cow;

use super::entries::refuse_duplicates;
use super::{Data, Document, Entry, Key, Limits, Mark, Stream, Style, Yaml, dialect, scalar};

/// Longer keys need a `?`.
const MAX_KEY: usize = 1000;

pub(super) fn read<'a>(text: &'a str, limits: &Limits) -> Option<Stream<'a>> {
    let is_usual = if text.is_ascii() { text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) } else { is_usual(text) };
    if !is_usual {
        return None;
    }
    let (depth, nodes) = (limits.depth, limits.nodes);
    let mut reader = Reader { text, at: 0, line: 0, column: None, depth, nodes, items: Vec::new(), entries: Vec::new() };
    Some(Stream { documents: reader.documents()?, errors: Vec::new() })
}

/// Whether no character ends a line for some readers, or stands for nothing.
fn is_usual(text: &str) -> bool {
    let is_odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    text.chars().all(|c| c == '\n' || !is_odd(c))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where the line begins that is read.
    line: usize,
    /// Where in its line stands what comes next; nothing at the end of a document.
    column: Option<usize>,
    /// How many levels deeper the text may still go, and how many values it may still have.
    depth: usize,
    nodes: usize,
    /// What the open lists and maps hold so far, the innermost last: a closed one takes its own in a vector of their size.
    items: Vec<Yaml<'a>>,
    entries: Vec<Entry<'a>>,
}

impl<'a> Reader<'a> {
    fn documents(&mut self) -> Option<Vec<Document<'a>>> {
        let mut documents = Vec::new();
        self.seek();
        while self.at < self.text.len() {
            if self.column.is_none() {
                self.separator()?;
            }
            let root = self.block(self.column?)?;
            documents.push(Document { index: documents.len() as u32, root });
            if self.column.is_some() {
                return None;
            }
        }
        (!documents.is_empty()).then_some(documents)
    }

    /// The line `---` between documents.
    fn separator(&mut self) -> Option<()> {
        (self.rest().starts_with("---\n")).then_some(())?;
        self.at += 4;
        self.seek();
        Some(())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn byte(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        self.at += self.text.as_bytes()[self.at..].iter().take_while(|byte| is_skipped(**byte)).count();
    }

    fn blanks(&self, at: usize) -> u32 {
        self.text.as_bytes()[at..].iter().take_while(|byte| **byte == b' ').count() as u32
    }

    /// From the start of a line to the next that says something.
    fn seek(&mut self) {
        loop {
            self.line = self.at;
            self.skip(|byte| byte == b' ');
            match self.byte(0) {
                Some(b'#') => self.skip(|byte| byte != b'\n'),
                Some(b'\n') => {}
                _ => break,
            }
            self.at = (self.at + 1).min(self.text.len());
        }
        let column = self.at - self.line;
        let ends =
            self.at == self.text.len() || column == 0 && (self.rest().starts_with("---") || self.rest().starts_with("..."));
        self.column = (!ends).then_some(column);
    }

    /// From behind a value, which nothing else but a comment may follow, to the next line that says something.
    fn next_line(&mut self) -> Option<()> {
        let start = self.at;
        self.skip(|byte| byte == b' ');
        match self.byte(0) {
            None => {}
            Some(b'#') if self.at > start => self.skip(|byte| byte != b'\n'),
            Some(b'\n') => {}
            Some(_) => return None,
        }
        self.at = (self.at + 1).min(self.text.len());
        self.seek();
        Some(())
    }

    fn is_item(&self) -> bool {
        self.byte(0) == Some(b'-') && matches!(self.byte(1), None | Some(b' ' | b'\n'))
    }

    fn ends_line(&self) -> bool {
        matches!(self.byte(0), None | Some(b'\n' | b'#'))
    }

    /// A list or map that begins here.
    fn block(&mut self, column: usize) -> Option<Yaml<'a>> {
        if self.is_item() {
            return self.nested(|reader| reader.sequence(column));
        }
        let key = self.key()?;
        self.nested(|reader| reader.mapping(column, key))
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Yaml<'a>>) -> Option<Yaml<'a>> {
        self.depth = self.depth.checked_sub(1)?;
        self.nodes = self.nodes.checked_sub(1)?;
        let yaml = read(self);
        self.depth += 1;
        yaml
    }

    fn sequence(&mut self, column: usize) -> Option<Yaml<'a>> {
        let (start, first) = (self.at as u32, self.items.len());
        while self.column == Some(column) && self.is_item() {
            self.at += 1;
            let item = self.item(column)?;
            self.items.push(item);
        }
        (self.column <= Some(column)).then_some(())?;
        let items = self.items.split_off(first);
        let mark = Mark { start, end: items.last()?.mark.end };
        Some(Yaml { data: Data::Seq(items), mark, style: Style::Plain })
    }

    fn item(&mut self, column: usize) -> Option<Yaml<'a>> {
        self.skip(|byte| byte == b' ');
        if self.ends_line() {
            self.next_line()?;
            return if self.column > Some(column) { self.block(self.column?) } else { None };
        }
        let (start, inner) = (self.at, self.at - self.line);
        self.column = Some(inner);
        if self.is_item() {
            return self.block(inner);
        }
        if let Some(key) = self.key() {
            return self.nested(|reader| reader.mapping(inner, key));
        }
        self.at = start;
        self.inline(column)
    }

    fn mapping(&mut self, column: usize, first: Key<'a>) -> Option<Yaml<'a>> {
        let (start, before) = (first.mark.start, self.entries.len());
        let mut next = Some(first);
        while let Some(key) = next {
            let value = self.value(column)?;
            self.entries.push(Entry { key, value });
            next = if self.column == Some(column) { Some(self.key()?) } else { None };
        }
        (self.column < Some(column)).then_some(())?;
        let entries = self.distinct(before)?;
        let mark = Mark { start, end: entries.last()?.value.mark.end };
        Some(Yaml { data: Data::Map(entries), mark, style: Style::Plain })
    }

    /// The entries of a map that ends here; nothing where a key stands twice.
    fn distinct(&mut self, before: usize) -> Option<Vec<Entry<'a>>> {
        let (mut entries, mut errors) = (self.entries.split_off(before), Vec::new());
        refuse_duplicates(&mut entries, &mut errors);
        errors.is_empty().then_some(entries)
    }

    /// What stands behind the colon of a key.
    fn value(&mut self, column: usize) -> Option<Yaml<'a>> {
        self.skip(|byte| byte == b' ');
        if !self.ends_line() {
            return self.inline(column);
        }
        self.next_line()?;
        if self.column == Some(column) && self.is_item() {
            // The full reader has such a list begin behind its first dash.
            let start = self.at as u32;
            let list = self.block(column)?;
            let first = start + 1 + self.blanks(start as usize + 1);
            return Some(Yaml { mark: Mark { start: first, ..list.mark }, ..list });
        }
        if self.column > Some(column) { self.block(self.column?) } else { None }
    }

    /// A value that begins on this line; it belongs to a key or item in this column.
    fn inline(&mut self, column: usize) -> Option<Yaml<'a>> {
        if matches!(self.byte(0), Some(b'|' | b'>')) {
            self.nodes = self.nodes.checked_sub(1)?;
            return self.literal(column);
        }
        let yaml = match self.byte(0)? {
            b'[' | b'{' => self.flow(column)?,
            _ => self.scalar(false)?,
        };
        self.next_line()?;
        // What is further in would go on with it.
        (self.column <= Some(column)).then_some(yaml)
    }

    /// A key with its colon.
    fn key(&mut self) -> Option<Key<'a>> {
        let key = self.scalar_text(false)?;
        self.nodes = self.nodes.checked_sub(1)?;
        let is_plain = key.1 == Style::Plain;
        (self.byte(0) == Some(b':') && matches!(self.byte(1), None | Some(b' ' | b'\n'))).then_some(())?;
        self.at += 1;
        let (name, style, mark) = key;
        (name.len() <= MAX_KEY && !(is_plain && (name == "<<" || scalar::resolve(&name).is_some()))).then_some(())?;
        Some(Key { name, mark, style })
    }

    fn scalar(&mut self, in_flow: bool) -> Option<Yaml<'a>> {
        let (text, style, mark) = self.scalar_text(in_flow)?;
        self.nodes = self.nodes.checked_sub(1)?;
        let data = match style {
            Style::Plain => scalar::resolve(&text).unwrap_or(Data::Str(text)),
            _ => Data::Str(text),
        };
        let yaml = Yaml { data, mark, style };
        dialect::infinite(&yaml).is_none().then_some(yaml)
    }

    fn scalar_text(&mut self, in_flow: bool) -> Option<(Cow<'a, str>, Style, Mark)> {
        let start = self.at;
        let (text, style) = match self.byte(0)? {
            b'"' => (self.double_quoted()?, Style::Quoted),
            b'\'' => (self.single_quoted()?, Style::Quoted),
            _ => (self.plain(in_flow)?.into(), Style::Plain),
        };
        Some((text, style, Mark { start: start as u32, end: self.at as u32 }))
    }

    /// Text without quotes; it ends before a colon that makes a key of it, a comment, the line, or in brackets before a sign of those.
    fn plain(&mut self, in_flow: bool) -> Option<&'a str> {
        let rest = self.rest().as_bytes();
        let is_blank = |at: usize| matches!(rest.get(at), None | Some(b' ' | b'\n'));
        let is_sign = |byte: u8| matches!(byte, b',' | b'[' | b']' | b'{' | b'}');
        let starts = !is_blank(0) && !b"?:,[]{}#&*!|>'\"%@`".contains(&rest[0]) && (rest[0] != b'-' || !is_blank(1));
        if !starts || in_flow && rest[0] == b'-' && rest.get(1).is_some_and(|byte| is_sign(*byte)) {
            return None;
        }
        let ends = |at: usize| match rest[at] {
            b'\n' => true,
            b':' => is_blank(at + 1) || in_flow && is_sign(rest[at + 1]),
            b'#' => rest[at - 1] == b' ',
            byte => in_flow && is_sign(byte),
        };
        let end = (1..rest.len()).find(|at| ends(*at)).unwrap_or(rest.len());
        let text = self.rest()[..end].trim_end_matches(' ');
        self.at += text.len();
        Some(text)
    }

    fn single_quoted(&mut self) -> Option<Cow<'a, str>> {
        let body = &self.rest()[1..];
        let mut end = 0;
        loop {
            end += body[end..].find(['\'', '\n'])?;
            match &body.as_bytes()[end..] {
                [b'\'', b'\'', ..] => end += 2,
                [b'\'', ..] => break,
                _ => return None,
            }
        }
        self.at += end + 2;
        let text = &body[..end];
        Some(if text.contains('\'') { text.replace("''", "'").into() } else { text.into() })
    }

    fn double_quoted(&mut self) -> Option<Cow<'a, str>> {
        let body = &self.rest()[1..];
        let mut text = Cow::Borrowed("");
        let mut read = 0;
        loop {
            let end = read + body[read..].bytes().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
            match &body.as_bytes()[end..] {
                [b'"', ..] if read == 0 => text = Cow::Borrowed(&body[..end]),
                _ => text.to_mut().push_str(&body[read..end]),
            }
            let escaped = match &body.as_bytes()[end..] {
                [b'"', ..] => {
                    self.at += end + 2;
                    return Some(text);
                }
                [b'\\', b'n', ..] => '\n',
                [b'\\', b't', ..] => '\t',
                [b'\\', sign @ (b'"' | b'\\'), ..] => char::from(*sign),
                _ => return None,
            };
            text.to_mut().push(escaped);
            read = end + 2;
        }
    }

    /// A list or map in brackets.
    fn flow(&mut self, column: usize) -> Option<Yaml<'a>> {
        let (start, is_map) = (self.at as u32, self.byte(0) == Some(b'{'));
        let close = if is_map { b'}' } else { b']' };
        self.nested(|reader| {
            let data = reader.flow_entries(column, close, is_map)?;
            Some(Yaml { data, mark: Mark { start, end: reader.at as u32 }, style: Style::Plain })
        })
    }

    fn flow_entries(&mut self, column: usize, close: u8, is_map: bool) -> Option<Data<'a>> {
        let (items, entries) = (self.items.len(), self.entries.len());
        self.at += 1;
        self.flow_blank(column)?;
        let mut is_open = self.byte(0)? != close;
        while is_open {
            self.flow_entry(column, is_map)?;
            self.flow_blank(column)?;
            is_open = self.byte(0)? == b',';
            if is_open {
                self.at += 1;
                self.flow_blank(column)?;
            }
        }
        (self.byte(0)? == close).then_some(())?;
        self.at += 1;
        if is_map { self.distinct(entries).map(Data::Map) } else { Some(Data::Seq(self.items.split_off(items))) }
    }

    fn flow_entry(&mut self, column: usize, is_map: bool) -> Option<()> {
        let key = if is_map { Some(self.flow_key(column)?) } else { None };
        let value = if matches!(self.byte(0)?, b'[' | b'{') { self.flow(column)? } else { self.scalar(true)? };
        match key {
            Some(key) => self.entries.push(Entry { key, value }),
            None => self.items.push(value),
        }
        Some(())
    }

    fn flow_key(&mut self, column: usize) -> Option<Key<'a>> {
        let (name, style, mark) = self.scalar_text(true)?;
        self.nodes = self.nodes.checked_sub(1)?;
        (self.byte(0)? == b':' && matches!(self.byte(1)?, b' ' | b'\n')).then_some(())?;
        self.at += 1;
        self.flow_blank(column)?;
        let is_plain = style == Style::Plain && (name == "<<" || scalar::resolve(&name).is_some());
        (name.len() <= MAX_KEY && !is_plain).then_some(Key { name, mark, style })
    }

    /// Blanks in brackets; each line is further in than what the brackets belong to.
    fn flow_blank(&mut self, column: usize) -> Option<()> {
        self.skip(|byte| byte == b' ');
        while self.byte(0) == Some(b'\n') {
            self.at += 1;
            let line = self.at;
            self.skip(|byte| byte == b' ');
            (self.at - line > column || self.byte(0) == Some(b'\n')).then_some(())?;
        }
        Some(())
    }

    /// A text below a `|`, or one of a single paragraph below a `>`.
    fn literal(&mut self, column: usize) -> Option<Yaml<'a>> {
        let (header, _) = self.rest().split_once('\n')?;
        let kept = match header {
            "|" | ">" => Some(1),
            "|-" | ">-" => Some(0),
            "|+" => None,
            _ => return None,
        };
        self.at += header.len() + 1;
        let indent = self.blanks(self.at) as usize;
        (indent > column && self.byte(indent)? != b'\n').then_some(())?;
        let start = self.at + indent;
        let (mut text, mut end) = (String::new(), self.at);
        while self.at < self.text.len() {
            let (line, _) = self.rest().split_once('\n')?;
            let depth = line.len() - line.trim_start_matches(' ').len();
            match depth == line.len() {
                true if depth > indent => return None,
                true => {}
                false if depth < indent => break,
                false => {
                    text.push_str(&line[indent..]);
                    end = self.at + line.trim_end_matches(' ').len();
                }
            }
            text.push('\n');
            self.at += line.len() + 1;
        }
        let style = if header.starts_with('>') { Style::Folded } else { Style::Literal };
        if let Some(kept) = kept {
            text.truncate(text.trim_end_matches('\n').len());
            if style == Style::Folded {
                text = folded(&text)?;
            }
            text.push_str(&"\n"[..kept]);
        }
        self.seek();
        let mark = Mark { start: start as u32, end: end as u32 };
        // What is further in than its key and not in the text is an error.
        (self.column <= Some(column)).then_some(Yaml { data: Data::Str(text.into()), mark, style })
    }
}

/// The lines of a paragraph as one; nothing where there are several, or lines that are kept as they are.
fn folded(text: &str) -> Option<String> {
    (!text.contains("\n\n") && !text.contains("\n ")).then(|| text.replace('\n', " "))
}
