//! A string or number and its shape in, what is wrong with it out; and how values look in a message.

use super::{Bounds, Format, Literal, Shape, Types};
use crate::diagnostic::{Code, nearest};
use crate::node::Number;
use crate::yaml::{Data, Yaml};

/// What is wrong with a string or number of the right type.
pub(super) fn scalar_fault(shape: &Shape, value: &Yaml<'_>, name: &dyn Fn() -> String) -> Option<(Code, String, Option<String>)> {
    if !shape.choices.is_empty() && !shape.choices.iter().any(|choice| choice.is(value)) {
        return Some(wrong_choice(&shape.choices, value, &name()));
    }
    match &value.data {
        Data::Str(text) => {
            if let Some(format) = shape.format.filter(|format| !format.holds(text)) {
                return Some((Code::FieldForm, format!("{}: expected {}, found {}", name(), format.words(), show(value)), None));
            }
            if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
                return Some((Code::FieldForm, format!("{}: {} does not match {}", name(), show(value), pattern.text), None));
            }
            let bounds = shape.bounds.as_ref()?;
            let length = text.chars().count();
            let reason = outside(length, bounds.min_length, bounds.max_length, "characters")?;
            Some((Code::FieldBound, format!("{} {reason}", name()), None))
        }
        Data::Number(number) => {
            if let Some((least, most)) = shape.format.and_then(Format::range) {
                let inside = number.to_int().is_some_and(|n| (least..=most).contains(&n));
                if !inside {
                    return Some((
                        Code::FieldBound,
                        format!("{}: {} is not between {least} and {most}", name(), show(value)),
                        None,
                    ));
                }
            }
            let reason = beyond(number.to_f64(), shape.bounds.as_ref()?)?;
            Some((Code::FieldBound, format!("{}: {} {reason}", name(), show(value)), None))
        }
        _ => None,
    }
}

fn wrong_choice(choices: &[Literal], value: &Yaml<'_>, name: &str) -> (Code, String, Option<String>) {
    let words: Vec<String> = choices.iter().map(Literal::words).collect();
    let known: Vec<&str> = words.iter().map(String::as_str).collect();
    let near = value
        .as_str()
        .and_then(|text| known.iter().find(|word| word.eq_ignore_ascii_case(text)).copied().or_else(|| nearest(text, &known)));
    let help = match near {
        Some(near) => Some(format!("did you mean {near}?")),
        None if known.len() <= 24 => Some(format!("one of {}", known.join(", "))),
        None => None,
    };
    (Code::FieldChoice, format!("{name}: {} is none of the choices", show(value)), help)
}

pub(super) fn outside(number: usize, least: Option<u64>, most: Option<u64>, of: &str) -> Option<String> {
    let number = number as u64;
    match (least, most) {
        (Some(least), _) if number < least => Some(format!("has {number} {of}, and {least} is the least")),
        (_, Some(most)) if number > most => Some(format!("has {number} {of}, and {most} is the most")),
        _ => None,
    }
}

fn beyond(number: f64, bounds: &Bounds) -> Option<String> {
    match (bounds.minimum, bounds.maximum) {
        (Some((least, false)), _) if number < least => Some(format!("is less than the minimum of {least}")),
        (Some((least, true)), _) if number <= least => Some(format!("is not more than {least}")),
        (_, Some((most, false))) if number > most => Some(format!("is more than the maximum of {most}")),
        (_, Some((most, true))) if number >= most => Some(format!("is not less than {most}")),
        _ => {
            let multiple = bounds.multiple_of.filter(|of| *of != 0.0 && (number / of).fract() != 0.0)?;
            Some(format!("is not a multiple of {multiple}"))
        }
    }
}

/// `the string "two"`
pub(super) fn show(value: &Yaml<'_>) -> String {
    match &value.data {
        Data::Null => "null".to_owned(),
        Data::Bool(flag) => format!("the boolean {flag}"),
        Data::Number(Number::Int(n)) => format!("the number {n}"),
        Data::Number(Number::Float(n)) => format!("the number {n}"),
        Data::Str(text) if text.chars().count() > 80 => format!("the string {:?}…", text.chars().take(80).collect::<String>()),
        Data::Str(text) => format!("the string {text:?}"),
        Data::Seq(_) => "a list".to_owned(),
        Data::Map(_) => "a map".to_owned(),
    }
}

/// What to write in the place of a value of another type, where that is plain.
pub(super) fn remedy(types: Types, value: &Yaml<'_>) -> Option<String> {
    match &value.data {
        Data::Str(text) if types.has(Types::INTEGER) && text.parse::<i64>().is_ok() => {
            Some(format!("write {text}, without quotes"))
        }
        Data::Str(text) if types.has(Types::BOOLEAN) && matches!(&**text, "true" | "false") => {
            Some(format!("write {text}, without quotes"))
        }
        Data::Number(Number::Int(n)) if types.has(Types::STRING) => Some(format!("write \"{n}\", in quotes")),
        Data::Bool(flag) if types.has(Types::STRING) => Some(format!("write \"{flag}\", in quotes")),
        _ => None,
    }
}
