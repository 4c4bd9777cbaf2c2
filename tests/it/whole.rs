//! `lakegen build --all`: every profile with every mode at once, as each alone would be.

use std::fs;
use std::path::Path;
use std::process::Output as Ran;

use tempfile::TempDir;

use crate::compiled::{CATALOG, OWN, documents, lakegen, run};

fn folder(lakehouse: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lakehouse.toml"), lakehouse).unwrap();
    folder
}

fn build(folder: &Path, more: &[&str]) -> Ran {
    lakegen().current_dir(folder).args(["build", "--all"]).args(more).output().unwrap()
}

/// Every profile with every mode, in the order in which they are told.
fn everything() -> impl Iterator<Item = (&'static str, &'static str)> {
    CATALOG.profiles.keys().flat_map(|profile| CATALOG.public_modes().map(move |mode| (profile.as_str(), mode.name.as_str())))
}

#[test]
fn all_is_each_profile_with_each_mode() {
    let folder = folder(OWN);
    for (flags, top) in [(&[][..], "out"), (&["--out", "deploy"], "deploy")] {
        let ran = run(lakegen().current_dir(folder.path()).args(["build", "--all"]).args(flags));
        let said = String::from_utf8(ran.stderr).unwrap();
        let mut at = 0;
        for (profile, mode) in everything() {
            let root = format!("{top}/{profile}/{mode}");
            at += said[at..].find(&root).unwrap_or_else(|| panic!("{root} is not told, or not in order:\n{said}"));
            for document in documents(&CATALOG, OWN, profile, mode) {
                let path = folder.path().join(&root).join(&document.path);
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(text == document.print(), "{} differs from what {mode} alone makes", path.display());
            }
        }
    }
}

#[test]
fn a_check_of_all_shows_every_difference_in_order() {
    let folder = folder(OWN);
    run(lakegen().current_dir(folder.path()).args(["build", "--all"]));
    assert!(build(folder.path(), &["--check"]).status.success());
    for changed in ["staging/compose", "development/k3s-local"] {
        fs::write(folder.path().join("out").join(changed).join("README.md"), "changed by hand\n").unwrap();
    }
    let ran = build(folder.path(), &["--check", "--format", "jsonl"]);
    assert_eq!(ran.status.code(), Some(1));
    let found = String::from_utf8(ran.stdout).unwrap();
    let lines: Vec<&str> = found.lines().filter(|line| line.contains("L0605")).collect();
    assert!(lines[0].contains("development/k3s-local") && lines[1].contains("staging/compose") && lines.len() == 2, "{found}");
}

/// Whoever has not built yet wants to hear that, and not a thousand lines that are missing.
#[test]
fn a_check_of_what_is_not_there_is_one_line_a_folder() {
    let folder = folder(OWN);
    let ran = build(folder.path(), &["--check"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stdout.is_empty(), "{}", String::from_utf8_lossy(&ran.stdout));
    let said = String::from_utf8(ran.stderr).unwrap();
    for (profile, mode) in everything() {
        let told = said.lines().filter(|line| line.ends_with(&format!(" files is in out/{profile}/{mode} yet")));
        assert_eq!(told.count(), 1, "{profile} {mode}\n{said}");
    }
    assert!(!said.contains("README.md"), "{said}");
}

#[test]
fn all_takes_the_modes_that_are_named() {
    let folder = folder(OWN);
    assert!(build(folder.path(), &["--mode", "compose"]).status.success());
    for profile in CATALOG.profiles.keys() {
        let made = fs::read_dir(folder.path().join("out").join(profile)).unwrap();
        let made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(made, ["compose"], "{profile}");
    }
    let ran = build(folder.path(), &["--mode", "kompose"]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(said.matches("did you mean compose?").count(), 1, "{said}");
}

/// A mistake is met by every profile and every mode, and told once.
#[test]
fn a_mistake_is_told_once() {
    for (lakehouse, code) in [
        ("[lakehouse]\nname = \"once\"\nnmae = 1\n", "L0201"),
        ("[lakehouse]\nname = \"once\"\n[components.prefect]\nreplicas = \"no\"\n", "L0202"),
        ("[lakehouse]\nname = \"once\"\n[components.valkey]\nenabled = false\n", "L0211"),
        ("[lakehouse]\nname = \"once\"\n[profile.staging]\nmodes = [\"nothing\"]\n", "L0208"),
    ] {
        let folder = folder(lakehouse);
        let ran = build(folder.path(), &["--format", "jsonl"]);
        let found = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(found.matches(&format!("\"{code}\"")).count(), 1, "{lakehouse}\n{found}");
        assert!(!folder.path().join("out").exists(), "nothing is written");
        let again = String::from_utf8(build(folder.path(), &["--format", "jsonl"]).stdout).unwrap();
        assert_eq!(found, again);
    }
}

#[test]
fn all_stands_alone() {
    let folder = folder(OWN);
    for flags in [&["--profile", "staging"][..], &["--stdout"]] {
        assert_eq!(build(folder.path(), flags).status.code(), Some(2), "{flags:?}");
    }
    assert!(!folder.path().join("out").exists());
}

/// A person works in some folder of the project, as with cargo.
#[test]
fn the_output_lies_beside_the_file_that_was_found() {
    let folder = folder(OWN);
    let below = folder.path().join("notes/old");
    fs::create_dir_all(&below).unwrap();
    run(lakegen().current_dir(&below).args(["build", "--mode", "compose"]));
    assert!(folder.path().join("out/development/compose/docker-compose.yaml").is_file());
    assert!(!below.join("out").exists());
    run(lakegen().current_dir(&below).args(["secrets", "init", "--mode", "compose"]));
    assert!(folder.path().join("out/development/compose/secrets").is_dir());
}
