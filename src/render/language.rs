//! The languages that stand inside documents, each with its own escape: a value in, a literal of the language out.

use minijinja::value::{Value, ValueKind};

use super::whole::Whole;

/// What lakegen knows of a language: where a value may stand in it, and how it is written there.
#[derive(Debug)]
pub struct Language {
    pub name: &'static str,
    /// Characters that open and close a literal; a value inside one would not be escaped right.
    pub(super) quotes: &'static [char],
    pub(super) comments: &'static [&'static str],
    literal: fn(&Value) -> Result<String, String>,
}

/// Text that means nothing to anybody; a value stands in it as it is.
pub const RAW: Language = Language { name: "raw", quotes: &[], comments: &[], literal: plain };

pub const LANGUAGES: &[Language] = &[
    Language { name: "sh", quotes: &['\'', '"', '`'], comments: &["#"], literal: shell },
    Language { name: "py", quotes: &['\'', '"'], comments: &["#"], literal: quoted_json },
    Language { name: "sql", quotes: &['\'', '"'], comments: &["--"], literal: sql },
    Language { name: "promql", quotes: &['\'', '"', '`'], comments: &["#"], literal: quoted_json },
    Language { name: "toml", quotes: &['\'', '"'], comments: &["#"], literal: json },
    Language { name: "json", quotes: &['"'], comments: &[], literal: json },
    RAW,
    Language { name: "md", quotes: &[], comments: &[], literal: markdown },
];

pub fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.name == name)
}

impl Language {
    pub fn write(&self, value: &Value) -> Result<String, String> {
        (self.literal)(value)
    }
}

fn plain(value: &Value) -> Result<String, String> {
    match value.kind() {
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.to_owned()),
        _ if value.downcast_object_ref::<Whole>().is_some_and(|whole| !whole.is_text()) => {
            Err("a list or table is no text".to_owned())
        }
        ValueKind::Number | ValueKind::String | ValueKind::Plain => Ok(value.to_string()),
        kind => Err(format!("{kind} is no text")),
    }
}

fn no_nul(text: String) -> Result<String, String> {
    if text.contains('\0') { Err("a NUL byte cannot stand in this language".to_owned()) } else { Ok(text) }
}

fn each(value: &Value, one: fn(&Value) -> Result<String, String>, between: &str) -> Result<String, String> {
    let items = value.try_iter().map_err(|error| error.to_string())?;
    Ok(items.map(|item| one(&item)).collect::<Result<Vec<_>, _>>()?.join(between))
}

fn shell(value: &Value) -> Result<String, String> {
    if value.kind() == ValueKind::Seq {
        return each(value, shell, " ");
    }
    let text = no_nul(plain(value)?)?;
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !text.is_empty() && text.chars().all(is_safe) && !RESERVED.contains(&text.as_str()) {
        return Ok(text);
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Words that a shell takes for its own where a command may stand.
const RESERVED: &[&str] = &[
    "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then", "time", "until", "while",
];

fn sql(value: &Value) -> Result<String, String> {
    match value.kind() {
        ValueKind::Seq => each(value, sql, ", "),
        ValueKind::Number | ValueKind::Bool => plain(value),
        _ => Ok(format!("'{}'", no_nul(plain(value)?)?.replace('\'', "''"))),
    }
}

fn quoted_json(value: &Value) -> Result<String, String> {
    match value.kind() {
        ValueKind::Number => plain(value),
        _ => Ok(serde_json::Value::String(plain(value)?).to_string()),
    }
}

fn json(value: &Value) -> Result<String, String> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => Ok(format!("[{}]", each(value, json, ", ")?)),
        ValueKind::Number | ValueKind::Bool => plain(value),
        // TOML refuses a raw DEL, which JSON lets pass.
        _ => Ok(serde_json::Value::String(plain(value)?).to_string().replace('\u{7f}', "\\u007f")),
    }
}

fn markdown(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    for c in plain(value)?.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '{' | '}' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Text that an inner language's escape has made safe.
#[derive(Debug)]
pub(super) struct Escaped(pub String);

impl minijinja::value::Object for Escaped {
    fn repr(self: &std::sync::Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }

    fn render(self: &std::sync::Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
