//! Values with units, as people say them: `schemas/types.toml` in, numbers in any unit of the same type out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::node::{Node, Number};

/// The types that options may have beside those of JSON Schema.
#[derive(Debug, Default)]
pub struct Types(BTreeMap<String, Type>);

#[derive(Debug)]
pub struct Type {
    pub summary: String,
    /// How many of the smallest unit each unit is; empty for plain strings of a certain form.
    units: BTreeMap<String, f64>,
    /// The unit a number has that is written without one.
    bare: Option<String>,
    pattern: String,
}

impl Types {
    pub fn read(table: &Node) -> Types {
        Types(table.entries().iter().map(|entry| (entry.key.to_string(), Type::read(&entry.node))).collect())
    }

    pub fn get(&self, name: &str) -> Option<&Type> {
        self.0.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Type)> {
        self.0.iter()
    }

    /// `5m` in `s` is 300: the number of `unit` in a value of any type that has this unit.
    pub fn convert(&self, value: &str, unit: &str) -> Option<Number> {
        let of_unit = self.0.values().filter(|kind| kind.units.contains_key(unit));
        of_unit.filter_map(|kind| Some(number(kind.smallest(value)? / kind.units[unit]))).next()
    }

    /// A size or a share of processors as Kubernetes writes it: `20Gi`, `20G`, `250m`.
    pub fn quantity(&self, value: &str) -> Option<String> {
        if let Some(milli) = self.0.get("cpu").and_then(|cpu| cpu.smallest(value)) {
            return Some(if milli % 1000.0 == 0.0 { format!("{}", milli / 1000.0) } else { format!("{milli}m") });
        }
        let bytes = self.0.get("size")?.smallest(value)?.round() as u128;
        let binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let decimal = ["", "k", "M", "G", "T", "P", "E"];
        let power = |base: u128| (1..7).rev().find(|n| bytes > 0 && bytes.is_multiple_of(base.pow(*n))).unwrap_or(0);
        let (two, ten) = (power(1024), power(1000));
        let (base, exponent, suffixes) = if two >= ten { (1024, two, binary) } else { (1000u128, ten, decimal) };
        Some(format!("{}{}", bytes / base.pow(exponent), suffixes[exponent as usize]))
    }
}

impl Type {
    fn read(table: &Node) -> Type {
        let units: BTreeMap<String, f64> = table
            .get("units")
            .map_or(&[][..], |units| units.entries())
            .iter()
            .map(|entry| (entry.key.to_string(), factor(&entry.node)))
            .collect();
        let bare = table.get("bare").and_then(|bare| bare.as_str()).map(str::to_owned);
        let pattern = match table.text("pattern") {
            "" => pattern_of(&units, bare.is_some()),
            pattern => pattern.to_owned(),
        };
        Type { summary: table.text("summary").to_owned(), units, bare, pattern }
    }

    pub fn has_units(&self) -> bool {
        !self.units.is_empty()
    }

    /// What this type is in JSON Schema.
    pub fn schema(&self, name: &str) -> Value {
        let kind = if self.bare.is_some() { json!(["string", "number"]) } else { json!("string") };
        json!({ "type": kind, "pattern": self.pattern, "x-type": name, "x-summary": self.summary })
    }

    fn smallest(&self, value: &str) -> Option<f64> {
        let value = value.trim();
        let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
        let unit = match value[end..].trim() {
            "" => self.bare.as_deref()?,
            unit => unit,
        };
        Some(value[..end].parse::<f64>().ok()? * self.units.get(unit)?)
    }
}

fn factor(node: &Node) -> f64 {
    node.to_json().as_f64().unwrap_or(1.0)
}

fn pattern_of(units: &BTreeMap<String, f64>, bare: bool) -> String {
    let escaped: Vec<String> = units.keys().map(|unit| unit.replace('%', "\\%").replace('/', "\\/")).collect();
    format!("^[0-9]+(\\.[0-9]+)? ?({}){}$", escaped.join("|"), if bare { "?" } else { "" })
}

fn number(value: f64) -> Number {
    if value.fract() == 0.0 && value.abs() < 9e15 { Number::Int(value as i128) } else { Number::Float(value) }
}

pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).expect("half a byte");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
