//! Planted faults: a case is a lakehouse.toml with one mistake in it, and what must be said of it stands on the line.
//!
//! `tests/cases/<topic>/<name>.toml` says on the offending line `#! error L0203 "less than the minimum"`, with `@9` before
//! the words where the column matters. Its head may say:
//! - `#! profile: production`, `#! mode: compose`, `#! set: a.b=c`: the flags of `lakegen build`
//! - `#! catalog: cycle`: the folder beside, as `--catalog ours`; its files carry expectations too, templates as `{#! … #}`
//! - `#! expect: ours/templates/x.j2:3:5 error L0502 "…"`: a finding elsewhere; `-` is one without a place
//! - `#! exit: 2`: the exit code, where it is not 1
//!
//! Exactly these findings are made, and `<name>.txt` is what a person sees of them (`UPDATE=1` writes it).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lakegen::catalog::{self, Catalog};
use lakegen::diagnostic::{Diagnostic, Diagnostics, Reported};
use lakegen::host::Memory;
use lakegen::lakehouse::Input;
use lakegen::report::{Format, Style, Summary, render};
use lakegen::source::Source;
use lakegen::tree::Tree;
use rayon::prelude::*;

const STYLE: Style = Style { color: false, width: 120 };

struct Case {
    path: PathBuf,
    file: String,
    profile: String,
    modes: Vec<String>,
    sets: Vec<String>,
    exit: i32,
    /// Files of the user's catalog, by their path in it.
    catalog: Vec<(String, String)>,
    expected: Vec<Expected>,
}

/// One finding that must be made.
#[derive(Debug)]
struct Expected {
    /// The file with its line; a finding that has no place has none.
    place: Option<(String, u32)>,
    column: Option<u32>,
    /// `error L0203`
    kind: String,
    words: String,
}

