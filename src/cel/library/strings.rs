//! Strings: counted in characters, not in bytes.

use std::sync::Arc;

use super::{Table, convert, int, items, text};
use crate::cel::fault::{Fault, Work};
use crate::cel::value::Value;

type Answer = Result<Value, Fault>;

pub const TABLE: Table = &[
    ("contains", |args, _| Ok(Value::Bool(text(args, 0)?.contains(text(args, 1)?)))),
    ("starts_with", |args, _| Ok(Value::Bool(text(args, 0)?.starts_with(text(args, 1)?)))),
    ("ends_with", |args, _| Ok(Value::Bool(text(args, 0)?.ends_with(text(args, 1)?)))),
    ("char_at", |args, _| char_at(text(args, 0)?, int(args, 1)?)),
    ("index_of", index_of),
    ("last_index_of", last_index_of),
    ("lower_ascii", |args, _| Ok(Value::String(text(args, 0)?.to_ascii_lowercase().into()))),
    ("upper_ascii", |args, _| Ok(Value::String(text(args, 0)?.to_ascii_uppercase().into()))),
    ("replace", replace),
    ("split", |args, _| split(args)),
    ("substring", |args, _| substring(args)),
    ("trim", |args, _| Ok(Value::string(text(args, 0)?.trim_matches(is_space)))),
    ("format", |args, work| super::format::format(text(args, 0)?, items(args, 1)?, work).map(|text| Value::String(text.into()))),
    ("quote", |args, _| Ok(Value::String(quote(text(args, 0)?).into()))),
    ("join", join),
];

fn out_of_range(index: i64) -> Fault {
    Fault::new(format!("index out of range: {index}"))
}

fn char_at(text: &str, index: i64) -> Answer {
    let at = usize::try_from(index).map_err(|_| out_of_range(index))?;
    match text.chars().nth(at) {
        Some(c) => Ok(Value::string(c.encode_utf8(&mut [0; 4]))),
        None if at == text.chars().count() => Ok(Value::string("")),
        None => Err(out_of_range(index)),
    }
}

/// The bytes from a character on; none where there are fewer.
fn from_character(text: &str, index: usize) -> Option<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

fn index_of(args: &[Value], work: &mut Work) -> Answer {
    if let Value::List(items) = &args[0] {
        return position(items.iter().enumerate(), &args[1], work);
    }
    let (text, wanted) = (text(args, 0)?, text(args, 1)?);
    let offset = if args.len() > 2 { int(args, 2)? } else { 0 };
    if wanted.is_empty() {
        return Ok(Value::Int(offset));
    }
    let start = usize::try_from(offset).map_err(|_| out_of_range(offset))?;
    let Some(from) = from_character(text, start) else { return Ok(Value::Int(-1)) };
    let found = text[from..].find(wanted).map(|at| text[..from + at].chars().count() as i64);
    Ok(Value::Int(found.unwrap_or(-1)))
}

fn last_index_of(args: &[Value], work: &mut Work) -> Answer {
    if let Value::List(items) = &args[0] {
        return position(items.iter().enumerate().rev(), &args[1], work);
    }
    let (text, wanted) = (text(args, 0)?, text(args, 1)?);
    let length = text.chars().count() as i64;
    let offset = if args.len() > 2 {
        int(args, 2)?
    } else if wanted.is_empty() {
        length
    } else {
        (length - 1).max(0)
    };
    if wanted.is_empty() {
        return Ok(Value::Int(offset));
    }
    let last = usize::try_from(offset).map_err(|_| out_of_range(offset))?;
    if offset >= length {
        return Ok(Value::Int(-1));
    }
    work.spend(text.len() as u64 / 8)?;
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).take(last + 1).collect();
    let found = starts.iter().rposition(|at| text[*at..].starts_with(wanted));
    Ok(Value::Int(found.map_or(-1, |at| at as i64)))
}

fn position<'a>(items: impl Iterator<Item = (usize, &'a Value)>, wanted: &Value, work: &mut Work) -> Answer {
    for (at, item) in items {
        if item.equals(wanted, work)? {
            return Ok(Value::Int(at as i64));
        }
    }
    Ok(Value::Int(-1))
}

fn replace(args: &[Value], work: &mut Work) -> Answer {
    let (text, old, new) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    let limit = if args.len() > 3 { usize::try_from(int(args, 3)?).unwrap_or(usize::MAX) } else { usize::MAX };
    let most = text.chars().count().saturating_add(1).min(limit);
    let times = if old.is_empty() { most } else { text.matches(old).take(limit).count() };
    work.spend((text.len() as u64).saturating_add((times as u64).saturating_mul(new.len() as u64)) / 8)?;
    Ok(Value::String(text.replacen(old, new, limit).into()))
}

fn split(args: &[Value]) -> Answer {
    let (text, separator) = (text(args, 0)?, text(args, 1)?);
    let limit = if args.len() > 2 { int(args, 2)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(Value::list(Vec::new()));
    }
    if !separator.is_empty() {
        return Ok(super::strings(text.splitn(limit, separator)));
    }
    // Without a separator each character is a part, and the last takes what is left.
    let cut = from_character(text, limit - 1).filter(|at| *at < text.len()).unwrap_or(text.len());
    let letters = text[..cut].chars().map(|c| c.to_string());
    let rest = (cut < text.len()).then(|| text[cut..].to_owned());
    Ok(super::strings(letters.chain(rest)))
}

fn substring(args: &[Value]) -> Answer {
    let (text, start) = (text(args, 0)?, int(args, 1)?);
    let end = if args.len() > 2 { Some(int(args, 2)?) } else { None };
    if let Some(end) = end.filter(|end| start > *end) {
        return Err(Fault::new(format!("invalid substring range. start: {start}, end: {end}")));
    }
    let place = |index: i64| {
        let found = usize::try_from(index).ok().and_then(|at| from_character(text, at));
        found.ok_or_else(|| out_of_range(index))
    };
    let from = place(start)?;
    let to = end.map_or(Ok(text.len()), place)?;
    Ok(Value::string(&text[from..to]))
}

/// What Go takes for white space.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

fn join(args: &[Value], work: &mut Work) -> Answer {
    let parts = items(args, 0)?;
    let separator = if args.len() > 1 { text(args, 1)? } else { "" };
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let Some(part) = part.as_str() else {
            let shown = convert::to_string(part).unwrap_or_else(|_| part.kind().to_string());
            return Err(Fault::new(format!("join: invalid input: {shown}")));
        };
        work.spend((part.len() + separator.len()) as u64 / 8 + 1)?;
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(part);
    }
    Ok(Value::String(Arc::from(out)))
}

/// As a literal of CEL.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
