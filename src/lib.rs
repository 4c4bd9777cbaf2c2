//! lakegen compiles one `lakehouse.toml` into everything that a data-lakehouse platform needs to run.
//!
//! The program is a pipeline of plain functions, from one type to the next. Each step reports all that is wrong in what
//! it sees, and only a step that could do its work hands on. Read `compile` below, then the modules in its order:
//!
//! 1. [`host`] the door to disk, environment and clock
//! 2. [`catalog`] components, modes and profiles: data, read and checked ([`schema`], [`types`])
//! 3. [`lakehouse`] the user's layers ([`source`], [`layers`]) stacked and checked
//! 4. [`graph`] needs meet offers: who talks to whom
//! 5. [`plan`] a mode's rules unrolled: which template makes which file
//! 6. [`document`] templates rendered ([`render`]) to trees of values that know their origin ([`node`])
//! 7. [`tree`] the output folder, written, compared or streamed; [`yaml`] prints it; [`upgrade`] refuses what
//!    would break what runs; [`secrets`] makes the values that no output holds
//!
//! What is found on the way is a [`diagnostic`]; [`report`] tells it, [`cli`] is the face, [`origin`] explains a value,
//! [`parity`] what a mode makes of what components say, [`promql`] reads queries, [`certificate`] makes certificates,
//! [`targets`] tells what ties a promise to what runs.

pub mod capacity;
pub mod catalog;
pub mod cel;
pub mod certificate;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod document;
pub mod graph;
pub mod host;
pub mod inputs;
pub mod lakehouse;
pub mod layers;
pub mod network;
pub mod node;
pub mod origin;
pub mod parity;
pub mod plan;
pub mod policy;
pub mod promql;
pub mod render;
pub mod report;
pub mod schema;
pub mod secrets;
pub mod source;
pub mod structural;
pub mod targets;
pub mod tree;
pub mod types;
pub mod upgrade;
pub mod yaml;

use catalog::{Catalog, Mode};
use diagnostic::{Diagnostics, Reported};
use document::Document;
use graph::Graph;
use lakehouse::{Input, Lakehouse};
use rayon::prelude::*;
use render::Scope;
use std::sync::{Arc, Mutex};

/// Everything one mode makes of a lakehouse.
pub struct Output<T = Document> {
    pub profile: String,
    pub mode: String,
    pub documents: Vec<T>,
    /// What will be there beside them.
    pub secrets: Vec<graph::Provided>,
    /// The mode's options, with what the user set.
    pub settings: Arc<node::Node>,
    /// What the user says about findings.
    pub judging: Arc<node::Node>,
}

/// What somebody wants of the documents that are made.
pub struct Wish<'f, T> {
    /// What is made of each document as soon as it is there, since those of a whole platform fill the memory. It hears too how
    /// many documents the mode has.
    pub finish: &'f (dyn Fn(Document, usize) -> T + Sync),
    /// Whether policies of the network are held against the graph.
    pub is_judged: bool,
}

/// The whole pipeline: what a user wrote in, the documents of every mode asked for out.
pub fn compile(catalog: &Catalog, input: &Input, modes: &[String], diags: &mut Diagnostics) -> Result<Vec<Output>, Reported> {
    let lakehouse = lakehouse::read(catalog, input, diags)?;
    let modes = wanted(&lakehouse, modes, diags)?;
    let mut outputs = Vec::new();
    for mode in modes {
        let mut found = Diagnostics::default();
        outputs.extend(one(&lakehouse, mode, &mut found).ok());
        diags.merge(found);
    }
    diags.checkpoint()?;
    Ok(outputs)
}

/// Like `compile`, for who only wants the bytes of each document: its values do not know where they come from, which would
/// take time and memory.
pub fn compile_into<T: Send>(
    catalog: &Catalog,
    input: &Input,
    modes: &[String],
    wish: &Wish<'_, T>,
    diags: &mut Diagnostics,
) -> Result<Vec<Output<T>>, Reported> {
    let lakehouse = lakehouse::read(catalog, input, diags)?;
    let modes = wanted(&lakehouse, modes, diags)?;
    let mut outputs = Vec::new();
    for mode in modes {
        outputs.extend(of_one_graph(&lakehouse, &[mode], wish, diags));
    }
    diags.checkpoint()?;
    Ok(outputs)
}