#[test]
fn every_planted_fault_is_told_once_and_where_it_is() {
    let cases = cases();
    assert!(cases.len() >= 34, "only {} cases", cases.len());
    let built_in = catalog::load(&Memory::default(), None, &mut Diagnostics::default()).expect("the built-in catalog is whole");
    let wrong: Vec<String> = cases.par_iter().flat_map(|case| check(case, &built_in)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The first case of each topic, and every one with another exit code, by the program itself.
#[test]
fn the_program_says_the_same() {
    let cases = cases();
    let is_first = |(i, case): &(usize, &Case)| *i == 0 || cases[i - 1].path.parent() != case.path.parent() || case.exit != 1;
    let some: Vec<&Case> = cases.iter().enumerate().filter(is_first).map(|(_, case)| case).collect();
    let wrong: Vec<String> = some.par_iter().flat_map(|case| run(case)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A file that cannot be read is our own failure, whatever it was to be.
#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lakehouse.toml"), "[lakehouse]\nname = \"lake\"\n").unwrap();
    fs::write(folder.path().join("latin.toml"), b"[lakehouse]\nname = \"\xe9\"\n").unwrap();
    for (flag, value, words) in [
        ("--config", "nowhere.toml", "nowhere.toml cannot be read"),
        ("--config", "latin.toml", "latin.toml cannot be read: it is not UTF-8 text"),
        ("--catalog", "nowhere", "the catalog nowhere cannot be read"),
    ] {
        let done =
            Command::new(env!("CARGO_BIN_EXE_lakegen")).current_dir(&folder).args(["build", flag, value]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(
            said.starts_with("error[L0103]") && said.contains(words) && said.ends_with("\n1 error\n"),
            "{flag} {value}: {said}"
        );
        assert_eq!(done.status.code(), Some(2), "{flag} {value}");
    }
}

#[test]
fn no_transcript_is_left_over() {
    let left: Vec<PathBuf> = topics().iter().flat_map(|topic| files(topic)).filter(|path| is_orphan(path)).collect();
    assert!(left.is_empty(), "these belong to no case: {left:#?}");
}

fn check(case: &Case, built_in: &Catalog) -> Vec<String> {
    let mut diags = Diagnostics::default();
    let _ = compile(case, built_in, &mut diags);
    let transcript = render(Format::Human, &diags, &Summary::of(&diags), STYLE);
    let mut wrong = compare(case, &diags);
    if !wrong.is_empty() {
        wrong.push(transcript.clone());
    }
    wrong.extend(hold_against(&case.path.with_extension("txt"), &transcript));
    wrong.into_iter().map(|line| format!("{}: {line}", case.path.display())).collect()
}

/// What `lakegen build` does before it writes.
fn compile(case: &Case, built_in: &Catalog, diags: &mut Diagnostics) -> Result<(), Reported> {
    let host = Memory::default();
    case.catalog.iter().for_each(|(path, text)| host.put(Path::new("ours").join(path), text));
    let file = Source::new("lakehouse.toml", &*case.file);
    let input = Input { file, profile: case.profile.clone(), sets: case.sets.clone() };
    let ours = match case.catalog.is_empty() {
        true => None,
        false => Some(catalog::load(&host, Some(Path::new("ours")), diags)?),
    };
    for output in lakegen::compile(ours.as_ref().unwrap_or(built_in), &input, &case.modes, diags)? {
        Tree::new(output.documents.iter().map(|document| document.file()).collect(), diags)?;
    }
    Ok(())
}

/// What was expected and did not come, and what came and was not expected.
fn compare(case: &Case, diags: &Diagnostics) -> Vec<String> {
    let mut found: Vec<&Diagnostic> = diags.iter().collect();
    let mut wrong = Vec::new();
    for expected in &case.expected {
        match found.iter().position(|d| expected.is(d)) {
            Some(at) => drop(found.remove(at)),
            None => wrong.push(format!("expected {expected:?}")),
        }
    }
    wrong.extend(found.into_iter().map(|d| format!("not expected: {}", shown(d))));
    wrong
}

impl Expected {
    fn is(&self, d: &Diagnostic) -> bool {
        let place = d.places.first().map(|place| (place.span.source.name.clone(), place.span.start()));
        let column = place.as_ref().map(|(_, at)| at.column);
        self.kind == format!("{} {}", d.severity.name(), d.code.id())
            && self.place == place.map(|(name, at)| (name, at.line))
            && (self.column.is_none() || self.column == column)
            && d.message.contains(&self.words)
    }
}

fn shown(d: &Diagnostic) -> String {
    let place = d.places.first().map(|place| (place.span.source.name.as_str(), place.span.start()));
    let place = place.map_or("-".to_owned(), |(name, at)| format!("{name}:{}:{}", at.line, at.column));
    format!("{place} {} {} {:?}", d.severity.name(), d.code.id(), d.message)
}

/// Runs the program in a folder of its own.
fn run(case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lakehouse.toml"), &case.file).unwrap();
    for (path, text) in &case.catalog {
        let path = folder.path().join("ours").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakegen"));
    command.current_dir(folder.path()).env("COLUMNS", "120").args(["build", "--out", "out", "--profile", &case.profile]);
    command.args(case.modes.iter().flat_map(|mode| ["--mode", mode])).args(case.sets.iter().flat_map(|set| ["--set", set]));
    if !case.catalog.is_empty() {
        command.args(["--catalog", "ours"]);
    }
    let done = command.output().unwrap();
    let mut wrong = Vec::new();
    if done.status.code() != Some(case.exit) {
        wrong.push(format!("{}: ended with {}, not {}", case.path.display(), done.status, case.exit));
    }
    let said = String::from_utf8_lossy(&done.stderr).replace('\\', "/");
    // What was written is told first.
    let said: String = said.split_inclusive('\n').skip_while(|line| line.starts_with("out: ")).collect();
    if fs::read_to_string(case.path.with_extension("txt")).unwrap_or_default().replace('\\', "/") != said {
        wrong.push(format!("{}: the program says something else:\n{said}", case.path.display()));
    }
    if !done.stdout.is_empty() || folder.path().join("out").exists() != (case.exit == 0) {
        wrong.push(format!("{}: something is made of a lakehouse with errors, and of no other nothing", case.path.display()));
    }
    wrong
}

/// Compares with a file, or writes it where `UPDATE` is set.
fn hold_against(path: &Path, text: &str) -> Option<String> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return None;
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
        return None;
    }
    Some(format!("not as {} has it (UPDATE=1 writes it):\n{text}", path.display()))
}

fn cases() -> Vec<Case> {
    let files = topics().into_iter().flat_map(|topic| files(&topic));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).map(Case::read).collect()
}

fn topics() -> Vec<PathBuf> {
    sorted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"))
}

fn files(topic: &Path) -> Vec<PathBuf> {
    sorted(topic).into_iter().filter(|path| path.is_file()).collect()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn is_orphan(path: &Path) -> bool {
    path.extension().is_none_or(|extension| extension != "toml") && !path.with_extension("toml").exists()
}

impl Case {
    fn read(path: PathBuf) -> Case {
        let text = fs::read_to_string(&path).unwrap();
        let (mut profile, mut exit) = ("development".to_owned(), 1);
        let (mut modes, mut sets, mut catalog, mut expected) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut body = &text[..];
        while let Some((line, rest)) = body.strip_prefix("#! ").and_then(|head| head.split_once('\n')) {
            body = rest;
            let (key, value) = line.split_once(": ").expect("a head has a key and a value");
            match key {
                "profile" => value.clone_into(&mut profile),
                "mode" => modes.push(value.to_owned()),
                "set" => sets.push(value.to_owned()),
                "catalog" => catalog = read_catalog(&path.with_file_name(value), &mut expected),
                "expect" => expected.push(elsewhere(value)),
                "exit" => exit = value.parse().expect("an exit code is a number"),
                _ => panic!("{}: no head is called {key}", path.display()),
            }
        }
        let file = without_marks("lakehouse.toml", body, &mut expected);
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        Case { path, file, profile, modes, sets, exit, catalog, expected }
    }
}

fn read_catalog(folder: &Path, expected: &mut Vec<Expected>) -> Vec<(String, String)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    let mut files = Vec::new();
    for entry in entries.filter(|entry| entry.file_type().is_file()) {
        let path = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(entry.path()).unwrap();
        let text = without_marks(&format!("ours/{path}"), &text, expected);
        files.push((path, text));
    }
    files
}

/// The text as the program gets it; the expectations on its lines are taken out.
fn without_marks(name: &str, text: &str, expected: &mut Vec<Expected>) -> String {
    let mut out = String::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let Some(at) = line.find("{#! ").or_else(|| line.find("#! ")) else {
            out.push_str(line);
            continue;
        };
        for mark in line[at..].split("#! ").skip(1) {
            let mark = mark.trim_end().trim_end_matches('{').trim_end_matches("#}");
            expected.push(finding(mark, Some((name.to_owned(), number))));
        }
        out.push_str(line[..at].trim_end());
        out.push('\n');
    }
    out
}

/// `error L0203 @9 "less than the minimum"`
fn finding(mark: &str, place: Option<(String, u32)>) -> Expected {
    let (head, words) = mark.split_once('"').expect("an expectation has words in quotes");
    let words = words.trim_end().strip_suffix('"').expect("the words end with a quote");
    let (kind, column) = head.trim_end().split_once(" @").map_or((head.trim_end(), None), |(kind, at)| (kind, Some(at)));
    Expected {
        place,
        column: column.map(|column| column.parse().expect("a column is a number")),
        kind: kind.to_owned(),
        words: words.replace("\\\"", "\""),
    }
}

/// `ours/templates/x.j2:3:5 error L0502 "…"`, or `- error L0207 "…"`
fn elsewhere(value: &str) -> Expected {
    let (place, mark) = value.split_once(' ').expect("a place, then a finding");
    let mut parts = place.split(':');
    let name = parts.next().unwrap_or_default().to_owned();
    let mut number = || parts.next().map(|number| number.parse::<u32>().expect("a line or column is a number"));
    let place = number().map(|line| (name, line));
    Expected { column: number(), ..finding(mark, place) }
}
