//! Words, numbers, strings and signs of PromQL. What a character means depends on where it stands: outside, in `{}` or in `[]`.

use super::{Error, duration, text};

#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub what: What,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Word,
    /// A number, or a duration in seconds.
    Number(f64),
    Text(String),
    Sign(&'static str),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Outside,
    Braces,
    Brackets,
}

/// Longer signs first.
const OUTSIDE: &[&str] =
    &["==", "!=", ">=", "<=", "=~", "!~", ">/", "</", "+", "-", "*", "/", "%", "^", ">", "<", "=", "@", "(", ")", "{", "[", ","];
const BRACES: &[&str] = &["!=", "!~", "=~", "=", "}", ","];
const BRACKETS: &[&str] = &["]", ":", "+", "-", "*", "/", "%", "^", "(", ")", ","];

/// The token that begins at or behind `from`.
pub fn token(input: &str, from: usize, place: Place) -> Result<Token, Error> {
    let start = skip_blanks(input, from, place);
    let rest = &input[start..];
    let Some(first) = rest.chars().next() else { return Ok(Token { what: What::End, start, end: start }) };
    let token = |what, length| Ok(Token { what, start, end: start + length });
    if first == '_' || first.is_ascii_alphabetic() || first == ':' && place == Place::Outside {
        let colon = place == Place::Outside;
        let length = rest.find(|c: char| !(is_word(c) || colon && c == ':')).unwrap_or(rest.len());
        let word = &rest[..length];
        return match place == Place::Outside && is_special_number(word) {
            true => token(What::Number(if word.eq_ignore_ascii_case("nan") { f64::NAN } else { f64::INFINITY }), length),
            false => token(What::Word, length),
        };
    }
    if matches!(first, '"' | '\'' | '`') && place != Place::Brackets {
        let (value, length) = text::read(input, start)?;
        return token(What::Text(value), length);
    }
    let is_number = first.is_ascii_digit() || first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    if is_number && place != Place::Braces {
        let length = number_length(rest);
        return token(What::Number(number(&rest[..length], start)?), length);
    }
    let signs = match place {
        Place::Outside => OUTSIDE,
        Place::Braces => BRACES,
        Place::Brackets => BRACKETS,
    };
    match signs.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => token(What::Sign(sign), sign.len()),
        None => Err(Error::new(format!("unexpected character {first:?}"), start..start + first.len_utf8())),
    }
}

/// Comments too, but within `[]` only behind a number.
fn skip_blanks(input: &str, mut at: usize, place: Place) -> usize {
    let word = input[..at].rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    let is_behind = word.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    loop {
        at += input[at..].len() - input[at..].trim_start_matches([' ', '\t', '\n', '\r']).len();
        if place == Place::Brackets && !is_behind || !input[at..].starts_with('#') {
            return at;
        }
        at += input[at..].find('\n').unwrap_or(input.len() - at);
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

fn is_special_number(word: &str) -> bool {
    word.eq_ignore_ascii_case("nan") || word.eq_ignore_ascii_case("inf")
}

/// As far as a number, a duration or a mistake in one may go.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_hex = bytes.len() > 1 && bytes[0] == b'0' && bytes[1] | 0x20 == b'x';
    let mut end = 1;
    while let Some(byte) = bytes.get(end) {
        let is_exponent = !is_hex && bytes[end - 1] | 0x20 == b'e' && matches!(byte, b'+' | b'-');
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_exponent) {
            break;
        }
        end += 1;
    }
    end
}

fn number(word: &str, start: usize) -> Result<f64, Error> {
    let at = start..start + word.len();
    match plain(word).or_else(|| duration::seconds(word)) {
        Some(number) if number.is_finite() => Ok(number),
        Some(_) => Err(Error::new("this number is too large", at)),
        None => Err(Error::new(format!("{word} is neither a number nor a duration"), at)),
    }
}

/// `1_000`, `0x1F`, `0755` (octal), `1.5e3`.
fn plain(word: &str) -> Option<f64> {
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let is_digit =
        |byte: Option<&u8>| byte.is_some_and(|byte| if hex.is_some() { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() });
    let bytes = word.as_bytes();
    let is_joined = |at: usize| at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1));
    if !word.match_indices('_').all(|(at, _)| is_joined(at)) {
        return None;
    }
    let integer = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(|number| number as f64);
    if let Some(hex) = hex {
        return integer(&hex.replace('_', ""), 16);
    }
    let digits = word.replace('_', "");
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(&digits, 8).or_else(|| digits.parse().ok());
    }
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    digits.parse().ok().filter(|_| is_plain)
}
