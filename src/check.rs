//! The validator: files in, findings out. A family of checks is a row of `FAMILIES`: it looks at one object, at one document that
//! is no object, or at all objects together. Nothing here reads a file but through `inputs`.

mod capacity;
mod cloud;
mod conditions;
mod dashboards;
mod document;
mod exceptions;
mod files;
mod flows;
mod images;
mod index;
mod kinds;
mod links;
mod mesh;
mod metadata;
mod metrics;
mod names;
mod native;
mod network;
mod object;
mod plaintext;
mod pod;
mod pod_security;
mod policy;
mod probes;
mod recognise;
mod revisit;
mod rules;
mod schema;
mod tables;
mod versions;
mod workflow;

use std::sync::Arc;

use rayon::prelude::*;

pub use capacity::{Answer, Survey, survey};
pub use document::Document;
pub use exceptions::Exceptions;
pub use flows::{flows, keep};
pub use index::{Entry, Index, Stretch};
pub use kinds::{Kind, Kinds, Known, Scope, is_definition};
pub use object::Object;
pub use pod_security::{Level, LevelVersion};
pub use policy::Admission;
pub use recognise::Content;
pub use tables::Tables;

use crate::capacity::Pool;
use crate::diagnostic::{Code, Diagnostics};
use crate::graph::Provided;
use crate::host::Date;
use crate::inputs::Inputs;
use crate::report::Summary;
use crate::source::Source;
use crate::yaml::{self, Limits, Yaml};
use links::walk;

/// What a run of checks is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The families that run; `syntax` always does.
    pub families: Vec<&'static Family>,
    /// A minor version such as 1.36.
    pub version: Minor,
    /// A kind without a schema is only a note.
    pub allows_unknown_kinds: bool,
    /// The inputs are everything there is: what they refer to and do not hold is missing.
    pub is_complete: bool,
    /// Secrets that will be there beside the inputs.
    pub provided: Vec<Provided>,
    /// The machines that pods must find room on; without any, nobody asks.
    pub pools: Vec<Pool>,
    /// What every file is taken for, whatever it looks like.
    pub taken_for: Option<Content>,
    /// The level that every pod is held against; without, that of its namespace.
    pub pod_security: Option<LevelVersion>,
    /// Findings that somebody excepts, and severities that somebody changed.
    pub exceptions: Exceptions,
    /// The day that ends of life and exceptions are held against.
    pub today: Option<Date>,
}

/// A minor version of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor {
    pub major: u32,
    pub minor: u32,
}

/// One family of checks. A family without any looks at nothing, and the command line says so.
#[derive(Debug)]
pub struct Family {
    pub name: &'static str,
    /// One object of Kubernetes alone.
    pub object: Option<fn(&Object<'_>, &World<'_>, &mut Diagnostics)>,
    /// What the last one will want to know of an object.
    pub keep: Option<fn(&Object<'_>, &World<'_>, &mut Entry)>,
    /// One document that is no object, of those that are this family's to judge.
    pub document: Option<fn(&Document<'_>, &World<'_>, &mut Diagnostics)>,
    /// Likewise, whichever family judges it.
    pub any_document: Option<fn(&Document<'_>, &World<'_>, &mut Diagnostics)>,
    /// What only all objects together can tell.
    pub whole: Option<fn(&Index, &World<'_>, &mut Diagnostics)>,
}

const NO_CHECKS: Family = Family { name: "", object: None, keep: None, document: None, any_document: None, whole: None };

pub static FAMILIES: &[Family] = &[
    Family { name: "syntax", ..NO_CHECKS },
    Family { name: "schema", object: Some(schema::object), whole: Some(schema::whole), ..NO_CHECKS },
    Family { name: "metadata", object: Some(metadata::object), whole: Some(metadata::whole), ..NO_CHECKS },
    Family { name: "links", keep: Some(links::keep), whole: Some(links::whole), ..NO_CHECKS },
    Family { name: "network", whole: Some(network::whole), ..NO_CHECKS },
    Family {
        name: "pod-security",
        object: Some(pod_security::object),
        keep: Some(pod_security::keep),
        whole: Some(pod_security::whole),
        ..NO_CHECKS
    },
    Family { name: "capacity", whole: Some(capacity::whole), ..NO_CHECKS },
    Family { name: "availability", object: Some(probes::object), whole: Some(capacity::budgets), ..NO_CHECKS },
    Family { name: "promql", object: Some(rules::object), document: Some(rules::document), ..NO_CHECKS },
    Family { name: "dashboards", object: Some(dashboards::object), document: Some(dashboards::document), ..NO_CHECKS },
    Family { name: "secrets", object: Some(plaintext::object), ..NO_CHECKS },
    Family { name: "versions", object: Some(versions::object), any_document: Some(versions::document), ..NO_CHECKS },
    Family { name: "images", object: Some(images::object), any_document: Some(images::document), ..NO_CHECKS },
    Family { name: "policy", object: Some(policy::object), ..NO_CHECKS },
    Family { name: "mesh", object: Some(conditions::object), keep: Some(mesh::keep), whole: Some(mesh::whole), ..NO_CHECKS },
    Family { name: "compose", document: Some(files::document), ..NO_CHECKS },
    Family { name: "cloud", document: Some(cloud::document), ..NO_CHECKS },
    Family { name: "workflow", document: Some(workflow::document), ..NO_CHECKS },
];

impl Family {
    pub fn parse(name: &str) -> Option<&'static Family> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// Whether it looks at anything; reading a file is all of `syntax`.
    pub fn has_checks(&self) -> bool {
        self.name == "syntax" || self.object.is_some() || self.document.is_some() || self.whole.is_some()
    }
}

/// What every check may ask.
pub struct World<'w> {
    pub options: &'w Options,
    pub kinds: &'w Kinds,
    pub tables: &'w Tables,
    pub inputs: &'w Inputs<'w>,
    /// The policies that objects are held against, if any.
    pub admission: &'w Admission,
}

