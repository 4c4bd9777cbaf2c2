//! Diagnostics in, what a person reads on a terminal out: each with the lines it is about.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::{DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE, DEFAULT_NOTE_STYLE, DEFAULT_WARNING_STYLE};
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::positions::{Lines, Positions};
use super::{Style, Summary, one_line, visible};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};
use crate::source::Source;

/// Below this nothing would be left of a line.
const NARROWEST: usize = 40;
/// Places nearer than this share one picture.
const NEAR_LINES: u32 = 8;
const NEAR_BYTES: usize = 100;
/// A place of more lines is shown by its first.
const MOST_LINES: u32 = 6;
/// What is kept of a long line before and after the place, for the renderer to choose from.
const KEPT_BEFORE: usize = 200;
const KEPT_AFTER: usize = 400;
/// Behind the position of a place, and behind the name of a file without lines. No text that went through `visible` has them.
const MARK: char = '\u{FFFF}';
const BARE: char = '\u{FFFE}';

pub(super) fn render(diags: &Diagnostics, summary: &Summary, style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() }.term_width(style.width.max(NARROWEST));
    let positions = Positions::of(diags);
    let mut out = String::new();
    for d in diags.iter() {
        out.push_str(&tidied(&renderer.render(&[group(d, &positions)])));
        out.push('\n');
    }
    out + &last_line(summary, style)
}

/// The renderer counts columns in what it was given, which is wrong where the line was cut: ours stand before the mark.
/// And it leaves room for lines below the name of a file even where it has none.
fn tidied(rendered: &str) -> String {
    let mut out = String::new();
    let mut lines = rendered.lines();
    while let Some(line) = lines.next() {
        let (before, after) = line.split_once([MARK, BARE]).unwrap_or((line, ""));
        out.push_str(before);
        out.push_str(after.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
        out.push('\n');
        if line.contains(BARE) {
            lines.next();
        }
    }
    out
}

fn last_line(summary: &Summary, style: Style) -> String {
    let parts = summary.parts().into_iter().map(|(severity, part)| {
        let paint = match severity {
            Some(Severity::Error) => DEFAULT_ERROR_STYLE,
            Some(Severity::Warning) => DEFAULT_WARNING_STYLE,
            Some(Severity::Note) => DEFAULT_NOTE_STYLE,
            None => DEFAULT_EMPHASIS_STYLE,
        };
        if style.color { format!("{paint}{part}{paint:#}") } else { part }
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { String::new() } else { parts.join(", ") + "\n" }
}

fn group<'a>(d: &'a Diagnostic, positions: &Positions<'a>) -> Group<'a> {
    let level = match d.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(visible(&d.message)).id(d.code.id()));
    for picture in pictures(&d.places, positions) {
        group = group.element(picture.element());
    }
    let notes = d.notes.iter().map(|note| Level::NOTE.message(visible(note)));
    let help = d.help.iter().map(|help| Level::HELP.message(visible(help)));
    group.elements(notes.chain(help))
}

/// Neighbouring lines of one source, with what is to be said about them.
struct Picture<'a, 'p> {
    source: &'a Arc<Source>,
    lines: &'p Lines<'a>,
    first: u32,
    last: u32,
    marks: Vec<Mark<'a>>,
}

struct Mark<'a> {
    range: Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
}

fn pictures<'a, 'p>(places: &'a [Place], positions: &'p Positions<'a>) -> Vec<Picture<'a, 'p>> {
    let mut pictures: Vec<Picture<'a, 'p>> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let new = Picture::of(place, kind, positions);
        let near = pictures.iter_mut().find_map(|picture| {
            let moved = new.as_of(picture)?;
            picture.is_near(&moved).then_some((picture, moved))
        });
        match near {
            Some((picture, moved)) => picture.join(moved),
            None => pictures.push(new),
        }
    }
    pictures
}

impl<'a, 'p> Picture<'a, 'p> {
    fn of(place: &'a Place, kind: AnnotationKind, positions: &'p Positions<'a>) -> Picture<'a, 'p> {
        let source = &place.span.source;
        let lines = positions.lines(source);
        let (range, first, last) = shown(lines, place.span.range());
        Picture { source, lines, first, last, marks: vec![Mark { range, kind, label: &place.label }] }
    }

