//! YAML text in, documents and errors out: the events of granit-parser made into a tree, as Kubernetes understands it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, Tag};

use super::budget::{Budget, weight};
use super::entries::refuse_duplicates;
use super::{Code, Data, Document, Entry, Error, Key, Limits, MAX_ERRORS, Mark, Stream, Style, Yaml, dialect, scalar, syntax};

pub(super) fn read<'a>(text: &'a str, limits: &Limits) -> Stream<'a> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = limits.depth.min(options.flow_nesting_limit);
    options.block_nesting_limit = limits.depth.min(options.block_nesting_limit);
    let events = Parser::new_from_str_with_options(text, options);
    let budget = Budget::new(limits);
    let errors = dialect::line_end(text).into_iter().collect();
    let mut reader = Reader {
        text,
        events,
        depth: limits.depth,
        budget,
        anchors: BTreeMap::new(),
        items: Vec::new(),
        entries: Vec::new(),
        errors,
        bracket: Mark::default(),
        ended: false,
    };
    let documents = reader.documents();
    Stream { documents, errors: reader.errors }
}

struct Reader<'a> {
    text: &'a str,
    events: Parser<'a, StrInput<'a>>,
    /// How many levels deeper the text may still go.
    depth: usize,
    budget: Budget,
    anchors: BTreeMap<usize, Anchor<'a>>,
    /// What the open lists and maps hold so far, the innermost last: a closed one takes its own in a vector of their size.
    items: Vec<Yaml<'a>>,
    entries: Vec<Entry<'a>>,
    errors: Vec<Error>,
    /// Where the last list or map ended.
    bracket: Mark,
    ended: bool,
}

struct Anchor<'a> {
    weight: usize,
    yaml: Yaml<'a>,
}

