//! The family `promql`: rules of Prometheus, in files of their own and in objects, and their queries.

mod alerts;
mod habits;
mod labels;

use std::collections::BTreeMap;

use super::{Document, Object, World, files};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::node::Node;
use crate::promql::{self, Expr, Kind};
use crate::structural::Path;
use crate::yaml::{Data, Entry, Mark, Yaml};

/// Who tells what is wrong in some rules: the document they stand in, or the object.
struct Teller<'t> {
    place: Place<'t>,
    words: Words<'t>,
    /// The pointers to what is wrong by the schema: a rule with such a fault is not judged further.
    faults: Vec<String>,
    /// The queries of records by their names.
    records: BTreeMap<&'t str, &'t str>,
}

enum Place<'t> {
    Document(&'t Document<'t>),
    Object(&'t Object<'t>),
}

/// schemas/alerts.toml: which functions do what.
struct Words<'t>(&'t Node);

impl<'t> Words<'t> {
    fn text(&self, name: &str) -> &'t str {
        self.0.text(name)
    }

    fn of(&self, table: &str, list: &str) -> impl Iterator<Item = &'t str> {
        self.0.get(table).into_iter().flat_map(move |table| table.texts(list))
    }

    fn named(&self, table: &str, name: &str) -> Option<&'t str> {
        self.0.get(table)?.get(name)?.as_str()
    }

    /// Whether a function or operator is one of those.
    fn has(&self, list: &str, name: &str) -> bool {
        self.of("functions", list).any(|known| known == name)
    }
}

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let faults = files::judged(document, world, found);
    let Some(at) = world.tables.rules_in(document) else { return };
    let records = records(document.root.get(at));
    let teller = Teller { place: Place::Document(document), words: Words(&world.tables.alerts), faults, records };
    groups(&teller, document.root.get(at), &Path::ROOT.field(at), found);
    // Rules without their groups are no file for Prometheus, which has been told; they are judged all the same.
    rules(&teller, (document.root, document.root.items()), &Path::ROOT, found);
}

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let Some(at) = world.tables.rules_of(object) else { return };
    let spec = object.path.field(at);
    let rules = object.root.get(at).and_then(|spec| spec.get("groups"));
    let (place, words, records) = (Place::Object(object), Words(&world.tables.alerts), records(rules));
    let teller = Teller { place, words, faults: Vec::new(), records };
    groups(&teller, rules, &spec.field("groups"), found);
}

/// Of several of one name the last is kept.
fn records<'y>(groups: Option<&'y Yaml<'_>>) -> BTreeMap<&'y str, &'y str> {
    let groups = groups.map_or(&[][..], Yaml::items).iter();
    let rules = groups.flat_map(|group| group.get("rules").map_or(&[][..], Yaml::items));
    rules.filter_map(|rule| Some((rule.get("record")?.as_str()?, rule.get("expr")?.as_str()?))).collect()
}

fn groups(teller: &Teller<'_>, groups: Option<&Yaml<'_>>, path: &Path<'_>, found: &mut Diagnostics) {
    let mut names: BTreeMap<&str, Mark> = BTreeMap::new();
    for (index, group) in groups.map_or(&[][..], Yaml::items).iter().enumerate() {
        let path = path.item(index);
        if let Some(name) = group.get("name")
            && let Some(first) = names.insert(name.as_str().unwrap_or_default(), name.mark)
        {
            let message = format!("the group {} is there twice", name.as_str().unwrap_or_default());
            let at = path.field("name").pointer();
            let diagnostic = teller.tell(found, Severity::Error, message, (name.mark, "again here"), at.clone());
            diagnostic.within(&teller.document().span(first), "first here", teller.document().number, at);
        }
        labels(teller, group.get("labels"), &path.field("labels"), found);
        rules(teller, (group, group.get("rules").map_or(&[][..], Yaml::items)), &path.field("rules"), found);
    }
}

