//! What the tests of the whole program share: the catalog, a lakehouse as text in, its documents out, the real binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output as Ran};
use std::sync::LazyLock;

use lakegen::catalog::{self, Catalog};
use lakegen::diagnostic::Diagnostics;
use lakegen::document::Document;
use lakegen::host::Disk;
use lakegen::lakehouse::Input;
use lakegen::source::Source;
use lakegen::{Output, compile};

/// The catalog that the binary carries.
pub static CATALOG: LazyLock<Catalog> = LazyLock::new(|| load(None));

/// Every profile with every mode that can be asked for.
pub const PROFILES: [&str; 3] = ["development", "staging", "production"];
pub const MODES: [&str; 2] = ["compose", "k3s"];

/// The lakehouse of this repository.
pub const OWN: &str = include_str!("../../lakehouse.toml");

/// The same, with all that no profile has on.
pub const EVERYTHING: &str = include_str!("../everything.toml");

/// The built-in catalog, with one of tests/catalogs on top.
pub fn load(name: Option<&str>) -> Catalog {
    let mut diags = Diagnostics::default();
    let folder = name.map(|name| tests().join("catalogs").join(name));
    let loaded = catalog::load(&Disk, folder.as_deref(), &mut diags);
    loaded.unwrap_or_else(|_| panic!("the catalog {name:?} is wrong: {:?}", told(&diags)))
}

pub fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub fn input(text: &str, profile: &str) -> Input {
    Input { file: Source::new("lakehouse.toml", text), profile: profile.to_owned(), sets: Vec::new() }
}

/// Compiles; gives the outputs, or what was wrong.
pub fn try_compile(catalog: &Catalog, input: &Input, modes: &[&str]) -> Result<Vec<Output>, Diagnostics> {
    let mut diags = Diagnostics::default();
    let modes: Vec<String> = modes.iter().map(|mode| (*mode).to_owned()).collect();
    compile(catalog, input, &modes, &mut diags).map_err(|_| diags)
}

/// The documents of one mode of a lakehouse that has no mistakes.
pub fn documents(catalog: &Catalog, text: &str, profile: &str, mode: &str) -> Vec<Document> {
    let outputs = try_compile(catalog, &input(text, profile), &[mode]);
    let mut outputs = outputs.unwrap_or_else(|diags| panic!("{profile} {mode}: {:#?}", told(&diags)));
    outputs.remove(0).documents
}

pub fn told(diags: &Diagnostics) -> Vec<String> {
    let place = |d: &lakegen::diagnostic::Diagnostic| {
        d.places.first().map(|place| format!(" at {}:{}", place.span.source.name, place.span.start().line))
    };
    diags.iter().map(|d| format!("{} {}{}", d.code.id(), d.message, place(d).unwrap_or_default())).collect()
}

/// The real binary.
pub fn lakegen() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lakegen"))
}

/// Runs to the end; what it says is shown when it fails.
pub fn run(command: &mut Command) -> Ran {
    let ran = command.output().expect("the binary runs");
    assert!(ran.status.success(), "{command:?}: {}\n{}", ran.status, String::from_utf8_lossy(&ran.stderr));
    ran
}
