//! Links in, a layer for each node out: users left of what they use, as far as they do not use each other in a circle.

use std::collections::BTreeSet;

/// How often nodes are moved towards their neighbours.
const PASSES: usize = 4;

pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    pub waits: bool,
}

/// The layers of `count` nodes. The node `first` stays in the first layer.
pub(super) fn layers(count: usize, links: &[Link], first: Option<usize>) -> Vec<usize> {
    let order = order(count, links);
    let mut place = vec![0; count];
    order.iter().enumerate().for_each(|(at, node)| place[*node] = at);
    let mut before = vec![Vec::new(); count];
    let mut after = vec![Vec::new(); count];
    for link in links {
        let (left, right) = if place[link.from] < place[link.to] { (link.from, link.to) } else { (link.to, link.from) };
        before[right].push(left);
        after[left].push(right);
    }
    let mut layers = vec![0; count];
    for node in &order {
        layers[*node] = leftmost(&before[*node], &layers);
    }
    for _ in 0..PASSES {
        for node in order.iter().rev().filter(|node| Some(**node) != first) {
            layers[*node] = nearest(*node, &before[*node], &after[*node], &layers);
        }
    }
    spread_single(&mut layers, &before, &after);
    layers
}

/// Users before what they use; in a circle, whoever the fewest wait for goes first.
fn order(count: usize, links: &[Link]) -> Vec<usize> {
    let mut users = vec![(0, 0); count];
    let mut uses = vec![Vec::new(); count];
    for link in links {
        users[link.to].0 += usize::from(link.waits);
        users[link.to].1 += 1;
        uses[link.from].push(link);
    }
    let mut left: BTreeSet<((usize, usize), usize)> = (0..count).map(|node| (users[node], node)).collect();
    let mut order = Vec::new();
    while let Some((_, node)) = left.pop_first() {
        order.push(node);
        for link in &uses[node] {
            if left.remove(&(users[link.to], link.to)) {
                users[link.to].0 -= usize::from(link.waits);
                users[link.to].1 -= 1;
                left.insert((users[link.to], link.to));
            }
        }
    }
    order
}

fn leftmost(before: &[usize], layers: &[usize]) -> usize {
    before.iter().map(|node| layers[*node] + 1).max().unwrap_or(0)
}

/// The layer, of those its neighbours leave it, in which its links are shortest.
fn nearest(node: usize, before: &[usize], after: &[usize], layers: &[usize]) -> usize {
    let rightmost = after.iter().map(|node| layers[*node] - 1).min();
    match rightmost {
        Some(rightmost) if after.len() > before.len() => rightmost,
        Some(_) if after.len() == before.len() => layers[node],
        _ => leftmost(before, layers),
    }
}

/// Nodes without links fill the layers evenly; without any links at all they stand in a square.
fn spread_single(layers: &mut [usize], before: &[Vec<usize>], after: &[Vec<usize>]) {
    let single: Vec<usize> = (0..layers.len()).filter(|node| before[*node].is_empty() && after[*node].is_empty()).collect();
    let deepest = layers.iter().max().map_or(0, |layer| layer + 1);
    let columns = deepest.max((single.len().isqrt()).min(8)).max(1);
    for (number, node) in single.into_iter().enumerate() {
        layers[node] = number % columns;
    }
}
