//! What to do: a survey in; the new files, and the steps that put them in place, out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostics, Reported};

use super::folders::{Way, above};
use super::manifest;
use super::root::{IGNORE, MANIFEST, Root};
use super::survey::{StaleState, State, Survey, Wanted};

/// What nobody should commit: the lock, and what a killed run left.
const IGNORED: &str = "/.gitignore\n/lock\n/stage/\n";

#[derive(Default)]
pub(super) struct Plan<'p> {
    pub(super) staged: Vec<Staged<'p>>,
    pub(super) steps: Vec<Step<'p>>,
}

pub(super) struct Staged<'p> {
    pub(super) path: &'p str,
    pub(super) bytes: Cow<'p, [u8]>,
    pub(super) executable: bool,
}

/// One change of the folder that is done whole or not at all.
#[derive(Clone, Copy)]
pub(super) enum Step<'p> {
    /// A staged file gets its name.
    Put {
        staged: usize,
        path: &'p str,
        replaces: bool,
    },
    RemoveFile(&'p str),
    MakeFolder(&'p str),
    /// Only if it is empty by then.
    RemoveFolder(&'p str),
}

/// The interim manifest comes first: until the last step a file is ours as it was and as it will be, so that a run which is
/// killed leaves nothing that the next one takes for somebody else's.
pub(super) fn plan<'p>(root: &Root<'_>, survey: &'p Survey<'_>, diags: &mut Diagnostics) -> Result<Plan<'p>, Reported> {
    let mut plan = Plan::default();
    let has_manifest = survey.manifest.bytes.is_some();
    match root.host.kind(&root.join(IGNORE)) {
        Ok(Some(_)) => {}
        Ok(None) => plan.put(IGNORE, IGNORED.as_bytes(), false, false),
        Err(error) => return Err(root.unreadable(IGNORE, &error, diags)),
    }
    let changes = survey.wanted.iter().any(is_written) || survey.stale.iter().any(|stale| stale.is_ours());
    if changes {
        plan.put(MANIFEST, interim(survey), false, has_manifest);
        plan.clear(survey);
        plan.fill(survey);
    }
    let last = last(survey);
    if changes || survey.manifest.bytes.as_deref() != Some(&last) {
        plan.put(MANIFEST, last, false, changes || has_manifest);
    }
    Ok(plan)
}

impl<'p> Plan<'p> {
    fn put(&mut self, path: &'p str, bytes: impl Into<Cow<'p, [u8]>>, executable: bool, replaces: bool) {
        self.steps.push(Step::Put { staged: self.staged.len(), path, replaces });
        self.staged.push(Staged { path, bytes: bytes.into(), executable });
    }

    /// What is stale goes first, for a file may become a folder, or a folder a file.
    fn clear(&mut self, survey: &'p Survey<'_>) {
        let ours = survey.stale.iter().filter(|stale| matches!(stale.state, StaleState::Ours(_)));
        self.steps.extend(ours.map(|stale| Step::RemoveFile(&stale.path)));
        let needed: BTreeSet<&str> = survey.wanted.iter().flat_map(|wanted| above(&wanted.file.path)).collect();
        let left = survey.stale.iter().filter(|stale| stale.is_ours()).flat_map(|stale| above(&stale.path));
        let left = left.filter(|folder| *survey.folders.of(folder) == Way::Open && !needed.contains(folder));
        // What is in a folder sorts after it, and has to go before it.
        self.steps.extend(left.collect::<BTreeSet<&str>>().into_iter().rev().map(Step::RemoveFolder));
    }

    fn fill(&mut self, survey: &'p Survey<'_>) {
        let needed: BTreeSet<&str> = survey.wanted.iter().flat_map(|wanted| above(&wanted.file.path)).collect();
        let missing = needed.into_iter().filter(|folder| *survey.folders.of(folder) != Way::Open);
        self.steps.extend(missing.map(Step::MakeFolder));
        for wanted in survey.wanted.iter().filter(|wanted| is_written(wanted)) {
            let replaces = matches!(wanted.state, State::Differs { .. });
            self.put(&wanted.file.path, &*wanted.file.bytes, wanted.file.executable, replaces);
        }
    }
}

fn is_written(wanted: &Wanted<'_>) -> bool {
    !matches!(wanted.state, State::Same)
}

/// What was ours and still is there, and what will be. A file that --force overwrites is ours only once it is overwritten.
fn interim(survey: &Survey<'_>) -> Vec<u8> {
    let mut hashes = kept(survey, |_| true);
    for Wanted { file, hash, state } in &survey.wanted {
        let old = match state {
            State::Differs { hash, .. } if survey.manifest.owns(&file.path, hash) => Some(hash),
            _ => None,
        };
        hashes.insert(file.path.clone(), old.into_iter().chain([hash]).cloned().collect());
    }
    manifest::print(&hashes)
}

fn last(survey: &Survey<'_>) -> Vec<u8> {
    let mut hashes = kept(survey, |state| matches!(state, StaleState::Changed));
    hashes.extend(survey.wanted.iter().map(|wanted| (wanted.file.path.clone(), vec![wanted.hash.clone()])));
    manifest::print(&hashes)
}

fn kept(survey: &Survey<'_>, keep: impl Fn(&StaleState) -> bool) -> BTreeMap<String, Vec<String>> {
    let kept = survey.stale.iter().filter(|stale| keep(&stale.state));
    kept.map(|stale| (stale.path.clone(), survey.manifest.hashes[&stale.path].clone())).collect()
}
