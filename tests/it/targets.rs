//! What every profile promises is measured, watched and shown in the modes that are its own.

use lakegen::diagnostic::Diagnostics;
use lakegen::{graph, lakehouse, targets};

use crate::compiled::{self, CATALOG, OWN, PROFILES};

#[test]
fn what_a_profile_promises_is_tied() {
    let mut seen = 0;
    for profile in PROFILES {
        let input = compiled::input(OWN, profile);
        let lakehouse = lakehouse::read(&CATALOG, &input, &mut Diagnostics::default()).expect("the lakehouse is whole");
        for mode in &lakehouse.modes {
            let graph = graph::build(&lakehouse, mode, &mut Diagnostics::default()).expect("it connects");
            for row in targets::rows(&lakehouse, &graph) {
                let missing = row.ties.iter().filter(|tie| tie.names.is_empty()).map(|tie| tie.way.as_str());
                assert_eq!(missing.collect::<Vec<_>>(), Vec::<&str>::new(), "{profile} {}: {}", mode.name, row.target);
                seen += 1;
            }
        }
    }
    assert!(seen >= 9, "{seen}");
}
