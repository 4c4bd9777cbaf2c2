//! A text in, its parts that can be read alone and their documents out.

use std::sync::Arc;

use super::{Content, Stretch};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::source::{Source, Span};
use crate::yaml::{self, Data, Limits, Mark, Stream, Style, Yaml};

/// A stream is cut where a document begins, into parts of at least so many bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// Whole documents of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chunk<'t> {
    pub text: &'t str,
    /// Where it begins, and how many documents stand before it.
    pub start: u32,
    pub documents: u32,
}

/// Where such a part of a file lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    start: u32,
    end: u32,
    documents: u32,
}

/// A document with its place in the file.
#[derive(Clone, Debug)]
pub struct Document<'t> {
    pub source: &'t Arc<Source>,
    pub file: usize,
    /// Which one of the file, from zero.
    pub number: u32,
    pub root: &'t Yaml<'t>,
    pub content: Option<Content>,
    /// Marks count from the beginning of the chunk.
    pub(super) start: u32,
    /// The chunk.
    pub(super) extent: Extent,
}

impl<'t> Chunk<'t> {
    fn extent(&self) -> Extent {
        Extent { start: self.start, end: self.start + self.text.len() as u32, documents: self.documents }
    }
}

impl Extent {
    /// The part of a text; none of a text that is not there any more.
    pub(super) fn chunk(self, text: &str) -> Option<Chunk<'_>> {
        let text = text.get(self.start as usize..self.end as usize)?;
        Some(Chunk { text, start: self.start, documents: self.documents })
    }
}

impl<'t> Document<'t> {
    pub(super) fn of(source: &'t Arc<Source>, chunk: &Chunk<'_>, document: &'t yaml::Document<'t>, file: usize) -> Document<'t> {
        Document {
            source,
            file,
            number: chunk.documents + document.index,
            root: &document.root,
            content: None,
            start: chunk.start,
            extent: chunk.extent(),
        }
    }

    /// The same with its values as another reader takes them.
    pub(super) fn with<'d>(&self, root: &'d Yaml<'d>) -> Document<'d>
    where
        't: 'd,
    {
        Document { source: self.source, root, ..*self }
    }

    pub(super) fn taken_for(&self, content: Content) -> Document<'t> {
        Document { content: Some(content), ..self.clone() }
    }

    /// A mark of the reader as a place in the file.
    pub fn span(&self, mark: Mark) -> Span {
        span(self.source, self.start, mark)
    }

    /// Likewise, without its text.
    pub fn stretch(&self, mark: Mark) -> Stretch {
        Stretch::of(self.file, &self.span(mark))
    }

    /// Tells of what is wrong at a place of it.
    pub fn report<'d>(
        &self,
        found: &'d mut Diagnostics,
        (severity, code): (Severity, Code),
        message: impl Into<String>,
        (mark, label): (Mark, &str),
        pointer: String,
    ) -> &'d mut Diagnostic {
        let diagnostic = found.push(code, severity, message);
        diagnostic.within(&self.span(mark), label, self.number, pointer)
    }

    /// Tells of the merge keys in it.
    pub(super) fn refuse_merges(&self, stream: &Stream<'_>, diags: &mut Diagnostics) {
        let (root, is_merge) = (self.root.mark, |error: &&yaml::Error| error.code == Code::MergeKey);
        for error in stream.errors.iter().filter(is_merge).filter(|e| (root.start..=root.end).contains(&e.mark.start)) {
            tell(error, self.source, self.start, diags);
        }
    }

    /// Where to point at for the document as a whole.
    pub(super) fn head(&self) -> Mark {
        match &self.root.data {
            Data::Map(entries) => entries.first().map_or(self.root.mark, |entry| entry.key.mark),
            _ => self.root.mark,
        }
    }
}

impl Document<'_> {
    /// Where a part of a text stands that was written as `yaml`: exactly where the text stands as it is, else at its line.
    pub(super) fn within(&self, yaml: &Yaml<'_>, text: &str, part: std::ops::Range<usize>) -> Mark {
        let source = &self.source.text;
        let span = self.span(yaml.mark);
        let raw = &source[span.range()];
        let mark = |from: usize| {
            let start = yaml.mark.start + from as u32;
            Mark { start, end: start + (part.len() as u32).min(yaml.mark.end.saturating_sub(start)) }
        };
        if let Some(at) = raw.find(text) {
            return mark(at + part.start);
        }
        if yaml.style != Style::Literal {
            return yaml.mark;
        }
        // The block's own lines begin where the first one does, and each is indented as that one.
        let begin = source[..span.range().start].rfind('\n').map_or(0, |at| at + 1);
        let begin = begin + if raw.starts_with(['|', '>']) { source[begin..].find('\n').map_or(0, |at| at + 1) } else { 0 };
        let block = &source[begin..span.range().end];
        let first = block.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let indent = first.len() - first.trim_start().len();
        let before = text.get(..part.start).unwrap_or_default();
        let line: usize = block.split_inclusive('\n').take(before.matches('\n').count()).map(str::len).sum();
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        mark((begin + line + indent + column).saturating_sub(span.range().start))
    }

    /// Where a character of a text stands, counted in characters.
    pub(super) fn within_text(&self, yaml: &Yaml<'_>, text: &str, at: usize) -> Mark {
        let start = text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
        let end = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
        self.within(yaml, text, start..end)
    }
}

