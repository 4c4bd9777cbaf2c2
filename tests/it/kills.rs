//! A build that is killed leaves every file old or new, never half; the next one puts everything right. Two at once do
//! not mix.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::compiled;
use crate::determinism::Shuffle;

/// Kills in all, and folders that they are spread over: each folder has a life of its own.
const KILLS: usize = 500;
const FOLDERS: usize = 20;

/// Two lakehouses that differ in names, numbers of files and the content of all of them.
const LAKEHOUSES: [&str; 2] = [
    "lakehouse = { name = \"one\", owner = \"first\" }\ncomponents.prefect.enabled = false\n",
    "lakehouse = { name = \"two\", owner = \"second\" }\ncomponents.prefect.enabled = false\n\
     components.valkey.enabled = false\n[components.more]\nis = \"postgresql\"\n",
];

type Files = BTreeMap<String, Vec<u8>>;

/// What a folder holds that people would use; and what lakegen keeps for itself, by name.
fn read(folder: &Path) -> (Files, BTreeSet<String>) {
    let mut files = Files::new();
    let mut own = BTreeSet::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let path = entry.path().strip_prefix(folder).unwrap().display().to_string();
        match path.strip_prefix(".lakegen/") {
            Some(name) => drop(own.insert(name.to_owned())),
            None => drop(files.insert(path, fs::read(entry.path()).unwrap())),
        }
    }
    (files, own)
}

/// The two lakehouse files, what each makes, and how long that takes.
struct Ground {
    folder: tempfile::TempDir,
    made: [Files; 2],
    takes: Duration,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        for (index, text) in LAKEHOUSES.iter().enumerate() {
            fs::write(folder.path().join(format!("{index}.toml")), text).unwrap();
        }
        let mut ground = Ground { folder, made: Default::default(), takes: Duration::ZERO };
        for which in 0..2 {
            let out = ground.folder.path().join(format!("made{which}"));
            ground.build_whole(which, &out);
            ground.made[which] = read(&out).0;
        }
        let started = Instant::now();
        assert!(ground.start(0, &ground.folder.path().join("timed")).wait().unwrap().success());
        ground.takes = started.elapsed();
        let (one, two) = (&ground.made[0], &ground.made[1]);
        assert!(one.keys().any(|path| !two.contains_key(path)) && two.keys().any(|path| !one.contains_key(path)));
        ground
    }

    fn command(&self, which: usize, out: &Path) -> std::process::Command {
        let mut command = compiled::lakegen();
        command
            .args(["build", "--mode", "k3s-local", "--accept", "L0705", "--config"])
            .arg(self.folder.path().join(format!("{which}.toml")));
        // One thread: what counts is the disk, and other folders are at work.
        command.arg("--out").arg(out).env("RAYON_NUM_THREADS", "1").stdin(Stdio::null());
        command
    }

    /// A build that nobody disturbs: it succeeds, and has nothing to complain of.
    fn build_whole(&self, which: usize, out: &Path) {
        let ran = compiled::run(&mut self.command(which, out));
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(!said.contains("warning") && !said.contains("error"), "{said}");
    }

    /// One that may be killed. To judge comes before the disk, and is not what this is about.
    fn start(&self, which: usize, out: &Path) -> Child {
        self.command(which, out).arg("--unjudged").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Every file is one of the two lakehouses' in whole.
    fn assert_whole(&self, out: &Path, context: &str) {
        let (files, _) = read(out);
        for (path, bytes) in &files {
            let is_whole = self.made.iter().any(|made| made.get(path) == Some(bytes));
            assert!(is_whole, "{context}: {path} is neither old nor new:\n{}", String::from_utf8_lossy(bytes));
        }
        let kept = self.made[0].iter().filter(|(path, bytes)| self.made[1].get(*path) == Some(bytes));
        for (path, _) in kept {
            assert!(files.is_empty() || files.contains_key(path), "{context}: {path} is in both and was lost");
        }
    }

    fn assert_is(&self, which: usize, out: &Path, context: &str) {
        let (files, own) = read(out);
        let difference: Vec<&String> = files.keys().filter(|path| !self.made[which].contains_key(*path)).collect();
        assert!(files == self.made[which], "{context}: left over {difference:?}, or other content");
        assert_eq!(own.len(), 3, "{context}: {own:?}");
    }
}

/// Kills a build at a random moment: one time in four anywhere, else from the moment on when it begins to write.
fn kill(child: &mut Child, out: &Path, takes: Duration, shuffle: &mut Shuffle) -> bool {
    let share = |whole: Duration, shuffle: &mut Shuffle| whole.mul_f64(shuffle.below(1_000) as f64 / 1_000.0);
    if shuffle.below(4) == 0 {
        std::thread::sleep(share(takes, shuffle));
    } else {
        let stage = out.join(".lakegen/stage");
        while !stage.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(50));
        }
        // Staging takes a few milliseconds, the renaming after it less than one.
        let window = [400, 2_000, 8_000][shuffle.below(3)];
        std::thread::sleep(share(Duration::from_micros(window), shuffle));
    }
    let was_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_running
}

#[test]
fn killed_builds_leave_whole_files() {
    let seed = std::env::var("LAKEGEN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20);
    let ground = Ground::new();
    let counted = (0..FOLDERS).into_par_iter().map(|index| {
        let mut shuffle = Shuffle::new(seed * 1_000 + index as u64);
        let out = ground.folder.path().join(format!("out{index}"));
        let (mut hit, mut between, mut holds) = (0, 0, 0);
        ground.build_whole(holds, &out);
        for round in 0..KILLS / FOLDERS {
            let context = format!("seed {seed}, folder {index}, kill {round}");
            let mut child = ground.start(1 - holds, &out);
            hit += usize::from(kill(&mut child, &out, ground.takes, &mut shuffle));
            ground.assert_whole(&out, &context);
            let files = read(&out).0;
            between += usize::from(ground.made.iter().all(|made| *made != files));
            // Now and then the next build is let through: sometimes the same lakehouse, sometimes the other.
            if shuffle.below(4) == 0 {
                holds = shuffle.below(2);
                ground.build_whole(holds, &out);
                ground.assert_is(holds, &out, &context);
            }
        }
        ground.build_whole(1 - holds, &out);
        ground.assert_is(1 - holds, &out, &format!("seed {seed}, folder {index}, at the end"));
        (hit, between)
    });
    let (hit, between) = counted.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    eprintln!("seed {seed}: {KILLS} kills, {hit} hit a running build, {between} left a folder between old and new");
    assert!(hit > KILLS / 3, "only {hit} kills came before the end: LAKEGEN_SEED={seed}");
    // How many fall between two files is luck; tests/it/tree.rs lets a write die at each of its operations in turn.
}

#[test]
fn two_builds_at_once_do_not_mix() {
    let ground = Ground::new();
    (0..8).into_par_iter().for_each(|index| {
        let out: PathBuf = ground.folder.path().join(format!("both{index}"));
        let mut children = [0, 1, 0, 1].map(|which| ground.start(which, &out));
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        let (files, own) = read(&out);
        assert!(ground.made.contains(&files), "the folder {index} holds neither the one nor the other");
        assert_eq!(own.len(), 3, "{own:?}");
    });
}
