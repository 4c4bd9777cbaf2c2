//! What the loss of any one machine, or of any one zone, stops.

use std::collections::{BTreeMap, BTreeSet};

use super::budgets::lets_go;
use super::gather::Workload;
use super::scenes::Scene;
use super::tell::{place, say, title};
use crate::capacity::{Crowd, Fit, Proof, State, pack, prove};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::node::Node;

/// Machines that go together, and what people call them.
pub(super) struct Part {
    pub name: String,
    pub machines: BTreeSet<usize>,
    pub is_zone: bool,
}

/// Whether those that can move find room on what is left.
pub(super) enum Room {
    Found,
    /// None was found, and nothing proves that there is none.
    Unknown,
    Lacks(Proof),
}

pub(super) fn check(scene: &Scene<'_>, start: &State<'_>, fit: &Fit<'_>, found: &mut Diagnostics) {
    let mut told: BTreeSet<(bool, usize)> = BTreeSet::new();
    let mut is_short = [false; 2];
    for part in parts(scene) {
        let which = usize::from(part.is_zone);
        for pod in taken(scene, fit, &part) {
            if told.insert((part.is_zone, pod)) {
                stops(scene, fit, &part, pod, found);
            }
        }
        // One of several that are alike is enough to tell.
        if !is_short[which]
            && let Room::Lacks(proof) = room(scene, start, fit, &part)
        {
            is_short[which] = true;
            lacks(scene, &part, &proof, found);
        }
    }
}

/// Without all of the machines there is nothing left to look at.
pub(super) fn parts(scene: &Scene<'_>) -> Vec<Part> {
    let machines = &scene.fleet.machines;
    let mut zones: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (at, machine) in machines.iter().enumerate() {
        zones.entry(machine.zone().unwrap_or_default()).or_default().insert(at);
    }
    let one = |(at, machine): (usize, &crate::capacity::Machine)| Part {
        name: format!("the machine {}", machine.name),
        machines: BTreeSet::from([at]),
        is_zone: false,
    };
    let zone = |(name, machines)| Part { name: format!("the zone {name}"), machines, is_zone: true };
    let zones = zones.into_iter().filter(|(name, _)| !name.is_empty()).map(zone);
    let parts = machines.iter().enumerate().map(one).chain(zones);
    parts.filter(|part| part.machines.len() < machines.len()).collect()
}

/// How far the volumes of its pods reach: not off a lost machine, not out of a lost zone.
fn is_stuck(workload: &Workload, part: &Part, scene: &Scene<'_>) -> bool {
    let rows = scene.world.tables.volumes.get("volume").map_or(&[][..], |rows| rows.items());
    let reach = |class: &Option<String>| {
        let class = class.as_deref().unwrap_or_default();
        let provisioner = scene.platform.classes.get(class).map(String::as_str);
        let is = |row: &Node| {
            provisioner.map_or(row.get("class").is_some() && row.text("class") == class, |maker| row.text("provisioner") == maker)
        };
        rows.iter().find(|row| is(row)).map_or("", |row| row.text("reach")).to_owned()
    };
    workload.classes.iter().map(reach).any(|reach| reach == "machine" || reach == "zone" && part.is_zone)
}

/// Those of which the loss takes more than their budget spares, and which do not come again elsewhere.
pub(super) fn taken(scene: &Scene<'_>, fit: &Fit<'_>, part: &Part) -> Vec<usize> {
    let is_too_many = |pod: &usize| {
        let workload = &scene.platform.workloads[*pod];
        let gone = gone(fit, part, *pod);
        let count = workload.counts[1];
        let budgets = scene.platform.budgets.iter().filter(|budget| budget.subject.namespace == workload.subject.namespace);
        let spare =
            budgets.filter(|budget| budget.selector.fits(&workload.pod.labels)).filter_map(|budget| lets_go(budget, count)).min();
        gone > 0 && count > 1 && is_stuck(workload, part, scene) && spare.is_some_and(|spare| gone > spare)
    };
    (0..scene.platform.workloads.len()).filter(is_too_many).collect()
}

fn gone(fit: &Fit<'_>, part: &Part, pod: usize) -> i64 {
    part.machines.iter().filter_map(|machine| fit.state.there[*machine].get(&pod)).sum()
}

/// What the loss takes of the pods of a workload.
pub(super) fn words(scene: &Scene<'_>, fit: &Fit<'_>, part: &Part, pod: usize) -> String {
    let workload = &scene.platform.workloads[pod];
    let (gone, count) = (gone(fit, part, pod), workload.counts[1]);
    let majority = if (count - gone) * 2 > count { "a majority stays" } else { "no majority stays" };
    format!("{gone} of the {count} pods of {} with their volumes, more than its budget spares: {majority}", title(workload))
}

fn stops(scene: &Scene<'_>, fit: &Fit<'_>, part: &Part, pod: usize, found: &mut Diagnostics) {
    let workload = &scene.platform.workloads[pod];
    let message = format!("the loss of {} may take {}", part.name, words(scene, fit, part, pod));
    let place = (place(workload, "spread"), "over machines and zones as told here");
    let diagnostic = say(found, (Severity::Note, Code::LossStops), message, &workload.subject, place, scene.world);
    diagnostic.help("spread them over more zones or machines (whenUnsatisfiable: DoNotSchedule), or run more of them");
}

pub(super) fn room(scene: &Scene<'_>, start: &State<'_>, fit: &Fit<'_>, part: &Part) -> Room {
    let (mut left, mut bare) = (fit.state.clone(), start.clone());
    let mut lost: BTreeMap<usize, i64> = BTreeMap::new();
    for machine in &part.machines {
        left.lose(*machine).into_iter().for_each(|(pod, count)| *lost.entry(pod).or_default() += count);
        bare.lose(*machine);
    }
    let moves = |pod: &usize| {
        let workload = &scene.platform.workloads[*pod];
        !workload.is_fixed(&scene.fleet) && !is_stuck(workload, part, scene)
    };
    let moved: Vec<Crowd> =
        lost.iter().filter(|(pod, _)| moves(pod)).map(|(pod, count)| Crowd { pod: *pod, count: *count }).collect();
    if pack(&left, &moved).left.is_empty() {
        return Room::Found;
    }
    let stuck = |crowd: &Crowd| if moves(&crowd.pod) { 0 } else { lost.get(&crowd.pod).copied().unwrap_or_default() };
    let crowds: Vec<Crowd> =
        scene.crowds(1, &[]).iter().map(|crowd| Crowd { count: crowd.count - stuck(crowd), ..*crowd }).collect();
    let proofs = prove(&bare, &crowds, &scene.platform.context.namespaces);
    proofs.into_iter().next().map_or(Room::Unknown, Room::Lacks)
}

fn lacks(scene: &Scene<'_>, part: &Part, proof: &Proof, found: &mut Diagnostics) {
    let workload = &scene.platform.workloads[proof.pod];
    let message = format!("without {} not all find room: {}", part.name, scene.why(proof));
    let place = (place(workload, &proof.reason), "asked for here");
    say(found, (Severity::Note, Code::LossStops), message, &workload.subject, place, scene.world);
}
