//! Why pods cannot all have a place, where that can be proven. Packing well is hard, and no failed attempt at it is a proof.

use std::collections::{BTreeMap, BTreeSet};

use super::pack::Crowd;
use super::spread::{Domains, counts_here, hard};
use super::state::Reason;
use super::{Labels, State, shown, told};
use crate::capacity::pod::Spread;

/// Something that holds however pods are placed.
#[derive(Clone, Debug)]
pub struct Proof {
    pub pod: usize,
    pub words: String,
    /// The scheduler's reason.
    pub reason: String,
    /// One of it has no place even where nothing else is.
    pub is_alone: bool,
}

/// `start` has those pods that each machine has, and those whose place is known.
pub fn prove(start: &State<'_>, crowds: &[Crowd], namespaces: &BTreeMap<String, Labels>) -> Vec<Proof> {
    let crowds: Vec<Crowd> = crowds.iter().copied().filter(|crowd| crowd.count > 0).collect();
    let alone: Vec<Proof> = crowds.iter().filter_map(|crowd| alone(start, crowd.pod)).collect();
    let is_proven = |pod: usize, proofs: &[Proof]| proofs.iter().any(|proof| proof.pod == pod);
    let rest: Vec<Crowd> = crowds.into_iter().filter(|crowd| !is_proven(crowd.pod, &alone)).collect();
    let few: Vec<Proof> = rest.iter().filter_map(|crowd| too_few(start, crowd, namespaces)).collect();
    let rest: Vec<Crowd> = rest.into_iter().filter(|crowd| !is_proven(crowd.pod, &few)).collect();
    let sums = sums(start, &rest);
    alone.into_iter().chain(few).chain(sums).collect()
}

/// Why a machine will never do, whatever comes and whatever goes of those that are not placed yet.
fn never(start: &State<'_>, pod: usize, machine: usize, domains: &Domains) -> Vec<Reason> {
    // Pods that it wants to be with may come.
    let may_pass = |reason: &Reason| reason.contains("pod affinity rules") || reason.ends_with("spread constraints");
    start.why(pod, machine, domains).into_iter().filter(|reason| !may_pass(reason)).collect()
}

fn alone(start: &State<'_>, pod: usize) -> Option<Proof> {
    let domains = Domains::of(start, pod);
    let mut reasons: BTreeMap<Reason, usize> = BTreeMap::new();
    for machine in (0..start.there.len()).filter(|machine| !start.lost[*machine]) {
        let why = never(start, pod, machine, &domains);
        if why.is_empty() {
            return None;
        }
        why.into_iter().for_each(|reason| *reasons.entry(reason).or_default() += 1);
    }
    let machines = start.lost.iter().filter(|lost| !**lost).count();
    let reason = reasons.iter().max_by_key(|(_, count)| **count).map_or_else(String::new, |(reason, _)| reason.to_string());
    Some(Proof { pod, words: told(machines, &reasons), reason, is_alone: true })
}

/// How many of a pod a machine holds where nothing else comes, and what keeps it from more.
fn most(start: &State<'_>, domains: &Domains, pod: usize, machine: usize, is_single: bool) -> (i64, Option<usize>) {
    if start.lost[machine] || !never(start, pod, machine, domains).is_empty() {
        return (0, None);
    }
    let asked = start.fleet.asked[pod].iter().zip(start.free(machine)).enumerate();
    let fits = asked.filter(|(_, (asked, _))| **asked > 0).map(|(resource, (asked, free))| (free / asked, Some(resource)));
    let (count, resource) = fits.min().unwrap_or((0, None));
    if is_single && count > 1 { (1, None) } else { (count, resource) }
}

/// Pods of one kind that fill every machine that they can use.
fn too_few(start: &State<'_>, crowd: &Crowd, namespaces: &BTreeMap<String, Labels>) -> Option<Proof> {
    let (fleet, pod) = (start.fleet, &start.fleet.pods[crowd.pod]);
    let none = Labels::new();
    let is_single = pod.is_alone(namespaces.get(&pod.namespace).unwrap_or(&none));
    let domains = Domains::of(start, crowd.pod);
    let most = (0..fleet.machines.len()).map(|at| self::most(start, &domains, crowd.pod, at, is_single));
    let most: Vec<(i64, Option<usize>)> = most.collect();
    let total: i64 = most.iter().map(|(count, _)| count).sum();
    if total < crowd.count {
        let short =
            most.iter().find_map(|(_, resource)| *resource).filter(|_| !is_single || most.iter().all(|(count, _)| *count != 1));
        let reason = match short {
            Some(0) => "Too many pods".to_owned(),
            Some(resource) => format!("Insufficient {}", fleet.resources[resource]),
            None if !pod.ports.is_empty() => "node(s) didn't have free ports for the requested pod ports".to_owned(),
            None => "node(s) didn't match pod anti-affinity rules".to_owned(),
        };
        let words = format!("the machines that take it hold {total} of {}, with nothing else on them", crowd.count);
        return Some(Proof { pod: crowd.pod, words, reason, is_alone: false });
    }
    let counts: Vec<i64> = most.into_iter().map(|(count, _)| count).collect();
    hard(pod).find_map(|(number, spread)| skewed(start, crowd, (number, spread), &counts))
}