    /// The same in the text of another picture, where that is of the same file and has the place.
    fn as_of(&self, other: &Picture<'a, 'p>) -> Option<Picture<'a, 'p>> {
        let (own, its) = (self.source, other.source);
        // Of two texts that begin together, one is a part of the other, or only their names are the same.
        let is_one = Arc::ptr_eq(own, its)
            || own.before != its.before
            || own.text.starts_with(&*its.text)
            || its.text.starts_with(&*own.text);
        if own.name != its.name || !is_one {
            return None;
        }
        let offset = |at: usize| {
            let at = (at + own.before.bytes as usize).checked_sub(its.before.bytes as usize)?;
            Some(at).filter(|at| *at <= its.text.len())
        };
        let line = |line: u32| (line + own.before.lines).checked_sub(its.before.lines).filter(|line| *line > 0);
        let Mark { range, kind, label } = &self.marks[0];
        let range = offset(range.start)?..offset(range.end)?;
        let marks = vec![Mark { range, kind: *kind, label }];
        Some(Picture { source: its, lines: other.lines, first: line(self.first)?, last: line(self.last)?, marks })
    }

    /// Near in lines, and in bytes: the two ends of a long line do not fit on a screen.
    fn is_near(&self, other: &Picture) -> bool {
        let lines = self.first.max(other.first).saturating_sub(self.last.min(other.last));
        let (mine, others) = (&self.marks[0].range, &other.marks[0].range);
        let bytes = mine.start.max(others.start).saturating_sub(mine.end.min(others.end));
        lines <= NEAR_LINES && bytes <= NEAR_BYTES * (lines as usize + 1)
    }

    fn join(&mut self, other: Picture<'a, 'p>) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.marks.extend(other.marks);
    }

    /// A file of which nothing is known but its name shows as just that.
    fn element(&self) -> Element<'a> {
        let path = one_line(&self.source.name);
        if self.lines.text.is_empty() {
            return Snippet::<Annotation>::source("").path(format!("{path}{BARE}")).into();
        }
        let at = self.lines.position(self.marks[0].range.start);
        let line = self.source.before.lines + at.line;
        self.snippet().path(format!("{path}:{line}:{}{MARK}", at.column)).into()
    }

    fn snippet(&self) -> Snippet<'a, Annotation<'a>> {
        let rows = Rows::of(self);
        let marks = self.marks.iter().map(|mark| {
            let range = rows.offset(mark.range.start, self.lines.text)..rows.offset(mark.range.end, self.lines.text);
            let label = Some(one_line(mark.label)).filter(|label| !label.is_empty());
            mark.kind.span(range).label(label)
        });
        let marks: Vec<Annotation<'a>> = marks.collect();
        Snippet::source(rows.text).line_start((self.source.before.lines + self.first) as usize).annotations(marks)
    }
}

/// The part of a place that is shown, and its first and last line: without line ends, and not too tall.
fn shown(lines: &Lines, range: Range<usize>) -> (Range<usize>, u32, u32) {
    let start = lines.text.floor_char_boundary(range.start);
    let end = lines.text.floor_char_boundary(range.end).max(start);
    let end = start + lines.text[start..end].trim_end().len();
    let (first, last) = (lines.position(start).line, lines.position(end).line);
    match last - first < MOST_LINES {
        true => (start..end, first, last),
        false => (start..lines.line(first).end.max(start), first, first),
    }
}

/// The lines of a picture, safe to print and none too long, and where each byte of the source went.
struct Rows {
    text: String,
    rows: Vec<Row>,
}

struct Row {
    /// Where the line begins in the source.
    start: usize,
    /// What is kept of the line, in the source.
    kept: Range<usize>,
    /// Where that begins in the text.
    at: usize,
}

impl Rows {
    fn of(picture: &Picture) -> Rows {
        let mut rows = Rows { text: String::new(), rows: Vec::new() };
        for line in picture.first..=picture.last {
            rows.push(picture, picture.lines.line(line));
        }
        rows
    }

    /// Where a byte of the source stands in the text; what was cut off stands at the cut.
    fn offset(&self, source: usize, text: &str) -> usize {
        let row = self.rows.iter().rev().find(|row| row.start <= source).unwrap_or(&self.rows[0]);
        row.at + visible(&text[row.kept.start..source.clamp(row.kept.start, row.kept.end)]).len()
    }

    fn push(&mut self, picture: &Picture, line: Range<usize>) {
        let text = picture.lines.text;
        let middle = picture.marks.iter().map(|mark| mark.range.start).find(|at| line.contains(at)).unwrap_or(line.start);
        let kept = text.ceil_char_boundary(line.start.max(middle.saturating_sub(KEPT_BEFORE)))
            ..text.floor_char_boundary(line.end.min(middle + KEPT_AFTER));
        if kept.start > line.start {
            self.text.push('…');
        }
        self.rows.push(Row { start: line.start, kept: kept.clone(), at: self.text.len() });
        self.text.push_str(&visible(&text[kept.clone()]));
        self.text.push_str(if kept.end < line.end { "…\n" } else { "\n" });
    }
}
