//! The families `capacity` and `availability`: whether machines hold the pods, what a loss of some takes away, what quotas refuse
//! and budgets block.

mod budgets;
mod gather;
mod loss;
mod quotas;
mod scenes;
mod survey;
mod tell;
mod volumes;

use super::{Index, World};
use crate::diagnostic::Diagnostics;
pub use gather::Platform;
pub use survey::{Answer, Survey};

/// Machines are judged where somebody says which there are, quotas wherever there are some.
pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    let has_quota = index.objects.iter().any(|entry| entry.subject.kind == "ResourceQuota" && entry.subject.api_version == "v1");
    if world.options.pools.is_empty() && !has_quota {
        return;
    }
    let platform = index.platform(world);
    quotas::check(platform, world, found);
    if !world.options.pools.is_empty() {
        scenes::check(platform, world, found);
    }
}

/// The pods on the machines as a whole, with all that is found of them; nothing where there are no pods, or too many to try.
pub fn survey(index: &Index, world: &World<'_>, found: &mut Diagnostics) -> Option<Survey> {
    whole(index, world, found);
    let platform = index.platform(world);
    scenes::can_be_tried(platform).then(|| survey::of(platform, world))
}

pub(super) fn budgets(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    let is_budget = |kind: &str| kind == "PodDisruptionBudget";
    if index.objects.iter().any(|entry| is_budget(&entry.subject.kind)) {
        budgets::check(index.platform(world), world, found);
    }
}
