//! `--batch`: a JSON object a line in, one a line out, in order.

use std::path::Path;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::output::{Talk, standard_input};
use crate::diagnostic::{Diagnostics, Reported};
use crate::host::{self, Host};
use crate::report::Summary;

const MAX_FILE_BYTES: u64 = 256 << 20;

/// Answers every line; one that is no JSON object gets an answer that says so.
pub(super) fn run(
    host: &dyn Host,
    path: &Path,
    talk: &Talk<'_>,
    answer: impl Fn(&Value) -> Value + Sync,
    diags: &mut Diagnostics,
) -> Result<Summary, Reported> {
    let source = if path == Path::new("-") { standard_input(diags)? } else { host::source(host, path, MAX_FILE_BYTES, diags)? };
    let lines: Vec<&str> = source.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let one = |line: &&str| match serde_json::from_str::<Value>(line) {
        Ok(asked) if asked.is_object() => answer(&asked),
        Ok(_) => json!({"error": "input", "message": "not an object"}),
        Err(error) => json!({"error": "input", "message": error.to_string()}),
    };
    let answers: Vec<String> = lines.par_iter().map(|line| format!("{}\n", one(line))).collect();
    talk.answer(&answers.concat(), diags)?;
    Ok(Summary::default())
}
