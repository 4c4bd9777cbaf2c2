//! What is there: the files wanted and the manifest in; the state of every file that is wanted or ours out.

use std::collections::BTreeMap;
use std::io;

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Content, Found, Kind, reported};

use super::folders::{Folders, Way};
use super::manifest::{Manifest, hash};
use super::root::{LIMIT_BYTES, Root};
use super::{Difference, File, Overwrite, Summary};

pub(super) struct Survey<'t> {
    pub(super) manifest: Manifest,
    pub(super) folders: Folders,
    /// In the order of the tree.
    pub(super) wanted: Vec<Wanted<'t>>,
    /// Files of the manifest that are no longer wanted, sorted by path.
    pub(super) stale: Vec<Stale>,
}

pub(super) struct Wanted<'t> {
    pub(super) file: &'t File,
    pub(super) hash: String,
    pub(super) state: State,
}

pub(super) enum State {
    Missing,
    Same,
    Differs {
        content: Content,
        hash: String,
    },
    /// Something that is never replaced, and what it is.
    Blocked {
        at: String,
        is: &'static str,
    },
}

pub(super) struct Stale {
    pub(super) path: String,
    pub(super) state: StaleState,
}

pub(super) enum StaleState {
    Gone,
    Ours(Content),
    Changed,
}

type Failed = (String, io::Error);

pub(super) fn survey<'t>(
    root: &Root<'_>,
    files: &'t [File],
    manifest: Manifest,
    diags: &mut Diagnostics,
) -> Result<Survey<'t>, Reported> {
    look(root, files, manifest).map_err(|(path, error)| root.unreadable(&path, &error, diags))
}

fn look<'t>(root: &Root<'_>, files: &'t [File], manifest: Manifest) -> Result<Survey<'t>, Failed> {
    let paths = files.iter().map(|file| file.path.as_str());
    let folders = Folders::look(root, paths.chain(manifest.hashes.keys().map(String::as_str)))?;
    let is_wanted = |path: &str| files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok();
    let stale: Vec<&String> = manifest.hashes.keys().filter(|path| !is_wanted(path)).collect();
    let stale = stale
        .into_par_iter()
        .map(|path| Ok(Stale { path: path.clone(), state: stale_state(root, path, &folders, &manifest)? }))
        .collect::<Result<Vec<Stale>, Failed>>()?;
    let wanted = files
        .par_iter()
        .map(|file| Ok(Wanted { file, hash: hash(&file.bytes), state: state(root, file, &folders, &stale)? }))
        .collect::<Result<Vec<Wanted<'t>>, Failed>>()?;
    Ok(Survey { manifest, folders, wanted, stale })
}

fn stale_state(root: &Root<'_>, path: &str, folders: &Folders, manifest: &Manifest) -> Result<StaleState, Failed> {
    match folders.to(path) {
        Way::Open => {}
        Way::Blocked { kind: Kind::Link, .. } => return Ok(StaleState::Changed),
        Way::Missing | Way::Blocked { .. } => return Ok(StaleState::Gone),
    }
    Ok(match found(root, path)? {
        // A run that was killed may have meant to make a file of the folder.
        Found::Nothing | Found::Folder => StaleState::Gone,
        Found::File(content) if manifest.owns(path, &hash(&content.bytes)) => StaleState::Ours(content),
        _ => StaleState::Changed,
    })
}

fn state(root: &Root<'_>, file: &File, folders: &Folders, stale: &[Stale]) -> Result<State, Failed> {
    match folders.to(&file.path) {
        Way::Open => {}
        Way::Missing => return Ok(State::Missing),
        // A file of ours becomes a folder.
        Way::Blocked { at, kind: Kind::File } if is_removed(at, stale) => return Ok(State::Missing),
        Way::Blocked { at, kind } => {
            let is = if *kind == Kind::Link { "a symbolic link, and lakegen follows none in its output" } else { "not a folder" };
            return Ok(State::Blocked { at: at.clone(), is });
        }
    }
    let blocked = |is| State::Blocked { at: file.path.clone(), is };
    Ok(match found(root, &file.path)? {
        Found::Nothing => State::Missing,
        Found::File(content) if content.bytes == file.bytes && content.executable == file.executable => State::Same,
        Found::File(content) => State::Differs { hash: hash(&content.bytes), content },
        Found::Link => blocked("a symbolic link, and lakegen follows none in its output"),
        // A folder of ours becomes a file.
        Found::Folder if is_vacated(root, &file.path, stale)? => State::Missing,
        Found::Folder => blocked("a folder that is not lakegen's alone"),
        Found::Other => blocked("not a plain file"),
    })
}

fn found(root: &Root<'_>, path: &str) -> Result<Found, Failed> {
    root.host.look(&root.join(path), LIMIT_BYTES).map_err(|error| (path.to_string(), error))
}

