//! The tables that checks are made of, read once: what documents are, names, APIs, rules of kinds.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::pod_security::Standard;
use super::{Document, Object, links, plaintext};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::source::{self, Source};
use crate::structural::{Arena, Ref, Shape, Shapes, compile};
use crate::yaml::{self, Limits};

/// Each table as written, with its places.
#[derive(Debug)]
pub struct Tables {
    recognise: Node,
    pub(super) names: Node,
    pub(super) apis: Node,
    pub(super) pods: Node,
    pub(super) volumes: Node,
    pub(super) standard: Standard,
    pub(super) images: Node,
    pub(super) secrets: plaintext::Shapes,
    pub(super) links: links::Table,
    files: BTreeMap<&'static str, (Arena, Ref)>,
}

/// What the files of programs must be that are no objects of Kubernetes, by the name of their content.
const FILES: &[(&str, &str)] = &[("rules", include_str!("../../schemas/files/rules.yaml"))];

impl Tables {
    /// Read when they are first asked for: several modes may be judged.
    pub fn load() -> &'static Tables {
        static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);
        &TABLES
    }

    fn read() -> Tables {
        Tables {
            recognise: table("schemas/recognise.toml", include_str!("../../schemas/recognise.toml")),
            names: table("schemas/names.toml", include_str!("../../schemas/names.toml")),
            apis: table("schemas/apis.toml", include_str!("../../schemas/apis.toml")),
            pods: table("schemas/pods.toml", include_str!("../../schemas/pods.toml")),
            volumes: table("schemas/volumes.toml", include_str!("../../schemas/volumes.toml")),
            links: links::Table::read(&table("schemas/links.toml", include_str!("../../schemas/links.toml"))),
            images: table("schemas/versions.toml", include_str!("../../schemas/versions.toml")),
            secrets: plaintext::Shapes::read(&table("schemas/secrets.toml", include_str!("../../schemas/secrets.toml"))),
            standard: Standard::read(&table("schemas/pod-security.toml", include_str!("../../schemas/pod-security.toml"))),
            files: FILES.iter().map(|(name, text)| (*name, shape(text))).collect(),
        }
    }

    /// What a document that is no object must be.
    pub(super) fn shape(&self, document: &Document<'_>) -> Option<(&dyn Shapes, &Shape)> {
        let (arena, root) = self.files.get(self.content_name(document.content?))?;
        Some((arena, arena.shape(*root)))
    }

    /// The field of an object that holds groups of rules.
    pub(super) fn rules_of(&self, object: &Object<'_>) -> Option<&str> {
        let rows = self.recognise.get("rules").map_or(&[][..], |rows| rows.items()).iter();
        let row = rows.into_iter().find(|row| row.text("group") == object.group() && row.text("kind") == object.subject.kind);
        row.map(|row| row.text("at"))
    }

    pub(super) fn contents(&self) -> &[Arc<Node>] {
        self.recognise.get("content").map_or(&[][..], |rows| rows.items())
    }
}

fn shape(text: &str) -> (Arena, Ref) {
    let stream = yaml::read(text, &Limits::default());
    let mut arena = Arena::default();
    let root = compile(&stream.documents[0].root, &mut arena).expect("the built-in schemas are sound");
    (arena, root)
}

fn table(name: &str, text: &str) -> Node {
    let mut diags = Diagnostics::default();
    let node = source::parse(&Source::new(name, text), &Arc::from("built in"), &mut diags);
    diags.checkpoint().expect("the built-in tables are TOML");
    node
}
