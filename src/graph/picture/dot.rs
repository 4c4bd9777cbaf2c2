//! The sketch in, a graph for Graphviz out.

use std::fmt::Write as _;

use super::{Card, Kind, Operator, Sketch, Wire};

const HEAD: &str = r##"digraph platform {
  graph [rankdir=LR, fontname="sans-serif", fontsize=12, nodesep=0.3, ranksep=1.2]
  node [fontname="sans-serif", fontsize=12, style="filled,rounded", fillcolor="#ffffff", color="#57606a"]
  edge [fontname="sans-serif", fontsize=10, color="#57606a", arrowsize=0.7]
"##;
const CLUSTER: &str = r##"style="rounded,filled"; color="#d0d7de"; fillcolor="#f6f8fa""##;

pub(super) fn draw(sketch: &Sketch) -> String {
    let mut text = HEAD.to_owned();
    if sketch.wires.iter().any(|wire| wire.from.is_none()) {
        text.push_str("  people [shape=ellipse, style=filled]\n");
    }
    for (number, (name, cards)) in sketch.namespaces.iter().enumerate() {
        let cards: String = cards.iter().map(|index| card(*index, &sketch.cards[*index])).collect();
        let label = escape(name);
        write!(text, "  subgraph cluster_{number} {{\n    label=\"{label}\"; {CLUSTER}\n{cards}  }}\n")
            .expect("strings take all");
    }
    text.extend(sketch.wires.iter().map(wire));
    if !sketch.operators.is_empty() {
        let cards: String = sketch.operators.iter().enumerate().map(operator).collect();
        write!(text, "  subgraph cluster_operators {{\n    label=\"operators\"; {CLUSTER}\n{cards}  }}\n")
            .expect("strings take all");
        text.extend(sketch.operators.iter().enumerate().map(runs));
    }
    text + "}\n"
}

fn operator((at, operator): (usize, &Operator)) -> String {
    format!("    o{at} [label=\"{}\", shape=hexagon, style=filled]\n", escape(&operator.title))
}

fn runs((at, operator): (usize, &Operator)) -> String {
    operator.runs.iter().map(|card| format!("  o{at} -> w{card} [style=dashed]\n")).collect()
}

fn card(index: usize, card: &Card) -> String {
    let shape = match card.kind {
        Kind::Stateful => "shape=cylinder, style=filled",
        Kind::Job => "shape=component, style=filled",
        Kind::Service | Kind::People => "shape=box",
    };
    format!("    w{index} [label=\"{}\", tooltip=\"{}\", {shape}]\n", escape(&card.name), escape(&card.title))
}

fn wire(wire: &Wire) -> String {
    let from = wire.from.map_or_else(|| "people".to_owned(), |from| format!("w{from}"));
    let style = if wire.is_order { ", style=dashed" } else { "" };
    let (label, title) = (escape(&wire.label), escape(&wire.title));
    format!("  {from} -> w{} [label=\"{label}\", tooltip=\"{title}\"{style}]\n", wire.to)
}

/// Graphviz reads `\N` and `&lt;` in a string too, so a backslash and an ampersand are escaped like the quote is.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}
