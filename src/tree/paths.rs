//! Paths of output files in; a finding for each that some file system could not hold, or that leaves the tree, out.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics, Reported};

use super::root::OURS;

/// The name of a file or folder as somebody wrote it, and the file it was written for.
struct Taken<'a> {
    path: &'a str,
    owner: &'a str,
}

pub(super) fn check<'a>(paths: impl Iterator<Item = &'a str>, diags: &mut Diagnostics) -> Result<(), Reported> {
    let mut taken: BTreeMap<String, Taken<'a>> = BTreeMap::new();
    for path in paths {
        if let Some(problem) = problem(path) {
            diags
                .error(Code::BadPath, format!("{path:?} cannot be the path of an output file: {problem}"))
                .help("a path is relative, with `/` between names that every system allows");
        } else if let Some(message) = clash(path, &mut taken) {
            diags.error(Code::PathClash, message).help("some file systems cannot hold both; rename one");
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

/// Takes the path and the folders above it; tells about the first that another file has taken in another sense.
fn clash<'a>(path: &'a str, taken: &mut BTreeMap<String, Taken<'a>>) -> Option<String> {
    let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
    for part in folders.chain([path]) {
        let Some(other) = taken.get(&part.to_lowercase()) else {
            taken.insert(part.to_lowercase(), Taken { path: part, owner: path });
            continue;
        };
        let files = [part == path, other.path == other.owner].iter().filter(|is_file| **is_file).count();
        let (name, owner) = (other.path, other.owner);
        match (name == part, files) {
            (false, _) => return Some(format!("{path} and {owner} differ only in case: {part} and {name}")),
            (true, 2) => return Some(format!("two files have the path {path}")),
            (true, 1) => return Some(format!("{name} would be a file and a folder: {owner} and {path}")),
            (true, _) => {}
        }
    }
    None
}
