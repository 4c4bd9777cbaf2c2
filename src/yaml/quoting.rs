//! A string in, the form out in which every reader of YAML 1.1, YAML 1.2 and JSON takes it for that same string.

use std::fmt::Write;

use super::scalar;

/// True for a text that may stand without quotes, also as a key and within brackets.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 512
        && starts_plain(text)
        && !text.ends_with([':', ' '])
        && text.as_bytes().windows(2).all(|pair| !matches!(pair, b": " | b" #"))
        && text.bytes().all(is_plain_byte)
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
        && text.chars().all(|c| c == '\n' || !is_escaped(c))
}

/// Writes a string in double quotes, as JSON and YAML both read it.
pub(super) fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c| matches!(c, '"' | '\\') || is_escaped(c)) {
        let c = rest[at..].chars().next().expect("find stops at a character");
        out.push_str(&rest[..at]);
        escape(out, c);
        rest = &rest[at + c.len_utf8()..];
    }
    out.push_str(rest);
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

/// Control characters, line ends that only some readers know, and what no reader takes unescaped.
fn is_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn starts_plain(text: &str) -> bool {
    let first = text.as_bytes()[0];
    (first.is_ascii_alphanumeric() || b"/_.$(+^\\".contains(&first)) && !text.starts_with("...")
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" #/_.-$()+=@%~;:^\\<>*!?".contains(&byte)
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
