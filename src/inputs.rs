//! The paths of a command line in, the texts of the files that they mean out: folders are walked, what git ignores is left out.

mod gitignore;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{self, Host, Kind, Listed, reported, words};
use crate::source::{Source, Span};
use gitignore::Ignored;

/// What a folder is searched for.
const EXTENSIONS: [&str; 4] = ["yaml", "yml", "json", "toml"];
/// A file may have so many bytes: one stream of a hundred thousand objects has a tenth of it.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// Standard input is told by this name.
pub const STANDARD_INPUT: &str = "-";

/// The files that are judged, in the order they were named. A text is read when it is looked at, and dropped thereafter.
pub struct Inputs<'h> {
    host: &'h dyn Host,
    pub files: Vec<PathBuf>,
    /// Those that a person named, not the folder they lie in.
    named: BTreeSet<usize>,
    /// What cannot be read a second time, and what findings that come late point into.
    kept: Mutex<BTreeMap<usize, Arc<Source>>>,
}

impl<'h> Inputs<'h> {
    /// `standard_input` is asked once where a path is `-`.
    pub fn gather(
        host: &'h dyn Host,
        paths: &[PathBuf],
        standard_input: &dyn Fn(&mut Diagnostics) -> Result<Arc<Source>, Reported>,
        diags: &mut Diagnostics,
    ) -> Result<Inputs<'h>, Reported> {
        let mut inputs = Inputs { host, files: Vec::new(), named: BTreeSet::new(), kept: Mutex::default() };
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
        Inputs { host, files, named: BTreeSet::new(), kept: Mutex::new(kept) }
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

    pub fn read(&self, file: usize, diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
        if let Some(source) = self.kept.lock().expect("no thread panics with it").get(&file) {
            return Ok(source.clone());
        }
        host::source(self.host, &self.files[file], MAX_FILE_BYTES, diags)
    }

    /// The text that a finding points into, long after it was judged. A file that is gone by now has no lines.
    pub fn source(&self, file: usize) -> Arc<Source> {
        let gone = |_| Source::new(self.files[file].display().to_string(), "");
        let source = self.read(file, &mut Diagnostics::default()).unwrap_or_else(gone);
        self.keep(file, &source);
        source
    }

    fn keep(&self, file: usize, source: &Arc<Source>) {
        self.kept.lock().expect("no thread panics with it").insert(file, source.clone());
    }
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
