//! Values of one type made of another.

use super::{Table, net, no_overload, number, time};
use crate::cel::fault::Fault;
use crate::cel::value::Value;

type Answer = Result<Value, Fault>;

pub const TABLE: Table = &[
    ("to_bool", |args, _| to_bool(&args[0])),
    ("to_bytes", |args, _| to_bytes(&args[0])),
    ("to_double", |args, _| to_double(&args[0])),
    ("to_int", |args, _| to_int(&args[0])),
    ("to_uint", |args, _| to_uint(&args[0])),
    ("to_string", |args, _| to_string(&args[0]).map(|text| Value::String(text.into()))),
    ("to_duration", |args, _| to_duration(&args[0])),
    ("to_timestamp", |args, _| to_timestamp(&args[0])),
    ("to_ip", |args, _| net::to_ip(args)),
    ("to_cidr", |args, _| net::to_cidr(args)),
];

fn unlike(value: &Value, to: &str) -> Fault {
    Fault::new(format!("type conversion error from '{}' to '{to}'", value.kind().name()))
}

fn to_bool(value: &Value) -> Answer {
    match (value, value.as_str()) {
        (Value::Bool(_), _) => Ok(value.clone()),
        (_, Some("1" | "t" | "T" | "true" | "TRUE" | "True")) => Ok(Value::Bool(true)),
        (_, Some("0" | "f" | "F" | "false" | "FALSE" | "False")) => Ok(Value::Bool(false)),
        _ => Err(unlike(value, "bool")),
    }
}

fn to_bytes(value: &Value) -> Answer {
    match (value, value.as_str()) {
        (Value::Bytes(_), _) => Ok(value.clone()),
        (_, Some(text)) => Ok(Value::Bytes(text.as_bytes().into())),
        _ => Err(unlike(value, "bytes")),
    }
}

fn to_double(value: &Value) -> Answer {
    let number = match value {
        Value::Double(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        other => other.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| unlike(value, "double"))?,
    };
    Ok(Value::Double(number))
}

fn to_int(value: &Value) -> Answer {
    let overflow = || Fault::new("integer overflow");
    let number = match value {
        Value::Int(number) | Value::Duration(number) => *number,
        Value::Uint(number) => i64::try_from(*number).map_err(|_| overflow())?,
        Value::Double(number) if *number > i64::MIN as f64 && *number < i64::MAX as f64 => *number as i64,
        Value::Double(_) => return Err(overflow()),
        Value::Timestamp(time) => time.seconds,
        other => other.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| unlike(value, "int"))?,
    };
    Ok(Value::Int(number))
}

fn to_uint(value: &Value) -> Answer {
    let overflow = || Fault::new("unsigned integer overflow");
    let number = match value {
        Value::Uint(number) => *number,
        Value::Int(number) => u64::try_from(*number).map_err(|_| overflow())?,
        Value::Double(number) if *number >= 0.0 && *number < u64::MAX as f64 => *number as u64,
        Value::Double(_) => return Err(overflow()),
        other => other.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| unlike(value, "uint"))?,
    };
    Ok(Value::Uint(number))
}

pub fn to_string(value: &Value) -> Result<String, Fault> {
    Ok(match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number::text(*number),
        Value::Duration(nanos) => time::duration_text(*nanos),
        Value::Timestamp(timestamp) => time::timestamp_text(*timestamp),
        Value::Bytes(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| Fault::new("invalid UTF-8 in bytes, cannot convert to string"))?.to_owned()
        }
        Value::Opaque(opaque) => opaque.text(),
        Value::Type(of) => of.name().to_owned(),
        other => other.as_str().ok_or_else(|| unlike(value, "string"))?.to_owned(),
    })
}

fn to_duration(value: &Value) -> Answer {
    match (value, value.as_str()) {
        (Value::Duration(_), _) => Ok(value.clone()),
        (_, Some(text)) => {
            time::parse_duration(text).map(Value::Duration).ok_or_else(|| unlike(value, "google.protobuf.Duration"))
        }
        _ => Err(unlike(value, "google.protobuf.Duration")),
    }
}

fn to_timestamp(value: &Value) -> Answer {
    match (value, value.as_str()) {
        (Value::Timestamp(_), _) => Ok(value.clone()),
        (Value::Int(seconds), _) => {
            time::checked(*seconds, 0).map(Value::Timestamp).ok_or_else(|| Fault::new("timestamp overflow"))
        }
        (_, Some(text)) => {
            time::parse_timestamp(text).map(Value::Timestamp).ok_or_else(|| unlike(value, "google.protobuf.Timestamp"))
        }
        _ => Err(no_overload()),
    }
}
