//! A document in, its objects out: one, or the items of a List.

use std::sync::Arc;

use super::kinds::Known;
use super::{Document, Scope, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Subject};
use crate::structural::{Fault, Path};
use crate::yaml::{Mark, Yaml};

/// One object of Kubernetes, with its place.
pub struct Object<'t> {
    pub document: &'t Document<'t>,
    pub root: &'t Yaml<'t>,
    /// The way to it from the root of the document.
    pub path: Path<'t>,
    pub subject: Arc<Subject>,
    pub known: Known<'t>,
}

/// Calls `visit` with every object of a document.
pub(super) fn each(
    document: &Document<'_>,
    world: &World<'_>,
    found: &mut Diagnostics,
    visit: &mut dyn FnMut(&Object<'_>, &mut Diagnostics),
) {
    let kind = text(document.root, "kind");
    let is_list = kind.ends_with("List") && !matches!(world.kinds.find(text(document.root, "apiVersion"), kind), Known::Kind(_));
    let items = document.root.get("items").filter(|_| is_list);
    let root = Path::ROOT;
    let field = root.field("items");
    match items {
        Some(items) => {
            for (at, item) in items.items().iter().enumerate() {
                visit(&Object::of(document, item, field.item(at), world), found);
            }
        }
        // An empty list of anything is nothing.
        None if kind == "List" => {}
        None if is_list => {}
        None => return visit(&Object::of(document, document.root, root, world), found),
    }
    if kind != "List" {
        let list = Object { known: Known::List, ..Object::of(document, document.root, root, world) };
        visit(&list, found);
    }
}

impl<'t> Object<'t> {
    fn of(document: &'t Document<'t>, root: &'t Yaml<'t>, path: Path<'t>, world: &'t World<'_>) -> Object<'t> {
        let of_metadata = |name: &str| Some(root.get("metadata")?.get(name)?.as_str()?.to_owned());
        let (api_version, kind) = (text(root, "apiVersion").to_owned(), text(root, "kind").to_owned());
        let known = world.kinds.find(&api_version, &kind);
        let namespace = match known.scope() {
            Some(Scope::Cluster) => None,
            Some(Scope::Namespace) => of_metadata("namespace").or_else(|| Some("default".to_owned())),
            None => of_metadata("namespace"),
        };
        let subject = Arc::new(Subject { api_version, kind, namespace, name: of_metadata("name") });
        Object { document, root, path, subject, known }
    }

    pub fn metadata(&self, name: &str) -> Option<&'t Yaml<'t>> {
        self.root.get("metadata")?.get(name)
    }

    /// The group of its API version; empty for the first one.
    pub fn group(&self) -> &str {
        self.subject.group()
    }

    /// Tells something of a value of this object; `pointer` begins at the root of the document.
    pub fn report<'d>(
        &self,
        diags: &'d mut Diagnostics,
        code: (Severity, Code),
        message: impl Into<String>,
        place: (Mark, &str),
        pointer: String,
    ) -> &'d mut Diagnostic {
        let diagnostic = self.document.report(diags, code, message, place, pointer);
        diagnostic.object = Some(self.subject.clone());
        diagnostic
    }

    /// Tells a fault that a judge found.
    pub fn fault(&self, diags: &mut Diagnostics, fault: Fault) {
        let Fault { code, message, help, mark, label, pointer, first } = fault;
        let diagnostic = self.report(diags, (Severity::Error, code), message, (mark, label), pointer.clone());
        diagnostic.help = help;
        if let Some(first) = first {
            diagnostic.within(&self.document.span(first), "first here", self.document.number, pointer);
        }
    }

    /// Where to point at for the object as a whole: its kind, or what stands first.
    pub fn head(&self) -> Mark {
        let first = || self.root.entries().first().map_or(self.root.mark, |entry| entry.key.mark);
        self.root.get("kind").map_or_else(first, |kind| kind.mark)
    }
}

impl Known<'_> {
    pub fn scope(&self) -> Option<Scope> {
        match self {
            Known::Kind(kind) | Known::OtherVersion(kind) | Known::Outside(kind) => Some(kind.scope),
            Known::Unknown | Known::Nameless | Known::List => None,
        }
    }
}

fn text<'y>(yaml: &'y Yaml<'_>, name: &str) -> &'y str {
    yaml.get(name).and_then(Yaml::as_str).unwrap_or_default()
}
