//! Nodes in layers in, each layer in an order with few crossings out.

use super::net::Node;

const SWEEPS: usize = 12;

/// Sorts each layer by where its neighbours are, from left to right and back, and keeps the best order seen.
pub(super) fn untangle(nodes: &[Node], mut layers: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut place = vec![0.0; nodes.len()];
    layers.iter().for_each(|layer| note(layer, &mut place));
    let mut best = (crossings(nodes, &layers), layers.clone());
    for sweep in 0..SWEEPS {
        let to_right = sweep % 2 == 0;
        for at in 0..layers.len() {
            let at = if to_right { at } else { layers.len() - 1 - at };
            sort(&mut layers[at], nodes, &mut place, to_right);
        }
        let found = crossings(nodes, &layers);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    best.1
}

/// A node's place is a share of its layer, so that layers of different lengths compare.
fn note(layer: &[usize], place: &mut [f64]) {
    for (at, node) in layer.iter().enumerate() {
        place[*node] = (at as f64 + 0.5) / layer.len() as f64;
    }
}

fn sort(layer: &mut [usize], nodes: &[Node], place: &mut [f64], to_right: bool) {
    let wanted = |node: usize| {
        let near = if to_right { &nodes[node].before } else { &nodes[node].after };
        let sum: f64 = near.iter().map(|other| place[*other]).sum();
        if near.is_empty() { place[node] } else { sum / near.len() as f64 }
    };
    let mut keyed: Vec<(f64, usize)> = layer.iter().map(|node| (wanted(*node), *node)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    keyed.iter().zip(layer.iter_mut()).for_each(|((_, node), slot)| *slot = *node);
    note(layer, place);
}

/// How many links cross: pairs of links between two layers whose ends stand in opposite orders.
fn crossings(nodes: &[Node], layers: &[Vec<usize>]) -> usize {
    let mut place = vec![0; nodes.len()];
    layers.iter().for_each(|layer| layer.iter().enumerate().for_each(|(at, node)| place[*node] = at));
    let mut total = 0;
    for pair in layers.windows(2) {
        let mut seen = Counter(vec![0; pair[1].len() + 1]);
        let mut count = 0;
        for node in &pair[0] {
            let mut ends: Vec<usize> = nodes[*node].after.iter().map(|other| place[*other]).collect();
            ends.sort_unstable();
            total += ends.iter().map(|end| count - seen.up_to(*end)).sum::<usize>();
            ends.iter().for_each(|end| seen.add(*end));
            count += ends.len();
        }
    }
    total
}

/// Counts how many numbers were no higher than another: a Fenwick tree.
struct Counter(Vec<usize>);

impl Counter {
    fn add(&mut self, number: usize) {
        let mut at = number + 1;
        while at < self.0.len() {
            self.0[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn up_to(&self, number: usize) -> usize {
        let mut at = number + 1;
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}