/// Those of a group that are sound in themselves.
fn rules(teller: &Teller<'_>, (group, rules): (&Yaml<'_>, &[Yaml<'_>]), path: &Path<'_>, found: &mut Diagnostics) {
    for (index, rule) in rules.iter().enumerate() {
        let path = path.item(index);
        if !teller.has_fault(&path.pointer()) {
            self::rule(teller, (group, rule), &path, found);
        }
    }
}

fn rule(teller: &Teller<'_>, (group, rule): (&Yaml<'_>, &Yaml<'_>), path: &Path<'_>, found: &mut Diagnostics) {
    let given = |name: &str| rule.get(name).filter(|value| !matches!(&value.data, Data::Str(text) if text.is_empty()));
    let head = rule.entries().first().map_or(rule.mark, |entry| entry.key.mark);
    let mut wrong = |message: &str, mark: Mark, field: &str| {
        let pointer = if field.is_empty() { path.pointer() } else { path.field(field).pointer() };
        teller.tell(found, Severity::Error, message, (mark, "here"), pointer);
    };
    match (given("record"), given("alert")) {
        (Some(_), Some(alert)) => wrong("a rule records or alerts, not both", alert.mark, "alert"),
        (None, None) => wrong("a rule has a record or an alert", head, ""),
        (Some(record), None) => {
            if record.as_str().is_some_and(|name| name.contains(['{', '}'])) {
                wrong("the name of a record has no labels; they stand under labels", record.mark, "record");
            }
            for field in ["for", "keep_firing_for", "annotations"] {
                if let Some(value) = given(field) {
                    wrong(&format!("a rule that records has no {field}"), value.mark, field);
                }
            }
        }
        (None, Some(_)) => {}
    }
    labels(teller, rule.get("labels"), &path.field("labels"), found);
    labels(teller, rule.get("annotations"), &path.field("annotations"), found);
    if let Some(query) = rule.get("expr").and_then(|expr| query(teller, expr, path.field("expr").pointer(), found))
        && given("alert").is_some()
    {
        alerts::judge(teller, (group, rule), &query, path, found);
    }
}

/// Names that Prometheus gives itself, and texts with a template that does not end.
fn labels(teller: &Teller<'_>, labels: Option<&Yaml<'_>>, path: &Path<'_>, found: &mut Diagnostics) {
    for Entry { key, value } in labels.map_or(&[][..], Yaml::entries) {
        let pointer = path.field(&key.name).pointer();
        if key.name.is_empty() || key.name == "__name__" {
            let message = format!("{:?} cannot be the name of a label here", key.name);
            teller.tell(found, Severity::Error, message, (key.mark, "this name"), pointer);
        } else if key.name.contains("{{") {
            let message = "nothing is filled into the name of a label: it stays as it is written";
            teller.tell(found, Severity::Warning, message, (key.mark, "this name"), pointer);
        } else if value.as_str().is_some_and(|text| text.matches("{{").count() != text.matches("}}").count()) {
            teller.tell(found, Severity::Error, "a template in this text does not end", (value.mark, "in this text"), pointer);
        }
    }
}

/// The query, where it can be read.
fn query(teller: &Teller<'_>, expr: &Yaml<'_>, pointer: String, found: &mut Diagnostics) -> Option<Expr> {
    let text = match &expr.data {
        Data::Str(text) => text.to_string(),
        Data::Number(_) => return None,
        _ => String::new(),
    };
    match promql::parse(&text) {
        Err(error) => {
            let mark = teller.document().within(expr, &text, error.at);
            teller.tell(found, Severity::Error, error.message, (mark, "here"), pointer);
            None
        }
        Ok(query) => {
            experiments(teller, expr, &query, &pointer, found);
            habits::judge(teller, expr, &query, &pointer, found);
            Some(query)
        }
    }
}

fn experiments(teller: &Teller<'_>, expr: &Yaml<'_>, query: &Expr, pointer: &str, found: &mut Diagnostics) {
    query.walk(&mut |part| {
        if let Kind::Call { function, .. } | Kind::Aggregate { function, .. } = &part.kind
            && function.is_experimental
        {
            let message = format!("{} is an experiment: Prometheus takes it with a feature flag only", function.name);
            teller.tell(found, Severity::Note, message, (expr.mark, "in this query"), pointer.to_owned());
        }
    });
}

impl Teller<'_> {
    fn document(&self) -> &Document<'_> {
        match self.place {
            Place::Document(document) => document,
            Place::Object(object) => object.document,
        }
    }

    fn words(&self) -> &Words<'_> {
        &self.words
    }

    /// Whether something is wrong with the value at a pointer, or in it.
    fn has_fault(&self, pointer: &str) -> bool {
        let is_within = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.faults.iter().any(|fault| fault.strip_prefix(pointer).is_some_and(is_within))
    }

    fn tell<'d>(
        &self,
        found: &'d mut Diagnostics,
        severity: Severity,
        message: impl Into<String>,
        place: (Mark, &str),
        pointer: String,
    ) -> &'d mut Diagnostic {
        self.tell_as(found, (severity, Code::BadQuery), message, place, pointer)
    }

    fn tell_as<'d>(
        &self,
        found: &'d mut Diagnostics,
        code: (Severity, Code),
        message: impl Into<String>,
        place: (Mark, &str),
        pointer: String,
    ) -> &'d mut Diagnostic {
        match self.place {
            Place::Document(document) => document.report(found, code, message, place, pointer),
            Place::Object(object) => object.report(found, code, message, place, pointer),
        }
    }
}
