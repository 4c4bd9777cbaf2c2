//! Values as JSON: for programs with their types, for people without.

use serde_json::{Map as Table, Value as Json, json};

use super::fault::{Fault, Work};
use super::library::{number, time};
use super::value::Value;

/// Values that one answer may hold.
const MOST: u64 = 1_000_000;

impl Value {
    /// `{"int": "1"}`: each value says its type.
    pub fn to_typed_json(&self) -> Result<Json, Fault> {
        typed(self, &mut Work::new(MOST))
    }

    /// As JSON would hold it; what JSON has no word for is its text.
    pub fn to_plain_json(&self) -> Result<Json, Fault> {
        plain(self, &mut Work::new(MOST))
    }
}

fn typed(value: &Value, work: &mut Work) -> Result<Json, Fault> {
    work.spend(1)?;
    Ok(match value {
        Value::Null => json!({"null": true}),
        Value::Bool(flag) => json!({"bool": flag}),
        Value::Int(number) => json!({"int": number.to_string()}),
        Value::Uint(number) => json!({"uint": number.to_string()}),
        Value::Double(number) => json!({"double": number::text(*number)}),
        Value::Bytes(bytes) => json!({"bytes": base64(bytes)}),
        Value::List(items) => {
            let items: Result<Vec<Json>, Fault> = items.iter().map(|item| typed(item, work)).collect();
            one("list", items?.into())
        }
        Value::Map(map) => {
            let mut entries = Vec::new();
            for (key, value) in map.entries() {
                entries.push(Json::Array(vec![typed(key, work)?, typed(value, work)?]));
            }
            one("map", entries.into())
        }
        Value::Optional(None) => json!({"optional": null}),
        Value::Optional(Some(value)) => one("optional", typed(value, work)?),
        Value::Opaque(opaque) if opaque.pattern().is_none() => json!({"string": opaque.text(), "type": opaque.name()}),
        Value::Type(of) => json!({"string": of.name(), "type": "type"}),
        Value::Duration(_) | Value::Timestamp(_) => json!({"string": text(value), "type": value.kind().name()}),
        other => json!({"string": other.as_str()}),
    })
}

/// (The macro `json!` copies what it is given, at every depth anew.)
fn one(key: &str, value: Json) -> Json {
    Table::from_iter([(key.to_owned(), value)]).into()
}

fn plain(value: &Value, work: &mut Work) -> Result<Json, Fault> {
    work.spend(1)?;
    Ok(match value {
        Value::Null | Value::Optional(None) => Json::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Uint(number) => (*number).into(),
        Value::Double(number) if number.is_finite() => (*number).into(),
        Value::Double(number) => number::text(*number).into(),
        Value::Bytes(bytes) => base64(bytes).into(),
        Value::List(items) => {
            let items: Result<Vec<Json>, Fault> = items.iter().map(|item| plain(item, work)).collect();
            items?.into()
        }
        Value::Map(map) => {
            let mut table = Table::new();
            for (key, value) in map.entries() {
                table.insert(key.in_message(), plain(value, work)?);
            }
            table.into()
        }
        Value::Optional(Some(value)) => plain(value, work)?,
        Value::Opaque(opaque) => opaque.text().into(),
        Value::Type(of) => of.name().into(),
        other => text(other).into(),
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::Duration(nanos) => time::duration_text(*nanos),
        Value::Timestamp(timestamp) => time::timestamp_text(*timestamp),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(text.len() * 3 / 4), 0u32, 0);
    for letter in text.bytes().filter(|letter| !matches!(letter, b'\r' | b'\n')) {
        bits = bits << 6 | LETTERS.iter().position(|known| *known == letter)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at > chunk.len() { '=' } else { letter.into() });
        }
    }
    out
}
