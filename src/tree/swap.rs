//! Doing it: a plan in; the folder as planned, or as it was, out.

use std::io;
use std::io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotFound, ResourceBusy};
use std::path::PathBuf;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostics, Reported};
use crate::host::{Kind, reported};

use super::folders::above;
use super::plan::{Plan, Staged, Step};
use super::root::{MANIFEST, Root, STAGE};

/// The path that failed, why, and whether the folder is as it was.
type Failed<'p> = (&'p str, io::Error, bool);

/// Stages everything before the first step, so that a full disk shows while the old output is whole. What fails later, as in
/// a folder of somebody else, is undone.
pub(super) fn swap(root: &Root<'_>, plan: &Plan<'_>, diags: &mut Diagnostics) -> Result<(), Reported> {
    if let Err(error) = sweep(root) {
        root.unwritable(STAGE, &error, diags);
        return Err(reported(diags));
    }
    if plan.steps.is_empty() {
        return Ok(());
    }
    let result = stage(root, &plan.staged).and_then(|()| replace(root, &plan.steps));
    // What cannot be cleaned up now is so by the next run.
    let _ = sweep(root);
    let Err((path, error, is_whole)) = result else { return Ok(()) };
    let found = root.unwritable(path, &error, diags);
    found.note(if is_whole { "what was there before is still whole" } else { "some files are new by now: run lakegen again" });
    Err(reported(diags))
}

/// Removes the staging folder of this run, or of one that was killed.
fn sweep(root: &Root<'_>) -> io::Result<()> {
    let stage = root.join(STAGE);
    match root.host.kind(&stage)? {
        None => return Ok(()),
        Some(Kind::Folder) => {}
        Some(_) => return root.host.remove_file(&stage),
    }
    for entry in root.host.list(&stage)?.into_iter().rev() {
        match entry.kind {
            Kind::Folder => root.host.remove_folder(&stage.join(entry.path))?,
            _ => root.host.remove_file(&stage.join(entry.path))?,
        }
    }
    root.host.remove_folder(&stage)
}

fn stage<'p>(root: &Root<'_>, staged: &[Staged<'p>]) -> Result<(), Failed<'p>> {
    stay(root, STAGE).map_err(|error| (STAGE, error, true))?;
    root.host.make_folder(&root.join(STAGE)).map_err(|error| (STAGE, error, true))?;
    staged.par_iter().enumerate().try_for_each(|(index, file)| {
        root.host.create(&new(root, index), &file.bytes, file.executable).map_err(|error| (file.path, error, true))
    })
}

fn replace<'p>(root: &Root<'_>, steps: &[Step<'p>]) -> Result<(), Failed<'p>> {
    for (index, step) in steps.iter().enumerate() {
        if let Err(error) = act(root, index, step) {
            return Err((step.path(), error, undo_all(root, &steps[..index])));
        }
    }
    Ok(())
}

/// Whether all is as it was. If not, the interim manifest stays, for it knows the new files as ours.
fn undo_all(root: &Root<'_>, done: &[Step<'_>]) -> bool {
    let mut is_whole = true;
    for (index, step) in done.iter().enumerate().rev() {
        is_whole &= (is_whole || step.path() != MANIFEST) && undo(root, index, step).is_ok();
    }
    is_whole
}

/// Looks again, right before a step, whether the folders on the way are folders still: while all was staged, somebody may
/// have put a link in the place of one.
fn stay(root: &Root<'_>, path: &str) -> io::Result<()> {
    for folder in above(path) {
        if root.host.kind(&root.join(folder))? != Some(Kind::Folder) {
            return Err(io::Error::other(format!("{} is no longer a folder", root.name(folder))));
        }
    }
    Ok(())
}

fn act(root: &Root<'_>, index: usize, step: &Step<'_>) -> io::Result<()> {
    stay(root, step.path())?;
    let path = root.join(step.path());
    match *step {
        Step::Put { staged, replaces, .. } => {
            if replaces {
                // The second name is for undoing only, and some file systems have none.
                let _ = root.host.link(&path, &old(root, index));
            }
            root.host.rename(&new(root, staged), &path)
        }
        Step::RemoveFile(_) => root.host.rename(&path, &old(root, index)),
        Step::MakeFolder(_) => root.host.make_folder(&path),
        Step::RemoveFolder(_) => match root.host.remove_folder(&path) {
            // It stays where there are files of others in it, or where it is mounted.
            Err(error) if matches!(error.kind(), DirectoryNotEmpty | ResourceBusy | NotFound) => Ok(()),
            removed => removed,
        },
    }
}

fn undo(root: &Root<'_>, index: usize, step: &Step<'_>) -> io::Result<()> {
    stay(root, step.path())?;
    let path = root.join(step.path());
    match step {
        Step::Put { replaces: false, .. } => root.host.remove_file(&path),
        Step::Put { replaces: true, .. } | Step::RemoveFile(_) => root.host.rename(&old(root, index), &path),
        Step::MakeFolder(_) => root.host.remove_folder(&path),
        Step::RemoveFolder(_) => match root.host.make_folder(&path) {
            Err(error) if error.kind() == AlreadyExists => Ok(()),
            made => made,
        },
    }
}

fn new(root: &Root<'_>, index: usize) -> PathBuf {
    root.join(&format!("{STAGE}/new-{index}"))
}

fn old(root: &Root<'_>, index: usize) -> PathBuf {
    root.join(&format!("{STAGE}/old-{index}"))
}

impl<'p> Step<'p> {
    fn path(&self) -> &'p str {
        match *self {
            Step::Put { path, .. } | Step::RemoveFile(path) | Step::MakeFolder(path) | Step::RemoveFolder(path) => path,
        }
    }
}
