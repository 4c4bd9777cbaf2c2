//! Each component of each profile off, or replaced by somebody else's service, in each mode: what comes of it stands in
//! tests/stand-ins.txt (`UPDATE=1` writes it). Either all is well without it, or a finding says who needs it.

use std::fs;

use lakegen::diagnostic::Code;
use rayon::prelude::*;

use crate::compiled::{self, CATALOG, OWN, PROFILES};

const HOST: &str = "elsewhere.example.com";
/// What may be said: whoever needs it is named, nothing stands in for it, or a promise has lost what holds it.
const CLEAR: &[Code] = &[Code::DisabledNeeded, Code::CannotStandIn, Code::UntiedTarget];

struct Trial {
    profile: &'static str,
    mode: &'static str,
    component: String,
    is_external: bool,
}

#[test]
fn each_component_can_go_or_says_who_needs_it() {
    let modes = ["compose", "k3s-local", "k3s"];
    let mut trials = Vec::new();
    for profile in PROFILES {
        for component in components(profile) {
            for (mode, is_external) in modes.iter().flat_map(|mode| [(*mode, false), (*mode, true)]) {
                trials.push(Trial { profile, mode, component: component.clone(), is_external });
            }
        }
    }
    assert!(trials.len() > 100);
    let lines: Vec<String> = trials.par_iter().flat_map(outcome).collect();
    let path = compiled::tests().join("stand-ins.txt");
    let text = lines.join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let wrong: Vec<_> = lines.iter().filter(|line| !expected.contains(line.as_str())).collect();
    assert!(text == expected, "look at these, then run with UPDATE=1: {wrong:#?}");
}

/// Those of the profile, and one that is in none.
fn components(profile: &str) -> Vec<String> {
    let tables = &CATALOG.profiles[profile];
    let own = tables.get("components").map_or(&[][..], |components| components.entries());
    own.iter().map(|entry| entry.key.to_string()).chain(["executor".to_owned()]).collect()
}

fn outcome(trial: &Trial) -> Vec<String> {
    let Trial { profile, mode, component, is_external } = trial;
    let table = format!("{OWN}\n[profile.{profile}.components.{component}]\n");
    let said =
        if *is_external { format!("external = {{ host = \"{HOST}\", secret = \"theirs\" }}") } else { "enabled = false".into() };
    let head = format!("{profile} {mode} {component} {}", if *is_external { "external" } else { "off" });
    match compiled::try_compile(&CATALOG, &compiled::input(&(table + &said), profile), &[mode]) {
        Err(diags) => {
            let unclear: Vec<_> = diags.iter().filter(|found| !CLEAR.contains(&found.code) || found.places.is_empty()).collect();
            assert!(unclear.is_empty(), "{head}: {:#?}", compiled::told(&diags));
            diags.iter().map(|found| format!("{head}: {} {}", found.code.id(), found.message)).collect()
        }
        Ok(outputs) => {
            let documents = &outputs[0].documents;
            let text: String = documents.iter().map(|document| document.print()).collect();
            let runs = [format!("/{component}-"), format!("/{component}.")];
            let left: Vec<&str> = documents
                .iter()
                .map(|document| &*document.path)
                .filter(|path| runs.iter().any(|run| path.contains(run)))
                .collect();
            // Rules and folders may be called by its name; what runs may not.
            assert!(
                !left.iter().any(|path| path.ends_with("deployment.yaml") || path.ends_with("statefulset.yaml")),
                "{head}: {left:?}"
            );
            let is_used = text.contains(HOST);
            vec![format!("{head}: {}", if *is_external && is_used { "stands in" } else { "nobody misses it" })]
        }
    }
}
