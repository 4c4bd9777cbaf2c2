//! A net in order in, the place of every box, label and line out.

use super::net::{Net, Node, Trunk};
use super::text;

const SWEEPS: usize = 48;
const LEAST_HEIGHT: f64 = 44.0;
const LABEL_SLOT: f64 = 22.0;
const WIRE_SLOT: f64 = 8.0;
const SIDE_MARGIN: f64 = 12.0;
pub(super) const LABEL_SIZE: f64 = 10.5;
/// From a label to the box it belongs to.
pub(super) const ARROW: f64 = 15.0;
/// How much stiffer a line is where it only passes.
const LANE_WEIGHT: f64 = 8.0;

pub(super) struct Plan {
    pub columns: Vec<Column>,
    pub hooks: Vec<Hook>,
    pub width: f64,
    pub height: f64,
}

/// A layer from left to right: labels, boxes, labels. Curves run between columns only.
#[derive(Clone, Default)]
pub(super) struct Column {
    pub left: f64,
    pub box_left: f64,
    pub box_right: f64,
    pub right: f64,
}

/// Where a trunk starts or ends at a box.
pub(super) struct Hook {
    pub node: usize,
    pub is_right: bool,
    pub trunk: usize,
    /// Which of the trunk's sources it is; its end where it is none.
    pub source: Option<usize>,
    pub y: f64,
}

pub(super) fn place(net: &mut Net) -> Plan {
    let mut hooks = hooks(&net.trunks);
    size(&mut net.nodes, &hooks);
    let height = settle(net);
    spread(net, &mut hooks);
    let columns = columns(net);
    for node in &mut net.nodes {
        let column = &columns[node.layer];
        node.x = (column.box_left + column.box_right) / 2.0;
        node.width = if node.is_lane { 0.0 } else { column.box_right - column.box_left };
    }
    Plan { width: columns.last().map_or(0.0, |column| column.right), height, columns, hooks }
}

fn hooks(trunks: &[Trunk]) -> Vec<Hook> {
    let mut hooks = Vec::new();
    for (number, trunk) in trunks.iter().enumerate() {
        hooks.push(Hook { node: trunk.to, is_right: trunk.is_back, trunk: number, source: None, y: 0.0 });
        for (at, source) in trunk.sources.iter().enumerate() {
            hooks.push(Hook { node: source.node, is_right: !trunk.is_back, trunk: number, source: Some(at), y: 0.0 });
        }
    }
    hooks
}

impl Hook {
    fn slot(&self) -> f64 {
        if self.source.is_some() { WIRE_SLOT } else { LABEL_SLOT }
    }
}

/// A box is high enough for what hooks into either of its sides.
fn size(nodes: &mut [Node], hooks: &[Hook]) {
    let mut sides = vec![[SIDE_MARGIN; 2]; nodes.len()];
    hooks.iter().for_each(|hook| sides[hook.node][usize::from(hook.is_right)] += hook.slot());
    for (node, [left, right]) in nodes.iter_mut().zip(sides).filter(|(node, _)| !node.is_lane) {
        node.height = left.max(right).max(LEAST_HEIGHT);
    }
}

/// Puts every node at the height of its neighbours, as far as those beside it leave room; gives the height of all.
fn settle(net: &mut Net) -> f64 {
    for layer in &net.layers {
        let mut y = 0.0;
        for (at, node) in layer.iter().enumerate() {
            y += if at == 0 { 0.0 } else { distance(&net.nodes[layer[at - 1]], &net.nodes[*node]) };
            net.nodes[*node].y = y;
        }
    }
    for sweep in 0..SWEEPS {
        let sides = if sweep + 10 >= SWEEPS { (true, true) } else { (sweep % 2 == 0, sweep % 2 == 1) };
        for at in 0..net.layers.len() {
            let at = if sweep % 2 == 0 { at } else { net.layers.len() - 1 - at };
            pull(&mut net.nodes, &net.layers[at], sides);
        }
    }
    let top = net.nodes.iter().map(|node| node.y - node.height / 2.0).reduce(f64::min).unwrap_or(0.0);
    net.nodes.iter_mut().for_each(|node| node.y -= top);
    net.nodes.iter().map(|node| node.y + node.height / 2.0 + node.below).fold(0.0, f64::max)
}

fn distance(upper: &Node, lower: &Node) -> f64 {
    let gap = match (upper.is_lane, lower.is_lane) {
        (true, true) => 9.0,
        (false, false) => 22.0,
        _ => 14.0,
    };
    upper.height / 2.0 + upper.below + gap + lower.height / 2.0
}

