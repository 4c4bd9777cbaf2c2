//! The values that expressions compute with: made from JSON and from nodes, cheap to hand on, compared as CEL compares.

use std::cmp::Ordering;
use std::sync::Arc;

use super::fault::{Fault, Work};
use super::json;
use super::library::{Opaque, time};
use super::types::Type;
use crate::node::{self, Node, Number};
use crate::yaml::{self, Yaml};

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    /// Nanoseconds.
    Duration(i64),
    Timestamp(Timestamp),
    List(Arc<Vec<Value>>),
    Map(Arc<Map>),
    Type(Arc<Type>),
    Optional(Option<Arc<Value>>),
    Opaque(Arc<Opaque>),
}

/// Seconds since 1970 and nanoseconds above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    pub seconds: i64,
    pub nanos: u32,
}

#[derive(Debug, Default)]
pub struct Map {
    entries: Vec<(Value, Value)>,
    /// The entries in the order of their keys, where there are many and all keys are strings.
    sorted: Option<Vec<u32>>,
}

/// Maps of more entries than this get an index.
const FEW: usize = 8;

impl Map {
    pub fn new(entries: Vec<(Value, Value)>) -> Map {
        let is_indexed = entries.len() > FEW && entries.iter().all(|(key, _)| matches!(key, Value::String(_)));
        let sorted = is_indexed.then(|| {
            let mut order: Vec<u32> = (0..entries.len() as u32).collect();
            order.sort_by_key(|at| entries[*at as usize].0.as_str());
            order
        });
        Map { entries, sorted }
    }

    pub fn entries(&self) -> &[(Value, Value)] {
        &self.entries
    }

    pub fn get(&self, key: &Value) -> Option<&Value> {
        match (&self.sorted, key) {
            (Some(sorted), Value::String(key)) => {
                let found = sorted.binary_search_by_key(&Some(&**key), |at| self.entries[*at as usize].0.as_str());
                found.ok().map(|at| &self.entries[sorted[at] as usize].1)
            }
            (Some(_), _) => None,
            (None, Value::String(text)) => {
                self.entries.iter().find(|(known, _)| known.as_str() == Some(text)).map(|(_, value)| value)
            }
            (None, _) => self.entries.iter().find(|(known, _)| known.is_scalar(key)).map(|(_, value)| value),
        }
    }

    pub fn field(&self, key: &str) -> Option<&Value> {
        match &self.sorted {
            Some(sorted) => {
                let found = sorted.binary_search_by_key(&Some(key), |at| self.entries[*at as usize].0.as_str());
                found.ok().map(|at| &self.entries[sorted[at] as usize].1)
            }
            None => self.entries.iter().find(|(known, _)| known.as_str() == Some(key)).map(|(_, value)| value),
        }
    }
}

impl Value {
    pub fn string(text: &str) -> Value {
        Value::String(text.into())
    }

    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    pub fn map(entries: Vec<(Value, Value)>) -> Value {
        Value::Map(Arc::new(Map::new(entries)))
    }

    pub fn table(entries: Vec<(&str, Value)>) -> Value {
        Value::map(entries.into_iter().map(|(key, value)| (Value::string(key), value)).collect())
    }

    pub fn some(value: Value) -> Value {
        Value::Optional(Some(Arc::new(value)))
    }

