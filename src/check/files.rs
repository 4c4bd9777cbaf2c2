//! Documents of programs other than Kubernetes: the schema of each lies in schemas/files, with rules in CEL; names that lead
//! from one part to another stand in schemas/files/refers.toml. A document in, findings out.

mod plain;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::links::walk;
use super::{Document, Minor, World};
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

/// The schemas of all contents, each made when the first of its documents comes.
pub(super) struct Files(BTreeMap<String, OnceLock<Schema>>);

impl Files {
    pub fn of(contents: &[Arc<Node>]) -> Files {
        let with_schema = contents.iter().filter(|content| content.get("schema").is_some());
        Files(with_schema.map(|content| (content.text("name").to_owned(), OnceLock::new())).collect())
    }
}

/// Whether a document has a schema, and nothing is wrong with it by that.
pub(super) fn is_sound(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) -> bool {
    let Some(row) = document.content.and_then(|content| world.tables.content_row(content)) else { return false };
    let name = row.text("name");
    let Some(schema) = world.tables.files.0.get(name) else { return false };
    let schema = schema.get_or_init(|| Schema::of(row));
    let (mut faults, mut root) = (Vec::new(), Cow::Borrowed(document.root));
    if schema.decoding == Decoding::Templated {
        root = Cow::Owned(plain::words(document, &mut faults));
    }
    faults.extend(schema.judge(&root));
    let is_sound = faults.is_empty();
    for fault in faults {
        tell(document, fault, found);
    }
    if is_sound {
        refers(&document.with(&root), name, world, found);
        circles(document, name, world, found);
    }
    is_sound
}

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    is_sound(document, world, found);
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

    fn judge(&self, root: &Yaml<'_>) -> Vec<Fault> {
        let mut faults = judge(&self.arena, self.decoding, self.arena.shape(self.root), root, &Path::ROOT);
        if faults.is_empty() {
            // How a rule of ours is written helps nobody.
            let of_rules = self.rules.judge(&self.arena, self.root, root, &Path::ROOT);
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
        return;
    }
    for row in rows("refer") {
        let mut known: BTreeSet<String> = row.texts("always").map(str::to_owned).collect();
        for way in row.texts("to") {
            walk::each(document.root, way, "", &mut |yaml, _| {
                known.extend(names(yaml, None).into_iter().map(|(name, _)| name.to_owned()));
            });
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

/// Parts that wait for each other, so that none ever begins.
fn circles(document: &Document<'_>, content: &str, world: &World<'_>, found: &mut Diagnostics) {
    let rows = world.tables.refers.get("waits").map_or(&[][..], |rows| rows.items()).iter();
    for row in rows.filter(|row| row.text("content") == content) {
        let parts = document.root.get(row.text("of")).map_or(&[][..], |parts| parts.entries());
        let mut edges: Vec<(&str, &str)> = Vec::new();
        for part in parts {
            let waited = part.value.get(row.text("for")).map_or_else(Vec::new, |waited| names(waited, None));
            edges.extend(waited.into_iter().map(|(name, _)| (&*part.key.name, name)));
        }
        let first = parts.iter().find_map(|part| Some((part, circle(&part.key.name, &edges)?)));
        if let Some((part, way)) = first {
            let message = format!("this waits for itself: {}", way.join(" → "));
            let pointer = format!("/{}/{}", row.text("of"), crate::node::escape(&part.key.name));
            document.report(found, (Severity::Error, Code::WaitsForItself), message, (part.key.mark, "this one"), pointer);
        }
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

/// The names that a value says: a text, the texts of a list or the keys of a table. What a row says of them: `before` ends a name, the
/// field `optional` with no makes it one that may lead nowhere, and one that begins with a sign of `except` is no name.
fn names<'y>(yaml: &'y Yaml<'_>, row: Option<&Node>) -> Vec<(&'y str, Mark)> {
    let all: Vec<(&str, Mark)> = match &yaml.data {
        Data::Str(text) => vec![(text, yaml.mark)],
        Data::Seq(items) => items.iter().filter_map(|item| Some((item.as_str()?, item.mark))).collect(),
        Data::Map(entries) => {
            let optional = row.map_or("", |row| row.text("optional"));
            let is_wanted =
                |entry: &&yaml::Entry<'_>| entry.value.get(optional).is_none_or(|flag| flag.data != Data::Bool(false));
            entries.iter().filter(is_wanted).map(|entry| (&*entry.key.name, entry.key.mark)).collect()
        }
        _ => Vec::new(),
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
