//! The family `metadata`: names, labels, annotations; and two objects of one name.

use std::collections::BTreeMap;

use super::{Entry, Index, Known, Object, Scope, World, names};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::structural::{Format, Path};
use crate::yaml::{Entry as Field, Yaml};

const MAX_ANNOTATIONS_BYTES: usize = 256 << 10;

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    if matches!(object.known, Known::Nameless | Known::List) {
        return;
    }
    names::check(object, world, found);
    let namespace = object.metadata("namespace").filter(|name| name.as_str().is_some_and(|name| !name.is_empty()));
    if let (Some(Scope::Cluster), Some(namespace)) = (object.known.scope(), namespace) {
        let message = format!("objects of the kind {} belong to no namespace", object.subject.kind);
        let error = (Severity::Error, Code::NamespaceOfCluster);
        let pointer = format!("{}/metadata/namespace", object.path.pointer());
        object.report(found, error, message, (namespace.mark, "none may stand here"), pointer).help("remove it");
    }
    let template = world.tables.pod(object).and_then(|row| object.root.pointer(row.text("template")).map(|t| (row, t)));
    let metadata = object.path.field("metadata");
    marks(object, object.root.get("metadata"), &metadata, found);
    if let Some((row, template)) = template.filter(|(row, _)| !row.text("template").is_empty()) {
        let steps: Vec<&str> = row.text("template").split('/').skip(1).collect();
        within(&steps, &object.path, &mut |path| marks(object, template.get("metadata"), &path.field("metadata"), found));
    }
}

/// Calls with the path that some steps make.
fn within(steps: &[&str], path: &Path<'_>, with: &mut dyn FnMut(&Path<'_>)) {
    match steps {
        [] => with(path),
        [first, rest @ ..] => within(rest, &path.field(first), with),
    }
}

/// Labels and annotations.
fn marks(object: &Object<'_>, metadata: Option<&Yaml<'_>>, path: &Path<'_>, found: &mut Diagnostics) {
    let fields = |name: &str| metadata.and_then(|metadata| metadata.get(name)).map_or(&[][..], Yaml::entries);
    let labels = path.field("labels");
    for label in fields("labels") {
        key(object, label, "a label", &labels, found);
        let value = Format::parse("label-value").expect("a row of the table");
        if let Some(text) = label.value.as_str().filter(|text| !value.holds(text)) {
            let message = format!("{text:?} cannot be the value of a label: expected {}", value.words());
            let pointer = labels.field(&label.key.name).pointer();
            object.report(found, (Severity::Error, Code::BadLabel), message, (label.value.mark, "this value"), pointer);
        }
    }
    let annotations = path.field("annotations");
    let mut bytes = 0;
    for annotation in fields("annotations") {
        key(object, annotation, "an annotation", &annotations, found);
        bytes += annotation.key.name.len() + annotation.value.as_str().map_or(0, str::len);
    }
    if bytes > MAX_ANNOTATIONS_BYTES {
        let message = format!("the annotations have {bytes} bytes, and {MAX_ANNOTATIONS_BYTES} is the most");
        let at = (fields("annotations")[0].key.mark, "here");
        object.report(found, (Severity::Error, Code::BadLabel), message, at, annotations.pointer());
    }
}

fn key(object: &Object<'_>, field: &Field<'_>, what: &str, path: &Path<'_>, found: &mut Diagnostics) {
    let form = Format::parse("qualified-name").expect("a row of the table");
    // The host name of an annotation may have capitals.
    let name = if what == "an annotation" { field.key.name.to_lowercase() } else { field.key.name.to_string() };
    if !form.holds(&name) {
        let message = format!("{:?} cannot be the key of {what}: expected {}", field.key.name, form.words());
        let pointer = path.field(&field.key.name).pointer();
        object.report(found, (Severity::Error, Code::BadLabel), message, (field.key.mark, "this key"), pointer);
    }
}

/// Objects of one kind, namespace and name: API versions of one group are the same kind.
pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<(&str, &str, Option<&str>, &str), &Entry> = BTreeMap::new();
    for entry in &index.objects {
        let Some(name) = &entry.subject.name else { continue };
        let key = (entry.subject.group(), entry.subject.kind.as_str(), entry.subject.namespace.as_deref(), name.as_str());
        let Some(first) = seen.get(&key) else {
            seen.insert(key, entry);
            continue;
        };
        let message = format!("{} {name} is there twice", entry.subject.kind);
        // Folders hold variants of a platform side by side; one file, or all there is, is applied as a whole.
        if entry.file != first.file && !world.options.is_complete {
            continue;
        }
        let diagnostic = found.warning(Code::ObjectTwice, message);
        diagnostic.object = Some(entry.subject.clone());
        let pointer = |entry: &Entry| format!("{}/metadata/name", entry.pointer);
        diagnostic.within(&entry.span(world), "again here", entry.document, pointer(entry));
        diagnostic.within(&first.span(world), "first here", first.document, pointer(first));
    }
}
