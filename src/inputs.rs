//! The paths of a command line in, the texts of the files that they mean out: folders are walked, what git ignores is left out.

mod gitignore;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host, Kind, Listed, reported, words};
use crate::source::{Lines, Source, Span};
use gitignore::Ignored;

/// What a folder is searched for.
const EXTENSIONS: [&str; 4] = ["yaml", "yml", "json", "toml"];
/// A file may have so many bytes: one stream of a hundred thousand objects has a tenth of it.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// A finding with places in some files goes from one to the other.
const MOST_RECENT: usize = 4;
/// Standard input is told by this name.
pub const STANDARD_INPUT: &str = "-";

/// The files that are judged, in the order they were named. A text is read when it is looked at, and dropped thereafter.
pub struct Inputs<'h> {
    host: &'h dyn Host,
    pub files: Vec<PathBuf>,
    /// Those that a person named, not the folder they lie in.
    named: BTreeSet<usize>,
    /// What cannot be read a second time.
    kept: Mutex<BTreeMap<usize, Arc<Source>>>,
    /// What findings that come late pointed into last.
    recent: Mutex<Vec<(usize, Lines)>>,
    /// Whether they lie on the disk, where others lie beside them.
    is_of_disk: bool,
    places: OnceLock<BTreeSet<PathBuf>>,
}

impl<'h> Inputs<'h> {
    /// `standard_input` is asked once where a path is `-`.
    pub fn gather(
        host: &'h dyn Host,
        paths: &[PathBuf],
        standard_input: &dyn Fn(&mut Diagnostics) -> Result<Arc<Source>, Reported>,
        diags: &mut Diagnostics,
    ) -> Result<Inputs<'h>, Reported> {
        let mut inputs = Inputs { is_of_disk: true, ..Inputs::of(host, Vec::new()) };
        for path in paths {
            let number = inputs.files.len();
            match host.kind(path) {
                _ if path == Path::new(STANDARD_INPUT) => {
                    let source = standard_input(diags)?;
                    inputs.keep(number, &source);
                    inputs.name(path);
                }
                Ok(Some(Kind::Folder)) => walk(host, path, &mut inputs.files, diags),
                _ => inputs.name(path),
            }
        }
        Ok(inputs)
    }

    /// Whether a text is a file that can be read again, not one that lakegen carries.
    pub fn is_of_a_user(&self, source: &Source) -> bool {
        source.name == STANDARD_INPUT || matches!(self.host.kind(Path::new(&source.name)), Ok(Some(_)))
    }

    /// Texts that lie in no file yet.
    pub fn of(host: &'h dyn Host, texts: Vec<Arc<Source>>) -> Inputs<'h> {
        let files = texts.iter().map(|text| PathBuf::from(&*text.name)).collect();
        let kept = texts.into_iter().enumerate().collect();
        let (named, kept, recent, places) = (BTreeSet::new(), Mutex::new(kept), Mutex::default(), OnceLock::new());
        Inputs { host, files, named, kept, recent, is_of_disk: false, places }
    }

    fn name(&mut self, path: &Path) {
        self.named.insert(self.files.len());
        self.files.push(path.to_owned());
    }

    pub fn is_named(&self, file: usize) -> bool {
        self.named.contains(&file)
    }

    /// How many folders two files have in common, from the root; a file with itself has all.
    pub fn nearness(&self, one: usize, other: usize) -> usize {
        let (one, other) = (self.files[one].components(), self.files[other].components());
        one.zip(other).take_while(|(one, other)| one == other).count()
    }

    /// Whether two files are of one platform, as far as their folders tell.
    pub fn are_near(&self, one: usize, other: usize) -> bool {
        let common = self.nearness(one, other);
        [one, other].into_iter().all(|file| self.nearness(file, file) <= common + 2)
    }

    /// Whether a file, or a folder with files, is among those that are judged.
    pub fn holds(&self, path: &Path) -> bool {
        let places = self.places.get_or_init(|| self.files.iter().map(|file| plain(file)).collect());
        let path = plain(path);
        places.range(path.clone()..).next().is_some_and(|next| next.starts_with(&path))
    }

    /// A path as a file says it, from its own folder.
    pub fn path_from(&self, file: usize, path: &str) -> PathBuf {
        plain(&self.files[file].parent().unwrap_or(Path::new("")).join(path))
    }

    /// The files that another means by a path of its own, whose last part may have a star. What begins at the root is of the
    /// machine that will run, not of this one.
    pub fn beside(&self, file: usize, path: &str) -> Vec<PathBuf> {
        if !self.is_of_disk || Path::new(path).has_root() || self.files[file].as_os_str() == STANDARD_INPUT {
            return Vec::new();
        }
        let path = self.path_from(file, path);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Vec::new();
        };
        let (before, after) = match name.split_once('*') {
            Some(parts) => parts,
            None => {
                return if matches!(self.host.kind(&path), Ok(Some(Kind::File | Kind::Link))) { vec![path] } else { Vec::new() };
            }
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let fits = |name: &str| name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
        let entries = self.host.entries(folder).unwrap_or_default().into_iter();
        entries
            .filter(|entry| entry.kind == Kind::File && fits(&entry.path))
            .map(|entry| plain(&folder.join(entry.path)))
            .collect()
    }

    /// The text of a file that is none of those that are judged.
    pub fn read_beside(&self, path: &Path, diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
        host::source(self.host, path, MAX_FILE_BYTES, diags)
    }

    pub fn read(&self, file: usize, diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
        if let Some(source) = self.kept.lock().expect("no thread panics with it").get(&file) {
            return Ok(source.clone());
        }
        host::source(self.host, &self.files[file], MAX_FILE_BYTES, diags)
    }

    /// A place that a finding points to, long after its text was judged. A file that is gone by now has no lines.
    pub fn span(&self, file: usize, start: u32, end: u32) -> Span {
        let mut recent = self.recent.lock().expect("no thread panics with it");
        let at = recent.iter().position(|(number, _)| *number == file).unwrap_or_else(|| {
            let gone = |_| Source::new(self.files[file].display().to_string(), "");
            let source = self.read(file, &mut Diagnostics::default()).unwrap_or_else(gone);
            recent.truncate(MOST_RECENT - 1);
            recent.insert(0, (file, Lines::of(&source)));
            0
        });
        recent[at].1.span(start, end)
    }

    fn keep(&self, file: usize, source: &Arc<Source>) {
        self.kept.lock().expect("no thread panics with it").insert(file, source.clone());
    }
}

