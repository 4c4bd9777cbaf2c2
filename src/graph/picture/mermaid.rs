//! The sketch in, a Mermaid flowchart out.

use std::fmt::Write as _;

use super::{Card, Kind, Operator, Sketch, Wire};

/// What the classes look like; they suit light and dark pages.
const CLASSES: &str = "  classDef stateful stroke-width:2px\n  classDef job stroke-dasharray:4 3\n";

pub(super) fn draw(sketch: &Sketch) -> String {
    let mut text = String::from("flowchart LR\n");
    if sketch.wires.iter().any(|wire| wire.from.is_none()) {
        text.push_str("  people((\"people\"))\n");
    }
    for (number, (name, cards)) in sketch.namespaces.iter().enumerate() {
        let cards: String = cards.iter().map(|index| card(*index, &sketch.cards[*index])).collect();
        write!(text, "  subgraph n{number}[\"{}\"]\n{cards}  end\n", escape(name)).expect("strings take all");
    }
    text.extend(sketch.wires.iter().map(wire));
    if !sketch.operators.is_empty() {
        let cards: String = sketch
            .operators
            .iter()
            .enumerate()
            .map(|(at, one)| format!("    o{at}{{{{\"{}\"}}}}\n", escape(&one.title)))
            .collect();
        write!(text, "  subgraph operators\n{cards}  end\n").expect("strings take all");
        text.extend(sketch.operators.iter().enumerate().map(runs));
    }
    text + CLASSES
}

fn runs((at, operator): (usize, &Operator)) -> String {
    operator.runs.iter().map(|card| format!("  o{at} -.-> w{card}\n")).collect()
}

fn card(index: usize, card: &Card) -> String {
    let name = escape(&card.name);
    match card.kind {
        Kind::Stateful => format!("    w{index}[(\"{name}\")]:::stateful\n"),
        Kind::Job => format!("    w{index}([\"{name}\"]):::job\n"),
        Kind::Service | Kind::People => format!("    w{index}[\"{name}\"]\n"),
    }
}

fn wire(wire: &Wire) -> String {
    let from = wire.from.map_or_else(|| "people".to_owned(), |from| format!("w{from}"));
    let arrow = if wire.is_order { "-.->" } else { "-->" };
    format!("  {from} {arrow}|\"{}\"| w{}\n", escape(&wire.label), wire.to)
}

/// Anything but letters, digits and what names are made of has a meaning somewhere in Mermaid, in its Markdown or in HTML;
/// and a text must not be empty.
fn escape(text: &str) -> String {
    let text = if text.is_empty() { " " } else { text };
    let sign = |c: char| {
        let is_plain = c.is_alphanumeric() || " ./:-\u{fffd}".contains(c);
        if is_plain { c.to_string() } else { format!("#{};", c as u32) }
    };
    text.chars().map(sign).collect()
}
