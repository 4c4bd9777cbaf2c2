//! Every byte that lakegen makes of this repository's own lakehouse.toml, and every example a user may start from.
//!
//! `golden/<profile>/<mode>/` is what `lakegen build --profile <profile> --mode <mode>` makes, and `golden/everything/` what
//! tests/everything.toml adds to production; `UPDATE=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lakegen::catalog::{self, Catalog};
use lakegen::diagnostic::Diagnostics;
use lakegen::host::Memory;
use lakegen::lakehouse::{self, Input};
use lakegen::report::{Format, Style, Summary, render};
use lakegen::source::Source;

type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn every_profile_and_mode_is_as_in_golden() {
    let catalog = built_in();
    let mut made = Files::new();
    let modes: Vec<String> = catalog.public_modes().map(|mode| mode.name.clone()).collect();
    for profile in catalog.profiles.keys() {
        made.extend(built(&catalog, &root().join("lakehouse.toml"), profile, &modes).unwrap());
    }
    made.extend(added(&catalog, &made));
    made.insert("lakehouse.schema.json".to_owned(), format!("{:#}\n", lakehouse::json_schema(&catalog)).into_bytes());
    let golden = root().join("golden");
    if std::env::var_os("UPDATE").is_some() {
        return rewrite(&golden, &made);
    }
    let wrong = differences(&files_below(&golden), &made);
    assert!(wrong.is_empty(), "golden is not what lakegen makes (UPDATE=1 writes it anew):\n{}", wrong.join("\n"));
}

/// What the options that no profile has on add to production, or change of it: `golden/everything/`.
fn added(catalog: &Catalog, plain: &Files) -> Files {
    let whole =
        built(catalog, &root().join("tests/everything.toml"), "production", &["k3s", "compose"].map(str::to_owned)).unwrap();
    let is_new = |(path, bytes): &(String, Vec<u8>)| plain.get(path) != Some(bytes) && !path.ends_with("kustomization.yaml");
    let moved = |(path, bytes): (String, Vec<u8>)| (path.replacen("production/", "everything/", 1), bytes);
    whole.into_iter().filter(is_new).map(moved).collect()
}

