//! A machine for tests: files in a map, a clock that stands, and faults that come when asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::{Content, Found, Host, Kind, Listed, Lock, too_large};

/// The working folder is `/`, and relative paths are below it.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// After so many operations the process is dead: the next one is not done, or half, and none after it.
    pub dies_after: Option<usize>,
    /// So many bytes fit on the disk.
    pub room_bytes: Option<u64>,
    /// Nothing can be made, replaced or removed in these folders.
    pub read_only: BTreeSet<PathBuf>,
    /// These files get no second name, as no file does on FAT.
    pub unlinkable: BTreeSet<PathBuf>,
}

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<PathBuf, Item>,
    vars: BTreeMap<String, String>,
    clock_s: u64,
    passed: Duration,
    waited: Duration,
    faults: Faults,
    operations: usize,
    stamps: u64,
    locked: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Item {
    Folder,
    Link,
    /// The stamp tells a file that was made again from one that was left alone.
    File {
        content: Content,
        stamp: u64,
    },
}

impl Memory {
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Puts a file there, with the folders above it.
    pub fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = absolute(path.as_ref());
        let mut state = self.state();
        state.put_folders(path.parent().expect("a file is in a folder"));
        let content = Content { bytes: bytes.as_ref().to_vec(), executable: false };
        state.put_file(path, content);
    }

    /// Puts a symbolic link there. Where it leads to does not matter, for nothing follows it.
    pub fn put_link(&self, path: impl AsRef<Path>) {
        let path = absolute(path.as_ref());
        let mut state = self.state();
        state.put_folders(path.parent().expect("a link is in a folder"));
        state.items.insert(path, Item::Link);
    }

    pub fn set_var(&self, name: &str, value: &str) {
        self.state().vars.insert(name.into(), value.into());
    }

    pub fn set_clock(&self, seconds: u64) {
        self.state().clock_s = seconds;
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.state().passed += time;
    }

    /// From now on these things go wrong, and operations are counted from zero. Locks of the dead are free.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.faults = faults;
        state.operations = 0;
        state.locked = Arc::default();
    }

    pub fn operations(&self) -> usize {
        self.state().operations
    }

    /// How long this machine was made to wait.
    pub fn waited(&self) -> Duration {
        self.state().waited
    }

    /// Every file with its content.
    pub fn files(&self) -> BTreeMap<PathBuf, Content> {
        self.stamps().into_iter().map(|(path, (content, _))| (path, content)).collect()
    }

    /// Every file with its content and a number that is another one as soon as the file was made again.
    pub fn stamps(&self) -> BTreeMap<PathBuf, (Content, u64)> {
        let state = self.state();
        let files = state.items.iter().filter_map(|(path, item)| match item {
            Item::File { content, stamp } => Some((path.clone(), (content.clone(), *stamp))),
            _ => None,
        });
        files.collect()
    }

    pub fn folders(&self) -> BTreeSet<PathBuf> {
        let state = self.state();
        state.items.iter().filter(|(_, item)| matches!(item, Item::Folder)).map(|(path, _)| path.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the state")
    }

    /// Counts one operation, unless the process is dead by now.
    fn operate(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.operations += 1;
        if state.faults.dies_after.is_some_and(|last| state.operations > last) {
            return Err(io::Error::other("the process is dead"));
        }
        Ok(state)
    }
}

impl Host for Memory {
    fn var(&self, name: &str) -> Option<String> {
        self.state().vars.get(name).cloned()
    }

    fn working_folder(&self) -> io::Result<PathBuf> {
        Ok("/".into())
    }

    fn clock_s(&self) -> u64 {
        self.state().clock_s
    }

    fn elapsed(&self) -> Duration {
        let state = self.state();
        state.passed + state.waited
    }

    fn wait(&self, time: Duration) {
        self.state().waited += time;
    }

    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
        match self.look(path, limit_bytes)? {
            Found::File(content) => Ok(content.bytes),
            Found::Nothing => Err(ErrorKind::NotFound.into()),
            _ => Err(ErrorKind::IsADirectory.into()),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let folder = absolute(folder);
        let state = self.operate()?;
        let below = state.items.iter().filter(|(path, _)| **path != folder);
        let listed = below.filter_map(|(path, item)| {
            let path = path.strip_prefix(&folder).ok()?.to_str()?.to_string();
            Some(Listed { path, kind: item.kind() })
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort();
        Ok(listed)
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let listed = self.list(folder)?;
        Ok(listed.into_iter().filter(|entry| !entry.path.contains('/')).collect())
    }

    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Ok(self.operate()?.items.get(&absolute(path)).map(Item::kind))
    }

    fn look(&self, path: &Path, limit_bytes: u64) -> io::Result<Found> {
        match self.operate()?.items.get(&absolute(path)) {
            None => Ok(Found::Nothing),
            Some(Item::Folder) => Ok(Found::Folder),
            Some(Item::Link) => Ok(Found::Link),
            Some(Item::File { content, .. }) if content.bytes.len() as u64 > limit_bytes => Err(too_large(limit_bytes)),
            Some(Item::File { content, .. }) => Ok(Found::File(content.clone())),
        }
    }

    /// The same bytes each time: tests compare.
    fn random(&self, bytes: usize) -> io::Result<Vec<u8>> {
        Ok((0..bytes).map(|index| index as u8).collect())
    }

    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
        let path = absolute(path);
        let full = Content { bytes: bytes.to_vec(), executable };
        let half = Content { bytes: bytes[..bytes.len() / 2].to_vec(), executable };
        let alive = self.operate().map(drop);
        let mut state = self.state();
        if let Err(dead) = alive {
            if state.faults.dies_after.is_some_and(|last| state.operations == last + 1) && state.may_make(&path).is_ok() {
                state.put_file(path, half);
            }
            return Err(dead);
        }
        state.may_make(&path)?;
        if state.faults.room_bytes.is_some_and(|room| state.used_bytes() + bytes.len() as u64 > room) {
            state.put_file(path, half);
            return Err(ErrorKind::StorageFull.into());
        }
        state.put_file(path, full);
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let path = absolute(path);
        let mut state = self.operate()?;
        state.may_make(&path)?;
        state.items.insert(path, Item::Folder);
        Ok(())
    }

