//! The family `versions`: API versions that the Kubernetes asked for serves no more, or soon not, by schemas/apis.toml, and versions
//! of clusters that a cloud gives up.

mod clusters;

use super::{Document, Minor, Object, World};
use crate::diagnostic::{Code, Diagnostics, Severity, Subject};
use crate::node::Node;

pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    clusters::document(document, world, found);
}

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    clusters::object(object, world, found);
    let subject = &object.subject;
    let Some(row) = row(subject, world) else { return };
    let (version, at) = (world.options.version, (object.head(), "this API version"));
    let since = |word: &str| row.get(word).and_then(|text| Minor::parse(text.as_str()?));
    let pointer = object.path.field("apiVersion").pointer();
    let name = format!("{} {}", subject.api_version, subject.kind);
    if let Some(by) = row.get("by").and_then(|by| by.as_str()) {
        let message = format!("{name} is not served since {by}");
        object.report(found, (Severity::Error, Code::ApiRemoved), message, at, pointer).help(format!("use {}", row.text("use")));
        return;
    }
    let (kind, message) = match (since("deprecated"), since("removed")) {
        (_, Some(removed)) if version >= removed => (
            (Severity::Error, Code::ApiRemoved),
            format!("Kubernetes {version} does not serve {name}, which went with {removed}"),
        ),
        (Some(deprecated), removed) if version >= deprecated => {
            let end = removed.map_or_else(String::new, |removed| format!(" and goes with {removed}"));
            ((Severity::Warning, Code::ApiDeprecated), format!("{name} is deprecated since {deprecated}{end}"))
        }
        _ => return,
    };
    object.report(found, kind, message, at, pointer).help(format!("use {}", row.text("use")));
}

fn row<'w>(subject: &Subject, world: &'w World<'_>) -> Option<&'w Node> {
    let rows = || world.tables.apis.get("api").into_iter().flat_map(|rows| rows.items()).map(|row| &**row);
    // A List of a kind goes with it.
    let kind = subject.kind.strip_suffix("List").unwrap_or(&subject.kind);
    let is_kind =
        |row: &&Node| row.get("kinds").is_some_and(|kinds| kinds.items().iter().any(|known| known.as_str() == Some(kind)));
    let mut of_version = rows().filter(|row| row.text("version") == subject.api_version);
    of_version.clone().find(is_kind).or_else(|| {
        // A version that went with all of its kinds took those along that nobody has heard of.
        let is_served = || world.kinds.rows().any(|row| row.api_version == subject.api_version);
        let went = |row: &&Node| row.get("removed").is_some();
        let last = of_version.clone().max_by_key(|row| Minor::parse(row.text("removed")))?;
        (of_version.all(|row| went(&row)) && !is_served()).then_some(last)
    })
}

/// Whether this family tells that the API version is gone, so that no other needs to.
pub(super) fn tells(subject: &Subject, world: &World<'_>) -> bool {
    let runs = world.options.families.iter().any(|family| family.name == "versions");
    let is_gone = |row: &Node| {
        let removed = Minor::parse(row.text("removed"));
        row.get("by").is_some() || removed.is_some_and(|removed| world.options.version >= removed)
    };
    runs && row(subject, world).is_some_and(is_gone)
}
