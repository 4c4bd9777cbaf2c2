//! Every value knows where it came from, and every line what it reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use lakegen::document::{Document, Format};
use lakegen::node::{Data, Node, Origin};
use lakegen::origin;
use rayon::prelude::*;

use crate::compiled::{self, CATALOG, MODES, OWN, PROFILES};

const MANY: &str = include_str!("../origin/lakehouse.toml");

/// Rules whose result comes from the command line or from nothing at all: they have nothing to follow.
const ENDS: [&str; 3] = ["the profile asked for", "the mode asked for", "nothing"];

fn every_document() -> Vec<(String, Document)> {
    let mut all = Vec::new();
    for (name, text) in [("own", OWN), ("many", MANY)] {
        for profile in PROFILES {
            for mode in MODES {
                let documents = compiled::documents(&CATALOG, text, profile, mode);
                all.extend(
                    documents.into_iter().map(|document| (format!("{name} {profile} {mode} {}", document.path), document)),
                );
            }
        }
    }
    all
}

/// Follows an origin to all its ends; tells where one is not something that a person wrote.
struct Follower {
    seen: BTreeSet<*const Node>,
    loose: Vec<String>,
}

impl Follower {
    fn follow(&mut self, node: &Node) {
        if !self.seen.insert(std::ptr::from_ref(node)) {
            return;
        }
        let from = match &node.origin {
            Origin::Input(input) => {
                let text = &input.span.source.text;
                let is_there = input.span.range().end <= text.len() && !input.span.source.name.is_empty();
                if !is_there {
                    self.loose.push(format!("{:?} is no place", input.span));
                }
                return input.shadows.iter().for_each(|shadow| self.follow(shadow));
            }
            Origin::Template { template, line, from } => {
                let is_line = (1..=template.text.lines().count() as u32).contains(line);
                if !is_line || !template.name.starts_with("templates/") {
                    self.loose.push(format!("{}:{line} is no line", template.name));
                }
                from.as_deref().unwrap_or(&[])
            }
            Origin::Derived { rule, from } => {
                // A table or list that lakegen made has its origins in what is in it.
                let is_empty = node.entries().is_empty() && node.items().is_empty();
                if from.is_empty() && is_empty && !ENDS.contains(rule) && !matches!(node.data, Data::Seq(_) | Data::Map(_)) {
                    self.loose.push(format!("{rule} = {} comes from nowhere", node.to_json()));
                }
                from
            }
        };
        from.iter().for_each(|node| self.follow(node));
    }
}

