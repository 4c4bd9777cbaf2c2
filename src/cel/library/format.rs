//! `"%d of %s".format([1, "two"])`: the clauses of a text, which the validator reads too, and what they print.

use super::{convert, number};
use crate::cel::fault::{Fault, Work};
use crate::cel::types::Type;
use crate::cel::value::Value;

/// A piece of a format string.
pub enum Piece {
    Text(String),
    Clause { letter: char, precision: Option<usize> },
}

/// Digits after the point that nobody needs more of.
const MAX_PRECISION: usize = 1000;

/// The next piece of a format string, and what follows it.
pub fn piece(text: &str) -> Result<(Piece, &str), String> {
    let Some(clause) = text.strip_prefix('%') else {
        let end = text.find('%').unwrap_or(text.len());
        return Ok((Piece::Text(text[..end].to_owned()), &text[end..]));
    };
    if let Some(rest) = clause.strip_prefix('%') {
        return Ok((Piece::Text("%".to_owned()), rest));
    }
    let (precision, rest) = match clause.strip_prefix('.') {
        Some(digits) => {
            let end = digits.find(|c: char| !c.is_ascii_digit()).ok_or("could not find end of precision specifier")?;
            let precision = digits[..end].parse().ok().filter(|precision| *precision <= MAX_PRECISION);
            (Some(precision.ok_or("error while converting precision to integer")?), &digits[end..])
        }
        None => (None, clause),
    };
    let letter = rest.chars().next().ok_or("unexpected end of string")?;
    if !LETTERS.iter().any(|(known, ..)| *known == letter) {
        return Err(format!("could not parse formatting clause: unrecognized formatting clause \"{letter}\""));
    }
    Ok((Piece::Clause { letter, precision }, &rest[letter.len_utf8()..]))
}

/// The letter of a clause, the types it prints, and what is said about another.
const LETTERS: &[(char, &[&str], &str)] = &[
    (
        's',
        &[
            "string",
            "bool",
            "bytes",
            "int",
            "uint",
            "double",
            "map",
            "list",
            "type",
            "google.protobuf.Duration",
            "google.protobuf.Timestamp",
            "null_type",
        ],
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
    ),
    ('d', &["int", "uint"], "decimal clause can only be used on integers"),
    ('f', &["double", "string"], "fixed-point clause can only be used on doubles"),
    ('e', &["double", "string"], "scientific clause can only be used on doubles"),
    ('b', &["int", "uint", "bool"], "only integers and bools can be formatted as binary"),
    ('x', &["int", "uint", "string", "bytes"], "only integers, byte buffers, and strings can be formatted as hex"),
    ('X', &["int", "uint", "string", "bytes"], "only integers, byte buffers, and strings can be formatted as hex"),
    ('o', &["int", "uint"], "octal clause can only be used on integers"),
];

/// What is wrong with a clause for values of this type, if anything is.
pub fn refusal(letter: char, of: &Type) -> Option<String> {
    let (_, types, message) = LETTERS.iter().find(|(known, ..)| *known == letter)?;
    let fits = of.is_dyn() || types.contains(&of.name());
    (!fits).then(|| format!("error during formatting: {message}, was given {}", of.name()))
}

pub fn format(template: &str, args: &[Value], work: &mut Work) -> Result<String, Fault> {
    let (mut out, mut rest, mut next) = (String::new(), template, 0);
    while !rest.is_empty() {
        let is_clause = rest.starts_with('%') && !rest.starts_with("%%");
        let arg = args.get(next);
        if is_clause && arg.is_none() {
            return Err(Fault::new(format!("index {next} out of range")));
        }
        let (piece, after) = piece(rest).map_err(Fault::new)?;
        rest = after;
        match (piece, arg) {
            (Piece::Text(text), _) => out.push_str(&text),
            (Piece::Clause { letter, precision }, Some(arg)) => {
                out.push_str(&clause(letter, precision, arg, work)?);
                next += 1;
            }
            (Piece::Clause { .. }, None) => {}
        }
        work.spend(out.len() as u64 / 1024 + 1)?;
    }
    Ok(out)
}

