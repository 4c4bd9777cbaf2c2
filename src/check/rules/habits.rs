//! What a query says in a way that does something else than it seems: patterns that are none, sums that one division spoils, series
//! that come and go.

use super::{Teller, Words};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::promql::{self, Expr, Kind, Matcher, OperatorKind, Type};
use crate::yaml::Yaml;

/// So many records are followed that read one another; some read each other in a circle.
const MAX_RECORDS: usize = 10;

pub(super) fn judge(teller: &Teller<'_>, expr: &Yaml<'_>, query: &Expr, pointer: &str, found: &mut Diagnostics) {
    let words = teller.words();
    let mut tell = |code: Code, message: String| {
        teller.tell_as(found, (Severity::Note, code), message, (expr.mark, "in this query"), pointer.to_owned());
    };
    query.walk(&mut |part| match &part.kind {
        Kind::Selector(selector) => {
            for message in selector.matchers.iter().filter_map(pattern) {
                tell(Code::QueryPattern, message);
            }
        }
        Kind::Aggregate { function, args, .. } if words.has("spoilt", function.name) => {
            let direct = |arg| divisor(arg, words).map(told);
            if let Some(what) =
                args.last().and_then(|arg| direct(arg).or_else(|| recorded(arg, expr.as_str(), teller, MAX_RECORDS)))
            {
                let message = format!("where one series is divided by nothing{what} {} gives no number at all", function.name);
                tell(Code::QuerySpoilt, message);
            }
        }
        _ => {}
    });
}

/// An alert on series that are chosen by their value is another one with each evaluation.
pub(super) fn fragile<'e>(query: &'e Expr, words: &Words<'_>) -> Option<&'e str> {
    match &query.kind {
        Kind::Aggregate { function, .. } if words.has("fragile", function.name) => Some(function.name),
        // Of what is put together only the sum is seen.
        Kind::Aggregate { function, args, .. } if words.has("choosing", function.name) => {
            args.iter().find_map(|arg| fragile(arg, words))
        }
        Kind::Aggregate { .. } => None,
        _ => query.children().into_iter().find_map(|inner| fragile(inner, words)),
    }
}

/// What is wrong with a pattern; one is held against the whole of a label.
fn pattern(Matcher { label, operator, value, .. }: &Matcher) -> Option<String> {
    let plain = match *operator {
        "=~" => "=",
        "!~" => "!=",
        _ => return None,
    };
    let is_pattern = value.contains(['.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$', '\\']);
    match &**value {
        "(?:)" | "()" => Some(format!("{value:?} is the empty text: {label}{plain}\"\"")),
        ".*" if *operator == "=~" => Some(format!("{label}=~\".*\" chooses everything: leave it out")),
        ".*" => Some(format!("{label}!~\".*\" chooses nothing")),
        ".+" if *operator == "!~" => Some(format!("{label}!~\".+\" is {label}=\"\"")),
        value if !is_pattern => Some(format!("{value:?} is no pattern: {label}{plain}{value:?}")),
        value
            if value.starts_with('^')
                || value.ends_with('$') && !value.ends_with("\\$")
                || value.contains("(^")
                || value.contains("|^") =>
        {
            Some(format!("the pattern of {label} is held against the whole value, also without ^ and $"))
        }
        value if takes_apart(value) => {
            Some(format!("{value:?} finds a part of {label} between others: a label of its own for it is found at once"))
        }
        _ => None,
    }
}

/// Whether a pattern looks for words with anything between or around them. One that begins or ends with anything is a set of names.
fn takes_apart(pattern: &str) -> bool {
    let plain = pattern.replace(".*", "\0").replace(".+", "\0").replace("\\.", "").replace("\\-", "");
    if plain.contains(['+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$', '\\']) {
        return false;
    }
    let parts: Vec<bool> = plain.split('\0').map(|part| part.contains(char::is_alphabetic)).collect();
    let words = parts.iter().filter(|is_word| **is_word).count();
    let is_within = !parts[0] && !parts[parts.len() - 1];
    words > 1 || words == 1 && is_within && pattern.starts_with('.') && parts.len() > 2
}

