//! The family `cloud`: a template of CloudFormation or clusters of eksctl in, references that lead nowhere and rules of schemas/cloud.toml
//! that do not hold out.

use std::collections::BTreeSet;

use super::{Document, World, conditions, files};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::{Node, escape};
use crate::yaml::{Data, Mark, Yaml};

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    files::document(document, world, found);
    let content = document.content.map_or("", |content| world.tables.content_name(content));
    conditions::document(document, content, world, found);
    if document.root.get(RESOURCES).is_some() {
        Template::of(document, &world.tables.cloud).check(found);
    }
}

const RESOURCES: &str = "Resources";

struct Template<'t> {
    document: &'t Document<'t>,
    table: &'t Node,
    resources: BTreeSet<&'t str>,
    parameters: BTreeSet<&'t str>,
    /// Whether a macro makes something of it, which may be what is not there yet.
    has_macro: bool,
}

/// A function of a template with what it is given.
struct Call<'y> {
    name: String,
    given: &'y Yaml<'y>,
    pointer: String,
}

impl<'t> Template<'t> {
    fn of(document: &'t Document<'t>, table: &'t Node) -> Template<'t> {
        let names = |part: &str| {
            let part = document.root.get(part).map_or(&[][..], |part| part.entries());
            part.iter().map(|entry| &*entry.key.name).collect()
        };
        let has_macro = document.root.get("Transform").is_some();
        Template { document, table, resources: names(RESOURCES), parameters: names("Parameters"), has_macro }
    }

    fn check(&self, found: &mut Diagnostics) {
        let mut edges: Vec<(&str, &str)> = Vec::new();
        for part in self.document.root.entries() {
            for entry in part.value.entries() {
                let pointer = format!("/{}/{}", escape(&part.key.name), escape(&entry.key.name));
                let mut calls = Vec::new();
                self.calls(&entry.value, &pointer, &mut calls);
                for call in calls {
                    for (name, mark) in named(self.document, &call) {
                        self.leads(&call, name, mark, found);
                        edges.push((&entry.key.name, name));
                    }
                }
                for (name, mark) in entry.value.get("DependsOn").map_or_else(Vec::new, Yaml::texts) {
                    self.resource(name, mark, format!("{pointer}/DependsOn"), found);
                    edges.push((&entry.key.name, name));
                }
            }
        }
        // What a macro makes of a resource that names itself is known to the macro.
        if !self.has_macro {
            self.circle(&edges, found);
        }
    }

    /// Every call of a function below a value: a table with its name alone, or a tag before the value.
    fn calls(&self, yaml: &'t Yaml<'t>, pointer: &str, calls: &mut Vec<Call<'t>>) {
        let long = yaml
            .entries()
            .first()
            .filter(|_| yaml.entries().len() == 1)
            .map(|entry| (entry.key.name.trim_start_matches("Fn::").to_owned(), &entry.value));
        let tagged = self.tag(yaml.mark).map(|tag| (tag.to_owned(), yaml));
        for (name, given) in long.into_iter().chain(tagged) {
            if self.table.texts("calls").any(|known| known == name) {
                calls.push(Call { name, given, pointer: pointer.to_owned() });
            }
        }
        for (at, item) in yaml.items().iter().enumerate() {
            self.calls(item, &format!("{pointer}/{at}"), calls);
        }
        for entry in yaml.entries() {
            self.calls(&entry.value, &format!("{pointer}/{}", escape(&entry.key.name)), calls);
        }
    }

    /// The tag that stands before a value: the reader leaves out those that YAML does not know.
    fn tag(&self, mark: Mark) -> Option<&'t str> {
        let start = self.document.span(mark).start as usize;
        let before = self.document.source.text.get(..start)?.trim_end();
        let word =
            &before[before.rfind(|c: char| c.is_whitespace() || matches!(c, '[' | ',' | '{' | ':')).map_or(0, |at| at + 1)..];
        word.strip_prefix('!')
    }

    fn leads(&self, call: &Call<'_>, name: &str, mark: Mark, found: &mut Diagnostics) {
        let is_pseudo = self.table.texts("pseudo").any(|known| known == name);
        match call.name.as_str() {
            "GetAtt" => self.resource(name, mark, call.pointer.clone(), found),
            _ if is_pseudo || self.parameters.contains(name) => {}
            _ => self.resource(name, mark, call.pointer.clone(), found),
        }
    }

    fn resource(&self, name: &str, mark: Mark, pointer: String, found: &mut Diagnostics) {
        if self.resources.contains(name) || self.has_macro {
            return;
        }
        let message = format!("the template has no resource or parameter {name}");
        let code = (Severity::Error, Code::CloudReference);
        self.document
            .report(found, code, message, (mark, "asked for here"), pointer)
            .suggest(name, self.resources.iter().copied());
    }

    /// The first resource that waits for itself.
    fn circle(&self, edges: &[(&str, &str)], found: &mut Diagnostics) {
        for entry in self.document.root.get(RESOURCES).map_or(&[][..], |part| part.entries()) {
            let Some(way) = files::circle(&entry.key.name, edges) else { continue };
            let message = format!("this resource waits for itself: {}", way.join(" → "));
            let code = (Severity::Error, Code::CloudCircle);
            let pointer = format!("/{RESOURCES}/{}", escape(&entry.key.name));
            self.document.report(found, code, message, (entry.key.mark, "this resource"), pointer);
            return;
        }
    }
}

/// The names that a call leads to.
fn named<'y>(document: &Document<'_>, call: &Call<'y>) -> Vec<(&'y str, Mark)> {
    match (call.name.as_str(), &call.given.data) {
        ("Ref", Data::Str(name)) => vec![(name, call.given.mark)],
        ("GetAtt", Data::Str(name)) => vec![(name.split('.').next().unwrap_or_default(), call.given.mark)],
        ("GetAtt", Data::Seq(items)) => items.first().and_then(|item| Some((item.as_str()?, item.mark))).into_iter().collect(),
        ("Sub", Data::Str(text)) => filled(document, call.given, text, &[]),
        ("Sub", Data::Seq(items)) => {
            let own: Vec<&str> = items.get(1).map_or(&[][..], |own| own.entries()).iter().map(|entry| &*entry.key.name).collect();
            items.first().and_then(|item| Some(filled(document, item, item.as_str()?, &own))).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The names in `${…}` of a text; `${!…}` is none.
fn filled<'y>(document: &Document<'_>, yaml: &Yaml<'_>, text: &'y str, own: &[&str]) -> Vec<(&'y str, Mark)> {
    let parts = text.match_indices("${").filter_map(|(at, _)| {
        let whole = text[at + 2..].split_once('}')?.0;
        let name = whole.split('.').next().unwrap_or_default().trim();
        let is_name = !whole.starts_with('!') && !name.is_empty() && !own.contains(&name);
        is_name.then(|| (name, document.within(yaml, text, at + 2..at + 2 + whole.len())))
    });
    parts.collect()
}
