//! Line marks: a template's text in, the same text out with an invisible mark wherever a line of it may begin to print.
//!
//! After rendering, the marks tell from which line of the template each piece of text came; then they are taken out.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// Stands for a printed value: its number follows, then `SLOT_END`.
pub(super) const SLOT: char = '\u{E000}';
pub(super) const SLOT_END: char = '\u{E001}';
/// Stands before text of a line: the line's number follows, then `MARK_END`.
const MARK: char = '\u{E002}';
const MARK_END: char = '\u{E003}';

/// The statements of a template.
pub(super) const STATEMENTS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "break", "continue", "set name = value"];

/// One stands for every value that is printed, and few templates print more values than these.
static SLOTS: LazyLock<Vec<String>> = LazyLock::new(|| (0..256).map(new_slot).collect());

/// What is printed in place of a value.
pub(super) fn slot(id: usize) -> Cow<'static, str> {
    SLOTS.get(id).map_or_else(|| new_slot(id).into(), |slot| slot.as_str().into())
}

fn new_slot(id: usize) -> String {
    format!("{SLOT}{id}{SLOT_END}")
}

pub(super) fn is_reserved(c: char) -> bool {
    (SLOT..=MARK_END).contains(&c)
}

/// The marked text, and where something was put in: offsets into the original with the bytes put there. Only where it is traced
/// are there marks, and what a statement asks tells when it has its answer.
pub(super) fn mark(text: &str, is_traced: bool) -> (String, Vec<(usize, usize)>) {
    let out = String::with_capacity(text.len() * 5 / 4);
    let mut marker = Marker { out, inserted: Vec::new(), line: 1, at: 0, is_traced };
    let mut rest = text;
    while let Some((open, close)) = next_tag(rest) {
        marker.raw(&rest[..open]);
        marker.tag(&rest[open..close]);
        rest = &rest[close..];
    }
    marker.raw(rest);
    (marker.out, marker.inserted)
}

/// Where an offset into the marked text lies in the original.
pub(super) fn original(inserted: &[(usize, usize)], marked: usize) -> usize {
    let mut before = 0;
    for (at, length) in inserted {
        if at + before >= marked {
            break;
        }
        before += length;
    }
    marked.saturating_sub(before)
}

struct Marker {
    out: String,
    inserted: Vec<(usize, usize)>,
    line: usize,
    at: usize,
    is_traced: bool,
}

impl Marker {
    fn raw(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            self.copy(&line[..indent]);
            if indent < line.len() {
                self.put();
                self.copy(&line[indent..]);
            }
        }
    }

    /// A tag is copied whole; one that prints has a mark before it, unless it eats the blanks there.
    fn tag(&mut self, text: &str) {
        if text.starts_with("{{") && !text.starts_with("{{-") {
            self.put();
        }
        let asked = || asked(text).filter(|_| self.is_traced).map(|value| (value, ")|asked"));
        match assigned(text).map(|value| (value, ")|held")).or_else(asked) {
            Some((value, filter)) => {
                self.copy(&text[..value.start]);
                self.insert("(");
                self.copy(&text[value.start..value.end]);
                self.insert(filter);
                self.copy(&text[value.end..]);
            }
            None => self.copy(text),
        }
    }

    fn insert(&mut self, text: &str) {
        self.out.push_str(text);
        self.inserted.push((self.at, text.len()));
    }

    fn copy(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        self.at += text.len();
        self.out.push_str(text);
    }

    fn put(&mut self) {
        if !self.is_traced {
            return;
        }
        self.insert(&format!("{MARK}{}{MARK_END}", self.line));
    }
}

/// The word of a statement that is none of ours: what would make values without their being weighed.
pub(super) fn foreign(tag: &str) -> Option<&str> {
    let inside = tag.strip_prefix("{%")?.trim_start_matches(['-', '+']).trim_start();
    let word = inside.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    // One finding is enough for a pair.
    let is_known = STATEMENTS.contains(&word) || word.starts_with("end") || assigned(tag).is_some();
    (!is_known).then_some(word)
}

/// The bytes of the value in a `{% set name = value %}`: it is weighed before it has a name.
fn assigned(tag: &str) -> Option<Range<usize>> {
    let inside = tag.strip_prefix("{%")?.trim_start_matches(['-', '+']).trim_start();
    inside.strip_prefix("set")?.strip_prefix(char::is_whitespace)?;
    let end = tag.strip_suffix("%}")?.trim_end_matches(['-', '+']).len();
    let start = tag.find('=')? + 1;
    (start < end).then_some(start..end)
}

/// The bytes of what an `{% if %}` or an `{% elif %}` asks, or a `{% for %}` of each item.
fn asked(tag: &str) -> Option<Range<usize>> {
    let inside = tag.strip_prefix("{%")?.trim_start_matches(['-', '+']).trim_start();
    let end = tag.strip_suffix("%}")?.trim_end_matches(['-', '+']).len();
    let from = tag.len() - inside.len();
    let start = match inside.split_once(char::is_whitespace)?.0 {
        "for" => from + outermost(&tag[from..end], " if ").filter(|at| !tag[from + at..end].contains(" else "))? + " if ".len(),
        word @ ("if" | "elif") => from + word.len(),
        _ => return None,
    };
    (!tag[start..end].trim().is_empty()).then_some(start..end)
}

/// Where a word stands last in a text, outside of brackets and strings.
fn outermost(text: &str, word: &str) -> Option<usize> {
    let (mut depth, mut quote, mut found) = (0, None, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, _) if depth == 0 && text[at..].starts_with(word) => found = Some(at),
            _ => {}
        }
    }
    found
}

/// The tags of a text, each with where it begins.
pub(super) fn tags(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (open, close) = next_tag(&text[at..])?;
        let tag = (at + open, &text[at + open..at + close]);
        at += close;
        Some(tag)
    })
}

/// The bytes of the first `{{ }}`, `{% %}` or `{# #}`; strings inside may hold the closing signs.
fn next_tag(text: &str) -> Option<(usize, usize)> {
    let open = text.match_indices('{').map(|(at, _)| at).find(|at| text[at + 1..].starts_with(['{', '%', '#']))?;
    let close = match text.as_bytes()[open + 1] {
        b'{' => "}}",
        b'%' => "%}",
        _ => return Some((open, text[open..].find("#}").map_or(text.len(), |end| open + end + 2))),
    };
    let mut quote = None;
    for (at, c) in text[open + 2..].char_indices().map(|(at, c)| (at + open + 2, c)) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if text[at..].starts_with(close) => return Some((open, at + 2)),
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
    }
    Some((open, text.len()))
}

/// Takes the marks out; gives the text and, for each place a mark was, the line it named.
pub(super) fn unmark(rendered: &str) -> (String, Vec<(u32, u32)>) {
    let mut text = String::with_capacity(rendered.len());
    let mut lines = Vec::new();
    let mut rest = rendered;
    while let Some(at) = rest.find(MARK) {
        text.push_str(&rest[..at]);
        let end = rest[at..].find(MARK_END).map_or(rest.len(), |end| at + end);
        let line = rest[at + MARK.len_utf8()..end].parse().unwrap_or(0);
        lines.push((text.len() as u32, line));
        rest = rest.get(end + MARK_END.len_utf8()..).unwrap_or_default();
    }
    text.push_str(rest);
    (text, lines)
}

/// The template's line that printed the byte at `offset`.
pub(super) fn line_at(lines: &[(u32, u32)], offset: u32) -> u32 {
    let after = lines.partition_point(|(at, _)| *at <= offset);
    lines.get(after.saturating_sub(1)).map_or(1, |(_, line)| *line)
}
