//! The real machine: calls of the standard library, with care for links.
#![expect(clippy::disallowed_methods, reason = "this file is the door")]

use std::fs::{self, File, FileType, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use walkdir::WalkDir;

use super::{Content, Found, Host, Kind, Listed, Lock, too_large};

#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Host for Disk {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn working_folder(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn clock_s(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn elapsed(&self) -> Duration {
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGIN.elapsed()
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        contents(&file, &file.metadata()?, limit_bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        walked(folder, WalkDir::new(folder))
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        walked(folder, WalkDir::new(folder).max_depth(1))
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Ok(seen(path)?.map(|metadata| kind(metadata.file_type())))
    }

    fn look(&self, path: &Path, limit_bytes: u64) -> io::Result<Found> {
        let Some(metadata) = seen(path)? else { return Ok(Found::Nothing) };
        match kind(metadata.file_type()) {
            Kind::Folder => return Ok(Found::Folder),
            Kind::Link => return Ok(Found::Link),
            Kind::Other => return Ok(Found::Other),
            Kind::File => {}
        }
        let file = File::open(path)?;
        if !same_file(&metadata, &file.metadata()?) {
            return Err(io::Error::other("it was replaced while it was read"));
        }
        Ok(Found::File(Content { bytes: contents(&file, &metadata, limit_bytes)?, executable: is_executable(&metadata) }))
    }

    fn random(&self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut random = vec![0; bytes];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        Ok(random)
    }

    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
        let mut file = with_mode(OpenOptions::new().write(true).create_new(true), executable).open(path)?;
        if is_masked(&file, executable)? {
            set_mode(&file, executable)?;
        }
        file.write_all(bytes)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn make_private_folder(&self, path: &Path) -> io::Result<()> {
        private(&mut fs::DirBuilder::new()).create(path)
    }

    fn make_folders(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        if !matches!(self.kind(path)?, None | Some(Kind::File)) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a plain file"));
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Some network file systems have no locks; there two builds at once are for the user to avoid.
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => return Err(error),
            _ => {}
        }
        // A `git clean` may have removed the file since, and another run may hold the lock of a new one.
        let still_there = seen(path)?.is_some_and(|now| file.metadata().is_ok_and(|mine| same_file(&now, &mine)));
        Ok(still_there.then(|| Box::new(file) as Lock))
    }
}

fn walked(folder: &Path, walk: WalkDir) -> io::Result<Vec<Listed>> {
    let entries = walk.min_depth(1).into_iter();
    let mut listed = entries
        .map(|entry| entry.map_err(io::Error::from).and_then(|entry| relative(folder, &entry)))
        .collect::<io::Result<Vec<Listed>>>()?;
    listed.sort();
    Ok(listed)
}

/// Without room for all that is expected, it would be read in many small pieces.
fn contents(file: &File, expected: &Metadata, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected.len().min(limit_bytes) as usize + 1);
    file.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes { Err(too_large(limit_bytes)) } else { Ok(bytes) }
}

fn seen(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn kind(of: FileType) -> Kind {
    match of {
        of if of.is_symlink() => Kind::Link,
        of if of.is_dir() => Kind::Folder,
        of if of.is_file() => Kind::File,
        _ => Kind::Other,
    }
}

fn relative(folder: &Path, entry: &walkdir::DirEntry) -> io::Result<Listed> {
    let below = entry.path().strip_prefix(folder).expect("walkdir stays in its folder");
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    let named = || io::Error::new(ErrorKind::InvalidData, format!("the name of {} is not UTF-8", entry.path().display()));
    Ok(Listed { path: parts.ok_or_else(named)?.join("/"), kind: kind(entry.file_type()) })
}

#[cfg(unix)]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

/// The same under any umask: what is mounted into a container is read by a user who is not ours.
#[cfg(unix)]
fn mode(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

#[cfg(unix)]
fn with_mode(options: &mut OpenOptions, executable: bool) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, mode(executable))
}

/// Whether the umask took something: to ask costs less than to set it each time.
#[cfg(unix)]
fn is_masked(file: &File, executable: bool) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o7777 != mode(executable))
}

#[cfg(unix)]
fn set_mode(file: &File, executable: bool) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode(executable)))
}

#[cfg(unix)]
fn private(builder: &mut fs::DirBuilder) -> &mut fs::DirBuilder {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700)
}

#[cfg(not(unix))]
fn private(builder: &mut fs::DirBuilder) -> &mut fs::DirBuilder {
    builder
}

#[cfg(not(unix))]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    (a.created().ok(), a.len()) == (b.created().ok(), b.len())
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn with_mode(options: &mut OpenOptions, _: bool) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn is_masked(_: &File, _: bool) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}
