//! The pods of a platform on the machines that were told of: as a rule, at the most, while versions change, and after a loss.

use std::collections::BTreeMap;

use super::gather::{Platform, Workload};
use super::loss;
use super::tell::{nearest, place, remedy, say, title};
use crate::capacity::{Crowd, Fit, Fleet, Proof, Reason, State, machines, pack, prove, told};
use crate::check::World;
use crate::diagnostic::{Code, Diagnostics, Severity};

/// More pods than these are not tried out one by one.
const MOST_PODS: i64 = 20_000;

/// What is so whatever is tried, what was found, or neither.
pub(super) enum Verdict<'f> {
    Fits(Fit<'f>),
    Cannot(Vec<Proof>),
    Unknown(Fit<'f>),
}

/// A platform on some machines.
pub(super) struct Scene<'s> {
    pub platform: &'s Platform,
    pub world: &'s World<'s>,
    pub fleet: Fleet,
}

/// Whether there are pods, and not too many.
pub(super) fn can_be_tried(platform: &Platform) -> bool {
    let pods: i64 = platform.workloads.iter().map(|workload| workload.counts[2]).sum();
    pods <= MOST_PODS && !platform.workloads.is_empty()
}

pub(super) fn check(platform: &Platform, world: &World<'_>, found: &mut Diagnostics) {
    if !can_be_tried(platform) {
        return;
    }
    let pools = &world.options.pools;
    let counts: Vec<usize> = pools.iter().map(|pool| pool.nodes).collect();
    let scene = Scene::of(platform, world, &counts);
    let start = scene.start(found);
    let most: Vec<usize> = pools.iter().map(|pool| pool.most).collect();
    let largest = Scene::of(platform, world, &most);
    // What fits on no machine of any pool does so on no number of them.
    let lonely = largest.lonely(found);
    match scene.verdict(&start, &scene.crowds(1, &lonely)) {
        Verdict::Fits(fit) => {
            if lonely.is_empty() {
                at_most(&scene, &largest, &start, found);
                renewed(&scene, &start, found);
                loss::check(&scene, &start, &fit, found);
            }
        }
        verdict => grown(&scene, &largest, &lonely, verdict, found),
    }
}

impl<'s> Scene<'s> {
    pub fn of(platform: &'s Platform, world: &'s World<'_>, counts: &[usize]) -> Scene<'s> {
        let pods = platform.workloads.iter().map(|workload| workload.pod.clone()).collect();
        let machines = machines(&world.options.pools, counts);
        Scene { platform, world, fleet: Fleet::new(machines, pods, &platform.context) }
    }

    /// With the pods that each machine has, and those whose machine is known.
    pub fn start(&self, found: &mut Diagnostics) -> State<'_> {
        let mut state = State::empty(&self.fleet);
        for (pod, workload) in self.platform.workloads.iter().enumerate() {
            let named = workload
                .pod
                .machine
                .as_ref()
                .and_then(|name| self.fleet.machines.iter().position(|machine| machine.name == *name));
            if let Some(machine) = named {
                state.add(pod, machine);
            }
        }
        for (pod, workload) in self.platform.workloads.iter().enumerate().filter(|(_, workload)| workload.is_each) {
            let mut reasons = BTreeMap::new();
            for machine in (0..self.fleet.machines.len()).filter(|machine| self.fleet.is_open(pod, *machine)) {
                let why = state.reasons_at(pod, machine);
                match why.is_empty() {
                    true => state.add(pod, machine),
                    false => why.into_iter().for_each(|reason| *reasons.entry(reason).or_insert(0) += 1),
                }
            }
            if !reasons.is_empty() {
                let reason = nearest(reasons.keys());
                let words =
                    format!("{} finds no room on each machine: {}", title(workload), told(self.fleet.machines.len(), &reasons));
                let spot = place(workload, reason);
                let what = (Severity::Error, Code::NoMachine);
                say(found, what, words, &workload.subject, (spot, "asked for here"), self.world).help(remedy(reason));
            }
        }
        state
    }

    /// The pods of a level, without some; those of a controller that each machine has are there already.
    pub fn crowds(&self, level: usize, without: &[usize]) -> Vec<Crowd> {
        let all = self.platform.workloads.iter().enumerate();
        let wanted =
            all.filter(|(at, workload)| !workload.is_fixed(&self.fleet) && !workload.is_passing && !without.contains(at));
        wanted.map(|(pod, workload)| Crowd { pod, count: workload.counts[level] }).collect()
    }

