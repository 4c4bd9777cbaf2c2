//! Paths of output files in; a finding for each that some file system could not hold, or that leaves the tree, out.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics, Reported};

use super::root::OURS;

pub(crate) const RENAME: &str = "some file systems cannot hold both; rename one";

/// Paths that are taken: each file, and each folder above one.
pub(crate) struct Paths<'a, T> {
    taken: BTreeMap<String, Taken<'a, T>>,
}

/// The name of a file or folder as somebody wrote it, and the file it was written for.
struct Taken<'a, T> {
    path: &'a str,
    file: &'a str,
    owner: T,
}

pub(super) fn check<'a>(paths: impl Iterator<Item = &'a str>, diags: &mut Diagnostics) -> Result<(), Reported> {
    let mut taken = Paths::default();
    for path in paths {
        if let Some(problem) = problem(path) {
            diags
                .error(Code::BadPath, format!("{path:?} cannot be the path of an output file: {problem}"))
                .help("a path is relative, with `/` between names that every system allows");
        } else if let Err((message, ())) = taken.take(path, ()) {
            diags.error(Code::PathClash, message).help(RENAME);
        }
    }
    diags.checkpoint()
}

/// Why a path is unfit, if it is.
pub(crate) fn problem(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("it is empty".into());
    }
    path.split('/').find_map(part_problem)
}

fn part_problem(part: &str) -> Option<String> {
    const FORBIDDEN: &str = "\\<>:\"|?*";
    Some(match part {
        "" => "it begins or ends with `/`, or has two in a row".into(),
        "." | ".." => format!("it has a part `{part}`"),
        _ if part.len() > 255 => "a name in it is longer than 255 bytes".into(),
        _ if part.contains(char::is_control) => "it has a control character".into(),
        _ if part.contains(|c| FORBIDDEN.contains(c)) => format!("Windows allows none of {FORBIDDEN} in a name"),
        _ if part.ends_with(['.', ' ']) => "Windows drops the dot or space at the end of a name".into(),
        _ if is_device(part) => format!("{part} is a device on Windows"),
        _ if part.eq_ignore_ascii_case(OURS) => format!("{OURS} belongs to lakegen itself"),
        _ if part.eq_ignore_ascii_case(".git") => ".git belongs to git".into(),
        _ => return None,
    })
}

// A device stays one whatever extension it gets: nul.yaml is NUL.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = |name| {
        stem.strip_prefix(name)
            .is_some_and(|n| matches!(n.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && n.chars().count() == 1)
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

impl<T> Default for Paths<'_, T> {
    fn default() -> Self {
        Paths { taken: BTreeMap::new() }
    }
}

impl<'a, T: Copy> Paths<'a, T> {
    /// Takes the path and the folders above it; else tells what is wrong, and whose path was there first.
    pub(crate) fn take(&mut self, path: &'a str, owner: T) -> Result<(), (String, T)> {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        for part in folders.chain([path]) {
            let Some(taken) = self.taken.get(&part.to_lowercase()) else {
                self.taken.insert(part.to_lowercase(), Taken { path: part, file: path, owner });
                continue;
            };
            if let Some(message) = taken.clash(part, path) {
                return Err((message, taken.owner));
            }
        }
        Ok(())
    }
}

impl<T> Taken<'_, T> {
    fn clash(&self, part: &str, path: &str) -> Option<String> {
        let files = [part == path, self.path == self.file].iter().filter(|is_file| **is_file).count();
        let (name, file) = (self.path, self.file);
        match (name == part, files) {
            (false, 2) => Some(format!("{path} and {name} differ only in case")),
            (false, _) => Some(format!("{path} and {file} differ only in case: {part} and {name}")),
            (true, 2) => Some(format!("two files have the path {path}")),
            (true, 1) => Some(format!("{name} would be a file and a folder: {file} and {path}")),
            (true, _) => None,
        }
    }
}
