//! Alerts: whether one can do anything but fire, and what its templates ask for.

use std::collections::BTreeSet;

use super::labels::Labels;
use super::{Teller, Words, habits};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::promql::{Expr, Kind, OperatorKind, Type};
use crate::structural::Path;
use crate::yaml::{Entry, Mark, Yaml};

pub(super) fn judge(
    teller: &Teller<'_>,
    (group, rule): (&Yaml<'_>, &Yaml<'_>),
    query: &Expr,
    path: &Path<'_>,
    found: &mut Diagnostics,
) {
    let words = teller.words();
    let expr = rule.get("expr").expect("it was read");
    let is_meant = expr.as_str().is_some_and(|text| text.trim() == words.text("meant_to_fire"));
    if let Some(why) = always(query, words).filter(|_| !is_meant) {
        let pointer = path.field("expr").pointer();
        let message = format!("this alert fires as long as there is anything: {why}");
        teller.tell_as(found, (Severity::Note, Code::AlwaysFires), message, (expr.mark, "in this query"), pointer);
    }
    if let Some(name) = habits::fragile(query, words) {
        let message = format!("{name} chooses other series with each evaluation: the alert comes and goes");
        let pointer = path.field("expr").pointer();
        teller.tell_as(found, (Severity::Note, Code::QueryFragile), message, (expr.mark, "in this query"), pointer);
    }
    let own = [group, rule].into_iter().flat_map(|part| part.get("labels").map_or(&[][..], Yaml::entries));
    let labels = own.fold(Labels::of(query, words), |labels, entry| labels.with(&entry.key.name));
    for table in ["labels", "annotations"] {
        for Entry { key, value } in rule.get(table).map_or(&[][..], Yaml::entries) {
            if let Some(text) = value.as_str().filter(|text| text.contains("{{")) {
                let pointer = path.field(table).field(&key.name).pointer();
                Template { teller, words, text, mark: value.mark, pointer }.judge(table == "labels", &labels, found);
            }
        }
    }
}

const GIVES_ALWAYS: &str = "a part of its query always gives something";

/// Why a query always gives something, where it does.
fn always(expr: &Expr, words: &Words<'_>) -> Option<&'static str> {
    match &expr.kind {
        Kind::Number(_) | Kind::String(_) => Some(GIVES_ALWAYS),
        Kind::Selector(_) => Some("its query compares nothing"),
        Kind::Call { function, .. } if words.has("absent", function.name) => None,
        Kind::Call { function, .. } if words.has("always", function.name) => Some(GIVES_ALWAYS),
        Kind::Binary { operator, matching, left, right } => match operator.kind {
            OperatorKind::Comparison if !matching.is_bool => None,
            OperatorKind::Set if operator.sign == "or" => always(left, words).or_else(|| always(right, words)),
            OperatorKind::Set => None,
            OperatorKind::Arithmetic | OperatorKind::Comparison => {
                let mut vectors = [left, right].into_iter().filter(|side| side.type_() == Type::Vector).peekable();
                match vectors.peek() {
                    None => Some(GIVES_ALWAYS),
                    Some(_) => vectors.map(|side| always(side, words)).collect::<Option<Vec<_>>>().map(|all| all[0]),
                }
            }
        },
        _ => {
            let vectors = expr.children().into_iter().filter(|inner| matches!(inner.type_(), Type::Vector | Type::Matrix));
            vectors.map(|inner| always(inner, words)).collect::<Option<Vec<_>>>().and_then(|all| all.first().copied())
        }
    }
}

struct Template<'t> {
    teller: &'t Teller<'t>,
    words: &'t Words<'t>,
    text: &'t str,
    mark: Mark,
    pointer: String,
}

impl Template<'_> {
    fn judge(&self, is_label: bool, labels: &Labels<'_>, found: &mut Diagnostics) {
        let mut known: BTreeSet<&str> = self.words.of("template", "variables").collect();
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        // Inside of these a dot is something else.
        let has_scope = ["range", "with"]
            .iter()
            .any(|word| actions(self.text).any(|action| action.trim_start_matches(['-', ' ']).starts_with(word)));
        for action in actions(self.text) {
            let tokens = tokens(action);
            let is_condition = tokens.first().is_some_and(|first| matches!(first.text, "if" | "else" | "with"));
            for (at, token) in tokens.iter().enumerate() {
                let name = token.text.trim_start_matches(['$', '.']);
                let is_set = tokens.get(at + 1).is_some_and(|next| matches!(next.text, ":=" | ","));
                match token.text.chars().next() {
                    Some('$') if is_set => drop(known.insert(name)),
                    Some('$') if !name.is_empty() && !known.contains(name) => {
                        self.tell(found, Severity::Error, format!("templates here have no variable ${name}"));
                    }
                    Some('a'..='z' | 'A'..='Z') if !self.is_word(name) => {
                        self.tell(found, Severity::Error, format!("templates here have no function {name}"));
                    }
                    _ => {}
                }
                let is_value = self.words.of("template", "value").any(|value| value == token.text)
                    && !(has_scope && token.text.starts_with('.'));
                if is_label && is_value && !is_condition {
                    let message = "the value in a label makes another alert of each value: it belongs into an annotation";
                    self.tell(found, Severity::Warning, message.to_owned());
                }
                if token.text == "$labels" || token.text == ".Labels" && !has_scope {
                    asked.extend(tokens.get(at + 1).filter(|next| next.is_joined).and_then(|next| next.text.strip_prefix('.')));
                }
            }
        }
        for label in asked.into_iter().filter(|label| !labels.may_have(label)) {
            let message = format!("what the query gives has no label {label}");
            self.tell(found, Severity::Warning, message);
        }
    }

    fn is_word(&self, name: &str) -> bool {
        ["words", "functions"].iter().any(|list| self.words.of("template", list).any(|known| known == name))
    }

    fn tell(&self, found: &mut Diagnostics, severity: Severity, message: String) {
        let place = (self.mark, "in this text");
        self.teller.tell_as(found, (severity, Code::AlertTemplate), message, place, self.pointer.clone());
    }
}

/// How long a text in quotes is.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            _ if sign == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// What stands between `{{` and `}}`.
fn actions(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("}}")?.0))
        .filter(|action| !action.trim_start_matches(['-', ' ']).starts_with("/*"))
}

struct Token<'t> {
    text: &'t str,
    /// Nothing stands between it and the one before.
    is_joined: bool,
}

/// Names with their sign, `:=`, commas and bars; texts and numbers are left out.
fn tokens(action: &str) -> Vec<Token<'_>> {
    let (mut found, mut at, mut end) = (Vec::new(), 0, usize::MAX);
    while let Some(sign) = action[at..].chars().next() {
        let rest = &action[at..];
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = match sign {
            '"' | '\'' | '`' => quoted(rest, sign),
            '$' | '.' => sign.len_utf8() + rest[1..].find(|c| !is_name(c)).unwrap_or(rest.len() - 1),
            ':' if rest.starts_with(":=") => 2,
            c if is_name(c) => rest.find(|c| !(is_name(c) || c == '.' && sign.is_ascii_digit())).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        if !sign.is_whitespace() && !matches!(sign, '"' | '\'' | '`' | '0'..='9' | '-') {
            found.push(Token { text: &rest[..length], is_joined: end == at });
        }
        at += length;
        end = at;
    }
    found
}