/// What a part divides by that may be 0.
fn divisor<'e>(expr: &'e Expr, words: &Words<'_>) -> Option<&'e Expr> {
    let mut seen = Vec::new();
    self::seen(expr, words, &mut seen);
    seen.into_iter().find_map(|part| match &part.kind {
        Kind::Binary { operator, right, .. } if words.has("dividing", operator.sign) => {
            may_be_zero(right, words).then_some(&**right)
        }
        _ => None,
    })
}

/// The parts whose value is seen in that of the whole, also where it is no number.
fn seen<'e>(expr: &'e Expr, words: &Words<'_>, found: &mut Vec<&'e Expr>) {
    found.push(expr);
    match &expr.kind {
        Kind::Binary { operator, left, .. } if words.has("dividing", operator.sign) => seen(left, words, found),
        // What a comparison lets through is a number.
        Kind::Binary { operator, matching, .. } if operator.kind == OperatorKind::Comparison && !matching.is_bool => {}
        Kind::Aggregate { function, .. } if !words.has("spoilt", function.name) => {}
        Kind::Call { .. } | Kind::Subquery { .. } => {}
        _ => expr.children().into_iter().for_each(|inner| seen(inner, words, found)),
    }
}

/// What a record divides by that a part reads, perhaps through other records, and which one it is. It is not the rule's own.
fn recorded(expr: &Expr, own: Option<&str>, teller: &Teller<'_>, depth: usize) -> Option<String> {
    let mut seen = Vec::new();
    self::seen(expr, teller.words(), &mut seen);
    seen.into_iter().find_map(|part| {
        let Kind::Selector(selector) = &part.kind else { return None };
        let name = selector.metric()?;
        let text = teller.records.get(name).filter(|text| own != Some(**text))?;
        let record = promql::parse(text).ok()?;
        match divisor(&record, teller.words()) {
            Some(divisor) => Some(format!("{} in the record {name},", told(divisor))),
            None => recorded(&record, own, teller, depth.checked_sub(1)?),
        }
    })
}

/// `, the_metric,`
fn told(divisor: &Expr) -> String {
    divisor.metrics().first().map_or_else(String::new, |metric| format!(", {metric},"))
}

fn may_be_zero(expr: &Expr, words: &Words<'_>) -> bool {
    let number = |at: usize, args: &[Expr]| args.get(at).and_then(constant);
    match &expr.kind {
        Kind::Paren(inner) => may_be_zero(inner, words),
        Kind::Binary { operator, matching, left, right } if operator.kind == OperatorKind::Comparison && !matching.is_bool => {
            match (constant(left), constant(right)) {
                (None, Some(edge)) => lets_through(operator.sign, 0.0, edge),
                (Some(edge), None) => lets_through(operator.sign, edge, 0.0),
                _ => true,
            }
        }
        Kind::Call { function, args } => match words.named("floors", function.name) {
            Some("least") => number(1, args).is_none_or(|least| least <= 0.0),
            Some("most") => number(1, args).is_none_or(|most| most >= 0.0),
            Some("both") => number(1, args).is_none_or(|least| least <= 0.0) && number(2, args).is_none_or(|most| most >= 0.0),
            Some("same") => number(0, args).is_none_or(|same| same == 0.0),
            _ => expr.type_() == Type::Vector,
        },
        // Nothing is counted as nothing.
        Kind::Aggregate { function, .. } => !words.has("never_zero", function.name),
        _ => constant(expr).map_or(expr.type_() == Type::Vector, |number| number == 0.0),
    }
}

fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        Kind::Number(number) => Some(*number),
        Kind::Paren(inner) => constant(inner),
        Kind::Unary(inner) => constant(inner).map(|number| -number),
        _ => None,
    }
}

fn lets_through(sign: &str, left: f64, right: f64) -> bool {
    match sign {
        "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}
