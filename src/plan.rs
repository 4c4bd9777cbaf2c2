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

/// Unrolls the rules of a mode and of its parts, in their order; two files on one path are an error. `scope` is that of the
/// graph, traced or not.
pub fn plan(
    lakehouse: &Lakehouse<'_>,
    graph: &Graph,
    mode: &Mode,
    scope: &Scope,
    diags: &mut Diagnostics,
) -> Result<Vec<Unit>, Reported> {
    let description = graph.describe();
    let base = scope.with("platform", &description.platform);
    let mut units = Vec::new();
    // The parts first: what the mode makes once sees the paths of all files, and so what decided which files the parts have.
    let mut decided = [&[graph.switches.clone()][..], &lakehouse.switches(mode)].concat();
    for part in lakehouse.parts(mode) {
        let switch = Vec::from_iter(lakehouse.switch(part));
        let section = Section { mode: part, folder: format!("{}/", part.name), switch };
        let of_part = [&[graph.switches.clone()][..], &section.switch].concat();
        let scope = base.with("own", &lakehouse.options_of(part));
        decided.extend(unroll(lakehouse, description, &section, &scope, of_part, &mut units, diags));
    }
    let section = Section { mode, folder: String::new(), switch: Vec::new() };
    let own = mode.is_part.then(|| lakehouse.options_of(mode));
    let scope = own.map_or(base.clone(), |own| base.with("own", &own));
    unroll(lakehouse, description, &section, &scope, decided, &mut units, diags);
    check_paths(&units, diags);
    diags.checkpoint()?;
    Ok(units)
}

/// A mode, or a part of it, and the folder it is made in.
struct Section<'m> {
    mode: &'m Mode,
    folder: String,
    /// What says of a part that it is made.
    switch: Vec<Arc<Node>>,
}

/// Appends what the rules of one section make to the units of those before; gives all that decided that a file is there, or is
/// not, what was `decided` before among it.
fn unroll(
    lakehouse: &Lakehouse<'_>,
    description: &Description,
    section: &Section<'_>,
    base: &Scope,
    mut decided: Vec<Arc<Node>>,
    units: &mut Vec<Unit>,
    diags: &mut Diagnostics,
) -> Vec<Arc<Node>> {
    let (mut own, mut once): (Vec<Unit>, Vec<Unit>) = Default::default();
    let (late, early): (Vec<&Rule>, Vec<&Rule>) =
        section.mode.rules.iter().partition(|rule| rule.node.text("each") == "platform");
    for rule in early {
        if !is_asked(lakehouse, rule, base, &mut decided, diags) {
            continue;
        }
        let (each, subjects) = match rule.node.text("each") {
            "policy" => ("policy", lakehouse.catalog.policies(diags)),
            each => subjects(description, each),
        };
        for subject in subjects {
            let made = unit(lakehouse, rule, base.with(each, subject), Some(subject), &mut decided);
            own.extend(made.unwrap_or_else(|failure| tell(&failure, diags)));
        }
    }
    for rule in late {
        let made = unit(lakehouse, rule, base.clone(), None, &mut decided);
        once.extend(made.unwrap_or_else(|failure| tell(&failure, diags)));
    }
    own.iter_mut().chain(&mut once).for_each(|unit| drop(unit.because.splice(0..0, section.switch.iter().cloned())));
    // What is made once sees the paths of all documents, those that are made once among them.
    let documents = once.iter().filter(|unit| unit.is_streamed && unit.template.ends_with(".yaml.j2"));
    let others: &[Unit] = if section.folder.is_empty() { units } else { &[] };
    let streamed = others.iter().filter(|unit| unit.is_streamed && unit.template.ends_with(".yaml.j2"));
    let paths = paths(documents.chain(&own).chain(streamed), &decided);
    once.iter_mut().for_each(|unit| unit.scope = unit.scope.with("paths", &paths));
    own.extend(once);
    own.iter_mut().for_each(|unit| unit.path.insert_str(0, &section.folder));
    units.extend(own);
    decided
}

/// What a rule is unrolled over, and what its templates call one of them.
fn subjects<'d>(description: &'d Description, each: &str) -> (&'static str, &'d [Arc<Node>]) {
    match each {
        "workload" => ("workload", &description.workloads),
        "namespace" => ("namespace", &description.namespaces),
        "file" => ("file", &description.files),
        "object" => ("object", &description.objects),
        "copy" => ("copy", &description.copies),
        _ => ("secret", &description.secrets),
    }
}

/// Whether a rule is unrolled at all; `decided` hears what that depends on.
fn is_asked(
    lakehouse: &Lakehouse<'_>,
    rule: &Rule,
    scope: &Scope,
    decided: &mut Vec<Arc<Node>>,
    diags: &mut Diagnostics,
) -> bool {
    let Some(condition) = rule.node.get("only") else { return true };
    match lakehouse.catalog.engine.holds(condition, scope) {
        Ok((holds, because)) => {
            decided.extend(because);
            holds
        }
        Err(failure) => {
            failure.report(diags);
            false
        }
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
