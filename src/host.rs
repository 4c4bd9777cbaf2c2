//! The only door to disk, environment and clock: questions about the machine in, answers or the system's own words out.

mod date;
mod disk;
mod memory;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use date::{Date, today};
pub use disk::Disk;
pub use memory::{Faults, Memory};

use crate::diagnostic::{Code, Diagnostics, Reported, lower_first};
use crate::source::{Source, Span};

/// What a stage may ask of the machine. `Disk` is the real one, `Memory` the one of the tests.
pub trait Host: Sync {
    fn var(&self, name: &str) -> Option<String>;
    fn working_folder(&self) -> io::Result<PathBuf>;
    /// Seconds since 1970.
    fn clock_s(&self) -> u64;
    /// Since some moment of this run; it never goes back. Only what is shown to a person who waits depends on it.
    fn elapsed(&self) -> Duration;
    fn wait(&self, time: Duration);
    /// Bytes that nobody can guess.
    fn random(&self, bytes: usize) -> io::Result<Vec<u8>>;

    /// The content of what a person named; links are followed.
    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>>;
    /// All that is in a folder and its folders, sorted by path; links are listed, never followed.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
    /// What lies in a folder itself, sorted by name; links are listed, never followed.
    fn entries(&self, folder: &Path) -> io::Result<Vec<Listed>>;
    /// What is at a path; links are not followed.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;
    /// Like `kind`, and with the content of a file. What is read is the file that was there, never one behind a link.
    fn look(&self, path: &Path, limit_bytes: u64) -> io::Result<Found>;

    /// Makes a file that must not exist yet.
    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()>;
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder that nobody else can enter.
    fn make_private_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder and those above it, as far as they are missing.
    fn make_folders(&self, path: &Path) -> io::Result<()>;
    /// Puts a file in the place of another, or of none, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Takes the lock that a file stands for, if no other process holds it. Dropping it, or dying, gives it back.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

pub type Lock = Box<dyn Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    File,
    Folder,
    Link,
    /// A pipe, a socket, a device.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    File(Content),
    Folder,
    Link,
    Other,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// One entry of a folder, its path relative to that folder and with `/` between its parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub path: String,
    pub kind: Kind,
}

/// Reads a text that a person named.
pub fn source(host: &dyn Host, path: &Path, limit_bytes: u64, diags: &mut Diagnostics) -> Result<Arc<Source>, Reported> {
    let name = path.display().to_string();
    let problem = match host.read(path, limit_bytes).map(String::from_utf8) {
        Ok(Ok(text)) => return Ok(Source::new(name, text)),
        Ok(Err(_)) => "it is not UTF-8 text".to_string(),
        Err(error) => words(&error),
    };
    let place = Span::new(&Source::new(name.clone(), ""), 0..0);
    diags.error(Code::Unreadable, format!("{name} cannot be read: {problem}")).at(&place, "this file");
    Err(reported(diags))
}

/// The proof that an error was just told.
pub(crate) fn reported(diags: &Diagnostics) -> Reported {
    diags.checkpoint().expect_err("the caller has just reported an error")
}

/// Looks for a file in the working folder and the folders above it; names it as it is reached from here.
pub fn find_upwards(host: &dyn Host, name: &str) -> Option<PathBuf> {
    let folder = host.working_folder().ok()?;
    let is_there = |above: &Path| matches!(host.kind(&above.join(name)), Ok(Some(Kind::File | Kind::Link)));
    let steps = folder.ancestors().position(is_there)?;
    Some(std::iter::repeat_n(Path::new(".."), steps).chain([Path::new(name)]).collect())
}

/// The system's own words, without its number.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    lower_first(text.split(" (os error").next().unwrap_or(&text))
}

fn too_large(limit_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than the limit of {limit_bytes} bytes"))
}
