//! Documents of programs other than Kubernetes: the schema of each lies in schemas/files, with rules in CEL; names that lead
//! from one part to another stand in schemas/files/refers.toml. A document in, findings out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::links::walk;
use super::{Document, Minor, World};
use crate::cel::Version;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::structural::{Arena, Decoding, Fault, Path, Ref, Rules, Shapes, compile, expand, judge};
use crate::yaml::{self, Data, Limits, Mark, Yaml};

/// What a program wants of its file.
struct Schema {
    arena: Arena,
    root: Ref,
    rules: Rules,
}

/// The schema of each content, made when the first of its documents comes.
static SCHEMAS: [(&str, LazyLock<Schema>); 3] = [
    ("alertmanager", LazyLock::new(|| Schema::of(include_str!("../../schemas/files/alertmanager.yaml")))),
    ("prometheus", LazyLock::new(|| Schema::of(include_str!("../../schemas/files/prometheus.yaml")))),
    ("rules", LazyLock::new(|| Schema::of(include_str!("../../schemas/files/rules.yaml")))),
];

/// Whether a document has a schema here, and nothing is wrong with it by that.
pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) -> bool {
    let Some(name) = document.content.map(|content| world.tables.content_name(content)) else { return false };
    let Some((_, schema)) = SCHEMAS.iter().find(|(known, _)| *known == name) else { return false };
    let before = found.iter().len();
    for fault in schema.judge(document) {
        tell(document, fault, found);
    }
    let is_sound = found.iter().len() == before;
    if is_sound {
        refers(document, name, world, found);
    }
    is_sound
}

impl Schema {
    fn of(text: &str) -> Schema {
        let stream = yaml::read(text, &Limits::default());
        let mut arena = Arena::default();
        let root = compile(&expand(&stream.documents[0].root), &mut arena).expect("the built-in schemas are sound");
        let Minor { major, minor } = Minor::DEFAULT;
        let rules = Rules::of(&arena, root, Version { major, minor });
        Schema { arena, root, rules }
    }

    fn judge(&self, document: &Document<'_>) -> Vec<Fault> {
        let root = self.arena.shape(self.root);
        let mut faults = judge(&self.arena, Decoding::Structures, root, document.root, &Path::ROOT);
        if faults.is_empty() {
            faults.extend(self.rules.judge(&self.arena, self.root, document.root, &Path::ROOT));
        }
        faults
    }
}

fn tell(document: &Document<'_>, fault: Fault, found: &mut Diagnostics) {
    let diagnostic = found.push(fault.code, Severity::Error, fault.message);
    diagnostic.within(&document.span(fault.mark), fault.label, document.number, fault.pointer.clone()).help = fault.help;
    if let Some(first) = fault.first {
        diagnostic.within(&document.span(first), "first here", document.number, fault.pointer);
    }
}

/// Names that nothing in the document defines.
fn refers(document: &Document<'_>, content: &str, world: &World<'_>, found: &mut Diagnostics) {
    let rows = world.tables.refers.get("refer").map_or(&[][..], |rows| rows.items());
    for row in rows.iter().filter(|row| row.text("content") == content) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for way in row.get("to").map_or(&[][..], |to| to.items()).iter().filter_map(|way| way.as_str()) {
            walk::each(document.root, way, "", &mut |yaml, _| {
                known.extend(names(yaml).into_iter().map(|(name, _)| name.to_owned()));
            });
        }
        walk::each(document.root, row.text("at"), "", &mut |yaml, pointer| {
            for (name, mark) in names(yaml).into_iter().filter(|(name, _)| !name.is_empty() && !known.contains(*name)) {
                let message = format!("there is no {} {name}", row.text("what"));
                let diagnostic = found.push(Code::NameOfNothing, Severity::Error, message);
                diagnostic.within(&document.span(mark), "asked for here", document.number, pointer.clone());
                diagnostic.suggest(name, known.iter().map(String::as_str));
            }
        });
    }
}

/// The names that a value says: a text, or the texts of a list.
fn names<'y>(yaml: &'y Yaml<'_>) -> Vec<(&'y str, Mark)> {
    match &yaml.data {
        Data::Str(text) => vec![(text, yaml.mark)],
        Data::Seq(items) => items.iter().filter_map(|item| Some((item.as_str()?, item.mark))).collect(),
        _ => Vec::new(),
    }
}
