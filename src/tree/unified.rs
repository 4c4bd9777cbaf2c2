//! Differences in; a unified diff as `git diff` prints it, from what is on disk to what would be written, out.

use std::fmt::Write;

use similar::TextDiff;

use crate::host::Content;

use super::Difference;

pub fn unified(differences: &[Difference]) -> String {
    let mut out = String::new();
    for difference in differences {
        one(difference, &mut out).expect("a string takes all");
    }
    out
}

fn one(difference: &Difference, out: &mut String) -> std::fmt::Result {
    let path = &difference.path;
    let (old, new) = (side(difference.on_disk.as_ref()), side(difference.generated.as_ref()));
    if let (Some(old), Some(new)) = (&difference.on_disk, &difference.generated)
        && old.executable != new.executable
    {
        writeln!(out, "diff --git a/{path} b/{path}\nold mode {}\nnew mode {}", mode(old), mode(new))?;
    }
    if old == new {
        return Ok(());
    }
    let a = if difference.on_disk.is_some() { format!("a/{path}") } else { "/dev/null".into() };
    let b = if difference.generated.is_some() { format!("b/{path}") } else { "/dev/null".into() };
    match (text(old), text(new)) {
        (Some(old), Some(new)) => {
            writeln!(out, "--- {a}\n+++ {b}")?;
            write!(out, "{}", TextDiff::from_lines(old, new).unified_diff())
        }
        _ => writeln!(out, "Binary files {a} and {b} differ"),
    }
}

fn side(content: Option<&Content>) -> &[u8] {
    content.map_or(&[], |content| &content.bytes)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn mode(content: &Content) -> &'static str {
    if content.executable { "100755" } else { "100644" }
}
