//! Pods in, each put on a machine in the scheduler's order out, or the reasons why some are left. That all are placed proves
//! that they fit; that some are left proves nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::spread::Domains;
use super::state::Reason;
use super::{Fleet, State};

/// So many pods that are alike, by their number in the fleet.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub pod: usize,
    pub count: i64,
}

pub struct Fit<'f> {
    pub state: State<'f>,
    /// Those without a place: how many, and why the first of them has none.
    pub left: Vec<(Crowd, BTreeMap<Reason, usize>)>,
}

/// An order of pods, and which of two machines is the better one.
type Plan = (fn(&State<'_>, &Crowd, &Crowd) -> Ordering, fn(&State<'_>, &Domains, usize, usize) -> f64);

/// As the scheduler does, which spreads pods; then the large and choosy ones first, each where it leaves least.
const PLANS: [Plan; 3] = [(by_priority, spread), (by_size, tight), (by_size, spread)];

/// Puts pods beside those that are there: the first plan that places all of them, else what is left of the first.
pub fn pack<'f>(start: &State<'f>, crowds: &[Crowd]) -> Fit<'f> {
    let mut first = None;
    for plan in PLANS {
        let fit = follow(start, crowds, plan);
        if fit.left.is_empty() {
            return fit;
        }
        first.get_or_insert(fit);
    }
    first.expect("there are plans")
}

fn follow<'f>(start: &State<'f>, crowds: &[Crowd], (order, worth): Plan) -> Fit<'f> {
    let mut fit = Fit { state: start.clone(), left: Vec::new() };
    let mut crowds: Vec<Crowd> = crowds.iter().copied().filter(|crowd| crowd.count > 0).collect();
    crowds.sort_by(|a, b| order(start, a, b));
    for crowd in crowds {
        let placed = (0..crowd.count).take_while(|_| put(&mut fit.state, crowd.pod, worth)).count() as i64;
        if placed < crowd.count {
            let left = Crowd { count: crowd.count - placed, ..crowd };
            fit.left.push((left, fit.state.reasons(crowd.pod)));
        }
    }
    fit
}

fn put(state: &mut State<'_>, pod: usize, worth: fn(&State<'_>, &Domains, usize, usize) -> f64) -> bool {
    let domains = Domains::of(state, pod);
    let fits = |machine: &usize| !state.lost[*machine] && state.why(pod, *machine, &domains).is_empty();
    let open = (0..state.there.len()).filter(fits);
    // The first of equals, so that the same input gives the same answer.
    let best = open.map(|machine| (machine, worth(state, &domains, pod, machine)));
    let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
    if let Some((machine, _)) = best {
        state.add(pod, machine);
    }
    best.is_some()
}

fn spread(state: &State<'_>, domains: &Domains, pod: usize, machine: usize) -> f64 {
    state.ease(machine) - domains.crowd(state, pod, machine) as f64
}

fn tight(state: &State<'_>, _: &Domains, _: usize, machine: usize) -> f64 {
    -state.ease(machine)
}

fn by_priority(state: &State<'_>, a: &Crowd, b: &Crowd) -> Ordering {
    let priority = |crowd: &Crowd| state.fleet.pods[crowd.pod].priority;
    priority(b).cmp(&priority(a))
}

fn by_size(state: &State<'_>, a: &Crowd, b: &Crowd) -> Ordering {
    let open = |crowd: &Crowd| (0..state.there.len()).filter(|machine| state.fleet.is_open(crowd.pod, *machine)).count();
    let size = |crowd: &Crowd| share(state.fleet, crowd.pod);
    open(a).cmp(&open(b)).then(size(b).total_cmp(&size(a)))
}

/// The share of the largest machine that a pod takes, of what it takes most of.
fn share(fleet: &Fleet, pod: usize) -> f64 {
    let of = |resource: usize| {
        let most = fleet.room.iter().map(|room| room[resource]).max().unwrap_or_default();
        if most == 0 { 0.0 } else { fleet.asked[pod][resource] as f64 / most as f64 }
    };
    of(1).max(of(2))
}
