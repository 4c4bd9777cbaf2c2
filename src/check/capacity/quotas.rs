//! What the pods of a namespace ask for together, against its quota.

use std::collections::BTreeSet;

use super::gather::{Platform, Quota, Spot, Workload};
use super::tell::{say, title};
use crate::capacity::shown;
use crate::check::World;
use crate::diagnostic::{Code, Diagnostics, Severity};

pub(super) fn check(platform: &Platform, world: &World<'_>, found: &mut Diagnostics) {
    let homes = platform.homes();
    for quota in &platform.quotas {
        let here = homes.get(&quota.subject.namespace.as_deref()).map_or(&[][..], Vec::as_slice);
        let mine = mine(platform, quota, here, world);
        for (name, hard, spot) in &quota.hard {
            one(quota, (name, *hard, spot), &mine, world, found);
        }
    }
}

/// The workloads of the namespace that lie nearest to this quota, each once: variants lie side by side.
fn mine<'p>(platform: &'p Platform, quota: &Quota, here: &[usize], world: &World<'_>) -> Vec<&'p Workload> {
    let quotas = platform.quotas.iter().filter(|other| other.subject.namespace == quota.subject.namespace);
    let quotas: Vec<&Quota> = quotas.collect();
    // In an open world only what lies beside a quota, or below it, is known to be deployed with it.
    let least = if world.options.is_complete { 0 } else { world.inputs.nearness(quota.file, quota.file) - 1 };
    let is_mine = |workload: &&Workload| {
        let near = |quota: &Quota| world.inputs.nearness(quota.file, workload.file);
        let nearest = quotas.iter().map(|other| near(other)).max();
        Some(near(quota)) == nearest && near(quota) >= least
    };
    let mut seen = BTreeSet::new();
    let here = here.iter().map(|at| &platform.workloads[*at]);
    let mine = here.filter(is_mine).filter(|workload| !workload.is_passing && !workload.is_each);
    mine.filter(|workload| seen.insert(&workload.subject)).collect()
}

/// What one pod counts for under the name of a quota; nothing where that cannot be said.
fn counted(workload: &Workload, name: &str) -> i64 {
    let pod = &workload.pod;
    let part = match name.split_once('.') {
        Some(("limits", resource)) => pod.limits.get(resource),
        Some(("requests", resource)) => pod.requests.get(resource),
        _ if name == "pods" || name == "count/pods" => return 1,
        _ => pod.requests.get(name),
    };
    part.copied().unwrap_or_default()
}

fn one(quota: &Quota, (name, hard, spot): (&str, i64, &Spot), mine: &[&Workload], world: &World<'_>, found: &mut Diagnostics) {
    let sum = |level: usize| mine.iter().map(|workload| workload.counts[level] * counted(workload, name)).sum::<i64>();
    let renewed = || mine.iter().map(|workload| workload.surge.min(1) * counted(workload, name)).max().unwrap_or_default();
    let alone = mine.iter().find(|workload| workload.counts[1] > 0 && counted(workload, name) > hard);
    let of = quota.subject.namespace.as_deref().unwrap_or_default();
    let resource = name.split_once('.').map_or(name, |(_, resource)| resource);
    let amount = |amount: i64| shown(resource, amount);
    let severity = if world.options.is_complete { Severity::Error } else { Severity::Warning };
    let (severity, message) = match () {
        () if alone.is_some() => {
            let workload = alone.expect("it is there");
            let asked = amount(counted(workload, name));
            (
                severity,
                format!(
                    "exceeded quota: a pod of {} alone asks for {name} of {asked}, and {of} has {}",
                    title(workload),
                    amount(hard)
                ),
            )
        }
        () if sum(1) > hard => (
            severity,
            format!("exceeded quota: the pods of {of} ask for {name} of {}, and it has {}", amount(sum(1)), amount(hard)),
        ),
        () if sum(1) + renewed() > hard => {
            let sum = amount(sum(1) + renewed());
            (
                Severity::Warning,
                format!("while a new version comes, the pods of {of} ask for {name} of {sum}, and it has {}", amount(hard)),
            )
        }
        () if sum(2) > hard => {
            let sum = amount(sum(2));
            (
                Severity::Warning,
                format!("scaled to the most, the pods of {of} ask for {name} of {sum}, and it has {}", amount(hard)),
            )
        }
        () => return,
    };
    let diagnostic = say(found, (severity, Code::OverQuota), message, &quota.subject, (spot, "the quota"), world);
    diagnostic.help("the API server makes no pod above it: raise the quota, or ask for less");
}
