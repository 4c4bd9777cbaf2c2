//! Diagnostics in, GitHub workflow commands out: the annotations of a pull request.

use std::collections::BTreeMap;

use super::{full_text, positions::Positions, visible};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};

/// GitHub shows no more of each level for one step, and drops the rest without a word.
const MOST: usize = 10;

pub(super) fn render(diags: &Diagnostics) -> String {
    let positions = Positions::of(diags);
    let mut out = String::new();
    let mut shown: BTreeMap<Severity, usize> = BTreeMap::new();
    for d in diags.iter() {
        let count = shown.entry(d.severity).or_default();
        *count += 1;
        if *count <= MOST {
            out.push_str(&command(d, &positions));
        }
    }
    out + &rest(diags)
}

fn command(d: &Diagnostic, positions: &Positions) -> String {
    let name = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place = d.places.first().map(|place| self::place(place, positions) + ",").unwrap_or_default();
    let title = property(&format!("{} {}", d.code.id(), d.code.title()));
    let others: String = d.places.iter().skip(1).map(|place| format!("\n{}", positions.sentence(place))).collect();
    format!("::{name} {place}title={title}::{}\n", message(&(full_text(d) + &others)))
}

fn place(place: &Place, positions: &Positions) -> String {
    let file = property(place.span.source.name.trim_start_matches("./"));
    if place.span.source.text.is_empty() {
        return format!("file={file}");
    }
    let (start, end) = positions.range(&place.span);
    match start.line == end.line {
        true => format!("file={file},line={},endLine={},col={},endColumn={}", start.line, end.line, start.column, end.column),
        // Columns of different lines are refused.
        false => format!("file={file},line={},endLine={}", start.line, end.line),
    }
}

fn rest(diags: &Diagnostics) -> String {
    let hidden = |severity| diags.count(severity).saturating_sub(MOST);
    let summary = super::Summary {
        errors: hidden(Severity::Error),
        warnings: hidden(Severity::Warning),
        notes: hidden(Severity::Note),
        ..Default::default()
    };
    match summary.sentence() {
        none if none.is_empty() => none,
        some => format!("lakegen: not shown here: {some}; --format sarif has them all\n"),
    }
}

fn message(text: &str) -> String {
    visible(text).replace('\t', " ").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