    /// The pods of a level, and with them the new ones of those whose version changes.
    pub fn renewed(&self, level: usize, which: &dyn Fn(usize) -> bool) -> Vec<Crowd> {
        let mut crowds = self.crowds(level, &[]);
        let changed = crowds.iter_mut().filter(|crowd| which(crowd.pod));
        changed.for_each(|crowd| crowd.count += self.platform.workloads[crowd.pod].surge);
        crowds
    }

    /// How many machines of each pool do, where the pools as they are do not: what adds some adds one to each that may have more.
    pub fn enough(&self, crowds: &dyn Fn(&Scene<'_>) -> Vec<Crowd>) -> Option<Vec<usize>> {
        let pools = &self.world.options.pools;
        let mut counts: Vec<usize> = pools.iter().map(|pool| pool.nodes).collect();
        while counts.iter().zip(pools).any(|(count, pool)| *count < pool.most) {
            counts.iter_mut().zip(pools).filter(|(count, pool)| **count < pool.most).for_each(|(count, _)| *count += 1);
            let larger = Scene::of(self.platform, self.world, &counts);
            let start = larger.start(&mut Diagnostics::default());
            if let Verdict::Fits(_) = larger.verdict(&start, &crowds(&larger)) {
                return Some(counts);
            }
        }
        None
    }

    pub fn verdict<'f>(&'f self, start: &State<'f>, crowds: &[Crowd]) -> Verdict<'f> {
        let fit = pack(start, crowds);
        if fit.left.is_empty() {
            return Verdict::Fits(fit);
        }
        let proofs = prove(start, crowds, &self.platform.context.namespaces);
        if proofs.is_empty() { Verdict::Unknown(fit) } else { Verdict::Cannot(proofs) }
    }

    /// Tells of pods that no machine takes, be there as many as there can be.
    fn lonely(&self, found: &mut Diagnostics) -> Vec<usize> {
        let start = self.start(&mut Diagnostics::default());
        let mut lonely = Vec::new();
        for (pod, workload) in self.platform.workloads.iter().enumerate() {
            let count = workload.counts[2].min(1);
            if workload.is_fixed(&self.fleet) || count == 0 {
                continue;
            }
            let crowd = [Crowd { pod, count }];
            let fit = pack(&start, &crowd);
            let Some((_, reasons)) = fit.left.first() else { continue };
            let proofs = prove(&start, &crowd, &self.platform.context.namespaces);
            // With all others in their places, as in what a cluster tells of itself, what was tried is all there is.
            let is_last = self
                .platform
                .workloads
                .iter()
                .enumerate()
                .all(|(other, workload)| other == pod || workload.is_fixed(&self.fleet));
            if !is_last && !proofs.iter().any(|proof| proof.is_alone) {
                continue;
            }
            lonely.push(pod);
            let reason = nearest(reasons.keys());
            let words = format!("{}: {}", title(workload), told(self.fleet.machines.len(), reasons));
            let (what, place) = ((Severity::Error, Code::NoMachine), (place(workload, reason), "asked for here"));
            say(found, what, words, &workload.subject, place, self.world).help(remedy(reason));
        }
        lonely
    }

    pub fn why(&self, proof: &Proof) -> String {
        format!("{}: {}: {}", title(&self.platform.workloads[proof.pod]), proof.reason, proof.words)
    }

    pub fn why_left(&self, (crowd, reasons): &(Crowd, BTreeMap<Reason, usize>)) -> String {
        let workload = title(&self.platform.workloads[crowd.pod]);
        format!("no place was found for {} of {workload}: {}", crowd.count, told(self.fleet.machines.len(), reasons))
    }

    fn tell(&self, proof: &Proof, (severity, code): (Severity, Code), when: &str, found: &mut Diagnostics) {
        let workload = &self.platform.workloads[proof.pod];
        let words = format!("{when}{}", self.why(proof));
        let place = (place(workload, &proof.reason), "asked for here");
        say(found, (severity, code), words, &workload.subject, place, self.world).help(remedy(&proof.reason));
    }

    fn tell_left(&self, fit: &Fit<'_>, when: &str, found: &mut Diagnostics) {
        for left in &fit.left {
            let (crowd, reasons) = left;
            let workload = &self.platform.workloads[crowd.pod];
            let reason = nearest(reasons.keys());
            let words = format!("{when}{}", self.why_left(left));
            let (what, place) = ((Severity::Note, Code::NoPlacement), (place(workload, reason), "asked for here"));
            say(found, what, words, &workload.subject, place, self.world);
        }
    }
}

impl Workload {
    /// Its pods have their places.
    pub fn is_fixed(&self, fleet: &Fleet) -> bool {
        self.is_each || self.pod.machine.as_ref().is_some_and(|name| fleet.machines.iter().any(|machine| machine.name == *name))
    }
}

/// The pools as they are do not do: perhaps they do when something adds machines.
fn grown(scene: &Scene<'_>, largest: &Scene<'_>, lonely: &[usize], verdict: Verdict<'_>, found: &mut Diagnostics) {
    let pools = &scene.world.options.pools;
    if let Some(counts) = scene.enough(&|larger| larger.crowds(1, lonely)) {
        let each =
            pools.iter().zip(&counts).map(|(pool, count)| format!("{} {}", count, pool.name)).collect::<Vec<_>>().join(", ");
        let first = &scene.platform.workloads[0].spots["kind"];
        let words = format!("the pods fit only at {} machines ({each})", counts.iter().sum::<usize>());
        let diagnostic = found.note(Code::NoRoom, words);
        match pools.first().and_then(|pool| pool.span.clone()) {
            Some(span) => diagnostic.at(&span, "fewer to begin with"),
            None => diagnostic.within(&first.stretch.span(scene.world), "among these", first.document, ""),
        };
        return;
    }
    let start = largest.start(&mut Diagnostics::default());
    match if pools.is_empty() { verdict } else { largest.verdict(&start, &largest.crowds(1, lonely)) } {
        Verdict::Cannot(proofs) => {
            proofs.iter().for_each(|proof| largest.tell(proof, (Severity::Error, Code::NoRoom), "", found));
        }
        Verdict::Unknown(fit) => largest.tell_left(&fit, "", found),
        Verdict::Fits(_) => {}
    }
}

/// What scalers may ask for.
fn at_most(scene: &Scene<'_>, largest: &Scene<'_>, start: &State<'_>, found: &mut Diagnostics) {
    let crowds = scene.crowds(2, &[]);
    if scene.crowds(1, &[]).iter().zip(&crowds).all(|(rule, most)| rule.count == most.count)
        || pack(start, &crowds).left.is_empty()
    {
        return;
    }
    let start = largest.start(&mut Diagnostics::default());
    match largest.verdict(&start, &crowds) {
        Verdict::Cannot(proofs) => {
            proofs.iter().for_each(|proof| largest.tell(proof, (Severity::Warning, Code::NoRoom), "scaled to the most, ", found));
        }
        Verdict::Unknown(fit) => largest.tell_left(&fit, "scaled to the most, ", found),
        Verdict::Fits(_) => {}
    }
}

/// All versions change at once; where that does not fit, each by itself.
fn renewed(scene: &Scene<'_>, start: &State<'_>, found: &mut Diagnostics) {
    let Verdict::Cannot(together) = scene.verdict(start, &scene.renewed(1, &|_| true)) else { return };
    let before = found.count(Severity::Warning);
    for (pod, workload) in
        scene.platform.workloads.iter().enumerate().filter(|(_, workload)| workload.surge > 0 && workload.counts[1] > 0)
    {
        if let Verdict::Cannot(proofs) = scene.verdict(start, &scene.renewed(1, &|other| other == pod)) {
            // Where old ones may go first, the new version comes all the same.
            let severity = if workload.missing == 0 { Severity::Warning } else { Severity::Note };
            let words = format!("no room for a new version of {} beside the old one: ", title(workload));
            proofs.iter().take(1).for_each(|proof| scene.tell(proof, (severity, Code::NoSurge), &words, found));
        }
    }
    if found.count(Severity::Warning) == before {
        let words = "the pods fit, and not with every new version at once: ";
        together.iter().take(1).for_each(|proof| scene.tell(proof, (Severity::Note, Code::NoSurge), words, found));
    }
}