impl World<'_> {
    /// What is known of the kind of an object whose file is gone.
    fn find(&self, entry: &Entry) -> kinds::Known<'_> {
        self.kinds.find(&entry.subject.api_version, &entry.subject.kind)
    }
}

/// What came of one file, or of a part of it.
#[derive(Default)]
struct Judged {
    found: Diagnostics,
    index: Index,
}

/// Judges every file; each is read, judged and dropped, side by side, and what is found is told in the order of the files.
pub fn run(world: &World<'_>, diags: &mut Diagnostics) -> Summary {
    let mut found = Diagnostics::default();
    let index = self::index(world, &mut found);
    for family in &world.options.families {
        if let Some(whole) = family.whole {
            whole(&index, world, &mut found);
        }
    }
    let excepted = world.options.exceptions.apply(found, &index, world, diags);
    let unknown_kinds = index.unknown_kinds();
    Summary { files: world.inputs.files.len(), objects: index.objects.len(), unknown_kinds, excepted, ..Summary::default() }
}

/// What is kept of every object, when each file has been judged alone.
pub fn index(world: &World<'_>, diags: &mut Diagnostics) -> Index {
    let judged: Vec<Judged> = (0..world.inputs.files.len()).into_par_iter().map(|file| self::file(file, world)).collect();
    let mut index = Index::default();
    for one in judged {
        diags.append(one.found);
        index.append(one.index);
    }
    index
}

