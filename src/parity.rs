//! What the components say in, which of it each mode's output holds out: what one mode has and another loses.
//!
//! A property comes through when a value the component said for it decided something of the output. What cannot, the mode
//! says with the reason; anything else is a loss.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::document::Document;
use crate::graph::{Graph, JOINED, OFFERED, Workload};
use crate::node::{Data, Node, Origin};

/// One component's property in every mode that was looked at.
pub struct Row {
    pub component: String,
    pub property: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// It comes through.
    Held,
    /// An operator of the platform sees to it.
    Operated,
    /// The mode cannot hold it, for this reason.
    Without(String),
    Lost,
}

/// Under this name a mode has the reason for whatever has none of its own.
const EVERYTHING: &str = "everything";

/// One mode's side of the comparison.
pub struct Side<'a> {
    pub graph: &'a Graph,
    pub documents: &'a [Document],
    /// Properties that the mode cannot hold, each with its reason.
    pub without: Option<&'a Node>,
}

/// Compares what the components say with what came out, mode by mode; `idle` has why nothing of a component runs in some modes.
pub fn compare(properties: &Node, idle: &BTreeMap<&str, &str>, sides: &[Side<'_>]) -> Vec<Row> {
    let lines: Vec<Lines> = sides.iter().map(|side| lines(side.documents)).collect();
    let components: BTreeSet<&str> = sides.iter().flat_map(|side| own(side).map(component)).collect();
    let mut rows = Vec::new();
    for component in components {
        for property in properties.get("property").map_or(&[][..], |list| list.items()) {
            let said = sides.iter().zip(&lines).map(|(side, lines)| state(side, lines, component, property));
            let said: Vec<State> = said.collect();
            if said.iter().all(|state| matches!(state, State::Unsaid | State::Absent)) {
                continue;
            }
            let idle = idle.get(component).copied().unwrap_or_default();
            let cells = sides.iter().zip(said).map(|(side, state)| cell(side, state, (component, idle), property)).collect();
            rows.push(Row { component: component.to_owned(), property: property.text("name").to_owned(), cells });
        }
    }
    rows
}

/// What becomes of a property in one mode.
enum State {
    /// The component is not there at all.
    Absent,
    Unsaid,
    Held,
    Lost,
}

fn state(side: &Side<'_>, lines: &Lines, name: &str, property: &Node) -> State {
    let workloads: Vec<&Workload> = own(side).filter(|workload| component(workload) == name).collect();
    if workloads.is_empty() {
        return State::Absent;
    }
    let said = workloads.iter().flat_map(|workload| said(side.graph, workload, property));
    let mut said = said.filter(|words| !words.is_empty()).peekable();
    if said.peek().is_none() {
        return State::Unsaid;
    }
    match said.all(|words| words.iter().any(|word| lines.contains(word))) {
        true => State::Held,
        false => State::Lost,
    }
}

fn cell(side: &Side<'_>, state: State, (name, idle): (&str, &str), property: &Node) -> Cell {
    let without = |what: &str| side.without?.get(what)?.as_str();
    let reason = without(property.text("name")).or_else(|| without(EVERYTHING));
    let none = property.get("none").and_then(|none| none.as_str());
    let is_operated = || own(side).any(|workload| component(workload) == name && workload.kind() == "operated");
    match (state, reason) {
        (State::Held, _) => Cell::Held,
        (_, Some(reason)) => Cell::Without(reason.to_owned()),
        (State::Unsaid | State::Lost, None) if is_operated() => Cell::Operated,
        (State::Unsaid, None) if none.is_some() => Cell::Without(none.unwrap_or_default().to_owned()),
        (State::Absent, None) if !idle.is_empty() => Cell::Without(idle.to_owned()),
        _ => Cell::Lost,
    }
}

fn own<'a>(side: &Side<'a>) -> impl Iterator<Item = &'a Workload> {
    side.graph.workloads.iter().filter(|workload| workload.is_own() && workload.kind() != "objects")
}

fn component(workload: &Workload) -> &str {
    workload.component.as_str().unwrap_or_default()
}

