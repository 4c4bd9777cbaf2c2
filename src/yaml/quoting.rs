//! A string in, the form out in which every reader of YAML 1.1, YAML 1.2 and JSON takes it for that same string.

use std::fmt::Write;

use super::scalar;

/// True for a text that may stand without quotes, also as a key and within brackets.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 512
        && starts_plain(text)
        && text.bytes().all(is_plain_byte)
        && !text.ends_with([':', ' '])
        && (!text.contains(' ') || text.as_bytes().windows(2).all(|pair| !matches!(pair, b": " | b" #")))
        && scalar::resolve(text).is_none()
        && !is_word_elsewhere(text)
        && !is_number_elsewhere(text)
}

/// True for a text of several lines that may stand below a `|`.
pub(super) fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with(['\n', ' '])
        && !text.contains(" \n")
        && !text.ends_with(' ')
        && escaped(text).all(|(_, c)| matches!(c, '\n' | '"' | '\\'))
}

/// Writes a string in double quotes, as JSON and YAML both read it.
pub(super) fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut written = 0;
    for (at, c) in escaped(text) {
        out.push_str(&text[written..at]);
        escape(out, c);
        written = at + c.len_utf8();
    }
    out.push_str(&text[written..]);
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => write!(out, "\\u{:04x}", u32::from(c)).expect("a String takes everything"),
    }
}

/// What quotes cannot hold as it is, each with its place. Most bytes are nothing of the kind, and one look tells so.
fn escaped(text: &str) -> impl Iterator<Item = (usize, char)> {
    let suspects = text.bytes().enumerate().filter(|(_, byte)| is_suspect(*byte));
    suspects.filter_map(|(at, _)| Some((at, text[at..].chars().next()?))).filter(|(_, c)| is_escaped(*c))
}

/// Quotes and what escapes them, control characters, line ends that only some readers know, and what no reader takes.
fn is_escaped(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') || c.is_control()
}

/// Whether a character for which `is_escaped` is true may begin with this byte.
fn is_suspect(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f | 0xc2 | 0xe2 | 0xef)
}

fn starts_plain(text: &str) -> bool {
    let first = text.as_bytes()[0];
    (first.is_ascii_alphanumeric() || b"/_.$(+^\\".contains(&first)) && !text.starts_with("...")
}

/// A list in a pattern becomes one test of bits, one in a slice a search for each byte.
fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'#' | b'/' | b'_' | b'.' | b'-' | b'$' | b'(' | b')'
        | b'+' | b'=' | b'@' | b'%' | b'~' | b';' | b':' | b'^' | b'\\' | b'<' | b'>' | b'*' | b'!' | b'?')
}

/// Words in any case that some reader takes for a boolean, null or number.
fn is_word_elsewhere(text: &str) -> bool {
    const WORDS: [&str; 13] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", ".nan", ".inf"];
    text.len() <= 5 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// What YAML 1.1 takes for a number to the base of 60 or a date, and all that looks near it; but not versions and addresses.
fn is_number_elsewhere(text: &str) -> bool {
    let bytes = text.as_bytes();
    let numeric = |byte: &u8| byte.is_ascii_digit() || b"+-.:_eExobTtZz".contains(byte);
    let dated = bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[5].is_ascii_digit();
    let starts_as_number = bytes[0].is_ascii_digit() || b"+-.".contains(&bytes[0]);
    dated || (starts_as_number && bytes.iter().all(numeric) && !is_version(text))
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.matches('.').count() >= 2 && !text.contains([':', 'T', 't', '+', '_'])
}
