//! Objects looked at a second time, when all others are known: their texts are read again.

use std::collections::BTreeMap;

use super::document::{self, Document};
use super::{Entry, Object, World, object};
use crate::diagnostic::Diagnostics;
use crate::source::Source;
use std::sync::Arc;

impl World<'_> {
    /// Calls `visit` with some objects again, in the order of files; only the parts that hold them are read.
    pub(super) fn revisit(&self, entries: &[&Entry], visit: &mut dyn FnMut(&Object<'_>, &Entry)) {
        let mut files: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            files.entry(entry.file).or_default().push(entry);
        }
        for (file, entries) in files {
            self.within(file, &self.inputs.source(file), &entries, visit);
        }
    }

    fn within(&self, file: usize, source: &Arc<Source>, entries: &[&Entry], visit: &mut dyn FnMut(&Object<'_>, &Entry)) {
        for chunk in document::chunks(&source.text) {
            let end = chunk.start as usize + chunk.text.len();
            let is_here = |entry: &&&Entry| (chunk.start as usize..end).contains(&(entry.start as usize));
            let here: BTreeMap<u32, &Entry> = entries.iter().filter(is_here).map(|entry| (entry.start, *entry)).collect();
            if here.is_empty() {
                continue;
            }
            let stream = document::read(source, &chunk, &mut Diagnostics::default());
            for yaml in &stream.documents {
                let document = Document::of(source, &chunk, yaml, file);
                object::each(&document, self, &mut Diagnostics::default(), &mut |object, _| {
                    if let Some(entry) = here.get(&document.span(object.head()).start) {
                        visit(object, entry);
                    }
                });
            }
        }
    }
}
