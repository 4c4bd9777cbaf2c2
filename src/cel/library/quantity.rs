//! Amounts of resources: `1500m`, `2Gi`, `1e3`, exact to a billionth.

use std::cmp::Ordering;
use std::fmt;

use super::{Opaque, Table, no_overload, opaque, semver, text};
use crate::cel::fault::Fault;
use crate::cel::value::Value;

type Answer = Result<Value, Fault>;

const NANO: i128 = 1_000_000_000;

#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    /// Billionths; what is larger than fits is the largest there is.
    nano: i128,
    style: Style,
}

/// How it was written, and is written again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Style {
    Decimal,
    Binary,
    Exponent,
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nano == other.nano
    }
}

/// A suffix with the power of ten, or of 1024, that it stands for.
const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[(&str, u32)] = &[("Ki", 1), ("Mi", 2), ("Gi", 3), ("Ti", 4), ("Pi", 5), ("Ei", 6)];

pub const TABLE: Table = &[
    ("to_quantity", |args, _| parse(text(args, 0)?).map(made)),
    ("is_quantity", |args, _| Ok(Value::Bool(parse(text(args, 0)?).is_ok()))),
    ("quantity_sign", |args, _| Ok(Value::Int(quantity(args, 0)?.nano.signum() as i64))),
    ("is_greater_than", |args, _| compared(args, |order| Value::Bool(order == Ordering::Greater))),
    ("is_less_than", |args, _| compared(args, |order| Value::Bool(order == Ordering::Less))),
    ("compare_to", |args, _| compared(args, |order| Value::Int(order as i64))),
    ("quantity_float", |args, _| Ok(Value::Double(quantity(args, 0)?.nano as f64 / NANO as f64))),
    ("quantity_integer", |args, _| {
        let whole = quantity(args, 0)?.integer().ok_or_else(|| Fault::new("cannot convert value to integer"))?;
        Ok(Value::Int(whole))
    }),
    ("is_integer", |args, _| Ok(Value::Bool(quantity(args, 0)?.integer().is_some()))),
    ("quantity_add", |args, _| {
        let (a, b) = (quantity(args, 0)?, amount(args)?);
        Ok(made(Quantity { nano: a.nano.saturating_add(b), ..a }))
    }),
    ("quantity_sub", |args, _| {
        let (a, b) = (quantity(args, 0)?, amount(args)?);
        Ok(made(Quantity { nano: a.nano.saturating_sub(b), ..a }))
    }),
];

fn made(quantity: Quantity) -> Value {
    Value::opaque(Opaque::Quantity(quantity))
}

fn quantity(args: &[Value], at: usize) -> Result<Quantity, Fault> {
    match opaque(args, at)? {
        Opaque::Quantity(quantity) => Ok(*quantity),
        _ => Err(no_overload()),
    }
}

fn amount(args: &[Value]) -> Result<i128, Fault> {
    match &args[1] {
        Value::Int(number) => Ok(i128::from(*number) * NANO),
        _ => Ok(quantity(args, 1)?.nano),
    }
}

/// Quantities and versions have functions of the same names.
fn compared(args: &[Value], answer: fn(Ordering) -> Value) -> Answer {
    match (opaque(args, 0)?, opaque(args, 1)?) {
        (Opaque::Quantity(a), Opaque::Quantity(b)) => Ok(answer(a.nano.cmp(&b.nano))),
        (Opaque::Semver(a), Opaque::Semver(b)) => Ok(answer(semver::compare(a, b))),
        _ => Err(no_overload()),
    }
}

pub fn parse(text: &str) -> Result<Quantity, Fault> {
    let pattern = || Fault::new("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let length = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(length);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_suffix = suffix.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c)).trim_start_matches(['+', '-']);
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    if !has_digits || fraction.contains('.') || !is_suffix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(pattern());
    }
    let (style, factor) = scale(suffix).ok_or_else(|| Fault::new("unable to parse quantity's suffix"))?;
    let magnitude = magnitude(whole, fraction, factor, style == Style::Binary);
    Ok(Quantity { nano: if text.starts_with('-') { -magnitude } else { magnitude }, style })
}

/// The billionths in an amount, for who calculates with it.
pub fn nano(text: &str) -> Option<i128> {
    parse(text).ok().map(|quantity| quantity.nano)
}

/// What a suffix multiplies with: a power of ten, or of two.
fn scale(suffix: &str) -> Option<(Style, i32)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Style::Decimal, *power));
    }
    if let Some((_, power)) = BINARY.iter().find(|(known, _)| *known == suffix) {
        return Some((Style::Binary, *power as i32 * 10));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Style::Exponent, power))
}

/// Billionths of a number, rounded away from zero.
fn magnitude(whole: &str, fraction: &str, factor: i32, is_binary: bool) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    let Ok(mantissa) = digits.parse::<i128>() else { return i128::MAX };
    let places = 9 - fraction.len() as i32;
    if !is_binary {
        return shifted(mantissa, places.saturating_add(factor));
    }
    let scaled = mantissa.checked_mul(1i128 << factor.clamp(0, 60)).map_or(i128::MAX, |scaled| shifted(scaled, places));
    // The API server keeps binary amounts below the largest integer.
    scaled.min(i128::from(i64::MAX) * NANO)
}

fn shifted(mantissa: i128, power: i32) -> i128 {
    match u32::try_from(power) {
        Ok(power) => 10i128.checked_pow(power).and_then(|factor| mantissa.checked_mul(factor)).unwrap_or(i128::MAX),
        Err(_) => match 10i128.checked_pow(power.unsigned_abs()) {
            Some(divisor) => mantissa / divisor + i128::from(mantissa % divisor != 0),
            None => 1,
        },
    }
}

impl Quantity {
    fn integer(self) -> Option<i64> {
        if self.nano % NANO == 0 { i64::try_from(self.nano / NANO).ok() } else { None }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.nano / NANO;
        if self.style == Style::Binary && self.nano % NANO == 0 && whole.abs() >= 1024 {
            let mut power = 0;
            let mut number = whole;
            while number % 1024 == 0 && power < BINARY.len() {
                number /= 1024;
                power += 1;
            }
            let suffix = if power == 0 { "" } else { BINARY[power - 1].0 };
            return write!(f, "{number}{suffix}");
        }
        let (mut number, mut power) = (self.nano, -9);
        while number != 0 && number % 1000 == 0 && power < 18 {
            number /= 1000;
            power += 3;
        }
        if number == 0 {
            return f.write_str("0");
        }
        if self.style == Style::Exponent {
            return if power == 0 { write!(f, "{number}") } else { write!(f, "{number}e{power}") };
        }
        let suffix = DECIMAL.iter().find(|(_, known)| *known == power).map_or("", |(suffix, _)| suffix);
        write!(f, "{number}{suffix}")
    }
}
