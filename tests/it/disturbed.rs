//! Builds on a machine that misbehaves: folders that become links under them, clocks that jump, thousands of files, values
//! without measure.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use lakegen::diagnostic::Diagnostics;
use lakegen::host::{Disk, Found, Host, Kind, Listed, Lock};
use lakegen::tree::{File, Overwrite, Summary, Tree};

use crate::compiled;

fn tree(files: impl IntoIterator<Item = (String, String)>) -> Tree {
    let file = |(path, text): (String, String)| File { path, bytes: text.into_bytes(), executable: false };
    Tree::new(files.into_iter().map(file).collect(), &mut Diagnostics::default()).unwrap()
}

fn write(host: &dyn Host, root: &Path, tree: &Tree) -> Result<Summary, String> {
    let mut diags = Diagnostics::default();
    let result = tree.write(host, root, Overwrite::Ours, &mut |_| {}, &mut diags);
    result.map_err(|_| compiled::told(&diags).join("; "))
}

/// The disk, on which somebody does something at the moment when the first file is made.
struct Meddled<F: Fn() + Sync> {
    meddle: F,
    once: Once,
}

impl<F: Fn() + Sync> Host for Meddled<F> {
    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
        self.once.call_once(&self.meddle);
        Disk.create(path, bytes, executable)
    }

    fn var(&self, name: &str) -> Option<String> {
        Disk.var(name)
    }
    fn working_folder(&self) -> io::Result<PathBuf> {
        Disk.working_folder()
    }
    fn clock_s(&self) -> u64 {
        Disk.clock_s()
    }
    fn elapsed(&self) -> Duration {
        Disk.elapsed()
    }
    fn wait(&self, time: Duration) {
        Disk.wait(time);
    }
    fn random(&self, bytes: usize) -> io::Result<Vec<u8>> {
        Disk.random(bytes)
    }
    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
        Disk.read(path, limit_bytes)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        Disk.list(folder)
    }
    fn entries(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        Disk.entries(folder)
    }
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        Disk.kind(path)
    }
    fn look(&self, path: &Path, limit_bytes: u64) -> io::Result<Found> {
        Disk.look(path, limit_bytes)
    }
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        Disk.make_folder(path)
    }
    fn make_private_folder(&self, path: &Path) -> io::Result<()> {
        Disk.make_private_folder(path)
    }
    fn make_folders(&self, path: &Path) -> io::Result<()> {
        Disk.make_folders(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.link(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Disk.remove_file(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)
    }
    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        Disk.try_lock(path)
    }
}

#[test]
fn a_folder_that_becomes_a_link_during_a_build_is_not_followed() {
    let old = tree([("a/x".into(), "old".into()), ("b/y".into(), "old".into()), ("b/deep/z".into(), "old".into())]);
    let new = tree([
        ("a/x".into(), "new".into()),
        ("b/y".into(), "new".into()),
        ("b/deep/z".into(), "new".into()),
        ("b/more".into(), "new".into()),
    ]);
    for taken in ["b", "b/deep"] {
        let folder = tempfile::tempdir().unwrap();
        let (root, aside, outside) = (folder.path().join("root"), folder.path().join("aside"), folder.path().join("outside"));
        write(&Disk, &root, &old).unwrap();
        fs::create_dir_all(outside.join("deep")).unwrap();
        for path in ["y", "z", "deep/z"] {
            fs::write(outside.join(path), "theirs").unwrap();
        }
        let meddle = || {
            fs::rename(root.join(taken), &aside).unwrap();
            symlink(&outside, root.join(taken)).unwrap();
        };
        let said = write(&Meddled { meddle, once: Once::new() }, &root, &new).expect_err("a folder is a link");
        assert!(said.contains("is no longer a folder"), "{taken}: {said}");
        for path in ["y", "z", "deep/z"] {
            assert_eq!(fs::read_to_string(outside.join(path)).unwrap(), "theirs", "{taken}: {path}");
        }
        assert!(!outside.join("more").exists(), "{taken}: a file was made outside");

        // Put right again, all of it is as it was, and the next build takes.
        fs::remove_file(root.join(taken)).unwrap();
        fs::rename(&aside, root.join(taken)).unwrap();
        for path in ["a/x", "b/y", "b/deep/z"] {
            assert_eq!(fs::read_to_string(root.join(path)).unwrap(), "old", "{taken}: {path}");
        }
        assert_eq!(write(&Disk, &root, &new).unwrap(), Summary { written: 4, unchanged: 0, removed: 0 });
    }
}