#[test]
fn every_leaf_comes_from_what_a_person_wrote() {
    let (mut leaves, mut loose) = (0, BTreeSet::new());
    for (name, document) in every_document() {
        let mut follower = Follower { seen: BTreeSet::new(), loose: Vec::new() };
        document.node.leaves(&mut |pointer, node| {
            leaves += 1;
            if !matches!(node.origin, Origin::Template { .. }) || !origin::is_known(node) {
                loose.insert(format!("{name} {pointer}: no template printed it"));
            }
            follower.follow(node);
        });
        document.because.iter().for_each(|node| follower.follow(node));
        loose.extend(follower.loose.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(loose.is_empty(), "{} of {leaves}: {:#?}", loose.len(), loose.iter().take(20).collect::<Vec<_>>());
    assert!(leaves > 10_000, "only {leaves} leaves");
    eprintln!("{leaves} leaves, all followed to files that people wrote");
}

#[test]
fn the_line_named_is_the_line_that_printed_it() {
    let (mut leaves, mut wrong) = (0, Vec::new());
    for (name, document) in every_document().into_iter().filter(|(_, document)| document.format != Format::Text) {
        document.node.leaves(&mut |pointer, node| {
            let Origin::Template { template, line, .. } = &node.origin else { return };
            let text = template.text.lines().nth(*line as usize - 1).unwrap_or_default();
            let step = pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
            let value = node.as_str().map_or_else(|| node.to_json().to_string(), str::to_owned);
            let value = value.lines().next().unwrap_or_default().replace("$$", "$");
            leaves += 1;
            // A key, a value, a slot or tag for either, or what lays a table out.
            if ![step.as_str(), value.as_str(), "{{", "{%", "..."].iter().any(|part| !part.is_empty() && text.contains(part)) {
                wrong.push(format!("{name} {pointer} = {value}: {}:{line} says {text:?}", template.name));
            }
        });
    }
    assert!(wrong.is_empty(), "{} of {leaves}: {:#?}", wrong.len(), wrong.iter().take(20).collect::<Vec<_>>());
}

/// For people: six values and their stories. With UPDATE=1 the files are written anew.
#[test]
fn stories_are_told_well() {
    let text = MANY.lines().map(|line| line.split("#>").next().unwrap_or_default().trim_end()).collect::<Vec<_>>().join("\n");
    let stories = [
        ("image", "compose", "docker-compose.yaml", "/services/valkey/image"),
        ("memory", "compose", "docker-compose.yaml", "/services/valkey/deploy/resources/limits/memory"),
        ("replicas", "k3s", "prefect-try/prefect-server-deployment.yaml", "/spec/replicas"),
        ("label", "k3s", "prefect-try/prefect-worker-main-deployment.yaml", "/spec/template/spec/containers/0/env/5/value"),
        (
            "peer",
            "k3s",
            "prefect-try/valkey-networkpolicy.yaml",
            "/spec/ingress/0/from/0/podSelector/matchLabels/app.kubernetes.io~1instance",
        ),
        ("script", "k3s", "minio-try/object-store-init-configmap.yaml", "/data/etc-lakehouse-buckets.sh"),
    ];
    let mut wrong = Vec::new();
    for (name, mode, path, pointer) in stories {
        let documents = compiled::documents(&CATALOG, &text, "development", mode);
        let document = documents.iter().find(|document| document.path == path).unwrap_or_else(|| panic!("there is no {path}"));
        let story = origin::explain(document, pointer, origin::NEAREST).unwrap_or_else(|| panic!("{path} has no {pointer}"));
        let file = compiled::tests().join("origin").join(format!("{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &story).unwrap();
        }
        if fs::read_to_string(&file).unwrap_or_default() != story {
            wrong.push(format!("{}:\n{story}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "look at these, then run with UPDATE=1:\n{}", wrong.join("\n"));
}

// --- the other way round -------------------------------------------------------------------------------------------

/// A line of a lakehouse file, and the same file with another value in it.
struct Change {
    line: u32,
    text: String,
}

fn changes(text: &str) -> Vec<Change> {
    let lines: Vec<&str> = text.lines().collect();
    let change = |(index, line): (usize, &&str)| {
        let (before, other) = line.split_once("#>")?;
        let (key, _) = before.split_once('=')?;
        let changed = format!("{key}={other}");
        let text = lines.iter().enumerate().map(|(at, line)| if at == index { changed.as_str() } else { line });
        Some(Change { line: index as u32 + 1, text: text.collect::<Vec<_>>().join("\n") })
    };
    lines.iter().enumerate().filter_map(change).collect()
}

type Leaves = BTreeMap<(String, String), String>;

fn leaves(documents: &[Document]) -> Leaves {
    let mut all = Leaves::new();
    for document in documents {
        document.node.leaves(&mut |pointer, node| {
            all.insert((document.path.clone(), pointer.to_owned()), node.to_json().to_string());
        });
    }
    all
}

/// The leaves of one side that are not the same on the other, and are not named for the line.
fn unnamed(documents: &[Document], others: &Leaves, line: u32) -> (usize, Vec<String>) {
    let named = origin::reverse(documents, "lakehouse.toml", line);
    let is_named = |path: &str, pointer: &str| {
        named.iter().any(|(file, above)| {
            file == path && pointer.strip_prefix(above.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let changed: Vec<((String, String), String)> =
        leaves(documents).into_iter().filter(|(place, value)| others.get(place) != Some(value)).collect();
    let missing = changed.iter().filter(|((path, pointer), _)| !is_named(path, pointer));
    let missing = missing.map(|((path, pointer), value)| format!("line {line}: {path} {pointer} = {value}")).collect();
    if std::env::var_os("LAKEGEN_PRECISION").is_some() {
        let count = leaves(documents).keys().filter(|(path, pointer)| is_named(path, pointer)).count();
        eprintln!("line {line}: {count} leaves named, {} changed", changed.len());
    }
    (changed.len(), missing)
}

fn check_reverse(text: &str) -> usize {
    let changes = changes(text);
    let before: Vec<Vec<Document>> = MODES.iter().map(|mode| compiled::documents(&CATALOG, text, "development", mode)).collect();
    let judged = changes.par_iter().map(|change| {
        let mut touched = 0;
        let mut missing = Vec::new();
        for (mode, before) in MODES.iter().zip(&before) {
            let after = compiled::documents(&CATALOG, &change.text, "development", mode);
            // What changes or goes is found in what was; what comes, in what is.
            for (documents, others) in [(before, &after), (&after, before)] {
                let (changed, unnamed) = unnamed(documents, &leaves(others), change.line);
                touched += changed;
                missing.extend(unnamed.into_iter().map(|what| format!("{mode} {what}")));
            }
        }
        (change.line, touched, missing)
    });
    let judged: Vec<(u32, usize, Vec<String>)> = judged.collect();
    let missing: Vec<&String> = judged.iter().flat_map(|(_, _, missing)| missing).collect();
    let touched: usize = judged.iter().map(|(_, touched, _)| touched).sum();
    assert!(
        missing.is_empty(),
        "{} of {touched} are not named: {:#?}",
        missing.len(),
        missing.iter().take(40).collect::<Vec<_>>()
    );
    let idle: Vec<u32> = judged.iter().filter(|(_, touched, _)| *touched == 0).map(|(line, ..)| *line).collect();
    // The label's line that a profile's line overrides changes nothing.
    assert!(idle.len() <= 1, "the lines {idle:?} reach nothing");
    eprintln!("{} lines changed, {touched} leaves touched, all named", judged.len());
    touched
}

#[test]
fn what_a_line_changes_is_named() {
    assert!(check_reverse(MANY) > 1_000);
    let own: String = OWN
        .lines()
        .map(|line| match line.split_once('=') {
            Some(("domain ", _)) => format!("{line} #> \"other.example\"\n"),
            Some(_) => format!("{line} #> \"other\"\n"),
            None => format!("{line}\n"),
        })
        .collect();
    assert!(check_reverse(&own) > 100);
}
