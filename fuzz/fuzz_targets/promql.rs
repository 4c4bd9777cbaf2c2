//! Any text: it is a query or it is not, and what is wrong lies in the text.
#![no_main]

use lakegen::promql;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match promql::parse(text) {
        Ok(expr) => expr.walk(&mut |part| assert!(text.get(part.at.clone()).is_some(), "{:?} of {text:?}", part.at)),
        Err(error) => assert!(text.get(error.at.clone()).is_some(), "{:?} of {text:?}", error.at),
    }
});