#[test]
fn ten_thousand_files_come_stay_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let all = tree((0..10_000).map(|n| (format!("{}/{}/{n}.yaml", n % 7, n % 100), format!("n: {n}\n"))));
    assert_eq!(write(&Disk, &root, &all).unwrap(), Summary { written: 10_000, unchanged: 0, removed: 0 });
    assert_eq!(write(&Disk, &root, &all).unwrap(), Summary { written: 0, unchanged: 10_000, removed: 0 });
    let one = tree([("0/0/0.yaml".into(), "n: 0\n".into())]);
    assert_eq!(write(&Disk, &root, &one).unwrap(), Summary { written: 0, unchanged: 1, removed: 9_999 });
    assert_eq!(fs::read_dir(&root).unwrap().count(), 2, "one folder, and lakegen's own");
}

/// What the time of a file or of the machine says is never asked: neither makes a file new, nor keeps an old one.
#[test]
fn a_clock_that_jumps_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let build = |epoch: u64| {
        let mut command = compiled::lakegen();
        command.current_dir(folder.path()).env("SOURCE_DATE_EPOCH", epoch.to_string());
        String::from_utf8(compiled::run(command.args(["build", "--mode", "compose", "--out"]).arg(&out)).stderr).unwrap()
    };
    fs::write(folder.path().join("lakehouse.toml"), compiled::OWN).unwrap();
    build(1_750_000_000);
    let files = || {
        let entries = walkdir::WalkDir::new(&out).sort_by_file_name().into_iter().map(Result::unwrap);
        entries
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| (entry.path().to_owned(), fs::read(entry.path()).unwrap()))
            .collect::<Vec<_>>()
    };
    let first = files();
    assert!(first.len() > 10);
    for (epoch, stamp) in
        [(0, SystemTime::UNIX_EPOCH), (4_102_444_800, SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800))]
    {
        for (path, _) in &first {
            fs::File::options().write(true).open(path).unwrap().set_modified(stamp).unwrap();
        }
        build(epoch);
        assert_eq!(files(), first, "the day {epoch}");
        for (path, _) in first.iter().filter(|(path, _)| !path.components().any(|part| part.as_os_str() == ".lakegen")) {
            assert_eq!(fs::metadata(path).unwrap().modified().unwrap(), stamp, "{} was made again", path.display());
        }
        // A changed file is seen, however old it says it is.
        let (changed, _) = first.iter().find(|(path, _)| path.ends_with("docker-compose.yaml")).unwrap();
        fs::remove_file(changed).unwrap();
        build(epoch);
        assert_eq!(files(), first, "the day {epoch}");
    }
}

#[test]
fn values_without_measure_are_refused_or_taken_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let build = |text: &str| {
        fs::write(folder.path().join("lakehouse.toml"), text).unwrap();
        compiled::lakegen().current_dir(folder.path()).args(["build", "--mode", "compose", "--out"]).arg(&out).output().unwrap()
    };
    assert!(build(compiled::OWN).status.success());
    let before = fs::read(out.join("docker-compose.yaml")).unwrap();
    let of_lake = |rest: &str| format!("[lakehouse]\nname = \"lake\"\n{rest}");
    let long = "x".repeat(1 << 18);
    let refused = [
        format!("[lakehouse]\nname = \"{long}\"\n"),
        of_lake(&format!("{long} = 1\n")),
        of_lake("[components.prefect]\nreplicas = 9223372036854775807\n"),
        of_lake("[components.prefect]\nreplicas = 9223372036854775808\n"),
        of_lake("[components.prefect]\nreplicas = -9223372036854775808\n"),
        of_lake("[components.valkey]\nstorage = \"1e999GiB\"\n"),
        of_lake(&format!("x = {}1{}\n", "[".repeat(20_000), "]".repeat(20_000))),
        of_lake(&format!("{}\n", "a.".repeat(20_000) + "b = 1")),
        of_lake(&(0..2_000).map(|n| format!("[components.c{n}]\n")).collect::<String>()),
    ];
    for text in refused {
        let ran = build(&text);
        let shown = text.chars().take(120).collect::<String>();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(
            ran.status.code().is_some_and(|code| code == 1 || code == 2),
            "{shown}: {} {}",
            ran.status,
            &said[..said.len().min(2000)]
        );
        assert!(said.contains("error[L"), "{shown}: {}", &said[..said.len().min(2000)]);
        assert_eq!(fs::read(out.join("docker-compose.yaml")).unwrap(), before, "{shown}: the old output is gone");
    }
    // What has no measure of its own is taken as it is.
    let ran = build(&format!("{}\n[components.prefect]\nlabels = {{ note = \"{}\" }}\n", of_lake(""), "x".repeat(200_000)));
    assert!(ran.status.code().is_some_and(|code| code < 3), "{}", ran.status);
}
