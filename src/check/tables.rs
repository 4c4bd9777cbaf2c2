//! The tables that checks are made of, read once: what documents are, names, APIs, rules of kinds.

use std::sync::{Arc, LazyLock};

use super::conditions::Conditions;
use super::files::Files;
use super::pod_security::Standard;
use super::{Document, Object, links, plaintext};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::source::{self, Source};

/// Each table as written, with its places.
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
    pub(super) refers: Node,
    pub(super) files: Files,
    pub(super) dashboards: Node,
    pub(super) alerts: Node,
    pub(super) mesh: Node,
    pub(super) workflow: Node,
    pub(super) cloud: Node,
    pub(super) conditions: Conditions,
}

impl Tables {
    /// Read when they are first asked for: several modes may be judged.
    pub fn load() -> &'static Tables {
        static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);
        &TABLES
    }

    fn read() -> Tables {
        let recognise = table("schemas/recognise.toml", include_str!("../../schemas/recognise.toml"));
        let mesh = table("schemas/mesh.toml", include_str!("../../schemas/mesh.toml"));
        let workflow = table("schemas/workflow.toml", include_str!("../../schemas/workflow.toml"));
        let cloud = table("schemas/cloud.toml", include_str!("../../schemas/cloud.toml"));
        Tables {
            conditions: Conditions::read([&mesh, &workflow, &cloud].into_iter().flat_map(|table| rows(table, "rule"))),
            mesh,
            workflow,
            cloud,
            files: Files::of(rows(&recognise, "content").iter().chain(rows(&recognise, "controller"))),
            recognise,
            alerts: table("schemas/alerts.toml", include_str!("../../schemas/alerts.toml")),
            dashboards: table("schemas/dashboards.toml", include_str!("../../schemas/dashboards.toml")),
            names: table("schemas/names.toml", include_str!("../../schemas/names.toml")),
            apis: table("schemas/apis.toml", include_str!("../../schemas/apis.toml")),
            pods: table("schemas/pods.toml", include_str!("../../schemas/pods.toml")),
            volumes: table("schemas/volumes.toml", include_str!("../../schemas/volumes.toml")),
            links: links::Table::read(&table("schemas/links.toml", include_str!("../../schemas/links.toml"))),
            images: table("schemas/versions.toml", include_str!("../../schemas/versions.toml")),
            secrets: plaintext::Shapes::read(&table("schemas/secrets.toml", include_str!("../../schemas/secrets.toml"))),
            standard: Standard::read(&table("schemas/pod-security.toml", include_str!("../../schemas/pod-security.toml"))),
            refers: table("schemas/files/refers.toml", include_str!("../../schemas/files/refers.toml")),
        }
    }

    /// The field of an object that holds groups of rules.
    pub(super) fn rules_of(&self, object: &Object<'_>) -> Option<&str> {
        let rows = rows(&self.recognise, "rules").iter();
        let row = rows.into_iter().find(|row| row.text("group") == object.group() && row.text("kind") == object.subject.kind);
        row.map(|row| row.text("at"))
    }

    /// Likewise of a document.
    pub(super) fn rules_in(&self, document: &Document<'_>) -> Option<&str> {
        self.content_row(document.content?)?.get("rules")?.as_str()
    }

    /// What is known of the controller of a kind.
    pub(super) fn controller(&self, object: &Object<'_>) -> Option<&Node> {
        let kind = (object.subject.kind.as_str(), object.group());
        let is_it = |row: &&Node| row.texts("of").any(|of| of.split_once('.') == Some(kind));
        rows(&self.recognise, "controller").iter().map(|row| &**row).find(is_it)
    }

    pub(super) fn contents(&self) -> &[Arc<Node>] {
        rows(&self.recognise, "content")
    }
}

fn rows<'t>(table: &'t Node, name: &str) -> &'t [Arc<Node>] {
    table.get(name).map_or(&[][..], |rows| rows.items())
}

pub(super) fn table(name: &str, text: &str) -> Node {
    let mut diags = Diagnostics::default();
    let node = source::parse(&Source::new(name, text), &Arc::from("built in"), &mut diags);
    diags.checkpoint().expect("the built-in tables are TOML");
    node
}
