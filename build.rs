//! Writes the list of catalog files that the binary carries: templates, profiles and schemas.

#![allow(clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut list = String::from("&[\n");
    for folder in ["profiles", "schemas", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
        for path in files(&root.join(folder)) {
            let name = path.strip_prefix(&root).expect("walked from root").to_string_lossy().replace('\\', "/");
            writeln!(list, "    ({name:?}, include_str!({path:?})),").expect("strings take all");
        }
    }
    list.push(']');
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    std::fs::write(out.join("catalog.rs"), list).expect("OUT_DIR can be written");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| if path.is_dir() { files(path) } else { vec![path.clone()] }).collect()
}
