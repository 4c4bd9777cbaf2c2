//! A lakehouse file and --set flags, whatever they hold: refused in words or checked in whole, and never a panic.
//!
//! The first line is the profile, the lines after it up to an empty one are flags, the rest is the file.
#![no_main]

use std::sync::LazyLock;

use lakegen::catalog::{self, Catalog};
use lakegen::diagnostic::Diagnostics;
use lakegen::graph;
use lakegen::host::Memory;
use lakegen::lakehouse::{self, Input};
use lakegen::report::{self, Format, Style, Summary};
use lakegen::source::Source;
use libfuzzer_sys::fuzz_target;

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| catalog::load(&Memory::default(), None, &mut Diagnostics::default()).expect("the built-in catalog"));

fuzz_target!(|text: &str| {
    let (head, file) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut head = head.lines();
    let profile = head.next().unwrap_or_default().to_owned();
    let sets = head.take(8).map(str::to_owned).collect();
    let input = Input { file: Source::new("lakehouse.toml", file), profile, sets };
    let mut diags = Diagnostics::default();
    match lakehouse::read(&CATALOG, &input, &mut diags) {
        Ok(lakehouse) => {
            assert!(lakehouse.modes.len() <= CATALOG.modes.len());
            if let Some(mode) = lakehouse.modes.first() {
                // Whatever else is wrong must be said, too.
                let made = graph::build(&lakehouse, mode, &mut diags);
                assert!(made.is_ok() || !diags.is_empty(), "refused without a word");
            }
        }
        Err(_) => assert!(!diags.is_empty(), "refused without a word"),
    }
    let summary = Summary::of(&diags);
    report::render(Format::Human, &diags, &summary, Style { color: true, width: 80 });
    report::render(Format::Json, &diags, &summary, Style { color: false, width: 80 });
});
