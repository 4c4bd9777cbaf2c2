//! Diagnostics in, text out: for people, for scripts, and for the services that show findings.

mod github;
mod human;
mod json;
mod junit;
mod markdown;
mod positions;
mod sarif;

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Human,
    Json,
    Jsonl,
    Sarif,
    Junit,
    Github,
    Markdown,
}

/// What was looked at and what came of it, beside the findings themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: usize,
    pub objects: usize,
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    pub excepted: usize,
    pub unknown_kinds: Vec<String>,
}

/// How the human format may look; no other format has a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// All formats tell the findings in the same order.
pub fn render(format: Format, diags: &Diagnostics, summary: &Summary, style: Style) -> String {
    let diags = &diags.in_order();
    match format {
        Format::Human => human::render(diags, summary, style),
        Format::Json => json::document(diags, summary),
        Format::Jsonl => json::lines(diags, summary),
        Format::Sarif => sarif::render(diags),
        Format::Junit => junit::render(diags),
        Format::Github => github::render(diags),
        Format::Markdown => markdown::render(diags, summary),
    }
}

impl Format {
    pub const ALL: &'static [Format] =
        &[Format::Human, Format::Json, Format::Jsonl, Format::Sarif, Format::Junit, Format::Github, Format::Markdown];

    pub fn name(self) -> &'static str {
        match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Sarif => "sarif",
            Format::Junit => "junit",
            Format::Github => "github",
            Format::Markdown => "markdown",
        }
    }

    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.iter().copied().find(|format| format.name() == name)
    }
}

impl Summary {
    /// Counts the findings; what was looked at only the caller knows.
    pub fn of(diags: &Diagnostics) -> Summary {
        Summary {
            errors: diags.count(Severity::Error),
            warnings: diags.count(Severity::Warning),
            notes: diags.count(Severity::Note),
            ..Summary::default()
        }
    }

    /// `2 errors, 1 warning`; empty where there is nothing to tell.
    pub fn sentence(&self) -> String {
        let parts: Vec<String> = self.parts().into_iter().map(|(_, part)| part).collect();
        parts.join(", ")
    }

    fn parts(&self) -> Vec<(Option<Severity>, String)> {
        let mut parts = Vec::new();
        for (severity, count, one, many) in [
            (Some(Severity::Error), self.errors, "error", "errors"),
            (Some(Severity::Warning), self.warnings, "warning", "warnings"),
            (Some(Severity::Note), self.notes, "note", "notes"),
            (None, self.excepted, "excepted", "excepted"),
        ] {
            match count {
                0 => {}
                1 => parts.push((severity, format!("1 {one}"))),
                _ => parts.push((severity, format!("{count} {many}"))),
            }
        }
        parts
    }
}

/// The message with its notes and help below it, as plain text.
fn full_text(d: &Diagnostic) -> String {
    let mut text = d.message.clone();
    for note in &d.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    if let Some(help) = &d.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}

/// The text with a sign in place of every character that a terminal or a browser would obey, or not show at all.
/// One character stays one character, so columns stay true; line feeds and tabs stay as they are.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return text.into();
    }
    text.chars().map(|c| if is_hidden(c) { sign_for(c) } else { c }).collect()
}

/// Visible text where only one line has room.
fn one_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn sign_for(hidden: char) -> char {
    match hidden {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(hidden)).expect("U+2400 to U+241F are signs"),
        '\x7f' => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// Control characters, what turns the direction of writing, invisible letters, and what XML forbids.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{E0000}'..='\u{E007F}')
}
