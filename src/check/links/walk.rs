//! The ways of schemas/links.toml: `containers|initContainers/*/env/*` from a value to all that lie there. `*` is every item or field,
//! `**` whatever lies between.

use crate::node::escape;
use crate::yaml::{Data, Yaml};

/// Calls with every value at the end of a way, and the pointer to it; null is nothing.
pub(in crate::check) fn each<'y>(yaml: &'y Yaml<'y>, way: &str, pointer: &str, visit: &mut dyn FnMut(&'y Yaml<'y>, String)) {
    if matches!(yaml.data, Data::Null) {
        return;
    }
    if way.is_empty() {
        return visit(yaml, pointer.to_owned());
    }
    let (step, rest) = way.split_once('/').unwrap_or((way, ""));
    if step == "**" {
        each(yaml, rest, pointer, visit);
    }
    if matches!(step, "*" | "**") {
        let rest = if step == "*" { rest } else { way };
        for (at, item) in yaml.items().iter().enumerate() {
            each(item, rest, &format!("{pointer}/{at}"), visit);
        }
        for entry in yaml.entries() {
            each(&entry.value, rest, &format!("{pointer}/{}", escape(&entry.key.name)), visit);
        }
        return;
    }
    for name in step.split('|') {
        if let Some(inner) = yaml.get(name) {
            each(inner, rest, &format!("{pointer}/{}", escape(name)), visit);
        }
    }
}

/// The first value at the end of a way.
pub(in crate::check) fn first<'y>(yaml: &'y Yaml<'y>, way: &str) -> Option<(&'y Yaml<'y>, String)> {
    let mut found = None;
    each(yaml, way, "", &mut |value, pointer| {
        found.get_or_insert((value, pointer));
    });
    found
}

/// A text or number as it names something.
pub(super) fn name(yaml: &Yaml<'_>) -> Option<String> {
    match &yaml.data {
        Data::Str(text) if !text.is_empty() => Some(text.to_string()),
        Data::Number(number) => number.to_int().map(|number| number.to_string()),
        _ => None,
    }
}
