//! A platform on its machines told as a whole: how full each pool is, whether the pods fit at every level, and what a loss takes.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::Platform;
use super::loss::{self, Room};
use super::scenes::{Scene, Verdict};
use super::tell::title;
use crate::capacity::{Crowd, Fit, Pool, Proof, Reason, State, shown, told};
use crate::check::World;
use crate::diagnostic::Diagnostics;

/// What the machines of a platform hold, and what they do not.
#[derive(Debug)]
pub struct Survey {
    pub pools: Vec<Filled>,
    pub levels: Vec<Level>,
    /// Nothing where the pods do not fit as a rule.
    pub losses: Vec<Loss>,
}

/// One pool with the pods that are there as a rule.
#[derive(Debug)]
pub struct Filled {
    pub name: String,
    pub machines: usize,
    pub zones: usize,
    pub pods: i64,
    /// Of what is asked for: the name, how much of it, and of how much.
    pub resources: Vec<(String, String, String)>,
}

/// So many pods as there are at some time.
#[derive(Debug)]
pub struct Level {
    pub name: &'static str,
    pub pods: i64,
    pub answer: Answer,
}

#[derive(Debug)]
pub enum Answer {
    Fits,
    /// With so many machines of each pool, where something adds some.
    FitsAt(Vec<(String, usize)>),
    /// Why, in the scheduler's words.
    Cannot(Vec<String>),
    /// No place was found for all, and nothing proves that there is none.
    Unknown(Vec<String>),
}

impl Answer {
    /// For programs.
    pub fn name(&self) -> &'static str {
        match self {
            Answer::Fits => "fits",
            Answer::FitsAt(_) => "fits-at",
            Answer::Cannot(_) => "cannot",
            Answer::Unknown(_) => "unknown",
        }
    }

    pub fn why(&self) -> &[String] {
        match self {
            Answer::Cannot(why) | Answer::Unknown(why) => why,
            Answer::Fits | Answer::FitsAt(_) => &[],
        }
    }
}

/// One machine, or all of a zone, that is gone.
#[derive(Debug)]
pub struct Loss {
    pub name: String,
    pub is_zone: bool,
    pub pods: i64,
    /// Whose pods do not come again elsewhere, and are missed.
    pub stops: Vec<String>,
    /// Why not all others find room.
    pub lacks: Option<String>,
}

/// What each is called, which of a workload's numbers it is about, and whether with the new pods that come before old ones go.
const LEVELS: [(&str, usize, bool); 4] =
    [("at the least", 0, false), ("as a rule", 1, false), ("at the most", 2, false), ("while every version changes", 1, true)];

pub(super) fn of(platform: &Platform, world: &World<'_>) -> Survey {
    let pools = &world.options.pools;
    let counts: Vec<usize> = pools.iter().map(|pool| pool.nodes).collect();
    let scene = Scene::of(platform, world, &counts);
    let start = scene.start(&mut Diagnostics::default());
    let fixed: i64 = start.there.iter().flat_map(|there| there.values()).sum();
    let levels = LEVELS.map(|(name, level, is_renewed)| {
        let crowds = |scene: &Scene<'_>| scene.crowds_of(level, is_renewed);
        let pods = fixed + crowds(&scene).iter().map(|crowd| crowd.count).sum::<i64>();
        Level { name, pods, answer: answer(&scene, &start, &crowds) }
    });
    let verdict = scene.verdict(&start, &scene.crowds(1, &[]));
    let losses = if let Verdict::Fits(fit) = &verdict { losses(&scene, &start, fit) } else { Vec::new() };
    let (Verdict::Fits(fit) | Verdict::Unknown(fit)) = &verdict else {
        return Survey { pools: filled(&scene, pools, &start), levels: levels.into(), losses };
    };
    Survey { pools: filled(&scene, pools, &fit.state), levels: levels.into(), losses }
}

fn answer(scene: &Scene<'_>, start: &State<'_>, crowds: &dyn Fn(&Scene<'_>) -> Vec<Crowd>) -> Answer {
    let verdict = scene.verdict(start, &crowds(scene));
    if let Verdict::Fits(_) = verdict {
        return Answer::Fits;
    }
    let pools = &scene.world.options.pools;
    if let Some(counts) = scene.enough(crowds) {
        return Answer::FitsAt(pools.iter().map(|pool| pool.name.clone()).zip(counts).collect());
    }
    let most: Vec<usize> = pools.iter().map(|pool| pool.most).collect();
    let largest = Scene::of(scene.platform, scene.world, &most);
    let start = largest.start(&mut Diagnostics::default());
    match largest.verdict(&start, &crowds(&largest)) {
        Verdict::Cannot(proofs) => Answer::Cannot(proofs.iter().map(|proof| why(&largest, proof)).collect()),
        Verdict::Unknown(fit) => Answer::Unknown(fit.left.iter().map(|left| left_over(&largest, left)).collect()),
        Verdict::Fits(_) => Answer::Fits,
    }
}

fn why(scene: &Scene<'_>, proof: &Proof) -> String {
    format!("{}: {}: {}", title(&scene.platform.workloads[proof.pod]), proof.reason, proof.words)
}

fn left_over(scene: &Scene<'_>, (crowd, reasons): &(Crowd, BTreeMap<Reason, usize>)) -> String {
    let workload = title(&scene.platform.workloads[crowd.pod]);
    format!("no place was found for {} of {workload}: {}", crowd.count, told(scene.fleet.machines.len(), reasons))
}

fn filled(scene: &Scene<'_>, pools: &[Pool], state: &State<'_>) -> Vec<Filled> {
    let fleet = &scene.fleet;
    let one = |(number, pool): (usize, &Pool)| {
        let own: Vec<usize> = (0..fleet.machines.len()).filter(|machine| fleet.machines[*machine].pool == number).collect();
        let zones: BTreeSet<_> = own.iter().filter_map(|machine| fleet.machines[*machine].zone()).collect();
        let pods = own.iter().flat_map(|machine| state.there[*machine].values()).sum();
        let resource = |(at, name): (usize, &String)| {
            let sum = |of: &[i64]| of[at];
            let room: i64 = own.iter().map(|machine| sum(&fleet.room[*machine])).sum();
            let free: i64 = own.iter().map(|machine| sum(state.free(*machine))).sum();
            (name.clone(), shown(name, room - free), shown(name, room))
        };
        let wanted = |(_, name): &(usize, &String)| matches!(name.as_str(), "cpu" | "memory") || name.contains('/');
        let resources = fleet.resources.iter().enumerate().filter(wanted).map(resource).collect();
        Filled { name: pool.name.clone(), machines: own.len(), zones: zones.len(), pods, resources }
    };
    pools.iter().enumerate().map(one).collect()
}

fn losses(scene: &Scene<'_>, start: &State<'_>, fit: &Fit<'_>) -> Vec<Loss> {
    let parts = loss::parts(scene).into_iter().filter(|part| part.machines.len() < scene.fleet.machines.len());
    let one = |part: loss::Part| Loss {
        pods: part.machines.iter().flat_map(|machine| fit.state.there[*machine].values()).sum(),
        stops: loss::taken(scene, fit, &part).into_iter().map(|pod| loss::words(scene, fit, &part, pod)).collect(),
        lacks: match loss::room(scene, start, fit, &part) {
            Room::Found => None,
            Room::Unknown => Some("no place was found for all others".to_owned()),
            Room::Lacks(proof) => Some(why(scene, &proof)),
        },
        is_zone: part.is_zone,
        name: part.name,
    };
    parts.map(one).collect()
}
