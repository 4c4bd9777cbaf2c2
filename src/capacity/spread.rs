//! How the pods that a constraint counts lie over its domains, and whether one more may come to one.

use std::collections::BTreeMap;

use super::select::bears;
use super::{Pod, State};
use crate::capacity::pod::Spread;

/// By constraint of one pod: the pods counted in each domain.
pub struct Domains(Vec<BTreeMap<String, i64>>);

const MISSING: &str = "node(s) didn't match pod topology spread constraints (missing required label)";
const SKEWED: &str = "node(s) didn't match pod topology spread constraints";

impl Domains {
    /// Machines that lack a label of one constraint count for none; those that the pod cannot use may count, as it says. A machine
    /// that is gone is one with a taint, and what was on it counts no more.
    pub fn of(state: &State<'_>, pod: usize) -> Domains {
        let fleet = state.fleet;
        let own = &fleet.pods[pod];
        let mut counts = vec![BTreeMap::new(); own.spread.len()];
        for (at, machine) in fleet.machines.iter().enumerate() {
            if !hard(own).all(|(_, spread)| machine.labels.contains_key(&spread.key)) {
                continue;
            }
            for (number, spread) in own.spread.iter().enumerate().filter(|(_, spread)| counts_here(own, spread, machine)) {
                if state.lost[at] && spread.honors_taints {
                    continue;
                }
                let Some(domain) = machine.labels.get(&spread.key) else { continue };
                let hits = &fleet.spread[pod][number];
                let met: i64 = state.there[at].iter().filter(|(other, _)| hits[**other]).map(|(_, count)| count).sum();
                *counts[number].entry(domain.clone()).or_default() += met;
            }
        }
        Domains(counts)
    }

    pub fn why(&self, state: &State<'_>, pod: usize, machine: usize) -> Option<&'static str> {
        let own = &state.fleet.pods[pod];
        for (number, spread) in hard(own) {
            let Some(domain) = state.fleet.machines[machine].labels.get(&spread.key) else { return Some(MISSING) };
            let itself = i64::from(state.fleet.spread[pod][number][pod]);
            let here = self.0[number].get(domain).copied().unwrap_or_default();
            if here + itself - self.least(number, spread) > spread.most {
                return Some(SKEWED);
            }
        }
        None
    }

    /// Fewer domains than asked for: as if there were an empty one.
    fn least(&self, number: usize, spread: &Spread) -> i64 {
        let counts = &self.0[number];
        if counts.len() < spread.least_domains { 0 } else { counts.values().min().copied().unwrap_or(i64::MAX / 2) }
    }

    /// How crowded a machine's domains are, for those constraints that are only wishes too.
    pub fn crowd(&self, state: &State<'_>, pod: usize, machine: usize) -> i64 {
        let labels = &state.fleet.machines[machine].labels;
        let rows = state.fleet.pods[pod].spread.iter().zip(&self.0);
        rows.filter_map(|(spread, counts)| counts.get(labels.get(&spread.key)?)).sum()
    }
}

pub fn hard(pod: &Pod) -> impl Iterator<Item = (usize, &Spread)> {
    pod.spread.iter().enumerate().filter(|(_, spread)| spread.is_hard)
}

/// Whether a machine is of a domain that a constraint counts.
pub fn counts_here(pod: &Pod, spread: &Spread, machine: &super::Machine) -> bool {
    let fits = !spread.honors_affinity || pod.wanted.fits(machine);
    fits && (!spread.honors_taints || bears(&pod.tolerations, &machine.taints))
}
