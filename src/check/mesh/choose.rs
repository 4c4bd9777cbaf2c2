//! Whom objects of the mesh choose: somebody is there, and one pod has one of those that exclude each other.

use std::collections::BTreeMap;

use super::subsets::{labels, pods, words};
use super::{Mesh, Thing};
use crate::check::pod::head;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::network::{Labels, Pod};
use crate::node::Node;
use crate::yaml::Yaml;

pub(super) fn check(mesh: &Mesh<'_>, found: &mut Diagnostics) {
    for row in mesh.rows("chooses") {
        let things = mesh.of(row.text("of"));
        let choices: Vec<Choice<'_>> = things.iter().filter_map(|thing| Choice::of(mesh, thing, row)).collect();
        choices.iter().for_each(|choice| choice.somebody(mesh, row, found));
        if row.get("one").is_some() {
            exclude(mesh, &choices, found);
        }
    }
    for row in mesh.rows("namespaces") {
        mesh.of(row.text("of")).iter().for_each(|thing| namespaces(mesh, thing, row, found));
    }
}

/// What an object chooses.
pub(super) struct Choice<'m> {
    thing: &'m Thing<'m>,
    labels: Labels,
    /// None for all.
    namespace: Option<&'m str>,
    at: Option<(&'m Yaml<'m>, String)>,
}

impl<'m> Choice<'m> {
    /// None of one that says in another way whom it is for.
    fn of(mesh: &Mesh<'m>, thing: &'m Thing<'m>, row: &Node) -> Option<Choice<'m>> {
        if row.texts("beside").any(|way| !thing.at(way).is_empty()) {
            return None;
        }
        let at = thing.at(row.text("at")).into_iter().next();
        let is_root = thing.namespace() == mesh.says("root");
        let namespace = (row.get("everywhere").is_none() && !is_root).then(|| thing.namespace());
        Some(Choice { thing, labels: labels(at.as_ref().map(|(yaml, _)| *yaml)), namespace, at })
    }

    pub fn pods<'p>(&'p self, mesh: &'p Mesh<'_>) -> impl Iterator<Item = &'p Pod> {
        pods(mesh, self.namespace, &self.labels)
    }

    fn somebody(&self, mesh: &Mesh<'_>, row: &Node, found: &mut Diagnostics) {
        if self.labels.is_empty() && (row.get("namespace").is_none() || self.namespace.is_none()) || is_usual(mesh, &self.labels)
        {
            return;
        }
        let all = &mesh.index.network.pods;
        let knows = mesh.pods(self.namespace).next().is_some();
        if self.pods(mesh).next().is_some() || self.labels.is_empty() && all.is_empty() {
            return;
        }
        // Whose program is installed by somebody else has its pods elsewhere.
        let severity = if row.get("outside").is_some() { Severity::Note } else { mesh.missing(knows) };
        let kind = (severity, Code::MeshNobody);
        let place = self.namespace.map_or_else(String::new, |own| format!(" of {own}"));
        let among = mesh.among();
        let message = match self.labels.is_empty() {
            true => format!("no pod{place} is among the inputs, for which this is"),
            false => format!("no pod{place}{among} has the labels {}", words(&self.labels)),
        };
        let at = self.at.as_ref().map_or_else(|| self.thing.head(), |(yaml, pointer)| (head(yaml), pointer.clone()));
        mesh.tell(found, kind, message, self.thing, at, if self.at.is_some() { "these labels" } else { "this one" });
    }
}

/// The pods of the gateway that comes with the mesh, which are seldom among the inputs.
pub(super) fn is_usual(mesh: &Mesh<'_>, wanted: &Labels) -> bool {
    let usual = mesh.table().get("usual").and_then(|usual| usual.get("labels"));
    let usual = usual.map_or(&[][..], |labels| labels.entries());
    !wanted.is_empty()
        && wanted.iter().all(|(key, value)| usual.iter().any(|one| *one.key == **key && one.node.as_str() == Some(value)))
}

/// Two without labels for one namespace, or two that choose one pod.
fn exclude(mesh: &Mesh<'_>, choices: &[Choice<'_>], found: &mut Diagnostics) {
    let mut homes: BTreeMap<&str, Vec<&Choice<'_>>> = BTreeMap::new();
    choices.iter().for_each(|choice| homes.entry(choice.thing.namespace()).or_default().push(choice));
    for one in choices {
        let excludes = |other: &&&Choice<'_>| {
            !one.thing.is(other.thing)
                && one.labels.is_empty() == other.labels.is_empty()
                && mesh.is_near(one.thing.entry, other.thing.entry)
                && (one.labels == other.labels || one.pods(mesh).any(|pod| super::subsets::takes(&other.labels, &pod.labels)))
        };
        let Some(other) = homes[one.thing.namespace()].iter().find(excludes) else { continue };
        let kind = &one.thing.entry.subject.kind;
        let whom = if one.labels.is_empty() { "the same namespace" } else { "the same pods" };
        let message = format!("{kind} {} is for {whom} as {}, and one alone is read", one.thing.title(), other.thing.title());
        let diagnostic = mesh.tell(found, (mesh.between(), Code::MeshTwice), message, one.thing, one.thing.head(), "this one");
        mesh.beside(diagnostic, other.thing.entry, "and this one");
    }
}

/// Names of namespaces, told where the inputs say which there are.
fn namespaces(mesh: &Mesh<'_>, thing: &Thing<'_>, row: &Node, found: &mut Diagnostics) {
    let named = mesh.of("namespace");
    if named.is_empty() {
        return;
    }
    let fits = |pattern: &str, name: &str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(begin)) => name.starts_with(begin),
        _ => name == pattern,
    };
    let spaces = mesh.index.objects.iter().filter_map(|entry| entry.subject.namespace.as_deref());
    let known: Vec<&str> = named.iter().map(Thing::name).chain(spaces).collect();
    for (yaml, pointer) in thing.at(row.text("at")) {
        let Some(pattern) = yaml.as_str().filter(|pattern| !known.iter().any(|name| fits(pattern, name))) else { continue };
        let message = format!("no namespace among the inputs is called {pattern}");
        let kind = (mesh.missing(false), Code::MeshNobody);
        mesh.tell(found, kind, message, thing, (yaml.mark, pointer), "this name");
    }
}
