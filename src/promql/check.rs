//! The types of an expression: what Prometheus refuses although it can be read.

use super::functions::{Function, Parameter};
use super::{Error, Expr, Kind, Matching, Operator, OperatorKind, Selector, Type};

pub fn check(expr: &Expr) -> Result<(), Error> {
    for child in expr.children() {
        match &expr.kind {
            // Only its labels count, so it needs no name.
            Kind::Call { function, args } if is_labels(function, args, child) => labels_only(child)?,
            _ => check(child)?,
        }
    }
    match &expr.kind {
        Kind::Selector(selector) => selects(selector, expr),
        Kind::Call { function, args } => call(function, args, expr),
        Kind::Aggregate { function, args, .. } => call(function, args, expr),
        Kind::Binary { operator, matching, left, right } => binary(operator, matching, left, right, expr),
        Kind::Unary(inner) if !matches!(inner.type_(), Type::Scalar | Type::Vector) => {
            let message = format!("a sign stands before a number or an instant vector, not before {}", inner.type_().words());
            Err(Error::new(message, expr.at.clone()))
        }
        Kind::Subquery { expr: inner, .. } if inner.type_() != Type::Vector => {
            let message = format!("a subquery is made of an instant vector, not of {}", inner.type_().words());
            Err(Error::new(message, expr.at.clone()))
        }
        _ => Ok(()),
    }
}

fn is_labels(function: &Function, args: &[Expr], child: &Expr) -> bool {
    let index = args.iter().position(|arg| std::ptr::eq(arg, child));
    let parameter = index.and_then(|index| function.parameter(index));
    parameter.is_some_and(|parameter| parameter.type_ == Type::Labels)
}

fn labels_only(expr: &Expr) -> Result<(), Error> {
    match &expr.kind {
        Kind::Selector(selector) if selector.name.is_none() => regexes(selector),
        _ => Err(Error::new("only labels may stand here: `{label=\"value\"}`", expr.at.clone())),
    }
}

fn selects(selector: &Selector, expr: &Expr) -> Result<(), Error> {
    regexes(selector)?;
    if let Some(name) = &selector.name {
        return match selector.matchers.iter().find(|matcher| matcher.label == "__name__") {
            Some(again) => {
                Err(Error::new(format!("the metric's name is given twice: {name} and {}", again.value), again.at.clone()))
            }
            None => Ok(()),
        };
    }
    match selector.matchers.iter().all(|matcher| matches_nothing(matcher.operator, &matcher.value)) {
        true => Err(Error::new("this selects every metric: one label at least must have a value", expr.at.clone())),
        false => Ok(()),
    }
}

fn regexes(selector: &Selector) -> Result<(), Error> {
    for matcher in selector.matchers.iter().filter(|matcher| matcher.operator.ends_with('~')) {
        if let Err(error) = chooses_empty(&matcher.value) {
            let words = error.to_string();
            let last = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Err(Error::new(format!("the expression of {} cannot be read: {last}", matcher.label), matcher.at.clone()));
        }
    }
    Ok(())
}

/// Whether an expression chooses an empty value, which a label has that is not there. One that only lists names may have tens of
/// thousands of them, and is not compiled, as Prometheus does not.
fn chooses_empty(pattern: &str) -> Result<bool, regex::Error> {
    if pattern.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"_-|".contains(&sign)) {
        return Ok(pattern.split('|').any(str::is_empty));
    }
    Ok(regex::Regex::new(&format!("^(?s:{pattern})$"))?.is_match(""))
}

/// Whether a label that is not there is chosen too.
fn matches_nothing(operator: &str, value: &str) -> bool {
    match operator {
        "=" => value.is_empty(),
        "!=" => !value.is_empty(),
        _ => chooses_empty(value).unwrap_or(false) == (operator == "=~"),
    }
}

fn call(function: &Function, args: &[Expr], expr: &Expr) -> Result<(), Error> {
    let (least, most) = function.count();
    if args.len() < least || most.is_some_and(|most| args.len() > most) {
        let wanted = match most {
            Some(1) if least == 1 => "one argument".to_owned(),
            Some(most) if most == least => format!("{least} arguments"),
            Some(most) => format!("{least} to {most} arguments"),
            None => format!("{least} arguments or more"),
        };
        let message = format!("{} takes {wanted}, here are {}", function.name, args.len());
        return Err(Error::new(message, expr.at.clone()));
    }
    for (index, arg) in args.iter().enumerate() {
        let Some(Parameter { type_, .. }) = function.parameter(index) else { continue };
        if *type_ != Type::Labels && arg.type_() != *type_ {
            let message = format!("{} takes {}, here is {}", function.name, type_.words(), arg.type_().words());
            return Err(Error::new(message, arg.at.clone()));
        }
    }
    Ok(())
}

fn binary(operator: &Operator, matching: &Matching, left: &Expr, right: &Expr, expr: &Expr) -> Result<(), Error> {
    let sign = operator.sign;
    if let Some(side) = [left, right].into_iter().find(|side| !matches!(side.type_(), Type::Scalar | Type::Vector)) {
        let message = format!("{sign} stands between numbers and instant vectors, here is {}", side.type_().words());
        return Err(Error::new(message, side.at.clone()));
    }
    let scalars = [left, right].iter().filter(|side| side.type_() == Type::Scalar).count();
    if scalars == 2 && operator.kind == OperatorKind::Comparison && !matching.is_bool {
        return Err(Error::new(format!("numbers are compared with `{sign} bool`"), matching.at.clone()));
    }
    if let Some(twice) = doubled(matching) {
        return Err(Error::new(format!("the label {twice} stands in on() and in the group"), matching.at.clone()));
    }
    let is_matched = matching.labels.as_ref().is_some_and(|labels| !labels.is_empty()) || matching.is_filled;
    if scalars > 0 && is_matched {
        return Err(Error::new("labels are matched between instant vectors only", expr.at.clone()));
    }
    if operator.kind == OperatorKind::Set {
        set(sign, matching, scalars, expr)?;
    }
    Ok(())
}

fn set(sign: &str, matching: &Matching, scalars: usize, expr: &Expr) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::new(message, expr.at.clone()));
    match matching {
        _ if scalars > 0 => wrong(format!("{sign} stands between instant vectors, not numbers")),
        Matching { group: Some(_), .. } => wrong(format!("{sign} takes no group")),
        Matching { is_filled: true, .. } => wrong(format!("{sign} fills nothing in")),
        _ => Ok(()),
    }
}

fn doubled(matching: &Matching) -> Option<&String> {
    let labels = matching.labels.as_ref().filter(|_| matching.is_on)?;
    labels.iter().find(|label| matching.group.as_ref().is_some_and(|group| group.contains(label)))
}
