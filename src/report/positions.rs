//! Sources in, lines and columns out: each text is read once, however many findings lie in it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::one_line;
use crate::diagnostic::{Diagnostics, Place};
use crate::source::{Position, Source, Span};

/// Counting the characters of a block is cheap enough to do for every position asked for.
const BLOCK: usize = 1024;

pub(super) struct Positions<'a>(BTreeMap<*const Source, Lines<'a>>);

pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
    /// How many characters begin before each block of bytes.
    blocks: Vec<usize>,
}

impl<'a> Positions<'a> {
    pub(super) fn of(diags: &'a Diagnostics) -> Positions<'a> {
        let mut all = BTreeMap::new();
        for source in diags.iter().flat_map(|d| &d.places).map(|place| &place.span.source) {
            all.entry(Arc::as_ptr(source)).or_insert_with(|| Lines::of(&source.text));
        }
        Positions(all)
    }

    pub(super) fn lines(&self, source: &Arc<Source>) -> &Lines<'a> {
        self.0.get(&Arc::as_ptr(source)).expect("every source of the diagnostics was read")
    }

    pub(super) fn range(&self, span: &Span) -> (Position, Position) {
        let lines = self.lines(&span.source);
        let position = |at: u32| {
            let Position { line, column } = lines.position(at as usize);
            Position { line: span.source.before.lines + line, column }
        };
        let start = position(span.start);
        (start, position(span.end).max(start))
    }

    /// `lakehouse.toml:5:9`, or only the name where no text is known; on one line.
    pub(super) fn address(&self, place: &Place) -> String {
        let Source { name, text, .. } = &*place.span.source;
        let name = one_line(name);
        if text.is_empty() {
            return name;
        }
        let (start, _) = self.range(&place.span);
        format!("{name}:{}:{}", start.line, start.column)
    }

    /// The address and what is to be said about it, for formats that show no source.
    pub(super) fn sentence(&self, place: &Place) -> String {
        match place.label.as_str() {
            "" => format!("at {}", self.address(place)),
            label => format!("at {}: {}", self.address(place), one_line(label)),
        }
    }
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut count = 0;
        let before = |block| {
            count += characters(block);
            count - characters(block)
        };
        let blocks = text.as_bytes().chunks(BLOCK).map(before).collect();
        Lines { text, starts, blocks }
    }

    /// In the text itself, whatever stands before it.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = self.characters_before(offset) - self.characters_before(self.starts[line - 1]);
        Position { line: line as u32, column: column as u32 + 1 }
    }

    /// The bytes of a line (counted from one) without its line end.
    pub(super) fn line(&self, line: u32) -> Range<usize> {
        let at = (line as usize).clamp(1, self.starts.len()) - 1;
        let end = self.starts.get(at + 1).map_or(self.text.len(), |next| next - 1);
        let start = self.starts[at];
        start..start + self.text[start..end].trim_end_matches('\r').len()
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = (offset / BLOCK).min(self.blocks.len().saturating_sub(1));
        let before = self.blocks.get(block).copied().unwrap_or_default();
        before + characters(&self.text.as_bytes()[block * BLOCK..offset])
    }
}

/// Every character has one byte that does not continue another.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}