/// Every profile, side by side, with the modes asked for or else every mode that a user can ask for; which profile the input
/// names does not matter. What is found is told in the order of profiles and modes, and the same only once.
pub fn compile_all<T: Send>(
    catalog: &Catalog,
    input: &Input,
    modes: &[String],
    wish: &Wish<'_, T>,
    diags: &mut Diagnostics,
) -> Result<Vec<Output<T>>, Reported> {
    let read = |profile: &String| {
        let mut found = Diagnostics::default();
        (lakehouse::read(catalog, &Input { profile: profile.clone(), ..input.clone() }, &mut found), found)
    };
    let mut lakehouses = Vec::new();
    for (lakehouse, found) in catalog.profiles.par_iter().map(|(profile, _)| read(profile)).collect::<Vec<_>>() {
        lakehouses.extend(lakehouse.ok());
        diags.merge(found);
    }
    if let Some(lakehouse) = lakehouses.first() {
        wanted(lakehouse, modes, diags)?;
    }
    let hosts = |lakehouse| Lakehouse::by_host(lakehouse, modes).into_iter().map(move |modes| (lakehouse, modes));
    let graphs: Vec<(&Lakehouse<'_>, Vec<&Mode>)> = lakehouses.iter().flat_map(hosts).collect();
    let compiled = graphs.par_iter().map(|(lakehouse, modes)| {
        let mut found = Diagnostics::default();
        (of_one_graph(lakehouse, modes, wish, &mut found), found)
    });
    let mut outputs = Vec::new();
    for (made, found) in compiled.collect::<Vec<_>>() {
        outputs.extend(made);
        diags.merge(found);
    }
    diags.checkpoint()?;
    outputs.sort_by(|a, b| (&a.profile, &a.mode).cmp(&(&b.profile, &b.mode)));
    Ok(outputs)
}

/// One mode of a lakehouse.
pub fn one(lakehouse: &Lakehouse<'_>, mode: &Mode, diags: &mut Diagnostics) -> Result<Output, Reported> {
    let graph = graph::build(lakehouse, mode, diags)?;
    let wish = Wish { finish: &|document, _| document, is_judged: true };
    of_graph(lakehouse, &graph, mode, &graph.scope, &wish, diags)
}

/// Modes that have one graph: it is built once for all of them. Where anything is found, it is made again with all that is
/// known of its values, so that it is told where they come from.
fn of_one_graph<T: Send>(
    lakehouse: &Lakehouse<'_>,
    modes: &[&Mode],
    wish: &Wish<'_, T>,
    diags: &mut Diagnostics,
) -> Vec<Output<T>> {
    if lakehouse.catalog.is_built_in {
        let mut found = Diagnostics::default();
        let outputs = untraced(lakehouse, modes, wish, &mut found);
        if found.is_empty() {
            return outputs.unwrap_or_default();
        }
    }
    let Ok(graph) = graph::build(lakehouse, modes[0], diags) else { return Vec::new() };
    let mut outputs = Vec::new();
    for mode in modes {
        let mut found = Diagnostics::default();
        let mut made = of_graph(lakehouse, &graph, mode, &graph.scope.untraced(), wish, &mut found);
        if !found.is_empty() {
            found = Diagnostics::default();
            made = of_graph(lakehouse, &graph, mode, &graph.scope, wish, &mut found);
        }
        outputs.extend(made.ok());
        diags.merge(found);
    }
    outputs
}

/// What the modes of one graph make, where nothing is found.
fn untraced<T: Send>(
    lakehouse: &Lakehouse<'_>,
    modes: &[&Mode],
    wish: &Wish<'_, T>,
    diags: &mut Diagnostics,
) -> Result<Vec<Output<T>>, Reported> {
    let graph = graph::build_untraced(lakehouse, modes[0], diags)?;
    modes.iter().map(|mode| of_graph(lakehouse, &graph, mode, &graph.scope, wish, diags)).collect()
}

/// What a mode makes of its graph; `scope` is the graph's, traced or not.
fn of_graph<T: Send>(
    lakehouse: &Lakehouse<'_>,
    graph: &Graph,
    mode: &Mode,
    scope: &Scope,
    wish: &Wish<'_, T>,
    diags: &mut Diagnostics,
) -> Result<Output<T>, Reported> {
    // What a profile promises it promises in its own modes; in others it may be that nothing can hold it.
    if lakehouse.modes.iter().any(|own| own.name == mode.name) {
        targets::check(&targets::rows(lakehouse, graph), diags);
        diags.checkpoint()?;
    }
    let units = plan::plan(lakehouse, graph, mode, scope, diags)?;
    let documents = match mode.objects.as_bool() {
        Some(true) if wish.is_judged => judged(lakehouse, graph, &units, wish, diags)?,
        _ => document::render(lakehouse, &units, wish.finish, diags)?,
    };
    let profile = lakehouse.profile.as_str().unwrap_or_default().to_owned();
    Ok(Output {
        profile,
        mode: mode.name.clone(),
        documents,
        secrets: graph.provided(&lakehouse.secrets_everywhere()),
        settings: lakehouse.options_of(mode),
        judging: lakehouse.judging(),
    })
}

/// Renders objects of Kubernetes, and holds their policies of the network against the graph.
fn judged<T: Send>(
    lakehouse: &Lakehouse<'_>,
    graph: &Graph,
    units: &[plan::Unit],
    wish: &Wish<'_, T>,
    diags: &mut Diagnostics,
) -> Result<Vec<T>, Reported> {
    let tables = check::Tables::load();
    let kept = Mutex::new(Vec::new());
    let keep = |document: Document, total: usize| {
        let printed = check::keep(&document, tables);
        kept.lock().expect("no thread panics with it").extend(printed);
        (wish.finish)(document, total)
    };
    let documents = document::render(lakehouse, units, &keep, diags)?;
    check::flows(graph, kept.into_inner().expect("no thread panics with it"), tables, diags);
    diags.checkpoint()?;
    Ok(documents)
}

/// The modes asked for by name, or else those of the profile.
pub fn wanted<'c>(lakehouse: &Lakehouse<'c>, names: &[String], diags: &mut Diagnostics) -> Result<Vec<&'c Mode>, Reported> {
    if names.is_empty() {
        return Ok(lakehouse.modes.clone());
    }
    let mut modes = Vec::new();
    for name in names {
        match lakehouse.catalog.mode(name) {
            Some(mode) if modes.iter().any(|known: &&Mode| known.name == mode.name) => {}
            Some(mode) => modes.push(mode),
            None => lakehouse::unknown_mode(lakehouse.catalog, name, None, diags),
        }
    }
    diags.checkpoint()?;
    Ok(modes)
}
