//! The platform graph in, a picture of it out: text for Mermaid, Graphviz, a browser or a script.
//!
//! The pictures share one sketch: a card for each workload and a wire for each port that one uses of another.

mod dot;
mod json;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use super::{Connection, Graph, Offer, Workload};
use crate::node::Node;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Mermaid,
    Dot,
    Svg,
    Json,
}

impl Format {
    pub const ALL: &'static [Format] = &[Format::Mermaid, Format::Dot, Format::Svg, Format::Json];

    pub fn name(self) -> &'static str {
        match self {
            Format::Mermaid => "mermaid",
            Format::Dot => "dot",
            Format::Svg => "svg",
            Format::Json => "json",
        }
    }

    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// The graph, with what must run before it as `graph::operators` lists it; a drawing has no place for those.
pub fn draw(graph: &Graph, operators: &Node, format: Format) -> String {
    match format {
        Format::Mermaid => mermaid::draw(&sketch(graph, operators)),
        Format::Dot => dot::draw(&sketch(graph, operators)),
        Format::Svg => svg::draw(&sketch(graph, operators)),
        Format::Json => json::draw(graph, operators),
    }
}

/// What there is to draw; its texts have no signs in them that a reader would not see.
struct Sketch {
    cards: Vec<Card>,
    /// Each namespace with its cards.
    namespaces: Vec<(String, Vec<usize>)>,
    wires: Vec<Wire>,
    /// What must run before all of them.
    operators: Vec<Operator>,
}

struct Operator {
    title: String,
    /// The cards whose pods it makes.
    runs: Vec<usize>,
}

struct Card {
    name: String,
    component: String,
    namespace: usize,
    kind: Kind,
    title: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Service,
    Stateful,
    Job,
    People,
}

/// All connections of one workload to one port of another.
struct Wire {
    /// The card it comes from, or people where there is none.
    from: Option<usize>,
    to: usize,
    label: String,
    title: String,
    /// Whether nothing but an order is meant: the other end has no port.
    is_order: bool,
    waits: bool,
}

fn sketch(graph: &Graph, operators: &Node) -> Sketch {
    let names: BTreeSet<&str> = graph.workloads.iter().map(namespace).collect();
    let numbers: BTreeMap<&str, usize> = names.iter().enumerate().map(|(number, name)| (*name, number)).collect();
    let cards: Vec<Card> = graph.workloads.iter().map(|workload| card(workload, numbers[namespace(workload)])).collect();
    let mut namespaces: Vec<(String, Vec<usize>)> = names.iter().map(|name| (clean(name), Vec::new())).collect();
    for (index, card) in cards.iter().enumerate() {
        namespaces[card.namespace].1.push(index);
    }
    let wires = wires(graph, &cards);
    let operators = operators.items().iter().map(|one| operator(one, &cards)).collect();
    Sketch { cards, namespaces, wires, operators }
}

fn operator(one: &Node, cards: &[Card]) -> Operator {
    let runs: Vec<&str> = one.get("runs").map_or(&[][..], |runs| runs.items()).iter().filter_map(|name| name.as_str()).collect();
    let before = one.get("before").and_then(|wave| wave.as_int()).unwrap_or_default();
    Operator {
        title: clean(&format!("{} {}, before wave {before}", one.text("name"), one.text("version"))),
        runs: (0..cards.len()).filter(|index| runs.contains(&cards[*index].name.as_str())).collect(),
    }
}

fn namespace(workload: &Workload) -> &str {
    workload.namespace.as_str().unwrap_or_default()
}

fn card(workload: &Workload, number: usize) -> Card {
    let name = clean(&workload.name);
    let component = clean(workload.component.as_str().unwrap_or_default());
    let (kind, word) = match workload.node.text("kind") {
        "stateful" => (Kind::Stateful, "stateful workload"),
        "job" => (Kind::Job, "job"),
        "operated" => (Kind::Stateful, "workload of an operator"),
        "resident" => (Kind::Service, "service of others"),
        "outside" => (Kind::Service, "service elsewhere"),
        _ => (Kind::Service, "service"),
    };
    let title = format!("{name}: {word} of {component} in {}, wave {}", clean(namespace(workload)), workload.wave);
    Card { name, component, namespace: number, kind, title }
}

/// Where a wire goes from and to, and the port and interface it goes to.
type End<'a> = (Option<usize>, usize, Option<i128>, &'a str);

fn wires(graph: &Graph, cards: &[Card]) -> Vec<Wire> {
    let mut wires: BTreeMap<End<'_>, Wire> = BTreeMap::new();
    for connection in &graph.connections {
        let end = end(Some(connection.from), connection.to, &connection.offer);
        let wire = wires.entry(end).or_insert_with(|| wire(end, cards));
        wire.waits |= connection.waits;
        wire.title.push_str(&purpose(connection));
    }
    for (to, workload) in graph.workloads.iter().enumerate() {
        for offer in workload.offers.iter().filter(|offer| !offer.node.text("edge").is_empty()) {
            let end = end(None, to, offer);
            let wire = wires.entry(end).or_insert_with(|| wire(end, cards));
            wire.title.push_str(&clean(&format!(", as {}", offer.node.text("edge"))));
        }
    }
    wires.into_values().collect()
}

fn end(from: Option<usize>, to: usize, offer: &Offer) -> End<'_> {
    let port = offer.port.as_ref().and_then(|port| port.as_int());
    (from, to, port, offer.interface.as_str().unwrap_or_default())
}

fn wire((from, to, port, interface): End<'_>, cards: &[Card]) -> Wire {
    let interface = clean(interface);
    let label = port.map_or_else(|| interface.clone(), |port| format!("{port} {interface}"));
    let user = from.map_or("people", |from| &cards[from].name);
    let title = format!("{user} → {}: {label}", cards[to].name);
    Wire { from, to, label, title, is_order: port.is_none(), waits: from.is_none() }
}

fn purpose(connection: &Connection) -> String {
    let purpose = connection.need.text("purpose");
    clean(&format!(", {}", if purpose.is_empty() { &connection.need_name } else { purpose }))
}

/// Signs that no picture can show, or that turn the text around, are shown as what they are: unreadable.
fn clean(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}'..='\u{ffff}')
    };
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}