fn is_removed(path: &str, stale: &[Stale]) -> bool {
    stale.iter().any(|stale| stale.path == path && matches!(stale.state, StaleState::Ours(_)))
}

/// Whether nothing is left of a folder once our stale files are gone.
fn is_vacated(root: &Root<'_>, folder: &str, stale: &[Stale]) -> Result<bool, Failed> {
    let listed = root.host.list(&root.join(folder)).map_err(|error| (folder.to_string(), error))?;
    let goes = |path: String, kind: Kind| match kind {
        Kind::Folder => stale.iter().any(|s| s.is_ours() && s.path.starts_with(&format!("{path}/"))),
        _ => is_removed(&path, stale),
    };
    let inside = stale.iter().any(|s| s.path.starts_with(&format!("{folder}/")));
    Ok(inside && listed.into_iter().all(|entry| goes(format!("{folder}/{}", entry.path), entry.kind)))
}

impl Survey<'_> {
    /// Reports everything that must not be replaced.
    pub(super) fn refuse(&self, root: &Root<'_>, overwrite: Overwrite, diags: &mut Diagnostics) -> Result<(), Reported> {
        let mut refused = self.refuse_obstacles(root, diags);
        if overwrite == Overwrite::Ours {
            refused |= self.refuse_others(root, diags);
        }
        if refused { Err(reported(diags)) } else { Ok(()) }
    }

    fn refuse_obstacles(&self, root: &Root<'_>, diags: &mut Diagnostics) -> bool {
        let blocked = self.wanted.iter().filter_map(|wanted| match &wanted.state {
            State::Blocked { at, is } => Some((at.as_str(), *is)),
            _ => None,
        });
        // One folder may be in the way of many files.
        let blocked: BTreeMap<&str, &str> = blocked.collect();
        for (at, is) in &blocked {
            let error = diags.error(Code::UnsafePath, format!("{} is {is}", root.name(at)));
            error.at(&root.span(at), "in the way of the output").help("move it away");
        }
        !blocked.is_empty()
    }

    fn refuse_others(&self, root: &Root<'_>, diags: &mut Diagnostics) -> bool {
        let mut refused = false;
        for wanted in self.wanted.iter().filter(|wanted| !self.may_replace(wanted)) {
            let (path, name) = (&wanted.file.path, root.name(&wanted.file.path));
            let error = match self.manifest.hashes.contains_key(path) {
                true => diags.error(Code::ChangedByHand, format!("{name} was changed since lakegen wrote it")),
                false => diags.error(Code::NotOurs, format!("{name} was not written by lakegen")),
            };
            error.at(&root.span(path), "would be overwritten");
            error.help("keep it elsewhere, or overwrite it with --force; nothing was written");
            refused = true;
        }
        refused
    }

    pub(super) fn warn_of_kept(&self, root: &Root<'_>, diags: &mut Diagnostics) {
        for stale in self.stale.iter().filter(|stale| matches!(stale.state, StaleState::Changed)) {
            let message = format!("{} is kept: lakegen no longer makes it, but it was changed by hand", root.name(&stale.path));
            diags.warning(Code::ChangedByHand, message).at(&root.span(&stale.path), "remove it when nobody needs it");
        }
    }

    pub(super) fn summary(&self) -> Summary {
        let unchanged = self.wanted.iter().filter(|wanted| matches!(wanted.state, State::Same)).count();
        let removed = self.stale.iter().filter(|stale| matches!(stale.state, StaleState::Ours(_))).count();
        Summary { written: self.wanted.len() - unchanged, unchanged, removed }
    }

    pub(super) fn into_differences(self) -> Vec<Difference> {
        let wanted = self.wanted.into_iter().filter_map(|wanted| {
            let on_disk = match wanted.state {
                State::Same => return None,
                State::Differs { content, .. } => Some(content),
                State::Missing | State::Blocked { .. } => None,
            };
            let File { path, bytes, executable } = wanted.file.clone();
            Some(Difference { path, on_disk, generated: Some(Content { bytes, executable }) })
        });
        let stale = self.stale.into_iter().filter_map(|stale| match stale.state {
            StaleState::Ours(content) => Some(Difference { path: stale.path, on_disk: Some(content), generated: None }),
            _ => None,
        });
        let mut differences: Vec<Difference> = wanted.chain(stale).collect();
        differences.sort_by(|a, b| a.path.cmp(&b.path));
        differences
    }

    fn may_replace(&self, wanted: &Wanted<'_>) -> bool {
        match &wanted.state {
            State::Differs { content, hash } => content.bytes == wanted.file.bytes || self.manifest.owns(&wanted.file.path, hash),
            _ => true,
        }
    }
}

impl Stale {
    /// Whether nothing of a person is at its path.
    pub(super) fn is_ours(&self) -> bool {
        !matches!(self.state, StaleState::Changed)
    }
}
