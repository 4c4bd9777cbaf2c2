//! The files of a workload in, each of them as text out: what was said as a tree is written down here.

use std::sync::Arc;

use super::describe::entry;
use crate::node::{Data, Entry, Node};
use crate::yaml;

/// A workload whose files are all text.
pub(super) fn written(workload: &Arc<Node>) -> Arc<Node> {
    let trees = |files: &Node| files.items().iter().any(|file| file.get("document").is_some());
    if !workload.get("files").is_some_and(|files| trees(files)) {
        return workload.clone();
    }
    let entries = workload.entries().iter().map(|own| match &*own.key {
        "files" => Entry { key: own.key.clone(), node: list(&own.node) },
        _ => own.clone(),
    });
    Arc::new(Node { data: Data::Map(entries.collect()), origin: workload.origin.clone() })
}

fn list(files: &Arc<Node>) -> Arc<Node> {
    Arc::new(Node { data: Data::Seq(files.items().iter().map(file).collect()), origin: files.origin.clone() })
}

fn file(file: &Arc<Node>) -> Arc<Node> {
    let entries = file.entries().iter().map(|own| match &*own.key {
        "document" => entry("text", text(&own.node, file.text("path").ends_with(".json"))),
        _ => own.clone(),
    });
    Arc::new(Node { data: Data::Map(entries.collect()), origin: file.origin.clone() })
}

/// Every value in the tree decided something of the text.
fn text(document: &Arc<Node>, is_json: bool) -> Arc<Node> {
    let text = if is_json { yaml::print_json(document) } else { yaml::print(document) };
    let mut from = Vec::new();
    heads(document, &mut from);
    Node::derived("written down", text.into(), from)
}

fn heads(node: &Arc<Node>, all: &mut Vec<Arc<Node>>) {
    let is_leaf = node.items().is_empty() && node.entries().is_empty();
    all.push(if is_leaf { node.clone() } else { node.head() });
    node.items().iter().for_each(|item| heads(item, all));
    node.entries().iter().for_each(|entry| heads(&entry.node, all));
}