fn span(source: &Arc<Source>, start: u32, mark: Mark) -> Span {
    Span { source: source.clone(), start: start + mark.start, end: start + mark.end }
}

/// Reads a chunk; tells what cannot be read. Whether merge keys may stand in a document depends on what it is.
pub(super) fn read<'t>(source: &Arc<Source>, chunk: &Chunk<'t>, diags: &mut Diagnostics) -> Stream<'t> {
    let stream = yaml::read(chunk.text, &Limits::default());
    for error in stream.errors.iter().filter(|error| error.code != Code::MergeKey) {
        tell(error, source, chunk.start, diags);
    }
    stream
}

fn tell(error: &yaml::Error, source: &Arc<Source>, start: u32, diags: &mut Diagnostics) {
    let shift = |mark: Mark| Mark { start: mark.start + start, end: mark.end + start };
    yaml::Error { mark: shift(error.mark), first: error.first.map(shift), ..error.clone() }.report(source, diags);
}

/// Cuts a text where documents begin, into parts of some size.
pub(super) fn chunks(text: &str) -> Vec<Chunk<'_>> {
    cut(text, CHUNK_BYTES)
}

/// Its documents, which are read one by one: where one is wrong or odd the others are not.
pub(super) fn documents<'t>(chunk: &Chunk<'t>) -> impl Iterator<Item = Chunk<'t>> {
    let Chunk { start, documents, .. } = *chunk;
    let shift = move |part: Chunk<'t>| Chunk { start: start + part.start, documents: documents + part.documents, ..part };
    cut(chunk.text, 1).into_iter().map(shift)
}

/// What needs the whole text stays whole: JSON, directives, ends of documents.
fn cut(text: &str, least_bytes: usize) -> Vec<Chunk<'_>> {
    let whole = || vec![Chunk { text, start: 0, documents: 0 }];
    if text.len() <= least_bytes || text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
        return whole();
    }
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    let (mut start, mut at, mut before, mut documents, mut is_open) = (0, 0, 0, 0, false);
    for line in text.split_inclusive('\n') {
        if line.starts_with('%') || line.starts_with("...") {
            return whole();
        }
        let is_begin = line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if is_begin && at - start >= least_bytes {
            chunks.push(Chunk { text: &text[start..at], start: start as u32, documents: before });
            (start, before, is_open) = (at, documents, false);
        }
        // What stands before the first mark is a document if it is more than comments.
        let is_content = !is_begin && !is_open && documents == 0 && !line.trim().is_empty() && !line.starts_with('#');
        if is_begin || is_content {
            documents += 1;
            is_open = true;
        }
        at += line.len();
    }
    chunks.push(Chunk { text: &text[start..], start: start as u32, documents: before });
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long stream in parts has the documents and places that it has as a whole.
    #[test]
    fn a_stream_in_parts_is_the_stream() {
        for head in ["", "# a comment\n", "---\n", "a: first\n"] {
            let mut text = head.to_owned();
            for number in 0..9000 {
                text.push_str(&format!("---\nname: n{number}\ntext: {}\n", "x".repeat(100)));
            }
            let limits = Limits::default();
            let whole = yaml::read(&text, &limits);
            let parts = chunks(&text);
            let alone: Vec<Chunk<'_>> = parts.iter().flat_map(documents).collect();
            assert!(parts.len() > 2 && alone.len() > 8999, "{head:?} was not cut");
            let places = |start: u32, before: u32, stream: &Stream<'_>| -> Vec<(u32, u32)> {
                stream.documents.iter().map(|d| (before + d.index, start + d.root.mark.start)).collect()
            };
            for parts in [parts, alone] {
                let found: Vec<(u32, u32)> =
                    parts.iter().flat_map(|part| places(part.start, part.documents, &yaml::read(part.text, &limits))).collect();
                assert_eq!(found, places(0, 0, &whole), "{head:?}");
            }
        }
    }
}