    fn make_private_folder(&self, path: &Path) -> io::Result<()> {
        self.make_folder(path)
    }

    fn make_folders(&self, path: &Path) -> io::Result<()> {
        let path = absolute(path);
        let above: Vec<&Path> = path.ancestors().filter(|above| above.parent().is_some()).collect();
        for folder in above.into_iter().rev() {
            match self.kind(folder)? {
                Some(Kind::Folder) => {}
                _ => self.make_folder(folder)?,
            }
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (absolute(from), absolute(to));
        let mut state = self.operate()?;
        state.may_change(&from)?;
        state.may_change(&to)?;
        if matches!(state.items.get(&to), Some(Item::Folder)) {
            return Err(ErrorKind::IsADirectory.into());
        }
        let item = state.items.remove(&from).ok_or(ErrorKind::NotFound)?;
        state.items.insert(to, item);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (absolute(from), absolute(to));
        let mut state = self.operate()?;
        if state.faults.unlinkable.contains(&from) {
            return Err(ErrorKind::Unsupported.into());
        }
        state.may_make(&to)?;
        let item = state.items.get(&from).cloned().ok_or(ErrorKind::NotFound)?;
        state.items.insert(to, item);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let path = absolute(path);
        let mut state = self.operate()?;
        state.may_change(&path)?;
        match state.items.get(&path) {
            None => Err(ErrorKind::NotFound.into()),
            Some(Item::Folder) => Err(ErrorKind::IsADirectory.into()),
            Some(_) => {
                state.items.remove(&path);
                Ok(())
            }
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let path = absolute(path);
        let mut state = self.operate()?;
        state.may_change(&path)?;
        if !matches!(state.items.get(&path), Some(Item::Folder)) {
            return Err(ErrorKind::NotADirectory.into());
        }
        if state.items.keys().any(|other| other.parent() == Some(&path)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        state.items.remove(&path);
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let path = absolute(path);
        let mut state = self.operate()?;
        if !state.items.contains_key(&path) {
            state.may_make(&path)?;
            state.put_file(path, Content { bytes: Vec::new(), executable: false });
        }
        if state.locked.swap(true, Ordering::SeqCst) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held(state.locked.clone()))))
    }
}

struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Item {
    fn kind(&self) -> Kind {
        match self {
            Item::Folder => Kind::Folder,
            Item::Link => Kind::Link,
            Item::File { .. } => Kind::File,
        }
    }
}

impl State {
    fn put_folders(&mut self, folder: &Path) {
        for above in folder.ancestors().filter(|above| above.parent().is_some()) {
            self.items.insert(above.into(), Item::Folder);
        }
    }

    fn put_file(&mut self, path: PathBuf, content: Content) {
        self.stamps += 1;
        let stamp = self.stamps;
        self.items.insert(path, Item::File { content, stamp });
    }

    fn may_make(&self, path: &Path) -> io::Result<()> {
        self.may_change(path)?;
        if self.items.contains_key(path) { Err(ErrorKind::AlreadyExists.into()) } else { Ok(()) }
    }

    fn may_change(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().ok_or(ErrorKind::PermissionDenied)?;
        if self.faults.read_only.contains(folder) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        match self.items.get(folder) {
            _ if folder.parent().is_none() => Ok(()),
            Some(Item::Folder) => Ok(()),
            Some(_) => Err(ErrorKind::NotADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn used_bytes(&self) -> u64 {
        let files = self.items.values().filter_map(|item| match item {
            Item::File { content, stamp } => Some((*stamp, content.bytes.len() as u64)),
            _ => None,
        });
        files.collect::<BTreeMap<u64, u64>>().values().sum()
    }
}

fn absolute(path: &Path) -> PathBuf {
    Path::new("/").join(path)
}
