//! Text and values in; an error out for what YAML 1.2 allows and Kubernetes refuses or, worse, takes for something else.

use super::{Code, Data, Error, Key, Mark, Style, Yaml};
use crate::node::Number;

/// What ends a line in YAML 1.1 and for Kubernetes, and is one more character of it in YAML 1.2.
pub(super) fn line_end(text: &str) -> Option<Error> {
    if text.is_ascii() {
        return None;
    }
    let (start, c) = text.match_indices(['\u{85}', '\u{2028}', '\u{2029}']).next()?;
    let mark = Mark { start: start as u32, end: (start + c.len()) as u32 };
    let message = format!("a {} that different readers take differently", c.escape_unicode());
    Some(Error::new(Code::Syntax, message, mark).help("write it as an escape in double quotes"))
}

/// YAML 1.2 took the escapes of JSON over; the YAML reader of Kubernetes did not.
pub(super) fn json_escape(raw: &str, mark: Mark) -> Result<(), Box<Error>> {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        rest = &rest[at + 1..];
        if matches!(rest.as_bytes(), [b'/', ..] | [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) {
            let error = Error::new(Code::Syntax, "an escape that Kubernetes knows in JSON only", mark);
            return Err(Box::new(error.help("write the character itself in the place of \\/ or of a surrogate pair")));
        }
        rest = rest.strip_prefix('\\').unwrap_or(rest);
    }
    Ok(())
}

/// `{a:}` is the key `a` in YAML 1.2 and the key `a:` to Kubernetes; `{a :}` likewise.
pub(super) fn tight_colon(text: &str, key: &Key<'_>) -> Option<Error> {
    let after = text.as_bytes().get(key.mark.end as usize..)?.trim_ascii_start();
    let tight = key.style == Style::Plain && matches!(after, [b':', b',' | b'[' | b']' | b'{' | b'}', ..]);
    let error = || Error::new(Code::Syntax, "a colon that different readers take differently", key.mark);
    tight.then(|| error().help("write a blank after the colon"))
}

pub(super) fn infinite(yaml: &Yaml<'_>) -> Option<Error> {
    let Data::Number(Number::Float(n)) = yaml.data else { return None };
    let error = || Error::new(Code::Syntax, "JSON and Kubernetes have no infinity and no NaN", yaml.mark);
    (!n.is_finite()).then(|| error().help("put it in quotes if it is a string"))
}