impl<'a> Reader<'a> {
    fn documents(&mut self) -> Vec<Document<'a>> {
        let mut documents = Vec::new();
        let mut index = 0;
        while self.errors.len() < MAX_ERRORS {
            match self.document() {
                Ok(Next::End) => break,
                Ok(Next::Nothing) => {}
                Ok(Next::Root(root)) => documents.push(Document { index, root }),
                Err(error) => {
                    self.errors.push(*error);
                    if !self.events.proceed_next_document().unwrap_or(false) {
                        break;
                    }
                }
            }
            index += 1;
        }
        documents
    }

    fn document(&mut self) -> Result<Next<'a>, Box<Error>> {
        self.anchors.clear();
        self.items.clear();
        self.entries.clear();
        while !self.ended {
            if let Some(root) = self.value()? {
                let is_empty = root.data == Data::Null && root.mark.start == root.mark.end;
                return Ok(if is_empty { Next::Nothing } else { Next::Root(root) });
            }
        }
        Ok(Next::End)
    }

    /// The next value, None where a document starts, or a list, map or document ends instead. JSON has no infinity, so that is an error and null.
    fn value(&mut self) -> Result<Option<Yaml<'a>>, Box<Error>> {
        let mut next = self.node()?;
        if let Some(yaml) = &mut next
            && let Some(error) = dialect::infinite(yaml)
        {
            self.errors.push(error);
            yaml.data = Data::Null;
        }
        Ok(next)
    }

    /// Takes the event apart where it comes in: it is large, and moving it is most of what this reader costs.
    fn node(&mut self) -> Result<Option<Yaml<'a>>, Box<Error>> {
        let (event, mark) = match self.events.next_event() {
            Some(Ok((event, span))) => (event, mark(&span)),
            Some(Err(error)) => return Err(self.syntax(&error)),
            None => (Event::StreamEnd, Mark::default()),
        };
        let (anchor, yaml) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, self.scalar(text, style, tag.as_deref(), mark)?),
            Event::SequenceStart(style, anchor, _) => (anchor, self.nested(mark, |reader| reader.sequence(style, mark))?),
            Event::MappingStart(style, anchor, _) => (anchor, self.nested(mark, |reader| reader.mapping(style, mark))?),
            Event::Alias(id) => (0, self.alias(id, mark)?),
            _ => {
                self.bracket = mark;
                self.ended = event == Event::StreamEnd;
                return Ok(None);
            }
        };
        self.budget.spend(1, mark)?;
        if anchor != 0 {
            self.keep(anchor, &yaml)?;
        }
        Ok(Some(yaml))
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, tag: Option<&Tag>, mark: Mark) -> Result<Yaml<'a>, Box<Error>> {
        if style == ScalarStyle::DoubleQuoted && matches!(text, Cow::Owned(_)) {
            dialect::json_escape(self.slice(mark.start, mark.end), mark)?;
        }
        let data = match tag {
            Some(tag) => self.tagged(tag, text, mark)?,
            // granit calls a value that is not there `~`, which is the same null.
            None if style == ScalarStyle::Plain => scalar::resolve(&text).unwrap_or(Data::Str(text)),
            None => Data::Str(text),
        };
        Ok(Yaml { data, mark: self.trimmed(mark, style), style: style.into() })
    }

    /// Any tag that YAML itself does not define makes a string.
    fn tagged(&self, tag: &Tag, text: Cow<'a, str>, mark: Mark) -> Result<Data<'a>, Box<Error>> {
        match tag.suffix_in_namespace("tag:yaml.org,2002:") {
            Some(name) => scalar::tagged(&name, text).map_err(|message| Box::new(Error::new(Code::Syntax, message, mark))),
            None => Ok(Data::Str(text)),
        }
    }

    fn nested<T>(&mut self, mark: Mark, read: impl FnOnce(&mut Self) -> Result<T, Box<Error>>) -> Result<T, Box<Error>> {
        if self.depth == 0 {
            return Err(too_deep(mark));
        }
        self.depth -= 1;
        let read = read(self);
        self.depth += 1;
        read
    }

    fn sequence(&mut self, style: StructureStyle, mut mark: Mark) -> Result<Yaml<'a>, Box<Error>> {
        let start = self.items.len();
        while let Some(item) = self.value()? {
            self.items.push(item);
        }
        let items = self.items.split_off(start);
        mark.end = self.end(style, items.last()).unwrap_or(mark.end);
        Ok(Yaml { data: Data::Seq(items), mark, style: Style::Plain })
    }

    fn mapping(&mut self, style: StructureStyle, mut mark: Mark) -> Result<Yaml<'a>, Box<Error>> {
        let start = self.entries.len();
        let mut merged = Vec::new();
        while let Some(key) = self.node()? {
            let value = self.value()?.ok_or_else(|| missing(key.mark))?;
            if is_merge(&key) {
                self.merge(key.mark, value, &mut merged);
            } else if let Some(key) = self.key(key) {
                self.entries.push(Entry { key, value });
            }
        }
        let mut entries = self.entries.split_off(start);
        mark.end = self.end(style, entries.last().map(|entry| &entry.value)).unwrap_or(mark.end);
        refuse_duplicates(&mut entries, &mut self.errors);
        for entry in merged {
            if entries.iter().all(|own| own.key != entry.key) {
                entries.push(entry);
            }
        }
        Ok(Yaml { data: Data::Map(entries), mark, style: Style::Plain })
    }

    /// A flow collection ends at its bracket, a block collection with what is last in it.
    fn end(&self, style: StructureStyle, last: Option<&Yaml<'_>>) -> Option<u32> {
        match style {
            StructureStyle::Flow => Some(self.bracket.end),
            StructureStyle::Block => last.map(|yaml| yaml.mark.end),
        }
    }

    /// None for a key that had to be refused.
    fn key(&mut self, key: Yaml<'a>) -> Option<Key<'a>> {
        let Yaml { data, mark, style } = key;
        match scalar::key_name(data) {
            Ok(name) => {
                let key = Key { name, mark, style };
                self.errors.extend(dialect::tight_colon(self.text, &key));
                Some(key)
            }
            Err(message) => {
                self.errors.push(Error::new(Code::Syntax, message, mark));
                None
            }
        }
    }

    /// The tables behind `<<`: of several the first that has a key gives it.
    fn merge(&mut self, mark: Mark, value: Yaml<'a>, merged: &mut Vec<Entry<'a>>) {
        let tables = match value.data {
            Data::Seq(items) => items,
            _ => vec![value],
        };
        let stranger = tables.iter().find(|table| !matches!(table.data, Data::Map(_)));
        self.errors.push(match stranger {
            Some(stranger) => Error::new(Code::Syntax, "a merge key takes a map, or a list of maps", stranger.mark),
            None => {
                let error = Error::new(Code::MergeKey, "merge keys are read differently by different readers", mark);
                error.help("write the keys out")
            }
        });
        for table in tables {
            if let Data::Map(entries) = table.data {
                merged.extend(entries);
            }
        }
    }

    fn alias(&mut self, id: usize, mark: Mark) -> Result<Yaml<'a>, Box<Error>> {
        let Some(anchor) = self.anchors.get(&id) else {
            return Err(Box::new(Error::new(Code::Syntax, "the anchor contains itself", mark)));
        };
        self.budget.expand(anchor.weight, mark)?;
        Ok(Yaml { mark, ..anchor.yaml.clone() })
    }

    fn keep(&mut self, id: usize, yaml: &Yaml<'a>) -> Result<(), Box<Error>> {
        let weight = weight(yaml);
        self.budget.expand(weight, yaml.mark)?;
        self.anchors.insert(id, Anchor { weight, yaml: yaml.clone() });
        Ok(())
    }

    /// A block scalar ends with its last text, not with the line end after it.
    fn trimmed(&self, mark: Mark, style: ScalarStyle) -> Mark {
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return mark;
        }
        let text = self.slice(mark.start, mark.end).trim_end();
        Mark { end: mark.start + text.len() as u32, ..mark }
    }

    fn slice(&self, start: u32, end: u32) -> &'a str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn syntax(&self, error: &ScanError) -> Box<Error> {
        let start = error.marker().byte_offset().unwrap_or(self.text.len());
        let width =
            self.text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_control()).map_or(0, char::len_utf8);
        let mark = Mark { start: start as u32, end: (start + width) as u32 };
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(mark),
            kind => {
                let (message, help) = syntax::words(kind);
                Box::new(Error { help, ..Error::new(Code::Syntax, message, mark) })
            }
        }
    }
}

fn is_merge(key: &Yaml<'_>) -> bool {
    key.style == Style::Plain && key.as_str() == Some("<<")
}

enum Next<'a> {
    Root(Yaml<'a>),
    Nothing,
    End,
}

fn missing(mark: Mark) -> Box<Error> {
    Box::new(Error::new(Code::Syntax, "a value is missing", mark))
}

fn too_deep(mark: Mark) -> Box<Error> {
    Box::new(Error::new(Code::TooComplex, "lists and maps are nested too deeply", mark))
}

fn mark(span: &Span) -> Mark {
    let range = span.byte_range().unwrap_or_default();
    Mark { start: range.start as u32, end: range.end as u32 }
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Style {
        match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        }
    }
}
