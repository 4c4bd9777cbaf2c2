//! The ownership manifest: which files of the folder lakegen wrote, and with which content.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::diagnostic::{Code, Diagnostics, Reported, Severity};
use crate::host::{Found, reported};
use crate::source::{Source, Span};
use crate::types::hexadecimal;

use super::root::{LIMIT_BYTES, MANIFEST, Root};
use super::{Overwrite, paths};

const FORMAT: u64 = 1;

#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// What of a file is ours: one hash, or while files are being replaced the old and the new one.
    pub(super) hashes: BTreeMap<String, Vec<String>>,
    /// As it lies on disk, if it does.
    pub(super) bytes: Option<Vec<u8>>,
}

pub(super) fn hash(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

impl Manifest {
    /// Without a manifest nothing is ours. One that cannot be read stops us, unless anything may be overwritten.
    pub(super) fn read(root: &Root<'_>, overwrite: Overwrite, diags: &mut Diagnostics) -> Result<Manifest, Reported> {
        if !root.is_known(diags)? {
            return Ok(Manifest::default());
        }
        let bytes = match root.host.look(&root.join(MANIFEST), LIMIT_BYTES) {
            Ok(Found::Nothing) => return Ok(Manifest::default()),
            Ok(Found::File(content)) => content.bytes,
            Ok(_) => return Err(not_a_file(root, diags)),
            Err(error) => return Err(root.unreadable(MANIFEST, &error, diags)),
        };
        match parse(&bytes) {
            Ok(hashes) => Ok(Manifest { hashes, bytes: Some(bytes) }),
            Err((line, problem)) => {
                let source = Source::new(root.name(MANIFEST), String::from_utf8_lossy(&bytes));
                let message = format!("{} cannot be read: {problem}", source.name);
                let found = match overwrite {
                    Overwrite::Ours => diags.error(Code::BadManifest, message),
                    Overwrite::Anything => diags.warning(Code::BadManifest, message),
                };
                found.at(&Span::line(&source, line), "here");
                found.help("restore it from version control; or remove it: files that are as generated become ours again");
                let failed = found.severity == Severity::Error;
                if failed { Err(reported(diags)) } else { Ok(Manifest { bytes: Some(bytes), ..Manifest::default() }) }
            }
        }
    }

    pub(super) fn owns(&self, path: &str, hash: &str) -> bool {
        self.hashes.get(path).is_some_and(|hashes| hashes.iter().any(|ours| ours == hash))
    }
}

/// One line a file, so that version control merges and shows it well.
pub(super) fn print(hashes: &BTreeMap<String, Vec<String>>) -> Vec<u8> {
    let mut text = format!("{{\n  \"version\": {FORMAT},\n  \"files\": {{");
    for (index, (path, hashes)) in hashes.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}\n    {}: {}", Value::from(path.as_str()), Value::from(hashes.as_slice()))
            .expect("a string takes all");
    }
    text.push_str(if hashes.is_empty() { "}\n}\n" } else { "\n  }\n}\n" });
    text.into_bytes()
}

/// Gives the line and the problem of what is not a manifest.
fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Vec<String>>, (u32, String)> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| (error.line() as u32, error.to_string()))?;
    match value["version"].as_u64() {
        Some(FORMAT) => {}
        Some(other) => return Err((1, format!("its version is {other}, and this lakegen knows {FORMAT} only"))),
        None => return Err((1, "it has no version".into())),
    }
    let files = value["files"].as_object().ok_or((1, "it has no files".to_string()))?;
    files.iter().map(|(path, hashes)| Ok((path.clone(), owned(path, hashes).map_err(|problem| (1, problem))?))).collect()
}

// A manifest may come from anywhere, and what it names may be removed.
fn owned(path: &str, hashes: &Value) -> Result<Vec<String>, String> {
    if let Some(problem) = paths::problem(path) {
        return Err(format!("{path:?} cannot be the path of an output file: {problem}"));
    }
    let hashes = hashes.as_array().ok_or_else(|| format!("{path:?} has no list of hashes"))?;
    hashes
        .iter()
        .map(|hash| hash.as_str().map(String::from).ok_or_else(|| format!("{path:?} has a hash that is no text")))
        .collect()
}

fn not_a_file(root: &Root<'_>, diags: &mut Diagnostics) -> Reported {
    let message = format!("{} is not a plain file", root.name(MANIFEST));
    diags.error(Code::UnsafePath, message).at(&root.span(MANIFEST), "lakegen keeps its record of what it wrote here");
    reported(diags)
}
