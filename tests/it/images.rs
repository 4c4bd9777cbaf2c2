//! Every image of every output and every default is pinned, is to be had, and is looked after, as schemas/versions.toml knows.

use std::collections::{BTreeMap, BTreeSet};

use lakegen::diagnostic::Diagnostics;
use lakegen::host::Date;
use lakegen::node::Node;
use lakegen::source::{self, Source};
use rayon::prelude::*;
use serde_json::Value;

use crate::compiled::{self, CATALOG, OWN, PROFILES};

fn known() -> Node {
    let text = include_str!("../../schemas/versions.toml");
    source::parse(&Source::new("schemas/versions.toml", text), &"versions".into(), &mut Diagnostics::default())
}

/// Words that are said of an image, wherever they stand.
fn images(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str().filter(|_| matches!(key.as_str(), "image" | "imageName")) {
                    Some(image) if !image.is_empty() => {
                        found.insert(image.to_owned());
                    }
                    _ => images(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| images(item, found)),
        _ => {}
    }
}

/// All that a lakehouse can ask for without saying an image: what is built, and each engine and default of the catalog.
fn all() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let built: Vec<(String, BTreeSet<String>)> = PROFILES
        .par_iter()
        .flat_map(|profile| ["compose", "k3s-local", "k3s"].par_iter().map(move |mode| (*profile, *mode)))
        .map(|(profile, mode)| {
            let mut found = BTreeSet::new();
            compiled::documents(&CATALOG, OWN, profile, mode)
                .iter()
                .for_each(|document| images(&document.node.to_json(), &mut found));
            (format!("{profile} {mode}"), found)
        })
        .collect();
    for (place, found) in built {
        all.extend(found.into_iter().map(|image| (image, place.clone())));
    }
    for component in CATALOG.components.values() {
        let mut said = Vec::new();
        component.manifest.leaves(&mut |pointer, node| said.push((pointer.to_owned(), node.as_str().map(str::to_owned))));
        let is_image = |pointer: &str| pointer.ends_with("image") || pointer.contains("image") && pointer.ends_with("/default");
        let own = said.into_iter().filter(|(pointer, _)| is_image(pointer)).filter_map(|(pointer, text)| Some((text?, pointer)));
        all.extend(
            own.filter(|(text, _)| text.contains(':')).map(|(text, pointer)| (text, format!("{} {pointer}", component.name))),
        );
    }
    all
}

fn wrong(image: &str, known: &Node, checked: Date) -> Option<String> {
    let (name, digest) = image.split_once('@').map_or((image, ""), |(name, digest)| (name, digest));
    let Some((repository, tag)) = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) else {
        return Some("has no tag".into());
    };
    let list = |key: &str| known.get(key).map_or(&[][..], |list| list.items());
    if list("gone")
        .iter()
        .filter_map(|gone| gone.as_str())
        .any(|gone| repository == gone || gone.ends_with('/') && repository.starts_with(gone))
    {
        return Some("is gone".into());
    }
    if tag == "latest" {
        return Some("changes under its tag".into());
    }
    let line = list("line").iter().find(|line| line.text("image") == repository && tag.starts_with(line.text("version")));
    let Some(line) = line else { return Some("is of a line that nobody looked at".into()) };
    let ends = line.get("ends").and_then(|ends| Date::parse(ends.to_json().as_str()?));
    if ends.is_some_and(|ends| ends <= checked) {
        return Some("is no longer looked after".into());
    }
    let is_pinned = line.get("digest").and_then(|pinned| pinned.as_bool()).unwrap_or(false);
    (is_pinned && !digest.starts_with("sha256:")).then(|| "has no digest, and one is known".into())
}

#[test]
fn every_image_is_pinned_and_looked_after() {
    let known = known();
    let checked = known.get("checked").and_then(|day| Date::parse(day.to_json().as_str()?)).expect("a day");
    let all = all();
    assert!(all.len() >= 15, "{all:?}");
    let wrong: Vec<String> =
        all.iter().filter_map(|(image, place)| Some(format!("{image} ({place}) {}", wrong(image, &known, checked)?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_wrong_with_an_image_is_found() {
    let (known, checked) = (known(), Date::parse("2027-01-01").unwrap());
    for (image, problem) in [
        ("minio/minio:RELEASE.2025-09-07T16-13-09Z", "is gone"),
        ("bitnami/redis:8.0", "is gone"),
        ("postgres", "has no tag"),
        ("registry.example.com:5000/postgres", "has no tag"),
        ("postgres:latest", "changes under its tag"),
        ("postgres:14.2", "is no longer looked after"),
        ("postgres:18.6", "has no digest, and one is known"),
        ("nginx:1.29", "is of a line that nobody looked at"),
    ] {
        assert_eq!(wrong(image, &known, checked).as_deref(), Some(problem), "{image}");
    }
}
