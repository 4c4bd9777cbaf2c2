//! Planted faults in manifests: what `lakegen validate` must say stands on the line it must be said of.
//!
//! `tests/manifests/<topic>/<name>.yaml` says `#! error L0412 "expected an integer"`, with `@15` before the words where the column
//! matters. Its head may say `#! flags: --only schema`, and `#! folder: crds` for files beside it, which lie in `crds` then.
//! `#! name: compose.yaml` is what the file is called where that matters. `#! expect: - note L0411 "…"` is a finding without a place,
//! or in a file beside it. Exactly these findings are made, and `<name>.txt` is what a person
//! sees (`UPDATE=1` writes it).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rayon::prelude::*;
use serde_json::Value;

struct Case {
    path: PathBuf,
    name: String,
    text: String,
    flags: Vec<String>,
    folder: Option<String>,
    expected: Vec<Expected>,
}

#[derive(Debug)]
struct Expected {
    line: Option<u64>,
    column: Option<u64>,
    /// `error L0412`
    kind: String,
    words: String,
}

#[test]
fn every_planted_fault_of_a_manifest_is_told_once_and_where_it_is() {
    let cases: Vec<Case> = paths("yaml").into_iter().map(Case::read).collect();
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    let wrong: Vec<String> = cases.par_iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What lakegen makes has nothing that it would refuse from others.
#[test]
fn our_own_output_is_sound() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
    command.current_dir(root).args([
        "validate",
        "--fail-on",
        "warning",
        "--only",
        "schema,metadata,versions,pod-security",
        "--crd",
        "tests/signatures.yaml",
        "golden",
    ]);
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What a catalog makes is judged as it is built, and a finding leads to the line that a person wrote.
#[test]
fn what_is_built_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lakehouse.toml"), "[lakehouse]\nname = \"first-lake\"\n").unwrap();
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/catalogs/dangling");
    let build = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
        command.current_dir(&folder).args(["build", "--mode", "dangling", "--format", "json", "--catalog"]).arg(&catalog);
        command.args(more).output().unwrap()
    };
    let judged = build(&[]);
    assert_eq!(judged.status.code(), Some(1), "{}", String::from_utf8_lossy(&judged.stderr));
    let answer: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let finding = &answer["findings"][0];
    assert_eq!(answer["findings"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!((&finding["code"], &finding["severity"]), (&Value::from("L1001"), &Value::from("error")), "{finding}");
    let places: Vec<(String, u64)> = (finding["places"].as_array().unwrap().iter())
        .map(|place| (place["file"].as_str().unwrap().replace('\\', "/"), place["line"].as_u64().unwrap()))
        .collect();
    assert!(places[0].0.ends_with("dangling.yaml"), "{places:?}");
    assert!(places[1].0.ends_with("lakehouse.toml") && places[1].1 == 2, "{places:?}");
    assert!(!folder.path().join("out").exists(), "it was written");
    assert_eq!(build(&["--unjudged"]).status.code(), Some(0));
}

/// Each kind of the bundle can be shown: nothing in it leads nowhere.
#[test]
fn the_bundle_is_whole() {
    let run = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_lakegen")).args(args).output().unwrap();
    let list = run(&["schemas", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.lines().count() > 240, "{list}");
    for wanted in
        ["apps/v1", "postgresql.cnpg.io/v1", "monitoring.coreos.com/v1", "networking.istio.io/v1", "argoproj.io/v1alpha1"]
    {
        assert!(list.lines().any(|line| line.starts_with(&format!("{wanted} "))), "no kind of {wanted}");
    }
    let shown = run(&["schemas", "show", "deployment", "spec.template.spec.containers"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("  imagePullPolicy                  one of Always, IfNotPresent, Never\n"), "{shown}");
    assert_eq!(run(&["schemas", "show", "Nothing"]).status.code(), Some(2));
}

#[test]
fn no_transcript_of_a_manifest_is_left_over() {
    let left: Vec<PathBuf> = paths("txt").into_iter().filter(|path| !path.with_extension("yaml").exists()).collect();
    assert!(left.is_empty(), "these belong to no case: {left:#?}");
}

fn check(case: &Case) -> Vec<String> {
    let answer: Value = serde_json::from_slice(&case.run("json").stdout).unwrap_or_default();
    let mut found: Vec<&Value> = answer["findings"].as_array().map(|all| all.iter().collect()).unwrap_or_default();
    let mut wrong: Vec<String> = Vec::new();
    for expected in &case.expected {
        match found.iter().position(|finding| expected.is(finding, &case.name)) {
            Some(at) => drop(found.remove(at)),
            None => wrong.push(format!("expected {expected:?}")),
        }
    }
    wrong.extend(
        found
            .into_iter()
            .map(|finding| format!("not expected: {} {} {}", finding["code"], finding["message"], finding["places"][0])),
    );
    let human = case.run("human");
    let said = String::from_utf8_lossy(&human.stderr).replace('\\', "/");
    let has_error = case.expected.iter().any(|expected| expected.kind.starts_with("error"));
    if human.status.code() != Some(i32::from(has_error)) {
        wrong.push(format!("ended with {}", human.status));
    }
    let transcript = case.path.with_extension("txt");
    if fs::read_to_string(&transcript).unwrap_or_default() != said {
        match std::env::var_os("UPDATE") {
            Some(_) => fs::write(&transcript, said).unwrap(),
            None => wrong.push(format!("not as {} has it (UPDATE=1 writes it):\n{said}", transcript.display())),
        }
    }
    wrong.into_iter().map(|line| format!("{}: {line}", case.path.display())).collect()
}

impl Case {
    fn read(path: PathBuf) -> Case {
        let text = fs::read_to_string(&path).unwrap();
        let mut case = Case {
            path,
            name: "case.yaml".to_owned(),
            text: String::new(),
            flags: Vec::new(),
            folder: None,
            expected: Vec::new(),
        };
        let mut body = &text[..];
        while let Some((line, rest)) = body.strip_prefix("#! ").and_then(|head| head.split_once('\n')) {
            body = rest;
            let (key, value) = line.split_once(": ").expect("a head has a key and a value");
            match key {
                "flags" => case.flags.extend(value.split(' ').map(str::to_owned)),
                "name" => case.name = value.to_owned(),
                "folder" => case.folder = Some(value.to_owned()),
                "expect" => {
                    let mark = value.strip_prefix("- ").expect("a finding without a place");
                    case.expected.push(Expected::parse(mark, None));
                }
                _ => panic!("{}: no head is called {key}", case.path.display()),
            }
        }
        for (number, line) in (1..).zip(body.split_inclusive('\n')) {
            let (line, marks) = line.split_once("#! ").map_or((line, None), |(line, marks)| (line, Some(marks)));
            let marks = marks.into_iter().flat_map(|marks| marks.split("#! "));
            case.expected.extend(marks.map(|mark| Expected::parse(mark, Some(number))));
            case.text.push_str(line.trim_end());
            case.text.push('\n');
        }
        case
    }

    fn run(&self, format: &str) -> Output {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(&self.name), &self.text).unwrap();
        if let Some(beside) = &self.folder {
            fs::create_dir(folder.path().join(beside)).unwrap();
            for file in fs::read_dir(self.path.with_file_name(beside)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), folder.path().join(beside).join(file.file_name())).unwrap();
            }
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
        command
            .current_dir(&folder)
            .env("COLUMNS", "120")
            .args(["validate", "--format", format])
            .args(&self.flags)
            .arg(&self.name);
        command.output().unwrap()
    }
}

impl Expected {
    /// `error L0412 @15 "expected an integer"`
    fn parse(mark: &str, line: Option<u64>) -> Expected {
        let (head, words) = mark.split_once('"').expect("an expectation has words in quotes");
        let words = words.trim_end().strip_suffix('"').expect("the words end with a quote").replace("\\\"", "\"");
        let (kind, column) = head.trim_end().split_once(" @").map_or((head.trim_end(), None), |(kind, at)| (kind, Some(at)));
        Expected {
            line,
            column: column.map(|column| column.parse().expect("a column is a number")),
            kind: kind.to_owned(),
            words,
        }
    }

    fn is(&self, finding: &Value, name: &str) -> bool {
        let text = |word: &str| finding[word].as_str().unwrap_or_default();
        let place = &finding["places"][0];
        self.kind == format!("{} {}", text("severity"), text("code"))
            && self.line == place["line"].as_u64().filter(|_| place["file"] == name)
            && (self.column.is_none() || self.column == place["column"].as_u64())
            && text("message").contains(&self.words)
    }
}

fn paths(extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let walked = walkdir::WalkDir::new(root)
        .min_depth(2)
        .max_depth(2)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path());
    walked.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}
