//! Regular expressions in the syntax of RE2, as the API server takes them.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

use super::{Opaque, Table, int, strings, text};
use crate::cel::fault::{Fault, Work};
use crate::cel::value::Value;

/// Bytes that a compiled pattern may take.
const MAX_SIZE: usize = 4 << 20;

/// A pattern and what it compiled to.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    regex: Regex,
}

impl Pattern {
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

pub const TABLE: Table = &[
    ("matches", |args, work| with(args, work, |regex, text| Value::Bool(regex.is_match(text)))),
    ("find", |args, work| with(args, work, |regex, text| Value::string(regex.find(text).map_or("", |found| found.as_str())))),
    ("find_all", |args, work| {
        let limit = if args.len() > 2 { usize::try_from(int(args, 2)?).unwrap_or(usize::MAX) } else { usize::MAX };
        with(args, work, |regex, text| strings(regex.find_iter(text).take(limit).map(|found| found.as_str())))
    }),
];

fn with(args: &[Value], work: &mut Work, run: impl Fn(&Regex, &str) -> Value) -> Result<Value, Fault> {
    let subject = text(args, 0)?;
    work.spend(subject.len() as u64 / 8)?;
    if let Some(Value::Opaque(opaque)) = args.get(1)
        && let Opaque::Pattern(pattern) = &**opaque
    {
        return Ok(run(&pattern.regex, subject));
    }
    let pattern = text(args, 1)?;
    work.spend(500 + 10 * pattern.len() as u64)?;
    Ok(run(&built(pattern)?, subject))
}

/// A string that is compiled already; none where it does not compile, which is told when it is used.
pub fn compile(pattern: &str) -> Option<Value> {
    let regex = built(pattern).ok()?;
    Some(Value::opaque(Opaque::Pattern(Pattern { text: pattern.into(), regex })))
}

pub fn is_valid(pattern: &str) -> bool {
    built(pattern).is_ok()
}

fn built(pattern: &str) -> Result<Regex, Fault> {
    let wrong = || Fault::new(format!("error parsing regexp: `{pattern}`"));
    if repeats_too_often(pattern) {
        return Err(wrong());
    }
    RegexBuilder::new(&translated(pattern)).size_limit(MAX_SIZE).build().map_err(|_| wrong())
}

/// RE2 repeats at most a thousand times.
fn repeats_too_often(pattern: &str) -> bool {
    let numbers = pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    numbers.flat_map(|(counts, _)| counts.split(',')).any(|count| count.parse().is_ok_and(|count: u32| count > 1000))
}

/// The classes of RE2 that know ASCII only, outside and inside of brackets.
const CLASSES: &[(char, &str, &str)] = &[
    ('d', "[0-9]", "0-9"),
    ('D', "[^0-9]", "[^0-9]"),
    ('w', "[0-9A-Za-z_]", "0-9A-Za-z_"),
    ('W', "[^0-9A-Za-z_]", "[^0-9A-Za-z_]"),
    ('s', "[\\t\\n\\f\\r ]", "\\t\\n\\f\\r "),
    ('S', "[^\\t\\n\\f\\r ]", "[^\\t\\n\\f\\r ]"),
    ('b', "(?-u:\\b)", "\\b"),
    ('B', "(?-u:\\B)", "\\B"),
];

/// The same pattern in the words of the crate, whose classes are wider and whose brackets nest.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let mut is_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escaped(&mut chars, is_class, &mut out),
            '[' if !is_class => {
                is_class = true;
                out.push('[');
                open(&mut chars, &mut out);
            }
            '[' if chars.peek() == Some(&':') => named_class(&mut chars, &mut out),
            '[' => out.push_str("\\["),
            ']' if is_class => {
                is_class = false;
                out.push(']');
            }
            '&' | '~' if is_class => {
                out.push('\\');
                out.push(c);
            }
            '{' if !is_class && !is_count(&chars) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

fn escaped(chars: &mut Peekable<Chars<'_>>, is_class: bool, out: &mut String) {
    let Some(letter) = chars.next() else { return out.push('\\') };
    match CLASSES.iter().find(|(known, ..)| *known == letter) {
        Some((_, _, inside)) if is_class => out.push_str(inside),
        Some((_, outside, _)) => out.push_str(outside),
        // \Q…\E quotes what stands between.
        None if letter == 'Q' => {
            let rest: String = chars.by_ref().collect();
            let (quoted, after) = rest.split_once("\\E").unwrap_or((&rest, ""));
            out.push_str(&regex::escape(quoted));
            out.push_str(&translated(after));
        }
        None => {
            out.push('\\');
            out.push(letter);
        }
    }
}

/// What stands first in brackets may be a bracket itself.
fn open(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if chars.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
}

/// `[:alpha:]`
fn named_class(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    for c in chars.by_ref() {
        out.push(c);
        if c == ']' {
            return;
        }
    }
}

/// Whether what follows a brace says how often: `{2}`, `{2,}`, `{2,3}`.
fn is_count(chars: &Peekable<Chars<'_>>) -> bool {
    let body: String = chars.clone().take_while(|c| *c != '}').collect();
    let is_closed = chars.clone().any(|c| c == '}');
    let (least, most) = body.split_once(',').unwrap_or((&body, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    is_closed && !least.is_empty() && is_number(least) && is_number(most)
}