/// Lines of the component's templates, by template.
type Lines = BTreeSet<(Arc<str>, u32)>;

/// What a workload says of a property: its words as a whole, or each connection that it makes, or that is made to an offer
/// of its own, by the line that declares it.
fn said(graph: &Graph, workload: &Workload, property: &Node) -> Vec<Lines> {
    let of = |index: &usize| &graph.connections[*index];
    let offers = property.text("offers");
    if flag(property, "needs") {
        let reached = workload.makes.iter().map(of).filter(|connection| connection.offer.port.is_some());
        return reached.map(|connection| place(&connection.need).into_iter().collect()).collect();
    }
    if !offers.is_empty() {
        let asked = workload.takes.iter().map(of).filter(|connection| connection.offer.interface.as_str() == Some(offers));
        return asked.map(|connection| place(&connection.offer.node).into_iter().collect()).collect();
    }
    vec![words(workload, property)]
}

/// The lines on which a workload says a property.
fn words(workload: &Workload, property: &Node) -> Lines {
    let mut found = Lines::new();
    let of_several = flag(property, "of_several");
    let count = workload.node.get("replicas").and_then(|replicas| replicas.as_int()).unwrap_or(1);
    if of_several && count < 2 {
        return found;
    }
    for word in property.get("words").map_or(&[][..], |words| words.items()) {
        let parts: Vec<&str> = word.as_str().unwrap_or_default().split('/').skip(1).collect();
        below(&workload.node, &parts, &mut found);
    }
    found
}

fn below(node: &Node, parts: &[&str], found: &mut Lines) {
    match parts.split_first() {
        None => node.leaves(&mut |_, leaf| found.extend(line(leaf))),
        Some((&"*", rest)) => node.entries().iter().for_each(|entry| below(&entry.node, rest, found)),
        Some((part, rest)) => node.get(part).into_iter().for_each(|child| below(child, rest, found)),
    }
}

fn flag(property: &Node, key: &str) -> bool {
    property.get(key).and_then(|flag| flag.as_bool()).unwrap_or(false)
}

/// Where a component declares a need or an offer.
fn place(node: &Node) -> Option<(Arc<str>, u32)> {
    match &node.origin {
        Origin::Input(input) => Some((input.span.source.name.as_str().into(), input.span.start().line)),
        _ => None,
    }
}

/// The line of a template that said a value; a default was said by nobody.
fn line(node: &Node) -> Option<(Arc<str>, u32)> {
    match &node.origin {
        Origin::Template { template, line, .. } => Some((template.name.as_str().into(), *line)),
        _ => None,
    }
}

/// Every line that decided something of some documents.
fn lines(documents: &[Document]) -> Lines {
    let mut follower = Follower::default();
    for document in documents {
        document.because.iter().for_each(|node| follower.follow(node));
        follower.tree(&document.node);
    }
    follower.lines
}

#[derive(Default)]
struct Follower {
    lines: Lines,
    seen: BTreeMap<*const Node, ()>,
}

impl Follower {
    fn tree(&mut self, node: &Node) {
        self.origin(node);
        match &node.data {
            Data::Seq(items) => items.iter().for_each(|item| self.tree(item)),
            Data::Map(entries) => entries.iter().for_each(|entry| self.tree(&entry.node)),
            _ => {}
        }
    }

    fn follow(&mut self, node: &Arc<Node>) {
        if self.seen.insert(Arc::as_ptr(node), ()).is_none() {
            self.origin(node);
        }
    }

    fn origin(&mut self, node: &Node) {
        self.lines.extend(line(node));
        match &node.origin {
            Origin::Template { from, .. } => from.iter().flat_map(|from| from.iter()).for_each(|node| self.follow(node)),
            Origin::Derived { rule, from } => {
                if [JOINED, OFFERED].contains(rule) {
                    self.lines.extend(from.iter().filter_map(|node| place(node)));
                }
                from.iter().for_each(|node| self.follow(node));
            }
            Origin::Input(_) => {}
        }
    }
}
