//! The same input gives the same bytes: two hundred builds under conditions that must not matter, by the real binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use tempfile::TempDir;

use crate::compiled::{self, MODES};

const RUNS: usize = 200;

type Files = Vec<(String, Vec<u8>)>;

const LAKEHOUSE: &str = r#"
[lakehouse]
name = "same"
owner = "data@example.com"
domain = "lake.example.com"

[components.trino]

[components.prefect.labels]
team = "data"
cost_centre = "$4711"

[profile.production.components.prefect]
replicas = 4

[profile.production.k3s]
storage_class = "fast"
"#;

const SETS: [&str; 5] = [
    "components.postgresql.max_connections=300",
    "components.valkey.memory=\"2GiB\"",
    "components.prefect.labels.extra=\"one\"",
    "components.prefect.pools.general.workers=7",
    "k3s.edge_class=\"nginx\"",
];

/// Numbers that look random and are the same in every run of the tests.
pub struct Shuffle(u64);

impl Shuffle {
    pub fn new(seed: u64) -> Shuffle {
        Shuffle(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut items = items.to_vec();
        (1..items.len()).rev().for_each(|i| items.swap(i, self.below(i + 1)));
        items
    }
}

/// The places of one run: all its paths differ from every other run's.
struct Place {
    folder: TempDir,
    catalog: PathBuf,
}

impl Place {
    /// A catalog folder whose files were made in an order of their own, so that the file system lists them in another.
    fn new(shuffle: &mut Shuffle) -> Place {
        let folder = tempfile::Builder::new().prefix("lakegen é ").tempdir().unwrap();
        let catalog = folder.path().join("catalog");
        for (path, bytes) in shuffle.shuffled(&files(&compiled::tests().join("catalogs/trino"))) {
            let to = catalog.join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, bytes).unwrap();
        }
        fs::create_dir_all(folder.path().join("deep/er")).unwrap();
        fs::write(folder.path().join("lakehouse.toml"), LAKEHOUSE).unwrap();
        Place { folder, catalog }
    }

    /// lakegen under conditions drawn by lot.
    fn command(&self, shuffle: &mut Shuffle) -> Command {
        let mut command = Command::new("/bin/sh");
        let mask = shuffle.pick(&["022", "077", "002", "027"]);
        command.args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_lakegen")).env_clear();
        let threads = shuffle.pick(&["1", "2", "3", "8", "0"]);
        let locale = shuffle.pick(&["C", "en_US.UTF-8", "tr_TR.UTF-8", "ja_JP.SJIS", "none"]);
        let zone = shuffle.pick(&["UTC", "Pacific/Kiritimati", "America/St_Johns", ":/nowhere"]);
        let epoch = shuffle.pick(&["0", "1700000000", "4102444800"]);
        let home = self.folder.path().join(shuffle.pick(&["", "deep", "missing"])).display().to_string();
        let columns = shuffle.pick(&["1", "80", "400"]);
        let variables = [
            ("RAYON_NUM_THREADS", threads),
            ("LC_ALL", locale),
            ("LANG", locale),
            ("TZ", zone),
            ("HOME", &home),
            ("USER", zone),
            ("SOURCE_DATE_EPOCH", epoch),
            ("COLUMNS", columns),
            ("TMPDIR", &home),
            ("HOSTNAME", threads),
        ];
        command.envs(shuffle.shuffled(&variables));
        command.current_dir(self.folder.path().join(shuffle.pick(&["", "deep", "deep/er"])));
        command.args(["build", "--quiet", "--profile", "production", "--catalog"]).arg(&self.catalog);
        if shuffle.below(2) == 0 {
            command.arg("--config").arg(self.folder.path().join("lakehouse.toml"));
        }
        for set in shuffle.shuffled(&SETS) {
            command.args(["--set", set]);
        }
        // To judge takes longer than to build, and few who do it show whether it matters.
        if shuffle.below(8) != 0 {
            command.arg("--unjudged");
        }
        command
    }
}

/// Every file below a folder, sorted by its path.
fn files(folder: &Path) -> Files {
    let mut found: Files = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.path().strip_prefix(folder).unwrap().display().to_string(), fs::read(entry.path()).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn conditions_do_not_matter() {
    let answers = (0..RUNS).into_par_iter().map(|run| {
        let mut shuffle = Shuffle::new(run as u64 + 1);
        let place = Place::new(&mut shuffle);
        let mut command = place.command(&mut shuffle);
        let mode = MODES[run / 2 % 2];
        command.args(["--mode", mode]);
        if run % 2 == 0 {
            let stdout = compiled::run(command.arg("--stdout")).stdout;
            return ((mode, "stdout"), vec![("stdout".to_owned(), stdout)]);
        }
        let out = place.folder.path().join("out");
        compiled::run(command.arg("--out").arg(&out));
        ((mode, "folder"), files(&out))
    });
    let answers: Vec<((&str, &str), Files)> = answers.collect();
    let mut first: BTreeMap<(&str, &str), &Files> = BTreeMap::new();
    for (run, (way, files)) in answers.iter().enumerate() {
        let expected = first.entry(*way).or_insert(files);
        for (file, other) in expected.iter().zip(files) {
            assert!(file == other, "run {run} differs at {} and {}", file.0, other.0);
        }
        assert_eq!(expected.len(), files.len(), "run {run} has another number of files");
    }
    let stream = first[&("k3s", "stdout")];
    let folder = first[&("k3s", "folder")];
    assert!(stream[0].1.len() > 50_000, "the stream holds everything");
    assert!(folder.iter().any(|(path, _)| path == ".lakegen/manifest.json"), "the manifest is compared too");
    assert!(folder.len() > 60, "the folder holds {} files", folder.len());
    let hash = |files: &Files| {
        use sha2::Digest;
        let hash = files.iter().fold(sha2::Sha256::new(), |hash, (path, bytes)| hash.chain_update(path).chain_update(bytes));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    for ((mode, way), files) in first {
        eprintln!("{} builds of {mode} to the {way}: {}", RUNS / 4, &hash(files)[..16]);
    }
}
