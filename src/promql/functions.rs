//! What can be called: schemas/promql.txt as a table.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Type;

#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub takes: Vec<Parameter>,
    pub gives: Type,
    pub is_aggregation: bool,
    pub is_experimental: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub type_: Type,
    pub many: Many,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    One,
    /// May be left out.
    Perhaps,
    Any,
}

/// The function or aggregation of a name.
pub fn function(name: &str) -> Option<&'static Function> {
    table().get(name)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    table().keys().copied()
}

fn table() -> &'static BTreeMap<&'static str, Function> {
    static TABLE: OnceLock<BTreeMap<&'static str, Function>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("../../schemas/promql.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|line| read(line).unwrap_or_else(|| panic!("schemas/promql.txt: {line}"))).map(|f| (f.name, f)).collect()
    })
}

fn read(line: &'static str) -> Option<Function> {
    let (line, is_experimental) = line.strip_suffix(" experimental").map_or((line, false), |line| (line, true));
    let (line, is_aggregation) = line.strip_prefix("aggregate ").map_or((line, false), |line| (line, true));
    let (name, rest) = line.split_once('(')?;
    let (takes, gives) = rest.split_once(") ")?;
    let takes = takes.split(", ").filter(|text| !text.is_empty()).map(parameter).collect::<Option<_>>()?;
    Some(Function { name, takes, gives: type_(gives)?, is_aggregation, is_experimental })
}

fn parameter(text: &str) -> Option<Parameter> {
    let (name, many) = match text.as_bytes().last()? {
        b'?' => (&text[..text.len() - 1], Many::Perhaps),
        b'*' => (&text[..text.len() - 1], Many::Any),
        _ => (text, Many::One),
    };
    Some(Parameter { type_: type_(name)?, many })
}

fn type_(name: &str) -> Option<Type> {
    [Type::Scalar, Type::Vector, Type::Matrix, Type::String, Type::Labels].into_iter().find(|type_| type_.name() == name)
}

impl Function {
    /// The parameter that stands at a place; the last one may stand for all that follow.
    pub fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.takes.get(index).or_else(|| self.takes.last().filter(|last| last.many == Many::Any))
    }

    /// How many arguments it takes: at least, and at most.
    pub fn count(&self) -> (usize, Option<usize>) {
        let least = self.takes.iter().filter(|parameter| parameter.many == Many::One).count();
        let is_open = self.takes.last().is_some_and(|last| last.many == Many::Any);
        (least, (!is_open).then_some(self.takes.len()))
    }
}