/// Without steps to where one is, and without those that a step back undoes.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Adds the files below a folder that a person named.
fn walk(host: &dyn Host, folder: &Path, files: &mut Vec<PathBuf>, diags: &mut Diagnostics) {
    let before = files.len();
    let mut ignored = Ignored::default();
    ignored.learn_above(host, folder);
    descend(host, folder, &mut ignored, files, diags);
    if files.len() == before {
        let place = Span::new(&Source::new(folder.display().to_string(), ""), 0..0);
        diags.note(Code::Unrecognised, format!("{} has no YAML, JSON or TOML file", folder.display())).at(&place, "this folder");
    }
}

fn descend(host: &dyn Host, folder: &Path, ignored: &mut Ignored, files: &mut Vec<PathBuf>, diags: &mut Diagnostics) {
    let entries = match host.entries(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let place = Span::new(&Source::new(folder.display().to_string(), ""), 0..0);
            let message = format!("{} cannot be read: {}", folder.display(), words(&error));
            diags.error(Code::Unreadable, message).at(&place, "this folder");
            let _ = reported(diags);
            return;
        }
    };
    let known = ignored.learn(host, folder, &entries);
    for Listed { path: name, kind } in entries.iter().filter(|entry| !entry.path.starts_with('.')) {
        let path = folder.join(name);
        let is_folder = *kind == Kind::Folder;
        if ignored.has(&path, is_folder) {
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match kind {
            Kind::Folder => descend(host, &path, ignored, files, diags),
            Kind::File if EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()) => files.push(path),
            _ => {}
        }
    }
    ignored.forget(known);
}
