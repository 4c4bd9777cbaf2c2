//! The languages that stand inside documents, each with its own escape: a value in, a literal of the language out.

use minijinja::value::{Value, ValueKind};

/// What lakegen knows of a language: where a value may stand in it, and how it is written there.
#[derive(Debug)]
pub struct Language {
    pub name: &'static str,
    /// Characters that open and close a literal; a value inside one would not be escaped right.
    quotes: &'static [char],
    comments: &'static [&'static str],
    literal: fn(&Value) -> Result<String, String>,
}

/// Text that means nothing to anybody; a value stands in it as it is.
const RAW: Language = Language { name: "raw", quotes: &[], comments: &[], literal: plain };

pub const LANGUAGES: &[Language] = &[
    Language { name: "sh", quotes: &['\'', '"', '`'], comments: &["#"], literal: shell },
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
    /// The language at the end of a text, and where it began: Markdown holds blocks of others.
    pub fn at_end(&'static self, before: &str) -> (&'static Language, usize) {
        if self.name != "md" {
            return (self, 0);
        }
        let mut open = None;
        let mut at = 0;
        for line in before.split_inclusive('\n') {
            at += line.len();
            if let Some(name) = line.trim_start().strip_prefix("```") {
                open = if open.is_some() { None } else { Some((name.trim(), at)) };
            }
        }
        open.map_or((self, 0), |(name, at)| (language(name).unwrap_or(&RAW), at))
    }

    pub fn write(&self, value: &Value) -> Result<String, String> {
        (self.literal)(value)
    }

    /// Why a value may not stand at the end of `before`: it would be inside a literal or a comment.
    pub fn refuses_after(&self, before: &str) -> Option<&'static str> {
        if self.name == "sh" && open_heredoc(before) {
            return Some("inside a here-document");
        }
        match self.open_at_end(before) {
            None | Some('(') => None,
            Some('\n') => Some("inside a comment"),
            Some(_) => Some("inside quotes"),
        }
    }

    /// What is still open at the end of a text: a quote, a comment (a line end), or a shell's `$(`.
    fn open_at_end(&self, text: &str) -> Option<char> {
        let mut open: Vec<char> = Vec::new();
        let mut rest = text.char_indices();
        while let Some((at, c)) = rest.next() {
            let inside = open.last().copied();
            match (inside, c) {
                (Some('\n'), '\n') => drop(open.pop()),
                (Some('\n'), _) => {}
                (Some(quote), c) if c == quote && quote != '(' => drop(open.pop()),
                (Some('\''), _) if self.name == "sh" => {}
                (_, '\\') => drop(rest.next()),
                (Some('('), ')') => drop(open.pop()),
                (_, '(') if self.name == "sh" && text[..at].ends_with('$') => open.push('('),
                (None | Some('('), c) if self.quotes.contains(&c) => open.push(c),
                (None | Some('('), _) if self.starts_comment(text, at) => open.push('\n'),
                _ => {}
            }
        }
        open.pop()
    }

    fn starts_comment(&self, text: &str, at: usize) -> bool {
        let word_start = at == 0 || text[..at].ends_with(|c: char| c.is_whitespace() || c == ';');
        word_start && self.comments.iter().any(|comment| text[at..].starts_with(comment))
    }
}

/// Whether a `<<WORD` is open whose word has not come back at the start of a line.
fn open_heredoc(before: &str) -> bool {
    let Some(at) = before.rfind("<<") else { return false };
    let word = before[at + 2..].trim_start_matches('-').trim_start();
    let word: String = word.trim_start_matches(['\'', '"']).chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    !word.is_empty() && !before[at..].lines().skip(1).any(|line| line.trim_start_matches('\t') == word)
}

fn plain(value: &Value) -> Result<String, String> {
    match value.kind() {
        ValueKind::Bool => Ok(if value.is_true() { "true" } else { "false" }.to_owned()),
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
