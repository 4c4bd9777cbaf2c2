//! The threat model names controls that are really generated: each path is in golden, each component, part and option in the catalog.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::compiled::{self, CATALOG};

/// The last column of the table of controls, row by row.
fn controls() -> Vec<String> {
    let text = fs::read_to_string(compiled::tests().parent().unwrap().join("docs/threat-model.md")).unwrap();
    let (_, controls) = text.split_once("## Controls").expect("the model has controls");
    let rows = controls.lines().take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| "));
    rows.skip(1).map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default().to_owned()).collect()
}

/// Every path below an output with Kubernetes.
fn generated() -> BTreeSet<String> {
    let golden = compiled::tests().parent().unwrap().join("golden");
    let files = walkdir::WalkDir::new(&golden).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let inner = |path: &Path| path.strip_prefix(&golden).unwrap().to_str().unwrap().replace('\\', "/");
    let below = |path: String| path.splitn(3, '/').nth(2).filter(|_| path.contains("/k3s")).map(str::to_owned);
    files.filter_map(|entry| below(inner(entry.path()))).collect()
}

/// `{a,b}.yaml` as its alternatives.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let (inside, after) = rest.split_once('}').expect("braces are closed");
    inside.split(',').flat_map(|one| alternatives(&format!("{before}{one}{after}"))).collect()
}

/// Whether a path is of a pattern, whose stars stand for anything but a slash.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == path || pattern.ends_with('/') && path.starts_with(pattern);
    };
    let Some(rest) = path.strip_prefix(before) else { return false };
    let stops = rest.find('/').unwrap_or(rest.len());
    (0..=stops).filter(|at| rest.is_char_boundary(*at)).any(|at| fits(after, &rest[at..]))
}

/// What is wrong with a thing that a row names after the word before it.
fn problem(word: &str, name: &str, generated: &BTreeSet<String>) -> Option<String> {
    let mode_has = |mode: &str, option: &str| {
        CATALOG.modes.get(mode).is_some_and(|mode| mode.options.pointer(&format!("/properties/{option}")).is_some())
    };
    match word {
        "component" => (!CATALOG.components.contains_key(name)).then(|| format!("there is no component {name}")),
        "part" => (!CATALOG.modes.get(name).is_some_and(|mode| mode.is_part)).then(|| format!("there is no part {name}")),
        "option" => {
            let (table, key) = name.split_once('.').unwrap_or((name, ""));
            let setting = CATALOG.lakehouse.pointer(&format!("/properties/{table}/properties/{key}"));
            (setting.is_none() && !mode_has(table, key)).then(|| format!("there is no option {name}"))
        }
        _ => {
            let missing = alternatives(name).into_iter().find(|one| !generated.iter().any(|path| fits(one, path)));
            missing.map(|one| format!("nothing in golden is of {one}"))
        }
    }
}

#[test]
fn every_control_that_the_threat_model_names_is_generated() {
    let (controls, generated) = (controls(), generated());
    assert!(controls.len() > 20 && generated.len() > 300, "{} controls, {} paths", controls.len(), generated.len());
    let mut wrong = Vec::new();
    for control in &controls {
        let parts: Vec<&str> = control.split('`').collect();
        assert!(parts.len() > 2, "a control without a place: {control}");
        // What stands between two marks has its word before the first.
        for pair in parts.chunks(2).filter(|pair| pair.len() == 2) {
            let word = pair[0].split_whitespace().last().unwrap_or_default();
            wrong.extend(problem(word, pair[1], &generated));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_control_that_is_not_there_is_seen() {
    let generated = generated();
    for (word, name) in [
        ("", "edge-*/moat.yaml"),
        ("", "edge-*/{gateway,moat}.yaml"),
        ("component", "moat"),
        ("part", "moat"),
        ("option", "k3s.moat"),
    ] {
        assert!(problem(word, name, &generated).is_some(), "{word} {name} is not there");
    }
    assert!(problem("", "edge-*/{gateway,certificate-pages}.yaml", &generated).is_none());
}
