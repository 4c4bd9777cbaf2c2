//! What asks a cloud for a cluster in, whether the cloud still makes one of that version out: rows `place` of schemas/cloud.toml
//! say where the version stands, rows `version` until when each is made.

use crate::check::links::walk;
use crate::check::{Document, Minor, Object, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::host::Date;
use crate::node::Node;
use crate::yaml::Yaml;

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let kind = || format!("{}.{}", object.subject.kind, object.group());
    if !object.group().is_empty() {
        each(object.root, &kind(), &object.path.pointer(), world, &mut |told, yaml, pointer| {
            told.help(object.report(found, told.code(), told.message.clone(), (yaml.mark, LABEL), pointer));
        });
    }
}

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let content = document.content.map_or("", |content| world.tables.content_name(content));
    each(document.root, content, "", world, &mut |told, yaml, pointer| {
        told.help(document.report(found, told.code(), told.message.clone(), (yaml.mark, LABEL), pointer));
    });
}

const LABEL: &str = "this version";

struct Told<'w> {
    severity: Severity,
    message: String,
    newest: &'w str,
}

impl Told<'_> {
    fn code(&self) -> (Severity, Code) {
        (self.severity, Code::CloudVersion)
    }

    fn help(&self, diagnostic: &mut Diagnostic) {
        diagnostic.help(format!("the newest is {}", self.newest));
    }
}

type Tell<'t, 'w> = &'t mut dyn FnMut(Told<'w>, &Yaml<'_>, String);

/// Calls with every version that a cloud gives up.
fn each<'w>(root: &Yaml<'_>, what: &str, pointer: &str, world: &'w World<'_>, tell: Tell<'_, 'w>) {
    let Some(today) = world.options.today else { return };
    let is_it = |row: &&std::sync::Arc<Node>| row.texts("of").any(|of| of == what);
    for row in rows(world, "place").iter().filter(is_it) {
        walk::each(root, row.text("at"), pointer, &mut |yaml, pointer| {
            let is_kind =
                row.get("types").is_none() || row.texts("types").any(|of| yaml.get("Type").and_then(Yaml::as_str) == Some(of));
            walk::each(yaml, row.text("version"), &pointer, &mut |yaml, pointer| {
                let told = yaml.as_str().filter(|_| is_kind).and_then(|text| told(text, today, world));
                if let Some(told) = told {
                    tell(told, yaml, pointer);
                }
            });
        });
    }
}

fn rows<'w>(world: &'w World<'_>, name: &str) -> &'w [std::sync::Arc<Node>] {
    world.tables.cloud.get(name).map_or(&[][..], |rows| rows.items())
}

/// A version that the cloud makes no clusters of any more, or at a higher price.
fn told<'w>(text: &str, today: Date, world: &'w World<'_>) -> Option<Told<'w>> {
    let wanted = Minor::parse(text)?;
    let rows = rows(world, "version");
    let day = |row: &Node, word: &str| Date::parse(row.text(word)).expect("the table has the days of a version");
    let version = |row: &Node| Minor::parse(row.text("version")).expect("the table has versions");
    let (severity, message) = match rows.iter().find(|row| version(row) == wanted) {
        None if rows.iter().all(|row| wanted < version(row)) => {
            (Severity::Error, format!("the cloud makes no clusters of {text} any more"))
        }
        Some(row) if day(row, "ends") < today => {
            (Severity::Error, format!("the cloud makes no clusters of {text} since {}", day(row, "ends")))
        }
        Some(row) if day(row, "usual") < today => {
            (Severity::Warning, format!("{text} costs more since {}, and ends on {}", day(row, "usual"), day(row, "ends")))
        }
        _ => return None,
    };
    Some(Told { severity, message, newest: rows.last().map_or("", |row| row.text("version")) })
}
