//! What is kept of every object when its file is gone: who it is and where it stands, for the checks that look at all of them.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::document::Extent;
use super::exceptions::{self, Annotated};
use super::kinds::Known;
use super::{Object, World, capacity::Platform, links, pod_security};
use crate::diagnostic::Subject;
use crate::network::{Facts, Seen};
use crate::source::Span;
use crate::yaml::Mark;

#[derive(Debug, Default)]
pub struct Index {
    pub objects: Vec<Entry>,
    /// Pods, their namespaces and the policies that say who may talk to them; homes are indices of `objects`.
    pub network: Facts,
    platform: OnceLock<Platform>,
}

/// A stretch of a file. Its text is read when somebody is shown it: held, the texts of all files would be.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    file: usize,
    start: u32,
    end: u32,
}

impl Stretch {
    pub fn of(file: usize, span: &Span) -> Stretch {
        Stretch { file, start: span.start, end: span.end }
    }

    pub fn span(&self, world: &World<'_>) -> Span {
        world.inputs.span(self.file, self.start, self.end)
    }
}

/// One object.
#[derive(Clone, Debug)]
pub struct Entry {
    pub subject: Arc<Subject>,
    pub is_known: bool,
    pub file: usize,
    /// Its kind, or the first thing it says, in the file.
    pub start: u32,
    pub end: u32,
    pub document: u32,
    /// What to read again for it.
    pub extent: Extent,
    pub pointer: String,
    pub pod_security: pod_security::Kept,
    pub links: Option<Box<links::Kept>>,
    /// Findings that its annotations except.
    pub ignores: Vec<Annotated>,
}

impl Index {
    /// What makes pods, and what says how many there are: read of the objects' texts when it is first asked for.
    pub(super) fn platform(&self, world: &World<'_>) -> &Platform {
        self.platform.get_or_init(|| Platform::gather(self, world))
    }

    pub(super) fn add(&mut self, object: &Object<'_>, world: &World<'_>) {
        self.network.add(&Seen {
            root: object.root,
            path: &object.path,
            start: object.document.span(Mark::default()).start,
            namespace: object.subject.namespace.as_deref(),
            row: world.tables.with_pods(&object.subject.kind, object.group()),
            home: self.objects.len(),
        });
        let span = object.document.span(object.head());
        let mut entry = Entry {
            subject: object.subject.clone(),
            is_known: !matches!(object.known, Known::Unknown),
            file: object.document.file,
            start: span.start,
            end: span.end,
            document: object.document.number,
            extent: object.document.extent,
            pointer: object.path.pointer(),
            pod_security: pod_security::Kept::default(),
            links: None,
            ignores: exceptions::annotated(object),
        };
        for keep in world.options.families.iter().filter_map(|family| family.keep) {
            keep(object, world, &mut entry);
        }
        self.objects.push(entry);
    }

    pub(super) fn append(&mut self, mut other: Index) {
        self.network.append(std::mem::take(&mut other.network), self.objects.len());
        self.objects.append(&mut other.objects);
    }

    /// Kinds that nothing is known of: `Foo.example.com/v1`.
    pub fn unknown_kinds(&self) -> Vec<String> {
        let unknown = self.objects.iter().filter(|entry| !entry.is_known);
        let names: BTreeSet<String> =
            unknown.map(|entry| format!("{}.{}", entry.subject.kind, entry.subject.api_version)).collect();
        names.into_iter().collect()
    }
}

impl Entry {
    pub fn span(&self, world: &World<'_>) -> Span {
        Stretch { file: self.file, start: self.start, end: self.end }.span(world)
    }
}
