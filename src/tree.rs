//! The output tree: files in; a folder that holds them, and nothing else of ours, or what differs there, out.
//!
//! A process that is killed leaves every file old or new, never half: new content is staged in `.lakegen/stage`, on the same
//! file system, and renamed into place. Nothing is synced, so this is no promise about a machine that loses its power.

mod folders;
mod lock;
mod manifest;
mod paths;
mod plan;
mod root;
mod survey;
mod swap;
mod unified;

use std::path::Path;

pub(crate) use paths::{Paths, RENAME, problem as path_problem};
pub use unified::unified;

use crate::diagnostic::{Code, Diagnostics, Reported};
use crate::host::{Content, Host, reported};
use manifest::Manifest;
use root::Root;
use survey::Survey;

/// One file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the root, with `/` between its parts.
    pub path: String,
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// Files whose paths are proven fit for a folder, sorted by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    files: Vec<File>,
}

/// Which files may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Those that lakegen wrote, as it wrote them.
    Ours,
    /// Those of others and those changed by hand too (`--force`).
    Anything,
}

/// How many files were handled, by what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub written: usize,
    pub unchanged: usize,
    pub removed: usize,
}

/// A file that is not on disk as it would be written. One of the sides is there, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub on_disk: Option<Content>,
    pub generated: Option<Content>,
}

impl Tree {
    pub fn new(mut files: Vec<File>, diags: &mut Diagnostics) -> Result<Tree, Reported> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        paths::check(files.iter().map(|file| file.path.as_str()), diags)?;
        Ok(Tree { files })
    }

    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Makes the folder hold these files and none that lakegen wrote there before. `tell` hears when that has to wait.
    pub fn write(
        &self,
        host: &dyn Host,
        root: &Path,
        overwrite: Overwrite,
        tell: &mut dyn FnMut(&str),
        diags: &mut Diagnostics,
    ) -> Result<Summary, Reported> {
        let root = Root { host, path: root };
        if root.is_there() && !root.is_known(diags)? {
            // Asked before the first byte, so that a refusal leaves not even a lock in a folder we never wrote to.
            self.survey(&root, overwrite, diags)?;
        }
        let _lock = lock::take(&root, tell, diags)?;
        let survey = self.survey(&root, overwrite, diags)?;
        survey.warn_of_kept(&root, diags);
        let plan = plan::plan(&root, &survey, diags)?;
        swap::swap(&root, &plan, diags)?;
        Ok(survey.summary())
    }

    /// The files of the folder that are ours and that it does not have; none where that cannot be known, of which `write` tells.
    pub fn gone(&self, host: &dyn Host, root: &Path) -> Vec<String> {
        let known = Manifest::read(&Root { host, path: root }, Overwrite::Ours, &mut Diagnostics::default());
        let is_gone = |path: &String| self.files.binary_search_by(|file| file.path.as_str().cmp(path)).is_err();
        known.map_or(Vec::new(), |manifest| manifest.hashes.into_keys().filter(is_gone).collect())
    }

    /// What `write` would change, sorted by path; writes nothing, not even a lock.
    pub fn diff(&self, host: &dyn Host, root: &Path, diags: &mut Diagnostics) -> Result<Vec<Difference>, Reported> {
        let root = Root { host, path: root };
        let manifest = Manifest::read(&root, Overwrite::Ours, diags)?;
        let survey = survey::survey(&root, &self.files, manifest, diags)?;
        survey.refuse(&root, Overwrite::Anything, diags)?;
        survey.warn_of_kept(&root, diags);
        Ok(survey.into_differences())
    }

    /// Whether nothing of it is on disk.
    pub fn is_absent(&self, differences: &[Difference]) -> bool {
        let missing = differences.iter().filter(|difference| difference.on_disk.is_none());
        missing.count() == self.files.len() && differences.len() == self.files.len()
    }

    fn survey(&self, root: &Root<'_>, overwrite: Overwrite, diags: &mut Diagnostics) -> Result<Survey<'_>, Reported> {
        let manifest = Manifest::read(root, overwrite, diags)?;
        let survey = survey::survey(root, &self.files, manifest, diags)?;
        survey.refuse(root, overwrite, diags)?;
        Ok(survey)
    }
}

/// Reports that nothing of a tree is in its folder.
pub fn report_absent(root: &Path, differences: &[Difference], diags: &mut Diagnostics) -> Result<(), Reported> {
    let message = format!("none of {} files is in {} yet", differences.len(), root.display());
    diags.error(Code::Differs, message).help("the same command without --check makes them");
    Err(reported(diags))
}

/// Reports that a folder differs, as one finding that lists its files.
pub fn report(root: &Path, differences: &[Difference], diags: &mut Diagnostics) -> Result<(), Reported> {
    if differences.is_empty() {
        return Ok(());
    }
    let count = match differences.len() {
        1 => "1 file differs".to_string(),
        many => format!("{many} files differ"),
    };
    let message = format!("{count} in {} from what lakegen would write", root.display());
    let error = diags.error(Code::Differs, message).help("run `lakegen build` again and commit what it writes");
    for difference in differences {
        error.note(format!("{}: {}", difference.word(), difference.path));
    }
    Err(reported(diags))
}

impl Difference {
    fn word(&self) -> &'static str {
        match (&self.on_disk, &self.generated) {
            (None, _) => "missing",
            (_, None) => "no longer generated",
            (Some(old), Some(new)) if old.bytes == new.bytes => "executable or not",
            _ => "changed",
        }
    }
}
