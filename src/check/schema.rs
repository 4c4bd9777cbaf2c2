//! The family `schema`: an object against the shape of its kind.

use std::collections::BTreeMap;

use super::kinds::Known;
use super::{Entry, Index, Kind, Object, World, files, is_definition, native, versions};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::structural::{Decoding, judge, of_definition};
use crate::yaml::Yaml;

/// So many objects of an unknown kind are shown.
const MAX_SHOWN: usize = 5;

/// What keeps the API server from asking the rules of a definition at all.
const BLOCKING: [Code; 4] = [Code::FieldType, Code::FieldMissing, Code::FieldChoice, Code::FieldBound];

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    match object.known {
        Known::Nameless => nameless(object, found),
        Known::Unknown | Known::Outside(_) | Known::List => {}
        Known::OtherVersion(kind) => other_version(object, &kind, world, found),
        Known::Kind(kind) => {
            let before = found.iter().len();
            let decoding = if kind.is_native { Decoding::Typed } else { Decoding::Free };
            let mut faults = judge(kind.shapes, decoding, kind.shapes.shape(kind.root), object.root, &object.path);
            if let (false, Some(metadata)) = (kind.is_native, object.root.get("metadata")) {
                let (shapes, shape) = world.kinds.object_meta();
                faults.extend(judge(shapes, Decoding::Typed, shape, metadata, &object.path.field("metadata")));
            }
            if !faults.iter().any(|fault| BLOCKING.contains(&fault.code)) {
                let rules = world.kinds.rules(&object.subject.api_version, &object.subject.kind, &kind);
                if !rules.is_empty() {
                    faults.extend(rules.judge(kind.shapes, kind.root, object.root, &object.path));
                }
            }
            faults.into_iter().for_each(|fault| object.fault(found, fault));
            if is_definition(object.root) {
                definition(object, world, found);
            }
            // Rules across fields are about objects that are sound in themselves.
            if found.iter().len() == before {
                native::object(object, world, found);
                files::controller(object, world, found);
            }
        }
    }
}

/// The rules of a definition that do not compile: the API server refuses it.
fn definition(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let spec = object.path.field("spec");
    let versions = spec.field("versions");
    let items = object.root.get("spec").and_then(|spec| spec.get("versions")).map_or(&[][..], Yaml::items);
    for (at, version) in items.iter().enumerate() {
        let Some(schema) = version.get("schema").and_then(|schema| schema.get("openAPIV3Schema")) else { continue };
        let pointer = format!("{}/schema/openAPIV3Schema", versions.item(at).pointer());
        // One that is no schema has been told of when its kind was added.
        for (pointer, yaml, issue) in of_definition(schema, &pointer, world.kinds.functions()).unwrap_or_default() {
            let text = yaml.as_str().unwrap_or_default();
            for one in issue.found {
                let mark = object.document.within_text(yaml, text, one.at);
                let message = format!("the rule does not compile: {}", one.message);
                object.report(found, (Severity::Error, Code::BadExpression), message, (mark, "here"), pointer.clone());
            }
        }
    }
}

fn nameless(object: &Object<'_>, found: &mut Diagnostics) {
    for word in ["apiVersion", "kind"] {
        let given = object.root.get(word).and_then(Yaml::as_str).unwrap_or_default();
        if given.is_empty() {
            let message = format!("the object does not say its {word}");
            let at = (object.root.get(word).map_or_else(|| object.head(), |value| value.mark), "in this object");
            object.report(found, (Severity::Error, Code::NoKind), message, at, object.path.field(word).pointer());
        }
    }
}

fn other_version(object: &Object<'_>, kind: &Kind<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let subject = &object.subject;
    if versions::tells(subject, world) {
        return;
    }
    let version = world.options.version;
    let message = format!("Kubernetes {version} has no {} {}", subject.api_version, subject.kind);
    let rows = world.kinds.rows().find(|row| row.root == kind.root && row.kind == subject.kind);
    let known = rows.map(|row| world.kinds.versions_of(&row).join(", ")).unwrap_or_default();
    let at = (object.head(), "no such kind");
    let diagnostic = object.report(found, (Severity::Error, Code::UnknownKind), message, at, object.path.field("kind").pointer());
    diagnostic.help(format!("it is in {known}"));
}

/// Kinds that nothing is known of, each told once.
pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    let mut unknown: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in index.objects.iter().filter(|entry| !entry.is_known && !versions::tells(&entry.subject, world)) {
        unknown.entry((&entry.subject.api_version, &entry.subject.kind)).or_default().push(entry);
    }
    let severity = if world.options.allows_unknown_kinds { Severity::Note } else { Severity::Error };
    for ((api_version, kind), entries) in unknown {
        let count = if entries.len() > 1 { format!(", of {} objects", entries.len()) } else { String::new() };
        let diagnostic = found.push(Code::UnknownKind, severity, format!("no schema is known of {api_version} {kind}{count}"));
        diagnostic.object = Some(entries[0].subject.clone());
        for entry in entries.iter().take(MAX_SHOWN) {
            let pointer = format!("{}/kind", entry.pointer);
            diagnostic.within(&entry.span(world), "not judged", entry.document, pointer);
        }
        let names = world.kinds.names();
        let near = names.iter().find(|name| **name != kind && name.eq_ignore_ascii_case(kind));
        match near {
            Some(name) => diagnostic.help(format!("did you mean {name}?")),
            None => diagnostic.help("--crd brings its definition; --allow-unknown-kinds makes this a note"),
        };
    }
    unjudged(index, world, found);
}

/// What the schemas say and nothing here evaluates.
fn unjudged(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    if !world.kinds.has_version() && index.objects.iter().any(|entry| matches!(world.find(entry), Known::Outside(_))) {
        let message = format!("no schemas are here of Kubernetes {}: its own kinds were not judged", world.options.version);
        found.note(Code::NotJudged, message).help(format!("there are {}", world.kinds.versions().join(", ")));
    }
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for entry in &index.objects {
        let subject = &entry.subject;
        if let Known::Kind(kind) = world.find(entry) {
            let count = || world.kinds.rules(&subject.api_version, &subject.kind, &kind).issues().len();
            kinds.entry((&subject.api_version, &subject.kind)).or_insert_with(count);
        }
    }
    let counts: Vec<String> =
        kinds.iter().filter(|(_, count)| **count > 0).map(|((_, kind), count)| format!("{kind} {count}")).collect();
    if !counts.is_empty() {
        let total: usize = kinds.values().sum();
        found
            .note(Code::NotJudged, format!("{total} rules in CEL do not compile, and were not evaluated: {}", counts.join(", ")));
    }
}
