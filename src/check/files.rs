//! Documents of programs other than Kubernetes: the schema of each lies in schemas/files, with rules in CEL; names that lead
//! from one part to another stand in schemas/files/refers.toml. What the controllers of some kinds refuse lies in
//! schemas/controllers. A document or an object in, findings out.

mod plain;
mod taken;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use std::sync::{Arc, OnceLock};

use super::links::walk;
use super::{Document, Minor, Object, World};
use crate::catalog;
use crate::cel::Version;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::Node;
use crate::structural::{Arena, Decoding, Fault, Path, Ref, Rules, Shapes, compile, expand, judge};
use crate::yaml::{self, Data, Limits, Mark, Yaml};

/// What a program wants of its file.
struct Schema {
    decoding: Decoding,
    arena: Arena,
    root: Ref,
    rules: Rules,
}

/// The schemas by the files that they lie in, each made when the first document comes that it is for.
pub(super) struct Files(BTreeMap<String, OnceLock<Schema>>);

impl Files {
    pub fn of<'r>(rows: impl Iterator<Item = &'r Arc<Node>>) -> Files {
        let with_schema = rows.filter(|row| row.get("schema").is_some());
        Files(with_schema.map(|row| (row.text("schema").to_owned(), OnceLock::new())).collect())
    }

    fn schema(&self, row: &Node) -> Option<&Schema> {
        Some(self.0.get(row.text("schema"))?.get_or_init(|| Schema::of(row)))
    }
}

/// What the controller of a kind refuses in an object that the API server takes.
pub(super) fn controller(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let Some(row) = world.tables.controller(object) else { return };
    let Some(schema) = world.tables.files.schema(row) else { return };
    for fault in schema.judge(object.root, &object.path) {
        let help = fault.help.or_else(|| Some(row.text("help").to_owned()));
        object.fault(found, Fault { code: Code::ControllerRefuses, help, ..fault });
    }
}

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    judged(document, world, found);
}

/// The pointers to all that is wrong with a document by its schema.
pub(super) fn judged(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) -> Vec<String> {
    let Some(row) = document.content.and_then(|content| world.tables.content_row(content)) else { return Vec::new() };
    let Some(schema) = world.tables.files.schema(row) else { return Vec::new() };
    let (mut faults, mut root) = (Vec::new(), Cow::Borrowed(document.root));
    if schema.decoding == Decoding::Templated {
        root = Cow::Owned(plain::words(document, &mut faults));
    }
    faults.extend(schema.judge(&root, &Path::ROOT));
    if faults.is_empty() {
        refers(&document.with(&root), row.text("name"), world, found);
        taken::judge(document, row, schema, world, found);
    }
    let wrong = faults.iter().map(|fault| fault.pointer.clone()).collect();
    for fault in faults {
        tell(document, fault, found);
    }
    wrong
}

impl Schema {
    fn of(content: &Node) -> Schema {
        let is_here = |(name, _): &(&str, &str)| *name == content.text("schema");
        let (_, text) = catalog::built_in().find(is_here).expect("schemas/recognise.toml names files that are there");
        let stream = yaml::read(text, &Limits::default());
        let mut arena = Arena::default();
        let root = compile(&expand(&stream.documents[0].root), &mut arena).expect("the built-in schemas are sound");
        let decoding = if content.get("variables").is_some() { Decoding::Templated } else { Decoding::Structures };
        let Minor { major, minor } = Minor::DEFAULT;
        let rules = Rules::of(&arena, root, Version { major, minor });
        Schema { decoding, arena, root, rules }
    }

    fn judge(&self, root: &Yaml<'_>, path: &Path<'_>) -> Vec<Fault> {
        let mut faults = judge(&self.arena, self.decoding, self.arena.shape(self.root), root, path);
        if faults.is_empty() {
            // How a rule of ours is written helps nobody.
            let of_rules = self.rules.judge(&self.arena, self.root, root, path);
            faults.extend(of_rules.into_iter().map(|fault| Fault { help: None, ..fault }));
        }
        faults
    }
}

fn tell(document: &Document<'_>, fault: Fault, found: &mut Diagnostics) {
    let place = (fault.mark, fault.label);
    let diagnostic = document.report(found, (Severity::Error, fault.code), fault.message, place, fault.pointer.clone());
    diagnostic.help = fault.help;
    if let Some(first) = fault.first {
        diagnostic.within(&document.span(first), "first here", document.number, fault.pointer);
    }
}

/// Names that nothing in the document defines.
fn refers(document: &Document<'_>, content: &str, world: &World<'_>, found: &mut Diagnostics) {
    let rows = |word: &str| {
        let rows = world.tables.refers.get(word).map_or(&[][..], |rows| rows.items());
        rows.iter().filter(move |row| row.text("content") == content)
    };
    if !rows("whole").all(|row| is_whole(row, document.root)) {
        return rows("whole").for_each(|row| lacks(row, document, world, found));
    }
    for row in rows("refer") {
        let mut known: BTreeSet<String> = row.texts("always").map(str::to_owned).collect();
        for way in row.texts("to") {
            walk::each(document.root, way, "", &mut |yaml, _| {
                known.extend(names(yaml, None).into_iter().map(|(name, _)| name.to_owned()));
            });
        }
        if row.get("circle").is_some() {
            circles(document, row, found);
        }
        walk::each(document.root, row.text("at"), "", &mut |yaml, pointer| {
            let unknown = |(name, _): &(&str, Mark)| !name.is_empty() && !name.contains('$') && !known.contains(*name);
            for (name, mark) in names(yaml, Some(row)).into_iter().filter(unknown) {
                let message = format!("there is no {} {name}", row.text("what"));
                let code = (Severity::Error, Code::NameOfNothing);
                let diagnostic = document.report(found, code, message, (mark, "asked for here"), pointer.clone());
                diagnostic.suggest(name, known.iter().map(String::as_str));
            }
        });
    }
}

