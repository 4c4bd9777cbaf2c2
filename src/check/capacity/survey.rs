//! A platform on its machines told as a whole: how full each pool is, whether the pods fit at every level, and what a loss takes.

use std::collections::BTreeSet;

use super::gather::Platform;
use super::loss::{self, Room};
use super::scenes::{Scene, Verdict};
use crate::capacity::{Crowd, Fit, Pool, State, shown};
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

/// Which of them is as a rule.
const RULE: usize = 1;

pub(super) fn of(platform: &Platform, world: &World<'_>) -> Survey {
    let pools = &world.options.pools;
    let counts: Vec<usize> = pools.iter().map(|pool| pool.nodes).collect();
    let scene = Scene::of(platform, world, &counts);
    let start = scene.start(&mut Diagnostics::default());
    let verdicts = LEVELS.map(|(_, level, is_renewed)| scene.verdict(&start, &scene.renewed(level, &|_| is_renewed)));
    let state = match &verdicts[RULE] {
        Verdict::Fits(fit) | Verdict::Unknown(fit) => &fit.state,
        Verdict::Cannot(_) => &start,
    };
    let losses = if let Verdict::Fits(fit) = &verdicts[RULE] { losses(&scene, &start, fit) } else { Vec::new() };
    let fixed: i64 = start.there.iter().flat_map(|there| there.values()).sum();
    let level = |((name, level, is_renewed), verdict): ((&'static str, usize, bool), &Verdict<'_>)| {
        let crowds = |scene: &Scene<'_>| scene.renewed(level, &|_| is_renewed);
        let pods = fixed + crowds(&scene).iter().map(|crowd| crowd.count).sum::<i64>();
        Level { name, pods, answer: answer(&scene, verdict, &crowds) }
    };
    Survey { pools: filled(&scene, pools, state), levels: LEVELS.into_iter().zip(&verdicts).map(level).collect(), losses }
}

fn answer(scene: &Scene<'_>, verdict: &Verdict<'_>, crowds: &dyn Fn(&Scene<'_>) -> Vec<Crowd>) -> Answer {
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
        Verdict::Cannot(proofs) => Answer::Cannot(proofs.iter().map(|proof| largest.why(proof)).collect()),
        Verdict::Unknown(fit) => Answer::Unknown(fit.left.iter().map(|left| largest.why_left(left)).collect()),
        Verdict::Fits(_) => Answer::Fits,
    }
}

fn filled(scene: &Scene<'_>, pools: &[Pool], state: &State<'_>) -> Vec<Filled> {
    let fleet = &scene.fleet;
    let one = |(number, pool): (usize, &Pool)| {
        let own: Vec<usize> = (0..fleet.machines.len()).filter(|machine| fleet.machines[*machine].pool == number).collect();
        let zones: BTreeSet<_> = own.iter().filter_map(|machine| fleet.machines[*machine].zone()).collect();
        let pods = own.iter().flat_map(|machine| state.there[*machine].values()).sum();
        let resource = |(at, name): (usize, &String)| {
            let room: i64 = own.iter().map(|machine| fleet.room[*machine][at]).sum();
            let free: i64 = own.iter().map(|machine| state.free(*machine)[at]).sum();
            (name.clone(), shown(name, room - free), shown(name, room))
        };
        let wanted = |(_, name): &(usize, &String)| matches!(name.as_str(), "cpu" | "memory") || name.contains('/');
        let resources = fleet.resources.iter().enumerate().filter(wanted).map(resource).collect();
        Filled { name: pool.name.clone(), machines: own.len(), zones: zones.len(), pods, resources }
    };
    pools.iter().enumerate().map(one).collect()
}

fn losses(scene: &Scene<'_>, start: &State<'_>, fit: &Fit<'_>) -> Vec<Loss> {
    let one = |part: loss::Part| Loss {
        pods: part.machines.iter().flat_map(|machine| fit.state.there[*machine].values()).sum(),
        stops: loss::taken(scene, fit, &part).into_iter().map(|pod| loss::words(scene, fit, &part, pod)).collect(),
        lacks: match loss::room(scene, start, fit, &part) {
            Room::Found => None,
            Room::Unknown => Some("no place was found for all others".to_owned()),
            Room::Lacks(proof) => Some(scene.why(&proof)),
        },
        is_zone: part.is_zone,
        name: part.name,
    };
    loss::parts(scene).into_iter().map(one).collect()
}