    pub fn opaque(value: Opaque) -> Value {
        Value::Opaque(Arc::new(value))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            Value::Opaque(opaque) => opaque.pattern(),
            _ => None,
        }
    }

    pub fn from_json(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Int(number),
                None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::string(text),
            Json::Array(items) => Value::list(items.iter().map(Value::from_json).collect()),
            Json::Object(table) => {
                Value::map(table.iter().map(|(key, value)| (Value::string(key), Value::from_json(value))).collect())
            }
        }
    }

    /// Integers stay integers, all other numbers are doubles: as the API server reads an object without a schema.
    pub fn from_node(node: &Node) -> Value {
        match &node.data {
            node::Data::Null => Value::Null,
            node::Data::Bool(flag) => Value::Bool(*flag),
            node::Data::Number(Number::Int(number)) => match i64::try_from(*number) {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Double(*number as f64),
            },
            node::Data::Number(Number::Float(number)) => Value::Double(*number),
            node::Data::Str(text) => Value::String(text.clone()),
            node::Data::Seq(items) => Value::list(items.iter().map(|item| Value::from_node(item)).collect()),
            node::Data::Map(entries) => {
                let entry = |entry: &node::Entry| (Value::String(entry.key.clone()), Value::from_node(&entry.node));
                Value::map(entries.iter().map(entry).collect())
            }
        }
    }

    /// The same, of what the reader made of a document.
    pub fn from_yaml(yaml: &Yaml<'_>) -> Value {
        match &yaml.data {
            yaml::Data::Null => Value::Null,
            yaml::Data::Bool(flag) => Value::Bool(*flag),
            yaml::Data::Number(Number::Int(number)) => match i64::try_from(*number) {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Double(*number as f64),
            },
            yaml::Data::Number(Number::Float(number)) => Value::Double(*number),
            yaml::Data::Str(text) => Value::string(text),
            yaml::Data::Seq(items) => Value::list(items.iter().map(Value::from_yaml).collect()),
            yaml::Data::Map(entries) => {
                let entry = |entry: &yaml::Entry<'_>| (Value::string(&entry.key.name), Value::from_yaml(&entry.value));
                Value::map(entries.iter().map(entry).collect())
            }
        }
    }

    /// The value of a type that documents write as text.
    pub fn parsed(of: &Type, text: &str) -> Option<Value> {
        match of {
            Type::String => Some(Value::string(text)),
            Type::Bytes => json::from_base64(text).map(|bytes| Value::Bytes(bytes.into())),
            Type::Duration => time::parse_duration(text).map(Value::Duration),
            Type::Timestamp => time::parse_timestamp(text).map(Value::Timestamp),
            _ => None,
        }
    }

    /// The type, as far as a value knows it: lists and maps do not know what is in them.
    pub fn kind(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Duration(_) => Type::Duration,
            Value::Timestamp(_) => Type::Timestamp,
            Value::List(_) => Type::list(Type::Dyn),
            Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Type(_) => Type::Meta(None),
            Value::Optional(_) => Type::optional(Type::Dyn),
            Value::Opaque(opaque) => opaque.kind(),
        }
    }

    /// Whether a parameter of this type takes the value; what is in a list or map is not looked at.
    pub fn fits(&self, parameter: &Type) -> bool {
        match (parameter, self) {
            (Type::Dyn | Type::Param(_) | Type::Error, _) => true,
            (Type::Null, Value::Null) | (Type::Bool, Value::Bool(_)) | (Type::Int, Value::Int(_)) => true,
            (Type::Uint, Value::Uint(_)) | (Type::Double, Value::Double(_)) | (Type::Bytes, Value::Bytes(_)) => true,
            (Type::Duration, Value::Duration(_)) | (Type::Timestamp, Value::Timestamp(_)) => true,
            (Type::List(_), Value::List(_)) | (Type::Map(_) | Type::Object(_), Value::Map(_)) => true,
            (Type::Meta(_), Value::Type(_)) | (Type::Optional(_), Value::Optional(_)) => true,
            (Type::String, value) => value.as_str().is_some(),
            (Type::Opaque(name), Value::Opaque(opaque)) => opaque.name() == &**name,
            _ => false,
        }
    }

    /// Equality that needs to look at nothing below: of keys, for instance.
    pub fn is_scalar(&self, other: &Value) -> bool {
        self.equals(other, &mut Work::new(u64::from(u16::MAX))).unwrap_or(false)
    }

    /// Values of different types are different, but numbers are equal whatever their type.
    pub fn equals(&self, other: &Value, work: &mut Work) -> Result<bool, Fault> {
        work.spend(1)?;
        Ok(match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
            (Value::Type(a), Value::Type(b)) => a.name() == b.name(),
            (Value::Opaque(a), Value::Opaque(b)) if a.pattern().is_none() => a == b,
            (Value::Optional(None), Value::Optional(None)) => true,
            (Value::Optional(Some(a)), Value::Optional(Some(b))) => a.equals(b, work)?,
            (Value::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    if !a.equals(b, work)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Map(a), Value::Map(b)) => return same_entries(a, b, work),
            (a, b) => match (a.as_str(), b.as_str()) {
                (Some(a), Some(b)) => a == b,
                _ => numeric(a, b) == Some(Ordering::Equal),
            },
        })
    }

    /// The order of two values of one type, or of two numbers; none where there is no order.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
            (a, b) => match (a.as_str(), b.as_str()) {
                (Some(a), Some(b)) => Some(a.cmp(b)),
                _ => numeric(a, b),
            },
        }
    }

    /// How long it is, as costs count: characters, bytes, items, entries; one for everything else.
    pub fn length(&self) -> u64 {
        match self {
            Value::String(text) => text.chars().count() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::List(items) => items.len() as u64,
            Value::Map(map) => map.entries.len() as u64,
            Value::Optional(Some(value)) => value.length(),
            Value::Opaque(opaque) => opaque.length(),
            _ => 1,
        }
    }

    /// Whether it is what a value of its type is without content.
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null | Value::Optional(None) => true,
            Value::Bool(flag) => !flag,
            Value::Int(number) | Value::Duration(number) => *number == 0,
            Value::Uint(number) => *number == 0,
            Value::Double(number) => *number == 0.0,
            Value::Timestamp(time) => time.seconds == -62_135_596_800 && time.nanos == 0,
            Value::String(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => self.length() == 0,
            Value::Optional(Some(_)) | Value::Type(_) | Value::Opaque(_) => false,
        }
    }

    /// A key or index as messages write it.
    pub fn in_message(&self) -> String {
        match self {
            Value::Bool(flag) => flag.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Uint(number) => number.to_string(),
            Value::Double(number) => super::library::number::text(*number),
            Value::Null => "null".to_owned(),
            other => other.as_str().map_or_else(|| other.kind().name().to_owned(), str::to_owned),
        }
    }
}

fn same_entries(a: &Map, b: &Map, work: &mut Work) -> Result<bool, Fault> {
    if a.entries.len() != b.entries.len() {
        return Ok(false);
    }
    for (key, value) in &a.entries {
        match b.get(key) {
            Some(other) if value.equals(other, work)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn numeric(a: &Value, b: &Value) -> Option<Ordering> {
    let integer = |value: &Value| match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Uint(number) => Some(i128::from(*number)),
        _ => None,
    };
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Double(a), b) => with_double(*a, integer(b)?),
        (a, Value::Double(b)) => with_double(*b, integer(a)?).map(Ordering::reverse),
        (a, b) => Some(integer(a)?.cmp(&integer(b)?)),
    }
}

fn with_double(double: f64, integer: i128) -> Option<Ordering> {
    double.partial_cmp(&(integer as f64))
}
