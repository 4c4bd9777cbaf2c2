//! What a lakehouse promises and what components say in, out what each promise is measured, watched and shown by.
//!
//! Where that is said is data: schemas/targets.toml names the documents and their lists.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostics};
use crate::graph::Graph;
use crate::lakehouse::Lakehouse;
use crate::node::Node;

/// One promise, with what ties it to what runs.
pub struct Row {
    pub target: Arc<str>,
    pub value: Arc<Node>,
    pub ties: Vec<Tie>,
}

/// What a promise is tied to in one way.
pub struct Tie {
    /// What this way is called.
    pub way: String,
    pub names: Vec<String>,
    /// Whether anybody here wants what components say of it: without Prometheus nobody wants alerts.
    pub is_wanted: bool,
}

/// Every promise in the order in which they are made.
pub fn rows(lakehouse: &Lakehouse<'_>, graph: &Graph) -> Vec<Row> {
    let targets = lakehouse.settings.get("targets").map_or(&[][..], |targets| targets.entries());
    let row = |target: &crate::node::Entry| Row {
        target: target.key.clone(),
        value: target.node.clone(),
        ties: ways(lakehouse.catalog).iter().map(|way| tie(graph, way, &target.key)).collect(),
    };
    targets.iter().map(row).collect()
}

fn ways(catalog: &Catalog) -> &[Arc<Node>] {
    catalog.targets.get("tie").map_or(&[][..], |ways| ways.items())
}

fn tie(graph: &Graph, way: &Node, target: &str) -> Tie {
    let documents: Vec<_> = graph.documents.iter().filter(|document| document.interface == way.text("interface")).collect();
    let entries = documents.iter().flat_map(|document| document.node.get(way.text("list")).map_or(&[][..], |list| list.items()));
    let mut names: Vec<String> =
        entries.filter(|entry| entry.text("target") == target).map(|entry| entry.text(way.text("entry")).to_owned()).collect();
    names.dedup();
    Tie { way: way.text("name").to_owned(), names, is_wanted: !documents.is_empty() }
}

/// A promise that nobody measures, watches or shows is none.
pub fn check(rows: &[Row], diags: &mut Diagnostics) {
    for row in rows {
        // A profile's promises are made where somebody looks; who promises it himself has to look.
        let is_missing = |tie: &&Tie| tie.names.is_empty() && (tie.is_wanted || !row.value.is_of_profile());
        let missing: Vec<&str> = row.ties.iter().filter(is_missing).map(|tie| tie.way.as_str()).collect();
        if missing.is_empty() || diags.has_told(Code::UntiedTarget, row.value.span().as_ref()) {
            continue;
        }
        let message = format!("{} is promised, and has no {}", row.target, missing.join(" and no "));
        let diagnostic = diags.error(Code::UntiedTarget, message).at_some(row.value.span(), "promised here");
        diagnostic.help("leave it out, or switch on what measures it; a component says target = \"…\" beside what does");
    }
}