fn clause(letter: char, precision: Option<usize>, arg: &Value, work: &mut Work) -> Result<String, Fault> {
    let wrong = || {
        let message = refusal(letter, &arg.kind()).unwrap_or_else(|| "error during formatting".to_owned());
        Err(Fault::new(message))
    };
    if refusal(letter, &arg.kind()).is_some() {
        return wrong();
    }
    Ok(match (letter, arg) {
        ('s', _) => shown(arg, work)?,
        ('f', _) => match double(arg) {
            Some(value) if value.is_finite() => number::grouped(value, precision.unwrap_or(6)),
            Some(value) => infinite(value).to_owned(),
            None => return wrong(),
        },
        ('e', _) => match double(arg) {
            Some(value) => {
                let text = if value.is_finite() { number::scientific(value) } else { infinite(value).to_owned() };
                format!("{text:>width$}", width = precision.unwrap_or(6))
            }
            None => return wrong(),
        },
        ('b', Value::Bool(flag)) => u8::from(*flag).to_string(),
        ('x', Value::Bytes(bytes)) => hex(bytes),
        ('X', Value::Bytes(bytes)) => hex(bytes).to_uppercase(),
        (_, Value::Int(value)) => signed(letter, *value < 0, value.unsigned_abs()),
        (_, Value::Uint(value)) => signed(letter, false, *value),
        (_, text) => match (letter, text.as_str()) {
            ('x', Some(text)) => hex(text.as_bytes()),
            ('X', Some(text)) => hex(text.as_bytes()).to_uppercase(),
            _ => return wrong(),
        },
    })
}

fn double(arg: &Value) -> Option<f64> {
    match (arg, arg.as_str()) {
        (Value::Double(value), _) => Some(*value),
        (_, Some("NaN")) => Some(f64::NAN),
        (_, Some("Infinity")) => Some(f64::INFINITY),
        (_, Some("-Infinity")) => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn infinite(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "∞",
        f64::NEG_INFINITY => "-∞",
        _ => "NaN",
    }
}

fn signed(letter: char, is_negative: bool, value: u64) -> String {
    let digits = match letter {
        'b' => format!("{value:b}"),
        'o' => format!("{value:o}"),
        'x' => format!("{value:x}"),
        'X' => format!("{value:X}"),
        _ => value.to_string(),
    };
    if is_negative { format!("-{digits}") } else { digits }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `%s` prints of a value.
fn shown(value: &Value, work: &mut Work) -> Result<String, Fault> {
    match value {
        Value::Null => Ok("null".to_owned()),
        Value::List(items) => {
            let texts: Result<Vec<String>, Fault> = items.iter().map(|item| literal(item, work)).collect();
            Ok(format!("[{}]", texts?.join(", ")))
        }
        Value::Map(map) => {
            let mut texts = Vec::new();
            for (key, value) in map.entries() {
                texts.push((literal(key, work)?, literal(value, work)?));
            }
            texts.sort();
            let texts: Vec<String> = texts.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            Ok(format!("{{{}}}", texts.join(", ")))
        }
        other => convert::to_string(other).map_err(|_| match refusal('s', &other.kind()) {
            Some(message) => Fault::new(message),
            None => Fault::new("error during formatting"),
        }),
    }
}

/// A value inside of a list or map.
fn literal(value: &Value, work: &mut Work) -> Result<String, Fault> {
    work.spend(1)?;
    let text = match value {
        Value::Double(number) if number.is_finite() => return Ok(format!("{number:.6}")),
        other => shown(other, work)?,
    };
    work.spend(text.len() as u64 / 8)?;
    Ok(match value {
        Value::Duration(_) => format!("duration({text:?})"),
        Value::Timestamp(_) => format!("timestamp({text:?})"),
        Value::Bytes(_) => format!("b{text:?}"),
        Value::Double(_) => format!("{text:?}"),
        other if other.as_str().is_some() => format!("{text:?}"),
        _ => text,
    })
}
