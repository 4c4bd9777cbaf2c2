//! Variables of a dashboard: which there are, and where a text has them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::check::links::walk;
use crate::yaml::Yaml;

#[derive(Default)]
pub(super) struct Variables<'t> {
    /// By name.
    pub all: BTreeMap<&'t str, &'t Yaml<'t>>,
    /// What somebody is asked for who imports the dashboard by hand.
    inputs: Vec<&'t str>,
}

impl<'t> Variables<'t> {
    pub fn of(root: &'t Yaml<'t>) -> Variables<'t> {
        let mut variables = Variables::default();
        walk::each(root, "templating/list/*", "", &mut |yaml, _| {
            variables.all.insert(yaml.get("name").and_then(Yaml::as_str).unwrap_or_default(), yaml);
        });
        walk::each(root, "__inputs/*/name", "", &mut |yaml, _| variables.inputs.extend(yaml.as_str()));
        variables
    }

    pub fn is_input(&self, name: &str) -> bool {
        self.inputs.contains(&name) && !self.all.contains_key(name)
    }

    /// What begins with two signs is Grafana's own.
    pub fn is_defined(&self, name: &str) -> bool {
        name.starts_with("__") || name == "timeFilter" || self.all.contains_key(name) || self.inputs.contains(&name)
    }

    /// Which program a variable's datasources belong to.
    pub fn source(&self, name: &str) -> Option<&'t str> {
        self.all.get(name)?.get("query")?.as_str().filter(|kind| !kind.is_empty())
    }

    /// The programs of all datasources that who looks can choose.
    pub fn sources(&self) -> Vec<&'t str> {
        let is_source = |yaml: &&&Yaml<'_>| yaml.get("type").and_then(Yaml::as_str) == Some("datasource");
        self.all.values().filter(is_source).filter_map(|yaml| yaml.get("query")?.as_str()).collect()
    }
}

/// The variable that a whole text is.
pub(super) fn name(text: &str) -> Option<&str> {
    match &within(text)[..] {
        [(name, at)] if *at == (0..text.len()) => Some(name),
        _ => None,
    }
}

/// Every variable in a text, in its three spellings: `$name`, `${name}` or `${name:format}`, and `[[name]]`.
pub(super) fn within(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(['$', '[']).map(|at| from + at) {
        let rest = &text[at..];
        let closed = |open: &str, close: &str| Some((rest.strip_prefix(open)?, rest.find(close)? + close.len()));
        let spelt = closed("${", "}").or_else(|| closed("[[", "]]"));
        let plain = || rest.strip_prefix('$').map(|inner| (inner, 1 + word(inner).len()));
        match spelt.or_else(plain).map(|(inner, length)| (word(inner), length)) {
            Some((name, length)) if !name.is_empty() => {
                found.push((name, at..at + length));
                from = at + length;
            }
            _ => from = at + 1,
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}
