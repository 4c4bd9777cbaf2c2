//! The name of an object and the form that its kind asks for, by schemas/names.toml.

use super::kinds::is_definition;
use super::{Object, World};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::structural::Format;
use crate::yaml::{Data, Yaml};

pub(super) fn check(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let is_given = |yaml: &&Yaml<'_>| yaml.as_str().is_some_and(|text| !text.is_empty());
    let (name, prefix) = (object.metadata("name").filter(is_given), object.metadata("generateName").filter(is_given));
    match (name, prefix) {
        (Some(name), _) => form(object, name, name.as_str().unwrap_or_default(), world, found),
        // The API server adds five letters and digits.
        (None, Some(prefix)) => form(object, prefix, &format!("{}x", prefix.as_str().unwrap_or_default()), world, found),
        (None, None) if world.tables.names.get("made_up").is_some_and(|kinds| kinds.get(&kind(object)).is_some()) => {}
        (None, None) => nameless(object, found),
    }
    definition(object, found);
}

/// As schemas/names.toml has it.
fn kind(object: &Object<'_>) -> String {
    format!("{}.{}", object.subject.kind, object.group())
}

fn nameless(object: &Object<'_>, found: &mut Diagnostics) {
    let metadata = object.root.get("metadata");
    // A name of another type is told by its schema.
    if metadata.and_then(|metadata| metadata.get("name")).is_some_and(|name| !matches!(name.data, Data::Null | Data::Str(_))) {
        return;
    }
    let mark = metadata.and_then(|metadata| metadata.entries().first()).map_or_else(|| object.head(), |entry| entry.key.mark);
    let message = format!("the {} has no name", object.subject.kind);
    let pointer = format!("{}/metadata/name", object.path.pointer());
    let diagnostic = object.report(found, (Severity::Error, Code::NoName), message, (mark, "in here"), pointer);
    diagnostic.help("add metadata.name, or metadata.generateName");
}

fn form(object: &Object<'_>, at: &Yaml<'_>, name: &str, world: &World<'_>, found: &mut Diagnostics) {
    let key = kind(object);
    let table = &world.tables.names;
    let form = table.get("form").and_then(|forms| forms.get(&key)?.as_str()).unwrap_or(table.text("default"));
    let form = Format::parse(form).expect("the forms of schemas/names.toml are rows of the table");
    let longest = table.get("longest").and_then(|longest| longest.get(&key)?.as_int());
    let message = match longest {
        _ if !form.holds(name) => {
            format!("{name:?} cannot be a name of the kind {}: expected {}", object.subject.kind, form.words())
        }
        Some(most) if name.len() as i128 > most => {
            format!("the name of a {} has {most} characters at most, and {name} has {}", object.subject.kind, name.len())
        }
        _ => return,
    };
    let pointer = format!("{}/metadata/name", object.path.pointer());
    object.report(found, (Severity::Error, Code::BadName), message, (at.mark, "this name"), pointer);
}

/// The name of a definition is made of what it defines.
fn definition(object: &Object<'_>, found: &mut Diagnostics) {
    let Some((name, spec)) = object.metadata("name").zip(object.root.get("spec")).filter(|_| is_definition(object.root)) else {
        return;
    };
    let group = spec.get("group").and_then(Yaml::as_str);
    let plural = spec.get("names").and_then(|names| names.get("plural")?.as_str());
    if let (Some(group), Some(plural)) = (group, plural) {
        let wanted = format!("{plural}.{group}");
        if name.as_str().is_some_and(|name| name != wanted) {
            let message = format!("the name of a definition is its plural and its group: {wanted}");
            let pointer = format!("{}/metadata/name", object.path.pointer());
            object.report(found, (Severity::Error, Code::BadName), message, (name.mark, "another name"), pointer);
        }
    }
}