/// A Service forgets a pod only after it was told to stop, so who is replaced while another answers goes on for a while: an
/// update loses no request. The time that a program has to stop begins after that.
#[test]
fn who_answers_at_a_service_stays_a_while_when_it_is_replaced() {
    let files = files_below(&root().join("golden"));
    let texts = files
        .iter()
        .filter(|(path, _)| path.ends_with("-deployment.yaml"))
        .map(|(path, bytes)| (path, String::from_utf8_lossy(bytes)));
    let (with, without): (Vec<_>, Vec<_>) = texts.partition(|(_, text)| text.contains("containerPort: "));
    assert!(with.len() > 5 && !without.is_empty(), "{} Deployments have ports, {} have none", with.len(), without.len());
    let short = with.iter().filter(|(_, text)| {
        !text.contains("preStop:\n            sleep:\n              seconds: 5\n")
            || text.contains("terminationGracePeriodSeconds: 30\n")
    });
    let idle = without.iter().filter(|(_, text)| text.contains("preStop:"));
    let wrong: Vec<&String> = short.chain(idle).map(|(path, _)| *path).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the binary carries is not checked at every start; here it is, as a folder of a user's would be.
#[test]
fn the_built_in_catalog_follows_its_own_schemas() {
    let mut diags = Diagnostics::default();
    let loaded = catalog::load(&lakegen::host::Disk, Some(&root()), &mut diags);
    let text = render(Format::Human, &diags, &Summary::default(), Style { color: false, width: 120 });
    assert!(loaded.is_ok() && diags.is_empty(), "{text}");
    // Its profiles among it, which are held against what they set.
    let catalog = loaded.unwrap_or_else(|_| built_in());
    for profile in catalog.profiles.keys() {
        let input =
            Input { file: Source::new("lakehouse.toml", "lakehouse.name = \"try\"\n"), profile: profile.clone(), sets: vec![] };
        let read = lakehouse::read(&catalog, &input, &mut diags).is_ok();
        let text = render(Format::Human, &diags, &Summary::default(), Style { color: false, width: 120 });
        assert!(read && !catalog.is_built_in, "{text}");
    }
}

#[test]
fn every_example_is_valid_and_compiles_for_every_profile() {
    let catalog = built_in();
    let schema = jsonschema::draft202012::new(&lakehouse::json_schema(&catalog)).expect("the schema is one");
    for path in examples() {
        let value: serde_json::Value = toml::from_str(&fs::read_to_string(&path).unwrap()).expect("an example is TOML");
        let wrong: Vec<String> = schema.iter_errors(&value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(wrong.is_empty(), "{} breaks the schema: {wrong:#?}", path.display());
        for profile in catalog.profiles.keys() {
            if let Err(findings) = built(&catalog, &path, profile, &[]) {
                panic!("{} does not compile for {profile}:\n{findings}", path.display());
            }
        }
    }
}

/// What stands in the starting file as a comment can be used as it stands.
#[test]
fn the_starting_file_can_be_uncommented() {
    let path = root().join("templates/init/lakehouse.toml");
    let is_key = |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let line = |line: &str| line.strip_prefix("# ").filter(|line| is_key(line)).map_or(line.to_owned(), str::to_owned);
    let text: String = fs::read_to_string(path).unwrap().lines().map(|text| line(text) + "\n").collect();
    let catalog = built_in();
    for profile in catalog.profiles.keys() {
        let made = compiled(&catalog, Source::new("lakehouse.toml", &*text), profile, &[]);
        made.unwrap_or_else(|findings| panic!("for {profile}:\n{findings}"));
    }
}

/// What `lakegen schema` prints refuses what the compiler refuses, so an editor shows it first.
#[test]
fn the_schema_refuses_planted_faults() {
    let schema = jsonschema::draft202012::new(&lakehouse::json_schema(&built_in())).expect("the schema is one");
    for topic in ["keys", "types", "values"] {
        for entry in fs::read_dir(root().join("tests/cases").join(topic)).unwrap() {
            let path = entry.unwrap().path();
            let Some(text) = Some(&path).filter(|p| p.extension().is_some_and(|e| e == "toml")).map(fs::read_to_string) else {
                continue;
            };
            // A number that TOML has no room for comes through neither reader.
            let Ok(value) = toml::from_str::<serde_json::Value>(&text.unwrap()) else { continue };
            assert!(!schema.is_valid(&value), "{} is valid under the schema", path.display());
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn built_in() -> Catalog {
    catalog::load(&Memory::default(), None, &mut Diagnostics::default()).expect("the built-in catalog is whole")
}

fn examples() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.extend([root().join("templates/init/lakehouse.toml"), root().join("lakehouse.toml")]);
    paths.sort();
    paths
}

/// The files of one profile by their path in `golden`, or the findings.
fn built(catalog: &Catalog, path: &Path, profile: &str, modes: &[String]) -> Result<Files, String> {
    let text = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    compiled(catalog, Source::new("lakehouse.toml", text), profile, modes)
}

fn compiled(catalog: &Catalog, file: Arc<Source>, profile: &str, modes: &[String]) -> Result<Files, String> {
    let mut diags = Diagnostics::default();
    let input = Input { file, profile: profile.to_owned(), sets: Vec::new() };
    let outputs = lakegen::compile(catalog, &input, modes, &mut diags);
    let findings = render(Format::Human, &diags, &Summary::of(&diags), Style { color: false, width: 120 });
    let Ok(outputs) = outputs else { return Err(findings) };
    assert!(diags.is_empty(), "{findings}");
    let files = outputs.iter().flat_map(|output| output.documents.iter().map(move |document| (&output.mode, document)));
    Ok(files.map(|(mode, document)| (format!("{profile}/{mode}/{}", document.path), document.print().into_bytes())).collect())
}

fn files_below(folder: &Path) -> Files {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
    entries.map(|entry| (name(entry.path()), fs::read(entry.path()).unwrap())).collect()
}

fn differences(golden: &Files, made: &Files) -> Vec<String> {
    let names: BTreeSet<&String> = golden.keys().chain(made.keys()).collect();
    let difference = |name: &String| match (golden.get(name), made.get(name)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => Some(format!("{name} differs:\n{}", unified(old, new))),
        (None, _) => Some(format!("{name} is new")),
        (_, None) => Some(format!("{name} is made no more")),
    };
    names.into_iter().filter_map(difference).collect()
}

fn unified(old: &[u8], new: &[u8]) -> String {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    similar::TextDiff::from_lines(&*old, &*new).unified_diff().context_radius(2).to_string()
}

fn rewrite(golden: &Path, made: &Files) {
    let old = files_below(golden);
    for name in old.keys().filter(|name| !made.contains_key(*name)) {
        fs::remove_file(golden.join(name)).unwrap();
    }
    for (name, bytes) in made.iter().filter(|(name, bytes)| old.get(*name) != Some(bytes)) {
        fs::create_dir_all(golden.join(name).parent().unwrap()).unwrap();
        fs::write(golden.join(name), bytes).unwrap();
    }
}
