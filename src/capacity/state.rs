//! Which pods are on which machines, and for what reasons the scheduler would not put another one there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Fleet;
use super::fleet::volumes;
use super::spread::Domains;

#[derive(Clone)]
pub struct State<'f> {
    pub fleet: &'f Fleet,
    /// By machine: how many there are of each kind of pods.
    pub there: Vec<BTreeMap<usize, i64>>,
    /// By machine and resource.
    free: Vec<Vec<i64>>,
    /// Machines that are gone.
    pub lost: Vec<bool>,
}

pub type Reason = Cow<'static, str>;

impl<'f> State<'f> {
    pub fn empty(fleet: &'f Fleet) -> State<'f> {
        let there = vec![BTreeMap::new(); fleet.machines.len()];
        State { fleet, there, free: fleet.room.clone(), lost: vec![false; fleet.machines.len()] }
    }

    pub fn add(&mut self, pod: usize, machine: usize) {
        *self.there[machine].entry(pod).or_default() += 1;
        self.free[machine].iter_mut().zip(&self.fleet.asked[pod]).for_each(|(free, asked)| *free = free.saturating_sub(*asked));
    }

    /// Takes a machine away, and tells which pods went with it.
    pub fn lose(&mut self, machine: usize) -> BTreeMap<usize, i64> {
        self.lost[machine] = true;
        std::mem::take(&mut self.there[machine])
    }

    pub fn count(&self, pod: usize) -> i64 {
        self.there.iter().filter_map(|there| there.get(&pod)).sum()
    }

    pub fn free(&self, machine: usize) -> &[i64] {
        &self.free[machine]
    }

    /// The share of a machine that is free, of what is scarcest; less is better filled.
    pub fn ease(&self, machine: usize) -> f64 {
        let share = |resource: usize| {
            let room = self.fleet.room[machine][resource];
            if room == 0 { 0.0 } else { self.free[machine][resource] as f64 / room as f64 }
        };
        share(1).min(share(2))
    }

    /// Why the scheduler would not put this pod on this machine; nothing where it would. `domains` is `Domains::of` this state.
    pub fn why(&self, pod: usize, machine: usize, domains: &Domains) -> Vec<Reason> {
        if let Some(reason) = self.fleet.never[pod][machine] {
            return vec![reason.into()];
        }
        if self.meets_port(pod, machine) {
            return vec!["node(s) didn't have free ports for the requested pod ports".into()];
        }
        let short = self.short(pod, machine);
        if !short.is_empty() {
            return short;
        }
        let other = volumes(&self.fleet.pods[pod], &self.fleet.machines[machine]);
        let other = other.or_else(|| domains.why(self, pod, machine)).or_else(|| self.company(pod, machine));
        other.into_iter().map(Cow::from).collect()
    }

    fn meets_port(&self, pod: usize, machine: usize) -> bool {
        let ports = &self.fleet.pods[pod].ports;
        let there = self.there[machine].keys().flat_map(|other| &self.fleet.pods[*other].ports);
        there.into_iter().any(|other| ports.iter().any(|port| port.meets(other)))
    }

    /// What there is too little of.
    fn short(&self, pod: usize, machine: usize) -> Vec<Reason> {
        let is_short = |resource: &usize| {
            let asked = self.fleet.asked[pod][*resource];
            asked > 0 && asked > self.free[machine][*resource]
        };
        let word = |resource: usize| match resource {
            0 => Cow::from("Too many pods"),
            _ => Cow::from(format!("Insufficient {}", self.fleet.resources[resource])),
        };
        (0..self.fleet.resources.len()).filter(is_short).map(word).collect()
    }

    /// The pods of one domain that conditions of another pod mean.
    fn met(&self, hits: &[bool], key: &str, domain: Option<&String>) -> i64 {
        let is_there =
            |machine: &usize| domain.is_none_or(|domain| self.fleet.machines[*machine].labels.get(key) == Some(domain));
        let count =
            |machine: usize| self.there[machine].iter().filter(|(pod, _)| hits[**pod]).map(|(_, count)| count).sum::<i64>();
        (0..self.there.len()).filter(is_there).map(count).sum()
    }

    /// What the pods that are there, or are not, have against it.
    fn company(&self, pod: usize, machine: usize) -> Option<&'static str> {
        let (fleet, labels) = (self.fleet, &self.fleet.machines[machine].labels);
        if !self.is_near(pod, machine) {
            return Some("node(s) didn't match pod affinity rules");
        }
        let apart = fleet.pods[pod].apart.iter().zip(&fleet.apart[pod]);
        let mut meets =
            apart.filter_map(|(affinity, hits)| Some(self.met(hits, &affinity.key, Some(labels.get(&affinity.key)?))));
        if meets.any(|met| met > 0) {
            return Some("node(s) didn't match pod anti-affinity rules");
        }
        let others = self.there.iter().enumerate().flat_map(|(at, there)| there.keys().map(move |other| (at, *other)));
        let keeps_off = |(at, other): (usize, usize)| {
            let rows = fleet.pods[other].apart.iter().zip(&fleet.apart[other]);
            rows.into_iter().any(|(affinity, hits)| {
                let domain = fleet.machines[at].labels.get(&affinity.key);
                hits[pod] && domain.is_some() && domain == labels.get(&affinity.key)
            })
        };
        others.into_iter().any(keeps_off).then_some("node(s) didn't satisfy existing pods anti-affinity rules")
    }

    /// Pods count that all of its conditions mean. The first of a group that wants to be with its own has nobody to be with.
    fn is_near(&self, pod: usize, machine: usize) -> bool {
        let fleet = self.fleet;
        let conditions = &fleet.near[pod];
        let all: Vec<bool> = (0..fleet.pods.len()).map(|other| conditions.iter().all(|hits| hits[other])).collect();
        let labels = &fleet.machines[machine].labels;
        let mut is_met = true;
        for affinity in &fleet.pods[pod].near {
            let Some(domain) = labels.get(&affinity.key) else { return false };
            is_met &= self.met(&all, &affinity.key, Some(domain)) > 0;
        }
        let counts = |affinity: &super::affinity::Affinity| {
            (0..self.there.len())
                .any(|at| fleet.machines[at].labels.contains_key(&affinity.key) && self.there[at].keys().any(|other| all[*other]))
        };
        is_met || (all[pod] && !fleet.pods[pod].near.iter().any(counts))
    }

    /// Why the scheduler would not put this pod on this machine.
    pub fn reasons_at(&self, pod: usize, machine: usize) -> Vec<Reason> {
        self.why(pod, machine, &Domains::of(self, pod))
    }

    /// The reasons of all machines, counted.
    pub fn reasons(&self, pod: usize) -> BTreeMap<Reason, usize> {
        let domains = Domains::of(self, pod);
        let mut reasons = BTreeMap::new();
        for machine in (0..self.there.len()).filter(|machine| !self.lost[*machine]) {
            self.why(pod, machine, &domains).into_iter().for_each(|reason| *reasons.entry(reason).or_default() += 1);
        }
        reasons
    }
}

/// As the scheduler writes it into the pod's condition.
pub fn told(machines: usize, reasons: &BTreeMap<Reason, usize>) -> String {
    let mut words: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    words.sort();
    format!("0/{machines} nodes are available: {}.", words.join(", "))
}