/// The kinds of a version, and those that some files define.
pub fn kinds(version: Minor, definitions: &[&Inputs<'_>], diags: &mut Diagnostics) -> Kinds {
    let mut kinds = Kinds::of(version);
    definitions.iter().for_each(|inputs| define(inputs, &mut kinds, diags));
    kinds
}

/// Adds the kinds that some files define; what else is in them is not looked at.
pub fn define(inputs: &Inputs<'_>, kinds: &mut Kinds, diags: &mut Diagnostics) {
    for file in 0..inputs.files.len() {
        let Ok(source) = inputs.read(file, diags) else { continue };
        if !source.text.contains("CustomResourceDefinition") {
            continue;
        }
        for document in &yaml::read(&source.text, &Limits::default()).documents {
            let items = document.root.get("items").map_or(&[][..], Yaml::items);
            for root in std::iter::once(&document.root).chain(items).filter(|root| is_definition(root)) {
                if let Err(error) = kinds.define(root) {
                    let span = error.mark.span(&source);
                    diags.error(Code::BadDefinition, error.message).within(&span, "in this definition", document.index, "");
                }
            }
        }
    }
}

fn file(file: usize, world: &World<'_>) -> Judged {
    let mut judged = Judged::default();
    let Ok(source) = world.inputs.read(file, &mut judged.found) else { return judged };
    if world.options.taken_for.is_none() && source.name.ends_with(".toml") {
        recognise::toml(file, &source, world, &mut judged.found);
        return judged;
    }
    let chunks = document::chunks(&source.text);
    let parts: Vec<Judged> = chunks.par_iter().map(|chunk| self::chunk(file, &source, chunk, world)).collect();
    for part in parts {
        judged.found.append(part.found);
        judged.index.append(part.index);
    }
    judged.found.let_go(&source);
    judged
}

fn chunk(file: usize, source: &Arc<Source>, chunk: &document::Chunk<'_>, world: &World<'_>) -> Judged {
    let mut judged = Judged::default();
    for part in document::documents(chunk) {
        self::part(file, source, &part, world, &mut judged);
    }
    judged
}

fn part(file: usize, source: &Arc<Source>, part: &document::Chunk<'_>, world: &World<'_>, judged: &mut Judged) {
    let stream = document::read(source, part, &mut judged.found);
    for yaml in &stream.documents {
        let document = Document::of(source, part, yaml, file);
        let content = world.options.taken_for.or_else(|| world.tables.recognise(&document));
        if !content.is_some_and(|content| world.tables.merges(content)) {
            document.refuse_merges(&stream, &mut judged.found);
        }
        match content {
            Some(Content::Kubernetes) => {
                object::each(&document, world, &mut judged.found, &mut |object, found| {
                    if !matches!(object.known, Known::List) {
                        judged.index.add(object, world);
                    }
                    for family in &world.options.families {
                        if let Some(check) = family.object {
                            check(object, world, found);
                        }
                    }
                });
            }
            content => other(&document, content, world, &mut judged.found),
        }
    }
}

fn other(document: &Document<'_>, content: Option<Content>, world: &World<'_>, found: &mut Diagnostics) {
    let mark = document.head();
    match content {
        None => {
            let unknown = recognise::unknown(document.file, world, found);
            unknown.within(&document.span(mark), "not judged", document.number, "").help("--as says what a file is taken for");
        }
        Some(content) if world.tables.only_lists(document, content, world.inputs) => {}
        Some(content) if world.tables.note(content).is_some() => {
            let words = world.tables.note(content).unwrap_or_default();
            found.note(Code::NotRendered, words).within(&document.span(mark), "not judged", document.number, "");
        }
        Some(content) => {
            let document = document.taken_for(content);
            if document.number > 0 && world.tables.reads_first_only(content) {
                let message = format!("of this file only the first document is read, as {}", world.tables.content_name(content));
                found.error(Code::NeverRead, message).within(&document.span(mark), "never read", document.number, "");
            }
            let judges = |family: &&&Family| family.name == world.tables.family_of(content);
            match world.options.families.iter().find(judges).and_then(|family| family.document) {
                Some(check) => check(&document, world, found),
                None if world.tables.family_of(content).is_empty() => {
                    let words = format!("nothing here judges what is in a {}", world.tables.content_name(content));
                    found.note(Code::NotRendered, words).within(&document.span(mark), "not judged", document.number, "");
                }
                None => {}
            }
            for check in world.options.families.iter().filter_map(|family| family.any_document) {
                check(&document, world, found);
            }
        }
    }
}

impl Options {
    /// For who only wants to know what is in the files: nothing is judged.
    pub fn reading() -> Options {
        Options {
            families: Vec::new(),
            version: Minor::DEFAULT,
            allows_unknown_kinds: true,
            is_complete: false,
            provided: Vec::new(),
            pools: Vec::new(),
            taken_for: None,
            exceptions: Exceptions::default(),
            today: None,
            pod_security: None,
        }
    }
}

impl Minor {
    /// What modes are made for.
    pub const DEFAULT: Minor = Minor { major: 1, minor: 36 };

    /// `1.36`, `v1.36` or `1.36.4`.
    pub fn parse(text: &str) -> Option<Minor> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || parts.next()?.parse().ok();
        let version = Minor { major: number()?, minor: number()? };
        (version.major >= 1).then_some(version)
    }
}

impl std::fmt::Display for Minor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}
