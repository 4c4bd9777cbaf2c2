//! The graph and a mode's emit rules in, units of work out: what is rendered, from which template, to which path.

use std::sync::Arc;

use crate::catalog::{Mode, Rule};
use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::graph::{Description, Graph};
use crate::lakehouse::Lakehouse;
use crate::node::{Data, Entry, Node};
use crate::render::{Failure, Scope};
use crate::tree;

/// One file to render.
pub struct Unit {
    pub path: String,
    pub template: String,
    pub scope: Scope,
    /// What decided that the file is there, and under which name.
    pub because: Vec<Arc<Node>>,
    /// Signs that the reader of the file gives a meaning, so that they are doubled.
    pub doubled: String,
    pub is_streamed: bool,
}

/// Unrolls the rules, in their order; two files on one path are an error.
pub fn plan(lakehouse: &Lakehouse<'_>, graph: &Graph, mode: &Mode, diags: &mut Diagnostics) -> Result<Vec<Unit>, Reported> {
    let description = graph.describe();
    let base = graph.scope.with("platform", &description.platform);
    let mut units = Vec::new();
    let mut late = Vec::new();
    // What decided that a file is there, or is not.
    let mut decided = vec![graph.switches.clone()];
    for rule in &mode.rules {
        let each = rule.node.text("each");
        if each == "platform" {
            late.push(rule);
            continue;
        }
        for subject in subjects(&description, each) {
            let scope = base.with(each, subject);
            units.extend(
                unit(lakehouse, rule, scope, Some(subject), &mut decided).unwrap_or_else(|failure| tell(&failure, diags)),
            );
        }
    }
    let mut once: Vec<Unit> = Vec::new();
    for rule in late {
        let made = unit(lakehouse, rule, base.clone(), None, &mut decided);
        once.extend(made.unwrap_or_else(|failure| tell(&failure, diags)));
    }
    // What is made once sees the paths of all documents, those that are made once among them.
    let documents = once.iter().filter(|unit| unit.is_streamed && unit.template.ends_with(".yaml.j2"));
    let paths = paths(documents.chain(&units), &decided);
    once.iter_mut().for_each(|unit| unit.scope = unit.scope.with("paths", &paths));
    units.extend(once);
    check_paths(&units, diags);
    diags.checkpoint()?;
    Ok(units)
}

fn subjects<'d>(description: &'d Description, each: &str) -> &'d [Arc<Node>] {
    match each {
        "workload" => &description.workloads,
        "namespace" => &description.namespaces,
        "file" => &description.files,
        "object" => &description.objects,
        "copy" => &description.copies,
        _ => &description.secrets,
    }
}

/// The file that a rule makes of a subject, if its condition holds; `decided` hears what that depends on.
fn unit(
    lakehouse: &Lakehouse<'_>,
    rule: &Rule,
    scope: Scope,
    subject: Option<&Arc<Node>>,
    decided: &mut Vec<Arc<Node>>,
) -> Result<Option<Unit>, Failure> {
    let engine = &lakehouse.catalog.engine;
    let (holds, mut because) = match rule.node.get("when") {
        Some(when) => engine.holds(when, &scope)?,
        None => (true, Vec::new()),
    };
    because.extend(subject.map(|subject| subject.head()));
    decided.extend(because.iter().cloned());
    let Some(to) = rule.node.get("to").filter(|_| holds) else { return Ok(None) };
    let path = engine.fill(to, &scope)?;
    because.push(path.clone());
    Ok(Some(Unit {
        path: path.as_str().unwrap_or_default().to_owned(),
        template: rule.template.clone(),
        scope,
        because,
        doubled: rule.node.text("double").to_owned(),
        is_streamed: rule.node.get("stream").and_then(|stream| stream.as_bool()).unwrap_or(true),
    }))
}

fn tell(failure: &Failure, diags: &mut Diagnostics) -> Option<Unit> {
    failure.report(diags);
    None
}

fn paths<'u>(units: impl Iterator<Item = &'u Unit>, decided: &[Arc<Node>]) -> Arc<Node> {
    let path = |unit: &Unit| {
        let wave = unit.scope.node("workload").and_then(|workload| workload.get("wave").cloned());
        let wave = wave.unwrap_or_else(|| Node::derived("before every wave", (-1).into(), []));
        let path = Node::derived("a path", unit.path.as_str().into(), unit.because.clone());
        let entries = vec![Entry { key: "path".into(), node: path }, Entry { key: "wave".into(), node: wave }];
        Node::derived("a path", Data::Map(entries), [])
    };
    let mut paths: Vec<Arc<Node>> = units.map(path).collect();
    paths.sort_by_key(|path| path.get("wave").and_then(|wave| wave.as_int()));
    Node::derived("the paths of all files", Data::Seq(paths), decided)
}

fn check_paths(units: &[Unit], diags: &mut Diagnostics) {
    let mut taken = tree::Paths::default();
    let rule = |unit: &Unit| unit.because.last().and_then(|path| path.span());
    for unit in units {
        if let Some(problem) = tree::path_problem(&unit.path) {
            let message = format!("{:?} cannot be the path of an output file: {problem}", unit.path);
            diags.error(Code::BadPath, message).at_some(rule(unit), format!("here, by {}", unit.template));
        } else if let Err((message, first)) = taken.take(&unit.path, unit) {
            let diagnostic = diags.error(Code::PathClash, message).help(tree::RENAME);
            diagnostic
                .at_some(rule(unit), format!("here, by {}", unit.template))
                .at_some(rule(first), format!("and here, by {}", first.template));
        }
    }
}
