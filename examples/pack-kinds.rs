//! Makes the bundle of kinds out of what `kinds/collect.py` wrote: pack-kinds KINDS.json BUNDLE.
#![allow(clippy::disallowed_methods, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};

use lakegen::structural::{Arena, Packer, Ref, Row, compile, definitions};
use lakegen::yaml::{Limits, Yaml, read};

/// What the bundle says of a kind beside its name.
struct Kind {
    versions: u64,
    root: Ref,
    plural: String,
    scope: u8,
    source: String,
}

impl Kind {
    fn of(kind: &Yaml<'_>, root: Ref, source: &str) -> Kind {
        let plural = text(kind, "plural").to_owned();
        Kind { versions: 0, root, plural, scope: scope(kind), source: source.to_owned() }
    }
}

fn main() {
    let [from, to] = std::env::args().skip(1).collect::<Vec<_>>().try_into().expect("two paths");
    let text = std::fs::read_to_string(from).expect("the first path can be read");
    let limits = Limits { depth: 1000, ..Limits::default() };
    let stream = read(&text, &limits);
    assert!(stream.errors.is_empty(), "{:?}", stream.errors);
    let all = &stream.documents[0].root;
    let bytes = pack(all);
    eprintln!("{} bytes", bytes.len());
    std::fs::write(to, bytes).expect("the second path can be written");
}

fn pack(all: &Yaml<'_>) -> Vec<u8> {
    let mut packer = Packer::default();
    let versions = all.get("versions").expect("versions").entries();
    let names = packer.name_definitions(versions.iter().flat_map(|version| defined(&version.value)));
    let mut rows: BTreeMap<(String, String), Kind> = BTreeMap::new();
    let source = all.get("source").and_then(Yaml::as_str).expect("a source");
    for (at, version) in versions.iter().enumerate() {
        let mut arena = Arena::default();
        let shapes: Vec<(u32, Ref)> = (version.value.get("definitions").expect("definitions").entries().iter())
            .map(|d| {
                (
                    names[&*d.key.name],
                    definitions(&d.value, &names, &mut arena).unwrap_or_else(|e| panic!("{}: {e:?}", d.key.name)),
                )
            })
            .collect();
        packer.add_version(&version.key.name, &shapes, &arena);
        for kind in version.value.get("kinds").expect("kinds").items() {
            let root = Ref::Definition(names[text(kind, "definition")]);
            rows.entry(name(kind)).or_insert_with(|| Kind::of(kind, root, source)).versions |= 1 << at;
        }
    }
    let mut arena = Arena::default();
    let core: BTreeSet<(String, String)> = rows.keys().cloned().collect();
    for kind in all.get("kinds").expect("kinds").items().iter().filter(|kind| !core.contains(&name(kind))) {
        let schema = kind.get("schema").expect("a schema");
        let compiled = if names.is_empty() { compile(schema, &mut arena) } else { definitions(schema, &names, &mut arena) };
        let root = compiled.unwrap_or_else(|error| panic!("{:?}: {error:?}", name(kind)));
        rows.insert(name(kind), Kind::of(kind, root, text(kind, "source")));
    }
    for ((api_version, kind), Kind { versions, root, plural, scope, source }) in &rows {
        let row = Row { api_version, kind, plural, scope: *scope, versions: *versions, source, root: *root };
        packer.add_kind(&row, &arena);
    }
    packer.bytes()
}

fn defined(version: &Yaml<'_>) -> Vec<String> {
    version.get("definitions").expect("definitions").entries().iter().map(|definition| definition.key.name.to_string()).collect()
}

fn text<'y>(kind: &'y Yaml<'_>, word: &str) -> &'y str {
    kind.get(word).and_then(Yaml::as_str).unwrap_or_else(|| panic!("no {word}"))
}

fn name(kind: &Yaml<'_>) -> (String, String) {
    (text(kind, "apiVersion").to_owned(), text(kind, "kind").to_owned())
}

fn scope(kind: &Yaml<'_>) -> u8 {
    let is_namespaced = matches!(kind.get("namespaced").map(|flag| &flag.data), Some(lakegen::yaml::Data::Bool(true)));
    if is_namespaced { 1 } else { 2 }
}
