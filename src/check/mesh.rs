//! The family `mesh`: what the objects of a service mesh ask of each other, by schemas/mesh.toml. Rules of one object stand there; what
//! only all of them tell is one module each.
//!
//! What may lie outside of the inputs is a note, a warning where others of its kind are among them, an error where they are all there is.

mod attach;
mod choose;
mod gateways;
mod hosts;
mod injection;
mod reach;
mod routes;
mod subsets;
mod tls;
mod twice;

use std::collections::BTreeMap;

use super::walk;
use super::{Entry, Index, World, links};
use crate::check::Object;
use crate::check::pod::text;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::network::Pod;
use crate::node::Node;
use crate::source::Span;
use crate::yaml::{Mark, Yaml};
use hosts::Hosts;
pub(super) use injection::says;

/// An object that the mesh asks about, as it was read.
pub(super) struct Thing<'i> {
    pub entry: &'i Entry,
    pub root: Yaml<'static>,
    /// What its marks count from.
    start: u32,
}

/// All of them, by the words of the table.
pub(super) struct Mesh<'i> {
    pub index: &'i Index,
    pub world: &'i World<'i>,
    things: BTreeMap<&'i str, Vec<Thing<'i>>>,
    /// By their namespace.
    pods: BTreeMap<&'i str, Vec<&'i Pod>>,
    /// Nothing lies outside, and nothing among the inputs may make anything.
    pub is_complete: bool,
}

pub(super) fn keep(object: &Object<'_>, world: &World<'_>, entry: &mut Entry) {
    if entry.links.is_none() {
        links::keep(object, world, entry);
    }
}

pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    if !has_mesh(index, world) {
        return;
    }
    let mesh = Mesh::gather(index, world);
    let hosts = Hosts::of(&mesh);
    routes::check(&mesh, &hosts, found);
    subsets::check(&mesh, &hosts, found);
    gateways::check(&mesh, found);
    attach::check(&mesh, found);
    choose::check(&mesh, found);
    twice::check(&mesh, &hosts, found);
    reach::check(&mesh, found);
    tls::check(&mesh, &hosts, found);
    injection::check(&mesh, found);
}

/// Without any object of a mesh there is none.
fn has_mesh(index: &Index, world: &World<'_>) -> bool {
    let table = &world.tables.mesh;
    let webhook = table.get("kinds").map_or("", |kinds| kinds.text("webhook"));
    let is_of = |entry: &Entry| {
        let is_webhook = webhook.split_once('.') == Some((&entry.subject.kind, entry.subject.group()));
        is_webhook || table.texts("groups").any(|of| entry.subject.group() == of)
    };
    let injection = table.get("injection");
    let says = |labels: &crate::network::Labels| {
        let words = ["label", "revision", "machine"].map(|word| injection.map_or("", |row| row.text(word)));
        words.iter().any(|word| labels.contains_key(*word))
    };
    index.objects.iter().any(is_of) || index.network.namespaces.values().any(says)
}

impl<'i> Mesh<'i> {
    fn gather(index: &'i Index, world: &'i World<'i>) -> Mesh<'i> {
        let kinds: BTreeMap<&str, &str> = world
            .tables
            .mesh
            .get("kinds")
            .map_or(&[][..], |kinds| kinds.entries())
            .iter()
            .map(|row| (row.node.as_str().unwrap_or_default(), &*row.key))
            .collect();
        let word = |entry: &Entry| kinds.get(&*format!("{}.{}", entry.subject.kind, entry.subject.group())).copied();
        let wanted: Vec<&Entry> = index.objects.iter().filter(|entry| word(entry).is_some()).collect();
        let of_file: BTreeMap<(usize, u32), &'i Entry> =
            index.objects.iter().map(|entry| ((entry.file, entry.start), entry)).collect();
        let mut things: BTreeMap<&str, Vec<Thing<'_>>> = BTreeMap::new();
        world.revisit(&wanted, &mut |object, entry| {
            let (Some(entry), Some(word)) = (of_file.get(&(entry.file, entry.start)), word(entry)) else { return };
            things.entry(word).or_default().push(Thing { entry, root: object.root.owned(), start: object.document.start });
        });
        let opaque =
            |entry: &Entry| world.tables.links.opaque.contains(&format!("{}.{}", entry.subject.kind, entry.subject.group()));
        let is_complete = world.options.is_complete && !index.objects.iter().any(opaque);
        let mut pods: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        index.network.pods.iter().for_each(|pod| pods.entry(&pod.namespace).or_default().push(pod));
        Mesh { index, world, things, pods, is_complete }
    }

    pub fn table(&self) -> &'i Node {
        &self.world.tables.mesh
    }

