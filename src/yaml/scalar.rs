//! What Kubernetes' decoder (goyaml.v2 in sigs.k8s.io/yaml) takes a scalar for: its text and tag in, a value or key out.

use std::borrow::Cow;

use super::Data;
use crate::node::Number;

/// The value of a plain scalar without a tag, where it is not a string.
pub(super) fn resolve(text: &str) -> Option<Data<'static>> {
    match text.bytes().next() {
        None => Some(Data::Null),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => infinity(text).or_else(|| dotted(text)).map(float),
        Some(b'+' | b'-' | b'0'..=b'9') => infinity(text).map(float).or_else(|| number(text)),
        Some(_) => None,
    }
}

/// The value of a scalar with a tag of the namespace `tag:yaml.org,2002:`, or what is wrong with it.
pub(super) fn tagged<'a>(tag: &str, text: Cow<'a, str>) -> Result<Data<'a>, String> {
    let data = match tag {
        "bool" | "int" | "float" | "null" | "timestamp" => resolve(&text),
        "binary" => return binary(&text).map(|text| Data::Str(text.into())),
        _ => return Ok(Data::Str(text)),
    };
    match (tag, data) {
        ("bool", Some(data @ Data::Bool(_))) | ("null", Some(data @ Data::Null)) => Ok(data),
        ("int", Some(data @ Data::Number(Number::Int(_)))) => Ok(data),
        ("float", Some(data @ Data::Number(Number::Float(_)))) => Ok(data),
        ("float", Some(Data::Number(Number::Int(n)))) if i64::try_from(n).is_ok() => Ok(float(n as f64)),
        ("timestamp", None) if is_dated(&text) => Ok(Data::Str(text)),
        _ => Err(format!("{text} is not what its tag !!{tag} says")),
    }
}

/// The name that a key of this value has, or what is wrong with it.
pub(super) fn key_name(data: Data<'_>) -> Result<Cow<'_, str>, &'static str> {
    match data {
        Data::Str(text) => Ok(text),
        Data::Bool(flag) => Ok(if flag { "true" } else { "false" }.into()),
        Data::Number(Number::Int(n)) if i64::try_from(n).is_ok() => Ok(n.to_string().into()),
        Data::Number(Number::Int(_)) => Err("a key cannot be an integer of more than 64 bits"),
        Data::Number(Number::Float(n)) => Ok(short_float(n as f32).into()),
        Data::Null => Err("a key cannot be null"),
        Data::Seq(_) => Err("a key cannot be a list"),
        Data::Map(_) => Err("a key cannot be a map"),
    }
}

fn word(text: &str) -> Option<Data<'static>> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(Data::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(Data::Bool(false)),
        "~" | "null" | "Null" | "NULL" => Some(Data::Null),
        _ => None,
    }
}

fn infinity(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn float(number: f64) -> Data<'static> {
    Data::Number(Number::Float(number))
}

/// Text that starts with a dot goes to Go's ParseFloat as it is, which takes an underscore between digits only.
fn dotted(text: &str) -> Option<f64> {
    let between_digits = |window: &[u8]| window[1] != b'_' || (window[0].is_ascii_digit() && window[2].is_ascii_digit());
    let well_placed = !text.ends_with('_') && text.as_bytes().windows(3).all(between_digits);
    if well_placed { decimal(&text.replace('_', "")) } else { None }
}

/// Other numbers lose every underscore first.
fn number(text: &str) -> Option<Data<'static>> {
    let text: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    let integer = integer(&text).or_else(|| signed_binary(&text));
    integer.map(|n| Data::Number(Number::Int(n))).or_else(|| decimal(&text).map(float))
}

/// Go's ParseInt with base 0, then ParseUint, which knows no sign.
fn integer(text: &str) -> Option<i128> {
    let (sign, body) = split_sign(text);
    let bytes = body.as_bytes();
    let (radix, digits) = match bytes {
        [b'0', b'x' | b'X', _, ..] => (16, &body[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &body[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &body[2..]),
        [b'0', _, ..] => (8, &body[1..]),
        _ => (10, body),
    };
    in_range(sign, unsigned(digits, radix)?)
}

/// A leftover of goyaml: after `0b` it takes a sign too.
fn signed_binary(text: &str) -> Option<i128> {
    let (sign, digits) = split_sign(text.strip_prefix("0b")?);
    in_range(sign, unsigned(digits, 2)?)
}

fn split_sign(text: &str) -> (Option<u8>, &str) {
    match text.as_bytes().first() {
        Some(&sign @ (b'+' | b'-')) => (Some(sign), &text[1..]),
        _ => (None, text),
    }
}

fn unsigned(digits: &str, radix: u32) -> Option<u128> {
    if digits.bytes().all(|digit| char::from(digit).is_digit(radix)) { u128::from_str_radix(digits, radix).ok() } else { None }
}

fn in_range(sign: Option<u8>, size: u128) -> Option<i128> {
    let most = match sign {
        None => u128::from(u64::MAX),
        Some(b'-') => 1 << 63,
        Some(_) => (1 << 63) - 1,
    };
    let value = (size <= most).then_some(size as i128)?;
    Some(if sign == Some(b'-') { -value } else { value })
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, where it is not beyond a 64 bit float.
fn decimal(text: &str) -> Option<f64> {
    let (_, body) = split_sign(text);
    let (mantissa, exponent) = body.split_once(['e', 'E']).unwrap_or((body, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole_is_good = !whole.is_empty() || (!fraction.is_empty() && mantissa.starts_with('.'));
    let (_, power) = split_sign(exponent);
    let well_formed = whole_is_good && digits(whole) && digits(fraction) && digits(power) && !power.is_empty();
    let value = if well_formed { text.parse::<f64>().ok() } else { None };
    value.filter(|value| value.is_finite())
}

fn is_dated(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

/// Go's `FormatFloat(n, 'g', -1, 32)`: a float as a key has the digits of a 32 bit float.
fn short_float(n: f32) -> String {
    if n.is_nan() {
        return ".nan".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{n:e}");
    let (mantissa, power) = scientific.split_once('e').expect("Rust writes an exponent with {:e}");
    let power: i32 = power.parse().expect("Rust writes the exponent as an integer");
    if (-4..6).contains(&power) { n.to_string() } else { format!("{mantissa}e{power:+03}") }
}

fn binary(text: &str) -> Result<String, String> {
    let bytes = base64(text).ok_or("what stands after !!binary is not base64")?;
    String::from_utf8(bytes).map_err(|_| "what stands after !!binary is not text, which JSON cannot hold".to_owned())
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text[..text.len() - padding].chunks(4) {
        let bits = chunk.iter().try_fold(0, |bits, &byte| Some(bits << 6 | sextet(byte)?))? << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&u32::to_be_bytes(bits)[1..chunk.len()]);
    }
    Some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}
