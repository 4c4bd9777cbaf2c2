//! What `.gitignore` files say in, whether a path is ignored out, as git decides it.

use std::path::{Path, PathBuf};

use crate::host::{Host, Kind, Listed};

const NAME: &str = ".gitignore";
const MAX_BYTES: u64 = 1 << 20;

/// The rules that hold in the folder the walk is in, those of outer folders first.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    here: PathBuf,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// The folder of the file that says so.
    folder: PathBuf,
    pattern: String,
    is_anchored: bool,
    for_folders: bool,
    is_exception: bool,
}

impl Ignored {
    /// Rules of the folders around the one that was named, up to the root of the repository.
    pub(super) fn learn_above(&mut self, host: &dyn Host, folder: &Path) {
        self.here = host.working_folder().unwrap_or_default();
        let folder = self.here.join(folder);
        let mut above: Vec<&Path> = Vec::new();
        for outer in folder.ancestors() {
            above.push(outer);
            if matches!(host.kind(&outer.join(".git")), Ok(Some(_))) {
                // The named folder's own file is read when the walk comes to it.
                above.iter().skip(1).rev().for_each(|outer| self.read(host, outer));
                return;
            }
        }
    }

    /// Adds the rules of a folder; tells how many there were before.
    pub(super) fn learn(&mut self, host: &dyn Host, folder: &Path, entries: &[Listed]) -> usize {
        let known = self.rules.len();
        if entries.iter().any(|entry| entry.path == NAME && entry.kind == Kind::File) {
            self.read(host, folder);
        }
        known
    }

    pub(super) fn forget(&mut self, known: usize) {
        self.rules.truncate(known);
    }

    /// The last rule that matches decides.
    pub(super) fn has(&self, path: &Path, is_folder: bool) -> bool {
        let path = self.here.join(path);
        let decides = self.rules.iter().rev().find(|rule| rule.matches(&path, is_folder));
        decides.is_some_and(|rule| !rule.is_exception)
    }

    fn read(&mut self, host: &dyn Host, folder: &Path) {
        let folder = &self.here.join(folder);
        let Ok(bytes) = host.read(&folder.join(NAME), MAX_BYTES) else { return };
        let text = String::from_utf8_lossy(&bytes);
        self.rules.extend(text.lines().filter_map(|line| Rule::parse(folder, line)));
    }
}

impl Rule {
    fn parse(folder: &Path, line: &str) -> Option<Rule> {
        let line = line.trim_end_matches('\r');
        let line = if line.ends_with("\\ ") { line } else { line.trim_end() };
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (is_exception, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (for_folders, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        let is_anchored = line.contains('/');
        let pattern = line.strip_prefix('/').unwrap_or(line).to_owned();
        Some(Rule { folder: folder.to_owned(), pattern, is_anchored, for_folders, is_exception })
    }

    fn matches(&self, path: &Path, is_folder: bool) -> bool {
        if self.for_folders && !is_folder {
            return false;
        }
        let Ok(below) = path.strip_prefix(&self.folder) else { return false };
        let below = below.to_string_lossy().replace('\\', "/");
        let name = below.rsplit('/').next().unwrap_or(&below);
        glob(self.pattern.as_bytes(), if self.is_anchored { below.as_bytes() } else { name.as_bytes() })
    }
}

/// `*`, `?` and `[…]` stay within one part of a path, `**` does not.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => {
            glob(rest, text) || (0..text.len()).any(|at| text[at] == b'/' && glob(rest, &text[at + 1..]))
        }
        [b'*', b'*'] => true,
        [b'*', rest @ ..] => {
            let part = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=part).any(|at| glob(rest, &text[at..]))
        }
        [b'?', rest @ ..] => matches!(text, [byte, after @ ..] if *byte != b'/' && glob(rest, after)),
        [b'[', rest @ ..] => class(rest, text),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => matches!(text, [first, after @ ..] if first == byte && glob(rest, after)),
    }
}

/// What follows an opening bracket; one that is never closed stands for itself.
fn class(rest: &[u8], text: &[u8]) -> bool {
    let Some(close) = rest.iter().skip(1).position(|byte| *byte == b']').map(|at| at + 1) else {
        return matches!(text, [b'[', after @ ..] if glob(rest, after));
    };
    let [byte, after @ ..] = text else { return false };
    let (is_negated, set) = match &rest[..close] {
        [b'!' | b'^', set @ ..] => (true, set),
        set => (false, set),
    };
    let is_in = set.contains(byte) || set.windows(3).any(|range| range[1] == b'-' && (range[0]..=range[2]).contains(byte));
    *byte != b'/' && is_in != is_negated && glob(&rest[close + 1..], after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, path: &str, expected: bool) {
        let folder = path.ends_with('/');
        let rule = Rule::parse(Path::new("here"), rule).expect("a rule");
        let path = Path::new("here").join(path.trim_end_matches('/'));
        assert_eq!(rule.matches(&path, folder), expected, "{rule:?} {}", path.display());
    }

    #[test]
    fn patterns_are_as_git_has_them() {
        check("*.json", "a/b.json", true);
        check("/*.json", "a/b.json", false);
        check("/*.json", "b.json", true);
        check("out/", "out", false);
        check("out/", "a/out/", true);
        check("a/**/c.yaml", "a/b/d/c.yaml", true);
        check("a/**/c.yaml", "a/c.yaml", true);
        check("**/c", "x/c", true);
        check("a/*", "a/b/c", false);
        check("[a-c]?.yaml", "bx.yaml", true);
        check("[!a-c]?.yaml", "bx.yaml", false);
        check("\\#a", "#a", true);
    }
}