/// Parts that wait for one another in a circle; each is told once, by the first of them.
fn circles(document: &Document<'_>, row: &Node, found: &mut Diagnostics) {
    let way = row.text("at");
    let part = way.split('/').position(|step| step == "*").unwrap_or_default() + 1;
    let mut said: Vec<(String, String, Mark)> = Vec::new();
    walk::each(document.root, way, "", &mut |yaml, pointer| {
        let from = pointer.split('/').nth(part).unwrap_or_default();
        said.extend(names(yaml, Some(row)).into_iter().map(|(name, mark)| (from.to_owned(), name.to_owned(), mark)));
    });
    let edges: Vec<(&str, &str)> = said.iter().map(|(from, to, _)| (from.as_str(), to.as_str())).collect();
    for first in edges.iter().map(|(from, _)| *from).collect::<BTreeSet<_>>() {
        let Some(path) = circle(first, &edges).filter(|path| path.iter().all(|part| *part >= first)) else { continue };
        let mark =
            said.iter().find(|(from, to, _)| from == first && to == path[1]).map_or(document.root.mark, |(.., mark)| *mark);
        let message = format!("in a circle each {} waits for the next: {}", row.text("what"), path.join(", "));
        document.report(found, (Severity::Error, Code::Circle), message, (mark, "waited for here"), String::new());
    }
}

/// The shortest way from a name back to itself.
pub(super) fn circle<'n>(start: &'n str, edges: &[(&'n str, &'n str)]) -> Option<Vec<&'n str>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut further = Vec::new();
        for way in ways {
            for (_, to) in edges.iter().filter(|(from, _)| way.last() == Some(from)) {
                let way: Vec<&str> = way.iter().copied().chain([*to]).collect();
                if *to == start {
                    return Some(way);
                }
                if seen.insert(*to) {
                    further.push(way);
                }
            }
        }
        ways = further;
    }
    None
}

/// Whether all that a name can lead to is in this file: nothing is taken in from others, and it is none that lies upon another.
fn is_whole(row: &Node, root: &Yaml<'_>) -> bool {
    let takes_in = row.texts("unless").any(|way| walk::first(root, way).is_some());
    let mut has_all = true;
    walk::each(root, row.text("parts"), "", &mut |part, _| has_all &= row.texts("any").any(|field| part.get(field).is_some()));
    has_all && !takes_in
}

/// What a part lacks that nothing will add: the file is the one that is read first, and none lies beside it that is read upon it.
fn lacks(row: &Node, document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let file = FilePath::new(&document.source.name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let takes_in = row.texts("unless").any(|way| walk::first(document.root, way).is_some());
    let mut upon = row.texts("upon").flat_map(|path| world.inputs.beside(document.file, path));
    if takes_in || !row.texts("base").any(|base| base == file) || upon.next().is_some() {
        return;
    }
    let fields: Vec<&str> = row.texts("any").collect();
    walk::each(document.root, row.text("parts"), "", &mut |part, pointer| {
        if !fields.iter().any(|field| part.get(field).is_some()) {
            let name = pointer.rsplit('/').next().unwrap_or_default();
            let message = format!("{} {name} has none of {}", row.text("what"), fields.join(", "));
            let mark = part.entries().first().map_or(part.mark, |entry| entry.key.mark);
            let lacking =
                document.report(found, (Severity::Warning, Code::PartLacks), message, (mark, "of this"), pointer.clone());
            lacking.help("say one, or nothing is run; if a file that is read upon this one says it, except this finding");
        }
    });
}

/// The names that a value says: a text, the texts of a list or the keys of a table. What a row says of them: `before` ends a name, the
/// field `optional` with no makes it one that may lead nowhere, and one that begins with a sign of `except` is no name.
fn names<'y>(yaml: &'y Yaml<'_>, row: Option<&Node>) -> Vec<(&'y str, Mark)> {
    let all: Vec<(&str, Mark)> = match &yaml.data {
        Data::Map(entries) => {
            let optional = row.map_or("", |row| row.text("optional"));
            let is_wanted =
                |entry: &&yaml::Entry<'_>| entry.value.get(optional).is_none_or(|flag| flag.data != Data::Bool(false));
            entries.iter().filter(is_wanted).map(|entry| (&*entry.key.name, entry.key.mark)).collect()
        }
        _ => yaml.texts(),
    };
    let Some(row) = row else { return all };
    let cut = |(text, mark): (&'y str, Mark)| {
        let name = row.get("before").and_then(|sign| text.split_once(sign.as_str()?));
        (name.map_or(text, |(name, _)| name), mark)
    };
    let is_name = |(text, _): &(&str, Mark)| {
        (row.get("before").is_none() || text.contains(row.text("before")))
            && !text.starts_with(|c| row.text("except").contains(c))
    };
    all.into_iter().filter(is_name).map(cut).collect()
}
