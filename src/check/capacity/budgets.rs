//! The family `availability`: budgets that let no pod go, and pods with two of them, which the API server lets go never.

use std::collections::BTreeMap;

use super::gather::{Budget, Platform, Workload, share};
use super::tell::{say, title};
use crate::check::World;
use crate::diagnostic::{Code, Diagnostics, Severity};

pub(super) fn check(platform: &Platform, world: &World<'_>, found: &mut Diagnostics) {
    let mut first: BTreeMap<usize, &Budget> = BTreeMap::new();
    let homes = platform.homes();
    for budget in &platform.budgets {
        let here = homes.get(&budget.subject.namespace.as_deref()).map_or(&[][..], Vec::as_slice);
        let held = held(platform, budget, here, world);
        blocks(budget, &held.iter().map(|at| &platform.workloads[*at]).collect::<Vec<_>>(), world, found);
        for at in held {
            // Budgets in other folders may be those of another variant.
            if let Some(other) = first.get(&at).filter(|other| other.file == budget.file || world.options.is_complete) {
                twice([budget, other], &platform.workloads[at], world, found);
            }
            first.insert(at, budget);
        }
    }
}

/// What a budget is about of the workloads of its namespace, of what lies nearest to it; pods of no controller have no number.
fn held(platform: &Platform, budget: &Budget, here: &[usize], world: &World<'_>) -> Vec<usize> {
    let is_held = |workload: &Workload| {
        let is_counted = !workload.is_each && !workload.is_passing && workload.subject.kind != "Pod";
        is_counted && budget.selector.fits(&workload.pod.labels)
    };
    let held: Vec<usize> = here.iter().copied().filter(|at| is_held(&platform.workloads[*at])).collect();
    let near = |at: &usize| world.inputs.nearness(platform.workloads[*at].file, budget.file);
    let nearest = held.iter().map(near).max();
    held.into_iter().filter(|at| Some(near(at)) == nearest).collect()
}

/// How many pods a budget lets go of so many that are well.
pub(super) fn lets_go(budget: &Budget, count: i64) -> Option<i64> {
    let (is_least, bound) = budget.bound.as_ref()?;
    let bound = share(bound, count, true)?;
    Some(if *is_least { count - bound } else { bound.min(count) })
}

fn blocks(budget: &Budget, held: &[&Workload], world: &World<'_>, found: &mut Diagnostics) {
    // At the fewest there are: a platform at rest must be drained too.
    let count: i64 = held.iter().map(|workload| workload.counts[0]).sum();
    if count == 0 || lets_go(budget, count).is_none_or(|free| free > 0) {
        return;
    }
    let who = held.iter().map(|workload| title(workload)).collect::<Vec<_>>().join(", ");
    let pods = if count == 1 { "the one pod".to_owned() } else { format!("any of the {count} pods") };
    let message = format!("the budget never lets {pods} of {who} go: a machine that holds one cannot be drained");
    let help = match count {
        1 => "one pod cannot both stay and move: allow one to be missing (maxUnavailable: 1), or run two",
        _ => "allow one to be missing (maxUnavailable: 1), or run more pods than must be there",
    };
    say(found, (Severity::Warning, Code::BlocksDrain), message, &budget.subject, (&budget.spot, "this many"), world).help(help);
}

fn twice([budget, other]: [&Budget; 2], workload: &Workload, world: &World<'_>, found: &mut Diagnostics) {
    let name = |budget: &Budget| budget.subject.name.clone().unwrap_or_default();
    let message = format!(
        "{} has two budgets, {} and {}: the API server lets none of its pods go",
        title(workload),
        name(other),
        name(budget)
    );
    let diagnostic =
        say(found, (Severity::Warning, Code::TwoBudgets), message, &budget.subject, (&budget.spot, "the second"), world);
    diagnostic.within(&other.spot.stretch.span(world), "the first", other.spot.document, other.spot.pointer.clone());
    diagnostic.help("a pod may be chosen by one budget only: narrow a selector, or drop one");
}
