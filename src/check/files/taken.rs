//! Files that a program reads together with one: their paths in, as a document says them, what the program refuses of them out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use std::sync::Arc;

use super::{Schema, tell};
use crate::check::document::{self, Chunk};
use crate::check::links::walk;
use crate::check::{Document, World};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::Node;
use crate::source::Span;
use crate::structural::Path;
use crate::yaml::{Data, Mark, Yaml};

/// What a row of schemas/recognise.toml says of such files, and what is known of those before.
struct Taken<'t> {
    document: &'t Document<'t>,
    schema: &'t Schema,
    part: &'t str,
    name: &'t str,
    /// Where each name is said first, with its document and pointer.
    names: BTreeMap<String, (Span, u32, String)>,
}

/// Judges what is taken in by a document that is sound in itself.
pub(super) fn judge(document: &Document<'_>, row: &Node, schema: &Schema, world: &World<'_>, found: &mut Diagnostics) {
    let Some(row) = row.get("takes_in") else { return };
    let (part, name) = (row.text("part"), row.text("name"));
    let mut taken = Taken { document, schema, part, name, names: BTreeMap::new() };
    taken.once(document, None, &mut Diagnostics::default());
    walk::each(document.root, row.text("at"), "", &mut |yaml, pointer| {
        for path in yaml.as_str().map_or_else(Vec::new, |path| world.inputs.beside(document.file, path)) {
            taken.file(&path, (yaml.mark, &pointer), world, found);
        }
    });
}

impl Taken<'_> {
    fn file(&mut self, path: &FilePath, by: (Mark, &String), world: &World<'_>, found: &mut Diagnostics) {
        let mut own = Diagnostics::default();
        let Ok(source) = world.inputs.read_beside(path, &mut own) else { return self.told(by, own, found) };
        let chunk = Chunk { text: &source.text, start: 0, documents: 0 };
        let stream = document::read(&source, &chunk, &mut own);
        // What is judged itself tells the faults that it has alone.
        let is_judged = world.inputs.holds(path);
        if is_judged {
            own = Diagnostics::default();
        }
        if let Some(yaml) = stream.documents.first() {
            self.contents(&Document::of(&source, &chunk, yaml, self.document.file), is_judged, by, &mut own);
        }
        self.told(by, own, found);
    }

    fn contents(&mut self, file: &Document<'_>, is_judged: bool, by: (Mark, &String), own: &mut Diagnostics) {
        for entry in file.root.entries().iter().filter(|entry| entry.key.name != self.part) {
            let message = format!("a file that is taken in has {} alone, and no {}", self.part, entry.key.name);
            let pointer = Path::ROOT.field(&entry.key.name).pointer();
            file.report(own, (Severity::Error, Code::UnknownField), message, (entry.key.mark, "not taken in"), pointer);
        }
        let alone: BTreeSet<(String, String)> = match is_judged {
            true => self.schema.judge(file.root, &Path::ROOT).into_iter().map(|fault| (fault.pointer, fault.message)).collect(),
            false => BTreeSet::new(),
        };
        let root = self.beside(file.root);
        let is_of_part = |pointer: &str| pointer.strip_prefix('/').is_some_and(|rest| rest.starts_with(self.part));
        for fault in self.schema.judge(&root, &Path::ROOT) {
            if is_of_part(&fault.pointer) && !alone.contains(&(fault.pointer.clone(), fault.message.clone())) {
                tell(file, fault, own);
            }
        }
        self.once(file, Some(by), own);
    }

    /// The part of a file with all else that the document says.
    fn beside<'y>(&'y self, root: &'y Yaml<'y>) -> Yaml<'y> {
        let others = self.document.root.entries().iter().filter(|entry| entry.key.name != self.part);
        let part = root.entries().iter().filter(|entry| entry.key.name == self.part);
        let entries = others.chain(part).cloned().collect();
        Yaml { data: Data::Map(entries), mark: root.mark, style: root.style }
    }

    /// A name is there once in all of them.
    fn once(&mut self, file: &Document<'_>, by: Option<(Mark, &String)>, own: &mut Diagnostics) {
        let way = format!("{}/*/{}", self.part, self.name);
        walk::each(file.root, &way, "", &mut |yaml, pointer| {
            let Some(name) = yaml.as_str() else { return };
            let said = (file.span(yaml.mark), file.number, pointer.clone());
            let first = self.names.get(name).filter(|(first, ..)| by.is_some() && !Arc::ptr_eq(&first.source, file.source));
            if let Some((first, document, first_pointer)) = first {
                let message = format!("{name} is there already, in a file that is read with this one");
                let twice = file.report(own, (Severity::Error, Code::ItemTwice), message, (yaml.mark, "again here"), pointer);
                twice.within(first, "first here", *document, first_pointer.clone());
            }
            self.names.entry(name.to_owned()).or_insert(said);
        });
    }

    /// Each finding says who takes the file in.
    fn told(&self, (mark, pointer): (Mark, &String), own: Diagnostics, found: &mut Diagnostics) {
        let with_place = own.into_iter().map(|mut diagnostic| {
            diagnostic.within(&self.document.span(mark), "taken in here", self.document.number, pointer.clone());
            diagnostic
        });
        found.append(with_place.collect());
    }
}
