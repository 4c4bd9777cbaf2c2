//! Every rule of schemas/upgrades.toml, tried on a document that lakegen writes: tests/upgrades.toml says what is changed.

use std::collections::BTreeMap;
use std::path::Path;

use lakegen::diagnostic::Diagnostics;
use lakegen::host::Memory;
use lakegen::tree::File;
use lakegen::upgrade::{self, Rules};
use serde_json::{Value, json};

use crate::compiled::{self, CATALOG};

/// Everything that a rule is about, in some mode.
const EVERYTHING: &str = r#"
[lakehouse]
name = "lake"
[k3s]
storage_class = "own"
volumes = { provisioner = "ebs.csi.aws.com", parameters = { type = "gp3" } }
"#;

struct Change {
    of: String,
    at: String,
    mode: String,
    to: Value,
    fine: Option<Value>,
    code: String,
}

fn changes() -> Vec<Change> {
    let text = std::fs::read_to_string(compiled::tests().join("upgrades.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let change = |row: &toml::Value| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let json = |value: &toml::Value| serde_json::to_value(value).unwrap();
        let fine = row.get("fine").map(json);
        Change { of: text("of"), at: text("at"), mode: text("mode"), to: json(&row["to"]), fine, code: text("code") }
    };
    table["change"].as_array().unwrap().iter().map(change).collect()
}

/// Rules by the kind, or the key, that they are about, and by their pointer.
fn rules() -> BTreeMap<(String, String), Value> {
    let rules = CATALOG.upgrades.to_json()["rule"].as_array().unwrap().clone();
    let named = |rule: Value| {
        let of = rule["of"].as_str().or(rule["has"].as_str()).unwrap().to_owned();
        ((of, rule["at"].as_str().unwrap().to_owned()), rule)
    };
    rules.into_iter().map(named).collect()
}

#[test]
fn every_rule_is_tried_and_refuses() {
    let (changes, rules) = (changes(), rules());
    let tried: Vec<(String, String)> = changes.iter().map(|change| (change.of.clone(), change.at.clone())).collect();
    let untried: Vec<_> = rules.keys().filter(|rule| !tried.contains(rule)).collect();
    assert!(untried.is_empty(), "tests/upgrades.toml tries no change of {untried:?}");
    let mut made: BTreeMap<&str, Vec<(String, Value)>> = BTreeMap::new();
    for change in &changes {
        let documents = made.entry(&change.mode).or_insert_with(|| {
            let documents = compiled::documents(&CATALOG, EVERYTHING, "production", &change.mode);
            documents.iter().map(|document| (document.path.clone(), document.node.to_json())).collect()
        });
        let name = format!("{} {}", change.of, change.at);
        let rule = rules.get(&(change.of.clone(), change.at.clone())).unwrap_or_else(|| panic!("{name}: there is no such rule"));
        try_change(change, rule, documents, &name);
    }
}

fn try_change(change: &Change, rule: &Value, documents: &[(String, Value)], name: &str) {
    let is_about = |value: &Value| value["kind"] == *change.of || value["kind"].is_null() && value[&change.of].is_object();
    let places = documents.iter().filter(|(_, value)| is_about(value)).flat_map(|(path, value)| {
        let pointers = below(value, &change.at.split('/').skip(1).collect::<Vec<_>>(), String::new());
        pointers.into_iter().map(move |pointer| (path, value, pointer))
    });
    let has_all = |value: &Value, pointer: &str| {
        let parent = pointer.rsplit_once('/').unwrap().0;
        rule["beside"]
            .as_array()
            .into_iter()
            .flatten()
            .all(|key| value.pointer(parent).unwrap().get(key.as_str().unwrap()).is_some())
    };
    let mut places = places.filter(|(_, value, pointer)| has_all(value, pointer));
    let (path, old, pointer) = places.next().unwrap_or_else(|| panic!("{name}: nothing that lakegen makes has it"));
    let changed = |to: &Value| {
        let mut new = old.clone();
        *new.pointer_mut(&pointer).unwrap() = to.clone();
        new
    };
    let owner = old["metadata"]["name"].as_str().unwrap_or_default();
    let remedy = rule["help"].as_str().unwrap().replace("NAME", owner);
    let expected = vec![(change.code.clone(), Some(remedy), true)];
    assert_eq!(found(path, old, &changed(&change.to), &[]), expected, "{name} of {path}");
    assert_eq!(found(path, old, &changed(&change.to), std::slice::from_ref(&change.code)), [], "{name}: it was accepted");
    if rule["may"] == "stay" {
        assert_eq!(found(path, old, &without(old, &pointer), &[]), expected, "{name} goes");
        assert_eq!(found(path, &without(old, &pointer), old, &[]), expected, "{name} comes");
    }
    if let Some(fine) = &change.fine {
        assert_eq!(found(path, old, &changed(fine), &[]), [], "{name}: {fine} is fine");
    }
}

/// Every pointer of a value that a pointer with `*` in it leads to.
fn below(value: &Value, parts: &[&str], at: String) -> Vec<String> {
    let Some((part, rest)) = parts.split_first() else { return vec![at] };
    let children: Vec<(String, &Value)> = match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let chosen = children.into_iter().filter(|(key, _)| *part == "*" || key == part);
    chosen.flat_map(|(key, child)| below(child, rest, format!("{at}/{key}"))).collect()
}

fn without(value: &Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut value = value.clone();
    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    value
}

/// What is told of the second after the first: each code, its remedy, and whether it has a place.
fn found(path: &str, old: &Value, new: &Value, accepted: &[String]) -> Vec<(String, Option<String>, bool)> {
    let (host, mut diags) = (Memory::default(), Diagnostics::default());
    host.put(Path::new("out").join(path), old.to_string());
    let file = File { path: path.to_owned(), bytes: new.to_string().into_bytes(), executable: false };
    let rules = Rules { rules: &CATALOG.upgrades, types: &CATALOG.types, accepted };
    upgrade::check(&host, Path::new("out"), std::slice::from_ref(&file), &[], &rules, &mut diags);
    diags.iter().map(|found| (found.code.id().to_owned(), found.help.clone(), !found.places.is_empty())).collect()
}

#[test]
fn what_is_of_another_kind_or_name_is_not_compared() {
    let object = |kind: &str, name: &str, service: &str| json!({ "kind": kind, "metadata": { "name": name }, "spec": { "serviceName": service } });
    let old = object("StatefulSet", "a", "one");
    assert_eq!(found("a.yaml", &old, &object("StatefulSet", "a", "two"), &[]).len(), 1);
    assert_eq!(found("a.yaml", &old, &object("StatefulSet", "b", "two"), &[]), []);
    assert_eq!(found("a.yaml", &old, &object("Deployment", "a", "two"), &[]), []);
}
