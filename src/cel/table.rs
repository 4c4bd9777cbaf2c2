//! The table of functions: schemas/cel/functions.txt in, what checker and evaluator look up by name out.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::Version;
use super::cost::Cost;
use super::library::{self, Function};
use super::types::Type;

/// One signature of a function, and what computes it.
pub struct Overload {
    pub is_member: bool,
    /// With the receiver first.
    pub parameters: Vec<Type>,
    pub result: Type,
    /// How many parameters of types it has: `Type::Param` from zero.
    pub variables: usize,
    pub since: Version,
    pub function: Function,
    pub cost: &'static Cost,
}

static FUNCTIONS: LazyLock<BTreeMap<Arc<str>, Vec<Overload>>> = LazyLock::new(|| {
    let mut functions: BTreeMap<Arc<str>, Vec<Overload>> = BTreeMap::new();
    let mut since = Version::default();
    for line in include_str!("../../schemas/cel/functions.txt").lines() {
        if let Some(version) = line.strip_prefix("since ") {
            since = version.parse().expect("a version of the built-in table");
        } else if !line.is_empty() && !line.starts_with('#') && !line.starts_with("type ") {
            for (name, overload) in read(line, since).unwrap_or_else(|| panic!("the built-in table: {line}")) {
                functions.entry(name.into()).or_default().push(overload);
            }
        }
    }
    functions
});

/// The overloads of a function that a version of Kubernetes has; none where it has no such function.
pub fn overloads(name: &str, version: Version) -> impl Iterator<Item = &'static Overload> {
    FUNCTIONS.get(name).into_iter().flatten().filter(move |overload| overload.since <= version)
}

/// The names of all functions that people can write.
pub fn names(version: Version) -> impl Iterator<Item = &'static str> {
    let is_known = move |overloads: &Vec<Overload>| overloads.iter().any(|overload| overload.since <= version);
    let known = FUNCTIONS.iter().filter(move |(name, overloads)| is_known(overloads) && !name.starts_with(['_', '@', '!', '-']));
    known.map(|(name, _)| &**name)
}

fn read(line: &str, since: Version) -> Option<Vec<(String, Overload)>> {
    let (line, choices) = match line.split_once(" for ") {
        Some((line, choice)) => (line, Some(choice.split_once(" in ")?)),
        None => (line, None),
    };
    let Some((parameter, types)) = choices else { return Some(vec![one(line, None, since)?]) };
    types.split_whitespace().map(|of| one(line, Some((parameter, of)), since)).collect()
}

fn one(line: &str, choice: Option<(&str, &str)>, since: Version) -> Option<(String, Overload)> {
    let mut reader = Reader { rest: line, variables: Vec::new(), choice };
    let mut parameters = Vec::new();
    let is_member = reader.eat("(");
    if is_member {
        parameters.push(reader.of()?);
        reader.eat(").").then_some(())?;
    }
    let (name, rest) = reader.rest.split_at(reader.rest.find('(')?);
    reader.rest = &rest[1..];
    while !reader.eat(")") {
        reader.eat(",");
        parameters.push(reader.of()?);
    }
    reader.eat("->").then_some(())?;
    let result = reader.of()?;
    reader.eat("=").then_some(())?;
    let (implementation, cost) = reader.rest.split_once(" : ").unwrap_or((reader.rest, "one"));
    let function = library::function(implementation.trim())?;
    let variables = reader.variables.len();
    let cost = Cost::named(cost.trim())?;
    Some((name.trim().to_owned(), Overload { is_member, parameters, result, variables, since, function, cost }))
}

/// Reads types from a line.
struct Reader<'a> {
    rest: &'a str,
    /// The names of parameters seen so far; their order makes their numbers.
    variables: Vec<&'a str>,
    choice: Option<(&'a str, &'a str)>,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn of(&mut self) -> Option<Type> {
        let text = self.rest.trim_start();
        let (name, rest) = text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '.').unwrap_or(text.len()));
        self.rest = rest;
        if let Some((parameter, of)) = self.choice.filter(|(parameter, _)| *parameter == name) {
            let mut chosen = Reader { rest: of, variables: std::mem::take(&mut self.variables), choice: None };
            let found = chosen.of();
            self.variables = chosen.variables;
            self.choice = Some((parameter, of));
            return found;
        }
        if !self.eat("(") {
            return Some(self.simple(name));
        }
        let first = self.of()?;
        let second = if self.eat(",") { Some(self.of()?) } else { None };
        self.eat(")").then_some(())?;
        Some(match (name, second) {
            ("list", None) => Type::list(first),
            ("optional", None) => Type::optional(first),
            ("type", None) => Type::Meta(Some(Arc::new(first))),
            ("map", Some(value)) => Type::map(first, value),
            _ => return None,
        })
    }

    fn simple(&mut self, name: &'a str) -> Type {
        match name {
            "null" => Type::Null,
            "dyn" => Type::Dyn,
            "duration" => Type::Duration,
            "timestamp" => Type::Timestamp,
            _ if name.len() == 1 => {
                let known = self.variables.iter().position(|known| *known == name);
                Type::Param(known.unwrap_or_else(|| {
                    self.variables.push(name);
                    self.variables.len() - 1
                }))
            }
            _ => Type::named(name).unwrap_or_else(|| Type::opaque(name)),
        }
    }
}