/// A constraint that holds pods back although there is room.
fn skewed(start: &State<'_>, crowd: &Crowd, (number, spread): (usize, &Spread), most: &[i64]) -> Option<Proof> {
    let (fleet, own) = (start.fleet, &start.fleet.pods[crowd.pod]);
    let hits = &fleet.spread[crowd.pod][number];
    // What others add to the emptiest domain lets more of these in.
    if !hits[crowd.pod] || hits.iter().enumerate().any(|(other, hit)| *hit && other != crowd.pod) {
        return None;
    }
    let mut domains: BTreeMap<&str, i64> = BTreeMap::new();
    for (machine, most) in fleet.machines.iter().zip(most) {
        let has_keys = hard(own).all(|(_, spread)| machine.labels.contains_key(&spread.key));
        if let Some(domain) = machine.labels.get(&spread.key).filter(|_| has_keys && counts_here(own, spread, machine)) {
            *domains.entry(domain).or_default() += most;
        }
    }
    let is_short = domains.len() < spread.least_domains;
    let least = if is_short { 0 } else { domains.values().min().copied().unwrap_or_default() };
    let total: i64 = domains.values().map(|most| (*most).min(least + spread.most)).sum();
    if total >= crowd.count {
        return None;
    }
    let domains = domains.len();
    let words = match is_short {
        true => format!(
            "{domains} of the {} domains of {} that it asks for: {total} of {} have a place",
            spread.least_domains, spread.key, crowd.count
        ),
        false => {
            format!("over {domains} domains of {} its maxSkew of {} lets {total} of {} in", spread.key, spread.most, crowd.count)
        }
    };
    let reason = "node(s) didn't match pod topology spread constraints".to_owned();
    Some(Proof { pod: crowd.pod, words, reason, is_alone: false })
}

/// Pods that can only go to some machines ask for more than these have.
fn sums(start: &State<'_>, crowds: &[Crowd]) -> Vec<Proof> {
    let usable = |crowd: &Crowd| {
        let domains = Domains::of(start, crowd.pod);
        let fits = |machine: &usize| !start.lost[*machine] && never(start, crowd.pod, *machine, &domains).is_empty();
        (0..start.there.len()).filter(fits).collect::<BTreeSet<usize>>()
    };
    let usable: Vec<(Crowd, BTreeSet<usize>)> = crowds.iter().map(|crowd| (*crowd, usable(crowd))).collect();
    let mut sets: Vec<&BTreeSet<usize>> = usable.iter().map(|(_, set)| set).collect();
    let all: BTreeSet<usize> = (0..start.there.len()).filter(|machine| !start.lost[*machine]).collect();
    sets.push(&all);
    sets.sort_by_key(|set| set.len());
    sets.dedup();
    let mut proofs: Vec<Proof> = Vec::new();
    for set in sets {
        let within: Vec<Crowd> = usable.iter().filter(|(_, own)| own.is_subset(set)).map(|(crowd, _)| *crowd).collect();
        let found = (0..start.fleet.resources.len()).find_map(|resource| over(start, set, &within, resource));
        proofs.extend(found.filter(|found| !proofs.iter().any(|known| known.pod == found.pod)));
    }
    proofs
}

fn over(start: &State<'_>, set: &BTreeSet<usize>, crowds: &[Crowd], resource: usize) -> Option<Proof> {
    let fleet = start.fleet;
    let asked = |crowd: &Crowd| fleet.asked[crowd.pod][resource];
    let free: Vec<i64> = set.iter().map(|machine| start.free(*machine)[resource].max(0)).collect();
    let sum: i64 = crowds.iter().map(|crowd| asked(crowd).saturating_mul(crowd.count)).fold(0, i64::saturating_add);
    let room: i64 = free.iter().copied().fold(0, i64::saturating_add);
    let half = free.iter().max().copied().unwrap_or_default() / 2;
    let large: i64 = crowds.iter().filter(|crowd| asked(crowd) > half).map(|crowd| crowd.count).sum();
    let name = &fleet.resources[resource];
    let which = if set.len() == fleet.machines.len() {
        "the machines".to_owned()
    } else {
        format!("the {} machines that take them", set.len())
    };
    let words = match () {
        () if sum > room && resource == 0 => format!("there are {sum} pods, and {which} take {room} more"),
        () if sum > room => format!("pods ask for {} of {name}, and {which} have {}", shown(name, sum), shown(name, room)),
        () if large > free.len() as i64 => {
            format!("{large} pods take more than half of the {name} of any of {which}, and there are {}", free.len())
        }
        () => return None,
    };
    // Who comes last finds nothing left.
    let last =
        crowds.iter().filter(|crowd| asked(crowd) > 0).min_by_key(|crowd| (fleet.pods[crowd.pod].priority, -asked(crowd)))?;
    let reason = if resource == 0 { "Too many pods".to_owned() } else { format!("Insufficient {name}") };
    Some(Proof { pod: last.pod, words, reason, is_alone: false })
}
