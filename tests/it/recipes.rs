//! The recipes of CONTRIBUTING.md for a component and a mode, followed to the letter: their files make what they say.

use std::path::Path;

use crate::compiled;

/// Lays out the files of a recipe: what a fence holds goes where the text before it, or its own first line, says.
fn follow(recipe: &str, folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string("CONTRIBUTING.md").unwrap();
    let text = text.split("\n## ").find(|part| part.starts_with(recipe)).unwrap();
    let mut made = Vec::new();
    for (before, fenced) in text.split("```").collect::<Vec<_>>().chunks_exact(2).map(|pair| (pair[0], pair[1])) {
        let (language, lines) = fenced.split_once('\n').unwrap();
        let first = lines.lines().next().unwrap();
        let named = first.strip_prefix("# ours/").or_else(|| Some(before.rsplit_once("`ours/")?.1.split_once('`')?.0));
        let Some(path) = named.filter(|_| ["toml", "jinja"].contains(&language)) else { continue };
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, lines.replace("\n   ", "\n").trim_start()).unwrap();
        made.push(path.to_owned());
    }
    made
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let ran = compiled::run(compiled::lakegen().current_dir(folder).args(arguments).args(["--catalog", "."]));
    String::from_utf8(ran.stdout).unwrap()
}

/// A folder with the files of a recipe and a lakehouse.
fn followed(recipe: &str, files: usize, lakehouse: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = follow(recipe, folder.path());
    assert_eq!(made.len(), files, "{made:?}");
    std::fs::write(folder.path().join("lakehouse.toml"), format!("lakehouse.name = \"first-lake\"\n{lakehouse}")).unwrap();
    folder
}

#[test]
fn a_component_is_added() {
    let folder = followed("Recipe: add a component", 2, "components.adminer = {}\n");
    succeeds(folder.path(), &["build"]);
    for file in ["k3s-local/prefect-dev/adminer-deployment.yaml", "k3s-local/prefect-dev/adminer-ingress.yaml"] {
        assert!(folder.path().join("out/development").join(file).is_file(), "{file}");
    }
    let compose = std::fs::read_to_string(folder.path().join("out/development/compose/docker-compose.yaml")).unwrap();
    assert!(compose.contains("  adminer:\n"), "{compose}");
    succeeds(folder.path(), &["parity"]);
}

#[test]
fn a_mode_is_added() {
    let folder = followed("Recipe: add a mode", 4, "");
    succeeds(folder.path(), &["build", "--mode", "inventory", "--out", "made"]);
    let server = std::fs::read_to_string(folder.path().join("made/workloads/prefect-server.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&server).unwrap()["name"], "prefect-server");
    assert!(!succeeds(folder.path(), &["parity"]).contains("LOST"));
    succeeds(folder.path(), &["build", "--profile", "production", "--mode", "k3s-team", "--out", "team"]);
    let claim = std::fs::read_to_string(folder.path().join("team/prefect-prod/valkey-statefulset.yaml")).unwrap();
    assert!(claim.contains("storageClassName: longhorn"), "{claim}");
}