    /// A text at the head of the table.
    pub fn says(&self, word: &str) -> &'i str {
        self.table().text(word)
    }

    pub fn row(&self, table: &str, word: &str) -> &'i str {
        self.table().get(table).map_or("", |row| row.text(word))
    }

    pub fn rows(&self, list: &str) -> impl Iterator<Item = &'i Node> + use<'i> {
        self.table().get(list).map_or(&[][..], |rows| rows.items()).iter().map(|row| &**row)
    }

    pub fn of(&self, word: &str) -> &[Thing<'i>] {
        self.things.get(word).map_or(&[], Vec::as_slice)
    }

    /// The pods of a namespace, or all.
    pub fn pods<'m>(&'m self, namespace: Option<&str>) -> impl Iterator<Item = &'i Pod> + use<'m, 'i> {
        let own = namespace.map(|own| self.pods.get(own).map_or(&[][..], Vec::as_slice));
        let all = if own.is_none() { &self.index.network.pods[..] } else { &[] };
        own.unwrap_or_default().iter().copied().chain(all)
    }

    /// How bad it is that something is missing, of which the inputs tell more or less.
    pub fn missing(&self, is_known: bool) -> Severity {
        match (self.is_complete, is_known) {
            (true, _) => Severity::Error,
            (_, true) => Severity::Warning,
            _ => Severity::Note,
        }
    }

    /// What a finding says beside a name that is not there.
    pub fn among(&self) -> &'static str {
        if self.is_complete { "" } else { " among the inputs" }
    }

    /// How bad a fault is that others among the inputs make one.
    pub fn between(&self) -> Severity {
        if self.is_complete { Severity::Error } else { Severity::Warning }
    }

    /// Whether two are of one cluster, as far as folders tell: variants of a platform lie side by side.
    pub fn is_near(&self, one: &Entry, other: &Entry) -> bool {
        self.world.options.is_complete || self.world.inputs.are_near(one.file, other.file)
    }

    pub fn tell<'d>(
        &self,
        found: &'d mut Diagnostics,
        (severity, code): (Severity, Code),
        message: impl Into<String>,
        thing: &Thing<'_>,
        (mark, pointer): (Mark, String),
        label: &str,
    ) -> &'d mut Diagnostic {
        let diagnostic = found.push(code, severity, message);
        diagnostic.object = Some(thing.entry.subject.clone());
        diagnostic.within(&self.span(thing, mark), label, thing.entry.document, pointer)
    }

    fn span(&self, thing: &Thing<'_>, mark: Mark) -> Span {
        self.world.inputs.span(thing.entry.file, thing.start + mark.start, thing.start + mark.end)
    }

    /// Shows another object beside a finding.
    pub fn beside(&self, diagnostic: &mut Diagnostic, other: &Entry, label: &str) {
        diagnostic.within(&other.span(self.world), label, other.document, other.pointer.clone());
    }
}

impl Thing<'_> {
    pub fn namespace(&self) -> &str {
        self.entry.subject.namespace.as_deref().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.entry.subject.name.as_deref().unwrap_or_default()
    }

    /// `namespace/name`
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }

    pub fn is(&self, other: &Thing<'_>) -> bool {
        self.entry.subject == other.entry.subject
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        text(&self.root, path)
    }

    /// What lies at a way, with its place.
    pub fn at<'t>(&'t self, way: &str) -> Vec<(&'t Yaml<'t>, String)> {
        let mut all = Vec::new();
        walk::each(&self.root, way, &self.entry.pointer, &mut |yaml, pointer| all.push((yaml, pointer)));
        all
    }

    pub fn texts(&self, way: &str) -> Vec<&str> {
        self.at(way).into_iter().filter_map(|(yaml, _)| yaml.as_str()).collect()
    }

    /// Where to point at for it as a whole.
    pub fn head(&self) -> (Mark, String) {
        let mark = self.root.get("kind").map_or(self.root.mark, |kind| kind.mark);
        (mark, self.entry.pointer.clone())
    }

    /// The namespaces that see it: `*` is all of them.
    pub fn exports(&self) -> Vec<&str> {
        let said = self.texts("spec/exportTo/*");
        let own = |name| if name == "." { self.namespace() } else { name };
        if said.is_empty() { vec!["*"] } else { said.into_iter().map(own).collect() }
    }
}
