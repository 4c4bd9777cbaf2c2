//! Units in, finished documents out: rendered in parallel, collected in order, printed by the one printer.

use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostics, Reported};
use crate::lakehouse::Lakehouse;
use crate::node::{Data, Entry, Node};
use crate::plan::Unit;
use crate::render::Failure;
use crate::tree::File;
use crate::yaml;

/// One file of the output, as values.
#[derive(Clone, Debug)]
pub struct Document {
    pub path: String,
    pub node: Arc<Node>,
    pub format: Format,
    /// Whether it belongs into a stream of documents that another program reads.
    pub is_streamed: bool,
    /// What decided that it is there at all.
    pub because: Vec<Arc<Node>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
    /// A README, a script: text that no one reads as a document.
    Text,
}

/// What `finish` makes of each document, in the order of the units; it is told how many there are.
pub fn render<T: Send>(
    lakehouse: &Lakehouse<'_>,
    units: &[Unit],
    finish: &(dyn Fn(Document, usize) -> T + Sync),
    diags: &mut Diagnostics,
) -> Result<Vec<T>, Reported> {
    let one = |unit| document(lakehouse, unit).map(|document| finish(document, units.len()));
    let rendered: Vec<Result<T, Failure>> = units.par_iter().map(one).collect();
    let mut documents = Vec::with_capacity(units.len());
    for result in rendered {
        match result {
            Ok(document) => documents.push(document),
            Err(failure) => failure.report(diags),
        }
    }
    diags.checkpoint()?;
    Ok(documents)
}

fn document(lakehouse: &Lakehouse<'_>, unit: &Unit) -> Result<Document, Failure> {
    let engine = &lakehouse.catalog.engine;
    let format = format(unit);
    let node = match format {
        Format::Text => engine.text(&unit.template, unit.scope.clone())?,
        _ => engine.document(&unit.template, unit.scope.clone())?,
    };
    let node = unit.doubled.chars().fold(node, |node, sign| doubled(&node, sign));
    let is_streamed = unit.is_streamed && format != Format::Text;
    Ok(Document { path: unit.path.clone(), node, format, is_streamed, because: unit.because.clone() })
}

/// Only what a `.yaml.j2` renders is a document: a configuration file called x.json may come as finished text.
fn format(unit: &Unit) -> Format {
    if !unit.template.ends_with(".yaml.j2") {
        return Format::Text;
    }
    match unit.path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("yaml" | "yml") => Format::Yaml,
        Some("json") => Format::Json,
        _ => Format::Text,
    }
}

/// The reader of some formats fills in what follows a sign; the sign doubled stands for itself.
fn doubled(node: &Arc<Node>, sign: char) -> Arc<Node> {
    let data = match &node.data {
        Data::Str(text) if text.contains(sign) => Data::Str(text.replace(sign, &format!("{sign}{sign}")).into()),
        Data::Seq(items) => Data::Seq(items.iter().map(|item| doubled(item, sign)).collect()),
        Data::Map(entries) => {
            let entry = |entry: &Entry| Entry { key: entry.key.clone(), node: doubled(&entry.node, sign) };
            Data::Map(entries.iter().map(entry).collect())
        }
        _ => return node.clone(),
    };
    Arc::new(Node { data, origin: node.origin.clone() })
}

impl Document {
    pub fn print(&self) -> String {
        match self.format {
            Format::Yaml => yaml::print(&self.node),
            Format::Json => yaml::print_json(&self.node),
            Format::Text => self.node.as_str().unwrap_or_default().to_owned(),
        }
    }

    pub fn file(&self) -> File {
        let text = self.print();
        let executable = text.starts_with("#!");
        File { path: self.path.clone(), bytes: text.into_bytes(), executable }
    }

    /// How many objects the document stands for.
    pub fn objects(&self) -> usize {
        usize::from(self.format != Format::Text)
    }
}
