//! Text in; its width, a short form of it and its escape out.

use std::borrow::Cow;

/// Signs of the longest text that is shown whole.
const MAX_SIGNS: usize = 40;

/// About how wide a text is in a common sans-serif font, rather too wide than too narrow.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let sign = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' => 0.31,
        'f' | 't' | 'r' | '-' | ' ' | '(' | ')' | '[' | ']' | '/' | 'I' | '·' => 0.40,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.93,
        'A'..='Z' | '&' | '<' | '>' | '=' | '+' | '~' | '#' => 0.76,
        c if c >= '\u{1100}' => 1.05,
        _ => 0.62,
    };
    text.chars().map(sign).sum::<f64>() * size
}

/// A text too long for a box loses its end; it stands whole in the title.
pub(super) fn short(text: &str) -> String {
    if text.chars().count() <= MAX_SIGNS {
        return text.to_owned();
    }
    text.chars().take(MAX_SIGNS - 1).chain(['…']).collect()
}

pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;").into()
}

/// A number with one decimal at most.
pub(super) fn n(number: f64) -> String {
    let text = format!("{number:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// The width of a label with its frame.
pub(super) fn label_width(label: &str) -> f64 {
    (width(&short(label), super::place::LABEL_SIZE) + 12.0).max(22.0)
}