/// Moves one layer to where its neighbours want it, with the least squares of what is missed: neighbours that would
/// come too close form a block, which goes where all of it misses the least.
fn pull(nodes: &mut [Node], layer: &[usize], sides: (bool, bool)) {
    struct Block {
        at: f64,
        weight: f64,
        count: usize,
    }
    let mut offsets = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    for (at, node) in layer.iter().enumerate() {
        let above = if at == 0 { 0.0 } else { offsets[at - 1] + distance(&nodes[layer[at - 1]], &nodes[*node]) };
        offsets.push(above);
        let (wanted, weight) = wanted(nodes, *node, sides);
        let mut block = Block { at: wanted - above, weight, count: 1 };
        while let Some(last) = blocks.pop_if(|last| last.at >= block.at) {
            let weight = last.weight + block.weight;
            block =
                Block { at: (last.at * last.weight + block.at * block.weight) / weight, weight, count: last.count + block.count };
        }
        blocks.push(block);
    }
    let places = blocks.iter().flat_map(|block| std::iter::repeat_n(block.at, block.count));
    for ((node, offset), place) in layer.iter().zip(&offsets).zip(places) {
        nodes[*node].y = place + offset;
    }
}

/// Where a node's neighbours want it, and how much.
fn wanted(nodes: &[Node], index: usize, (before, after): (bool, bool)) -> (f64, f64) {
    let node = &nodes[index];
    let near = node.before.iter().filter(|_| before).chain(node.after.iter().filter(|_| after));
    let (mut sum, mut total) = (0.0, 0.0);
    for other in near.map(|other| &nodes[*other]) {
        let weight = if node.is_lane && other.is_lane { LANE_WEIGHT } else { 1.0 };
        sum += other.y * weight;
        total += weight;
    }
    if total > 0.0 { (sum / total, total) } else { (node.y, 0.1) }
}

/// Spreads the hooks of each side of each box, in the order of where they lead.
fn spread(net: &Net, hooks: &mut [Hook]) {
    let toward = |hook: &Hook| {
        let trunk = &net.trunks[hook.trunk];
        match (hook.source, trunk.lanes.first()) {
            (Some(source), _) => net.nodes[trunk.sources[source].joins].y,
            (None, Some(lane)) => net.nodes[*lane].y,
            (None, None) => trunk.sources.iter().map(|source| net.nodes[source.node].y).sum::<f64>() / trunk.sources.len() as f64,
        }
    };
    let keys: Vec<f64> = hooks.iter().map(toward).collect();
    let mut order: Vec<usize> = (0..hooks.len()).collect();
    let side = |at: usize| (hooks[at].node, hooks[at].is_right);
    order.sort_by(|a, b| side(*a).cmp(&side(*b)).then(keys[*a].total_cmp(&keys[*b])));
    let sides: Vec<Vec<usize>> = order.chunk_by(|a, b| side(*a) == side(*b)).map(<[usize]>::to_vec).collect();
    for side in sides {
        let total: f64 = side.iter().map(|at| hooks[*at].slot()).sum();
        let mut y = net.nodes[hooks[side[0]].node].y - total / 2.0;
        for at in side {
            let slot = hooks[at].slot();
            hooks[at].y = y + slot / 2.0;
            y += slot;
        }
    }
}

fn columns(net: &Net) -> Vec<Column> {
    let mut widths = vec![[0.0_f64; 3]; net.layers.len()];
    for node in net.nodes.iter().filter(|node| !node.is_lane) {
        widths[node.layer][1] = widths[node.layer][1].max(node.width);
    }
    for trunk in &net.trunks {
        let zone = &mut widths[net.nodes[trunk.to].layer][if trunk.is_back { 2 } else { 0 }];
        *zone = zone.max(text::label_width(&trunk.label) + ARROW + 6.0);
    }
    let mut columns: Vec<Column> = Vec::new();
    for (at, [left, middle, right]) in widths.into_iter().enumerate() {
        // Whole numbers, so that what is rounded on its way out still fits.
        let [left, middle, right] = [left, middle, right].map(f64::ceil);
        let start = columns.last().map_or(0.0, |last| last.right + room(net, at).ceil());
        let [box_left, box_right] = [start + left, start + left + middle];
        columns.push(Column { left: start, box_left, box_right, right: box_right + right });
    }
    columns
}

/// Room for the curves into a layer: the steeper they are, the more.
fn room(net: &Net, layer: usize) -> f64 {
    let into = net.layers[layer].iter().map(|node| &net.nodes[*node]);
    let steepest = into.flat_map(|node| node.before.iter().map(|other| (net.nodes[*other].y - node.y).abs())).fold(0.0, f64::max);
    (34.0 + steepest * 0.13).min(110.0)
}
