//! A value that a schema names: a default, one of the choices.

use crate::node::Number;
use crate::yaml::{Data, Entry, Key, Mark, Style, Yaml};

#[derive(Clone, Debug, PartialEq)]
pub struct Literal(pub serde_json::Value);

impl Literal {
    pub fn of(yaml: &Yaml<'_>) -> Literal {
        Literal(json(yaml))
    }

    /// Whether a document says the same.
    pub fn is(&self, yaml: &Yaml<'_>) -> bool {
        equal(&self.0, yaml)
    }

    /// As if it stood in a document, at no place of it.
    pub fn to_yaml(&self) -> Yaml<'_> {
        yaml(&self.0)
    }

    /// As a person writes it.
    pub fn words(&self) -> String {
        self.0.as_str().map_or_else(|| self.0.to_string(), str::to_owned)
    }
}

fn json(yaml: &Yaml<'_>) -> serde_json::Value {
    use serde_json::Value;
    match &yaml.data {
        Data::Null => Value::Null,
        Data::Bool(flag) => Value::Bool(*flag),
        Data::Number(number) => number.to_json(),
        Data::Str(text) => Value::String(text.to_string()),
        Data::Seq(items) => items.iter().map(json).collect(),
        Data::Map(entries) => entries.iter().map(|entry| (entry.key.name.to_string(), json(&entry.value))).collect(),
    }
}

fn yaml(value: &serde_json::Value) -> Yaml<'_> {
    use serde_json::Value;
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(flag) => Data::Bool(*flag),
        Value::Number(number) => Data::Number(match number.as_i64() {
            Some(number) => Number::Int(number.into()),
            None => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Data::Str(text.as_str().into()),
        Value::Array(items) => Data::Seq(items.iter().map(yaml).collect()),
        Value::Object(table) => {
            let key = |name: &'_ str| Key { name: name.to_owned().into(), mark: Mark::default(), style: Style::Plain };
            Data::Map(table.iter().map(|(name, value)| Entry { key: key(name), value: yaml(value) }).collect())
        }
    };
    Yaml { data, mark: Mark::default(), style: Style::Plain }
}

fn equal(value: &serde_json::Value, yaml: &Yaml<'_>) -> bool {
    use serde_json::Value;
    match (&yaml.data, value) {
        (Data::Null, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Number(Number::Int(a)), Value::Number(b)) if b.is_i64() || b.is_u64() => {
            b.as_i64().map_or_else(|| b.as_u64().map(i128::from), |b| Some(b.into())) == Some(*a)
        }
        (Data::Number(a), Value::Number(b)) => b.as_f64() == Some(a.to_f64()),
        (Data::Str(a), Value::String(b)) => **a == **b,
        (Data::Seq(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(b, a)),
        (Data::Map(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|entry| b.get(&*entry.key.name).is_some_and(|value| equal(value, &entry.value)))
        }
        _ => false,
    }
}
