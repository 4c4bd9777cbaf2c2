//! Objects looked at a second time, when all others are known: their texts are read again.

use std::collections::BTreeMap;

use super::document::{self, Document, Extent};
use super::{Entry, Object, World, object};
use crate::diagnostic::Diagnostics;
use crate::source::Source;
use std::sync::Arc;

impl World<'_> {
    /// Calls `visit` with some objects again, in the order of files; only the documents that hold them are read. A text is dropped
    /// with its last object, but for what findings point into. A file that is gone by now has none.
    pub(super) fn revisit(&self, entries: &[&Entry], visit: &mut dyn FnMut(&Object<'_>, &Entry)) {
        let mut files: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            files.entry(entry.file).or_default().push(entry);
        }
        for (file, entries) in files {
            if let Ok(source) = self.inputs.read(file, &mut Diagnostics::default()) {
                self.within(file, &source, &entries, visit);
            }
        }
    }

    fn within(&self, file: usize, source: &Arc<Source>, entries: &[&Entry], visit: &mut dyn FnMut(&Object<'_>, &Entry)) {
        let mut extents: BTreeMap<Extent, BTreeMap<u32, &Entry>> = BTreeMap::new();
        for entry in entries {
            extents.entry(entry.extent).or_default().insert(entry.start, entry);
        }
        for (extent, wanted) in extents {
            let Some(chunk) = extent.chunk(&source.text) else { continue };
            let stream = document::read(source, &chunk, &mut Diagnostics::default());
            for yaml in &stream.documents {
                let document = Document::of(source, &chunk, yaml, file);
                object::each(&document, self, &mut Diagnostics::default(), &mut |object, _| {
                    if let Some(entry) = wanted.get(&document.span(object.head()).start) {
                        visit(object, entry);
                    }
                });
            }
        }
    }
}
