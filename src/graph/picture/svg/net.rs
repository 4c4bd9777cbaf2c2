//! The sketch in, a net of nodes and trunks out: all wires to one port join on their way, and a trunk that passes layers
//! gets a lane through each of them.

use std::collections::BTreeMap;

use super::super::{Card, Sketch, Wire};
use super::rank::{self, Link};
use super::text;

/// Beyond this many nodes, trunks get no more lanes and pass behind the boxes.
const MAX_NODES: usize = 40_000;
const LOOP_HEIGHT: f64 = 30.0;
const LEAST_WIDTH: f64 = 116.0;
/// A little more than its size, for it is bold.
const NAME_SIZE: f64 = 14.3;
const ICON_WIDTH: f64 = 48.0;

pub(super) struct Net {
    pub nodes: Vec<Node>,
    pub layers: Vec<Vec<usize>>,
    pub trunks: Vec<Trunk>,
    /// The node that stands for people.
    pub people: Option<usize>,
}

/// A card, people, or a lane.
pub(super) struct Node {
    pub layer: usize,
    pub width: f64,
    pub height: f64,
    /// Room below it, for what it uses of itself.
    pub below: f64,
    pub is_lane: bool,
    /// Its neighbours in the layer to the left and in the one to the right.
    pub before: Vec<usize>,
    pub after: Vec<usize>,
    /// Its middle.
    pub x: f64,
    pub y: f64,
}

/// All wires to one port that come from one side.
pub(super) struct Trunk {
    pub to: usize,
    pub label: String,
    pub sources: Vec<Source>,
    /// One node in each layer it passes, the nearest to its end first.
    pub lanes: Vec<usize>,
    /// Whether it comes from the right, against the grain.
    pub is_back: bool,
    pub is_order: bool,
    pub waits: bool,
}

pub(super) struct Source {
    pub node: usize,
    pub title: String,
    /// The lane at which it joins the trunk, or the trunk's end.
    pub joins: usize,
}

pub(super) fn net(sketch: &Sketch) -> Net {
    let people = sketch.wires.iter().any(|wire| wire.from.is_none()).then_some(sketch.cards.len());
    let count = sketch.cards.len() + usize::from(people.is_some());
    let from = |wire: &Wire| wire.from.unwrap_or(sketch.cards.len());
    let wires: Vec<(usize, &Wire)> =
        sketch.wires.iter().map(|wire| (from(wire), wire)).filter(|(from, wire)| *from != wire.to).collect();
    let links: Vec<Link> = wires.iter().map(|(from, wire)| Link { from: *from, to: wire.to, waits: wire.waits }).collect();
    let layers = rank::layers(count, &links, people);
    let mut nodes: Vec<Node> = (0..count).map(|index| node(sketch, index, layers[index])).collect();
    let mut trunks = trunks(&wires, &nodes);
    trunks.iter_mut().for_each(|trunk| connect(trunk, &mut nodes));
    for wire in sketch.wires.iter().filter(|wire| wire.from == Some(wire.to)) {
        let node = &mut nodes[wire.to];
        node.below += LOOP_HEIGHT;
        node.width = node.width.max(text::label_width(&wire.label) + ICON_WIDTH);
    }
    let layers = fill(&nodes, sketch);
    Net { nodes, layers, trunks, people }
}

fn node(sketch: &Sketch, index: usize, layer: usize) -> Node {
    let width = match sketch.cards.get(index) {
        Some(card) => {
            text::width(&text::short(&card.name), NAME_SIZE).max(text::width(&card.subtitle(sketch), 10.5)) + ICON_WIDTH
        }
        None => 0.0,
    };
    let (before, after) = (Vec::new(), Vec::new());
    Node { layer, width: width.max(LEAST_WIDTH), height: 0.0, below: 0.0, is_lane: false, before, after, x: 0.0, y: 0.0 }
}

fn trunks(wires: &[(usize, &Wire)], nodes: &[Node]) -> Vec<Trunk> {
    let mut trunks: BTreeMap<(usize, &str, bool, bool), Trunk> = BTreeMap::new();
    for (from, wire) in wires {
        let is_back = nodes[*from].layer > nodes[wire.to].layer;
        let key = (wire.to, &*wire.label, wire.is_order, is_back);
        let trunk = trunks.entry(key).or_insert_with(|| {
            let (to, label, is_order) = (wire.to, wire.label.clone(), wire.is_order);
            Trunk { to, label, sources: Vec::new(), lanes: Vec::new(), is_back, is_order, waits: false }
        });
        trunk.waits |= wire.waits;
        trunk.sources.push(Source { node: *from, title: wire.title.clone(), joins: wire.to });
    }
    trunks.into_values().collect()
}

/// Lays the lanes of a trunk and lets its sources join them.
fn connect(trunk: &mut Trunk, nodes: &mut Vec<Node>) {
    let end = nodes[trunk.to].layer;
    let length = |node: usize, nodes: &[Node]| nodes[node].layer.abs_diff(end);
    let longest = trunk.sources.iter().map(|source| length(source.node, nodes)).max().unwrap_or(0);
    if nodes.len() + longest > MAX_NODES {
        return;
    }
    let mut last = trunk.to;
    for step in 1..longest {
        let layer = if trunk.is_back { end + step } else { end - step };
        let (before, after) = (Vec::new(), Vec::new());
        nodes.push(Node { layer, width: 0.0, height: 0.0, below: 0.0, is_lane: true, before, after, x: 0.0, y: 0.0 });
        let lane = nodes.len() - 1;
        trunk.lanes.push(lane);
        link(nodes, lane, last);
        last = lane;
    }
    for source in &mut trunk.sources {
        let passed = length(source.node, nodes) - 1;
        source.joins = if passed == 0 { trunk.to } else { trunk.lanes[passed - 1] };
        link(nodes, source.node, source.joins);
    }
}

fn link(nodes: &mut [Node], one: usize, other: usize) {
    let (left, right) = if nodes[one].layer < nodes[other].layer { (one, other) } else { (other, one) };
    nodes[left].after.push(right);
    nodes[right].before.push(left);
}

/// The nodes of each layer; to begin with those of one namespace stand together.
fn fill(nodes: &[Node], sketch: &Sketch) -> Vec<Vec<usize>> {
    let count = nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
    let mut layers = vec![Vec::new(); count];
    nodes.iter().enumerate().for_each(|(index, node)| layers[node.layer].push(index));
    let namespace = |node: &usize| sketch.cards.get(*node).map_or(usize::MAX, |card| card.namespace);
    layers.iter_mut().for_each(|layer: &mut Vec<usize>| layer.sort_by_key(namespace));
    layers
}

impl Card {
    /// What stands under the name: the namespace, and the component where the name does not say it.
    pub(super) fn subtitle(&self, sketch: &Sketch) -> String {
        let (component, namespace) = (&self.component, &sketch.namespaces[self.namespace].0);
        let is_said = component.is_empty() || *component == self.name || component == namespace;
        if is_said { text::short(namespace) } else { format!("{} · {}", text::short(component), text::short(namespace)) }
    }
}
