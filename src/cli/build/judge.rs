//! What is about to be written, judged as `validate` judges what others made; with the graph it is known which secrets there will be.

use std::collections::BTreeMap;

use super::{BuildArgs, Printed};
use crate::capacity;
use crate::catalog::Catalog;
use crate::check::{self, Admission, Exceptions, FAMILIES, Minor, Options, Tables, World};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::document::Document;
use crate::host::{Host, today};
use crate::inputs::Inputs;
use crate::lakehouse::Input;
use crate::source::Source;
use crate::{Output, compile, origin};

impl BuildArgs {
    /// All that a mode makes is all there is: what it refers to and does not hold is missing.
    pub(super) fn judge(
        &self,
        host: &dyn Host,
        catalog: &Catalog,
        input: &Input,
        outputs: &[Output<Printed>],
        diags: &mut Diagnostics,
    ) -> usize {
        let mut excepted = 0;
        let tables = Tables::load();
        for output in outputs {
            let mut found = Diagnostics::default();
            // A part alone refers to what its platform holds.
            let is_complete = catalog.mode(&output.mode).is_some_and(|mode| !mode.is_part);
            excepted += judge_one(host, tables, output, is_complete, &mut found);
            let mut wrong: Vec<Diagnostic> = found.iter().filter(|d| d.severity > Severity::Note).cloned().collect();
            if wrong.is_empty() {
                continue;
            }
            let input = Input { profile: output.profile.clone(), ..input.clone() };
            let compiled = compile(catalog, &input, std::slice::from_ref(&output.mode), &mut Diagnostics::default());
            for document in compiled.iter().flatten().flat_map(|output| &output.documents) {
                wrong.iter_mut().for_each(|diagnostic| add_origin(diagnostic, document));
            }
            diags.append(wrong.into_iter().collect());
        }
        excepted
    }
}

fn judge_one(host: &dyn Host, tables: &Tables, output: &Output<Printed>, is_complete: bool, found: &mut Diagnostics) -> usize {
    let documents = output.documents.iter().filter(|document| document.is_streamed).map(|document| &document.file);
    let texts = documents.map(|file| Source::new(file.path.clone(), String::from_utf8_lossy(&file.bytes).into_owned()));
    let inputs = Inputs::of(host, texts.collect());
    let options = Options {
        // Of the network the graph knows more: also the pods that operators make.
        families: FAMILIES.iter().filter(|family| family.has_checks() && family.name != "network").collect(),
        version: Minor::DEFAULT,
        allows_unknown_kinds: true,
        is_complete,
        provided: output.secrets.clone(),
        exceptions: Exceptions::read(&output.judging),
        pools: capacity::pools_of(&output.settings, found),
        taken_for: None,
        pod_security: None,
        today: today(host, found).ok(),
    };
    let kinds = check::kinds(options.version, &[&inputs], found);
    check::run(&World { options: &options, kinds: &kinds, tables, inputs: &inputs, admission: &Admission::default() }, found)
        .excepted
}

/// The line of lakehouse.toml that a value at fault came from.
fn add_origin(diagnostic: &mut Diagnostic, document: &Document) {
    let mut spans = BTreeMap::new();
    for place in diagnostic.places.iter().filter(|place| *place.span.source.name == *document.path) {
        let Some(pointer) = &place.pointer else { continue };
        if let Some(span) = document.node.pointer(pointer).and_then(origin::written) {
            spans.insert((span.source.name.to_string(), span.start), span);
        }
    }
    for span in spans.into_values() {
        diagnostic.at(&span, "made of this");
    }
}
