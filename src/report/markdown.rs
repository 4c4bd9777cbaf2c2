//! Diagnostics in, a table for a comment or a job summary out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Summary, positions::Positions, visible};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};

/// A comment on GitHub has at most 65,536 characters.
const MOST_BYTES: usize = 60_000;

pub(super) fn render(diags: &Diagnostics, summary: &Summary) -> String {
    if diags.is_empty() {
        return "### lakegen: no findings\n".into();
    }
    let positions = Positions::of(diags);
    let mut out = format!("### lakegen: {}\n\n| | what | where |\n|---|---|---|\n", summary.sentence());
    let rows: Vec<(&Diagnostic, String)> = diags.iter().map(|d| (d, row(d, &positions))).collect();
    let shown = shown(&rows, MOST_BYTES - out.len());
    shown.iter().for_each(|at| out.push_str(&rows[*at].1));
    match rows.len() - shown.len() {
        0 => out,
        more => format!("{out}\n… and {more} more\n"),
    }
}

/// The rows that fit, in their order; where not all do, the worst.
fn shown(rows: &[(&Diagnostic, String)], room_bytes: usize) -> BTreeSet<usize> {
    let mut worst_first: Vec<usize> = (0..rows.len()).collect();
    worst_first.sort_by_key(|at| Reverse(rows[*at].0.severity));
    let mut length = 0;
    let fits = |at: &usize| {
        length += rows[*at].1.len();
        length <= room_bytes
    };
    worst_first.into_iter().take_while(fits).collect()
}

fn row(d: &Diagnostic, positions: &Positions) -> String {
    let sign = match d.severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Note => "ℹ️",
    };
    let mut what = format!("**{}**", escape(d.message.trim()));
    d.notes.iter().for_each(|note| what.push_str(&format!("<br>note: {}", escape(note))));
    d.help.iter().for_each(|help| what.push_str(&format!("<br>help: {}", escape(help))));
    let places: Vec<String> = d.places.iter().map(|place| self::place(place, positions)).collect();
    format!("| {sign} {} | {what} | {} |\n", d.code.id(), places.join("<br>"))
}

fn place(place: &Place, positions: &Positions) -> String {
    let address = code(&positions.address(place));
    if place.label.is_empty() { address } else { format!("{address} {}", escape(&place.label)) }
}

/// Code in a cell: a fence longer than any in the text, and no bar that would end the cell.
fn code(text: &str) -> String {
    let fence = "`".repeat(1 + text.split(|c| c != '`').map(str::len).max().unwrap_or_default());
    let pad = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// Text that stays text: no markup, no link, nobody called by name, no issue linked.
fn escape(text: &str) -> String {
    let text = visible(text).replace("://", &format!(":{BREAK}//")).replace("www.", &format!("www{BREAK}."));
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '$' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            '\n' => out.push_str("<br>"),
            '\t' => out.push(' '),
            '@' | '#' => out.extend([c, BREAK]),
            _ => out.push(c),
        }
    }
    out.replace(BREAK, "<!-- -->")
}

/// Becomes a comment, which is all that keeps GitHub from making links of names, issues and addresses.
/// No visible text has this character.
const BREAK: char = '\u{1}';
