//! Any text: reading it does not panic, and what was read is read again from what is printed.
#![no_main]

use lakegen::source::Source;
use lakegen::yaml::{self, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let stream = yaml::read(text, &Limits::default());
    let source = Source::new("fuzz", text);
    for document in &stream.documents {
        let node = document.root.to_node(&source, &"fuzz".into());
        for printed in [yaml::print(&node), yaml::print_json(&node)] {
            let again = yaml::read(&printed, &Limits::default());
            assert!(again.errors.is_empty(), "{:?} of {printed:?}", again.errors);
            let [again] = &again.documents[..] else { panic!("{} documents of {printed:?}", again.documents.len()) };
            assert_eq!(again.root, document.root, "{printed:?}");
        }
    }
});
