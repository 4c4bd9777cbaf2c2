//! `lakegen capacity` about the platforms of tests/manifests/capacity on the machines that each names: what it says is recorded
//! beside them, and it says the same to programs.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::compiled;

const FOLDER: &str = "tests/manifests/capacity";

#[test]
fn what_machines_hold_is_told() {
    let mut seen = 0;
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let text = if path.extension().is_some_and(|is| is == "yaml") { fs::read_to_string(&path).unwrap() } else { continue };
        let Some(pools) = text.lines().next().and_then(|line| line.split("--pools ").nth(1)) else { continue };
        let of = |format: &str| {
            let pools = pools.split_whitespace().next().unwrap();
            let mut command = compiled::lakegen();
            command.current_dir(FOLDER).args(["capacity", "--format", format, "--pools", pools]).arg(path.file_name().unwrap());
            let ran = command.output().unwrap();
            // An error that is found makes it 1, as with validate.
            assert!(
                ran.status.code().is_some_and(|code| code < 2),
                "{}: {}",
                path.display(),
                String::from_utf8_lossy(&ran.stderr)
            );
            String::from_utf8(ran.stdout).unwrap()
        };
        let told: Vec<Value> = serde_json::from_str(&of("json")).unwrap();
        assert_eq!(told[0]["levels"].as_array().unwrap().len(), 4, "{}", path.display());
        recorded(&path.with_extension("survey"), &of("text"));
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

fn recorded(path: &Path, said: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, said).unwrap();
    }
    let known = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(known, said, "{} (UPDATE=1 writes what is said)", path.display());
}

/// A platform of one's own needs no files: its mode tells of the machines.
#[test]
fn a_platform_is_told_on_the_machines_of_its_mode() {
    let ran = compiled::lakegen().args(["capacity", "--profile", "production", "--format", "json"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let told: Vec<Value> = serde_json::from_slice(&ran.stdout).unwrap();
    let levels = told[0]["levels"].as_array().unwrap();
    assert!(levels.iter().all(|level| level["answer"] == "fits"), "{levels:?}");
    let none = compiled::lakegen().args(["capacity", "--profile", "production", "--mode", "compose"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2), "a mode without machines is wrong use");
}
