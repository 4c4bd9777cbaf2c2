//! What a query says in a way that does something else than it seems: patterns that are none, sums that one division spoils, series
//! that come and go.

use super::{Teller, Words};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::promql::{Expr, Kind, Matcher, OperatorKind, Type};
use crate::yaml::Yaml;

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
            if let Some(divisor) = args.last().and_then(|arg| divisor(arg, words)) {
                let what = divisor.metrics().first().map_or_else(String::new, |metric| format!(", {metric},"));
                tell(
                    Code::QuerySpoilt,
                    format!("where one series is divided by nothing{what} {} gives no number at all", function.name),
                );
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
        _ => None,
    }
}

/// What a part divides by that may be 0.
fn divisor<'e>(expr: &'e Expr, words: &Words<'_>) -> Option<&'e Expr> {
    match &expr.kind {
        Kind::Binary { operator, left, right, .. } if words.has("dividing", operator.sign) => {
            if may_be_zero(right, words) {
                Some(right)
            } else {
                divisor(left, words)
            }
        }
        // What a comparison lets through is a number.
        Kind::Binary { operator, matching, .. } if operator.kind == OperatorKind::Comparison && !matching.is_bool => None,
        Kind::Aggregate { function, .. } if !words.has("spoilt", function.name) => None,
        Kind::Call { .. } | Kind::Subquery { .. } => None,
        _ => expr.children().into_iter().find_map(|inner| divisor(inner, words)),
    }
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
