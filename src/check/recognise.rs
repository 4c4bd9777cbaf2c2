//! What a document is: its root in, a row of schemas/recognise.toml out.

use std::path::Path;
use std::sync::Arc;

use super::{Document, Tables, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::inputs::Inputs;
use crate::node::{Node, Origin};
use crate::source::{self, Source, Span};
use crate::yaml::Yaml;

/// What a document can be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Kubernetes,
    /// By its row in schemas/recognise.toml.
    Row(usize),
}

/// What `--as` and the table call objects of Kubernetes.
const KUBERNETES: &str = "kubernetes";

impl Tables {
    /// By the name that `--as` takes.
    pub fn content(&self, name: &str) -> Option<Content> {
        let row = self.contents().iter().position(|row| row.text("name") == name)?;
        Some(if name == KUBERNETES { Content::Kubernetes } else { Content::Row(row) })
    }

    /// The names that `--as` takes.
    pub fn content_names(&self) -> Vec<&str> {
        let rows = self.contents().iter().filter(|row| row.get("note").is_none());
        rows.map(|row| row.text("name")).collect()
    }

    pub fn content_name(&self, content: Content) -> &str {
        match content {
            Content::Kubernetes => KUBERNETES,
            Content::Row(row) => self.contents()[row].text("name"),
        }
    }

    pub(super) fn recognise(&self, document: &Document<'_>) -> Option<Content> {
        let file = Path::new(&document.source.name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let root = document.root;
        let fits = |row: &&Node| {
            if row.get("language").is_some() {
                return false;
            }
            let keys = |word: &str| row.get(word).map_or(&[][..], |keys| keys.items());
            let has = |key: &Arc<Node>| root.get(key.as_str().unwrap_or_default()).is_some();
            let version = root.get("apiVersion").and_then(Yaml::as_str).unwrap_or_default();
            let begins = |wanted: &str| if wanted.ends_with('/') { version.starts_with(wanted) } else { version == wanted };
            let asks = [row.get("file").is_some(), row.get("version").is_some()];
            (!asks[0] || row.text("file").eq_ignore_ascii_case(file))
                && (!asks[1] || begins(row.text("version")))
                && keys("has").iter().all(has)
                && (row.get("any").is_none() || keys("any").iter().any(has))
        };
        let row = self.contents().iter().map(|row| &**row).find(fits)?;
        self.content(row.text("name"))
    }

    /// Whether all that a document does is to name files that are judged themselves.
    pub(super) fn only_lists(&self, document: &Document<'_>, content: Content, inputs: &Inputs<'_>) -> bool {
        let Some(row) = self.content_row(content) else { return false };
        let field = row.text("lists");
        let Some(list) = document.root.get(field) else { return false };
        let (names, entries) = (list.texts(), document.root.entries());
        let is_known = |name: &str| name == field || row.texts("with").any(|with| with == name);
        !names.is_empty()
            && names.len() == list.items().len()
            && entries.iter().all(|entry| is_known(&entry.key.name))
            && names.iter().all(|(name, _)| inputs.holds(&inputs.path_from(document.file, name)))
    }

    /// Whether its own program reads merge keys in one way.
    pub(super) fn merges(&self, content: Content) -> bool {
        self.content_row(content).is_some_and(|row| row.get("merges").is_some())
    }

    /// Whether its program reads nothing after the first document of a file.
    pub(super) fn reads_first_only(&self, content: Content) -> bool {
        self.content_row(content).is_some_and(|row| row.get("single").is_some())
    }

    /// Which family judges it.
    pub(super) fn family_of(&self, content: Content) -> &str {
        self.content_row(content).map_or("", |row| row.text("family"))
    }

    pub(super) fn content_row(&self, content: Content) -> Option<&Node> {
        match content {
            Content::Kubernetes => None,
            Content::Row(row) => Some(&self.contents()[row]),
        }
    }

    /// Why such a document is not judged, where it is not.
    pub(super) fn note(&self, content: Content) -> Option<&str> {
        self.content_row(content)?.get("note")?.as_str()
    }
}

/// Tells what becomes of a file of TOML, which nobody reads as YAML: another verb judges ours.
pub(super) fn toml(file: usize, source: &Arc<Source>, world: &World<'_>, found: &mut Diagnostics) {
    let root = source::parse(source, &Arc::from("an input"), found);
    let rows = world.tables.contents().iter().filter(|row| row.text("language") == "toml");
    let row = rows.into_iter().find(|row| row.texts("has").all(|key| root.get(key).is_some()));
    let first = root.entries().first().and_then(|entry| match &entry.node.origin {
        Origin::Input(input) => input.key.clone(),
        _ => None,
    });
    let place = first.unwrap_or_else(|| Span::new(source, 0..0));
    let told = match row {
        Some(row) => found.note(Code::NotRendered, row.text("note")),
        None => unknown(file, world, found),
    };
    told.within(&place, "not judged", 0, "");
}

/// Who names a file wants it judged; a folder may hold anything.
pub(super) fn unknown<'f>(file: usize, world: &World<'_>, found: &'f mut Diagnostics) -> &'f mut Diagnostic {
    let is_wanted = world.inputs.is_named(file) && !world.options.allows_unknown_kinds;
    let severity = if is_wanted { Severity::Error } else { Severity::Note };
    found.push(Code::Unrecognised, severity, "nothing here tells what this document is")
}
