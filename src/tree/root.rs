//! The output folder, and the names of what lakegen keeps in it for itself.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::host::{Host, Kind, reported, words};
use crate::source::{Source, Span};

pub(super) const OURS: &str = ".lakegen";
pub(super) const LOCK: &str = ".lakegen/lock";
pub(super) const MANIFEST: &str = ".lakegen/manifest.json";
pub(super) const IGNORE: &str = ".lakegen/.gitignore";
pub(super) const STAGE: &str = ".lakegen/stage";
/// More than any file of ours has; a larger one is not compared.
pub(super) const LIMIT_BYTES: u64 = 256 << 20;

#[derive(Clone, Copy)]
pub(super) struct Root<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) path: &'a Path,
}

impl Root<'_> {
    pub(super) fn join(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    pub(super) fn name(&self, path: &str) -> String {
        self.join(path).display().to_string()
    }

    /// A place for a finding about a whole file.
    pub(super) fn span(&self, path: &str) -> Span {
        Span::new(&Source::new(self.name(path), ""), 0..0)
    }

    /// Whether there may be anything of anybody in it.
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.host.kind(self.path), Ok(None))
    }

    /// Whether lakegen has written here before.
    pub(super) fn is_known(&self, diags: &mut Diagnostics) -> Result<bool, Reported> {
        match self.host.kind(&self.join(OURS)) {
            Ok(None) => Ok(false),
            Ok(Some(Kind::Folder)) => Ok(true),
            Ok(Some(_)) => {
                let message = format!("{} is not a folder of its own", self.name(OURS));
                diags.error(Code::UnsafePath, message).at(&self.span(OURS), "lakegen keeps its records in a folder of this name");
                Err(reported(diags))
            }
            Err(error) => Err(self.unreadable(OURS, &error, diags)),
        }
    }

    pub(super) fn unreadable(&self, path: &str, error: &io::Error, diags: &mut Diagnostics) -> Reported {
        let message = format!("{} cannot be compared: {}", self.name(path), words(error));
        diags.error(Code::CannotWrite, message).at(&self.span(path), "nothing was written").help(remedy(error));
        reported(diags)
    }

    pub(super) fn unwritable<'d>(&self, path: &str, error: &io::Error, diags: &'d mut Diagnostics) -> &'d mut Diagnostic {
        let message = format!("{} cannot be written: {}", self.name(path), words(error));
        diags.error(Code::CannotWrite, message).at(&self.span(path), "this file or folder").help(remedy(error))
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => "make room, then run lakegen again",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "give yourself the right to write there, or take another folder with --out"
        }
        _ => "mend this, or take another folder with --out",
    }
}
